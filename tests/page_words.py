"""Everything the gateway's pages say, collected from templates, scripts and errors; `make words` uses it."""

import ast
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from jinja2.ext import babel_extract

from gateway.errors import ApiError
from gateway.web.languages.scripts import said_in

WEB = Path(__file__).parents[1] / "gateway" / "web"
TEMPLATES = sorted((WEB / "templates").glob("*.html"))
SCRIPTS = sorted((WEB / "static" / "js").glob("*.js"))
_OPTIONS = {"trim_blocks": "true", "lstrip_blocks": "true", "trimmed": "true", "newstyle_gettext": "true"}


def everything_on_pages() -> Catalog:
    """As a template of a `.po` file."""
    catalog = Catalog()
    for sentence in (*_in_templates(), *said_in(file.read_bytes() for file in SCRIPTS), *_in_code()):
        catalog.add(sentence)
    return catalog


def _in_templates() -> Iterator[str | tuple[str, ...]]:
    for file in TEMPLATES:
        for _, _, words, _ in babel_extract(BytesIO(file.read_bytes()), ("_", "gettext", "ngettext"), (), _OPTIONS):
            match [word for word in ((words,) if isinstance(words, str) else words or ()) if word is not None]:
                case [sentence]:
                    yield sentence
                case forms:
                    yield tuple(forms)


def _in_code() -> Iterator[str]:
    """What is marked by `N_`, and the literal sentences of errors that the pages' own code raises."""
    saying = {"N_", *(kind.__name__ for kind in _kinds(ApiError))}
    for file in sorted(WEB.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in saying and node.args:
                sentence = node.args[0]
                if isinstance(sentence, ast.Constant) and isinstance(sentence.value, str):
                    yield sentence.value


def _kinds(error: type[ApiError]) -> Iterator[type[ApiError]]:
    yield error
    for kind in error.__subclasses__():
        yield from _kinds(kind)
