"""Archived and locked threads. https://docs.discord.com/developers/topics/threads#active-archived-threads"""

from datetime import timedelta

from playground.standin.world.entities import Channel
from playground.standin.world.errors import Code, Refused
from playground.standin.world.events import Event
from playground.standin.world.permissions import Permission
from playground.standin.world.shapes import Shapes
from playground.standin.world.state import State


def refuse_if_closed(state: State, channel: Channel, actor_id: int) -> None:
    """Raises `Refused` 160005 in a locked thread, 50083 where it is archived too, but for who manages threads.

    https://docs.discord.com/developers/topics/threads#locked-threads
    """
    part = channel.thread
    if part is None or not part.locked:
        return
    if not state.permissions(channel, actor_id) & Permission.MANAGE_THREADS:
        raise Refused(Code.ARCHIVED_THREAD if part.archived else Code.LOCKED_THREAD)


def unarchive(state: State, shapes: Shapes, channel: Channel) -> None:
    """A message in an archived thread brings it back."""
    part = channel.thread
    if part is None or not part.archived:
        return
    set_archived(state, shapes, channel, archived=False)
    tell_thread(state, shapes, "THREAD_UPDATE", channel)


def set_archived(state: State, shapes: Shapes, channel: Channel, *, archived: bool) -> None:
    """Close or open a thread without telling; an open one closes again after a while of inactivity."""
    part = channel.as_thread
    if part.archived == archived:
        return
    part.archived = archived
    part.archived_at = part.active_at = state.clock.now()
    if not archived:
        archive_when_idle(state, shapes, channel)


def archive_when_idle(state: State, shapes: Shapes, channel: Channel) -> None:
    """Archive the thread once nobody has written for as long as its settings say.

    "Activity" is a message, unarchiving, or another auto-archive time.
    """
    part = channel.as_thread
    now = state.clock.now()
    due = part.active_at + timedelta(minutes=part.auto_archive_minutes)

    def look() -> None:
        if part.archived or state.channels.get(channel.id) is not channel:
            return
        if part.active_at + timedelta(minutes=part.auto_archive_minutes) > state.clock.now():
            archive_when_idle(state, shapes, channel)
            return
        set_archived(state, shapes, channel, archived=True)
        tell_thread(state, shapes, "THREAD_UPDATE", channel)

    state.clock.call_later(max((due - now).total_seconds(), 0), look)


def tell_thread(state: State, shapes: Shapes, name: str, channel: Channel, **more: object) -> None:
    """Tell of a thread to who sees it."""
    data = shapes.thread(channel) | more
    state.bus.emit(Event(name, data, channel.guild_id, lambda user_id: state.can_view(channel, user_id)))
