"""Threads and who is in them. https://discord.com/developers/docs/resources/channel#start-thread-from-message"""

from playground.standin.rest.routing import Answer, Call, Routes
from playground.standin.world.entities import JSON, Channel, ChannelType

_MEMBERS = "/channels/{channel_id}/thread-members"
_ARCHIVED = "/channels/{channel_id}/threads/archived"


def add(routes: Routes) -> None:
    """The routes of this subject."""
    routes.add("POST", "/channels/{channel_id}/messages/{message_id}/threads", _start_from_message)
    routes.add("POST", "/channels/{channel_id}/threads", _start)
    routes.add("GET", "/guilds/{guild_id}/threads/active", _active)
    routes.add("GET", _ARCHIVED + "/public", _archived_public)
    routes.add("GET", _ARCHIVED + "/private", _archived_private)
    routes.add("GET", _MEMBERS, _members)
    routes.add("GET", _MEMBERS + "/{user_id}", _member)
    routes.add("PUT", _MEMBERS + "/{user_id}", _join)
    routes.add("DELETE", _MEMBERS + "/{user_id}", _leave)


def _start_from_message(call: Call) -> Answer:
    thread = call.world.threads.start_from_message(call.me, call.id("channel_id"), call.id("message_id"), call.body)
    return Answer(201, call.world.shapes.thread(thread, call.me))


def _start(call: Call) -> Answer:
    thread = call.world.threads.start(call.me, call.id("channel_id"), call.body)
    return Answer(201, call.world.shapes.thread(thread, call.me))


def _listing(call: Call, threads: list[Channel]) -> JSON:
    joined = [thread for thread in threads if thread.thread is not None and call.me in thread.thread.members]
    return {
        "threads": [call.world.shapes.thread(thread, call.me) for thread in threads],
        "members": [call.world.shapes.thread_member(thread, call.me) for thread in joined],
        "has_more": False,
    }


def _active(call: Call) -> JSON:
    return _listing(call, call.world.threads.active(call.world.state.guild(call.id("guild_id")), call.me))


def _archived(call: Call, kind: ChannelType) -> JSON:
    parent = call.world.state.channel(call.id("channel_id"))
    threads = call.world.threads.archived(parent, call.me, kind)
    limit = call.number("limit", 50, 2, 100)
    return _listing(call, threads[:limit]) | {"has_more": len(threads) > limit}


def _archived_public(call: Call) -> JSON:
    return _archived(call, ChannelType.PUBLIC_THREAD)


def _archived_private(call: Call) -> JSON:
    return _archived(call, ChannelType.PRIVATE_THREAD)


def _thread(call: Call) -> Channel:
    return call.world.state.channel(call.id("channel_id"))


def _user_id(call: Call) -> int:
    return call.me if call.path["user_id"] == "@me" else call.id("user_id")


def _members(call: Call) -> list[JSON]:
    thread = call.world.channels.get(call.me, call.id("channel_id"))
    members = thread.thread.members if thread.thread is not None else dict[int, object]()
    return [call.world.shapes.thread_member(thread, user_id) for user_id in members]


def _member(call: Call) -> JSON:
    return call.world.threads.member(call.me, _thread(call), _user_id(call))


def _join(call: Call) -> None:
    call.world.threads.join(call.me, _thread(call), _user_id(call))


def _leave(call: Call) -> None:
    call.world.threads.leave(call.me, _thread(call), _user_id(call))
