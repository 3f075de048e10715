"""Understands what the Responses API says: an event of a stream, or a whole response."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ....domain.errors import AquatintError, BadReply, Refused, Unavailable
from ....domain.json_values import as_list, as_object
from ....domain.redaction import Gate
from ....domain.usage import Usage
from ..answer import Most, tokens_of
from ..refusals import describe, refusal

ID = re.compile(r"[\w.~=:-]{1,2000}", re.ASCII)
KEYS = frozenset({b"result", b"partial_image_b64"})  # that pictures stand under
RUNNING = frozenset({"queued", "in_progress"})
QUOTED = 300  # characters of what a model said instead of drawing
AGAIN = "Call again (it may be charged again)."


@dataclass(frozen=True, slots=True)
class Answer:
    """One document, understood. `picture` and `look` are numbers of parts.

    `state` is the whole response's, "" of an event within; `error` is what stood where one stands.
    All words went through the gate.
    """

    type: str = ""
    id: str = ""
    state: str = ""
    picture: object = None
    look: object = None
    index: int = 0  # of the look
    revised_prompt: str | None = None
    image_usage: Usage | None = None  # what the picture took
    text_usage: tuple[int, int] | None = None  # tokens that the text model read and wrote
    said: str = ""  # in words, instead of a picture
    declined: bool = False  # these words are a refusal
    reason: str = ""  # of an incomplete one
    error: object = None

    @property
    def ended(self) -> bool:
        return bool(self.state) and self.state not in RUNNING

    @property
    def failed(self) -> bool:
        """Whether it is an error by itself, of no response."""
        return self.type == "error" or (self.error is not None and not self.type)


def understand(value: object, gate: Gate, event: str = "") -> Answer:
    """Read a document whose pictures were replaced by their numbers; anything goes in."""
    whole = as_object(value)
    named = whole.get("type")
    kind = named if isinstance(named, str) else event
    if kind.endswith(".partial_image"):
        index = whole.get("partial_image_index")
        return Answer(
            kind,
            look=whole.get("partial_image_b64"),
            index=index if isinstance(index, int) else 0,
        )
    response = as_object(whole.get("response"))
    if not response and whole.get("object") == "response":
        response = whole
    items = [as_object(item) for item in as_list(response.get("output"))]
    items += [as_object(whole.get("item"))] if kind == "response.output_item.done" else []
    drawn = [item for item in items if item.get("type") == "image_generation_call"]
    picture = next((one["result"] for one in drawn if isinstance(one.get("result"), int)), None)
    failed = next((one["error"] for one in drawn if one.get("error")), None)
    said, declined = _said(items)
    revised = next((one["revised_prompt"] for one in drawn if one.get("revised_prompt")), None)
    details = as_object(response.get("incomplete_details"))
    return Answer(
        kind,
        id=_id(response.get("id")),
        state=str(response.get("status") or ""),
        picture=picture,
        revised_prompt=gate.words(revised, 32_000) if isinstance(revised, str) else None,
        image_usage=tokens_of(
            {
                "usage": as_object(response.get("tool_usage")).get("image_gen"),
                "svg_usage": next((one.get("svg_usage") for one in drawn), None),
            },
            gate,
        ),
        text_usage=_text_usage(response, gate),
        said=gate.words(said, QUOTED),
        declined=declined,
        reason=gate.words(str(details.get("reason") or ""), 100),
        error=gate.value(_error(whole, response, kind, failed)),
    )


def usage_of(answer: Answer, mainline: str, prompt: int, images: int) -> Usage | None:
    """What both models took; None unless both were counted, and the picture's can be true."""
    if answer.image_usage is None or answer.text_usage is None:
        return None
    if not Most(drawn=4, sent=images, prompt=prompt).allows(answer.image_usage):
        return None
    read, written = answer.text_usage
    return answer.image_usage.model_copy(
        update={"mainline": mainline, "mainline_in": read, "mainline_out": written}
    )


def without_picture(answer: Answer) -> AquatintError:
    """The error for a response that has ended without one; what the text model read is paid."""
    error = _why(answer)
    if error.spent == "no":
        error.spent = "unknown"
    return error


def _why(answer: Answer) -> AquatintError:
    if answer.error is not None:
        return refusal(describe(answer.error))
    if answer.state == "cancelled":
        return Unavailable(
            "The provider says that it was cancelled.", AGAIN, code="cancelled_there"
        )
    if answer.reason == "content_filter" or answer.declined:
        said = f" It said: {answer.said}" if answer.said else ""
        return Refused(
            f"The provider's safety system stopped the conversation.{said}",
            "Change what the prompt or the pictures show and call again.",
        )
    if answer.state == "incomplete":
        return BadReply(
            f"The text model stopped before it drew ({answer.reason or 'it does not say why'}).",
            "Call again with fewer words or pictures, or leave refine out.",
            code="incomplete",
        )
    said = f": {answer.said}" if answer.said else "."
    return BadReply(
        f"The text model answered in words instead of drawing{said}",
        "Say what shall change in the picture, and call again; or leave refine out.",
        code="no_picture",
    )


def _id(value: object) -> str:
    """As it is, for it is asked by: of gateways, hundreds of letters; "" for what is none."""
    return value if isinstance(value, str) and ID.fullmatch(value) else ""


def _said(items: list[dict[str, object]]) -> tuple[str, bool]:
    """What the text model said, and whether it refused."""
    pieces = [
        as_object(piece)
        for item in items
        if item.get("type") == "message"
        for piece in as_list(item.get("content"))
    ]
    refused = [str(piece["refusal"]) for piece in pieces if piece.get("refusal")]
    said = [str(piece["text"]) for piece in pieces if piece.get("text")]
    return " ".join(refused or said), bool(refused)


def _error(
    whole: dict[str, object], response: dict[str, object], kind: str, failed: object
) -> object:
    if response.get("error"):
        return response["error"]
    if failed is not None:
        return failed
    if kind == "error":
        return whole
    return whole.get("error") or None


def _text_usage(response: dict[str, object], gate: Gate) -> tuple[int, int] | None:
    own = tokens_of({"usage": response.get("usage")}, gate)
    return None if own is None else (own.text_in + own.image_in, own.image_out + own.text_out)
