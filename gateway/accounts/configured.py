"""The accounts that the settings describe, and the pool of them."""

import logging
from collections.abc import Iterable

from gateway.accounts.breaker import Monotonic
from gateway.accounts.pool import AccountPool
from gateway.accounts.pooled import PooledAccount
from gateway.agents import Agents
from gateway.config import Account, Config, Gateway
from gateway.prices import has_price
from gateway.upstreams.agent import AgentUpstream
from gateway.upstreams.base import Upstream
from gateway.upstreams.offline import OfflineUpstream
from gateway.upstreams.openai import OpenAIUpstream

log = logging.getLogger(__name__)


def build_pool(config: Config, *, monotonic: Monotonic, agents: Agents | None = None) -> AccountPool:
    """The pool that the settings describe; of the kind agent are accounts that `agents` lend to.

    Connects to nothing yet.
    """
    return AccountPool(
        _pooled(config, (), agents or Agents()),
        affinity=config.gateway.affinity,
        monotonic=monotonic,
        recovery=config.gateway.recovery,
    )


def change_pool(pool: AccountPool, old: Config, new: Config, agents: Agents) -> None:
    """Give the pool the accounts of new settings; those that did not change stay as they are, unless disabled."""
    keep = [
        pooled
        for pooled in pool.accounts
        if pooled.state != "disabled" and _key(pooled.account, old) == _key(pooled.account, new)
    ]
    before = {pooled.account.name: pooled.account for pooled in pool.accounts}
    pool.replace(_pooled(new, keep, agents), affinity=new.gateway.affinity, recovery=new.gateway.recovery)
    after = {account.name: account for account in pool.configured}
    for word, names in (
        ("added", after.keys() - before.keys()),
        ("removed", before.keys() - after.keys()),
        ("changed", {name for name in before.keys() & after.keys() if before[name] != after[name]}),
    ):
        if names:
            log.info("accounts %s: %s", word, ", ".join(sorted(names)))


def configured_accounts(config: Config) -> list[Account]:
    """The accounts in the settings; where there are none, one of OpenAI's for each tier if `OPENAI_API_KEY` is set."""
    if config.gateway.accounts or not config.secrets.accounts.get("OPENAI_API_KEY"):
        return config.gateway.accounts
    return _default_accounts(config.gateway)


def _pooled(config: Config, keep: Iterable[PooledAccount], agents: Agents) -> list[PooledAccount]:
    kept = {pooled.account.name: pooled for pooled in keep}
    entries = list[PooledAccount]()
    for account in configured_accounts(config):
        there = kept.get(account.name)
        if there is not None and there.account == account:
            entries.append(there)
            continue
        if account.kind == "agent":
            entries.append(PooledAccount(account, AgentUpstream(account, agents), agents=agents))
            continue
        entry = PooledAccount(account, _upstream(account, _key(account, config)))
        if entry.upstream is None:
            entry.last_error = "key_missing"
            log.warning("account %s is not used: %s is not set", account.name, account.api_key_env)
        if not has_price(account):
            log.warning(
                "account %s: what %s costs is not known: it counts as nothing, and users with a cost limit are "
                "refused; set input_usd_per_mtok and output_usd_per_mtok",
                account.name,
                account.model,
            )
        entries.append(entry)
    return entries


def _default_accounts(gateway: Gateway) -> list[Account]:
    models = gateway.default_models
    return [
        Account(name="openai-free", tier="free", model=models.free, api_key_env="OPENAI_API_KEY"),
        Account(
            name="openai-plus",
            tier="plus",
            model=models.plus,
            title_model=models.free,
            api_key_env="OPENAI_API_KEY",
        ),
    ]


def _key(account: Account, config: Config) -> str:
    return config.secrets.accounts.get(account.api_key_env, "") if account.api_key_env else ""


def _upstream(account: Account, key: str) -> Upstream | None:
    if account.kind == "offline":
        return OfflineUpstream()
    # A server of one's own often takes no key: then the account names none.
    if account.api_key_env and not key:
        return None
    return OpenAIUpstream(account, key)
