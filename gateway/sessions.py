"""Who is signed in with a browser. A session belongs to a key, and ends with it.

That is the key it was begun with. Who was recognised by something else, such as their account on Discord, is signed in
by the key that they have at that moment: what ends it ends both ways in at once.
"""

import base64
import hashlib
from collections.abc import Callable
from functools import partial

from gateway.auth import Authenticator, refuse_dead
from gateway.errors import Unauthenticated
from gateway.keys import KeyHasher
from gateway.principals import Principal
from gateway.store import queries
from gateway.times import Clock, milliseconds
from storage import Connection, Database

# 256 bits: OWASP's advice for session ids is 64 at least.
_NAME_BYTES = 32
# Of one key at once: nobody has more browsers, and a program that signs in again and again fills no disk.
_MOST_OF_A_KEY = 100


class Sessions:
    """Begins sessions, looks them up and ends them. Each look is into the database, so that ending one is immediate.

    All methods may raise `storage.StorageError`.
    """

    def __init__(
        self,
        database: Database,
        authenticator: Authenticator,
        *,
        hasher: KeyHasher,
        days: float,
        clock: Clock,
        random: Callable[[int], bytes],
    ) -> None:
        self._database = database
        self._authenticator = authenticator
        self._hasher = hasher
        self._seconds = days * 86_400
        self._clock = clock
        self._random = random
        self._sql = queries(database, "sessions")

    async def begin(self, key: str) -> str:
        """Sign in with a key: the new session's name, which only the browser keeps.

        Raises what `Authenticator.authenticate` raises.
        """
        await self._authenticator.authenticate(key)
        name = self._new_name()
        if not await self._database.transact(partial(self._begin, key, name), brief=True):
            raise _revoked()
        return name

    async def begin_for(self, user: Principal) -> str:
        """Sign in somebody who was recognised without their key: the new session's name.

        Raises what `Authenticator.authenticate` raises of a key that works no more.
        """
        name = self._new_name()

        async def work(connection: Connection) -> None:
            at = milliseconds(self._clock())
            row = await self._sql.live_key_of(connection, principal_id=user.id)
            if row is None:
                raise _revoked()
            refuse_dead(row, at)
            await self._enter(connection, name, row["key_id"], at)

        await self._database.transact(work, brief=True)
        return name

    async def holder(self, name: str) -> Principal:
        """Who is signed in.

        Raises `Unauthenticated` with code `no_session` where the session is over, and what
        `Authenticator.authenticate` raises of a key that works no more.
        """
        at = milliseconds(self._clock())
        async with self._database.read(brief=True) as connection:
            row = await self._sql.holder_of(connection, hash=_hash(name), at=at)
        if row is None:
            raise session_over()
        refuse_dead(row, at)
        return Principal.from_row(row)

    async def end(self, name: str) -> None:
        """Sign out of this session."""

        async def work(connection: Connection) -> None:
            await self._sql.end(connection, hash=_hash(name))

        await self._database.transact(work, brief=True)

    async def end_all(self, holder: Principal) -> None:
        """Sign out everywhere."""

        async def work(connection: Connection) -> None:
            await self._sql.end_all(connection, principal_id=holder.id)

        await self._database.transact(work, brief=True)

    async def _begin(self, key: str, name: str, connection: Connection) -> bool:
        at = milliseconds(self._clock())
        for candidate in self._hasher.candidates(key):
            row = await self._sql.key_of(connection, hash=candidate)
            if row is not None:
                await self._enter(connection, name, row["id"], at)
                return True
        return False

    async def _enter(self, connection: Connection, name: str, key_id: int, at: int) -> None:
        await self._sql.forget_expired(connection, at=at)
        await self._sql.forget_oldest(connection, key_id=key_id, most=_MOST_OF_A_KEY - 1)
        expires_at = at + milliseconds(self._seconds)
        await self._sql.begin(connection, hash=_hash(name), key_id=key_id, at=at, expires_at=expires_at)

    def _new_name(self) -> str:
        return base64.urlsafe_b64encode(self._random(_NAME_BYTES)).decode().rstrip("=")


def session_over() -> Unauthenticated:
    """Why a session does not count."""
    return Unauthenticated("You are signed out. Sign in again.", code="no_session")


def _revoked() -> Unauthenticated:
    return Unauthenticated("This key was revoked or replaced by a newer one.", code="revoked_key")


def _hash(name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest()
