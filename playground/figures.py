"""What the gateway knows of members, by its public interface, as an admin asks for it: keys, tiers, limits."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Literal

import msgspec

from gateway.errors import ApiError, NotFound
from gateway.wire import TierAllowances, UpdateLimits, UpdateUser, User
from playground.standin.world.world import World
from playground.switched_gateway import SwitchedGateway

log = logging.getLogger(__name__)

CLIENT = "bot"
"""The client whose users the members are."""
State = Literal["active", "disabled", "revoked"]
_LIMITS = ("requests_per_minute", "tokens_per_day", "cost_per_month_usd", "concurrent")
_STALE_SECONDS = 15.0  # limits reset by themselves
_SETTLE_SECONDS = 0.15  # one look for all that happens at once


class KeyCard(msgspec.Struct, frozen=True):
    """A key without the key; times in milliseconds since the epoch."""

    user_id: str
    name: str
    guild: str
    key: str
    tier: Literal["plus", "free"]
    expires_at: int | None
    state: State
    last_used_at: int | None


class LimitBar(msgspec.Struct, frozen=True):
    """How much of a limit is used up; a `most` of 0 is no limit."""

    user_id: str
    name: str
    limit: str
    used: float
    most: float
    resets_at: int | None


class Figures:
    """Looks at the gateway whenever `due`, and calls `changed` when something is different.

    `tell` hears what became of keys, as a heading and words.
    """

    def __init__(
        self, gateway: SwitchedGateway, world: World, changed: Callable[[], None], tell: Callable[[str, str], None]
    ) -> None:
        self._gateway = gateway
        self._world = world
        self._changed = changed
        self._tell = tell
        self._due = asyncio.Event()
        self._cards = dict[str, KeyCard]()
        self.limits = list[LimitBar]()

    @property
    def keys(self) -> list[KeyCard]:
        """A card for each key that is or was."""
        return list(self._cards.values())

    def look(self) -> None:
        """Something happened that may have changed figures."""
        self._due.set()

    def forget(self, guild_id: int, user_id: int) -> None:
        """Somebody begins anew: what is left of a dead key goes."""
        self._cards.pop(f"{guild_id}:{user_id}", None)

    async def run(self) -> None:
        """Look until cancelled; what the gateway cannot say while it is off stays as it was."""
        while True:
            try:
                await self._read()
            except ApiError as error:
                log.debug("the gateway does not say how keys and limits are: %s", error.code)
            try:
                await asyncio.wait_for(self._due.wait(), _STALE_SECONDS if self._cards else None)
            except TimeoutError:
                continue
            await asyncio.sleep(_SETTLE_SECONDS)
            self._due.clear()

    async def spend(self, user_id: str) -> None:
        """Let somebody have used up what they may, by a limit of their own. Raises `ApiError`."""
        for owner in self._owned_by(user_id):
            usage = await self._gateway.admin.usage(owner, client_id=CLIENT)
            used = max((int(tier.tokens_per_day.used) for tier in usage.limits), default=0)
            await self._limit(owner, UpdateLimits(tokens_per_day=max(1, used)))

    async def refill(self, user_id: str) -> None:
        """Take `spend` back. Raises `ApiError`."""
        for owner in self._owned_by(user_id):
            await self._limit(owner, None)

    def _owned_by(self, user_id: str) -> list[str]:
        found = [owner for owner, card in self._cards.items() if card.user_id == user_id and card.state != "revoked"]
        if not found:
            raise NotFound("There is no key yet, and so no budget: let them ask something first.")
        return found

    async def _limit(self, owner: str, limits: UpdateLimits | None) -> None:
        await self._gateway.admin.update_user(owner, UpdateUser(limits=limits), client_id=CLIENT)
        self.look()

    async def _read(self) -> None:
        users = [each async for each in self._gateway.admin.list_users() if each.role == "user"]
        before = (self.keys, self.limits)
        cards = {user.user_id: self._card(user) for user in users}
        dead = {
            owner: msgspec.structs.replace(card, state="revoked")
            for owner, card in self._cards.items()
            if owner not in cards
        }
        self._say_what_changed(cards | dead)
        self._cards = dead | cards
        self.limits = [bar for user in self._last_used(users) for bar in await self._limits(user)]
        if (self.keys, self.limits) != before:
            self._changed()

    def _card(self, user: User) -> KeyCard:
        guild_id, _, member_id = user.user_id.partition(":")
        guild = self._world.state.guilds.get(int(guild_id))
        return KeyCard(
            user_id=member_id,
            name=self._name(member_id),
            guild=guild.name if guild is not None else "",
            key=f"rk-…{user.key_hint or ''}",
            tier="plus" if user.plus else "free",
            expires_at=_milliseconds(user.expires_at),
            state="disabled" if user.disabled else "active",
            last_used_at=_milliseconds(user.last_used_at),
        )

    def _name(self, member_id: str) -> str:
        user = self._world.state.users.get(int(member_id))
        return "somebody" if user is None else user.global_name or user.username

    @staticmethod
    def _last_used(users: list[User]) -> list[User]:
        """Of each person the key used last: one set of bars is enough for somebody on two servers."""
        latest = dict[str, User]()
        for user in sorted(users, key=lambda each: str(each.last_used_at or "")):
            latest[user.user_id.partition(":")[2]] = user
        return [user for user in users if user in latest.values()]

    async def _limits(self, user: User) -> list[LimitBar]:
        try:
            usage = await self._gateway.admin.usage(user.user_id, client_id=CLIENT)
        except ApiError:
            return []  # revoked in the meantime
        tier = "plus" if user.plus else "free"
        return [bar for each in usage.limits if each.tier == tier for bar in self._bars(user, each)]

    def _bars(self, user: User, of: TierAllowances) -> list[LimitBar]:
        member_id = user.user_id.partition(":")[2]
        allowances = [(name, getattr(of, name)) for name in _LIMITS]
        return [
            LimitBar(
                user_id=member_id,
                name=self._name(member_id),
                limit=name,
                used=each.used,
                most=each.limit,
                resets_at=_milliseconds(each.resets_at),
            )
            for name, each in allowances
            if each.limit is not None
        ]

    def _say_what_changed(self, now: dict[str, KeyCard]) -> None:
        for owner, card in now.items():
            before = self._cards.get(owner)
            if before is None or (before.state == "revoked" != card.state):
                self._tell("Key made", f"{card.name} has a key, {card.tier}")
            elif before.state != card.state:
                self._tell(f"Key {card.state}", f"{card.name}'s key is {card.state}")
            elif before.key != card.key:
                self._tell("Key rotated", f"{card.name} has another key")
            elif before.tier != card.tier:
                self._tell("Tier changed", f"{card.name}'s key is {card.tier} now")


def _milliseconds(moment: Any) -> int | None:
    return None if moment is None else int(moment.timestamp() * 1000)
