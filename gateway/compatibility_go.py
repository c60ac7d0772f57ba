"""The requests and answers of ChatGPT-API-server, by its own names (https://github.com/ChatGPT-Hackers/ChatGPT-API-server).

Its README describes them, `types/types.go` spells them.
"""

from typing import Annotated, Self

import msgspec

from gateway.compatibility import Arguments
from gateway.errors import ApiError
from gateway.routing import Failure
from gateway.wire import Name, Request

_AdminKey = Annotated[str, msgspec.Meta(description="The admin's key, in place of the header.")]


class AskRequest(Request, frozen=True, kw_only=True):
    """A prompt. `conversation_id` and `parent_id` go together: they are the last answer's `conversation_id` and
    `response_id`; empty is as good as left out. `message_id` is taken and not used: the gateway names messages itself.
    """

    content: str
    conversation_id: str | None = None
    parent_id: str | None = None
    message_id: str | None = None

    def __repr__(self) -> str:
        return f"AskRequest({len(self.content)} characters)"


class AskAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A reply. `id` is the prompt's, `response_id` the reply's; `error` is empty, since errors have a status."""

    id: str
    response_id: str
    conversation_id: str
    content: str
    error: str = ""

    def __repr__(self) -> str:
        return f"AskAnswer({self.response_id})"


class PlainFailure(Failure, frozen=True, kw_only=True):
    """An error as ChatGPT-API-server tells it: a sentence in `error`. The rest is what errors here have elsewhere."""

    status: str = "error"
    error: str
    code: str
    message: str

    @classmethod
    def of(cls, error: ApiError) -> Self:
        """See `Failure`."""
        return cls(error=error.message, code=error.code, message=error.message)


class AskFailure(PlainFailure, frozen=True, kw_only=True):
    """The same, with the fields of an answer, all empty: programs read these first."""

    id: str = ""
    response_id: str = ""
    conversation_id: str = ""
    content: str = ""


class AdminArguments(Arguments, frozen=True, kw_only=True):
    """Who asks."""

    admin_key: _AdminKey | None = None


class DeleteUserArguments(AdminArguments, frozen=True, kw_only=True):
    """Whose token to invalidate."""

    user_id: Name


class AddedToken(msgspec.Struct, frozen=True, kw_only=True):
    """A new user and its token, which is shown only here."""

    user_id: str
    token: str

    def __repr__(self) -> str:
        return f"AddedToken({self.user_id})"


class DeletedToken(msgspec.Struct, frozen=True, kw_only=True):
    """Done."""

    message: str = "User deleted"


class ListedToken(msgspec.Struct, frozen=True, kw_only=True):
    """A user and the last characters of its token, which nobody can show in full: `…wxyz`, or empty without one."""

    user_id: str
    token: str


class ListedTokens(msgspec.Struct, frozen=True, kw_only=True):
    """All users that admins made."""

    users: list[ListedToken]
