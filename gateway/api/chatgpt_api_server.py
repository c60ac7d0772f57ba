"""What programs written for chatgpt-api-server ask for, by its own names: GET or POST, the key as an argument.

https://github.com/Lukium/chatgpt-api-server

Its `/api/chat` is the gateway's own (`gateway.api.chat`), and so is its `/api/access-token`
(`gateway.api.access_tokens`).
"""

from aiohttp import web

from gateway.api.arguments import methods_at, read_arguments, taking
from gateway.api.bodies import json_response
from gateway.api.reading import Whose, note_reading, note_reading_of
from gateway.api.scope import acting_user
from gateway.app_keys import CONVERSATIONS, PRINCIPAL, USERS
from gateway.compatibility import (
    AddedUser,
    AddUserArguments,
    RecallArguments,
    Recalled,
    RecalledMessage,
    RecalledTitle,
    RemoveConversationArguments,
    Removed,
    RemoveUserArguments,
)
from gateway.config import Paths
from gateway.conversations import StoredMessage
from gateway.errors import Conflict, InvalidRequest, NotFound, PermissionDenied
from gateway.paging import Position
from gateway.principals import Principal
from gateway.routing import EVERY_ROLE, Routes, Success
from gateway.users import NewPrincipal
from gateway.wire import is_on

_MAKERS = ("admin", "client")
_TITLES_AT_ONCE = 1000


def add_routes(routes: Routes, paths: Paths) -> None:
    """Add the routes of this module."""
    for method, path in methods_at(None, paths.recall):
        routes.add(
            method,
            path,
            recall,
            roles=("user", "client"),
            key_arguments=("user", "client"),
            answers=Success(Recalled, description="All titles by id, or one conversation's messages in order."),
            errors=(404,),
            **taking(method, RecallArguments),
        )
    for adding in (paths.add_user, paths.admin_add_user):
        for method, path in methods_at(None, adding):
            routes.add(
                method,
                path,
                add_user,
                roles=_MAKERS,
                key_arguments=_MAKERS,
                answers=AddedUser,
                errors=(409,),
                **taking(method, AddUserArguments),
            )
    for method, path in methods_at(None, paths.remove_user):
        routes.add(
            method,
            path,
            remove_user,
            roles=_MAKERS,
            key_arguments=_MAKERS,
            answers=Removed,
            errors=(404, 409),
            **taking(method, RemoveUserArguments),
        )
    for method, path in methods_at(None, paths.remove_conversation):
        routes.add(
            method,
            path,
            remove_conversation,
            roles=EVERY_ROLE,
            key_arguments=EVERY_ROLE,
            answers=Removed,
            errors=(404,),
            **taking(method, RemoveConversationArguments),
        )


async def recall(request: web.Request) -> web.Response:
    """`POST /api/recall {"user": "rk-…"}`: all of a user's titles, or one conversation's messages in order."""
    arguments = await read_arguments(request, RecallArguments)
    user = await acting_user(request, arguments.user_id)
    if arguments.conversation_id:
        return json_response(await _one(request, user, arguments.conversation_id))
    return json_response(await _all(request, user))


async def add_user(request: web.Request) -> web.Response:
    """`POST /api/client/add-user {"client": "rk-…", "userid": "7", "username": "Ada", "plus": "true"}`: a new user."""
    arguments = await read_arguments(request, AddUserArguments)
    asker = request[PRINCIPAL]
    is_client = is_on(arguments.is_client)
    if is_client and asker.role == "client":
        raise PermissionDenied("Clients cannot create new clients.")
    issued = await request.app[USERS].create(
        NewPrincipal(
            name=_name(arguments.userid, arguments.user_id),
            role="client" if is_client else "user",
            username=arguments.username or "",
            plus=is_on(arguments.plus),
            client_id=asker.id if asker.role == "client" else None,
        )
    )
    return json_response(AddedUser(api_key=issued.key))


async def remove_user(request: web.Request) -> web.Response:
    """`POST /api/remove-user {"client": "rk-…", "userid": "7"}`: the user's key is dead at once."""
    arguments = await read_arguments(request, RemoveUserArguments)
    asker = request[PRINCIPAL]
    name = _name(arguments.userid, arguments.user_id)
    if asker.role == "client":
        if arguments.client_id not in {None, asker.name}:
            raise PermissionDenied("Only an admin may name a client. Leave client_id out.")
        owner = asker.id
    else:
        owner = None if arguments.client_id is None else (await request.app[USERS].client(arguments.client_id)).id
    user = await request.app[USERS].get(owner, name)
    if user.id == asker.id:
        raise Conflict("This would lock you out. Ask another admin, or use the command line.", code="own_key")
    await request.app[USERS].delete(user, purge=False)
    return json_response(Removed(message="User removed"))


async def remove_conversation(request: web.Request) -> web.Response:
    """`POST /api/remove-conversation {"user": "rk-…", "conversation_id": "…"}`: erased for good."""
    arguments = await read_arguments(request, RemoveConversationArguments)
    record = await request.app[CONVERSATIONS].find(arguments.conversation_id, request[PRINCIPAL])
    if arguments.user_id not in {None, record.owner_name}:
        raise NotFound("This user has no such conversation.", code="unknown_conversation")
    await request.app[CONVERSATIONS].delete(record.id)
    return json_response(Removed(message="Conversation removed"))


async def _all(request: web.Request, user: Principal) -> Recalled:
    await note_reading(request, "list", Whose(owner=user))
    titles: Recalled = {}
    after: Position | None = None
    while True:
        page = await request.app[CONVERSATIONS].list(owner=user, limit=_TITLES_AT_ONCE, after=after)
        titles |= {record.id: RecalledTitle(title=record.title) for record in page.items}
        if page.next_cursor is None:
            return titles
        after = Position.from_cursor(page.next_cursor)


async def _one(request: web.Request, user: Principal, conversation_id: str) -> Recalled:
    record = await request.app[CONVERSATIONS].find(conversation_id, user)
    await note_reading_of(request, "read", record)
    return {
        "conversation_id": record.id,
        "conversation_title": record.title,
        "messages": _pairs(await request.app[CONVERSATIONS].read(record.id)),
    }


def _pairs(messages: list[StoredMessage]) -> list[dict[str, RecalledMessage]]:
    """Each prompt with its reply, under the reply's id; one that nothing has answered stands under its own."""
    replies = {message.parent_id: message for message in messages if message.role == "assistant"}
    pairs = list[dict[str, RecalledMessage]]()
    for prompt in messages:
        if prompt.role == "user":
            reply = replies.get(prompt.id)
            said = RecalledMessage(prompt=prompt.content, reply="" if reply is None else reply.content)
            pairs.append({prompt.id if reply is None else reply.id: said})
    return pairs


def _name(userid: str | None, user_id: str | None) -> str:
    name = userid or user_id
    if name is None or (userid is not None and user_id not in {None, userid}):
        raise InvalidRequest("Say once who is meant, with userid.")
    return name
