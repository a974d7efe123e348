"""How many rows each published table has, and a version of its data, kept by triggers: any writer keeps them right.

tally.change holds for each table some rows, whose sum is its number of rows. Each has a random token; all tokens of a table
xored are its version: another one after every change, the same for two readers only if both see the same data. Each
statement that changes a table adds a row in its own transaction, so a roll back, a savepoint's too, takes it back, and no
writer waits for another. The first change in a transaction replaces the rows that are visible and nobody else's by their
sum, once there are many; so a few remain. The schema itself is made by `python -m loader init`, an administrator's work.
"""

# mypy: disable-error-code="import-untyped, misc"

from django.db import migrations

TABLES = (
    "elasticc_brokerclassification",
    "elasticc_brokerclassifier",
    "elasticc_brokermessage",
    "elasticc_diaalert",
    "elasticc_diaalertprvforcedsource",
    "elasticc_diaalertprvsource",
    "elasticc_diaforcedsource",
    "elasticc_diaobject",
    "elasticc_diaobjecttruth",
    "elasticc_diasource",
    "elasticc_diatruth",
    "elasticc_gentypeofclassid",
)

CHANGE = """
create table tally.change (
    relation text not null,
    rows bigint not null,
    token bigint not null default pg_catalog.hashtextextended(pg_catalog.gen_random_uuid()::text, 0)
)
with (autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_insert_threshold = -1);
create index change_relation on tally.change (relation);
comment on table tally.change is 'Per table: the sum of rows is its number of rows, the xor of token its version'
"""

# Rows that another transaction is folding are skipped, so nobody waits.
FOLD = """
create function tally.fold(of_relation text)
returns void
language sql volatile
set search_path = pg_catalog, pg_temp
as $$
    with folded as (
        delete from tally.change
        where ctid = any(array(
            select ctid
            from tally.change
            where relation = of_relation
            for update skip locked
        ))
        returning rows, token
    )
    insert into tally.change (relation, rows, token)
    select of_relation, sum(rows), bit_xor(token)
    from folded
    having count(*) > 0
$$;
revoke execute on function tally.fold from public
"""

# An older snapshot doesn't see what others have folded or added since: it leaves folding to others, and can't truncate.
# A fold leaves its transaction's own rows alone from then on: where one transaction has a million statements, looking at
# their rows again and again would take hours.
NOTE = """
create function tally.note()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    changed bigint := 0;
    is_new_snapshot constant boolean := current_setting('transaction_isolation') = 'read committed';
    flag constant text := 'tally.folded_' || tg_table_name;
begin
    if tg_op = 'TRUNCATE' then
        if not is_new_snapshot then
            raise feature_not_supported
                using message = tg_table_name || ': truncate needs the isolation level read committed, its rows are counted';
        end if;
        delete from tally.change where relation = tg_table_name;
    elsif tg_op = 'INSERT' then
        select count(*) into changed from added;
    elsif tg_op = 'DELETE' then
        select -count(*) into changed from removed;
    end if;
    if changed = 0 and tg_op in ('INSERT', 'DELETE') then
        return null;
    end if;
    if is_new_snapshot and coalesce(current_setting(flag, true), '') = '' then
        perform set_config(flag, 'yes', true);
        if (select count(*) from (select from tally.change where relation = tg_table_name limit 17) few) > 16 then
            perform tally.fold(tg_table_name);
        end if;
    end if;
    insert into tally.change (relation, rows) values (tg_table_name, changed);
    return null;
end
$$;
revoke execute on function tally.note from public
"""

# Creating a trigger locks the table against writers until the end of the transaction, so the count is exact. `always`:
# also for a session that replays what another server did.
WATCH = """
create function tally.watch(of_table regclass)
returns void
language plpgsql
as $$
declare
    name constant text := (select relname from pg_catalog.pg_class where oid = of_table);
begin
    execute format('create trigger tally_insert after insert on %s referencing new table as added
        for each statement execute function tally.note()', of_table);
    execute format('create trigger tally_delete after delete on %s referencing old table as removed
        for each statement execute function tally.note()', of_table);
    execute format('create trigger tally_update after update on %s
        for each statement execute function tally.note()', of_table);
    execute format('create trigger tally_truncate after truncate on %s
        for each statement execute function tally.note()', of_table);
    execute format('alter table %s
        enable always trigger tally_insert, enable always trigger tally_delete,
        enable always trigger tally_update, enable always trigger tally_truncate', of_table);
    execute format('insert into tally.change (relation, rows) select %L, count(*) from %s', name, of_table);
end
$$;
comment on function tally.watch is 'Count a table of the schema public from now on; its name must be its own';
revoke execute on function tally.watch from public
"""

UNWATCH = """
drop trigger tally_insert on {table};
drop trigger tally_delete on {table};
drop trigger tally_update on {table};
drop trigger tally_truncate on {table};
delete from tally.change where relation = '{table}'
"""


class Migration(migrations.Migration):
    dependencies = (("elasticc", "0004_positions"),)

    operations = (
        migrations.RunSQL(CHANGE, "drop table tally.change"),
        migrations.RunSQL(FOLD, "drop function tally.fold"),
        migrations.RunSQL(NOTE, "drop function tally.note"),
        migrations.RunSQL(WATCH, "drop function tally.watch"),
        *(migrations.RunSQL(f"select tally.watch('public.{table}')", UNWATCH.format(table=table)) for table in TABLES),
    )
