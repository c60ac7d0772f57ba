"""What the commands share: how they take their settings, how they run, and what they say of what a person can mend."""

import asyncio
import errno
import importlib.util
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import click

from bot.config import Config, ConfigError, load
from gateway.errors import ApiError
from storage import StorageError

T = TypeVar("T")

Command = TypeVar("Command", bound=Callable[..., Any])

# What a person can do something about: an address in use, a folder they may not write, a full disk.
_MENDABLE = {
    errno.EACCES,
    errno.EADDRINUSE,
    errno.EADDRNOTAVAIL,
    errno.ENOENT,
    errno.ENOSPC,
    errno.ENOTDIR,
    errno.EPERM,
    errno.EROFS,
}


class CannotGoOn(click.ClickException):
    """Said in one sentence on standard error; exit code 2."""

    exit_code = 2


class Rolekey(click.Group):
    """A group whose commands say what a person can mend in a sentence, without a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except (ConfigError, StorageError, ApiError) as error:
            raise CannotGoOn(str(error)) from error
        except OSError as error:
            if error.errno not in _MENDABLE:
                raise
            where = f": {error.filename}" if error.filename else ""
            raise CannotGoOn(f"{error.strerror}{where}") from error


def config_option(command: Command) -> Command:
    """Give a command `--config FILE`."""
    return click.option(
        "--config",
        "config_file",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="Settings to use; without it config.toml, where there is one.",
    )(command)


def here(config_file: Path | None) -> Config:
    """The settings of a gateway whose database is on this machine."""
    config = load(config_file)
    if not config.embedded:
        raise CannotGoOn(f"[gateway] url names another gateway; run this where {config.gateway.url} runs.")
    return config


def run_to_end(main_task: Coroutine[Any, Any, T], *, fast: bool = False) -> T:
    """Run to the end; on uvloop where `fast` is asked for and uvloop exists."""
    loop_factory = None
    if fast and importlib.util.find_spec("uvloop"):
        import uvloop

        loop_factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        return runner.run(main_task)
