"""Keys: how they look, and what is kept of them."""

import hmac
import secrets
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from gateway.config import Config
from storage import derive

RandomBytes = Callable[[int], bytes]

SEALED_TEXTS = b"rolekey: sealed texts"
"""What the gateway's sealer is for."""

_PREFIX = "rk-"
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_RANDOM_BYTES = 24  # 192 bits
_BODY_LENGTH = 33  # base62 digits that 192 bits need
_CHECKSUM_LENGTH = 6  # base62 digits that a CRC32 needs
_HINT_LENGTH = 4


def generate_key(random: RandomBytes = secrets.token_bytes) -> str:
    """A new key: `rk-`, 192 random bits and their CRC32, both in base62.

    The shape is that of GitHub's tokens
    (https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats/).
    """
    body = _base62(int.from_bytes(random(_RANDOM_BYTES)), _BODY_LENGTH)
    return f"{_PREFIX}{body}{_checksum(body)}"


def looks_valid(key: str) -> bool:
    """Whether the text can be a key at all; a mistyped one fails here, without a look into the database."""
    body, checksum = key[len(_PREFIX) : -_CHECKSUM_LENGTH], key[-_CHECKSUM_LENGTH:]
    return (
        key.startswith(_PREFIX)
        and key.isascii()
        and len(body) == _BODY_LENGTH
        and hmac.compare_digest(_checksum(body), checksum)
    )


def _checksum(body: str) -> str:
    return _base62(zlib.crc32(body.encode()), _CHECKSUM_LENGTH)


def _base62(number: int, length: int) -> str:
    digits = list[str]()
    for _ in range(length):
        number, digit = divmod(number, 62)
        digits.append(_DIGITS[digit])
    return "".join(reversed(digits))


class HashedKey(msgspec.Struct, frozen=True):
    """All that the database keeps of a key: its hash and its last characters."""

    hash: bytes
    hint: str


class KeyHasher:
    """HMAC-SHA256 of keys under peppers derived from the secrets, the newest first."""

    def __init__(self, secrets: Sequence[str]) -> None:
        self._peppers = [derive(secret, b"rolekey: hash of keys") for secret in secrets]

    def hash(self, key: str) -> HashedKey:
        """What to keep of a key: its hash under the newest secret."""
        return HashedKey(self.candidates(key)[0], key[-_HINT_LENGTH:])

    def candidates(self, key: str) -> list[bytes]:
        """Every hash the key may be kept under, that of the newest secret first."""
        return [hmac.digest(pepper, key.encode(), "sha256") for pepper in self._peppers]


def secret_file(config: Config) -> Path:
    """Where the gateway keeps the secret that it made for itself."""
    return config.data_dir / "gateway.secret"
