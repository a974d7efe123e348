"""`cone(…)` as a condition, and q3c's `q3c_dist` and `q3c_join` where the server has no q3c, so that SQL written for it runs.

They are made of 0004_positions' functions and use its index: exact at the poles and across 0 h. SQL bodies of this kind are
parsed when they are made, so that no search path can change what they mean.
"""

# mypy: disable-error-code="import-untyped, misc"

from django.db import migrations

# As before, but null where a coordinate is null: an array with a null in it is an error, and ended every query that met one.
UNIT_VECTOR = """
create or replace function public.unit_vector(ra double precision, decl double precision)
returns public.cube
language sql immutable parallel safe
return public.cube(
    public.cube(
        public.cube(cos(radians(ra)) * cos(radians(decl))),
        sin(radians(ra)) * cos(radians(decl))
    ),
    sin(radians(decl))
)
"""

CONE = """
create function public.cone(
    ra double precision, decl double precision,
    ra0 double precision, dec0 double precision, radius_deg double precision
)
returns boolean
language sql immutable parallel safe
return public.unit_vector(ra, decl) operator(public.<@) public.cone(ra0, dec0, radius_deg)
    and public.cube_distance(public.unit_vector(ra, decl), public.unit_vector(ra0, dec0)) <= public.chord(radius_deg);
comment on function public.cone(double precision, double precision, double precision, double precision, double precision) is
    'Whether ra, decl lies within radius_deg of ra0, dec0 (all in degrees); written with columns first it uses the index'
"""

# Vincenty's formula, as astropy has it: the haversine loses seven digits at the antipode, the cosine law near zero.
DISTANCE = """
create function public.q3c_dist(
    ra1 double precision, dec1 double precision, ra2 double precision, dec2 double precision
)
returns double precision
language sql immutable parallel safe
return atan2d(
    sqrt(power(cosd(dec2) * sind(ra2 - ra1), 2)
        + power(cosd(dec1) * sind(dec2) - sind(dec1) * cosd(dec2) * cosd(ra2 - ra1), 2)),
    sind(dec1) * sind(dec2) + cosd(dec1) * cosd(dec2) * cosd(ra2 - ra1)
);
comment on function public.q3c_dist is 'Angle between two positions, degrees'
"""

JOIN = """
create function public.q3c_join(
    left_ra double precision, left_dec double precision,
    right_ra double precision, right_dec double precision, radius_deg double precision
)
returns boolean
language sql immutable parallel safe
return public.cone(right_ra, right_dec, left_ra, left_dec, radius_deg);
comment on function public.q3c_join is
    'Whether two tables'' positions lie within radius_deg (all in degrees); the index of the right one''s is used'
"""

MAKE = f"""
do $do$
begin
    if not exists (select from pg_extension where extname = 'q3c') then
{DISTANCE};
{JOIN};
    end if;
end
$do$
"""

DROP = """
do $do$
begin
    if not exists (select from pg_extension where extname = 'q3c') then
        drop function public.q3c_join;
        drop function public.q3c_dist;
    end if;
end
$do$
"""

DROP_CONE = (
    "drop function public.cone(double precision, double precision, double precision, double precision, double precision)"
)


class Migration(migrations.Migration):
    dependencies = (("elasticc", "0010_accounts_version"),)

    operations = (
        migrations.RunSQL(UNIT_VECTOR, migrations.RunSQL.noop),
        migrations.RunSQL(CONE, DROP_CONE),
        migrations.RunSQL(MAKE, DROP),
    )
