"""What Discord takes as a message, each rule with the page that says so."""

import io
from typing import Any

import aiohttp
import pytest

from playground.standin.world.clock import ManualClock
from playground.standin.world.entities import MessageFlag
from playground.standin.world.permissions import Permission
from tests.playground.standin.conftest import Api, MakeStandIn
from tests.playground.standin.places import Place, button, code, field_errors, place_in, row, sent

LAYOUT = int(MessageFlag.IS_COMPONENTS_V2)


def text(content: str) -> dict[str, Any]:
    return {"type": 10, "content": content}


@pytest.mark.parametrize(
    ("embed", "field"),
    [
        ({"title": "x" * 257}, "embeds.0.title"),
        ({"description": "x" * 4097}, "embeds.0.description"),
        ({"author": {"name": "x" * 257}}, "embeds.0.author.name"),
        ({"footer": {"text": "x" * 2049}}, "embeds.0.footer.text"),
        ({"fields": [{"name": "a", "value": "b"}] * 26}, "embeds.0.fields"),
        ({"fields": [{"name": "x" * 257, "value": "b"}]}, "embeds.0.fields.0.name"),
        ({"fields": [{"name": "a", "value": "x" * 1025}]}, "embeds.0.fields.0.value"),
        ({"description": "x" * 4096, "footer": {"text": "x" * 1905}}, "embeds"),
    ],
)
async def test_embeds_keep_to_their_limits(api: Api, place: Place, embed: dict[str, Any], field: str) -> None:
    """https://docs.discord.com/developers/resources/message#embed-object-embed-limits"""
    assert list(field_errors(await api("POST", place.messages, {"embeds": [embed]}))) == [field]


@pytest.mark.parametrize(
    ("components", "field"),
    [
        ([button()], "components.0.type"),
        ([text("only with the flag")], "components.0.type"),
        ([row(*(button(str(n)) for n in range(6)))], "components.0.components"),
        ([row()], "components.0.components"),
        ([row(button(str(n))) for n in range(6)], "components"),
        ([row(button("same"), button("same"))], "components"),
        ([row(button("x" * 101))], "components.0.components.0.custom_id"),
        ([row(button(label="x" * 81))], "components.0.components.0.label"),
        ([row(button(url="https://example.com"))], "components.0.components.0.url"),
        ([row({"type": 2, "style": 1, "label": "No id"})], "components.0.components.0.custom_id"),
        ([row({"type": 2, "style": 5, "label": "Link"})], "components.0.components.0.url"),
        (
            [row({"type": 2, "style": 5, "url": "https://e.org", "custom_id": "a"})],
            "components.0.components.0.custom_id",
        ),
        ([row({"type": 2, "style": 6})], "components.0.components.0.sku_id"),
        ([row({"type": 2, "style": 6, "sku_id": "1", "label": "Buy"})], "components.0.components.0.label"),
        ([row({"type": 3, "custom_id": "s", "options": []})], "components.0.components.0.options"),
        ([row({"type": 5, "custom_id": "s"}, button())], "components.0.components"),
        ([row({"type": 5, "custom_id": "s", "max_values": 26})], "components.0.components.0.min_values"),
        (
            [row({"type": 3, "custom_id": "s", "options": [{"label": "x" * 101, "value": "v"}]})],
            "components.0.components.0.options.0.label",
        ),
        (
            [row({"type": 3, "custom_id": "s", "options": [{"label": "a", "value": "v"}] * 2})],
            "components.0.components.0.options",
        ),
    ],
)
async def test_components_are_what_their_kind_allows(
    api: Api, place: Place, components: list[dict[str, Any]], field: str
) -> None:
    """https://docs.discord.com/developers/components/reference: rows, buttons by style, selects.

    That a select's values must differ is not documented; discord.py's users meet it as SELECT_COMPONENT_OPTION_VALUE_….
    """
    answer = await api("POST", place.messages, {"content": "Hi", "components": components})
    assert list(field_errors(answer)) == [field]


@pytest.mark.parametrize(
    ("components", "field"),
    [
        ([{"type": 17, "components": [text("x")] * 40}], "components"),
        ([text("x" * 2001), text("x" * 2000)], "components"),
        ([text("")], "components.0.content"),
        ([button()], "components.0.type"),
        ([{"type": 9, "components": [text("a")] * 4, "accessory": button()}], "components.0.components"),
        ([{"type": 9, "components": [text("a")]}], "components.0.accessory.type"),
        ([{"type": 17, "components": [{"type": 17, "components": [text("a")]}]}], "components.0.components.0.type"),
        ([{"type": 12, "items": list[Any]()}], "components.0.items"),
    ],
)
async def test_layouts_hold_forty_components_and_four_thousand_characters(
    api: Api, place: Place, components: list[dict[str, Any]], field: str
) -> None:
    """https://docs.discord.com/developers/components/reference: at most 40 components, and what may stand in what.

    4,000 characters in all text displays together is not documented there (4,000 each is in the published OpenAPI);
    the stricter sum is what discord.py's LayoutView documents and checks.
    """
    answer = await api("POST", place.messages, {"flags": LAYOUT, "components": components})
    assert list(field_errors(answer)) == [field]


async def test_a_layout_has_no_content_and_stays_a_layout(api: Api, place: Place) -> None:
    """https://docs.discord.com/developers/resources/message#edit-message: the flag can only be set."""
    refused = await api("POST", place.messages, {"flags": LAYOUT, "components": [text("a")], "content": "b"})
    assert list(field_errors(refused)) == ["content"]
    plain = await sent(api, place, content="plain", embeds=[{"title": "A"}])
    one = f"{place.messages}/{plain.id}"
    edit: dict[str, Any] = {"flags": LAYOUT, "components": [text("layout")]}
    assert list(field_errors(await api("PATCH", one, edit))) == ["content"]
    _, edited = await api("PATCH", one, {**edit, "content": None, "embeds": []})
    assert (edited["flags"] & LAYOUT, edited["content"]) == (LAYOUT, "")
    _, edited = await api("PATCH", one, {"flags": 0})
    assert edited["flags"] & LAYOUT
    assert list(field_errors(await api("PATCH", one, {"content": "back"}))) == ["content"]


async def test_every_kind_of_select_comes_back_with_what_was_chosen(api: Api, place: Place) -> None:
    """https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-object-message-component-data-structure"""
    option = {"label": "One", "value": "1"}
    kinds: dict[int, dict[str, Any]] = {3: {"options": [option], "min_values": 0}, 5: {}, 6: {}, 7: {}, 8: {}}
    rows = [row({"type": kind, "custom_id": f"s{kind}", **more}) for kind, more in kinds.items()]
    message = await sent(api, place, content="Choose", components=rows)
    role = place.standin.control.create_role(place.guild, "Role")
    chosen = {5: place.fred.id, 6: role.id, 7: role.id, 8: place.general.id}
    resolved = {5: "users", 6: "roles", 7: "roles", 8: "channels"}
    assert (await place.fred.select(message, "s3", [])).interaction.data["values"] == []
    for kind, snowflake in chosen.items():
        data = (await place.fred.select(message, f"s{kind}", [str(snowflake)])).interaction.data
        assert (data["component_type"], data["values"]) == (kind, [str(snowflake)])
        assert list(data["resolved"][resolved[kind]]) == [str(snowflake)]


async def test_mentions_ping_only_whom_the_sender_may_and_the_body_allows(api: Api, place: Place) -> None:
    """https://docs.discord.com/developers/resources/message#allowed-mentions-object"""
    control, guild, fred = place.standin.control, place.guild, place.fred.id
    quiet, loud = control.create_role(guild, "Quiet"), control.create_role(guild, "Loud", mentionable=True)
    everybody = f"@everyone <@{fred}> <@&{quiet.id}> <@&{loud.id}>"

    async def pinged(**body: Any) -> tuple[list[int], list[int], bool]:
        found = (await sent(api, place, **body)).mentions
        return [user.id for user in found.users], found.role_ids, found.everyone

    assert await pinged(content=everybody) == ([fred], [loud.id], False)
    assert await pinged(content=everybody, allowed_mentions={"parse": []}) == ([], [], False)
    assert await pinged(content=everybody, allowed_mentions={"users": [str(fred)]}) == ([fred], [], False)
    assert await pinged(flags=LAYOUT, components=[text(everybody)]) == ([fred], [loud.id], False)
    control.overwrite(place.general, place.standin.application.bot, allow=Permission.MENTION_EVERYONE)
    assert await pinged(content=everybody) == ([fred], [quiet.id, loud.id], True)
    both = {"parse": ["users"], "users": [str(fred)]}
    assert list(field_errors(await api("POST", place.messages, {"content": "x", "allowed_mentions": both}))) == [
        "allowed_mentions"
    ]
    theirs = await place.fred.send(place.general, "a question")
    reply: dict[str, Any] = {"content": "an answer", "message_reference": {"message_id": str(theirs.id)}}
    assert (await pinged(**reply))[0] == [fred]
    assert (await pinged(**reply, allowed_mentions={"parse": ["users"]}))[0] == []
    assert (await pinged(**reply, allowed_mentions={"replied_user": True}))[0] == [fred]


async def test_a_nonce_that_is_enforced_sends_once(api: Api, place: Place) -> None:
    """https://docs.discord.com/developers/resources/message#create-message: `nonce`, `enforce_nonce`, 25 characters."""
    body = {"content": "Hi", "nonce": "n", "enforce_nonce": True}
    first, second = await sent(api, place, **body), await sent(api, place, **body)
    assert first is second
    assert await sent(api, place, **{**body, "enforce_nonce": False}) is not first
    assert list(field_errors(await api("POST", place.messages, {"content": "Hi", "nonce": "x" * 26}))) == ["nonce"]


async def test_nobody_replies_to_what_is_gone_or_to_a_system_message(api: Api, place: Place) -> None:
    """https://docs.discord.com/developers/resources/message#create-message: must exist, and be no system message."""
    reference: dict[str, Any] = {"message_id": "1"}
    body = {"content": "Hi", "message_reference": reference}
    assert list(field_errors(await api("POST", place.messages, body))) == ["message_reference"]
    reference["fail_if_not_exists"] = False
    assert (await api("POST", place.messages, body))[0] == 200
    await api("POST", f"/channels/{place.general.id}/threads", {"name": "Talk", "type": 11})
    [created] = [m for m in place.fred.messages(place.general) if m.type == 18]
    reference["message_id"] = str(created.id)
    assert list(field_errors(await api("POST", place.messages, body))) == ["message_reference"]


async def test_old_messages_are_edited_so_often_an_hour(
    make_standin: MakeStandIn, session: aiohttp.ClientSession
) -> None:
    """https://docs.discord.com/developers/topics/opcodes-and-status-codes#json: 30046 is there, with an hour.

    How many edits there may be is not documented, on purpose (https://github.com/discord/discord-api-docs/issues/4413);
    five is low enough for tests to meet it. 429 as its HTTP status is not documented either: it is what bots report.
    """
    clock = ManualClock()
    async with make_standin(clock=clock) as standin:
        place, api = place_in(standin), Api(session, standin.api_url, standin.application.token)
        message = await sent(api, place, content="0")
        one = f"{place.messages}/{message.id}"
        for n in range(10):
            assert (await api("PATCH", one, {"content": f"young {n}"}))[0] == 200
        clock.advance(3601)
        statuses = [(await api("PATCH", one, {"content": f"old {n}"}))[0] for n in range(6)]
        assert statuses == [200] * 5 + [429]
        assert message.content == "old 4"
        clock.advance(3601)
        assert (await api("PATCH", one, {"content": "another hour"}))[0] == 200


async def test_a_file_larger_than_ten_mebibytes_is_refused(api: Api, place: Place) -> None:
    """https://docs.discord.com/developers/reference#uploading-files: 10 MiB by default; JSON error 40005."""
    form = aiohttp.FormData()
    form.add_field("payload_json", "{}")
    form.add_field("files[0]", io.BytesIO(bytes(10 * 1024 * 1024 + 1)), filename="big.bin")
    assert code(await api("POST", place.messages, data=form)) == (413, 40005)
    assert place.fred.messages(place.general) == []


async def test_reactions_are_listed_and_cleared(api: Api, place: Place) -> None:
    """https://docs.discord.com/developers/resources/message#get-reactions"""
    message = await sent(api, place, content="Nice?")
    await place.fred.react(message, "👍")
    reactions = f"{place.messages}/{message.id}/reactions"
    assert (await api("PUT", f"{reactions}/%F0%9F%91%8D/@me"))[0] == 204
    users = (await api("GET", f"{reactions}/%F0%9F%91%8D"))[1]
    assert {user["id"] for user in users} == {str(place.fred.id), str(place.standin.application.bot.id)}
    assert (await api("DELETE", f"{reactions}/%F0%9F%91%8D/{place.fred.id}"))[0] == 204
    assert message.reactions == {"👍": [place.standin.application.bot.id]}
    assert (await api("DELETE", reactions))[0] == 204
    assert message.reactions == {}


async def test_messages_are_pinned_by_who_may(api: Api, place: Place) -> None:
    """https://docs.discord.com/developers/resources/message#pin-message"""
    message = await sent(api, place, content="Keep")
    pins = f"{place.messages}/pins"
    assert code(await api("PUT", f"{pins}/{message.id}")) == (403, 50013)
    place.standin.control.overwrite(place.general, place.standin.application.bot, allow=Permission.PIN_MESSAGES)
    assert (await api("PUT", f"{pins}/{message.id}"))[0] == 204
    _, listed = await api("GET", pins)
    assert ([item["message"]["id"] for item in listed["items"]], listed["has_more"]) == ([str(message.id)], False)
    assert [each["pinned"] for each in (await api("GET", f"/channels/{place.general.id}/pins"))[1]] == [True]
    assert [m.type for m in place.fred.messages(place.general)][-1] == 6
    assert (await api("DELETE", f"{pins}/{message.id}"))[0] == 204
    assert (await api("GET", pins))[1]["items"] == []
