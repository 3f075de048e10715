"""Many at once: one catalog, one budget, one event loop, one memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from PIL import Image

from aquatint.domain.models.registry import cost, parse
from aquatint.domain.usage import Usage

from .bench import Bench
from .evidence import Result, rows
from .processes import Host, environ, peak, workers

TESTS = Path(__file__).parents[1]
MODELS = TESTS.parent / "server/aquatint/domain/models/models.toml"
WRITERS = 16
OVER_ITS_TURN = 4  # p99 of a write by many, over as many writes of one alone on that disk
IN_FLIGHT = 256
PING = 0.05  # seconds, the longest answer to a ping
A_CALL = 0.005  # seconds that a call which came before it may add
EACH = 3.0  # MB of memory per picture in flight, beyond the first
BIG = 12_400_000  # bytes of a picture; 17 MB as base64
LINE = 1_048_576  # bytes of a result; Claude Desktop refuses larger ones
EDGE = 7071  # pixels of a square of 50 megapixels
A_PIXEL = 4.5  # bytes that decoding one may take
DRAFTS = 600.0  # MB that server and worker may ever take, whatever number of large drafts is due
UNREAD = 100.0  # MB that a host may cost that never reads


def writers(bench: Bench, times: int) -> Result:
    """16 processes write to one catalog, `times` pictures each."""
    (alone,) = _written(bench.home("writer"), 1, 100)
    home = bench.home("writers")
    told = _written(home, WRITERS, times)
    took = sorted(seconds for one in told for seconds in one.get("seconds", []))
    errors = [error for one in told for error in one.get("errors", ["it died"])]
    turn = WRITERS * sorted(alone["seconds"])[50]
    found = Result(injections=WRITERS * times, broken=errors[:3])
    count = rows(home, "SELECT count(*) AS n FROM pictures")[0]["n"]
    verdict = rows(home, "PRAGMA integrity_check")[0]["integrity_check"]
    found.expect(count == WRITERS * times, f"{count} rows of {WRITERS * times}")
    found.expect(verdict == "ok", verdict)
    at99, most = took[len(took) * 99 // 100] if took else 0.0, max(took, default=0.0)
    found.note = (
        f"{len(errors)} errors, p99 {at99 * 1000:.0f} ms, max {most * 1000:.0f} ms; "
        f"{WRITERS} writes one after the other {turn * 1000:.0f} ms"
    )
    found.expect(at99 <= OVER_ITS_TURN * turn or not bench.strict, found.note)
    return found


def _written(home: Path, writers: int, times: int) -> list[dict[str, Any]]:
    """What so many processes say of `times` writes each to the catalog of one home."""
    home.mkdir()
    script = [sys.executable, "-m", "faults.writer", str(home), str(times)]
    env = {**environ(home, {}), "PYTHONPATH": str(TESTS)}
    running = [subprocess.Popen(script, env=env, stdout=subprocess.PIPE) for _ in range(writers)]
    return [json.loads(one.communicate(timeout=300)[0] or "{}") for one in running]


def racing(bench: Bench, times: int) -> Result:
    """Two servers and one budget for a tenth of the calls, all at once; the provider's bill."""
    home = bench.home("budget")
    price = _bill(bench, bench.home("budget"))
    limit = price * times / 10
    settings = {
        **bench.provider.settings(),
        "AQUATINT_BUDGET_USD": f"{limit:.6f}",
        "AQUATINT_CONCURRENCY": "32",
    }
    with Host(home, settings) as one, Host(home, settings, modern=False) as two:
        calls = [
            (host, host.generate(bench.prompt(home, "after=0.2")))
            for _ in range(times // 2)
            for host in (one, two)
        ]
        answers = [json.dumps(host.answer(call)) for host, call in calls]
    found = Result(injections=times)
    refused = [text for text in answers if "code: over_budget" in text]
    asked = bench.provider.asked(f"{home.name} ")
    bill = sum(_price(each.usage) for each in asked)
    found.note = f"limit ${limit:.3f}, billed ${bill:.3f}, {len(refused)} refused"
    found.expect(len(refused) + len(asked) == times, f"{len(asked)} paid, {len(refused)} refused")
    found.expect(bill <= limit + price, found.note)
    found.expect(bill >= limit - 2 * price, f"refused too early: {found.note}")
    found.add(bench.verdict(home))
    return found


def _bill(bench: Bench, other: Path) -> float:
    """What one such call costs, by the provider's count."""
    with Host(other, bench.provider.settings()) as host:
        host.answer(host.generate(bench.prompt(other, "after=0.0")))
    return sum(_price(one.usage) for one in bench.provider.asked(f"{other.name} "))


def _price(usage: dict[str, Any]) -> float:
    models = parse(MODELS.read_text("utf-8"))
    row = models.row(models.defaults.generate)
    details = usage["input_tokens_details"]
    counted = Usage(
        text_in=details["text_tokens"],
        image_in=details["image_tokens"],
        image_out=usage["output_tokens"],
    )
    return cost(row, counted, 1) or 0.0


def responsive(bench: Bench, times: int) -> Result:
    """Pings while a 4K draft is encoded and 17 MB of reply arrive."""
    home, found = bench.home("ping"), Result()
    took: list[float] = []
    with Host(home, bench.provider.settings(), modern=False) as host:
        host.answer(host.generate(bench.prompt(home)))
        host.result("generate_image", prompt="warm", model="draft", size="64x64")
        for _ in range(times):
            work = [
                host.generate(bench.prompt(home), model="draft", size="3840x2160"),
                host.generate(bench.prompt(home, f"pad={BIG}")),
            ]
            while not all(map(host.has, work)):
                began = time.monotonic()
                found.expect(host.answer(host.ask("ping", {})), "no answer to a ping")
                took.append(time.monotonic() - began)
                time.sleep(0.005)
            told = [json.dumps(host.answer(one)) for one in work]
            found.expect(all('"isError": true' not in text for text in told), told[0][:200])
            found.expect(all(len(text) < LINE for text in told), "a result no host would take")
    found.injections = len(took)
    found.note = f"{len(took)} pings, max {max(took) * 1000:.0f} ms"
    found.expect(max(took) <= PING or not bench.strict, found.note)
    found.add(_only_money(bench, home))
    return found


def drafts(bench: Bench, times: int) -> Result:
    """`times` free drafts of 14.7 megapixels asked for at once: the peak of memory, and pings.

    A second server draws nothing meanwhile: what its pings take is the machine's own delay.
    """
    home, found = bench.home("drafts"), Result(injections=times)
    took: list[float] = []
    usual: list[float] = []
    settings = bench.provider.settings()
    with (
        Host(home, settings, modern=False) as host,
        Host(bench.home("idle"), settings, modern=False) as idle,
    ):
        asked = {"model": "draft", "reply": "path"}
        host.result("generate_image", prompt="warm", size="64x64", **asked)
        began = time.monotonic()
        calls = [host.generate(f"hills {i}", size="3840x3840", **asked) for i in range(times)]
        found.expect(host.answer(host.ask("ping", {})), "no answer to a ping")
        first = time.monotonic() - began  # behind so many calls in one breath
        while not all(map(host.has, calls)):
            for one, times_taken in ((host, took), (idle, usual)):
                began = time.monotonic()
                found.expect(one.answer(one.ask("ping", {})), "no answer to a ping")
                times_taken.append(time.monotonic() - began)
            time.sleep(0.005)
        told = [json.dumps(host.answer(one)) for one in calls]
        server, worker = peak(host.process.pid), _worker(host)
    found.expect(not any('"isError": true' in text for text in told), told[0][:200])
    found.note = (
        f"server {server:.0f} MB, worker {worker:.0f} MB; {len(took)} pings, {_milliseconds(took)} "
        f"(a server that draws nothing: {_milliseconds(usual)}); "
        f"behind all calls {first * 1000:.0f} ms"
    )
    found.expect(worker, "the server drew them itself")
    found.expect(server + worker <= DRAFTS, found.note)
    found.expect(first / times <= A_CALL or not bench.strict, found.note)
    found.expect(max(took) <= max(PING, 2 * max(usual)) or not bench.strict, found.note)
    return found


def _milliseconds(took: list[float]) -> str:
    return f"p99 {sorted(took)[int(0.99 * len(took))] * 1000:.0f} ms, max {max(took) * 1000:.0f} ms"


def _only_money(bench: Bench, home: Path) -> Result:
    """The verdict on a home where drafts were drawn too, which the provider knows nothing of."""
    bench.repaired(home)
    found = Result(paid=len(bench.provider.asked(f"{home.name} ")))
    kept = {row["sha256"] for row in rows(home, "SELECT sha256 FROM pictures")}
    sent = {one for each in bench.provider.asked(f"{home.name} ") for one in each.digests}
    found.lost, found.hits = len(sent - kept), 1
    found.expect(not sent - kept, f"{len(sent - kept)} pictures were lost")
    return found


def crowd(bench: Bench, times: int) -> Result:
    """`times` calls in flight at once, without an error."""
    home, found = bench.home("crowd"), Result(injections=times)
    settings = {**bench.provider.settings(), "AQUATINT_CONCURRENCY": str(times)}
    with Host(home, settings) as host:
        host.answer(host.generate(bench.prompt(home)))
        prompts = [bench.prompt(home, "after=4") for _ in range(times)]
        calls = [host.generate(prompt, reply="path") for prompt in prompts]
        answers = [host.answer(call, 120) for call in calls]
        memory = f"server {peak(host.process.pid):.0f} MB, worker {_worker(host):.0f} MB"
    failed = [one for one in answers if one.get("isError", True)]
    found.expect(not failed, f"{len(failed)} errors: {str(failed[:1])[:300]}")
    most = bench.provider.most()
    found.note = f"{most} at the provider at once; {memory}"
    found.expect(most >= times * 0.9, found.note)
    found.add(bench.verdict(home))
    return found


def memory(bench: Bench, times: int) -> Result:
    """12 MB pictures in flight: one, then `times` of them; the peaks of server and worker."""
    peaks: dict[int, tuple[float, float]] = {}
    found = Result(injections=1 + times)
    for count in (1, times):
        home = bench.home("memory")
        settings = {**bench.provider.settings(), "AQUATINT_CONCURRENCY": str(times)}
        with Host(home, settings) as host:
            calls = [host.generate(bench.prompt(home, f"after=1 pad={BIG}")) for _ in range(count)]
            answers = [host.answer(call, 120) for call in calls]
            found.expect(not any(one.get("isError", True) for one in answers), "a call failed")
            peaks[count] = (peak(host.process.pid), _worker(host))
        found.add(bench.verdict(home))
    extra = (peaks[times][1] - peaks[1][1]) / max(1, times - 1)
    server, worker = peaks[times]
    found.note = f"{extra:.1f} MB each beyond the first; worker {worker:.0f}, server {server:.0f}"
    found.expect(extra <= EACH, found.note)
    return found


def ten_large(bench: Bench, times: int) -> Result:
    """One and `times` pictures of 25 MB in one reply: all kept, the worker's peaks."""
    peaks: dict[int, float] = {}
    found = Result(injections=1 + times)
    for count in (1, times):
        home = bench.home("large")
        with Host(home, bench.provider.settings()) as host:
            call = host.generate(bench.prompt(home, "noise=1"), n=count, size="3840x2160")
            told = host.answer(call, 300)
            found.expect(not told.get("isError", True), str(told)[:300])
            while rows(home, "SELECT count(*) AS n FROM jobs WHERE state = 'intent'")[0]["n"]:
                time.sleep(0.5)  # a long call answers `working`
            peaks[count] = _worker(host)
        sizes = [row["bytes"] for row in rows(home, "SELECT bytes FROM pictures")]
        found.expect(len(sizes) == count and min(sizes) > 24_000_000, f"kept: {sizes}")
        found.add(bench.verdict(home))
    extra = (peaks[times] - peaks[1]) / max(1, times - 1)
    found.note = f"worker {peaks[1]:.0f} MB for one, {peaks[times]:.0f} MB for {times}"
    found.expect(extra <= EACH, found.note)
    return found


def large_input(bench: Bench, times: int) -> Result:
    """Edits of a 50-megapixel picture; the peaks of the server and of the worker."""
    home, found = bench.home("input"), Result(injections=times)
    source = bench.folder / "large.png"
    Image.new("RGB", (EDGE, EDGE), "teal").save(source, compress_level=1)
    settings = {**bench.provider.settings(), "AQUATINT_ROOTS": str(bench.folder)}
    with Host(home, settings) as host:
        host.answer(host.generate(bench.prompt(home)))
        idle = peak(host.process.pid)
        for _ in range(times):
            asked: dict[str, Any] = {"images": [str(source)], "prompt": bench.prompt(home)}
            told = host.result("edit_image", **asked, size="1024x1024")
            found.expect(not told.get("isError", True), str(told)[:300])
        grown = peak(host.process.pid) - idle
        found.note = f"server {grown:.0f} MB over idle, worker {_worker(host):.0f} MB"
    found.expect(grown <= EDGE * EDGE * A_PIXEL / 2**20 + 60, found.note)
    found.add(bench.verdict(home))
    return found


def _worker(host: Host) -> float:
    return max(map(peak, workers(host.home)), default=0.0)


def unread(bench: Bench, times: int) -> Result:
    """A host that asks for pictures and never reads the answers."""
    home, found = bench.home("unread"), Result(injections=times)
    with Host(home, bench.provider.settings()) as host:
        host.answer(host.generate(bench.prompt(home, "pad=400000")))
        before = peak(host.process.pid)
        host.deaf.set()
        for _ in range(times):
            host.call("get_image", image="latest", reply="full")
        time.sleep(2)  # what piles up, piles up now
        grown = peak(host.process.pid) - before
        host.deaf.clear()
        found.expect(host.result("recent_images"), "it answers no more")
    found.note = f"{grown:.0f} MB more"
    found.expect(grown <= UNREAD, found.note)
    found.add(bench.verdict(home))
    return found


WORDS = ["猫と雨", "قِطَّة حمراء", "بلی", "🦊" * 40, "a/b/../c", "CON", "x" * 3000, "\u202eevil\u2069"]
MORE_WORDS = [
    "ٹوپی",
    "naïve",
    "tag\U000e0041",
    ".",
    "nul.",
    "line\nbreak",
    "é" * 200,
    '"quoted"',
    "%2e",
]


def unicode(bench: Bench, times: int) -> Result:
    """Prompts in six scripts and in none: sent and stored as they are, under safe names."""
    home, found = bench.home("words"), Result()
    sent = [f"{bench.prompt(home)} {word}" for word in (WORDS + MORE_WORDS)[:times]]
    with Host(home, bench.provider.settings()) as host:
        answers = [host.answer(host.generate(prompt, size="1024x1024")) for prompt in sent]
    found.injections = len(sent)
    found.expect(not any(one.get("isError", True) for one in answers), str(answers)[:300])
    found.expect([one.prompt for one in bench.provider.asked(home.name)] == sent, "sent otherwise")
    names = [path.name for path in home.glob("2*")]
    found.expect(all(len(os.fsencode(name)) <= 120 for name in names), "a name is too long")
    found.expect(all(name.isprintable() and "/" not in name for name in names), str(names))
    found.add(bench.verdict(home))
    return found
