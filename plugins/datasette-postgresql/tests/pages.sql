drop schema if exists pages cascade;
create schema pages;
set search_path = pages;
create type mood as enum ('calm', 'cross');
create table "diaSource" (
  "diaSource_id" bigint primary key, "diaObject_id" bigint, band text, "psFlux" double precision, mag numeric, real real,
  visit int not null, seen timestamptz, day date, ok boolean, tags text[], doc jsonb, raw bytea, code uuid, mood mood, word text,
  spot point
);
create table "diaObject" ("diaObject_id" bigint primary key, name varchar(20));
insert into "diaObject" select n, 'object ' || n from generate_series(1, 20) n;
alter table "diaSource" add foreign key ("diaObject_id") references "diaObject";
insert into "diaSource"
select n, n % 20 + 1, (array['u', 'g', 'r', 'i'])[n % 4 + 1],
  case when n % 3 = 0 then null else (n % 7) / 10.0 end, case when n % 5 = 0 then null else n / 4.0 end, (n % 9) / 10.0,
  n % 11, '2024-01-01 00:00+00'::timestamptz + n * interval '7 hours', date '2024-01-01' + n % 6, n % 2 = 0,
  case when n % 4 = 0 then array['a', 'b c'] when n % 4 = 1 then array['a'] end, jsonb_build_array('x', 'y' || n % 3),
  decode(lpad(to_hex(n), 4, '0'), 'hex'), lpad(n::text, 32, '0')::uuid, (array['calm', 'cross'])[n % 2 + 1]::mood,
  case when n % 10 = 0 then '' when n % 10 = 1 then null else 'Word ' || n % 10 || ' 50%' end, point(n, n)
from generate_series(1, 250) n;
create table pairs (b text, a int, value int, primary key (b, a));
insert into pairs select 'k,' || n % 5, n, n % 3 from generate_series(1, 120) n;
create table codes (code text not null unique, other int, raw bytea);
insert into codes select 'c' || n, n % 4, '\x00ff' from generate_series(1, 30) n;
create table loose (word text, n int, raw bytea);
insert into loose select 'w' || n % 3, n, '\x00ff' from generate_series(1, 55) n;
create table notes (id int primary key, body text, words tsvector generated always as (to_tsvector('english', body)) stored);
insert into notes values (1, 'a bright supernova'), (2, 'a dim star'), (3, 'supernovae are bright');
create table "odd ""name"" %s {x} : ;--" (id int primary key, "select" int, "a""b.{0}%s:p0" text, _under text, x__gt text);
insert into "odd ""name"" %s {x} : ;--" values (1, 10, 'one', 'u', 'v'), (2, 20, 'two', 'u', 'w');
create view bright as select "diaSource_id", "psFlux" from "diaSource" where "psFlux" > 0.3 order by 1;
create table big as select n as id, n % 5 as kind, md5(n::text) as hash from generate_series(1, 20000) n;
alter table big add primary key (id);
grant usage on schema pages to datasette_test;
grant select on all tables in schema pages to datasette_test;
analyze;
