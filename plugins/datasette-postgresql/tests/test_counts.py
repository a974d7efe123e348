"""Counts and facets that would take too long are estimates, and are said to be: in the page, in JSON, in sums."""

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any

import psycopg2
import pytest
from datasette import hookimpl
from datasette.app import Datasette
from datasette.plugins import pm
from page_fixtures import Site

from datasette_postgresql.estimates import Estimate, labelled

ROWS = 400_000
LARGE = f"""
drop schema if exists large cascade;
create schema large;
create table large.events as
  select n as id, n % 5 as kind, 'place ' || n % 3 as place, date '2024-01-01' + n % 4 as day, array['a', 'b'] as tags,
         sin(n) as measured
  from generate_series(1, {ROWS}) as n;
alter table large.events add primary key (id);
create index on large.events (kind);
create table large.few as select n as id from generate_series(1, 7) as n;
create view large.odd as select * from large.events where id % 2 = 1;
analyze large.events;
grant usage on schema large to datasette_test;
grant select on all tables in schema large to datasette_test;
"""


@pytest.fixture(scope="session")
def large_dsn(admin_dsn: str) -> str:
    connection = psycopg2.connect(admin_dsn)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(LARGE)
    connection.close()
    return admin_dsn


@pytest.fixture
def hurried(large_dsn: str, make_datasette: Callable[..., Datasette]) -> Site:
    """Budgets of some ms: a seven-row table is counted, 400,000 rows are not."""
    return Site(
        make_datasette(schemas=["large"], count_time_limit_ms=30, facet_time_limit_ms=20, settings={"trace_debug": True}),
        large_dsn,
    )


@pytest.fixture
def patient(large_dsn: str, make_datasette: Callable[..., Datasette]) -> Site:
    return Site(make_datasette(schemas=["large"], count_time_limit_ms=5000, facet_time_limit_ms=5000), large_dsn)


@pytest.fixture
def counter() -> Iterator[list[tuple[str, str]]]:
    """A plugin that knows how many rows large.events has; what it was asked is in the list."""
    asked: list[tuple[str, str]] = []

    class Counter:
        @hookimpl
        def postgresql_table_count(self, datasette: Any, database: str, table: str) -> Any:
            asked.append((database, table))

            async def count() -> int | None:
                return ROWS if table == "events" else None

            return count()

    plugin = Counter()
    pm.register(plugin, "counter")
    yield asked
    pm.unregister(plugin)


def near(value: int, expected: float, tolerance: float = 0.1) -> bool:
    return abs(value - expected) <= tolerance * expected


def test_an_estimate_shows_its_nature_wherever_it_goes() -> None:
    number = Estimate(12345678)
    assert f"{number:,}" == "~12,345,678"
    assert str(number) == "~12345678" and json.dumps({"n": number}) == '{"n": 12345678}'
    total = sum([1, number, 2])
    assert isinstance(total, Estimate) and total == 12345681
    assert labelled([{"n": number, "m": 1}]) == [{"n": number, "m": 1, "n_is_estimate": True}]


def test_a_whole_table(hurried: Site, patient: Site) -> None:
    page = hurried.json("/pg/events.json", _size=1)
    assert near(page["filtered_table_rows_count"], ROWS) and page["filtered_table_rows_count_is_estimate"] is True
    assert f"<h3>~{page['filtered_table_rows_count']:,} rows" in hurried.get("/pg/events", _size=1).text
    exact = patient.json("/pg/events.json", _size=1)
    assert exact["filtered_table_rows_count"] == ROWS and "filtered_table_rows_count_is_estimate" not in exact
    assert hurried.json("/pg/few.json")["filtered_table_rows_count"] == 7


def test_filtered_pages(hurried: Site, patient: Site) -> None:
    page = hurried.json("/pg/events.json", place="place 1", _size=1)
    assert near(page["filtered_table_rows_count"], ROWS / 3) and page["filtered_table_rows_count_is_estimate"]
    assert patient.json("/pg/events.json", place="place 1", _size=1)["filtered_table_rows_count"] == 133334
    few = hurried.json("/pg/events.json", id__lt=100, _size=1)
    assert few["filtered_table_rows_count"] == 99 and "filtered_table_rows_count_is_estimate" not in few
    view = hurried.json("/pg/odd.json", _size=1)
    assert view["filtered_table_rows_count_is_estimate"] is True


def test_a_persons_where_is_counted_or_not_at_all(hurried: Site, patient: Site) -> None:
    assert patient.json("/pg/events.json", _where="kind < 2", _size=1)["filtered_table_rows_count"] == 2 * ROWS / 5
    slow = hurried.json("/pg/events.json", _where="kind < 2 and sin(id)::text <> 'x'", _size=1)
    assert slow["filtered_table_rows_count"] is None


def test_nocount(hurried: Site) -> None:
    page = hurried.json("/pg/events.json", _nocount=1, _size=1)
    assert page["filtered_table_rows_count"] is None and "filtered_table_rows_count_is_estimate" not in page


def test_the_index_and_the_database_page(hurried: Site) -> None:
    database = hurried.json("/pg.json")
    [events] = [table for table in database["tables"] if table["name"] == "events"]
    assert near(events["count"], ROWS) and events["count_is_estimate"] is True
    assert f"~{events['count']:,} rows" in hurried.get("/pg").text
    [few] = [table for table in database["tables"] if table["name"] == "few"]
    assert few["count"] == 7 and "count_is_estimate" not in few
    index = hurried.json("/.json")["pg"]
    assert index["table_rows_sum"] == events["count"] + 7 and index["table_rows_sum_is_estimate"] is True
    text = hurried.get("/").text
    assert f"~{index['table_rows_sum']:,} rows in 2 tables" in text and f'title="~{events["count"]} rows"' in text


def test_a_plugin_that_knows_is_believed(hurried: Site, counter: list[tuple[str, str]]) -> None:
    page = hurried.json("/pg/events.json", _size=1)
    assert page["filtered_table_rows_count"] == ROWS and "filtered_table_rows_count_is_estimate" not in page
    assert ("pg", "events") in counter
    index = hurried.json("/.json")["pg"]
    assert index["table_rows_sum"] == ROWS + 7 and "table_rows_sum_is_estimate" not in index
    counter.clear()
    hurried.json("/pg/events.json", kind=1, _size=1)
    assert counter == []


def sent(page: Any) -> str:
    """The SQL of a page's trace."""
    return "\n".join(trace.get("sql", "") for trace in page["_trace"]["traces"])


def test_the_facet_of_a_whole_table_comes_from_the_statistics(hurried: Site) -> None:
    page = hurried.json("/pg/events.json", _facet="kind", _size=1, _trace=1)
    facet = page["facet_results"]["kind"]
    assert facet["estimated"] is True and {entry["value"] for entry in facet["results"]} == {0, 1, 2, 3, 4}
    assert all(near(entry["count"], ROWS / 5) for entry in facet["results"])
    assert "group by" not in sent(page)


def test_the_facet_of_a_filtered_page_comes_from_a_sample(hurried: Site) -> None:
    page = hurried.json("/pg/events.json", _facet="kind", place="place 1", _size=1, _trace=1)
    facet = page["facet_results"]["kind"]
    assert facet["estimated"] is True and "tablesample" in sent(page)
    assert {entry["value"] for entry in facet["results"]} == {0, 1, 2, 3, 4}
    assert all(near(entry["count"], ROWS / 15, 0.3) for entry in facet["results"])


@pytest.mark.parametrize(("argument", "column", "values"), [("_facet_array", "tags", 2), ("_facet_date", "day", 4)])
def test_lists_and_days_come_from_a_sample(hurried: Site, argument: str, column: str, values: int) -> None:
    facet = hurried.json("/pg/events.json", _size=1, **{argument: column})["facet_results"][column]
    assert facet["estimated"] is True and len(facet["results"]) == values
    assert near(sum(entry["count"] for entry in facet["results"]), ROWS * (2 if column == "tags" else 1))


def test_a_facet_of_a_column_without_common_values(hurried: Site) -> None:
    facet = hurried.json("/pg/events.json", _facet="id", _size=1, _facet_size=3)["facet_results"]["id"]
    assert facet["estimated"] is True and facet["truncated"] is True and len(facet["results"]) == 3


def test_the_link_counts_exactly(hurried: Site) -> None:
    facet = hurried.json("/pg/events.json", _facet="kind", _size=1)["facet_results"]["kind"]
    page = hurried.json(facet["exact_url"].replace("http://localhost", ""))["facet_results"]["kind"]
    assert "estimated" not in page and [entry["count"] for entry in page["results"]] == [ROWS / 5] * 5
    html = hurried.get("/pg/events", _facet="kind", _size=1).text
    assert "Count exactly: " in html and "_facet_exact=kind" in html and f"</a> ~{facet['results'][0]['count']:,}" in html
    html = hurried.get("/pg/events", _facet="kind", _size=1, _facet_exact="kind").text
    assert "Count exactly" not in html and "</a> 80,000" in html


def test_a_sqlite_database_beside_it_has_its_facets_as_before(hurried: Site) -> None:
    memory = hurried.datasette.add_memory_database("sqlite_beside")

    async def fill() -> None:
        await memory.execute_write_script("create table t (id integer primary key, kind text); insert into t values (1, 'a')")

    asyncio.run(fill())
    html = hurried.get("/sqlite_beside/t", _facet="kind").text
    assert (
        '<a href="http://localhost/sqlite_beside/t?_facet=kind&amp;kind=a">a</a> 1</li>' in html and "Count exactly" not in html
    )


def test_suggestions_cost_one_query_a_page_and_none_for_a_page_just_seen(hurried: Site) -> None:
    def asked(**params: Any) -> tuple[set[tuple[str, str]], int]:
        page = hurried.json("/pg/events.json", _size=1, _trace=1, **params)
        found = {(facet["name"], facet.get("type", "column")) for facet in page["suggested_facets"]}
        return found, sent(page).count("with sample as") + sent(page).count("pg_stats")

    expected = {("kind", "column"), ("place", "column"), ("day", "column"), ("day", "date"), ("tags", "array")}
    found, count = asked()
    assert found >= expected and count == 2
    found, count = asked()
    assert found >= expected and count == 0
    found, count = asked(kind=2)
    assert ("place", "column") in found and ("tags", "array") in found and count == 1
    found, count = asked(kind=2, _sort_desc="id", _facet="place")
    assert ("place", "column") not in found and ("tags", "array") in found and count == 0
