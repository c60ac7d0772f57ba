"""What the pages' scripts say, collected from them, and handed over to them in every language."""

from collections.abc import Iterable, Iterator
from io import BytesIO

import msgspec
from babel.messages.extract import extract_javascript

from gateway.web.languages.language import Language


def said_in(scripts: Iterable[bytes]) -> Iterator[str]:
    """The sentences in calls of `_`."""
    for script in scripts:
        for _, _, sentence, _ in extract_javascript(BytesIO(script), {"_": None}, [], {}):
            # With a call among its values it comes with what else was found.
            yield sentence if isinstance(sentence, str) else str(sentence[0])


def module_of(language: Language, sentences: Iterable[str]) -> bytes:
    """A module that exports the translations by sentence, for `static/js/words.js`."""
    words = {sentence: language.gettext(sentence) for sentence in sorted(set(sentences))}
    return b"export default " + msgspec.json.encode(words) + b";\n"
