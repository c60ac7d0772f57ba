"""The pages' wiring."""

import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web

from gateway.config import Config, Gateway
from gateway.discord_members import DiscordMembers
from gateway.routing import Routes
from gateway.tickets import Tickets
from gateway.times import Clock
from gateway.web import (
    accounts,
    adding,
    attached_files,
    audit,
    chat_page,
    clients,
    conversations,
    language_choice,
    recalling,
    replies,
    signing_in,
    static_files,
    token_making,
    usage,
    users,
)
from gateway.web.attempts import Attempts
from gateway.web.discord_oauth import DiscordOAuth
from gateway.web.keys import ATTEMPTS, DISCORD_MEMBERS, DISCORD_OAUTH, MARKDOWN, SITE, TICKETS
from gateway.web.languages import Languages
from gateway.web.markdown import Markdown
from gateway.web.signing_in_with_discord import RETURN_PATH, DiscordDoor
from gateway.web.site import Site
from storage import Database, Sealer

log = logging.getLogger(__name__)


def add_pages(app: web.Application, routes: Routes, settings: Gateway, *, clock: Clock) -> None:
    """Add the pages to a gateway, those of chatgpt-api-server where its settings have them."""
    app[SITE] = Site(Languages.read(), settings.paths, discord=settings.discord_sign_in, clock=clock)
    app[ATTEMPTS] = Attempts(clock=clock)
    app[MARKDOWN] = Markdown()
    for part in (
        signing_in,
        language_choice,
        conversations,
        attached_files,
        replies,
        users,
        clients,
        accounts,
        usage,
        audit,
        static_files,
    ):
        part.add_routes(routes)
    for part in (chat_page, adding, recalling, token_making):
        part.add_routes(routes, settings.paths)
    if settings.discord_sign_in.client_id:
        DiscordDoor(clock=clock).add_routes(routes)


@asynccontextmanager
async def opened_to_discord(
    app: web.Application,
    config: Config,
    database: Database,
    *,
    own_client: str,
    seal: Sealer,
    clock: Clock,
    random: Callable[[int], bytes],
) -> AsyncGenerator[None]:
    """What signing in with Discord needs, while the gateway runs. `own_client` is the bot in this process, if any."""
    settings = config.gateway.discord_sign_in
    clients = {*settings.clients, own_client} - {""}
    if not clients:
        log.warning("nobody can sign in with Discord: name the bot's client in [gateway.discord_sign_in] clients")
    app[TICKETS] = Tickets(database, seal=seal, clock=clock, random=random)
    app[DISCORD_MEMBERS] = DiscordMembers(database, clients)
    async with aiohttp.ClientSession() as session:
        app[DISCORD_OAUTH] = DiscordOAuth(
            settings,
            config.secrets.discord_client_secret,
            redirect_uri=f"{config.gateway.public_url.rstrip('/')}/{RETURN_PATH}",
            session=session,
        )
        yield
