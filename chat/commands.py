"""What begins with a slash."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.text import Text

from chat.conversing import Conversing
from chat.markdown import Blocks
from chat.sanitising import one_line, printable
from chat.tables import conversation_table, usage_tables
from gateway.wire import Conversation, PlusWish

_SHOWN = 20
PLUS: dict[str, PlusWish] = {"true": True, "false": False, "any": "any"}


class CannotDo(Exception):
    """A command that cannot be done as it stands; the message says what to write."""


class Leave(Exception):
    """Somebody wants to go."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command, what may follow it, and what it does."""

    name: str
    arguments: str
    help: str
    run: Callable[[str], Awaitable[None]]


class Commands:
    """The commands and what they know: the conversations that were listed last."""

    def __init__(self, conversing: Conversing, console: Console, today: Callable[[], datetime] | None = None) -> None:
        self._conversing = conversing
        self._client = conversing.client
        self._console = console
        self._now = today or (lambda: datetime.now(UTC))
        self.listed = list[Conversation]()
        found = [
            Command("new", "", "leave this conversation; the next prompt begins another", self._new),
            Command("conversations", "", "your conversations, last used first", self._conversations),
            Command("search", "WORDS", "conversations in which these words were written", self._search),
            Command("resume", "NUMBER|TITLE", "go on with a conversation", self._resume),
            Command("rename", "TITLE", "give this conversation a title", self._rename),
            Command("delete", "", "erase this conversation", self._delete),
            Command("export", "[md|json] [FILE]", "write this conversation to a file", self._export),
            Command("plus", "true|false|any", "which models to ask", self._plus),
            Command("usage", "", "what you used, and what is left", self._usage),
            Command("help", "", "this list", self._help),
            Command("quit", "", "leave; so does Ctrl-D", self._quit),
        ]
        self.by_name = {command.name: command for command in found}

    async def run(self, line: str) -> None:
        """Do what a line says.

        Raises `CannotDo`, `Leave` and `ApiError`.
        """
        name, _, argument = line.removeprefix("/").partition(" ")
        command = self.by_name.get(name.lower())
        if command is None:
            raise CannotDo(f"There is no /{one_line(name)}; /help lists what there is. To send it, write //{name}.")
        await command.run(argument.strip())

    async def _new(self, _: str) -> None:
        self._conversing.leave()
        self._say("A new conversation.")

    async def _conversations(self, _: str) -> None:
        self.listed = (await self._client.list_conversations(limit=_SHOWN)).conversations
        if not self.listed:
            self._say("There are none yet. Write something.")
            return
        self._console.print(conversation_table(self.listed, self._conversing.conversation_id))
        self._console.print()
        self._say("/resume NUMBER goes on with one.")

    async def _search(self, words: str) -> None:
        if not words:
            raise CannotDo("Say what to look for: /search WORDS")
        hits = (await self._client.search(words, limit=_SHOWN)).hits
        for hit in hits:
            title = Text(one_line(hit.conversation_title), style="bold")
            self._console.print(Text.assemble(title, "  ", one_line(hit.snippet)))
        self._say("/resume TITLE goes on with one." if hits else "Nothing was found.")

    async def _resume(self, wanted: str) -> None:
        chosen = await self._chosen(wanted)
        self._conversing.conversation_id = chosen.id
        messages = (await self._client.get_conversation(chosen.id)).messages
        for message in messages[-2:]:
            text = printable("".join(message.content.parts))
            asked = message.role == "user"
            self._console.print(Text(f"› {text}", style="bold") if asked else Blocks(text), end="\n" if asked else "")
            self._console.print()
        self._say(f"Going on with “{one_line(chosen.title)}”.")

    async def _chosen(self, wanted: str) -> Conversation:
        """A conversation by its place in the list shown last, its id, or a part of its title."""
        if not wanted:
            raise CannotDo("Say which one: /resume NUMBER, as /conversations numbers them, or a part of its title.")
        if not self.listed:
            self.listed = (await self._client.list_conversations(limit=_SHOWN)).conversations
        if wanted.isascii() and wanted.isdigit() and 1 <= int(wanted) <= len(self.listed):
            return self.listed[int(wanted) - 1]
        async for conversation in self._client.all_conversations():
            if conversation.id == wanted or wanted.casefold() in one_line(conversation.title).casefold():
                return conversation
        raise CannotDo("There is no such conversation; /conversations lists them.")

    async def _rename(self, title: str) -> None:
        if not title:
            raise CannotDo("Say how to call it: /rename TITLE")
        renamed = await self._client.rename_conversation(self._current(), title)
        self._say(f"It is called “{one_line(renamed.title)}” now.")

    async def _delete(self, _: str) -> None:
        await self._client.delete_conversation(self._current())
        self._conversing.leave()
        self.listed = []
        self._say("It is erased.")

    async def _export(self, argument: str) -> None:
        first, _, rest = argument.partition(" ")
        form: Literal["md", "json"] = "json" if first == "json" or argument.endswith(".json") else "md"
        named = rest.strip() if first in ("md", "json") else argument
        conversation_id = self._current()
        if not named:
            title = (await self._client.get_conversation(conversation_id)).conversation.title
            words = re.sub(r"[^\w-]+", "-", title).strip("-")
            named = f"{words or 'conversation'}.{form}"
        path = Path(named)
        data = await self._client.export_conversation(conversation_id, form)
        try:
            _write(path, data)
        except FileExistsError:
            raise CannotDo(f"There is a file {path} already; name another: /export {form} FILE") from None
        except OSError as error:
            raise CannotDo(f"{path}: {error.strerror}. Name another place: /export {form} FILE") from None
        self._say(f"Written to {path}.")

    async def _plus(self, wanted: str) -> None:
        if wanted:
            if wanted not in PLUS:
                raise CannotDo("It is one of: /plus true, /plus false, /plus any")
            self._conversing.plus = PLUS[wanted]
        meant = {True: "plus models", False: "free models", "any": "the first model that is available to you"}
        self._say(f"Asking {meant[PLUS[str(self._conversing.plus).lower()]]}.")

    async def _usage(self, _: str) -> None:
        now = self._now().astimezone(UTC).date()
        used, *left = usage_tables(await self._client.usage(since=now.replace(day=1), until=now))
        self._console.print(used)
        for table in left:
            self._console.print()
            self._console.print(table)

    async def _help(self, _: str) -> None:
        width = max(len(f"/{command.name} {command.arguments}") for command in self.by_name.values())
        for command in self.by_name.values():
            usage = f"/{command.name} {command.arguments}".ljust(width)
            self._console.print(Text.assemble((usage, "bold"), "  ", command.help))
        self._console.print()
        self._say("Alt-Enter or a \\ at the end of a line begins another line; Tab completes; ↑ brings back.")
        self._say("Ctrl-C stops an answer; what arrived of it is kept. Ctrl-D leaves.")

    async def _quit(self, _: str) -> None:
        raise Leave

    def _current(self) -> str:
        if self._conversing.conversation_id is None:
            raise CannotDo("There is no conversation yet. Write something, or /resume one.")
        return self._conversing.conversation_id

    def _say(self, words: str) -> None:
        self._console.print(Text(words, style="dim"))


def _write(path: Path, data: bytes) -> None:
    """Write a file that is not there yet."""
    with path.open("xb") as file:
        file.write(data)
