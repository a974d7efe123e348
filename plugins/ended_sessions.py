"""Sessions that were logged out before their time, on disk: a copy of the cookie is of no use, after a restart neither."""

import hashlib
import sqlite3
import time
from contextlib import closing
from pathlib import Path

TABLE = """
    create table if not exists ended (
        digest blob primary key,
        until integer not null
    ) without rowid
"""


class EndedSessions:
    """Several processes of one portal may share the file."""

    def __init__(self, state: Path) -> None:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._connection = sqlite3.connect(state / "sessions.sqlite", isolation_level=None, timeout=10)
        self._connection.execute("pragma journal_mode = wal")
        self._connection.execute(TABLE)

    def end(self, session: str, until: float) -> None:
        """`until` is when the session would have ended by itself: then there is no more need to know."""
        self._connection.execute("delete from ended where until < ?", (int(time.time()),))
        self._connection.execute("insert or replace into ended values (?, ?)", (_digest(session), int(until) + 1))

    def __contains__(self, session: str) -> bool:
        with closing(self._connection.execute("select 1 from ended where digest = ?", (_digest(session),))) as cursor:
            return cursor.fetchone() is not None

    def close(self) -> None:
        self._connection.close()


def _digest(session: str) -> bytes:
    return hashlib.sha256(session.encode()).digest()
