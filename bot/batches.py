"""Keys for everybody who has a role, all at once: a job that survives restarts and goes on where it was."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import cast

import discord
import msgspec

from bot.access import Access, Rules, Tier
from bot.errors import UserError, log_fault
from bot.keys import MemberKeys
from bot.rendering.errors import TRANSIENT
from gateway.errors import ApiError
from storage import StorageError, Store

log = logging.getLogger(__name__)

# Members in one request, the most there may be: https://docs.discord.com/developers/resources/guild#list-guild-members
_PAGE = 1000
_STEP = 50  # members between two looks at the rules


class Batch(msgspec.Struct):
    """How far the keys of a role are. `last_id` is the last member looked at; members come by id.

    Of those with the role `made` got a key, `had` one already, and `no_access` may have none.
    """

    guild_id: int
    role_id: int
    last_id: int = 0
    made: int = 0
    had: int = 0
    no_access: int = 0
    finished: bool = False

    @property
    def members(self) -> int:
        """How many with the role were looked at."""
        return self.made + self.had + self.no_access


class CannotListMembers(UserError):
    """Discord tells who has a role only with the Server Members intent."""


class KeyBatches:
    """Makes keys for roles: one member after another, with one request to Discord for every thousand members."""

    def __init__(self, client: discord.Client, store: Store, access: Access, keys: MemberKeys) -> None:
        self._client = client
        self._store = store
        self._access = access
        self._keys = keys
        self._running = dict[tuple[int, int], asyncio.Task[None]]()

    async def start(self, role: discord.Role) -> asyncio.Task[None]:
        """Begin with a role, go on where a restart broke off, or give the job that runs already.

        Raises `CannotListMembers`.
        """
        if not self._client.intents.members:
            raise CannotListMembers(
                "Discord tells me who has a role only with the Server Members intent. Switch it on on the "
                "application's Bot page and restart me. Until then members get their keys with their first `/ask`."
            )
        running = self._running.get((role.guild.id, role.id))
        if running is not None:
            return running
        batch = await self.progress(role)
        if batch is None or batch.finished:
            batch = Batch(role.guild.id, role.id)
            await self._save(batch)
        # Somebody else may have started it while the store was asked.
        return self._running.get((role.guild.id, role.id)) or self._spawn(batch)

    async def progress(self, role: discord.Role) -> Batch | None:
        """How far the role's job is, or how the last one ended; none where there never was one."""
        return await self._store.one("get_batch", Batch, guild_id=role.guild.id, role_id=role.id)

    async def resume(self) -> None:
        """Go on with every job that a restart or a failure broke off, in the guilds of this process's shards."""
        if not self._client.intents.members:
            return
        for batch in await self._store.all("unfinished_batches", Batch):
            known = self._client.get_guild(batch.guild_id) is not None
            if known and (batch.guild_id, batch.role_id) not in self._running:
                self._spawn(batch)

    async def forget_guild(self, guild_id: int) -> None:
        """The bot left the guild."""
        await self._stop([task for (of_guild, _), task in self._running.items() if of_guild == guild_id])
        await self._store.run("delete_guild_batches", guild_id=guild_id)

    async def stop(self) -> None:
        """Stop everything where it is; `resume` goes on from there."""
        await self._stop(list(self._running.values()))

    async def _stop(self, tasks: Sequence[asyncio.Task[None]]) -> None:
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _spawn(self, batch: Batch) -> asyncio.Task[None]:
        ids = (batch.guild_id, batch.role_id)
        task = asyncio.create_task(self._run(batch), name=f"keys for role {batch.role_id}")
        self._running[ids] = task
        task.add_done_callback(lambda _: self._running.pop(ids))
        return task

    async def _run(self, batch: Batch) -> None:
        try:
            await self._make_keys(batch)
        except (ApiError, StorageError, *TRANSIENT) as error:
            log.warning("making keys for role %d broke off, will go on later: %s", batch.role_id, error)
        except Exception as error:  # noqa: BLE001  it is logged; nobody waits for this task
            log_fault(error)

    async def _make_keys(self, batch: Batch) -> None:
        guild = self._client.get_guild(batch.guild_id)
        role = guild.get_role(batch.role_id) if guild is not None else None
        if guild is None or role is None:
            await self._store.run("delete_batch", guild_id=batch.guild_id, role_id=batch.role_id)
            return
        while not batch.finished:
            page = await _members_after(guild, batch.last_id)
            for first in range(0, len(page), _STEP):
                members = page[first : first + _STEP]
                rules = await self._access.rules(guild.id, [member.id for member in members])
                for member in members:
                    batch.last_id = member.id
                    if not member.bot and role in member.roles:
                        await self._see_to(member, rules, batch)
                await self._save(batch)
            batch.finished = len(page) < _PAGE
        await self._save(batch)
        log.info("keys for role %d: %d made, %d had one", batch.role_id, batch.made, batch.had)

    async def _see_to(self, member: discord.Member, rules: Rules, batch: Batch) -> None:
        tier = rules.standing(member).tier
        holder = await self._keys.holder(member.guild.id, member.id)
        if tier is not Tier.NONE and (holder is None or holder.tier is not tier or self._keys.wears_out(holder)):
            # The rules may have changed since they were read, and what is written must be right.
            tier = (await self._access.standing(member.guild.id, member)).tier
            if tier is not Tier.NONE:
                await self._keys.ensure(member.guild.id, member.id, member.display_name, tier)
        if tier is Tier.NONE:
            batch.no_access += 1
        elif holder is not None:
            batch.had += 1
        else:
            batch.made += 1
            await self._save(batch)  # after a restart it would count as one that was there

    async def _save(self, batch: Batch) -> None:
        await self._store.run("put_batch", **msgspec.structs.asdict(batch))


async def _members_after(guild: discord.Guild, last_id: int) -> list[discord.Member]:
    """One page of members by id. Discord gives it in that order, discord.py turns it round and would go on."""
    page = list[discord.Member]()
    members = cast("AsyncGenerator[discord.Member]", guild.fetch_members(limit=None, after=discord.Object(last_id)))
    async with aclosing(members):
        async for member in members:
            page.append(member)
            if len(page) == _PAGE:
                break
    return sorted(page, key=lambda member: member.id)
