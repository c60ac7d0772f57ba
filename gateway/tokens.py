"""How many tokens a text is likely to be, for when nobody has counted them."""

import re

# Scripts whose every character is about a token of its own: kana, CJK ideographs, Hangul and their full-width forms.
_DENSE = re.compile("[\u2e80-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]")
_CHARACTERS_PER_TOKEN = 4


def estimate_tokens(text: str) -> int:
    """A token for every four characters, and one for every character of a dense script; rounded up."""
    dense = 0 if text.isascii() else len(_DENSE.findall(text))
    return dense + -(-(len(text) - dense) // _CHARACTERS_PER_TOKEN)
