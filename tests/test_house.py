"""The rules of the house that no linter knows: which room may import which, and what no file may name."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("bot", "chat", "cogs", "gateway", "storage", "playground")
OURS = {*ROOMS, "tests", "benchmarks"}
CLIENT_LIBRARY = {"gateway.client", "gateway.wire", "gateway.errors"}
WIRING = ("bot.app", "bot.cli", "bot.doctor")
ERRORS_OF_THE_BOT = {"aiohttp", "msgspec"}


def within(name: str, *rooms: str) -> bool:
    return any(name == room or name.startswith(f"{room}.") for room in rooms)


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(source: str) -> set[str]:
    """Every module a file imports, wherever in it; `from gateway import wire` counts as `gateway.wire`."""
    found = set[str]()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names if node.module in OURS)}
    return found - {"gateway", "bot"}


def broken_rule(module: str, imported: str) -> str | None:
    """The rule that this import breaks, if it breaks one."""
    to_ours = imported.partition(".")[0] in OURS
    rules: list[tuple[bool, str]] = [
        (
            within(module, "storage") and to_ours and not within(imported, "storage"),
            "storage imports nothing of ours",
        ),
        (
            within(module, "gateway") and within(imported, "discord", "bot", "cogs", "playground"),
            "the gateway knows no Discord and no bot",
        ),
        (
            within(module, "gateway.client") and not _fits_the_client(imported),
            "the client library needs aiohttp, msgspec and the wire only",
        ),
        (
            within(module, "bot", "cogs")
            and within(imported, "gateway")
            and not within(module, *WIRING)
            and not within(imported, "gateway.config", *CLIENT_LIBRARY),
            "only the wiring reaches into the gateway; everything else is its client",
        ),
        (
            within(module, "chat") and to_ours and not within(imported, "chat", *CLIENT_LIBRARY),
            "the terminal client is a client of the gateway like any other",
        ),
        (
            within(imported, "chat") and not within(module, "chat", "tests", "bot.cli"),
            "only its command starts the terminal client",
        ),
        (
            within(module, "bot") and within(imported, "cogs") and module != "bot.app",
            "the bot does not know the cogs; only the wiring does",
        ),
        (
            within(imported, "playground") and not within(module, "playground", "tests", "benchmarks", "bot.cli"),
            "nothing imports the playground but tests, benchmarks and its command",
        ),
        (
            within(module, "playground.standin")
            and (within(imported, "discord") or (to_ours and not within(imported, "playground.standin"))),
            "the stand-in is a Discord for any bot: it imports nothing of ours, and no client of Discord",
        ),
        (
            within(imported, "tests", "benchmarks") and not within(module, "tests", "benchmarks"),
            "what ships imports no tests",
        ),
    ]
    return next((rule for broken, rule in rules if broken), None)


def _fits_the_client(imported: str) -> bool:
    root = imported.partition(".")[0]
    return root in sys.stdlib_module_names or root in ERRORS_OF_THE_BOT or within(imported, *CLIENT_LIBRARY)


def test_imports_run_one_way() -> None:
    broken = [
        f"{module_of(path)} imports {imported}: {rule}"
        for room in (*ROOMS, "tests", "benchmarks")
        for path in sorted((ROOT / room).rglob("*.py"))
        for imported in sorted(imports_of(path.read_text(encoding="utf-8")))
        if (rule := broken_rule(module_of(path), imported))
    ]
    assert not broken, "\n".join(broken)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("storage.database", "from gateway.errors import ApiError"),
        ("gateway.users", "import discord.ext.commands"),
        ("gateway.app", "def f():\n    from bot import config"),
        ("gateway.client", "import rich"),
        ("gateway.client", "from gateway import config"),
        ("gateway.client.chat", "import gateway.limits"),
        ("cogs.ask.cog", "from gateway.server import GatewayServer"),
        ("bot.prompting", "from gateway import app"),
        ("bot.keys", "from cogs.keys import KeysCog"),
        ("chat.talking", "from bot.config import Config"),
        ("gateway.app", "from chat.words import words_for"),
        ("bot.app", "from playground.app import run"),
        ("gateway.app", "from tests.fakes import upstream"),
        ("playground.standin.server", "from bot.config import Config"),
        ("playground.standin.rest.messages", "import discord"),
        ("playground.standin.world.world", "from playground.world import World"),
    ],
)
def test_each_rule_is_seen_when_it_is_broken(module: str, source: str) -> None:
    assert any(broken_rule(module, imported) for imported in imports_of(source))


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("cogs.ask.cog", "from bot.prompting import Prompting"),
        ("bot.keys", "from gateway import wire\nfrom gateway.client import GatewayClient"),
        ("bot.app", "from cogs.keys import KeysCog\nfrom gateway.server import GatewayServer"),
        ("bot.doctor.disk", "import gateway.store"),
        ("gateway.client", "from gateway.errors import ApiError\nimport aiohttp, msgspec"),
    ],
)
def test_what_is_allowed_is_not_refused(module: str, source: str) -> None:
    assert not any(broken_rule(module, imported) for imported in imports_of(source))


@pytest.mark.parametrize("name", ["gateway.client", "gateway.wire"])
def test_who_imports_the_client_library_loads_nothing_of_the_server(name: str) -> None:
    code = f"import sys, {name}; print(*sorted(m for m in sys.modules if m.partition('.')[0] in {OURS | {'discord'}}))"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert all(module == "gateway" or within(module, *CLIENT_LIBRARY) for module in loaded.stdout.split())


# Written in pieces, so that this file does not name them itself.
FORBIDDEN = re.compile(
    "|".join(
        map(re.escape, ("/" + "work/", ".." + "/shared", "py" + "pi.org", "pythonhosted" + ".org", "--index" + "-url"))
    )
)
ALLOWED = {".ci/run": {".." + "/shared"}, "Makefile": set[str]()}


def tracked() -> list[str]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_no_file_names_the_machine_it_was_written_on_or_a_package_index() -> None:
    found: list[str] = []
    for name in tracked():
        try:
            text = (ROOT / name).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found += [f"{name}: {hit}" for hit in sorted(set(FORBIDDEN.findall(text)) - ALLOWED.get(name, set()))]
    assert not found, "\n".join(found)


def test_no_secret_and_no_database_is_tracked() -> None:
    names = set(tracked())
    assert not names & {".env", "config.toml"}
    assert not [name for name in names if name.startswith("data/") or name.endswith((".db", ".secret", ".key"))]
