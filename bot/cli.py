"""The command line: `rolekey`, and the same as `python -m bot`."""

import asyncio
import errno
import importlib.util
import logging
import sys
from collections.abc import Callable, Coroutine
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal, TypeVar

import click
import msgspec
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.config import Config, ConfigError, load
from bot.doctor.finding import Finding
from bot.logs import set_up_logging
from bot.reloading import reload_on_hangup
from gateway.errors import ApiError, Conflict
from gateway.wire import Name, User
from storage import StorageError

log = logging.getLogger(__name__)

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


def _config_option(command: Command) -> Command:
    return click.option(
        "--config",
        "config_file",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="Settings to use; without it config.toml, where there is one.",
    )(command)


@click.group(
    cls=Rolekey,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Every command shows examples of its use: rolekey keys create --help",
)
@click.version_option(version("rolekey"), prog_name="rolekey")
def main() -> None:
    """Turn Discord roles into LLM access.

    \b
    Examples:
      rolekey playground        try everything out, without Discord and without a provider
      rolekey check             see whether the settings will work, and what to do if not
      rolekey invite            the link that adds the bot to your server
      rolekey run               start
    """


@main.command(short_help="Start the bot.")
@_config_option
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
        _require_playground()
        click.echo("No DISCORD_TOKEN set: starting the playground, a simulated Discord. Set it in .env to go live.")
        _play(config, open_browser=True)
        return
    from bot.app import run as run_bot

    sys.exit(_run(run_bot(config, _show_admin_key, lambda: load(config_file)), fast=True))


@main.command(short_help="Run the bot in a simulated Discord.")
@_config_option
@click.option("--browser/--no-browser", default=True, help="Open the page in a browser, where there is one.")
def playground(config_file: Path | None, *, browser: bool) -> None:
    """Run the bot in a simulated Discord, on a page on this machine.

    There are an admin, a plus member and a free member; you can be each of them. An offline model answers, and nothing
    leaves this machine; with OPENAI_API_KEY set your provider answers, and the page says so.

    \b
    Examples:
      rolekey playground
      rolekey playground --no-browser
      OPENAI_API_KEY=… rolekey playground
    """
    config = _start(config_file)
    _require_playground()
    _play(config, open_browser=browser)


@main.command(short_help="Run the gateway alone.")
@_config_option
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
    _run(_serve(_start(config_file), lambda: load(config_file)), fast=True)


@main.group(short_help="Admin and client keys of the gateway.")
def keys() -> None:
    """Make, list and revoke the admin and client keys of this machine's gateway.

    Members' keys are not among them: the bot, or the client that made them, looks after those.

    \b
    Examples:
      rolekey keys create --role client --name bot
      rolekey keys list
      rolekey keys revoke bot
    """


@keys.command("create", short_help="Make a key.")
@click.option("--role", type=click.Choice(["admin", "client"]), required=True, help="What the key may do.")
@click.option("--name", required=True, help="What to call it: in lists, and to revoke it.")
@_config_option
def keys_create(config_file: Path | None, role: Literal["admin", "client"], name: str) -> None:
    """Make a key and print it, and nothing else, on standard output.

    An admin may do everything. A client may make users and look after those it made: the bot is one.

    \b
    Examples:
      rolekey keys create --role client --name bot
      rolekey keys create --role client --name bot --config /etc/rolekey.toml > bot.key
      rolekey keys create --role admin --name alice
    """
    from gateway.bootstrap import create_key

    config = _here(config_file)
    try:
        name = msgspec.convert(name.strip(), Name)
        click.echo(_run(create_key(config, role, name)))
    except msgspec.ValidationError as error:
        raise CannotGoOn("A name has 1 to 100 characters, on one line.") from error
    except Conflict as error:
        raise CannotGoOn(f"There is a key called {name} already; take another name, or revoke it first.") from error


@keys.command("list", short_help="Show the keys there are.")
@_config_option
def keys_list(config_file: Path | None) -> None:
    """Show the admin and client keys; never the keys themselves, only their last characters.

    \b
    Examples:
      rolekey keys list
      rolekey keys list --config /etc/rolekey.toml
    """
    from gateway.bootstrap import list_keys

    table = _table("name", "role", "ends in", "created", "last used", "expires", "state")
    for entry in _run(list_keys(_here(config_file))):
        moments = (entry.created_at, entry.last_used_at, entry.expires_at)
        created, used, expires = ("–" if moment is None else f"{moment:%Y-%m-%d %H:%M}Z" for moment in moments)
        table.add_row(Text(entry.user_id), entry.role, entry.key_hint or "–", created, used, expires, _state(entry))
    Console().print(table)


@keys.command("revoke", short_help="Revoke a key.")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@_config_option
def keys_revoke(config_file: Path | None, name: str, *, yes: bool) -> None:
    """Revoke a key. It stops working at once; those of the users a client made stop with it.

    \b
    Examples:
      rolekey keys revoke bot
      rolekey keys revoke alice --yes
    """
    from gateway.bootstrap import revoke

    config = _here(config_file)
    if not yes:
        click.confirm(f"Revoke the key {name}? Whoever uses it is shut out at once", abort=True, err=True)
    _run(revoke(config, name))
    click.echo(f"Revoked {name}.")


@main.command(short_help="Try the settings and all they name.")
@_config_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@click.option("--no-discord", is_flag=True, help="Leave Discord out: for a gateway that runs alone.")
def check(config_file: Path | None, *, as_json: bool, no_discord: bool) -> None:
    """Try the settings, the token, the gateway, each account and the databases; say what to do about what fails.

    Changes nothing. The exit code is 0 where nothing failed, 1 otherwise.

    \b
    Examples:
      rolekey check
      rolekey check --config /etc/rolekey.toml
      rolekey check --json
      rolekey check --no-discord
    """
    from bot.doctor import examine

    try:
        config = load(config_file)
    except ConfigError as error:
        findings = [Finding(check="settings", result="failed", detail=str(error), advice="Correct it; see above.")]
    else:
        where = config_file or (Path("config.toml") if Path("config.toml").exists() else "no file: the defaults")
        findings = [Finding(check="settings", result="ok", detail=str(where))]
        findings += _run(examine(config, discord=not no_discord))
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(findings), indent=2))
    else:
        Console().print(_findings_table(findings))
    sys.exit(any(finding.result == "failed" for finding in findings))


@main.command(short_help="Print the link that adds the bot.")
@_config_option
@click.option("--application-id", type=click.IntRange(min=1), help="The application; without it, DISCORD_TOKEN's.")
def invite(config_file: Path | None, application_id: int | None) -> None:
    """Print the link that adds the bot to a server, and why it asks for each permission.

    Only the link goes to standard output.

    \b
    Examples:
      rolekey invite
      rolekey invite --application-id 123456789012345678
    """
    from bot.invite import PERMISSIONS, SCOPES, invite_url

    application = application_id or _application_of(load(config_file))
    table = _table("asks for", "why")
    for permission in PERMISSIONS:
        table.add_row(permission.label, permission.why)
    err = Console(stderr=True)
    err.print(table)
    err.print(f"Scopes: {', '.join(SCOPES)}. Open this as somebody who has Manage Server there:", highlight=False)
    click.echo(invite_url(application))


# What the commands share


def _start(config_file: Path | None) -> Config:
    config = load(config_file)
    from gateway.request_trace import current_request_id

    set_up_logging(config.log_level, config.log_format, request_id=current_request_id)
    return config


def _here(config_file: Path | None) -> Config:
    """The settings of a gateway whose database is on this machine."""
    config = load(config_file)
    if not config.embedded:
        raise CannotGoOn(f"[gateway] url names another gateway; run this where {config.gateway.url} runs.")
    return config


def _run(main_task: Coroutine[Any, Any, T], *, fast: bool = False) -> T:
    """Run to the end; on uvloop where `fast` is asked for and uvloop exists."""
    loop_factory = None
    if fast and importlib.util.find_spec("uvloop"):
        import uvloop

        loop_factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        return runner.run(main_task)


def _require_playground() -> None:
    if importlib.util.find_spec("simcord") is None:
        raise CannotGoOn(
            "The playground needs SimCord, which is not installed: pip install 'rolekey[playground]'. "
            "To go live instead, set DISCORD_TOKEN."
        )


def _play(config: Config, *, open_browser: bool) -> None:
    # SimCord makes a client of its own, without intents or voice, and discord.py warns about that one.
    for name in ("discord.client", "discord.state"):
        logging.getLogger(name).setLevel(logging.ERROR)
    from playground.app import run as run_playground

    try:
        # SimCord steps asyncio's own event loop.
        _run(run_playground(config, open_browser=open_browser))
    except KeyboardInterrupt:
        click.echo()


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
        await stop.wait()
        log.info("stopping: answers under way are finished first")


def _show_admin_key(key: str) -> None:
    """On standard output, since the log must not have it."""
    click.echo(f"The gateway's admin key, shown this once: {key}")
    click.echo("It may do everything on the gateway's HTTP interface; the bot does not need it. Keep it safe.")


def _application_of(config: Config) -> int:
    from bot.invite import application_id

    if not config.secrets.discord_token:
        raise CannotGoOn("DISCORD_TOKEN is not set; put it into .env, or give --application-id.")
    try:
        return application_id(config.secrets.discord_token)
    except ValueError as error:
        raise CannotGoOn(str(error)) from error


def _table(*columns: str) -> Table:
    table = Table(box=box.SIMPLE, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _state(entry: User) -> str:
    return "disabled" if entry.disabled else "live" if entry.key_hint else "revoked"


_MARKS = {"ok": "[green]✓[/]", "failed": "[red]✗[/]", "absent": "[dim]–[/]"}


def _findings_table(findings: list[Finding]) -> Table:
    table = _table("check", "", "result", "what to do")
    for finding in findings:
        table.add_row(finding.check, _MARKS[finding.result], Text(finding.detail), Text(finding.advice))
    return table
