"""What Discord does with interactions, each rule with the page that says so."""

from typing import Any

import pytest

from playground.standin.invocation import Invocation
from playground.standin.world.entities import MessageFlag
from playground.standin.world.errors import NotOffered
from tests.playground.standin.conftest import Api
from tests.playground.standin.places import ASK, Place, button, code, field_errors, row, sent

THINKING, LAYOUT = int(MessageFlag.LOADING), int(MessageFlag.IS_COMPONENTS_V2)


async def answer(api: Api, invocation: Invocation, kind: int, **data: Any) -> tuple[int, Any]:
    """Answer an interaction, asking for what was made of it."""
    interaction = invocation.interaction
    path = f"/interactions/{interaction.id}/{interaction.token}/callback?with_response=true"
    return await api("POST", path, {"type": kind, "data": data} if data else {"type": kind})


async def asked(api: Api, place: Place) -> Invocation:
    await api("PUT", place.commands, [ASK])
    return await place.fred.slash(place.general, "ask", prompt="Why?")


async def test_what_was_made_is_told_where_it_is_asked_for(api: Api, place: Place) -> None:
    """https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-callback-interaction-callback-response-object

    A message stands there for types 4 and 7 alone.
    """
    status, thinking = await answer(api, await asked(api, place), 5, flags=64)
    assert status == 200
    assert "resource" not in thinking
    assert thinking["interaction"]["response_message_loading"] is True
    assert thinking["interaction"]["response_message_ephemeral"] is True
    _, spoken = await answer(api, await asked(api, place), 4, content="So.")
    assert (spoken["resource"]["type"], spoken["resource"]["message"]["content"]) == (4, "So.")
    assert spoken["resource"]["message"]["interaction_metadata"]["user"]["id"] == str(place.fred.id)


async def test_a_deferral_is_ephemeral_or_not_for_good_and_takes_no_other_flag(api: Api, place: Place) -> None:
    """https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-response-object-messages

    The first follow-up after a deferral takes its place; that is not documented on that page, but what clients see.
    """
    invocation = await asked(api, place)
    await answer(api, invocation, 5, flags=64 | LAYOUT)
    original = invocation.interaction.original
    assert original is not None
    assert original.flags == 64 | THINKING
    status, followup = await api("POST", place.webhook(invocation.interaction.token), {"content": "public?"})
    assert (status, followup["id"], followup["flags"]) == (200, str(original.id), 64)
    assert place.fred.messages(place.general) == [original]
    owner = place.standin.control.member(place.guild, place.standin.application.owner)
    assert owner.messages(place.general) == []


async def test_ephemeral_messages_are_reached_by_the_token_and_by_no_other_way(api: Api, place: Place) -> None:
    """https://docs.discord.com/developers/resources/message#message-object-message-flags: visible to one user alone."""
    invocation = await asked(api, place)
    _, made = await answer(api, invocation, 4, content="psst", flags=64)
    message_id = made["interaction"]["response_message_id"]
    assert code(await api("GET", f"{place.messages}/{message_id}")) == (404, 10008)
    assert code(await api("PATCH", f"{place.messages}/{message_id}", {"content": "loud"})) == (404, 10008)
    assert (await api("GET", place.messages))[1] == []
    original = place.webhook(invocation.interaction.token, "/messages/@original")
    assert (await api("PATCH", original, {"content": "hush"}))[1]["content"] == "hush"
    _, followup = await api("POST", place.webhook(invocation.interaction.token), {"content": "for all"})
    by_id = place.webhook(invocation.interaction.token, f"/messages/{followup['id']}")
    assert (await api("PATCH", by_id, {"content": "for everybody"}))[1]["content"] == "for everybody"
    assert (await api("DELETE", by_id))[0] == 204
    assert code(await api("GET", by_id)) == (404, 10008)


async def test_an_answer_to_an_interaction_pings_users_alone_unless_it_says_more(api: Api, place: Place) -> None:
    """https://docs.discord.com/developers/resources/message#allowed-mentions-object-default-settings-for-allowed-mentions"""
    loud = place.standin.control.create_role(place.guild, "Loud", mentionable=True)
    words = f"<@{place.fred.id}> <@&{loud.id}>"
    _, made = await answer(api, await asked(api, place), 4, content=words)
    shown = made["resource"]["message"]
    assert ([user["id"] for user in shown["mentions"]], shown["mention_roles"]) == ([str(place.fred.id)], [])
    _, made = await answer(api, await asked(api, place), 4, content=words, allowed_mentions={"parse": ["roles"]})
    shown = made["resource"]["message"]
    assert (shown["mentions"], shown["mention_roles"]) == ([], [str(loud.id)])


@pytest.mark.parametrize("kind", [6, 7, 8])
async def test_a_command_is_not_answered_as_a_button_or_a_completion_is(api: Api, place: Place, kind: int) -> None:
    """https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-response-object-interaction-callback-type"""
    data = {"choices": list[Any]()} if kind == 8 else {"content": "no"}
    assert list(field_errors(await answer(api, await asked(api, place), kind, **data))) == ["type"]


async def test_a_button_changes_its_message_at_once_or_later(api: Api, place: Place) -> None:
    """https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-response-object-interaction-callback-type

    After type 6 `@original` is the message the button is on, and nothing is shown as loading.
    """
    message = await sent(api, place, content="Press", components=[row(button())])
    later = await place.fred.press(message, label="Go")
    status, made = await answer(api, later, 6)
    assert (status, "resource" in made, message.flags & THINKING) == (200, False, 0)
    await api("PATCH", place.webhook(later.interaction.token, "/messages/@original"), {"content": "Pressed"})
    assert message.content == "Pressed"
    now = await place.fred.press(message, "go")
    await answer(api, now, 7, content="Twice", components=list[Any]())
    assert (message.content, message.components) == ("Twice", [])


async def test_links_and_what_is_for_sale_set_nothing_off_nor_does_what_is_disabled(api: Api, place: Place) -> None:
    """https://docs.discord.com/developers/components/reference#button: link and premium buttons send no interaction."""
    link = {"type": 2, "style": 5, "label": "Read", "url": "https://example.com"}
    premium = {"type": 2, "style": 6, "sku_id": str(10**18)}
    grey = button("grey", label="Grey", disabled=True)
    message = await sent(api, place, content="Press", components=[row(link, premium, grey)])
    for label in ("Read", "Grey"):
        with pytest.raises(NotOffered):
            await place.fred.press(message, label=label)
    assert not place.standin.world.state.interactions


async def test_completion_offers_at_most_twenty_five_choices_of_a_hundred_characters(api: Api, place: Place) -> None:
    """https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-response-object-autocomplete

    A choice's name has 1 to 100 characters, its value as text up to 100:
    https://docs.discord.com/developers/interactions/application-commands#application-command-object-application-command-option-choice-structure
    """
    await api("PUT", place.commands, [ASK])
    world = place.standin.world
    ask = place.fred.commands(place.general)[0]
    options: list[dict[str, Any]] = [{"type": 3, "name": "topic", "value": "a", "focused": True}]
    typed = world.invoking.autocomplete(place.fred.user, place.general, ask, options)
    path = f"/interactions/{typed.id}/{typed.token}/callback"

    async def complete(*choices: dict[str, str]) -> tuple[int, Any]:
        return await api("POST", path, {"type": 8, "data": {"choices": list(choices)}})

    good = {"name": "A", "value": "a"}
    assert list(field_errors(await complete(*[good] * 26))) == ["data.choices"]
    assert list(field_errors(await complete({"name": "x" * 101, "value": "a"}))) == ["data.choices.0.name"]
    assert list(field_errors(await complete({"name": "A", "value": "x" * 101}))) == ["data.choices.0.value"]
    assert (await complete(*[good] * 25))[0] == 204
    assert typed.choices == [good] * 25


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"title": "x" * 46}, "data.title"),
        ({"custom_id": ""}, "data.custom_id"),
        ({"components": list[Any]()}, "data.components"),
        ({"components": [row(button())] * 6}, "data.components"),
        ({"components": [button()]}, "data.components.0.type"),
        ({"components": [{"type": 18, "label": "x" * 46, "component": dict[str, Any]()}]}, "data.components.0.label"),
    ],
)
async def test_a_form_has_a_title_a_name_and_one_to_five_fields(
    api: Api, place: Place, data: dict[str, Any], field: str
) -> None:
    """https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-response-object-modal"""
    text_field = {"type": 18, "label": "What?", "component": {"type": 4, "custom_id": "what", "style": 1}}
    form = {"title": "Form", "custom_id": "form", "components": [text_field]}
    assert list(field_errors(await answer(api, await asked(api, place), 9, **(form | data)))) == [field]


async def test_a_form_is_not_answered_by_another_form(api: Api, place: Place) -> None:
    """https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-response-object-interaction-callback-type"""
    text_field = {"type": 18, "label": "What?", "component": {"type": 4, "custom_id": "what", "style": 1}}
    form: dict[str, Any] = {"title": "Form", "custom_id": "form", "components": [text_field]}
    invocation = await asked(api, place)
    await answer(api, invocation, 9, **form)
    submitted = await place.fred.submit(await invocation.modal(), what="this")
    assert list(field_errors(await answer(api, submitted, 9, **form))) == ["type"]


async def test_menus_of_users_and_messages_bring_what_they_were_opened_on(api: Api, place: Place) -> None:
    """https://docs.discord.com/developers/interactions/application-commands#user-commands, #message-commands"""
    await api("PUT", place.commands, [{"type": 2, "name": "Look at"}, {"type": 3, "name": "Ask about this"}])
    theirs = await place.fred.send(place.general, "a subject")
    about = (await place.fred.context(place.general, "Ask about this", theirs)).interaction.data
    assert about["resolved"]["messages"][str(theirs.id)]["content"] == "a subject"
    look = (await place.fred.context(place.general, "Look at", place.fred.user)).interaction.data
    assert look["target_id"] == str(place.fred.id)
    assert set(look["resolved"]) == {"users", "members"}


async def test_a_servers_admins_say_who_may_use_a_command_where(api: Api, place: Place) -> None:
    """https://docs.discord.com/developers/interactions/application-commands#permissions

    Bots can read it, and are told; changing it takes an admin's own token: `permit` stands for the settings.
    """
    control, guild, fred = place.standin.control, place.guild, place.fred
    _, [shape] = await api("PUT", place.commands, [ASK])
    command = place.standin.world.state.commands[int(shape["id"])]
    path = f"/applications/{place.standin.application.id}/guilds/{guild.id}/commands"
    assert code(await api("GET", f"{path}/{command.id}/permissions")) == (404, 10066)
    role = control.create_role(guild, "Askers")
    everyone: dict[str, Any] = {"id": str(guild.id), "type": 1, "permission": False}
    askers = {"id": str(role.id), "type": 1, "permission": True}
    place.standin.world.commands.permit(guild, command, [everyone, askers])
    assert fred.commands(place.general) == []
    control.give_role(fred, role)
    assert fred.commands(place.general) == [command]
    here = {"id": str(place.general.id), "type": 3, "permission": False}
    place.standin.world.commands.permit(guild, command, [everyone, askers, here])
    assert fred.commands(place.general) == []
    assert (await api("GET", f"{path}/{command.id}/permissions"))[1]["permissions"] == [everyone, askers, here]
    assert len((await api("GET", f"{path}/permissions"))[1]) == 1
