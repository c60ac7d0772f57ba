"""What is sent of a long conversation."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.context import fit, room_for_answer
from gateway.errors import InvalidRequest
from gateway.tokens import estimate_tokens
from gateway.upstreams.base import Turn


def exchange(number: int, characters: int = 40) -> list[Turn]:
    return [Turn("user", f"{number}?".ljust(characters)), Turn("assistant", f"{number}!".ljust(characters))]


def test_all_of_a_short_conversation_is_sent() -> None:
    history = [*exchange(1), *exchange(2)]
    turns = fit("Be brief.", history, "3?", input_tokens=1000)
    assert turns == (Turn("system", "Be brief."), *history, Turn("user", "3?"))


def test_without_a_system_prompt_none_is_sent() -> None:
    assert fit("", [], "Hi", input_tokens=100) == (Turn("user", "Hi"),)


def test_the_oldest_exchanges_are_left_out_whole() -> None:
    history = [*exchange(1), *exchange(2), *exchange(3)]
    # Two turns of 10 + 4 tokens are an exchange; the prompt takes 1 + 4.
    assert fit("", history, "4?", input_tokens=5 + 2 * 28) == (*history[2:], Turn("user", "4?"))
    assert fit("", history, "4?", input_tokens=5 + 2 * 28 - 1) == (*history[4:], Turn("user", "4?"))


def test_nothing_older_than_what_was_left_out_is_sent() -> None:
    history = [*exchange(1, 4), *exchange(2, 4000), *exchange(3, 4)]
    assert fit("", history, "4?", input_tokens=100) == (*history[4:], Turn("user", "4?"))


def test_a_prompt_that_does_not_fit_is_refused_with_both_numbers() -> None:
    with pytest.raises(InvalidRequest) as caught:
        fit("s" * 40, exchange(1), "x" * 4000, input_tokens=518)
    assert caught.value.code == "prompt_too_long"
    assert "1000" in caught.value.message
    assert "500" in caught.value.message


def test_the_answer_gets_at_most_half_of_the_context() -> None:
    assert room_for_answer(128_000, 8_192) == 8_192
    assert room_for_answer(4_096, 8_192) == 2_048
    assert room_for_answer(1, 8_192) == 1


@pytest.mark.parametrize(
    ("text", "tokens"), [("", 0), ("a", 1), ("abcd", 1), ("abcde", 2), ("日本語", 3), ("日本 ok", 3)]
)
def test_four_characters_are_a_token_and_so_is_one_ideograph(text: str, tokens: int) -> None:
    assert estimate_tokens(text) == tokens


@given(sizes=st.lists(st.integers(1, 200), max_size=12), room=st.integers(10, 400))
def test_what_is_sent_fits_and_is_the_end_of_the_conversation(sizes: list[int], room: int) -> None:
    history = [turn for number, size in enumerate(sizes) for turn in exchange(number, size)]
    turns = fit("", history, "now?", input_tokens=room)
    kept = turns[:-1]
    assert list(kept) == history[len(history) - len(kept) :]
    assert sum(estimate_tokens(turn.text) + 4 for turn in turns) <= room
    assert all(one.role != two.role for one, two in pairwise(turns))
