import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.rendering.blocks import RULE
from bot.rendering.dialect import DiscordDialect, translate
from bot.rendering.mathematics import readable
from bot.rendering.tables import MAX_BLOCK, MAX_WIDTH, display_width

FEW = settings(max_examples=150, derandomize=True, deadline=None)

LINES = st.one_of(
    st.sampled_from(
        ["", "text", "| a | b |", "|---|:-:|", "| 日本 | **x** |", "a | b", "```", "~~~js", "````", "|", "|-|", "\\|"]
    ),
    st.text(alphabet="|-: a`~\n\\", max_size=40),
    st.text(max_size=80),
)
MARKDOWN = st.lists(LINES, max_size=30).map("\n".join)


def test_a_table_becomes_an_aligned_code_block() -> None:
    table = "| Name | Qty |\n|:-----|----:|\n| **Apples** | 5 |\n| `Figs` \\| dates | 1200 |\n\nafter"
    assert translate(f"before\n{table}") == (
        "before\n```\nName         |  Qty\n-------------+-----\nApples       |    5\nFigs | dates | 1200\n```\n\nafter"
    )


def test_wide_characters_keep_the_columns_in_line() -> None:
    lines = translate("| 名前 | b |\n|---|---|\n| x | y |\n| e\u0301 | z |").splitlines()
    assert {display_width(line[: line.index("|" if "|" in line else "+")]) for line in lines[1:-1]} == {5}


def test_a_row_with_too_few_or_too_many_cells_fits_the_header() -> None:
    assert translate("a | b\n--|--\n1 |\n1 | 2 | 3\n").splitlines()[3:5] == ["1 |", "1 | 2"]


def test_a_wide_table_wraps_its_cells() -> None:
    lines = translate(f"| a | b |\n|---|---|\n| {'long words ' * 30}| {'x' * 100} |").splitlines()
    assert len(lines) > 8
    assert all(display_width(line) <= MAX_WIDTH for line in lines)
    assert "".join(lines).count("x") == 100


def test_a_long_table_goes_on_in_another_block_with_its_header() -> None:
    text = translate("| Number | Square |\n|---|---|\n" + "".join(f"| {n} | {n * n} |\n" for n in range(300)))
    blocks = text.removesuffix("```\n").split("```\n\n")
    assert len(blocks) > 2
    assert all(block.startswith("```\nNumber | Square\n-------+-------\n") for block in blocks)
    assert all(len(block) <= MAX_BLOCK + 8 for block in blocks)
    assert [f"{n:<6} | {n * n}" in text for n in range(300)] == [True] * 300


def test_pipes_that_are_no_table_are_left_alone() -> None:
    text = "a | b\nc | d\n\n`x | y`\n| lonely |\n"
    assert translate(text) == text


def test_a_table_in_code_is_left_alone() -> None:
    text = "```\n| a | b |\n|---|---|\n```\n"
    assert translate(text) == text


def test_fences_that_discord_does_not_know_become_those_it_does() -> None:
    assert translate("~~~py title=x\nx\n~~~\n") == "```py\nx\n```\n"
    assert translate("````markdown\n```py\nx\n```\n````\n") == (
        "```markdown\n`\u200b`\u200b`py\nx\n`\u200b`\u200b`\n```\n"
    )
    assert translate("1. ```sh\n   ls\n   ```\n") == "1. ```sh\n   ls\n   ```\n"


def test_an_unfinished_table_is_shown_as_far_as_it_has_come() -> None:
    dialect = DiscordDialect()
    assert dialect.feed("text\n| a | b |\n|---|---|\n| 1 | 2 |\n| 3") == "text\n"
    assert dialect.pending() == "```\na | b\n--+--\n1 | 2\n3 |\n```\n"
    assert dialect.feed(" | 4 |\n") == ""
    assert dialect.finish() == "```\na | b\n--+--\n1 | 2\n3 | 4\n```\n"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Title\n===\ntext\n", "# Title\ntext\n"),
        ("A *part*\n---\n\ntext\n", "## A *part*\n\ntext\n"),
        ("Title\n--", "## Title"),
        ("one\ntwo\n---\n", f"one\ntwo\n{RULE}\n"),
        ("text\n\n---\n", f"text\n\n{RULE}\n"),
        ("- item\n---\n", f"- item\n{RULE}\n"),
        ("# Title\n---\n", f"# Title\n{RULE}\n"),
        ("> quoted\n---\n", f"> quoted\n{RULE}\n"),
        ("```\nTitle\n---\n```\n", "```\nTitle\n---\n```\n"),
    ],
)
def test_underlined_headings_become_those_that_discord_knows_and_other_lines_stay_rules(text: str, shown: str) -> None:
    assert translate(text) == shown


@FEW
@given(MARKDOWN, st.lists(st.integers(1, 50), min_size=1, max_size=5))
def test_the_size_of_the_chunks_changes_nothing(text: str, sizes: list[int]) -> None:
    dialect, settled, at, turn = DiscordDialect(), "", 0, 0
    while at < len(text):
        size = sizes[turn % len(sizes)]
        settled += dialect.feed(text[at : at + size])
        at, turn = at + size, turn + 1
        assert settled + dialect.pending() == translate(text[:at])
    assert settled + dialect.finish() == translate(text)


@FEW
@given(st.lists(st.lists(st.text(alphabet="ab 日`*|\u0301🙂-", max_size=120), min_size=2, max_size=9), max_size=9))
def test_every_cell_of_a_table_is_shown_and_no_line_is_too_wide(rows: list[list[str]]) -> None:
    table = [
        "| x | y |",
        "|---|---|",
        *["|" + "|".join(cell.replace("|", "\\|") for cell in row) + "|" for row in rows],
    ]
    lines = translate("\n".join(table)).splitlines()
    assert lines[0] == lines[-1] == "```"
    for line in lines[1:-1]:
        assert "```" not in line
        assert display_width(line) <= MAX_WIDTH
    shown = "".join(lines)
    for char in "ab日🙂":
        assert shown.count(char) == sum(cell.count(char) for row in rows for cell in row[:2])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("# One\n### Three", "# One\n### Three"),
        ("#### Deep **bold** ##", "**Deep bold**"),
        ("---\n* * *\n===", f"{RULE}\n{RULE}\n{RULE}"),
        ("- [ ] a\n  - [x] b\n+ c\n2) d", "- ☐ a\n  - ☑ b\n- c\n2. d"),
        (">a\n>\n> > deep\n>>> x = 1", "> a\n> \n> deep\n> x = 1"),
        ("a[^1] [^a-z]\n[^1]: note\n[^two]: other", "a¹ [^a-z]\n-# ¹ note\n-# [two] other"),
        ("H<sub>2</sub>O <B>b</B> <kbd>x</kbd><br/>y <!-- n --><span style='a'>z</span>", "H₂O **b** `x`\ny z"),
        ("List<String> <T> a < b > c <@1> <:e:2> <t:3:R>", "List<String> <T> a < b > c <@1> <:e:2> <t:3:R>"),
        ("<a href='https://a.io'>A</a> ![p](https://b.io) &lt;&nbsp;&amp;", "[A](https://a.io) [p](https://b.io) < &"),
        ("`<b>` ``&lt;`` \\<b> \\$a$", "`<b>` ``&lt;`` \\<b> \\$a$"),
        ("\\(x^2\\), $a_1 = \\alpha$, $$\\frac{a}{2b}$$, \\[y\\]", "`x²`, `a₁ = α`, `a/(2b)`, `y`"),
        ("$5 and $6, $HOME/$PATH, US$5-US$6, $x", "$5 and $6, $HOME/$PATH, US$5-US$6, $x"),
        ("$$\nx^2 \\\\\ny\n$$\nafter", "```\nx²\ny\n```\nafter"),
        ("\\begin{align*}\na &= b\n\\end{align*}", "```\na = b\n```"),
        ("$$\nnever closed\n\ntext", "```\nnever closed\n```\n\ntext"),
        ("use ```x``` and ````a`b```` and ```", "use `x` and `` a`b `` and \\`\\`\\`"),
        ("> ```py\n> x\nleft", "> ```py\n> x\n> ```\nleft"),
        ("> ~~~\n>     x\n> ~~~", "> ```\n>     x\n> ```"),
        ("> | a |b|\n> |-|-|\n> |1|2|\nx", "> ```\n> a | b\n> --+--\n> 1 | 2\n> ```\nx"),
        ("a\r\nb\x00\u202ec\ud83d\ude00\ud83d", "a\nbc😀\ufffd"),
        ("שלום \u200fעולם @everyone <@&1>", "שלום \u200fעולם @everyone <@&1>"),
    ],
)  # fmt: skip
def test_what_discord_does_not_know_is_written_as_what_it_does(text: str, shown: str) -> None:
    assert translate(text) == shown


def test_emoji_of_several_characters_and_flags_keep_the_columns_in_line() -> None:
    rows = translate("|a|b|\n|-|-|\n|👩‍👩‍👧‍👦|1|\n|🇩🇪|2|\n|✔️|3|\n|日|4|\n|e\u0301x|5|\n").splitlines()[1:-1]
    assert {display_width(row[: row.index("|" if "|" in row else "+")]) for row in rows} == {3}


@pytest.mark.parametrize(
    ("tex", "shown"),
    [
        (r"\frac{-b \pm \sqrt{b^2-4ac}}{2a}", "(-b ± √(b²-4ac))/(2a)"),
        (r"\sum_{k=1}^{n} k \leq \infty", "∑ₖ₌₁ⁿ k ≤ ∞"),
        (r"x_{i+1} \in \mathbb{R}^n, \vec{v}, 90^\circ", "xᵢ₊₁ ∈ ℝⁿ, v\u20d7, 90°"),
        (r"\unknown{x} \text{if } n", r"\unknownx if n"),
        (r"\begin{cases} a & b \\ c \end{cases}", "a b\nc"),
    ],
)
def test_formulas_are_readable_without_tex(tex: str, shown: str) -> None:
    assert readable(tex) == shown


def test_a_formula_without_end_is_read_without_end_of_the_stack() -> None:
    for tex in ("{" * 5000, "\\frac" * 5000, "^" * 5000, "\\sqrt[" * 5000):
        assert len(readable(tex)) < 10 * len(tex)
