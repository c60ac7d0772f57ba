import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.rendering.safety import reveal_links


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("[https://good.org](https://evil.org)", "https://good.org (https://evil.org)"),
        ("see [good.org/login](<https://evil.org/a>)!", "see good.org/login (https://evil.org/a)!"),
        ("[**www.good.org**](https://evil.org 'good')", "**www.good.org** (https://evil.org)"),
        ("[good\u200b.org](https://evil.org)", "good\u200b.org (https://evil.org)"),
        ("[ｇｏｏｄ．ｏｒｇ](https://evil.org)", "ｇｏｏｄ．ｏｒｇ (https://evil.org)"),
        ("[my\ngood.org](https://evil.org/a_(b))", "my\ngood.org (https://evil.org/a_(b))"),
        ("[good.org](https://good.org@evil.org/)", "good.org (https://good.org@evil.org/)"),
        ("[good.org](https://notgood.org)", "good.org (https://notgood.org)"),
        ("[discord.gg/abc](https://evil.org)", "discord.gg/abc (https://evil.org)"),
    ],
)
def test_a_link_that_poses_as_another_shows_its_target(text: str, shown: str) -> None:
    assert reveal_links(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "[the manual](https://docs.python.org/3/)",
        "[docs.python.org](https://docs.python.org/3/)",
        "[python.org](https://docs.python.org/3/)",
        "[https://www.python.org/a](https://python.org/a)",
        "[Python 3.11, e.g. here](https://docs.python.org/3.11/)",
        "`[https://good.org](https://evil.org)`",
        "``a ` [https://good.org](https://evil.org)``",
        "```\n[https://good.org](https://evil.org)\n```",
        "\\[https://good.org](https://evil.org)",
        "@everyone <@1> <#2> https://good.org [a] (b) [] ()",
    ],
)
def test_honest_links_code_and_mentions_are_left_as_they_are(text: str) -> None:
    assert reveal_links(text) == text


@settings(max_examples=150, derandomize=True, deadline=None)
@given(
    st.one_of(
        st.text(alphabet="[]()<>`\\ a.:/\"'\n", max_size=400),
        st.lists(st.sampled_from(["[", "](", ")", "a.org", "https://", "`", "```", " ", "<", ">"]), max_size=99).map(
            "".join
        ),
    )
)
def test_no_text_becomes_longer_or_loses_an_address(text: str) -> None:
    shown = reveal_links(text)
    assert len(shown) <= len(text)
    assert shown.count("a.org") == text.count("a.org")


@pytest.mark.parametrize("unit", ["[", "[a", "`", "[[a]", "](", "[a](", "`a", "(", "[a.org](x(", "\\["])
def test_hostile_text_takes_no_time(unit: str) -> None:
    reveal_links(unit * (2000 // len(unit)))  # hangs where the pattern backtracks without bound
