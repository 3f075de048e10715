"""What an edit that refines goes on with: the turn that drew its first picture."""

from __future__ import annotations

from ..domain.conversation import Conversation
from ..domain.types import EditRequest, GenerateRequest, ImageRecord
from ..jobs.context import JobContext

KEPT = 29 * 86400.0  # seconds; OpenAI keeps a response for 30 days


async def conversation_for(
    context: JobContext,
    request: GenerateRequest | EditRequest,
    first: ImageRecord | None,
    model: str,
) -> Conversation | None:
    """None where the request does not refine; `model` is the text model that is talked to.

    Whatever else the first picture is, the conversation begins with it. The model knows only what
    it drew by itself: a picture that was cut, fitted or put together here is sent again.
    """
    if not isinstance(request, EditRequest) or not request.refine:
        return None
    begins = Conversation(mainline=model)
    if first is None or first.job is None:
        return begins
    turn = await context.catalog.job(first.job, first.owner)
    if turn is None or not turn.ticket or turn.job.order.conversation is None:
        return begins
    if turn.state != "done" or turn.ended is None or turn.ended < context.now() - KEPT:
        return begins
    return Conversation(
        mainline=model,
        after=turn.ticket,
        turns=turn.job.order.conversation.turns + 1,
        # A mask is laid over what is sent with it.
        remembered=first.id in turn.job.image_ids and not (request.mask or request.extend),
    )
