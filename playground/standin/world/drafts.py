"""A message as somebody wants it: the form is checked here, for sending, editing and answering alike.

https://discord.com/developers/docs/resources/message#create-message
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from playground.standin.world.components import SELECTS, check_components, check_length, select_range, shown_text
from playground.standin.world.entities import JSON, Guild, Mentions, MessageFlag, User, listed
from playground.standin.world.errors import Code, InvalidForm, Refused
from playground.standin.world.state import State

CONTENT_CHARACTERS = 2000
EMBEDS = 10
EMBED_CHARACTERS = 6000
FILES = 10
FILE_BYTES = 10 * 1024 * 1024
REQUEST_BYTES = 25 * 1024 * 1024
NONCE_CHARACTERS = 25
_EMBED_LIMITS = {"title": 256, "description": 4096, "author.name": 256, "footer.text": 2048}
_FIELDS, _FIELD_LIMITS = 25, {"name": 256, "value": 1024}
_EDITABLE = int(MessageFlag.SUPPRESS_EMBEDS | MessageFlag.IS_COMPONENTS_V2)
_SETTABLE = int(MessageFlag.SUPPRESS_EMBEDS | MessageFlag.SUPPRESS_NOTIFICATIONS | MessageFlag.IS_COMPONENTS_V2)
_USER, _ROLE = re.compile(r"<@!?(\d+)>"), re.compile(r"<@&(\d+)>")
_EVERYONE = re.compile(r"@(?:everyone|here)\b")


@dataclass
class Upload:
    """A file as it comes; `slot` is its number in the form, which the body's attachments refer to."""

    slot: int
    filename: str
    content_type: str
    data: bytes


@dataclass
class Draft:
    """What was asked for: the JSON body and the files beside it. What is absent from `body` was not mentioned."""

    body: JSON
    uploads: list[Upload] = field(default_factory=list[Upload])

    @property
    def content(self) -> str:
        """The text; null counts as none."""
        return self.body.get("content") or ""

    @property
    def embeds(self) -> list[JSON]:
        """The embeds, without what Discord fills in itself."""
        return self.body.get("embeds") or []

    @property
    def components(self) -> list[JSON]:
        """The rows, or with the flag the layout."""
        return self.body.get("components") or []

    @property
    def flags(self) -> int:
        """Those that a sender may set, without EPHEMERAL, which only an interaction's answer may."""
        return (self.body.get("flags") or 0) & _SETTABLE

    @property
    def ephemeral(self) -> bool:
        """Whether only the one who is answered shall see it."""
        return bool((self.body.get("flags") or 0) & MessageFlag.EPHEMERAL)

    @property
    def editable_flags(self) -> int:
        """Those that an edit may set."""
        return (self.body.get("flags") or 0) & _EDITABLE

    def check(self, *, layout: bool | None = None) -> None:
        """Raises `InvalidForm` for what is too long or too much, `Refused` 40005 for a file that is too large.

        `layout` says whether the message has the flag IS_COMPONENTS_V2 already.
        """
        layout = bool(layout or self.flags & MessageFlag.IS_COMPONENTS_V2)
        if layout and (self.content or self.embeds):
            raise InvalidForm(
                "content" if self.content else "embeds",
                "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
                "The field cannot be used when using MessageFlags.IS_COMPONENTS_V2",
            )
        check_length("content", self.content, 0, CONTENT_CHARACTERS)
        check_length("nonce", str(self.body.get("nonce") or ""), 0, NONCE_CHARACTERS)
        _check_embeds(self.embeds)
        check_components(self.components, layout=layout)
        _check_allowed_mentions(self.body.get("allowed_mentions") or {})
        self._check_files()

    def _check_files(self) -> None:
        """https://docs.discord.com/developers/reference#uploading-files"""
        check_length("attachments", listed(self.body, "attachments"), 0, FILES)
        for index, each in enumerate(listed(self.body, "attachments")):
            check_length(f"attachments.{index}.description", each.get("description") or "", 0, 1024)
        if len(self.uploads) > FILES:
            raise InvalidForm("attachments", "BASE_TYPE_MAX_LENGTH", f"Must be {FILES} or fewer in length.")
        sizes = [len(upload.data) for upload in self.uploads]
        if sum(sizes) > REQUEST_BYTES or max(sizes, default=0) > FILE_BYTES:
            raise Refused(Code.TOO_LARGE)

    def check_not_empty(self) -> None:
        """Raises `Refused` 50006."""
        if not (self.content.strip() or self.embeds or self.components or self.uploads):
            raise Refused(Code.EMPTY_MESSAGE)


def _check_embeds(embeds: list[JSON]) -> None:
    """https://docs.discord.com/developers/resources/message#embed-object-embed-limits"""
    check_length("embeds", embeds, 0, EMBEDS)
    for index, embed in enumerate(embeds):
        for name, most in _EMBED_LIMITS.items():
            part, _, inner = name.partition(".")
            text = _text(embed, part, inner) if inner else embed.get(name)
            check_length(f"embeds.{index}.{name}", text or "", 0, most)
        check_length(f"embeds.{index}.fields", listed(embed, "fields"), 0, _FIELDS)
        for number, each in enumerate(listed(embed, "fields")):
            for name, most in _FIELD_LIMITS.items():
                check_length(f"embeds.{index}.fields.{number}.{name}", each.get(name) or "", 1, most)
    if sum(map(_embed_length, embeds)) > EMBED_CHARACTERS:
        raise InvalidForm("embeds", "MAX_EMBED_SIZE_EXCEEDED", f"Embed size exceeds maximum size of {EMBED_CHARACTERS}")


def _check_allowed_mentions(allowed: JSON) -> None:
    """https://docs.discord.com/developers/resources/message#allowed-mentions-object"""
    for name in ("users", "roles"):
        check_length(f"allowed_mentions.{name}", listed(allowed, name), 0, 100)
        if name in listed(allowed, "parse") and listed(allowed, name):
            raise InvalidForm(
                "allowed_mentions",
                "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
                f'parse:["{name}"] and {name}: [ids...] are mutually exclusive.',
            )


def _embed_length(embed: JSON) -> int:
    """https://discord.com/developers/docs/resources/message#embed-object-embed-limits"""
    fields: list[JSON] = embed.get("fields") or []
    texts: list[Any] = [
        embed.get("title"),
        embed.get("description"),
        _text(embed, "footer", "text"),
        _text(embed, "author", "name"),
        *(text for each in fields for text in (each.get("name"), each.get("value"))),
    ]
    return sum(len(text) for text in texts if text)


def _text(embed: JSON, part: str, name: str) -> str | None:
    inner: JSON = embed.get(part) or {}
    return inner.get(name)


def numbered(components: list[JSON]) -> list[JSON]:
    """The components with the `id` that Discord gives each: 1, 2, 3, the outer before the inner."""
    counter = iter(range(1, 1000))

    def give(component: JSON) -> JSON:
        shape = {name: value for name, value in component.items() if value is not None}
        shape["id"] = component.get("id") or next(counter)
        if shape["type"] in SELECTS:
            shape["min_values"], shape["max_values"] = select_range(component)
        if shape.get("default_values"):  # ids are taken as numbers, too, and shown as text
            shape["default_values"] = [value | {"id": str(value["id"])} for value in shape["default_values"]]
        if shape.get("emoji"):
            shape["emoji"] = {name: value for name, value in shape["emoji"].items() if value is not None}
        if component.get("components") is not None:
            shape["components"] = [give(inner) for inner in component["components"]]
        for name in ("component", "accessory"):
            if component.get(name):
                shape[name] = give(component[name])
        return shape

    return [give(component) for component in components]


def mentions(
    state: State, guild: Guild | None, draft: Draft, replied_to: User | None, *, everyone: bool, answering: bool = False
) -> Mentions:
    """Whom a text pings, and the text that components show.

    `everyone` says whether the sender may ping @everyone and every role; `answering` that it answers an interaction,
    where only users are pinged unless the body says otherwise.

    https://docs.discord.com/developers/resources/message#allowed-mentions-object
    """
    text = f"{draft.content}\n{shown_text(draft.components)}"
    allowed: JSON | None = draft.body.get("allowed_mentions")
    found = Mentions(
        users=_known_users(state, _USER.findall(text)),
        role_ids=_known_roles(guild, _ROLE.findall(text), everyone=everyone),
        everyone=everyone and bool(_EVERYONE.search(text)),
    )
    pings = True if allowed is None else bool(allowed.get("replied_user"))
    if allowed is None and answering:
        allowed = {"parse": ["users"]}
    if allowed is not None:
        _restrict(found, allowed)
    if replied_to is not None and pings and replied_to not in found.users:
        found.users.append(replied_to)
    return found


def _restrict(found: Mentions, allowed: JSON) -> None:
    parse = listed(allowed, "parse")
    users = {int(user_id) for user_id in listed(allowed, "users")}
    roles = {int(role_id) for role_id in listed(allowed, "roles")}
    found.users = [user for user in found.users if "users" in parse or user.id in users]
    found.role_ids = [role_id for role_id in found.role_ids if "roles" in parse or role_id in roles]
    found.everyone = found.everyone and "everyone" in parse


def _known_users(state: State, ids: Iterable[str]) -> list[User]:
    return [state.users[user_id] for user_id in dict.fromkeys(map(int, ids)) if user_id in state.users]


def _known_roles(guild: Guild | None, ids: Iterable[str], *, everyone: bool) -> list[int]:
    if guild is None:
        return []
    known = [role_id for role_id in dict.fromkeys(map(int, ids)) if role_id in guild.roles]
    return [role_id for role_id in known if everyone or guild.roles[role_id].mentionable]
