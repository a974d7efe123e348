"""The file: an SQLite database that this process alone writes. Every question names its owner; saved queries have an id."""

import json
import secrets
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

from .settings import Settings

FILE = "query_history.sqlite"
MOST_TITLE = 200
TABLES = """
    create table if not exists history (
        id integer primary key,
        owner text not null,
        database text not null,
        sql text not null,
        parameters text not null,
        asked real not null,
        times integer not null default 1,
        unique (owner, database, sql, parameters)
    );
    create index if not exists history_of on history (owner, asked);
    create table if not exists saved (
        id text primary key,
        owner text not null,
        title text not null,
        database text not null,
        sql text not null,
        parameters text not null,
        saved real not null
    );
    create index if not exists saved_of on saved (owner, saved);
"""


class Refused(Exception):
    """What isn't kept; one sentence for whoever asked."""


@dataclass(frozen=True)
class Query:
    """SQL as it was typed, with the values of its parameters."""

    database: str
    sql: str
    parameters: dict[str, str]


@dataclass(frozen=True)
class Remembered:
    """`at` is in seconds since 1970: when it was last asked, or saved. What is saved has a title."""

    id: str
    owner: str
    query: Query
    at: float
    times: int = 1
    title: str = ""


class Store:
    """Every method opens the file anew, so that threads needn't care."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        settings.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = settings.folder / FILE
        self._file.touch(mode=0o600)
        with self._connected() as connection:
            connection.execute("pragma journal_mode = wal")
            connection.executescript(TABLES)

    def remember(self, owner: str, query: Query) -> None:
        """Once more or anew; the oldest go. What is too long is left out."""
        if len(query.sql) > self.settings.most_characters:
            return
        values = (owner, query.database, query.sql, _text(query.parameters), time.time())
        with self._changing() as connection:
            connection.execute(
                "insert into history (owner, database, sql, parameters, asked) values (?, ?, ?, ?, ?)"
                " on conflict (owner, database, sql, parameters) do update set asked = excluded.asked, times = times + 1",
                values,
            )
            connection.execute(
                "delete from history where owner = ? and id not in"
                " (select id from history where owner = ? order by asked desc, id desc limit ?)",
                (owner, owner, self.settings.remembered),
            )

    def history(self, owner: str) -> list[Remembered]:
        """The latest first."""
        sql = "select * from history where owner = ? order by asked desc, id desc"
        return [
            Remembered(str(row["id"]), row["owner"], _query(row), row["asked"], times=row["times"])
            for row in self._rows(sql, owner)
        ]

    def forget(self, owner: str, number: str | None) -> int:
        """One entry of the history, or all; how many went."""
        with self._changing() as connection:
            if number is None:
                return connection.execute("delete from history where owner = ?", (owner,)).rowcount
            return connection.execute("delete from history where owner = ? and id = ?", (owner, number)).rowcount

    def save(self, owner: str, title: str, query: Query) -> str:
        """The new id, which nobody can guess. Raises Refused."""
        title = " ".join(title.split())
        if not title or len(title) > MOST_TITLE:
            raise Refused(f"A saved query needs a title, of at most {MOST_TITLE} characters.")
        if not query.sql.strip() or len(query.sql) > self.settings.most_characters:
            raise Refused(f"The SQL must have 1 to {self.settings.most_characters:,} characters.")
        identity = secrets.token_urlsafe(12)
        with self._changing() as connection:
            [count] = connection.execute("select count(*) from saved where owner = ?", (owner,)).fetchone()
            if count >= self.settings.saved:
                raise Refused(f"You have saved {count} queries, which is the limit; delete some first.")
            connection.execute(
                "insert into saved (id, owner, title, database, sql, parameters, saved) values (?, ?, ?, ?, ?, ?, ?)",
                (identity, owner, title, query.database, query.sql, _text(query.parameters), time.time()),
            )
        return identity

    def saved_of(self, owner: str) -> list[Remembered]:
        """The latest first."""
        return [_saved(row) for row in self._rows("select * from saved where owner = ? order by saved desc, id", owner)]

    def find(self, identity: str) -> Remembered | None:
        """Anybody's saved query, by its link."""
        return next((_saved(row) for row in self._rows("select * from saved where id = ?", identity)), None)

    def delete(self, owner: str, identity: str) -> bool:
        """Somebody else's stays."""
        with self._changing() as connection:
            return connection.execute("delete from saved where owner = ? and id = ?", (owner, identity)).rowcount > 0

    def _rows(self, sql: str, *values: object) -> list[sqlite3.Row]:
        with self._connected() as connection:
            connection.row_factory = sqlite3.Row
            return connection.execute(sql, values).fetchall()

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


def _query(row: Any) -> Query:
    return Query(row["database"], row["sql"], json.loads(row["parameters"]))


def _saved(row: Any) -> Remembered:
    return Remembered(row["id"], row["owner"], _query(row), row["saved"], title=row["title"])


def _text(parameters: dict[str, str]) -> str:
    return json.dumps(parameters, sort_keys=True, ensure_ascii=False)
