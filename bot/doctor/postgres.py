"""Checks of a gateway's database on PostgreSQL."""

from pathlib import Path

import gateway.store
from bot.config import Config
from bot.doctor.finding import Finding
from storage import StorageError
from storage.location import without_password
from storage.migrations import read_migrations


async def check_postgres(config: Config) -> list[Finding]:
    """The server answers, lets this user in and make tables, and has a schema this Rolekey knows."""
    place = config.storage_place()
    if not config.embedded or isinstance(place, Path):
        return []
    return [await _database(place), _secret(config)]


async def _database(url: str) -> Finding:
    # Who stays on SQLite need not load the other driver.
    from storage.postgres import look_at

    check, name = "gateway database", without_password(url)
    known = len(read_migrations(Path(gateway.store.__file__).parent / "migrations", "postgres"))
    try:
        found = await look_at(url)
    except StorageError as error:
        advice = "Set [gateway] storage, or ROLEKEY__GATEWAY__STORAGE in .env, to a database that this machine reaches."
        return Finding(check=check, result="failed", detail=str(error), advice=advice)
    where = f"{name}: PostgreSQL {found.server}"
    if found.schema > known:
        detail = f"{where} has schema {found.schema}, this Rolekey knows {known}"
        return Finding(check=check, result="failed", detail=detail, advice="Start the newer Rolekey again.")
    if not found.writable:
        advice = "Name the primary server, and a user who may make tables: ALTER DATABASE … OWNER TO …"
        return Finding(check=check, result="failed", detail=f"{where} may not be changed by this user", advice=advice)
    if not found.schema:
        return Finding(check=check, result="ok", detail=f"{where}; its tables will be made on the first start")
    brought = "" if found.schema == known else f"; the next start brings it to {known}"
    return Finding(check=check, result="ok", detail=f"{where}, schema {found.schema}, writable{brought}")


def _secret(config: Config) -> Finding:
    check = "shared secret"
    if config.secrets.secret:
        return Finding(check=check, result="ok", detail="ROLEKEY_SECRET is set; give every gateway here the same one")
    detail = "ROLEKEY_SECRET is not set: a second gateway on this database would know none of its keys"
    return Finding(check=check, result="absent", detail=detail)
