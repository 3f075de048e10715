"""ComfyUI through the tools: drawn and edited, refused and cancelled, and whoever is killed."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import anyio.to_thread
import pytest
from PIL import Image

from conftest import Connect
from e2e.test_studio import page
from e2e.test_worker import answer, call, gone, serving, worker_of
from fake_comfy import FakeComfy, serve
from inherited import inherited
from ledger import happened, jobs, states, until
from words import images_of, masked_edit, text_of

EXAMPLES = Path(__file__).parents[2] / "examples/comfyui"


@pytest.fixture
def fake(tmp_path: Path) -> FakeComfy:
    return FakeComfy(tmp_path / "comfy")


@pytest.fixture
def comfy(fake: FakeComfy) -> Generator[dict[str, str]]:
    """The settings for it."""
    with serve(fake) as url:
        yield {"AQUATINT_COMFY_URL": url, "AQUATINT_COMFY_WORKFLOW": str(EXAMPLES)}


async def test_without_a_key_it_draws_what_names_no_model(
    connect: Connect, comfy: dict[str, str], fake: FakeComfy
) -> None:
    async with connect(**comfy) as client:
        drawn = await client.call_tool("generate_image", {"prompt": "قطة", "size": "landscape"})
        (image,) = images_of(drawn)
        assert image["model"] == "comfy"
        assert "DRAFT" not in text_of(drawn)
        assert "seed: " in text_of(drawn)
        assert drawn.structured_content
        assert drawn.structured_content["cost_usd"] == 0
        with Image.open(image["path"]) as drawn_image:
            assert drawn_image.width > drawn_image.height
        assert fake.posted[0]["prompt"]["6"]["inputs"]["text"] == "قطة"
        jpeg = await client.call_tool(
            "generate_image", {"prompt": "a fox", "model": "comfy:generate", "format": "jpeg"}
        )
        assert images_of(jpeg)[0]["format"] == "jpeg"
        dry = await client.call_tool("generate_image", {"prompt": "a fox", "dry_run": True})
        assert dry.structured_content
        assert dry.structured_content["cost_usd"] == 0
        assert len(fake.posted) == 2


async def test_an_edit_changes_what_the_mask_says_and_nothing_else(
    connect: Connect, comfy: dict[str, str], workspace: Path
) -> None:
    photo = workspace / "photo.png"
    Image.effect_noise((500, 333), 60).convert("RGB").save(photo)
    async with connect(**comfy) as client:
        await masked_edit(client, photo)


async def test_what_does_not_fit_the_workflow_costs_nothing_and_says_what_to_do(
    connect: Connect, comfy: dict[str, str], fake: FakeComfy, workspace: Path
) -> None:
    photo = workspace / "photo.png"
    Image.new("RGB", (64, 64)).save(photo)
    async with connect(**comfy) as client:
        one = await client.call_tool(
            "edit_image", {"images": [str(photo)], "prompt": "x", "model": "comfy:generate"}
        )
        assert one.is_error
        assert "takes no picture" in text_of(one)
        assert "aquatint:image1" in text_of(one)
        quality = await client.call_tool("generate_image", {"prompt": "x", "quality": "high"})
        assert "comfy does not know high" in text_of(quality)
    assert not fake.posted


async def test_without_the_settings_it_says_which_to_set(connect: Connect) -> None:
    async with connect() as client:
        told = await client.call_tool("generate_image", {"prompt": "x", "model": "comfy"})
        assert told.is_error
        assert "Set AQUATINT_COMFY_URL" in text_of(told)
    async with connect(AQUATINT_COMFY_URL="http://127.0.0.1:9") as client:
        told = await client.call_tool("generate_image", {"prompt": "x"})
        assert "Set AQUATINT_COMFY_WORKFLOW" in text_of(told)


def test_the_doctor_says_which_comfyui_draws_and_what_its_workflows_lack(
    home: Path, comfy: dict[str, str], tmp_path: Path
) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text((EXAMPLES / "generate.json").read_text().replace("sd_xl_base", "sd_xxl"))
    environ = {**inherited(), "AQUATINT_HOME": str(home), **comfy}
    command = [sys.executable, "-m", "aquatint", "doctor", "--json", "--comfy-workflow"]

    def told(workflow: Path) -> dict[str, dict[str, str]]:
        ran = subprocess.run(
            [*command, str(workflow)], env=environ, capture_output=True, text=True, check=False
        )
        return {line["name"]: line for line in json.loads(ran.stdout)}

    well = told(EXAMPLES)
    assert well["key"]["level"] == well["ComfyUI"]["level"] == well["worker"]["level"] == "ok"
    assert "prompt 6" in well["workflow generate"]["text"]
    assert well["generate with"]["text"].startswith("comfy;")
    assert "service" not in well, "nobody asks OpenAI"
    bad = told(broken)["workflow broken"]
    assert (bad["level"], bad["group"]) == ("fail", "ComfyUI")
    assert "sd_xl_base_1.0.safetensors" in bad["text"]


async def test_a_running_one_is_cancelled_from_another_process_at_no_cost(
    connect: Connect, comfy: dict[str, str], fake: FakeComfy, home: Path
) -> None:
    fake.seconds = 1.0  # longer than another process takes to start
    async with connect(**comfy, AQUATINT_WAIT="0.5") as client:
        working = await client.call_tool("generate_image", {"prompt": "a fox"})
        assert working.structured_content
        job = working.structured_content["job"]
        await happened(lambda: fake.running)
        (running,) = (await page(client, "jobs"))["running"]
        assert (running["job"], running["sent"]) == (job, False), "the page offers to stop it"
        command = [sys.executable, "-m", "aquatint", "cancel", job]
        environ = {**inherited(), "AQUATINT_HOME": str(home), **comfy}
        told = await anyio.to_thread.run_sync(
            lambda: subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
        )
        assert "nothing was paid" in told.stdout
        await happened(lambda: states(home) == ["failed"])
        ended = await client.call_tool("get_image", {"image": job})
        assert "interrupted in ComfyUI" in text_of(ended)
    assert jobs(home)[0]["cost"] == 0


def killed(home: Path, comfy: dict[str, str], moment: Any) -> None:
    """A server that asked for a picture and is killed with its worker at a moment."""
    with serving(home, "http://127.0.0.1:9/v1", **comfy, AQUATINT_MODEL="comfy") as server:
        call(server, 1)
        until(moment)
        worker = worker_of(server)
        assert worker
        os.kill(worker, signal.SIGKILL)
        os.killpg(server.process.pid, signal.SIGKILL)
        until(lambda: gone(worker))


def taken_up(home: Path, comfy: dict[str, str]) -> None:
    """A new server of that home, until it has ended the job."""
    with serving(home, "http://127.0.0.1:9/v1", **comfy, AQUATINT_MODEL="comfy") as server:
        call(server, 1, "recent_images")
        answer(server, 1)
        until(lambda: states(home) != ["intent"])


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")
@pytest.mark.parametrize("moment", ["posted", "running", "history"])
def test_server_and_worker_are_killed_and_the_picture_is_kept(
    home: Path, comfy: dict[str, str], fake: FakeComfy, moment: str
) -> None:
    fake.seconds = 0.05
    killed(home, comfy, lambda: getattr(fake, moment))
    taken_up(home, comfy)
    assert states(home) == ["done"]
    assert len(fake.posted) == 1, "it was sent once"
    (saved,) = (fake.folder / "output/aquatint").iterdir()
    (kept,) = home.glob("*.png")
    assert kept.read_bytes() == saved.read_bytes()


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")
def test_of_several_servers_one_goes_on_and_all_have_the_picture(
    home: Path, comfy: dict[str, str], fake: FakeComfy
) -> None:
    fake.seconds = 0.1
    killed(home, comfy, lambda: fake.running)
    job = jobs(home)[0]["id"]
    more = {**comfy, "AQUATINT_MODEL": "comfy"}
    address = "http://127.0.0.1:9/v1"
    with serving(home, address, **more) as one, serving(home, address, **more) as two:
        for server in (one, two):
            call(server, 1, "get_image", image=job)
        for server in (one, two):
            told = answer(server, 1)
            assert not told.get("isError"), told
            assert told["structuredContent"]["status"] == "done"
    assert states(home) == ["done"]
    assert len(fake.posted) == 1


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")
def test_a_killed_worker_alone_is_followed_by_another_one(
    home: Path, comfy: dict[str, str], fake: FakeComfy
) -> None:
    fake.seconds = 0.1
    with serving(home, "http://127.0.0.1:9/v1", **comfy, AQUATINT_MODEL="comfy") as server:
        call(server, 1)
        until(lambda: fake.running)
        worker = worker_of(server)
        assert worker
        os.kill(worker, signal.SIGKILL)
        told = answer(server, 1)
        assert told["structuredContent"]["status"] == "done"
    assert len(fake.posted) == 1


@pytest.mark.full
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")
def test_all_are_killed_comfyui_too_and_the_file_is_found(home: Path, tmp_path: Path) -> None:
    folder, port = tmp_path / "comfy", free_port()
    comfy = {
        "AQUATINT_COMFY_URL": f"http://127.0.0.1:{port}",
        "AQUATINT_COMFY_WORKFLOW": str(EXAMPLES),
    }

    def started() -> subprocess.Popen[bytes]:
        script = Path(__file__).parents[1] / "fake_comfy.py"
        process = subprocess.Popen([sys.executable, script, str(port), folder, "0.02"])
        until(lambda: answers(port))
        return process

    first = started()

    def saved() -> bool:
        files = (folder / "output").glob("aquatint/*.png")
        return any(file.read_bytes().endswith(b"IEND\xaeB`\x82") for file in files)

    killed(home, comfy, saved)
    first.kill()
    first.wait()
    again = started()
    try:
        taken_up(home, comfy)
    finally:
        again.kill()
        again.wait()
    assert states(home) == ["done"], jobs(home)[0]["failure"]


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def answers(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0
