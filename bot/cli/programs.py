"""The commands that start something: `run`, `playground`, `gateway`."""

import gc
import logging
import sys
from collections.abc import Callable
from pathlib import Path

import click

from bot.cli.group import config_option, run_to_end
from bot.config import Config, load
from bot.logs import set_up_logging
from bot.reloading import reload_on_hangup

log = logging.getLogger(__name__)

_OBJECTS_BETWEEN_COLLECTIONS = 20_000


@click.command(short_help="Start the bot.")
@config_option
def run(config_file: Path | None) -> None:
    """Start the bot, with its gateway inside unless [gateway] url names another.

    Without DISCORD_TOKEN it starts the playground instead. Ctrl-C or SIGTERM stops it cleanly.

    \b
    Examples:
      rolekey run
      rolekey run --config /etc/rolekey.toml
      DISCORD_TOKEN=… OPENAI_API_KEY=… rolekey run
      ROLEKEY__LOG_LEVEL=debug rolekey run
    """
    config = _start(config_file)
    if not config.secrets.discord_token:
        click.echo("No DISCORD_TOKEN set: starting the playground, a simulated Discord. Set it in .env to go live.")
        _play(config, open_browser=True)
        return
    from bot.app import run as run_bot

    sys.exit(run_to_end(run_bot(config, _show_admin_key, lambda: load(config_file)), fast=True))


@click.command(short_help="Run the bot in a simulated Discord.")
@config_option
@click.option("--browser/--no-browser", default=True, help="Open the page in a browser, where there is one.")
def playground(config_file: Path | None, *, browser: bool) -> None:
    """Run the bot in a simulated Discord, on a page on this machine.

    Be an admin, a plus member or a free member, give and take roles, cut the gateway off, and see what that does. An
    offline model answers, and nothing leaves this machine; with OPENAI_API_KEY set your provider answers, and the page
    says so.

    \b
    Examples:
      rolekey playground
      rolekey playground --no-browser
      OPENAI_API_KEY=… rolekey playground
    """
    config = _start(config_file)
    _play(config, open_browser=browser)


@click.command(short_help="Run the gateway alone.")
@config_option
def gateway(config_file: Path | None) -> None:
    """Run the gateway alone, for other programs or for a bot elsewhere.

    The first start prints an admin key, once. Ctrl-C or SIGTERM stops it when the answers under way are finished.
    SIGHUP reads the settings again: accounts come, change and go, and no answer is broken off.

    \b
    Examples:
      rolekey gateway
      rolekey gateway --config /etc/rolekey.toml
      ROLEKEY__GATEWAY__HOST=0.0.0.0 ROLEKEY__GATEWAY__PORT=9000 rolekey gateway
    """
    run_to_end(_serve(_start(config_file), lambda: load(config_file)), fast=True)


def _start(config_file: Path | None) -> Config:
    config = load(config_file)
    from gateway.request_trace import current_request_id

    set_up_logging(config.log_level, config.log_format, request_id=current_request_id)
    return config


def _play(config: Config, *, open_browser: bool) -> None:
    from playground.app import run as run_playground

    run_to_end(run_playground(config, open_browser=open_browser), fast=True)


async def _serve(config: Config, reread: Callable[[], Config]) -> None:
    from bot.stopping import stop_signal
    from gateway.bootstrap import ensure_admin_key
    from gateway.server import GatewayServer

    reload_on_hangup(reread, lambda _: None)  # until there is a gateway, SIGHUP must not end the process
    stop = stop_signal()
    key = await ensure_admin_key(config)
    if key is not None:
        _show_admin_key(key)
    async with GatewayServer(config) as server:
        reload_on_hangup(reread, server.reload)
        _spare_collector()
        await stop.wait()
        log.info("stopping: answers under way are finished first")


def _spare_collector() -> None:
    """What is there by now stays: let the collector look at what requests leave behind, and at that less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS, 20, 20)


def _show_admin_key(key: str) -> None:
    """On standard output, since the log must not have it."""
    click.echo(f"The gateway's admin key, shown this once: {key}")
    click.echo("It may do everything on the gateway's HTTP interface; the bot does not need it. Keep it safe.")
