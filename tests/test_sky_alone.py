"""The sky on a bare database by two plugins alone: positions told by names of columns, no q3c, permissions, settings."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import astropy.units as u
import psycopg2
import pytest
import requests
from astropy.coordinates import SkyCoord
from browsing import visit
from datasette_sky import guess
from house import free_port
from playwright.sync_api import Browser, expect
from psycopg2.extensions import make_dsn
from sample import Sample

TABLES = """
create table "Stars" ("Name" text primary key, "RAJ2000" double precision, "DEJ2000" double precision, mag real);
insert into "Stars" values
    ('Polaris', 37.9546, 89.2641, 1.98), ('it''s; "odd", 100%', 0.0001, -0.5, 9), ('west', 359.9999, -0.5, 9.5),
    ('south', 12, -89.9999, 10), ('none', -999, -999, null), ('not', 'nan', 'infinity', null), ('null', null, null, 3);
create table visits (id int primary key, star text references "Stars" ("Name"), seen date);
insert into visits values (1, 'Polaris', '2025-01-01'), (2, 'west', '2025-01-02');
create view bright as select "Name" as name, "RAJ2000" as ra, "DEJ2000" as dec from "Stars" where mag < 9.8;
create table other (id int primary key, ra text, decl text);
create table hidden_stars (id int primary key, ra real, dec real);
insert into hidden_stars values (1, 10, 10);
grant select on all tables in schema public to sky_reader;
"""
ALONE = """
import sys
sys._called_from_test = True  # Datasette's own mark: no plugin is loaded by itself
from datasette.plugins import pm
for name in ("postgresql", "sky"):
    assert pm.load_setuptools_entrypoints("datasette", name)
from datasette.cli import cli
cli()
"""
METADATA: dict[str, Any] = {
    "databases": {"bare": {"tables": {"hidden_stars": {"allow": {"id": "root"}}}, "allow_sql": {"id": "root"}}}
}


@dataclass(frozen=True)
class Bare:
    url: str

    def get(self, path: str, **params: Any) -> requests.Response:
        return requests.get(self.url + path, params=params, timeout=60)

    def json(self, path: str, **params: Any) -> Any:
        answer = self.get(path, **params)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture(scope="module")
def reader_dsn(sample_house: Sample) -> Iterator[str]:
    """A database of its own on the sample's server, as a role that may only SELECT."""
    admin = psycopg2.connect(sample_house.admin_url)
    admin.autocommit = True
    with admin.cursor() as cursor:
        cursor.execute("create role sky_reader login password 'sky'")
        cursor.execute("create database sky_bare")
        dsn = make_dsn(sample_house.admin_url, dbname="sky_bare")
        made = psycopg2.connect(dsn)
        with made, made.cursor() as inside:
            inside.execute(TABLES)
        made.close()
        yield make_dsn(dsn, user="sky_reader", password="sky")
        cursor.execute("drop database sky_bare with (force)")
        cursor.execute("drop role sky_reader")
    admin.close()


def command(dsn: str, port: int, folder: Path, sky: Any = None) -> list[str]:
    """Datasette with these two plugins, whatever else is installed."""
    plugins: dict[str, Any] = {"datasette-postgresql": {"databases": {"bare": {"dsn": dsn}}}}
    if sky is not None:
        plugins["datasette-sky"] = sky
    metadata = folder / "metadata.json"
    metadata.write_text(json.dumps({**METADATA, "plugins": plugins}))
    return [sys.executable, "-c", ALONE, "serve", "--port", str(port), "--metadata", str(metadata)]


@pytest.fixture(scope="module")
def bare(reader_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bare]:
    port = free_port()
    started = command(reader_dsn, port, tmp_path_factory.mktemp("bare"))
    log = tmp_path_factory.mktemp("log") / "said.txt"
    with log.open("w") as out:
        process = subprocess.Popen(started, stdout=out, stderr=subprocess.STDOUT)
        found = Bare(f"http://127.0.0.1:{port}")
        try:
            for _ in range(300):
                assert process.poll() is None, log.read_text()
                try:
                    found.get("/-/versions.json")
                    break
                except requests.ConnectionError:
                    time.sleep(0.1)
            yield found
        finally:
            process.terminate()
            process.wait(30)


def test_columns_are_known_by_their_names(bare: Bare) -> None:
    answer = bare.json("/-/sky/bare/table/Stars.json")
    assert (answer["kind"], answer["total"]) == ("points", 4)
    assert sorted(answer["label"]) == ["Polaris", 'it\'s; "odd", 100%', "south", "west"]
    for path in answer["path"]:
        assert bare.get(f"/bare/Stars/{path}").status_code == 200
    assert bare.json("/-/sky/bare/table/bright.json")["total"] == 3
    for table in ("other", "visits"):
        assert bare.get(f"/-/sky/bare/table/{table}.json").status_code == 404
    assert 'href="/-/sky/bare"' in bare.get("/").text


@pytest.mark.parametrize(
    ("ra", "decl", "radius"), [(0.0, -0.5, 0.001), (200.0, 90.0, 1.0), (190.0, -90.0, 0.001), (0.0, 0.0, 180)]
)
def test_cones_at_the_poles_and_across_zero_hours(bare: Bare, ra: float, decl: float, radius: float) -> None:
    places = {
        "Polaris": (37.9546, 89.2641),
        'it\'s; "odd", 100%': (0.0001, -0.5),
        "west": (359.9999, -0.5),
        "south": (12, -89.9999),
    }
    centre = SkyCoord(ra * u.deg, decl * u.deg)
    apart = {name: SkyCoord(*place, unit="deg").separation(centre) for name, place in places.items()}
    found = bare.json("/-/sky/bare", position=f"{ra} {decl}", radius=radius, unit="deg", _format="json")["rows"]
    expected = sorted((name for name in apart if apart[name].deg <= radius), key=lambda name: (apart[name], name))
    assert {row["Name"] for row in found} == set(expected)
    assert [row["separation_arcsec"] for row in found] == pytest.approx([apart[row["Name"]].arcsec for row in found], abs=1e-6)
    assert [row["separation_arcsec"] for row in found] == sorted(row["separation_arcsec"] for row in found)
    rows = bare.json("/bare/Stars.json", _cone=f"{ra},{decl},{radius}", _shape="array")
    assert {row["Name"] for row in rows} == set(expected)


def test_rows_that_belong_to_objects_and_other_tables(bare: Bare) -> None:
    assert [row["id"] for row in bare.json("/bare/visits.json", _cone="0,90,1", _shape="array")] == [1]
    found = bare.json("/-/sky/bare", position="0 -0.5", radius="1", unit="arcsec", table="bright", _format="json")
    assert {row["name"] for row in found["rows"]} == {'it\'s; "odd", 100%', "west"}
    page = bare.get("/-/sky/bare", position="0 -0.5", radius="1", unit="arcsec").text
    assert "/bare/visits?_cone=0,-0.5,0.0002777778" in page
    assert ">SQL</a>" not in page  # allow_sql


def test_ids_that_are_texts(bare: Bare) -> None:
    text = "Polaris\nit's; \"odd\", 100%\nx'; drop table visits; --\n0.0001 -0.5\nPOLARIS"
    answer = bare.json("/-/sky/bare/list", list=text, radius="0.1", _format="json")
    assert [row["Name"] for row in answer["rows"]] == ["Polaris", None, None, 'it\'s; "odd", 100%', None]
    headed = 'name,note\nPolaris,a\n"it\'s; ""odd"", 100%",b'
    answer = bare.json("/-/sky/bare/list", list=headed, _format="json")
    assert [(row["name"], row["Name"]) for row in answer["rows"]] == [("Polaris",) * 2, ('it\'s; "odd", 100%',) * 2]
    assert bare.json("/bare/visits.json", _shape="array")


def test_a_hidden_table_is_hidden_here_too(bare: Bare) -> None:
    assert bare.get("/-/sky/bare/table/hidden_stars.json").status_code == 403
    assert "hidden_stars" not in bare.get("/-/sky/bare").text
    for page in ("/-/sky/bare", "/-/sky/bare/list"):
        answer = bare.get(page, position="10 10", list="1", table="hidden_stars", _format="json")
        assert (answer.status_code, answer.json()["error"]) == (400, "There is no table hidden_stars with positions.")
    answer = bare.get("/-/sky/bare/sql.json", sql='select * from "Stars"', _columns=["RAJ2000", "DEJ2000"])
    assert answer.status_code == 403


def test_in_the_browser(bare: Bare, browser: Browser) -> None:
    """On Datasette's own pages, with nobody logged in: a table's map, a point's row, what is around it, a view's map."""
    with visit(browser, bare.url, None) as visited:
        page = visited.page
        page.goto("/bare/Stars?Name=Polaris")
        page.get_by_role("link", name="Show on the sky").click()
        expect(page.locator(".sky-caption")).to_contain_text("1 row with a position.")
        page.locator(".sky-host").focus()
        page.keyboard.press("ArrowUp")
        expect(page.locator(".sky-tip")).to_have_text("Polaris: 37.9546° +89.2641°")
        page.keyboard.press("Enter")
        page.get_by_role("link", name="What is around it on the sky").click()
        expect(page.locator("#sky-found")).to_have_text("1 row within 1° of ra 37.9546°, decl +89.2641°")
        expect(page.locator(".sky-map")).to_have_attribute("data-view", "close-up")
        page.goto("/bare/bright?_sky=on")
        expect(page.locator(".sky-caption")).to_contain_text("3 rows with a position.")
        assert visited.complaints == []


def test_settings_choose_and_a_wrong_one_stops_the_start(reader_dsn: str, tmp_path: Path) -> None:
    objects = {"table": "Stars", "id": "Name", "ra": "RAJ2000", "decl": "decl"}
    for sky, sentence in (
        (
            {"databases": {"bare": {"objects": objects}}},
            "datasette-sky: 'objects' names the column 'decl', which 'Stars' doesn't have.",
        ),
        ({"databases": {"nothing": {"objects": objects}}}, "datasette-sky: there is no PostgreSQL database 'nothing'."),
    ):
        started = command(reader_dsn, free_port(), tmp_path, sky)
        done = subprocess.run(started, capture_output=True, text=True, timeout=60)
        assert done.returncode != 0
        assert sentence in done.stderr, done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["id", "ra", "dec"], ("ra", "dec")),
        (["RA", "Decl"], ("RA", "Decl")),
        (["host_ra", "host_dec", "ra", "dec", "decl"], ("ra", "decl")),
        (["RA_ICRS", "DE_ICRS"], ("RA_ICRS", "DE_ICRS")),
        (["right_ascension", "declination"], ("right_ascension", "declination")),
        (["ra", "dej2000"], None),
        (["draft", "decade"], None),
    ],
)
def test_names_of_positions(names: list[str], found: tuple[str, str] | None) -> None:
    assert guess.pair(names) == found
