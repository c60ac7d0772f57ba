"""Everything the bot says, collected from the code and its commands; `make words` brings the `.po` files up to date.

What is new is put into each file with nothing beside it, which is to be filled in; what is said no more goes.
"""

import ast
import asyncio
import sys
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import discord
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po, write_po
from discord import app_commands

from bot.app import create_bot
from bot.client import RolekeyBot
from bot.config import Config
from bot.errors import UserError
from bot.languages.commands import NAMES
from bot.languages.languages import FOLDER
from gateway.config import Gateway, Secrets

ROOT = Path(__file__).parents[1]
SAYING = {"Phrase": 1, "say": 1, "counted": 2}
"""What takes a sentence, besides the errors a member can mend; `counted` takes it in singular and plural."""


def said_in(code: ast.AST, saying: Mapping[str, int]) -> Iterator[tuple[str, ...]]:
    """The literal sentences that are said in some code. (Babel's own extraction misses calls within calls.)"""
    for node in ast.walk(code):
        if isinstance(node, ast.Call):
            count = saying.get(getattr(node.func, "attr", None) or getattr(node.func, "id", ""), 0)
            words = [arg.value for arg in node.args[:count] if isinstance(arg, ast.Constant)]
            if count and len(words) == count and words != [""]:
                yield tuple(map(str, words))


Requested = tuple[str | None, str]
"""What discord.py asks a translator for: the context, none for descriptions, and the English."""


class Recorder(app_commands.Translator):
    """Remembers what it is asked for."""

    def __init__(self) -> None:
        self.requested: set[Requested] = set()

    async def translate(
        self, string: app_commands.locale_str, locale: discord.Locale, context: app_commands.TranslationContextTypes
    ) -> str | None:
        self.requested.add((NAMES.get(context.location), string.message))
        return None


async def requested_by(bot: RolekeyBot) -> set[Requested]:
    """All that Discord is told of the bot's commands."""
    recorder = Recorder()
    for command in bot.tree.get_commands():
        await command.get_translated_payload(bot.tree, recorder)
    return recorder.requested


@asynccontextmanager
async def bot_at_rest() -> AsyncGenerator[RolekeyBot]:
    """A bot that has its commands and is not connected to Discord."""
    with TemporaryDirectory() as folder:
        config = Config(data_dir=Path(folder), gateway=Gateway(port=0), secrets=Secrets(secret="for nothing"))
        bot = create_bot(config)
        async with bot, AsyncExitStack() as stack:
            await bot._set_up(bot, stack)
            yield bot


async def everything(bot: RolekeyBot) -> Catalog:
    """Sentences and names, as a template of a `.po` file."""
    catalog = Catalog()
    saying = {**SAYING, **{kind.__name__: 1 for kind in _kinds(UserError)}}
    for folder in ("bot", "cogs"):
        for file in (ROOT / folder).rglob("*.py"):
            for said in said_in(ast.parse(file.read_text(encoding="utf-8")), saying):
                catalog.add(said[0] if len(said) == 1 else said)
    for context, name in await requested_by(bot):
        catalog.add(name, context=context)
    return catalog


def read(file: Path) -> Catalog:
    """A `.po` file."""
    with file.open("rb") as source:
        return read_po(source, abort_invalid=True)


def bring_up_to_date(file: Path, template: Catalog) -> None:
    """Put in what is new, take out what is said no more, in order."""
    header, _, _ = file.read_text(encoding="utf-8").partition("\n\n")
    catalog = read(file)
    catalog.update(template, no_fuzzy_matching=True)
    with file.open("wb") as target:
        target.write(f"{header.rstrip()}\n\n".encode())
        write_po(target, catalog, width=0, no_location=True, omit_header=True, sort_output=True, ignore_obsolete=True)


def messages(catalog: Catalog) -> Mapping[tuple[str | None, str], Message]:
    """By context and English (singular)."""
    return {(message.context, plurals(message.id)[0]): message for message in catalog if message.id}


def missing(catalog: Catalog) -> Iterator[tuple[str | None, str]]:
    """What has no translation, or only a part of its plurals."""
    for key, message in messages(catalog).items():
        if not all(plurals(message.string)) or message.fuzzy:
            yield key


def plurals(words: str | Sequence[str] | None) -> Sequence[str]:
    """One sentence, or one for each plural."""
    return [words or ""] if words is None or isinstance(words, str) else words


def _kinds(error: type[UserError]) -> Iterator[type[UserError]]:
    yield error
    for kind in error.__subclasses__():
        yield from _kinds(kind)


async def main() -> None:
    """Bring every file up to date, and say what is to be filled in."""
    async with bot_at_rest() as bot:
        template = await everything(bot)
    for file in sorted(FOLDER.glob("*.po")):
        bring_up_to_date(file, template)
        for _, english in missing(read(file)):
            sys.stdout.write(f"{file.relative_to(ROOT)}: {english}\n")


if __name__ == "__main__":
    asyncio.run(main())
