"""The schema pages of a database of 2,000 tables, each against the bare catalogue query that has what it shows.

The pages are whole, rendered, over HTTP, and warm: the catalogue is kept and looked after. The queries are sent over a kept
connection by psycopg2, which fetches their rows.
"""

import contextlib
import os
from collections.abc import Iterator

from tests.bench._processes import datasette
from tests.bench._scratch import Bare, database, metadata
from tests.bench.measure import report, rounds, timed

TABLES = 2_000
AT_ONCE = 100
ROUNDS = 15
TABLE = """
create table t{k} (
    id bigint primary key, up bigint {refers}, ra double precision, decl double precision, mjd double precision,
    flux real, flux_err real, band text
);
comment on table t{k} is 'Detections of field {k}';
comment on column t{k}.ra is 'Right ascension, degrees (ICRS)';
comment on column t{k}.flux is 'Flux [nJy]'
"""
ROWS = """
insert into t7
select n, null, n % 360, n % 90, 60000 + n / 100.0, n % 977, 1, substr('ugrizY', 1 + n % 6, 1)
from generate_series(1, 20000) n
"""
LISTED = """
select c.relname, c.relkind, c.reltuples, pg_total_relation_size(c.oid), obj_description(c.oid, 'pg_class'),
       count(a.attname), array_agg(distinct k.confrelid::regclass::text) filter (where k.confrelid is not null)
from pg_class c
join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
left join pg_constraint k on k.conrelid = c.oid and k.contype = 'f'
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'f', 'v', 'm')
group by c.oid order by c.relname
"""
COLUMNS = """
select c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, col_description(c.oid, a.attnum),
       pg_get_expr(d.adbin, d.adrelid)
from pg_class c
join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'f', 'v', 'm')
order by c.relname, a.attnum
"""
STATISTICS = """
select a.attname, format_type(a.atttypid, a.atttypmod), col_description(a.attrelid, a.attnum), s.null_frac, s.n_distinct,
       s.most_common_vals::text, s.most_common_freqs, s.histogram_bounds::text
from pg_attribute a
left join pg_stats s on s.schemaname = 'public' and s.tablename = 't7' and s.attname = a.attname
where a.attrelid = 'public.t7'::regclass and a.attnum > 0 and not a.attisdropped
order by a.attnum
"""


def main() -> None:
    with (
        database(_statements()) as dsn,
        datasette(plugin="postgresql,schema", metadata=metadata(dsn)) as site,
        contextlib.closing(Bare(dsn)) as bare,
    ):
        shown = site.get("/-/schema/pg").count(b'<th scope="row"><a href="/-/schema/pg/t')
        if not shown == len(bare.ask(LISTED)) == TABLES:
            raise RuntimeError(f"the page shows {shown} tables of {TABLES}")
        print(f"{os.cpu_count()} cores; {TABLES:,} tables; medians of {ROUNDS} rounds", flush=True)
        for name, path, sql in (
            ("page of all tables", "/-/schema/pg", LISTED),
            ("JSON of all tables and columns", "/-/schema/pg.json", COLUMNS),
            ("page of a table", "/-/schema/pg/t7", STATISTICS),
        ):
            measures = {"ours": timed(lambda p=path: site.get(p)), "bare": timed(lambda s=sql: bare.ask(s))}
            medians = rounds(measures, count=ROUNDS, warmup=2)
            report(f"schema: {name} vs bare query", medians["ours"] * 1000, medians["bare"] * 1000, "ms")


def _statements() -> Iterator[str]:
    """Each table refers to the one of half its number."""
    for start in range(0, TABLES, AT_ONCE):
        numbers = range(start, start + AT_ONCE)
        yield ";".join(TABLE.format(k=k, refers=f"references t{k // 2}" if k else "") for k in numbers)
    yield ROWS
    yield "analyze"
