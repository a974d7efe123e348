"""What a load leaves behind about itself: runs, their files, the keys they added and the values they changed.

A file's record is written in the transaction of its rows, so that the two can't differ; a run's start and end, and a
refused file, in transactions of their own. Keys are kept as ranges: a light curve's points, numbered on, are one range.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from time import monotonic

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from loader.ingest.errors import IngestError, printable
from loader.ingest.outcome import Counts
from loader.ingest.source import Source

LOCK_CLASS = 0x454C  # "EL": advisory locks of live runs
RANGES_A_ROW = 5000

START = """
insert into ingest_run (who, kind, options, outcome)
values (%s, %s, %s, 'running')
returning id
"""

# A run whose session is gone took its advisory lock with it.
MARK_DEAD = """
update ingest_run
set outcome = 'died', finished = coalesce((select max(loaded) from ingest_file where run_id = ingest_run.id), started)
where outcome = 'running'
  and id <> %(id)s
  and not exists (
      select from pg_locks
      where locktype = 'advisory' and classid = %(class)s and objid = (ingest_run.id %% 4294967296)::oid
  )
"""

END = "update ingest_run set outcome = %s, error = %s, finished = now() where id = %s"

BEGIN_FILE = """
insert into ingest_file (run_id, name, format, outcome)
values (%s, %s, %s, 'loaded')
returning id
"""

END_FILE = """
update ingest_file
set size = %s, sha256 = %s, counts = %s, seconds = %s, name = %s
where id = %s
"""

REFUSED_FILE = """
insert into ingest_file (run_id, name, format, size, sha256, seconds, outcome, error)
values (%s, %s, %s, %s, %s, %s, 'refused', %s)
"""

ADD_KEYS = sql.SQL("""
with added as (
    {insert}
),
island as (
    select min(added) as low, max(added) as high, count(*) as n
    from (select added, added - row_number() over (order by added) as place from added) numbered
    group by place
),
chunk as (
    select low, high, n, (row_number() over (order by low) - 1) / {ranges_a_row} as number
    from island
),
kept as (
    insert into ingest_addition (file_id, tab, n_rows, keys)
    select %s, %s, sum(n), range_agg(int8range(low, high, '[]'))
    from chunk
    group by number
    returning n_rows
)
select coalesce(sum(n_rows), 0)::bigint
from kept
""")


ADD_RANGES = """
insert into ingest_addition (file_id, tab, n_rows, keys)
select %(file)s, %(table)s, sum(high - low + 1), range_agg(int8range(low, high, '[]'))
from (
    select low, high, (row_number() over (order by low) - 1) / %(ranges_a_row)s as number
    from unnest(%(low)s::bigint[], %(high)s::bigint[]) as r(low, high)
) chunk
group by number
"""


@dataclass
class FileRecord:
    """One file of a run. The first of `sources` gives the name that the counts stand beside."""

    run_id: int
    sources: Sequence[Source]
    format: str
    id: int = 0
    started: float = field(default_factory=monotonic)

    def begin(self, cursor: Cursor) -> None:
        cursor.execute(BEGIN_FILE, [self.run_id, self.sources[0].name if self.sources else self.format, self.format])
        row = cursor.fetchone()
        assert row is not None  # returning
        self.id = row[0]

    def end(self, cursor: Cursor, counts: Sequence[Counts]) -> None:
        if not self.sources:
            cursor.execute(END_FILE, [None, None, self._said(counts), monotonic() - self.started, self.format, self.id])
        for number, source in enumerate(self.sources):
            source.finish()
            if number:
                cursor.execute(BEGIN_FILE, [self.run_id, source.name, self.format])
                row = cursor.fetchone()
                assert row is not None
            file_id = row[0] if number and row else self.id
            said = self._said([] if number else counts)
            seconds = monotonic() - self.started
            cursor.execute(END_FILE, [source.size, source.sha256, said, seconds, source.name, file_id])

    @staticmethod
    def _said(counts: Sequence[Counts]) -> str:
        return json.dumps({each.table: _fates(each) for each in counts})


def _fates(counts: Counts) -> dict[str, object]:
    numbers = {name: getattr(counts, name) for name in ("new", "known", "kept", "replaced", "filled")}
    missing = {"missing": dict(counts.missing)} if counts.missing else {}
    return {**{name: number for name, number in numbers.items() if number}, **missing}


COUNT_ADDED = sql.SQL("with added as ({insert}) select count(*) from added")


def add_keys(cursor: Cursor, insert: sql.Composable, table: str, record: FileRecord | None) -> int:
    """Run `insert`, which returns the keys as `added`, and keep them. Returns their number."""
    if record is None:
        cursor.execute(COUNT_ADDED.format(insert=insert))
    else:
        cursor.execute(ADD_KEYS.format(insert=insert, ranges_a_row=sql.Literal(RANGES_A_ROW)), [record.id, table])
    row = cursor.fetchone()
    return int(row[0]) if row else 0


def add_ranges(cursor: Cursor, bounds: tuple[list[int], list[int]], table: str, record: FileRecord | None) -> None:
    """Keep the keys that were added: the lowest of each range, and the highest."""
    if record is not None:
        low, high = bounds
        given = {"file": record.id, "table": table, "low": low, "high": high, "ranges_a_row": RANGES_A_ROW}
        cursor.execute(ADD_RANGES, given)


class Run:
    """A run that is going on. Each method is a transaction of its own."""

    def __init__(self, connection: Connection, who: str, kind: str, options: dict[str, object]) -> None:
        self.connection = connection
        self.kind = kind
        self.current: FileRecord | None = None
        self.id = 0
        self._started = (who, kind, json.dumps(options))

    def start(self) -> None:
        """Afterwards, even where an interrupt comes at its very end, it has its `id` and can be ended."""
        with self.connection, self.connection.cursor() as cursor:
            cursor.execute(START, self._started)
            row = cursor.fetchone()
            assert row is not None  # returning
            self.id = row[0]
            cursor.execute("select pg_advisory_lock(%s, %s)", [LOCK_CLASS, _signed(self.id)])
            cursor.execute(MARK_DEAD, {"id": self.id, "class": LOCK_CLASS})

    def file(self, sources: Sequence[Source], file_format: str) -> FileRecord:
        self.current = FileRecord(self.id, sources, file_format)
        return self.current

    def refused(self, record: FileRecord, error: Exception) -> None:
        with self.connection, self.connection.cursor() as cursor:
            if not record.sources:
                cursor.execute(REFUSED_FILE, [self.id, record.format, "", None, None, None, str(error)])
            for source in record.sources:
                with suppress(OSError, IngestError):
                    source.finish()
                whole = None if source.size == 0 else source.sha256
                cursor.execute(
                    REFUSED_FILE,
                    [self.id, source.name, record.format, source.size, whole, monotonic() - record.started, str(error)],
                )

    def end(self, outcome: str, error: str | None = None) -> None:
        with self.connection, self.connection.cursor() as cursor:
            cursor.execute(END, [outcome, error, self.id])
            cursor.execute("select pg_advisory_unlock(%s, %s)", [LOCK_CLASS, _signed(self.id)])


def mark_dead(connection: Connection) -> None:
    """Call those runs dead whose session is gone."""
    with connection, connection.cursor() as cursor:
        cursor.execute(MARK_DEAD, {"id": 0, "class": LOCK_CLASS})


def _signed(number: int) -> int:
    """Advisory locks take 32 signed bits."""
    low = number % 2**32
    return low - 2**32 if low >= 2**31 else low


@contextmanager
def run(connection: Connection, who: str, kind: str, options: dict[str, object]) -> Iterator[Run]:
    """A run from start to end: `done`, or `refused`, `interrupted`, `failed` with the reason where an exception leaves it."""
    going = Run(connection, who, kind, options)
    try:
        going.start()
        yield going
    except BaseException as error:
        reason = printable(" ".join(str(error).split())) or type(error).__name__
        outcome = "interrupted" if isinstance(error, KeyboardInterrupt) else "failed"
        outcome = "refused" if isinstance(error, IngestError) else outcome
        with suppress(psycopg2.Error):  # where the server is gone the next run marks this one as dead
            try:
                going.end(outcome, reason)
            except psycopg2.errors.QueryCanceled:  # the interrupt was meant for the statement before
                going.end(outcome, reason)
        raise
