"""What Discord is given, read by Discord's own rules: a code block is what stands between three backticks and three."""

import re
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.rendering.pages import Pages
from bot.rendering.splitter import MESSAGE_LIMIT

FEW = settings(max_examples=120, derandomize=True, deadline=None)
CURSOR = " ▌"

WORDS = [
    "word", "日本語。", "مرحبا", "👩‍👩‍👧‍👦", "🇩🇪🇫🇷", "e\u0301", "**bold", "text**", "*it*", "||secret", "out||",
    "~~no~~", "`x = 1`", "``a`b``", "```", "```inline```", "````", "\\(x^2\\)", "$a_1$", "$5", "$$\\frac{1}{2}$$",
    "<b>", "</b>",
    "<br>", "<@123>", "<@&1>", "@everyone", "[a](https://b.org)", "[good.org](https://evil.org)", "discord.gg/abc",
    "\u200b", "\u202e", "\x00", "\ud83d", "\ude00", "&lt;", "[^1]", "~~~", "https://example.org/a?b=c&lt;",
]  # fmt: skip
LINES = st.one_of(
    st.lists(st.sampled_from(WORDS), max_size=60).map(" ".join),
    st.lists(st.sampled_from(WORDS), max_size=60).map("".join),
    st.sampled_from(
        [
            "",
            "   ",
            "```",
            "```py",
            "````md",
            "~~~",
            "> ```js",
            "> ```",
            "> code",
            ">",
            ">>> x",
            "> > deep",
            "$$",
            "\\[",
        ]
    ),
    st.sampled_from(["# H", "#### H", "---", "- [x] a", "  1) b", "| a | b |", "|---|---|", "> | a | b |", "> |-|-|"]),
    st.text(alphabet="`~>|*$\\\n -x", max_size=120),
    st.text(max_size=300),
    st.sampled_from(["x", "`", "~", "|", "*", "🙂", "\u0301", "``` ", "> ", "||a"]).flatmap(
        lambda unit: st.integers(1, 900).map(lambda times: unit * times)
    ),
)
MARKDOWN = st.lists(LINES, max_size=40).map("\n".join)
_BLOCK = re.compile(r"```(?:([a-z0-9_+\-.#]+?)\n)?\n*([^\n][\s\S]*?)\n*```", re.IGNORECASE)


def rendered(text: str, sizes: list[int] | None = None) -> list[str]:
    pages, at, turn = Pages(), 0, 0
    while at < len(text):
        size = sizes[turn % len(sizes)] if sizes else len(text)
        pages.feed(text[at : at + size])
        at, turn = at + size, turn + 1
    pages.finish()
    return pages.complete


@FEW
@given(MARKDOWN, st.lists(st.integers(1, 900), min_size=1, max_size=5))
@example("x" * 1999 + "🙂" * 3000, [1])
def test_every_page_fits_and_its_blocks_are_closed_whatever_the_chunks(text: str, sizes: list[int]) -> None:
    pages = Pages()
    shown: list[str] = []
    at, turn = 0, 0
    while at < len(text):
        size = sizes[turn % len(sizes)]
        pages.feed(text[at : at + size])
        at, turn = at + size, turn + 1
        growing = pages.growing(CURSOR)
        assert len(growing) <= MESSAGE_LIMIT
        assert growing.count("```") % 2 == 0
        assert pages.complete[: len(shown)] == shown  # a message with another behind it never changes
        shown = list(pages.complete)
    pages.finish()
    assert pages.complete == rendered(text)
    for page in pages.complete:
        assert 0 < len(page.strip()) <= len(page) <= MESSAGE_LIMIT
        assert page.count("```") % 2 == 0
        page.encode()  # no lone surrogate, which Discord refuses


@FEW
@given(st.lists(st.sampled_from(["word", "日本", "x=1", "`a`", "end."]), min_size=1, max_size=900))
def test_put_together_the_messages_give_plain_text_back(words: list[str]) -> None:
    text = " ".join(words)
    assert " ".join(rendered(text)) == text


@pytest.mark.parametrize("opening", ["", "> "])
@pytest.mark.parametrize("marker", ["```", "~~~", "`````"])
def test_code_put_together_is_the_code_and_each_message_names_the_language(marker: str, opening: str) -> None:
    code = [f"print({number}, 'some more of it')" for number in range(300)]
    text = "\n".join(f"{opening}{line}" for line in ["Look:", f"{marker}py", *code, marker, "after"])
    pages = rendered(text)
    assert len(pages) > 4
    blocks = [block for page in pages for block in _BLOCK.findall(re.sub("(?m)^> ", "", page))]
    assert {language for language, _ in blocks} == {"py"}
    assert "\n".join(body for _, body in blocks).split("\n") == code
    if opening:
        assert all(line.startswith("> ") for page in pages for line in page.split("\n"))


@pytest.mark.parametrize("mark", ["||", "**", "~~", "__"])
def test_what_is_cut_inside_marks_is_closed_and_opened_again(mark: str) -> None:
    secret = " ".join(f"word{number}" for number in range(400))
    pages = rendered(f"{mark}{secret}{mark} and more.")
    assert len(pages) == 2
    assert all(page.startswith(mark) and page.count(mark) == 2 for page in pages)
    assert " ".join(page.replace(mark, "").replace("\u200b", "") for page in pages) == f"{secret} and more."


@pytest.mark.parametrize("stray", ["a **bold that never ends", "2 *3"])
def test_a_stray_mark_does_not_reach_through_the_whole_answer(stray: str) -> None:
    pages = rendered(stray + "\n" + "plain words. " * 900)
    assert len(pages) > 4
    assert all(not page.startswith(("*", "|")) for page in pages[2:])


def test_marks_that_are_open_while_the_answer_grows_already_show_as_what_they_will_be() -> None:
    pages = Pages()
    pages.feed("This is **important and ||secret\nand")
    assert pages.growing(CURSOR) == "This is **important and ||secret\nand" + CURSOR + "||**"
    pages.feed("||** now.")
    assert pages.growing(CURSOR).endswith("and||** now." + CURSOR)


def test_a_quoted_line_that_is_cut_stays_a_quote() -> None:
    pages = rendered("> " + "quoted words and " * 300 + "\nplain")
    assert all(page.startswith(("> quoted", "> words", "> and")) for page in pages)
    assert pages[-1].endswith("\nplain")


def test_nothing_waits_for_the_end_of_a_very_long_line() -> None:
    pages = Pages()
    for _ in range(1100):
        pages.feed("word ")
    assert len(pages.complete) == 2
    assert len(pages.growing(CURSOR)) > 900


@pytest.mark.parametrize(
    "unit",
    ["word ", "`", "``a", "$", "$a ", "\\(", "<", "<b", "<a ", "[^", "![", "|", "|a|\n", "||a", "**a ", "&", "> ", "{"],
)
def test_a_long_text_in_tiny_chunks_costs_linear_time(unit: str) -> None:
    def cost(length: int) -> float:
        pages, text = Pages(), unit * (length // len(unit))
        began = time.process_time()
        for at in range(0, len(text), 40):
            pages.feed(text[at : at + 40])
        pages.finish()
        return time.process_time() - began

    assert cost(80_000) < 30 * max(cost(8_000), 0.01)  # linear is 10 times, quadratic 100 times


def test_a_spoiler_of_many_lines_hides_all_of_them() -> None:
    lines = ["- item with some words", "# Heading", "", "plain words"] * 50
    pages = rendered("||Secret:\n" + "\n".join(lines) + "\nthe end||\nafter")
    assert len(pages) == 2
    assert all(page.startswith("||") and page.count("||") == 2 for page in pages)
    assert all(line in {*lines, "Secret:"} for page in pages for line in page.replace("||", "").split("\n")[:-3])
    assert pages[1].endswith("the end||\nafter")


SECRET_LINES = st.sampled_from(
    ["SECRET words", "- SECRET item", "# SECRET", "", "a `SECRET || b` c", "`a||SECRET`", "**SECRET** x", "> SECRET"]
)
SECRET_CODE = st.tuples(
    st.sampled_from(["```", "```py", "~~~sh", "````"]),
    st.lists(st.sampled_from(["SECRET()", "", "SECRET || exit", "a|||SECRET", "x = 'SECRET ' * 30"]), max_size=60),
).map(lambda block: "\n".join([block[0], *block[1], block[0].rstrip("abcdefghijklmnopqrstuvwxyz")]))
SECRETS = st.lists(st.one_of(SECRET_LINES, SECRET_CODE), min_size=1, max_size=120)


def seen_at_once(page: str) -> str:
    """What a reader sees of a page without a click: on Discord a spoiler ends at the next two bars, in code too."""
    return re.sub(r"\|\|[\s\S]+?\|\||(```[\s\S]*?```|`[^`\n]+`)", lambda found: found[1] or "", page)


@FEW
@given(
    SECRETS.map("\n".join).filter(lambda text: "SECRET" in text),
    st.sampled_from(["||", "||\n", "Look: ||x\n"]),
    st.sampled_from(["||", "\n||", "||\nafter `a || b`"]),
)
@example("```py\n" + "SECRET = 'a' or 'b'\n" * 300 + "```", "||", "||")
@example("```sh\n" + "SECRET || exit\n" * 300 + "```", "||\n", "\n||\nafter")
@example("> ```sh\n" + "> SECRET || exit\n" * 300 + "> ```", "||\n", "\n||\nafter")
def test_what_a_model_hid_is_shown_open_at_no_moment_on_no_page(secret: str, opening: str, closing: str) -> None:
    pages, text = Pages(), f"before\n{opening}{secret}{closing}"
    for at in range(0, len(text), 700):
        pages.feed(text[at : at + 700])
        assert "SECRET" not in seen_at_once(pages.growing(CURSOR))
    pages.finish()
    for page in pages.complete:
        assert len(page) <= MESSAGE_LIMIT
        assert page.count("```") % 2 == 0
        assert "SECRET" not in seen_at_once(page)
    assert "before" in seen_at_once(pages.complete[0])
    if "after" in closing:
        assert "after" in seen_at_once(pages.complete[-1])


def test_code_within_a_spoiler_is_opened_again_within_one_and_code_outside_is_left_as_it_is() -> None:
    code = [f"run({number}) || stop()" for number in range(400)]
    pages = rendered("||```sh\n" + "\n".join(code) + "\n```||\nand\n```sh\na || b\n```")
    assert len(pages) > 2
    assert all(page.startswith("||\n```sh\n" if page is pages[0] else "||```sh\n") for page in pages)
    blocks = [block for page in pages for block in _BLOCK.findall(page)]
    assert [line.replace("\u200b", "") for _, body in blocks for line in body.split("\n")] == [*code, "a || b"]
    assert pages[-1].endswith("```sh\na || b\n```")


def test_a_spoiler_that_is_never_closed_hides_what_follows_since_its_end_may_still_come() -> None:
    pages = rendered("Look: ||a secret\n" + "hidden words. " * 900)
    assert len(pages) > 4
    assert all("hidden" not in seen_at_once(page) for page in pages)
