"""Checks of databases on PostgreSQL, and of what processes share through one."""

from pathlib import Path

import bot.store
import gateway.store
from bot.config import Config, ConfigError
from bot.doctor.finding import Finding
from bot.sharing import check_sharing
from storage import StorageError
from storage.location import without_password
from storage.migrations import read_migrations


async def check_postgres(config: Config) -> list[Finding]:
    """Servers answer, let this user in and make tables, and have a schema this Rolekey knows."""
    own, place, findings = config.store_place(), config.storage_place(), list[Finding]()
    if not isinstance(own, Path):
        setting = "storage, or ROLEKEY__STORAGE"
        findings.append(await _database("bot database", own, bot.store.__file__, setting, bot.store.SCHEMA))
    if config.embedded and not isinstance(place, Path):
        setting = "[gateway] storage, or ROLEKEY__GATEWAY__STORAGE"
        findings.append(await _database("gateway database", place, gateway.store.__file__, setting))
    if findings:
        findings.append(_secret(config))
    return findings + _shards(config)


def _shards(config: Config) -> list[Finding]:
    shards = config.discord.own_shards()
    if shards.count is None:
        return []
    check = "shards"
    try:
        check_sharing(config)
    except ConfigError as error:
        return [Finding(check=check, result="failed", detail=str(error))]
    beside = "; other processes run the others" if shards.some else ""
    return [Finding(check=check, result="ok", detail=f"this process runs {config.discord.shards}{beside}")]


async def _database(check: str, url: str, store: str, setting: str, schema: str = "") -> Finding:
    # Who stays on SQLite need not load the other driver.
    from storage.postgres import look_at

    name = without_password(url)
    known = len(read_migrations(Path(store).parent / "migrations", "postgres"))
    try:
        found = await look_at(url, schema=schema)
    except StorageError as error:
        advice = f"Set {setting} in .env, to a database that this machine reaches."
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
        return Finding(
            check=check, result="ok", detail="ROLEKEY_SECRET is set; give every process on this database the same one"
        )
    detail = "ROLEKEY_SECRET is not set: a second process on this database would know none of its keys"
    return Finding(check=check, result="absent", detail=detail)
