"""The bot's main flows; where the two Discords differ is written down in docs/stand-in.md."""

import asyncio

from aiohttp.test_utils import unused_port

from gateway.config import Gateway, Secrets
from tests.fakes.upstream import Answer
from tests.flows.stage import Form, MakeStage, Place, Said, Stage, refusal

HELLO = "Hello from the fake upstream."
FRENCH = "fr"


async def asked(stage: Stage, prompt: str = "What is a monad?") -> tuple[Place, Said]:
    """Fred asks; his thread, and the answer in it."""
    await stage.fred.slash(stage.general, "ask", prompt=prompt)
    thread = await stage.thread()
    return thread, await stage.said(thread, HELLO)


def prompts(stage: Stage) -> list[str]:
    """What members said so far in the conversation that was sent last."""
    return [text for role, text in stage.upstream.requests[-1].messages if role == "user"]


def models(stage: Stage) -> list[str]:
    return [request.body["model"] for request in stage.upstream.requests]


async def key_of_fred(stage: Stage) -> str:
    shown = await stage.fred.slash(stage.general, "key rotate")
    assert shown.private
    return shown.text.split("```")[1].strip()


async def test_a_question_becomes_a_card_with_a_thread_and_the_answer_in_it(make_stage: MakeStage) -> None:
    async with make_stage() as stage:
        card = await stage.fred.slash(stage.general, "ask", prompt="What is a monad?")
        assert (card.card, card.signature, card.private) == ("What is a monad?", "fred asks", False)
        thread = await stage.thread()
        answer = await stage.said(thread, HELLO)
        assert answer.text == HELLO
        assert "Follow up" in answer.buttons
        await stage.until(lambda: thread.name == "A Fine Title")
        assert models(stage) == ["gpt-free"]
        assert HELLO in [said.text for said in stage.paula.sees(thread)]


async def test_a_conversation_goes_on_by_command_by_text_and_by_the_button(make_stage: MakeStage) -> None:
    async with make_stage() as stage:
        thread, _ = await asked(stage)
        stage.upstream.reply = "By command."
        card = await stage.fred.slash(thread, "followup", prompt="And a functor?")
        assert card.card == "And a functor?"
        await stage.said(thread, "By command.")
        stage.upstream.reply = "By text."
        await stage.fred.send(thread, "And a monoid?")
        answer = await stage.said(thread, "By text.")
        stage.upstream.reply = "By the button."
        form = await stage.fred.press(answer, "Follow up")
        assert isinstance(form, Form)
        assert form.title == "Follow up"
        await stage.fred.submit(form, prompt="And a group?")
        await stage.said(thread, "By the button.")
        assert prompts(stage) == ["What is a monad?", "And a functor?", "And a monoid?", "And a group?"]


async def test_a_refusal_names_the_role_that_helps_to_the_one_who_asked_alone(make_stage: MakeStage) -> None:
    async with make_stage() as stage:
        refused = await stage.fred.slash(stage.general, "ask", prompt="Hi", tier="plus")
        assert refused.private
        assert stage.plus_role in refused.text
        assert refused.text in [said.text for said in stage.fred.sees(stage.general)]
        assert refused.text not in [said.text for said in stage.paula.sees(stage.general)]
        assert stage.threads() == 0
        assert stage.upstream.requests == []


async def test_somebody_elses_conversation_is_left_to_them(make_stage: MakeStage) -> None:
    async with make_stage() as stage:
        thread, answer = await asked(stage)
        refused = await stage.paula.slash(thread, "followup", prompt="Mine now")
        assert refused.private
        assert stage.fred.mention in refused.text
        pressed = await stage.paula.press(answer, "Follow up")
        assert isinstance(pressed, Said)
        assert pressed.private
        assert stage.fred.mention in pressed.text
        assert len(stage.upstream.requests) == 1


async def test_a_role_given_gives_plus_and_taken_takes_it(make_stage: MakeStage) -> None:
    async with make_stage() as stage:
        await stage.give_plus(stage.fred)
        await asked(stage)
        await stage.take_plus(stage.fred)
        refused = await stage.fred.slash(stage.general, "ask", prompt="Again", tier="plus")
        assert refused.private
        stage.upstream.reply = "For free."
        await stage.fred.slash(stage.general, "ask", prompt="Again")
        await stage.said(await stage.thread(2), "For free.")
        assert models(stage) == ["gpt-plus", "gpt-free"]


async def test_who_leaves_loses_the_key(make_stage: MakeStage) -> None:
    async with make_stage() as stage:
        key = await key_of_fred(stage)
        assert await refusal(stage, key) is None
        await stage.fred.leave()
        async with asyncio.timeout(30):
            while (told := await refusal(stage, key)) is None:
                """On the stand-in the event is still on its way when they are gone."""
        assert told == "revoked_key"


async def test_a_private_question_is_answered_where_only_they_look(make_stage: MakeStage) -> None:
    async with make_stage() as stage:
        told = await stage.fred.slash(stage.general, "ask", prompt="A secret", private=True)
        thread = await stage.thread()
        assert told.private
        assert thread.mention in told.text
        await stage.said(thread, HELLO)
        assert HELLO in [said.text for said in stage.fred.sees(thread)]
        assert stage.paula.sees(thread) == []
        assert all("A secret" not in said.text for said in stage.paula.sees(stage.general))


async def test_completion_offers_ones_own_conversations(make_stage: MakeStage) -> None:
    async with make_stage() as stage:
        thread, _ = await asked(stage)
        await stage.until(lambda: thread.name == "A Fine Title")
        offered = await stage.fred.complete(stage.general, "followup", "conversation", "fine")
        assert offered == ["A Fine Title"]
        assert await stage.paula.complete(stage.general, "followup", "conversation", "") == []


async def test_with_the_gateway_down_everybody_is_told_so(make_stage: MakeStage) -> None:
    nowhere = Gateway(url=f"http://127.0.0.1:{unused_port()}")
    secrets = Secrets(secret="a secret of the tests", client_key="rk-made-up-client-key")
    async with make_stage(gateway=nowhere, secrets=secrets) as stage:
        told = await stage.fred.slash(stage.general, "key rotate")
        assert told.private
        assert "I can't reach the gateway right now." in told.text
        assert await stage.fred.complete(stage.general, "followup", "conversation", "") == []


async def test_an_answer_under_way_when_the_bot_restarts_is_marked_and_gone_on_from(make_stage: MakeStage) -> None:
    async with make_stage() as stage:
        stage.upstream.play(Answer(pause_at=2))
        asking = asyncio.create_task(stage.fred.slash(stage.general, "ask", prompt="Hi"))
        await stage.upstream.paused.wait()
        await stage.stop()
        await asking
        stage.upstream.release.set()
        await stage.start()
        thread = await stage.thread()
        cut_off = await stage.said(thread, "Interrupted: I was restarted.")
        assert cut_off.text.startswith("Hello from")
        stage.upstream.reply = "On we go."
        await stage.fred.slash(thread, "followup", prompt="Go on")
        await stage.said(thread, "On we go.")
        assert prompts(stage) == ["Hi", "Go on"]


async def test_an_archived_thread_is_gone_on_in_by_words(make_stage: MakeStage) -> None:
    async with make_stage() as stage:
        thread, _ = await asked(stage)
        await stage.archive(thread)
        stage.upstream.reply = "Open again."
        await stage.fred.send(thread, "And a functor?")
        await stage.said(thread, "Open again.")


async def test_a_member_who_uses_discord_in_french_reads_french(make_stage: MakeStage) -> None:
    async with make_stage() as stage:
        stage.speaks(stage.fred, FRENCH)
        card = await stage.fred.slash(stage.general, "ask", prompt="Qu'est-ce qu'une monade ?")
        assert card.signature == "fred demande"
        answer = await stage.said(await stage.thread(), HELLO)
        form = await stage.fred.press(answer, "Poursuivre")
        assert isinstance(form, Form)
        assert form.title == "Poursuivre"
        refused = await stage.paula.press(answer, "Poursuivre")
        assert isinstance(refused, Said)
        assert refused.text.startswith("This conversation is")
