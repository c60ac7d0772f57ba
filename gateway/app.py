"""The gateway's wiring: what is opened, in which order, and which routes there are."""

import asyncio
import random as randomness
import secrets
import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from uuid import uuid4

from aiohttp import web

from gateway.accounts import build_pool
from gateway.accounts.probing import Probing
from gateway.agents import Agents
from gateway.agents.connection import Sleep, Timing
from gateway.agents.original import Places
from gateway.api import (
    access_tokens,
    accounts,
    agents,
    attachments,
    audit,
    chat,
    chatgpt_api_server,
    chatgpt_server_go,
    conversations,
    docs,
    health,
    metrics,
    openai,
    personal_data,
    search,
    sharing,
    usage,
    users,
)
from gateway.api.connection import InFlight
from gateway.api.rate_limit import tell_limits
from gateway.app_keys import (
    ACCOUNTS,
    AGENTS,
    AUDIT,
    AUTHENTICATOR,
    CONFIG,
    CONVERSATIONS,
    COPYING,
    IN_FLIGHT,
    LIMITS,
    METRICS,
    OWN_CREDENTIALS,
    PERSONAL_DATA,
    PLACES,
    PROMPTING,
    PROXIES,
    READINESS,
    RELAYING,
    RELOADING,
    ROUTES,
    SEARCH,
    SESSION_SEAL,
    SESSIONS,
    SHARES,
    TIMING,
    USAGE,
    USER_HASH,
    USERS,
)
from gateway.audit import AuditLog
from gateway.auth import Authenticator
from gateway.authorisation import authorise
from gateway.config import Config
from gateway.conversations import Conversations
from gateway.copying import Copying
from gateway.error_shape import shape_errors
from gateway.key_arguments import keep_private
from gateway.keys import SEALED_TEXTS, KeyHasher, RandomBytes, secret_file
from gateway.limits import Limits
from gateway.metrics import Metrics
from gateway.own_credentials import ACCESS_TOKENS, OwnCredentials
from gateway.parameters import check_parameters
from gateway.personal_data import PersonalData
from gateway.prompting import Prompting
from gateway.proxies import TrustedProxies
from gateway.readiness import Readiness
from gateway.relaying import Relaying
from gateway.relaying.recording import Recording
from gateway.reloading import Reloading
from gateway.request_log import log_requests, name_response
from gateway.retention import Retention
from gateway.routing import Routes
from gateway.search import Search
from gateway.session_cookies import SESSION_COOKIES
from gateway.sessions import Sessions
from gateway.shares import Shares
from gateway.store import open_database
from gateway.tickets import TICKETS
from gateway.times import Clock
from gateway.usage import UsageReports
from gateway.user_hash import UserHash
from gateway.users import Users
from gateway.web.door import guard_pages
from gateway.web.pages import add_pages, opened_to_discord
from storage import Sealer, load_secrets


def create_app(
    config: Config,
    *,
    clock: Clock = time.time,
    random: RandomBytes = secrets.token_bytes,
    sleep: Sleep = asyncio.sleep,
    own_client: str = "",
) -> web.Application:
    """The gateway as an aiohttp application. Nothing is opened before it starts.

    `own_client` names the client that lives in this process, where one does: a bot on Discord.
    `sleep` waits between pings to agents, and between looks at their keys.
    Starting it raises `storage.StorageError` where the database or the secret cannot be used.
    """
    app = web.Application(
        client_max_size=config.gateway.max_body_bytes,
        middlewares=[log_requests, shape_errors, guard_pages, authorise, check_parameters],
    )
    routes = Routes(app)
    parts = (
        health,
        users,
        conversations,
        sharing,
        attachments,
        search,
        audit,
        usage,
        personal_data,
        accounts,
        openai,
        docs,
    )
    for part in parts:
        part.add_routes(routes)
    for part in (chat, access_tokens, chatgpt_api_server, chatgpt_server_go):
        part.add_routes(routes, config.gateway.paths)
    agents.add_routes(routes, config.gateway)
    metrics.add_routes(routes, config.gateway.metrics)
    if config.gateway.web:
        add_pages(app, routes, config.gateway, clock=clock)
    app[CONFIG] = config
    app[ROUTES] = routes
    app[PROXIES] = TrustedProxies(config.gateway.trusted_proxies)
    app[METRICS] = Metrics()
    app[AGENTS] = Agents()
    app[PLACES] = Places()
    app[TIMING] = Timing(clock, sleep)
    app.on_startup.append(routes.check)
    app.on_response_prepare.append(name_response)
    app.on_response_prepare.append(keep_private)
    app.on_response_prepare.append(tell_limits)

    async def pool(app: web.Application) -> AsyncGenerator[None]:
        app[ACCOUNTS] = build_pool(config, monotonic=time.monotonic, agents=app[AGENTS])
        app[METRICS].watch(app[ACCOUNTS])
        reloading = app[RELOADING] = Reloading(config, app[ACCOUNTS], app[AGENTS])
        probing = Probing(
            app[ACCOUNTS],
            lambda: reloading.config.gateway.recovery.probe_seconds,
            random=randomness.SystemRandom().random,
        )
        probing.start()
        yield
        await probing.stop()
        await app[ACCOUNTS].close()

    async def storage(app: web.Application) -> AsyncGenerator[None]:
        peppers = load_secrets(secret_file(config), config.secrets.secret)
        hasher, seal = KeyHasher(peppers), Sealer(peppers, SEALED_TEXTS)
        database = await open_database(config.storage_place())
        app[AUTHENTICATOR] = Authenticator(database, hasher=hasher, clock=clock)
        app[SESSION_SEAL] = Sealer(peppers, SESSION_COOKIES)
        app[SESSIONS] = Sessions(
            database,
            app[AUTHENTICATOR],
            hasher=hasher,
            days=config.gateway.session_days,
            clock=clock,
            random=random,
        )
        app[USERS] = Users(database, hasher=hasher, seal=seal, clock=clock, random=random)
        app[CONVERSATIONS] = Conversations(database, clock=clock)
        app[SHARES] = Shares(database, clock=clock)
        app[COPYING] = Copying(app[CONVERSATIONS], app[ACCOUNTS], clock=clock, new_id=lambda: str(uuid4()))
        app[SEARCH] = Search(database)
        app[AUDIT] = AuditLog(database, clock=clock)
        app[USAGE] = UsageReports(database, clock=clock)
        app[PERSONAL_DATA] = PersonalData(
            database, conversations=app[CONVERSATIONS], usage=app[USAGE], audit=app[AUDIT], clock=clock
        )
        app[READINESS] = Readiness(database.version, app[ACCOUNTS])
        app[USER_HASH] = UserHash(peppers[0] if config.gateway.user_hash else None)
        app[LIMITS] = Limits(database, config.gateway.limits, clock=clock)
        app[OWN_CREDENTIALS] = OwnCredentials(
            Sealer(peppers, ACCESS_TOKENS),
            lambda: app[ACCOUNTS].configured,
            hours=config.gateway.access_token_hours,
            clock=clock,
        )
        sweeping = asyncio.create_task(Retention(database, days=config.gateway.retention.days, clock=clock).run())
        async with AsyncExitStack() as stack:
            if config.gateway.web and config.gateway.discord_sign_in.client_id:
                seal = Sealer(peppers, TICKETS)
                door = opened_to_discord(
                    app, config, database, own_client=own_client, seal=seal, clock=clock, random=random
                )
                await stack.enter_async_context(door)
            yield
        sweeping.cancel()
        await asyncio.wait([sweeping])
        await app[LIMITS].close()
        await app[AUTHENTICATOR].close()
        await database.close()

    async def prompting(app: web.Application) -> AsyncGenerator[None]:
        app[PROMPTING] = Prompting(
            app[CONVERSATIONS],
            app[ACCOUNTS],
            app[LIMITS],
            config.gateway,
            own_credentials=app[OWN_CREDENTIALS],
            clock=clock,
            new_id=lambda: str(uuid4()),
            user_hash=app[USER_HASH],
        )
        app[RELAYING] = Relaying(
            app[ACCOUNTS],
            app[LIMITS],
            Recording(app[CONVERSATIONS], clock=clock, new_id=lambda: str(uuid4())),
            config.gateway,
            clock=clock,
            new_id=lambda: str(uuid4()),
            user_hash=app[USER_HASH],
        )
        app[IN_FLIGHT] = InFlight()
        yield
        await app[RELAYING].close()
        await app[PROMPTING].close()

    async def finish_answers(app: web.Application) -> None:
        await app[IN_FLIGHT].finish(config.gateway.shutdown_grace_seconds)
        app[AGENTS].close("the gateway stops")

    app.cleanup_ctx.append(pool)
    app.cleanup_ctx.append(storage)
    app.cleanup_ctx.append(prompting)
    app.on_shutdown.append(finish_answers)
    return app
