"""A copy of everything there is of a member, as files that people and programs can read."""

import asyncio
import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path

import msgspec

from bot.archive import Archive
from bot.languages import Language
from bot.personal_data import BotRow, PersonalData, Whose
from gateway.client import GatewayClient
from gateway.errors import NotFound
from gateway.wire import (
    Conversation,
    Held,
    HeldConversation,
    HeldMessage,
    HeldReading,
    HeldUsage,
    HeldUser,
    Message,
)

# A file of lines is begun anew at this size, so that no more is in memory.
_LINES_BYTES = 1_000_000
_NAME_CHARACTERS = 40


class Exporter:
    """Makes such copies."""

    def __init__(self, data: PersonalData) -> None:
        self._data = data

    async def write(self, whose: Whose, folder: Path, *, most_bytes: int, language: Language) -> list[Path]:
        """Write ZIP files of at most `most_bytes` into `folder`: a folder for each server, in it the conversations as
        Markdown and as JSON, what came with them, and lines of JSON for the rest.

        In memory is one conversation at a time. Raises `storage.StorageError` and `gateway.errors.ApiError`.
        """
        archive = Archive(folder, "rolekey-data", most_bytes)
        try:
            notes = _Lines(archive, "noted-by-the-bot.jsonl")
            async with aclosing(self._data.noted(whose)) as rows:
                async for row in rows:
                    await notes.add(row)
            await notes.close()
            for guild_id in await self._data.guilds_of(whose):
                await self._write_server(archive, whose.member_id, guild_id, language)
        finally:
            await asyncio.to_thread(archive.close)
        return archive.parts

    async def _write_server(self, archive: Archive, member_id: int, guild_id: int, language: Language) -> None:
        folder = f"server-{guild_id}"
        lines: dict[type[Held], _Lines] = {
            kind: _Lines(archive, f"{folder}/{name}.jsonl")
            for kind, name in ((HeldUser, "user"), (HeldUsage, "usage"), (HeldReading, "read-by-others"))
        }
        lines[HeldMessage] = _Lines(archive, f"{folder}/written-in-others-conversations.jsonl")
        gateway = await self._data.reader(member_id, guild_id)
        writing: _Writing | None = None
        async with aclosing(self._data.held(member_id, guild_id)) as parts:
            async for part in parts:
                if isinstance(part, HeldConversation):
                    await _finish(writing)
                    writing = _Writing(archive, folder, part, gateway, language)
                elif isinstance(part, HeldMessage) and writing is not None and writing.holds(part):
                    writing.messages.append(part.message)
                elif type(part) in lines:
                    await lines[type(part)].add(part)
        await _finish(writing)
        for file in lines.values():
            await file.close()


class _Lines:
    """A file with a JSON object a line."""

    def __init__(self, archive: Archive, name: str) -> None:
        self._archive = archive
        self._name = name
        self._lines = bytearray()

    async def add(self, line: Held | BotRow) -> None:
        self._lines += msgspec.json.encode(line) + b"\n"
        if len(self._lines) >= _LINES_BYTES:
            await self.close()

    async def close(self) -> None:
        if self._lines:
            await asyncio.to_thread(self._archive.add, self._name, bytes(self._lines))
            self._lines.clear()


class _Writing:
    """One conversation and the files that came with it."""

    def __init__(
        self, archive: Archive, folder: str, held: HeldConversation, gateway: GatewayClient, language: Language
    ) -> None:
        self.messages: list[Message] = []
        self._archive = archive
        self._folder = folder
        self._held = held
        self._gateway = gateway
        self._language = language

    def holds(self, message: HeldMessage) -> bool:
        return message.conversation_id == self._held.conversation.id

    async def write(self) -> None:
        conversation = self._held.conversation
        name = f"{self._folder}/conversations/{conversation.created_at:%Y-%m-%d}-{_slug(conversation.title)}"
        whole = {"conversation": conversation, "system": self._held.system, "messages": self.messages}
        as_json = msgspec.json.format(msgspec.json.encode(whole), indent=2)
        await asyncio.to_thread(self._archive.add, f"{name}.json", as_json)
        text = markdown(conversation, self.messages, self._language)
        await asyncio.to_thread(self._archive.add, f"{name}.md", text.encode())
        async for file, data in self._files(conversation.id):
            await asyncio.to_thread(self._archive.add, f"{name}-files/{_file_name(file)}", data)

    async def _files(self, conversation_id: str) -> AsyncGenerator[tuple[str, bytes]]:
        seen = set[tuple[str, str]]()
        for message in self.messages:
            for file in message.attachments:
                if (file.hash, file.name) in seen:
                    continue
                seen.add((file.hash, file.name))
                try:
                    yield file.name, await self._gateway.download_attachment(conversation_id, file.hash)
                except NotFound:  # deleted while this was written
                    continue


async def _finish(writing: _Writing | None) -> None:
    if writing is not None:
        await writing.write()


def markdown(conversation: Conversation, messages: list[Message], language: Language) -> str:
    """A conversation as people read it; headings in their language."""
    parts = [f"# {conversation.title}"]
    for message in messages:
        who = language.say("Question") if message.role == "user" else language.say("Answer")
        model = f" ({message.model})" if message.model and message.role == "assistant" else ""
        parts.append(f"## {who}{model}, {message.created_at:%Y-%m-%d %H:%M} UTC")
        parts.append("".join(message.content.parts))
        parts += [f"- {file.name} ({file.content_type}, {file.size} B)" for file in message.attachments]
    return "\n\n".join(parts) + "\n"


def _slug(title: str) -> str:
    words = re.sub(r"[^\w]+", "-", title).strip("-_")[:_NAME_CHARACTERS].strip("-")
    return words or "conversation"


def _file_name(name: str) -> str:
    """A name that leads nowhere else when the archive is opened."""
    return re.sub(r"[^\w.-]+", "_", name).lstrip(".") or "file"
