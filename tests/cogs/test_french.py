"""What members read who use Discord in French, beside others who do not."""

import re
from pathlib import Path

import discord
import msgspec
import pytest

from bot.config import Access
from gateway.config import Limits, TierLimits
from tests.cogs.conftest import MakeWorld, card, last, settings, words
from tests.fakes.upstream import FakeUpstream

FRENCH = discord.Locale.french


async def test_an_answer_comes_in_french_words_and_a_neighbours_in_english(make_world: MakeWorld) -> None:
    async with make_world() as world:
        world.speaks(world.fred, FRENCH)
        asked = card(await world.fred.slash(world.general, "ask", prompt="Qu'est-ce qu'une monade ?"))
        assert asked.author.name == "fred demande"
        assert asked.footer.text == "gratuit"
        [thread] = world.threads()
        form = await world.fred.click(last(thread), label="Poursuivre")
        assert form.modal is not None
        assert form.modal["title"] == "Poursuivre"
        await world.fred.submit_modal(form, {"prompt": "Et un foncteur ?"})
        refused = await world.paula.click(last(thread), label="Poursuivre")
        assert words(refused).startswith(f"This conversation is {world.fred.mention}'s.")

        english = card(await world.paula.slash(world.general, "ask", prompt="What is a monad?"))
        assert english.author.name == "paula asks"
        world.speaks(world.paula, FRENCH)
        refused = await world.paula.slash(thread, "followup", prompt="Moi aussi ?")
        assert words(refused) == (
            f"Cette conversation est celle de {world.fred.mention}. Commencez la vôtre avec `/demander`."
        )


async def test_a_refusal_says_in_french_which_roles_help(make_world: MakeWorld) -> None:
    async with make_world(access=Access(plus_roles=["Plus"], everyone="free")) as world:
        world.speaks(world.fred, FRENCH)
        refused = words(await world.fred.slash(world.general, "ask", prompt="Bonjour", tier="plus"))
        assert refused == (
            f"Votre accès ne comprend pas le niveau plus. Ces rôles le comprennent\u00a0: {world.plus_role.mention}. "
            "Votre accès gratuit fonctionne\u00a0: n’indiquez pas de niveau, ou choisissez gratuit."
        )


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        (TierLimits(requests_per_minute=1), r"Votre accès permet 1 question par minute, et vous l’avez posée\."),
        (TierLimits(requests_per_minute=2), r"Votre accès permet 2 questions par minute, et vous les avez posées\."),
        (
            TierLimits(tokens_per_day=1_200),
            r"Il vous reste \d+ de vos 1 200 jetons pour aujourd’hui : ce n’est pas assez .*\.",
        ),
    ],
)
async def test_a_used_up_limit_is_said_in_french_with_its_figures(
    make_world: MakeWorld, tmp_path: Path, upstream: FakeUpstream, limits: TierLimits, said: str
) -> None:
    gateway = msgspec.structs.replace(settings(tmp_path, upstream).gateway, limits=Limits(free=limits))
    async with make_world(gateway=gateway) as world:
        world.speaks(world.fred, FRENCH)
        told = ""
        for _ in range(30):
            await world.fred.slash(world.general, "ask", prompt="Bonjour " * 100)
            told = re.sub(r"\s", " ", world.said(world.threads()[-1])[-1])
            if told.startswith("⚠️"):
                break
        assert re.fullmatch(rf"⚠️ {said} Vous pourrez réessayer dans \d+ \w+\.", told), told


async def test_the_key_is_shown_and_replaced_in_french(make_world: MakeWorld) -> None:
    async with make_world() as world:
        world.speaks(world.fred, FRENCH)
        none = card(await world.fred.slash(world.general, "key show"))
        assert none.title == "Votre clé sur Academy"
        assert [field.name for field in none.fields] == ["Clé", "Niveau", "Adresse", "Comment l’utiliser"]
        assert none.fields[0].value is not None
        assert none.fields[0].value.startswith("Aucune pour l’instant.")
        assert words(await world.fred.slash(world.general, "key rotate")).startswith("Voici votre nouvelle clé.")
        assert words(await world.fred.slash(world.general, "key revoke")).startswith("Votre clé est révoquée.")


async def test_an_admin_sets_and_sees_access_in_french(make_world: MakeWorld) -> None:
    async with make_world() as world:
        world.speaks(world.ada, FRENCH)
        await world.key_of(world.paula)
        done = words(await world.ada.slash(world.general, "access tier", role=world.plus_role, tier="free"))
        assert done == (
            f"{world.plus_role.mention} donne maintenant le niveau gratuit. 1 clé vérifiée, 1 modifiée et 0 révoquée."
        )
        listed = card(await world.ada.slash(world.general, "access list"))
        assert listed.title == "Accès par rôle"
        assert f"🔹 gratuit · {world.plus_role.mention} · par `/accès niveau`" in (listed.description or "")
        shown = card(await world.ada.slash(world.general, "access member", member=world.paula))
        assert shown.title == "paula\u00a0: gratuit"


async def test_conversations_are_listed_and_shared_in_french(make_world: MakeWorld) -> None:
    async with make_world() as world:
        world.speaks(world.fred, FRENCH)
        none = card(await world.fred.slash(world.general, "conversations list"))
        assert (none.title, none.description) == (
            "Vos conversations sur Academy", "Vous n’en avez pas encore. Commencez-en une avec `/demander`."
        )  # fmt: skip
        await world.fred.slash(world.general, "ask", prompt="Bonjour")
        [thread] = world.threads()
        shared = words(await world.fred.slash(thread, "share", member=world.paula))
        assert shared.startswith(f"{world.paula.mention} peut maintenant poursuivre dans <#{thread.id}>")


async def test_where_only_a_message_asks_the_servers_language_counts(make_world: MakeWorld) -> None:
    async with make_world(access=Access(everyone="none")) as world:
        world.env.backend.edit_guild(world.guild.id, {"preferred_locale": "fr"})
        await world.env.settle()
        assert world.bot.user is not None
        await world.fred.send(world.general, f"<@{world.bot.user.id}> Bonjour ?")
        assert world.said(world.general)[-1].startswith("Vous n’avez pas encore accès ici.")
