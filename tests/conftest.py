"""What every room's tests may ask for."""

import shutil
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.postgres import PostgresServer


@pytest.fixture(scope="session")
def postgres() -> Generator[PostgresServer]:
    """A PostgreSQL server for the whole run."""
    # Not in pytest's own folder: a server that root starts runs as another user, who must reach it.
    folder = Path(tempfile.mkdtemp(prefix="rolekey-postgres-"))
    try:
        server = PostgresServer.create(folder)
        server.start()
        yield server
        server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
