"""Everything the bot and the pages say, collected from the code; `make words` brings the `.po` files up to date.

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
import msgspec
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
from gateway.web.languages import FOLDER as PAGES_FOLDER
from tests.page_words import everything_on_pages

ROOT = Path(__file__).parents[1]
SAYING = {"Phrase": 1, "say": 1, "counted": 2}
"""What takes a sentence, besides the errors a member can mend; `counted` takes it in singular and plural."""


class Saying(msgspec.Struct, frozen=True):
    """A call that says something: its sentences, where they are literal, and the names of its values."""

    where: str
    call: ast.Call
    takes: int

    @property
    def sentences(self) -> tuple[str, ...]:
        """Singular and plural, or one; none where a Phrase is said that was written elsewhere."""
        words = [arg.value for arg in self.call.args[: self.takes] if isinstance(arg, ast.Constant)]
        return tuple(map(str, words)) if len(words) == self.takes else ()

    @property
    def values(self) -> set[str]:
        """The names of the values."""
        named = {keyword.arg for keyword in self.call.keywords if keyword.arg is not None}
        return named | {"count"} if self.takes > 1 else named


def all_said() -> Iterator[Saying]:
    """Wherever the bot says something. (Babel's own extraction misses calls within calls.)"""
    takes = {**SAYING, **{kind.__name__: 1 for kind in _kinds(UserError)}}
    for folder in ("bot", "cogs"):
        for file in sorted((ROOT / folder).rglob("*.py")):
            if file.parent != FOLDER:
                yield from _said_in(file, takes)


def _said_in(file: Path, takes: Mapping[str, int]) -> Iterator[Saying]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            count = takes.get(getattr(node.func, "attr", None) or getattr(node.func, "id", ""), 0)
            if count:
                yield Saying(f"{file.relative_to(ROOT)}:{node.lineno}", node, count)


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
    for saying in all_said():
        if saying.sentences:
            catalog.add(saying.sentences[0] if len(saying.sentences) == 1 else saying.sentences)
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
    for folder, said in ((FOLDER, template), (PAGES_FOLDER, everything_on_pages())):
        for file in sorted(folder.glob("*.po")):
            bring_up_to_date(file, said)
            for _, english in missing(read(file)):
                sys.stdout.write(f"{file.relative_to(ROOT)}: {english}\n")


if __name__ == "__main__":
    asyncio.run(main())
