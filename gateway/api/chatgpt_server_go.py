"""What programs written for ChatGPT-API-server ask for: `/api/ask`, and an admin's users.

https://github.com/ChatGPT-Hackers/ChatGPT-API-server

Its agents' `/client/register` and `/api/connections` are in `gateway.api.agents`; `/health` is the gateway's own.
"""

from uuid import uuid4

from aiohttp import web

from gateway.api.arguments import read_arguments
from gateway.api.bodies import json_response, read_body
from gateway.api.chat import HUNG_UP, whole_answer
from gateway.api.rate_limit import note_limits
from gateway.app_keys import PRINCIPAL, PROMPTING, USERS
from gateway.compatibility_go import (
    AddedToken,
    AdminArguments,
    AskAnswer,
    AskFailure,
    AskRequest,
    DeletedToken,
    DeleteUserArguments,
    ListedToken,
    ListedTokens,
    PlainFailure,
)
from gateway.config import Paths
from gateway.errors import InvalidRequest, NotFound
from gateway.paging import Position
from gateway.principals import Principal
from gateway.routing import Routes
from gateway.users import NewPrincipal
from gateway.wire import ChatRequest

_READ_AT_ONCE = 1000


def add_routes(routes: Routes, paths: Paths) -> None:
    """Add the routes of this module."""
    routes.post(
        paths.ask,
        ask,
        roles=("user",),
        bare_key=True,
        failure=AskFailure,
        body=AskRequest,
        answers=AskAnswer,
        errors=(404, 409, 429, 502, 504),
    )
    routes.post(
        paths.admin_users_add,
        add_token,
        roles=("admin",),
        failure=PlainFailure,
        key_arguments={"admin_key": "admin"},
        body=AdminArguments,
        answers=AddedToken,
    )
    routes.post(
        paths.admin_users_delete,
        delete_token,
        roles=("admin",),
        failure=PlainFailure,
        key_arguments={"admin_key": "admin"},
        body=DeleteUserArguments,
        answers=DeletedToken,
        errors=(404,),
    )
    routes.get(
        paths.admin_users,
        list_tokens,
        roles=("admin",),
        failure=PlainFailure,
        key_arguments={"admin_key": "admin"},
        query=AdminArguments,
        answers=ListedTokens,
    )


async def ask(request: web.Request) -> web.Response:
    """`POST /api/ask {"content": "Hello"}`: the answer to a prompt.

    `Authorization` takes the key with or without `Bearer`. The best account the user may use answers.
    A `parent_id` that is not the last reply branches the conversation.
    """
    body = await read_body(request, AskRequest)
    if bool(body.conversation_id) != bool(body.parent_id):
        raise InvalidRequest(
            "conversation_id and parent_id go together: send both, as conversation_id and response_id of the answer "
            "you follow up, or neither for a new conversation."
        )
    prompt = ChatRequest(
        prompt=body.content,
        conversation_id=body.conversation_id or None,
        parent_id=body.parent_id or None,
        plus="any",
    )
    events = request.app[PROMPTING].prompt(request[PRINCIPAL], prompt, stream=False, admitted=note_limits(request))
    answer = await whole_answer(request, events)
    if answer is None:
        return web.Response(status=HUNG_UP)
    return json_response(
        AskAnswer(
            id=answer.parent_id or "",
            response_id=answer.message_id,
            conversation_id=answer.conversation_id,
            content=answer.reply,
        )
    )


async def add_token(request: web.Request) -> web.Response:
    """`POST /admin/users/add {"admin_key": "rk-…"}`: a new user with a token; free, until an admin says otherwise."""
    await read_arguments(request, AdminArguments)
    issued = await request.app[USERS].create(NewPrincipal(name=str(uuid4())))
    return json_response(AddedToken(user_id=issued.principal.name, token=issued.key))


async def delete_token(request: web.Request) -> web.Response:
    """`POST /admin/users/delete {"admin_key": "rk-…", "user_id": "…"}`: the user's token is dead at once.

    Users that a client made are that client's, and those of other roles are no users: neither is found here.
    """
    arguments = await read_arguments(request, DeleteUserArguments)
    user = await request.app[USERS].get(None, arguments.user_id)
    if not _listed(user):
        raise NotFound("There is no such user.", code="unknown_user")
    await request.app[USERS].delete(user, purge=False)
    return json_response(DeletedToken())


async def list_tokens(request: web.Request) -> web.Response:
    """`GET /admin/users?admin_key=rk-…`: the users that admins made, with the last characters of their tokens."""
    await read_arguments(request, AdminArguments)
    found = list[ListedToken]()
    after: Position | None = None
    while True:
        page = await request.app[USERS].list(limit=_READ_AT_ONCE, after=after)
        found += [
            ListedToken(user_id=user.name, token=f"…{user.key_hint}" if user.key_hint else "")
            for user in page.items
            if _listed(user)
        ]
        if page.next_cursor is None:
            return json_response(ListedTokens(users=found))
        after = Position.from_cursor(page.next_cursor)


def _listed(user: Principal) -> bool:
    return user.role == "user" and user.client_id is None
