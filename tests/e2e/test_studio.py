"""The studio's operations, as its page calls them through a host, and what agents hear of it."""

from __future__ import annotations

import base64
import json
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp.types import TextContent, TextResourceContents
from PIL import Image, ImageChops

from conftest import Connect
from retouching import SEES

CAT = Path(__file__).parents[1] / "data/chelsea.png"
RECT = {"kind": "rect", "x": 40, "y": 30, "width": 120, "height": 90}
HOLE = {"kind": "ellipse", "op": "subtract", "x": 60, "y": 40, "width": 50, "height": 50}


async def page(client: Client, op: str, **args: Any) -> dict[str, Any]:
    result = await client.call_tool("studio_page", {"op": op, "args": json.dumps(args)})
    (block,) = result.content
    assert isinstance(block, TextContent)
    assert len(block.text) < 1_000_000, "hosts take no larger result"
    return json.loads(block.text)


async def drawn(client: Client, prompt: str = "a red boat") -> str:
    made = await client.call_tool("generate_image", {"prompt": prompt, "size": "1024x1024"})
    assert made.structured_content
    return made.structured_content["images"][0]["id"]


def opened(url: str) -> Image.Image:
    return Image.open(BytesIO(base64.b64decode(url.partition(",")[2])))


async def test_hosts_find_the_page_and_which_tools_show_it(connect: Connect) -> None:
    async with connect() as client:
        tools = {one.name: one.meta or {} for one in (await client.list_tools()).tools}
        (read,) = (await client.read_resource("ui://aquatint/studio")).contents
    shown = {name for name, meta in tools.items() if "ui" in meta}
    assert shown == {"generate_image", "edit_image", "make_mask", "open_studio", "studio_page"}
    assert tools["studio_page"]["ui"]["visibility"] == ["app"]
    assert isinstance(read, TextResourceContents)
    assert read.mime_type == "text/html;profile=mcp-app"
    assert read.meta
    assert read.meta["ui"]["csp"]["resourceDomains"] == ["data:"]
    assert "<head>" in read.text, "VS Code puts its policy after the first <head>"
    assert len(read.text.encode()) < 100_000


async def test_the_gallery_searches_and_shows_small_pictures(connect: Connect) -> None:
    async with connect() as client:
        boat = await drawn(client)
        await drawn(client, "a green tree")
        listing = await page(client, "list", query="boat")
        assert [one["id"] for one in listing["images"]] == [boat]
        assert max(opened(listing["images"][0]["thumb"]).size) == 320
        first = await page(client, "list", limit=1)
        then = await page(client, "list", limit=1, cursor=first["cursor"])
        assert [one["images"][0]["prompt"] for one in (first, then)] == [
            "a green tree",
            "a red boat",
        ]
        one = await page(client, "image", image=boat)
        assert one["recipe"]["arguments"]["prompt"] == "a red boat"
        look = await page(client, "pixels", image=boat, crop=[100, 200, 300, 50])
        assert opened(look["url"]).size == (300, 50)
        piece = await page(client, "file", image=boat)
        assert base64.b64decode(piece["data"])[:4] == b"\x89PNG"


async def test_what_is_previewed_is_what_is_kept_to_the_pixel(connect: Connect) -> None:
    async with connect() as client:
        boat = await drawn(client)
        for more in ({}, {"feather": 9}, {"invert": True}, {"grow": 12, "smooth": 4}):
            asked = {"image": f"image://{boat}", "regions": [RECT, HOLE], **more}
            preview = await page(client, "mask", **asked)
            kept = await page(client, "make_mask", **asked)
            stored = (await client.read_resource(kept["uri"])).contents[0]
            alpha = Image.open(BytesIO(base64.b64decode(stored.blob)))  # pyright: ignore
            white = alpha.convert("RGB").convert("L").point([0] + [255] * 255)
            seen = opened(preview["url"]).convert("RGBA").getchannel("A")
            assert ImageChops.difference(white, seen).getbbox() is None
            assert (preview["share"], preview["box"]) == (kept["share"], kept["box"])
            assert 0 < preview["share"] < 1


@SEES
async def test_what_is_snapped_to_edges_is_previewed_as_it_is_kept(connect: Connect) -> None:
    async with connect() as client:
        sent = {"upload": "a-cat-0001", "offset": 0, "last": True, "name": "cat.png"}
        data = base64.b64encode(CAT.read_bytes()).decode()
        cat = (await page(client, "upload", **sent, data=data))["id"]
        eye = {"kind": "ellipse", "x": 125, "y": 60, "width": 100, "height": 80}
        plain, snapped = (
            {"image": f"image://{cat}", "regions": [{**eye, **more}]}
            for more in ({}, {"expand": "edges"})
        )
        preview = await page(client, "mask", **snapped)
        kept = await page(client, "make_mask", **snapped)
        assert (preview["share"], preview["box"]) == (kept["share"], kept["box"])
        assert preview["share"] != (await page(client, "mask", **plain))["share"]


async def test_what_the_user_did_is_told_once_with_the_next_result(connect: Connect) -> None:
    async with connect() as client:
        boat = await drawn(client)
        await page(client, "annotate", image=boat, kind="pick")
        pin = {"kind": "pin", "x": 250, "y": 700, "words": "make it blue"}
        await page(client, "annotate", image=boat, **pin)
        told = await client.call_tool("recent_images", {})
        words = told.content[-1]
        assert isinstance(words, TextContent)
        assert words.text == (
            f"In the studio, the user picked image://{boat}; left a note on image://{boat} "
            'at 250,700 permille: "make it blue".'
        )
        assert told.structured_content
        assert told.structured_content["user"] == words.text
        again = await client.call_tool("recent_images", {})
        assert again.structured_content
        assert "user" not in again.structured_content
        open_ = (await page(client, "annotations", image=boat))["annotations"]
        assert [(one["kind"], one["told"] is not None) for one in open_] == [
            ("pick", True),
            ("pin", True),
        ]
        await page(client, "unannotate", id=open_[0]["id"])
        assert len((await page(client, "annotations"))["annotations"]) == 1


async def test_a_name_from_the_page_is_a_reference_and_the_agent_hears_of_it(
    connect: Connect,
) -> None:
    async with connect() as client:
        image = await drawn(client)
        named = await page(client, "name", image=f"image://{image}", name="@Hero")
        assert named["names"] == ["@Hero"]
        board = await page(client, "list", kind="named")
        assert [one["names"] for one in board["images"]] == [["@Hero"]]
        result = await client.call_tool("get_image", {"image": "@hero"})
        told = "".join(one.text for one in result.content if isinstance(one, TextContent))
        assert f"named image://{image} @Hero, which is a reference" in told
        assert (await page(client, "unname", name="hero"))["names"] == []
        assert (await page(client, "list", kind="named"))["images"] == []
        refused = await page(client, "name", image=image, name="a/b")
        assert refused["error"]["code"] == "bad_name"


async def test_a_picture_comes_up_in_pieces_and_the_agent_hears_of_it(connect: Connect) -> None:
    data, step = CAT.read_bytes(), 100_000
    answer: dict[str, Any] = {}
    async with connect() as client:
        for at in range(0, len(data), step):
            part = base64.b64encode(data[at : at + step]).decode()
            last = at + step >= len(data)
            more = {"upload": "upload-1", "offset": at, "name": "cat.png", "last": last}
            answer = await page(client, "upload", data=part, **more)
        assert answer["received"] == len(data)
        stored = (await client.read_resource(f"image://{answer['id']}")).contents[0]
        assert base64.b64decode(stored.blob) == data  # pyright: ignore
        news = (await client.call_tool("recent_images", {})).structured_content
        assert news
        assert f"added the picture image://{answer['id']}" in news["user"]
        lost = await page(client, "upload", upload="upload-2", offset=5, data="QUJD")
        assert "missing" in lost["error"]["message"]


async def test_an_edit_has_its_price_before_it_is_sent_and_what_is_new_is_seen(
    connect: Connect,
) -> None:
    async with connect() as client:
        boat = await drawn(client)
        before = await page(client, "changes")
        same = await page(client, "changes", since=before["revision"])
        assert not same["changed"]
        mask = await page(client, "make_mask", image=boat, regions=[RECT])
        edit = {"images": [f"image://{boat}"], "mask": mask["uri"], "prompt": "a flag"}
        price = await page(client, "quote", **edit)
        assert (price["usd"], price["free"]) == (0, True)
        done = await page(client, "edit", **edit)
        assert done["status"] == "done"
        assert (await page(client, "changes", since=before["revision"]))["changed"]
        one = await page(client, "image", image=boat)
        assert {child["id"] for child in one["children"]} >= {mask["id"], *done["images"]}
        money = await page(client, "jobs")
        assert (money["running"], money["today_usd"]) == ([], 0)
        gone = await page(client, "forget", images=done["images"])
        assert set(done["images"]) <= set(gone["forgotten"])


@pytest.mark.parametrize(
    ("op", "args", "words"),
    [
        ("paint", {}, "no operation"),
        ("list", {"limit": 99}, "limit"),
        ("mask", {"regions": [RECT], "image": "image://gone"}, "no picture"),
        ("mask", {"regions": [], "width": 9, "height": 9}, "regions is empty"),
        ("annotate", {"image": "gone", "kind": "pick"}, "no picture"),
    ],
)
async def test_what_is_wrong_is_an_answer_with_words(
    connect: Connect, op: str, args: dict[str, Any], words: str
) -> None:
    async with connect() as client:
        assert words in (await page(client, op, **args))["error"]["message"]


async def test_a_dear_edit_from_the_page_needs_the_users_consent_as_any_other(
    connect: Connect,
) -> None:
    keyed = {"OPENAI_API_KEY": "sk-test", "AQUATINT_CONFIRM_USD": "0.0001"}
    async with connect(**keyed, OPENAI_BASE_URL="http://127.0.0.1:9/v1") as client:
        refused = await page(client, "generate", prompt="a boat", quality="high")
    assert refused["error"]["code"] == "needs_confirmation"


async def test_a_family_is_walked_from_any_member(connect: Connect) -> None:
    async with connect() as client:
        boat = await drawn(client)
        mask = await page(client, "make_mask", image=f"image://{boat}", regions=[RECT])
        edits = [
            (await page(client, "edit", images=[f"image://{boat}"], prompt=words, mask=mask["uri"]))
            for words in ("a blue sail", "a green sail")
        ]
        (blue,), (green,) = (one["images"] for one in edits)
        again = await page(client, "edit", images=[f"image://{blue}"], prompt="a cat on deck")
        (cat,) = again["images"]
        tree = (await page(client, "tree", image=cat))["versions"]
        assert [(one["id"], one["under"]) for one in tree] == [
            (boat, None),
            (mask["id"], boat),
            (blue, boat),
            (cat, blue),
            (green, boat),
        ]
        assert all(max(opened(one["thumb"]).size) <= 96 for one in tree)
        await page(client, "forget", images=[f"image://{blue}"])
        left = (await page(client, "tree", image=cat))["versions"]
        assert (cat, None) in [(one["id"], one["under"]) for one in left]


async def test_people_at_one_picture_see_what_the_others_mark(connect: Connect) -> None:
    async with connect() as client:
        boat, tree = await drawn(client), await drawn(client, "a green tree")
        mine = {"image": boat, "person": "anna"}
        stroke = {"kind": "brush", "points": [[10, 10], [90, 40.5]], "width": 12}
        alone = await page(client, "beside", **mine, regions=[stroke], at=[90, 40])
        assert alone == {"others": []}
        seen = await page(client, "beside", image=boat, person="badr", regions=[], at=None)
        (anna,) = seen["others"]
        assert (anna["person"], anna["at"]) == ("anna", [90, 40])
        assert anna["regions"][0]["points"] == [[10, 10], [90, 40.5]]
        await page(client, "beside", **mine)  # without a word about her regions they stay
        seen = await page(client, "beside", image=boat, person="badr")
        assert len(seen["others"][0]["regions"]) == 1
        assert await page(client, "beside", image=tree, person="carl") == {"others": []}
        wrong = await page(client, "beside", image=boat, person="x", regions=[])
        assert wrong["error"]["code"] == "bad_request"


async def test_what_is_drawn_on_a_picture_is_told_and_goes_with_an_edit(connect: Connect) -> None:
    async with connect() as client:
        boat = await drawn(client)
        line = [[100, 200], [400.4, 250], [390, 600]]
        await page(client, "annotate", image=boat, kind="sketch", points=line, words="a flag")
        told = await client.call_tool("recent_images", {})
        assert told.structured_content
        assert told.structured_content["user"] == (
            f"In the studio, the user left a sketch on image://{boat} from 100,200 to 400,600 "
            'permille: "a flag".'
        )
        marks = Image.new("RGBA", (1024, 1024))
        marks.paste((230, 40, 60, 255), (100, 200, 400, 230))
        out = BytesIO()
        marks.save(out, "PNG")
        sent = {"upload": "marks-0001", "offset": 0, "last": True, "name": "marks.png"}
        data = base64.b64encode(out.getvalue()).decode()
        kept = await page(client, "upload", **sent, data=data, kind=None)
        listed = [one["id"] for one in (await page(client, "list"))["images"]]
        assert listed == [boat], "what the page alone needs is in no list"
        order = {"images": [f"image://{boat}"], "prompt": "as marked"}
        assert (await page(client, "quote", **order))["markup"]
        made = await page(client, "edit", **order, markup=f"image://{kept['id']}")
        (row,) = (await page(client, "image", image=made["images"][0]))["parents"][1:]
        assert (row["id"], row["role"]) == (kept["id"], "markup")
