"""A secret that a machine makes for itself once and keeps in a file only its user can read."""

import os
import secrets
from pathlib import Path

from storage.errors import StorageReadOnly


def read_or_create_secret(path: Path) -> str:
    """The secret in the file, made at random (256 bits) on first use, mode 0600.

    Raises `StorageReadOnly` where the file can be neither read nor made.
    """
    try:
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return path.read_text(encoding="ascii").strip()
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            secret = secrets.token_urlsafe(32)
            file.write(secret + "\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise StorageReadOnly(f"the secret {path} can be neither read nor made: {error.strerror}") from error
    return secret
