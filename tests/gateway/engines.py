"""Which database a gateway of the tests has: an SQLite file in its folder, or one on a real PostgreSQL."""

from pathlib import Path

from tests.postgres import PostgresServer


class Places:
    """Gateways with the same folder have the same database."""

    def __init__(self) -> None:
        self._server: PostgresServer | None = None
        self._urls = dict[Path, str]()

    def use(self, server: PostgresServer | None) -> None:
        """Give what follows databases on this server; without one SQLite files."""
        self._server = server

    def storage(self, folder: Path) -> str:
        """What to write as `[gateway] storage`."""
        if self._server is None:
            return ""
        if folder not in self._urls:
            self._urls[folder] = self._server.empty_database()
        return self._urls[folder]

    def store(self, folder: Path) -> Path | str:
        """Where a bot has its store: on PostgreSQL in the same database as its gateway."""
        return self.storage(folder) or folder / "bot.db"

    def leave(self) -> None:
        """Empty every database that was used."""
        while self._urls and self._server is not None:
            self._server.put_back(self._urls.popitem()[1])
        self._server = None


# One for the run: `config_in` is called by hundreds of tests that do not care.
PLACES = Places()
