"""ZIP files that are as large as Discord takes them, and as many as it needs."""

import zipfile
import zlib
from pathlib import Path

_ENTRY_BYTES = 30 + 46  # the headers of an entry, https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
_END_BYTES = 22
_SLACK_BYTES = 1024


class Archive:
    """Writes them into a folder, one after the other. Not for two threads at once; nothing of it needs the event loop.

    `most_bytes` is what one of them may have.
    """

    def __init__(self, folder: Path, name: str, most_bytes: int) -> None:
        self._folder = folder
        self._name = name
        self._room = most_bytes - _END_BYTES - _SLACK_BYTES
        self._used = 0
        self._names = set[str]()
        self._file: zipfile.ZipFile | None = None
        self.parts: list[Path] = []

    def add(self, name: str, data: bytes) -> None:
        """Add a file; one that is too large for a whole archive is cut into `name.001`, `name.002` and so on."""
        name = self._free(name)
        self._names.add(name)
        cost = _ENTRY_BYTES + 2 * len(name.encode()) + len(zlib.compress(data))
        if cost > self._room:
            piece = self._room - _ENTRY_BYTES - 2 * len(name.encode()) - _SLACK_BYTES - self._room // 100
            for number, start in enumerate(range(0, len(data), piece), start=1):
                self.add(f"{name}.{number:03}", data[start : start + piece])
            return
        if self._file is None or self._used + cost > self._room:
            self._begin()
        assert self._file is not None  # noqa: S101  _begin made it
        self._file.writestr(name, data)
        self._used += cost

    def close(self) -> list[Path]:
        """Finish the last one; all of them, in order."""
        if self._file is not None:
            self._file.close()
            self._file = None
        return self.parts

    def _begin(self) -> None:
        self.close()
        path = self._folder / f"{self._name}-{len(self.parts) + 1}.zip"
        self._file = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED)
        self._used = 0
        self.parts.append(path)

    def _free(self, name: str) -> str:
        """The name, with a number where there is such a file already."""
        stem, dot, suffix = name.rpartition(".") if "." in name.rpartition("/")[2] else (name, "", "")
        number, free = 1, name
        while free in self._names:
            number += 1
            free = f"{stem}-{number}{dot}{suffix}"
        return free
