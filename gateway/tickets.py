"""Things that a browser brings back once: what it was given with one page, for the next."""

import base64
import hashlib
from collections.abc import Callable
from typing import Literal

from gateway.store import queries
from gateway.times import Clock, milliseconds
from storage import Connection, Database, Sealer

TICKETS = b"rolekey: tickets"
"""What their sealer is for."""

Purpose = Literal["discord", "choice"]
_BYTES = 32
_SECONDS = 10 * 60


class Tickets:
    """Issues tickets and takes them back. One is good for ten minutes, for one purpose, in one browser, once.

    Gateways that share a database take each other's. All methods may raise `storage.StorageError`.
    """

    def __init__(self, database: Database, *, seal: Sealer, clock: Clock, random: Callable[[int], bytes]) -> None:
        self._database = database
        self._seal = seal
        self._clock = clock
        self._random = random
        self._sql = queries(database, "tickets")

    async def issue(self, purpose: Purpose, browser: str, content: str) -> str:
        """A ticket that stands for `content`. `browser` is a secret that only that browser holds."""
        ticket = base64.urlsafe_b64encode(self._random(_BYTES)).decode().rstrip("=")
        at = milliseconds(self._clock())

        async def work(connection: Connection) -> None:
            await self._sql.forget_expired(connection, at=at)
            await self._sql.issue(
                connection,
                hash=_hash(ticket),
                purpose=purpose,
                browser=_hash(browser),
                sealed=self._seal.seal(content),
                expires_at=at + _SECONDS * 1000,
            )

        await self._database.transact(work, brief=True)
        return ticket

    async def redeem(self, purpose: Purpose, browser: str, ticket: str) -> str | None:
        """What a ticket stands for, this once; None where it is used, too old, for something else or another browser's,
        which can still use it.
        """
        at = milliseconds(self._clock())

        async def work(connection: Connection) -> bytes | None:
            row = await self._sql.redeem(connection, hash=_hash(ticket), purpose=purpose, browser=_hash(browser), at=at)
            return None if row is None else row["sealed"]

        sealed = await self._database.transact(work, brief=True)
        return None if sealed is None else self._seal.open(sealed)


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
