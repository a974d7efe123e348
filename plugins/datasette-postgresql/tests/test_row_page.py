"""A row by its key, what it refers to and what refers to it."""

from page_fixtures import Site, pages_dsn, site  # noqa: F401


def test_a_row(site: Site) -> None:  # noqa: F811
    page = site.json("/pg/diaSource/7.json", _shape="objects")
    assert (page["rows"][0]["diaSource_id"], page["rows"][0]["band"]) == (7, "i")
    assert page["primary_key_values"] == ["7"]
    assert site.get("/pg/diaSource/7").status_code == 200


def test_what_is_no_row(site: Site) -> None:  # noqa: F811
    for path in ("diaSource/0", "diaSource/x", "diaSource/1,2", "diaSource/1.5", "pairs/a", "loose/1", "bright/1", "nope/1",
                 "diaSource/99999999999999999999", "diaSource/~00"):  # fmt: skip
        assert site.get(f"/pg/{path}.json").status_code == 404, path


def test_a_key_of_two_columns(site: Site) -> None:  # noqa: F811
    assert site.json("/pg/pairs/k~2C0,5.json")["rows"] == [["k,0", 5, 2]]
    assert 'href="/pg/pairs/k~2C0,5"' in site.get("/pg/pairs").text


def test_foreign_keys_in(site: Site) -> None:  # noqa: F811
    page = site.json("/pg/diaObject/3.json", _extras="foreign_key_tables")
    (reference,) = page["foreign_key_tables"]
    assert reference["count"] == site.select('select count(*) from "diaSource" where "diaObject_id" = 3')[0][0]
    assert reference["link"] == "/pg/diaSource?diaObject_id=3"
    assert site.json("/pg/diaSource.json?diaObject_id=3")["filtered_table_rows_count"] == reference["count"]
    assert "diaSource?diaObject_id=3" in site.get("/pg/diaObject/3").text


def test_foreign_keys_out(site: Site) -> None:  # noqa: F811
    cell = site.json("/pg/diaSource.json?diaSource_id=2&_labels=on")["rows"][0]["diaObject_id"]
    assert cell == {"value": 3, "label": "object 3"}


def test_bytes(site: Site) -> None:  # noqa: F811
    assert site.get("/pg/diaSource/258.blob?_blob_column=raw").status_code == 404
    assert site.get("/pg/diaSource/7.blob?_blob_column=raw").content == b"\x00\x07"
    assert site.get("/pg/codes/c7.blob?_blob_column=raw").content == b"\x00\xff"
