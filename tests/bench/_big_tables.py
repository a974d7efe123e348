"""A PostgreSQL of the bench's own with `big`, 10 million rows of 12 columns, and `wide`, 1 million of 73; kept between runs.

And the first rows of `big` as a SQLite file, with the same columns, key and indexes.
"""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2

from server import embedded
from server.settings import Settings, role_url

from .measure import BUILD

HOME = BUILD / "bench-datasette"
SMALL = HOME / "small.db"
VERSION = "2"
ROLE = "bench_reader"
COLUMNS = (
    ("id", "bigint"), ("object_id", "bigint"), ("band", "text"), ("quality", "integer"), ("detected", "boolean"),
    ("taken", "date"), ("seen", "timestamp"), ("flux", "double precision"), ("flux_err", "double precision"),
    ("x", "double precision"), ("y", "real"), ("note", "text"),
)  # fmt: skip
# A multiplier prime to the modulus scatters the numbers without random(): the data are the same every time.
ROWS = """
select n::bigint as id, (n * 7919 % 100003)::bigint as object_id,
       (array['u','g','r','i','z','Y'])[1 + (n * 31 % 97 % 6)] as band,
       (n * 13 % 101 % 10)::integer as quality, n % 3 = 0 as detected, date '2020-01-01' + (n / 10000)::integer as taken,
       timestamp '2020-01-01' + n * interval '1 second' as seen, sin(n) * 1000 as flux, 1 + abs(cos(n)) as flux_err,
       (n * 7919 % 360000007) / 1000003.0::float8 as x, (n * 104729 % 180001 / 1000.0 - 90)::real as y,
       'observation ' || (n * 31 % 1009) as note
from generate_series(1::bigint, {rows}) as n
"""
WIDE = """
select n::bigint as id, (n * 13 % 101 % 10)::integer as kind, {columns}
from generate_series(1::bigint, 1000000) as n
"""
INDEXES = (
    "alter table big add primary key (id)",
    "create index big_object_id on big (object_id)",
    "create index big_quality on big (quality)",
    "alter table wide add primary key (id)",
    "vacuum analyze big",
    "vacuum analyze wide",
)


@contextlib.contextmanager
def servers() -> Iterator[str]:
    """Yields the reading role's DSN; SMALL exists."""
    settings = Settings.from_env({"ELASTICC_HOME": str(HOME), "ELASTICC_STATE": str(HOME)})
    made = HOME / "made"
    if not made.exists() or made.read_text() != VERSION:
        _make(settings)
        made.write_text(VERSION)
    with embedded.connect(settings) as url:
        yield role_url(url, ROLE, ROLE)


def _make(settings: Settings) -> None:
    with embedded.connect(settings) as url:  # takes effect at the next start
        for line in ("fsync = off", "wal_level = minimal", "max_wal_senders = 0", "max_wal_size = '8GB'"):
            _run(url, f"alter system set {line}")
    with embedded.connect(settings) as url:
        _run(url, "drop table if exists big, wide")
        _run(url, f"create table big as {ROWS.format(rows=10_000_000)}")
        columns = ", ".join(f"sin(n * {i}) * {i} as m{i:02}" for i in range(1, 72))
        _run(url, f"create table wide as {WIDE.format(columns=columns)}")
        for statement in INDEXES:
            _run(url, f"set maintenance_work_mem = '1GB'; {statement}" if "vacuum" not in statement else statement)
        _run(url, f"drop role if exists {ROLE}")
        _run(url, f"create role {ROLE} login password '{ROLE}'; grant select on big, wide to {ROLE}")
        _copy_to_sqlite(_run(url, "select * from big order by id limit 10000"), SMALL)


def _run(url: str, sql: str) -> list[tuple[Any, ...]]:
    connection = psycopg2.connect(url)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def _copy_to_sqlite(rows: list[tuple[Any, ...]], file: Path) -> None:
    file.unlink(missing_ok=True)
    types = {"bigint": "integer", "boolean": "integer", "double precision": "float", "real": "float"}
    columns = ", ".join(f"{name} {types.get(kind, kind)}{' primary key' if name == 'id' else ''}" for name, kind in COLUMNS)
    plain = [[str(v) if hasattr(v, "isoformat") else v for v in row] for row in rows]
    with contextlib.closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(f"create table big ({columns})")
        connection.executemany(f"insert into big values ({', '.join('?' * len(COLUMNS))})", plain)
        connection.execute("create index big_object_id on big (object_id)")
        connection.execute("create index big_quality on big (quality)")
