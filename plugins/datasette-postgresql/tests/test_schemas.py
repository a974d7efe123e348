"""Several schemas in one Datasette database: bare names in the first, `schema.table` in the others, and no two alike."""

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from datasette.app import Datasette
from page_fixtures import Site

from datasette_postgresql.quoting import shown_name

SCHEMAS = ["first", "sales", "a.b", "a"]
METADATA = {
    "databases": {
        "pg": {
            "queries": {"sales.orders.of": {"sql": "select id from sales.orders where person = :person order by id"}},
            "tables": {
                "sales.orders": {"label_column": "note", "description": "What was sold"},
                "sales.lines": {"allow": {"id": "root"}},
            },
        }
    }
}


@pytest.fixture(scope="module")
def schemas_dsn(admin_dsn: str) -> str:
    connection = psycopg2.connect(admin_dsn)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute((Path(__file__).parent / "schemas.sql").read_text())
    connection.close()
    return admin_dsn


@pytest.fixture
def shop(schemas_dsn: str, make_datasette: Callable[..., Datasette]) -> Iterator[Site]:
    yield Site(make_datasette(schemas=SCHEMAS, metadata=METADATA), schemas_dsn)


def table(name: str) -> str:
    return "/pg/" + "".join(c if c.isalnum() or c == "_" else f"~{ord(c):02X}" for c in name)


def test_two_schemas_with_one_name(shop: Site) -> None:
    names = {found["name"] for found in shop.json("/pg.json")["tables"]}
    assert {
        "orders",
        "sales.orders",
        "sales.pg_class",
        "people",
        "gifts",
        '"a.b".c',
        'a."b.c"',
        'first."sales.orders"',
    } <= names
    assert "big_orders" not in names
    assert [view["name"] for view in shop.json("/pg.json")["views"]] == ["sales.big_orders"]
    assert shop.json("/pg/orders.json")["rows"] == [[1, "the first schema's"]]
    assert shop.json("/pg/sales~2Eorders.json")["filtered_table_rows_count"] == 12
    for name in ('"a.b".c', 'a."b.c"', 'first."sales.orders"', "pg_class"):
        (row,) = shop.json(f"{table(name)}.json")["rows"]
        expected = {
            '"a.b".c': "table c of the schema a.b",
            'a."b.c"': "table b.c of the schema a",
            "pg_class": "not the system's",
        }
        assert row == [expected.get(name, "table sales.orders of the first schema")]


def test_the_shown_sql_is_of_this_schema(shop: Site) -> None:
    for name in ("orders", "sales.orders", "sales.big_orders", '"a.b".c', 'a."b.c"', 'first."sales.orders"', "pg_class"):
        page = shop.json(f"{table(name)}.json", _size=5)
        again = shop.json("/pg.json", sql=page["query"]["sql"], **page["query"]["params"])
        assert again["rows"][:5] == page["rows"], name
        html = shop.get(table(name), _size=5).text
        (link,) = {unescape(found) for found in re.findall(r'href="(/pg\?sql=[^"]*)"', html)}
        assert shop.get(link).status_code == 200, name


def test_keys_across_schemas(shop: Site) -> None:
    page = shop.json("/pg/sales~2Eorders.json", _labels="on", _size=1)
    assert page["rows"][0]["person"] == {"value": 2, "label": "Bea"}
    html = shop.get("/pg/sales~2Eorders?_size=1").text
    assert 'href="/pg/people/2">Bea</a>' in html
    assert 'href="/pg/sales~2Eorders/1">note 1</a>' in shop.get("/pg/gifts").text
    incoming = shop.json("/pg/sales~2Eorders/1.json", _extras="foreign_key_tables")["foreign_key_tables"]
    assert {(key["other_table"], key["count"], key["link"]) for key in incoming} == {
        ("gifts", 2, "/pg/gifts?order=1"), ("sales.lines", 3, "/pg/sales~2Elines?order=1"),
    }  # fmt: skip
    (person,) = shop.json("/pg/people/1.json", _extras="foreign_key_tables")["foreign_key_tables"]
    assert (person["other_table"], person["count"]) == ("sales.orders", 6)
    assert len(shop.json(person["link"].replace("?", ".json?"))["rows"]) == 6


def test_through_another_schema(shop: Site) -> None:
    through = json.dumps({"table": "sales.orders", "column": "note", "value": "note 4"})
    assert shop.json("/pg/people.json", _through=through)["rows"] == [[1, "Ann"]]
    through = json.dumps({"table": "gifts", "column": "id", "value": "3"})
    assert [row[0] for row in shop.json("/pg/sales~2Eorders.json", _through=through)["rows"]] == [2]


def test_filters_facets_and_pages(shop: Site) -> None:
    page = shop.json("/pg/sales~2Eorders.json", person__gt="1", _facet="person", _size=4, _sort_desc="note")
    assert page["filtered_table_rows_count"] == 6
    assert [(r["value"], r["label"], r["count"]) for r in page["facet_results"]["person"]["results"]] == [(2, "Bea", 6)]
    path = page["next_url"].replace("http://localhost", "")
    assert path.startswith("/pg/sales~2Eorders.json?") and len(shop.json(path)["rows"]) == 2
    columns = shop.json("/pg/sales~2Eorders.json", _sort="note", _col="person", _size=2)
    assert shop.json(columns["next_url"].replace("http://localhost", ""))["rows"]
    assert shop.get("/pg/sales~2Eorders/3.blob?_blob_column=raw").content == b"\x00\xff"
    rows = list(csv.reader(io.StringIO(shop.get("/pg/sales~2Eorders.csv?_stream=on").text)))
    assert [int(row[0]) for row in rows[1:]] == list(range(1, 13))
    assert "What was sold" in shop.get("/pg/sales~2Eorders").text


def test_permissions_are_of_one_schema(shop: Site) -> None:
    assert shop.get("/pg/sales~2Elines").status_code == 403
    assert shop.get("/pg/sales~2Elines/1").status_code == 403
    assert "sales.lines" not in {found["name"] for found in shop.json("/pg.json")["tables"]}
    through = json.dumps({"table": "sales.lines", "column": "id", "value": "1"})
    assert shop.get("/pg/sales~2Eorders.json", _through=through).status_code == 403


def test_other_pages(shop: Site) -> None:
    assert shop.json("/pg/sales~2Eorders~2Eof.json", person="1", _shape="arrayfirst") == [2, 4, 6, 8, 10, 12]
    hidden = {found["name"] for found in shop.json("/pg.json")["tables"] if found["hidden"]}
    assert hidden == {"sales.parted_2024"}
    for path in ("/", "/pg", "/pg?_show_hidden=1", "/-/databases", "/-/metadata"):
        html = shop.get(path).text
        for link in set(re.findall(r'href="(/pg/[^"]*)"', html)):
            assert shop.get(unescape(link)).status_code == 200, (path, link)
    assert 'create table "sales"."orders"' in shop.get("/pg/sales~2Eorders").text.replace("&#34;", '"')


def test_a_dotted_name_typed_by_hand(shop: Site) -> None:
    response = shop.get("/pg/sales.orders?_size=1")
    assert (response.status_code, response.headers["location"]) == (302, "/pg/sales~2Eorders?_size=1")
    assert shop.get("/pg/sales.json").status_code == 404
    assert shop.get("/pg/sales.nothing").status_code == 404


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"tables": ["sales.orders"]}, {"sales.orders"}),
        ({"tables": ["orders"]}, {"orders"}),
        ({"tables": ["first.orders", "sales.lines"]}, {"orders", "sales.lines"}),
        ({"tables": ["sales.*"], "exclude_tables": ["sales.orders", "sales.parted"]},
         {"sales.lines", "sales.pg_class", "sales.parted_2024", "sales.big_orders"}),
        ({"tables": ["a.b.c"]}, {'"a.b".c', 'a."b.c"'}),
        ({"tables": ['a."b.c"']}, {'a."b.c"'}),
    ],
)  # fmt: skip
def test_which_tables(
    schemas_dsn: str, make_datasette: Callable[..., Datasette], settings: dict[str, Any], expected: set[str]
) -> None:
    site = Site(make_datasette(schemas=SCHEMAS, **settings), schemas_dsn)
    page = site.json("/pg.json")
    assert {found["name"] for found in [*page["tables"], *page["views"]]} == expected


def test_no_two_relations_have_one_name() -> None:
    names = ["c", "b.c", "a.b.c", "first.c", "sales.c", '"a.b".c', 'x"y', 'first."first.c"', 'a."b.c"', ".", '"']
    schemas = ("first", "sales", "a", "a.b", 'a."b', '"a', ".")
    shown = [shown_name(schema, name, schemas) for schema in schemas for name in names]
    assert len(set(shown)) == len(schemas) * len(names)
