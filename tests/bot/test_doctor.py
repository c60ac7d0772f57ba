import asyncio
import re
import socket
import sqlite3
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import web

import bot.store
from bot.config import Access, Answers, Config, Discord
from bot.doctor import Finding, examine
from gateway.config import Account, Gateway, Limits, Secrets, TierLimits
from gateway.store import open_database
from tests.postgres import PostgresServer

TOKEN = "the-bot-token"
MESSAGE_CONTENT_LIMITED, GUILD_MEMBERS_LIMITED = 1 << 19, 1 << 15
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serving(routes: dict[str, Handler]) -> AsyncGenerator[str]:
    app = web.Application()
    for path, handler in routes.items():
        app.router.add_get(path, handler)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def answering(body: Any, status: int = 200, *, wants: str = "") -> Handler:
    async def handler(request: web.Request) -> web.Response:
        if wants and request.headers.get("Authorization") != wants:
            return web.json_response({"message": "no"}, status=401)
        return web.json_response(body, status=status)

    return handler


def discord_of(flags: int = 0) -> dict[str, Handler]:
    return {
        "/users/@me": answering({"id": "42", "username": "Rolekey"}, wants=f"Bot {TOKEN}"),
        "/applications/@me": answering({"id": "42", "flags": flags}, wants=f"Bot {TOKEN}"),
    }


def provider_of(*models: str, key: str = "provider-key") -> dict[str, Handler]:
    return {"/v1/models": answering({"data": [{"id": model} for model in models]}, wants=f"Bearer {key}")}


def gateway_of(role: str = "client") -> dict[str, Handler]:
    me = {"status": "success", "role": role, "name": "bot", "client_id": None, "expires_at": None}
    unknown = {"status": "error", "message": "unknown key", "error": {"code": "invalid_key", "message": "unknown key"}}

    async def whoami(request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != "Bearer client-key":
            return web.json_response(unknown, status=401)
        return web.json_response(me)

    return {"/health": answering({"status": "ok", "version": "1.2.3"}), "/api/whoami": whoami}


def settings(
    folder: Path,
    *,
    discord: str = "http://127.0.0.1:9",
    token: str = TOKEN,
    gateway: Gateway | None = None,
    keys: dict[str, str] | None = None,
    client_key: str = "",
    **sections: Any,
) -> Config:
    return Config(
        data_dir=folder / "data",
        discord=sections.pop("intents", Discord(api_url=discord)),
        gateway=gateway or Gateway(port=0, accounts=[Account(name="o", tier="free", model="m", kind="offline")]),
        secrets=Secrets(discord_token=token, accounts=keys or {}, client_key=client_key),
        **sections,
    )


def folder_contents(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def found(config: Config, check: str, **options: Any) -> Finding:
    findings = await examine(config, **options)
    return next(finding for finding in findings if finding.check == check)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


async def test_where_everything_is_there_nothing_fails(tmp_path: Path) -> None:
    both = MESSAGE_CONTENT_LIMITED | GUILD_MEMBERS_LIMITED
    async with serving(discord_of(both)) as discord, serving(provider_of("gpt-x")) as provider:
        account = Account(name="main", tier="plus", model="gpt-x", base_url=f"{provider}/v1", api_key_env="KEY")
        gateway = Gateway(port=0, accounts=[account])
        findings = await examine(settings(tmp_path, discord=discord, gateway=gateway, keys={"KEY": "provider-key"}))
    results = {finding.check: finding.result for finding in findings}
    assert "failed" not in results.values()
    assert results["Discord token"] == results["Message Content intent"] == results["Server Members intent"] == "ok"
    assert results["account main"] == "ok"


async def test_a_check_shows_no_secret_and_changes_nothing(tmp_path: Path) -> None:
    async with serving(discord_of()) as discord, serving(provider_of("gpt-x")) as provider:
        account = Account(name="main", tier="plus", model="gpt-x", base_url=f"{provider}/v1", api_key_env="KEY")
        gateway = Gateway(port=0, accounts=[account])
        for token in (TOKEN, "another-token"):
            config = settings(tmp_path, discord=discord, token=token, gateway=gateway, keys={"KEY": token})
            shown = str(await examine(config))
            assert TOKEN not in shown
            assert "another-token" not in shown
    assert not folder_contents(tmp_path)


async def test_a_token_discord_refuses_is_said_so(tmp_path: Path) -> None:
    async with serving(discord_of()) as discord:
        finding = await found(settings(tmp_path, discord=discord, token="stale"), "Discord token")
    assert finding.result == "failed"
    assert "does not accept" in finding.detail
    assert "Reset the token" in finding.advice


async def test_a_missing_token_fails_unless_discord_is_left_out(tmp_path: Path) -> None:
    config = settings(tmp_path, token="")
    assert (await found(config, "Discord token")).result == "failed"
    assert "Discord token" not in {finding.check for finding in await examine(config, discord=False)}


async def test_discord_out_of_reach_is_told_from_a_bad_token(tmp_path: Path) -> None:
    finding = await found(settings(tmp_path, discord="http://127.0.0.1:9"), "Discord token")
    assert finding.result == "failed"
    assert "cannot be reached" in finding.detail


async def test_skus_that_the_application_does_not_sell_are_named(tmp_path: Path) -> None:
    sold = [{"id": "7", "name": "Gold", "type": 5}, {"id": "8", "name": "Gold", "type": 6}]
    routes = discord_of() | {"/applications/42/skus": answering(sold, wants=f"Bot {TOKEN}")}
    async with serving(routes) as discord, serving(discord_of()) as silent:
        right = await found(settings(tmp_path, discord=discord, access=Access(plus_skus=[7])), "subscriptions")
        wrong = await found(settings(tmp_path, discord=discord, access=Access(plus_skus=[7, 8])), "subscriptions")
        refused = await found(settings(tmp_path, discord=silent, access=Access(plus_skus=[7])), "subscriptions")
        unused = await examine(settings(tmp_path, discord=silent))
    assert (right.result, right.detail) == ("ok", "plus comes with Gold")
    assert (wrong.result, wrong.detail.rpartition(": ")[2]) == ("failed", "8")
    assert "7 is Gold" in wrong.advice
    assert (refused.result, "HTTP status 404" in refused.detail) == ("failed", True)
    assert "subscriptions" not in {finding.check for finding in unused}


async def test_members_bring_the_app_along_only_where_user_install_is_on(tmp_path: Path) -> None:
    routes = discord_of()
    routes["/applications/@me"] = answering({"id": "42", "flags": 0, "integration_types_config": {"0": {}, "1": {}}})
    async with serving(routes) as on, serving(discord_of()) as off:
        installed = await found(settings(tmp_path, discord=on), "User Install")
        unused = await found(settings(tmp_path, discord=off), "User Install")
        wanted = await found(settings(tmp_path, discord=off, answers=Answers(elsewhere=True)), "User Install")
    assert [installed.result, unused.result, wanted.result] == ["ok", "absent", "failed"]


async def test_an_intent_that_is_not_granted_says_which_features_go_without_it(tmp_path: Path) -> None:
    async with serving(discord_of(GUILD_MEMBERS_LIMITED)) as discord:
        config = settings(tmp_path, discord=discord)
        content = await found(config, "Message Content intent")
        members = await found(config, "Server Members intent")
        insisting = settings(tmp_path, intents=Discord(api_url=discord, message_content=True, guild_members=False))
        insisted = await found(insisting, "Message Content intent")
        unused = await found(insisting, "Server Members intent")
    assert (content.result, members.result) == ("absent", "ok")
    assert "/followup" in content.detail
    assert insisted.result == "failed"
    assert unused.result == "absent"


async def test_a_discord_that_hangs_fails_alone_and_in_time(tmp_path: Path) -> None:
    over = asyncio.Event()

    async def hang(request: web.Request) -> web.Response:
        await over.wait()
        return web.Response()

    async with serving({"/users/@me": hang}) as discord:
        findings = await examine(settings(tmp_path, discord=discord), seconds=0.2)
        over.set()
    failed = [finding for finding in findings if finding.result == "failed"]
    assert [finding.check for finding in failed] == ["Discord"]
    assert "no answer within 0.2 s" in failed[0].detail


@pytest.mark.parametrize(
    ("model", "key", "words", "advice"),
    [
        ("gpt-y", "provider-key", "gpt-y is not among its 2 models", "gpt-x"),
        ("gpt-x", "wrong", "does not accept the key", "Put a working KEY into .env"),
        ("gpt-x", "", "KEY is not set", "Put KEY into .env"),
    ],
)
async def test_an_account_that_cannot_answer_says_why(
    tmp_path: Path, model: str, key: str, words: str, advice: str
) -> None:
    async with serving(provider_of("gpt-x", "other")) as provider:
        account = Account(name="main", tier="plus", model=model, base_url=f"{provider}/v1", api_key_env="KEY")
        config = settings(tmp_path, gateway=Gateway(port=0, accounts=[account]), keys={"KEY": key})
        finding = await found(config, "account main")
    assert finding.result == "failed"
    assert words in finding.detail
    assert advice in finding.advice


async def test_an_account_is_tried_through_its_proxy(tmp_path: Path) -> None:
    asked: list[str] = []

    async def proxy(request: web.Request) -> web.Response:
        asked.append(str(request.url))
        return web.json_response({"data": [{"id": "gpt-x"}]})

    async with serving({"/{path:.*}": proxy}) as address:
        account = Account(name="main", tier="free", model="gpt-x", base_url="http://provider.invalid/v1", proxy=address)
        finding = await found(settings(tmp_path, gateway=Gateway(port=0, accounts=[account])), "account main")
    assert finding.result == "ok"
    assert asked == ["http://provider.invalid/v1/models"]


@pytest.mark.parametrize("scheme", ["http", "socks5"])
async def test_a_proxy_out_of_reach_is_named_as_the_way_there(tmp_path: Path, scheme: str) -> None:
    account = Account(
        name="main", tier="free", model="m", base_url="http://provider.invalid/v1", proxy=f"{scheme}://127.0.0.1:9"
    )
    finding = await found(settings(tmp_path, gateway=Gateway(port=0, accounts=[account])), "account main")
    assert finding.result == "failed"
    assert "through its proxy" in finding.detail


async def test_a_provider_that_lists_no_models_is_no_failure(tmp_path: Path) -> None:
    async with serving({}) as provider:
        account = Account(name="main", tier="free", model="m", base_url=provider)
        finding = await found(settings(tmp_path, gateway=Gateway(port=0, accounts=[account])), "account main")
    assert finding.result == "absent"


async def test_an_account_without_a_price_is_named_and_fails_where_a_limit_in_dollars_needs_one(tmp_path: Path) -> None:
    account = Account(name="mine", tier="free", model="unheard-of", base_url="http://127.0.0.1:9/v1")
    limited = Limits(free=TierLimits(cost_per_month_usd=5.0))
    for limits, result in ((Limits(), "absent"), (limited, "failed")):
        config = settings(tmp_path, gateway=Gateway(port=0, accounts=[account], limits=limits))
        finding = await found(config, "price of mine")
        assert finding.result == result
        assert "unheard-of" in finding.detail
        assert "input_usd_per_mtok" in finding.advice
    priced = msgspec.structs.replace(account, input_usd_per_mtok=0.0, output_usd_per_mtok=0.0)
    for known in (priced, msgspec.structs.replace(account, model="gpt-4o-mini")):
        config = settings(tmp_path, gateway=Gateway(port=0, accounts=[known], limits=limited))
        assert not [finding for finding in await examine(config) if finding.check == "price of mine"]


async def test_an_account_that_agents_lend_to_asks_nobody_and_costs_nothing(tmp_path: Path) -> None:
    lent = Account(name="home", kind="agent", tier="free", model="some-local-model", agents=["attic", "cellar"])
    findings = await examine(settings(tmp_path, gateway=Gateway(port=0, accounts=[lent])))
    [said] = [finding for finding in findings if "home" in finding.check]
    assert (said.result, said.detail) == ("ok", "free: answers while the agent attic, cellar is connected")


async def test_without_any_account_the_openai_key_is_asked_for(tmp_path: Path) -> None:
    finding = await found(settings(tmp_path, gateway=Gateway(port=0)), "accounts")
    assert finding.result == "failed"
    assert "OPENAI_API_KEY" in finding.advice


async def test_our_own_gateway_needs_a_free_port_or_runs_already(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
        assert (await found(settings(tmp_path, gateway=Gateway(port=port)), "gateway")).result == "failed"
    assert "is free" in (await found(settings(tmp_path, gateway=Gateway(port=port)), "gateway")).detail
    async with serving(gateway_of()) as url:
        port = int(url.rpartition(":")[2])
        assert (
            "answers, version 1.2.3" in (await found(settings(tmp_path, gateway=Gateway(port=port)), "gateway")).detail
        )
    async with serving({"/health": answering(["something else"])}) as url:
        port = int(url.rpartition(":")[2])
        finding = await found(settings(tmp_path, gateway=Gateway(port=port)), "gateway")
    assert finding.result == "failed"
    assert "[gateway] port" in finding.advice


async def test_another_gateway_must_answer_and_know_the_key_as_a_client(tmp_path: Path) -> None:
    async with serving(gateway_of()) as url:
        config = settings(tmp_path, gateway=Gateway(url=url), client_key="client-key")
        assert (await found(config, "gateway")).result == "ok"
        assert (await found(config, "client key")).detail == "role client, named bot"
        stranger = settings(tmp_path, gateway=Gateway(url=url), client_key="stranger")
        assert (await found(stranger, "client key")).result == "failed"
        keyless = settings(tmp_path, gateway=Gateway(url=url))
        assert "ROLEKEY_CLIENT_KEY is not set" in (await found(keyless, "client key")).detail
    assert (await found(config, "gateway")).result == "failed"
    async with serving(gateway_of("admin")) as url:
        finding = await found(settings(tmp_path, gateway=Gateway(url=url), client_key="client-key"), "client key")
    assert finding.result == "failed"
    assert "role admin" in finding.detail


def bot_database(folder: Path, *, version: int) -> Path:
    path = folder / "data" / "bot.db"
    path.parent.mkdir(mode=0o700)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {version}")
        connection.commit()
    path.chmod(0o600)
    return path


async def test_a_database_that_cannot_be_used_says_why(tmp_path: Path) -> None:
    config = settings(tmp_path)
    assert "will be made" in (await found(config, "bot database")).detail
    path = bot_database(tmp_path, version=99)
    assert "schema 99" in (await found(config, "bot database")).detail
    path.write_bytes(b"no database at all" * 100)
    finding = await found(config, "bot database")
    assert finding.result == "failed"
    assert "not a database" in finding.detail


async def test_a_database_of_today_is_fine_also_while_it_is_in_use(tmp_path: Path) -> None:
    store = await _opened(tmp_path)
    try:
        assert "writable" in (await found(settings(tmp_path), "bot database")).detail
    finally:
        await store.database.close()


async def _opened(folder: Path) -> bot.store.Store:
    (folder / "data").mkdir()
    return await bot.store.open_store(folder / "data" / "bot.db")


async def test_a_postgresql_tells_its_version_and_its_schema(tmp_path: Path, postgres: PostgresServer) -> None:
    url = postgres.new_database()
    config = settings(tmp_path, gateway=Gateway(port=0, storage=url.replace("postgres@", "postgres:private@")))
    assert "will be made" in (await found(config, "gateway database")).detail
    assert (await found(config, "shared secret")).result == "absent"
    await (await open_database(url)).close()
    finding = await found(config, "gateway database")
    assert finding.result == "ok"
    assert re.search(rf"^{url}: PostgreSQL \d+\.\d+, schema \d+, writable$", finding.detail)
    postgres.command("INSERT INTO schema_version (version) VALUES (99)", url=url)
    assert "schema 99" in (await found(config, "gateway database")).detail
    assert "private" not in str(await examine(config))


async def test_a_postgresql_that_cannot_be_used_says_why(tmp_path: Path, postgres: PostgresServer) -> None:
    gone = settings(tmp_path, gateway=Gateway(port=0, storage="postgresql://me:private@127.0.0.1:9/rolekey"))
    finding = await found(gone, "gateway database")
    assert finding.result == "failed"
    assert "postgresql://me@127.0.0.1:9/rolekey cannot be reached" in finding.detail
    url = postgres.new_database()
    postgres.command("DROP ROLE IF EXISTS reader")
    postgres.command("CREATE ROLE reader LOGIN")
    config = settings(tmp_path, gateway=Gateway(port=0, storage=url.replace("postgres@", "reader@")))
    finding = await found(config, "gateway database")
    assert finding.result == "failed"
    assert "may not be changed by this user" in finding.detail


async def test_a_data_folder_that_is_none_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    config = settings(tmp_path)
    assert (await found(config, "data folder")).result == "failed"
    assert (await found(config, "bot database")).result == "failed"


async def test_secrets_that_others_can_read_are_named(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    for path in (tmp_path / ".env", tmp_path / "data" / "bot.secret"):
        path.write_text("secret")
        path.chmod(0o644)
    finding = await found(settings(tmp_path), "private files")
    assert finding.result == "failed"
    assert finding.advice == f"chmod 600 .env {tmp_path}/data/bot.secret"
    for path in (tmp_path / ".env", tmp_path / "data" / "bot.secret"):
        path.chmod(0o600)
    assert (await found(settings(tmp_path), "private files")).result == "ok"


async def test_every_failure_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    config = settings(tmp_path, gateway=Gateway(url="http://127.0.0.1:9"), access=Access())
    failed = [finding for finding in await examine(config) if finding.result == "failed"]
    assert len(failed) >= 5
    assert all(finding.advice for finding in failed)
