"""Admins, clients, users and agents: making them, changing them, giving them keys, taking them away."""

import hashlib
from typing import Any

import msgspec

from gateway.errors import Conflict, NotFound, PermissionDenied
from gateway.forgetting import Forgetting
from gateway.keys import KeyHasher, RandomBytes, generate_key
from gateway.paging import Page, Position, cut
from gateway.principals import Principal
from gateway.store import queries
from gateway.store.erasing import erase_for_good
from gateway.times import Clock, milliseconds
from gateway.wire import Role, UpdateLimits, UpdateUser, UserLimits
from storage import Connection, Database, MissingReference, Sealer

# Writes of principals and keys look before they write, so of all processes one at a time may.
_WRITING = "principals"
_SEALED_FOR = 10 * 60 * 1000
_REMEMBERED_FOR = 24 * 60 * 60 * 1000
# How long a key that was replaced is still told apart from one that never was.
_REVOKED_KEPT_FOR = 30 * 24 * 60 * 60 * 1000


class NewPrincipal(msgspec.Struct, frozen=True, kw_only=True):
    """Whom to make. `client_id` is the client it belongs to, `expires_in` the key's life in seconds."""

    name: str
    role: Role = "user"
    username: str = ""
    community: str = ""
    plus: bool = False
    client_id: int | None = None
    expires_in: int | None = None


class IssuedKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key in plain text, which exists here and nowhere else, and who holds it."""

    principal: Principal
    key: str

    def __repr__(self) -> str:
        return f"IssuedKey({self.principal.name!r})"


class Users:
    """Reads and writes principals and their keys; every write is on disk when its method returns.

    All methods may raise `storage.StorageError`.
    """

    def __init__(
        self, database: Database, *, hasher: KeyHasher, seal: Sealer, clock: Clock, random: RandomBytes
    ) -> None:
        self._database = database
        self._hasher = hasher
        self._seal = seal
        self._clock = clock
        self._random = random
        self._sql = queries(database, "principals")
        self._forgetting = Forgetting(database)

    # Reading

    async def get(self, client_id: int | None, name: str) -> Principal:
        """The one of that name among a client's users, or among those that admins made. Raises `NotFound`."""
        async with self._database.read(brief=True) as connection:
            return await self._live(connection, client_id, name)

    async def known(self, client_id: int | None, name: str) -> Principal:
        """The same, also where it was deleted and something of it is kept. Raises `NotFound`."""
        async with self._database.read(brief=True) as connection:
            row = await self._sql.by_name(connection, client_id=client_id, name=name)
        if row is None:
            raise _unknown()
        return Principal.from_row(row)

    async def client(self, name: str) -> Principal:
        """The client of that name. Raises `NotFound` with code `unknown_client`."""
        async with self._database.read() as connection:
            row = await self._sql.by_name(connection, client_id=None, name=name)
        if row is None or row["role"] != "client" or row["deleted_at"] is not None:
            raise NotFound("There is no client of that name.", code="unknown_client")
        return Principal.from_row(row)

    async def list(
        self,
        *,
        client_id: int | None = None,
        limit: int,
        after: Position | None = None,
        role: Role | None = None,
        search: str = "",
        ending: str = "",
        deleted: bool = False,
    ) -> Page[Principal]:
        """One client's users, else everybody, in the order they were made: those with a role, those whose id or display
        name holds what is searched for in any case, those whose names end so, and with `deleted` also those of whom
        only data is left.
        """
        where = {
            "after": after.at if after else 0,
            "limit": limit + 1,
            "role": role or "",
            "pattern": _holding(search),
            "ending": ending,
            "deleted": deleted,
        }
        async with self._database.read() as connection:
            if client_id is None:
                rows = self._sql.page_of_all(connection, **where)
            else:
                rows = self._sql.page_of_client(connection, client_id=client_id, **where)
            return cut([Principal.from_row(row) async for row in rows], limit, _position)

    async def number_of(self, client: Principal) -> int:
        """How many users a client has."""
        async with self._database.read() as connection:
            return int(await self._sql.number_of_client(connection, client_id=client.id))

    async def operators(self) -> tuple[Principal, ...]:
        """Every admin, client and agent."""
        async with self._database.read() as connection:
            return tuple([Principal.from_row(row) async for row in self._sql.operators(connection)])

    # Writing

    async def create(self, new: NewPrincipal) -> IssuedKey:
        """Make somebody, or bring back somebody deleted, with a first key.

        Raises `Conflict` with code `user_exists` where the name is taken.
        """
        return await self._database.transact(lambda connection: self._create(connection, new), alone=_WRITING)

    async def find_or_create(self, new: NewPrincipal) -> Principal:
        """The one of that name, made or brought back where there is none; without a key, which nobody would know.

        Raises `Conflict` with code `user_exists` where the name is not a user's.
        """

        async def work(connection: Connection) -> Principal:
            row = await self._sql.by_name(connection, client_id=new.client_id, name=new.name)
            if row is not None and row["deleted_at"] is None and row["role"] == new.role:
                return Principal.from_row(row)
            identity = await self._enter(connection, new, milliseconds(self._clock()))
            return Principal.from_row(await self._sql.by_id(connection, id=identity))

        return await self._database.transact(work, alone=_WRITING)

    async def create_first_admin(self, name: str) -> IssuedKey | None:
        """Make an admin where there has never been one; else None."""

        async def work(connection: Connection) -> IssuedKey | None:
            if await self._sql.any_admin(connection) is not None:
                return None
            return await self._create(connection, NewPrincipal(name=name, role="admin"))

        return await self._database.transact(work, alone=_WRITING)

    async def update(self, target: Principal, changes: UpdateUser) -> Principal:
        """Change what `changes` names. Raises `NotFound` where it was deleted meanwhile."""

        async def work(connection: Connection) -> Principal:
            current = await self._current(connection, target)
            await self._sql.update(
                connection,
                id=current.id,
                username=_chosen(changes.username, current.username),
                community=_chosen(changes.community, current.community),
                plus=_chosen(changes.plus, current.plus),
                disabled=_chosen(changes.disabled, current.disabled),
            )
            if changes.expires_in is not msgspec.UNSET:
                expires_at = self._expiry(changes.expires_in)
                await self._sql.set_expiry(connection, id=current.id, expires_at=expires_at)
            if changes.limits is not msgspec.UNSET:
                await self._sql.set_limits(connection, id=current.id, limits=_limits(changes.limits, current.limits))
            return await self._current(connection, target)

        return await self._database.transact(work, alone=_WRITING)

    async def rotate(self, target: Principal, caller: Principal, idempotency_key: str | None = None) -> IssuedKey:
        """Replace a key; what else there is of its holder stays, its expiry too.

        The same caller with the same `idempotency_key` gets the same new key for ten minutes, and for a day
        `Conflict` with code `idempotency_replayed` instead of one more key. Raises `Conflict` with code `key_expired`
        where the new key would be born expired, and `NotFound` where its holder was deleted meanwhile.
        """

        async def work(connection: Connection) -> IssuedKey:
            current = await self._current(connection, target)
            at = milliseconds(self._clock())
            await self._sql.forget_rotations(connection, before=at - _REMEMBERED_FOR)
            await self._sql.forget_sealed(connection, before=at - _SEALED_FOR, principal_id=None)
            request = _Repeatable(caller.id, current.id, idempotency_key)
            if request.digest is not None:
                earlier = await self._sql.rotation(connection, **request.columns())
                if earlier is not None:
                    return IssuedKey(principal=current, key=self._replayed(earlier["sealed_key"]))
            if current.expires_at is not None and current.expires_at <= at:
                raise Conflict(
                    "The lease has run out, a new key would not work. Extend it first: PATCH the user's expires_in.",
                    code="key_expired",
                )
            issued = await self._replace_key(connection, current, at)
            if request.digest is not None:
                sealed = self._seal.seal(issued.key)
                await self._sql.keep_rotation(connection, **request.columns(), sealed_key=sealed, at=at)
            return issued

        return await self._database.transact(work, alone=_WRITING)

    async def reissue(self, target: Principal) -> IssuedKey:
        """Replace the key of an admin or a client by one that does not expire."""

        async def work(connection: Connection) -> IssuedKey:
            current = await self._current(connection, target)
            fresh = msgspec.structs.replace(current, expires_at=None)
            return await self._replace_key(connection, fresh, milliseconds(self._clock()))

        return await self._database.transact(work, alone=_WRITING)

    async def delete(self, target: Principal, *, purge: bool) -> None:
        """Revoke the key; of a client, also the keys of all its users. With `purge` erase what there is
        of them, also in others' conversations and from the files; the audit log keeps their names.
        """

        async def work(connection: Connection) -> None:
            if purge:
                await self._forgetting.erase_words_of(connection, target.id)
                await self._sql.erase(connection, id=target.id)
                return
            at = milliseconds(self._clock())
            await self._sql.mark_deleted(connection, id=target.id, at=at)
            await self._sql.revoke_keys(connection, id=target.id, at=at)
            await self._sql.revoke_keys_of_users(connection, id=target.id, at=at)
            await self._sql.forget_sealed(connection, before=0, principal_id=target.id)

        await self._database.transact(work, alone=_WRITING)
        if purge:
            await erase_for_good(self._database, all_at_once=True)

    # Steps within a transaction

    async def _create(self, connection: Connection, new: NewPrincipal) -> IssuedKey:
        at = milliseconds(self._clock())
        identity = await self._enter(connection, new, at)
        return await self._add_key(connection, identity, at, expires_at=self._expiry(new.expires_in))

    async def _enter(self, connection: Connection, new: NewPrincipal, at: int) -> int:
        """The id of somebody new, or of somebody deleted who is brought back."""
        row = await self._sql.by_name(connection, client_id=new.client_id, name=new.name)
        if row is None:
            return await self._insert(connection, new, at)
        _refuse_taken(row, new)
        identity = int(row["id"])
        await self._sql.revive(connection, id=identity, username=new.username, community=new.community, plus=new.plus)
        return identity

    async def _insert(self, connection: Connection, new: NewPrincipal, at: int) -> int:
        try:
            return await self._sql.create(
                connection,
                role=new.role,
                client_id=new.client_id,
                name=new.name,
                username=new.username,
                community=new.community,
                plus=new.plus,
                at=at,
            )
        except MissingReference as error:
            raise PermissionDenied("The client that asks was deleted meanwhile.") from error

    async def _replace_key(self, connection: Connection, current: Principal, at: int) -> IssuedKey:
        await self._sql.revoke_keys(connection, id=current.id, at=at)
        await self._sql.forget_revoked(connection, id=current.id, before=at - _REVOKED_KEPT_FOR)
        await self._sql.forget_sealed(connection, before=0, principal_id=current.id)
        return await self._add_key(
            connection, current.id, at, expires_at=current.expires_at, last_used_at=current.last_used_at
        )

    async def _add_key(
        self, connection: Connection, identity: int, at: int, *, expires_at: int | None, last_used_at: int | None = None
    ) -> IssuedKey:
        key = generate_key(self._random)
        hashed = self._hasher.hash(key)
        await self._sql.add_key(
            connection,
            principal_id=identity,
            hash=hashed.hash,
            hint=hashed.hint,
            at=at,
            expires_at=expires_at,
            last_used_at=last_used_at,
        )
        return IssuedKey(principal=Principal.from_row(await self._sql.by_id(connection, id=identity)), key=key)

    async def _live(self, connection: Connection, client_id: int | None, name: str) -> Principal:
        row = await self._sql.by_name(connection, client_id=client_id, name=name)
        if row is None or row["deleted_at"] is not None:
            raise _unknown()
        return Principal.from_row(row)

    async def _current(self, connection: Connection, target: Principal) -> Principal:
        row = await self._sql.by_id(connection, id=target.id)
        if row is None or row["deleted_at"] is not None:
            raise _unknown()
        return Principal.from_row(row)

    def _expiry(self, seconds: int | None) -> int | None:
        return None if seconds is None else milliseconds(self._clock() + seconds)

    def _replayed(self, sealed_key: bytes | None) -> str:
        key = None if sealed_key is None else self._seal.open(sealed_key)
        if key is None:
            raise Conflict(
                "This Idempotency-Key has made a key already, which is not shown again. "
                "Use another Idempotency-Key to make another key.",
                code="idempotency_replayed",
            )
        return key


class _Repeatable:
    """Who asks for whose key under which Idempotency-Key; of that only a digest is kept."""

    def __init__(self, caller_id: int, principal_id: int, idempotency_key: str | None) -> None:
        self._caller_id = caller_id
        self._principal_id = principal_id
        self.digest = None if idempotency_key is None else hashlib.sha256(idempotency_key.encode()).digest()

    def columns(self) -> dict[str, Any]:
        return {
            "caller_id": self._caller_id,
            "principal_id": self._principal_id,
            "idempotency_key": self.digest,
        }


def _refuse_taken(row: Any, new: NewPrincipal) -> None:
    if row["deleted_at"] is None:
        raise Conflict(f"{new.name} exists already. Change it with PATCH, or rotate its key.", code="user_exists")
    if row["role"] != new.role:
        raise Conflict(
            f"{new.name} was the name of a deleted {row['role']} whose data is kept. Choose another name.",
            code="user_exists",
        )


def _chosen(change: Any, current: Any) -> Any:
    return current if change is msgspec.UNSET else change


def _limits(changes: UpdateLimits | None, current: UserLimits | None) -> str | None:
    """A user's own limits after these changes, as they are kept; None where all are the tier's."""
    if changes is None:
        return None
    kept = msgspec.structs.asdict(current or UserLimits())
    limits = UserLimits(**{name: _chosen(getattr(changes, name), figure) for name, figure in kept.items()})
    return None if limits == UserLimits() else msgspec.json.encode(limits).decode()


def _holding(text: str) -> str:
    """What a text matches, in the words of LIKE, that holds this one."""
    for special in "!%_":
        text = text.replace(special, f"!{special}")
    return f"%{text}%"


def _position(principal: Principal) -> Position:
    return Position(at=principal.id)


def _unknown() -> NotFound:
    return NotFound("There is no such user.", code="unknown_user")


__all__ = ["IssuedKey", "NewPrincipal", "Users"]
