"""Every word in every language: none missing, none left over, and each fit for its place."""

import ast
import re
import shutil
import string
from collections.abc import AsyncGenerator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import discord
import pytest

from bot.client import RolekeyBot
from bot.errors import UserError, explain
from bot.gateway_words import IN_PLACE, TRANSLATED
from bot.languages import ENGLISH, CommandTranslator, Language, Languages, Phrase, counted
from bot.languages.languages import FOLDER
from gateway.errors import ApiError, InvalidRequest
from tests.words import all_said, bot_at_rest, bring_up_to_date, everything, messages, missing, plurals, read

FILES = sorted(FOLDER.glob("*.po"))
# https://discord.com/developers/docs/interactions/application-commands#application-command-object
_NAME = re.compile(r"[-_'\w]{1,32}")
_DESCRIPTION = 100
_CHOICE = 100
_GERMAN = """msgid ""
msgstr ""
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"""


@pytest.fixture
async def bot() -> AsyncGenerator[RolekeyBot]:
    async with bot_at_rest() as bot:
        yield bot


def test_a_sentence_is_written_out_where_it_is_said_with_the_values_it_names() -> None:
    said = list(all_said())
    assert len(said) > 100
    for saying in said:
        first = saying.call.args[0]
        assert not isinstance(first, ast.JoinedStr | ast.BinOp), f"{saying.where}: write it as one literal"
        for sentence in saying.sentences:
            assert values_in(sentence) | {"count"} == saying.values | {"count"}, f"{saying.where}: {sentence}"


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
async def test_a_language_says_everything_and_nothing_else(file: Path, bot: RolekeyBot) -> None:
    said, translated = messages(await everything(bot)), messages(read(file))
    assert said.keys() - translated.keys() == set(), "run `make words`, then fill in what it names"
    assert translated.keys() - said.keys() == set(), "run `make words`: this is said no more"
    assert list(missing(read(file))) == [], "fill this in"


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_a_translation_has_the_values_of_the_english(file: Path) -> None:
    for message in messages(read(file)).values():
        for words in plurals(message.string):
            assert values_in(words) == values_in(plurals(message.id)[-1]), words


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
async def test_a_sentence_names_commands_as_that_language_does(file: Path, bot: RolekeyBot) -> None:
    names = {f"/{command.qualified_name}": named(Language.read(file), command) for command in commands_of(bot)}
    for (context, english), message in messages(read(file)).items():
        if context is None:
            wanted = sorted(names[command] for command in mentioned(english, names))
            for words in plurals(message.string):
                assert sorted(mentioned(words, names.values())) == wanted, words


async def test_what_discord_is_told_fits_its_rules_in_every_language(bot: RolekeyBot) -> None:
    translator = CommandTranslator(Languages.read())
    told = [await command.get_translated_payload(bot.tree, translator) for command in bot.tree.get_commands()]
    for locale in (discord.Locale.american_english, *(discord.Locale(file.stem) for file in FILES)):
        check_siblings(told, locale.value)


async def test_french_members_find_the_commands_by_french_names(bot: RolekeyBot) -> None:
    told = {command.name: command for command in bot.tree.get_commands()}
    ask = await told["ask"].get_translated_payload(bot.tree, CommandTranslator(bot.languages))
    assert ask["name_localizations"] == {"fr": "demander"}
    assert ask["description_localizations"]["fr"].startswith("Poser une question")
    options = {option["name"]: option for option in ask["options"]}
    assert options["prompt"]["name_localizations"] == {"fr": "question"}
    assert options["tier"]["choices"][0]["name_localizations"] == {"fr": "gratuit"}
    assert options["tier"]["choices"][0]["value"] == "free"


def check_siblings(told: list[dict[str, Any]], locale: str) -> None:
    """Names are valid and unique among those beside each other; everything is as short as Discord wants it."""
    names = [localised(entry, "name", locale) for entry in told]
    assert len(names) == len(set(names)), names
    for name, entry in zip(names, told, strict=True):
        if entry.get("type", 1) == 1 or "required" in entry or "options" in entry:
            assert _NAME.fullmatch(name), name
            assert name == name.lower()
        assert len(localised(entry, "description", locale)) <= _DESCRIPTION
        assert all(len(localised(choice, "name", locale)) <= _CHOICE for choice in entry.get("choices", []))
        check_siblings(entry.get("options", []), locale)


def test_a_language_writes_numbers_plurals_lists_and_durations_its_own_way() -> None:
    french = Languages.read().in_locale(discord.Locale.french)
    assert ENGLISH.say("{left} left", left=12_345.5) == "12,345.5 left"
    assert french.say("{left} left", left=12_345.5) == "12\u202f345,5 left"
    keys = [counted("{count} key checked", "{count} keys checked", count) for count in (0, 1, 2)]
    assert [str(phrase) for phrase in keys] == ["0 keys checked", "1 key checked", "2 keys checked"]
    assert [french.say(phrase) for phrase in keys] == ["0 clé vérifiée", "1 clé vérifiée", "2 clés vérifiées"]
    assert french.say("{names}", names=["a", "b", Phrase("free")]) == "a, b et gratuit"
    waits = [timedelta(seconds=seconds) for seconds in (0.2, 89, 90, 7200, 864_000)]
    assert [ENGLISH.say("{wait}", wait=wait) for wait in waits] == [
        "1 second", "89 seconds", "2 minutes", "2 hours", "10 days"
    ]  # fmt: skip
    assert [french.say("{wait}", wait=wait).replace("\xa0", " ") for wait in waits] == [
        "1 seconde", "89 secondes", "2 minutes", "2 heures", "10 jours"
    ]  # fmt: skip


def test_what_people_typed_is_never_taken_for_a_pattern() -> None:
    assert ENGLISH.say("{title}", title="{0} {title} {") == "{0} {title} {"
    assert ENGLISH.say(Phrase.verbatim("{0} {")) == "{0} {"


def test_words_of_the_gateway_are_shown_to_who_reads_english_only() -> None:
    french = Languages.read().in_locale(discord.Locale.french)
    phrase = Phrase.verbatim("Account x is busy.", otherwise=Phrase("All models are busy. Try again in a moment."))
    assert ENGLISH.say(phrase) == "Account x is busy."
    assert french.say(phrase) == "Tous les modèles sont occupés. Réessayez dans un instant."


def test_no_refusal_of_the_gateway_is_english_in_french() -> None:
    french = Languages.read().in_locale(discord.Locale.french)
    for code in (*IN_PLACE, *TRANSLATED, "a_code_of_a_newer_gateway"):
        told = french.say(explain(ApiError("English words.", code=code)))
        assert "English" not in told
        assert "référence" in told, "500 is not theirs to mend"
    assert "`a_code_of_a_newer_gateway`" in french.say(explain(InvalidRequest("", code="a_code_of_a_newer_gateway")))


def test_an_error_is_english_in_logs_and_in_the_members_language_elsewhere() -> None:
    error = UserError("{member} asks", member="Ada")
    assert str(error) == "Ada asks"
    assert Languages.read().in_locale(discord.Locale.french).say(error.phrase) == "Ada demande"


async def test_a_language_is_one_more_file(tmp_path: Path, bot: RolekeyBot) -> None:
    german = tmp_path / "de.po"
    german.write_text(_GERMAN, encoding="utf-8")
    shutil.copy(FOLDER / "fr.po", tmp_path)
    bring_up_to_date(german, await everything(bot))
    asked = list(missing(read(german)))
    assert ("command", "ask") in asked
    assert (None, "All models are busy. Try again in a moment.") in asked

    filled = german.read_text(encoding="utf-8")
    filled = filled.replace(
        'msgctxt "command"\nmsgid "ask"\nmsgstr ""', 'msgctxt "command"\nmsgid "ask"\nmsgstr "fragen"'
    )
    filled = filled.replace('msgid "Key"\nmsgstr ""', 'msgid "Key"\nmsgstr "Schlüssel"')
    german.write_text(filled, encoding="utf-8")
    languages = Languages.read(tmp_path)
    assert languages.in_locale(discord.Locale.german).say("Key") == "Schlüssel"
    assert languages.in_locale(discord.Locale.german).say("Tier") == "Tier", "what is missing is said in English"
    assert languages.in_locale(discord.Locale.french).say("Key") == "Clé"
    [ask] = [command for command in bot.tree.get_commands() if command.name == "ask"]
    told = await ask.get_translated_payload(bot.tree, CommandTranslator(languages))
    assert told["name_localizations"] == {"fr": "demander", "de": "fragen"}


def test_one_file_serves_all_regions_of_a_language_unless_a_region_has_its_own(tmp_path: Path) -> None:
    for name, word in (("es", "Clave"), ("es-419", "Llave")):
        words = f'{_GERMAN}\nmsgid "Key"\nmsgstr "{word}"\n'
        (tmp_path / f"{name}.po").write_text(words, encoding="utf-8")
    languages = Languages.read(tmp_path)
    assert languages.in_locale(discord.Locale.spain_spanish).say("Key") == "Clave"
    assert languages.in_locale(discord.Locale.latin_american_spanish).say("Key") == "Llave"
    assert languages.in_locale(discord.Locale.japanese) is ENGLISH


def localised(entry: dict[str, Any], what: str, locale: str) -> str:
    localisations: dict[str, str] = entry.get(f"{what}_localizations") or {}
    return localisations.get(locale) or entry.get(what) or ""


def values_in(words: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(words) if name is not None}


def commands_of(bot: RolekeyBot) -> Iterator[Any]:
    yield from bot.tree.walk_commands()


def named(language: Language, command: Any) -> str:
    """A command with the groups it is in."""
    return "/" + " ".join(language.name("command", name) for name in command.qualified_name.split())


def mentioned(words: str, names: Any) -> list[str]:
    """The commands that a sentence names, the longest name that fits."""
    pattern = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    return re.findall(rf"(?<![\w/])(?:{pattern})(?!\w)", words)
