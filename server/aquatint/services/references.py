"""One meaning of "a picture" everywhere: an id, `latest`, a path, an address or a data URL."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from urllib.parse import unquote

from ..domain import given_names, ids
from ..domain.addresses import file_path
from ..domain.errors import BadImage, BadRequest, NoSuchImage
from ..domain.outside import Fetch, Workspace
from ..domain.redaction import redact
from ..domain.types import Caller, ImageRecord
from ..jobs.context import JobContext
from .saved_files import holder

# What assistants pass when the user dropped a picture into the chat: such bytes never get here.
ATTACHMENT = re.compile(
    r"(attachment|blob|cid|sandbox|sediment|file-service|content|asset):"
    r"|/mnt/(data|user-data)/|file[-_][A-Za-z0-9]{10,}$|\[?(image|attachment|图片|صورة)\s*#?\d*\]?$",
    re.IGNORECASE,
)
SCHEME = re.compile(r"data(?=:)|[a-z][a-z0-9+.-]*(?=://)", re.IGNORECASE)
JOB_CUT_SHORT = re.compile(r"job-\w{1,60}")
MOST_NAMES = 1000  # that are looked through for a near one
LISTING = 'Call recent_images to see what there is, or pass "latest".'
JOBS = "Call recent_images to see what runs and what was made."


@dataclass(frozen=True, slots=True)
class Opened:
    """The bytes behind a reference; `image` is its catalog row where it has one.

    `copy_of` is the id of the picture that a file was made from, in another size or part.
    """

    data: bytes
    image: ImageRecord | None
    label: str
    copy_of: str | None = None


@dataclass(frozen=True, slots=True)
class References:
    """Opens any picture reference for a caller."""

    context: JobContext
    workspace: Workspace
    fetch: Fetch
    max_bytes: int

    async def open(self, reference: str, caller: Caller) -> Opened:
        """Raises NoSuchImage, PathNotAllowed, BadImage, BadRequest or Unavailable."""
        image = await self.known(reference, caller)
        if image is not None:
            return Opened(await self.context.blobs.read(image.key), image, f"image://{image.id}")
        return await self._foreign(reference.strip(), caller)

    async def known(self, reference: str, caller: Caller) -> ImageRecord | None:
        """The catalog's row behind `image://id`, a bare id, `latest` or `@name`; else None."""
        text = reference.strip()
        if text.removeprefix("image://") == "latest":
            newest = await self.context.catalog.latest(caller.owner)
            if newest is None:
                raise NoSuchImage("There is no latest picture yet.", "Call generate_image first.")
            return newest
        if name := given_names.named(text):
            return await self._of_name(name, caller)
        bare = text.removeprefix("image://").split("/")[0]
        if ids.JOB.fullmatch(bare):
            raise await self._not_a_picture(bare, caller)
        if not (text.startswith("image://") or ids.ID.fullmatch(text)):
            return None
        image = await self.context.catalog.image(bare, caller.owner)
        if image is None:
            raise NoSuchImage(f"There is no picture {bare!r:.60}.", LISTING)
        return image

    async def _not_a_picture(self, job: str, caller: Caller) -> NoSuchImage:
        """The error for a job's id where a picture is wanted."""
        record = await self.context.catalog.job(job, caller.owner)
        if record is None:
            return NoSuchImage(f"There is no job {job}.", JOBS)
        made = ", ".join(f"image://{one.id}" for one in record.images)
        fix = f"Pass {made}." if made else f'Call get_image(image="{job}") to wait for its picture.'
        return NoSuchImage(f"{job} is a job, not a picture.", fix)

    async def _of_name(self, name: str, caller: Caller) -> ImageRecord:
        image = await self.context.catalog.named(caller.owner, name)
        if image is not None:
            return image
        import difflib  # a server starts without it

        keys = {
            given_names.key(one): one
            for one in await self.context.catalog.names(caller.owner, MOST_NAMES)
        }
        near = difflib.get_close_matches(given_names.key(name), keys, n=3)
        there = f" Near names: {', '.join(f'@{keys[one]}' for one in near)}." if near else ""
        raise NoSuchImage(
            f"No picture has the name @{name}.{there}",
            'Call recent_images(kind="named") to list the names, or pass ./ before a file\'s name.',
            code="no_such_name",
        )

    async def _file(self, path: str, caller: Caller) -> Opened:
        """A file; one that we wrote and that nobody changed is the picture it holds."""
        try:
            data = await self.workspace.read(path, caller)
        except NoSuchImage as missing:
            if JOB_CUT_SHORT.fullmatch(path):  # and no file either
                raise NoSuchImage(f"There is no job {path}.", JOBS) from missing
            raise
        found = await holder(self.context, path, data, caller)
        if found is None:
            return Opened(data, None, path)
        image, whole = found
        if not whole:
            return Opened(data, None, path, image.id)
        try:
            kept = await self.context.blobs.read(image.key)
        except NoSuchImage:  # the copy is all that is left of it
            return Opened(data, None, path, image.id)
        return Opened(kept, image, f"image://{image.id}")

    async def _foreign(self, text: str, caller: Caller) -> Opened:
        named = SCHEME.match(text)
        scheme = named[0].lower() if named else ""
        if not text:
            raise BadRequest("An empty picture reference.", f"Pass a path or an id. {LISTING}")
        if scheme == "data":
            return Opened(_data_url(text, self.max_bytes), None, "data URL")
        if scheme in {"https", "http"}:
            return Opened(await self.fetch.get(text), None, redact(text)[:200])
        if ATTACHMENT.match(text):
            raise NoSuchImage(
                f"{text[:80]!r} looks like an attachment of the chat; those never reach a server.",
                "Ask the user for the file's path, or to run `aquatint add FILE` and use `latest`.",
            )
        if scheme == "file":
            text = file_path(text)
        elif scheme:
            raise BadRequest(
                f"{scheme[:40]}: is not a picture reference.",
                "Pass image://id, latest, a path, file://, https:// or a data: URL.",
            )
        return await self._file(text, caller)


def _data_url(text: str, max_bytes: int) -> bytes:
    head, comma, body = text.partition(",")
    if not comma or not head.endswith(";base64"):
        raise BadImage("This data: URL is not base64.", "Pass data:image/png;base64,...")
    if len(body.rstrip("=")) * 3 // 4 > max_bytes:
        raise BadImage(
            f"This data: URL holds more than {max_bytes:,} bytes.", "Pass a path instead."
        )
    clean = re.sub(r"\s", "", unquote(body)).replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(clean + "=" * (-len(clean) % 4), validate=True)
    except binascii.Error as broken:
        raise BadImage(
            f"This data: URL is damaged ({broken}).",
            "Pass a path instead; long base64 arguments are often cut.",
        ) from broken
