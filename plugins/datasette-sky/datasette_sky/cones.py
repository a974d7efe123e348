"""What lies within a cone, nearest first: the SQL that is run, and shown to whoever wants to go on from it."""

from dataclasses import dataclass

from . import conditions
from .conditions import Functions, number
from .coordinates import Cone
from .targets import Target

SEPARATION = "separation_arcsec"
SQL = """\
select
  {columns}
from {table} o
where {near}
order by {order}
limit {limit}"""


@dataclass(frozen=True)
class Question:
    """`columns` are the names in the answer; `key` says where a row's key stands among them."""

    sql: str
    columns: tuple[str, ...]
    key: tuple[int, ...]


def question(target: Target, cone: Cone, functions: Functions, limit: int) -> Question:
    ra, decl = target.sql(target.ra), target.sql(target.decl)
    ra0, decl0, radius = number(cone.centre.ra), number(cone.centre.decl), number(cone.radius_deg)
    separation = f"3600 * {conditions.separation_deg(ra, decl, ra0, decl0, functions)} as {SEPARATION}"
    names = [name for name in target.columns if name != SEPARATION]
    at = len(target.key)
    selected = [target.sql(name) for name in names]
    selected.insert(at, separation)
    sql = SQL.format(
        columns=",\n  ".join(selected),
        table=target.relation.identifier,
        near=conditions.near(ra, decl, ra0, decl0, radius, functions),
        order=", ".join([SEPARATION, *(target.sql(name) for name in target.key)]),
        limit=limit,
    )
    return Question(sql, (*names[:at], SEPARATION, *names[at:]), tuple(range(at)))
