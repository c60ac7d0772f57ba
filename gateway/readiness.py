"""Whether the gateway can answer prompts now, for whoever sends it traffic."""

import asyncio
from collections.abc import Awaitable, Callable

from gateway.accounts import AccountPool
from storage import StorageError

# Whoever balances load asks every few seconds; a database that is slower than this serves nobody.
_PATIENCE_SECONDS = 2.0


class Readiness:
    """Asks the database and looks at the accounts. `ask_database` raises `StorageError` where it cannot be read."""

    def __init__(self, ask_database: Callable[[], Awaitable[object]], pool: AccountPool) -> None:
        self._ask_database = ask_database
        self._pool = pool

    async def reasons(self) -> list[str]:
        """Why it is not ready; empty where it is."""
        reasons = list[str]()
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await self._ask_database()
        except (StorageError, TimeoutError):
            reasons.append("the database does not answer")
        accounts = self._pool.accounts
        if not accounts:
            reasons.append("there is no account")
        for tier in sorted({pooled.account.tier for pooled in accounts}):
            # Without its agents an account cannot answer, but if nothing were let through they could not come either.
            if not any(
                pooled.usable or pooled.state == "no_agent" for pooled in accounts if pooled.account.tier == tier
            ):
                reasons.append(f"no account of the tier {tier} can be used")
        return reasons
