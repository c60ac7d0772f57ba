"""`/v1` beside chats with a provider: embeddings, responses, and upstreams that do not speak OpenAI's protocol."""

from pathlib import Path

import openai
import pytest

from gateway.config import Account
from tests.fakes.upstream import Answer, FakeUpstream
from tests.gateway.chatting import Chatting, accounts_at, chatting
from tests.gateway.v1.conftest import HI, Libraries, kept, used


async def test_embeddings_come_from_an_account_that_offers_them(
    tmp_path: Path, upstream: FakeUpstream, library: Libraries
) -> None:
    async with chatting(tmp_path, upstream, accounts_at(upstream, embedding_model="text-embedding-3-small")) as room:
        await room.user("mia")
        for model in ("text-embedding-3-small", "auto"):
            found = await library(room).embeddings.create(model=model, input=["a", "b"], encoding_format="float")
            assert [item.embedding for item in found.data] == [[0.25, -0.5]] * 2
        assert upstream.others[0].body["model"] == "text-embedding-3-small"
        assert upstream.others[0].body["encoding_format"] == "float"
        assert await used(room) == (2, 14, 0)
        with pytest.raises(openai.NotFoundError):
            await library(room).embeddings.create(model="gpt-free", input="a")


@pytest.mark.usefixtures("either_engine")
async def test_responses_come_through_whole_and_streamed(
    tmp_path: Path, upstream: FakeUpstream, library: Libraries
) -> None:
    async with chatting(tmp_path, upstream, accounts_at(upstream, responses=True), record_v1=True) as room:
        await room.user("mia")
        whole = await library(room).responses.create(model="auto", input="Hi", instructions="Be brief")
        assert whole.output_text == "Hello from the fake upstream."
        stream = await library(room).responses.create(
            model="auto", input=[{"role": "user", "content": "Ho"}], stream=True
        )
        events = [event async for event in stream]
        assert events[-1].type == "response.completed"
        assert [event.sequence_number for event in events] == list(range(len(events)))
        assert await used(room) == (2, 6, 10)
        said = [[text for _, text, _ in conversation] for conversation in await kept(room)]
        assert sorted(said) == [["Hi", whole.output_text], ["Ho", whole.output_text]]
        assert upstream.others[0].body["max_output_tokens"] == 8_192
        with pytest.raises(openai.BadRequestError) as refused:
            await library(room).responses.create(model="auto", input="Hi", background=True)
        assert refused.value.param == "background"


async def test_what_no_account_offers_is_not_found(room: Chatting, library: Libraries) -> None:
    for ask in (library(room).responses.create, library(room).embeddings.create):
        with pytest.raises(openai.NotFoundError, match="No account"):
            await ask(model="auto", input="Hi")


async def test_the_offline_model_answers_like_any_other(
    tmp_path: Path, upstream: FakeUpstream, library: Libraries
) -> None:
    async with chatting(tmp_path, upstream, [Account(name="off", tier="free", kind="offline", model="m")]) as room:
        await room.user("mia")
        ai = library(room)
        whole = await ai.chat.completions.create(model="auto", messages=HI)
        stream = await ai.chat.completions.create(
            model="m", messages=HI, stream=True, stream_options={"include_usage": True}
        )
        chunks = [chunk async for chunk in stream]
        text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
        assert text == whole.choices[0].message.content
        assert "You wrote:\n> Hi" in text
        assert chunks[-1].usage == whole.usage is not None
        assert await used(room) == (2, 2 * whole.usage.prompt_tokens, 2 * whole.usage.completion_tokens)  # type: ignore[union-attr]


async def test_a_very_long_answer_that_nobody_counted_is_estimated_from_a_part_of_it(
    room: Chatting, upstream: FakeUpstream, library: Libraries
) -> None:
    upstream.play(Answer(pieces=("word",) * 4_000, usage=False))
    stream = await library(room).chat.completions.create(model="auto", messages=HI, stream=True)
    assert len([chunk async for chunk in stream]) == 4_002
    _, _, answered = await used(room)
    assert 3_600 <= answered <= 4_400
