"""What a model writes must not deceive the people who read it.

Most of that is not done here. Mentions are left as they are written, since every message is sent with no allowed
mentions (https://discord.com/developers/docs/resources/message#allowed-mentions-object): they ping nobody, and text
that was rewritten could not be copied. Invites and pages unfold into no preview, since embeds are suppressed. What
is left is the masked link that shows one address and leads to another: its target is shown instead of hidden.
"""

import re
import unicodedata
from urllib.parse import urlsplit

_CODE_OR_LINK = re.compile(
    r"```[\s\S]*?```"
    r"|(?<!`)(?P<ticks>`{1,2})(?!`)[\s\S]+?(?<!`)(?P=ticks)(?!`)"
    r"|\\[\\\[\]`]"
    r"|\[(?P<label>(?:\\.|[^\[\]\\]|\[[^\[\]]*\])*)\]\(\s*(?:<(?P<quoted>[^<>\n]*)>|(?P<bare>[^\s()<>]*(?:\([^\s()]*\)[^\s()<>]*)*))"
    r"(?:\s+(?:\"[^\"]*\"|'[^']*'))?\s*\)"
)
_ADDRESS = re.compile(r"(?:[a-z][a-z0-9+.\-]*://|www\.)\S*|(?:[\w\-]+\.)+[^\W\d_]{2,}\b", re.IGNORECASE)
_MARKUP = str.maketrans("", "", "*_~|`\\")


def reveal_links(text: str) -> str:
    """`text` with every masked link whose label looks like another address shown as `label (target)`.

    Never longer than `text`. Code is left alone. A label may name the site it leads to.
    """
    return _CODE_OR_LINK.sub(_revealed, text)


def _revealed(match: re.Match[str]) -> str:
    label = match["label"]
    if label is None:
        return match[0]
    target = match["bare"] if match["quoted"] is None else match["quoted"]
    if not _poses_as_another_site(label, target):
        return match[0]
    return f"{label} ({target})"


def _poses_as_another_site(label: str, target: str) -> bool:
    """Whether a reader of the label would expect another site than the target's."""
    visible = unicodedata.normalize("NFKC", label.translate(_MARKUP)).replace("。", ".")
    visible = "".join(char for char in visible if unicodedata.category(char) != "Cf")
    return any(not _same_site(address[0], target) for address in _ADDRESS.finditer(visible))


def _same_site(shown: str, target: str) -> bool:
    shown_host, target_host = _host(shown), _host(target)
    return shown_host != "" and (target_host == shown_host or target_host.endswith(f".{shown_host}"))


def _host(address: str) -> str:
    try:
        host = urlsplit(address if "://" in address else f"//{address}").hostname or ""
    except ValueError:  # such as an unclosed bracket: no address anyone could be led to
        return ""
    return host.lower().removeprefix("www.")
