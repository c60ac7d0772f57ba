"""Pictures that come along with a message and are shown within its embeds.

https://docs.discord.com/developers/reference#uploading-files-using-attachments-within-embeds
"""

import json
import struct
from typing import Any

import aiohttp
import pytest

from tests.playground.standin.conftest import Api
from tests.playground.standin.places import ASK, Place

PICTURE = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + struct.pack(">II", 30, 20) + b"\x08\x02\0\0\0"
SHOWN = {"title": "Use", "image": {"url": "attachment://use.png"}}


def form(body: dict[str, Any], *names: str) -> aiohttp.FormData:
    """Files as discord.py sends them: of no particular type."""
    form = aiohttp.FormData()
    form.add_field("payload_json", json.dumps(body))
    for slot, name in enumerate(names):
        form.add_field(f"files[{slot}]", PICTURE, filename=name, content_type="application/octet-stream")
    return form


async def assert_within(api: Api, message: dict[str, Any]) -> None:
    """The picture is in the embed, comes from the CDN, and stands nowhere else."""
    [embed] = message["embeds"]
    assert (embed["image"]["width"], embed["image"]["height"]) == (30, 20)
    assert embed["image"]["content_type"] == "image/png"
    assert await api.get_file(embed["image"]["url"]) == (200, PICTURE)
    assert message["attachments"] == []


@pytest.fixture
async def token(api: Api, place: Place) -> tuple[int, str]:
    await api("PUT", place.commands, [ASK])
    interaction = (await place.fred.slash(place.general, "ask", prompt="Why?")).interaction
    return interaction.id, interaction.token


async def test_a_message_shows_a_picture_within_its_embed_and_not_beside_it(api: Api, place: Place) -> None:
    status, sent = await api("POST", place.messages, data=form({"embeds": [SHOWN]}, "use.png"))
    assert status == 200
    await assert_within(api, sent)
    await assert_within(api, (await api("GET", f"{place.messages}/{sent['id']}"))[1])
    [held] = place.fred.messages(place.general)
    await assert_within(api, place.standin.world.shapes.message(held))


async def test_each_place_in_an_embed_takes_a_picture_and_other_files_stay_beside_it(api: Api, place: Place) -> None:
    embed = {
        "thumbnail": {"url": "attachment://small.png"},
        "author": {"name": "A", "icon_url": "attachment://who.png"},
        "footer": {"text": "F", "icon_url": "attachment://foot.png"},
    }
    names = ("small.png", "who.png", "foot.png", "more.png")
    _, sent = await api("POST", place.messages, data=form({"embeds": [embed]}, *names))
    [shown] = sent["embeds"]
    for url in (shown["thumbnail"]["url"], shown["author"]["icon_url"], shown["footer"]["icon_url"]):
        assert await api.get_file(url) == (200, PICTURE)
    assert [(each["filename"], each["content_type"]) for each in sent["attachments"]] == [("more.png", "image/png")]


async def test_names_of_no_file_and_files_that_are_no_pictures_are_not_shown_within(api: Api, place: Place) -> None:
    for url in ("attachment://other.png", "attachment://use.txt"):
        embed = {"title": "Use", "image": {"url": url}}
        _, sent = await api("POST", place.messages, data=form({"embeds": [embed]}, "use.txt"))
        assert [each["filename"] for each in sent["attachments"]] == ["use.txt"]
        assert sent["embeds"][0]["image"] == {"url": url}


async def test_edits_bring_a_picture_keep_it_and_let_it_stand_beside_when_the_embed_goes(
    api: Api, place: Place
) -> None:
    _, sent = await api("POST", place.messages, {"content": "soon"})
    path = f"{place.messages}/{sent['id']}"
    _, edited = await api("PATCH", path, data=form({"embeds": [SHOWN], "attachments": [{"id": 0}]}, "use.png"))
    await assert_within(api, edited)
    _, other_words = await api("PATCH", path, {"content": "there"})
    await assert_within(api, other_words)
    _, as_it_came = await api("PATCH", path, {"embeds": other_words["embeds"]})
    await assert_within(api, as_it_came)
    _, bare = await api("PATCH", path, {"embeds": []})
    assert [each["filename"] for each in bare["attachments"]] == ["use.png"]


async def test_an_interactions_answers_edits_and_followups_show_it_within(
    api: Api, place: Place, token: tuple[int, str]
) -> None:
    interaction_id, secret = token
    callback = f"/interactions/{interaction_id}/{secret}/callback?with_response=true"
    response = form({"type": 4, "data": {"embeds": [SHOWN], "flags": 64}}, "use.png")
    status, answer = await api("POST", callback, data=response)
    assert status == 200
    await assert_within(api, answer["resource"]["message"])
    assert "/ephemeral-attachments/" in answer["resource"]["message"]["embeds"][0]["image"]["url"]
    body = {"embeds": [SHOWN], "attachments": [{"id": 0}]}
    _, edited = await api("PATCH", place.webhook(secret, "/messages/@original"), data=form(body, "use.png"))
    await assert_within(api, edited)
    _, followup = await api("POST", place.webhook(secret), data=form({"embeds": [SHOWN]}, "use.png"))
    await assert_within(api, followup)
