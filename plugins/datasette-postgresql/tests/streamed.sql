drop schema if exists streamed cascade;
create schema streamed;
set search_path = streamed;
create type mood as enum ('calm', '', 'a,b');
create domain flux as double precision;
create table labels (id int primary key, name text);
insert into labels values (1, 'one'), (2, ''), (3, 'a "quoted", label'), (4, null);
create table odd (
  id int primary key, small smallint, big bigint, r real, d double precision, n numeric, yes boolean, t text, v varchar(40),
  c char(4), name name, day date, clock time, clockz timetz, stamp timestamp, stampz timestamptz, span interval, u uuid, j json,
  jb jsonb, ints int[], texts text[], bigs bigint[], ip inet, net cidr, mac macaddr, span4 int4range, feeling mood, f flux,
  words tsvector, bits varbit, m money, place point, label int references labels
);
insert into odd
select n, n % 7 - 3, n * 9007199254740993, (n - 50) * 1.25e5::real, (n - 50) / 7.0, n / 8.0, n % 2 = 0, 'text ' || n, 'v' || n,
  left('abcd', n % 5), 'name', date '2024-01-01' + n, time '01:02:03.5' + n * interval '1 s', '01:02:03+02',
  timestamp '2024-02-29 12:00' + n * interval '0.1 s', timestamptz '2024-02-29 12:00+02' + n * interval '0.1 s', n * interval '1 h',
  lpad(n::text, 32, '0')::uuid, '{"a":  [1, null]}', '{"b": "é\n"}', array[n, null, -n], array['a b', 'c"d', e'e\n', null, 'NULL', ''],
  array[n * 10000000000], '10.0.0.1/8', '10.0.0.0/8', '08:00:2b:01:02:03', int4range(n, n + 5), 'calm', n, to_tsvector('a b'),
  b'101', n, point(n, n), n % 5
from generate_series(1, 60) n where n % 5 > 0;
insert into odd (id, r, d, f, n, stamp, stampz, day) values
  (101, 'NaN', 'NaN', 'NaN', 'NaN', 'infinity', 'infinity', 'infinity'),
  (102, 'infinity', 'infinity', '-infinity', 'infinity', '-infinity', '-infinity', '-infinity'),
  (103, '-infinity', '-0', '0', '-0', '0044-03-15 01:02:03 bc', '0044-03-15 01:02:03+00 bc', '0044-03-15 bc'),
  (104, 1e6, 1e15, 1e16, 1e30, '12024-01-01', '12024-01-01 00:00+00', '12024-01-01'),
  (105, 1234567.9, 1234567890123456.5, 9999999999999998, 1e-30, null, null, null),
  (106, 16777217, 9007199254740993, 1e22, 1.10, null, null, null),
  (107, 1e-5, 1e-5, 1e-4, 0.00001, null, null, null),
  (108, 3.4e38, 1.7976931348623157e308, 5e-324, 123456789.123456789, null, null, null);
insert into odd (id, t, v, c, feeling, words, bits, texts, ints, j) values
  (201, '', '', '', '', '', b'', '{}', '{}', '"x"'),
  (202, e'two\nlines', e'cr\rlf', 'a"b', 'a,b', 'a:1', b'1', '{{a,b},{c,d}}', '{{1},{2}}', '"a,b"'),
  (203, '"', ',', ' ', 'calm', null, null, null, null, e'{\n}'),
  (204, e'"\n"', '""', e'\n', 'calm', null, null, null, null, null),
  (205, '\.', ' lead', 'x  ', 'calm', null, null, null, null, null),
  (206, repeat(e'long "\n, ', 100000), null, null, null, null, null, null, null, null);
create table blobs (id int primary key, raw bytea, "other column" bytea, n int);
insert into blobs select n, case when n % 3 > 0 then decode(lpad(to_hex(n), 4, '0'), 'hex') end, '', n from generate_series(1, 500) n;
create table keyless (raw bytea, n int);
insert into keyless values ('\x00ff', 1);
create table stamps (id int primary key, at timestamptz[], f float8[]);
insert into stamps values (1, array['2024-02-29 12:00+00'::timestamptz], '{1.5,NaN,3}');
create table pairs (b text, a int, value double precision, primary key (b, a));
insert into pairs select 'k,' || n % 5, n, n / 3.0 from generate_series(1, 3000) n;
create view seen as select id, d, t from odd;
create view one as select t from odd;
create table long as select n as id, n % 10 as kind, md5(n::text) as hash, n / 3.0::float8 as third from generate_series(1, 300000) n;
alter table long add primary key (id);
grant usage on schema streamed to datasette_test;
grant select on all tables in schema streamed to datasette_test;
analyze;
