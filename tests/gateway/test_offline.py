"""The offline model."""

import pytest

from gateway.titles import clean_title, generate_title, title_request
from gateway.upstreams.base import Completion, Event, Finished, Text, Turn
from gateway.upstreams.offline import OfflineUpstream


class Naps:
    """Sleeping, without the time it takes."""

    def __init__(self) -> None:
        self.taken = list[float]()

    async def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)


async def ask(*prompts: str, model: str = "offline-free", max_output_tokens: int = 8_192) -> list[Event]:
    turns = list[Turn]()
    for prompt in prompts:
        turns += [Turn("user", prompt), Turn("assistant", "…")]
    completion = Completion(model=model, turns=tuple(turns[:-1]), max_output_tokens=max_output_tokens)
    return [event async for event in OfflineUpstream(sleep=Naps()).stream(completion)]


async def answer(*prompts: str, model: str = "offline-free") -> str:
    return "".join(event.text for event in await ask(*prompts, model=model) if isinstance(event, Text))


async def test_every_answer_names_the_offline_model() -> None:
    for model in ("offline-free", "offline-plus"):
        said = await answer("Hello", model=model)
        assert "Rolekey's offline model" in said
        assert model in said
        assert "> Hello" in said


@pytest.mark.parametrize(
    ("prompt", "shown"),
    [
        ("Show me some code", "```python"),
        ("a table please", "| --- |"),
        ("List the steps", "\n1. "),
        ("A long story", "## Part 20"),
    ],
)
async def test_it_shows_what_it_is_asked_for(prompt: str, shown: str) -> None:
    assert shown in await answer(prompt)
    assert shown not in await answer("Hello")


async def test_it_remembers_the_conversation() -> None:
    said = await answer("My cat is called Mia", "What did I say before?")
    assert "prompt 2" in said
    assert "My cat is called Mia" in said


async def test_it_speaks_word_by_word_and_counts_four_characters_as_a_token() -> None:
    naps = Naps()
    completion = Completion(model="offline", turns=(Turn("user", "Hi there"),), max_output_tokens=8_192)
    seen = [event async for event in OfflineUpstream(word_seconds=0.5, sleep=naps).stream(completion)]
    words = [event.text for event in seen if isinstance(event, Text)]
    assert naps.taken == [0.5] * len(words)
    finished = seen[-1]
    assert isinstance(finished, Finished)
    assert finished.reason == "stop"
    assert finished.usage is not None
    assert finished.usage.input_tokens == 2
    assert finished.usage.output_tokens == -(-len("".join(words)) // 4)


async def test_it_stops_where_it_is_told_to() -> None:
    seen = await ask("Hi", max_output_tokens=3)
    assert len([event for event in seen if isinstance(event, Text)]) == 3
    assert isinstance(seen[-1], Finished)
    assert seen[-1].reason == "length"


async def test_it_gives_titles() -> None:
    request = title_request("offline", "How do I bake bread?")
    title = await generate_title(OfflineUpstream(sleep=Naps()), request, seconds=5)
    assert title.text == clean_title("How do I bake bread?")
