"""`rolekey keys`: the keys of admins, clients and agents of this machine's gateway."""

from pathlib import Path
from typing import Literal

import click
import msgspec

from bot.cli.group import CannotGoOn, config_option, here, run_to_end
from gateway.errors import Conflict
from gateway.wire import Name, User


@click.group(short_help="Keys of the gateway's admins, clients and agents.")
def keys() -> None:
    """Make, list and revoke the keys of admins, clients and agents of this machine's gateway.

    Members' keys are not among them: the bot, or the client that made them, looks after those.

    \b
    Examples:
      rolekey keys create --role client --name bot
      rolekey keys list
      rolekey keys revoke bot
    """


@keys.command("create", short_help="Make a key.")
@click.option("--role", type=click.Choice(["admin", "client", "agent"]), required=True, help="What the key may do.")
@click.option("--name", required=True, help="What to call it: in lists, and to revoke it.")
@config_option
def keys_create(config_file: Path | None, role: Literal["admin", "client", "agent"], name: str) -> None:
    """Make a key and print it, and nothing else, on standard output.

    An admin may do everything. A client may make users and look after those it made: the bot is one. An agent may lend
    its model to the accounts that name it, and nothing else: see rolekey agent.

    \b
    Examples:
      rolekey keys create --role client --name bot
      rolekey keys create --role client --name bot --config /etc/rolekey.toml > bot.key
      rolekey keys create --role admin --name alice
      rolekey keys create --role agent --name home
    """
    from gateway.bootstrap import create_key

    config = here(config_file)
    try:
        name = msgspec.convert(name.strip(), Name)
        click.echo(run_to_end(create_key(config, role, name)))
    except msgspec.ValidationError as error:
        raise CannotGoOn("A name has 1 to 100 characters, on one line.") from error
    except Conflict as error:
        raise CannotGoOn(f"There is a key called {name} already; take another name, or revoke it first.") from error


@keys.command("list", short_help="Show the keys there are.")
@config_option
def keys_list(config_file: Path | None) -> None:
    """Show the keys of admins, clients and agents; never the keys themselves, only their last characters.

    \b
    Examples:
      rolekey keys list
      rolekey keys list --config /etc/rolekey.toml
    """
    from bot.cli.tables import print_table
    from gateway.bootstrap import list_keys

    columns = ("name", "role", "ends in", "created", "last used", "expires", "state")
    print_table(*columns, rows=map(_row, run_to_end(list_keys(here(config_file)))))


@keys.command("revoke", short_help="Revoke a key.")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@config_option
def keys_revoke(config_file: Path | None, name: str, *, yes: bool) -> None:
    """Revoke a key. It stops working at once; those of the users a client made stop with it.

    \b
    Examples:
      rolekey keys revoke bot
      rolekey keys revoke alice --yes
    """
    from gateway.bootstrap import revoke

    config = here(config_file)
    if not yes:
        click.confirm(f"Revoke the key {name}? Whoever uses it is shut out at once", abort=True, err=True)
    run_to_end(revoke(config, name))
    click.echo(f"Revoked {name}.")


def _row(entry: User) -> list[str]:
    from rich.markup import escape

    moments = (entry.created_at, entry.last_used_at, entry.expires_at)
    shown = ("–" if moment is None else f"{moment:%Y-%m-%d %H:%M}Z" for moment in moments)
    return [escape(entry.user_id), entry.role, entry.key_hint or "–", *shown, _state(entry)]


def _state(entry: User) -> str:
    return "disabled" if entry.disabled else "live" if entry.key_hint else "revoked"
