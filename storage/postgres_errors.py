"""PostgreSQL's errors in our words.

None is chained: what the server says may quote the row, and rows hold what people wrote.
"""

from collections.abc import Generator
from contextlib import contextmanager

import asyncpg

from storage.errors import (
    BrokenConstraint,
    Duplicate,
    MissingReference,
    StorageBusy,
    StorageCollision,
    StorageError,
    StorageReadOnly,
    StorageUnreachable,
)

# https://www.postgresql.org/docs/current/errcodes-appendix.html
_WORDS: dict[str, tuple[type[StorageError], str]] = {
    "22000": (StorageError, "was sent a value that does not fit its column"),
    "28000": (StorageError, "refuses this user; check the user in [gateway] storage"),
    "28P01": (StorageError, "refuses this user or password; check both in [gateway] storage"),
    "3D000": (StorageError, "does not exist; create it, or name another one in [gateway] storage"),
    "42501": (StorageError, "does not allow this user to do that; make the user its owner"),
    "25006": (StorageReadOnly, "takes no changes; name the primary server, not a standby"),
    "53100": (StorageReadOnly, "cannot grow: the server's disk is full"),
    "53200": (StorageBusy, "has no memory left; try again later"),
    "53300": (StorageBusy, "has no connection left; raise the server's max_connections"),
    "55P03": (StorageBusy, "is locked; wait and try again"),
    "57014": (StorageBusy, "took too long; try again"),
    "40001": (StorageCollision, "is busy: changes kept colliding; try again"),
    "40P01": (StorageCollision, "is busy: changes kept colliding; try again"),
}
_LOST = "cannot be reached; check that the server runs, and its host and port in [gateway] storage"

_CONSTRAINTS: dict[str, type[BrokenConstraint]] = {"23505": Duplicate, "23503": MissingReference}


@contextmanager
def translated(name: str) -> Generator[None]:
    """Turn what asyncpg raises into ours."""
    try:
        yield
    except asyncpg.PostgresError as error:
        raise _in_words(error, name) from None
    except TimeoutError:
        raise StorageBusy(f"the database {name} did not answer in time; try again") from None
    except (asyncpg.InterfaceError, asyncpg.InternalClientError, OSError):
        raise StorageUnreachable(f"the database {name} {_LOST}") from None


def _in_words(error: asyncpg.PostgresError, name: str) -> Exception:
    state = str(getattr(error, "sqlstate", "") or "")
    if state.startswith("23"):
        constraint = getattr(error, "constraint_name", None) or getattr(error, "column_name", None) or state
        return _CONSTRAINTS.get(state, BrokenConstraint)(f"broken constraint: {constraint}")
    if isinstance(error, asyncpg.InvalidCachedStatementError | asyncpg.OutdatedSchemaCacheError):
        return StorageCollision(f"the database {name} has a new schema; try again")
    kind, words = _WORDS.get(state, (None, ""))
    if kind is not None:
        return kind(f"the database {name} {words}")
    if state.startswith(("08", "57P")):
        return StorageUnreachable(f"the database {name} {_LOST}")
    # The statement is ours and quotes nobody; anything else might.
    detail = f": {getattr(error, 'message', '')}" if state.startswith("42") else ""
    return StorageError(f"the database {name} failed with SQLSTATE {state}{detail}")
