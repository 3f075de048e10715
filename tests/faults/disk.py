"""Table 3c: disks that fill, fail and refuse, and a kill at every k-th call to the file system."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .bench import AT_ONCE, Bench, each
from .evidence import Result, digest, jobs, parts
from .processes import Host, command, of_home, until

LARGE = 3_000_000  # bytes of a picture that these disks cannot hold
MANY = 60  # calls at most until a disk without free inodes refuses
CALLS = 4  # of each traced server: the first ones meet the fault before anything is sent
TRACED = 4.0  # seconds for a traced call, whose answer may be what the fault took


@contextmanager
def mounted(place: Path, *options: str) -> Generator[None]:
    """Root only; `place` is where it is mounted."""
    place.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", *options, str(place)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def too_small(bench: Bench, times: int) -> Result:
    """2 MB in all: refused before anything is paid, as long as AQUATINT_MIN_FREE is there."""
    home, found = bench.home("small"), Result(injections=times)
    with mounted(home, "-t", "tmpfs", "-o", "size=2m", "tmpfs"):
        settings = {**bench.provider.settings(), "AQUATINT_MIN_FREE": "200000000"}
        with Host(home, settings) as host:
            for _ in range(times):
                told = json.dumps(host.answer(host.generate(bench.prompt(home))))
                found.expect("code: disk_full" in told and "money spent: no" in told, told[:300])
    found.expect(not bench.provider.asked(f"{home.name} "), "it was paid all the same")
    return found


def _unkept(bench: Bench, host: Host, times: int) -> Result:
    """Pictures that arrive and find no room: shown inline, and their bytes are where it is said."""
    found = Result(injections=times)
    for _ in range(times):
        prompt = bench.prompt(host.home, f"pad={LARGE}")
        answer = host.answer(host.generate(prompt))
        told = json.dumps(answer)
        sent = [one for each in bench.provider.asked(prompt) for one in each.digests]
        found.paid, found.hits = found.paid + len(sent), max(found.hits, len(sent))
        inline = [block for block in answer.get("content", []) if block["type"] == "image"]
        words = answer.get("content", [{"text": ""}])[0]["text"].split()
        named = [Path(word.strip(".,:")) for word in words if word.startswith("/")]
        saved = [place for place in named if place.is_file() and digest(place) in sent]
        if sent and not (inline or saved):
            found.lost += 1
            found.expect(False, f"lost: {told[:400]}")
        honest = saved or "No other folder took its bytes" in told
        found.expect(honest or not sent, f"the bytes are not where it says: {told[:400]}")
        found.expect(bool(inline) or not sent, "no picture in the reply")
        found.expect("money spent: yes" in told or not sent, f"money: {told[:400]}")
        row = jobs(host.home, prompt)
        found.expect(row and row[0]["state"] in ("failed", "unknown"), f"the row says {row}")
        for place in saved:
            place.unlink()
    return found


def filled(bench: Bench, times: int) -> Result:
    """2 MB in all and a picture of 3 MB: paid, and shown although it cannot be kept."""
    home, found = bench.home("filled"), Result()
    with mounted(home, "-t", "tmpfs", "-o", "size=2m", "tmpfs"):
        with Host(home, bench.provider.settings()) as host:
            found.add(_unkept(bench, host, times))
        until(lambda: not of_home(home))
        found.expect(not parts(home), f"left in parts: {parts(home)}")
        _sound(home, found)
    return found


def limited(bench: Bench, times: int) -> Result:
    """RLIMIT_FSIZE of 1.5 MB, which the worker inherits."""
    home, found = bench.home("limited"), Result()
    with Host(home, bench.provider.settings(), before=("prlimit", "--fsize=1500000")) as host:
        found.add(_unkept(bench, host, times))
    until(lambda: not of_home(home))
    found.expect(not parts(home), f"left in parts: {parts(home)}")
    _sound(home, found)
    return found


def no_inodes(bench: Bench, times: int) -> Result:
    """64 inodes: pictures until there is none left, then a refusal that costs nothing."""
    found = Result()
    for _ in range(times):
        home = bench.home("inodes")
        with mounted(home, "-t", "tmpfs", "-o", "size=64m,nr_inodes=64", "tmpfs"):
            with Host(home, bench.provider.settings()) as host:
                refused = 0
                for _ in range(MANY):
                    answer = host.answer(host.generate(bench.prompt(home)))
                    found.injections += 1
                    refused += bool(answer.get("isError"))
                    if refused == 3:
                        break
                before = len(bench.provider.asked(f"{home.name} "))
                host.answer(host.generate(bench.prompt(home)))
                after = len(bench.provider.asked(f"{home.name} "))
            found.expect(refused == 3, "it never refused")
            found.expect(before == after, "paid although nothing could be kept")
            until(lambda home=home: not of_home(home))
            for path in sorted((home / ".aquatint" / "previews").glob("*"))[:9]:
                path.unlink()  # room for the repair
            found.add(bench.verdict(home, may_lose=True))
    return found


def read_only(bench: Bench, times: int) -> Result:
    """A read-only mount: said at the start of things, and nothing is sent."""
    found = Result(injections=times)
    for _ in range(times):
        home = bench.home("readonly")
        home.mkdir()
        source = bench.home("source")
        source.mkdir()
        with mounted(home, "--bind", "-o", "ro", str(source)):
            with Host(home, bench.provider.settings()) as host:
                told = json.dumps(host.answer(host.generate(bench.prompt(home))))
            found.expect("money spent: no" in told and str(home) in told, told[:300])
            checked = command(home, bench.provider.settings(), "doctor")
            found.expect(checked.returncode == 1, "the doctor calls it well")
            found.expect("FAIL" in checked.stdout, checked.stdout[-200:])
        found.expect(not bench.provider.asked(f"{home.name} "), "it was paid all the same")
    return found


def _sound(home: Path, found: Result) -> None:
    done = (
        subprocess.run(
            ["sqlite3", str(home / ".aquatint/catalog.sqlite"), "PRAGMA integrity_check"],
            capture_output=True,
            text=True,
            check=False,
        )
        if shutil.which("sqlite3")
        else None
    )
    found.expect(done is None or done.stdout.strip() == "ok", "the catalog is damaged")


@dataclass(frozen=True, slots=True)
class Syscall:
    """A fault at every k-th call of a sort, in each thread of the server and of its worker."""

    call: str
    fault: str
    step: int = 1

    def __call__(self, bench: Bench, times: int) -> Result:
        """k = 1, 1 + step, ... until a k hits nothing any more, at most `times` of them."""
        found, home = Result(), bench.home("trace")
        with Host(home, bench.provider.settings()) as host:
            host.answer(host.generate(bench.prompt(home)))  # makes the home and its catalog
        for first in range(1, times + 1, AT_ONCE):
            last = min(first + AT_ONCE, times + 1)
            hits = each(
                lambda at, k=first: self._one(bench, home, 1 + (k + at - 1) * self.step),
                last - first,
            )
            found.injections += sum(hits)
            if not any(hits):
                break
        found.add(bench.verdict(home, may_lose=True))
        found.note = f"{found.lost} told as unknown" if found.lost else ""
        return found

    def _one(self, bench: Bench, home: Path, k: int) -> int:
        """How often it was injected."""
        log = bench.folder / f"{home.name}-{k}.strace"
        inject = f"inject={self.call}:{self.fault}:when={k}"
        trace = f"trace={self.call}"
        before = ("strace", "-f", "-q", "-o", str(log), "-e", trace, "-e", inject)
        with Host(home, bench.provider.settings(), before=before) as host:
            for _ in range(CALLS):
                host.answer(host.generate(bench.prompt(home, f"k={k}")), TRACED)
            host.eof()
            host.exits(20)
        text = log.read_text("utf-8", "replace") if log.exists() else ""
        return text.count("INJECTED") + ("+++ killed by SIGKILL" in text)
