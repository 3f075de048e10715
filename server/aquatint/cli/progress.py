"""The person at the terminal: a bar while they wait, a question before a dear call, and Ctrl-C."""

from __future__ import annotations

import os
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TextIO

import anyio

from ..app import choose_home
from ..domain.errors import AquatintError, OverBudget
from ..domain.types import LOCAL, Caller, EditRequest, GenerateRequest
from ..domain.words import clean
from ..services.images import ImageService
from ..services.outcomes import Outcome, Progress, Report
from ..services.spending import cancel

PARTING = 5.0  # seconds for giving up a call
TICK = 0.25  # seconds between two drawings of the bar
WIDEST = 30  # cells of the bar
ANSWER = {"y", "yes"}


def line(progress: Progress, elapsed: float, columns: int, *, plain: bool = False) -> str:
    """One line of at most `columns` cells: the stage, a bar where there is room, the time.

    Without a usual time the bar has a part that runs to and fro; a bar is full only at the end.
    """
    full, empty = ("#", "-") if plain else ("━", "╌")
    stage, time = clean(progress.stage, 40), _time(elapsed, progress.eta)
    room = min(WIDEST, columns - len(stage) - len(time) - 4)
    if room < 8:
        return f"{stage}  {time}"[: max(columns, 0)]
    if progress.eta:
        done = min(int(room * elapsed / progress.eta), room - 1)
        bar = full * done + empty * (room - done)
    else:
        lap = 2 * (room - 4)
        left = abs(lap // 2 - int(elapsed / TICK) % lap)
        bar = empty * left + full * 4 + empty * (room - 4 - left)
    return f"{stage}  {bar}  {time}"


def _time(elapsed: float, eta: float | None) -> str:
    if not eta:
        return f"{elapsed:.0f} s"
    left = eta - elapsed
    rest = f"about {left:.0f} s left" if left >= 0.5 else f"usually {eta:.0f} s"
    return f"{elapsed:.0f} s, {rest}"


@dataclass(slots=True)
class Bar:
    """Redraws one line of `out` while a call is waited for; off a terminal it draws nothing.

    The cursor waits at the line's start, so that a log line replaces it instead of joining it.
    """

    out: TextIO
    latest: Progress | None = None
    since: float = 0.0

    async def report(self, progress: Progress) -> None:
        self.latest, self.since = progress, anyio.current_time() - progress.elapsed
        self._draw()

    async def run(self) -> None:
        while True:
            await anyio.sleep(TICK)
            self._draw()

    def clear(self) -> None:
        if self.latest is not None and self.out.isatty():
            self.out.write("\r\x1b[K")
            self.out.flush()

    def _draw(self) -> None:
        if self.latest is None or not self.out.isatty():
            return
        columns = os.get_terminal_size(self.out.fileno()).columns or 80
        plain = "utf" not in (self.out.encoding or "").lower()
        elapsed = anyio.current_time() - self.since
        words = line(self.latest, elapsed, columns - 1, plain=plain)
        self.out.write(f"\r{words}\x1b[K\r")
        self.out.flush()


async def waited(
    service: ImageService, make: Callable[[Report], Awaitable[Outcome]], *, ours: bool = True
) -> Outcome:
    """What `make` answers, with a bar meanwhile.

    Ctrl-C gives up a call of `ours` that costs nothing yet, and else says where its picture goes.
    """
    bar = Bar(sys.stderr)
    failure: AquatintError | None = None
    outcome: Outcome | None = None
    try:
        async with anyio.create_task_group() as group:
            group.start_soon(bar.run)
            try:
                outcome = await make(bar.report)
            except AquatintError as error:  # raised outside, where no group wraps it
                failure = error
            group.cancel_scope.cancel()
    except anyio.get_cancelled_exc_class():
        bar.clear()
        with anyio.CancelScope(shield=True), anyio.move_on_after(PARTING):
            print(await _left(service, bar.latest, ours=ours), file=sys.stderr)
        raise
    bar.clear()
    if outcome is None:
        assert failure is not None
        raise failure
    return outcome


async def _left(service: ImageService, latest: Progress | None, *, ours: bool) -> str:
    if latest is None:
        return "Stopped; nothing was sent."
    job = latest.job
    if ours and service.runner.stage(job) is not None:  # not another process's, which we joined
        try:
            await cancel(service.context, job, LOCAL)
        except AquatintError:
            pass  # too late
        else:
            return f"Stopped; {job} had not been sent, so nothing was paid."
    home, _ = choose_home(service.settings)
    return (
        f"Stopped waiting; {job} goes on, and its picture comes into {home}.\n"
        f"`aquatint show {job}` waits for it."
    )


def refuse(error: AquatintError) -> None:
    """Say what happened and what to do next."""
    fix = error.fix
    if error.reason == "needs_confirmation":
        fix = f"At a terminal you are asked; --yes agrees. {fix}"
    print(f"{error.message}\n{fix}", file=sys.stderr)


async def agreed(
    service: ImageService, request: GenerateRequest | EditRequest, caller: Caller, *, yes: bool
) -> float:
    """The dollars the person agrees to; 0 where nobody need be asked, or can be.

    Raises OverBudget when they say no.
    """
    if request.dry_run or service.settings.confirm_usd is None:
        return 0.0
    quote = await service.quote(request, caller)
    if not quote.needs_consent:
        return 0.0
    if not yes:
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            return 0.0  # the studio says what can be done
        if not await _asked(quote.question):
            raise OverBudget(
                "You said no, so nothing was sent.",
                "--dry-run tells prices; --model draft is free.",
                code="declined",
            )
    return float("inf") if quote.usd is None else quote.usd


async def _asked(question: str) -> bool:
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    if os.name == "posix":
        await anyio.wait_readable(sys.stdin)  # a read would keep Ctrl-C waiting
    return sys.stdin.readline().strip().lower() in ANSWER
