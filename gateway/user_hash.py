"""What providers are told of who speaks: a stable hash, and nothing that it could be turned back into."""

import hmac

from gateway.principals import Principal
from storage import derive


class UserHash:
    """Hashes users under a key of its own, derived from the gateway's secret; without a secret it tells nothing.

    https://developers.openai.com/api/docs/guides/safety-best-practices#implement-safety-identifiers
    """

    def __init__(self, secret: str | None) -> None:
        self._key = None if secret is None else derive(secret, b"rolekey: users as providers see them")

    def of(self, user: Principal) -> str | None:
        """HMAC-SHA256 of the user's id and its client's, 64 characters; None where nothing is to be told."""
        if self._key is None:
            return None
        return hmac.digest(self._key, f"{user.client_name or ''}\0{user.name}".encode(), "sha256").hex()
