"""SQL a person typed: native PostgreSQL, with `:named` parameters."""

import asyncio
import html
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from datasette.app import Datasette
from page_fixtures import Site, pages_dsn, site  # noqa: F401


def test_named_parameters_and_casts(site: Site) -> None:  # noqa: F811
    sql = (
        'select "diaSource_id"::text as id from "diaSource" where band = :band and visit::int = :visit order by "diaSource_id"'
    )
    page = site.json("/pg.json", sql=sql, band="g", visit="3", _shape="objects")
    expected = site.select(
        'select "diaSource_id"::text as id from "diaSource" where band = \'g\' and visit = 3 order by "diaSource_id"'
    )
    assert [(row["id"],) for row in page["rows"]] == expected
    html = site.get("/pg", sql=sql).text
    assert 'name="band"' in html and 'name="visit"' in html
    assert 'name="text"' not in html and 'name="int"' not in html


@pytest.mark.parametrize(
    "sql", ["with x as (select 1) select * from x", "values (1)", 'table "diaObject"', "explain select 1", "(select 1)",
            "-- why\nselect 1", "/* a /* b */ c */ select 1", "SELECT 'pragma'", "select (array[1,2])[1:1]"]
)  # fmt: skip
def test_what_reads(site: Site, sql: str) -> None:  # noqa: F811
    assert site.json("/pg.json", sql=sql)["rows"]


@pytest.mark.parametrize(
    "sql", ["delete from pairs", "", "-- only", "pragma foo", "do $$ begin end $$", "select 1; commit; select 2"]
)
def test_what_does_not(site: Site, sql: str) -> None:  # noqa: F811
    if sql:
        assert site.get("/pg.json", sql=sql).status_code == 400


def test_an_error_is_shown_on_the_page(site: Site) -> None:  # noqa: F811
    response = site.get("/pg", sql="select nope from pairs")
    assert response.status_code == 400
    assert "column &#34;nope&#34; does not exist" in response.text
    assert "select nope from pairs" in response.text


def test_too_slow(site: Site) -> None:  # noqa: F811
    for path in ("/pg", "/pg.json", "/pg.csv"):
        assert site.get(path, sql="select pg_sleep(9)", _timelimit=50).status_code == 400
    assert site.get("/pg.json", sql="select 1", _timelimit="x").status_code == 400


def test_a_canned_query(site: Site) -> None:  # noqa: F811
    page = site.json("/pg/of_band.json", band="g", _shape="array")
    assert page == [{"n": site.select("select count(*) from \"diaSource\" where band = 'g' and visit > 0")[0][0]}]
    answer = site.get("/pg/of_band?band=g")
    assert answer.status_code == 200
    assert "<title>pg: of_band</title>" in answer.text
    assert site.get("/pg/of_band.csv?band=g").text.split()[0] == "n"
    assert "of_band" in site.get("/pg").text


def test_shapes(site: Site) -> None:  # noqa: F811
    sql = "select n, n::text as t from generate_series(1, 3) n"
    assert site.json("/pg.json", sql=sql, _shape="array")[0] == {"n": 1, "t": "1"}
    assert site.json("/pg.json", sql=sql, _shape="arrayfirst") == [1, 2, 3]
    assert site.json("/pg.json", sql=sql)["columns"] == ["n", "t"]
    assert site.json("/pg.json", sql="select n from generate_series(1, 2000) n")["truncated"]


def test_what_json_has_no_number_for(site: Site) -> None:  # noqa: F811
    text = site.get("/pg.json", sql="select 'NaN'::float8, 'inf'::float8, 1.5::float8").text
    assert '"rows": [[null, null, 1.5]]' in text


QUERIES = {
    "of_visit": {"sql": 'select count(*) as n from "diaSource" where visit = :visit'},
    "of_word": {"sql": "select count(*) as n from \"diaSource\" where word like '%' || :word || '%'"},
    "who": {
        "sql": "select :_actor_id as actor, :_header_user_agent as agent, :_cookie_taste as taste, "
        ":_now_epoch::bigint as epoch, length(:_random_chars_32) as random, :_now_date_utc::date = current_date as today"
    },
    "a.b %s/é": {"sql": "select :word::text as word"},
}


@pytest.fixture
def queries(pages_dsn: str, make_datasette: Callable[..., Datasette]) -> Iterator[Site]:  # noqa: F811
    yield Site(make_datasette(schemas=["pages"], metadata={"databases": {"pg": {"queries": QUERIES}}}), pages_dsn)


def links(page: str, name: str) -> list[str]:
    return [html.unescape(link) for link in re.findall(rf'<a href="([^"]*)"[^>]*>{name}</a>', page)]


def test_a_percent_sign_is_one(site: Site) -> None:  # noqa: F811
    assert site.json("/pg.json", sql="select 7 % 4, '%s %(x)s %%', 'a' like '%'")["rows"] == [[3, "%s %(x)s %%", True]]
    assert site.json("/pg.json", sql="select :a::text || '%s' || :b", a="50%", b="%(b)s")["rows"] == [["50%%s%(b)s"]]


def test_what_only_looks_like_a_parameter(site: Site) -> None:  # noqa: F811
    sql = """select ':no', $$:no$$, (array[1])[1:2], '1'::int, E'\\\\:no', ":no" /* :no */ from (select 5 as ":no") x -- :no"""
    page = site.get("/pg", sql=sql)
    assert page.status_code == 200 and "Query parameters" not in page.text


def test_magic_parameters(queries: Site) -> None:
    async def ask() -> Any:
        cookies = {"ds_actor": queries.datasette.sign({"a": {"id": "ann"}}, "actor"), "taste": "salt"}
        path = "/pg/who.json?_shape=array&_actor_id=mallory"
        return await queries.datasette.client.get(path, cookies=cookies, headers={"User-Agent": "me"})

    (row,) = asyncio.run(ask()).json()
    assert row.pop("epoch") > 1_700_000_000
    assert row == {"actor": "ann", "agent": "me", "taste": "salt", "random": 32, "today": True}
    nobody = queries.get("/pg/who.json")
    assert (nobody.status_code, nobody.json()["error"]) == (400, "You did not supply a value for binding :_actor_id.")
    typed = queries.get("/pg.json", sql="select :_actor_id")
    assert typed.status_code == 400


def test_an_error_shows_hint_and_caret(site: Site) -> None:  # noqa: F811
    response = site.get("/pg", sql='select diaSource_id\nfrom "diaSource"')
    (shown,) = re.findall(r'<p class="message-error">(.*?)</p>', response.text, re.DOTALL)
    assert html.unescape(shown).splitlines() == [
        'column "diasource_id" does not exist',
        "LINE 1: select diaSource_id",
        "               ^",
        'HINT:  Perhaps you meant to reference the column "diaSource.diaSource_id".',
    ]
    assert re.search(r"\.message-error \{ white-space: pre-wrap; font-family: [^}]*monospace; \}", response.text)
    assert not links(response.text, "Explain")


def test_the_first_visit_to_a_query_with_a_number(queries: Site) -> None:
    page = queries.get("/pg/of_visit")
    assert page.status_code == 200
    assert "message-error" not in page.text.split("</style>")[-1]
    assert "Give visit a value and run the query." in page.text and 'name="visit" value=""' in page.text
    given = queries.get("/pg/of_visit?visit=3")
    assert given.status_code == 200 and ">23<" in given.text
    for path in ("/pg/of_visit?visit=", "/pg/of_visit?visit=x", "/pg/of_visit.json", "/pg/of_visit.csv"):
        wrong = queries.get(path)
        assert (wrong.status_code, "invalid input syntax for type integer" in wrong.text) == (400, True), path
    typed = queries.get("/pg", sql="select 5 + :n")
    assert (typed.status_code, "Give n a value" in typed.text) == (200, True)
    # An empty text is a value: all rows, as in SQLite.
    assert queries.get("/pg/of_word").status_code == 200
    assert "Give" not in queries.get("/pg/of_word").text


@pytest.mark.parametrize(("path", "params"), [("/pg", {"sql": 'select * from "diaSource" where visit = :visit', "visit": "3"}),
                                              ("/pg/of_visit", {"visit": "3"})])  # fmt: skip
def test_explain_is_a_link(queries: Site, path: str, params: dict[str, str]) -> None:
    (link,) = links(queries.get(path, **params).text, "Explain")
    page = queries.get(link)
    assert page.status_code == 200
    lines = [html.unescape(line) for line in re.findall(r'<td class="col-[^"]*">(.*?)</td>', page.text, re.DOTALL)]
    assert any("Seq Scan on" in line for line in lines)
    assert any(re.match(r" +Filter: \(visit = 3\)", line) for line in lines)
    assert ".rows-and-columns td { white-space: pre; font-family:" in page.text
    assert 'name="visit" value="3"' in page.text
    assert not links(page.text, "Explain")


def test_where_no_plan_can_be_had_there_is_no_link(pages_dsn: str, make_datasette: Callable[..., Datasette]) -> None:  # noqa: F811
    metadata = {"databases": {"pg": {"queries": QUERIES, "allow_sql": {"id": "root"}}}}
    closed = Site(make_datasette(schemas=["pages"], metadata=metadata), pages_dsn)
    assert closed.get("/pg/of_visit?visit=3").status_code == 200
    assert not links(closed.get("/pg/of_visit?visit=3").text, "Explain")
    open_site = Site(make_datasette(schemas=["pages"]), pages_dsn)
    assert not links(open_site.get("/pg", sql="show timezone").text, "Explain")
    assert links(open_site.get("/pg", sql="(select 1)").text, "Explain")


def test_a_query_with_an_odd_name(queries: Site) -> None:
    (link,) = [found for found in links(queries.get("/pg").text, ".*?") if "é" in found or "~C3" in found or "%C3" in found]
    page = queries.get(link)
    assert page.status_code == 200
    (action,) = re.findall(r'<form class="sql" action="([^"]*)"', page.text)
    assert queries.get(html.unescape(action), word="w").status_code == 200


def test_a_sqlite_database_keeps_its_query_page(queries: Site) -> None:
    queries.get("/")
    queries.datasette.add_memory_database("beside")
    page = queries.get("/beside", sql="select :n + 1")
    assert page.status_code == 200 and not links(page.text, "Explain") and "Give n" not in page.text
    wrong = queries.get("/beside", sql="select nope")
    assert "white-space: pre-wrap" not in wrong.text and "no such column: nope" in wrong.text
