"""Checks of the upstream accounts: the provider takes the key and offers the model."""

from collections.abc import Mapping
from difflib import get_close_matches

import aiohttp
import msgspec
from aiohttp_socks import ProxyConnectionError, ProxyConnector, ProxyError, ProxyTimeoutError

from bot.config import Config
from bot.doctor.finding import Finding, Refused, get_json
from gateway.accounts import configured_accounts
from gateway.config import Account, Limits
from gateway.prices import has_price

_PROXY_ERRORS = (ProxyError, ProxyConnectionError, ProxyTimeoutError)


class _Model(msgspec.Struct, frozen=True):
    id: str


class _Models(msgspec.Struct, frozen=True):
    data: list[_Model]


def accounts(config: Config) -> list[Account]:
    """The accounts the gateway of these settings would use; another gateway knows its own."""
    return configured_accounts(config) if config.embedded else []


async def check_no_accounts(config: Config) -> list[Finding]:
    """There is nobody to answer."""
    if not config.embedded:
        return [Finding(check="accounts", result="absent", detail="the other gateway has its own")]
    advice = "Put OPENAI_API_KEY into .env, or describe [[gateway.accounts]]; config.example.toml shows how."
    return [Finding(check="accounts", result="failed", detail="there is no account to answer prompts", advice=advice)]


async def check_account(account: Account, keys: Mapping[str, str], limits: Limits) -> list[Finding]:
    """The provider takes the key and offers the model (https://platform.openai.com/docs/api-reference/models/list), and
    what it costs is known.
    """
    return [await _try(account, keys), *_unknown_price(account, limits)]


def _unknown_price(account: Account, limits: Limits) -> list[Finding]:
    """Something to say only where a limit in dollars could not hold."""
    if has_price(account):
        return []
    tier = limits.plus if account.tier == "plus" else limits.free
    limited = tier.cost_per_month_usd > 0
    refused = f"who has the tier {account.tier}" if limited else "who is given a limit in dollars"
    return [
        Finding(
            check=f"price of {account.name}",
            result="failed" if limited else "absent",
            detail=f"what {account.model} costs is not known: it counts as nothing, and {refused} is refused",
            advice="Set input_usd_per_mtok and output_usd_per_mtok of the account; 0.0 for a server of your own.",
        )
    ]


async def _try(account: Account, keys: Mapping[str, str]) -> Finding:
    check = f"account {account.name}"
    if account.kind == "offline":
        return Finding(check=check, result="ok", detail=f"{account.tier}: built in, needs nothing")
    if account.kind == "agent":
        who = ", ".join(account.agents or [account.name])
        return Finding(check=check, result="ok", detail=f"{account.tier}: answers while the agent {who} is connected")
    key = keys.get(account.api_key_env, "")
    if account.api_key_env and not key:
        advice = f"Put {account.api_key_env} into .env."
        return Finding(check=check, result="failed", detail=f"{account.api_key_env} is not set", advice=advice)
    try:
        offered = await _models(account, key)
    except Refused as refused:
        return _account_refused(check, account, refused)
    except (aiohttp.ClientError, *_PROXY_ERRORS, OSError, ValueError) as error:
        through = " through its proxy" if account.proxy else ""
        advice = "Look at the account's base_url and proxy, and at this machine's network."
        detail = f"{account.base_url} cannot be reached{through} ({type(error).__name__})"
        return Finding(check=check, result="failed", detail=detail, advice=advice)
    wrong = [model for model in (account.model, account.title_model) if model and model not in offered]
    if wrong:
        close = get_close_matches(wrong[0], offered, n=3, cutoff=0.4) or sorted(offered)[:3]
        advice = f"Take one it offers, for example {', '.join(close)}." if close else "Ask the provider for its models."
        detail = f"{account.tier}: the key works, but {wrong[0]} is not among its {len(offered)} models"
        return Finding(check=check, result="failed", detail=detail, advice=advice)
    return Finding(check=check, result="ok", detail=f"{account.tier}: the key works and {account.model} is offered")


async def _models(account: Account, key: str) -> set[str]:
    connector, proxy = _route(account.proxy)
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:
        models = await get_json(session, f"{account.base_url.rstrip('/')}/models", _Models, proxy=proxy)
    return {model.id for model in models.data}


def _route(proxy: str) -> tuple[aiohttp.BaseConnector | None, str | None]:
    """aiohttp speaks to HTTP proxies itself and leaves SOCKS to a connector."""
    if not proxy.startswith("socks"):
        return None, proxy or None
    return ProxyConnector.from_url(proxy), None


def _account_refused(check: str, account: Account, refused: Refused) -> Finding:
    if refused.status in {401, 403}:
        detail, advice = "the provider does not accept the key", f"Put a working {account.api_key_env} into .env."
    elif refused.status == 404:
        detail = f"{account.tier}: the provider lists no models; the first prompt will tell"
        return Finding(check=check, result="absent", detail=detail, advice="If prompts fail, look at base_url.")
    elif refused.status == 429:
        detail, advice = "the provider refuses for now (HTTP status 429)", "Look at the account's limits and credit."
    else:
        detail, advice = f"the provider answered with {refused}", "Look at base_url and at the provider's status page."
    return Finding(check=check, result="failed", detail=detail, advice=advice)
