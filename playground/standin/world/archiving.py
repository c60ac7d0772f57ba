"""Archived and locked threads. https://discord.com/developers/docs/topics/threads#active--archived-threads"""

from playground.standin.world.entities import Channel
from playground.standin.world.errors import Code, Refused
from playground.standin.world.events import Event
from playground.standin.world.permissions import Permission
from playground.standin.world.shapes import Shapes
from playground.standin.world.state import State


def refuse_if_closed(state: State, channel: Channel, actor_id: int) -> None:
    """Raises `Refused` 50083: an archived thread that is locked opens for those only who manage threads."""
    part = channel.thread
    if part is None or not (part.archived and part.locked):
        return
    if not state.permissions(channel, actor_id) & Permission.MANAGE_THREADS:
        raise Refused(Code.ARCHIVED_THREAD)


def unarchive(state: State, shapes: Shapes, channel: Channel) -> None:
    """A message in an archived thread brings it back."""
    part = channel.thread
    if part is None or not part.archived:
        return
    part.archived, part.archived_at = False, state.clock.now()
    tell_thread(state, shapes, "THREAD_UPDATE", channel)


def tell_thread(state: State, shapes: Shapes, name: str, channel: Channel, **more: object) -> None:
    """Tell of a thread to who sees it."""
    data = shapes.thread(channel) | more
    state.bus.emit(Event(name, data, channel.guild_id, lambda user_id: state.can_view(channel, user_id)))
