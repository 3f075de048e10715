"""Reads and verifies the C2PA manifest of a picture, where the extra `c2pa` is installed."""

from __future__ import annotations

import importlib
import io
import json
from typing import Any, cast

from ..domain.words import clean

ABSENT = "The picture has no C2PA manifest."
MISSING = "A C2PA manifest is present; `pip install 'aquatint[c2pa]'` reads and verifies it here."
STATES = {
    "Trusted": "the signature is valid, and its signer is on the trust list",
    "Valid": "the signature is valid and the picture unchanged; who signed is not checked here",
    "Invalid": "the picture or its manifest was changed, or the signature is not valid",
}
# No network for a picture's sake: neither manifests elsewhere nor revocation lists.
OFFLINE = {"verify": {"remote_manifest_fetch": False, "ocsp_fetch": False}}
MOST = 10  # actions and findings that are listed


def read(data: bytes, mime: str) -> dict[str, object]:
    """What a manifest says and whether that holds; the signer's words are cleaned and short."""
    try:
        c2pa: Any = importlib.import_module("c2pa")
    except ImportError:
        return {"c2pa": MISSING}
    context = c2pa.Context(c2pa.Settings.from_dict(OFFLINE))
    try:
        with c2pa.Reader(mime, io.BytesIO(data), context=context) as reader:
            manifests: dict[str, Any] = json.loads(reader.json())
    except c2pa.C2paError.ManifestNotFound:
        return {"c2pa": ABSENT}
    except (c2pa.C2paError, ValueError) as broken:
        return {"c2pa": f"The C2PA manifest cannot be read: {clean(str(broken), 200)}"}
    return _summary(manifests)


def _summary(store: dict[str, Any]) -> dict[str, object]:
    state = str(store.get("validation_state", "Invalid"))
    manifest: dict[str, Any] = store.get("manifests", {}).get(store.get("active_manifest"), {})
    signature: dict[str, Any] = manifest.get("signature_info", {})
    summary: dict[str, object] = {
        "c2pa": state.lower(),
        "meaning": STATES.get(state, STATES["Invalid"]),
        "signer": _words(signature.get("issuer")),
        "signed": _words(signature.get("time")),
        "generator": [_words(one.get("name")) for one in _rows(manifest, "claim_generator_info")],
        "actions": _actions(manifest),
        "findings": [_words(one.get("code")) for one in _rows(store, "validation_status")],
    }
    return {name: value for name, value in summary.items() if value}


def _actions(manifest: dict[str, Any]) -> list[str]:
    """Like `c2pa.created (trainedAlgorithmicMedia)`."""
    found: list[str] = []
    for assertion in _rows(manifest, "assertions"):
        for action in _rows(assertion.get("data"), "actions"):
            source = _words(action.get("digitalSourceType")).rsplit("/", 1)[-1]
            found.append(_words(action.get("action")) + (f" ({source})" if source else ""))
    return found[:MOST]


def _rows(table: object, key: str) -> list[dict[str, Any]]:
    """The objects in a list of an object; none where the JSON is of another shape."""
    rows = cast("dict[str, object]", table).get(key) if isinstance(table, dict) else None
    found = cast("list[object]", rows) if isinstance(rows, list) else []
    return [cast("dict[str, Any]", row) for row in found if isinstance(row, dict)][:MOST]


def _words(value: object) -> str:
    return clean(value, 200) if isinstance(value, str) else ""
