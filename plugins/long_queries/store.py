"""The queue, on disk: what was asked, by whom, how it went. One SQLite file, which portal and workers share.

A query that runs is locked: its worker's process holds a lock on a file of the query's name, and the system gives that up
when the process ends, however it ends. So no clock decides whether a worker is still alive, and two never run one query.
"""

import fcntl
import json
import shutil
import sqlite3
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from plugins.long_queries.settings import Limits

FORMATS = {"csv": "csv", "pandas": "pkl", "numpy": "pkl"}
MOST_ATTEMPTS = 2
MEGABYTE = 1_000_000
CANCELLED = "You cancelled this query."
LOST_TWICE = "The worker was stopped twice while it ran this query."

TABLE = """
    create table if not exists queries (
        id text primary key,
        owner text not null,
        queries text not null,
        subdicts text not null,
        format text not null,
        submitted real not null,
        started real,
        finished real,
        error text,
        rows integer,
        bytes integer not null default 0,
        attempts integer not null default 0,
        is_cancelled integer not null default 0
    );
    create index if not exists queries_of on queries (owner, submitted);
    create index if not exists queries_unfinished on queries (submitted) where finished is null;
"""


class Refused(Exception):
    """A query that isn't taken; one sentence for whoever submitted it."""


@dataclass(frozen=True)
class Query:
    """Times are seconds since 1970. A query with an `error` is finished, too."""

    id: str
    owner: str
    queries: list[str]
    subdicts: list[dict[str, Any]]
    format: str
    submitted: float
    started: float | None
    finished: float | None
    error: str | None
    rows: int | None
    bytes: int
    attempts: int
    is_cancelled: bool

    @property
    def status(self) -> str:
        if self.error is not None:
            return "error"
        return "finished" if self.finished else "started" if self.started else "queued"


class Store:
    """Every method opens the file anew: portal threads and forked workers need not care."""

    def __init__(self, state: Path, limits: Limits) -> None:
        self.limits = limits
        self._file = state / "long_queries.sqlite"
        self.results = state / "results"
        self.results.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._connected() as connection:
            connection.execute("pragma journal_mode = wal")
            connection.executescript(TABLE)

    def result(self, query: Query) -> Path:
        return self.results / f"{query.id}.{FORMATS[query.format]}"

    # For the portal

    def submit(self, owner: str, queries: Sequence[str], subdicts: Sequence[dict[str, Any]], format: str) -> str:
        """The new query's id. Raises Refused."""
        limits, number = self.limits, str(uuid.uuid4())
        with self._changing() as connection:
            unfinished = _one(connection, "select count(*) from queries where owner = ? and finished is null", owner)
            if unfinished >= limits.unfinished_per_user:
                raise Refused(f"{unfinished} of your queries wait or run; the limit is {limits.unfinished_per_user}.")
            if _one(connection, "select sum(bytes) from queries where owner = ?", owner) >= limits.user_mb * MEGABYTE:
                raise Refused(f"Your results take more than {limits.user_mb} MB; delete some of them first.")
            if _one(connection, "select sum(bytes) from queries") >= limits.total_mb * MEGABYTE:
                raise Refused(f"All results together take more than {limits.total_mb} MB; try again when some have gone.")
            connection.execute(
                "insert into queries (id, owner, queries, subdicts, format, submitted) values (?, ?, ?, ?, ?, ?)",
                (number, owner, json.dumps(list(queries)), json.dumps(list(subdicts)), format, time.time()),
            )
        return number

    def find(self, owner: str, number: str) -> Query | None:
        """Somebody else's query isn't there."""
        return next(iter(self._select("where owner = ? and id = ?", owner, number)), None)

    def all_of(self, owner: str) -> list[Query]:
        """The latest first."""
        return self._select("where owner = ? order by submitted desc, id", owner)

    def cancel(self, owner: str, number: str) -> bool:
        """False where it isn't there or is finished. One that runs is stopped by its worker, within a second."""
        with self._changing() as connection:
            connection.execute(
                "update queries set finished = ?, error = ?"
                " where owner = ? and id = ? and started is null and finished is null",
                (time.time(), CANCELLED, owner, number),
            )
            changed = _one(connection, "select changes()")
            connection.execute(
                "update queries set is_cancelled = 1 where owner = ? and id = ? and finished is null", (owner, number)
            )
            return bool(changed + _one(connection, "select changes()"))

    def delete(self, owner: str, number: str) -> bool:
        """A finished query and its result; False where there is none."""
        query = self.find(owner, number)
        if query is None or query.finished is None:
            return False
        self._remove(query)
        return True

    # For the worker

    @contextmanager
    def claimed(self) -> Iterator[tuple[Query, TextIO] | None]:
        """The next query, started, with the lock that makes it ours: whoever is to run it keeps the file open."""
        for query in self._select("where finished is null order by submitted, id"):
            lock = self._lock(query.id)
            if lock is None:
                continue
            with lock:
                if taken := self._take(query.id):
                    yield taken, lock
                    return
        yield None

    def finish(self, number: str, *, rows: int | None = None, size: int = 0, error: str | None = None) -> None:
        with self._changing() as connection:
            connection.execute(
                "update queries set finished = ?, rows = ?, bytes = ?, error = ? where id = ? and finished is null",
                (time.time(), rows, size, error, number),
            )

    def put_back(self, number: str) -> None:
        """The worker is stopping: the next one begins again, and this doesn't count as an attempt."""
        with self._changing() as connection:
            connection.execute(
                "update queries set started = null, attempts = attempts - 1 where id = ? and finished is null", (number,)
            )

    def get(self, number: str) -> Query | None:
        return next(iter(self._select("where id = ?", number)), None)

    def sweep(self) -> None:
        """Take away what is older than it may be, and files that belong to no query."""
        for query in self._select("where finished < ?", time.time() - self.limits.kept_days * 86400):
            self._remove(query)
        known = {query.id for query in self._select("")}
        for path in self.results.iterdir():
            if path.name.partition(".")[0] not in known:
                _remove_path(path)

    def clean(self, number: str) -> None:
        """What a process that was killed left half written."""
        for suffix in (".draft", ".parts"):
            _remove_path(self.results / (number + suffix))

    def draft(self, query: Query) -> Path:
        """Where the result is written; it gets its name when it is whole."""
        return self.results / f"{query.id}.draft"

    def size(self, query: Query) -> int:
        """Of all that a running query has written, in bytes."""
        parts = self.results / f"{query.id}.parts"
        files = [self.draft(query), *(parts.iterdir() if parts.is_dir() else ())]
        return sum(file.stat().st_size for file in files if file.exists())

    # Inside

    def _take(self, number: str) -> Query | None:
        """Called with the lock: nobody else runs it, whatever its row says."""
        with self._changing() as connection:
            connection.execute(
                "update queries set finished = ?, error = ? where id = ? and finished is null and attempts >= ?",
                (time.time(), LOST_TWICE, number, MOST_ATTEMPTS),
            )
            connection.execute(
                "update queries set finished = ?, error = ? where id = ? and finished is null and is_cancelled",
                (time.time(), CANCELLED, number),
            )
            connection.execute(
                "update queries set started = ?, attempts = attempts + 1 where id = ? and finished is null",
                (time.time(), number),
            )
            taken = bool(_one(connection, "select changes()"))
        return self.get(number) if taken else None

    def _lock(self, number: str) -> TextIO | None:
        file = (self.results / f"{number}.lock").open("a")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return None
        return file

    def _remove(self, query: Query) -> None:
        with self._changing() as connection:
            connection.execute("delete from queries where id = ?", (query.id,))
        for path in self.results.glob(f"{query.id}.*"):
            _remove_path(path)

    def _select(self, condition: str, *values: object) -> list[Query]:
        with self._connected() as connection:
            connection.row_factory = sqlite3.Row
            return [_query(row) for row in connection.execute(f"select * from queries {condition}", values)]

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._file, timeout=30, isolation_level=None)) as connection:
            yield connection

    @contextmanager
    def _changing(self) -> Iterator[sqlite3.Connection]:
        with self._connected() as connection:
            connection.execute("begin immediate")
            yield connection
            connection.execute("commit")


def _remove_path(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    with suppress(OSError):
        path.unlink(missing_ok=True)


def _one(connection: sqlite3.Connection, sql: str, *values: object) -> int:
    return int(connection.execute(sql, values).fetchone()[0] or 0)


def _query(row: sqlite3.Row) -> Query:
    values = dict(row)
    return Query(
        **{
            **values,
            "queries": json.loads(values["queries"]),
            "subdicts": json.loads(values["subdicts"]),
            "is_cancelled": bool(values["is_cancelled"]),
        }
    )
