"""The sky by HTTP: cones on tables, maps' data, lists of positions and ids, wrong input, wrong settings, and who may see it."""

import csv
import io
import re
from collections.abc import Callable
from html import unescape
from typing import Any

import astropy.units as u
import numpy as np
import pytest
import requests
from astropy.coordinates import Angle, SkyCoord
from datasette.utils import StartupError
from datasette_sky import conditions, coordinates, lists, map_rows, settings
from datasette_sky.coordinates import Position, Unreadable
from hypothesis import given
from hypothesis import strategies as st
from sample import THOUSAND, Sample

LIST = "/-/sky/elasticc/list"


def ask(sample: Sample, path: str, **params: str) -> requests.Response:
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
    assert "within 36″ of an object around ra 187.7°, decl 12.4°" in page


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
        ("elasticc_diaobject", "1,2,inf", "“inf” is no number."),
        ("elasticc_diaobject", "1,2,0", "The radius must be a number above 0, and at most 180 degrees."),
        ("elasticc_diaobject", "361,2,1", "The right ascension 361° isn't between 0° and 360°."),
        ("elasticc_diaobject", "1,2,3) or (1=1", "“3) or (1=1” is no number."),
        ("elasticc_brokermessage", "1,2,3", "_cone: the table elasticc_brokermessage has no positions"),
    ],
)
def test_a_wrong_cone_is_refused(sample_house: Sample, table: str, cone: str, sentence: str) -> None:
    answer = ask(sample_house, f"/elasticc/{table}.json", _cone=cone)
    assert (answer.status_code, answer.json()["error"]) == (400, sentence)


@pytest.mark.parametrize("has_q3c", [True, False])
def test_with_and_without_a_function_of_the_database(sample_house: Sample, sky: Any, has_q3c: bool) -> None:
    ids, positions = sky
    for ra, decl, radius in ((187.7, 12.4, 30.0), (0.0, -89.9, 45.0), (359.9, -20.0, 33.0), (5.0, 5.0, 179.0)):
        near = conditions.near("ra", "decl", f"{ra}::float8", f"({decl})::float8", f"{radius}::float8", has_q3c=has_q3c)
        found = {one for (one,) in sample_house.ask(f'select "diaObjectId" from elasticc_diaobject where {near}')}
        is_near = positions.separation(SkyCoord(ra, decl, unit="deg")).deg <= radius
        assert found == set(np.array(ids)[is_near].tolist())


def test_points_are_the_filtered_rows(sample_house: Sample) -> None:
    answer = ask(sample_house, "/-/sky/elasticc/table/elasticc_diaobject.json", mwebv__gt="0.1", _cone="0,0,90").json()
    found = rows(sample_house, "elasticc_diaobject", mwebv__gt="0.1", _cone="0,0,90")
    assert answer["kind"] == "points"
    assert answer["total"] == len(found)
    assert set(zip(answer["path"], answer["ra"], answer["decl"], strict=True)) == {
        (str(row["diaObjectId"]), row["ra"], row["decl"]) for row in found
    }


def test_a_density_counts_every_row_where_it_lies(sample_house: Sample) -> None:
    answer = ask(sample_house, "/-/sky/elasticc/table/elasticc_diasource.json").json()
    positions = sample_house.ask("select ra, decl from elasticc_diasource")
    assert (answer["kind"], answer["total"], answer["is_estimate"]) == ("density", len(positions), False)
    expected: dict[tuple[int, int], int] = {}
    for ra, decl in positions:
        ring = int((decl + 90) // map_rows.RING_DEG)
        cell = int(ra % 360 / 360 * map_rows.CELLS[ring])
        expected[ring, cell] = expected.get((ring, cell), 0) + 1
    assert dict(zip(zip(answer["ring"], answer["cell"], strict=True), answer["count"], strict=True)) == expected


def test_a_typed_condition_is_counted(sample_house: Sample) -> None:
    answer = ask(sample_house, "/-/sky/elasticc/table/elasticc_diasource.json", _where="snr > 5.5").json()
    [(count,)] = sample_house.ask("select count(*) from elasticc_diasource where snr > 5.5")
    assert answer["total"] == count


@pytest.mark.parametrize(
    ("path", "params", "status", "words"),
    [
        ("/-/sky/elasticc/table/elasticc_brokermessage.json", {}, 404, "has no positions"),
        ("/-/sky/elasticc/table/nothing.json", {}, 404, "has no positions"),
        ("/-/sky/other/table/elasticc_diaobject.json", {}, 404, "has no positions"),
        ("/-/sky/elasticc/table/elasticc_diaobject.json", {"_cone": "x"}, 400, "_cone must be"),
        ("/-/sky/elasticc/table/elasticc_diaobject.json", {"_where": "nonsense"}, 400, "nonsense"),
        ("/-/sky/elasticc", {"position": "M31"}, 400, "“M31” is no position"),
        ("/-/sky/elasticc", {"position": "1 2", "unit": "parsec"}, 400, "The radius's unit must be one of"),
        ("/-/sky/elasticc", {"position": "1 2", "table": "auth_user"}, 400, "There is no table auth_user with positions."),
        ("/-/sky/other", {}, 404, "has no positions"),
    ],
)
def test_what_cannot_be_shown_is_said(sample_house: Sample, path: str, params: dict[str, str], status: int, words: str) -> None:
    answer = ask(sample_house, path, **params)
    assert (answer.status_code, words in unescape(answer.text)) == (status, True), answer.text


@pytest.mark.parametrize(
    "typed", ["187.7 12.4", "12h30m48s +12d24m00s", "12:30:48 +12:24:00", "12 30 48 12 24 0", "187.7,12.4"]
)
def test_the_form_leads_to_the_table(sample_house: Sample, typed: str) -> None:
    answer = ask(sample_house, "/-/sky/elasticc", position=typed, radius="2", unit="arcsec")
    assert answer.status_code == 302
    assert re.fullmatch(r"/elasticc/elasticc_diaobject\?_cone=187\.7,12\.4,0\.0005555556", answer.headers["location"])
    assert f">{THOUSAND}<" in ask(sample_house, answer.headers["location"]).text


def test_a_list_of_both_kinds(sample_house: Sample) -> None:
    [(first, ra, decl)] = sample_house.ask('select "diaObjectId", ra, decl from elasticc_diaobject order by 1 desc limit 1')
    text = f"name,ra,dec\n# mine\n{THOUSAND}\n\n{ra}, {decl}\nmy favourite, 187.7001, 12.4\n12h30m48s +12d24m00s\n10 89\n999"
    answer = ask(sample_house, LIST, list=text, radius="1", unit="arcsec", _format="json").json()
    assert [(row["line"], row["diaObjectId"]) for row in answer["rows"]] == [
        (3, THOUSAND), (5, first), (6, THOUSAND), (7, THOUSAND), (8, None), (9, None),
    ]  # fmt: skip
    assert (answer["found"], answer["missing_lines"], answer["truncated"]) == (4, [8, 9], False)
    expected = SkyCoord(187.7001, 12.4, unit="deg").separation(SkyCoord(187.7, 12.4, unit="deg")).arcsec
    assert answer["rows"][2]["separation_arcsec"] == pytest.approx(expected, abs=1e-6)
    written = ask(sample_house, LIST, list=text, radius="1", unit="arcsec", _format="csv")
    assert written.headers["content-type"] == "text/csv; charset=utf-8"
    table = list(csv.reader(io.StringIO(written.text)))
    assert table[0] == list(answer["rows"][0])
    assert [(row[0], row[2]) for row in table[1:]] == [(str(r["line"]), str(r["diaObjectId"] or "")) for r in answer["rows"]]


def test_ten_thousand_lines_and_no_more(sample_house: Sample) -> None:
    lines = [f"{k % 360}.5 {k % 170 - 85}" for k in range(9_999)] + [str(THOUSAND)]
    post = {"list": "\n".join(lines), "radius": "2", "unit": "deg", "_format": "json"}
    answer = requests.post(sample_house.url + LIST, data=post, auth=sample_house.account, timeout=60)
    assert answer.status_code == 200
    assert answer.json()["rows"][-1]["diaObjectId"] == THOUSAND
    post["list"] += "\n1 2"
    answer = requests.post(sample_house.url + LIST, data=post, auth=sample_house.account, timeout=60)
    assert (answer.status_code, answer.json()["error"]) == (400, "A list may have 10,000 lines; this one has more.")
    post["list"] = "1 2\n" * 600_000
    answer = requests.post(sample_house.url + LIST, data=post, auth=sample_house.account, timeout=60)
    assert answer.status_code == 413
    assert "The list is too large: 2 MB at most." in answer.text


def test_wrong_lines_are_named(sample_house: Sample) -> None:
    answer = ask(sample_house, LIST, list=f"{THOUSAND}\nM31\n400 1\n1 91\n9999999999999999999999", _format="json")
    assert answer.status_code == 400
    assert answer.json()["error"] == (
        "Line 2: “M31” is neither an object's id nor a position, as 187.70 +12.40 or 12h30m49s +12d23m28s."
        " Line 3: The right ascension 400° isn't between 0° and 360°."
        " Line 4: The declination 91° isn't between -90° and 90°."
        " Line 5: “9999999999999999999999” is neither an object's id nor a position, as 187.70 +12.40 or 12h30m49s +12d23m28s."
    )


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
        assert (answer.status_code, answer.headers["location"]) == (303, f"{LIST}?list=4242&radius=1&unit=arcsec")
        shared = session.get(sample_house.url + answer.headers["location"], headers={"Accept": "text/html"}, timeout=60)
        assert "1 object<" in shared.text
        many = "\n".join(["187.7 12.4"] * 300)
        answer = session.post(
            sample_house.url + LIST,
            data={**post, "list": many, "csrftoken": token[1]},
            headers={"Accept": "text/html"},
            timeout=60,
            allow_redirects=False,
        )
        assert answer.status_code == 200
        assert "300 objects<" in answer.text
        assert "All rows as CSV or JSON: by the buttons above." in answer.text


def test_markup_in_a_list_stays_text(sample_house: Sample) -> None:
    answer = ask(sample_house, LIST, list="</textarea><script>alert(1)</script>\n5")
    assert "<script>alert(1)" not in answer.text
    answer = ask(sample_house, LIST, list=f"</script><script>alert(1)</script>,187.7,12.4\n{THOUSAND}")
    assert answer.status_code == 200
    assert "<script>alert(1)" not in answer.text


@pytest.mark.parametrize(
    "path", ["/-/sky/elasticc", LIST, f"{LIST}?list=5&_format=json", "/-/sky/elasticc/table/elasticc_diaobject.json"]
)
def test_a_stranger_sees_nothing(sample_house: Sample, path: str) -> None:
    answer = requests.get(sample_house.url + path, timeout=60, allow_redirects=False)
    assert answer.status_code in (302, 401, 403)
    assert answer.headers.get("location", "/-/login").startswith("/-/login")


HOURS, DEGREES, SIXTIETHS = st.integers(0, 23), st.integers(0, 89), st.integers(0, 59)
SECONDS = st.decimals(0, "59.999", places=3)
STYLES = (
    "{h}h{m}m{s}s {sign}{d}d{dm}m{ds}s", "{h:02}:{m:02}:{s} {sign}{d:02}:{dm:02}:{ds}", "{h} {m} {s} {sign}{d} {dm} {ds}",
    "{h}h {m}m {s}s, {sign}{d}° {dm}' {ds}\"", "{h}h{m}m{s}s{sign}{d}d{dm}m{ds}s",
)  # fmt: skip


@given(HOURS, SIXTIETHS, SECONDS, st.sampled_from(["+", "-", "\u2212"]), DEGREES, SIXTIETHS, SECONDS, st.sampled_from(STYLES))
def test_sexagesimal_as_astropy_reads_it(h: int, m: int, s: object, sign: str, d: int, dm: int, ds: object, style: str) -> None:
    found = coordinates.position(style.format(h=h, m=m, s=s, sign=sign, d=d, dm=dm, ds=ds))
    assert found.ra == pytest.approx(Angle(f"{h}h{m}m{s}s").to_value(u.deg), abs=1e-9)
    assert found.decl == pytest.approx(Angle(f"{'-' if sign != '+' else '+'}{d}d{dm}m{ds}s").to_value(u.deg), abs=1e-9)


@given(st.text(max_size=60))
def test_any_other_text_is_refused_in_a_sentence(text: str) -> None:
    for read in (coordinates.position, coordinates.cone, lambda one: lists.read(one, str.isdigit)):
        try:
            assert read(text)
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
