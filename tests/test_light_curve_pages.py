"""Light curves as a person meets them: on an object's page, beside ids in tables, as files; their JSON against the tables."""

import csv
import re
from collections.abc import Iterator

import pytest
import requests
from browsing import NARROW, Scheme, Visit, figures, serious, shoot, visit
from house import House
from playwright.sync_api import Browser, Page, expect
from sample import THOUSAND, Sample

OBJECT = f"/elasticc/elasticc_diaobject/{THOUSAND}"
CLASSIFIED = """
    select "diaObject_id"
    from elasticc_brokermessage m
    join elasticc_diasource s using ("diaSourceId")
    group by 1
    order by count(*) desc, 1
    limit 1
"""
POINTS = """
    select "{id}"::text, "midPointTai", "filterName", "psFlux", "psFluxErr"
    from elasticc_{table}
    where "diaObject_id" = %s
    order by "midPointTai", "{id}"
"""


@pytest.fixture
def visited(browser: Browser, sample_house: Sample) -> Iterator[Visit]:
    with visit(browser, sample_house.url, sample_house.account) as visited:
        yield visited
        assert visited.complaints == []


def open_object(page: Page, address: str = OBJECT) -> None:
    page.goto(address)
    page.wait_for_selector(".light-curve[data-points]")


def press(page: Page, group: str, name: str) -> None:
    page.get_by_role("group", name=group, exact=True).get_by_role("button", name=name, exact=True).click()


def inked(page: Page) -> int:
    """How many pixels of the first panel something was drawn on."""
    drawn: int = page.evaluate("""() => {
        const canvas = document.querySelector(".lc-chart canvas");
        const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        let inked = 0;
        for (let k = 3; k < data.length; k += 4) inked += data[k] > 0;
        return inked;
    }""")
    return drawn


def test_the_json_is_the_tables(house: House, client: requests.Session) -> None:
    """By real simulations, where they are at hand: value for value, in the order of time."""
    import psycopg2

    connection = psycopg2.connect(house.admin_url)
    with connection, connection.cursor() as cursor:
        cursor.execute('select "diaObject_id", count(*) from elasticc_diasource group by 1 order by 2 desc, 1 limit 1')
        [(one, _)] = cursor.fetchall()
        served = client.get(f"{house.url}/-/light-curves/elasticc/{one}.json").json()
        for part, table, key in (
            ("detections", "diasource", "diaSourceId"),
            ("forced", "diaforcedsource", "diaForcedSourceId"),
        ):
            cursor.execute(POINTS.format(id=key, table=table), (one,))
            rows = cursor.fetchall()
            columns = [served[part][name] for name in ("id", "mjd", "band", "flux", "error")]
            assert list(zip(*columns, strict=True)) == rows
        cursor.execute('select peakmjd from elasticc_diaobjecttruth where "diaObjectId" = %s', (one,))
        assert served["peak"] == (cursor.fetchone() or [None])[0]
    connection.close()


def test_classifications_are_the_canned_querys(sample_house: Sample) -> None:
    [(one,)] = sample_house.ask(CLASSIFIED)
    answer = requests.get(f"{sample_house.url}/-/light-curves/elasticc/{one}.json", auth=sample_house.account, timeout=60)
    query = f"{sample_house.url}/elasticc/broker_classifications.json?_shape=array&object={one}"
    table = requests.get(query, auth=sample_house.account, timeout=60)
    assert table.status_code == 200, table.text
    rows = table.json()
    classifier = ("brokerName", "brokerVersion", "classifierName")
    expected = [
        [row["midPointTai"], " · ".join(row[name] for name in classifier), row["class"], row["probability"]] for row in rows
    ]
    assert len(expected) > 10
    assert sorted(answer.json()["classes"]) == sorted(expected)


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("elasticc/5.json", 404, "There is no object 5."),
        ("elasticc/M31.json", 404, "That is no object's id."),
        ("elasticc/99999999999999999999.json", 404, "That is no object's id."),
        ("nothing/5.json", 404, "The database 'nothing' has no light curves."),
        ("elasticc.json", 400, "ids must be one to 1000 objects' ids, with commas between."),
        ("elasticc.json?ids=1,two", 404, "That is no object's id."),
    ],
)
def test_what_is_not_there_is_said(sample_house: Sample, path: str, status: int, words: str) -> None:
    answer = requests.get(f"{sample_house.url}/-/light-curves/{path}", auth=sample_house.account, timeout=60)
    assert (answer.status_code, answer.json()["error"]) == (status, words)


def test_a_stranger_sees_no_points(sample_house: Sample) -> None:
    for path in (f"elasticc/{THOUSAND}.json", f"elasticc.json?ids={THOUSAND}"):
        answer = requests.get(f"{sample_house.url}/-/light-curves/{path}", timeout=60, allow_redirects=False)
        assert answer.status_code in (302, 401, 403)
        assert "mjd" not in answer.text


def test_a_pages_small_curves_are_each_objects_brightest_points(sample_house: Sample) -> None:
    [(other,)] = sample_house.ask(CLASSIFIED)
    address = f"{sample_house.url}/-/light-curves/elasticc.json?ids={THOUSAND},{other},5"
    served = requests.get(address, auth=sample_house.account, timeout=60).json()
    assert set(served) == {str(THOUSAND), str(other)}
    expected = sample_house.ask(
        """
        select "midPointTai"::real
        from elasticc_diaforcedsource
        where "diaObject_id" = %s
        order by "psFlux" / "psFluxErr" desc
        limit 80
        """,
        (THOUSAND,),
    )
    assert sorted(served[str(THOUSAND)]["mjd"]) == pytest.approx(sorted(mjd for (mjd,) in expected), abs=0.01)


def test_a_thousand_points_are_drawn(visited: Visit, sample_house: Sample) -> None:
    page = visited.page
    open_object(page)
    [(detections,)] = sample_house.ask('select count(*) from elasticc_diasource where "diaObject_id" = %s', (THOUSAND,))
    expect(page.locator(".lc-summary")).to_have_text(
        f"{detections} detections and 1,000 forced points in 6 bands, MJD 60000.0 to 61098.9."
    )
    assert page.locator(".light-curve").get_attribute("data-points") == str(1000 + detections)
    times = []
    for _ in range(5):
        open_object(page)
        times.append(float(page.locator(".light-curve").get_attribute("data-milliseconds") or "nan"))
    drawn = ", ".join(f"{time:.0f}" for time in times)
    print(f"\n1,000 points: {drawn} ms of script from the data to the drawing; {figures(page)}")
    everything = inked(page)
    press(page, "Bands", "r")
    assert 0 < inked(page) < everything
    press(page, "Bands", "r")
    assert inked(page) == everything


def test_magnitudes_dates_and_days_since_peak(visited: Visit, sample_house: Sample) -> None:
    page = visited.page
    [(one,)] = sample_house.ask(CLASSIFIED)
    open_object(page, f"/elasticc/elasticc_diaobject/{one}")
    flux = inked(page)
    press(page, "Brightness", "Magnitude")
    expect(page.get_by_role("button", name="Magnitude")).to_have_attribute("aria-pressed", "true")
    assert inked(page) != flux
    for name in ("Date", "Days since peak"):
        before = page.locator(".lc-chart canvas").first.screenshot()
        press(page, "Time", name)
        assert page.locator(".lc-chart canvas").first.screenshot() != before
    shoot(page, "object-magnitudes")


def test_the_keyboard_is_enough(visited: Visit) -> None:
    page = visited.page
    open_object(page)
    chart = page.get_by_role("group", name="Light curve, a chart")
    chart.focus()
    page.keyboard.press("ArrowRight")
    tip = chart.locator(".lc-tip")
    expect(tip).to_contain_text("flux")
    first = tip.inner_text()
    page.keyboard.press("ArrowRight")
    expect(tip).not_to_have_text(first)
    before = inked(page)
    page.keyboard.press("+")
    assert inked(page) != before
    page.keyboard.press("0")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/elasticc/elasticc_dia(forced)?source/4242\d+$"))
    expect(page.get_by_role("link", name=f"Light curve of object {THOUSAND}")).to_be_visible()


def test_hover_tells_the_values(visited: Visit, sample_house: Sample) -> None:
    page = visited.page
    open_object(page)
    over = page.locator(".lc-chart .u-over").first
    box = over.bounding_box()
    assert box
    tip = page.locator(".lc-tip").first
    for y in range(0, int(box["height"]), 8):  # somewhere on this line lies the bump's flank
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + y)
        if tip.is_visible():
            break
    told = tip.inner_text()
    found = re.search(r"MJD ([\d.]+)", told)
    assert found, told
    rows = sample_house.ask(
        """
        select "psFlux", "psFluxErr"
        from elasticc_diaforcedsource
        where "diaObject_id" = %s
          and abs("midPointTai" - %s) < 1e-3
        """,
        (THOUSAND, float(found[1])),
    )
    [(flux, error)] = rows
    assert f"flux {flux:.1f} ± {error:.1f} nJy" in told


def test_csv_and_png(visited: Visit, sample_house: Sample) -> None:
    page = visited.page
    open_object(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Save all points as CSV").click()
    with open(download.value.path(), newline="") as file:
        rows = list(csv.DictReader(file))
    forced = [row for row in rows if row["kind"] == "forced"]
    expected = sample_house.ask(POINTS.format(id="diaForcedSourceId", table="diaforcedsource"), (THOUSAND,))
    assert [(row["id"], float(row["mjd"]), row["band"], float(row["flux_nJy"])) for row in forced] == [
        row[:4] for row in expected
    ]
    for row in forced:
        flux, error = float(row["flux_nJy"]), float(row["flux_err_nJy"])
        assert bool(row["mag_limit"]) == (flux < 3 * error)
    with page.expect_download() as download:
        page.get_by_role("button", name="Save the panels as PNG").click()
    with open(download.value.path(), "rb") as file:
        assert file.read(8) == b"\x89PNG\r\n\x1a\n"


def test_small_curves_in_a_table_on_demand(visited: Visit) -> None:
    page = visited.page
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/-/light-curves/" in request.url else None)
    page.goto("/elasticc/elasticc_diaobject?_size=20")
    assert asked == []
    page.get_by_role("link", name="Show light curves").click()
    expect(page.locator("td.lc-spark canvas")).to_have_count(20)
    assert len(asked) == 1
    shoot(page, "objects-with-light-curves")
    page.get_by_role("link", name="Next page").click()
    expect(page.locator("td.lc-spark canvas")).to_have_count(20)
    assert len(asked) == 2
    page.get_by_role("link", name="Hide light curves").click()
    expect(page.get_by_role("link", name="Show light curves")).to_be_visible()
    assert page.locator("td.lc-spark").count() == 0


def test_small_curves_in_facets_and_results(visited: Visit) -> None:
    page = visited.page
    page.goto("/elasticc/elasticc_diasource?_facet=diaObject_id&_size=5&_light_curves=on")
    expect(page.locator(".facet-info li .lc-spark canvas").first).to_be_visible()
    expect(page.locator("td.lc-spark canvas")).to_have_count(5)
    page.goto("/elasticc/objects_by_class?class=Ia&_light_curves=on")
    expect(page.locator("td.lc-spark canvas").first).to_be_visible()
    object_id = page.locator("td.col-diaObjectId").first.inner_text()
    expect(page.locator("td.col-diaObjectId a").first).to_have_attribute("href", f"/elasticc/elasticc_diaobject/{object_id}")
    page.get_by_role("button", name="Run SQL").click()  # the form keeps the switch
    expect(page).to_have_url(re.compile("_light_curves=on"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1400, NARROW])
def test_accessible_at_every_size_and_light(browser: Browser, sample_house: Sample, scheme: Scheme, width: int) -> None:
    [(one,)] = sample_house.ask(CLASSIFIED)
    with visit(browser, sample_house.url, sample_house.account, scheme=scheme, width=width) as visited:
        page = visited.page
        open_object(page, f"/elasticc/elasticc_diaobject/{one}")
        shoot(page, f"object-{width}px-{scheme}")
        assert serious(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.goto("/elasticc/elasticc_diaobject?_size=5&_light_curves=on")
        expect(page.locator("td.lc-spark canvas")).to_have_count(5)
        assert serious(page) == []
        assert visited.complaints == []
