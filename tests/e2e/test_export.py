"""Pictures that are there become files, free: sizes, formats, crops and what is said of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from aquatint.domain.errors import AquatintError
from aquatint.domain.requests.existing import ExportRequest
from aquatint.domain.types import LOCAL, Caller, GenerateRequest
from aquatint.services.images import ImageService
from aquatint.services.outcomes import Outcome
from conftest import Connect, MakeApp
from words import images_of, look, text_of


async def quiet(_: object) -> None:
    """Nobody watches the progress."""


async def drawn(service: ImageService, **asked: object) -> str:
    request = GenerateRequest.model_validate({"prompt": "A red kite", "size": "640x480", **asked})
    outcome = await service.generate(request, Caller(LOCAL), quiet)
    return f"image://{outcome.images[0].id}"


async def export(service: ImageService, workspace: Path, **asked: object) -> Outcome:
    request = ExportRequest.model_validate(asked)
    return await service.exports.export(request, Caller(LOCAL, roots=(str(workspace),)))


async def test_a_picture_becomes_every_file_and_the_catalog_knows_them(
    make_app: MakeApp, workspace: Path
) -> None:
    names = ("hero.webp", "icon-{16,32}.png", "favicon.ico", "og-{1200x630}.jpg")
    async with make_app().service() as service:
        image = await drawn(service)
        outcome = await export(service, workspace, image=image, save_to=names)
        known = await service.library.image(image.removeprefix("image://"), Caller(LOCAL))
    sizes = {Path(one.path).name: (one.width, one.height) for one in outcome.written}
    assert sizes == {
        "hero.webp": (640, 480),
        "icon-16.png": (16, 12),
        "icon-32.png": (32, 24),
        "favicon.ico": (48, 48),
        "og-1200x630.jpg": (1200, 630),
    }
    for one in outcome.written:
        assert Path(one.path).stat().st_size == one.bytes
        assert look(Path(one.path))[0] == (one.width, one.height)
    unknown = {"sha256": "", "whole": False}  # which the catalog keeps elsewhere
    assert known.saved == tuple(one.model_copy(update=unknown) for one in outcome.written)
    assert any("og-1200x630.jpg is larger" in warning for warning in outcome.warnings)
    assert outcome.cost_usd is None


async def test_the_same_format_and_size_is_the_file_itself(
    make_app: MakeApp, workspace: Path, home: Path
) -> None:
    async with make_app().service() as service:
        image = await drawn(service)
        await export(service, workspace, image=image, save_to=("copy.png",))
    assert (workspace / "copy.png").read_bytes() == next(home.glob("*.png")).read_bytes()


@pytest.mark.parametrize(
    ("crop", "units"),
    [
        ((64, 48, 320, 240), "pixel"),
        ((0.1, 0.1, 0.5, 0.5), "fraction"),
        ((100, 100, 500, 500), "permille"),
    ],
)
async def test_a_crop_is_the_same_part_in_every_unit(
    make_app: MakeApp, workspace: Path, home: Path, crop: tuple[float, ...], units: str
) -> None:
    async with make_app().service() as service:
        image = await drawn(service)
        await export(service, workspace, image=image, save_to=("part.png",), crop=crop, units=units)
    with Image.open(next(home.glob("*.png"))) as whole, Image.open(workspace / "part.png") as part:
        assert (
            part.convert("RGB").tobytes() == whole.convert("RGB").crop((64, 48, 384, 288)).tobytes()
        )


async def test_a_crop_over_the_edge_is_cut_and_said(make_app: MakeApp, workspace: Path) -> None:
    async with make_app().service() as service:
        image = await drawn(service)
        over = await export(
            service, workspace, image=image, save_to=("a.png",), crop=(600, 0, 100, 100)
        )
        with pytest.raises(AquatintError, match="no pixel of the picture") as outside:
            await export(
                service, workspace, image=image, save_to=("b.png",), crop=(700, 0, 100, 100)
            )
    assert look(workspace / "a.png")[0] == (40, 100)
    assert "cut there" in over.warnings[0]
    assert "640x480" in outside.value.fix


async def test_a_colour_goes_under_what_is_transparent_and_only_there(
    make_app: MakeApp, workspace: Path
) -> None:
    clear = Image.new("RGBA", (8, 8), (255, 0, 0, 255))
    clear.paste((0, 0, 0, 0), (0, 0, 4, 8))
    clear.save(workspace / "logo.png")
    Image.new("RGB", (8, 8), "red").save(workspace / "flat.png")
    async with make_app().service() as service:
        asked = {"background": "#00ff00", "overwrite": True}
        laid = await export(service, workspace, image="logo.png", save_to=("on.png",), **asked)
        flat = await export(service, workspace, image="flat.png", save_to=("on2.png",), **asked)
        with pytest.raises(AquatintError, match="is not a colour"):
            await export(
                service, workspace, image="logo.png", save_to=("x.png",), background="greenish"
            )
    with Image.open(workspace / "on.png") as on:
        assert (on.mode, on.getpixel((0, 0)), on.getpixel((7, 0))) == (
            "RGB",
            (0, 255, 0),
            (255, 0, 0),
        )
    assert not laid.warnings
    assert "changed nothing" in flat.warnings[0]


async def test_everything_wrong_is_told_at_once_and_nothing_is_written(
    make_app: MakeApp, workspace: Path
) -> None:
    (workspace / "there.png").write_bytes(b"mine")
    async with make_app(AQUATINT_MAX_PIXELS="1000000").service() as service:
        image = await drawn(service)
        with pytest.raises(AquatintError) as refused:
            await export(
                service,
                workspace,
                image=image,
                save_to=("there.png", "../out.png", "wall-{4000}.png", "fine.png"),
            )
        with pytest.raises(AquatintError, match="both are missing"):
            await export(service, workspace, image=image, save_to=())
        with pytest.raises(AquatintError, match="out of range"):
            await export(service, workspace, image=image, save_to=("a.jpg",), compression=101)
        with pytest.raises(AquatintError, match="another"):
            await export(service, workspace, image=image, save_to=("a.png",), format="webp")
    for word in (
        "there.png",
        "out.png",
        "wall-4000.png has 4000x3000 pixels",
        "AQUATINT_MAX_PIXELS",
    ):
        assert word in str(refused.value)
    assert (workspace / "there.png").read_bytes() == b"mine"
    assert not (workspace / "fine.png").exists()


async def test_format_names_a_file_without_an_extension(make_app: MakeApp, workspace: Path) -> None:
    async with make_app().service() as service:
        image = await drawn(service)
        await export(service, workspace, image=image, save_to=("hero",), format="jpeg")
    assert look(workspace / "hero.jpg")[0] == (640, 480)


async def test_an_agent_writes_the_chosen_one_of_four_where_it_is_wanted(
    connect: Connect, workspace: Path
) -> None:
    async with connect() as client:
        four = images_of(await client.call_tool("generate_image", {"prompt": "A red kite", "n": 4}))
        asked = {"image": four[2]["uri"], "save_to": ["logo.webp", "logo-{64}.png"]}
        result = await client.call_tool("export_image", asked)
        again = await client.call_tool("export_image", asked)
    exported = images_of(result)[0]
    assert exported["uri"] == four[2]["uri"]
    assert [copy["path"] for copy in exported["saved"]] == [
        str(workspace / "logo.webp"),
        str(workspace / "logo-64.png"),
    ]
    assert look(workspace / "logo-64.png")[0] == (64, 64)
    assert "cost" not in text_of(result)
    assert again.is_error
    assert "overwrite" in text_of(again)
