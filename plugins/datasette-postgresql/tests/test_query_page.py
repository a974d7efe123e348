"""SQL a person typed: native PostgreSQL, with `:named` parameters."""

import pytest
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
    assert site.get("/pg/of_band?band=g").status_code == 200
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
