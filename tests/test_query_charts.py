"""Charts as a person meets them, in a Datasette of SQLite with this plugin alone: kinds, the address, odd data."""

import re
import struct
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlencode

import datasette_query_charts.settings as chart_settings
import pytest
from alone import alone
from browsing import Visit, visit
from house import PROJECT
from playwright.sync_api import Browser, Page, expect

PLUGINS = PROJECT / "plugins"
SCRIPT_BYTES = 1200  # of a page without a chart: script, style sheet and settings
BIG = 2**53 + 1
DATA = f"""
    create table point (id integer primary key, mjd real, flux real, fluxErr real, mag real, band text);
    with recursive k(k) as (select 0 union all select k + 1 from k where k < 9999)
    insert into point
    select k, 60000 + k / 10.0, 50 + (k * 7919) % 1000, 5, 20 + k % 5, substr('ugrizY', 1 + k % 6, 1) from k;
    create table class (name text, objects integer, median real);
    insert into class values ('Ia', 120, 3.5), ('II', 80, 2.5), ('KN', null, null);
    create table night (night text, detections integer);
    insert into night values ('2024-01-01', 5), ('2024-01-02', 0), ('2024-01-04', 7), ('2024-01-04', 1);
    create table odd (label text, big integer, value real, negative real, empty text, time text);
    insert into odd values
        (printf('%.1000000c', 'x'), {BIG}, 1.5, -1, null, '2024-01-01 06:00:00+02'),
        ('<b>&"quoted",' || char(10) || 'line</b>', {BIG + 2}, null, 0, null, '2024-01-01T05:00:00Z'),
        ('', 5, 9e999, -2, null, '2024-01-01 06:00'),
        (null, null, 2.5, -3, null, null);
    create table one (x integer, y integer);
    insert into one values (3, 4);
    create table none (x integer, y integer);
    create table words (word text);
    insert into words values ('a'), ('b'), ('a');
    create view twice as select mjd, flux from point union all select mjd, flux from point;
    create table wide (n integer, label text);
    insert into wide values (1, printf('%.400000c', 'a')), (2, printf('%.400000c', 'b')), (3, printf('%.400000c', 'c'));
    create table parent (id integer primary key, name text);
    insert into parent values (1, 'first'), (2, 'second');
    create table child (id integer primary key, parent integer references parent(id), size real);
    insert into child values (1, 1, 5), (2, 2, 6), (3, 1, 7);
"""
BANDS = {"g": {"light": "#31de1f", "dark": "#30c39f", "marker": "triangle-up"}, "u": {"light": "#1600ea", "dark": "#3eb7ff"}}
METADATA = {
    "plugins": {"datasette-query-charts": {"colours": {"band": BANDS}, "most_rows": 12_000}},
    "databases": {
        "data": {"queries": {"nights": {"sql": "select * from night", "fragment": "chart=bar&x=night&y=detections"}}}
    },
}

SETTINGS: dict[str, object] = {"max_returned_rows": 2000, "max_csv_mb": 1}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("charts")
    with alone(folder, "query_charts", DATA, metadata=METADATA, settings=SETTINGS) as url:
        yield url


@pytest.fixture(scope="module")
def window(browser: Browser, url: str) -> Iterator[Visit]:
    with visit(browser, url, None) as visited:
        yield visited


@pytest.fixture
def visited(window: Visit) -> Iterator[Visit]:
    window.complaints.clear()
    yield window
    assert window.complaints == []


def open_chart(page: Page, address: str) -> dict[str, list[str]]:
    """Returns the settings, as they are in the address then."""
    page.goto("about:blank")  # another # alone would load nothing
    page.goto(address)
    drawn(page)
    return chosen(page)


def drawn(page: Page) -> int:
    """How many points, bars or bins; 0 where a sentence says why there is nothing."""
    page.wait_for_selector(".query-chart[data-drawn]")
    page.wait_for_timeout(50)
    return int(page.locator(".query-chart").get_attribute("data-drawn") or 0)


def chosen(page: Page) -> dict[str, list[str]]:
    return parse_qs(page.evaluate("location.hash").removeprefix("#"))


def said(page: Page) -> str:
    return page.locator(".qc-summary").inner_text()


def sql(text: str) -> str:
    return f"/data?{urlencode({'sql': text})}"


def tips(page: Page, keys: int) -> list[str]:
    """What the arrow key tells, one value after another."""
    page.locator(".qc-chart").focus()
    found = []
    for _ in range(keys):
        page.keyboard.press("ArrowRight")
        found.append(page.locator(".qc-unseen").inner_text())
    return found


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/data/point", {"chart": ["scatter"], "x": ["mjd"], "y": ["flux"], "colour": ["band"], "error": ["fluxErr"]}),
        ("/data/class", {"chart": ["bar"], "x": ["name"], "y": ["objects"]}),
        ("/data/night", {"chart": ["line"], "x": ["night"], "y": ["detections"]}),
        ("/data/words", {"chart": ["bar"], "x": ["word"]}),
        (
            sql("select 10 * id as ra, id as decl, name from parent"),
            {"chart": ["scatter"], "x": ["ra"], "y": ["decl"], "reverse": ["x"], "colour": ["name"]},
        ),
        (
            sql("select mjd, mag from point limit 9"),
            {"chart": ["line"], "x": ["mjd"], "y": ["mag"], "reverse": ["y"]},
        ),
    ],
)
def test_the_first_guess(visited: Visit, path: str, expected: dict[str, list[str]]) -> None:
    page = visited.page
    page.goto(path)
    page.get_by_role("link", name="Chart", exact=True).click()
    assert drawn(page) > 0
    assert chosen(page) == expected


def test_choices_are_in_the_address_and_back_takes_them_back(visited: Visit) -> None:
    page = visited.page
    page.goto("/data/point")
    page.get_by_role("link", name="Chart", exact=True).click()
    expect(page.get_by_role("heading", name="Chart")).to_be_visible()
    drawn(page)
    page.get_by_role("button", name="Histogram").click()
    page.get_by_label("x", exact=True).select_option("flux")
    page.get_by_label("Bins").fill("7")
    page.get_by_label("Bins").press("Enter")
    page.get_by_role("button", name="log y").click()
    shared = page.url
    assert chosen(page) == {"chart": ["histogram"], "x": ["flux"], "colour": ["band"], "bins": ["7"], "log": ["y"]}
    expect(page.get_by_role("button", name="log y")).to_be_focused()
    assert drawn(page) == 7
    page.go_back()
    page.go_back()
    assert "bins" not in chosen(page)
    expect(page.get_by_label("Bins")).to_have_value("")
    page.get_by_role("button", name="Close").click()
    expect(page.locator(".query-chart")).to_be_hidden()
    expect(page.get_by_role("link", name="Chart", exact=True)).to_be_focused()
    assert "#" not in page.url
    page.go_back()
    expect(page.locator(".query-chart")).to_be_visible()
    assert open_chart(page, shared)["bins"] == ["7"]
    expect(page.get_by_role("button", name="log y")).to_have_attribute("aria-pressed", "true")


def test_sorting_filtering_and_other_sql_keep_the_chart(visited: Visit) -> None:
    page = visited.page
    settings = open_chart(page, "/data/point#chart=line&x=mjd&y=flux")
    page.get_by_role("link", name="Next page").click()
    drawn(page)
    assert chosen(page) == settings
    assert said(page) == "The 100 rows of this page, of 10,000 in all."
    page.locator("select[name=_filter_column]").select_option("band")
    page.locator("input[name=_filter_value]").fill("g")
    page.get_by_role("button", name="Apply").click()
    page.wait_for_url(re.compile("band.*=g"))
    drawn(page)
    assert chosen(page) == settings
    open_chart(page, sql("select mjd, flux from point limit 5") + "#chart=line&x=mjd&y=flux")
    page.locator(".CodeMirror").evaluate("element => element.CodeMirror.setValue('select mjd, mag from point limit 6')")
    page.get_by_role("button", name="Run SQL").click()
    page.wait_for_url(re.compile("mag"))
    drawn(page)
    assert said(page) == "All 6 rows. There is no column “flux” here; another was taken."
    assert chosen(page)["y"] == ["flux"]  # the link's own, until something is chosen


def test_all_rows_on_demand(visited: Visit) -> None:
    """Of a table the columns that are drawn, all of them; Datasette gives no more of SQL than the page has."""
    page = visited.page
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if ".csv" in request.url else None)
    open_chart(page, "/data/point?_size=50#chart=scatter&x=mjd&y=flux")
    assert said(page) == "The 50 rows of this page, of 10,000 in all."
    page.get_by_role("button", name="Draw all rows").click()
    expect(page.locator(".qc-summary")).to_have_text("All 10,000 rows.")
    assert drawn(page) == 10_000
    assert parse_qs(asked[0].partition("?")[2])["_col"] == ["mjd", "flux"]
    assert chosen(page)["rows"] == ["all"]
    page.get_by_role("button", name="Draw this page alone").click()
    expect(page.locator(".qc-summary")).to_contain_text("of 10,000 in all")
    page.go_back()
    expect(page.locator(".qc-summary")).to_have_text("All 10,000 rows.")
    open_chart(page, sql("select mjd, flux from point") + "#chart=scatter&x=mjd&y=flux&rows=all")
    assert said(page) == "The first 2,000 rows; this server gives no more at once."
    open_chart(page, "/data/words#chart=bar&x=word&rows=all")
    assert said(page) == "All 3 rows."


def test_what_ends_before_all_rows_is_said(visited: Visit) -> None:
    page = visited.page
    open_chart(page, "/data/twice#chart=scatter&x=mjd&y=flux")
    page.get_by_role("button", name="Draw the first 12,000 rows").click()
    expect(page.locator(".qc-summary")).to_have_text("The first 12,000 rows of 20,000; more than 12,000 aren't drawn.")
    assert drawn(page) == 12_000
    open_chart(page, "/data/wide?_size=1#chart=bar&x=n&y=n&colour=label&rows=all")
    assert said(page) == "The first 2 rows; then reading ended: CSV contains more than 1048576 bytes"


def test_a_datasette_that_does_not_stream(browser: Browser, tmp_path: Path) -> None:
    settings = {"max_returned_rows": 2000, "allow_csv_stream": 0}
    with alone(tmp_path, "query_charts", DATA, metadata={}, settings=settings) as url, visit(browser, url, None) as visited:
        open_chart(visited.page, "/data/point#chart=line&x=mjd&y=flux&rows=all")
        assert said(visited.page) == "The first 2,000 rows; this server gives no more at once."
        assert visited.errors == []


def test_ten_thousand_points_draw_fast(visited: Visit) -> None:
    page = visited.page
    open_chart(page, "/data/point#chart=scatter&x=mjd&y=flux&colour=band&error=fluxErr&rows=all")
    times = []
    for _ in range(5):
        page.evaluate("delete document.querySelector('.query-chart').dataset.drawn")
        page.get_by_role("button", name="reverse x").click()
        assert drawn(page) == 10_000
        times.append(float(page.locator(".query-chart").get_attribute("data-milliseconds") or "nan"))
    print(f"\n10,000 points with errors in 6 colours: {sorted(times)} ms of script")
    assert min(times) < 100


def test_a_page_without_a_chart_costs_little(visited: Visit) -> None:
    page = visited.page
    sizes: dict[str, int] = {}
    page.on("response", lambda answer: sizes.update({answer.url: len(answer.body())}) if "query-charts" in answer.url else None)
    page.goto("/data/point")
    page.wait_for_load_state("networkidle")
    assert sorted(url.rsplit("/", 1)[-1] for url in sizes) == ["query_charts.css", "query_charts.js"]
    assert sum(sizes.values()) < SCRIPT_BYTES
    page.get_by_role("link", name="Chart", exact=True).click()
    drawn(page)
    print(f"\nbytes of a page {SCRIPT_BYTES} at most, with a chart {sum(sizes.values())} in {len(sizes)} files")
    for path in ("/data", "/data/point/5", "/"):
        page.goto(path)
        assert page.locator("script[src*=query-charts]").count() == 0


def test_values_by_keyboard_and_the_row_in_the_table(visited: Visit) -> None:
    page = visited.page
    open_chart(page, "/data/class#chart=bar&x=name&y=objects&y=median")
    assert tips(page, 3) == [
        "objects 120, name Ia", "median 3.5, name Ia", "objects 80, name II",
    ]  # fmt: skip
    open_chart(page, "/data/night#chart=line&x=night&y=detections")
    assert tips(page, 2) == ["detections 5, night 2024-01-01", "detections 0, night 2024-01-02"]
    ring, over = (page.locator(f".query-chart {part}").bounding_box() for part in (".qc-ring", ".u-over"))
    assert ring and over
    middle = (
        (ring["x"] + ring["width"] / 2 - over["x"]) / over["width"],
        (ring["y"] + ring["height"] / 2 - over["y"]) / over["height"],
    )
    assert middle == pytest.approx(
        ((1 / 3 + 0.03) / 1.06, 1.06 / 1.12), abs=0.01
    )  # a third of the way, at the foot; by the margins
    page.keyboard.press("Enter")
    expect(page.locator("tr.qc-found")).to_contain_text("2024-01-02")
    expect(page.locator("tr.qc-found")).to_be_focused()


def test_several_rows_of_a_bar(visited: Visit) -> None:
    page = visited.page
    open_chart(page, "/data/night#chart=bar&x=night&y=detections")
    assert tips(page, 3)[-1] == "sum of detections 8, night 2024-01-04"
    page.get_by_label("Of several rows").select_option("mean")
    expect(page.locator("canvas[role=img]")).to_have_attribute(
        "aria-label", "bars of mean of detections by night. The table below has the same values."
    )
    assert tips(page, 3)[-1] == "mean of detections 4, night 2024-01-04"
    open_chart(page, "/data/words#chart=histogram&x=word")
    assert tips(page, 2) == ["rows 2, word a", "rows 1, word b"]
    open_chart(page, "/data/child#chart=bar&x=parent&y=size")  # a link's label stands for its value
    assert drawn(page) == 2


def test_a_histograms_bins_are_the_values(visited: Visit) -> None:
    page = visited.page
    open_chart(page, sql("select value from json_each('[1, 1, 2, 2, 2, 4]')") + "#chart=histogram&x=value")
    assert tips(page, 4) == [
        "2 rows, value 0.5 to 1.5", "3 rows, value 1.5 to 2.5", "0 rows, value 2.5 to 3.5", "1 row, value 3.5 to 4.5",
    ]  # fmt: skip


NO_NUMBERS = "No column here has numbers or dates to draw along x; bars can count its texts."
NO_LINE = "“label” holds text: a line needs numbers or dates. Choose another column, or bars."
NO_BAR = "“label” holds text: the length of a bar is a number. Choose another column, or count rows."
NO_LOG = "No value here is above 0, as a log axis needs."
LEFT_OUT = "1 value without a number in big or negative is left out."
ROUNDED = "big has whole numbers beyond 2⁵³, which are drawn rounded."


@pytest.mark.parametrize(
    ("address", "points", "sentence"),
    [
        ("/data/none#chart=line&x=x&y=y", 0, "There are no rows to draw."),
        ("/data/one#chart", 1, "The only row."),
        ("/data/one#chart=histogram&x=x", 1, "The only row."),
        ("/data/one#chart=bar&x=x&y=y", 1, "The only row."),
        (f"{sql('select word from words')}#chart=scatter", 0, f"{NO_NUMBERS} All 3 rows."),
        ("/data/odd#chart=line&x=value&y=label", 0, f"{NO_LINE} All 4 rows."),
        ("/data/odd#chart=bar&x=value&y=label", 0, f"{NO_BAR} All 4 rows."),
        ("/data/odd#chart=line&x=value&y=empty", 0, "“empty” is empty in all of these rows. All 4 rows."),
        ("/data/odd#chart=line&x=value&y=negative&log=y", 0, f"{NO_LOG} All 4 rows."),
        (
            "/data/odd#chart=line&x=negative&y=value",
            2,
            "All 4 rows. 2 values without a number in negative or value are left out.",
        ),
        ("/data/odd#chart=scatter&x=big&y=negative", 3, f"All 4 rows. {LEFT_OUT} {ROUNDED}"),
        ("/data/odd#chart=bar&x=label&y=negative", 3, "All 4 rows."),
        ("/data/odd#chart=line&x=time&y=big", 3, f"All 4 rows. {LEFT_OUT.replace('big or negative', 'time or big')} {ROUNDED}"),
    ],
)
def test_odd_data(visited: Visit, address: str, points: int, sentence: str) -> None:
    page = visited.page
    open_chart(page, address)
    assert (drawn(page), said(page)) == (points, sentence)


def test_texts_are_told_exactly(visited: Visit) -> None:
    """Numbers beyond 2^53; times in their zones; markup is text; a million characters are cut."""
    page = visited.page
    for rows in ("", "&rows=all"):
        open_chart(page, f"/data/odd#chart=scatter&x=big&y=negative&colour=label{rows}")
        told = tips(page, 3)
        assert [one.split(", ")[1] for one in told] == ["big 5", f"big {BIG}", f"big {BIG + 2}"]
        assert told[2].startswith("negative 0.0, big") and '<b>&"quoted"' in told[2]
        assert len(told[1]) < 400
        assert page.locator(".qc-legend b").count() == 0
    open_chart(page, "/data/odd#chart=line&x=time&y=negative")
    assert [one.partition("time ")[2] for one in tips(page, 3)] == [
        "2024-01-01 06:00:00+02", "2024-01-01T05:00:00Z", "2024-01-01 06:00",
    ]  # fmt: skip


def test_the_png(visited: Visit, tmp_path: Path) -> None:
    page = visited.page
    open_chart(page, "/data/point#chart=scatter&x=mjd&y=flux&colour=band")
    with page.expect_download() as download:
        page.get_by_role("button", name="Save the chart as PNG").click()
    assert download.value.suggested_filename == "point-scatter.png"
    download.value.save_as(tmp_path / "chart.png")
    content = (tmp_path / "chart.png").read_bytes()
    width, height = struct.unpack(">II", content[16:24])
    assert (content[:8], width > 1000, height > 430) == (b"\x89PNG\r\n\x1a\n", True, True)


def test_series_go_and_come(visited: Visit) -> None:
    page = visited.page
    open_chart(page, "/data/point#chart=scatter&x=mjd&y=flux&colour=band")
    names = page.locator(".qc-legend button").all_inner_texts()
    assert names == ["g", "u", "i", "r", "Y", "z"]  # those of the settings first, in their order
    coloured = """() => {
        const canvas = document.querySelector(".qc-chart canvas");
        const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        let found = 0;
        for (let k = 0; k < data.length; k += 4) found += data[k] === 0x31 && data[k + 1] === 0xde && data[k + 2] === 0x1f;
        return found;
    }"""
    assert page.evaluate(coloured) > 100
    page.locator(".qc-legend button").first.click()
    page.wait_for_timeout(50)
    assert page.evaluate(coloured) == 0


def test_canned_queries_open_with_their_chart(visited: Visit) -> None:
    page = visited.page
    page.goto("/data")
    page.get_by_role("link", name="nights", exact=True).click()
    assert drawn(page) == 3
    assert chosen(page) == {"chart": ["bar"], "x": ["night"], "y": ["detections"]}


def test_the_two_copies_of_uplot_are_one() -> None:
    """Each plugin stands alone."""
    ours, other = (
        PLUGINS / name / name.replace("-", "_") / "static" / "vendor"
        for name in ("datasette-query-charts", "datasette-light-curves")
    )
    names = sorted(path.name for path in ours.iterdir())
    assert names == sorted(path.name for path in other.iterdir())
    assert "uPlot-LICENSE.txt" in names
    for name in names:
        assert (ours / name).read_bytes() == (other / name).read_bytes(), name


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ({"colour": {}}, "unknown setting 'colour'; known are x, y, colour_by, colours, most_rows."),
        ({"x": "mjd"}, "the setting 'x' must be a list of columns' names."),
        ({"most_rows": 0}, "the setting 'most_rows' must be a whole number above 0."),
        ({"colours": {"band": {"g": {"light": "green"}}}}, "'colours' must give 'g' a 'light' and a 'dark' colour like"),
        ({"colours": {"band": "green"}}, "the setting 'colours' must be a mapping of columns' names to mappings of values."),
        ([], "the settings must be a mapping."),
    ],
)
def test_a_wrong_setting_of_charts(config: object, sentence: str) -> None:
    with pytest.raises(chart_settings.ConfigurationError, match=r"^datasette-query-charts: ") as refused:
        chart_settings.read(config)
    assert sentence in str(refused.value)
