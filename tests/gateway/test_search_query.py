import sqlite3
from contextlib import closing

import pytest

from gateway.errors import InvalidRequest
from gateway.search_query import SearchQuery
from gateway.snippets import Snippets


@pytest.mark.parametrize(
    ("text", "wanted", "unwanted"),
    [
        ("tea pot", (("tea",), ("pot",)), ()),
        ('"green tea" -milk', (("green", "tea"),), (("milk",),)),
        ('tea -"black milk"', (("tea",),), (("black", "milk"),)),
        ("foo-bar x.com a_b", (("foo", "bar"), ("x", "com"), ("a", "b")), ()),
        ('"never closed', (("never", "closed"),), ()),
        ("tea - -- !", (("tea",),), ()),
        ("cafe\u0301", (("café",),), ()),
        ('tea"pot"', (("tea",), ("pot",)), ()),
    ],
)
def test_what_was_typed_is_words_phrases_and_words_to_leave_out(
    text: str, wanted: tuple[object, ...], unwanted: tuple[object, ...]
) -> None:
    query = SearchQuery.parse(text)
    assert (query.wanted, query.unwanted) == (wanted, unwanted)


@pytest.mark.parametrize("text", ["", " ", "!!!", '""', '"', "-tea", "-", "\ud800", "👍", "\x01"])
def test_what_holds_no_word_that_must_be_there_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest, match="no word"):
        SearchQuery.parse(text)


def test_each_engine_gets_its_own_words() -> None:
    query = SearchQuery.parse('"Éric likes" tea -milk')
    assert query.for_sqlite("content", owner="o7") == (
        'content : ((("Éric likes" AND "tea") NOT ("milk"))) AND owner : "o7"'.replace("(((", "((").replace(")))", "))")
    )
    assert query.for_postgres() == "'Eric likes' & 'tea' & !'milk'"


def test_very_many_words_are_no_trouble_to_fts5() -> None:
    query = SearchQuery.parse("a " * 75 + "-b " * 50)
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("CREATE VIRTUAL TABLE t USING fts5 (content, owner)")
        assert (
            database.execute("SELECT 1 FROM t WHERE t MATCH ?", (query.for_sqlite("content", owner="c1"),)).fetchall()
            == []
        )


def shown(query: str, text: str) -> tuple[str, list[str]]:
    snippet, marks = Snippets(SearchQuery.parse(query)).cut(text)
    return snippet, [snippet[mark.start : mark.end] for mark in marks]


@pytest.mark.parametrize(
    ("query", "text", "hits"),
    [
        ("tea", "Tea, teapots and TEA.", ["Tea", "TEA"]),
        ("cafe", "Ein Café, ein cafe\u0301.", ["Café", "cafe\u0301"]),
        ('"green tea" pot', "The pot of green,\ntea", ["pot", "green, tea"]),
        ("tea", "nothing of it", []),
        ("x.com", "see x.com or x_com", ["x.com", "x_com"]),
        ("İstanbul", "İSTANBUL", ["İSTANBUL"]),
    ],
)
def test_hits_are_marked_where_they_are(query: str, text: str, hits: list[str]) -> None:
    assert shown(query, text)[1] == hits


def test_a_snippet_shows_the_surroundings_of_the_first_hit_and_is_cut_between_words() -> None:
    text = "before " * 100 + "the needle\nlies here " + "after " * 100
    snippet, hits = shown("needle", text)
    assert hits == ["needle"]
    assert snippet.startswith("…before ")
    assert snippet.endswith("after…")
    assert "needle lies here" in snippet
    assert len(snippet) <= 202


def test_a_snippet_of_a_short_text_is_the_text_in_one_line() -> None:
    assert shown("b", "a\r\n\tb\x00c") == ("a   b c", ["b"])


def test_a_snippet_of_a_text_without_spaces_is_cut_all_the_same() -> None:
    snippet, hits = shown("z", "x" * 5000)
    assert (snippet, hits) == ("x" * 200 + "…", [])
