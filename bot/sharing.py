"""What processes must share that run the shards of one bot together."""

from bot.config import Config, ConfigError
from storage.location import is_postgres


def check_sharing(config: Config) -> None:
    """See that what other processes need is where they all reach it.

    Raises `ConfigError` where it is not: a process that compared its own keys with a gateway that others use would
    revoke all of theirs.
    """
    if not config.discord.own_shards().some:
        return
    leaves = f'[discord] shards = "{config.discord.shards}" leaves shards to other processes'
    if not is_postgres(config.storage):
        raise ConfigError(
            f"{leaves}, which must share this one's data: set storage (in .env ROLEKEY__STORAGE) to "
            "postgresql://USER:PASSWORD@HOST/DATABASE, the same for all of them"
        )
    if config.embedded:
        raise ConfigError(
            f"{leaves}, which must share one gateway: start it by itself (rolekey gateway) and set [gateway] url, the "
            "same for all of them"
        )
    if not config.secrets.secret:
        raise ConfigError(
            f"{leaves}, which must open the same members' keys: set ROLEKEY_SECRET in .env, the same for all of them; "
            "openssl rand -hex 32 makes one"
        )
