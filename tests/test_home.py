"""The home page: its numbers against the tables, its box, its Python, and how it looks."""

import builtins
import getpass
import re

import pytest
import requests
import yaml
from browsing import NARROW, Scheme, figures, serious, shoot, visit
from house import PROJECT
from playwright.sync_api import Browser, expect
from sample import THOUSAND, Sample


def find(sample: Sample, asked: str, radius: str = "1", unit: str = "deg") -> requests.Response:
    return requests.get(
        f"{sample.url}/-/find",
        params={"q": asked, "radius": radius, "unit": unit},
        auth=sample.account,
        timeout=60,
        allow_redirects=False,
    )


def said(answer: requests.Response) -> str:
    found = re.search(r'role="alert">(.*?)</p>', answer.text)
    assert found, answer.text
    return found[1].replace("&#39;", "'")


def test_the_numbers_are_the_tables(sample_house: Sample) -> None:
    page = requests.get(sample_house.url, auth=sample_house.account, headers={"Accept": "text/html"}, timeout=60).text
    for table in ("diaobject", "diasource", "diaforcedsource", "diaalert", "brokermessage", "brokerclassification"):
        [(count,)] = sample_house.ask(f"select count(*) from elasticc_{table}")
        assert f'elasticc_{table}"><b>{count:,}</b>' in page, table
    [(first, last)] = sample_house.ask("""
        select (date '1858-11-17' + floor(min("midPointTai") - 0.5)::int)::text,
               (date '1858-11-17' + floor(max("midPointTai") - 0.5)::int)::text
        from elasticc_diasource
    """)
    assert f"{first} to {last}" in page
    for label, count in sample_house.ask("""
        select c.description, count(*)
        from elasticc_diaobjecttruth t
        join elasticc_gentypeofclassid c on c.gentype = t.gentype and c.exactmatch
        group by 1
    """):
        assert re.search(rf">{re.escape(label)}</a>.*<b>{count:,}</b>", page), label
    assert 'href="/elasticc"' in page  # Datasette's list of databases is still there


NOTICE = yaml.safe_load((PROJECT / "metadata.yml").read_text())["plugins"]["datasette-survey-home"]["notice_sql"]


@pytest.mark.parametrize(
    ("ids", "words"),
    [
        ([], None),
        ([5], None),
        ([10**12], "All of these data are"),
        ([5, 10**12 + 7], "Objects with an id from 1000000000000 on"),
    ],
)
def test_the_synthetic_sample_is_named(sample_house: Sample, ids: list[int], words: str | None) -> None:
    objects = f"""create temp table elasticc_diaobject as select unnest('{set(ids) or "{}"}'::bigint[]) as "diaObjectId";"""
    [(said,)] = sample_house.ask(objects + NOTICE)
    assert (said or "").startswith(words or "") and bool(said) == bool(words), said


def test_the_notice_is_on_the_page_and_costs_probes_of_an_index(sample_house: Sample) -> None:
    page = requests.get(sample_house.url, auth=sample_house.account, headers={"Accept": "text/html"}, timeout=60).text
    assert '<p class="sh-notice">Objects with an id from 1000000000000 on are the portal&#39;s own synthetic sample' in page
    plan = "\n".join(line for (line,) in sample_house.ask(f"set enable_seqscan = off; explain {NOTICE}"))
    assert "Index Only Scan" in plan and "Seq Scan" not in plan, plan


def test_an_id_leads_to_the_object(sample_house: Sample) -> None:
    answer = find(sample_house, f" {THOUSAND} ")
    assert (answer.status_code, answer.headers["location"]) == (302, f"/elasticc/elasticc_diaobject/{THOUSAND}")


@pytest.mark.parametrize(
    "asked",
    ["187.7 12.4", "187.7, +12.4", "12h30m48s +12d24m00s", "12:30:48 +12:24:00", "12 30 48 12 24 0", "12h30m48s 12.4d"],
)
def test_a_position_leads_to_what_is_around(sample_house: Sample, asked: str) -> None:
    answer = find(sample_house, asked, "2", "arcsec")
    assert answer.status_code == 302
    around = requests.get(sample_house.url + answer.headers["location"], auth=sample_house.account, timeout=60)
    assert around.status_code == 200
    assert f">{THOUSAND}<" in around.text or f"{THOUSAND}</td>" in around.text


@pytest.mark.parametrize(
    ("asked", "radius", "status", "words"),
    [
        ("5", "1", 404, "There is no object 5."),
        ("99999999999999999999", "1", 400, "neither an object's id"),
        ("9999999999999999999", "1", 404, "There is no object 9999999999999999999."),
        ("10 89", "0.5", 404, "There is no object within 0.5° of ra 10.00000°, decl 89.00000°; try a larger radius."),
        ("", "1", 400, "Type an object's id, or a position."),
        ("M 31", "1", 400, "“M 31” is neither an object's id, as 12345, nor a position"),
        ("370 12", "1", 400, "The right ascension 370° isn't between 0° and 360°."),
        ("12 -91", "1", 400, "The declination -91° isn't between -90° and 90°."),
        ("12h60m00s +12d00m00s", "1", 400, "60 minutes are too many: they end at 60."),
        ("187.7 12.4", "nan", 400, "The radius must be a number above 0, and at most 180 degrees."),
        ("187.7 12.4", "-1", 400, "The radius must be a number above 0, and at most 180 degrees."),
    ],
)
def test_what_cannot_be_found_is_said(sample_house: Sample, asked: str, radius: str, status: int, words: str) -> None:
    answer = find(sample_house, asked, radius)
    assert (answer.status_code, words in said(answer)) == (status, True), said(answer)


def test_markup_in_the_box_stays_text(sample_house: Sample) -> None:
    answer = find(sample_house, '"><script>alert(1)</script>')
    assert answer.status_code == 400
    assert "<script>alert(1)" not in answer.text


def test_a_stranger_is_not_told_what_is_there(sample_house: Sample) -> None:
    for path in ("/", f"/-/find?q={THOUSAND}"):
        answer = requests.get(sample_house.url + path, timeout=60, allow_redirects=False)
        assert answer.status_code in (302, 401, 403)
        assert answer.headers.get("location", "/-/login").startswith("/-/login")


def test_the_python_runs_as_it_stands(
    browser: Browser, sample_house: Sample, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with visit(browser, sample_house.url, sample_house.account) as visited:
        visited.page.goto("/")
        script = visited.page.locator("#sh-snippet").inner_text()
    monkeypatch.setattr(getpass, "getpass", lambda *_: sample_house.account[1])
    names: dict[str, object] = {"__builtins__": builtins}
    exec(compile(script, "home", "exec"), names)
    names["session"].close()  # type: ignore[attr-defined]
    ids = [one for (one,) in sample_house.ask('select "diaObjectId" from elasticc_diaobject order by 1 limit 5')]
    printed = capsys.readouterr().out.splitlines()
    assert [f"'diaObjectId': {one}," in line for one, line in zip(ids, printed, strict=True)] == [True] * 5


def test_the_box_by_keyboard(browser: Browser, sample_house: Sample) -> None:
    with visit(browser, sample_house.url, sample_house.account) as visited:
        page = visited.page
        page.goto("/")
        page.get_by_role("searchbox").fill(str(THOUSAND))
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile(f"/elasticc_diaobject/{THOUSAND}$"))
        assert visited.complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1400, NARROW])
def test_accessible_at_every_size_and_light(browser: Browser, sample_house: Sample, scheme: Scheme, width: int) -> None:
    with visit(browser, sample_house.url, sample_house.account, scheme=scheme, width=width) as visited:
        page = visited.page
        page.goto("/")
        print(f"\nhome: {figures(page)}")
        shoot(page, f"home-{width}px-{scheme}")
        assert serious(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert visited.complaints == []
        page.goto("/-/find?q=M31")
        shoot(page, f"find-{width}px-{scheme}")
        assert serious(page) == []
