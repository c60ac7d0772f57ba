"""What Discord's gateway asks of clients and tells them, each by the page that says so."""

import json
from typing import Any

import aiohttp
import pytest

from playground.standin.person import Person
from playground.standin.server import StandIn
from playground.standin.socket.gateway import Pace
from playground.standin.socket.intents import Intent
from playground.standin.world.clock import ManualClock
from playground.standin.world.entities import Guild
from playground.standin.world.permissions import Permission
from tests.playground.standin.conftest import Api, Connect, MakeStandIn, Socket, Town

GUILDS = int(Intent.GUILDS)
MEMBERS = int(Intent.GUILDS | Intent.GUILD_MEMBERS)
PRESENCES = int(Intent.GUILDS | Intent.GUILD_PRESENCES)
ALL_GRANTED = 1 << 12 | 1 << 14 | 1 << 18


async def start(standin: StandIn, connect: Connect, intents: int = GUILDS, **more: Any) -> Socket:
    socket = await connect(standin)
    await socket.identify(standin.application.token, intents, **more)
    return socket


def populated(standin: StandIn, people: int) -> tuple[Guild, list[Person]]:
    guild = standin.control.create_guild("Academy")
    make = standin.control.create_user
    return guild, [standin.control.add_member(guild, make(f"member{number:03}")) for number in range(people)]


# Sending


@pytest.mark.parametrize(("size", "code"), [(4096, None), (4097, 4002)])
async def test_a_payload_of_more_than_4096_bytes_ends_the_connection(
    standin: StandIn, connect: Connect, size: int, code: int | None
) -> None:
    """https://discord.com/developers/docs/events/gateway#sending-events"""
    socket = await start(standin, connect)
    frame = json.dumps({"op": 1, "d": None, "x": ""})
    await socket.ws.send_str(frame.replace('""', f'"{"x" * (size - len(frame))}"'))
    if code is None:
        assert (await socket.receive())["op"] == 11
    else:
        assert await socket.closed() == code


async def test_120_events_a_minute_are_the_most_a_connection_takes(make_standin: MakeStandIn, connect: Connect) -> None:
    """https://discord.com/developers/docs/events/gateway#rate-limiting"""
    clock = ManualClock()
    async with make_standin(clock=clock) as standin:
        socket = await start(standin, connect)
        for _ in range(119):
            await socket.send(1, None)
            assert (await socket.receive())["op"] == 11
        clock.advance(60)
        for _ in range(120):
            await socket.send(1, None)
            assert (await socket.receive())["op"] == 11
        await socket.send(1, None)
        assert await socket.closed() == 4008


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ({"op": 2, "d": {"token": "TOKEN", "intents": 1, "properties": {}}}, 4005),
        ({"op": 6, "d": {"token": "TOKEN", "session_id": "x", "seq": 1}}, 4005),
        ({"op": 10, "d": {}}, 4001),
        ({"op": 2, "d": []}, 4002),
        ({"op": 8, "d": {"guild_id": "academy", "query": "", "limit": 0}}, 4002),
        ({"op": 8, "d": {"guild_id": "GUILD"}}, 4002),
        ({"op": 3, "d": {"status": "sleepy", "activities": [], "since": None, "afk": False}}, 4002),
        ({"op": 8, "d": {"guild_id": "GUILD", "query": "", "limit": 0}}, 4014),
    ],
)
async def test_what_a_ready_client_must_not_send_ends_the_connection_with_its_code(
    standin: StandIn, connect: Connect, frame: dict[str, Any], code: int
) -> None:
    """https://discord.com/developers/docs/topics/opcodes-and-status-codes#gateway-gateway-close-event-codes"""
    guild, _ = populated(standin, 0)
    socket = await start(standin, connect)
    text = json.dumps(frame).replace("TOKEN", standin.application.token).replace("GUILD", str(guild.id))
    await socket.ws.send_str(text)
    assert await socket.closed() == code


@pytest.mark.parametrize("opcode", [3, 4, 8])
async def test_nothing_but_heartbeats_is_taken_before_identifying_or_after_the_session_was_invalidated(
    standin: StandIn, connect: Connect, opcode: int
) -> None:
    """https://discord.com/developers/docs/topics/opcodes-and-status-codes#gateway-gateway-close-event-codes (4003)"""
    early, late = await connect(standin), await start(standin, connect)
    await early.receive()
    await early.send(1, None)
    assert (await early.receive())["op"] == 11
    standin.control.invalidate_sessions()
    assert (await late.receive())["d"] is False
    for socket in (early, late):
        await socket.send(opcode, {"guild_id": "1", "query": "", "limit": 1, "status": "idle", "activities": []})
        assert await socket.closed() == 4003


async def test_versions_that_are_gone_and_shards_with_too_many_servers_are_refused(
    make_standin: MakeStandIn, connect: Connect, session: aiohttp.ClientSession
) -> None:
    """https://discord.com/developers/docs/events/gateway#sharding (2500 servers a shard), and 4012 for the version"""
    assert Pace().guilds_per_shard == 2500
    async with make_standin(pace=Pace(guilds_per_shard=1)) as standin:
        for name in ("One", "Two"):
            standin.control.create_guild(name)
        socket = await connect(standin)
        await socket.send(2, {"token": standin.application.token, "intents": GUILDS, "properties": {}})
        assert await socket.closed() == 4011
        old = Socket(await session.ws_connect(f"{standin.gateway_url}?v=6&encoding=json"))
        assert await old.closed() == 4012
        control = await start(standin, connect, shard=[5, 64])
        standin.control.close_connections(4000)
        assert await control.closed() == 4000


# Starting and resuming


async def test_identifies_are_counted_for_a_day_and_too_many_reset_the_token(
    make_standin: MakeStandIn, connect: Connect, session: aiohttp.ClientSession
) -> None:
    """https://discord.com/developers/docs/events/gateway#identifying"""
    clock = ManualClock()
    async with make_standin(clock=clock, pace=Pace(session_starts=2)) as standin:
        token = standin.application.token
        api = Api(session, standin.api_url, token)
        first = await start(standin, connect)
        clock.advance(60)
        _, limits = await api("GET", "/gateway/bot")
        expected = {"total": 2, "remaining": 1, "reset_after": 86_340_000, "max_concurrency": 1}
        assert limits["session_start_limit"] == expected
        second = await start(standin, connect)
        third = await connect(standin)
        await third.send(2, {"token": token, "intents": GUILDS, "properties": {}})
        assert [await socket.closed() for socket in (first, second, third)] == [4004] * 3
        assert (await api("GET", "/gateway/bot"))[0] == 401
        clock.advance(86_400)
        await start(standin, connect)


async def test_a_session_resumes_after_op_7_op_9_and_a_missed_heartbeat_but_not_after_a_clean_end(
    make_standin: MakeStandIn, connect: Connect
) -> None:
    """https://discord.com/developers/docs/events/gateway#resuming"""
    clock = ManualClock()
    async with make_standin(clock=clock) as standin:
        control = standin.control
        socket = await connect(standin)
        ready = await socket.identify(standin.application.token, GUILDS)
        resume = {"token": standin.application.token, "session_id": ready["session_id"], "seq": 1}

        async def resumed() -> Socket:
            again = await connect(standin)
            assert (await again.receive())["op"] == 10
            await again.send(6, resume)
            assert (await again.until("RESUMED"))["t"] == "RESUMED"
            return again

        control.ask_reconnect()
        assert (await socket.receive())["op"] == 7
        second = await resumed()
        assert await socket.closed() is not None
        control.invalidate_sessions(resumable=True)
        assert (await second.receive())["d"] is True
        third = await resumed()
        clock.advance(62)
        assert await third.closed() == 4009
        fourth = await resumed()
        wrong = await connect(standin)
        await wrong.send(6, {**resume, "seq": 1000})
        assert await wrong.closed() == 4007
        await fourth.ws.close(code=1000)
        late = await connect(standin)
        await late.receive()
        await late.send(6, resume)
        assert (await late.receive())["d"] is False


async def test_a_session_that_stays_away_for_long_is_gone(make_standin: MakeStandIn, connect: Connect) -> None:
    """https://discord.com/developers/docs/events/gateway#initiating-a-disconnect"""
    clock = ManualClock()
    async with make_standin(clock=clock) as standin:
        await start(standin, connect)
        standin.control.drop_connections()
        assert len(standin.gateway.sessions) == 1
        clock.advance(Pace().session_seconds)
        assert standin.gateway.sessions == []


async def test_discord_py_reconnects_and_resumes_when_asked_to(town: Town) -> None:
    """https://discord.com/developers/docs/events/gateway-events#reconnect"""
    town.control.ask_reconnect()
    await town.control.until(lambda: any(event.name == "RESUMED" for event in town.control.events))
    refusal = await (await town.fred.slash(town.general, "ask", prompt="Hi", tier="plus")).message()
    assert refusal.ephemeral_to == town.fred.id


# Servers


async def test_a_server_out_of_order_is_told_of_as_unavailable_and_then_whole_again(
    standin: StandIn, connect: Connect
) -> None:
    """https://discord.com/developers/docs/events/gateway-events#guild-delete"""
    guild, [fred] = populated(standin, 1)
    general = standin.control.create_channel(guild, "general")
    intents = int(Intent.GUILDS | Intent.GUILD_MESSAGES)
    socket = await start(standin, connect, intents)
    await socket.until("GUILD_CREATE")
    standin.control.outage(guild)
    assert (await socket.receive())["d"] == {"id": str(guild.id), "unavailable": True}
    await fred.send(general, "nobody hears this")
    late = await start(standin, connect, intents)
    standin.control.outage(guild, over=True)
    for each in (socket, late):
        assert (await each.receive())["t"] == "GUILD_CREATE"
    standin.control.rename_guild(guild, "College")
    renamed = await socket.receive()
    assert (renamed["t"], renamed["d"]["name"]) == ("GUILD_UPDATE", "College")
    standin.control.remove_bot(guild)
    assert (await socket.receive())["d"] == {"id": str(guild.id)}


async def test_who_begins_to_see_a_channel_is_told_of_the_threads_in_it(standin: StandIn, connect: Connect) -> None:
    """https://discord.com/developers/docs/events/gateway-events#thread-list-sync"""
    control = standin.control
    guild, _ = populated(standin, 0)
    hidden = control.create_channel(guild, "hidden")
    opened = standin.world.threads.start(guild.owner_id, hidden.id, {"name": "open", "type": 11})
    control.archive(standin.world.threads.start(guild.owner_id, hidden.id, {"name": "old", "type": 11}))
    role = control.create_role(guild, "Reader")
    control.overwrite(hidden, guild, deny=Permission.VIEW_CHANNEL)
    socket = await start(standin, connect)
    assert (await socket.until("GUILD_CREATE"))["d"]["threads"] == []
    control.overwrite(hidden, role, allow=Permission.VIEW_CHANNEL)
    control.give_role(control.member(guild, standin.application.bot), role)
    synced = (await socket.until("THREAD_LIST_SYNC"))["d"]
    assert (synced["guild_id"], synced["channel_ids"]) == (str(guild.id), [str(hidden.id)])
    assert [thread["id"] for thread in synced["threads"]] == [str(opened.id)]
    assert synced["members"] == []


async def test_only_with_the_presence_intent_a_server_is_told_of_with_its_members_and_large_ones_with_some(
    make_standin: MakeStandIn, connect: Connect
) -> None:
    """https://discord.com/developers/docs/events/gateway-events#request-guild-members"""
    async with make_standin(flags=ALL_GRANTED) as standin:
        guild, people = populated(standin, 55)
        standin.control.give_role(people[0], standin.control.create_role(guild, "Known"))
        sizes: list[int] = []
        for intents, more in ((MEMBERS, {}), (PRESENCES, {"large_threshold": 250}), (PRESENCES, {})):
            socket = await start(standin, connect, intents, **more)
            created = (await socket.until("GUILD_CREATE"))["d"]
            assert created["member_count"] == 57
            sizes.append(len(created["members"]))
        assert sizes == [1, 57, 2]


async def test_members_are_asked_for_by_name_or_id_a_hundred_at_most_and_nonces_are_short(
    make_standin: MakeStandIn, connect: Connect
) -> None:
    """https://discord.com/developers/docs/events/gateway-events#request-guild-members"""
    async with make_standin(flags=ALL_GRANTED) as standin:
        guild, people = populated(standin, 120)
        blind = await start(standin, connect)
        seeing = await start(standin, connect, PRESENCES)

        async def ask(socket: Socket, **wish: Any) -> dict[str, Any]:
            await socket.send(8, {"guild_id": str(guild.id), **wish})
            return (await socket.until("GUILD_MEMBERS_CHUNK"))["d"]

        assert len((await ask(blind, query="member", limit=0))["members"]) == 100
        assert len((await ask(blind, query="member", limit=7, nonce="n" * 32))["members"]) == 7
        assert "nonce" not in await ask(blind, query="member", limit=1, nonce="n" * 33)
        named = await ask(blind, user_ids=[str(person.id) for person in people], presences=True, nonce="n")
        assert (len(named["members"]), named["nonce"], "presences" in named) == (100, "n", False)
        assert "presences" in await ask(seeing, user_ids=str(people[0].id), presences=True)
        assert (await ask(blind, user_ids=["5"]))["not_found"] == ["5"]


async def test_a_whole_member_list_is_asked_for_once_in_30_seconds(make_standin: MakeStandIn, connect: Connect) -> None:
    """https://discord.com/developers/docs/events/gateway-events#rate-limited"""
    clock = ManualClock()
    async with make_standin(clock=clock, pace=Pace(all_members_seconds=30)) as standin:
        guild, _ = populated(standin, 1)
        socket = await start(standin, connect, MEMBERS)
        wish = {"guild_id": str(guild.id), "query": "", "limit": 0, "nonce": "n"}
        await socket.send(8, wish)
        await socket.until("GUILD_MEMBERS_CHUNK")
        clock.advance(10)
        await socket.send(8, wish)
        limited = (await socket.until("RATE_LIMITED"))["d"]
        assert limited == {"opcode": 8, "retry_after": 20, "meta": {"guild_id": str(guild.id), "nonce": "n"}}
        clock.advance(20)
        await socket.send(8, wish)
        await socket.until("GUILD_MEMBERS_CHUNK")


# Intents


async def test_a_status_is_told_to_who_has_the_presence_intent(make_standin: MakeStandIn, connect: Connect) -> None:
    """https://discord.com/developers/docs/events/gateway-events#update-presence"""
    async with make_standin(flags=ALL_GRANTED) as standin:
        guild, _ = populated(standin, 0)
        blind = await start(standin, connect)
        await blind.until("GUILD_CREATE")
        seeing = await start(standin, connect, PRESENCES)
        activity = {"name": "with fire", "type": 0}
        await blind.send(3, {"status": "invisible", "activities": [activity], "since": None, "afk": False})
        told = (await seeing.until("PRESENCE_UPDATE"))["d"]
        assert (told["guild_id"], told["status"], told["activities"]) == (str(guild.id), "offline", [activity])
        await blind.send(1, None)
        assert (await blind.receive())["op"] == 11


async def test_without_the_members_intent_nobodys_coming_and_going_is_told_but_ones_own_change_is(
    standin: StandIn, connect: Connect
) -> None:
    """https://discord.com/developers/docs/events/gateway#caveats"""
    control = standin.control
    guild, [fred] = populated(standin, 1)
    role = control.create_role(guild, "Plus")
    knowing, blind = await start(standin, connect, MEMBERS), await start(standin, connect)
    for socket in (knowing, blind):
        await socket.until("GUILD_CREATE")
    control.give_role(fred, role)
    ada = control.add_member(guild, control.create_user("ada"))
    control.kick(ada)
    control.give_role(control.member(guild, standin.application.bot), role)
    names = ["GUILD_MEMBER_UPDATE", "GUILD_MEMBER_ADD", "GUILD_MEMBER_REMOVE", "GUILD_MEMBER_UPDATE"]
    assert [(await knowing.receive())["t"] for _ in names] == names
    own = await blind.receive()
    assert (own["t"], own["d"]["user"]["id"]) == ("GUILD_MEMBER_UPDATE", str(standin.application.bot.id))


async def test_privileges_that_are_not_granted_hold_for_rest_as_well_whatever_was_identified_with(
    make_standin: MakeStandIn, connect: Connect, session: aiohttp.ClientSession
) -> None:
    """https://discord.com/developers/docs/events/gateway#http-restrictions"""
    async with make_standin(flags=0) as standin:
        control, bot = standin.control, standin.application.bot
        guild, [fred] = populated(standin, 1)
        general = control.create_channel(guild, "general")
        api = Api(session, standin.api_url, standin.application.token)
        _, own = await api("POST", f"/channels/{general.id}/messages", {"content": "mine"})
        reply_to = standin.world.state.message(general.id, int(own["id"]))
        await fred.send(general, "secret")
        await fred.send(general, f"hello <@{bot.id}>")
        await fred.send(general, "a pinged reply", reply_to=reply_to)
        await fred.send(general, "a quiet reply", reply_to=reply_to, ping=False)
        direct = control.direct_messages(fred.user)
        await fred.send(direct, "in private")
        _, said = await api("GET", f"/channels/{general.id}/messages")
        texts = [message["content"] for message in reversed(said)]
        assert texts == ["mine", "", f"hello <@{bot.id}>", "a pinged reply", ""]
        assert (await api("GET", f"/channels/{direct.id}/messages"))[1][0]["content"] == "in private"
        assert (await api("GET", f"/guilds/{guild.id}/members?limit=5"))[0] == 403
        assert (await api("GET", f"/guilds/{guild.id}/members/{fred.id}"))[0] == 200


# Disturbances


async def test_routes_fail_dawdle_and_hang_up_as_often_as_they_were_told_to_and_all_is_noted(
    api: Api, standin: StandIn
) -> None:
    control = standin.control
    guild, _ = populated(standin, 0)
    path = f"/guilds/{guild.id}"
    control.fail("GET", "/guilds/*", status=503, times=2)
    assert [(await api("GET", path))[0] for _ in range(3)] == [503, 503, 200]
    general = control.create_channel(guild, "general")
    messages = f"/channels/{general.id}/messages"
    control.drop("*", messages)
    with pytest.raises(aiohttp.ClientConnectionError):
        await api("POST", messages, {"content": "never sent"})
    assert standin.world.state.messages == {}
    late = control.delay("GET", path, 0.05, times=None)
    await api("GET", path)
    assert control.requests[-1].ms >= 50
    control.heal(late)
    await api("GET", path)
    assert control.requests[-1].ms < 50
    assert [each.status for each in control.requests] == [503, 503, 200, 500, 200, 200]


async def test_reactions_that_are_cleared_are_told_to_who_asked_for_reactions(
    standin: StandIn, connect: Connect, api: Api
) -> None:
    """https://docs.discord.com/developers/events/gateway#list-of-intents"""
    guild, [fred] = populated(standin, 1)
    channel = standin.control.create_channel(guild, "general")
    standin.control.overwrite(channel, standin.application.bot, allow=Permission.MANAGE_MESSAGES)
    socket = await start(standin, connect, int(Intent.GUILDS | Intent.GUILD_MESSAGE_REACTIONS))
    message = await fred.send(channel, "Nice?")
    reactions = f"/channels/{channel.id}/messages/{message.id}/reactions"
    for emoji in ("👍", "👎"):
        await fred.react(message, emoji)
    assert (await api("DELETE", f"{reactions}/%F0%9F%91%8D"))[0] == 204
    assert (await api("DELETE", reactions))[0] == 204
    assert (await socket.until("MESSAGE_REACTION_REMOVE_EMOJI"))["d"]["emoji"]["name"] == "👍"
    assert (await socket.until("MESSAGE_REACTION_REMOVE_ALL"))["d"]["message_id"] == str(message.id)
