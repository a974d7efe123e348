"""Detections a night, objects a class and a piece of sky, kept by triggers: a billion rows aren't read to draw three charts.

tally.bin holds for each histogram and key some rows, whose sum is its number. A statement that changes a table adds one row a
key that it touched, in its own transaction, so the sums are true for every reader at any time, and no writer waits for
another. Once there are many, the first change in a transaction replaces those that are nobody else's by their sums, as
tally.change does it (0005_tally). The views are what the portal reads.
"""

# mypy: disable-error-code="import-untyped, misc"

from django.db import migrations

# Rings of 7.5 degrees, cut into pieces of about as much in right ascension: 732 pieces of about 56 square degrees.
RING_DEG = 7.5
RING = f"least(floor((decl + 90) / {RING_DEG}), {int(180 / RING_DEG) - 1})"
MIDDLE = f"(({{ring}}) + 0.5) * {RING_DEG} - 90"
PIECES = f"greatest(1, round({360 / RING_DEG:.0f} * cosd({MIDDLE})))"
PIECE = f"least(floor((ra - 360 * floor(ra / 360)) * {PIECES.format(ring=RING)} / 360), {PIECES.format(ring=RING)} - 1)"

HISTOGRAMS = (
    ("nights", "elasticc_diasource", 'floor("midPointTai" - 0.5)'),
    ("classes", "elasticc_diaobjecttruth", "gentype"),
    ("sky", "elasticc_diaobject", f"{RING} * 1000 + {PIECE}"),
)

BIN = """
create table tally.bin (
    histogram text not null,
    key bigint not null,
    rows bigint not null
)
with (autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_insert_threshold = -1);
create index bin_key on tally.bin (histogram, key);
comment on table tally.bin is 'Per histogram and key: the sum of rows is how many rows of its table have that key'
"""

# Called with the histogram's name and the expression of its key; a key that is null or no number is left out.
NOTE = """
create function tally.note_bins()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    name constant text := tg_argv[0];
    counted constant text := format(
        'select key::bigint as key, count(*) as rows from (select %s as key from %%s) k where key - key = 0 group by 1',
        tg_argv[1]
    );
    flag constant text := 'tally.folded_' || name;
begin
    if tg_op = 'TRUNCATE' then
        delete from tally.bin where histogram = name;
        return null;
    end if;
    if current_setting('transaction_isolation') = 'read committed' and coalesce(current_setting(flag, true), '') = '' then
        perform set_config(flag, 'yes', true);
        if (select count(*) from (select from tally.bin where histogram = name limit 10001) few) > 10000 then
            with folded as (
                delete from tally.bin
                where ctid = any(array(
                    select ctid from tally.bin where histogram = name for update skip locked
                ))
                returning key, rows
            )
            insert into tally.bin
            select name, key, sum(rows)
            from folded
            group by key
            having sum(rows) <> 0;
        end if;
    end if;
    if tg_op <> 'DELETE' then
        execute 'insert into tally.bin select $1, key, rows from (' || format(counted, 'added') || ') c' using name;
    end if;
    if tg_op <> 'INSERT' then
        execute 'insert into tally.bin select $1, key, -rows from (' || format(counted, 'removed') || ') c' using name;
    end if;
    return null;
end
$$;
revoke execute on function tally.note_bins from public
"""

WATCH = """
create trigger bins_insert after insert on {table} referencing new table as added
    for each statement execute function tally.note_bins('{name}', $key${key}$key$);
create trigger bins_delete after delete on {table} referencing old table as removed
    for each statement execute function tally.note_bins('{name}', $key${key}$key$);
create trigger bins_update after update on {table} referencing old table as removed new table as added
    for each statement execute function tally.note_bins('{name}', $key${key}$key$);
create trigger bins_truncate after truncate on {table}
    for each statement execute function tally.note_bins('{name}');
alter table {table}
    enable always trigger bins_insert, enable always trigger bins_delete,
    enable always trigger bins_update, enable always trigger bins_truncate;
insert into tally.bin
select '{name}', key::bigint, count(*)
from (select {key} as key from {table}) k
where key - key = 0
group by 2
"""

UNWATCH = """
drop trigger bins_insert on {table};
drop trigger bins_delete on {table};
drop trigger bins_update on {table};
drop trigger bins_truncate on {table}
"""

NIGHTS = """
create view elasticc_view_nights as
select
    (date '1858-11-17' + key::integer)::text as night,
    key as mjd,
    sum(rows)::bigint as detections
from tally.bin
where histogram = 'nights'
group by key
having sum(rows) > 0;
comment on view elasticc_view_nights is 'How many detections each night has, kept by triggers';
comment on column elasticc_view_nights.night is 'Calendar date twelve hours earlier (TAI), LSST''s day_obs';
comment on column elasticc_view_nights.mjd is 'The night''s whole MJD: midPointTai - 0.5, without the fraction';
comment on column elasticc_view_nights.detections is 'Rows of elasticc_diasource in that night'
"""

CLASSES = """
create view elasticc_view_classes as
select
    c."classId",
    coalesce(c.description, 'gentype ' || b.key) as class,
    sum(b.rows)::bigint as objects
from tally.bin b
left join elasticc_gentypeofclassid c on c.gentype = b.key and c.exactmatch
where b.histogram = 'classes'
group by 1, 2
having sum(b.rows) > 0;
comment on view elasticc_view_classes is 'How many objects each true class has, kept by triggers';
comment on column elasticc_view_classes."classId" is 'Class of the challenge; null where its gentype belongs to none';
comment on column elasticc_view_classes.class is 'Its description';
comment on column elasticc_view_classes.objects is 'Rows of elasticc_diaobjecttruth of that class'
"""

SKY = f"""
create view elasticc_view_sky as
select
    360 * piece / pieces as ra_min,
    360 * (piece + 1) / pieces as ra_max,
    ring * {RING_DEG}::float8 - 90 as decl_min,
    (ring + 1) * {RING_DEG}::float8 - 90 as decl_max,
    objects
from (
    select
        key / 1000 as ring,
        key % 1000 as piece,
        {PIECES.format(ring="key / 1000")}::float8 as pieces,
        sum(rows)::bigint as objects
    from tally.bin
    where histogram = 'sky'
    group by key
    having sum(rows) > 0
) s;
comment on view elasticc_view_sky is 'How many objects each piece of sky has, kept by triggers';
comment on column elasticc_view_sky.ra_min is 'West edge of a piece of sky of about 56 square degrees, degrees (ICRS)';
comment on column elasticc_view_sky.ra_max is 'East edge, degrees';
comment on column elasticc_view_sky.decl_min is 'South edge, degrees';
comment on column elasticc_view_sky.decl_max is 'North edge, degrees';
comment on column elasticc_view_sky.objects is 'Rows of elasticc_diaobject within'
"""


class Migration(migrations.Migration):
    dependencies = (("elasticc", "0006_source_times"),)

    operations = (
        migrations.RunSQL(BIN, "drop table tally.bin"),
        migrations.RunSQL(NOTE, "drop function tally.note_bins"),
        *(
            migrations.RunSQL(WATCH.format(name=name, table=table, key=key), UNWATCH.format(table=table))
            for name, table, key in HISTOGRAMS
        ),
        migrations.RunSQL(NIGHTS, "drop view elasticc_view_nights"),
        migrations.RunSQL(CLASSES, "drop view elasticc_view_classes"),
        migrations.RunSQL(SKY, "drop view elasticc_view_sky"),
    )
