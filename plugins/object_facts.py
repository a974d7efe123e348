"""What an object's page says at its top: position, redshift, points, and the truth, each for those who may see its table."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from datasette import hookimpl
from datasette.database import QueryInterrupted
from datasette.utils import tilde_decode
from datasette_postgresql import PostgresDatabase, PostgresError

DATABASE, OBJECTS = "elasticc", "elasticc_diaobject"
SOURCES, FORCED = "elasticc_diasource", "elasticc_diaforcedsource"
TRUTH, CLASSES = "elasticc_diaobjecttruth", "elasticc_gentypeofclassid"
LIMIT_MS = 500  # the page is there without it
LEAST_REDSHIFT = -1  # the simulation's "none" is -9

OBJECT = """
    select ra, decl, z_final, z_final_err
    from elasticc_diaobject
    where "diaObjectId" = %(object)s
"""

SPAN = {
    SOURCES: """
        select count(*) as points, min("midPointTai") as first, max("midPointTai") as last
        from elasticc_diasource
        where "diaObject_id" = %(object)s
    """,
    FORCED: """
        select count(*) as points, min("midPointTai") as first, max("midPointTai") as last
        from elasticc_diaforcedsource
        where "diaObject_id" = %(object)s
    """,
}

TRUE = """
    select t.gentype, t.zcmb, t.peakmjd, min(c.description) as class
    from elasticc_diaobjecttruth t
    left join elasticc_gentypeofclassid c on c.gentype = t.gentype and c.exactmatch
    where t."diaObjectId" = %(object)s
    group by t.gentype, t.zcmb, t.peakmjd
"""


@dataclass(frozen=True)
class Fact:
    """`path` leads to more of it; empty: nowhere."""

    label: str
    text: str
    path: str = ""


@hookimpl  # type: ignore[untyped-decorator]
def extra_template_vars(datasette: Any, request: Any, database: str | None, table: str | None, view_name: str) -> Any:
    async def object_facts() -> list[Fact]:
        """Nothing on other pages, and where the database doesn't answer."""
        if (database, table, view_name) != (DATABASE, OBJECTS, "row"):
            return []
        try:
            return await facts(datasette, request.actor, tilde_decode(request.url_vars["pks"]))
        except (PostgresError, QueryInterrupted):
            return []

    return {"object_facts": object_facts}


async def facts(datasette: Any, actor: dict[str, Any] | None, object_id: str) -> list[Fact]:
    """Of an object that the visitor may see. Raises PostgresError, QueryInterrupted."""
    db = datasette.get_database(DATABASE)
    found = await _one(db, OBJECT, object_id)
    if found is None:
        return []
    told = [*_position(found, datasette.urls.query(DATABASE, "cone")), *_redshift(found)]
    spans = []
    for table, label in ((SOURCES, "Detections"), (FORCED, "Forced points")):
        if await _may_view(datasette, actor, table):
            span = await _one(db, SPAN[table], object_id)
            path = f"{datasette.urls.table(DATABASE, table)}?{urlencode({'diaObject_id': object_id})}"
            told.append(Fact(label, f"{span['points']:,}", path))
            spans += [span["first"], span["last"]] if span["points"] else []
    if spans:
        told.append(Fact("MJD", f"{min(spans):.1f} to {max(spans):.1f}"))
    if await _may_view(datasette, actor, TRUTH) and (truth := await _one(db, TRUE, object_id)):
        name = truth["class"] if await _may_view(datasette, actor, CLASSES) else None
        told += _truth(truth, name, datasette.urls, object_id)
    return told


def sexagesimal(ra: float, decl: float) -> str:
    """ICRS degrees as 12:30:48.00 +12:24:00.0, which the box on the home page takes; 360° and more of ra begin again."""
    hundredths = round(ra % 360 * 24000) % 8640000
    tenths = round(abs(decl) * 36000)
    hours, minutes, seconds = hundredths // 360000, hundredths // 6000 % 60, hundredths % 6000 / 100
    sign = "-" if decl < 0 and tenths else "+"
    return (
        f"{hours:02}:{minutes:02}:{seconds:05.2f} {sign}{tenths // 36000:02}:{tenths // 600 % 60:02}:{tenths % 600 / 10:04.1f}"
    )


def _position(found: Any, cone: str) -> Iterator[Fact]:
    around = urlencode({"ra": found["ra"], "decl": found["decl"], "radius_deg": 1})
    text = f"{found['ra']:.5f}° {found['decl']:+.5f}° ({sexagesimal(found['ra'], found['decl'])})"
    yield Fact("Position, ICRS", text, f"{cone}?{around}")


def _redshift(found: Any) -> Iterator[Fact]:
    redshift, error = found["z_final"], found["z_final_err"]
    if redshift is not None and redshift > LEAST_REDSHIFT:
        is_known = error is not None and error >= 0
        yield Fact("Redshift", f"{redshift:.4f}" + (f" ± {error:.4f}" if is_known else ""))


def _truth(truth: Any, name: str | None, urls: Any, object_id: str) -> Iterator[Fact]:
    gentype = f"gentype {truth['gentype']}"
    if name:
        same = f"{urls.query(DATABASE, 'objects_by_class')}?{urlencode({'class': name})}"
        yield Fact("True class", f"{name} ({gentype})", same)
    else:
        yield Fact("True class", gentype)
    row = urls.row(DATABASE, TRUTH, object_id)
    if truth["zcmb"] > LEAST_REDSHIFT:
        yield Fact("True redshift, CMB", f"{truth['zcmb']:.4f}", row)
    yield Fact("True peak, MJD", f"{truth['peakmjd']:.1f}", row)


async def _one(db: PostgresDatabase, sql: str, object_id: str) -> Any:
    rows = (await db.fetch(sql, {"object": object_id}, time_limit_ms=LIMIT_MS)).rows
    return rows[0] if rows else None


async def _may_view(datasette: Any, actor: dict[str, Any] | None, table: str) -> bool:
    permissions = [("view-table", (DATABASE, table)), ("view-database", DATABASE), "view-instance"]
    visible, _ = await datasette.check_visibility(actor, permissions=permissions)
    return bool(visible)
