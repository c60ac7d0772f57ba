"""LiveMessage against a simulated Discord: a member asks, the bot streams, Discord misbehaves."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import cast

import aiohttp
import discord
import pytest
from discord.ext import commands
from simcord.env import Env

from bot.languages import Phrase
from bot.rendering.errors import DeliveryFailed, SurfaceGone
from bot.rendering.live_message import ATTACHED, CURSOR, EMPTY, NOT_ATTACHED, LiveMessage
from bot.rendering.message_sequence import MessageSequence
from bot.rendering.pacing import Pacing
from bot.rendering.surfaces import ChannelSurface, InteractionSurface, Posted, Surface

Script = Callable[[LiveMessage, discord.abc.Messageable], Awaitable[None]]

LONG = "\n\n".join(f"Paragraph {number}. " + "some words " * 60 for number in range(24))


async def short_sleep(seconds: float) -> None:
    """Back off as the bot does, but not for as long."""
    await asyncio.sleep(min(seconds, 0.01))


def live_on(surface: Surface, max_messages: int = 4) -> LiveMessage:
    return LiveMessage(surface, pacing=Pacing(0.01), max_messages=max_messages, sleep=short_sleep)


class StreamingBot(commands.Bot):
    """A bot whose commands run what the test says, as the model's stream would."""

    def __init__(self) -> None:
        super().__init__("!", intents=discord.Intents.all(), help_command=None)
        self.script: Script | None = None

    async def setup_hook(self) -> None:
        await self.add_cog(Asking(self))
        await self.tree.sync()

    async def run_script(self, surface: Surface, channel: discord.abc.Messageable) -> None:
        assert self.script
        async with live_on(surface) as live:
            await self.script(live, channel)


class Asking(commands.Cog):
    """The three places where an answer can come."""

    def __init__(self, bot: StreamingBot) -> None:
        self.bot = bot

    @commands.command()
    async def ask(self, ctx: commands.Context[StreamingBot]) -> None:
        await self.bot.run_script(ChannelSurface(ctx.channel, ctx.message), ctx.channel)

    @commands.command()
    async def thread(self, ctx: commands.Context[StreamingBot]) -> None:
        thread = await ctx.message.create_thread(name="answer")
        await self.bot.run_script(ChannelSurface(thread), thread)

    @discord.app_commands.command(name="ask", description="Ask")
    async def slash(self, interaction: discord.Interaction) -> None:
        await interaction.response.defer(ephemeral=True)
        assert isinstance(interaction.channel, discord.TextChannel)
        await self.bot.run_script(InteractionSurface(interaction, ephemeral=True), interaction.channel)


class World:
    """The simulated Discord and a member in it."""

    def __init__(self, env: Env, bot: StreamingBot) -> None:
        self.env = env
        self.bot = bot
        self.channel = env.create_guild().create_text_channel("general")
        self.member = env.guild.add_member(env.create_user("mia"))

    async def ask(self, script: Script, command: str = "!ask") -> None:
        self.bot.script = script
        await self.member.send(self.channel, command)

    def answers(self) -> list[discord.Message]:
        return [message for message in self.channel.history() if message.author.bot]

    def bodies(self, method: str) -> list[dict[str, object]]:
        """What was sent (POST) or edited (PATCH)."""
        found = [entry for entry in self.env.http_requests if entry.method == method and "/messages" in entry.path]
        return [cast("dict[str, object]", entry.json) for entry in found]

    def requests(self, method: str) -> list[str]:
        return [str(body["content"]) for body in self.bodies(method)]


@pytest.fixture
def simcord_bot() -> StreamingBot:
    return StreamingBot()


@pytest.fixture
def world(simcord_env: Env, simcord_bot: StreamingBot) -> World:
    return World(simcord_env, simcord_bot)


async def stream(live: LiveMessage, text: str, size: int = 40, pause: float = 0.001) -> None:
    for at in range(0, len(text), size):
        await live.feed(text[at : at + size])
        await asyncio.sleep(pause)


async def test_an_answer_appears_at_its_first_words_grows_by_edits_and_ends_complete(world: World) -> None:
    async def script(live: LiveMessage, _: discord.abc.Messageable) -> None:
        await live.feed("\n ")
        await live.feed("First")
        await stream(live, " words and more." * 40)
        await live.finish()

    await world.ask(script)
    [answer] = world.answers()
    assert answer.content == "First" + " words and more." * 40
    sent, edits = world.requests("POST"), world.requests("PATCH")
    assert sent == ["First" + CURSOR]
    assert 1 < len(edits) < 12
    assert all(edit.endswith(CURSOR) for edit in edits[:-1])


async def test_the_first_message_replies_without_a_ping_and_no_message_mentions_or_unfolds(world: World) -> None:
    async def script(live: LiveMessage, _: discord.abc.Messageable) -> None:
        await live.feed("@everyone <@&1> https://example.org")
        await live.finish()

    await world.ask(script)
    [answer] = world.answers()
    assert answer.reference is not None
    assert not answer.mention_everyone
    for method in ("POST", "PATCH"):
        [body] = world.bodies(method)
        allowed = cast("dict[str, object]", body["allowed_mentions"])
        assert (allowed["parse"], allowed.get("replied_user", False)) == ([], False)
    assert world.bodies("POST")[0]["flags"] == discord.MessageFlags(suppress_embeds=True).value
    assert answer.content.startswith("@everyone <@&1>")


async def test_a_long_answer_is_split_and_only_its_last_message_has_the_buttons(world: World) -> None:
    text = LONG[:5000] + "\n```py\n" + "print('x')\n" * 60 + "```\nThe end."

    async def script(live: LiveMessage, _: discord.abc.Messageable) -> None:
        await stream(live, text, size=200)
        view = discord.ui.View(timeout=None)
        view.add_item(discord.ui.Button[discord.ui.View](label="Follow up", custom_id="follow"))
        posted = await live.finish(view=view, footer="free tier")
        assert [message.id for message in posted] == [message.id for message in world.answers()]

    await world.ask(script)
    answers = world.answers()
    assert [bool(answer.components) for answer in answers] == [False] * (len(answers) - 1) + [True]
    assert all(answer.content.count("```") % 2 == 0 and CURSOR not in answer.content for answer in answers)
    assert [answer.reference is not None for answer in answers] == [True] + [False] * (len(answers) - 1)
    assert answers[-1].content.endswith("The end.\n-# free tier")
    assert "".join("".join(answer.content for answer in answers).split()).startswith("".join(LONG[:5000].split()))


async def test_an_answer_over_the_maximum_is_attached_whole(world: World) -> None:
    async def script(live: LiveMessage, _: discord.abc.Messageable) -> None:
        await stream(live, LONG, size=400)
        await live.finish(footer="plus tier")

    await world.ask(script)
    answers = world.answers()
    assert len(answers) == 4
    assert answers[-1].content.endswith(f"-# {ATTACHED}\n-# plus tier")
    [attachment] = answers[-1].attachments
    assert attachment.filename == "answer.md"
    assert (await attachment.read()).decode() == LONG


async def test_an_answer_that_cannot_be_attached_says_so(world: World) -> None:
    async def script(live: LiveMessage, _: discord.abc.Messageable) -> None:
        await stream(live, LONG, size=400)
        world.env.backend.faults.append(
            {"method": "PATCH", "path": "*", "status": 403, "code": 50013, "message": "", "times": 1}
        )
        await live.finish()

    await world.ask(script)
    assert world.answers()[-1].content.endswith(f"-# {NOT_ATTACHED}")
    assert not world.answers()[-1].attachments


@pytest.mark.parametrize("text", ["", " \n "])
async def test_an_empty_answer_says_so(world: World, text: str) -> None:
    async def script(live: LiveMessage, _: discord.abc.Messageable) -> None:
        await live.feed(text)
        await live.finish()

    await world.ask(script)
    assert [answer.content for answer in world.answers()] == [f"-# {EMPTY}"]


@pytest.mark.parametrize(("text", "shown"), [("", ""), ("```py\nx = 1", "```py\nx = 1\n```\n")])
async def test_an_interrupted_answer_keeps_what_arrived_and_says_why(world: World, text: str, shown: str) -> None:
    async def script(live: LiveMessage, _: discord.abc.Messageable) -> None:
        await live.feed(text)
        await live.interrupt(Phrase("the upstream\nbroke off."))

    await world.ask(script)
    assert [answer.content for answer in world.answers()] == [f"{shown}-# ⚠️ Interrupted: the upstream broke off."]


async def test_a_failed_edit_on_the_way_does_not_stop_the_stream(world: World) -> None:
    world.env.inject_error("PATCH", "/channels/*/messages/*", status=500, times=2)

    async def script(live: LiveMessage, _: discord.abc.Messageable) -> None:
        await stream(live, "word " * 200)
        await live.finish()

    await world.ask(script)
    assert [answer.content for answer in world.answers()] == [("word " * 200).strip()]


async def test_a_failed_first_send_is_made_up_for(world: World) -> None:
    world.env.inject_error("POST", "/channels/*/messages", status=503, times=2)

    async def script(live: LiveMessage, _: discord.abc.Messageable) -> None:
        await live.feed("Hello")
        await live.finish()

    await world.ask(script)
    assert [answer.content for answer in world.answers()] == ["Hello"]


async def test_where_edits_keep_failing_the_answer_comes_as_a_new_message(world: World) -> None:
    world.env.inject_error("PATCH", "/channels/*/messages/*", status=500, times=None)

    async def script(live: LiveMessage, _: discord.abc.Messageable) -> None:
        await stream(live, "word " * 50)
        await live.finish()

    await world.ask(script)
    assert [answer.content for answer in world.answers()] == [("word " * 50).strip()]


async def test_a_message_too_old_to_edit_is_replaced(world: World) -> None:
    world.env.inject_error("PATCH", "/channels/*/messages/*", status=429, code=30046, times=1)

    async def script(live: LiveMessage, _: discord.abc.Messageable) -> None:
        await stream(live, "word " * 100)
        await live.finish()

    await world.ask(script)
    assert [answer.content for answer in world.answers()] == [("word " * 100).strip()]
    assert len(world.requests("POST")) == 2


@pytest.mark.parametrize("after", [0, 60])
async def test_a_message_deleted_mid_answer_is_sent_anew(world: World, after: int) -> None:
    async def script(live: LiveMessage, _: discord.abc.Messageable) -> None:
        await stream(live, "word " * 60)
        await world.answers()[0].delete()
        await stream(live, "more " * after)
        await live.finish()

    await world.ask(script)
    assert [answer.content for answer in world.answers()] == [("word " * 60 + "more " * after).strip()]


@pytest.mark.parametrize("heard", [False, True])
async def test_a_thread_deleted_mid_answer_is_told_and_the_text_is_kept(world: World, heard: bool) -> None:
    reasons: list[str] = []

    async def script(live: LiveMessage, channel: discord.abc.Messageable) -> None:
        assert isinstance(channel, discord.Thread)
        await stream(live, "word " * 60)
        await channel.delete()
        told = 0
        while heard and live.gone is None:
            await stream(live, "more ")
            told += 1
        with pytest.raises(SurfaceGone) as caught:
            await live.finish()
        reasons.append(str(caught.value.reason))
        assert live.text == "word " * 60 + "more " * told

    await world.ask(script, "!thread")
    assert reasons == ["The channel or thread was deleted."]


@pytest.mark.parametrize("code", [50001, 50013, 50083])
async def test_a_place_closed_to_the_bot_is_told(world: World, code: int) -> None:
    world.env.inject_error("*", "/channels/*/messages*", status=403, code=code, times=None)
    seen: list[SurfaceGone] = []

    async def script(live: LiveMessage, _: discord.abc.Messageable) -> None:
        await live.feed("Hello")
        with pytest.raises(SurfaceGone) as caught:
            await live.finish()
        seen.append(caught.value)

    await world.ask(script)
    assert len(seen) == 1


async def test_messages_that_the_final_text_does_not_need_are_deleted(world: World) -> None:
    async def script(_: LiveMessage, channel: discord.abc.Messageable) -> None:
        messages = MessageSequence(ChannelSurface(channel), sleep=short_sleep)
        await messages.show(["one", "two", "three"])
        await messages.land(["one", "2"])

    await world.ask(script)
    assert [answer.content for answer in world.answers()] == ["one", "2"]


async def test_where_discord_fails_for_good_the_caller_is_told(world: World) -> None:
    world.env.inject_error("*", "/channels/*/messages*", status=500, times=None)
    failed: list[str] = []

    async def script(live: LiveMessage, _: discord.abc.Messageable) -> None:
        await live.feed("Hello")
        with pytest.raises(DeliveryFailed):
            await live.finish()
        failed.append(live.text)

    await world.ask(script)
    assert failed == ["Hello"]


async def test_an_interaction_gets_its_answer_in_follow_ups(world: World) -> None:
    async def script(live: LiveMessage, _: discord.abc.Messageable) -> None:
        await stream(live, LONG[:3000], size=200)
        await live.finish()

    world.bot.script = script
    result = await world.member.slash(world.channel, "ask")
    assert result.ephemeral
    assert len(result.followups) == 2 or result.response is not None
    assert not world.answers()


async def test_an_interaction_that_expired_is_told(world: World) -> None:
    reasons: list[str] = []

    async def script(live: LiveMessage, _: discord.abc.Messageable) -> None:
        await live.feed("Hello")
        await asyncio.sleep(0.02)
        world.env.backend.faults.append(
            {"method": "*", "path": "/webhooks/*", "status": 401, "code": 50027, "message": "", "times": None}
        )
        with pytest.raises(SurfaceGone) as caught:
            await live.finish(footer="late")
        reasons.append(str(caught.value.reason))

    world.bot.script = script
    await world.member.slash(world.channel, "ask")
    assert "15 minutes" in reasons[0]


async def test_a_message_deleted_a_second_time_is_not_sent_again(world: World) -> None:
    reasons: list[str] = []

    async def script(live: LiveMessage, _: discord.abc.Messageable) -> None:
        await stream(live, "word " * 60)
        while live.gone is None:
            for message in world.answers():
                await message.delete()
            await stream(live, "more ")
        with pytest.raises(SurfaceGone) as caught:
            await live.finish()
        reasons.append(str(caught.value.reason))

    await world.ask(script)
    assert reasons == ["The answer was deleted, so I stopped showing it."]
    assert world.answers() == []
    assert len(world.requests("POST")) == 2


async def test_a_message_that_another_follows_is_never_edited_again(world: World) -> None:
    table = "| n | square |\n|---|---|\n" + "".join(f"| {n} | {n * n} |\n" for n in range(400))

    async def script(live: LiveMessage, _: discord.abc.Messageable) -> None:
        await stream(live, table + LONG[:3000] + "\n```py\n" + "print(1)\n" * 300, size=90)
        await live.finish(footer="plus")

    world.bot.script = script
    await world.member.send(world.channel, "!ask")
    calls = [entry for entry in world.env.http_requests if "/messages" in entry.path and entry.method != "GET"]
    sent = [str(answer.id) for answer in world.answers()]
    assert len(sent) == 4
    growing = 0  # the messages that were begun
    for call in calls:
        if call.method == "POST":
            growing += bool(call.json and "content" in call.json and call.json["content"] != "!ask")
        elif call.path.rpartition("/")[2] != sent[-1]:
            assert sent.index(call.path.rpartition("/")[2]) == growing - 1


class BrokenLine:
    """A place whose connection breaks for some calls, and then comes back."""

    def __init__(self, broken: int) -> None:
        self.broken = broken
        self.shown = ""
        self.sent = 0

    @property
    def id(self) -> int:
        return 1

    def _call(self) -> None:
        if self.broken:
            self.broken -= 1
            raise aiohttp.ClientConnectionError("the line is down")

    async def send(self, content: str, **_: object) -> Posted:
        self._call()
        self.shown, self.sent = content, self.sent + 1
        return self

    async def edit(self, content: str, **_: object) -> None:
        self._call()
        self.shown = content

    async def delete(self) -> None:
        self._call()


async def test_the_last_edit_lands_once_a_lost_connection_is_back() -> None:
    surface, slept = BrokenLine(0), list[float]()

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    async with LiveMessage(surface, pacing=Pacing(60), max_messages=2, sleep=sleep) as live:
        await live.feed("Hello")
        await asyncio.sleep(0)
        surface.broken = 4
        await live.finish(footer="plus")
    assert surface.shown == "Hello\n-# plus"
    assert surface.sent == 1
    assert sum(slept) > 15  # seconds, which an outage may last


class SlowSurface:
    """A place where each call takes as long as the test wants, and which counts calls under way."""

    def __init__(self) -> None:
        self.release = asyncio.Event()
        self.shown: list[str] = []
        self.under_way = 0
        self.most_under_way = 0

    @property
    def id(self) -> int:
        return 1

    async def send(self, content: str, **_: object) -> Posted:
        await self.edit(content)
        return self

    async def edit(self, content: str, **_: object) -> None:
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        await self.release.wait()
        self.under_way -= 1
        self.shown.append(content)

    async def delete(self) -> None:
        self.shown.clear()


async def test_a_slow_discord_never_holds_up_the_stream_and_gets_one_call_at_a_time() -> None:
    surface = SlowSurface()
    async with live_on(surface) as live:
        for _ in range(200):
            await live.feed("word ")
            await asyncio.sleep(0)
        assert (surface.shown, surface.under_way) == ([], 1)
        surface.release.set()
        await live.finish()
    assert surface.shown == ["word" + CURSOR, ("word " * 200).strip()]
    assert surface.most_under_way == 1


@pytest.mark.parametrize("released", [True, False])
async def test_closing_early_leaves_no_task_behind(released: bool) -> None:
    surface = SlowSurface()
    if released:
        surface.release.set()
    before = asyncio.all_tasks()
    async with LiveMessage(surface, pacing=Pacing(60), max_messages=2) as live:
        await live.feed("some ")
        await asyncio.sleep(0.01)
        await live.feed("words")
    await live.aclose()
    assert asyncio.all_tasks() == before
    with pytest.raises(RuntimeError):
        await live.feed("more")


async def test_no_task_lives_while_there_is_nothing_to_show() -> None:
    surface = SlowSurface()
    surface.release.set()
    before = asyncio.all_tasks()
    async with live_on(surface) as live:
        await live.feed("Hello")
        await asyncio.sleep(0.02)
        assert asyncio.all_tasks() == before


async def test_a_cancelled_finish_can_be_followed_by_interrupt() -> None:
    surface = SlowSurface()
    async with live_on(surface) as live:
        await live.feed("Hello")
        finishing = asyncio.create_task(live.finish())
        await asyncio.sleep(0.01)
        finishing.cancel()
        await asyncio.wait({finishing})
        surface.release.set()
        await live.interrupt(Phrase("shutting down"))
    assert surface.shown[-1] == "Hello\n-# ⚠️ Interrupted: shutting down"


@pytest.mark.parametrize(("interval", "most"), [(-1.0, 3), (1.0, 0)])
def test_settings_without_sense_are_refused(interval: float, most: int) -> None:
    with pytest.raises(ValueError, match="must"):
        LiveMessage(SlowSurface(), pacing=Pacing(interval), max_messages=most)
