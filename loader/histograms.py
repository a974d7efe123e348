"""The kept histograms (migration 0007_bins) against a recount, and mended where they differ."""

from collections.abc import Iterator
from dataclasses import dataclass

from psycopg2 import sql
from psycopg2.extensions import connection as Connection

from loader.ingest.locks import LOCK

# A histogram's trigger knows its name and the SQL of its key; one that is kept without a trigger has rows only.
FIND = """
select c.relname, t.tgargs, null
from pg_trigger t
join pg_class c on c.oid = t.tgrelid
where t.tgname = 'bins_insert'
  and c.relnamespace = 'public'::regnamespace
union all
select null, null, histogram
from (select distinct histogram from tally.bin) b
order by 1, 3
"""

# One statement, so one snapshot: right while others write.
COUNT_WRONG = sql.SQL("""
select count(*)
from (
    select key, sum(rows) as rows
    from tally.bin
    where histogram = {name}
    group by key
    having sum(rows) <> 0
) kept
full join ({recount}) counted using (key)
where kept.rows is distinct from counted.rows
""")

RECOUNT = sql.SQL("""
select key::bigint as key, count(*) as rows
from (select {key} as key from {table}) k
where key - key = 0
group by 1
""")

FORGET = "delete from tally.bin where histogram = %s"
KEEP = sql.SQL("insert into tally.bin (histogram, key, rows) select {name}, key, rows from ({recount}) r")


@dataclass(frozen=True)
class Histogram:
    """`key` is SQL over a row of `table`; without them nothing keeps it."""

    name: str
    table: str | None = None
    key: str = ""


@dataclass(frozen=True)
class WrongHistogram:
    histogram: Histogram
    bins: int

    def __str__(self) -> str:
        if self.histogram.table is None:
            return f"The histogram {self.histogram.name} is kept by no trigger."
        return f"The histogram {self.histogram.name} of {self.histogram.table} is wrong in {self.bins:,} bins."


def wrong_histograms(connection: Connection) -> Iterator[WrongHistogram]:
    for histogram in _all(connection):
        bins = 0
        if histogram.table is not None:
            with connection, connection.cursor() as cursor:
                cursor.execute(COUNT_WRONG.format(name=sql.Literal(histogram.name), recount=_recount(histogram)))
                (bins,) = cursor.fetchone() or (0,)
        if bins or histogram.table is None:
            yield WrongHistogram(histogram, bins)


def mend(connection: Connection, histogram: Histogram) -> int:
    """Count again while nobody writes to its table; the number of bins. What no trigger keeps is taken out."""
    with connection, connection.cursor() as cursor:
        if histogram.table is None:
            cursor.execute(FORGET, [histogram.name])
            return 0
        cursor.execute(LOCK.format(table=sql.Identifier("public", histogram.table)))
        cursor.execute(FORGET, [histogram.name])
        cursor.execute(KEEP.format(name=sql.Literal(histogram.name), recount=_recount(histogram)))
        return int(cursor.rowcount)


def _recount(histogram: Histogram) -> sql.Composed:
    """The key is the migration's own SQL, as the trigger runs it."""
    assert histogram.table is not None
    return RECOUNT.format(key=sql.SQL(histogram.key), table=sql.Identifier("public", histogram.table))


def _all(connection: Connection) -> list[Histogram]:
    with connection, connection.cursor() as cursor:
        cursor.execute(FIND)
        found = cursor.fetchall()
    kept = [Histogram(*_arguments(arguments, table)) for table, arguments, _ in found if table is not None]
    names = {histogram.name for histogram in kept}
    return kept + [Histogram(name) for table, _, name in found if table is None and name not in names]


def _arguments(arguments: memoryview, table: str) -> tuple[str, str, str]:
    """A trigger's arguments as PostgreSQL keeps them: each ends with a zero byte."""
    name, key, _ = bytes(arguments).decode().split("\0")
    return name, table, key
