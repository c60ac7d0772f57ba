"""The main flows with each set of privileged intents: they need none, and what one adds comes with it."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from bot.config import Discord
from bot.sweep import SweepReport
from cogs.keys import KeysCog
from cogs.lifecycle import LifecycleCog
from gateway.bootstrap import ensure_client_key
from gateway.client import GatewayClient
from gateway.errors import ApiError
from gateway.wire import User
from playground.standin.person import Person
from playground.standin.world.entities import Channel
from playground.standin.world.world import GUILD_MEMBERS, MESSAGE_CONTENT
from tests.playground.standin.conftest import MakeTown, Town

HELLO = "Hello from the fake upstream."
CONTENT, MEMBERS = "content", "members"


@pytest.fixture(params=[(), (CONTENT,), (MEMBERS,), (CONTENT, MEMBERS)], ids="+".join)
def granted(request: pytest.FixtureRequest) -> tuple[str, ...]:
    return request.param


@pytest.fixture
async def town(make_town: MakeTown, granted: tuple[str, ...]) -> AsyncGenerator[Town]:
    """The application has what is granted, and the bot is told of no more than that."""
    flags = MESSAGE_CONTENT * (CONTENT in granted) | GUILD_MEMBERS * (MEMBERS in granted)
    wanted = Discord(message_content=CONTENT in granted, guild_members=MEMBERS in granted)
    async with make_town(standin={"flags": flags}, discord=wanted) as town:
        yield town


async def asked(town: Town, who: Person, **options: Any) -> Channel:
    """Somebody asks, and is answered in a thread."""
    card = await (await who.slash(town.general, "ask", prompt="What is a monad?", **options)).message()
    thread = await town.thread_of(card)
    await town.said(thread, HELLO)
    return thread


async def user(town: Town, who: Person) -> User | None:
    """What the gateway knows of a member."""
    cog = town.bot.get_cog("KeysCog")
    assert isinstance(cog, KeysCog)
    async with GatewayClient(cog._address, await ensure_client_key(town.config)) as gateway:
        try:
            return await gateway.get_user(f"{town.guild.id}:{who.id}")
        except ApiError:
            return None


async def sweep(town: Town) -> SweepReport:
    cog = town.bot.get_cog("LifecycleCog")
    assert isinstance(cog, LifecycleCog)
    return await cog._sweep.run()


async def test_a_conversation_goes_on_by_command_mention_and_button_and_by_plain_words_where_they_are_read(
    town: Town, granted: tuple[str, ...]
) -> None:
    thread = await asked(town, town.fred)
    town.upstream.reply = "By command."
    await town.fred.slash(thread, "followup", prompt="And a functor?")
    answer = await town.said(thread, "By command.")
    town.upstream.reply = "By mention."
    await town.fred.send(thread, f"<@{town.standin.application.bot.id}> and a monoid?")
    await town.said(thread, "By mention.")
    await town.control.until(lambda: any("Follow up" in str(row) for row in answer.components))
    form = await (await town.fred.press(answer, label="Follow up")).modal()
    town.upstream.reply = "By the button."
    await town.fred.submit(form, prompt="And a group?")
    await town.said(thread, "By the button.")
    town.upstream.reply = "By plain words."
    before = len(town.upstream.requests)
    await town.fred.send(thread, "And a ring?")
    if CONTENT in granted:
        await town.said(thread, "By plain words.")
    else:
        # Whatever came of the words would have come before the answer to what was said after them.
        town.upstream.reply = "By command again."
        await town.fred.slash(thread, "followup", prompt="And a field?")
        await town.said(thread, "By command again.")
        asked_since = [request.messages[-1][1] for request in town.upstream.requests[before:]]
        assert asked_since == ["And a field?"]
    direct = town.control.direct_messages(town.fred.user)
    town.upstream.reply = "In private."
    await town.control.user(town.fred.user).send(direct, "Do you read this?")
    await town.said(direct, "In private.")


async def test_keys_follow_roles_and_leaving_at_once_or_with_the_next_command_and_the_sweep(
    town: Town, granted: tuple[str, ...]
) -> None:
    for who in (town.fred, town.paula):
        await asked(town, who)
    town.control.give_role(town.fred, town.plus_role)
    if MEMBERS not in granted:
        known = await user(town, town.fred)
        assert known is not None
        assert not known.plus
        await asked(town, town.fred, tier="plus")
    await becomes(town, town.fred, plus=True)
    town.control.take_role(town.paula, town.plus_role)
    if MEMBERS not in granted:
        report = await sweep(town)
        assert report.tally.changed == 1
    await becomes(town, town.paula, plus=False)
    await town.fred.leave()
    if MEMBERS not in granted:
        assert await user(town, town.fred) is not None
        report = await sweep(town)
        assert report.tally.revoked == 1
    await becomes(town, town.fred, plus=None)
    refused = await (await town.ada.slash(town.general, "access issue-keys", role=town.plus_role)).message()
    assert ("Server Members intent" in refused.content) is (MEMBERS not in granted)


async def becomes(town: Town, who: Person, *, plus: bool | None) -> None:
    """Wait until the gateway gives a member this tier; None is no key any more. With the intent the event tells it."""
    async with asyncio.timeout(10):
        while (None if (known := await user(town, who)) is None else known.plus) is not plus:
            """The event is still on its way."""
