"""Tells bots of the threads in channels that they begin to see.

https://discord.com/developers/docs/events/gateway-events#thread-list-sync
"""

from playground.standin.world.entities import Guild, User
from playground.standin.world.events import Event
from playground.standin.world.shapes import Shapes
from playground.standin.world.state import State

_MAY_CHANGE_IT = {
    "GUILD_CREATE",
    "GUILD_MEMBER_UPDATE",
    "GUILD_ROLE_UPDATE",
    "GUILD_ROLE_DELETE",
    "CHANNEL_CREATE",
    "CHANNEL_UPDATE",
}


class ThreadSync:
    """Remembers which channels each bot sees, and looks again after whatever can change that."""

    def __init__(self, state: State, shapes: Shapes) -> None:
        self._state = state
        self._shapes = shapes
        self._seen: dict[tuple[int, int], set[int]] = {}
        state.bus.listen(self._on_event)

    def _on_event(self, event: Event) -> None:
        guild = self._state.guilds.get(event.guild_id or 0)
        if guild is None or event.name not in _MAY_CHANGE_IT:
            return
        for member in list(guild.members.values()):
            if member.user.bot:
                self._look(guild, member.user, told=event.name in ("GUILD_CREATE", "CHANNEL_CREATE"))

    def _look(self, guild: Guild, bot: User, *, told: bool) -> None:
        """`told` says that the bot has just been told of what is new."""
        channels = self._state.guild_channels(guild)
        now = {channel.id for channel in channels if self._state.can_view(channel, bot.id)}
        gained = now - self._seen.get((guild.id, bot.id), now)
        self._seen[guild.id, bot.id] = now
        if not gained or told:
            return
        threads = [
            thread
            for thread in self._state.threads_of(guild)
            if thread.parent_id in gained and not thread.as_thread.archived and self._state.can_view(thread, bot.id)
        ]
        joined = [thread for thread in threads if bot.id in thread.as_thread.members]
        data = {
            "guild_id": str(guild.id),
            "channel_ids": [str(channel_id) for channel_id in sorted(gained)],
            "threads": [self._shapes.thread(thread, bot.id) for thread in threads],
            "members": [self._shapes.thread_member(thread, bot.id) for thread in joined],
        }
        self._state.bus.emit(Event("THREAD_LIST_SYNC", data, guild.id, lambda user_id: user_id == bot.id))
