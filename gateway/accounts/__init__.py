"""The upstream accounts: whose turn it is, who answers which conversation, and how each is doing."""

from gateway.accounts.configured import build_pool, configured_accounts
from gateway.accounts.pool import AccountPool
from gateway.accounts.pooled import Lease, PooledAccount

__all__ = ["AccountPool", "Lease", "PooledAccount", "build_pool", "configured_accounts"]
