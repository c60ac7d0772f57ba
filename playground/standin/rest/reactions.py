"""Reactions and pins of messages. https://docs.discord.com/developers/resources/message#create-reaction"""

from datetime import datetime
from urllib.parse import unquote

from playground.standin.rest.messages import shape_of
from playground.standin.rest.routing import Call, Routes
from playground.standin.world import shapes
from playground.standin.world.entities import JSON, Message
from playground.standin.world.errors import InvalidForm

_MESSAGE = "/channels/{channel_id}/messages/{message_id}"
_ALL = _MESSAGE + "/reactions"
_EMOJI = _ALL + "/{emoji}"
_PINS = "/channels/{channel_id}/messages/pins"
_OLD_PINS = "/channels/{channel_id}/pins"


def add(routes: Routes) -> None:
    """The routes of this subject; to be added before those of a message, since `pins` is no id."""
    routes.add("GET", _PINS, _pins)
    routes.add("GET", _OLD_PINS, _old_pins)
    for pins in (_PINS, _OLD_PINS):
        routes.add("PUT", pins + "/{message_id}", _pin)
        routes.add("DELETE", pins + "/{message_id}", _unpin)
    routes.add("PUT", _EMOJI + "/@me", _react)
    routes.add("DELETE", _EMOJI + "/@me", _unreact)
    routes.add("DELETE", _EMOJI + "/{user_id}", _unreact)
    routes.add("GET", _EMOJI, _users)
    routes.add("DELETE", _EMOJI, _clear)
    routes.add("DELETE", _ALL, _clear)


def _where(call: Call) -> tuple[int, int, int]:
    return call.me, call.id("channel_id"), call.id("message_id")


def _emoji(call: Call) -> str:
    return unquote(call.path["emoji"])


def _react(call: Call) -> None:
    call.world.reactions.add(*_where(call), _emoji(call))


def _unreact(call: Call) -> None:
    call.world.reactions.remove(*_where(call), _emoji(call), call.id("user_id") if "user_id" in call.path else None)


def _clear(call: Call) -> None:
    call.world.reactions.clear(*_where(call), _emoji(call) if "emoji" in call.path else None)


def _users(call: Call) -> list[JSON]:
    after = int(call.query.get("after") or 0)
    users = [user for user in call.world.reactions.users(*_where(call), _emoji(call)) if user.id > after]
    return [shapes.user(user) for user in users[: call.number("limit", 25, 1, 100)]]


def _pin(call: Call) -> None:
    call.world.reactions.pin(*_where(call))


def _unpin(call: Call) -> None:
    call.world.reactions.unpin(*_where(call))


def _pins(call: Call) -> JSON:
    """https://docs.discord.com/developers/resources/message#get-channel-pins"""
    pinned, before = _pinned(call), call.query.get("before")
    if before is not None:
        try:
            moment = datetime.fromisoformat(before)
        except ValueError:
            raise InvalidForm("before", "BASE_TYPE_CONVERT", "Must be an ISO 8601 timestamp.") from None
        pinned = [message for message in pinned if message.pinned_at is not None and message.pinned_at < moment]
    limit = call.number("limit", 50, 1, 50)
    items = [{"pinned_at": shapes.maybe(each.pinned_at), "message": shape_of(call, each)} for each in pinned[:limit]]
    return {"items": items, "has_more": len(pinned) > limit}


def _old_pins(call: Call) -> list[JSON]:
    return [shape_of(call, message) for message in _pinned(call)]


def _pinned(call: Call) -> list[Message]:
    return call.world.reactions.pinned(call.me, call.world.channels.get(call.me, call.id("channel_id")).id)
