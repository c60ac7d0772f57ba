"""Checks of what is on disk: databases, room, and who else can read them."""

import os
import shutil
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import bot.store
import gateway.store
from bot.config import Config
from bot.doctor.finding import Finding
from storage.migrations import read_migrations

_FREE_BYTES = 200 * 1024 * 1024


def check_databases(config: Config) -> list[Finding]:
    """Each database opens, has a schema this Rolekey knows, and can be written; the disk has room."""
    findings = list[Finding]()
    own, place = config.store_place(), config.storage_place()
    if isinstance(own, Path):
        findings.append(_database("bot database", own, Path(bot.store.__file__).parent))
    if config.embedded and isinstance(place, Path):
        gateway_folder = Path(gateway.store.__file__).parent
        findings.append(_database("gateway database", place, gateway_folder))
    folder = _existing(config.data_dir)
    free = shutil.disk_usage(folder).free
    room = f"{free / 1024**3:.1f} GiB free"
    if free < _FREE_BYTES:
        findings.append(Finding(check="disk space", result="failed", detail=room, advice=f"Make room at {folder}."))
    else:
        findings.append(Finding(check="disk space", result="ok", detail=room))
    return findings


def _database(check: str, path: Path, statements: Path) -> Finding:
    if not path.exists():
        return _new_database(check, path)
    known = len(read_migrations(statements / "migrations", "sqlite"))
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=2)) as connection:
            version = int(connection.execute("PRAGMA user_version").fetchone()[0])
            # Taking the write lock and letting go of it changes nothing, and fails where writing would.
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
    except sqlite3.Error as error:
        advice = "If it is locked, stop the other program; if not, see that this user may write it and its folder."
        return Finding(check=check, result="failed", detail=f"{path}: {error}", advice=advice)
    if version > known:
        detail = f"{path} has schema {version}, this Rolekey knows {known}"
        return Finding(check=check, result="failed", detail=detail, advice="Start the newer Rolekey again.")
    brought = "" if version == known else f"; the next start brings it to {known}"
    return Finding(
        check=check, result="ok", detail=f"{path}: SQLite {sqlite3.sqlite_version}, schema {version}, writable{brought}"
    )


def _new_database(check: str, path: Path) -> Finding:
    folder = _existing(path.parent)
    if not _writable(folder):
        advice = f"Give this user write access to {folder}, or set another data_dir."
        return Finding(check=check, result="failed", detail=f"{path} cannot be made", advice=advice)
    return Finding(check=check, result="ok", detail=f"{path} will be made on the first start")


def check_files(config: Config) -> list[Finding]:
    """The data folder can be written, and nobody else on this machine can read what is in it, nor `.env`."""
    folder, dotenv = config.data_dir, Path(".env")
    findings = [_data_folder(folder)]
    secret = [dotenv] if dotenv.exists() else []
    if folder.is_dir():
        secret += sorted(path for path in folder.iterdir() if path.is_file())
    readable = [path for path in secret if _open_to_others(path)]
    if readable:
        advice = f"chmod 600 {' '.join(map(str, readable))}"
        detail = f"others on this machine can read {', '.join(map(str, readable))}"
        findings.append(Finding(check="private files", result="failed", detail=detail, advice=advice))
    elif secret:
        findings.append(Finding(check="private files", result="ok", detail=f"{len(secret)}, each this user's alone"))
    return findings


def _data_folder(folder: Path) -> Finding:
    check = "data folder"
    if not folder.exists():
        return Finding(check=check, result="absent", detail=f"{folder} is made on the first start")
    if not _writable(folder):
        advice = f"Give this user write access to {folder}, or set another data_dir."
        return Finding(check=check, result="failed", detail=f"{folder} cannot be written", advice=advice)
    return Finding(check=check, result="ok", detail=f"{folder} can be written")


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that exists."""
    return next(place for place in (folder.absolute(), *folder.absolute().parents) if place.exists())


def _writable(folder: Path) -> bool:
    return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)


def _open_to_others(path: Path) -> bool:
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return False  # a database's journal comes and goes
    return bool(stat.S_IMODE(mode) & (stat.S_IRWXG | stat.S_IRWXO))
