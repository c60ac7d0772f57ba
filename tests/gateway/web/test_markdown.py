"""What models and people write, as HTML."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.conversations import StoredMessage
from gateway.web.branches import way_through
from gateway.web.colouring import LANGUAGES, Colouring
from gateway.web.markdown import GrowingText, Markdown

MARKDOWN = Markdown()
ATTACKS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[a](javascript:alert(1))",
    "[a](data:text/html,<script>alert(1)</script>)",
    "![a](https://evil.example/pixel.png)",
    '```"><script>alert(1)</script>\nx\n```',
    "```html\n<script>alert(1)</script>\n```",
    '[a](https://x.example "\\" onclick=alert(1)")',
    "<svg/onload=alert(1)>",
    "| a |\n|---|\n| <script>alert(1)</script> |",
)


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_attacks_stays_text(attack: str) -> None:
    made = MARKDOWN.html(attack)
    assert not any(bad in made for bad in ("<script", "<img", "<svg", 'href="javascript:', 'href="data:'))
    assert " onclick=" not in made.replace("&quot; onclick=", "").replace("%22 onclick=", "").partition("title=")[0]


def test_code_is_coloured_by_classes_and_tables_keep_their_columns() -> None:
    made = MARKDOWN.html("```python\ndef f(): pass\n```\n\n| a | b |\n|--:|:-:|\n| 1 | 2 |")
    assert '<pre class="code" data-language="python"><code tabindex="0"><span class="k">def</span>' in made
    assert '<th class="right">a</th>' in made
    assert '<td class="center">2</td>' in made
    assert "style=" not in made
    assert "x &lt; y" in MARKDOWN.html("```nosuchlanguage\nx < y\n```")


TAKES_LONG = {
    "autohotkey": "\n " * 6000,
    "c": "def " + "\t" * 12_000,
    "console": "a::" * 4000,
    "easytrieve": "\t" * 3000,
    "make": "^" * 3000,
    "scala": '"' + "a." * 1500,
}


@pytest.mark.parametrize("language", TAKES_LONG)
def test_code_that_colouring_would_take_minutes_for_is_shown_soon(language: str) -> None:
    made = MARKDOWN.html(f"```{language}\n{TAKES_LONG[language]}x\n```")
    assert made.startswith(f'<pre class="code" data-language="{language}"><code tabindex="0">')


def test_code_is_in_one_colour_where_a_page_has_coloured_for_long_enough() -> None:
    ticks = iter(range(1000))
    colouring = Colouring(clock=lambda: next(ticks) / 20)
    first, later = (MARKDOWN.html(f"```js\n{code}\n```", colouring=colouring) for code in ("f()", "if (a < b) g()"))
    assert "<span" in first
    assert "<span" not in later
    assert "if (a &lt; b) g()" in later


def test_languages_have_the_names_that_models_give_them() -> None:
    for name in ("Python", "py", "sh", "c", "C++", "C#", "yml", "Dockerfile", *sorted(LANGUAGES)):
        assert "<span" in MARKDOWN.html(f"```{name}\n# 'a' = \"b\" + 1; // <c>\n- d: [e](f) def end {{\n```"), name


def test_nothing_is_looked_into_deeper_than_a_few_levels() -> None:
    assert MARKDOWN.html(">" * 3000 + " a").count("<blockquote>") <= 20
    assert MARKDOWN.html("[" * 3000) == f"<p>{'[' * 3000}</p>\n"


def test_links_lead_out_without_telling_from_where() -> None:
    assert (
        MARKDOWN.html("[a](https://example.org)")
        == '<p><a href="https://example.org" target="_blank" rel="noopener noreferrer nofollow">a</a></p>\n'
    )


def test_headings_stay_below_the_one_that_says_whose_text_it_is() -> None:
    text = "# One\n\nTwo\n---\n\n###### Six"
    assert MARKDOWN.html(text) == "<h3>One</h3>\n<h4>Two</h4>\n<h6>Six</h6>\n"
    assert MARKDOWN.html(text, under=3) == "<h4>One</h4>\n<h5>Two</h5>\n<h6>Six</h6>\n"


TEXT = "# Head\n\nOne **bold**\ntext\n\n- a\n- b\n\n```py\nx = 1\n\ny = 2\n```\n\n> said\n\n| a |\n|---|\n| 1 |\n\nend"


@settings(deadline=None)
@given(st.lists(st.integers(0, len(TEXT)), max_size=20).map(sorted))
async def test_a_text_that_grows_ends_as_it_would_at_once_wherever_it_is_cut(cuts: list[int]) -> None:
    growing, finished, last = GrowingText(MARKDOWN), "", ""
    for begin, end in zip([0, *cuts], [*cuts, len(TEXT)], strict=True):
        growing.add(TEXT[begin:end])
        more, last = await growing.render()
        finished += more
    assert finished + last == MARKDOWN.html(TEXT)


def message(number: int, parent: int | None) -> StoredMessage:
    role = "user" if parent is None or parent % 2 else "assistant"
    return StoredMessage(
        id=str(number),
        conversation_id="c",
        parent_id=None if parent is None else str(parent),
        role=role,
        content="",
        created_at=0,
    )


def test_a_way_goes_through_the_newest_or_through_the_message_asked_for_and_knows_its_forks() -> None:
    tree = [message(n, parent) for n, parent in ((0, None), (1, 0), (2, 1), (3, 2), (5, 0), (4, 1))]

    def way(at: str | None) -> list[str]:
        return [step.message.id for step in way_through(tree, at)]

    assert way(None) == ["0", "1", "4"]
    assert way("1") == ["0", "1", "4"]
    assert way("2") == ["0", "1", "2", "3"]
    assert way("5") == ["0", "5"]
    assert way("unknown") == way(None)
    fork = way_through(tree, "2")[2]
    assert (fork.versions, fork.earlier, fork.later) == (("2", "4"), None, "4")
    assert way_through([], None) == []
