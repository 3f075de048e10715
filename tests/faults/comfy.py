"""Table 3b: a ComfyUI that draws on while server and worker are killed, at any moment."""

from __future__ import annotations

import time
from pathlib import Path

from fake_comfy import FakeComfy, serve

from .bench import Bench, each
from .evidence import Result, digest, jobs, rows
from .leaving import kill_both
from .processes import Host, end_all, until

WORKFLOW = Path(__file__).parents[2] / "examples/comfyui/generate.json"
DRAWING = 1.5  # seconds that a picture takes there, and that kills are spread over


def killed_both(bench: Bench, times: int) -> Result:
    """One ComfyUI for all; each trial has a home of its own, killed once and started once."""
    found = Result(injections=times)
    fake = FakeComfy(bench.folder / "comfy", DRAWING / 25)
    moments = [bench.chance.uniform(0, DRAWING) for _ in range(times)]
    with serve(fake) as url:
        settings = {
            **bench.provider.settings(),
            "AQUATINT_COMFY_URL": url,
            "AQUATINT_COMFY_WORKFLOW": str(WORKFLOW),
            "AQUATINT_MODEL": "comfy",
        }
        for result in each(lambda number: _trial(bench, fake, settings, moments[number]), times):
            found.add(result)
    found.hits = 1 if len({body["prompt_id"] for body in fake.posted}) == len(fake.posted) else 2
    return found


def _trial(bench: Bench, fake: FakeComfy, settings: dict[str, str], moment: float) -> Result:
    home = bench.home("comfy")
    prompt = bench.prompt(home)

    def posted() -> list[str]:
        return [body["prompt_id"] for body in fake.posted if _asks(body, prompt)]

    with Host(home, settings) as host:
        host.generate(prompt)
        arrived = until(posted)
        time.sleep(moment)
        kill_both(host)
    end_all(home)
    with Host(home, settings) as host:
        host.call("recent_images")
        ended = until(lambda: [job["state"] for job in jobs(home)] not in ([], ["intent"]))
        host.eof()
        host.exits(30)
    end_all(home)
    result = Result(paid=len(posted()))
    result.expect(arrived, "nothing was sent, so this proves nothing")
    result.expect(ended, "the job has no end")
    result.expect(len(posted()) == 1, f"sent {len(posted())} times")
    states = [job["state"] for job in jobs(home)]
    drawn = {digest(path) for path in (fake.folder / "output/aquatint").glob("*.png")}
    kept = [row["sha256"] for row in rows(home, "SELECT sha256 FROM pictures")]
    if states != ["done"] or len(kept) != 1 or kept[0] not in drawn:
        result.lost = 1
        result.broken.append(f"lost: {states}, {kept}")
    return result


def _asks(body: dict[str, object], prompt: str) -> bool:
    return f'"{prompt}"' in str(body["prompt"]).replace("'", '"')
