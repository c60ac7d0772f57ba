import re
import time
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.rendering.splitter import SMALLEST_LIMIT, Piece, Splitter, join, split

FEW = settings(max_examples=150, derandomize=True, deadline=None)

WORDS = ["word", "Ünïcode", "日本語。", "👩‍👩‍👧‍👦", "e\u0301", "🇩🇪🇫🇷", "**bold text**", "`x = 1`", "end."]
FENCE_LINES = ["```", "```python", "````markdown", "~~~", "~~~js", "  ```sh", "1. ```", "`````", "``", "```a`b"]
QUOTED_LINES = ["> x = 1", ">"]
MARKS = ["||a", "b||", "**c", "d**", "~~e", "f~~"]
TEXT_LINES = ["", "   ", "# Heading", "- item", "  - nested", "1. first", "| a | b |", "|---|---|", "> quote", "Look:"]
LINES = st.one_of(
    st.lists(st.sampled_from([*WORDS, *MARKS, "https://example.org/a?b=c"]), max_size=60).map(" ".join),
    st.sampled_from([*FENCE_LINES, *QUOTED_LINES, *TEXT_LINES]),
    st.text(alphabet="`~ \n-x:", max_size=80),
    st.text(max_size=300),
    st.sampled_from(["x", "`", "~", " ", "\n", "🙂", "\u0301", "``` ", "~~~ "]).flatmap(
        lambda unit: st.integers(1, 900).map(lambda times: unit * times)
    ),
)
MARKDOWN = st.lists(LINES, max_size=40).map("\n".join)
LIMITS = st.sampled_from([SMALLEST_LIMIT, 300, 500, 2000])


def texts(pieces: list[Piece]) -> list[str]:
    return [piece.text for piece in pieces]


def is_balanced(text: str) -> bool:
    """A reader of its own: walks the lines as CommonMark does, leniently indented."""
    marker, in_quote = "", False
    for line in text.split("\n"):
        mark = re.match(r"(?:[ \t]{0,3}>[ \t]?){0,11}", line)
        assert mark is not None
        if marker and in_quote and not mark[0]:
            marker = ""
        if marker:
            bare = (line[mark.end() :] if in_quote else line).strip()
            if len(bare) >= len(marker) and set(bare) == {marker[0]}:
                marker = ""
            continue
        unquoted = line[mark.end() :]
        lead = re.match(r"[ \t]{0,40}(?:(?:[-*+]|\d{1,9}[.)])[ \t]{1,8}){0,4}", unquoted)
        assert lead is not None
        found = re.match(r"`+|~+", unquoted[lead.end() :])
        info = unquoted[lead.end() + len(found[0]) :].rstrip() if found else ""
        if found and 3 <= len(found[0]) <= 16 and len(info) <= 100 and not (found[0][0] == "`" and "`" in info):
            marker, in_quote = found[0], bool(mark[0])
    return not marker


@FEW
@given(MARKDOWN, LIMITS)
def test_every_piece_fits_stands_alone_and_nothing_is_lost(text: str, limit: int) -> None:
    pieces = split(text, limit)
    assert bool(pieces) == bool(text.strip())
    for piece in pieces:
        assert len(piece.text) <= limit
        assert piece.text.strip()
        assert is_balanced(piece.text), piece.text
    if pieces:
        assert join(text, pieces) == text
        assert (pieces[0].start, pieces[-1].end) == (0, len(text))


@FEW
@given(MARKDOWN, LIMITS)
def test_no_visible_character_is_lost_or_doubled(text: str, limit: int) -> None:
    for piece in split(text, limit):
        shown = piece.text[len(piece.opening) : len(piece.text) - len(piece.closing)].strip()
        source = text[piece.start : piece.end].strip()
        before, found, after = source.partition(shown)
        assert found
        assert not "".join((before + after).split()).strip("`~*_|>")  # but for the end of what was closed before


@FEW
@given(MARKDOWN, LIMITS, st.floats(0, 1))
def test_growth_leaves_finished_pieces_as_they_were(text: str, limit: int, share: float) -> None:
    early = split(text[: int(len(text) * share)], limit)
    assert texts(early[:-2]) == texts(split(text, limit))[: len(early[:-2])]


@FEW
@given(MARKDOWN, LIMITS, st.lists(st.integers(1, 400), min_size=1, max_size=5))
def test_the_size_of_the_chunks_changes_nothing(text: str, limit: int, sizes: list[int]) -> None:
    splitter, pieces, at, turn = Splitter(limit), list[Piece](), 0, 0
    while at < len(text):
        size = sizes[turn % len(sizes)]
        complete = splitter.feed(text[at : at + size])
        shown = texts(complete + splitter.preview())
        assert all(len(piece) <= limit for piece in shown)
        pieces += complete
        at, turn = at + size, turn + 1
    assert texts(pieces + splitter.finish()) == texts(split(text, limit))


def test_a_limit_too_small_for_a_fence_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 200"):
        split("text", 50)


def test_a_short_text_is_one_piece_as_it_is() -> None:
    assert texts(split("Hello\n\n- a\n- b")) == ["Hello\n\n- a\n- b"]


def test_blank_text_gives_no_piece() -> None:
    assert split(" \n\n ") == []


def test_paragraphs_stay_whole() -> None:
    paragraphs = ["lorem ipsum " * 8 + "end." for _ in range(6)]
    for piece in split("\n\n".join(paragraphs), 300):
        assert all(part in paragraphs for part in piece.text.split("\n\n"))


def test_list_items_stay_whole() -> None:
    items = [f"{number}. " + "some words " * 9 + "end\n   and more of it" for number in range(1, 9)]
    for piece in split("\n".join(items), 400):
        assert re.match(r"\d\. ", piece.text)
        assert piece.text.endswith("more of it")


def test_a_heading_is_not_left_behind() -> None:
    first, second = split("a" * 150 + ". \n\n## Heading\n\n" + "word " * 40, 300)
    assert first.text == "a" * 150 + "."
    assert second.text.startswith("## Heading")


@pytest.mark.parametrize("marker", ["```", "~~~", "````"])
def test_a_fence_is_closed_and_opened_again_with_its_language(marker: str) -> None:
    remark = "" if marker == "```" else "  # ``` is no end"
    code = "\n".join(f"print({number}){remark}" for number in range(90))
    pieces = split(f"Text\n\n{marker}python\n{code}\n{marker}\nafter", 300)
    assert len(pieces) > 3
    assert all(piece.text.startswith(f"{marker}python\nprint(") for piece in pieces[1:])
    assert all(piece.text.endswith(f"\n{marker}") for piece in pieces[:-1])
    assert pieces[-1].text.endswith("after")


def test_a_fence_that_fits_in_a_message_is_moved_there_whole() -> None:
    block = "```py\n" + "call()\n" * 30 + "```"
    first, second = split("word " * 40 + "\n\n" + block, 300)
    assert second.text == block
    assert "```" not in first.text


@pytest.mark.parametrize("closing", ["```", "````````````"])
def test_no_message_holds_an_empty_block(closing: str) -> None:
    for length in range(100, 330):
        for text in (
            "```py\n" + "x" * length + f"\n{closing}\n\nmore words",
            "x" * length + f"\n```py\n{'y' * 200}\n{closing}\n\nmore words",
        ):
            pieces = split(text, 300)
            assert not any(re.search(r"(?m)^```(py)?\n```", piece.text) for piece in pieces)
            assert not pieces[-1].closing


def test_an_unclosed_fence_is_closed() -> None:
    [piece] = split("```py\nx = 1")
    assert piece.text == "```py\nx = 1\n```"
    assert piece.marked(" |") == "```py\nx = 1 |\n```"


def test_a_sentence_is_the_next_best_end() -> None:
    first, _ = split("Some words make one sentence here. " * 12, 300)
    assert first.text.endswith("here.")


def test_links_and_inline_code_stay_whole() -> None:
    atoms = ["[a long label of words](https://example.org/path)", "`some inline code of words`", "**bold words here**"]
    pieces = texts(split(" ".join(atoms * 20), 300))
    assert [sum(piece.count(atom) for piece in pieces) for atom in atoms] == [20, 20, 20]


@pytest.mark.parametrize("cluster", ["👩‍👩‍👧‍👦", "🇩🇪", "e\u0301\u0323", "👍🏽", unicodedata.normalize("NFD", "한")])
def test_a_character_people_see_as_one_is_never_torn(cluster: str) -> None:
    for piece in split(cluster * 400, 301):
        assert piece.text.replace(cluster, "") == ""


def test_stacked_accents_without_end_are_cut_all_the_same() -> None:
    assert "".join(texts(split("a" + "\u0301" * 5000))) == "a" + "\u0301" * 5000


@pytest.mark.parametrize(
    "unit", ["word ", "x", "\n", " ", "`", "~~~ ", "```\n", "- a\n", "[", "a.\n\n", "**a", "\u0301"]
)
def test_a_long_text_in_tiny_chunks_costs_linear_time(unit: str) -> None:
    def cost(length: int) -> float:
        splitter, text = Splitter(), unit * (length // len(unit))
        began = time.process_time()
        for at in range(0, len(text), 40):
            splitter.feed(text[at : at + 40])
        splitter.finish()
        return time.process_time() - began

    assert cost(160_000) < 60 * max(cost(8_000), 0.005)  # linear is 20 times, quadratic 400 times
