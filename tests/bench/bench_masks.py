"""Prints what masks and the exact composite cost, beside the plain Pillow calls they consist of."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from statistics import median
from time import perf_counter

from measure import Effort, Row, Unit
from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter

from aquatint.domain.requests.regions import Region
from aquatint.imaging.editing.composite import encode_exact, keep_outside, outside_difference
from aquatint.imaging.masks import render
from aquatint.imaging.masks.levels import BILINEAR, NEAREST, mapped, resized, where
from aquatint.imaging.view import view_of

SIZES = ((1024, 1024), (3840, 2160))
ROUNDS = 5
Timed = tuple[str, float, float]


def milliseconds(work: Callable[[], object]) -> float:
    times: list[float] = []
    for _ in range(ROUNDS):
        start = perf_counter()
        work()
        times.append((perf_counter() - start) * 1000)
    return median(times)


def image(size: tuple[int, int], grain: float = 12) -> Image.Image:
    """Something like a photograph: soft light, edges, a flat sky, a little grain."""
    width, height = size
    ground = Image.merge("RGB", [Image.linear_gradient("L").rotate(a) for a in (0, 90, 180)])
    ground = resized(ground, size, BILINEAR)
    draw = ImageDraw.Draw(ground)
    draw.rectangle((0, 0, width, height // 3), fill=(120, 170, 220))
    draw.ellipse((width // 4, height // 4, width // 2, height * 3 // 4), fill=(180, 40, 30))
    noise = Image.effect_noise(size, grain)
    return ImageChops.add(ground, Image.merge("RGB", (noise, noise, noise)), 1, -128)


def regions(size: tuple[int, int]) -> dict[str, Region]:
    track = ((100, 100), (500, 300), (300, 800), (900, 900))
    return {
        "all": Region(kind="all"),
        "rect": Region(kind="rect", x=200, y=150, width=500, height=600),
        "ellipse": Region(kind="ellipse", x=200, y=150, width=500, height=600),
        "polygon": Region(kind="polygon", points=((500, 20), (980, 900), (20, 600))),
        "brush": Region(kind="brush", points=track, width=60),
        "color everywhere": Region(kind="color", color="#78aadc", tolerance=40),
        "color connected": Region(kind="color", x=20, y=20, tolerance=40),
        "color connected, grainy": Region(kind="color", x=20, y=20, tolerance=12),
        "image": Region(kind="image", image="mask"),
    }


def plain(name: str, base: Image.Image) -> Callable[[], object]:
    """The Pillow calls without which that kind of mask cannot be had."""
    size = base.size
    width, height = size
    half = (width // 5, height // 6, width * 7 // 10, height * 3 // 4)

    def draw() -> None:
        pen = ImageDraw.Draw(Image.new("L", size))
        if name == "polygon":
            corners = [(width // 2, 20), (width - 20, height - 20), (20, height // 2)]
            pen.polygon(corners, fill=255)
        elif name == "brush":
            pen.line([(90, 90), (width // 2, height // 3), (width - 90, height - 90)], 255, 60)
        elif name == "ellipse":
            pen.ellipse(half, fill=255)
        else:
            pen.rectangle(half, fill=255)

    def select() -> None:
        apart = ImageChops.difference(base, Image.new("RGB", size, (120, 170, 220)))
        red, green, blue = apart.split()
        ImageChops.lighter(ImageChops.lighter(red, green), blue)

    def read() -> None:
        ImageChops.invert(base.convert("RGBA").getchannel("A"))

    return select if name.startswith("color") else read if name == "image" else draw


def encoded(grey: Image.Image) -> None:
    alpha = ImageChops.invert(grey)
    Image.merge("RGBA", (grey, grey, grey, alpha)).save(BytesIO(), "PNG", compress_level=3)


def of_masks(size: tuple[int, int]) -> list[Timed]:
    base = image(size)
    disc = mapped(Image.radial_gradient("L"), where(lambda v: v < 90))
    given = {"mask": resized(disc, size, NEAREST)}
    rows: list[Timed] = []
    for name, region in regions(size).items():

        def made(region: Region = region) -> render.Coverage:
            return render.render([region], size, units="permille", image=base, images=given)

        grey, bare = made().image, milliseconds(plain(name, base))
        rows.append((name, milliseconds(made), bare))
        whole = milliseconds(lambda made=made: render.to_png(made()))
        rows.append((f"{name} as PNG", whole, bare + milliseconds(lambda g=grey: encoded(g))))
    shape = render.render([regions(size)["ellipse"]], size, units="permille")
    for name, ours in (
        ("grow 12", lambda: render.grown(shape, 12)),
        ("shrink 12", lambda: render.shrunk(shape, 12)),
        ("feather 12", lambda: render.feathered(shape, 12)),
    ):
        blur = milliseconds(lambda: shape.image.filter(ImageFilter.GaussianBlur(6)))
        rows.append((name, milliseconds(ours), blur))
    view = view_of(size, 768)
    rows.append(
        (
            "overlay 768",
            milliseconds(lambda: render.overlay(base, shape, view, grid="pixel")),
            milliseconds(lambda: resized(base, (768, 768 * size[1] // size[0]), BILINEAR)),
        )
    )
    return rows


def of_composites(size: tuple[int, int]) -> list[Timed]:
    base = image(size)
    model = ImageEnhance.Brightness(base).enhance(1.06).filter(ImageFilter.GaussianBlur(0.8))
    rows: list[Timed] = []
    for name, kind in (("ellipse, 24 %", "ellipse"), ("nearly all", "brush")):
        region = regions(size)[kind]
        if kind == "brush":
            region = Region(kind="rect", x=5, y=5, width=990, height=990)
        mask = render.render([region], size, units="permille")

        def calls(mask: render.Coverage = mask) -> None:
            soft = mask.image.filter(ImageFilter.GaussianBlur(4))
            ramp = ImageChops.darker(mask.image, soft)
            result = Image.composite(mapped(model, list(range(256)) * 3), base, ramp)
            for other in (model, result):
                ImageChops.difference(base, other)

        kept = keep_outside(base, model, mask)
        assert kept.outside_max == 0
        row = milliseconds(lambda mask=mask: keep_outside(base, model, mask)), milliseconds(calls)
        rows.append((f"composite, {name}", *row))
        proof = milliseconds(lambda m=mask, k=kept: outside_difference(base, k.image, m))
        apart = milliseconds(lambda k=kept: ImageChops.difference(base, k.image))
        rows.append((f"proof alone, {name}", proof, apart))
    png = milliseconds(lambda: base.save(BytesIO(), "PNG", compress_level=1))
    rows.append(("encode_exact png", milliseconds(lambda: encode_exact(base, "png")), png))
    webp = milliseconds(lambda: base.save(BytesIO(), "WEBP", lossless=True, quality=20, method=1))
    rows.append(("encode_exact webp", milliseconds(lambda: encode_exact(base, "webp")), webp))
    return rows


def rows(_: Effort) -> list[Row]:
    """The figures at 4K, which the design bounds; `main` prints every size."""
    size = SIZES[-1]
    where = f"{size[0]}x{size[1]}"
    made = [Row(f"mask {name}, {where}", *_beside(of), at_most=300) for name, *of in of_masks(size)]
    kept = [
        Row(f"{name}, {where}", *_beside(of), at_most=400 if name.startswith("composite") else None)
        for name, *of in of_composites(size)
    ]
    return made + kept


def _beside(of: list[float]) -> tuple[float, Unit, float]:
    return of[0], "ms", of[1]


def main() -> None:
    print(f"{'':34}{'ms':>8}{'Pillow':>9}{'ratio':>8}")
    for size in SIZES:
        print(f"{size[0]}x{size[1]}")
        for name, ours, theirs in of_masks(size) + of_composites(size):
            print(f"  {name:32}{ours:8.1f}{theirs:9.1f}{ours / max(theirs, 0.01):8.2f}")


if __name__ == "__main__":
    main()
