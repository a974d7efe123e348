"""A cone as a condition of SQL: by q3c_radial_query where the database has it, else by declination and angle."""

from .settings import Positions, Sky

# The haversine of the angle, so that no digits are lost near the centre; exact at the poles and across 0 h.
HAVERSINE = """
    power(sind(({decl}::float8 - {decl0}) / 2), 2)
    + cosd({decl}::float8) * cosd({decl0}) * power(sind(({ra}::float8 - {ra0}) / 2), 2) <= power(sind({radius} / 2), 2)
"""
PLAIN = "({decl} between {decl0} - {radius} and {decl0} + {radius} and" + HAVERSINE.rstrip() + ")"
RADIAL_QUERY = "q3c_radial_query({ra}, {decl}, {ra0}, {decl0}, {radius})"
OF_OBJECTS = "{object} = any (array(select {id} from {objects} where {condition}))"
# Vincenty's formula, exact at every angle.
SEPARATION_DEG = """atan2d(
    sqrt(power(cosd({decl}) * sind({ra} - {ra0}), 2)
        + power(cosd({decl0}) * sind({decl}) - sind({decl0}) * cosd({decl}) * cosd({ra} - {ra0}), 2)),
    sind({decl0}) * sind({decl}) + cosd({decl0}) * cosd({decl}) * cosd({ra} - {ra0})
)"""


def near(ra: str, decl: str, ra0: str, decl0: str, radius: str, *, has_q3c: bool) -> str:
    """All five are SQL, of degrees. Where an index is meant, it is one of ra and decl."""
    template = RADIAL_QUERY if has_q3c else PLAIN
    return " ".join(template.format(ra=ra, decl=decl, ra0=ra0, decl0=decl0, radius=radius).split())


def in_cone(sky: Sky, found: Positions, table: str, objects_sql: str, name: str, *, has_q3c: bool) -> str:
    """For rows of `table`; the centre and radius are the parameters `name`_ra, `name`_decl and `name`_radius.

    Rows that belong to an object are found by the objects' index: where the object is.
    """
    values = {"ra0": f":{name}_ra::float8", "decl0": f":{name}_decl::float8", "radius": f":{name}_radius::float8"}
    if found.object is None or table == sky.objects.table:
        return near(quote(found.ra or ""), quote(found.decl or ""), **values, has_q3c=has_q3c)
    condition = near(quote(sky.objects.ra), quote(sky.objects.decl), **values, has_q3c=has_q3c)
    return OF_OBJECTS.format(object=quote(found.object), id=quote(sky.objects.id), objects=objects_sql, condition=condition)


def quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
