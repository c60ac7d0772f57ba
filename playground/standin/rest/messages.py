"""Messages of a channel. https://discord.com/developers/docs/resources/message#endpoints"""

from playground.standin.rest.routing import Call, Routes
from playground.standin.socket.intents import GRANTED_BY, Intent, without_content
from playground.standin.world.entities import JSON, ChannelType, Message

_ALL = "/channels/{channel_id}/messages"
_ONE = _ALL + "/{message_id}"


def add(routes: Routes) -> None:
    """The routes of this subject."""
    routes.add("GET", _ALL, _list)
    routes.add("POST", _ALL, _send)
    routes.add("POST", _ALL + "/bulk-delete", _delete_many)
    routes.add("GET", _ONE, _get)
    routes.add("PATCH", _ONE, _edit)
    routes.add("DELETE", _ONE, _delete)
    routes.add("POST", "/channels/{channel_id}/typing", _type)


def shape_of(call: Call, message: Message) -> JSON:
    """Without its content, where the application has not been granted it."""
    shape = call.world.shapes.message(message)
    granted = call.caller.flags & GRANTED_BY[Intent.MESSAGE_CONTENT]
    if granted or call.world.state.channel(message.channel_id).type is ChannelType.DM:
        return shape
    return without_content(shape, call.me)


def _list(call: Call) -> list[JSON]:
    """Newest first. https://discord.com/developers/docs/resources/message#get-channel-messages"""
    limit = call.number("limit", 50, 1, 100)
    history = [m for m in call.world.messages.history(call.me, call.id("channel_id")) if m.ephemeral_to is None]
    if "before" in call.query:
        history = [message for message in history if message.id < int(call.query["before"])]
    if "around" in call.query:
        return [shape_of(call, message) for message in reversed(_around(history, int(call.query["around"]), limit))]
    if "after" in call.query:
        found = [message for message in history if message.id > int(call.query["after"])][:limit]
        return [shape_of(call, message) for message in reversed(found)]
    return [shape_of(call, message) for message in reversed(history[-limit:])]


def _around(history: list[Message], middle: int, limit: int) -> list[Message]:
    before = [message for message in history if message.id < middle]
    rest = [message for message in history if message.id >= middle]
    half = limit // 2
    return before[-half:] + rest[: limit - min(half, len(before))] if half else rest[:limit]


def _send(call: Call) -> JSON:
    return shape_of(call, call.world.messages.send(call.me, call.id("channel_id"), call.draft))


def _get(call: Call) -> JSON:
    channel_id = call.id("channel_id")
    return shape_of(call, call.world.messages.get(call.me, channel_id, call.id("message_id")))


def _edit(call: Call) -> JSON:
    channel_id, message_id = call.id("channel_id"), call.id("message_id")
    return shape_of(call, call.world.messages.edit(call.me, channel_id, message_id, call.draft))


def _delete(call: Call) -> None:
    call.world.messages.delete(call.me, call.id("channel_id"), call.id("message_id"))


def _delete_many(call: Call) -> None:
    wanted: list[str] = call.body.get("messages") or []
    ids = [int(message_id) for message_id in wanted]
    call.world.messages.remove_many(call.me, call.id("channel_id"), ids)


def _type(call: Call) -> None:
    call.world.messages.typing(call.me, call.id("channel_id"))
