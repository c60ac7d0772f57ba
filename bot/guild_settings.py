"""What a server's admins chose for it and for its channels; what they left open is as the settings file says."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

import discord
import msgspec

from bot.errors import UserError
from storage import Connection, Store

PlaceName = Literal["thread", "channel"]
ChannelTier = Literal["free", "plus"]

_KEPT = 1000
"""How many guilds' settings are in memory: some kilobytes each, and up to 4,000 characters more a system prompt."""
_FRESH = timedelta(minutes=1)
"""Of a guild on another process's shard, which only direct messages ask for, changes are seen this late."""


class WrongChannel(UserError):
    """Admins chose other channels for answers."""


class ChannelSettings(msgspec.Struct, frozen=True):
    """What was chosen for a channel, or for all in a category."""

    channel_id: int
    answers: bool = False
    system_prompt: str = ""
    tier: ChannelTier | None = None


class Applying(msgspec.Struct, frozen=True):
    """What holds in one channel. The ids say which channel it was chosen for; none is the whole server."""

    place: PlaceName
    system_prompt: str = ""
    prompt_of: int | None = None
    tier: ChannelTier | None = None
    tier_of: int | None = None


class GuildSettings(msgspec.Struct, frozen=True, kw_only=True):
    """A server's settings. `readable_since` is when its notice began to say that admins may search, in seconds since
    1970, UTC; without it they may not. `elsewhere` is whether members may ask on its access where they bring the app
    along (see `bot.installs`); `place` and `elsewhere` are None where nothing was chosen.
    """

    guild_id: int
    place: PlaceName | None = None
    elsewhere: bool | None = None
    system_prompt: str = ""
    notice: str = ""
    readable_since: int | None = None
    audit_channel_id: int | None = None
    channels: dict[int, ChannelSettings] = {}

    @property
    def answer_channels(self) -> list[int]:
        """The channels and categories that may be answered in; none means all."""
        return [channel.channel_id for channel in self.channels.values() if channel.answers]

    def answers_in(self, lineage: Iterable[int]) -> bool:
        """Whether a channel, given by its `lineage`, may be answered in."""
        chosen = self.answer_channels
        return not chosen or any(channel_id in chosen for channel_id in lineage)

    def applying(self, lineage: Sequence[int], default_place: PlaceName) -> Applying:
        """What holds in a channel: what is nearest to it counts, a system prompt in place of the server's."""
        near = [self.channels[channel_id] for channel_id in lineage if channel_id in self.channels]
        prompt = next((channel for channel in near if channel.system_prompt), None)
        tier = next((channel for channel in near if channel.tier is not None), None)
        return Applying(
            place=self.place or default_place,
            system_prompt=prompt.system_prompt if prompt else self.system_prompt,
            prompt_of=prompt.channel_id if prompt else None,
            tier=tier.tier if tier else None,
            tier_of=tier.channel_id if tier else None,
        )


def lineage_of(channel: Any) -> list[int]:
    """A channel's id, its parent's where it is a thread, and its category's: the nearest first."""
    ids = [getattr(channel, "id", None)]
    if isinstance(channel, discord.Thread):
        ids.append(channel.parent_id)
        channel = channel.parent
    ids.append(getattr(channel, "category_id", None))
    return [channel_id for channel_id in ids if channel_id is not None]


class _Row(msgspec.Struct):
    guild_id: int
    place: PlaceName | None
    elsewhere: bool | None
    system_prompt: str
    notice: str
    readable_since: int | None
    audit_channel_id: int | None


class Guilds:
    """Every server's settings, from the store, the most recently used kept in memory.

    `default_place` and `default_elsewhere` hold on servers that did not choose. `now` gives aware UTC time. Every
    call may raise `storage.StorageError`.
    """

    def __init__(
        self, store: Store, default_place: PlaceName, *, default_elsewhere: bool = False, now: Callable[[], datetime]
    ) -> None:
        self._store = store
        self.default_place: PlaceName = default_place
        self.default_elsewhere = default_elsewhere
        self._now = now
        self._kept: dict[int, tuple[datetime, GuildSettings]] = {}
        self._writing = asyncio.Lock()
        self._writes = 0

    async def settings(self, guild_id: int) -> GuildSettings:
        """A server's settings."""
        read_at, settings = self._kept.pop(guild_id, (None, None))
        if read_at is None or settings is None or self._now() - read_at > _FRESH:
            writes, read_at = self._writes, self._now()
            settings = await self._read(guild_id)
            if writes != self._writes:
                return settings  # it may be older than what was written meanwhile
        self._kept[guild_id] = (read_at, settings)  # at the end, where those are that were used last
        while len(self._kept) > _KEPT:
            del self._kept[next(iter(self._kept))]
        return settings

    async def reach_elsewhere(self, guild_id: int) -> bool:
        """Whether members may ask on a server's access where they bring the app along."""
        chosen = (await self.settings(guild_id)).elsewhere
        return self.default_elsewhere if chosen is None else chosen

    async def applying(self, guild_id: int, channel: Any) -> Applying:
        """What holds in a channel of a server; in direct messages and elsewhere what holds on the whole server.

        Raises `WrongChannel` where admins chose other channels.
        """
        settings, lineage = await self.settings(guild_id), lineage_of(channel)
        guild: discord.Guild | None = getattr(channel, "guild", None)
        if guild is not None and guild.id == guild_id and not settings.answers_in(lineage):
            raise _wrong_channel(settings, guild)
        return settings.applying(lineage, self.default_place)

    async def change(self, guild_id: int, **changes: Any) -> GuildSettings:
        """Change fields of a server's `GuildSettings`, but for `channels`."""
        async with self._writing:
            settings = msgspec.structs.replace(await self._read(guild_id), **changes)
            values = {name: getattr(settings, name) for name in _Row.__struct_fields__}
            await self._store.run("put_guild_settings", **values)
            return await self._written(guild_id)

    async def change_channel(self, guild_id: int, channel_id: int, **changes: Any) -> GuildSettings:
        """Change fields of a channel's `ChannelSettings`."""
        async with self._writing:
            known = (await self._read(guild_id)).channels.get(channel_id, ChannelSettings(channel_id))
            await self._put(guild_id, [msgspec.structs.replace(known, **changes)])
            return await self._written(guild_id)

    async def answer_in(self, guild_id: int, channel_ids: Sequence[int]) -> GuildSettings:
        """Answer in these channels and categories only; in all where there are none."""
        async with self._writing:
            known = (await self._read(guild_id)).channels
            ids = {*known, *channel_ids}
            channels = [known.get(channel_id, ChannelSettings(channel_id)) for channel_id in ids]
            await self._put(
                guild_id,
                [msgspec.structs.replace(channel, answers=channel.channel_id in channel_ids) for channel in channels],
            )
            return await self._written(guild_id)

    async def channel_deleted(self, guild_id: int, channel_id: int) -> None:
        """A channel is gone. Where it was the only one to answer in, that does not mean all of them now."""
        if channel_id in (await self.settings(guild_id)).channels:
            await self.change_channel(guild_id, channel_id, system_prompt="", tier=None)

    async def forget(self, guild_id: int) -> None:
        """The bot left the guild."""
        async with self._writing:
            await self._store.run("delete_guild_settings", guild_id=guild_id)
            await self._store.run("delete_all_channel_settings", guild_id=guild_id)
            await self._written(guild_id)

    async def _written(self, guild_id: int) -> GuildSettings:
        self._writes += 1
        self._kept.pop(guild_id, None)
        return await self.settings(guild_id)

    async def _read(self, guild_id: int) -> GuildSettings:
        row = await self._store.one("get_guild_settings", _Row, guild_id=guild_id)
        channels = await self._store.all("channel_settings", ChannelSettings, guild_id=guild_id)
        chosen: dict[str, Any] = {"guild_id": guild_id} if row is None else msgspec.structs.asdict(row)
        return GuildSettings(**chosen, channels={channel.channel_id: channel for channel in channels})

    async def _put(self, guild_id: int, channels: Sequence[ChannelSettings]) -> None:
        """All or none; what says nothing any more goes."""
        sql = self._store.sql

        async def work(connection: Connection) -> None:
            for channel in channels:
                if channel == ChannelSettings(channel.channel_id):
                    await sql.delete_channel_settings(connection, guild_id=guild_id, channel_id=channel.channel_id)
                else:
                    values = msgspec.structs.asdict(channel)
                    await sql.put_channel_settings(connection, guild_id=guild_id, **values)

        await self._store.database.transact(work)


def _wrong_channel(settings: GuildSettings, guild: discord.Guild) -> WrongChannel:
    there = [f"<#{channel_id}>" for channel_id in settings.answer_channels if guild.get_channel(channel_id)]
    if there:
        return WrongChannel("I don't answer in this channel. Ask in {channels}.", channels=there)
    return WrongChannel("The channels I may answer in are gone. Tell an admin, who chooses others with `/setup`.")
