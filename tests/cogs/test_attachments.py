"""Files that go along with a question, and those that are refused before anybody sees it."""

from base64 import b64decode
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import discord
import msgspec
import pytest

from tests.cogs.conftest import MakeWorld, World, card, last, settings, words
from tests.fakes.upstream import FakeUpstream

PNG = b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
CAT = ("cat.png", PNG)
NOTES = ("notes.md", b"# Tea\n\n90 C\n")


@asynccontextmanager
async def seeing(make_world: MakeWorld, tmp_path: Path, upstream: FakeUpstream) -> AsyncGenerator[World]:
    """A world whose models see images, and whose gateway takes two files of 2,000 bytes."""
    gateway = settings(tmp_path, upstream).gateway
    accounts = [msgspec.structs.replace(account, images=True) for account in gateway.accounts]
    small = msgspec.structs.replace(gateway, accounts=accounts, max_attachments=2, max_attachment_bytes=2_000)
    async with make_world(gateway=small) as world:
        yield world


def shown(world: World) -> list[dict[str, Any]]:
    """The parts of the prompt that the model was shown last."""
    return world.upstream.requests[-1].contents[-1][1]


class Lost(dict[str, bytes]):
    """Keeps nothing."""

    def __setitem__(self, key: str, value: bytes) -> None:
        pass


def kinds(world: World) -> list[str]:
    return [part["type"] for part in shown(world)]


async def test_images_and_text_files_go_along_with_a_question(
    make_world: MakeWorld, tmp_path: Path, upstream: FakeUpstream
) -> None:
    async with seeing(make_world, tmp_path, upstream) as world:
        asked = await world.fred.slash(world.general, "ask", prompt="What is this?", file=CAT, file3=NOTES)
        assert [(field.name, field.value) for field in card(asked).fields] == [("Files", "`cat.png`, `notes.md`")]
        assert sorted(kinds(world)) == ["image_url", "text", "text"]
        assert any("90 C" in part.get("text", "") for part in shown(world))
        [thread] = world.threads()
        await world.fred.slash(thread, "followup", prompt="And this?", file=NOTES)
        assert kinds(world) == ["text", "text"]
        private = await world.fred.slash(world.general, "ask", prompt="Secret", file=NOTES, private=True)
        assert private.ephemeral
        assert kinds(world) == ["text", "text"]


async def test_files_in_plain_messages_go_along_also_without_words(
    make_world: MakeWorld, tmp_path: Path, upstream: FakeUpstream
) -> None:
    async with seeing(make_world, tmp_path, upstream) as world:
        await world.fred.slash(world.general, "ask", prompt="Hi")
        [thread] = world.threads()
        await world.fred.send(thread, "What is this?", attachments=[CAT])
        assert kinds(world) == ["text", "image_url"]
        await world.fred.send(thread, attachments=[NOTES])
        assert world.upstream.requests[-1].prompt == "Look at notes.md."
        assert kinds(world) == ["text", "text"]
        sent = len(world.upstream.requests)
        await world.fred.send(thread, "And this?", attachments=[("film.mp4", b"\0\0\0\x20ftyp")])
        assert last(thread).content.startswith("`film.mp4` is of a type that I don't take.")
        assert len(world.upstream.requests) == sent


REFUSED = [
    (("large.txt", b"x" * 2_001), "`large.txt` has 0.1 MB; at most 0.1 MB are taken."),
    (("film.mp4", b"\0\0\0\x20ftyp"), "`film.mp4` is of a type that I don't take. Send PNG,"),
    (("paper.pdf", b"%PDF-1.7\n"), "`paper.pdf` is of a type that I don't take."),
    (("picture.png", b"\0 no picture"), "`picture.png` is of a type that I don't take."),
    (("list.txt", "Käse".encode("latin-1")), "`list.txt` can't be read: it is no image, and no text in UTF-8."),
    (("program", b"\x7fELF\0\0"), "`program` is of a type that I don't take."),
]


@pytest.mark.parametrize(("file", "said"), REFUSED, ids=[file[0] for file, _ in REFUSED])
async def test_what_no_model_could_read_is_refused_before_anything_is_shown_or_sent(
    make_world: MakeWorld, tmp_path: Path, upstream: FakeUpstream, file: tuple[str, bytes], said: str
) -> None:
    async with seeing(make_world, tmp_path, upstream) as world:
        refused = await world.fred.slash(world.general, "ask", prompt="What is this?", file=file)
        assert words(refused).startswith(said)
        assert refused.ephemeral
        assert world.general.history() == []
        assert world.threads() == []
        assert world.upstream.requests == []


async def test_too_many_files_are_refused(make_world: MakeWorld, tmp_path: Path, upstream: FakeUpstream) -> None:
    async with seeing(make_world, tmp_path, upstream) as world:
        files = {"file": NOTES, "file2": NOTES, "file3": NOTES}
        refused = await world.fred.slash(world.general, "ask", prompt="What are these?", **files)
        assert refused.ephemeral
        assert "3, where 2 are taken" in words(refused)


async def test_files_whose_names_or_types_mislead_are_known_by_their_content(
    make_world: MakeWorld, tmp_path: Path, upstream: FakeUpstream
) -> None:
    async with seeing(make_world, tmp_path, upstream) as world:
        # Discord goes by the name, and takes TypeScript for television.
        files = {"file": ("program.ts", b"const a = 1;\n"), "file2": ("picture.txt", PNG)}
        await world.fred.slash(world.general, "ask", prompt="What are these?", **files)
        assert sorted(kinds(world)) == ["image_url", "text", "text"]


async def test_a_file_that_discord_no_longer_has_is_said_to_be_so(
    make_world: MakeWorld, tmp_path: Path, upstream: FakeUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with seeing(make_world, tmp_path, upstream) as world:
        world.speaks(world.fred, discord.Locale.french)
        # What is uploaded is lost at once.
        monkeypatch.setattr(world.env.backend.cdn, "_blobs", Lost())
        refused = await world.fred.slash(world.general, "ask", prompt="Qu'est-ce ?", file=NOTES)
        assert words(refused).startswith("Je n’ai pas pu récupérer `notes.md` auprès de Discord.")
