"""Members who installed the app for themselves bring it along to where the bot is not: other servers, others' DMs."""

import pytest

from bot.config import Answers
from playground.standin.person import Person
from playground.standin.world.errors import NotOffered
from tests.playground.standin.conftest import MakeTown, Town

ALLOWED = Answers(edit_interval_seconds=0.01, grace_seconds=0.2, elsewhere=True)
ANSWER = "Hello from the fake upstream."


def bring_along(town: Town, person: Person) -> Person:
    """The same user, in a server that the bot is no member of."""
    club = town.control.create_guild("Club", with_bot=False)
    town.control.create_channel(club, "lounge")
    town.control.install_for(person.user)
    return town.control.add_member(club, person.user)


async def test_answers_elsewhere_come_by_the_interaction_alone_on_the_members_own_access(make_town: MakeTown) -> None:
    async with make_town(answers=ALLOWED) as town:
        guest = bring_along(town, town.paula)
        lounge = town.standin.world.state.guild_channels(guest.server)[0]
        before = len(town.control.requests)
        asked = await guest.slash(lounge, "ask", prompt="What is a monad?", private=True)
        card = await asked.message()
        assert asked.ephemeral
        assert card.embeds[0]["footer"]["text"] == "plus · on your access in Academy"
        await town.control.until(lambda: any(ANSWER in message.content for message in asked.followups))
        [answer] = asked.followups
        await town.control.until(lambda: "Regenerate" in str(answer.components))
        assert answer.ephemeral_to == guest.id

        again = await guest.press(answer, label="Regenerate")
        await town.control.until(lambda: bool(again.followups))
        form = await (await guest.press(answer, label="Follow up")).modal()
        followed = await guest.submit(form, prompt="And a functor?")
        assert (await followed.message()).embeds[0]["description"] == "And a functor?"
        await town.control.until(lambda: bool(followed.followups))
        assert followed.ephemeral
        assert [text for role, text in town.upstream.requests[-1].messages if role == "user"][-1] == "And a functor?"

        listed = await guest.slash(lounge, "conversations list")
        assert "A Fine Title" in (await listed.message()).embeds[0]["description"]
        used = await (await guest.slash(lounge, "usage")).message()
        assert used.embeds[0]["title"] == "Your use in Academy"
        refused = await (await guest.slash(lounge, "conversations open", conversation="fine")).message()
        assert refused.content.startswith("I can't open a thread here.")

        sent = [each.path for each in town.control.requests[before:] if each.method != "GET"]
        assert [path for path in sent if not path.startswith(("/interactions/", "/webhooks/"))] == []
        assert {request.body["model"] for request in town.upstream.requests} == {"gpt-plus"}


async def test_in_other_peoples_direct_messages_too_and_in_the_menu_of_a_message(make_town: MakeTown) -> None:
    async with make_town(answers=ALLOWED) as town:
        town.control.install_for(town.fred.user)
        between = town.control.direct_messages_between(town.fred.user, town.paula.user)
        fred, paula = town.control.user(town.fred.user), town.control.user(town.paula.user)
        message = await paula.send(between, "A monad is a monoid.")
        form = await (await fred.context(between, "Ask about this message", message)).modal()
        asked = await fred.submit(form, question="Is that so?")
        await asked.message()
        await town.control.until(lambda: any(ANSWER in message.content for message in asked.followups))
        assert asked.ephemeral
        assert "A monad is a monoid." in town.upstream.requests[-1].prompt
        assert [message.content for message in paula.messages(between)] == ["A monad is a monoid."]
        with pytest.raises(NotOffered):
            await paula.slash(between, "ask", prompt="I did not install it")


async def test_it_is_refused_until_an_admin_of_the_server_allows_it_and_admin_commands_stay_at_home(town: Town) -> None:
    guest = bring_along(town, town.fred)
    lounge = town.standin.world.state.guild_channels(guest.server)[0]
    refused = await guest.slash(lounge, "ask", prompt="Hi")
    assert (await refused.message()).content.startswith("No server that we share lets its members use me here.")
    assert refused.ephemeral
    assert town.upstream.requests == []
    offered = {command.name for command in guest.commands(lounge)}
    assert {"ask", "followup", "conversations", "usage", "privacy", "Ask about this message"} <= offered
    assert not offered & {"setup", "admin", "access", "key", "share", "fork"}

    page = await (await town.ada.slash(town.general, "setup")).message()
    for _ in range(2):
        await (await town.ada.press(page, label="Next")).message()
    await (await town.ada.select(page, "rolekey:setup:choice:elsewhere", ["yes"])).message()
    fields = {field["name"]: field["value"] for field in page.embeds[0]["fields"]}
    assert fields["Members may ask"].startswith("also where they bring me along")
    asked = await guest.slash(lounge, "ask", prompt="Hi")
    await town.control.until(lambda: any(ANSWER in message.content for message in asked.followups))


async def test_a_conversation_of_a_server_that_stays_at_home_is_not_gone_on_with_elsewhere(make_town: MakeTown) -> None:
    async with make_town() as town:
        card = await (await town.fred.slash(town.general, "ask", prompt="What is a monad?")).message()
        await town.said(await town.thread_of(card), ANSWER)
        guest = bring_along(town, town.fred)
        lounge = town.standin.world.state.guild_channels(guest.server)[0]
        refused = await guest.slash(lounge, "followup", prompt="And a functor?")
        assert "lets its members use me" in (await refused.message()).content
        assert len(town.upstream.requests) == 1
