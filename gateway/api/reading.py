"""Whose writings a request asks for, and the note that reading them leaves in the audit log."""

import msgspec
from aiohttp import web

from gateway.api.scope import client_asked_for, user_asked_for
from gateway.app_keys import AUDIT, PRINCIPAL, REQUEST_ID
from gateway.audit import Subject
from gateway.conversations import ConversationRecord
from gateway.parameters import QUERY
from gateway.principals import Principal
from gateway.wire import AuditAction


class Whose(msgspec.Struct, frozen=True, kw_only=True):
    """One owner, else one client's users, else everybody."""

    owner: Principal | None = None
    client_id: int | None = None
    client_name: str | None = None

    def subject(self) -> Subject:
        """The same for the audit log."""
        if self.owner is None:
            return Subject(client_id=self.client_id, client_name=self.client_name)
        owner = self.owner
        return Subject(
            owner_id=owner.id, owner_name=owner.name, client_id=owner.client_id, client_name=owner.client_name
        )


async def whose_asked_for(request: web.Request, user_id: str | None) -> Whose:
    """Whose writings are meant: those of `user_id`; without one a user's own, those of a client's users, and for an
    admin those of the users of `?client_id=`, or everybody's.

    Raises `NotFound` and `PermissionDenied` as `gateway.api.scope` does.
    """
    caller = request[PRINCIPAL]
    if user_id is not None:
        return Whose(owner=await user_asked_for(request, user_id))
    client_id = await client_asked_for(request)
    if caller.role == "user":
        return Whose(owner=caller)
    name = caller.name if caller.role == "client" else getattr(request.get(QUERY), "client_id", None)
    return Whose(client_id=client_id, client_name=name)


async def note_reading(
    request: web.Request, action: AuditAction, whose: Whose, *, conversation_id: str | None = None
) -> None:
    """Note in the audit log, where it belongs there, that the caller reads in what these wrote."""
    await request.app[AUDIT].note(
        request[PRINCIPAL],
        action,
        whose.subject(),
        request_id=request[REQUEST_ID],
        conversation_id=conversation_id,
    )


async def note_reading_of(request: web.Request, action: AuditAction, record: ConversationRecord) -> None:
    """Note in the audit log, where it belongs there, that the caller reads this conversation."""
    subject = Subject(
        owner_id=record.owner_id,
        owner_name=record.owner_name,
        client_id=record.client_id,
        client_name=record.client_name,
    )
    await request.app[AUDIT].note(
        request[PRINCIPAL], action, subject, request_id=request[REQUEST_ID], conversation_id=record.id
    )
