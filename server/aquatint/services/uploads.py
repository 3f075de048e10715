"""Pictures that arrive in pieces, which hosts let through where a whole one is too large."""

from __future__ import annotations

import base64
import binascii
from collections import OrderedDict
from dataclasses import dataclass, field

from ..domain.errors import BadImage, BadRequest

AT_ONCE = 4  # uploads that are not finished; the oldest one is dropped for a fifth


@dataclass(frozen=True, slots=True)
class Uploads:
    """What came so far of each upload, by its name; in memory, as long as the service is open."""

    begun: OrderedDict[str, bytearray] = field(default_factory=OrderedDict[str, bytearray])

    def take(self, upload: str, offset: int, piece: str, most: int) -> bytearray:
        """The upload with this piece (base64). Raises BadRequest, BadImage above `most` bytes."""
        if offset == 0:
            self.begun[upload] = bytearray()
        so_far = self.begun.get(upload)
        if so_far is None or offset != len(so_far):
            raise BadRequest("A piece of the upload is missing.", "Send the picture again.")
        try:
            so_far += base64.b64decode(piece, validate=True)
        except binascii.Error as damaged:
            raise BadRequest("A piece of the upload is damaged.", "Send it again.") from damaged
        if len(so_far) > most:
            del self.begun[upload]
            raise BadImage(f"The picture has more than {most:,} bytes.", "Send a smaller one.")
        while len(self.begun) > AT_ONCE:
            self.begun.popitem(last=False)
        return so_far

    def drop(self, upload: str) -> None:
        self.begun.pop(upload, None)
