"""Names that are hard to quote, in schemas, tables, columns and constraints: every page of theirs, and every link on it."""

import csv
import io
import re
from collections.abc import Callable, Iterator
from html import unescape

import psycopg2
import psycopg2.extensions
import psycopg2.sql
import pytest
from datasette.app import Datasette
from page_fixtures import Site

NAMES = [
    "Mixed Case", 'a "quoted" one', "it's", "100%", "%s %(x)s", ":name ::int", "[brackets]", "in {braces}{0}", "🔭 télescope",
    "select", "a__b", "x__exact", "_leading", "_sort", "dot.ted.json", "sl/ash", "back\\slash", "a,b;--", "q?x=1&y=2#z",
    "{x} first", '{"simple": 1', "~7E+plus", "<b>&amp;", "tab\there", "n" * 63, "é" * 31, ".", " ",
]  # fmt: skip
SCHEMA = 'Sky "1".%s'
TABLE = """
create table {schema}.{table} (id int primary key, {column} text not null, {other} bytea, parent int constraint {constraint}
  references {schema}.{table})
"""
ROWS = "insert into {schema}.{table} select n, 'value ' || n % 3, '\\x00ff', nullif(n / 2, 0) from generate_series(1, 7) n"
WHERE = "create view {schema}.{view} as select * from {schema}.{table}"


@pytest.fixture(scope="module")
def names_dsn(admin_dsn: str) -> str:
    identifier = psycopg2.sql.Identifier
    connection = psycopg2.connect(admin_dsn)
    with connection.cursor() as cursor:
        schema = identifier(SCHEMA)
        cursor.execute(psycopg2.sql.SQL("drop schema if exists {0} cascade; create schema {0}").format(schema))
        for name in NAMES:
            short = name if len(name.encode()) < 60 else name[:20]
            parts = {"schema": schema, "table": identifier(name), "column": identifier(name), "other": identifier("b" + short),
                     "constraint": identifier(name), "view": identifier("v" + short)}  # fmt: skip
            for statement in (TABLE, ROWS, WHERE):
                cursor.execute(psycopg2.sql.SQL(statement).format(**parts))
        cursor.execute(psycopg2.sql.SQL("grant usage on schema {} to datasette_test").format(schema))
        cursor.execute(psycopg2.sql.SQL("grant select on all tables in schema {} to datasette_test").format(schema))
    connection.commit()
    connection.close()
    return admin_dsn


@pytest.fixture
def sky(names_dsn: str, make_datasette: Callable[..., Datasette], request: pytest.FixtureRequest) -> Iterator[Site]:
    """In the first schema or in a further one, whose name is as hard as the table's."""
    schemas = [SCHEMA] if getattr(request, "param", "") == "first" else ["public", SCHEMA]
    site = Site(make_datasette(schemas=schemas, settings={"facet_time_limit_ms": 5000}), names_dsn)
    site.get("/")
    yield site


def shown(site: Site, relname: str) -> str:
    catalogue = site.datasette.get_database("pg").catalogue
    relations = [*catalogue.tables.values(), *catalogue.views.values()]
    (name,) = [relation.name for relation in relations if relation.relname == relname and relation.schema == SCHEMA]
    return name


def argument(column: str, lookup: str = "exact") -> str:
    return f"{column}__{lookup}"


@pytest.mark.parametrize("name", NAMES)
def test_every_page(sky: Site, name: str) -> None:
    path = sky.datasette.urls.table("pg", shown(sky, name))
    page = sky.json(f"{path}.json", _shape="objects", _size=3, _sort_desc=name)
    assert page["filtered_table_rows_count"] == 7 and len(page["rows"]) == 3
    values, following = [row[name] for row in page["rows"]], page["next_url"]
    while following:
        page = sky.json(following.replace("http://localhost", ""))
        values += [row[name] for row in page["rows"]]
        following = page["next_url"]
    assert values == ["value 2"] * 2 + ["value 1"] * 3 + ["value 0"] * 2
    filtered = sky.json(f"{path}.json", **{argument(name): "value 1", "_facet": name})
    assert filtered["filtered_table_rows_count"] == 3
    (facet,) = filtered["facet_results"].values()
    assert [(result["value"], result["count"]) for result in facet["results"]] == [("value 1", 3)]
    assert sky.json(f"{path}/2.json", _shape="objects")["rows"][0][name] == "value 2"
    short = name if len(name.encode()) < 60 else name[:20]
    assert sky.get(f"{path}/2.blob", _blob_column="b" + short).content == b"\x00\xff"
    rows = list(csv.DictReader(io.StringIO(sky.get(f"{path}.csv", _stream="on").text)))
    assert [row[name] for row in rows] == [f"value {n % 3}" for n in range(1, 8)]
    view = sky.datasette.urls.table("pg", shown(sky, "v" + short))
    assert len(sky.json(f"{view}.json")["rows"]) == 7
    again = sky.json("/pg.json", sql=filtered["query"]["sql"], **filtered["query"]["params"])
    assert again["rows"] == filtered["rows"]


@pytest.mark.parametrize("sky", ["first"], indirect=True)
@pytest.mark.parametrize("name", NAMES)
def test_every_link(sky: Site, name: str) -> None:
    path = sky.datasette.urls.table("pg", shown(sky, name))
    for start in (sky.get(path, _facet=name, _size=2), sky.get(f"{path}/1")):
        assert start.status_code == 200
        links = {unescape(link) for link in re.findall(r'(?:href|action)="(/pg[^"]*)"', start.text)}
        assert len(links) > 4
        for link in links:
            assert sky.get(link).status_code == 200, link


def test_every_link_of_the_database(sky: Site) -> None:
    page = sky.get("/pg").text
    tables = {unescape(link) for link in re.findall(r'href="(/pg/[^"]*)"', page)}
    assert len(tables) >= 2 * len(NAMES)
    for link in tables:
        assert sky.get(link).status_code == 200, link
    assert "<b>&amp;" not in page
