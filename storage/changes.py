"""Whether somebody has written to a SQLite file since the last look, for a hundredth of the price of a query.

So a loop that waits for news can look often without keeping the process busy, and without a caller's answer waiting
behind it.
"""

import sqlite3
from pathlib import Path


class Changes:
    """One look-out of one loop, always used on the same thread. It has a connection of its own: SQLite counts for each
    connection what the *others* have committed, in this process or another.

    Without a path (PostgreSQL) there is always news.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._version: int | None = None

    def any(self) -> bool:
        """Whether there may be news since the last time this was asked; the first time, and whenever it cannot be
        told, there is. What was committed before the call is seen by whoever reads after it."""
        if self._path is None:
            return True
        before = self._version
        try:
            self._version = self._read_version(self._path)
        except sqlite3.Error:  # no file yet, or no database any more: reading it says what is wrong
            self.close()
            return True
        return self._version != before

    def close(self) -> None:
        connection, self._connection, self._version = self._connection, None, None
        if connection is not None:
            connection.close()

    def _read_version(self, path: Path) -> int:
        if self._connection is None:
            # Never made here: a new file is its writers' business. And never waited for: this is not worth a delay.
            self._connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=0)
        # All rows are fetched, for an open cursor would hold back the cleaning of the write-ahead log.
        [(version,)] = self._connection.execute("PRAGMA data_version").fetchall()
        return int(version)
