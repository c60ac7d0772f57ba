"""The first keys: made straight in the database, beside a running gateway or before one ever ran."""

import contextlib
import secrets
import time
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Literal

import msgspec

from gateway.auth import Authenticator
from gateway.config import Config
from gateway.errors import NotFound, PermissionDenied, Unauthenticated
from gateway.keys import SEALED_TEXTS, KeyHasher, secret_file
from gateway.principals import Principal
from gateway.store import open_database
from gateway.times import Clock
from gateway.users import NewPrincipal, Users
from gateway.wire import User
from storage import Sealer, StorageReadOnly, load_secrets, write_private

EMBEDDED_CLIENT = "bot"
"""What the client is called that lives in the gateway's process, which is the bot."""

_CLIENT_KEY_FILE = "client.key"


class _Desk(msgspec.Struct, frozen=True):
    """What it takes to give out keys."""

    users: Users
    authenticator: Authenticator
    seal: Sealer


async def ensure_admin_key(config: Config, *, clock: Clock = time.time) -> str | None:
    """Make the admin `admin` on the first start and return its key, which is not shown again; later None.

    Raises `storage.StorageError`.
    """
    async with _desk(config, clock) as desk:
        issued = await desk.users.create_first_admin("admin")
    return None if issued is None else issued.key


async def ensure_client_key(config: Config, name: str = EMBEDDED_CLIENT, *, clock: Clock = time.time) -> str:
    """The key of the client that lives in this process, kept sealed in `data_dir/client.key`.

    Where the file is missing, no secret opens it, or its key is dead, the client gets a new key.
    Raises `Conflict` where the name is another's, and `storage.StorageError`.
    """
    path = config.data_dir / _CLIENT_KEY_FILE
    async with _desk(config, clock) as desk:
        kept = _kept_key(path, desk.seal)
        if kept is not None and await _is_live(desk.authenticator, kept, name):
            return kept
        issued = await _new_client_key(desk.users, name)
        try:
            write_private(path, desk.seal.seal(issued).decode())
        except OSError as error:
            raise StorageReadOnly(f"the client's key {path} cannot be written: {error.strerror}") from error
        return issued


async def create_key(
    config: Config, role: Literal["admin", "client", "agent"], name: str, *, clock: Clock = time.time
) -> str:
    """Make an admin, a client or an agent and return its key. Raises `Conflict` where the name is taken."""
    async with _desk(config, clock) as desk:
        return (await desk.users.create(NewPrincipal(name=name, role=role))).key


async def list_keys(config: Config, *, clock: Clock = time.time) -> list[User]:
    """Every admin, client and agent, without keys."""
    async with _desk(config, clock) as desk:
        return [principal.to_wire() for principal in await desk.users.operators()]


async def revoke(config: Config, name: str, *, clock: Clock = time.time) -> None:
    """Revoke the key of an admin, a client or an agent; a client's users stop too, their conversations stay.

    Raises `NotFound`.
    """
    async with _desk(config, clock) as desk:
        await desk.users.delete(await _operator(desk.users, name), purge=False)


@contextlib.asynccontextmanager
async def _desk(config: Config, clock: Clock) -> AsyncGenerator[_Desk]:
    peppers = load_secrets(secret_file(config), config.secrets.secret)
    hasher, seal = KeyHasher(peppers), Sealer(peppers, SEALED_TEXTS)
    database = await open_database(config.storage_place())
    authenticator = Authenticator(database, hasher=hasher, clock=clock)
    try:
        yield _Desk(
            Users(database, hasher=hasher, seal=seal, clock=clock, random=secrets.token_bytes), authenticator, seal
        )
    finally:
        await authenticator.close()
        await database.close()


async def _new_client_key(users: Users, name: str) -> str:
    try:
        existing = await users.client(name)
    except NotFound:
        return (await users.create(NewPrincipal(name=name, role="client"))).key
    return (await users.reissue(existing)).key


async def _is_live(authenticator: Authenticator, key: str, name: str) -> bool:
    try:
        holder = await authenticator.authenticate(key)
    except Unauthenticated:
        return False
    except PermissionDenied:
        return True  # switched off by an admin: a new key would not change that
    return holder.role == "client" and holder.name == name


async def _operator(users: Users, name: str) -> Principal:
    for principal in await users.operators():
        if principal.name == name:
            return principal
    raise NotFound(f"There is no admin, client or agent called {name}.", code="unknown_user")


def _kept_key(path: Path, seal: Sealer) -> str | None:
    try:
        return seal.open(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StorageReadOnly(f"the client's key {path} cannot be read: {error.strerror}") from error
