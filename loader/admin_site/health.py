"""What the server knows of its tables, indexes, roles and grants. Questions to the catalogue and its statistics only."""

DATABASE = """
select current_database() as name, pg_size_pretty(pg_database_size(current_database())) as size,
    current_setting('server_version') as version, pg_postmaster_start_time() as started,
    (select stats_reset from pg_stat_database where datname = current_database()) as stats_reset
"""

# The loader's tables, the counters and Django's own; those that the portal publishes first.
SIZES = r"""
select case n.nspname when 'public' then '' else n.nspname || '.' end || c.relname as name,
    n.nspname = 'public' and c.relname like 'elasticc\_%' as is_published,
    (select sum(rows)::bigint from tally.change where n.nspname = 'public' and relation = c.relname) as rows,
    pg_size_pretty(pg_table_size(c.oid)) as table_size,
    pg_size_pretty(pg_indexes_size(c.oid)) as indexes_size,
    pg_size_pretty(pg_total_relation_size(c.oid)) as total_size,
    s.n_dead_tup as dead,
    case when s.n_live_tup + s.n_dead_tup > 0 then round(100.0 * s.n_dead_tup / (s.n_live_tup + s.n_dead_tup), 1) end
        as dead_percent,
    greatest(s.last_vacuum, s.last_autovacuum) as vacuumed,
    greatest(s.last_analyze, s.last_autoanalyze) as analyzed
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
left join pg_stat_all_tables s on s.relid = c.oid
where c.relkind in ('r', 'm')
  and n.nspname in ('public', 'tally')
order by is_published desc, pg_total_relation_size(c.oid) desc
"""

# A B-tree's pages if each were nine tenths full and nothing were told twice: tuples of 8 bytes and their pointer of 4, with
# the columns' mean widths, of which the sum is rounded up to 8. Equal keys are kept once, so real ones are often smaller.
INDEXES = """
select t.relname as table, i.relname as name, pg_get_indexdef(i.oid) as definition, pg_relation_size(i.oid) as bytes,
    pg_size_pretty(pg_relation_size(i.oid)) as size, s.idx_scan as scans, s.last_idx_scan as last_scan,
    x.indisvalid and x.indisready as is_valid, x.indisunique as is_unique,
    (
        select o.relname
        from pg_index y
        join pg_class o on o.oid = y.indexrelid
        where y.indrelid = x.indrelid
          and y.indexrelid <> x.indexrelid
          and y.indisvalid
          and o.relam = i.relam
          and y.indclass::oid[] @> x.indclass::oid[]
          and x.indexprs is null and y.indexprs is null and x.indpred is null and y.indpred is null
          and not x.indisunique
          and (y.indkey::text || ' ') like (x.indkey::text || ' %')
          and (y.indkey::text <> x.indkey::text or y.indexrelid < x.indexrelid or y.indisunique)
        limit 1
    ) as covered_by,
    case when am.amname = 'btree' and x.indexprs is null and x.indpred is null and i.reltuples > 0 then ceil(
        i.reltuples * (12 + 8 * ceil((
            select sum(coalesce(st.avg_width, case when a.attlen > 0 then a.attlen else 32 end))
            from unnest(x.indkey::int2[]) as k(attnum)
            join pg_attribute a on a.attrelid = t.oid and a.attnum = k.attnum
            left join pg_stats st on st.schemaname = 'public' and st.tablename = t.relname and st.attname = a.attname
        ) / 8.0)) / (8192 * 0.9)
    ) end as expected_pages,
    i.relpages as pages
from pg_index x
join pg_class i on i.oid = x.indexrelid
join pg_class t on t.oid = x.indrelid
join pg_am am on am.oid = i.relam
left join pg_stat_all_indexes s on s.indexrelid = i.oid
where t.relnamespace = 'public'::regnamespace
  and t.relname ~ '^(elasticc|ingest)_'
order by t.relname, i.relname
"""

ROLES = """
select r.rolname as name, r.rolcanlogin as can_login, r.rolsuper as is_superuser,
    r.rolcreatedb or r.rolcreaterole or r.rolreplication or r.rolbypassrls as has_powers,
    nullif(r.rolconnlimit, -1) as connections,
    (select string_agg(m.roleid::regrole::text, ', ' order by 1) from pg_auth_members m where m.member = r.oid) as member_of,
    (
        select string_agg(setting, ', ' order by setting)
        from pg_db_role_setting d
        cross join unnest(d.setconfig) as setting
        where d.setrole = r.oid
    ) as settings
from pg_roles r
where r.rolname !~ '^pg_'
order by r.rolname
"""

# Whole relations and single columns; the owner's own rights aren't grants.
GRANTS = """
select n.nspname || '.' || c.relname as relation, null as column_names,
    coalesce(nullif(a.grantee, 0)::regrole::text, 'everybody') as role,
    string_agg(lower(a.privilege_type), ', ' order by a.privilege_type) as privileges
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
cross join aclexplode(c.relacl) a
where n.nspname in ('public', 'tally')
  and a.grantee <> c.relowner
group by 1, a.grantee
union all
select n.nspname || '.' || c.relname, string_agg(distinct attname, ', '),
    coalesce(nullif(a.grantee, 0)::regrole::text, 'everybody'), string_agg(distinct lower(a.privilege_type), ', ')
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
join pg_attribute on attrelid = c.oid
cross join aclexplode(attacl) a
where n.nspname in ('public', 'tally')
  and a.grantee <> c.relowner
group by 1, a.grantee
order by role, relation
"""
