"""The REST API, as a client sees it that is not discord.py; each exchange is held against Discord's description."""

import json
import os
from dataclasses import replace
from typing import Any

import aiohttp
import pytest

from playground.standin.server import StandIn
from playground.standin.world.clock import ManualClock
from playground.standin.world.entities import MessageFlag
from playground.standin.world.errors import NotOffered, Refused
from playground.standin.world.permissions import Permission
from tests.discord_openapi import exchange_violations
from tests.playground.standin.conftest import Api, MakeStandIn
from tests.playground.standin.places import ASK, Place, code, place_in


async def test_without_a_right_token_nothing_is_told(api: Api, place: Place) -> None:
    api.headers = {"Authorization": "Bot wrong"}
    assert await api("GET", "/users/@me") == (401, {"message": "401: Unauthorized", "code": 0})


async def test_what_is_not_there_is_refused_with_its_own_code(api: Api, place: Place) -> None:
    assert code(await api("GET", "/channels/1")) == (404, 10003)
    assert code(await api("GET", "/guilds/1")) == (404, 10004)
    assert code(await api("GET", f"{place.messages}/1")) == (404, 10008)
    assert code(await api("GET", f"/guilds/{place.guild.id}/members/1")) == (404, 10013)
    stranger = place.standin.control.create_user("stranger")
    assert code(await api("GET", f"/guilds/{place.guild.id}/members/{stranger.id}")) == (404, 10007)
    assert code(await api("GET", "/channels/nonsense")) == (400, 50035)
    assert await api("GET", "/nonsense") == (404, {"message": "404: Not Found", "code": 0})


async def test_what_a_bot_reads_at_its_start_has_discords_shape(api: Api, place: Place) -> None:
    for path in (
        "/users/@me",
        "/users/@me/guilds",
        "/oauth2/applications/@me",
        "/applications/@me",
        "/gateway",
        "/gateway/bot",
        f"/guilds/{place.guild.id}?with_counts=true",
        f"/guilds/{place.guild.id}/channels",
        f"/guilds/{place.guild.id}/roles",
        f"/guilds/{place.guild.id}/members?limit=10",
        f"/guilds/{place.guild.id}/members/search?query=fr",
        f"/guilds/{place.guild.id}/members/{place.fred.id}",
        f"/guilds/{place.guild.id}/threads/active",
        f"/channels/{place.general.id}",
        f"/users/{place.fred.id}",
        f"{place.commands}",
        f"/applications/{place.standin.application.id}/entitlements",
    ):
        status, _ = await api("GET", path)
        assert status == 200, path


async def test_a_message_is_sent_changed_found_and_deleted(api: Api, place: Place) -> None:
    status, sent = await api("POST", place.messages, {"content": f"Hi <@{place.fred.id}>", "embeds": [{"title": "A"}]})
    assert status == 200
    assert [user["id"] for user in sent["mentions"]] == [str(place.fred.id)]
    one = f"{place.messages}/{sent['id']}"
    _, edited = await api("PATCH", one, {"content": "Bye", "allowed_mentions": {"parse": []}})
    assert (edited["content"], edited["mentions"], edited["embeds"][0]["title"]) == ("Bye", [], "A")
    assert edited["edited_timestamp"] is not None
    assert [each["id"] for each in (await api("GET", place.messages))[1]] == [sent["id"]]
    assert (await api("DELETE", one))[0] == 204
    assert code(await api("GET", one)) == (404, 10008)


async def test_messages_that_cannot_be_are_refused(api: Api, place: Place) -> None:
    """https://docs.discord.com/developers/resources/message#create-message"""
    status, body = await api("POST", place.messages, {"content": "x" * 2001})
    assert (status, body["code"]) == (400, 50035)
    assert body["errors"]["content"]["_errors"][0]["code"] == "BASE_TYPE_MAX_LENGTH"
    assert code(await api("POST", place.messages, {"content": " "})) == (400, 50006)
    theirs = await place.fred.send(place.general, "mine")
    assert code(await api("PATCH", f"{place.messages}/{theirs.id}", {"content": "yours"})) == (403, 50005)


async def test_files_go_up_by_multipart_and_come_down_from_the_cdn(api: Api, place: Place) -> None:
    """https://docs.discord.com/developers/reference#uploading-files"""
    form = aiohttp.FormData()
    form.add_field("payload_json", json.dumps({"content": "see", "attachments": [{"id": 0, "description": "words"}]}))
    form.add_field("files[0]", b"all of it", filename="answer.md", content_type="text/markdown")
    status, sent = await api("POST", place.messages, data=form)
    assert status == 200
    [attachment] = sent["attachments"]
    assert (attachment["filename"], attachment["size"], attachment["description"]) == ("answer.md", 9, "words")
    assert await api.get_file(attachment["url"]) == (200, b"all of it")
    assert (await api.get_file(attachment["url"] + "x"))[0] == 404
    assert (await api.get_file(f"{place.standin.cdn_url}/embed/avatars/0.png"))[1].startswith(b"\x89PNG")
    _, edited = await api("PATCH", f"{place.messages}/{sent['id']}", {"attachments": []})
    assert edited["attachments"] == []


async def test_threads_are_opened_joined_archived_and_locked(api: Api, place: Place) -> None:
    """https://docs.discord.com/developers/topics/threads; 160004 and 160006:
    https://docs.discord.com/developers/topics/opcodes-and-status-codes#json
    """
    message = await place.fred.send(place.general, "a subject")
    threads = f"{place.messages}/{message.id}/threads"
    status, thread = await api("POST", threads, {"name": "Talk", "auto_archive_duration": 1440})
    assert (status, thread["id"]) == (201, str(message.id))
    assert code(await api("POST", threads, {"name": "Again"})) == (400, 160004)
    assert code(await api("POST", f"/channels/{place.general.id}/threads", {"name": "", "type": 12})) == (400, 50035)
    _, private = await api("POST", f"/channels/{place.general.id}/threads", {"name": "Us", "type": 12})
    inside = place.standin.world.state.channel(int(private["id"]))
    assert not place.fred.sees(inside)
    assert (await api("PUT", f"/channels/{private['id']}/thread-members/{place.fred.id}"))[0] == 204
    assert place.fred.sees(inside)
    await api("PATCH", f"/channels/{private['id']}", {"archived": True, "locked": True})
    with pytest.raises(Refused, match="50083"):
        await place.fred.send(inside, "too late")
    assert place.fred.commands(inside) == []
    assert len((await api("GET", f"/guilds/{place.guild.id}/threads/active"))[1]["threads"]) == 1
    place.standin.world.threads.most_active = 1
    other = await place.fred.send(place.general, "another subject")
    assert code(await api("POST", f"{place.messages}/{other.id}/threads", {"name": "No"})) == (400, 160006)


async def test_permissions_and_the_order_of_roles_are_kept(api: Api, place: Place) -> None:
    """https://docs.discord.com/developers/topics/permissions#permission-hierarchy; 50001 and 50013:
    https://docs.discord.com/developers/topics/opcodes-and-status-codes#json
    """
    control, guild = place.standin.control, place.guild
    low = control.create_role(guild, "Low")
    path = f"/guilds/{guild.id}/members/{place.fred.id}/roles/"
    assert (await api("PUT", path + str(low.id)))[0] == 204
    assert place.fred.member.role_ids == [low.id]
    high = control.create_role(guild, "High")
    high.position = 99
    assert code(await api("PUT", path + str(high.id))) == (403, 50013)
    assert code(await api("DELETE", f"/guilds/{guild.id}/members/{place.fred.id}")) == (403, 50013)
    bot = place.standin.application.bot
    control.overwrite(place.general, bot, deny=Permission.SEND_MESSAGES)
    assert code(await api("POST", place.messages, {"content": "Hi"})) == (403, 50013)
    control.overwrite(place.general, bot, deny=Permission.VIEW_CHANNEL)
    assert code(await api("POST", place.messages, {"content": "Hi"})) == (403, 50001)


async def test_an_interaction_is_answered_once_and_followed_up(api: Api, place: Place) -> None:
    """https://docs.discord.com/developers/interactions/receiving-and-responding#followup-messages; 40060 and 10015:
    https://docs.discord.com/developers/topics/opcodes-and-status-codes#json
    """
    status, [command] = await api("PUT", place.commands, [ASK])
    assert (status, command["name"]) == (200, "ask")
    invocation = await place.fred.slash(place.general, "ask", prompt="Why?")
    interaction = invocation.interaction
    callback = f"/interactions/{interaction.id}/{interaction.token}/callback"
    assert code(await api("POST", place.webhook(interaction.token), {"content": "early"})) == (404, 10015)
    status, response = await api("POST", callback + "?with_response=true", {"type": 4, "data": {"content": "So."}})
    assert status == 200
    assert response["resource"]["message"]["content"] == "So."
    assert response["interaction"]["response_message_id"] == response["resource"]["message"]["id"]
    assert code(await api("POST", callback, {"type": 4, "data": {"content": "And."}})) == (400, 40060)
    _, followup = await api("POST", place.webhook(interaction.token), {"content": "psst", "flags": 64})
    assert followup["flags"] & MessageFlag.EPHEMERAL
    original = place.webhook(interaction.token, "/messages/@original")
    assert (await api("PATCH", original, {"content": "So!"}))[1]["content"] == "So!"
    assert (await api("GET", original))[1]["content"] == "So!"
    assert (await api("DELETE", original))[0] == 204
    assert code(await api("GET", original)) == (404, 10008)
    assert [message.content for message in place.fred.messages(place.general)] == ["psst"]


async def test_a_deferred_answer_thinks_until_it_is_edited(api: Api, place: Place) -> None:
    """https://docs.discord.com/developers/interactions/receiving-and-responding#edit-original-interaction-response"""
    await api("PUT", place.commands, [ASK])
    invocation = await place.fred.slash(place.general, "ask", prompt="Why?")
    interaction = invocation.interaction
    body = {"type": 5, "data": {"flags": 64}}
    assert (await api("POST", f"/interactions/{interaction.id}/{interaction.token}/callback", body))[0] == 204
    await invocation.acknowledged()
    assert interaction.original is not None
    assert interaction.original.flags & MessageFlag.LOADING
    original = place.webhook(interaction.token, "/messages/@original")
    assert code(await api("PATCH", original, {"content": "x" * 2001})) == (400, 50035)
    assert code(await api("PATCH", original, {"content": ""})) == (400, 50006)
    assert interaction.original.flags & MessageFlag.LOADING
    await api("PATCH", original, {"content": "Because."})
    answer = await invocation.message()
    assert (answer.content, answer.ephemeral_to) == ("Because.", place.fred.id)


async def test_an_interaction_waits_three_seconds_and_its_token_lasts_fifteen_minutes(
    make_standin: MakeStandIn, session: aiohttp.ClientSession
) -> None:
    """https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-callback; 10062 and 50027:
    https://docs.discord.com/developers/topics/opcodes-and-status-codes#json
    """
    clock = ManualClock()
    async with make_standin(clock=clock) as standin:
        place = place_in(standin)
        api = Api(session, standin.api_url, standin.application.token)
        await api("PUT", place.commands, [ASK])
        late = await place.fred.slash(place.general, "ask", prompt="Why?")
        clock.advance(3)
        assert late.failed
        path = f"/interactions/{late.interaction.id}/{late.interaction.token}/callback"
        assert code(await api("POST", path, {"type": 4, "data": {"content": "late"}})) == (404, 10062)
        good = await place.fred.slash(place.general, "ask", prompt="Why?")
        token = good.interaction.token
        await api("POST", f"/interactions/{good.interaction.id}/{token}/callback", {"type": 5})
        clock.advance(899)
        assert (await api("PATCH", place.webhook(token, "/messages/@original"), {"content": "just"}))[0] == 200
        clock.advance(1)
        assert code(await api("PATCH", place.webhook(token, "/messages/@original"), {"content": "no"})) == (401, 50027)


async def test_buttons_and_forms_come_back_filled_in(api: Api, place: Place) -> None:
    """https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-object-modal-submit-data-structure"""
    row = {"type": 1, "components": [{"type": 2, "style": 1, "label": "More", "custom_id": "more"}]}
    _, sent = await api("POST", place.messages, {"content": "Press", "components": [row]})
    message = place.standin.world.state.message(place.general.id, int(sent["id"]))
    with pytest.raises(NotOffered):
        await place.fred.press(message, "less")
    pressed = await place.fred.press(message, "more")
    field = {"type": 18, "label": "What?", "component": {"type": 4, "custom_id": "what", "style": 1, "required": True}}
    modal = {"type": 9, "data": {"title": "More", "custom_id": "form", "components": [field]}}
    callback = f"/interactions/{pressed.interaction.id}/{pressed.interaction.token}/callback"
    assert (await api("POST", callback, modal))[0] == 204
    form = await pressed.modal()
    with pytest.raises(NotOffered):
        await place.fred.submit(form)
    submitted = await place.fred.submit(form, what="this")
    assert submitted.interaction.data["components"][0]["component"]["value"] == "this"
    callback = f"/interactions/{submitted.interaction.id}/{submitted.interaction.token}/callback"
    _, updated = await api("POST", callback + "?with_response=true", {"type": 7, "data": {"content": "Pressed"}})
    assert updated["resource"]["message"]["id"] == sent["id"]
    assert message.content == "Pressed"


async def test_a_command_takes_only_what_it_asks_for(api: Api, place: Place) -> None:
    """https://docs.discord.com/developers/interactions/application-commands#application-command-object-application-command-option-structure"""
    await api("PUT", place.commands, [ASK])
    refused: list[dict[str, Any]] = [{}, {"prompt": "x" * 11}, {"prompt": 5}, {"prompt": "a", "unknown": "b"}]
    for options in refused:
        with pytest.raises(NotOffered):
            await place.fred.slash(place.general, "ask", **options)
    hidden = {"name": "admin", "description": "Admin", "default_member_permissions": 32}
    assert (await api("POST", place.commands, hidden))[0] == 201
    assert [command.name for command in place.fred.commands(place.general)] == ["ask"]


@pytest.mark.skipif(
    "DISCORD_OPENAPI" not in os.environ, reason="DISCORD_OPENAPI names no copy of Discord's description"
)
async def test_what_discord_does_not_describe_is_found(session: aiohttp.ClientSession) -> None:
    async with StandIn() as standin:
        place, api = place_in(standin), Api(session, standin.api_url, standin.application.token)
        form = aiohttp.FormData()
        form.add_field("payload_json", json.dumps({"content": "see", "tts": "loud"}))
        form.add_field("files[0]", b"all of it", filename="answer.md", content_type="text/markdown")
        assert (await api("POST", place.messages, data=form))[0] == 200
        assert (await api("POST", place.messages, {"content": "Hi"}))[0] == 200
        [in_form, right] = standin.control.requests
        assert "tts" in exchange_violations([in_form])[0]
        assert exchange_violations([right]) == []
        assert "no answer with 204" in exchange_violations([replace(right, status=204, answer=None)])[0]
        assert "id" in exchange_violations([replace(right, answer={**right.answer, "id": 5})])[0]
