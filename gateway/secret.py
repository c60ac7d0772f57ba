"""The gateway's secret: from the environment, else from a file it makes; and what is sealed with it."""

import base64
import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from gateway.config import Config
from gateway.keys import RandomBytes, derive
from storage import StorageReadOnly

_FILE = "gateway.secret"


def load_secrets(config: Config, *, random: RandomBytes = secrets.token_bytes) -> list[str]:
    """The secrets, the newest first.

    They are those of the settings and, as the oldest, the one in `data_dir/gateway.secret`, so that keys made before
    a secret was set go on working. Where there is neither, the file is made, for this user only.
    Raises `storage.StorageReadOnly` where the file can be neither read nor made.
    """
    path = config.data_dir / _FILE
    given = [secret.strip() for secret in config.secrets.secret.split(",") if secret.strip()]
    try:
        kept = _read(path)
        if kept is None and not given:
            kept = _make(path, base64.urlsafe_b64encode(random(32)).decode())
    except OSError as error:
        raise StorageReadOnly(f"the gateway's secret {path} cannot be read or made: {error.strerror}") from error
    return [*given, *([kept] if kept else [])]


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


class Seal:
    """Seals short texts with the newest secret; opens what any of them sealed (Fernet, with rotation)."""

    def __init__(self, secrets: Sequence[str]) -> None:
        self._fernet = MultiFernet(
            [Fernet(base64.urlsafe_b64encode(derive(secret, b"rolekey: sealed texts"))) for secret in secrets]
        )

    def seal(self, text: str) -> bytes:
        """The text, sealed."""
        return self._fernet.encrypt(text.encode())

    def open(self, sealed: bytes) -> str | None:
        """The text, or None where no secret opens it."""
        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken:
            return None
