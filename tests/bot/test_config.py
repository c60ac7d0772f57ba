import os
from pathlib import Path

import pytest

from bot.config import Config, ConfigError, load


def write(folder: Path, text: str) -> Path:
    path = folder / "config.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_with_nothing_at_all_the_defaults_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    config = load(environ={})
    assert config == Config()
    assert config.embedded
    assert str(config.storage_place()) == "data/gateway.db"


def test_a_database_elsewhere_comes_from_the_environment_and_its_password_is_never_shown() -> None:
    url = "postgresql://me:private@db.example/rolekey"
    config = load(environ={"ROLEKEY__GATEWAY__STORAGE": url})
    assert config.storage_place() == url
    assert "private" not in repr(config)
    assert "private" not in str(config.gateway)
    with pytest.raises(ConfigError, match="no address of a database") as caught:
        load(environ={"ROLEKEY__GATEWAY__STORAGE": f" {url}"})
    assert "private" not in str(caught.value)


def test_the_file_beside_one_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "data_dir = 'elsewhere'")
    monkeypatch.chdir(tmp_path)
    assert load(environ={}).data_dir == Path("elsewhere")


def test_the_environment_overrides_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, "[gateway]\nport = 1\nhost = '::1'\n[access]\neveryone = 'none'")
    config = load(path, {"ROLEKEY__GATEWAY__PORT": "9000", "ROLEKEY__ACCESS__PLUS_ROLES": '["Supporters", 42]'})
    assert (config.gateway.port, config.gateway.host) == (9000, "::1")
    assert config.access.plus_roles == ["Supporters", 42]
    assert config.access.everyone == "none"


def test_secrets_come_from_dotenv_and_the_environment_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("DISCORD_TOKEN=from-file\nMY_KEY=provider\n")
    path = write(tmp_path, "[[gateway.accounts]]\nname='a'\ntier='free'\nmodel='m'\napi_key_env='MY_KEY'")
    monkeypatch.chdir(tmp_path)
    for name in ("DISCORD_TOKEN", "MY_KEY", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    assert load(path).secrets.discord_token == "from-file"
    assert load(path).secrets.accounts == {"MY_KEY": "provider"}
    monkeypatch.setitem(os.environ, "DISCORD_TOKEN", "from-environment")
    assert load(path).secrets.discord_token == "from-environment"


def test_a_secret_is_never_shown(tmp_path: Path) -> None:
    config = load(
        write(tmp_path, ""), {"DISCORD_TOKEN": "hunter2", "ROLEKEY_SECRET": "hunter2", "OPENAI_API_KEY": "hunter2"}
    )
    assert "hunter2" not in repr(config)
    assert "hunter2" not in str(config)


def test_signing_in_with_discord_takes_its_secret_from_the_variable_that_the_settings_name(tmp_path: Path) -> None:
    text = (
        "[gateway]\npublic_url='https://x.example'\n[gateway.discord_sign_in]\nclient_id='1'\nclient_secret_env='MINE'"
    )
    with pytest.raises(ConfigError, match=r"MINE is missing: \[gateway.discord_sign_in\] needs it"):
        load(write(tmp_path, text), {})
    config = load(write(tmp_path, text), {"MINE": "hunter2"})
    assert config.secrets.discord_client_secret == "hunter2"
    assert "hunter2" not in repr(config)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[gateway\nport = 1", "is not valid TOML: .*line 1"),
        ("[gateway]\nprot = 1", r"unknown setting prot in \[gateway\]; did you mean port\?"),
        ("[discord]\ntoken = 'x'", r"unknown setting token in \[discord\]; secrets go into .env"),
        ("colour = 1", "unknown setting colour in the top level; config.example.toml"),
        ("[secrets]\ndiscord_token = 'x'", "secrets do not belong in this file"),
        ("[gateway]\nport = 70000", r"\[gateway\] port: expected `int` <= 65535"),
        ("[gateway]\ntrusted_proxies = ['nginx']", r"gateway: trusted_proxies takes addresses and networks"),
        ("[gateway.discord_sign_in]\nclient_id = '1'", r"gateway: discord_sign_in needs public_url"),
        ("[gateway.discord_sign_in]\ntoken_url = 'x'", r"\[gateway.discord_sign_in\] token_url: "),
        ("[access]\neveryone = 'gold'", r"\[access\] everyone: invalid enum value 'gold'"),
        ("[gateway]\nstorage = 'mysql://x'", r"storage is no address of a database; write sqlite:///PATH"),
        (
            "[[gateway.accounts]]\nname='a'\ntier='free'\nmodel='m'\n[[gateway.accounts]]\nname='a'\ntier='plus'\nmodel='m'",
            "two accounts are named a",
        ),
        ("[[gateway.accounts]]\nname='a'\ntier='gold'\nmodel='m'", r"accounts\[0\]\] tier|accounts\[\.\.\.\]\] tier"),
        ("[[gateway.accounts]]\nname='a'\ntier='free'\nmodle='m'", "did you mean model"),
        ("\x00", "is not valid TOML"),
    ],
)
def test_what_cannot_be_used_is_named_with_what_to_write_instead(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        load(write(tmp_path, text), {})
    assert str(caught.value).startswith(str(tmp_path))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no such file; copy config.example.toml"):
        load(tmp_path / "nope.toml", {})


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("ROLEKEY__GATEWAY__ACCOUNTS", "[{", "ROLEKEY__GATEWAY__ACCOUNTS: looks like a list"),
        ("ROLEKEY__DATA_DIR__X", "1", "data_dir"),
        ("ROLEKEY__GATEWAY__PROT", "1", "did you mean port"),
    ],
)
def test_the_environment_is_checked_as_the_file_is(tmp_path: Path, name: str, value: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        load(write(tmp_path, "data_dir = 'x'"), {name: value})
