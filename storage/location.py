"""Where a database is: `sqlite:///PATH` or `postgresql://USER:PASSWORD@HOST/DATABASE`."""

from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

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


def place_of(url: str) -> Path | str | None:
    """The file or the PostgreSQL database that an address names; none where it names neither."""
    return url if is_postgres(url) else sqlite_path(url)


def without_password(url: str) -> str:
    """The address of a database as it may be shown and logged; of what is no address, next to nothing."""
    if not is_postgres(url):
        return str(sqlite_path(url) or "…")
    parts = urlsplit(url)
    if "@" in parts.path + parts.query + parts.fragment:
        return "postgresql://…"  # a password that was not written with %40 and the like has spilled over
    user, at, host = parts.netloc.rpartition("@")
    hosts = [f"?host={value}" for name, value in parse_qsl(parts.query) if name == "host"]
    return f"postgresql://{user.partition(':')[0]}{at}{host}{parts.path}{''.join(hosts[:1])}"
