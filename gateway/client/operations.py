"""What is used, and how the gateway and its accounts are doing."""

from datetime import date

from gateway.client.connection import Connection, query_of
from gateway.wire import AccountPage, AuditAction, AuditPage, Health, Policy, UsageAnswer, UsageBy


class OperationCalls(Connection):
    """`/health`, `/api/usage`, `/api/accounts`, `/api/policy` and `/api/audit`."""

    async def health(self) -> Health:
        """Whether the gateway is up."""
        return await self._call("GET", "/health", Health)

    async def policy(self) -> Policy:
        """What the gateway keeps, how long, and where it sends prompts."""
        return await self._call("GET", "/api/policy", Policy)

    async def usage(
        self,
        user_id: str | None = None,
        *,
        since: date | None = None,
        until: date | None = None,
        client_id: str | None = None,
        cursor: str | None = None,
        starting: str | None = None,
        top: int | None = None,
        by: UsageBy | None = None,
    ) -> UsageAnswer:
        """What was used on the days from `since` (else the first of the month) until `until` (else today), UTC.

        Without `user_id` a user's own, else that of all this key may see; of one user also what is left. `starting`
        chooses users by how their `user_id` starts, `top` so many of them who cost most. `by` asks for `groups` in
        place of `users`.
        """
        query = query_of(
            user_id=user_id, to=until, client_id=client_id, cursor=cursor, starting=starting, top=top, by=by
        )
        query |= {} if since is None else {"from": str(since)}
        return await self._call("GET", "/api/usage", UsageAnswer, query=query)

    async def audit(
        self,
        *,
        limit: int = 50,
        cursor: str | None = None,
        reader: str | None = None,
        user_id: str | None = None,
        action: AuditAction | None = None,
        since: date | None = None,
        until: date | None = None,
    ) -> AuditPage:
        """Who read what of what users wrote, as far as this key may know, newest first; on the days from `since` until
        `until`, UTC.
        """
        query = query_of(limit=limit, cursor=cursor, reader=reader, user_id=user_id, action=action, to=until)
        query |= {} if since is None else {"from": str(since)}
        return await self._call("GET", "/api/audit", AuditPage, query=query)

    async def accounts(self) -> AccountPage:
        """The pool of upstream accounts (admins only)."""
        return await self._call("GET", "/api/accounts", AccountPage)
