"""The rule by which a name in save_to stands for files, each of a size. Pure text and arithmetic.

`hero@2x.webp`      a density: twice `hero.webp`. Without exact_size the largest density among names
                    that differ in nothing else (but the extension) has all the picture's pixels and
                    the others their share; with it a plain name has exact_size, `@2x` twice that.
`icon-{16,32}.png`  one file per number, which is its longest edge.
`hero-{320,640}w.webp`, or `{320w,640w}`: one file per width.
`og-{1200x630}.png` exactly that: covered, the middle kept.
`hero{,@2x}.{avif,webp}`, `icon_{16x16,32x32}{,@2x}.png`: lists combine, a density multiplies.
`favicon.ico`       16, 32 and 48 pixels in one file; `app-{256}.ico` every usual size up to that.

Of n pictures each is written to every name, numbered; n names that differ get one picture each.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, product
from math import prod
from pathlib import PurePath

from ..errors import AquatintError, BadRequest
from ..models.sizes import Size
from ..types import Frozen, SaveTarget

MOST = 64  # files one call may write
MAX_EDGE = 16_383  # pixels: what a WebP can hold
WRITTEN = frozenset({"png", "jpg", "jpeg", "webp", "gif", "avif", "ico", "svg"})
FAVICON = 48  # pixels, the largest picture in an .ico that names no size
ICO = 256  # and in any
ICON = 64  # pixels of the longest edge, up to which a picture is taken for an icon
_DENSEST = 4.0
_PLACE = re.compile(r"((?:.*[/\\])?)([^/\\]*)", re.DOTALL)
_LIST = re.compile(r"\{([^{}]*)\}")
_SIZE = re.compile(r"([0-9]{1,5})(?:(w)|[xX×]([0-9]{1,5}))?")
_DENSITY = re.compile(r"@([0-9]{1,2}(?:\.[0-9]{1,2})?)x$")
_SIZES = re.compile(r"[-_.@]?\{[^{}]*\}[wx]?")  # a list in braces, with what belongs to it
_LOOKS_SIZED = re.compile(r"[-_]([0-9]{2,4}w|[0-9]{2,4}x[0-9]{2,4}|[0-9]{2,4})$")
_ICONS = frozenset({16, 24, 32, 48, 64, 72, 96, 120, 128, 144, 152, 167, 180, 192, 256, 512})
_RULE = (
    "Braces list sizes: icon-{16,32}.png (longest edge), hero-{320,640}w.webp (width), "
    "og-{1200x630}.png (exact), hero{,@2x}.webp (density)."
)


@dataclass(frozen=True, slots=True)
class SaveTargets:
    """Every file that a call's save_to stands for, what is wrong with them, and what to say."""

    files: tuple[SaveTarget, ...] = ()
    problems: tuple[AquatintError, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def extensions(self) -> tuple[str, ...]:
        """Lower case, without the dot, each once."""
        return tuple(dict.fromkeys(one.extension for one in self.files))

    @property
    def icon(self) -> bool:
        """Whether one of the files is a favicon or no larger than an icon in a list."""
        small = (one.mark and max(one.mark) <= ICON for one in self.files)
        return "ico" in self.extensions or any(small)

    @property
    def covering(self) -> Size | None:
        """The smallest size that covers every exact one among the names; None without any."""
        exact = [one for one in self.files if len(one.mark) == 2 and one.mark[1]]
        sizes = [size_of(one, (1, 1), exact=True) for one in exact]
        return (max(w for w, _ in sizes), max(h for _, h in sizes)) if sizes else None


class PlannedFile(Frozen):
    """A file that a call will write; pixels are None where the model decides them."""

    path: str
    width: int | None = None
    height: int | None = None
    format: str
    exists: bool | None = None  # true: it is there already, and has to be replaced

    def __str__(self) -> str:
        size = f"{self.width}x{self.height} " if self.width else ""
        return f"{self.path} ({size}{self.format}{', exists already' if self.exists else ''})"


def parse(save_to: Sequence[str], n: int = 1) -> SaveTargets:
    """The files that these names stand for, for n pictures.

    Names at fault are left out. The same names always give the same files in the same order.
    """
    found: list[SaveTarget] = []
    wrong: list[AquatintError] = []
    one_each = n > 1 and len(save_to) == n == len(set(map(_stem, save_to)))
    for number, name in enumerate(save_to):
        try:
            files = _expanded(name)
            found += (
                [one.model_copy(update={"index": number}) for one in files] if one_each else files
            )
        except BadRequest as problem:
            wrong.append(problem)
    wrong += [
        _bad(f"{path} is named {times} times.", "Give every file a name of its own.")
        for path, times in Counter(one.path for one in found).items()
        if times > 1
    ]
    count = len(found) * (1 if one_each else max(1, n))
    if count > MOST:
        wrong.append(_bad(f"{count} files are too many.", f"One call writes at most {MOST}."))
    files = _in_families(list({one.path: one for one in found}.values()))
    notes = () if one_each or n < 2 or len(save_to) < 2 else (_numbering(files, n),)
    return SaveTargets(files, tuple(wrong), notes)


def _numbering(files: Sequence[SaveTarget], n: int) -> str:
    """What is said where several names meet several pictures."""
    example = numbered(files[0], n - 1, n).path if files else "-2"
    return (
        f"save_to: each of the {n} pictures is written to every name, with its number ({example}). "
        f"For a name of its own for each, give {n} names that differ."
    )


def _stem(name: str) -> str:
    """A name without what only sets a size or a format."""
    bare = _SIZES.sub("", name)
    return _DENSITY.sub("", bare.removesuffix(PurePath(bare).suffix))


def size_of(target: SaveTarget, whole: Size, *, exact: bool) -> Size:
    """Pixels of this copy of a picture of `whole` pixels, which is its exact_size if `exact`.

    At least 1x1; halves are rounded up.
    """
    match target.mark:
        case (edge,):
            scale = target.density * edge / max(whole)
        case (width, 0):
            scale = target.density * width / whole[0]
        case (width, height):
            return _rounded(width * target.density), _rounded(height * target.density)
        case _ if target.extension == "ico":
            scale = min(1.0, FAVICON / max(whole))
        case _:
            scale = target.density / (1 if exact else target.densest)
    return _rounded(whole[0] * scale), _rounded(whole[1] * scale)


def files_of(files: Sequence[SaveTarget], index: int, n: int) -> tuple[SaveTarget, ...]:
    """The files of one of n pictures."""
    return tuple(numbered(one, index, n) for one in files if one.index in {None, index})


def numbered(target: SaveTarget, index: int, n: int) -> SaveTarget:
    """The same for one of n pictures: the second goes to `hero-2.png`, `hero-2@2x.png`."""
    if n == 1 or target.index is not None:
        return target
    suffix = PurePath(target.path).suffix
    stem = target.path.removesuffix(suffix)
    density = _DENSITY.search(stem)
    dense = density[0] if density else ""
    path = f"{stem.removesuffix(dense)}-{index + 1}{dense}{suffix}"
    return target.model_copy(update={"path": path})


def pixels_of(target: SaveTarget, whole: Size | None, *, exact: bool) -> Size | None:
    """The same as `size_of` for what the file will hold; None where only the model knows."""
    if target.extension == "svg" or (
        whole is None and target.extension != "ico" and 0 in (*target.mark, 0)[:2]
    ):
        return None
    size = size_of(target, whole or (ICO, ICO), exact=exact)
    if target.extension != "ico":
        return size
    side = min(max(size), ICO)
    return side, side


def scaled_up(name: str) -> str:
    """What is said of a copy that has more pixels than its picture, before paying and after."""
    return f"save_to: {name} is larger than the picture that is drawn, so it is scaled up."


def hint(target: SaveTarget, size: Size) -> str | None:
    """What to say of a name that looks as if it named another size than its file has."""
    seen = _LOOKS_SIZED.search(_DENSITY.sub("", PurePath(target.name).stem))
    if seen is None or target.mark:
        return None
    words = seen[1]
    true = {f"{size[0]}w", f"{size[0]}x{size[1]}", str(max(size))}
    if words in true or (words.isdigit() and int(words) not in _ICONS):
        return None
    before, _, after = target.name.rpartition(words)
    return (
        f"save_to: {target.name} is {size[0]}x{size[1]}; only braces set a size: "
        f"{before}{{{words}}}{after}."
    )


def _expanded(name: str) -> list[SaveTarget]:
    """The files of one name. Raises BadRequest."""
    place = _PLACE.fullmatch(name)
    assert place is not None  # it takes anything
    literals, lists = _split(name, place[2])
    if prod(len(items) for items in lists) > MOST:
        raise _bad(f"{name} stands for too many files.", f"One call writes at most {MOST}.")
    return [_one(name, place[1], literals, chosen) for chosen in islice(product(*lists), MOST)]


def _split(name: str, file: str) -> tuple[list[str], list[list[str]]]:
    """A file name's literals and lists, in turn; one literal more than lists."""
    parts = _LIST.split(file)
    literals, lists = parts[::2], [[one.strip() for one in part.split(",")] for part in parts[1::2]]
    if any(char in literal for literal in literals for char in "{}"):
        raise _bad(f"{name} has a brace without its other one.", _RULE)
    for number, items in enumerate(lists):
        before, after = literals[number], literals[number + 1]
        for item in items:
            if not (
                item == ""
                or _SIZE.fullmatch(item)
                or _DENSITY.fullmatch(item)
                or (before.endswith(".") and after == "" and item.lower() in WRITTEN)
                or (before.endswith("@") and after.startswith("x") and _DENSITY.match(f"@{item}x"))
            ):
                raise _bad(f"{name}: {item!r:.40} in braces is not a size.", _RULE)
    return literals, lists


def _one(name: str, folder: str, literals: list[str], chosen: tuple[str, ...]) -> SaveTarget:
    path = folder + "".join(
        text for pair in zip(literals, (*chosen, ""), strict=True) for text in pair
    )
    marks = list(_marks(literals, chosen))
    if len(marks) > 1:
        raise _bad(f"{name} has two sizes.", _RULE)
    density = _DENSITY.search(PurePath(path).stem)
    return _checked(
        SaveTarget(
            name=path,
            path=path,
            mark=marks[0] if marks else (),
            density=float(density[1]) if density else 1.0,
        )
    )


def _marks(literals: list[str], chosen: tuple[str, ...]) -> Iterator[tuple[int, ...]]:
    for number, item in enumerate(chosen):
        size = _SIZE.fullmatch(item)
        if size is None or literals[number].endswith("@"):
            continue
        if size[2] or re.match(r"w(?![A-Za-z0-9])", literals[number + 1]):
            yield int(size[1]), 0
        elif size[3]:
            yield int(size[1]), int(size[3])
        else:
            yield (int(size[1]),)


def _checked(target: SaveTarget) -> SaveTarget:
    path, mark, density = target.path, target.mark, target.density
    if not 1 <= density <= _DENSEST:
        raise _bad(f"{path}: a density is @1x to @4x.", "Use @2x, or a size in braces.")
    if mark and 0 in (mark[:1] if mark[1:] == (0,) else mark):
        raise _bad(f"{path}: a size of 0.", "Use 1 or more pixels.")
    if (mark or density != 1) and target.extension == "svg":
        raise _bad(f"{path}: an svg is not made of pixels.", "Leave the size out of its name.")
    most = ICO if target.extension == "ico" else MAX_EDGE
    if mark and max(mark) * density > most:
        raise _bad(f"{path} is too large.", f"The longest edge may be {most}.")
    return target


def _in_families(found: list[SaveTarget]) -> tuple[SaveTarget, ...]:
    """Each with the largest density among its like."""
    densest: dict[str, float] = {}
    for one in found:
        densest[_family(one)] = max(one.density, densest.get(_family(one), 1.0))
    return tuple(one.model_copy(update={"densest": densest[_family(one)]}) for one in found)


def _family(one: SaveTarget) -> str:
    return _DENSITY.sub("", one.path.removesuffix(PurePath(one.path).suffix))


def _rounded(pixels: float) -> int:
    return max(1, int(pixels + 0.5))


def _bad(what: str, fix: str) -> BadRequest:
    return BadRequest(f"save_to: {what}", fix, code="bad_target")
