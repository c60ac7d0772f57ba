"""Pictures of a message that its embeds show: their address is put in, and they do not stand beside it as well.

https://discord.com/developers/docs/reference#uploading-files-using-attachments-within-embeds
"""

import re

from playground.standin.world.entities import JSON

_NAMED = re.compile(r"attachment://(?P<name>[A-Za-z0-9_.-]+\.(?:jpe?g|png|webp|gif))", re.IGNORECASE)
_PICTURES = ("image", "thumbnail")
_ICONS = ("author", "footer")


def with_pictures(embeds: list[JSON], attachments: list[JSON]) -> tuple[list[JSON], list[JSON]]:
    """The embeds with addresses for `attachment://NAME`, and the attachments that none of them shows.

    Which file is meant is decided anew each time a message is shown: that an edit that takes the embed away leaves the
    picture beside the message is not documented, but what clients see.
    """
    shown = _Shown(attachments)
    resolved = [shown.embed(each) for each in embeds]
    return resolved, [each for each in attachments if each["url"] not in shown.urls]


class _Shown:
    """Finds a message's files by the names and the addresses that its embeds have, and notes which were found."""

    def __init__(self, attachments: list[JSON]) -> None:
        self._by_name: dict[str, JSON] = {each["filename"]: each for each in attachments}
        self._by_url: dict[str, JSON] = {each["url"]: each for each in attachments}
        self.urls: set[str] = set()

    def embed(self, embed: JSON) -> JSON:
        resolved = dict(embed)
        for name in _PICTURES:
            if (file := self._file(embed, name, "url")) is not None:
                resolved[name] = {**embed[name], **_picture(file)}
        for name in _ICONS:
            if (file := self._file(embed, name, "icon_url")) is not None:
                resolved[name] = {**embed[name], "icon_url": file["url"], "proxy_icon_url": file["proxy_url"]}
        return resolved

    def _file(self, embed: JSON, part: str, field: str) -> JSON | None:
        inner: JSON = embed.get(part) or {}
        url: str = inner.get(field) or ""
        named = _NAMED.fullmatch(url)
        file = self._by_name.get(named["name"]) if named else self._by_url.get(url)
        if file is not None:
            self.urls.add(file["url"])
        return file


def _picture(file: JSON) -> JSON:
    """https://discord.com/developers/docs/resources/message#embed-object-embed-image-structure"""
    told = ("url", "proxy_url", "width", "height", "content_type", "description")
    return {name: file[name] for name in told if name in file}
