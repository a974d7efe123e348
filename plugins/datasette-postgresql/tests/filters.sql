drop schema if exists filters cascade;
create schema filters;
set search_path = filters, public;
create type mood as enum ('calm', 'cross', 'absent');
create type pair as (a int, b text);
create domain positive as int check (value > 0);
create domain small_positive as positive check (value < 100);
create domain feeling as mood;
create table every (
  id int primary key, "smallint" smallint, "bigint" bigint, "numeric" numeric, price numeric(10, 2), "real" real,
  double double precision, money money, oid oid, "text" text, varchar varchar(20), bpchar char(4), ch "char", name name,
  "date" date, "time" time, timetz timetz, stamp timestamp, stamptz timestamptz, "interval" interval, "bool" bool, uuid uuid,
  "json" json, jsonb jsonb, ints int[], texts text[], moods mood[], mood mood, bytea bytea, int4range int4range,
  int8range int8range, numrange numrange, daterange daterange, tsrange tsrange, tstzrange tstzrange, multirange int4multirange,
  pair pair, "bit" bit(4), varbit varbit, "xml" xml, macaddr macaddr, macaddr8 macaddr8, tsvector tsvector, tsquery tsquery,
  inet inet, cidr cidr, point point, box box, pg_lsn pg_lsn, small_positive small_positive, feeling feeling, regclass regclass,
  list text
);
insert into every values (
  1, -3, 9007199254740993, 1.5, 1.50, 0.1, 0.1, 12.5, 7, 'a', 'b', 'c', 'd', 'e',
  '2024-01-02', '12:30', '12:30+02', '2024-01-02 12:30', '2024-01-02 12:30+00', '1 day 02:00', true,
  '00000000-0000-0000-0000-000000000001', '["a", 1]', '["a", 1]', '{1,null,3}', '{a,"b c"}', '{calm,absent}', 'calm', '\x0001',
  '[1,5)', '[1,5)', '[1.5,2)', '[2024-01-01,2024-02-01)', '[2024-01-01 00:00,2024-01-02 00:00)', '[2024-01-01 00:00+00,)',
  '{[1,3),[5,7)}', '(1,a)', '1010', '101', null, '08:00:2b:01:02:03', '08:00:2b:01:02:03:04:05', 'cat:1 dog:2', 'cat & dog',
  '10.0.0.1/8', '10.0.0.0/8', '(1,2)', '(1,1),(0,0)', '16/B374D848', 5, 'absent', 'pg_class', '["a", "b"]'
);
insert into every (id, mood, "interval", int4range, small_positive, feeling, list)
values (2, 'cross', '3 hours', 'empty', 7, 'calm', '["\u0000"]'), (3, 'absent', '-1 mon', '[7,9)', 99, 'cross', '[1, {"a": 2}');
insert into every (id) values (4);
-- A server may be built without XML.
do $$ begin
  update every set xml = '<a>1</a>' where id = 1;
exception when feature_not_supported then null;
end $$;
update every set json = '["\u0000"]' where id = 2;
create table articles (
  id int primary key, title text, body text,
  words tsvector generated always as (to_tsvector('english', coalesce(title, '') || ' ' || body)) stored
);
insert into articles values (1, 'Supernovae', 'They explode'), (2, 'Stars', 'They are shining'), (3, null, 'A star exploded');
create table letters (id int primary key, "the ""text""" text, other text);
create index on letters using gin (to_tsvector('simple', "the ""text"""));
insert into letters values (1, 'the end', 'x'), (2, 'The beginning', 'end'), (3, 'teapots and domes', 'y');
create view letter_view as select id as letter, other from letters;
create table unsearchable as select * from letters;
grant usage on schema filters to datasette_test;
grant select on all tables in schema filters to datasette_test;
