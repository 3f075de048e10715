"""Whether a picture reads what its prompt has in quotation marks, once it is safely kept."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import anyio
import anyio.to_thread

from ..domain.errors import AquatintError
from ..domain.lettering import is_known, quoted, verdict
from ..domain.types import ImageRecord, Job
from .context import JobContext
from .crash import contained

log = logging.getLogger(__name__)

PATIENCE = 1.5  # seconds for all pictures of a call; what is not read by then is not told
LONGEST = 1280  # pixels of what is read


def wanted(job: Job, context: JobContext) -> tuple[str, ...]:
    """The phrases to look for; where there are some, what reads is loaded while others draw."""
    if not context.read_words or job.engine == "draft":  # whose caption is the prompt itself
        return ()
    phrases = quoted(job.order.prompt)
    if phrases:
        context.vision.prepare_to_read()
    return phrases


async def check(
    job: Job,
    context: JobContext,
    phrases: Sequence[str],
    images: Sequence[ImageRecord],
    warnings: list[str],
) -> None:
    """A note on each picture that was read in time; never an error."""
    if not phrases:
        return
    with anyio.move_on_after(PATIENCE):
        for number, image in enumerate(images, 1):
            if image.format == "svg":
                continue
            try:
                told = await contained(
                    job, "its words were read", _read(context, phrases, image), "yes"
                )
            except AquatintError as error:
                log.warning("the words of %s were not read: %s", image.id, error)
                return
            which = f"words of picture {number}" if len(images) > 1 else "words"
            warnings.extend(f"{which}: {one}." for one in told)


async def _read(context: JobContext, phrases: Sequence[str], image: ImageRecord) -> list[str]:
    from ..imaging import reading

    data = await context.blobs.read(image.key)

    def work() -> list[str]:
        known = context.vision.alphabet()
        asked = [phrase for phrase in phrases if is_known(phrase, known)]
        if not asked:
            return []
        spots = reading.lines(data, context.vision, context.max_pixels, LONGEST)
        return [verdict(phrase, [spot.words for spot in spots]) for phrase in asked]

    # A reader cannot be interrupted: past the time it goes on for nobody.
    return await anyio.to_thread.run_sync(work, abandon_on_cancel=True)
