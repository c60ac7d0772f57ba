"""One channel. https://discord.com/developers/docs/resources/channel#endpoints"""

from playground.standin.rest.routing import Call, Routes
from playground.standin.world.entities import JSON, THREAD_TYPES, Channel

_CHANNEL = "/channels/{channel_id}"


def add(routes: Routes) -> None:
    """The routes of this subject."""
    routes.add("GET", _CHANNEL, _get)
    routes.add("PATCH", _CHANNEL, _edit)
    routes.add("DELETE", _CHANNEL, _delete)


def _shape(call: Call, channel: Channel) -> JSON:
    if channel.type in THREAD_TYPES:
        return call.world.shapes.thread(channel, call.me)
    return call.world.shapes.channel(channel)


def _get(call: Call) -> JSON:
    return _shape(call, call.world.channels.get(call.me, call.id("channel_id")))


def _edit(call: Call) -> JSON:
    return _shape(call, call.world.channels.edit(call.me, call.id("channel_id"), call.body))


def _delete(call: Call) -> JSON:
    shape = _shape(call, call.world.channels.get(call.me, call.id("channel_id")))
    call.world.channels.delete(call.me, call.id("channel_id"))
    return shape
