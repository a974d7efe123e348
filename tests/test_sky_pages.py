"""The sky in the browser: maps of tables, facets and results, the form, lists; by mouse, keyboard and axe-core."""

import math
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from astropy.coordinates import GeocentricTrueEcliptic, SkyCoord
from browsing import NARROW, SCREENSHOTS, Scheme, figures, flaws, serious, shoot, visit
from playwright.sync_api import Browser, Page, expect
from sample import THOUSAND, Sample

OBJECTS = "/elasticc/elasticc_diaobject"
STATIC = "/-/static-plugins/datasette-sky"
# A hundred thousand objects, even over a part of the sky, and a crowd in a square degree.
EVERYWHERE = """
insert into elasticc_diaobject ("diaObjectId", ra, decl)
select 700000000 + k, mod((k * 222.4922359)::numeric, 360)::float8, degrees(asin(1.85 * (k + 0.5) / 120000 - 1))
from generate_series(0, 119999) k
where abs(mod((k * 222.4922359)::numeric, 360) - 180) > 40 or k % 3 = 0;
insert into elasticc_diaobject ("diaObjectId", ra, decl)
select 700120000 + k, 30 + mod((k * 0.618033989)::numeric, 1)::float8, -20 + sqrt(k / 5000.0) from generate_series(0, 4999) k
"""


@pytest.fixture(scope="module")
def crowded(sample_house: Sample) -> Iterator[Sample]:
    """With many objects more, gone afterwards."""
    sample_house.ask(EVERYWHERE)
    sample_house.ask("analyze elasticc_diaobject")
    yield sample_house
    sample_house.ask('delete from elasticc_diaobject where "diaObjectId" between 700000000 and 700124999')
    sample_house.ask("analyze elasticc_diaobject")


def drawn(page: Page, kind: str = "points|density") -> None:
    expect(page.locator(".sky-map")).to_have_attribute("data-drawn", re.compile(kind))


def shoot_map(page: Page, name: str) -> None:
    """As much as a screen shows, the map in the middle: what stands below is long."""
    page.locator(".sky-map").scroll_into_view_if_needed()
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1400, NARROW])
def test_accessible_at_every_size_and_light(browser: Browser, sample_house: Sample, scheme: Scheme, width: int) -> None:
    rows = sample_house.ask('select ra, decl from elasticc_diaobject order by "diaObjectId" limit 3')
    listed = "name,ra,dec\n" + "\n".join(f"star {ra},{ra},{decl}" for ra, decl in rows) + "\nnowhere,10,89"
    with visit(browser, sample_house.url, sample_house.account, scheme=scheme, width=width) as visited:
        page = visited.page
        for name, address in (
            ("sky", "/-/sky/elasticc"),
            ("sky-cone", f"/-/sky/elasticc?{urlencode({'position': '12h30m48s +12d24m', 'radius': '10', 'unit': 'deg'})}"),
            ("sky-table", f"{OBJECTS}?_sky=on&_size=10&_nofacet=1"),
            ("sky-list", f"/-/sky/elasticc/list?{urlencode({'list': listed, 'radius': '5'})}"),
        ):
            page.goto(address)
            drawn(page)
            look = shoot if name != "sky-table" else shoot_map
            look(page, f"{name}-{width}px-{scheme}")
            assert list(map(str, flaws(page))) == [], name
            assert page.evaluate("document.documentElement.scrollWidth") <= width, name
            assert visited.complaints == []


@pytest.mark.parametrize(("width", "scheme"), [(1400, "light"), (1400, "dark"), (NARROW, "dark")])
def test_many_rows_are_a_density_that_leads_in(browser: Browser, crowded: Sample, scheme: Scheme, width: int) -> None:
    with visit(browser, crowded.url, crowded.account, scheme=scheme, width=width) as visited:
        page = visited.page
        page.goto("/-/sky/elasticc")
        drawn(page, "density")
        [(count,)] = crowded.ask("select count(*) from elasticc_diaobject")
        expect(page.locator(".sky-caption")).to_contain_text(f"{count:,} rows with a position.")
        told = {**figures(page), "draw_ms": float(page.locator(".sky-map").get_attribute("data-ms") or "nan")}
        print(f"\nThe map of {count:,} positions at {width} px: {told}")
        assert told["draw_ms"] < 1000
        page.locator(".sky-host").focus()
        page.keyboard.press("ArrowRight")
        shoot(page, f"sky-density-{width}px-{scheme}")
        assert serious(page) == []
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile(r"elasticc_diaobject\?_sky=on&_cone="))
        drawn(page)
        page.goto("/-/sky/elasticc?position=30.5+-19.5&radius=40&unit=arcmin")
        drawn(page, "density")
        expect(page.locator(".sky-legend").first).to_contain_text("square arc minutes")
        shoot_map(page, f"sky-crowd-{width}px-{scheme}")
        page.locator(".sky-host").focus()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Enter")
        drawn(page, "points")
        expect(page.locator(".sky-map")).to_have_attribute("data-view", "close-up")
        assert visited.complaints == []


def test_a_point_opens_its_row(browser: Browser, sample_house: Sample) -> None:
    with visit(browser, sample_house.url, sample_house.account) as visited:
        page = visited.page
        page.goto(f"{OBJECTS}?diaObjectId={THOUSAND}&_sky=on")
        drawn(page, "points")
        page.locator(".sky-host").focus()
        page.keyboard.press("ArrowUp")
        expect(page.locator(".sky-tip")).to_have_text(f"{THOUSAND}: 187.7000° +12.4000°")
        page.get_by_role("button", name="Close-up").click()
        expect(page.locator(".sky-map")).to_have_attribute("data-view", "close-up")
        page.get_by_role("button", name="All sky").click()
        page.locator(".sky-host").focus()
        page.keyboard.press("ArrowUp")
        box, ring = page.locator(".sky-canvas").bounding_box(), page.locator(".sky-ring").bounding_box()
        assert box and ring
        # Mollweide: ra 187.7 is 172.3 degrees west of the middle, at the right
        x, y = ring["x"] + ring["width"] / 2 - box["x"], ring["y"] + ring["height"] / 2 - box["y"]
        place = page.evaluate(f"async () => (await import('{STATIC}/mollweide.js')).project(187.7, 12.4)")
        assert place[0] == pytest.approx(0.942, abs=0.005)
        assert x == pytest.approx(box["width"] / 2 + place[0] * (box["width"] / 2 - 40), abs=1)
        page.locator(".sky-canvas").click(position={"x": x + 3, "y": y - 2})
        expect(page).to_have_url(re.compile(f"/elasticc_diaobject/{THOUSAND}$"))
        assert visited.complaints == []


def test_projections_and_planes_are_astropys(browser: Browser, sample_house: Sample) -> None:
    """Both ways; the close-up's distances and angles; the galactic plane and the ecliptic."""
    positions = [(0.0, 0.0), (187.7, 12.4), (359.9, -60.0), (90.0, 89.5), (200.0, -89.9), (179.9, 30.0)]
    script = f"""async (positions) => {{
        const [m, c, p] = await Promise.all(["mollweide", "closeup", "planes"].map((one) => import(`{STATIC}/${{one}}.js`)));
        const near = c.closeUp([359.5, 89, 60]);
        const both = (sky, one) => sky.unproject(...sky.project(...one).map((x) => x * (1 - 1e-12)));
        return {{
            mollweide: positions.map((one) => both(m.wholeSky, one)),
            closeup: positions.map((one) => near.project(...one)),
            back: positions.map((one) => near.unproject(...near.project(...one))),
            galactic: [0, 77, 200, 359].map(p.galactic), ecliptic: [0, 77, 200, 359].map(p.ecliptic),
        }};
    }}"""
    with visit(browser, sample_house.url, sample_house.account) as visited:
        visited.page.goto("/-/sky/elasticc")
        told: dict[str, Any] = visited.page.evaluate(script, positions)
    sky = SkyCoord(positions, unit="deg")
    assert SkyCoord(told["mollweide"], unit="deg").separation(sky).deg == pytest.approx(0, abs=1e-4)
    centre = SkyCoord(359.5, 89, unit="deg")
    apart, angle = centre.separation(sky), centre.position_angle(sky)
    for k, (x, y) in enumerate(told["closeup"]):
        assert (x * 60, y * 60) == pytest.approx(
            (-apart[k].deg * math.sin(angle[k].rad), -apart[k].deg * math.cos(angle[k].rad)), abs=1e-7
        )
        if apart[k].deg <= 60:
            assert SkyCoord(*told["back"][k], unit="deg").separation(sky[k]).deg == pytest.approx(0, abs=1e-7)
        else:
            assert told["back"][k] is None
    galactic = SkyCoord(told["galactic"], unit="deg").galactic
    assert galactic.b.deg == pytest.approx(0, abs=1e-4)
    assert galactic.l.deg == pytest.approx([0 if galactic.l[0].deg < 1 else 360, 77, 200, 359], abs=1e-3)
    ecliptic = SkyCoord(told["ecliptic"], unit="deg").transform_to(GeocentricTrueEcliptic(equinox="J2000"))
    assert ecliptic.lat.deg == pytest.approx(0, abs=0.01)  # true and mean obliquity differ by nutation
    assert ecliptic.lon.deg % 359.99 == pytest.approx([0, 77, 200, 359], abs=0.02)


def test_results_of_sql_and_facets_have_a_map(browser: Browser, crowded: Sample) -> None:
    sql = 'select ra, decl, "diaObjectId" as "diaObject_id" from elasticc_diaobject order by 3 limit 20'
    with visit(browser, crowded.url, crowded.account) as visited:
        page = visited.page
        page.goto(f"/elasticc?sql={sql.replace(' ', '+')}")
        page.get_by_role("link", name="Show on the sky").click()
        expect(page.locator(".sky-caption")).to_contain_text("20 rows on this page with a position.")
        page.locator(".sky-host").focus()
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile(r"/elasticc_diaobject/\d+$"))
        page.goto(f"/elasticc?{urlencode({'sql': 'select ra, decl from elasticc_diaobject;', '_sky': 'on'})}")
        [(count,)] = crowded.ask("select count(*) from elasticc_diaobject")
        expect(page.locator(".sky-caption")).to_contain_text(f"{count:,} rows with a position.")
        page.locator(".sky-host").focus()
        page.keyboard.press("ArrowLeft")
        expect(page.locator(".sky-tip")).to_have_text(re.compile(r"^[\d,]+ around"))
        told = (page.locator(".sky-tip").text_content() or "").split()[0]
        page.keyboard.press("Enter")
        expect(page.locator(".sky-caption")).to_contain_text(f"{told} row")
        page.goto("/elasticc/elasticc_diasource?filterName=r&_sky=on")
        [(count,)] = crowded.ask("select count(*) from elasticc_diasource where \"filterName\" = 'r'")
        expect(page.locator(".sky-caption")).to_contain_text(f"{count:,} rows with a position.")
        page.goto("/elasticc?sql=select+1")
        expect(page.get_by_role("link", name="Show on the sky")).to_have_count(0)
        assert visited.complaints == []


def test_a_file_becomes_a_list(browser: Browser, sample_house: Sample) -> None:
    with visit(browser, sample_house.url, sample_house.account) as visited:
        page = visited.page
        page.goto("/-/sky/elasticc")
        page.get_by_role("link", name="Join a list of positions or ids").click()
        text = f"id\n{THOUSAND}\n77\n".encode()
        page.locator("#sky-file").set_input_files({"name": "mine.csv", "mimeType": "text/csv", "buffer": text})
        expect(page.locator("#sky-list")).to_have_value(text.decode())
        page.get_by_role("button", name="Find them").click()
        expect(page).to_have_url(re.compile(r"/-/sky/elasticc/list\?"))
        expect(page.locator("#sky-found")).to_have_text("1 match for 2 lines; 1 line has none")
        expect(page.locator(".sky-rows tbody tr").first).to_contain_text(str(THOUSAND))
        page.get_by_role("link", name="SQL", exact=True).click()
        expect(page.locator("table.rows-and-columns tbody tr")).to_have_count(2)
        page.go_back()
        large = {"name": "large.csv", "mimeType": "text/csv", "buffer": b"1 2\n" * 260_000}
        page.locator("#sky-file").set_input_files(large)
        assert page.locator("#sky-file").evaluate("(one) => one.validationMessage") == "The file is too large: 1 MB at most."
        assert visited.complaints == []
