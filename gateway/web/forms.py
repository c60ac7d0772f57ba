"""What comes in a form: fields of text, and what is made of them."""

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from gateway.errors import Conflict, InvalidRequest, NotFound, PermissionDenied

T = TypeVar("T")
Fields = Mapping[str, str]

MENDABLE = (InvalidRequest, PermissionDenied, NotFound, Conflict)
"""What a form is shown again for, with all that was filled in."""


async def fields_of(request: web.Request) -> Fields:
    """The form's fields without the spaces around them. Raises `InvalidRequest` for what no text field holds."""
    fields = {name: given.strip() for name, given in (await request.post()).items() if isinstance(given, str)}
    if any("\0" in given for given in fields.values()):
        raise InvalidRequest("The form holds a NUL character. Leave it out.")
    return fields


def taken_as(kind: type[T], given: Mapping[str, Any], *, otherwise: str) -> T:
    """A form's fields as `kind`. Raises `InvalidRequest`, which says `otherwise`, where one does not fit."""
    try:
        return msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        raise InvalidRequest(otherwise) from error
