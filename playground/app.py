"""Runs the bot, unmodified, on the stand-in Discord, with a gateway and a model, and shows all of it on a page."""

import asyncio
import os
import sys
import webbrowser
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from bot import create_bot
from bot.client import RolekeyBot
from bot.config import Access, Answers, Config, Discord
from bot.stopping import stop_signal
from gateway.accounts.configured import configured_accounts
from gateway.config import Account, Recovery, Secrets
from gateway.upstreams.offline import OfflineUpstream
from playground.control_api import ControlApi
from playground.line import Line
from playground.offline_provider import OfflineProvider
from playground.page import Page
from playground.panel import Panel
from playground.scene import Scene, SceneClock, set_scene
from playground.standin.server import StandIn
from playground.switched_gateway import SwitchedGateway

_PROVIDER_KEY = "OPENAI_API_KEY"
_START_SECONDS = 30.0
_WORD_SECONDS = 0.035  # fast for a reader, slow enough to be seen


@dataclass(frozen=True)
class Playground:
    """What goes on while it is played."""

    url: str
    standin: StandIn
    scene: Scene
    gateway: SwitchedGateway
    line: Line


async def run(config: Config, *, open_browser: bool) -> None:
    """Run the playground until SIGINT or SIGTERM, and say where its page is."""
    stop = stop_signal()
    async with playing(config) as playground:
        model = playground.scene.model
        print(f"Playground, a simulated Discord ({model}). Ctrl-C stops it. Open {playground.url}", flush=True)  # noqa: T201  what the command is for
        if open_browser and (browser := _browser()) is not None:
            await asyncio.to_thread(browser.open, playground.url)
        await stop.wait()


@asynccontextmanager
async def playing(config: Config, *, word_seconds: float = _WORD_SECONDS) -> AsyncGenerator[Playground]:
    """The playground while it lasts; what it stored is gone afterwards. Offline answers take `word_seconds` a word."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="rolekey-playground-")))
        line = await stack.enter_async_context(Line())
        provider = await stack.enter_async_context(OfflineProvider(OfflineUpstream(word_seconds=word_seconds)))
        clock = SceneClock()
        standin = await stack.enter_async_context(StandIn(clock=clock))
        scene = await set_scene(standin.control, clock, _model(config))
        played = settings(config, folder, accounts(config, provider.base_url, line.url))
        gateway = await stack.enter_async_context(SwitchedGateway(played))
        panel = await stack.enter_async_context(Panel(standin, scene, gateway, line))
        api = ControlApi(standin.control, scene, standin.cdn_url)
        page = await stack.enter_async_context(Page(api, panel, files_origin=standin.url))
        bot = create_bot(joined(played, standin, gateway))
        await stack.enter_async_context(_running(bot, standin))
        yield Playground(page.url, standin, scene, gateway, line)


def settings(config: Config, folder: Path, accounts: list[Account]) -> Config:
    """The gateway's settings as they are in the playground, and no secret but a provider's key."""
    return msgspec.structs.replace(
        config,
        data_dir=folder,
        gateway=msgspec.structs.replace(
            config.gateway,
            url="",
            public_url="",
            host="127.0.0.1",
            port=0,
            storage="",
            shutdown_grace_seconds=0.0,
            recovery=Recovery(open_seconds=1.0, cool_down_seconds=1.0, probe_seconds=1.0),
            accounts=accounts,
        ),
        secrets=Secrets(accounts=config.secrets.accounts if _has_provider(config) else {}),
    )


def accounts(config: Config, offline_url: str, line_url: str) -> list[Account]:
    """A real provider's accounts where its key is there, else those of the offline one; all by the line."""
    if not _has_provider(config):
        way: dict[str, Any] = {"base_url": offline_url, "proxy": line_url}
        way |= {"input_usd_per_mtok": 0.0, "output_usd_per_mtok": 0.0}
        return [
            Account(name="offline-free", tier="free", model="offline-small", **way),
            Account(name="offline-plus", tier="plus", model="offline-large", **way),
        ]
    return [
        msgspec.structs.replace(account, proxy=line_url) if account.kind == "openai" and not account.proxy else account
        for account in configured_accounts(config)
    ]


def joined(config: Config, standin: StandIn, gateway: SwitchedGateway) -> Config:
    """The bot's settings: the stand-in is its Discord, the gateway is elsewhere."""
    return msgspec.structs.replace(
        config,
        discord=Discord(api_url=standin.api_url, cdn_url=standin.cdn_url, message_content=True, guild_members=True),
        access=Access(plus_roles=["Plus"], everyone="free"),
        answers=Answers(edit_interval_seconds=0.5, grace_seconds=1.0, gateway_patience_seconds=2.0),
        gateway=msgspec.structs.replace(config.gateway, url=gateway.url),
        secrets=msgspec.structs.replace(config.secrets, client_key=gateway.client_key),
    )


@asynccontextmanager
async def _running(bot: RolekeyBot, standin: StandIn) -> AsyncGenerator[None]:
    """The bot, from when it hears what happens until it has closed; what it fails with is raised."""
    running = asyncio.create_task(bot.start(standin.application.token), name="bot")
    hearing = asyncio.create_task(standin.control.until(lambda: _hears(standin), _START_SECONDS), name="start")
    try:
        await asyncio.wait({running, hearing}, return_when=asyncio.FIRST_COMPLETED)
        if not running.done():
            await hearing
            yield
    finally:
        hearing.cancel()
        await bot.close()
        await asyncio.wait({running, hearing})
    await running


def _hears(standin: StandIn) -> bool:
    """Whether the bot was told of every server it is in."""
    told = sum(event.name == "GUILD_CREATE" for event in standin.control.events)
    return told >= len(standin.world.state.guilds)


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
