"""Conversations for others: `/api/conversations/{id}/copy` and `/api/conversations/{id}/shares`.

Sharing and copying are a client's to do, among its own users: a user who could name others would learn who there is.
"""

from aiohttp import web

from gateway.api.bodies import json_response, read_body
from gateway.api.reading import note_reading_of
from gateway.api.scope import conversation_asked_for
from gateway.app_keys import COPYING, SHARES, USERS
from gateway.conversations import ConversationRecord
from gateway.errors import NotFound
from gateway.principals import Principal
from gateway.routing import EVERY_ROLE, Routes, Success
from gateway.wire import ConversationSummary, CopyConversation, Done, ShareConversation, ShareList

_CLIENTS = frozenset(("admin", "client"))


def add_routes(routes: Routes) -> None:
    """Add the routes of this module."""
    routes.post(
        "/api/conversations/{id}/copy",
        copy_conversation,
        roles=_CLIENTS,
        body=CopyConversation,
        answers=Success(ConversationSummary, status=201),
        errors=(404, 409),
    )
    routes.post(
        "/api/conversations/{id}/shares",
        share_conversation,
        roles=_CLIENTS,
        body=ShareConversation,
        answers=ShareList,
        errors=(404, 409),
    )
    routes.get("/api/conversations/{id}/shares", list_shares, roles=EVERY_ROLE, answers=ShareList)
    routes.delete("/api/conversations/{id}/shares/{user_id}", take_share_back, roles=EVERY_ROLE, answers=Done)


async def copy_conversation(request: web.Request) -> web.Response:
    """`POST /api/conversations/{id}/copy {"user_id": "1:2"}`: a conversation of that user's with what was said so far.

    Both users are of one client. The copy is noted in the audit log; who wrote what is kept in it, so that whoever is
    purged is erased from it too.
    """
    body = await read_body(request, CopyConversation)
    original = await conversation_asked_for(request)
    owner = await _neighbour(request, original, body.user_id)
    await note_reading_of(request, "copy", original)
    copy = await request.app[COPYING].copy(original, owner, message_id=body.message_id)
    return json_response(ConversationSummary(conversation=copy.to_wire()), status=201)


async def share_conversation(request: web.Request) -> web.Response:
    """`POST /api/conversations/{id}/shares {"user_id": "1:2"}`: that user of the same client may read the conversation
    and go on with it, with its own key and on its own limits; may neither change nor share it. Again changes nothing.
    """
    body = await read_body(request, ShareConversation)
    record = await conversation_asked_for(request)
    await request.app[SHARES].grant(record, await _neighbour(request, record, body.user_id))
    return json_response(ShareList(shares=await request.app[SHARES].list(record)))


async def list_shares(request: web.Request) -> web.Response:
    """`GET /api/conversations/{id}/shares`: with whom the conversation is shared; for its owner, its client, admins."""
    record = await conversation_asked_for(request)
    return json_response(ShareList(shares=await request.app[SHARES].list(record)))


async def take_share_back(request: web.Request) -> web.Response:
    """`DELETE /api/conversations/{id}/shares/{user_id}`: that user can no longer go on with it; its prompts stay."""
    record = await conversation_asked_for(request)
    await request.app[SHARES].take_back(record, request.match_info["user_id"])
    return json_response(Done())


async def _neighbour(request: web.Request, record: ConversationRecord, name: str) -> Principal:
    """A user of the same client as the conversation's owner. Raises `NotFound` with code `unknown_user`."""
    user = await request.app[USERS].get(record.client_id, name)
    if user.role != "user":
        raise NotFound("There is no such user.", code="unknown_user")
    return user
