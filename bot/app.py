"""The wiring: every object is made here, handed what it needs, and taken down in reverse."""

import asyncio
import contextvars
import logging
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import uuid4

import aiohttp
import discord

from bot import errors as bot_errors
from bot.access import Access
from bot.admin_log import AdminLog
from bot.answering import Answering
from bot.answers import RunningAnswers
from bot.attachments import Attachments
from bot.batches import KeyBatches
from bot.census import Census
from bot.client import RolekeyBot
from bot.config import Config, ConfigError
from bot.conversations import OwnConversations
from bot.exporting import Exporter
from bot.faults import Faults
from bot.footers import Footers
from bot.guests import Guests
from bot.guild_settings import Guilds
from bot.intents import settled
from bot.key_rows import KeyRows
from bot.keys import MEMBER_KEYS, Lease, MemberKeys
from bot.languages import Languages
from bot.links import Links
from bot.locks import MemberLocks
from bot.member_languages import MemberLanguages
from bot.membership import Homes
from bot.outages import Outages, Patience
from bot.personal_data import PersonalData
from bot.places import Places
from bot.promises import OPEN_QUESTIONS, Promises
from bot.prompting import Prompting
from bot.readings import Readings
from bot.reloading import reload_on_hangup
from bot.rendering.pacing import Paces
from bot.rendering.rate_limits import RateLimits
from bot.roster import LOOK_UPS_APART, Roster
from bot.sharing import check_sharing
from bot.spacing import Spacing
from bot.stopping import stop_signal
from bot.store import open_store
from bot.subscriptions import Subscriptions
from bot.sweep import Sweep
from bot.threads import Threads
from bot.turns import Turns
from bot.unanswered import Unanswered
from cogs.about import AboutCog
from cogs.access import AccessCog
from cogs.admin import AdminCog, Searching, Status
from cogs.ask import AnswerButtons, AskCog, Askers, Asking, AskMenus, AskMessages, Presses, Targets
from cogs.conversations import ConversationsCog, Opening, SharingCog
from cogs.homes import HomesCog
from cogs.keys import KeysCog
from cogs.lifecycle import LifecycleCog
from cogs.member_languages import MemberLanguagesCog
from cogs.privacy import PrivacyCog
from cogs.setup import SetupCog
from cogs.subscriptions import SubscriptionsCog
from cogs.usage import UsageCog
from gateway.app import create_app
from gateway.app_keys import ACCOUNTS
from gateway.bootstrap import EMBEDDED_CLIENT, ensure_admin_key, ensure_client_key
from gateway.client import GatewayClient
from gateway.server import GatewayServer
from gateway.wire import Account
from storage import Sealer, load_secrets

log = logging.getLogger(__name__)
T = TypeVar("T")


def create_bot(
    config: Config,
    *,
    embedded: Callable[[GatewayServer], None] | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> RolekeyBot:
    """A bot that is ready to be started; nothing is opened before it logs in.

    With `[gateway] url` empty it brings its own gateway up and takes it down again; `embedded` is handed it meanwhile.
    `now` gives aware UTC time, for the gateway as well.
    """

    async def set_up(bot: RolekeyBot, stack: AsyncExitStack) -> None:
        await _wire(config, bot, stack, embedded or (lambda _: None), limits, now)

    limits = RateLimits()
    return RolekeyBot(config.discord, Languages.read(), set_up, limits.trace())


async def run(config: Config, show_admin_key: Callable[[str], None], reread: Callable[[], Config] | None = None) -> int:
    """Run the bot until SIGINT or SIGTERM; returns the exit code.

    The very first start makes the embedded gateway's admin key and hands it to `show_admin_key`, this once.
    On SIGHUP the embedded gateway goes by what `reread` gives, as far as that needs no restart.
    Raises `ConfigError` where a secret is missing or Discord refuses what the settings ask for.
    """
    _require_secrets(config)
    config = await settled(config)
    if config.embedded:
        key = await ensure_admin_key(config)
        if key is not None:
            show_admin_key(key)
    stop = stop_signal()
    servers = list[GatewayServer]()

    def apply(changed: Config) -> None:
        for server in servers:
            server.reload(changed)

    if reread is not None:
        reload_on_hangup(reread, apply)
    bot = create_bot(config, embedded=servers.append)
    running = asyncio.create_task(bot.start(config.secrets.discord_token), name="bot")
    stopping = asyncio.create_task(stop.wait(), name="stop")
    try:
        await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
        failed = running.done()
        if not failed and bot.is_ready():
            log.info("stopping: answers under way are finished first")
        elif not failed:
            running.cancel()  # halfway up, there is nothing to finish and much that could still be opened
            await asyncio.wait({running})
    finally:
        await bot.close()
        stopping.cancel()
        await asyncio.wait({running, stopping})
    if failed:
        _raise_in_words(running.exception(), config.discord.api_url)
    return 0


def _require_secrets(config: Config) -> None:
    check_sharing(config)
    if not config.secrets.discord_token:
        raise ConfigError("DISCORD_TOKEN is missing: copy it from the application's Bot page into .env")
    if not config.embedded:
        _client_key(config)
        return
    missing = sorted({a.api_key_env for a in config.gateway.accounts if a.api_key_env} - config.secrets.accounts.keys())
    if missing:
        raise ConfigError(
            f"{' and '.join(missing)} is missing: an account in [[gateway.accounts]] names it; set it in .env"
        )
    if not config.gateway.accounts and "OPENAI_API_KEY" not in config.secrets.accounts:
        raise ConfigError("OPENAI_API_KEY is missing: set it in .env, or list other accounts in [[gateway.accounts]]")


def _raise_in_words(error: BaseException | None, api_url: str) -> None:
    if isinstance(error, aiohttp.ClientConnectionError):
        raise ConfigError(
            f"Discord cannot be reached at {api_url}: look at this machine's network and at [discord] api_url"
        ) from error
    if isinstance(error, discord.LoginFailure):
        raise ConfigError("Discord does not accept DISCORD_TOKEN: reset it on the application's Bot page") from error
    if isinstance(error, discord.PrivilegedIntentsRequired):
        raise ConfigError(
            "Discord does not grant the intents that [discord] insists on: switch them on on the application's Bot "
            "page, or set message_content and guild_members to auto"
        ) from error
    if error is not None:
        raise error


async def _wire(
    config: Config,
    bot: RolekeyBot,
    stack: AsyncExitStack,
    embedded: Callable[[GatewayServer], None],
    limits: RateLimits,
    now: Callable[[], datetime],
) -> None:
    config.data_dir.mkdir(parents=True, exist_ok=True)
    store = await open_store(config.store_place())
    stack.push_async_callback(store.database.close)
    url, client_key, accounts = await _gateway(config, stack, embedded, now)
    session = await stack.enter_async_context(aiohttp.ClientSession())
    gateway = GatewayClient(url, client_key, session=session)
    outages = Outages(gateway, config.answers.gateway_patience_seconds)
    stack.push_async_callback(outages.close)
    patient = GatewayClient(url, client_key, session=session, retries=Patience(outages=outages))
    secrets = load_secrets(config.data_dir / "bot.secret", config.secrets.secret)
    sealer = Sealer(secrets, MEMBER_KEYS)
    lease = Lease(timedelta(days=config.keys.lease_days), config.keys.renew_when_left)
    turns = Turns(store, uuid4().hex, now=now)
    locks = MemberLocks(turns if store.database.engine == "postgres" else None)

    def community(guild_id: int) -> str:
        guild = bot.get_guild(guild_id)
        return "" if guild is None else guild.name

    keys = MemberKeys(KeyRows(store), sealer, patient, lease=lease, now=now, locks=locks, community=community)
    if len(secrets) > 1:
        await keys.reseal()
    subscriptions = Subscriptions(bot, store, config.access.plus_skus, now=now)
    access = Access(store, config.access, subscriptions)
    shards = config.discord.own_shards()

    def tell_of_links() -> None:
        links.soon()

    threads = Threads(store, shards, on_hold=tell_of_links)
    links = Links(bot, threads, gateway)
    stack.push_async_callback(links.close)
    guilds = Guilds(store, config.answers.place, default_elsewhere=config.answers.elsewhere, now=now)
    homes = Homes(bot, store, access, keys, guilds, shards)
    admin_log = AdminLog(guilds, bot.languages)
    readings = Readings(store, now=now)
    roster = Roster(access, keys, threads, guilds, readings, homes, Spacing(LOOK_UPS_APART, now=now))
    every = timedelta(minutes=config.keys.sweep_minutes)
    census = Census(store, keys, gateway)
    sweep = Sweep(bot, store, keys, census, subscriptions, roster, turns, shards, links, every=every, now=now)
    batches = KeyBatches(bot, store, access, keys)
    paces = Paces(config.answers.edit_interval_seconds, limits)
    footers = Footers(gateway, config.answers.footer)
    views, running = AnswerButtons(), RunningAnswers()
    skus = subscriptions.skus
    prompting = Prompting(
        lambda: Answering(keys, gateway, threads, config.answers, views, paces, footers.under, running, outages, skus)
    )
    stack.push_async_callback(prompting.drain, config.answers.grace_seconds)
    guests = Guests(store)
    promises = Promises(store, Sealer(secrets, OPEN_QUESTIONS), shards, now=now)
    askers = Askers(client=bot, access=access, keys=keys, homes=homes, threads=threads)
    targets = Targets(
        client=bot, askers=askers, keys=keys, threads=threads, guests=guests, gateway=gateway, patient=patient
    )
    asking = Asking(
        client=bot,
        askers=askers,
        targets=targets,
        guilds=guilds,
        keys=keys,
        places=Places(config.answers.thread_archive_minutes),
        prompting=prompting,
        promises=promises,
        threads=threads,
        attachments=Attachments(most=config.gateway.max_attachments, most_bytes=config.gateway.max_attachment_bytes),
    )
    personal_data = PersonalData(store, keys, patient, prompting, promises)
    presses = Presses(
        client=bot,
        asking=asking,
        askers=askers,
        targets=targets,
        promises=promises,
        threads=threads,
        running=running,
        views=views,
        keys=keys,
        gateway=patient,
    )
    faults = Faults()
    errors = logging.getLogger(bot_errors.__name__)
    errors.addHandler(faults)
    stack.callback(errors.removeHandler, faults)
    status = Status(bot, gateway, accounts, prompting, sweep, batches, faults)
    own = OwnConversations(
        client=bot, access=access, keys=keys, homes=homes, threads=threads, guests=guests, gateway=patient
    )
    opening = Opening(bot, guilds, threads, views, config.answers.thread_archive_minutes)
    public_url = config.gateway.public_url
    languages = MemberLanguages(store, bot.languages)
    unanswered = Unanswered(bot, promises, threads, keys, gateway, languages, views, now=now)
    lifecycle = LifecycleCog(
        *(bot, access, guilds, roster, threads, sweep, batches, bot.languages, views, promises, unanswered),
        every=every,
    )
    for cog in (
        AskCog(bot, asking, targets, presses),
        AskMenus(bot, asking, uuid4().hex),
        AskMessages(bot, asking, threads, guests, languages),
        MemberLanguagesCog(languages),
        ConversationsCog(own, opening, targets.recent),
        SharingCog(bot, own, opening, threads, guests, bot.languages, targets.recent),
        HomesCog(homes, threads),
        SubscriptionsCog(bot, subscriptions, keys, roster),
        AboutCog(guilds, readings),
        AccessCog(access, keys, roster, batches, admin_log),
        AdminCog(access, guilds, keys, patient, Searching(guilds, readings, patient), status, admin_log),
        SetupCog(bot, access, guilds, roster, asking, admin_log, now=now),
        KeysCog(access, keys, homes, public_url or url, public=bool(public_url), now=now),
        UsageCog(patient, homes, now=now),
        PrivacyCog(patient, guilds, personal_data, Exporter(personal_data)),
        lifecycle,
    ):
        await bot.add_cog(cog)
    stack.push_async_callback(batches.stop)
    stack.push_async_callback(lifecycle.stop_sweeping)


async def _gateway(
    config: Config, stack: AsyncExitStack, embedded: Callable[[GatewayServer], None], now: Callable[[], datetime]
) -> tuple[str, str, Callable[[], list[Account]] | None]:
    """Where the gateway is, the key of a client on it, and what tells of the accounts of an embedded one.

    Raises `ConfigError` where another gateway is named and its client key is missing.
    """
    if not config.embedded:
        return config.gateway.url, _client_key(config), None
    server = GatewayServer(config, create_app(config, clock=lambda: now().timestamp(), own_client=EMBEDDED_CLIENT))

    async def stop() -> None:
        await _apart(server.__aexit__(None, None, None))

    await _apart(server.__aenter__())
    stack.push_async_callback(stop)
    embedded(server)
    return server.url, await _apart(ensure_client_key(config, EMBEDDED_CLIENT)), server.app[ACCOUNTS].to_wire


def _client_key(config: Config) -> str:
    if not config.secrets.client_key:
        raise ConfigError(
            f"ROLEKEY_CLIENT_KEY is missing: make one with `rolekey keys create --role client --name bot` on the "
            f"machine of {config.gateway.url}, and put it into .env"
        )
    return config.secrets.client_key


async def _apart(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run in a context of its own: nothing that the gateway starts belongs to what the bot is doing just now."""
    return await contextvars.Context().run(asyncio.ensure_future, coroutine)
