"""`rolekey chat`: a member's key in a terminal."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click
import msgspec
from dotenv import dotenv_values

from bot.cli.group import CannotGoOn, run_to_end

if TYPE_CHECKING:
    from gateway.client import GatewayClient
    from gateway.wire import NewAttachment

_LOCAL = "http://127.0.0.1:8080"
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class _Options(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for on the command line."""

    gateway: str
    key: str
    prompt: str | None
    files: list[Path]
    plus: str
    system: str | None
    conversation: str | None
    reply_only: bool
    as_json: bool
    history: bool


@click.command(short_help="Talk to the models with your own key.")
@click.argument("prompt", nargs=-1)
@click.option("--gateway", metavar="URL", help=f"Where the gateway is; else ROLEKEY_GATEWAY, else {_LOCAL}.")
@click.option(
    "--plus",
    type=click.Choice(["true", "false", "any"]),
    default="any",
    show_default=True,
    help="Which models: plus, free, or the first that is available to you.",
)
@click.option("--system", metavar="TEXT", help="Instructions for a new conversation.")
@click.option("--conversation", metavar="ID", help="Go on with this conversation; `last` is the one used last.")
@click.option(
    "--file",
    "-f",
    "files",
    multiple=True,
    metavar="FILE",
    help="Send a text file or an image along.",
    type=click.Path(dir_okay=False, path_type=Path),
)
@click.option("--reply-only", is_flag=True, help="Print the reply as the model wrote it, and nothing else.")
@click.option("--json", "as_json", is_flag=True, help="Print the whole answer as a line of JSON.")
@click.option("--no-history", is_flag=True, help="Do not keep what you write for the next time.")
@click.option("--key", metavar="KEY", help="Your key. Others on this machine can see it: better set ROLEKEY_KEY.")
def chat(
    prompt: tuple[str, ...],
    gateway: str | None,
    plus: str,
    system: str | None,
    conversation: str | None,
    files: tuple[Path, ...],
    key: str | None,
    *,
    reply_only: bool,
    as_json: bool,
    no_history: bool,
) -> None:
    """Talk to the models with your own key. Without a PROMPT it is a conversation: write, read, follow up, /help.

    On Discord /key rotate shows you your key. Put it into ROLEKEY_KEY, in the environment or in .env, or have it asked
    for. What comes on standard input is sent below the prompt.

    Ctrl-C stops an answer, and what arrived of it is kept; Ctrl-D leaves. Colours go to terminals only, and never where
    NO_COLOR is set. Exit codes: 0 answered, 1 the gateway or a model failed, 2 wrong call, 3 the key was refused,
    4 a limit is used up, 130 stopped.

    \b
    Examples:
      rolekey chat
      rolekey chat "What is a monad?"
      cat notes.txt | rolekey chat "Summarise this in three sentences"
      git diff | rolekey chat --reply-only "Write a commit message" > message.txt
      rolekey chat --json "Name a colour" > answer.json
      rolekey chat --conversation last "And another one"
      rolekey chat --file picture.png --plus true "What is to be seen?"
      ROLEKEY_GATEWAY=https://llm.example.org rolekey chat --plus any
    """
    environ = {**dotenv_values(".env"), **os.environ}
    address = _address(gateway or environ.get("ROLEKEY_GATEWAY") or _LOCAL)
    asked = _prompt(prompt)
    if asked is None and (as_json or files):
        raise CannotGoOn("--json and --file go with a prompt: rolekey chat --json PROMPT")
    options = _Options(
        gateway=address,
        key=_key(key, environ.get("ROLEKEY_KEY")),
        prompt=asked,
        files=list(files),
        plus=plus,
        system=system,
        conversation=conversation,
        reply_only=reply_only,
        as_json=as_json,
        history=not no_history,
    )
    sys.exit(run_to_end(_chat(options)))


def _address(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.password:
        raise CannotGoOn("The gateway's address looks like https://llm.example.org, without a name or password in it.")
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        click.echo(
            "Warning: http:// sends your key and every prompt unencrypted. Use https:// over a network.", err=True
        )
    return url


def _prompt(words: tuple[str, ...]) -> str | None:
    """What to ask, from the command line and standard input; None for a conversation."""
    asked = " ".join(words).strip()
    if sys.stdin.isatty():
        if not asked and not sys.stdout.isatty():
            raise CannotGoOn("Where the answer does not go to a terminal, give a prompt: rolekey chat PROMPT > FILE")
        return asked or None
    try:
        piped = sys.stdin.buffer.read().decode("utf-8").strip()
    except UnicodeDecodeError:
        raise CannotGoOn("Standard input is no text in UTF-8. Send a file along with --file.") from None
    if not asked and not piped:
        raise CannotGoOn("There is nothing to ask: rolekey chat PROMPT")
    return "\n\n".join(filter(None, (asked, piped)))


def _key(given: str | None, from_environment: str | None) -> str:
    if given is not None:
        click.echo("Warning: a key on the command line shows in ps and in your history. Set ROLEKEY_KEY.", err=True)
    key = (given or from_environment or "").strip()
    if not key and sys.stdin.isatty():
        key = str(click.prompt("Your key (/key rotate on Discord shows it)", hide_input=True, err=True)).strip()
    if not key:
        raise CannotGoOn("ROLEKEY_KEY is not set. On Discord /key rotate shows you a key; put it into ROLEKEY_KEY.")
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise CannotGoOn("That is no key: keys have no spaces, and letters of the English alphabet only.")
    return key


async def _chat(options: _Options) -> int:
    from rich.console import Console

    from chat.commands import PLUS
    from chat.conversing import Conversing
    from chat.talking import Question, Talk
    from chat.words import exit_code_of, words_for
    from gateway.client import ApiError, GatewayClient

    out, notes = Console(highlight=False), Console(stderr=True, highlight=False)
    async with GatewayClient(options.gateway, options.key) as client:
        try:
            conversing = Conversing(client, plus=PLUS[options.plus], system=options.system)
            conversing.conversation_id = await _conversation(client, options.conversation)
            if options.prompt is None:
                history = Path(click.get_app_dir("rolekey")) / "chat-history" if options.history else None
                return await Talk(conversing, out, history=history, brief=options.reply_only).run()
            question = Question(conversing, out, notes, reply_only=options.reply_only, as_json=options.as_json)
            return await question.run(options.prompt, [_attached(path) for path in options.files])
        except ApiError as error:
            click.echo(f"Error: {words_for(error, options.gateway)}", err=True)
            return exit_code_of(error)


async def _conversation(client: "GatewayClient", wanted: str | None) -> str | None:
    if wanted != "last":
        return wanted
    latest = (await client.list_conversations(limit=1)).conversations
    if not latest:
        raise CannotGoOn("There is no conversation yet; leave --conversation out.")
    return latest[0].id


def _attached(path: Path) -> "NewAttachment":
    from gateway.wire import NewAttachment

    return NewAttachment.of(path.name, path.read_bytes())
