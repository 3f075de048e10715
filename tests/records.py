"""Jobs and pictures of a catalog as they could stand there; a test names what matters to it."""

from __future__ import annotations

from typing import Any

from aquatint.domain.types import Finish, GenerateRequest, ImageRecord, Job, JobRecord, Order

NOW = 1_000_000.0


def job(id: str, **more: Any) -> Job:
    prompt = more.pop("prompt", "a red car")
    order = Order(prompt=prompt, model="m-1", size="1024x1024", quality="medium")
    values: dict[str, Any] = {
        "id": id,
        "owner": "ann",
        "kind": "generated",
        "engine": "draft",
        "order": order,
        "finish": Finish(),
        "request": GenerateRequest(prompt=prompt),
        "digest": f"digest of {id}",
        "image_ids": (f"p{id}",),
        "derived_ids": (),
        "estimate_usd": 0.5,
        "created": NOW,
    }
    return Job(**values | more)


def image(id: str, prompt: str = "a red car", **more: Any) -> ImageRecord:
    values: dict[str, Any] = {
        "id": id,
        "owner": "ann",
        "kind": "generated",
        "prompt": prompt,
        "format": "png",
        "width": 8,
        "height": 6,
        "bytes": 99,
        "key": f"{id}.png",
        "sha256": "0" * 64,
        "created": NOW,
    }
    return ImageRecord(**values | more)


def done(job: Job, *images: ImageRecord, **more: Any) -> JobRecord:
    values: dict[str, Any] = {"ended": NOW}
    return JobRecord(job=job, state="done", images=images, **values | more)
