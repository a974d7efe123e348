"""An object's points, or a page's objects' few brightest, each as one query whose answer PostgreSQL makes into JSON.

Not-a-number and infinities are no JSON: null. Ids are text: JavaScript's numbers end at 2^53, ids of 64 bits don't.
"""

from collections.abc import Sequence
from typing import Any

from datasette_postgresql import PostgresDatabase

from .settings import Classifications, LightCurves, Peak, Points

MOST_SPARKS = 80  # points of a sparkline: more can't be told apart on 120 pixels

OBJECT = """
    select json_build_object({members})::text as body
    from {table}
    where {id} = %(object)s
"""

POINTS = """(
    select json_build_object(
        'id', coalesce(json_agg(p.id), '[]'),
        'mjd', coalesce(json_agg(p.mjd), '[]'),
        'band', coalesce(json_agg(p.band), '[]'),
        'flux', coalesce(json_agg(p.flux), '[]'),
        'error', coalesce(json_agg(p.error), '[]')
    )
    from (
        select {id}::text as id, {time} as mjd, {band} as band, {flux} as flux, {error} as error
        from {table}
        where {object} = %(object)s
          and {finite_time}
        order by {time}, {id}
    ) p
)"""

PEAK = """(
    select min({time})
    from {table}
    where {object} = %(object)s
      and {finite_time}
)"""

SPARKS = """
    select coalesce(json_object_agg(o.object, o.points), '{{}}')::text as body
    from (
        select
            p.object::text as object,
            json_build_object(
                'mjd', json_agg(p.mjd::real),
                'flux', json_agg(p.flux::real),
                'band', json_agg(p.band),
                'seen', json_agg(p.seen::int)
            ) as points
        from (
            select
                {object} as object,
                {time} as mjd,
                {flux} as flux,
                {band} as band,
                {flux} > {sigma} * {error} as seen,
                row_number() over (partition by {object} order by {flux} / nullif({error}, 0) desc nulls last) as place
            from {table}
            where {object} in %(objects)s
              and {finite_time}
              and {finite_flux}
        ) p
        where p.place <= %(most)s
        group by p.object
    ) o
"""

CLASSES = """
    select coalesce(json_agg(json_build_array(q.{time}, concat_ws(' · ', {classifier}), q.{label}, {probability})), '[]')::text
    from ({query}) q
"""


def quote(name: str) -> str:
    """An identifier within a query of psycopg2's, whose % are placeholders."""
    return '"' + name.replace('"', '""').replace("%", "%%") + '"'


def _typed(name: str) -> str:
    """An identifier within SQL whose placeholders are `:name`."""
    return '"' + name.replace('"', '""') + '"'


async def one(db: PostgresDatabase, curves: LightCurves, object_id: str, parts: Sequence[str]) -> str | None:
    """JSON text of the members in `parts` (detections, forced, peak); None where there is no such object."""
    members = ", ".join(f"'{name}', {_member(db, getattr(curves, name))}" for name in parts)
    query = OBJECT.format(members=members, table=relation(db, curves.objects.table), id=quote(curves.objects.id))
    rows = (await db.fetch(query, {"object": object_id})).rows
    return str(rows[0]["body"]) if rows else None


async def many(db: PostgresDatabase, curves: LightCurves, object_ids: Sequence[str], points: Points) -> str:
    """JSON text: by object id, its most significant points. Ids that nobody has are left out."""
    query = SPARKS.format(
        **_columns(points),
        table=relation(db, points.table),
        sigma=curves.upper_limit_sigma,
        finite_time=_is_finite(points.time),
        finite_flux=_is_finite(points.flux),
    )
    rows = (await db.fetch(query, {"objects": tuple(object_ids), "most": MOST_SPARKS})).rows
    return str(rows[0]["body"])


async def classes(db: PostgresDatabase, found: Classifications, sql: str, object_id: str) -> str:
    """JSON text: [mjd, classifier, class, probability] for each row of the canned query."""
    probability = f"q.{_typed(found.probability)}"
    query = CLASSES.format(
        time=_typed(found.time),
        label=_typed(found.label),
        classifier=", ".join(f"q.{_typed(name)}" for name in found.classifier),
        probability=f"case when {probability} - {probability} = 0 then {probability} end",
        query=sql.strip().rstrip(";"),
    )
    return str((await db.execute(query, {found.parameter: object_id})).rows[0][0])


def relation(db: PostgresDatabase, name: str) -> str:
    found = db.catalogue.relation(name)
    identifier = found.identifier if found else quote(name)
    return str(identifier).replace("%", "%%") if found else identifier


def _member(db: PostgresDatabase, part: Points | Peak) -> str:
    finite_time = _is_finite(part.time)
    if isinstance(part, Peak):
        return PEAK.format(
            table=relation(db, part.table), object=quote(part.object), time=quote(part.time), finite_time=finite_time
        )
    columns = _columns(part)
    columns |= {name: f"case when {_is_finite(getattr(part, name))} then {columns[name]} end" for name in ("flux", "error")}
    return POINTS.format(**columns, table=relation(db, part.table), finite_time=finite_time)


def _columns(points: Points) -> dict[str, Any]:
    return {name: quote(getattr(points, name)) for name in ("id", "object", "time", "band", "flux", "error")}


def _is_finite(column: str) -> str:
    """PostgreSQL takes NaN for equal to itself; of a number less itself only a finite one gives 0."""
    return f"{quote(column)} - {quote(column)} = 0"
