"""The questions that the catalogue is read with: relations, columns, indexes, constraints, types; `{oids}` lists oids."""

RELATION_KINDS = "('r', 'p', 'v', 'm', 'f')"
RELATIONS = """
select c.oid, n.nspname, c.relname, c.relkind::text, c.reltuples::float8, c.relispartition,
       obj_description(c.oid, 'pg_class'),
       case when c.relkind in ('v', 'm') then pg_get_viewdef(c.oid) end,
       exists (
         select 1 from pg_depend d
         where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e'
       ),
       c.relkind <> 'p' and exists (select from pg_inherits i where i.inhparent = c.oid)
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where n.nspname = any ({schemas}::text[])
  and c.relkind in {kinds}
  and has_schema_privilege(n.oid, 'usage')
  and has_table_privilege(c.oid, 'select')
order by array_position({schemas}::text[], n.nspname::text), c.relname
"""
COLUMNS = """
with recursive made_of (oid, base, modifier) as (
  select oid, typbasetype, typtypmod from pg_type where typtype = 'd'
  union all
  select m.oid, t.typbasetype, t.typtypmod from made_of m join pg_type t on t.oid = m.base and t.typtype = 'd'
)
select a.attrelid, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid),
       col_description(a.attrelid, a.attnum), a.attgenerated::text, a.attidentity::text, t.typcategory::text,
       current_setting('server_version_num')::int / 10000,
       format_type(coalesce(m.base, t.oid), coalesce(m.modifier, a.atttypmod)),
       (select json_agg(e.enumlabel order by e.enumsortorder) from pg_enum e where e.enumtypid = coalesce(m.base, t.oid))::text
from pg_attribute a
join pg_type t on t.oid = a.atttypid
left join made_of m on m.oid = t.oid and not exists (select from pg_type b where b.oid = m.base and b.typtype = 'd')
left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
where a.attrelid = any ({oids}::oid[]) and a.attnum > 0 and not a.attisdropped
order by a.attrelid, a.attnum
"""
INDEXES = """
select i.indrelid, i.indexrelid, c.relname, i.indisprimary, i.indisunique,
       i.indisvalid and i.indimmediate and i.indpred is null and i.indexprs is null,
       i.indpred is not null, pg_get_indexdef(i.indexrelid),
       (
         select json_agg(a.attname order by k.ord)
         from unnest(i.indkey::int2[]) with ordinality k(attnum, ord)
         join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
         where k.ord <= i.indnkeyatts
       )::text,
       exists (select 1 from pg_constraint o where o.conindid = i.indexrelid and o.contype in ('p', 'u', 'x')),
       (
         select json_agg(json_build_array(pg_get_indexdef(i.indexrelid, k.ord, false), p.opcname) order by k.ord)
         from generate_series(1, i.indnkeyatts) k(ord)
         join pg_opclass p on p.oid = i.indclass[k.ord - 1]
       )::text
from pg_index i
join pg_class c on c.oid = i.indexrelid
where i.indrelid = any ({oids}::oid[])
order by i.indrelid, c.relname
"""
CONSTRAINTS = """
select o.conrelid, o.conname, o.contype::text, o.confrelid, pg_get_constraintdef(o.oid),
       (
         select json_agg(a.attname order by k.ord)
         from unnest(o.conkey) with ordinality k(attnum, ord)
         join pg_attribute a on a.attrelid = o.conrelid and a.attnum = k.attnum
       )::text,
       (
         select json_agg(a.attname order by k.ord)
         from unnest(o.confkey) with ordinality k(attnum, ord)
         join pg_attribute a on a.attrelid = o.confrelid and a.attnum = k.attnum
       )::text,
       o.confupdtype::text, o.confdeltype::text
from pg_constraint o
where o.conrelid = any ({oids}::oid[]) and o.contype in ('p', 'u', 'c', 'x', 'f')
order by o.conrelid, array_position('{{p,u,c,x,f}}'::text[], o.contype::text), o.conname
"""
ARRAY_TYPES = "select t.typarray, t.oid from pg_type t where t.typarray <> 0 and t.typtype <> 'c' and t.oid >= 10000"
SIZE = "select case when has_database_privilege(current_database(), 'connect') then pg_database_size(current_database()) end"
