"""The line of facts at the top of an object's page: against the tables, and for whom the truth is not."""

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from browsing import visit
from datasette.app import Datasette
from datasette_postgresql import PostgresDatabase
from playwright.sync_api import Browser, expect
from sample import THOUSAND, Sample

from plugins import object_facts
from plugins.object_facts import Fact, sexagesimal

FIRST = """
    select o."diaObjectId", o.z_final, o.z_final_err, t.gentype, t.zcmb, t.peakmjd, c.description,
        (select count(*) from elasticc_diasource where "diaObject_id" = o."diaObjectId") as detections,
        (select count(*) from elasticc_diaforcedsource where "diaObject_id" = o."diaObjectId") as forced,
        (select min("midPointTai") from elasticc_diaforcedsource where "diaObject_id" = o."diaObjectId") as first,
        (select max("midPointTai") from elasticc_diaforcedsource where "diaObject_id" = o."diaObjectId") as last
    from elasticc_diaobject o
    join elasticc_diaobjecttruth t on t."diaObjectId" = o."diaObjectId"
    join elasticc_gentypeofclassid c on c.gentype = t.gentype and c.exactmatch
    where t.zcmb > 0
      and exists (select 1 from elasticc_diasource where "diaObject_id" = o."diaObjectId")
    order by 1
    limit 1
"""


def test_the_facts_are_the_tables(browser: Browser, sample_house: Sample) -> None:
    [(one, z, z_err, gentype, zcmb, peak, name, detections, forced, first, last)] = sample_house.ask(FIRST)
    with visit(browser, sample_house.url, sample_house.account) as visited:
        page = visited.page
        page.goto(f"/elasticc/elasticc_diaobject/{one}")
        lines = dict(row.split("\n", 1) for row in page.locator(".row-lead > div").all_inner_texts())
        position = lines.pop("Position, ICRS")
        assert re.fullmatch(r"\d+\.\d{5}° [+-]\d+\.\d{5}° \(\d\d:\d\d:\d\d\.\d\d [+-]\d\d:\d\d:\d\d\.\d\)", position)
        assert lines == {
            "Redshift": f"{z:.4f} ± {z_err:.4f}",
            "Detections": f"{detections:,}",
            "Forced points": f"{forced:,}",
            "MJD": f"{first:.1f} to {last:.1f}",
            "True class": f"{name} (gentype {gentype})",
            "True redshift, CMB": f"{zcmb:.4f}",
            "True peak, MJD": f"{peak:.1f}",
        }
        curve = page.locator("section.light-curve[data-points]")
        expect(curve).to_be_visible()
        lead, chart = page.locator(".row-lead").bounding_box(), curve.bounding_box()
        assert lead and chart and lead["y"] + lead["height"] <= chart["y"] < 300
        folded = page.locator("dd[data-column=hostgal_zspec]")
        expect(folded).to_be_hidden()
        page.locator("details.row-group summary").first.focus()
        page.keyboard.press("Enter")
        expect(folded).to_be_visible()
        page.get_by_role("link", name=f"{detections:,}", exact=True).first.click()
        expect(page.locator("h2.rows-count")).to_contain_text(f"{detections:,} row")
        page.go_back()
        page.get_by_role("link", name=f"{name} (gentype {gentype})").click()
        expect(page.locator("td.col-diaObjectId", has_text=str(one))).to_be_visible()
        assert visited.errors == []


def labels(sample: Sample, object_id: int, tables: dict[str, Any]) -> list[str]:
    """What an account is told where the metadata refuse it tables."""

    async def ask() -> list[Fact]:
        datasette = Datasette([], metadata={"databases": {"elasticc": {"tables": tables}}})
        database = PostgresDatabase.standalone(datasette, "elasticc", sample.admin_url)
        datasette.add_database(database, name="elasticc")
        try:
            return await object_facts.facts(datasette, {"id": "somebody"}, str(object_id))
        finally:
            database.close()

    with ThreadPoolExecutor(1) as thread:  # the browser's loop runs in this one
        return [fact.label for fact in thread.submit(lambda: asyncio.run(ask())).result()]


def test_who_may_not_see_the_truth_is_not_told(sample_house: Sample) -> None:
    one = sample_house.ask(FIRST)[0][0]
    seen = ["Position, ICRS", "Redshift", "Detections", "Forced points", "MJD"]
    assert labels(sample_house, one, {"elasticc_diaobjecttruth": {"allow": False}}) == seen
    refused = {name: {"allow": False} for name in ("elasticc_diaobjecttruth", "elasticc_diasource")}
    assert labels(sample_house, one, refused) == ["Position, ICRS", "Redshift", "Forced points", "MJD"]
    assert labels(sample_house, one, {}) == [*seen, "True class", "True redshift, CMB", "True peak, MJD"]


def test_what_is_not_known_is_left_out(sample_house: Sample) -> None:
    assert labels(sample_house, THOUSAND, {}) == ["Position, ICRS", "Detections", "Forced points", "MJD"]
    assert labels(sample_house, 5, {}) == []


@pytest.mark.parametrize(
    ("ra", "decl", "text"),
    [
        (187.7, 12.4, "12:30:48.00 +12:24:00.0"),
        (0, -0.00001, "00:00:00.00 +00:00:00.0"),
        (359.99999999, -89.99999, "00:00:00.00 -90:00:00.0"),
        (10.5, -0.5, "00:42:00.00 -00:30:00.0"),
        (14.9999, 5.99999, "00:59:59.98 +06:00:00.0"),
    ],
)
def test_sexagesimal(ra: float, decl: float, text: str) -> None:
    assert sexagesimal(ra, decl) == text
