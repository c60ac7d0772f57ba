"""`rolekey agent`: lends a local model to a gateway elsewhere."""

import asyncio
import os
import random
import uuid
from importlib.metadata import version
from typing import TYPE_CHECKING

import click
from dotenv import dotenv_values

from bot.cli.group import CannotGoOn, run_to_end
from bot.logs import Level, set_up_logging

if TYPE_CHECKING:
    from gateway.agents.lending import Lent

_GRACE_SECONDS = 20.0


@click.command(short_help="Lend a local model to a gateway.")
@click.option("--gateway", required=True, metavar="URL", help="Where the gateway is: wss://llm.example.org")
@click.option(
    "--upstream", required=True, metavar="URL", help="The base URL of the local server; it mostly ends in /v1."
)
@click.option("--model", "models", required=True, multiple=True, help="What to lend; once for each model.")
@click.option(
    "--at-once", type=click.IntRange(1, 1000), default=4, show_default=True, help="How many requests to take at a time."
)
@click.option("--log-level", type=click.Choice(["debug", "info", "warning", "error"]), default="info")
def agent(gateway: str, upstream: str, models: tuple[str, ...], at_once: int, log_level: Level) -> None:
    """Lend a gateway the models of a local OpenAI-compatible server: Ollama, vLLM, llama.cpp and the like.

    This machine dials out and needs no open port. The gateway needs an account with kind = "agent" whose model is lent,
    and gives out the key: rolekey keys create --role agent. The key comes from ROLEKEY_AGENT_KEY, in the environment or
    in .env; that of the local server, where it wants one, from ROLEKEY_AGENT_UPSTREAM_KEY.

    A lost connection is made again. Ctrl-C or SIGTERM finishes the answers under way first.

    \b
    Examples:
      rolekey agent --gateway wss://llm.example.org --upstream http://localhost:11434/v1 --model llama3.3
      rolekey agent --gateway ws://127.0.0.1:8080 --upstream http://localhost:8000/v1 --model a --model b --at-once 16
    """
    from gateway.agents.lending import Lent, is_exposed, register_url

    set_up_logging(log_level)
    environ = {**dotenv_values(".env"), **os.environ}
    key = (environ.get("ROLEKEY_AGENT_KEY") or "").strip()
    if not key:
        raise CannotGoOn("ROLEKEY_AGENT_KEY is not set; have the gateway's admin make a key, and put it into .env.")
    try:
        url = register_url(gateway)
    except ValueError as error:
        raise CannotGoOn(str(error)) from None
    if is_exposed(url):
        click.echo("Warning: ws:// sends the key and every prompt unencrypted. Use wss:// over a network.", err=True)
    lent = Lent(
        gateway=url,
        key=key,
        server=upstream,
        server_key=(environ.get("ROLEKEY_AGENT_UPSTREAM_KEY") or "").strip(),
        models=list(dict.fromkeys(models)),
        at_once=at_once,
        session=str(uuid.uuid4()),
    )
    run_to_end(_lend(lent), fast=True)


async def _lend(lent: "Lent") -> None:
    from bot.stopping import stop_signal
    from gateway.agents.lending import LendingAgent

    stop = stop_signal()
    agent = LendingAgent(lent, version=version("rolekey"), random=random.SystemRandom().random)
    lending, stopping = asyncio.create_task(agent.run()), asyncio.create_task(stop.wait())
    await asyncio.wait({lending, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if stop.is_set():
        await agent.stop(_GRACE_SECONDS)
        lending.cancel()
        await asyncio.wait({lending})
        return
    stopping.cancel()
    await lending
