"""What is kept sealed: with Fernet (https://cryptography.io/en/latest/fernet/), under secrets that can be rotated."""

import base64
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


def derive(secret: str, purpose: bytes) -> bytes:
    """32 bytes for one purpose from a secret (HKDF, RFC 5869)."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(secret.encode())


class Sealer:
    """Seals short texts for one purpose with the newest secret, which comes first; opens what any of them sealed."""

    def __init__(self, secrets: Sequence[str], purpose: bytes) -> None:
        if not secrets:
            raise ValueError("there is no secret to seal with")
        self._fernet = MultiFernet([Fernet(base64.urlsafe_b64encode(derive(secret, purpose))) for secret in secrets])

    def seal(self, text: str) -> bytes:
        """The text, sealed."""
        return self._fernet.encrypt(text.encode())

    def open(self, sealed: bytes) -> str | None:
        """What was sealed, or None where no secret opens it."""
        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken:
            return None

    def reseal(self, sealed: bytes) -> bytes | None:
        """The same under the newest secret, or None where no secret opens it."""
        try:
            return self._fernet.rotate(sealed)
        except InvalidToken:
            return None
