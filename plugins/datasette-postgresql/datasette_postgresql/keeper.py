"""Keeps the catalogue: who asks gets the last one read, and every few seconds somebody's request has it looked after.

Looking is cheap. Where no transaction has ended since the last look, nothing can have changed: one question of 0.1 ms. Else
the system tables are asked for their marks, the number of rows and the sum of their xmin, which every change of them
changes: 3 ms, 90 ms for 5,000 tables with 100,000 columns. Only other marks have the catalogue read again (2 s there).
"""

import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from .catalogue import Catalogue, Table, load
from .errors import PostgresError
from .lexer import literal
from .queries import RELATION_KINDS, SIZE
from .quoting import quote
from .session import Session
from .settings import DatabaseSettings

LIMIT_MS = 30_000
MOST_BYTES = 200_000_000
SIZE_AGE_S = 60.0  # a database of 20,000 files is sized in 60 ms

SNAPSHOT = "select txid_current_snapshot()::text"
MARKS = """
with ours as materialized (
  select c.oid, c.xmin
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  where n.nspname = any ({schemas}::text[]) and c.relkind in {kinds}
)
select concat_ws(' ',
  (select row(count(*), sum(xmin::text::bigint)) from ours),
  (select row(count(*), sum(xmin::text::bigint)) from pg_attribute where attrelid in (select oid from ours) and attnum > 0),
  (select row(count(*), sum(xmin::text::bigint)) from pg_attrdef where adrelid in (select oid from ours)),
  (select row(count(*), sum(xmin::text::bigint)) from pg_index where indrelid in (select oid from ours)),
  (select row(count(*), sum(xmin::text::bigint)) from pg_constraint where conrelid in (select oid from ours)),
  (select row(count(*), sum(xmin::text::bigint)) from pg_description where objoid in (select oid from ours)),
  (select row(count(*), sum(xmin::text::bigint)) from pg_rewrite where ev_class in (select oid from ours)),
  (select row(count(*), sum(xmin::text::bigint)) from pg_type where typarray <> 0 and typtype <> 'c'),
  (select row(count(*), sum(xmin::text::bigint)) from pg_enum),
  (select row(count(*), sum(xmin::text::bigint)) from pg_namespace where nspname = any ({schemas}::text[])),
  (select row(count(*), sum(xmin::text::bigint)) from pg_auth_members)
)
"""
ESTIMATES = """
select c.oid, c.reltuples::float8
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where n.nspname = any ({schemas}::text[]) and c.relkind in ('r', 'p', 'm', 'f')
"""


class Keeper:
    """Its methods wait for the server: they belong into a thread, but for `catalogue` and `is_due`."""

    def __init__(
        self, name: str, settings: DatabaseSettings, with_session: Callable[[Callable[[Session], Catalogue]], Catalogue]
    ):
        self._name = name
        self._settings = settings
        self._with_session = with_session
        self._lock = threading.Lock()
        self._catalogue: Catalogue | None = None
        self._looked_at = 0.0
        self._sized_at = 0.0
        self._is_late = False
        self._snapshot = self._marks = ""
        self._is_looking = threading.Lock()

    @property
    def catalogue(self) -> Catalogue | None:
        """The last one read."""
        return self._catalogue

    def take_turn(self) -> bool:
        """True for one caller, when it is time: that one must have `look_quietly` called."""
        is_due = self._is_late or time.monotonic() - self._looked_at > self._settings.catalogue_refresh_s
        return is_due and self._is_looking.acquire(blocking=False)

    def look(self, since: float) -> Catalogue:
        """Read it again where it may have changed after `since` (time.monotonic()). Raises PostgresError."""
        with self._lock:
            return self._look(since)

    def look_unless_looking(self, since: float) -> None:
        """As look; where another one is at it, the next request will have it looked after again."""
        if not self._lock.acquire(blocking=False):
            self._is_late = True
            return
        try:
            self._look(since)
        finally:
            self._lock.release()

    def _look(self, since: float) -> Catalogue:
        if self._catalogue is not None and self._looked_at > since:
            return self._catalogue  # somebody began later than the caller did
        began, self._is_late = time.monotonic(), False
        self._catalogue = self._with_session(self._looked)
        self._looked_at = began
        return self._catalogue

    def look_quietly(self) -> None:
        """In the background: where it fails, the old one serves on, and another request tries again a little later."""
        try:
            self.look(time.monotonic())
        except PostgresError as error:
            self._looked_at = time.monotonic()
            sys.stderr.write(f"The catalogue of {self._name} could not be read: {error}\n")
        finally:
            self._is_looking.release()

    def _looked(self, session: Session) -> Catalogue:
        """In one snapshot: the marks are those of the catalogue that is read after them."""

        def ask(sql: str) -> list[tuple[Any, ...]]:
            return session.ask(sql, time_limit_ms=LIMIT_MS, max_bytes=MOST_BYTES).rows

        ask("begin transaction isolation level repeatable read read only")
        ask(f"set local statement_timeout = {LIMIT_MS}")
        # As given, the search path hides what pg_get_viewdef should leave unqualified; our own names must be found first.
        ask(f"set local search_path = pg_catalog, {', '.join(map(quote, self._settings.schemas))}")
        snapshot = str(ask(SNAPSHOT)[0][0])
        if self._catalogue is not None and snapshot == self._snapshot:
            return self._catalogue
        schemas = literal(list(self._settings.schemas))
        marks = str(ask(MARKS.format(schemas=schemas, kinds=RELATION_KINDS))[0][0])
        if self._catalogue is None or marks != self._marks:
            found = load(ask, self._settings.schemas, self._settings.tables, self._settings.exclude_tables)
        else:
            found = with_estimates(self._catalogue, dict(ask(ESTIMATES.format(schemas=schemas))))
        if self._sized_at == 0.0 or time.monotonic() - self._sized_at > SIZE_AGE_S:
            found = replace(found, size=ask(SIZE)[0][0] or 0)
            self._sized_at = time.monotonic()
        else:
            found = replace(found, size=(self._catalogue or found).size)
        self._snapshot, self._marks = snapshot, marks
        return found


def with_estimates(catalogue: Catalogue, reltuples: dict[int, float]) -> Catalogue:
    def with_estimate(table: Table) -> Table:
        rows = reltuples.get(table.oid, -1.0)
        estimate = None if rows < 0 else int(rows)
        return table if estimate == table.estimate else replace(table, estimate=estimate)

    tables = {name: with_estimate(table) for name, table in catalogue.tables.items()}
    views = {name: with_estimate(view) for name, view in catalogue.views.items()}
    return replace(catalogue, tables=tables, views=views)
