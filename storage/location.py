"""Where a database is: `sqlite:///PATH` or `postgresql://USER:PASSWORD@HOST/DATABASE`."""

from pathlib import Path
from urllib.parse import parse_qsl, urlsplit, urlunsplit

_POSTGRES = ("postgresql://", "postgres://")
_SQLITE = "sqlite:///"


def is_postgres(url: str) -> bool:
    """Whether this is the address of a PostgreSQL database
    (https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS)."""
    return url.startswith(_POSTGRES)


def sqlite_path(url: str) -> Path | None:
    """The file that a `sqlite:///PATH` names, else None."""
    path = url.removeprefix(_SQLITE)
    return Path(path) if path and path != url else None


def without_password(url: str) -> str:
    """The address of a database as it may be shown and logged."""
    if not is_postgres(url):
        path = sqlite_path(url)
        return url if path is None else str(path)
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    shown = [f"host={value}" for name, value in parse_qsl(parts.query) if name == "host"]
    return urlunsplit(("postgresql", user.partition(":")[0] + at + host, parts.path, "&".join(shown), ""))
