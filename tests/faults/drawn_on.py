"""Table 3b: what is drawn on while server and worker are killed, and is fetched afterwards."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fake_comfy import FakeComfy
from fake_comfy import serve as serve_comfy
from fake_openai import fake_openai, flat, serve

from .bench import Bench, each
from .evidence import Result, digest, jobs, rows
from .leaving import kill_both
from .processes import Host, end_all, until

WORKFLOW = Path(__file__).parents[2] / "examples/comfyui/generate.json"
DRAWING = 1.5  # seconds that a picture takes there, and that kills are spread over
PICTURE = base64.b64encode(flat("png", 1024, 1024, 1)).decode()


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Something that draws: how to reach it, what to ask it for, what it was asked, what it drew.

    `named`: it gives a name only once it answers, so that who is killed before loses the picture.
    """

    settings: dict[str, str]
    ask: Callable[[Host, str], object]
    asked: Callable[[str], int]
    drawn: Callable[[], set[str]]
    named: bool


def comfy(bench: Bench, times: int) -> Result:
    """A ComfyUI, which knows our job by its own id."""
    fake = FakeComfy(bench.folder / "comfy", DRAWING / 25)
    with serve_comfy(fake) as url:
        there = Elsewhere(
            {
                **bench.provider.settings(),
                "AQUATINT_COMFY_URL": url,
                "AQUATINT_COMFY_WORKFLOW": str(WORKFLOW),
                "AQUATINT_MODEL": "comfy",
            },
            lambda host, prompt: host.generate(prompt),
            lambda prompt: sum(_asks(body, prompt) for body in fake.posted),
            lambda: {digest(path) for path in (fake.folder / "output/aquatint").glob("*.png")},
            named=False,
        )
        return _trials(bench, there, times)


def conversation(bench: Bench, times: int) -> Result:
    """OpenAI's Responses API, which tells its name for a turn in its first event."""
    fake = fake_openai()
    fake.keys = None
    fake.conversations.seconds = DRAWING
    with serve(fake) as url:
        there = Elsewhere(
            {**bench.provider.settings(), "OPENAI_BASE_URL": f"{url}/v1"},
            lambda host, prompt: host.call(
                "edit_image",
                images=[f"data:image/png;base64,{PICTURE}"],
                prompt=prompt,
                refine=True,
            ),
            lambda prompt: sum(prompt in str(got.fields["input"]) for got in fake.paid),
            lambda: {hashlib.sha256(data).hexdigest() for data in fake.images.values()},
            named=True,
        )
        return _trials(bench, there, times)


def _trials(bench: Bench, there: Elsewhere, times: int) -> Result:
    """Each trial has a home of its own, killed once and started once."""
    found = Result(injections=times)
    moments = [bench.chance.uniform(0, DRAWING) for _ in range(times)]
    for result in each(lambda number: _trial(bench, there, moments[number]), times):
        found.add(result)
    return found


def _trial(bench: Bench, there: Elsewhere, moment: float) -> Result:
    home = bench.home("drawn-on")
    prompt = bench.prompt(home)
    with Host(home, there.settings) as host:
        there.ask(host, prompt)
        arrived = until(lambda: there.asked(prompt))
        time.sleep(moment)
        kill_both(host)
    end_all(home)
    with Host(home, there.settings) as host:
        host.call("recent_images")
        ended = until(lambda: [job["state"] for job in jobs(home)] not in ([], ["intent"]))
        host.eof()
        host.exits(30)
    end_all(home)
    times = there.asked(prompt)
    result = Result(paid=times, hits=times)
    result.expect(arrived, "nothing was sent, so this proves nothing")
    result.expect(ended, "the job has no end")
    result.expect(times == 1, f"sent {times} times")
    (job,) = jobs(home)
    pictures = rows(home, "SELECT sha256 FROM pictures WHERE job = ?", job["id"])
    kept = [row["sha256"] for row in pictures]
    if job["state"] != "done" or len(kept) != 1 or kept[0] not in there.drawn():
        result.lost = 1
        nameless = there.named and not job["ticket"] and job["state"] == "unknown"
        result.expect(nameless, f"lost: {job['state']}, {kept}")
    return result


def _asks(body: dict[str, object], prompt: str) -> bool:
    return f'"{prompt}"' in str(body["prompt"]).replace("'", '"')
