"""New settings for a gateway that runs."""

import logging

import msgspec

from gateway.accounts import AccountPool
from gateway.accounts.configured import change_pool
from gateway.agents import Agents
from gateway.config import Config, Gateway

log = logging.getLogger(__name__)

# Those that an account pool follows; everything else was built in when the gateway started.
_FOLLOWED = {"accounts", "affinity", "recovery", "default_models"}


class Reloading:
    """Keeps the accounts, and who lends to them, as the settings say. `config` are the settings it goes by."""

    def __init__(self, config: Config, pool: AccountPool, agents: Agents) -> None:
        self.config = config
        self._started_with = config.gateway
        self._pool = pool
        self._agents = agents

    def reload(self, config: Config) -> None:
        """Add, change and remove accounts. No answer under way is broken off, and no caller notices.

        Says in the log which of the other settings differ and wait for a restart.
        """
        change_pool(self._pool, self.config, config, self._agents)
        self._agents.keep_only_named(self._pool.configured)
        self.config = config
        waiting = _different(self._started_with, config.gateway)
        if waiting:
            log.warning("these settings of [gateway] wait for a restart: %s", ", ".join(waiting))
        log.info("the settings were read again")


def _different(old: Gateway, new: Gateway) -> list[str]:
    names = (field.name for field in msgspec.structs.fields(Gateway))
    return [name for name in names if name not in _FOLLOWED and getattr(old, name) != getattr(new, name)]
