"""The asset stories, run as a reader would run them: what they wrote is opened and measured."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

from PIL import Image

from words import look

EXAMPLES = Path(__file__).parents[2] / "examples"


def run(script: str, *arguments: str, code: int = 0, **environ: str) -> str:
    """What an example prints, run from elsewhere without a key."""
    ours = ("OPENAI_", "AQUATINT_")
    plain = {name: text for name, text in os.environ.items() if not name.startswith(ours)}
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / script), *arguments],
        env={**plain, "AQUATINT_MIN_FREE": "0", **environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert done.returncode == code, done.stderr
    return done.stdout


class Pictures(HTMLParser):
    """The img elements of a page, and every file that it names."""

    def __init__(self) -> None:
        super().__init__()
        self.images: list[dict[str, str]] = []
        self.files: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "img":
            self.images.append(found)
        if tag in {"img", "link", "meta"}:
            named = found.get("src") or found.get("href") or found.get("content", "")
            self.files += [named] if "." in named else []


def test_the_page_has_every_picture_it_names_in_every_size_it_promises(tmp_path: Path) -> None:
    told = run("ui_mockup/ui_mockup.py", UI_MOCKUP_OUT=str(tmp_path))
    site = tmp_path / "site"
    page = Pictures()
    page.feed((site / "index.html").read_text("utf-8"))
    assert {"favicon.ico", "public/og-1200x630.jpg", "public/hero.webp"} <= set(page.files)
    for name in page.files:
        assert (site / name).is_file(), name
    assert len(page.images) == 4
    named: set[str] = set(page.files)
    for image in page.images:
        assert image["alt"]
        least = look(site / image["src"])[0]
        assert least == (int(image["width"]), int(image["height"]))
        for promise in image["srcset"].split(", "):
            name, mark = promise.split(" ")
            named.add(name)
            width = look(site / name)[0][0]
            assert width == (int(mark[:-1]) if mark[-1] == "w" else least[0] * int(mark[:-1]))
    written = {path.relative_to(site).as_posix() for path in site.rglob("*.*") if path.is_file()}
    assert written == named | {"index.html"}
    assert look(site / "public/hero@2x.webp") == ((1920, 1080), "webp")
    assert look(site / "public/og-1200x630.jpg") == ((1200, 630), "jpeg")
    assert look(tmp_path / "heroes.jpg")[1] == "jpeg"
    assert "number 2 of 3" in told


def test_the_icon_family_shares_its_colours_and_has_every_size(tmp_path: Path) -> None:
    run("asset_set/asset_set.py", ASSET_SET_OUT=str(tmp_path))
    public = tmp_path / "public"
    names = ("leaf", "heart", "energy", "chat", "weather")
    hues: list[float] = []
    for name in names:
        for edge in (16, 32, 180):
            with Image.open(public / f"icons/{name}-{edge}.png") as icon:
                assert (icon.size, icon.mode) == ((edge, edge), "RGBA")
                assert icon.getpixel((0, 0)) == (0, 0, 0, 0)
                middle = icon.crop((edge // 3, edge // 4, edge // 3 + 1, edge // 4 + 1))
        hue = middle.convert("RGB").convert("HSV").getchannel("H").getextrema()[0]
        assert isinstance(hue, int)
        hues.append(hue / 256 * 360)
    assert max(hues) - min(hues) < 30, hues
    images = {(public / f"icons/{name}-180.png").read_bytes() for name in names}
    assert len(images) == len(names)
    manifest = json.loads((public / "site.webmanifest").read_text("utf-8"))
    assert [icon["sizes"] for icon in manifest["icons"]] == ["192x192", "512x512"]
    for icon in manifest["icons"]:
        wide, tall = look(public / icon["src"])[0]
        assert f"{wide}x{tall}" == icon["sizes"]
    with Image.open(public / "favicon.ico") as favicon:
        assert favicon.info["sizes"] == {(16, 16), (32, 32), (48, 48)}
    assert look(tmp_path / "contact-sheet.jpg")[1] == "jpeg"


def results(out: Path) -> dict[str, dict[str, str]]:
    with (out / "results.csv").open(encoding="utf-8", newline="") as file:
        return {row["name"]: row for row in csv.DictReader(file)}


def test_a_batch_goes_on_where_it_stopped_and_draws_nothing_twice(tmp_path: Path) -> None:
    source, out = tmp_path / "prompts.csv", tmp_path / "out"
    rows = (EXAMPLES / "batch/prompts.csv").read_text("utf-8").splitlines()
    small = [re.sub(r"(16:9|3:2|square),low$", "64x64,low", row) for row in rows]
    source.write_text("\n".join([*small, "broken,A kite,12 by 12,low"]), "utf-8")
    told = run("batch/batch.py", str(source), code=1, BATCH_OUT=str(out))
    assert "7 rows, 0 done before" in told
    first = results(out)
    assert [row["status"] for row in first.values()] == ["done"] * 6 + ["refused"]
    assert "is not a size" in first["broken"]["error"]
    for name in ("tea", "garden", "mountain"):
        assert look(first[name]["path"]) == ((64, 64), "webp")
        assert float(first[name]["cost_usd"]) == 0
    drawn = {path: path.stat().st_mtime_ns for path in (out / "home").glob("*.webp")}
    source.write_text("\n".join([*small, "broken,A kite,64x64,low"]), "utf-8")
    (out / "tea.webp").unlink()
    assert "7 rows, 5 done before" in run("batch/batch.py", str(source), BATCH_OUT=str(out))
    second = results(out)
    assert second["broken"]["status"] == second["tea"]["status"] == "done"
    assert {name: second[name]["job"] for name in ("alps", "rice")} == {
        name: first[name]["job"] for name in ("alps", "rice")
    }
    now = {path: path.stat().st_mtime_ns for path in (out / "home").glob("*.webp")}
    assert drawn.items() <= now.items()
    assert len(now) == len(drawn) + 2
    assert "7 done before" in run("batch/batch.py", str(source), BATCH_OUT=str(out))
    assert set((out / "home").glob("*.webp")) == set(now)


def test_a_batch_stops_at_its_budget_before_anything_is_sent(tmp_path: Path) -> None:
    key = {"OPENAI_API_KEY": "sk-test", "BATCH_BUDGET_USD": "0.0001"}
    source = tmp_path / "prompts.csv"
    source.write_text("name,prompt\nkite,A kite\ncrane,A crane\n", "utf-8")
    run("batch/batch.py", str(source), code=1, BATCH_OUT=str(tmp_path), **key)
    rows = results(tmp_path)
    assert {name: row["status"] for name, row in rows.items()} == {"kite": "left", "crane": "left"}
    assert all("money spent: no" in row["error"] for row in rows.values())
