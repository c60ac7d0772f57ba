"""What comes in a form: fields of text, and what is made of them."""

from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec
from aiohttp import web

from gateway.errors import Conflict, InvalidRequest, NotFound, PermissionDenied

T = TypeVar("T")
Fields = Mapping[str, str]

_MOST_FIELDS = 100

MENDABLE = (InvalidRequest, PermissionDenied, NotFound, Conflict)
"""What a form is shown again for, with all that was filled in."""


async def form_of(request: web.Request) -> Fields:
    """The form's fields as they came, of several with one name the first; none where it is no form as the pages' are.

    aiohttp's own reader also takes files and other encodings, which no page sends, and fails in many ways where those
    are broken. Raises `InvalidRequest`.
    """
    if request.content_type != "application/x-www-form-urlencoded":
        return {}
    try:
        text = (await request.read()).decode()
        given = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)
    except ValueError as error:
        raise InvalidRequest("The form cannot be read. Load the page again, and repeat what you did.") from error
    return dict(reversed(given))


async def fields_of(request: web.Request) -> Fields:
    """The form's fields without the spaces around them. Raises `InvalidRequest` for what no text field holds."""
    fields = {name: given.strip() for name, given in (await form_of(request)).items()}
    if any("\0" in given for given in fields.values()):
        raise InvalidRequest("The form holds a NUL character. Leave it out.")
    return fields


def here_in(fields: Fields) -> str:
    """Where a form's page says that one goes on, as `Site.redirect` takes it: whatever it says is on this site."""
    here = fields.get("here", "")
    return here if here.isprintable() else ""


def taken_as(kind: type[T], given: Mapping[str, Any], *, otherwise: str) -> T:
    """A form's fields as `kind`. Raises `InvalidRequest`, which says `otherwise`, where one does not fit."""
    try:
        return msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        raise InvalidRequest(otherwise) from error
