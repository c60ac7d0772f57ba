"""Titles are short, on one line and clean, whatever a model or a member writes."""

from collections.abc import AsyncGenerator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import Unavailable
from gateway.titles import (
    MAX_TITLE_CHARACTERS,
    UNTITLED,
    Title,
    clean_title,
    generate_title,
    provisional_title,
    title_request,
)
from gateway.upstreams.base import Accepted, Completion, Event, Text
from gateway.wire import Usage


@pytest.mark.parametrize(
    ("given_title", "title"),
    [
        ("Baking Bread", "Baking Bread"),
        ('"Baking Bread."', "Baking Bread"),
        ("**Title:** “Baking Bread”\n", "Baking Bread"),
        ("Title: Baking Bread", "Baking Bread"),
        ("\n\n  Baking\tBread  \nSure, here is more", "Baking Bread"),
        ("<think>What to call it?\nHm.</think>\nBaking Bread", "Baking Bread"),
        ("<think>never ends", ""),
        ("# Backen für Anfänger 🥖", "Backen für Anfänger 🥖"),
        ("Bak\u202eing\u200b Bre\x00ad", "Baking Bread"),
        ("👩‍🍳 Bread", "👩‍🍳 Bread"),
        ("...", ""),
        ("", ""),
    ],
)
def test_a_models_title_is_made_fit_to_show(given_title: str, title: str) -> None:
    assert clean_title(given_title) == title


def test_a_long_title_ends_at_a_word() -> None:
    title = provisional_title("How do I bake " + "very " * 30 + "good bread?")
    assert title.endswith("very…")
    assert len(title) <= MAX_TITLE_CHARACTERS


def test_a_word_without_end_is_cut() -> None:
    assert provisional_title("x" * 500) == "x" * (MAX_TITLE_CHARACTERS - 1) + "…"


def test_a_prompt_of_nothing_visible_has_a_title_all_the_same() -> None:
    assert provisional_title("\u200b\x07 \n") == UNTITLED


class Breaking:
    """An upstream that says these pieces and then fails."""

    def __init__(self, *pieces: str) -> None:
        self._pieces = pieces

    async def stream(self, completion: Completion) -> AsyncGenerator[Event]:
        for piece in self._pieces:
            yield Accepted()
            yield Text(piece)
        raise Unavailable("gone")

    async def close(self) -> None:
        pass


async def test_a_title_that_broke_off_is_none_and_was_used_all_the_same() -> None:
    request = title_request("m", "How do I bake bread?")
    title = await generate_title(Breaking("Baking"), request, seconds=5)
    assert title.text is None
    asked = sum(turn.tokens for turn in request.turns)
    assert title.usage == Usage(input_tokens=asked, output_tokens=2, estimated=True)
    assert await generate_title(Breaking(), request, seconds=5) == Title(text=None, usage=None)


@given(st.text(max_size=300))
def test_every_title_is_one_short_line(text: str) -> None:
    for title in (clean_title(text), provisional_title(text)):
        assert len(title) <= MAX_TITLE_CHARACTERS
        assert len(title.splitlines()) <= 1
        assert title == title.strip()
