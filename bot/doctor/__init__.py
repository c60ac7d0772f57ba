"""`rolekey check`: tries everything the bot and the gateway rely on, and says what to do about what fails."""

import asyncio
from collections.abc import Awaitable

from bot.config import Config
from bot.doctor.accounts import accounts, check_account, check_no_accounts
from bot.doctor.application import check_discord
from bot.doctor.disk import check_databases, check_files
from bot.doctor.finding import Finding, Result
from bot.doctor.gateway import check_client_key, check_gateway
from bot.doctor.postgres import check_postgres

SECONDS = 5.0


async def examine(config: Config, *, discord: bool = True, seconds: float = SECONDS) -> list[Finding]:
    """Run every check at once, each for at most so many seconds. `discord=False` is for a gateway that runs alone."""
    checks: list[tuple[str, Awaitable[list[Finding]]]] = []
    if discord:
        checks.append(("Discord", check_discord(config)))
    checks += [("gateway", check_gateway(config)), ("client key", check_client_key(config))]
    pool = accounts(config)
    keys, limits = config.secrets.accounts, config.gateway.limits
    checks += [(f"account {account.name}", check_account(account, keys, limits)) for account in pool]
    if not pool:
        checks.append(("accounts", check_no_accounts(config)))
    checks.append(("databases", asyncio.to_thread(check_databases, config)))
    checks.append(("gateway database", check_postgres(config)))
    checks.append(("files", asyncio.to_thread(check_files, config)))
    findings = await asyncio.gather(*(_within(seconds, name, check) for name, check in checks))
    return [finding for found in findings for finding in found]


async def _within(seconds: float, name: str, check: Awaitable[list[Finding]]) -> list[Finding]:
    try:
        async with asyncio.timeout(seconds):
            return await check
    except TimeoutError:
        advice = "Look at the network between here and there, and try again."
        return [Finding(check=name, result="failed", detail=f"no answer within {seconds:g} s", advice=advice)]


__all__ = ["Finding", "Result", "examine"]
