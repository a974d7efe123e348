"""The sky in the browser: maps of tables, facets and results, the form, lists; by mouse, keyboard and axe-core."""

import re
from collections.abc import Iterator

import pytest
from browsing import NARROW, Scheme, chromium, serious, shoot, visit
from playwright.sync_api import Browser, expect
from sample import THOUSAND, Sample

OBJECTS = "/elasticc/elasticc_diaobject"
EVERYWHERE = """
insert into elasticc_diaobject ("diaObjectId", ra, decl)
select 700000000 + k, mod((k * 222.4922359)::numeric, 360)::float8, degrees(asin(1.85 * (k + 0.5) / 6000 - 1))
from generate_series(0, 5999) k
where abs(mod((k * 222.4922359)::numeric, 360) - 180) > 40 or k % 3 = 0
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def crowded(sample_house: Sample) -> Iterator[Sample]:
    """With thousands of objects more, gone afterwards."""
    sample_house.ask(EVERYWHERE)
    sample_house.ask("analyze elasticc_diaobject")
    yield sample_house
    sample_house.ask('delete from elasticc_diaobject where "diaObjectId" between 700000000 and 700005999')
    sample_house.ask("analyze elasticc_diaobject")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1400, NARROW])
def test_accessible_at_every_size_and_light(browser: Browser, sample_house: Sample, scheme: Scheme, width: int) -> None:
    rows = sample_house.ask('select ra, decl from elasticc_diaobject order by "diaObjectId" limit 3')
    listed = "%0A".join(f"{ra},{decl}" for ra, decl in rows) + "%0A10 89%0A4242"
    with visit(browser, sample_house.url, sample_house.account, scheme=scheme, width=width) as visited:
        page = visited.page
        for name, address in (
            ("sky", "/-/sky/elasticc"),
            ("sky-table", f"{OBJECTS}?_sky=on"),
            ("sky-list", f"/-/sky/elasticc/list?list={listed}&radius=5&unit=arcsec"),
        ):
            page.goto(address)
            expect(page.locator(".sky-map")).to_have_attribute("data-drawn", re.compile("points|density"))
            shoot(page, f"{name}-{width}px-{scheme}")
            assert serious(page) == [], name
            assert page.evaluate("document.documentElement.scrollWidth") <= width, name
            assert visited.complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1400, NARROW])
def test_many_rows_are_a_density(browser: Browser, crowded: Sample, scheme: Scheme, width: int) -> None:
    with visit(browser, crowded.url, crowded.account, scheme=scheme, width=width) as visited:
        page = visited.page
        page.goto(f"{OBJECTS}?_sky=on")
        expect(page.locator(".sky-map")).to_have_attribute("data-drawn", "density")
        page.locator(".sky-host").focus()
        page.keyboard.press("ArrowRight")
        shoot(page, f"sky-density-{width}px-{scheme}")
        assert serious(page) == []
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile("_cone="))
        expect(page.locator(".sky-map")).to_have_attribute("data-drawn", "points")
        assert visited.complaints == []


def test_a_point_opens_its_row(browser: Browser, sample_house: Sample) -> None:
    with visit(browser, sample_house.url, sample_house.account) as visited:
        page = visited.page
        page.goto(f"{OBJECTS}?diaObjectId={THOUSAND}&_sky=on")
        expect(page.locator(".sky-map")).to_have_attribute("data-drawn", "points")
        page.locator(".sky-host").focus()
        page.keyboard.press("ArrowUp")
        expect(page.locator(".sky-tip")).to_have_text(f"{THOUSAND}: 187.7000° +12.4000°")
        box, ring = page.locator(".sky-canvas").bounding_box(), page.locator(".sky-ring").bounding_box()
        assert box and ring
        # Mollweide: ra 187.7 is 172.3 degrees west of the middle, at the right
        x, y = ring["x"] + ring["width"] / 2 - box["x"], ring["y"] + ring["height"] / 2 - box["y"]
        assert x / box["width"] == pytest.approx(0.971, abs=0.01)
        assert y / box["height"] == pytest.approx(0.417, abs=0.01)
        page.locator(".sky-canvas").click(position={"x": x + 3, "y": y - 2})
        expect(page).to_have_url(re.compile(f"/elasticc_diaobject/{THOUSAND}$"))


def test_results_of_sql_and_facets_have_a_map(browser: Browser, sample_house: Sample) -> None:
    sql = 'select ra, decl, "diaObjectId" as "diaObject_id" from elasticc_diaobject order by 3 limit 20'
    with visit(browser, sample_house.url, sample_house.account) as visited:
        page = visited.page
        page.goto(f"/elasticc?sql={sql.replace(' ', '+')}")
        page.get_by_role("link", name="Show on the sky").click()
        expect(page.locator(".sky-caption")).to_contain_text("20 rows on this page with a position.")
        page.locator(".sky-host").focus()
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile(r"/elasticc_diaobject/\d+$"))
        page.goto("/elasticc/elasticc_diasource?filterName=r&_sky=on")
        [(count,)] = sample_house.ask("select count(*) from elasticc_diasource where \"filterName\" = 'r'")
        expect(page.locator(".sky-caption")).to_contain_text(f"{count:,} rows with a position.")
        page.goto("/elasticc?sql=select+1")
        expect(page.get_by_role("link", name="Show on the sky")).to_have_count(0)
        assert visited.complaints == []


def test_a_file_becomes_a_list(browser: Browser, sample_house: Sample) -> None:
    with visit(browser, sample_house.url, sample_house.account) as visited:
        page = visited.page
        page.goto("/-/sky/elasticc")
        page.get_by_role("link", name="Join a list of positions or ids").click()
        text = f"id\n{THOUSAND}\n187.7005 12.4\n".encode()
        page.locator("#sky-file").set_input_files({"name": "mine.csv", "mimeType": "text/csv", "buffer": text})
        expect(page.locator("#sky-list")).to_have_value(text.decode())
        page.get_by_role("button", name="Find the objects").click()
        expect(page).to_have_url(re.compile(r"/-/sky/elasticc/list\?list="))
        expect(page.locator("#sky-found")).to_have_text("1 object; 1 line without one")
        expect(page.locator(".sky-rows tbody tr").first).to_contain_text(str(THOUSAND))
        assert visited.complaints == []
