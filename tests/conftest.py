"""What every room's tests may ask for."""

import os
import shutil
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.gateway.engines import PLACES
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


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """What asks for `either_engine` runs on each, unless it is marked `sqlite`.

    With ROLEKEY_TEST_ENGINE=postgres everything else runs on PostgreSQL too, but for what is about files.
    """
    if "either_engine" in metafunc.fixturenames:
        engines = ["sqlite"] if metafunc.definition.get_closest_marker("sqlite") else ["sqlite", "postgres"]
        metafunc.parametrize("either_engine", engines, indirect=True)


@pytest.fixture
def either_engine(request: pytest.FixtureRequest) -> Generator[str]:
    """The engine that this test's gateways and bots keep their data in: first SQLite, then PostgreSQL."""
    server: PostgresServer | None = None
    if request.param == "postgres":
        server = request.getfixturevalue("postgres")
    PLACES.use(server)
    yield request.param
    PLACES.leave()


@pytest.fixture(autouse=True)
def engine_of_the_run(request: pytest.FixtureRequest) -> Generator[None]:
    """SQLite, or what ROLEKEY_TEST_ENGINE says; `either_engine` decides for itself."""
    elsewhere = os.environ.get("ROLEKEY_TEST_ENGINE") == "postgres" and not request.node.get_closest_marker("sqlite")
    if not elsewhere or "either_engine" in request.fixturenames:
        yield
        return
    PLACES.use(request.getfixturevalue("postgres"))
    yield
    PLACES.leave()
