"""Roles to tier: the best of what a member's roles give, and the reason why."""

from collections.abc import Collection, Iterable, Sequence
from enum import IntEnum
from typing import Literal, Protocol, Self

import msgspec

from bot.config import Access as Defaults
from bot.config import RoleName
from bot.errors import NoAccess, PlusRequired
from bot.languages import Phrase
from bot.subscriptions import Subscriptions
from gateway.wire import PlusWish
from storage import Store

TierName = Literal["none", "free", "plus"]


class Tier(IntEnum):
    """Ordered: the better one wins."""

    NONE = 0
    FREE = 1
    PLUS = 2

    @property
    def word(self) -> TierName:
        """The name used in settings, the database and on the gateway."""
        return ("none", "free", "plus")[self]

    @classmethod
    def named(cls, word: TierName) -> Self:
        """The tier of that name."""
        return cls[word.upper()]


TIERS = {Tier.PLUS: Phrase("plus"), Tier.FREE: Phrase("free"), Tier.NONE: Phrase("none")}
"""What a tier is called."""


class Role(Protocol):
    """What access needs to know of a Discord role."""

    @property
    def id(self) -> int: ...  # noqa: D102

    @property
    def name(self) -> str: ...  # noqa: D102


class Member(Protocol):
    """What access needs to know of a Discord member."""

    @property
    def id(self) -> int: ...  # noqa: D102

    @property
    def roles(self) -> Sequence[Role]: ...  # noqa: D102


class Guild(Protocol):
    """What access needs to know of a Discord server."""

    @property
    def id(self) -> int: ...  # noqa: D102

    @property
    def roles(self) -> Sequence[Role]: ...  # noqa: D102


class Grant(msgspec.Struct, frozen=True):
    """What one role gives, or a subscription on Discord, whose `role_id` is 0.

    `role_id` is the guild's id for @everyone; `source` says who decided.
    """

    role_id: int
    tier: Tier
    source: Literal["command", "settings", "subscription"]


SUBSCRIPTION = Grant(0, Tier.PLUS, "subscription")
"""What a subscription gives, the member's own or the guild's."""


class Standing(msgspec.Struct, frozen=True):
    """A member's tier and everything that was weighed, best first."""

    tier: Tier
    grants: list[Grant]

    def allow(
        self, wish: Literal["free", "plus"] | None, plus_roles: Sequence[int], skus: Sequence[int] = ()
    ) -> PlusWish:
        """What to ask the gateway for. `skus` are the subscriptions that can be bought for plus.

        Raises `NoAccess` or `PlusRequired`, naming what would help.
        """
        if self.tier is Tier.NONE:
            raise NoAccess("You have no access here yet. {help}", help=who_gives_access(plus_roles, skus)).offering(
                skus
            )
        if wish == "plus" and self.tier is not Tier.PLUS:
            these = Phrase("These roles include it: {roles}.", roles=_mentions(plus_roles))
            raise PlusRequired(
                "Plus is not part of your access. {help} Your free access works: leave out the tier, or choose free.",
                help=_who_gives(plus_roles, these, skus),
            ).offering(skus)
        if wish is None:
            return "any"
        return wish == "plus"


def who_gives_access(roles: Sequence[int], skus: Sequence[int] = ()) -> Phrase:
    """Where somebody without access gets it: the roles that give it, a subscription, or an admin."""
    return _who_gives(roles, Phrase("These roles give it: {roles}.", roles=_mentions(roles)), skus)


def _who_gives(roles: Sequence[int], these: Phrase, skus: Sequence[int]) -> Phrase:
    if skus:
        subscribe = Phrase("A subscription gives it, too.") if roles else Phrase("A subscription gives it.")
        return Phrase("{roles} {subscription}", roles=these, subscription=subscribe) if roles else subscribe
    return these if roles else Phrase("No role here gives it yet: ask an admin about `/access tier`.")


def _mentions(roles: Sequence[int]) -> str:
    return ", ".join(f"<@&{role}>" for role in roles)


class Rules:
    """What each role of one guild gives, and who has subscribed, as it was when this was read.

    `subscribers` are members; `all_subscribed` says that the guild has a subscription.
    """

    def __init__(
        self,
        guild_id: int,
        said: dict[int, Tier],
        defaults: Defaults,
        subscribers: Collection[int],
        *,
        all_subscribed: bool,
    ) -> None:
        self._guild_id = guild_id
        self._said = said
        self._defaults = defaults
        self._subscribers = subscribers
        self._all_subscribed = all_subscribed

    def standing(self, member: Member) -> Standing:
        """A member's tier; @everyone counts whether it is among their roles or not."""
        grants = self.grants(member.roles)
        if self._all_subscribed or member.id in self._subscribers:
            grants.insert(0, SUBSCRIPTION)
        return Standing(grants[0].tier if grants else Tier.NONE, grants)

    def grants(self, roles: Iterable[Role]) -> list[Grant]:
        """What these roles and @everyone give, best first."""
        named = {role.id: role.name for role in roles}
        named.setdefault(self._guild_id, "@everyone")
        grants = [grant for role_id, name in named.items() if (grant := self._grant(role_id, name))]
        return sorted(grants, key=lambda grant: grant.tier, reverse=True)

    def _grant(self, role_id: int, name: str) -> Grant | None:
        if role_id in self._said:
            return Grant(role_id, self._said[role_id], "command")
        if role_id == self._guild_id:
            return Grant(role_id, Tier.named(self._defaults.everyone), "settings")
        if _listed(role_id, name, self._defaults.plus_roles):
            return Grant(role_id, Tier.PLUS, "settings")
        if _listed(role_id, name, self._defaults.free_roles):
            return Grant(role_id, Tier.FREE, "settings")
        return None


class _RoleTier(msgspec.Struct):
    role_id: int
    tier: TierName


class Access:
    """Decides from the settings, from what admins said with `/access tier`, and from subscriptions on Discord."""

    def __init__(self, store: Store, defaults: Defaults, subscriptions: Subscriptions) -> None:
        self._store = store
        self._defaults = defaults
        self.subscriptions = subscriptions

    async def rules(self, guild_id: int, member_ids: Collection[int] = ()) -> Rules:
        """The guild's rules, for looking at these members at once; of others they do not know who has subscribed."""
        rows = await self._store.all("role_tiers", _RoleTier, guild_id=guild_id)
        subscribers = frozenset[int]()
        if member_ids:
            subscribers = await self.subscriptions.users_between(min(member_ids), max(member_ids))
        all_subscribed = bool(member_ids) and await self.subscriptions.of_guild(guild_id)
        said = {row.role_id: Tier.named(row.tier) for row in rows}
        return Rules(guild_id, said, self._defaults, subscribers, all_subscribed=all_subscribed)

    async def standing(self, guild_id: int, member: Member) -> Standing:
        """A member's tier, as the rules and what is known of subscriptions are now."""
        return (await self.rules(guild_id, [member.id])).standing(member)

    async def roles(self, guild_id: int, roles: Iterable[Role]) -> list[Grant]:
        """What each of the guild's roles gives, best first; roles that say nothing are left out."""
        return (await self.rules(guild_id)).grants(roles)

    async def roles_giving(self, tier: Tier, guild_id: int, roles: Iterable[Role]) -> list[int]:
        """The guild's roles that give at least `tier`, without @everyone."""
        grants = await self.roles(guild_id, roles)
        return [grant.role_id for grant in grants if grant.tier >= tier and grant.role_id != guild_id]

    async def set_role(self, guild_id: int, role_id: int, tier: Tier) -> None:
        """What an admin says about a role. `none` also takes back what the settings grant it."""
        await self._store.run("put_role_tier", guild_id=guild_id, role_id=role_id, tier=tier.word)

    async def withdraw(self, guild: "Guild", role_id: int, tier: Tier) -> None:
        """A role gives this tier no longer, also where the settings say that it does."""
        await self.forget_role(guild.id, role_id)
        left = await self.roles(guild.id, guild.roles)
        if any(grant.role_id == role_id and grant.tier is tier for grant in left):
            await self.set_role(guild.id, role_id, Tier.NONE)

    async def forget_role(self, guild_id: int, role_id: int) -> None:
        """The role is gone."""
        await self._store.run("delete_role_tier", guild_id=guild_id, role_id=role_id)

    async def forget_guild(self, guild_id: int) -> None:
        """The bot left the guild."""
        await self._store.run("delete_guild_role_tiers", guild_id=guild_id)


def _listed(role_id: int, name: str, listed: list[RoleName]) -> bool:
    """Whether a role is named, by id or by name; an id may be written as text, as environment variables are."""
    return any(str(entry) in {str(role_id), name} for entry in listed)
