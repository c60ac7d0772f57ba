"""Secrets: those that are given, and one that a machine makes for itself and keeps in a file only its user can read."""

import os
import secrets
from pathlib import Path

from storage.errors import StorageReadOnly


def load_secrets(file: Path, given: str) -> list[str]:
    """The secrets, the newest first.

    They are those in `given`, separated by commas, and, as the oldest, the one in the file, so that what was made
    before a secret was given goes on working. Where there is neither, the file is made (256 random bits).
    Raises `StorageReadOnly` where the file can be neither read nor made.
    """
    listed = [secret.strip() for secret in given.split(",") if secret.strip()]
    try:
        kept = _read(file)
        if kept is None and not listed:
            kept = _make(file, secrets.token_urlsafe(32))
    except OSError as error:
        raise StorageReadOnly(f"the secret {file} can be neither read nor made: {error.strerror}") from error
    return [*listed, *([kept] if kept else [])]


def write_private(path: Path, content: str) -> None:
    """Put a file in its place as a whole, readable by this user only. Raises `OSError`."""
    draft = _draft(path, content)
    draft.replace(path)


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return None


def _make(path: Path, secret: str) -> str:
    draft = _draft(path, secret)
    try:
        # Unlike a rename, a link never replaces the secret that another process made first.
        path.hardlink_to(draft)
    except FileExistsError:
        return path.read_text(encoding="ascii").strip()
    finally:
        draft.unlink()
    return secret


def _draft(path: Path, content: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="ascii") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return draft
