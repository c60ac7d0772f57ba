"""Runs the bot, unmodified, in SimCord's simulated Discord, with its own gateway, and shows it on a page."""

import asyncio
import logging
import os
import sys
import webbrowser
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from contextvars import Context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import simcord

from bot import create_bot
from bot.config import Access, Answers, Config, Discord
from bot.stopping import stop_signal
from gateway.config import Account, Secrets
from playground.page import Page
from playground.world import World

log = logging.getLogger(__name__)

_PROVIDER_KEY = "OPENAI_API_KEY"
# SimCord waits for the bot after everything a person does; the longest offline answer takes half a minute.
_SETTLE_SECONDS = 120.0
_OFFLINE = [
    Account(name="offline-free", tier="free", kind="offline", model="offline-small"),
    Account(name="offline-plus", tier="plus", kind="offline", model="offline-large"),
]


async def run(config: Config, *, open_browser: bool) -> None:
    """Run the playground until SIGINT or SIGTERM, and say where its page is."""
    stop = stop_signal()
    async with playing(config) as (world, page):
        print(f"Playground, a simulated Discord ({_model(config)}). Ctrl-C stops it. Open {page.url}", flush=True)  # noqa: T201  what the command is for
        if open_browser and (browser := _browser()) is not None:
            await asyncio.to_thread(browser.open, page.url)
        watching = asyncio.create_task(_log_errors(world.env), name="log-errors")
        await stop.wait()
        watching.cancel()


@asynccontextmanager
async def playing(config: Config) -> AsyncGenerator[tuple[World, Page]]:
    """The playground while it lasts; what it stored is gone afterwards."""
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(TemporaryDirectory(prefix="rolekey-playground-"))
        bot = create_bot(settings(config, Path(folder)))
        # Runs as soon as SimCord has taken over the loop and first waits for the bot.
        asyncio.get_running_loop().call_soon(_leave_idle_connections_out)
        env = await stack.enter_async_context(
            simcord.run(bot, shard_count=1, settle_timeout=_SETTLE_SECONDS, check_errors=False)
        )
        # The bot explains its failures to members itself; Preview would call an action that ended so uncertain.
        del bot.tree.on_error
        world = await World.create(env, _model(config))
        page = await stack.enter_async_context(Page(world, f"A simulated Discord, {_model(config)}."))
        stack.push_async_callback(bot.close)  # first: it ends the answers that everything else would wait for
        yield world, page


def _leave_idle_connections_out() -> None:
    """Keep SimCord from waiting, after every action, until aiohttp closes the bot's idle connections to its gateway.

    To SimCord a timer that ends before its patience does is work of the bot; aiohttp's housekeeping takes 15 s.
    """
    loop = asyncio.get_running_loop()
    counted = loop.call_at  # SimCord's; it puts the loop's own back when it ends

    def call_at(when: float, callback: Any, *args: Any, context: Context | None = None) -> asyncio.TimerHandle:
        if getattr(callback, "__name__", "") == "_weakref_handle":
            return Context().run(counted, when, callback, *args)
        return counted(when, callback, *args, context=context)

    loop.call_at = call_at  # pyright: ignore[reportAttributeAccessIssue]  as SimCord itself does


def settings(config: Config, folder: Path) -> Config:
    """The settings as they are in the playground: a gateway of its own, and no secret but a provider's key."""
    real = _has_provider(config)
    return msgspec.structs.replace(
        config,
        data_dir=folder,
        discord=Discord(message_content=True, guild_members=True),
        access=Access(plus_roles=["Plus"], everyone="free"),
        answers=Answers(edit_interval_seconds=0.5, grace_seconds=2.0),
        gateway=msgspec.structs.replace(
            config.gateway,
            url="",
            public_url="",
            host="127.0.0.1",
            port=0,
            storage="",
            accounts=config.gateway.accounts if real else _OFFLINE,
        ),
        secrets=Secrets(accounts=config.secrets.accounts if real else {}),
    )


def _has_provider(config: Config) -> bool:
    return _PROVIDER_KEY in config.secrets.accounts


def _model(config: Config) -> str:
    return f"real models by {_PROVIDER_KEY}" if _has_provider(config) else "an offline model without intelligence"


def _browser() -> webbrowser.BaseBrowser | None:
    if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return None
    with suppress(webbrowser.Error):
        return webbrowser.get()
    return None


async def _log_errors(env: simcord.Env) -> None:
    """What SimCord caught from the bot's handlers must not go unseen."""
    seen = 0
    while True:
        errors = env.errors_since(seen)
        seen += len(errors)
        for error in errors:
            log.warning("the bot raised %s", type(error.__cause__ or error).__name__)
        await asyncio.sleep(1)
