import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import msgspec
import pytest
import yaml
from packaging.requirements import Requirement

from bot.config import Config, ConfigError, load
from bot.sharing import check_sharing
from gateway.config import Account

ROOT = Path(__file__).parents[1]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
SETTING = re.compile(r"^#(\[[a-z_.]+\]|[a-z_0-9]+ = .*)$", re.MULTILINE)
ACCOUNT = re.compile(r"^# (\[\[gateway\.accounts\]\]|[a-z_]+ = .*)$", re.MULTILINE)


def example() -> str:
    return (ROOT / "config.example.toml").read_text(encoding="utf-8")


def as_toml(value: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", msgspec.to_builtins(value, enc_hook=str))


def defaults() -> dict[str, Any]:
    """Every setting with its default, as a TOML file would say it."""
    settings = as_toml(Config())
    del settings["secrets"], settings["gateway"]["accounts"]
    return settings


def test_the_example_changes_nothing_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(example(), encoding="utf-8")
    assert load(path, {}) == Config()


def test_the_example_shows_every_setting_with_its_true_default(tmp_path: Path) -> None:
    uncommented = SETTING.sub(r"\1", example())
    assert tomllib.loads(uncommented) == defaults()
    path = tmp_path / "config.toml"
    path.write_text(uncommented, encoding="utf-8")
    assert load(path, {}) == Config()


def test_the_example_account_loads_and_shows_every_default(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(ACCOUNT.sub(r"\1", example()), encoding="utf-8")
    [account] = load(path, {}).gateway.accounts
    shown = tomllib.loads(path.read_text(encoding="utf-8"))["gateway"]["accounts"][0]
    assert shown == as_toml(account)
    assert account == Account(name=account.name, tier=account.tier, model=account.model)


def test_the_secrets_example_names_every_secret_and_holds_none() -> None:
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    given = [line.partition("=") for line in lines if line and not line.startswith("#")]
    assert {name for name, _, _ in given} == {"DISCORD_TOKEN", "OPENAI_API_KEY", "ROLEKEY_CLIENT_KEY", "ROLEKEY_SECRET"}
    assert not [value for _, _, value in given if value]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_every_locked_version_has_its_hashes_and_no_index_is_named(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    assert "://" not in text
    assert not re.search(r"^\s*--(?!hash=)", text, re.MULTILINE)
    pins = re.split(r"^(?=\S)", text.replace("\\\n", " "), flags=re.MULTILINE)
    pins = [pin for pin in pins if pin.strip() and not pin.startswith("#")]
    assert pins
    assert all(re.match(r"^[a-z0-9-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", pin) for pin in pins)


def test_what_is_tested_is_what_ships() -> None:
    pinned = {path.stem: dict(re.findall(r"^([a-z0-9-]+)==(\S+)", path.read_text(), re.MULTILINE)) for path in LOCKS}
    assert pinned["base"].items() <= pinned["dev"].items()


def test_the_locks_hold_what_the_project_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = project["project"]["optional-dependencies"]
    asked = {
        "base": project["project"]["dependencies"] + project["dependency-groups"]["build"],
        "dev": extras["dev"],
    }
    for name, requirements in asked.items():
        pinned = dict(
            re.findall(r"^([a-z0-9-]+)==(\S+)", (ROOT / f"requirements/{name}.txt").read_text(), re.MULTILINE)
        )
        for requirement in map(Requirement, requirements):
            locked = re.sub(r"[._]", "-", requirement.name.lower())
            if locked != "rolekey":
                assert requirement.specifier.contains(pinned[locked]), f"{name}.txt: {requirement}; run make lock"


def test_a_wheel_holds_all_that_running_needs(tmp_path: Path) -> None:
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path)
    rooms = ("bot", "chat", "cogs", "gateway", "storage", "playground")
    for room in rooms:
        shutil.copytree(ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    [wheel] = (tmp_path / "dist").glob("*.whl")
    held = set(zipfile.ZipFile(wheel).namelist())
    wanted = {
        str(path.relative_to(tmp_path))
        for room in rooms
        for path in (tmp_path / room).rglob("*")
        if path.is_file() and path.name != "ruff.toml"
    }
    assert wanted
    assert {".sql", ".po", ".js", ".css", ".html", ".svg", ".woff2"} <= {Path(name).suffix for name in wanted}
    assert wanted <= held


def test_hadolint_finds_nothing_in_the_dockerfile() -> None:
    hadolint = shutil.which("hadolint", path=str(Path(sys.executable).parent)) or shutil.which("hadolint")
    if hadolint is None:
        pytest.skip("hadolint is not installed")
    told = subprocess.run([hadolint, str(ROOT / "Dockerfile")], capture_output=True, text=True, check=False)
    assert (told.returncode, told.stdout) == (0, "")


def test_the_image_holds_every_room_and_runs_as_nobody_in_particular() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    for room in project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]:
        assert f"COPY {room}/ {room}/" in dockerfile
        assert f"!{room}" in ignored
    assert re.search(r"^USER [1-9]\d*:[1-9]\d*$", dockerfile, re.MULTILINE)


@pytest.fixture
def services() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]


def test_compose_starts_one_container_unless_the_profile_is_asked_for(services: dict[str, Any]) -> None:
    profiles = {name: service.get("profiles", []) for name, service in services.items()}
    assert profiles == {
        "rolekey": [],
        "rolekey-2": ["fleet"],
        "gateway": ["postgres", "fleet"],
        "gateway-2": ["fleet"],
        "postgres": ["postgres", "fleet"],
    }
    waits = {
        name: {other: (wait["condition"], wait.get("required", True)) for other, wait in service["depends_on"].items()}
        for name, service in services.items()
        if "depends_on" in service
    }
    healthy = "service_healthy"
    assert waits == {
        **{name: {"gateway": (healthy, False)} for name in ("rolekey", "rolekey-2")},
        **{name: {"postgres": (healthy, True)} for name in ("gateway", "gateway-2")},
    }
    assert all("test" in services[name]["healthcheck"] for name in ("gateway", "gateway-2", "postgres"))
    published = [port.split(":") for service in services.values() for port in service.get("ports", ())]
    assert {address for address, _, _ in published} == {"127.0.0.1"}
    assert len({port for _, port, _ in published}) == len(published)


def test_compose_holds_no_secret_and_confines_what_speaks_to_the_world(services: dict[str, Any]) -> None:
    for service in services.values():
        for name, value in service.get("environment", {}).items():
            if name.endswith(("PASSWORD", "SECRET", "_KEY", "TOKEN")):
                assert value in {"", "${POSTGRES_PASSWORD:-}"}
        assert service["security_opt"] == ["no-new-privileges:true"]
    for name in services.keys() - {"postgres"}:
        assert services[name]["read_only"]
        assert services[name]["cap_drop"] == ["ALL"]
        assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", services[name]["user"])


def test_what_compose_sets_are_settings_of_a_gateway_on_its_postgres(services: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "config.toml").touch()
    gateway, postgres = services["gateway"], services["postgres"]
    dotenv = {"ROLEKEY__GATEWAY__URL": "http://gateway:8080", "DISCORD_TOKEN": "t", "ROLEKEY_CLIENT_KEY": "k"}
    said = {name: value.replace("${POSTGRES_PASSWORD:-}", "s3") for name, value in gateway["environment"].items()}
    config = load(tmp_path / "config.toml", {**dotenv, **said})
    assert config.embedded
    assert not config.secrets.discord_token
    at = urlsplit(str(config.storage_place()))
    user, database = postgres["environment"]["POSTGRES_USER"], postgres["environment"]["POSTGRES_DB"]
    assert (at.scheme, at.username, at.password, at.hostname, at.path) == (
        "postgresql", user, "s3", "postgres", f"/{database}",
    )  # fmt: skip
    assert load(tmp_path / "config.toml", dotenv).gateway.url == "http://gateway:8080"


def test_the_fleet_of_compose_shares_one_database_one_gateway_and_all_of_the_shards(
    services: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "config.toml").touch()
    told = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    dotenv = {
        name: value.replace("${POSTGRES_PASSWORD}", "s3")
        for name, value in re.findall(r"^#   ([A-Z_]+)=(\S+)$", told.partition('"fleet" is for')[2], re.MULTILINE)
    } | {"ROLEKEY_SECRET": "s" * 32, "ROLEKEY_CLIENT_KEY": "k", "DISCORD_TOKEN": "t"}
    assert dotenv["COMPOSE_PROFILES"] == "fleet"

    def config(name: str, dotenv: dict[str, str] = dotenv) -> Config:
        said = services[name].get("environment", {})
        for reference in ("SECOND_SHARDS:-missing", "POSTGRES_PASSWORD:-"):
            variable, _, default = reference.partition(":-")
            value = {"POSTGRES_PASSWORD": "s3", **dotenv}.get(variable, default)
            said = {key: text.replace(f"${{{reference}}}", value) for key, text in said.items()}
        return load(tmp_path / "config.toml", dotenv | said)

    bots, gateways = [config("rolekey"), config("rolekey-2")], [config("gateway"), config("gateway-2")]
    for bot in bots:
        check_sharing(bot)
        address = urlsplit(bot.gateway.url)
        for name in ("gateway", "gateway-2"):
            assert address.hostname in services[name]["networks"]["default"]["aliases"]
    shards = [bot.discord.own_shards() for bot in bots]
    assert shards[0].apart_from(shards[1])
    assert sorted(shards[0].ids + shards[1].ids) == [*range(shards[0].count or 0)]
    assert {gateway.storage_place() for gateway in gateways} == {bots[0].store_place()} == {bots[1].store_place()}
    assert not any(gateway.discord.shards or gateway.storage for gateway in gateways)
    folders = [volume.split(":")[0] for name in services for volume in services[name]["volumes"]]
    assert len({*folders}) == len(folders) == 5
    with pytest.raises(ConfigError, match="names no shards"):
        config("rolekey-2", {name: value for name, value in dotenv.items() if name != "SECOND_SHARDS"})


def test_make_says_what_it_can_do() -> None:
    told = subprocess.run(["make", "-C", str(ROOT)], capture_output=True, text=True, check=True).stdout
    for target in ("install", "run", "test", "lint", "format", "bench", "screenshots", "lock"):
        assert f"make {target} " in told


def test_make_refuses_a_python_that_is_too_old_in_so_many_words(tmp_path: Path) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    old = tmp_path / "old-python"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.9.1 && exit 0\nexit 1\n')
    old.chmod(0o755)
    told = subprocess.run(
        ["make", ".venv/bin/python", f"PYTHONS={old}"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert told.returncode != 0
    assert "Rolekey needs Python 3.11 or newer; found Python 3.9.1." in told.stderr
