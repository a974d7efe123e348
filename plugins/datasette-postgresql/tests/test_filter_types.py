"""Every filter on every type: a value that a type can't read matches nothing, and what it can read compares as in a SELECT."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from datasette import hookimpl
from datasette.app import Datasette
from datasette.facets import Facet
from datasette.filters import FilterArguments, Filters
from datasette.plugins import pm
from page_fixtures import Site

from datasette_postgresql import PostgresDatabase
from datasette_postgresql.filters import clause
from datasette_postgresql.quoting import quote

LOOKUPS = [filter.key for filter in Filters._filters]
VALUES = [
    "1", "-3.5", "7.5", "abc", "", " ", "1e5", "1e400", "99999999999999999999999", "NaN", "inf", "calm", "angry", "absent",
    "2024-01-02", "2024-01", "2024-99-99", "2024-01-02T03:04:05Z", "0001-01-01 BC", "12:30", "25:00", "true", "1 day",
    "1 day 2 days", "1 day 02:03:04", "-1 mon", "@ 3 hours ago", "P1DT2H", "P", "PT", "1 fortnight", "9999999999 years",
    "178956970 years 8 mons", "2147483648 days", "1:2:3:4", "3 s 04:05", "1.5.5 days", "5 years 5", "1e3 days", "1 µs",
    "[1,5)", "[5,1)", "empty", "(,)", "[1,2147483647]", "[a,b)", "[1.5,2.5]", "[2024-01-01,2024-02-01)",
    "[2024-02-01,2024-01-01)", "[\"2024-01-01 00:00\",\"2024-01-02 00:00\")",
    "[2024-01-01 00:00+00,2024-01-01 00:00:00.5+05:30]", "[NaN,1)", "[1,2,3]", "[1", "{[1,3),[5,7)}", "(1,a)", "(1", "1010",
    "B1010", "xF", "102", "<a>1</a>", "<a>", "08:00:2b:01:02:03", "08:00-2b:01:02:03", "0800.2b01.0203", "08002b:010203",
    "08:00:2b:01:02:03:04:05", "08002b0102030405", "'cat':1 'dog':2", "cat & dog", "cat &", "'", "10.0.0.1/8", "10.0.0.0/8",
    "10.0.0.1/99", "::1", "(1,2)", "((1,1),(0,0))", "16/B374D848", "1/", "pg_class", "nope", "$12.50", "4294967295",
    "4294967296", "-1", "[\"a\", \"b\"]", "[\"\\u0000\"]", "{\"a\": 1}", "\\x0001", "\\xzz", "{a,b}", "{a", "%", "\\",
    "{0}", "00000000-0000-0000-0000-000000000001", ":p0", "٣", "\U0001f600", "a,b", "[^a-c]*", "a\x00b", '["\\ud800"]', "[z-a]",
]  # fmt: skip


@pytest.fixture(scope="session")
def filters_dsn(admin_dsn: str) -> str:
    connection = psycopg2.connect(admin_dsn)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute((Path(__file__).parent / "filters.sql").read_text())
        cursor.execute("select count(*) from pg_available_extensions where name = 'pg_trgm'")
        assert cursor.fetchone() == (1,), "the tests need the extension pg_trgm"
        cursor.execute(
            "create extension if not exists pg_trgm schema public;"
            "create table fragments (id int primary key, word text, note text);"
            "create index on fragments using gin (word gin_trgm_ops);"
            "insert into fragments values (1, 'Betelgeuse 50%', 'x'), (2, 'telescope', 'y'), (3, 'Vega', 'tel');"
            "grant select on fragments to datasette_test"
        )
    connection.close()
    return admin_dsn


@pytest.fixture
def filtered(filters_dsn: str, dsn: str) -> Iterator[PostgresDatabase]:
    alone = PostgresDatabase.standalone(Datasette([], memory=True), "pg", dsn, schemas=["filters"], time_limit_ms=10_000)
    yield alone
    alone.close()


@pytest.fixture
def site(filters_dsn: str, make_datasette: Callable[..., Datasette]) -> Site:
    metadata = {"databases": {"pg": {"tables": {"letter_view": {"fts_table": "letters", "fts_pk": "letter"}}}}}
    made = make_datasette(schemas=["filters"], metadata=metadata, settings={"facet_suggest_time_limit_ms": 1000})
    return Site(made, filters_dsn)


@pytest.mark.parametrize("lookup", LOOKUPS)
def test_no_value_fails_on_any_type(filtered: PostgresDatabase, lookup: str) -> None:
    async def ask_all() -> None:
        relation = (await filtered.refresh_catalogue()).tables["every"]
        for value in VALUES:
            counts, params = [], {}
            for column in relation.columns:
                sql, values = clause(column, quote(column.name), lookup, value)
                names = [f"p{len(params) + i}" for i in range(len(values))]
                counts.append(f"count(*) filter (where {sql.format(*(f':{name}' for name in names))})")
                params.update(zip(names, values, strict=True))
            await filtered.execute_generated(f"select {', '.join(counts)} from every", params)

    asyncio.run(ask_all())


@pytest.mark.parametrize(
    "column,lookup,value,where",
    [
        ("mood", "gt", "calm", "mood > 'calm'"),
        ("mood", "lte", "cross", "mood <= 'cross'"),
        ("mood", "gt", "angry", "false"),
        ("mood", "in", "calm,absent,angry", "mood in ('calm', 'absent')"),
        ("mood", "not", "angry", "mood is not null"),
        ("mood", "contains", "s", "mood::text like '%s%'"),
        ("feeling", "exact", "calm", "feeling::mood = 'calm'"),
        ("feeling", "lt", "absent", "feeling::mood < 'absent'"),
        ("moods", "arraycontains", "absent", "'absent' = any(moods)"),
        ("interval", "exact", "26:00", "\"interval\" = '26 hours'"),
        ("interval", "gt", "1 hour", "\"interval\" > '1 hour'"),
        ("interval", "lt", "P1D", "\"interval\" < '1 day'"),
        ("interval", "gt", "soon", "false"),
        ("int4range", "exact", "[1,4]", "int4range = '[1,5)'"),
        ("int4range", "gt", "[1,5)", "int4range > '[1,5)'"),
        ("int4range", "exact", "empty", "isempty(int4range)"),
        ("int4range", "gt", "[5,1)", "false"),
        ("numrange", "exact", "[1.50,2)", "id = 1"),
        ("daterange", "exact", "[2024-01-01,2024-01-31]", "id = 1"),
        ("tstzrange", "exact", "[2024-01-01 02:00+02,)", "id = 1"),
        ("multirange", "exact", "{[1,3),[5,7)}", "id = 1"),
        ("pair", "exact", "(1,a)", "id = 1"),
        ("pair", "exact", "(1", "false"),
        ("bit", "exact", "1010", "id = 1"),
        ("bit", "gt", "1000", "id = 1"),
        ("bit", "gt", "2", "false"),
        ("xml", "exact", "<a>1</a>", "xml::text = '<a>1</a>'"),
        ("xml", "contains", "a>1", "xml is not null"),
        ("macaddr", "exact", "0800.2b01.0203", "id = 1"),
        ("macaddr", "gte", "08:00:2b:00:00:00", "id = 1"),
        ("tsvector", "exact", "'cat':1 'dog':2", "id = 1"),
        ("tsvector", "contains", "dog", "id = 1"),
        ("pg_lsn", "gt", "16/0", "id = 1"),
        ("oid", "gt", "6", "id = 1"),
        ("oid", "exact", "6.5", "false"),
        ("money", "exact", "12.5", "id = 1"),
        ("small_positive", "gt", "5", "small_positive > 5"),
        ("small_positive", "gt", "5.5", "small_positive > 5"),
        ("small_positive", "gt", "-1000", "small_positive is not null"),
        ("regclass", "exact", "pg_class", "id = 1"),
        ("point", "exact", "(1,2)", "id = 1"),
        ("list", "arraycontains", "b", "id = 1"),
        ("list", "arraynotcontains", "b", "id <> 1"),
        ("json", "arraycontains", "1", "id = 1"),
    ],
)
def test_a_filter_finds_what_a_select_finds(site: Site, column: str, lookup: str, value: str, where: str) -> None:
    page = site.json("/pg/every.json", **{f"{column}__{lookup}": value}, _nofacet=1)
    expected = site.select(f"set search_path = filters; select id from every where {where} order by 1")
    assert [row[0] for row in page["rows"]] == [row[0] for row in expected]


def found(site: Site, table: str, **arguments: Any) -> list[int]:
    return [row[0] for row in site.json(f"/pg/{table}.json", **arguments)["rows"]]


def test_search_in_the_language_of_a_generated_column(site: Site) -> None:
    assert found(site, "articles", _search="explodes") == [1, 3]
    assert found(site, "articles", _search_title="star") == [2]
    assert found(site, "articles", _search="explo* NOT supernova", _searchmode="raw") == [3]
    assert found(site, "articles", _search="supernova OR shine", _searchmode="raw") == [1, 2]


def test_search_in_an_index_in_its_language(site: Site) -> None:
    assert found(site, "letters", _search="the") == [1, 2]  # a word that the default language would leave out
    assert found(site, "letters", _search="te* AND do*") == []
    assert found(site, "letters", _search="te* AND do*", _searchmode="raw") == [3]
    assert found(site, "letters", _search_other="end") == [2]
    assert site.get("/pg/letters.json", _search_id="1").status_code == 400
    assert site.get("/pg/letters.json", _search="&", _searchmode="raw").status_code == 400
    explained = site.json("/pg/letters.json", _search="the", _trace=1)
    assert 'to_tsvector(\'simple\'::regconfig, "the ""text""")' in explained["query"]["sql"]
    assert found(site, "unsearchable", _search="the") == [1, 2, 3]
    tables = {table["name"]: table["fts_table"] for table in site.json("/pg.json")["tables"]}
    assert tables["letters"] == "letters" and tables["unsearchable"] is None


def test_search_a_view_through_its_table(site: Site) -> None:
    assert [row[0] for row in site.json("/pg/letter_view.json", _search="end")["rows"]] == [1]
    arguments = {"_search": "beginning", "_fts_table": "letters", "_fts_pk": "id"}
    assert found(site, "unsearchable", **arguments) == [2]
    assert site.get("/pg/unsearchable.json", _search="x", _fts_table="nope").status_code == 400


def test_search_in_a_trigram_index(site: Site) -> None:
    assert found(site, "fragments", _search="tel") == [1, 2]
    assert found(site, "fragments", _search="TEL geuse") == [1]
    assert found(site, "fragments", _search='"geuse 50%"') == [1]
    assert found(site, "fragments", _search="50_") == []
    assert found(site, "fragments", _search="v_g%", _searchmode="raw") == [3]
    assert found(site, "fragments", _search_note="tel") == [3]
    assert found(site, "fragments", _search="") == []


def test_lists_in_text_are_facets(site: Site) -> None:
    facets = site.json("/pg/every.json", _facet_array="list")["facet_results"]["list"]
    assert [(result["value"], result["count"]) for result in facets["results"]] == [("a", 1), ("b", 1)]
    suggested = site.json("/pg/every.json", id=1)["suggested_facets"]
    assert {"list", "ints"} <= {facet["name"] for facet in suggested if facet.get("type") == "array"}
    assert "list" not in {facet["name"] for facet in site.json("/pg/every.json")["suggested_facets"] if facet.get("type")}


def test_a_json_list_that_no_text_can_hold_has_no_elements(site: Site) -> None:
    facets = site.json("/pg/every.json", _facet_array="json")["facet_results"]["json"]
    assert [(result["value"], result["count"]) for result in facets["results"]] == [("1", 1), ("a", 1)]


def test_next_of_an_unsorted_page_is_that_of_one_sorted_by_its_key(site: Site) -> None:
    assert found(site, "every", _next="2", _sort="id") == [3, 4]
    assert site.get("/pg/every.json", _next="2", _sort="mood").status_code == 400


class Company:
    """Another plugin, with a condition that needs no waiting, and a facet that asks for its columns and rows."""

    __name__ = "Company"

    @hookimpl
    def filters_from_request(self, request: Any) -> Any:
        return FilterArguments(["1 = 0"], human_descriptions=["nothing"]) if request.args.get("_nothing") else None

    @hookimpl
    def register_facet_classes(self) -> list[type]:
        return [CountingFacet]


class CountingFacet(Facet):  # type: ignore[misc]
    type = "counting"

    async def suggest(self) -> list[dict[str, Any]]:
        columns = await self.get_columns(self.sql, self.params)
        return [{"name": f"{columns[0]} of {await self.get_row_count()}", "toggle_url": "", "type": "counting"}]

    async def facet_results(self) -> tuple[list[Any], list[Any]]:
        return [], []


def test_the_conditions_and_facets_of_other_plugins(site: Site) -> None:
    pm.register(Company(), name="Company")
    try:
        assert found(site, "letters", _nothing="1") == []
        suggested = site.json("/pg/letters.json", id__gt="1")["suggested_facets"]
        assert "id of 2" in [facet["name"] for facet in suggested]
    finally:
        pm.unregister(name="Company")
