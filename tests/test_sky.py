"""The sky by HTTP: cones on tables, maps' data, lists of positions and ids, wrong input, wrong settings, and who may see it."""

import csv
import io
import math
import re
import time
from collections.abc import Callable
from html import unescape
from typing import Any
from urllib.parse import parse_qs

import numpy as np
import pytest
import requests
from astropy.coordinates import SkyCoord
from astropy.table import Table
from datasette.utils import StartupError
from datasette_sky import conditions, coordinates, density, lists, settings
from datasette_sky.conditions import Functions
from datasette_sky.positions import Position, Unreadable, position
from hypothesis import given
from hypothesis import strategies as st
from sample import THOUSAND, Sample

LIST = "/-/sky/elasticc/list"
OBJECTS_MAP = "/-/sky/elasticc/table/elasticc_diaobject.json"
RESULT_MAP = "/-/sky/elasticc/sql.json"


def ask(sample: Sample, path: str, **params: Any) -> requests.Response:
    return requests.get(sample.url + path, params=params, auth=sample.account, timeout=60, allow_redirects=False)


def rows(sample: Sample, table: str, **params: str) -> list[dict[str, Any]]:
    answer = ask(sample, f"/elasticc/{table}.json", _shape="array", _size="1000", **params)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()
    return found


@pytest.fixture(scope="module")
def sky(sample_house: Sample) -> tuple[list[int], SkyCoord]:
    found = sample_house.ask('select "diaObjectId", ra, decl from elasticc_diaobject order by 1')
    return [row[0] for row in found], SkyCoord([row[1] for row in found], [row[2] for row in found], unit="deg")


@pytest.mark.parametrize(
    ("ra", "decl", "radius"), [(187.7, 12.4, 1e-4), (0, -30, 25), (359.9, 0, 20), (77, -90, 40), (10, 20, 180)]
)
def test_a_cone_filters_the_objects(sample_house: Sample, sky: Any, ra: float, decl: float, radius: float) -> None:
    ids, positions = sky
    near = positions.separation(SkyCoord(ra, decl, unit="deg")).deg <= radius
    found = rows(sample_house, "elasticc_diaobject", _cone=f"{ra},{decl},{radius}")
    assert [row["diaObjectId"] for row in found] == [one for one, is_near in zip(ids, near, strict=True) if is_near]
    assert found


def test_a_cone_filters_what_belongs_to_objects(sample_house: Sample) -> None:
    for table in ("diasource", "diaforcedsource"):
        found = rows(sample_house, f"elasticc_{table}", _cone="187.7,12.4,0.01", filterName="r")
        where = """where "diaObject_id" = 4242 and "filterName" = 'r'"""
        assert len(found) == sample_house.ask(f"select count(*) from elasticc_{table} {where}")[0][0]
        assert {row["diaObject_id"] for row in found} == {THOUSAND}
    page = unescape(ask(sample_house, "/elasticc/elasticc_diasource", _cone="187.7,12.4,0.01").text)
    assert "where the object is within 36″ of ra 187.7°, decl +12.4°" in page


def test_two_cones_must_both_hold(sample_house: Sample) -> None:
    url = f"{sample_house.url}/elasticc/elasticc_diaobject.json?_shape=array&_cone=187.7,12.4,30&_cone=187.7,13.4,1.0001"
    found = requests.get(url, auth=sample_house.account, timeout=60).json()
    assert THOUSAND in [row["diaObjectId"] for row in found]
    assert len(found) < len(rows(sample_house, "elasticc_diaobject", _cone="187.7,12.4,30"))


@pytest.mark.parametrize(
    ("table", "cone", "sentence"),
    [
        ("elasticc_diaobject", "1,2", "_cone must be ra,decl,radius, in degrees."),
        ("elasticc_diaobject", "1,2,3,4", "_cone must be ra,decl,radius, in degrees."),
        ("elasticc_diaobject", "1,x,3", "“x” is no number."),
        ("elasticc_diaobject", "1,nan,3", "“nan” is no number."),
        ("elasticc_diaobject", "1,2,inf", "The radius must be a number above 0, and at most 180 degrees."),
        ("elasticc_diaobject", "1,2,0", "The radius must be a number above 0, and at most 180 degrees."),
        ("elasticc_diaobject", "361,2,1", "The right ascension 361° isn't between 0° and 360°."),
        ("elasticc_diaobject", "1,2,3&_cone=1,2,3" + "&_cone=1,2,3" * 9, "More than 10 arguments _cone="),
        ("elasticc_diaobject", "1,2,3) or (1=1", "The radius must be a number above 0, and at most 180 degrees."),
        ("elasticc_diaobject", "1,2) or (1=1,3", "“2) or (1=1” is no number."),
        ("elasticc_brokermessage", "1,2,3", "_cone: the table elasticc_brokermessage has no positions"),
    ],
)
def test_a_wrong_cone_is_refused(sample_house: Sample, table: str, cone: str, sentence: str) -> None:
    answer = requests.get(f"{sample_house.url}/elasticc/{table}.json?_cone={cone}", auth=sample_house.account, timeout=60)
    assert (answer.status_code, answer.json()["error"]) == (400, sentence)


@pytest.mark.parametrize("functions", [Functions(), Functions(radial_query=True, distance=True)])
@pytest.mark.parametrize(
    ("ra", "decl", "radius"),
    [(187.7, 12.4, 30.0), (0.0, -89.9, 45.0), (359.9, -20.0, 33.0), (77.0, -90.0, 40.0), (5.0, 5.0, 179.0)],
)
def test_with_and_without_functions_of_the_database(
    sample_house: Sample, sky: Any, functions: Functions, ra: float, decl: float, radius: float
) -> None:
    ids, positions = sky
    centre = (conditions.number(ra), conditions.number(decl))
    near = conditions.near("ra", "decl", *centre, conditions.number(radius), functions)
    separation = conditions.separation_deg("ra", "decl", *centre, functions)
    found = dict(sample_house.ask(f'select "diaObjectId", {separation} from elasticc_diaobject where {near}'))
    expected = positions.separation(SkyCoord(ra, decl, unit="deg")).deg
    assert set(found) == set(np.array(ids)[expected <= radius].tolist())
    assert [found[one] for one in found] == pytest.approx([expected[ids.index(one)] for one in found], abs=1e-10)


def test_points_are_the_filtered_rows(sample_house: Sample) -> None:
    answer = ask(sample_house, f"{OBJECTS_MAP}", mwebv__gt="0.1", _cone="0,0,90").json()
    found = rows(sample_house, "elasticc_diaobject", mwebv__gt="0.1", _cone="0,0,90")
    assert (answer["kind"], answer["total"], answer["cone"]) == ("points", len(found), None)
    assert set(zip(answer["path"], answer["ra"], answer["decl"], strict=True)) == {
        (str(row["diaObjectId"]), row["ra"], row["decl"]) for row in found
    }
    assert ask(sample_house, OBJECTS_MAP, _cone="187.7,12.4,2").json()["cone"] == [187.7, 12.4, 2]


def cells(answer: dict[str, Any]) -> dict[tuple[int, int], int]:
    """By ring and number."""
    return {
        (ring, cell): count for ring, _, cells, counts in answer["rings"] for cell, count in zip(cells, counts, strict=True)
    }


def counted(answer: dict[str, Any], positions: list[tuple[float, float]]) -> dict[tuple[int, int], int]:
    """What each cell of that height must have."""
    expected: dict[tuple[int, int], int] = {}
    for ra, decl in positions:
        ring = math.floor((decl + 90) / answer["ring_deg"])
        middle = (ring + 0.5) * answer["ring_deg"] - 90
        cells = max(1, round(360 / answer["ring_deg"] * math.cos(math.radians(middle))))
        place = (ring, math.floor(ra % 360 / 360 * cells))
        expected[place] = expected.get(place, 0) + 1
    return expected


def test_a_density_counts_every_row_where_it_lies(sample_house: Sample) -> None:
    answer = ask(sample_house, "/-/sky/elasticc/table/elasticc_diasource.json").json()
    positions = sample_house.ask("select ra, decl from elasticc_diasource")
    assert (answer["kind"], answer["total"], answer["is_estimate"]) == ("density", len(positions), False)
    assert cells(answer) == counted(answer, positions)


def test_a_close_up_has_smaller_cells(sample_house: Sample) -> None:
    answer = ask(sample_house, "/-/sky/elasticc/table/elasticc_diasource.json", _cone="300,-60,60").json()
    found = sample_house.ask(
        """select s.ra, s.decl from elasticc_diasource s join elasticc_diaobject o on o."diaObjectId" = s."diaObject_id"
        where cone(o.ra, o.decl, 300, -60, 60)"""
    )
    assert (answer["kind"], answer["total"], answer["cone"]) == ("density", len(found), [300, -60, 60])
    assert density.ring_deg(60.0) == density.WHOLE_SKY_DEG
    assert cells(answer) == counted(answer, found)
    assert density.sql("x", "ra", "decl", 0.05, (-89.0, 1.0)).count(",") < 100
    assert [density.ring_deg(radius) for radius in (None, 1.0, 1e-9)] == pytest.approx([2.5, 0.05, 1e-6])


def test_a_typed_condition_is_counted(sample_house: Sample) -> None:
    answer = ask(sample_house, "/-/sky/elasticc/table/elasticc_diasource.json", _where="snr > 5.5").json()
    [(count,)] = sample_house.ask("select count(*) from elasticc_diasource where snr > 5.5")
    assert answer["total"] == count


def test_a_result_of_sql_is_counted_whole(sample_house: Sample) -> None:
    sql = "select s.ra as right, s.decl, 'x' as x from elasticc_diasource s where s.\"filterName\" = :band -- all of them"
    positions = sample_house.ask("select ra, decl from elasticc_diasource where \"filterName\" = 'r'")
    few = ask(sample_house, RESULT_MAP, sql=f"{sql}\n;", band="r", _columns=["right", "decl", "x"]).json()
    assert (few["kind"], few["total"], set(few["label"])) == ("points", len(positions), {"x"})
    assert sorted(zip(few["ra"], few["decl"], strict=True)) == sorted(positions)
    many = ask(sample_house, RESULT_MAP, sql="select * from elasticc_diasource", _columns=["ra", "decl"]).json()
    positions = sample_house.ask("select ra, decl from elasticc_diasource")
    assert (many["kind"], many["total"], many["is_estimate"]) == ("density", len(positions), False)
    assert cells(many) == counted(many, positions)
    canned = "/-/sky/elasticc/query/cone.json"
    found = ask(sample_house, canned, ra="187.7", decl="12.4", radius_deg="10", _columns=["ra", "decl", "diaObjectId"]).json()
    assert str(THOUSAND) in found["label"]


@pytest.mark.parametrize(
    ("path", "params", "status", "words"),
    [
        ("/-/sky/elasticc/table/elasticc_brokermessage.json", {}, 404, "has no positions"),
        ("/-/sky/elasticc/table/nothing.json", {}, 404, "has no positions"),
        ("/-/sky/other/table/elasticc_diaobject.json", {}, 404, "has no positions"),
        ("/-/sky/elasticc/table/elasticc_diaobject.json", {"_cone": "x"}, 400, "_cone must be"),
        ("/-/sky/elasticc/table/elasticc_diaobject.json", {"_where": "nonsense"}, 400, "nonsense"),
        ("/-/sky/elasticc/sql.json", {"sql": "select 1", "_columns": ["ra", "decl"]}, 400, 'column "ra" does not exist'),
        ("/-/sky/elasticc/sql.json", {"sql": "select 1"}, 400, "_columns must be given two or three times"),
        ("/-/sky/elasticc/sql.json", {"_columns": ["ra", "decl"]}, 400, "sql is missing."),
        ("/-/sky/elasticc/sql.json", {"sql": "select :_actor_id", "_columns": ["ra", "decl"]}, 400, "magic parameters"),
        ("/-/sky/elasticc/query/nothing.json", {"_columns": ["ra", "decl"]}, 404, "There is no query 'nothing'."),
        ("/-/sky/other/sql.json", {"sql": "select 1"}, 404, "There is no PostgreSQL database 'other'."),
        ("/-/sky/elasticc", {"position": "M31"}, 400, "“M31” is no position"),
        ("/-/sky/elasticc", {"position": "1 2", "unit": "parsec"}, 400, "The radius's unit must be one of"),
        ("/-/sky/elasticc", {"position": "1 2", "radius": "1e9"}, 400, "The radius must be a number above 0"),
        ("/-/sky/elasticc", {"position": "1 2", "_format": "xml"}, 400, "_format must be one of html, json, csv."),
        ("/-/sky/elasticc", {"position": "1 2", "table": "auth_user"}, 400, "There is no table auth_user with positions."),
        ("/-/sky/other", {}, 404, "has no positions"),
        (LIST, {"list": "5", "table": "auth_user"}, 400, "There is no table auth_user with positions."),
        (LIST, {"list": "5", "radius": "x", "_format": "json"}, 400, "The radius must be a number above 0"),
        (LIST, {"list": " \n#\n"}, 400, "The list is empty"),
    ],
)
def test_what_cannot_be_shown_is_said(sample_house: Sample, path: str, params: Any, status: int, words: str) -> None:
    answer = ask(sample_house, path, **params)
    is_json = answer.headers["content-type"].startswith("application/json")
    said = answer.json()["error"] if is_json else unescape(answer.text)
    assert (answer.status_code, words in said) == (status, True), answer.text


@pytest.mark.parametrize(
    "typed", ["187.7 12.4", "12h30m48s +12d24m00s", "12:30:48 +12:24:00", "12 30 48 12 24 0", "187.7,12.4"]
)
def test_the_form_finds_an_object(sample_house: Sample, typed: str) -> None:
    found = ask(sample_house, "/-/sky/elasticc", position=typed, radius="2", unit="arcsec", _format="json").json()
    [row] = found["rows"]
    assert (row["diaObjectId"], row["separation_arcsec"]) == (THOUSAND, pytest.approx(0, abs=1e-6))


@pytest.mark.parametrize(("ra", "decl", "radius"), [(0.0, 5.0, 25), (359.99, 0.0, 20), (77.0, -90.0, 40), (10.0, -20.0, 180)])
def test_a_cones_rows_come_nearest_first_with_their_distance(
    sample_house: Sample, sky: Any, ra: float, decl: float, radius: float
) -> None:
    ids, positions = sky
    found = ask(sample_house, "/-/sky/elasticc", position=f"{ra} {decl}", radius=str(radius), unit="deg", _format="json").json()
    expected = positions.separation(SkyCoord(ra, decl, unit="deg")).arcsec
    nearest = [k for k in np.argsort(expected, kind="stable") if expected[k] <= 3600 * radius]
    assert [row["diaObjectId"] for row in found["rows"]] == [ids[k] for k in nearest]
    assert [row["separation_arcsec"] for row in found["rows"]] == pytest.approx([expected[k] for k in nearest], abs=1e-6)
    assert list(found["rows"][0]) == ["diaObjectId", "separation_arcsec", "ra", "decl", "z_final", "mwebv"]


def test_a_cones_page_leads_on(sample_house: Sample) -> None:
    page = ask(sample_house, "/-/sky/elasticc", position="187.7 12.4", radius="10", unit="deg").text
    assert "rows within 10° of ra 187.7°, decl +12.4°" in page
    assert f'<a href="/elasticc/elasticc_diaobject/{THOUSAND}">{THOUSAND}</a>' in page
    links = {text: unescape(url) for url, text in re.findall(r'<a href="([^"]+)">(\w+)</a>', page)}
    as_json = requests.get(sample_house.url + links["JSON"], auth=sample_house.account, timeout=60).json()
    as_csv = requests.get(sample_house.url + links["CSV"], auth=sample_house.account, timeout=60).text
    assert len(list(csv.reader(io.StringIO(as_csv)))) == len(as_json["rows"]) + 1
    sql = links["SQL"].replace("/elasticc?", "/elasticc.json?_shape=array&")
    assert requests.get(sample_house.url + sql, auth=sample_house.account, timeout=60).json() == as_json["rows"]
    for table in ("elasticc_diaobject", "elasticc_diasource", "elasticc_diaforcedsource", "elasticc_diaobjecttruth"):
        assert links[table] == f"/elasticc/{table}?_cone=187.7,12.4,10"
    nothing = ask(sample_house, "/-/sky/elasticc", position="10 89", radius="1", unit="arcsec")
    assert (nothing.status_code, "Nothing within 1″ of ra 10°, decl +89°" in nothing.text) == (200, True)


def test_a_cone_is_found_by_the_index(sample_house: Sample) -> None:
    page = ask(sample_house, "/-/sky/elasticc", position="187.7 12.4").text
    [address] = re.findall(r'<a href="/elasticc\?([^"]+)">SQL</a>', page)
    [sql] = parse_qs(unescape(address))["sql"]
    plan = sample_house.ask("set enable_seqscan = off; explain " + sql)
    assert any("Index Scan" in line or "Bitmap Index" in line for (line,) in plan), plan


def test_a_list_of_both_kinds(sample_house: Sample) -> None:
    [(first, ra, decl)] = sample_house.ask('select "diaObjectId", ra, decl from elasticc_diaobject order by 1 desc limit 1')
    text = f"# mine\n{THOUSAND}\n\n{ra}, {decl}\nmy favourite, 187.7001, 12.4\n12h30m48s +12d24m00s\n10 89\n999"
    answer = ask(sample_house, LIST, list=text, radius="1", unit="arcsec", _format="json").json()
    assert [(row["line"], row["given"], row["diaObjectId"]) for row in answer["rows"]] == [
        (2, str(THOUSAND), THOUSAND), (4, f"{ra}, {decl}", first), (5, "my favourite, 187.7001, 12.4", THOUSAND),
        (6, "12h30m48s +12d24m00s", THOUSAND), (7, "10 89", None), (8, "999", None),
    ]  # fmt: skip
    assert (answer["found"], answer["missing_lines"], answer["truncated"]) == (4, [7, 8], False)
    expected = SkyCoord(187.7001, 12.4, unit="deg").separation(SkyCoord(187.7, 12.4, unit="deg")).arcsec
    assert answer["rows"][2]["separation_arcsec"] == pytest.approx(expected, abs=1e-6)
    written = ask(sample_house, LIST, list=text, radius="1", unit="arcsec", _format="csv")
    assert written.headers["content-type"] == "text/csv; charset=utf-8"
    table = list(csv.reader(io.StringIO(written.text)))
    assert table[0] == answer["columns"] == list(answer["rows"][0])
    assert [(row[0], row[2]) for row in table[1:]] == [(str(r["line"]), str(r["diaObjectId"] or "")) for r in answer["rows"]]


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_a_readers_own_columns_stay(sample_house: Sample, delimiter: str) -> None:
    text = 'line,name,RA_deg,"DEC_deg",ra,note\n1,"M{0}87",187.7,12.4,x,\n2,b,10,89,y,"says ""no"""'.replace(",", delimiter)
    answer = ask(sample_house, LIST, list=text.format(delimiter), radius="1", unit="arcsec", _format="json").json()
    assert answer["columns"][:7] == ["line", "line_given", "name", "RA_deg", "DEC_deg", "ra_given", "note"]
    assert [list(row.values())[:8] for row in answer["rows"]] == [
        [2, "1", f"M{delimiter}87", "187.7", "12.4", "x", None, THOUSAND],
        [3, "2", "b", "10", "89", "y", 'says "no"', None],
    ]


def test_headings_say_what_numbers_are(sample_house: Sample) -> None:
    for text in (
        f"diaobjectid,ra,dec\n{THOUSAND},1,2", "id ra decl mag\n7 187.7 12.4 20.1", f"mag,diaObjectId\n20,{THOUSAND}",
        "what,position\nx,12h30m48s +12d24m00s", f"id\n{THOUSAND}", f"comment\n{THOUSAND}", f"{THOUSAND}, mine",
    ):  # fmt: skip
        answer = ask(sample_house, LIST, list=text, radius="1", unit="arcsec", _format="json").json()
        assert [row["diaObjectId"] for row in answer["rows"]] == [THOUSAND], text


def test_a_votable_as_astropy_writes_it(sample_house: Sample) -> None:
    table = Table({"name": ["M 87 <&>", "b"], "ra": [187.7, 10.0], "dec": [12.4, 89.0], "mag": [np.nan, 3.5]})
    out = io.BytesIO()
    table.write(out, format="votable")
    text = out.getvalue().decode()
    post = {"list": text, "radius": "1", "unit": "arcsec", "_format": "json"}
    answer = requests.post(sample_house.url + LIST, data=post, auth=sample_house.account, timeout=60).json()
    assert [(row["line"], row["name"], row["mag"], row["diaObjectId"]) for row in answer["rows"]] == [
        (1, "M 87 <&>", "NaN", THOUSAND),
        (2, "b", "3.5", None),
    ]
    packed = io.BytesIO()
    table.write(packed, format="votable", tabledata_format="binary")
    for wrong, sentence in (
        (packed.getvalue().decode(), "The VOTable's rows are packed: save it as TABLEDATA."),
        ('<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><VOTABLE/>', "A VOTable with a document type is refused."),
        ("<VOTABLE>" * 40, "The VOTable is nested too deep."),
        ("<VOTABLE><TABLE>", "The VOTable can't be read: no element found, line 1."),
        ("<VOTABLE></VOTABLE>", "The VOTable has no table with rows."),
        (
            text.replace('"ra"', '"x"').replace('"name"', '"y"'),
            "The VOTable has no column that is called as an id or a position.",
        ),
        (text.replace("187.7", "400"), "Row 1: The right ascension 400° isn't between 0° and 360°."),
    ):
        answer = requests.post(sample_house.url + LIST, data={**post, "list": wrong}, auth=sample_house.account, timeout=60)
        assert (answer.status_code, answer.json()["error"]) == (400, sentence)


HOSTILE = [
    "'; drop table elasticc_diaobject; --", "' or '1'='1", "\\'; select 1 --", "$$; select 1; $$", ":name %s %(x)s ? {0} {",
    "/*" * 60, "</textarea></script><script>alert(1)</script>", '"; select 1; --', "1); select pg_sleep(9); --", "\u202e é 💥",
]  # fmt: skip


def test_hostile_lists_stay_text(sample_house: Sample) -> None:
    """In cells, in headings, where an id is meant; and the SQL for the SQL page says the same."""
    quoted = ['"' + text.replace('"', '""') + '"' for text in HOSTILE]
    body = "\n".join(f"{text},187.7,12.4" for text in quoted)
    answer = ask(sample_house, LIST, list=f"note,ra,dec\n{body}", radius="1", unit="arcsec", _format="json").json()
    assert [(row["note"], row["diaObjectId"]) for row in answer["rows"]] == [(text, THOUSAND) for text in HOSTILE]
    heads = ",".join(quoted)
    answer = ask(sample_house, LIST, list=f"{heads},ra,dec\n{',' * len(HOSTILE)}187.7,12.4", _format="json").json()
    assert answer["columns"][1 : len(HOSTILE) + 1] == [text[:40] for text in HOSTILE]
    for text in HOSTILE:
        refused = ask(sample_house, LIST, list=f"diaObjectId,note\n{quoted[HOSTILE.index(text)]},x", _format="json")
        assert (refused.status_code, "is no object's id." in refused.json()["error"]) == (400, True), text
    page = ask(sample_house, LIST, list=f"note,ra,dec\n{body}", radius="1", unit="arcsec").text
    assert "<script>alert(1)" not in page
    [address] = re.findall(r'<a href="(/elasticc\?[^"]+)">SQL</a>', page)
    sql = unescape(address).replace("/elasticc?", "/elasticc.json?_shape=array&")
    found = requests.get(sample_house.url + sql, auth=sample_house.account, timeout=60).json()
    assert [(row["note"], row["diaObjectId"]) for row in found] == [(text, THOUSAND) for text in HOSTILE]
    assert sample_house.ask("select count(*) from elasticc_diaobject")[0][0] > 1


def test_ten_thousand_lines_and_no_more(sample_house: Sample) -> None:
    lines = [f"{k % 360}.5 {k % 170 - 85}" for k in range(9_999)] + [str(THOUSAND)]
    post = {"list": "\n".join(lines), "radius": "2", "unit": "deg", "_format": "json"}
    answer = requests.post(sample_house.url + LIST, data=post, auth=sample_house.account, timeout=60)
    assert answer.status_code == 200, answer.text
    assert answer.json()["rows"][-1]["diaObjectId"] == THOUSAND
    post["list"] += "\n1 2"
    answer = requests.post(sample_house.url + LIST, data=post, auth=sample_house.account, timeout=60)
    assert (answer.status_code, answer.json()["error"]) == (400, "A list may have 10,000 lines; this one has 10,001.")
    post["list"] = "1 2\n" * 200_000
    answer = requests.post(sample_house.url + LIST, data=post, auth=sample_house.account, timeout=60)
    assert answer.status_code == 413
    assert "too l" in answer.text


def test_ten_thousand_ids_take_about_a_second(sample_house: Sample) -> None:
    """Half of them unknown; generous, since the machine may be busy."""
    known = [one for (one,) in sample_house.ask('select "diaObjectId" from elasticc_diaobject limit 5000')]
    ids = [*known, *range(1, 10_001 - len(known))]
    post = {"list": "\n".join(map(str, ids)), "_format": "json"}
    begun = time.monotonic()
    answer = requests.post(sample_house.url + LIST, data=post, auth=sample_house.account, timeout=60).json()
    assert time.monotonic() - begun < 10
    assert len(answer["rows"]) == 10_000
    assert {row["diaObjectId"] for row in answer["rows"]} == {*known, None} | ({THOUSAND} & set(ids))


def test_wrong_lines_are_named(sample_house: Sample) -> None:
    text = f"{THOUSAND}\nM31\n400 1\n1 91\n9999999999999999999999\n1,2,3\n5,x\nz"
    answer = ask(sample_house, LIST, list=text, _format="json")
    assert answer.status_code == 400
    neither = "is neither an object's id nor a position, as 187.70 +12.40 or 12h30m49s +12d23m28s."
    assert answer.json()["error"] == (
        f"Line 2: “M31” {neither}"
        " Line 3: The right ascension 400° isn't between 0° and 360°."
        " Line 4: The declination 91° isn't between -90° and 90°."
        f" Line 5: “9999999999999999999999” {neither}"
        " Line 6: it has 3 numbers: say what they are by a first line, as id,ra,dec."
        " 1 more lines can't be read either."
    )
    answer = ask(sample_house, LIST, list="id,ra,dec\n5,1,2,3\n,1\n,,", _format="json")
    assert answer.json()["error"].startswith("Line 2: it has 4 columns, and the first line 3. Line 3: “1,")
    answer = ask(sample_house, LIST, list=",".join(["ra", "dec", *(f"c{k}" for k in range(40))]) + "\n1,2", _format="json")
    assert answer.json()["error"] == "A list may have 40 columns; this one has 42."
    assert "null characters" in ask(sample_house, LIST, list="\x00", _format="json").json()["error"]


def test_a_browser_needs_the_forms_token_and_a_short_list_an_address(sample_house: Sample) -> None:
    with requests.Session() as session:
        page = session.get(f"{sample_house.url}/-/login", timeout=60).text
        token = re.search(r'name="csrftoken" value="([^"]+)"', page)
        assert token
        user, password = sample_house.account
        session.post(
            f"{sample_house.url}/-/login",
            data={"username": user, "password": password, "csrftoken": token[1]},
            headers={"Accept": "text/html"},
            timeout=60,
        )
        page = session.get(sample_house.url + LIST, headers={"Accept": "text/html"}, timeout=60).text
        token = re.search(r'name="csrftoken" value="([^"]+)"', page)
        assert token, page
        post = {"list": str(THOUSAND), "radius": "1", "unit": "arcsec"}
        assert session.post(sample_house.url + LIST, data=post, timeout=60).status_code == 403
        answer = session.post(sample_house.url + LIST, data={**post, "csrftoken": token[1]}, timeout=60, allow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (
            303,
            f"{LIST}?table=elasticc_diaobject&radius=1&unit=arcsec&list=4242",
        )
        shared = session.get(sample_house.url + answer.headers["location"], headers={"Accept": "text/html"}, timeout=60)
        assert "1 match for 1 line<" in shared.text
        many = "\n".join(["187.7 12.4"] * 400)
        answer = session.post(
            sample_house.url + LIST,
            data={**post, "list": many, "csrftoken": token[1]},
            headers={"Accept": "text/html"},
            timeout=60,
            allow_redirects=False,
        )
        assert answer.status_code == 200
        assert "400 matches for 400 lines<" in answer.text
        assert "All rows as CSV or JSON: by the buttons above." in answer.text


@pytest.mark.parametrize(
    "path", ["/-/sky/elasticc", LIST, f"{LIST}?list=5&_format=json", OBJECTS_MAP, f"{RESULT_MAP}?sql=select+1"]
)
def test_a_stranger_sees_nothing(sample_house: Sample, path: str) -> None:
    answer = requests.get(sample_house.url + path, timeout=60, allow_redirects=False)
    assert answer.status_code in (302, 401, 403)
    assert answer.headers.get("location", "/-/login").startswith("/-/login")


@given(st.text(max_size=60))
def test_any_other_text_is_refused_in_a_sentence(text: str) -> None:
    for read in (position, coordinates.cone, lambda one: lists.read(one, lists.Ids("id", str.isdigit))):
        try:
            assert read(text)  # type: ignore[operator]
        except Unreadable as error:
            assert str(error).endswith(".")


def test_the_address_of_a_cone_reads_back() -> None:
    for cone in (coordinates.Cone(Position(1e-7, -89.99999999), 1e-8), coordinates.Cone(Position(0, 0), 180)):
        assert coordinates.cone(str(cone)) == cone


RIGHT: dict[str, Any] = {
    "objects": {"table": "o", "id": "id", "ra": "ra", "decl": "decl"},
    "tables": {"s": {"ra": "ra", "decl": "decl"}},
}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda s: s.update(colour=1), "unknown setting 'colour' of the database 'd'; known are objects, tables,"),
        (lambda s: s.pop("objects"), "the setting 'objects' of the database 'd' is missing."),
        (lambda s: s["objects"].pop("ra"), "'objects' of the database 'd' must name table, id, ra, decl, and nothing else."),
        (lambda s: s.update(tables=["s"]), "'tables' of the database 'd' must be a mapping by table."),
        (lambda s: s["tables"]["s"].pop("ra"), "must name 'ra' and 'decl', or 'object', or all three, and nothing else."),
        (lambda s: s.update(show="z"), "'show' of the database 'd' must be a list of column names."),
        (lambda s: s.update(frame=5), "'frame' of the database 'd' must be text."),
    ],
)
def test_wrong_settings_are_refused_in_a_sentence(change: Callable[[dict[str, Any]], object], sentence: str) -> None:
    config = {key: {**value} for key, value in RIGHT.items()}
    config["tables"] = {"s": dict(RIGHT["tables"]["s"])}
    change(config)
    with pytest.raises(StartupError) as refused:
        settings.read({"databases": {"d": config}})
    assert str(refused.value).startswith("datasette-sky: ")
    assert sentence in str(refused.value)
