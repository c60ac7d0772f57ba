"""Every sentence of the pages in every language: none missing, none left over, none that stands outside."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from jinja2 import Environment, nodes

from gateway.errors import ApiError, NotFound
from gateway.session_cookies import CSRF_HEADER
from gateway.web.languages import ENGLISH, FOLDER, Languages
from tests.gateway.conftest import RunningGateway
from tests.gateway.web.browsing import browser
from tests.page_words import TEMPLATES, everything_on_pages
from tests.words import bring_up_to_date, messages, missing, plurals, read

FILES = sorted(FOLDER.glob("*.po"))
_NAMES = {"Rolekey", "rk", "rk-…", "rk-at-…"}
"""What is no language's: names and the beginnings of keys."""
_SPOKEN_ATTRIBUTES = re.compile(r'\b(?:aria-label|placeholder|title|alt|aria-description)="([^"]*)"')
_VALUE = re.compile(r"%\((\w+)\)s")


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_a_language_says_all_that_the_pages_say_and_nothing_else(file: Path) -> None:
    said, translated = messages(everything_on_pages()), messages(read(file))
    assert len(said) > 100
    assert said.keys() - translated.keys() == set(), "run `make words`, then fill in what it names"
    assert translated.keys() - said.keys() == set(), "run `make words`: this is said no more"
    assert list(missing(read(file))) == [], "fill this in"


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_a_translation_has_the_values_and_the_tags_of_the_english_and_fits_into_an_attribute(file: Path) -> None:
    for message in messages(read(file)).values():
        english = plurals(message.id)[-1]
        for words in plurals(message.string):
            assert set(_VALUE.findall(words)) == set(_VALUE.findall(english)), words
            assert sorted(re.findall(r"<[^>]*>", words)) == sorted(re.findall(r"<[^>]*>", english)), words
            assert '"' not in re.sub(r"<[^>]*>", "", words), "a straight quotation mark would end an attribute"


@pytest.mark.parametrize("file", TEMPLATES, ids=[file.stem for file in TEMPLATES])
def test_no_sentence_of_a_template_stands_outside_the_catalogue(file: Path) -> None:
    assert list(outside(file.read_text(encoding="utf-8"))) == []


def test_a_sentence_outside_the_catalogue_is_found() -> None:
    for source, words in (
        ("<p>Hello there</p>", "Hello there"),
        ('<b aria-label="Close it">{{ _("x") }}</b>', "Close it"),
        ('<b title="{{ "Close" if x else y }}">', "Close"),
        ("<b>{{ one }} of {{ two }}</b>", "of"),
        ("{% for a, words in ((1, 'Pretty'),) %}{{ words }}{% endfor %}", "Pretty"),
        ("{% set words = 'Reply only' %}{{ words }}", "Reply only"),
    ):
        assert list(outside(source)) == [words], source
    within = '<p>{{ _("Hello") }}{% trans %}Hi <b>you</b>{% endtrans %}</p><code>/key show</code><svg d="M4"></svg>'
    assert list(outside(within)) == []


async def test_a_page_is_in_the_language_chosen_else_the_browsers_else_english(gateway: RunningGateway) -> None:
    key = await gateway.make("mia")
    async with browser(gateway.url) as tab:
        for accepted, told in (
            ({}, "en"),
            ({"Accept-Language": "fr-CA,fr;q=0.9,en;q=0.8"}, "fr"),
            ({"Accept-Language": "en;q=0.5, de, fr;q=0.7"}, "fr"),
            ({"Accept-Language": "fr;q=0, en"}, "en"),
            ({"Accept-Language": "fr;q=x, ;;, *"}, "en"),
        ):
            page = await tab.get("/sign-in", headers=accepted)
            assert f'<html lang="{told}">' in page.text, accepted
        page = await tab.get("/sign-in", headers={"Accept-Language": "fr"})
        assert "Se connecter à Rolekey" in page.text
        refused = await tab.post("/language", {"csrf": page.csrf, "language": "tlh", "here": ""})
        assert (refused.status, "no such language" in refused.text) == (400, True)
        chosen = await tab.post("/language", {"csrf": page.csrf, "language": "fr", "here": "sign-in"})
        assert (chosen.url.path, '<html lang="fr">' in chosen.text) == ("/sign-in", True)
        home = await tab.sign_in(key)
        assert "Que voulez-vous savoir" in home.text
        assert ">utilisateur, gratuit<" in home.text
        found = await tab.get("/search?q=thé+vert")
        here = re.search(r'name="here" value="([^"]*)"', found.text)
        assert here
        back = await tab.post("/language", {"csrf": home.csrf, "language": "en", "here": here[1]})
        assert (back.url.path, back.url.query["q"], "Nothing holds all" in back.text) == ("/search", "thé vert", True)


async def test_choosing_a_language_leads_to_no_other_site(gateway: RunningGateway) -> None:
    async with browser(gateway.url) as tab:
        csrf = (await tab.get("/sign-in")).csrf
        for here in ("https://evil.example/", "//evil.example", "/\\evil.example", "x\r\nSet-Cookie: a=b"):
            sent = await tab.post("/language", {"csrf": csrf, "language": "fr", "here": here}, follow=False)
            assert (sent.status, sent.headers["Location"][:2]) == (303, "./"), here
            assert "\n" not in sent.headers["Location"]


async def test_refusals_are_told_in_the_readers_language_or_marked_as_english(gateway: RunningGateway) -> None:
    french = {"Accept-Language": "fr"}
    async with browser(gateway.url) as tab:
        await tab.sign_in(await gateway.make("mia"))
        unknown = await tab.get("/c/nothing", headers=french)
        assert re.search(r'role="alert" lang="fr">[^<]*n’existe pas', unknown.text), unknown.text
    language = next(each for each in Languages.read() if each.tag == "fr")
    assert language.explain(ApiError("Room 7 is full.", code="of_a_newer_gateway")) == ("Room 7 is full.", "en")
    assert language.explain(NotFound("Nothing is called x.")).tag == "fr"
    assert ENGLISH.explain(NotFound("Nothing is called x.")) == ("Nothing is called x.", "en")


async def test_scripts_are_handed_their_sentences_under_an_address_that_changes_with_them(
    gateway: RunningGateway,
) -> None:
    async with browser(gateway.url) as tab:
        page = await tab.get("/sign-in")
        found = re.search(r'"\./(static/\w+/)css/', page.text)
        assert found
        words = await tab.get(f"/{found[1]}words/fr.js")
        assert words.headers["Content-Type"].startswith("text/javascript")
        assert '"Copied":"Copié"' in words.text
        assert "immutable" in words.headers["Cache-Control"]


async def test_a_pages_script_is_told_of_errors_in_the_pages_language(gateway: RunningGateway) -> None:
    async with browser(gateway.url) as tab:
        home = await tab.sign_in(await gateway.make("mia"))
        own = {"Sec-Fetch-Site": "same-origin", CSRF_HEADER: home.csrf, "Accept-Language": "fr"}
        refused = await tab.post("/c/nothing/delete", {}, headers=own)
        assert (refused.status, "n’existe pas" in refused.text) == (404, True)


def test_numbers_amounts_and_moments_are_written_as_the_language_writes_them() -> None:
    french = next(each for each in Languages.read() if each.tag == "fr")
    assert [ENGLISH.number(1234.5), french.number(1234.5)] == ["1,234.5", "1\u202f234,5"]
    assert [ENGLISH.dollars(0), ENGLISH.dollars(0.00123), ENGLISH.dollars(12.5)] == ["$0.00", "$0.0012", "$12.50"]
    assert ENGLISH.dollars(-1e-17) == "$0.00", "what is left of a sum"
    assert french.dollars(12.5).replace("\xa0", " ") == "12,50 $US"
    assert [ENGLISH.moment(0), french.moment(0)] == ["Jan 1, 1970, 00:00 UTC", "1 janv. 1970, 00:00 UTC"]
    assert [ENGLISH.size(999), ENGLISH.size(1_500_000)] == ["999 bytes", "1.5 MB"]
    assert french.size(1_500_000).replace("\xa0", " ").replace("\u202f", " ") == "1,5 Mo"


def test_a_language_is_one_more_file(tmp_path: Path) -> None:
    german = tmp_path / "de.po"
    german.write_text('msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n', encoding="utf-8")
    bring_up_to_date(german, everything_on_pages())
    assert (None, "Sign in to Rolekey") in set(missing(read(german)))
    filled = german.read_text(encoding="utf-8").replace('msgid "Key"\nmsgstr ""', 'msgid "Key"\nmsgstr "Schlüssel"')
    german.write_text(filled, encoding="utf-8")
    [english, language] = Languages.read(tmp_path)
    assert (english, language.tag, language.name) == (ENGLISH, "de", "Deutsch")
    assert [language.gettext("Key"), language.gettext("Tier")] == ["Schlüssel", "Tier"]


def outside(source: str) -> Iterator[str]:
    """The words of a template that no catalogue knows: text, spoken attributes, and literals that may be shown."""
    tree = Environment(extensions=["jinja2.ext.i18n"], autoescape=True).parse(source)
    text = "".join(_text(tree))
    for spoken in _SPOKEN_ATTRIBUTES.findall(text):
        yield from _words(spoken)
    shown = re.sub(r"<!--.*?-->|<(code|kbd)\b.*?</\1>|<[^>]*>", "\0", text, flags=re.DOTALL)
    for part in shown.split("\0"):
        yield from _words(part)
    yield from _shown_literals(tree, said=False)


def _words(text: str) -> Iterator[str]:
    words = " ".join(re.sub(r"\uffff|&\w+;", " ", text).split())
    if re.search(r"[^\W\d_]", words) and words not in _NAMES and not set(words.split()) <= _NAMES | {"–", "{}"}:
        yield words


def _text(node: nodes.Node) -> Iterator[str]:
    """What is written as it stands, with a mark where something else comes in."""
    for child in node.iter_child_nodes():
        if isinstance(child, nodes.Output):
            for part in child.nodes:
                yield part.data if isinstance(part, nodes.TemplateData) else "\uffff"
        else:
            yield from _text(child)


_IDENTIFIER = re.compile(r"[a-z0-9_#./?&=:;%-]*|\W*|M[\dMmLlHhVvCcAaZz .,-]+|[mM][\d .-].*")
"""A literal that is a value for programs: ids, addresses, names of options, paths of icons."""


def _shown_literals(node: nodes.Node, *, said: bool) -> Iterator[str]:
    if isinstance(node, nodes.Call):
        name = node.node.name if isinstance(node.node, nodes.Name) else ""
        said = said or name in {"_", "gettext", "ngettext", "pgettext"}
    literal = node.value.strip() if isinstance(node, nodes.Const) and isinstance(node.value, str) else ""
    if not said and literal not in _NAMES and not _IDENTIFIER.fullmatch(literal):
        yield literal
    for child in node.iter_child_nodes():
        yield from _shown_literals(child, said=said)


def test_the_catalogue_knows_plurals_values_errors_and_scripts() -> None:
    catalog: Catalog = everything_on_pages()
    for sentence in (
        "Copied",
        "%(number)s of %(all)s",
        "There is no such file.",
        "Reply: %(text)s %(broken)s",
        "No model can answer right now.",
    ):
        assert sentence in catalog, sentence
