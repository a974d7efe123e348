"""Tables and views of every kind, each by all of its pages: the table's, JSON, filter, sort, next, a row's, CSV, stream."""

import asyncio
import csv
import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from datasette.app import Datasette
from page_fixtures import Site

KINDS = Path(__file__).parent / "kinds.sql"
# What follows the table in the address of the row with n = 7; None where a row has no address.
RELATIONS = {
    "plain": "7", "seen": None, "kept": None, "kept_unique": None, "log": "2024,7", "log_2023": None, "keyless_log": None,
    "loose": None, "nullable_unique": None, "numbered": "106", "animals": None, "fleeting": "7", "typed": "7",
}  # fmt: skip
DISTANT = ("from_file", "from_server")
NUMBERS = list(range(1, 31))
NO_KEY = "it has neither a primary key nor a unique index on columns that are never null."
HEIRS = "tables that inherit from it may repeat its keys."

# The files and the server are the server's own: a program that counts, and the same database once more.
FOREIGN = """
create extension if not exists file_fdw schema public;
create extension if not exists postgres_fdw schema public;
drop server if exists files cascade;
create server files foreign data wrapper file_fdw;
create foreign table kinds.from_file (n int not null, word text) server files
  options (program 'i=1; while [ $i -le 30 ]; do echo "$i,w$((i % 3))"; i=$((i + 1)); done', format 'csv');
drop server if exists itself cascade;
do $$ begin
  execute format('create server itself foreign data wrapper postgres_fdw options (host %L, port %L, dbname %L)',
    split_part(current_setting('unix_socket_directories'), ',', 1), current_setting('port'), current_database());
end $$;
create user mapping for datasette_test server itself options (user 'datasette_test', password_required 'false');
create foreign table kinds.from_server (n int not null, word text) server itself
  options (schema_name 'kinds', table_name 'plain');
grant select on kinds.from_file, kinds.from_server to datasette_test;
"""


@pytest.fixture(scope="module")
def kinds_dsn(admin_dsn: str) -> str:
    """Fails where the server has no foreign data: those of PostgreSQL's own distribution belong to every server."""
    connection = psycopg2.connect(admin_dsn)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(KINDS.read_text())
        cursor.execute("select name from pg_available_extensions where name in ('file_fdw', 'postgres_fdw') order by 1")
        there = [name for (name,) in cursor.fetchall()]
        assert there == ["file_fdw", "postgres_fdw"], f"the server has {there} only: install its contrib modules"
        cursor.execute(FOREIGN)
    connection.close()
    return admin_dsn


@pytest.fixture
def site(kinds_dsn: str, make_datasette: Callable[..., Datasette]) -> Iterator[Site]:
    site = Site(make_datasette(schemas=["kinds"], settings={"facet_time_limit_ms": 5000}, count_time_limit_ms=5000), kinds_dsn)
    site.get("/")
    yield site


def expected(name: str) -> list[int]:
    return [n for n in NUMBERS if n % 2 == 0] if name == "log_2023" else NUMBERS


def paged(site: Site, path: str, **params: Any) -> list[int]:
    """`n` of all rows, page after page."""
    page = site.json(path, _shape="objects", **params)
    numbers = [row["n"] for row in page["rows"]]
    while page["next_url"]:
        page = site.json(page["next_url"].replace("http://localhost", ""))
        numbers += [row["n"] for row in page["rows"]]
    return numbers


@pytest.mark.parametrize("name", [*RELATIONS, *DISTANT])
def test_json_paging_sorting_filtering(site: Site, name: str) -> None:
    rows = expected(name)
    page = site.json(f"/pg/{name}.json", _size=7, _facet="word", _shape="objects")
    assert page["filtered_table_rows_count"] == len(rows)
    (facet,) = page["facet_results"].values()
    assert {result["value"]: result["count"] for result in facet["results"]} == {
        f"w{rest}": sum(n % 3 == rest for n in rows) for rest in range(3)
    }
    assert sorted(paged(site, f"/pg/{name}.json", _size=7)) == rows
    assert paged(site, f"/pg/{name}.json", _size=7, _sort_desc="n") == rows[::-1]
    assert sorted(paged(site, f"/pg/{name}.json", _size=4, _sort="word")) == rows
    assert paged(site, f"/pg/{name}.json", _size=3, n__gt=20, word="w1", _sort="n") == [
        n for n in rows if n > 20 and n % 3 == 1
    ]


@pytest.mark.parametrize("name", [*RELATIONS, *DISTANT])
def test_csv_and_stream(site: Site, name: str) -> None:
    for params in ({"_size": "max"}, {"_stream": "on"}):
        rows = list(csv.DictReader(io.StringIO(site.get(f"/pg/{name}.csv", **params).text)))
        assert sorted(int(row["n"]) for row in rows) == expected(name)
        assert all(row["word"] == f"w{int(row['n']) % 3}" for row in rows)
    filtered = site.get(f"/pg/{name}.csv", _stream="on", n__lte=4, _sort_desc="n").text
    assert [int(row["n"]) for row in csv.DictReader(io.StringIO(filtered))] == [n for n in (4, 3, 2, 1) if n in expected(name)]


@pytest.mark.parametrize("name", [*RELATIONS, *DISTANT])
def test_the_page_and_its_rows(site: Site, name: str) -> None:
    html = site.get(f"/pg/{name}", _size=30, n=7 if name != "log_2023" else 8).text
    links = re.findall(rf'href="(/pg/{name}/[^"]*)"', html)
    address = RELATIONS.get(name) if name != "log_2023" else "2023,8"
    if address is None:
        assert links == [] and "Link" not in re.findall(r'data-column="([^"]*)"', html)
        assert site.get(f"/pg/{name}/7.json").status_code == 404
    else:
        assert links == [f"/pg/{name}/{address}"]
        assert site.json(f"/pg/{name}/{address}.json", _shape="objects")["rows"][0]["n"] == (7 if name != "log_2023" else 8)
        assert site.get(f"/pg/{name}/{address}").status_code == 200
    said = re.findall(r'<p class="no-row-pages">The rows of this table have no pages of their own, since (.*)</p>', html)
    is_view = name in ("seen", "kept", "kept_unique")
    assert said == ([HEIRS] if name == "animals" else [NO_KEY] if address is None and not is_view else [])


def test_partitions_are_hidden_and_readable(site: Site) -> None:
    tables = {table["name"]: table["hidden"] for table in site.json("/pg.json")["tables"]}
    assert {name for name, hidden in tables.items() if hidden} == {"log_2023", "log_rest", "log_rest_few", "keyless_log_few"}
    assert site.json("/pg/log_rest.json")["filtered_table_rows_count"] == 15
    assert {view["name"] for view in site.json("/pg.json")["views"]} == {"seen", "kept", "kept_unique"}


def test_a_materialised_view_shows_what_it_keeps(site: Site, ask: Callable[[str], list[tuple[Any, ...]]]) -> None:
    ask("insert into kinds.plain values (31, 'new')")
    try:
        counts = [site.json(f"/pg/{name}.json")["filtered_table_rows_count"] for name in ("seen", "kept")]
        assert counts == [31, 30]
        ask("refresh materialized view kinds.kept")
        assert site.json("/pg/kept.json", n=31, _shape="array") == [{"n": 31, "word": "new"}]
    finally:
        ask("delete from kinds.plain where n = 31; refresh materialized view kinds.kept")


def test_identity_and_generated_columns(site: Site) -> None:
    row = {"id": 106, "n": 7, "word": "w1", "twice": 14, "given": 7}
    assert site.json("/pg/numbered.json", twice=14, _shape="array") == [row]
    html = site.get("/pg/numbered").text
    for words in ("generated always as identity", "generated by default as identity", "generated always as ((n * 2)) stored"):
        assert words in html
    assert paged(site, "/pg/numbered.json", _size=7, _sort_desc="twice") == NUMBERS[::-1]


def test_virtual_columns(site: Site, ask: Callable[[str], list[tuple[Any, ...]]]) -> None:
    """PostgreSQL 18 has them; before, its own refusal is what can be shown."""
    create = "create table kinds.computed (n int primary key, word text, thrice int generated always as (n * 3) virtual)"
    if int(ask("show server_version_num")[0][0]) < 180_000:
        with pytest.raises(psycopg2.errors.SyntaxError):
            ask(create)
        return
    ask(f"{create}; insert into kinds.computed select n, 'w' || n % 3 from generate_series(1, 30) n")
    ask("grant select on kinds.computed to datasette_test")
    try:
        refresh(site)
        assert site.json("/pg/computed.json", thrice=21, _shape="array") == [{"n": 7, "word": "w1", "thrice": 21}]
        assert paged(site, "/pg/computed.json", _size=7, _sort_desc="thrice") == NUMBERS[::-1]
        assert site.json("/pg/computed/7.json", _shape="array") == [{"n": 7, "word": "w1", "thrice": 21}]
        assert site.get("/pg/computed.csv", _stream="on", n=7).text == "n,word,thrice\r\n7,w1,21\r\n"
        assert "generated always as ((n * 3)) virtual" in site.get("/pg/computed").text
    finally:
        ask("drop table kinds.computed")


def test_heirs_may_repeat_a_key(site: Site, ask: Callable[[str], list[tuple[Any, ...]]]) -> None:
    """No page skips a row or shows it twice, and there is no row page that would be about two of them."""
    ask("insert into kinds.cats select n, 'w' || n % 3 from generate_series(1, 30) n")
    try:
        for size in (1, 2, 7):
            numbers = paged(site, "/pg/animals.json", _size=size)
            assert sorted(numbers) == sorted([*NUMBERS, *NUMBERS])
            assert paged(site, "/pg/animals.json", _size=size, _sort="n") == sorted([*NUMBERS, *NUMBERS])
    finally:
        ask("delete from only kinds.cats where ctid not in (select min(ctid) from kinds.cats group by n) or n <= 20")
    assert site.json("/pg/cats.json", _shape="objects", n=25)["rows"] == [{"n": 25, "word": "w1", "lives": 9}]


def test_an_heir_more_or_less_is_noticed(site: Site, ask: Callable[[str], list[tuple[Any, ...]]]) -> None:
    assert site.json("/pg/plain/7.json", _shape="array")
    ask("create table kinds.heir () inherits (kinds.plain)")
    try:
        refresh(site)
        assert HEIRS in site.get("/pg/plain").text
    finally:
        ask("drop table kinds.heir")
    refresh(site)
    assert site.json("/pg/plain/7.json", _shape="array") == [{"n": 7, "word": "w1"}]


def test_domains_and_enums(site: Site) -> None:
    assert site.json("/pg/typed/7.json", _shape="array") == [{"n": 7, "word": "w1", "feeling": "cross", "flux": 3.5}]
    assert paged(site, "/pg/typed.json", feeling="calm", flux__gte=10, _sort="flux") == list(range(20, 31, 2))
    assert site.json("/pg/typed.json", feeling="furious")["filtered_table_rows_count"] == 0
    by_feeling = site.json("/pg/typed.json", _facet="feeling", _sort="feeling")
    assert [row[2] for row in by_feeling["rows"]] == ["calm"] * 15 + ["cross"] * 15
    assert {r["value"]: r["count"] for r in by_feeling["facet_results"]["feeling"]["results"]} == {"calm": 15, "cross": 15}


def test_xml(site: Site, ask: Callable[[str], list[tuple[Any, ...]]]) -> None:
    """It has no order: it isn't sorted by, and is compared as text. A server without libxml has such columns, but no values."""
    ask("create table kinds.papers (n int primary key, word text, doc xml); grant select on kinds.papers to datasette_test")
    try:
        if not has_libxml(ask):
            refresh(site)
            assert site.json("/pg/papers.json", doc="<p/>")["filtered_table_rows_count"] == 0
            assert site.get("/pg/papers.json", _sort="doc").status_code == 400
            return
        ask("insert into kinds.papers select n, 'w', ('<p n=\"' || n || '\">&amp;</p>')::xml from generate_series(1, 3) n")
        refresh(site)
        doc = '<p n="2">&amp;</p>'
        assert site.json("/pg/papers.json", doc=doc, _shape="array") == [{"n": 2, "word": "w", "doc": doc}]
        assert site.json("/pg/papers.json", doc__contains='n="3"', _shape="arrays")["rows"][0][0] == 3
        assert "&lt;p n=&#34;2&#34;&gt;&amp;amp;&lt;/p&gt;" in site.get("/pg/papers/2").text
        assert site.get("/pg/papers.json", _sort="doc").status_code == 400
        assert list(csv.reader(io.StringIO(site.get("/pg/papers.csv", _stream="on", n=2).text)))[1] == ["2", "w", doc]
    finally:
        ask("drop table kinds.papers")


def has_libxml(ask: Callable[[str], list[tuple[Any, ...]]]) -> bool:
    try:
        return bool(ask("select '<p/>'::xml"))
    except psycopg2.errors.FeatureNotSupported:
        return False


def refresh(site: Site) -> None:
    asyncio.run(site.datasette.get_database("pg").refresh_catalogue())
