from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path

import discord
import pytest

from bot.access import Access, Tier, TierName
from bot.config import Access as Defaults
from bot.errors import NoAccess, PlusRequired
from bot.store import open_store
from bot.subscriptions import Subscriptions
from storage import Store
from tests.clock import Clock
from tests.gateway.engines import PLACES

pytestmark = pytest.mark.usefixtures("either_engine")

GUILD = 1


@dataclass
class Role:
    id: int
    name: str


@dataclass
class Member:
    roles: list[Role]
    id: int = 7


EVERYONE = Role(GUILD, "@everyone")
SUPPORTER = Role(2, "Supporter")
TUTOR = Role(3, "Tutor")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncGenerator[Store]:
    store = await open_store(PLACES.store(tmp_path))
    yield store
    await store.database.close()


def access_by(store: Store, defaults: Defaults) -> Access:
    """Nobody subscribes to anything here."""
    client = discord.Client(intents=discord.Intents.none())
    return Access(store, defaults, Subscriptions(client, store, defaults.plus_skus, now=Clock().now))


async def test_everyone_has_what_the_settings_say(store: Store) -> None:
    words: list[tuple[TierName, Tier]] = [("free", Tier.FREE), ("plus", Tier.PLUS), ("none", Tier.NONE)]
    for word, tier in words:
        standing = await access_by(store, Defaults(everyone=word)).standing(GUILD, Member([]))
        assert standing.tier is tier


async def test_the_best_role_counts_and_every_reason_is_kept(store: Store) -> None:
    access = access_by(store, Defaults(plus_roles=["Supporter"], free_roles=[3], everyone="none"))
    standing = await access.standing(GUILD, Member([EVERYONE, TUTOR, SUPPORTER]))
    assert standing.tier is Tier.PLUS
    assert [grant.role_id for grant in standing.grants] == [2, 3, 1]


async def test_a_role_is_named_by_id_also_when_the_environment_wrote_it_as_text(store: Store) -> None:
    for entry in (2, "2", "Supporter"):
        access = access_by(store, Defaults(plus_roles=[entry]))
        assert (await access.standing(GUILD, Member([SUPPORTER]))).tier is Tier.PLUS


async def test_what_an_admin_says_replaces_the_settings(store: Store) -> None:
    access = access_by(store, Defaults(plus_roles=["Supporter"], everyone="free"))
    await access.set_role(GUILD, SUPPORTER.id, Tier.NONE)
    await access.set_role(GUILD, GUILD, Tier.NONE)
    standing = await access.standing(GUILD, Member([SUPPORTER]))
    assert standing.tier is Tier.NONE
    assert {grant.source for grant in standing.grants} == {"command"}


async def test_what_one_guild_says_another_does_not_hear(store: Store) -> None:
    access = access_by(store, Defaults())
    await access.set_role(GUILD, SUPPORTER.id, Tier.PLUS)
    assert (await access.standing(99, Member([SUPPORTER]))).tier is Tier.FREE


async def test_a_deleted_role_is_forgotten(store: Store) -> None:
    access = access_by(store, Defaults())
    await access.set_role(GUILD, SUPPORTER.id, Tier.PLUS)
    await access.forget_role(GUILD, SUPPORTER.id)
    assert (await access.standing(GUILD, Member([SUPPORTER]))).tier is Tier.FREE


async def test_a_refusal_names_the_roles_that_help(store: Store) -> None:
    standing = await access_by(store, Defaults()).standing(GUILD, Member([]))
    with pytest.raises(PlusRequired, match="<@&2>, <@&3>"):
        standing.allow("plus", [2, 3])
    with pytest.raises(PlusRequired, match="No role here gives it yet"):
        standing.allow("plus", [])
    nobody = await access_by(store, Defaults(everyone="none")).standing(GUILD, Member([]))
    with pytest.raises(NoAccess, match="<@&2>"):
        nobody.allow(None, [2])


async def test_what_is_asked_of_the_gateway(store: Store) -> None:
    plus = await access_by(store, Defaults(everyone="plus")).standing(GUILD, Member([]))
    assert [plus.allow(wish, []) for wish in (None, "free", "plus")] == ["any", False, True]
