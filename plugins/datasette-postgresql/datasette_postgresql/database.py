"""A PostgreSQL database as Datasette sees it. It reads, and refuses to write.

`execute` is Datasette's door: SQL with `:name`, typed by a person or made by the core. `fetch`, `run` and `run_statements` are
other plugins' doors: finished PostgreSQL with psycopg2's placeholders; `prepared` is their fast one, with $1.
`execute_generated` is for this plugin's own views.
"""

import contextlib
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn, TypeVar

from datasette.database import QueryInterrupted, Results
from datasette.tracer import trace

from . import sqlite_words
from .budget import Budget
from .catalogue import Catalogue
from .counts import count_tables
from .errors import STALE_NAMES, PostgresError, TimeLimitReached, Unavailable, WriteRefused
from .grants import Role
from .keeper import Keeper
from .kept import Kept
from .lexer import has_semicolon, render
from .prepared import Prepared
from .replicas import Servers
from .schema import CatalogueDatabase
from .session import Address, Answer, Session
from .settings import DatabaseSettings
from .statements import ask_as_cursor, ask_directly, interpolated
from .streams import Streams
from .turns import PAGE, SLOW, TYPED, Job
from .values import rows_of
from .visits import in_turn
from .workers import Workers

T = TypeVar("T")
Parameters = Mapping[str, Any] | Sequence[Any] | None

LEAST_WAIT_MS = 100
MOST_CELLS = 100_000  # of an answer to typed SQL
COUNTED_ROWS = 200_000  # about 10 ms of counting; a table estimated larger isn't tried


class PostgresDatabase(CatalogueDatabase):
    """Every method of Datasette's Database that touches SQLite is replaced."""

    def __init__(self, ds: Any, settings: DatabaseSettings, name: str = "postgresql") -> None:
        super().__init__(ds, path=None, is_mutable=True, is_memory=False)
        self.name = name
        self.settings = settings
        self.address = address = Address(settings.dsn, settings.schemas, settings.connect_timeout_s)
        self._servers = Servers(address, settings, name)
        self.prepared = Prepared(address, settings.pool_size, self._limit_ms(None))
        self._keeper = Keeper(name, settings, self._read)
        self._workers = Workers(settings.pool_size, settings.typed_size, settings.queue_size, name)
        self._budget = Budget(settings.max_total_bytes)
        self.kept = Kept()
        self.streams = Streams(settings.streams, settings.stream_limit_s, name)
        self._counts: dict[str, tuple[float, int | None]] = {}

    @classmethod
    def standalone(cls, datasette: Any, name: str, dsn: str, **settings: Any) -> "PostgresDatabase":
        """A database that Datasette doesn't list, for other plugins; `settings` as in the metadata."""
        return cls(datasette, DatabaseSettings.from_config(name, {"dsn": dsn, **settings}), name)

    # Questions

    async def execute(
        self,
        sql: str,
        params: Parameters = None,
        truncate: bool = False,
        custom_time_limit: int | None = None,
        page_size: int | None = None,
        log_sql_errors: bool = True,
    ) -> Results:
        """Native PostgreSQL with `:name` (or `?` and a list). Raises PostgresError, QueryInterrupted."""
        if sqlite_words.is_core_statement(sql):
            return sqlite_words.answer(sql, params, await self.current_catalogue())
        return await self._execute(sql, params, truncate, custom_time_limit, page_size, log_sql_errors, typed=True)

    async def execute_generated(
        self,
        sql: str,
        params: Parameters = None,
        truncate: bool = False,
        custom_time_limit: int | None = None,
        page_size: int | None = None,
        log_sql_errors: bool = True,
    ) -> Results:
        """As execute, for SQL in which nothing but parameters is a person's: parallel workers may take part."""
        return await self._execute(sql, params, truncate, custom_time_limit, page_size, log_sql_errors, typed=False)

    async def fetch(
        self, query: str, params: Parameters = None, *, time_limit_ms: int | None = None, max_rows: int | None = None
    ) -> Results:
        """Finished PostgreSQL with %(name)s or %s; `truncated` says that there were more rows than `max_rows`."""
        limit_ms = self._limit_ms(time_limit_ms)

        def ask(session: Session) -> Answer:
            sql = interpolated(session, query, params)
            if max_rows is None:
                return ask_directly(session, sql, time_limit_ms=limit_ms, max_bytes=self.settings.max_bytes)
            return self._ask_as_cursor(session, [sql], limit_ms, max_rows + 1)

        return _results(await self._in_session(ask, query, params, topic=query), max_rows)

    async def run_statements(
        self, statements: Sequence[tuple[str, Mapping[str, Any] | None]], *, time_limit_ms: int | None = None
    ) -> Results:
        """Statements a person typed, psycopg2's placeholders, one transaction, rolled back; the last one's rows."""
        if not statements:
            raise PostgresError("There is no statement to run.")
        limit_ms = self._limit_ms(time_limit_ms)

        def ask(session: Session) -> Answer:
            sqls = [interpolated(session, query, params) for query, params in statements]
            return self._ask_as_cursor(session, sqls, limit_ms, None)

        return _results(await self._in_session(ask, *statements[-1], lane=TYPED, on_primary=True), None)

    async def run(self, fn: Callable[[Any], T], *, time_limit_ms: int | None = None, read_only: bool = True) -> T:
        """`fn` gets a psycopg2 connection, in a thread, inside one transaction that is always rolled back."""
        limit_ms = self._limit_ms(time_limit_ms)

        def work(job: Job) -> T:
            return self._servers.primary.with_plain(
                lambda plain: plain.run(fn, time_limit_ms=limit_ms, read_only=read_only), job
            )

        try:
            return await self._in_turn(work, lane=SLOW)
        except TimeLimitReached as error:
            raise QueryInterrupted(error, getattr(fn, "__qualname__", "run"), None) from error

    async def execute_fn(self, fn: Callable[[Any], T]) -> T:
        """As run; the core's own functions, which speak SQLite, get the catalogue instead."""
        if sqlite_words.is_core_function(fn):
            connection: Any = sqlite_words.CatalogueConnection(await self.current_catalogue())
            return await self._in_turn(lambda _: fn(connection))  # of 5,000 tables it takes most of a second
        return await self.run(fn)

    # Refusals

    def connect(self, write: bool = False) -> NoReturn:
        raise WriteRefused if write else PostgresError("A PostgreSQL database has no SQLite connection; use run().")

    async def execute_write(self, sql: str, params: Any = None, block: bool = True) -> NoReturn:
        raise WriteRefused

    async def execute_write_script(self, sql: str, block: bool = True) -> NoReturn:
        raise WriteRefused

    async def execute_write_many(self, sql: str, params_seq: Any, block: bool = True) -> NoReturn:
        raise WriteRefused

    async def execute_write_fn(self, fn: Callable[[Any], Any], block: bool = True) -> NoReturn:
        raise WriteRefused

    # What is in the database

    @property
    def catalogue(self) -> Catalogue:
        """The last one read; empty before the first."""
        return self._keeper.catalogue or Catalogue()

    async def current_catalogue(self) -> Catalogue:
        """The first caller waits; later ones get what is there, and its age may have it looked after in the background."""
        catalogue = self._keeper.catalogue
        if catalogue is None:
            return await self.refresh_catalogue()
        if self._keeper.take_turn():
            self._workers.submit(Job(lambda _: self._keeper.look_quietly(), _forget))
        return catalogue

    async def refresh_catalogue(self) -> Catalogue:
        """Read it now, if anything has changed. Raises PostgresError."""
        asked_at = time.monotonic()
        return await self._in_turn(lambda _: self._keeper.look(asked_at))

    async def examine_replicas(self) -> list[tuple[str, Role | PostgresError]]:
        """Of each its name and its role, or why that isn't known."""
        return await self._in_turn(lambda _: self._servers.examine())

    async def table_counts(self, limit: int = 10) -> dict[str, int | None]:
        """Exact where another plugin knows it or a count fits into `limit` ms, else an Estimate; kept for some seconds."""
        tables = (await self.current_catalogue()).tables
        now = time.monotonic()
        old = {name: table for name, table in tables.items() if name not in self._counts or self._counts[name][0] < now}
        for name, count in (await count_tables(self, old, limit, COUNTED_ROWS)).items():
            self._counts[name] = (now + max(30.0, self.settings.catalogue_refresh_s), count)
        return {name: self._counts[name][1] for name in tables}

    # Limits

    @property
    def max_rows(self) -> int:
        """Of one answer; a page of a table is no longer."""
        return self.settings.max_rows or int(self.ds.max_returned_rows)

    @property
    def time_limit_ms(self) -> int:
        """Of one query."""
        return self._limit_ms(None)

    def limit_ms(self, name: str) -> int:
        """`name` is a setting of the database, else Datasette's of that name."""
        return int(getattr(self.settings, name) or self.ds.setting(name))

    # Housekeeping

    def suggest_name(self) -> str:
        return str(self.name)

    def close(self) -> None:
        self.streams.close()
        self._workers.close()
        self._servers.close()
        self.prepared.close()

    def __repr__(self) -> str:
        return f"<PostgresDatabase: {self.name}>"

    # Inside

    async def _execute(
        self, sql: str, params: Parameters, truncate: bool, custom_time_limit: int | None, page_size: int | None,
        log_sql_errors: bool, *, typed: bool,
    ) -> Results:  # fmt: skip
        max_rows = self._max_rows(page_size) if truncate else None
        limit_ms = self._limit_ms(None)
        if custom_time_limit and custom_time_limit < limit_ms:
            limit_ms = custom_time_limit

        def ask(session: Session) -> Answer:
            native = render(sql, params)
            if typed or has_semicolon(native):
                return self._ask_as_cursor(session, [native], limit_ms, None if max_rows is None else max_rows + 1)
            return ask_directly(session, native, time_limit_ms=limit_ms, max_bytes=self.settings.max_bytes)

        # A page does without what has a limit of its own: it waits for its turn hardly longer than it may run.
        wait_ms = max(custom_time_limit, LEAST_WAIT_MS) if custom_time_limit and not typed else None
        try:
            answer = await self._in_session(
                ask, sql, params, lane=TYPED if typed else PAGE, topic=None if typed else sql, wait_ms=wait_ms
            )
            return _results(answer, self._rows_for(answer, max_rows) if typed else max_rows)
        except PostgresError as error:
            if log_sql_errors and not isinstance(error, Unavailable):
                sys.stderr.write(f"ERROR: database={self.name}, sql = {sql!r}, params = {params}: {error}\n")
                sys.stderr.flush()
            raise

    def _max_rows(self, page_size: int | None) -> int | None:
        """The core's rule: one more where a page is as long as the limit, so that its next page is seen."""
        most = self.max_rows
        return (most + 1 if most == (page_size or self.ds.page_size) else most) or None

    def _rows_for(self, answer: Answer, max_rows: int | None) -> int | None:
        """Fewer of wide rows: the core makes a page on the event loop, 37 s and 800 MB for a thousand rows of 1,664 columns."""
        if max_rows is None or not answer.description:
            return max_rows
        return min(max_rows, max(1, MOST_CELLS // len(answer.description)))

    def _limit_ms(self, given: int | None) -> int:
        return int(given or self.settings.time_limit_ms or self.ds.sql_time_limit_ms)

    def _ask_as_cursor(self, session: Session, sqls: Sequence[str], limit_ms: int, max_rows: int | None) -> Answer:
        return ask_as_cursor(session, sqls, time_limit_ms=limit_ms, max_bytes=self.settings.max_bytes, max_rows=max_rows)

    async def _in_session(
        self, ask: Callable[[Session], Answer], sql: str, params: Any, *, on_primary: bool = False, **turn: Any
    ) -> Answer:
        """A replica has no temporary tables: what may want one is asked `on_primary`."""
        servers = self._servers.primary if on_primary else self._servers
        with trace("sql", database=self.name, sql=sql.strip(), params=params):
            try:
                return await self._in_turn(lambda job: servers.with_session(ask, job), **turn)
            except TimeLimitReached as error:
                raise QueryInterrupted(error, sql, params) from error
            except PostgresError as error:
                if error.sqlstate in STALE_NAMES and self._keeper.catalogue is not None:
                    failed_at = time.monotonic()
                    with contextlib.suppress(PostgresError):  # the caller's error matters more
                        await self._in_turn(lambda _: self._keeper.look_unless_looking(failed_at))
                raise

    def _read(self, look: Callable[[Session], Catalogue]) -> Catalogue:
        catalogue = self._servers.primary.with_session(look)
        self._servers.learn_arrays(dict(catalogue.array_types))
        return catalogue

    async def _in_turn(self, work: Callable[[Job], T], **turn: Any) -> T:
        """`turn` is visits.in_turn's: the lane, the topic, how long it may wait."""
        return await in_turn(self._workers, self._budget, work, **turn)


def _forget(result: Any, error: BaseException | None) -> None:
    """Nobody waits for what is done in the background."""


def _results(answer: Answer, max_rows: int | None) -> Results:
    description = answer.description or []
    rows = rows_of([column[0] for column in description], answer.rows if max_rows is None else answer.rows[:max_rows])
    return Results(rows, max_rows is not None and len(answer.rows) > max_rows, description)
