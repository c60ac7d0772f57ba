"""Loads the settings of the whole program: a TOML file, then the environment; secrets from the environment or `.env`.

Nothing here is read at import. `load` is called once, by whoever starts the program.
"""

import difflib
import json
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, cast

import msgspec
from dotenv import dotenv_values

from bot.shards import Shards
from gateway.config import Config as GatewayPart
from gateway.config import Count, Positive, Secrets, Section, named_place
from storage.location import without_password

DEFAULT_FILE = Path("config.toml")
PREFIX = "ROLEKEY__"
RoleName = str | int


class ConfigError(Exception):
    """The settings cannot be used; the message names the setting and what to write instead."""


class Discord(Section, frozen=True, kw_only=True):
    """`[discord]`. The two privileged intents are used where the application has them, unless told otherwise."""

    api_url: Annotated[str, msgspec.Meta(pattern=r"^https?://.+[^/]$")] = "https://discord.com/api/v10"
    cdn_url: Annotated[str, msgspec.Meta(pattern=r"^https?://.+[^/]$")] = "https://cdn.discordapp.com"
    message_content: bool | Literal["auto"] = "auto"
    guild_members: bool | Literal["auto"] = "auto"
    shards: str = ""

    def own_shards(self) -> Shards:
        """Which shards this process runs. Raises `ValueError` where `shards` names none."""
        try:
            return Shards.parse(self.shards)
        except ValueError as error:
            raise ValueError(f"[discord] shards: {error}") from None


class Access(Section, frozen=True, kw_only=True):
    """`[access]`: who has which tier before anyone used `/access`. Roles by id or by name, SKUs by id."""

    plus_roles: list[RoleName] = []
    plus_skus: list[int] = []
    free_roles: list[RoleName] = []
    everyone: Literal["plus", "free", "none"] = "free"


class Keys(Section, frozen=True, kw_only=True):
    """`[keys]`: a member's key is a lease."""

    lease_days: Annotated[float, msgspec.Meta(gt=0, le=3650)] = 30.0
    renew_when_left: Annotated[float, msgspec.Meta(gt=0, lt=1)] = 0.5
    sweep_minutes: Annotated[float, msgspec.Meta(ge=1, le=1440)] = 60.0


class Answers(Section, frozen=True, kw_only=True):
    """`[answers]`: how an answer appears on Discord."""

    place: Literal["thread", "channel"] = "thread"
    elsewhere: bool = False
    edit_interval_seconds: Positive = 1.2
    max_messages: Count = 6
    thread_archive_minutes: Literal[60, 1440, 4320, 10080] = 1440
    grace_seconds: Annotated[float, msgspec.Meta(ge=0)] = 20.0
    gateway_patience_seconds: Annotated[float, msgspec.Meta(ge=0, le=600)] = 20.0
    footer: Literal["off", "short", "full"] = "off"


class Config(GatewayPart, frozen=True, kw_only=True):
    """Every setting there is."""

    storage: str = ""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["human", "json"] = "human"
    discord: Discord = Discord()
    access: Access = Access()
    keys: Keys = Keys()
    answers: Answers = Answers()

    @property
    def embedded(self) -> bool:
        """Whether the gateway runs inside this process."""
        return not self.gateway.url

    def store_place(self) -> Path | str:
        """Where the bot's database is, as `storage_place` says of the gateway's. Raises `ValueError`."""
        return named_place(self.storage, "storage", self.data_dir / "bot.db")

    def __repr__(self) -> str:
        return f"Config(storage={without_password(self.storage)!r}, …)"


def load(path: Path | str | None = None, environ: Mapping[str, str] | None = None) -> Config:
    """Read the settings from `path` (default: `config.toml` where present), the environment and `.env`.

    Raises `ConfigError`.
    """
    if environ is None:
        dotenv = {name: value for name, value in dotenv_values(".env").items() if value is not None}
        environ = {**dotenv, **os.environ}
    source, values = _read_file(path)
    if "secrets" in values:
        raise ConfigError(f"{source}: secrets do not belong in this file; put them in .env or the environment")
    _overlay(values, environ)
    try:
        config = msgspec.convert(values, Config, strict=False, dec_hook=_decode_path)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{source}: {_explain(str(error))}") from None
    _check(config, source)
    secrets = _secrets(config, environ)
    door = config.gateway.discord_sign_in
    if door.client_id and config.embedded and not secrets.discord_client_secret:
        raise ConfigError(
            f"{door.client_secret_env} is missing: [gateway.discord_sign_in] needs it; copy the client secret from the "
            "application's OAuth2 page into .env"
        )
    return msgspec.structs.replace(config, secrets=secrets)


def _read_file(path: Path | str | None) -> tuple[str, dict[str, Any]]:
    if path is None and not DEFAULT_FILE.exists():
        return "environment", {}
    file = Path(path) if path is not None else DEFAULT_FILE
    try:
        return str(file), tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{file}: there is no such file; copy config.example.toml to begin with") from None
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{file}: is not UTF-8 text") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file}: is not valid TOML: {error}") from None


def _overlay(values: dict[str, Any], environ: Mapping[str, str]) -> None:
    """Put every `ROLEKEY__SECTION__NAME` over what the file says. Lists and tables are written as JSON."""
    for name, text in environ.items():
        if not name.startswith(PREFIX):
            continue
        *sections, setting = name.removeprefix(PREFIX).lower().split("__")
        table = values
        for section in sections:
            inner = table.setdefault(section, {})
            if not isinstance(inner, dict):
                raise ConfigError(f"{name}: {'.'.join(sections)} is not a table of settings")
            table = cast("dict[str, Any]", inner)
        table[setting] = _parse(name, text)


def _parse(name: str, text: str) -> Any:
    if not text.lstrip().startswith(("[", "{")):
        return text
    try:
        return json.loads(text)
    except ValueError:
        raise ConfigError(f"{name}: looks like a list or table, but is not valid JSON") from None


def _decode_path(kind: type[Any], value: Any) -> Any:
    if kind is Path and isinstance(value, str) and value and "\0" not in value:
        return Path(value)
    raise ValueError("Expected a path")


_AT = re.compile(r"^(?P<what>.*?)(?: - at `\$\.?(?P<where>.*)`)?$", re.DOTALL)
_UNKNOWN = re.compile(r"^Object contains unknown field `(?P<name>.*)`$")


def _explain(message: str) -> str:
    """Say msgspec's complaint in the file's own terms."""
    match = _AT.match(message)
    what, where = (match["what"], match["where"] or "") if match else (message, "")
    unknown = _UNKNOWN.match(what)
    if unknown is None:
        section, _, setting = where.rpartition(".")
        return f"{f'[{section}] ' if section else ''}{setting}: {what[:1].lower()}{what[1:]}"
    name = unknown["name"]
    place = f"[{where}]" if where else "the top level"
    close = difflib.get_close_matches(name, _setting_names(where), n=1)
    if close:
        hint = f"did you mean {close[0]}?"
    elif any(word in name for word in ("token", "secret", "key", "password")):
        hint = "secrets go into .env or the environment"
    else:
        hint = "config.example.toml lists every setting"
    return f"unknown setting {name} in {place}; {hint}"


def _setting_names(where: str) -> list[str]:
    """The names of the settings in a section such as `gateway.accounts[...]`."""
    kind: Any = msgspec.inspect.type_info(Config)
    for part in filter(None, re.sub(r"\[.*?\]", "", where).split(".")):
        field = next((field for field in kind.fields if field.encode_name == part), None)
        if field is None:
            return []
        kind = getattr(field.type, "item_type", field.type)
        if not hasattr(kind, "fields"):
            return []
    return [field.encode_name for field in kind.fields if field.encode_name != "secrets"]


def _check(config: Config, source: str) -> None:
    names = [account.name for account in config.gateway.accounts]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"{source}: two accounts are named {name}; give each [[gateway.accounts]] its own name")
    try:
        config.storage_place()
        config.store_place()
        config.discord.own_shards()
    except ValueError as error:
        raise ConfigError(f"{source}: {error}") from None


def _secrets(config: Config, environ: Mapping[str, str]) -> Secrets:
    wanted = {"OPENAI_API_KEY", *(account.api_key_env for account in config.gateway.accounts)} - {""}
    return Secrets(
        discord_token=environ.get("DISCORD_TOKEN", "").strip(),
        client_key=environ.get("ROLEKEY_CLIENT_KEY", "").strip(),
        secret=environ.get("ROLEKEY_SECRET", "").strip(),
        discord_client_secret=environ.get(config.gateway.discord_sign_in.client_secret_env, "").strip(),
        accounts={name: value for name in sorted(wanted) if (value := environ.get(name, "").strip())},
    )
