"""Reading what somebody writes: several lines, history, completion."""

import os
from collections.abc import Iterable
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.application import get_app
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.filters import Condition
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

from chat.commands import PLUS, Commands
from chat.sanitising import one_line

_PROMPT = "› "
_MORE = "· "


class CommandCompleter(Completer):
    """Completes commands and what follows them."""

    def __init__(self, commands: Commands) -> None:
        self._commands = commands

    def get_completions(
        self,
        document: Document,
        complete_event: CompleteEvent,  # noqa: ARG002 -- prompt_toolkit hands it by name
    ) -> Iterable[Completion]:
        """What the text before the cursor can become."""
        text = document.text_before_cursor
        if not text.startswith("/") or "\n" in text:
            return
        name, space, argument = text[1:].partition(" ")
        if not space:
            for command in self._commands.by_name.values():
                if command.name.startswith(name):
                    yield Completion(f"/{command.name}", -len(text), display_meta=command.help)
            return
        for word, meaning in self._arguments(name):
            if word.casefold().startswith(argument.casefold()):
                yield Completion(word, -len(argument), display_meta=meaning)

    def _arguments(self, name: str) -> list[tuple[str, str]]:
        if name == "plus":
            return [(word, "") for word in PLUS]
        if name == "export":
            return [("md", "to read"), ("json", "for programs")]
        if name == "resume":
            return [(one_line(conversation.title), "") for conversation in self._commands.listed]
        return []


class Reader:
    """A prompt that keeps its history in a file which only its owner reads, or, without one, in memory."""

    def __init__(self, commands: Commands, history: Path | None) -> None:
        self._session = PromptSession[str](
            _PROMPT,
            multiline=True,
            prompt_continuation=_MORE,
            history=_history(history),
            completer=CommandCompleter(commands),
            complete_while_typing=Condition(lambda: get_app().current_buffer.text.startswith("/")),
            key_bindings=_keys(),
            enable_open_in_editor=True,
        )

    async def read(self) -> str:
        """What was written.

        Raises `EOFError` for Ctrl-D and `KeyboardInterrupt` for Ctrl-C.
        """
        return await self._session.prompt_async()


def _history(path: Path | None) -> History:
    if path is None:
        return InMemoryHistory()
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError:
        return InMemoryHistory()
    return FileHistory(path)


def _keys() -> KeyBindings:
    keys = KeyBindings()

    def enter(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if buffer.document.text_before_cursor.endswith("\\") and buffer.document.is_cursor_at_the_end:
            buffer.delete_before_cursor()
            buffer.newline(copy_margin=False)
        else:
            buffer.validate_and_handle()

    def another_line(event: KeyPressEvent) -> None:
        event.current_buffer.newline(copy_margin=False)

    keys.add("enter")(enter)
    keys.add("escape", "enter")(another_line)
    # Not Ctrl-J: that is what Enter arrives as where it was pressed while an answer was still being written.
    return keys
