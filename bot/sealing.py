"""Keys at rest: sealed with Fernet (https://cryptography.io/en/latest/fernet/), under secrets that can be rotated."""

import base64

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


class Sealer:
    """Seals with the first secret, opens with any.

    To rotate, put the new secret before the old ones, separated by commas; `reseal` moves a token to the new one.
    """

    def __init__(self, secrets: str) -> None:
        parts = [part.strip() for part in secrets.split(",") if part.strip()]
        if not parts:
            raise ValueError("there is no secret to seal with")
        self._fernet = MultiFernet([Fernet(_derive(part)) for part in parts])

    def seal(self, text: str) -> bytes:
        """A token that only the secrets open."""
        return self._fernet.encrypt(text.encode())

    def open(self, token: bytes) -> str | None:
        """What was sealed, or none where no secret fits."""
        try:
            return self._fernet.decrypt(token).decode()
        except InvalidToken:
            return None

    def reseal(self, token: bytes) -> bytes | None:
        """The same under the first secret, or none where no secret fits."""
        try:
            return self._fernet.rotate(token)
        except InvalidToken:
            return None


def _derive(secret: str) -> bytes:
    key = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"rolekey bot: member keys").derive(
        secret.encode()
    )
    return base64.urlsafe_b64encode(key)
