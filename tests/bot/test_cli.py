import asyncio
import json
import logging
import os
import re
import signal
import subprocess
import sys
from io import StringIO
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from bot.cli import main
from bot.invite import PERMISSIONS, application_id, invite_url, permission_bits
from bot.logs import redact, set_up_logging
from gateway.client import GatewayClient

# The shape of a bot token, https://discord.com/developers/docs/reference#authentication; of no real application.
TOKEN = "MTIzNDU2Nzg5MDEyMzQ1Njc4.GxYzAb.abcdefghijklmnopqrstuvwxyz0123456789AB"
KEY = re.compile(r"^rk-[A-Za-z0-9_-]{30,}\n$")
COMMANDS = ["run", "playground", "gateway", "keys create", "keys list", "keys revoke", "check", "invite"]
# What needs no settings, since it has nothing to do with a gateway or a bot of this machine.
ELSEWHERE = ["agent", "chat"]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("DISCORD_TOKEN", "OPENAI_API_KEY", "ROLEKEY_CLIENT_KEY", "ROLEKEY_SECRET"):
        monkeypatch.delenv(name, raising=False)


def rolekey(*arguments: str, answer: str | None = None) -> Result:
    return CliRunner().invoke(main, arguments, input=answer, prog_name="rolekey")


@pytest.mark.parametrize("command", COMMANDS + ELSEWHERE)
def test_every_help_teaches_by_example_and_takes_a_config_file(command: str) -> None:
    shown = rolekey(*command.split(), "--help").stdout
    examples = re.findall(rf"^    (?:[A-Z_]+=\S+ )*rolekey {command}\b.*$", shown, re.MULTILINE)
    assert len(examples) >= 2
    assert ("--config FILE" in shown) == (command not in ELSEWHERE)


@pytest.mark.parametrize("command", COMMANDS + ELSEWHERE)
def test_every_example_is_one_the_command_understands(command: str) -> None:
    shown = rolekey(*command.split(), "--help").stdout
    for example in re.findall(rf"^    (?:[A-Z_]+=\S+ )*rolekey ({command}\b[^>\n]*)", shown, re.MULTILINE):
        words = example.split()
        group: click.Command = main
        while isinstance(group, click.Group):
            group = group.commands[words.pop(0)]
        group.make_context("rolekey", words)


def test_the_version_is_told() -> None:
    assert re.match(r"rolekey, version \d+\.\d+\.\d+", rolekey("--version").stdout)


@pytest.mark.parametrize("command", [name for name in COMMANDS if name != "check"])
def test_settings_that_cannot_be_used_are_said_in_one_sentence(command: str, tmp_path: Path) -> None:
    (tmp_path / "broken.toml").write_text("[gateway]\nprot = 1")
    arguments = {"keys create": ["--role", "admin", "--name", "a"], "keys revoke": ["a", "--yes"]}.get(command, [])
    result = rolekey(*command.split(), "--config", "broken.toml", *arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr == "Error: broken.toml: unknown setting prot in [gateway]; did you mean port?\n"


def test_a_key_is_printed_and_nothing_else_and_listed_without_it() -> None:
    key = rolekey("keys", "create", "--role", "client", "--name", "bot").stdout
    assert KEY.match(key)
    listed = rolekey("keys", "list").stdout
    assert "bot" in listed
    assert key.strip() not in listed
    assert key.strip()[-4:] in listed


def test_a_name_is_used_once_and_can_be_revoked() -> None:
    make = ("keys", "create", "--role", "client", "--name", "bot")
    assert rolekey(*make).exit_code == 0
    again = rolekey(*make)
    assert (again.exit_code, again.stdout) == (2, "")
    assert "There is a key called bot already" in again.stderr
    assert rolekey("keys", "revoke", "bot", answer="n\n").exit_code == 1
    assert "bot" in rolekey("keys", "list").stdout
    assert rolekey("keys", "revoke", "bot", answer="y\n").exit_code == 0
    missing = rolekey("keys", "revoke", "bot", "--yes")
    assert missing.exit_code == 2
    assert "no admin, client or agent called bot" in missing.stderr


@pytest.mark.parametrize("name", ["", " ", "two\nlines", "x" * 101])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    result = rolekey("keys", "create", "--role", "client", "--name", name)
    assert result.exit_code == 2
    assert "1 to 100 characters" in result.stderr


def test_keys_belong_where_the_gateway_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROLEKEY__GATEWAY__URL", "https://llm.example.org")
    result = rolekey("keys", "list")
    assert result.exit_code == 2
    assert "run this where https://llm.example.org runs" in result.stderr


def test_a_data_folder_that_cannot_be_made_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    result = rolekey("keys", "list")
    assert result.exit_code == 2
    assert "data" in result.stderr
    assert "Traceback" not in result.output


def test_check_prints_a_table_and_fails_where_something_did(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ROLEKEY__GATEWAY__PORT", "0")
    result = rolekey("check")
    assert result.exit_code == 1
    assert "DISCORD_TOKEN" in result.stdout
    (tmp_path / "config.toml").write_text(
        "[[gateway.accounts]]\nname = 'first-steps'\ntier = 'free'\nkind = 'offline'\nmodel = 'offline'"
    )
    result = rolekey("check", "--no-discord", "--json")
    assert result.exit_code == 0
    assert {finding["result"] for finding in json.loads(result.stdout)} <= {"ok", "absent"}


def test_check_reports_broken_settings_as_a_finding(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("colour = 1")
    result = rolekey("check", "--json")
    assert result.exit_code == 1
    [finding] = json.loads(result.stdout)
    assert finding["check"] == "settings"
    assert "unknown setting colour" in finding["detail"]


def test_the_invite_asks_for_what_it_lists_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", TOKEN)
    monkeypatch.setenv("COLUMNS", "200")
    result = rolekey("invite")
    assert result.stdout == invite_url(123456789012345678) + "\n"
    assert "client_id=123456789012345678&scope=bot+applications.commands" in result.stdout
    assert all(permission.label in result.stderr and permission.why in result.stderr for permission in PERMISSIONS)
    # https://discord.com/developers/docs/topics/permissions#permissions-bitwise-permission-flags
    assert permission_bits() == sum(1 << bit for bit in (10, 11, 14, 15, 16, 35, 36, 38))


def test_the_invite_works_without_a_token_and_refuses_what_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "client_id=42&" in rolekey("invite", "--application-id", "42").stdout
    assert rolekey("invite").exit_code == 2
    monkeypatch.setenv("DISCORD_TOKEN", "hunter2.not.one")
    result = rolekey("invite")
    assert result.exit_code == 2
    assert "not a bot token" in result.stderr
    assert "hunter2" not in result.stderr


@pytest.mark.parametrize("token", ["", "abc", "MTIz", "!!.a.b", "aGVsbG8.a.b"])
def test_what_is_no_token_has_no_application(token: str) -> None:
    with pytest.raises(ValueError, match="not a bot token"):
        application_id(token)


def environment(**more: str) -> dict[str, str]:
    return {
        **os.environ,
        "PYTHONWARNINGS": "error,ignore:'audioop' is deprecated:DeprecationWarning",
        "ROLEKEY__GATEWAY__PORT": "0",
        **more,
    }


async def start(*arguments: str, **more: str) -> asyncio.subprocess.Process:
    command = (sys.executable, "-m", "bot", *arguments)
    env = environment(PYTHONPATH=str(Path(__file__).parents[2]), **more)
    return await asyncio.create_subprocess_exec(
        *command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL
    )


async def address_of(process: asyncio.subprocess.Process) -> str:
    assert process.stderr is not None
    async for line in process.stderr:
        if found := re.search(rb"listening on (http://\S+)", line):
            return found[1].decode()
    raise AssertionError("it never listened")


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
async def test_the_gateway_shows_its_admin_key_once_serves_and_stops_cleanly(how: signal.Signals) -> None:
    process = await start("gateway")
    url = await address_of(process)
    process.send_signal(how)
    said, _ = await process.communicate()
    assert process.returncode == 0
    key = re.search(rb"shown this once: (rk-\S+)", said)
    assert key is not None
    again = await start("gateway")
    url = await address_of(again)
    async with GatewayClient(url, key[1].decode()) as gateway:
        assert (await gateway.whoami()).role == "admin"
    again.send_signal(how)
    said, _ = await again.communicate()
    assert (again.returncode, said) == (0, b"")


async def test_a_port_in_use_is_said_in_one_sentence() -> None:
    first = await start("gateway")
    port = (await address_of(first)).rpartition(":")[2]
    second = await start("gateway", ROLEKEY__GATEWAY__PORT=port)
    _, said = await second.communicate()
    first.terminate()
    await first.communicate()
    assert second.returncode == 2
    assert said.decode() == f"Error: 127.0.0.1:{port} is in use; set [gateway] port\n"


def test_json_logs_are_an_object_a_line_with_the_request_and_no_secret() -> None:
    before = logging.root.handlers[:], logging.root.level
    stream = StringIO()
    try:
        set_up_logging("info", "json", stream, request_id=lambda: "4711")
        key = "rk-2C6c2UaLMlkZiKhqMjib3Wcpi1miZIArI1yxsTN"
        try:
            raise ValueError(f"{key} is wrong")
        except ValueError:
            logging.getLogger("bot.test").exception("key %s\nend", key, extra={"fields": {"status": 500}})
    finally:
        logging.root.handlers[:], level = before
        logging.root.setLevel(level)
    written = stream.getvalue()
    assert written.count("\n") == 1
    said = json.loads(written)
    assert (said["level"], said["logger"], said["request_id"], said["status"]) == ("error", "bot.test", "4711", 500)
    assert said["message"] == "key rk-[hidden]\nend"
    assert "Traceback" in said["traceback"]
    assert key not in written


def test_a_log_line_is_one_line_and_shows_no_secret() -> None:
    before = logging.root.handlers[:], logging.root.level
    stream = StringIO()
    try:
        set_up_logging("info", stream=stream)
        key = "rk-2C6c2UaLMlkZiKhqMjib3Wcpi1miZIArI1yxsTN"
        try:
            raise ValueError(f"the provider says sk-proj-{key[3:]} is wrong")
        except ValueError:
            logging.getLogger("bot.test").exception("key %s\ntoken %s", key, TOKEN)
        logging.getLogger("bot.test").debug("unseen")
        logging.getLogger("discord.http").info("unseen")
    finally:
        logging.root.handlers[:], level = before
        logging.root.setLevel(level)
    written = stream.getvalue()
    assert re.match(
        r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ error   bot.test: key rk-\[hidden\]\\ntoken \[hidden\]\n", written
    )
    assert key[3:] not in written
    assert "sk-[hidden] is wrong" in written
    assert "unseen" not in written


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Authorization: Bearer abcdefghijklmnopqrstuvwxyz", "Authorization: Bearer [hidden]"),
        ("Authorization: Bot abcdefghijklmnopqrstuvwxyz", "Authorization: Bot [hidden]"),
        ("postgresql://me:private@db/rolekey is gone", "postgresql://me:[hidden]@db/rolekey is gone"),
        ("task-management and risk-assessment", "task-management and risk-assessment"),
        ("conversation 0191c1a4-1c7e-7c3e-9f0e-9d8a0c1f2b3a", "conversation 0191c1a4-1c7e-7c3e-9f0e-9d8a0c1f2b3a"),
    ],
)
def test_only_what_looks_like_a_secret_is_hidden(text: str, shown: str) -> None:
    assert redact(text) == shown


LEND = ("agent", "--upstream", "http://127.0.0.1:9/v1", "--model", "m", "--gateway")


def test_an_agents_key_comes_from_the_environment_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    result = rolekey(*LEND, "ws://127.0.0.1:9")
    assert result.exit_code == 2
    assert "ROLEKEY_AGENT_KEY is not set" in result.stderr
    assert "--key" not in rolekey("agent", "--help").stdout


@pytest.mark.parametrize("gateway", ["llm.example.org", "ftp://llm.example.org", "wss://me:secret@llm.example.org", ""])
def test_a_gateways_address_that_is_none_is_said_so(monkeypatch: pytest.MonkeyPatch, gateway: str) -> None:
    monkeypatch.setenv("ROLEKEY_AGENT_KEY", "rk-x")
    result = rolekey(*LEND, gateway)
    assert result.exit_code == 2
    assert "wss://llm.example.org" in result.stderr
    assert "secret" not in result.stderr
