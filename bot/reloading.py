"""SIGHUP: read the settings again."""

import asyncio
import logging
import signal
from collections.abc import Callable

from bot.config import Config, ConfigError

log = logging.getLogger(__name__)


def reload_on_hangup(reread: Callable[[], Config], apply: Callable[[Config], None]) -> None:
    """On SIGHUP hand new settings to `apply`; what cannot be read changes nothing, and the log says why.

    Does nothing on systems that know no SIGHUP.
    """
    hangup = getattr(signal, "SIGHUP", None)
    if hangup is None:
        return

    def again() -> None:
        try:
            config = reread()
        except ConfigError as error:
            log.error("the settings stay as they were: %s", error)  # noqa: TRY400 - the message says all
            return
        apply(config)

    asyncio.get_running_loop().add_signal_handler(hangup, again)
