"""The commands to set Rolekey up with: `check` and `invite`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from bot.cli.group import CannotGoOn, config_option, run_to_end
from bot.config import Config, ConfigError, load

if TYPE_CHECKING:
    from bot.doctor.finding import Finding


@click.command(short_help="Try the settings and all they name.")
@config_option
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
    from bot.doctor.finding import Finding

    try:
        config = load(config_file)
    except ConfigError as error:
        findings = [Finding(check="settings", result="failed", detail=str(error), advice="Correct it; see above.")]
    else:
        where = config_file or (Path("config.toml") if Path("config.toml").exists() else "no file: the defaults")
        findings = [Finding(check="settings", result="ok", detail=str(where))]
        findings += run_to_end(examine(config, discord=not no_discord))
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(findings), indent=2))
    else:
        _show(findings)
    sys.exit(any(finding.result == "failed" for finding in findings))


@click.command(short_help="Print the link that adds the bot.")
@config_option
@click.option("--application-id", type=click.IntRange(min=1), help="The application; without it, DISCORD_TOKEN's.")
def invite(config_file: Path | None, application_id: int | None) -> None:
    """Print the link that adds the bot to a server, and why it asks for each permission.

    Only the link goes to standard output.

    \b
    Examples:
      rolekey invite
      rolekey invite --application-id 123456789012345678
    """
    from bot.cli.tables import print_table
    from bot.invite import PERMISSIONS, SCOPES, invite_url

    application = application_id or _application_of(load(config_file))
    print_table("asks for", "why", rows=((each.label, each.why) for each in PERMISSIONS), on_stderr=True)
    click.echo(f"Scopes: {', '.join(SCOPES)}. Open this as somebody who has Manage Server there:", err=True)
    click.echo(invite_url(application))


def _application_of(config: Config) -> int:
    from bot.invite import application_id

    if not config.secrets.discord_token:
        raise CannotGoOn("DISCORD_TOKEN is not set; put it into .env, or give --application-id.")
    try:
        return application_id(config.secrets.discord_token)
    except ValueError as error:
        raise CannotGoOn(str(error)) from error


def _show(findings: "list[Finding]") -> None:
    from rich.text import Text

    from bot.cli.tables import MARKS, print_table

    rows = ((each.check, MARKS[each.result], Text(each.detail), Text(each.advice)) for each in findings)
    print_table("check", "", "result", "what to do", rows=rows)
