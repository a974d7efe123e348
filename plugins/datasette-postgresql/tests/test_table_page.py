"""Index, database and table pages; walking every page of every order."""

import csv
import io
from typing import Any
from urllib.parse import quote_plus

import pytest
from page_fixtures import Site, pages_dsn, site  # noqa: F401

ODD = 'odd "name" %s {x} : ;--'


def walk(site: Site, path: str, **params: Any) -> list[dict[str, Any]]:  # noqa: F811
    rows: list[dict[str, Any]] = []
    page = site.json(path, _shape="objects", _nofacet=1, **params)
    while True:
        rows += page["rows"]
        if not page["next_url"]:
            return rows
        page = site.json(page["next_url"].replace("http://localhost", ""))


@pytest.mark.parametrize(
    "column",
    ["psFlux", "mag", "real", "visit", "seen", "day", "ok", "raw", "code", "mood", "word", "diaObject_id", "diaSource_id"],
)
@pytest.mark.parametrize("direction", ["asc", "desc"])
def test_every_page_of_an_order_gives_every_row_once(site: Site, column: str, direction: str) -> None:  # noqa: F811
    argument = "_sort" if direction == "asc" else "_sort_desc"
    found = walk(site, "/pg/diaSource.json", **{argument: column, "_size": 7})
    expected = site.select(f'select "diaSource_id" from "diaSource" order by "{column}" {direction}, "diaSource_id"')
    assert [row["diaSource_id"] for row in found] == [row[0] for row in expected]


@pytest.mark.parametrize("order", ["", "a", "b", "value"])
@pytest.mark.parametrize("direction", ["asc", "desc"])
def test_a_key_of_two_columns(site: Site, order: str, direction: str) -> None:  # noqa: F811
    arguments = {"_sort" if direction == "asc" else "_sort_desc": order} if order else {}
    found = walk(site, "/pg/pairs.json", _size=7, **arguments)
    first = f"{order} {direction}, " if order else ""
    assert [(row["b"], row["a"]) for row in found] == site.select(f"select b, a from pairs order by {first}b, a")


def test_sorting_by_a_column_that_is_not_shown(site: Site) -> None:  # noqa: F811
    for labels in ("", "on"):
        found = walk(site, "/pg/diaSource.json", _sort="psFlux", _col="diaObject_id", _labels=labels, _size=50)
        expected = site.select('select "diaSource_id" from "diaSource" order by "psFlux", "diaSource_id"')
        assert [row["diaSource_id"] for row in found] == [row[0] for row in expected]


def test_a_unique_column_is_the_key_where_there_is_no_other(site: Site) -> None:  # noqa: F811
    found = walk(site, "/pg/codes.json", _sort="other", _size=4)
    assert [(row["code"],) for row in found] == site.select("select code from codes order by other, code")
    assert site.json("/pg/codes/c7.json")["rows"][0][0] == "c7"


@pytest.mark.parametrize("name", ["loose", "bright"])
def test_what_has_no_key_is_paged_by_offset(site: Site, name: str) -> None:  # noqa: F811
    found = walk(site, f"/pg/{name}.json", _size=9)
    assert [tuple(row.values()) for row in walk(site, f"/pg/{name}.json", _size=100)] == [tuple(row.values()) for row in found]
    assert len(found) == site.select(f"select count(*) from {name}")[0][0]
    assert site.get(f"/pg/{name}").status_code == 200
    assert site.get(f"/pg/{name}.json?_next=x").status_code == 400


@pytest.mark.parametrize("next_", ["x", "1,2,3", "~zz", "$null", "'", "1e5,"])
@pytest.mark.parametrize("sort", ["", "_sort=psFlux&", "_sort_desc=seen&"])
def test_a_forged_next_is_a_bad_request(site: Site, next_: str, sort: str) -> None:  # noqa: F811
    assert site.get(f"/pg/diaSource.json?{sort}_next={quote_plus(next_)}").status_code == 400


def test_counts_columns_and_shapes(site: Site) -> None:  # noqa: F811
    page = site.json("/pg/diaSource.json", _size=2)
    assert page["filtered_table_rows_count"] == 250
    assert page["primary_keys"] == ["diaSource_id"]
    assert page["columns"][:3] == ["diaSource_id", "diaObject_id", "band"]
    assert len(site.json("/pg/diaSource.json", _shape="array", _size=3)) == 3
    assert list(site.json("/pg/pairs.json", _shape="object", _size=2)) == ["k~2C0,5", "k~2C0,10"]
    assert site.json("/pg/diaSource.json", _shape="arrayfirst", _size=3) == [1, 2, 3]
    assert len(site.json("/pg/diaSource.json", _shape="arrays", _size=3)["rows"]) == 3
    nl = site.get("/pg/diaSource.json?_shape=array&_nl=on&_size=2").text
    assert len(nl.splitlines()) == 2
    assert site.get("/pg/diaSource.json?_shape=wrong").status_code == 400
    assert site.json("/pg/diaSource.json", _col="band", _size=1)["columns"] == ["diaSource_id", "band"]
    assert site.get("/pg/diaSource.json?_col=nope").status_code == 400
    assert site.get("/pg/diaSource.json?_timelimit=x").status_code == 400
    assert site.get("/pg/diaSource.json?_sort=nope").status_code == 400
    assert site.get("/pg/diaSource.json?_sort=spot").status_code == 400


def test_the_pages_are_html(site: Site) -> None:  # noqa: F811
    for path in ("/", "/pg", "/pg/diaSource", "/pg/pairs", "/pg/codes", "/pg/loose", "/pg/bright", "/pg/notes", "/pg/big"):
        response = site.get(path)
        assert response.status_code == 200, path
    html = site.get("/pg/diaSource?_size=1").text
    assert 'href="/pg/diaObject/2">object 2</a>' in html
    assert "select &#34;diaSource_id&#34;" in html
    assert "select * from &#34;" in site.get("/pg").text


def test_the_shown_sql_runs_as_it_is(site: Site) -> None:  # noqa: F811
    page = site.json("/pg/diaSource.json", visit__gt="3", _sort_desc="psFlux", _size=5, band__in="u,g")
    again = site.json("/pg.json", sql=page["query"]["sql"], **page["query"]["params"])
    assert again["rows"][:5] == page["rows"]


def test_names_that_are_hard_to_quote(site: Site) -> None:  # noqa: F811
    site.get("/")  # starts it
    path = site.datasette.urls.table("pg", ODD)
    assert site.get(path).status_code == 200
    assert [row["id"] for row in walk(site, f"{path}.json", _size=1, _sort_desc="select")] == [2, 1]
    for lookup in ("exact", "contains", "in", "glob", "not"):
        assert site.get(f"{path}.json", **{f'a"b.{{0}}%s:p0__{lookup}': "one"}).status_code == 200
    assert site.json(f"{path}.json", **{'a"b.{0}%s:p0': "one"})["rows"][0][0] == 1
    assert site.json(f"{path}.json", _facet='a"b.{0}%s:p0')["facet_results"]
    assert site.get(f"{path}/2").status_code == 200


def test_csv(site: Site) -> None:  # noqa: F811
    response = site.get("/pg/diaSource.csv?_stream=on&_sort=psFlux")
    rows = list(csv.reader(io.StringIO(response.text)))
    expected = site.select('select "diaSource_id" from "diaSource" order by "psFlux", "diaSource_id"')
    assert [int(row[0]) for row in rows[1:]] == [row[0] for row in expected]
    assert len(list(csv.reader(io.StringIO(site.get("/pg/big.csv?_stream=on").text)))) == 20001
    assert site.get("/pg/loose.csv?_stream=on").text.splitlines()[1].endswith("\\x00ff")
    labels = list(csv.reader(io.StringIO(site.get("/pg/diaSource.csv?_labels=on&_size=1").text)))
    assert labels[0][1:3] == ["diaObject_id", "diaObject_id_label"]
    assert labels[1][1:3] == ["2", "object 2"]
    assert site.get("/pg/diaObject/3.csv").text.splitlines()[1] == "3,object 3"
    assert site.get("/pg.csv?sql=select+1+as+one").text.split() == ["one", "1"]


def test_a_sqlite_database_beside_ours(site: Site) -> None:  # noqa: F811
    import asyncio

    beside = site.datasette.add_memory_database("beside")

    async def fill() -> None:
        await beside.execute_write_script(
            "create table t (id integer primary key, [group] text); insert into t values (1, 'a'), (2, 'b'), (3, 'a')"
        )

    site.get("/")
    asyncio.run(fill())
    page = site.json("/beside/t.json", _facet="group", _size=2, _sort_desc="group")
    assert page["query"]["sql"].startswith("select id, [group] from t order by [group] desc")
    assert len(page["facet_results"]["group"]["results"]) == 2
    assert site.get("/beside").status_code == 200
    assert site.get("/beside/t/1").status_code == 200
    assert site.get("/beside?sql=select+sqlite_version()").status_code == 200
    assert len(site.get("/beside/t.csv?_stream=on").text.splitlines()) == 4


def test_the_internal_database_lists_our_tables(site: Site) -> None:  # noqa: F811
    import asyncio

    site.get("/")

    async def read() -> Any:
        internal = site.datasette.get_database("_internal")
        return (await internal.execute("select table_name from tables where database_name = 'pg'")).rows

    assert {row[0] for row in asyncio.run(read())} >= {"diaSource", "pairs", ODD}
