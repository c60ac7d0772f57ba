"""The arguments and answers of chatgpt-api-server, by its own names (https://github.com/Lukium/chatgpt-api-server).

Each is taken from the query and from a JSON body alike.
"""

from typing import Annotated

import msgspec

from gateway.routing import Query
from gateway.wire import AccessTokenRequest, Answer, ChatRequest, DisplayName, Name, Switch

_UserKey = Annotated[str, msgspec.Meta(description="The user's key, in place of the header.")]
_ClientKey = Annotated[str, msgspec.Meta(description="The client's key, in place of the header.")]
_AdminKey = Annotated[str, msgspec.Meta(description="The admin's key, in place of the header.")]


class Arguments(Query, frozen=True, kw_only=True):
    """Arguments, keys among them."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(hidden)"


class ChatArguments(ChatRequest, Query, frozen=True, kw_only=True):
    """A prompt. A client that sends `user_id`, `username` and `user_id_plus` makes the user where there is none yet."""

    user: _UserKey | None = None
    client: _ClientKey | None = None
    username: DisplayName | None = None
    user_id_plus: Switch = None


class AccessTokenArguments(AccessTokenRequest, Query, frozen=True, kw_only=True):
    """A key of the caller's own at the provider."""

    user: _UserKey | None = None
    client: _ClientKey | None = None


class RecallArguments(Arguments, frozen=True, kw_only=True):
    """Whose conversations; all titles without `conversation_id`, else that one's messages."""

    user: _UserKey | None = None
    client: _ClientKey | None = None
    user_id: Name | None = None
    conversation_id: str | None = None


class AddUserArguments(Arguments, frozen=True, kw_only=True):
    """Whom to make; only an admin makes clients. `user_id` is another word for `userid`."""

    admin: _AdminKey | None = None
    client: _ClientKey | None = None
    userid: Name | None = None
    user_id: Name | None = None
    username: DisplayName | None = None
    plus: Switch = None
    is_client: Switch = None


class RemoveUserArguments(Arguments, frozen=True, kw_only=True):
    """Whose key to revoke; an admin says with `client_id` which client's user is meant."""

    admin: _AdminKey | None = None
    client: _ClientKey | None = None
    userid: Name | None = None
    user_id: Name | None = None
    client_id: Name | None = None


class RemoveConversationArguments(Arguments, frozen=True, kw_only=True):
    """Which conversation to erase; with `user_id` only where it is that user's."""

    conversation_id: str
    admin: _AdminKey | None = None
    client: _ClientKey | None = None
    user: _UserKey | None = None
    user_id: Name | None = None


class AddedUser(Answer, frozen=True, kw_only=True):
    """A new key, shown only here."""

    api_key: str
    message: str = "User added"

    def __repr__(self) -> str:
        return "AddedUser(hidden)"


class Removed(Answer, frozen=True, kw_only=True):
    """What was taken away."""

    message: str


class RecalledTitle(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation among all of a user's."""

    title: str


class RecalledMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A prompt and its reply, empty where there is none."""

    prompt: str
    reply: str


Recalled = dict[str, RecalledTitle | str | list[dict[str, RecalledMessage]]]
"""Titles by the conversations' ids; or `conversation_id`, `conversation_title` and `messages`, each by its id."""
