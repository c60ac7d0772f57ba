"""What Discord does with threads, each rule with the page that says so."""

from typing import Any

import aiohttp
import pytest

from playground.standin.world.clock import ManualClock
from playground.standin.world.errors import NotOffered, Refused
from playground.standin.world.permissions import Permission
from tests.playground.standin.conftest import Api, MakeStandIn
from tests.playground.standin.places import ASK, Place, code, field_errors, place_in, sent


async def started(api: Api, place: Place, **body: Any) -> Any:
    """A thread, as the stand-in holds it."""
    status, answer = await api("POST", f"/channels/{place.general.id}/threads", {"name": "Talk", "type": 11, **body})
    assert status == 201, answer
    return place.standin.world.state.channel(int(answer["id"]))


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "x" * 101}, "name"),
        ({"name": " "}, "name"),
        ({"name": "a", "auto_archive_duration": 61}, "auto_archive_duration"),
    ],
)
async def test_a_thread_has_a_name_of_a_hundred_characters_and_one_of_four_lifetimes(
    api: Api, place: Place, body: dict[str, Any], field: str
) -> None:
    """https://docs.discord.com/developers/resources/channel#start-thread-from-message

    Whether a name of blanks is refused is not documented; discord.com trims names, which leaves none.
    """
    message = await sent(api, place, content="a subject")
    assert list(field_errors(await api("POST", f"{place.messages}/{message.id}/threads", body))) == [field]


async def test_private_threads_are_for_text_channels_and_their_members(api: Api, place: Place) -> None:
    """https://docs.discord.com/developers/topics/threads#public-private-threads

    Whoever is added is told of the thread by THREAD_CREATE first, and all in it by a message of type 1.
    """
    control = place.standin.control
    news = control.create_channel(place.guild, "news", type=5)
    refused = await api("POST", f"/channels/{news.id}/threads", {"name": "Us", "type": 12})
    assert code(refused) == (400, 50024)
    moderator = control.create_role(place.guild, "Moderator", Permission.MANAGE_THREADS)
    mona = control.add_member(place.guild, control.create_user("mona"), [moderator])
    told: list[str] = []
    stop = place.standin.world.state.bus.listen(lambda e: told.append(e.name) if e.sees(place.fred.id) else None)
    private = await started(api, place, type=12)
    assert told == []
    assert (place.fred.sees(private), mona.sees(private)) == (False, True)
    with pytest.raises(Refused, match="50001"):
        await place.fred.send(private, "let me in")
    assert (await api("PUT", f"/channels/{private.id}/thread-members/{place.fred.id}"))[0] == 204
    stop()
    assert told == ["THREAD_CREATE", "MESSAGE_CREATE", "THREAD_MEMBERS_UPDATE"]
    assert [message.type for message in place.fred.messages(private)] == [1]
    assert (await api("DELETE", f"/channels/{private.id}/thread-members/{place.fred.id}"))[0] == 204
    assert not place.fred.sees(private)


async def test_a_thread_nobody_writes_in_archives_itself_and_a_message_opens_it(
    make_standin: MakeStandIn, session: aiohttp.ClientSession
) -> None:
    """https://docs.discord.com/developers/topics/threads#active-archived-threads"""
    clock = ManualClock()
    async with make_standin(clock=clock) as standin:
        place, api = place_in(standin), Api(session, standin.api_url, standin.application.token)
        await api("PUT", place.commands, [ASK])
        thread = await started(api, place, auto_archive_duration=60)
        clock.advance(59 * 60)
        await place.fred.send(thread, "still here")
        clock.advance(59 * 60)
        assert not thread.thread.archived
        clock.advance(60)
        assert thread.thread.archived
        assert place.fred.commands(thread) == []
        with pytest.raises(NotOffered):
            await place.fred.slash(thread, "ask", prompt="Why?")
        assert code(await api("PATCH", f"/channels/{thread.id}", {"name": "New"})) == (400, 50083)
        await place.fred.send(thread, "open, please")
        assert not thread.thread.archived
        clock.advance(61 * 60)
        assert thread.thread.archived


async def test_in_a_locked_thread_only_who_manages_threads_writes(
    make_standin: MakeStandIn, session: aiohttp.ClientSession
) -> None:
    """https://docs.discord.com/developers/topics/threads#locked-threads

    That an open locked thread is refused with 160005 and an archived one with 50083 is not documented but by the names
    of the codes: https://docs.discord.com/developers/topics/opcodes-and-status-codes#json
    """
    async with make_standin() as standin:
        place, api = place_in(standin), Api(session, standin.api_url, standin.application.token)
        thread = await started(api, place)
        bot = standin.application.bot
        _, own = await api("POST", f"/channels/{thread.id}/messages", {"content": "mine"})
        assert (await api("PATCH", f"/channels/{thread.id}", {"locked": True}))[0] == 200
        assert (await api("POST", f"/channels/{thread.id}/messages", {"content": "a moderator"}))[0] == 200
        with pytest.raises(Refused, match="160005"):
            await place.fred.send(thread, "too late")
        standin.control.overwrite(place.general, bot, deny=Permission.MANAGE_THREADS)
        assert code(await api("POST", f"/channels/{thread.id}/messages", {"content": "no"})) == (403, 160005)
        edit = await api("PATCH", f"/channels/{thread.id}/messages/{own['id']}", {"content": "no"})
        assert code(edit) == (403, 160005)
        assert code(await api("PATCH", f"/channels/{thread.id}", {"name": "New"})) == (403, 160005)
        standin.control.lock(thread)
        with pytest.raises(Refused, match="50083"):
            await place.fred.send(thread, "too late")


async def test_who_opened_a_thread_names_and_closes_it_and_slows_nobody_down(api: Api, place: Place) -> None:
    """https://docs.discord.com/developers/topics/threads#editing-deleting-threads"""
    thread = await started(api, place)
    place.standin.control.overwrite(place.general, place.standin.application.bot, deny=Permission.MANAGE_THREADS)
    path = f"/channels/{thread.id}"
    assert (await api("PATCH", path, {"name": "Renamed"}))[0] == 200
    assert [(m.type, m.content) for m in place.fred.messages(thread)] == [(4, "Renamed")]
    assert code(await api("PATCH", path, {"rate_limit_per_user": 5})) == (403, 50013)
    assert code(await api("PATCH", path, {"locked": True})) == (403, 50013)
    assert (await api("PATCH", path, {"archived": True}))[0] == 200
    assert (await api("PATCH", path, {"archived": False}))[0] == 200
    assert code(await api("DELETE", path)) == (403, 50013)


async def test_messages_deleted_leave_the_total_as_it_was(api: Api, place: Place) -> None:
    """https://docs.discord.com/developers/topics/threads#thread-fields: `message_count` and `total_message_sent`."""
    thread = await started(api, place)
    message = await place.fred.send(thread, "one")
    await place.fred.delete(message)
    _, shape = await api("GET", f"/channels/{thread.id}")
    assert (shape["message_count"], shape["total_message_sent"]) == (0, 1)
    assert shape["member"]["user_id"] == str(place.standin.application.bot.id)
