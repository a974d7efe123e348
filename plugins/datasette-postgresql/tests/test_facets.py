"""Facets count what a GROUP BY counts; suggestions for big tables come from the statistics."""

from collections.abc import Callable
from typing import Any

from datasette.app import Datasette
from page_fixtures import Site, pages_dsn, site  # noqa: F401


def results(page: Any, name: str) -> list[tuple[Any, int]]:
    return [(entry["value"], entry["count"]) for entry in page["facet_results"][name]["results"]]


def test_a_column(site: Site) -> None:  # noqa: F811
    page = site.json("/pg/diaSource.json", _facet="band", visit__gt=3, _size=2)
    expected = site.select('select band, count(*) from "diaSource" where visit > 3 group by 1 order by 2 desc, 1')
    assert results(page, "band") == expected
    after = site.json(page["next_url"].replace("http://localhost", ""))
    assert results(after, "band") == expected


def test_labels_of_a_foreign_key(site: Site) -> None:  # noqa: F811
    entries = site.json("/pg/diaSource.json", _facet="diaObject_id", _size=1)["facet_results"]["diaObject_id"]["results"]
    assert entries[0]["label"] == f"object {entries[0]['value']}"


def test_every_column_can_be_a_facet_and_its_links_lead_to_its_rows(site: Site) -> None:  # noqa: F811
    for column in site.json("/pg/diaSource.json", _size=0)["columns"]:
        facet = site.json("/pg/diaSource.json", _facet=column, _size=1)["facet_results"][column]
        first = facet["results"][0]
        page = site.json(first["toggle_url"].replace("http://localhost", ""))
        assert page["filtered_table_rows_count"] == first["count"], column
        assert page["facet_results"][column]["results"][0]["selected"], column
        for kind in ("_facet_array", "_facet_date"):
            assert site.get("/pg/diaSource.json", **{kind: column, "_size": 1}).status_code == 200


def test_arrays(site: Site) -> None:  # noqa: F811
    page = site.json("/pg/diaSource.json", _facet_array="tags", _size=1)
    expected = 'select t, count(*) from "diaSource", unnest(tags) t group by 1 order by 2 desc, 1'
    assert results(page, "tags") == site.select(expected)
    assert results(site.json("/pg/diaSource.json", _facet_array="doc", _size=1), "doc")[0] == ("x", 250)


def test_days(site: Site) -> None:  # noqa: F811
    page = site.json("/pg/diaSource.json", _facet_date="seen", _facet_size=5, _size=1)
    assert results(page, "seen") == site.select(
        "select (seen at time zone 'utc')::date::text, count(*) from \"diaSource\" group by 1 order by 2 desc, 1 limit 5"
    )


def suggested(page: Any) -> set[tuple[str, str]]:
    return {(facet["name"], facet.get("type", "column")) for facet in page["suggested_facets"]}


def test_suggestions(site: Site) -> None:  # noqa: F811
    found = suggested(site.json("/pg/diaSource.json", _size=1))
    expected = {
        ("band", "column"),
        ("ok", "column"),
        ("visit", "column"),
        ("mood", "column"),
        ("tags", "array"),
        ("doc", "array"),
    }
    assert found >= expected | {("seen", "date"), ("day", "date")}
    assert not found & {("diaSource_id", "column"), ("mag", "column"), ("seen", "column"), ("band", "date")}
    assert suggested(site.json("/pg/diaSource.json", band="g", _facet="ok", _size=1)) >= {("visit", "column")}


def test_suggestions_for_a_big_table(site: Site) -> None:  # noqa: F811
    assert suggested(site.json("/pg/big.json", _size=1)) == {("kind", "column")}
    assert suggested(site.json("/pg/big.json", id__gt=100, _size=1)) == {("kind", "column")}


def test_an_unknown_column_is_a_bad_request(site: Site) -> None:  # noqa: F811
    for argument in ("_facet", "_facet_array", "_facet_date"):
        assert site.get("/pg/diaSource.json", **{argument: "nope"}).status_code == 400


def test_a_facet_that_is_no_json_is_a_bad_request(site: Site) -> None:  # noqa: F811
    for facet in ('{"x"', '{"a": 1}', '{"column": 1}'):
        assert site.get("/pg/diaSource.json", _facet=facet).status_code == 400


def test_json_that_is_none_and_no_columns_name_either(site: Site) -> None:  # noqa: F811
    for argument in ("_facet", "_facet_array", "_facet_date"):
        answer = site.get("/pg/diaSource.json", **{argument: '{"column": '})
        assert (answer.status_code, answer.json()["error"]) == (400, "_facet is not valid JSON")
    assert results(site.json("/pg/diaSource.json", _facet='{"column": "band"}'), "band")


def test_a_facet_of_the_metadata_that_is_asked_for_stands_once(
    pages_dsn: str,  # noqa: F811
    make_datasette: Callable[..., Datasette],
) -> None:
    metadata = {"databases": {"pg": {"tables": {"diaSource": {"facets": ["band"]}}}}}
    datasette = make_datasette(schemas=["pages"], metadata=metadata, settings={"facet_time_limit_ms": 5000})
    page = Site(datasette, pages_dsn).json("/pg/diaSource.json", _facet=["band", "visit", "visit"], _size=1)
    assert {name: facet["hideable"] for name, facet in page["facet_results"].items()} == {"band": False, "visit": True}
