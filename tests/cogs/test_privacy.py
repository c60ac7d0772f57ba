"""/privacy, /export me and /forget me, as members use them."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import discord
import msgspec
import pytest
from simcord import InteractionResult

from bot.config import Access
from gateway.config import Retention
from gateway.errors import NotFound
from gateway.wire import ChatRequest
from tests.cogs.conftest import MakeWorld, World, card, last, settings, words
from tests.fakes.upstream import FakeUpstream


def archives(world: World, result: InteractionResult) -> list[zipfile.ZipFile]:
    """The ZIP files a member was sent, in order."""
    assert result.response is not None
    files = [file for message in (result.response, *result.followups) for file in message.attachments]
    datas = [world.env.backend.cdn.get(file.url) for file in files]
    return [zipfile.ZipFile(io.BytesIO(data)) for data in datas if data is not None]


def opened(parts: list[zipfile.ZipFile]) -> dict[str, bytes]:
    return {name: part.read(name) for part in parts for name in part.namelist()}


async def forget(world: World, typed: str = "forget me", *, direct: bool = False) -> InteractionResult:
    """Fred has himself forgotten."""
    actor: Any = world.fred.user if direct else world.fred
    shown = await (actor.slash("forget me") if direct else actor.slash(world.general, "forget me"))
    assert shown.modal is not None
    return await actor.submit_modal(shown, {"words": typed})


async def test_privacy_says_what_is_stored_where_how_long_and_who_reads_it(
    make_world: MakeWorld, tmp_path: Path, upstream: FakeUpstream
) -> None:
    gateway = msgspec.structs.replace(settings(tmp_path, upstream).gateway, retention=Retention(days=30))
    async with make_world(gateway=gateway) as world:
        shown = await world.fred.slash(world.general, "privacy")
        assert shown.ephemeral
        told = {field.name: field.value or "" for field in card(shown).fields}
        assert list(told)[:5] == ["What is stored", "Where", "How long", "Who can read it", "What you can do"]
        assert told["Privacy notice"] == "Admins of this server may not search your conversations."
        assert told["How long"].startswith("A conversation is erased 30 days after")
        assert "sent to: `127.0.0.1`." in told["Where"]
        world.speaks(world.fred, discord.Locale.french)
        french = card(await world.fred.user.slash("privacy"))
        assert french.title == "Vos données"
        assert any("/oublier moi" in (field.value or "") for field in french.fields)


async def test_a_member_takes_all_that_is_stored_along(make_world: MakeWorld) -> None:
    async with make_world() as world:
        await world.fred.slash(world.general, "ask", prompt="What is a monad?")
        await world.paula.slash(world.general, "ask", prompt="Paula's own question")
        key = await world.key_of(world.fred)
        result = await world.fred.slash(world.general, "export me")
        assert result.ephemeral
        files = opened(archives(world, result))
        place = f"server-{world.guild.id}"
        [text] = [data.decode() for name, data in files.items() if name.endswith(".md")]
        assert text.startswith("# ")
        assert "## Question, " in text
        assert "What is a monad?" in text
        assert "## Answer (gpt-free), " in text
        [whole] = [json.loads(data) for name, data in files.items() if name.endswith(".json")]
        assert [message["role"] for message in whole["messages"]] == ["user", "assistant"]
        assert json.loads(files[f"{place}/user.jsonl"])["user"]["username"] == "fred"
        assert json.loads(files[f"{place}/usage.jsonl"])["requests"] == 1
        noted = [json.loads(line) for line in files["noted-by-the-bot.jsonl"].splitlines()]
        assert {line["table"] for line in noted} == {"answers", "keys", "threads"}
        assert f"{place}/read-by-others.jsonl" not in files
        everything = b"".join(files.values()).decode()
        assert "Paula" not in everything
        assert "sealed" not in everything
        assert key not in everything


async def test_what_a_member_wrote_in_anothers_conversation_is_theirs_to_take_along_and_to_erase(
    make_world: MakeWorld,
) -> None:
    async with make_world() as world:
        await world.fred.slash(world.general, "ask", prompt="My own")
        await world.ada.slash(world.general, "ask", prompt="Ada begins")
        key, hers = await world.key_of(world.fred), await world.key_of(world.ada)
        async with world.gateway() as gateway:
            ada = gateway.acting_with(hers)
            [conversation] = (await ada.list_conversations()).conversations
            await gateway.share_conversation(conversation.id, f"{world.guild.id}:{world.fred.id}")
            asked = ChatRequest(prompt="Fred goes on", conversation_id=conversation.id)
            await gateway.acting_with(key).ask(asked)
            files = opened(archives(world, await world.fred.slash(world.general, "export me")))
            [lines] = [data for name, data in files.items() if name.endswith("written-in-others-conversations.jsonl")]
            assert b"Fred goes on" in lines
            [own] = [data for name, data in files.items() if name.endswith(".md")]
            assert b"Fred goes on" not in own
            assert b"Ada begins" not in b"".join(files.values())
            assert "1 conversation, 4 messages, 1 key" in words(await forget(world))
            left = (await ada.get_conversation(conversation.id)).messages
            assert [message.content.parts[0] for message in left if message.role == "user"] == ["Ada begins"]


async def test_what_is_larger_than_discord_takes_comes_in_parts(make_world: MakeWorld) -> None:
    async with make_world() as world:
        for number in range(6):
            await world.fred.slash(world.general, "ask", prompt=f"Question {number}: {' '.join(map(str, range(200)))}")

        def limit(event: str, payload: Any) -> None:
            if event == "INTERACTION_CREATE":
                payload["attachment_size_limit"] = 6000

        world.env.backend.subscribers.insert(0, limit)
        result = await world.fred.slash(world.general, "export me")
        parts = archives(world, result)
        assert len(parts) > 1
        assert words(result).startswith(f"Part 1 of {len(parts)} of what is stored of you")
        assert all(message.flags.ephemeral for message in result.followups)
        assert sum(name.endswith(".md") for name in opened(parts)) == 6
        assert all(part.fp is not None and part.fp.seek(0, io.SEEK_END) <= 6000 for part in parts)


async def test_a_member_is_forgotten_by_bot_and_gateway_and_told_what_went(make_world: MakeWorld) -> None:
    async with make_world() as world:
        await world.fred.slash(world.general, "ask", prompt="What is a monad?")
        [thread] = world.threads()
        await world.fred.slash(thread, "followup", prompt="And a functor?")
        await world.paula.slash(world.general, "ask", prompt="Hers")
        key, hers = await world.key_of(world.fred), await world.key_of(world.paula)
        result = await forget(world, "  Forget   ME ")
        assert result.ephemeral
        assert words(result).startswith("Erased in Academy: 1 conversation, 4 messages, 1 key, and 5 notes of mine.")
        assert await world.refusal(key) == "invalid_key"
        assert await world.refusal(hers) is None
        with pytest.raises(NotFound):
            await world.user(world.fred)
        files = opened(archives(world, await world.fred.slash(world.general, "export me")))
        assert not any("conversations" in name for name in files)
        again = await forget(world)
        assert words(again) == "Nothing was stored of you, so nothing was erased."
        gone = await world.fred.click(last(thread), label="Follow up")
        await world.fred.submit_modal(gone, {"prompt": "Are you there?"})
        assert "That conversation is gone." in " ".join(world.said(world.general) + world.said(thread))
        await world.fred.slash(world.general, "ask", prompt="A new life")
        assert (await world.user(world.fred)).username == "fred"


async def test_nothing_goes_where_the_words_are_not_typed(make_world: MakeWorld) -> None:
    async with make_world() as world:
        await world.fred.slash(world.general, "ask", prompt="Hi")
        world.speaks(world.fred, discord.Locale.french)
        refused = await forget(world, "forget me")
        assert words(refused).replace("\u00a0", " ") == (
            "Rien n’a été effacé. Pour le faire effacer, relancez `/oublier moi` et tapez : oubliez-moi"
        )
        assert (await world.user(world.fred)).username == "fred"
        done = await forget(world, "Oubliez-moi")
        assert words(done).startswith("Effacé sur Academy")


async def test_in_direct_messages_it_is_about_every_server_also_those_one_left(make_world: MakeWorld) -> None:
    async with make_world() as world:
        await world.fred.slash(world.general, "ask", prompt="Here")
        other = world.env.create_guild("Other")
        room = other.create_text_channel("room")
        there = other.add_member(world.fred.user)
        await world.env.settle()
        await there.slash(room, "ask", prompt="There")
        other.remove_member(there)
        await world.env.settle()
        files = opened(archives(world, await world.fred.user.slash("export me")))
        assert {name.split("/")[0] for name in files if "/" in name} == {
            f"server-{world.guild.id}",
            f"server-{other.id}",
        }
        result = await forget(world, direct=True)
        assert words(result).startswith("Erased on 2 servers: 2 conversations, 4 messages, 1 key, and ")
        async with world.gateway() as gateway:
            left = [user async for user in gateway.list_users(ending=f":{world.fred.id}", deleted=True)]
            assert [part async for part in gateway.held_of(left[0].user_id) if "message" in type(part).__name__] == []


async def test_who_was_switched_off_for_their_roles_can_leave_and_come_back(make_world: MakeWorld) -> None:
    async with make_world(access=Access(plus_roles=["Plus"], everyone="none")) as world:
        await world.give(world.fred, world.plus_role)
        await world.fred.slash(world.general, "ask", prompt="Hi")
        await world.take(world.fred, world.plus_role)
        assert (await world.user(world.fred)).disabled
        assert words(await forget(world)).startswith("Erased in Academy: 1 conversation")
        await world.give(world.fred, world.plus_role)
        await world.fred.slash(world.general, "ask", prompt="Back again")
        assert not (await world.user(world.fred)).disabled


async def test_a_block_outlives_being_forgotten(make_world: MakeWorld) -> None:
    async with make_world() as world:
        await world.fred.slash(world.general, "ask", prompt="Hi")
        await world.ada.slash(world.general, "admin block", member=world.fred)
        assert words(await forget(world)).startswith("Erased in Academy: 1 conversation")
        asked = len(world.upstream.requests)
        await world.fred.slash(world.general, "ask", prompt="Am I back?")
        assert len(world.upstream.requests) == asked


async def test_a_copy_that_takes_longer_than_the_interaction_lives_comes_by_direct_message(
    make_world: MakeWorld,
) -> None:
    async with make_world() as world:
        await world.fred.slash(world.general, "ask", prompt="What is a monad?")
        world.env.inject_error("PATCH", "/webhooks/*", status=401, code=50027, times=None)
        before = len(world.general.history())
        await world.fred.slash(world.general, "export me")
        [message] = world.fred.user.dm_channel.history()
        assert message.content.startswith("This is all that is stored of you")
        data = world.env.backend.cdn.get(message.attachments[0].url)
        assert data is not None
        assert any(name.endswith(".md") for name in zipfile.ZipFile(io.BytesIO(data)).namelist())
        assert len(world.general.history()) == before
