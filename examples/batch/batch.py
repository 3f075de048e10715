"""A CSV of prompts in six languages becomes pictures: in parallel, within a budget, resumable.

Each row's outcome goes to results.csv as soon as it is known: the file, what it cost, or the error.
Rows that are done are skipped by the next run, jobs that were still running are waited for, and
what failed is tried again, so running it twice pays nothing twice. Free without OPENAI_API_KEY:
the draft engine draws. With a key BATCH_BUDGET_USD (1) is the most that any day may cost.

    python examples/batch/batch.py [prompts.csv]
"""

from __future__ import annotations

import csv
import os
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import anyio
from mcp import Client, StdioServerParameters
from mcp.types import TextContent

HERE = Path(__file__).parent
OUT = Path(os.environ.get("BATCH_OUT", HERE / "out")).absolute()
RESULTS = OUT / "results.csv"
AT_ONCE = int(os.environ.get("BATCH_AT_ONCE", "4"))


@dataclass(frozen=True)
class Result:
    """A line of results.csv; `status` is done, working, refused or left (the budget is spent)."""

    name: str
    status: str
    path: str = ""
    model: str = ""
    cost_usd: str = ""
    job: str = ""
    error: str = ""


def server() -> StdioServerParameters:
    passed = {k: v for k, v in os.environ.items() if k.startswith(("OPENAI_", "AQUATINT_"))}
    passed.setdefault("AQUATINT_HOME", str(OUT / "home"))
    passed.setdefault("AQUATINT_BUDGET_USD", os.environ.get("BATCH_BUDGET_USD", "1"))
    return StdioServerParameters(
        command=sys.executable, args=["-m", "aquatint"], env=passed, cwd=OUT
    )


async def draw(client: Client, row: dict[str, str], before: Result | None) -> Result:
    """One row: the job that was left running, else a new call. A refusal is a result too."""
    name = row["name"]
    if before and before.status == "working":
        result = await client.call_tool("get_image", {"image": before.job, "reply": "path"})
    else:
        asked: dict[str, Any] = {
            key: row[key] for key in ("prompt", "size", "quality") if row.get(key)
        }
        asked |= {"save_to": f"{name}.webp", "overwrite": True, "reply": "path"}
        result = await client.call_tool("generate_image", asked)
    if result.is_error:
        words = " ".join(b.text for b in result.content if isinstance(b, TextContent))
        spent = "code: over_budget" in words
        return Result(name, "left" if spent else "refused", error=" ".join(words.split()))
    told = result.structured_content
    assert told is not None
    kept: list[str] = [copy["path"] for image in told["images"] for copy in image.get("saved", [])]
    return Result(
        name,
        told["status"],
        path=next(iter([*kept, *(image["path"] for image in told["images"])]), ""),
        model=told.get("model", ""),
        cost_usd=str(told.get("cost_usd", "")),
        job=told.get("job", ""),
    )


def read_results() -> dict[str, Result]:
    if not RESULTS.exists():
        return {}
    with RESULTS.open(encoding="utf-8", newline="") as file:
        return {row["name"]: Result(**row) for row in csv.DictReader(file)}


def write_results(results: Iterable[Result]) -> None:
    """All of them, in place of the old file at once: a stopped run leaves no half a table."""
    part = RESULTS.with_suffix(".part")
    with part.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, [field.name for field in fields(Result)])
        table.writeheader()
        table.writerows(asdict(result) for result in results)
    part.replace(RESULTS)


def is_done(result: Result | None) -> bool:
    return result is not None and result.status == "done" and Path(result.path).is_file()


async def main(source: Path) -> int:
    OUT.mkdir(parents=True, exist_ok=True)
    with source.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    results = read_results()
    todo = [row for row in rows if not is_done(results.get(row["name"]))]
    print(f"{len(rows)} rows, {len(rows) - len(todo)} done before.")
    limit = anyio.CapacityLimiter(AT_ONCE)

    async def one(client: Client, row: dict[str, str]) -> None:
        async with limit:
            result = await draw(client, row, results.get(row["name"]))
        results[result.name] = result
        write_results(results[row["name"]] for row in rows if row["name"] in results)
        print(f"{result.name}: {result.status} {result.path or result.error}")

    if todo:
        async with Client(server()) as client, anyio.create_task_group() as group:
            for row in todo:
                group.start_soon(one, client, row)
    costs = [float(result.cost_usd) for result in results.values() if result.cost_usd]
    print(f"${sum(costs):.4f} in all; see {RESULTS}")
    return 0 if all(is_done(results.get(row["name"])) for row in rows) else 1


if __name__ == "__main__":
    sys.exit(anyio.run(main, Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "prompts.csv"))
