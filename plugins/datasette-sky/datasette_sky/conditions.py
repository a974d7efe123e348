"""A cone and an angle as SQL: by q3c's functions where the database has them, else by declination and the haversine."""

from dataclasses import dataclass

from .settings import Positions, Sky

# The haversine of the angle, so that no digits are lost near the centre; exact at the poles and across 0 h. Marks as infinity
# or -999 are taken out first. An index on the declination serves: the margin is for its rounding.
PLAIN = """
    ({decl} between {decl0} - {radius} - 1e-9 and {decl0} + {radius} + 1e-9
    and {decl} between -90 and 90 and {ra} between -360 and 720
    and least(1, power(sind(({decl}::float8 - {decl0}) / 2), 2)
        + cosd({decl}::float8) * cosd({decl0}) * power(sind(({ra}::float8 - {ra0}) / 2), 2)) <= power(sind({radius} / 2), 2))
"""
RADIAL_QUERY = "q3c_radial_query({ra}, {decl}, {ra0}, {decl0}, {radius})"
OF_OBJECTS = "{object} = any (array(select {id} from {objects} where {condition}))"
# Vincenty's formula, exact at every angle.
VINCENTY = """
    atan2d(
        sqrt(power(cosd({decl0}) * sind({ra0} - {ra}), 2)
            + power(cosd({decl}) * sind({decl0}) - sind({decl}) * cosd({decl0}) * cosd({ra0} - {ra}), 2)),
        sind({decl}) * sind({decl0}) + cosd({decl}) * cosd({decl0}) * cosd({ra0} - {ra})
    )
"""
DISTANCE = "q3c_dist({ra}, {decl}, {ra0}, {decl0})"


@dataclass(frozen=True)
class Functions:
    """Whether the database has q3c_radial_query and q3c_dist of five and four double precisions, q3c's own or another's."""

    radial_query: bool = False
    distance: bool = False


def near(ra: str, decl: str, ra0: str, decl0: str, radius: str, functions: Functions) -> str:
    """All five are SQL, of degrees. Where an index is meant, it is one of ra and decl."""
    template = RADIAL_QUERY if functions.radial_query else PLAIN
    return _one_line(template.format(ra=ra, decl=decl, ra0=ra0, decl0=decl0, radius=radius))


def separation_deg(ra: str, decl: str, ra0: str, decl0: str, functions: Functions) -> str:
    """All four are SQL, of degrees; q3c's functions take double precision alone."""
    template = DISTANCE if functions.distance else VINCENTY
    return _one_line(template.format(ra=ra, decl=decl, ra0=ra0, decl0=decl0))


def in_cone(sky: Sky, found: Positions, table: str, objects_sql: str, name: str, functions: Functions) -> str:
    """For rows of `table`; the centre and radius are the parameters `name`_ra, `name`_decl and `name`_radius.

    Rows that belong to an object are found by the objects' index: where the object is.
    """
    ra0, decl0, radius = (f":{name}_{key}::float8" for key in ("ra", "decl", "radius"))
    if found.object is None or table == sky.objects.table:
        return near(quote(found.ra or ""), quote(found.decl or ""), ra0, decl0, radius, functions)
    condition = near(quote(sky.objects.ra), quote(sky.objects.decl), ra0, decl0, radius, functions)
    return OF_OBJECTS.format(
        object=quote(found.object), id=quote(sky.objects.id or ""), objects=objects_sql, condition=condition
    )


def quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def number(value: float) -> str:
    """A literal, negative ones too, that PostgreSQL reads as the same double precision."""
    return repr(float(value))


def _one_line(sql: str) -> str:
    return " ".join(sql.split())
