drop schema if exists public cascade;
create schema public;
do $$ begin
  if not exists (select 1 from pg_roles where rolname = 'datasette_test') then
    create role datasette_test login password 'datasette_test';
  end if;
end $$;
grant usage on schema public to datasette_test;

create type mood as enum ('calm', 'cross, "very"');
create domain flux as double precision check (value > -1e30);

create table kinds (
  id int primary key,
  small smallint, big bigint, "realNumber" real, double double precision, exact numeric, price numeric(10, 2),
  yes boolean, text text, varchar varchar(20), bytes bytea,
  day date, clock time, stamp timestamp, stamptz timestamptz, span interval,
  id128 uuid, doc json, docb jsonb, ints int[], texts text[], matrix int[][], floats float8[], stamps timestamptz[],
  numbers int4range, feeling mood, feelings mood[], flux flux
);
comment on table kinds is 'One column of each type';
comment on column kinds.stamp is 'When, without a zone';
comment on column kinds.flux is 'nJy';
insert into kinds values (
  1, -2, 9007199254740993, 1.5, 0.1, 12345678901234567890, 1.50, true, 'naïve ''text''', 'v', '\x00ff41',
  '2024-02-29', '12:34:56.789', '2024-02-29 12:34:56.5', '2024-02-29 12:34:56.5+02', '1 day 02:03:04',
  '00000000-0000-0000-0000-00000000000a', '{"a": [1, null]}', '{"b": 2}', '{1,NULL,3}', array['a b', 'c"d', 'e\f', null, 'NULL'],
  '{{1,2},{3,4}}', '{1.5,NaN}', array['2024-02-29 12:00+00'::timestamptz], '[1,5)', 'calm', array['calm', 'cross, "very"']::mood[], 3.5
);
insert into kinds (id, double, "realNumber", exact) values (2, 'NaN', 'infinity', 'NaN');

create table "Author ""X""" (id int primary key, name text not null);
insert into "Author ""X""" values (1, 'Ann'), (2, 'Bea');
create table books (
  id int generated always as identity primary key, title text not null default 'untitled', author int references "Author ""X""",
  check (title <> '')
);
insert into books (title, author) values ('One', 1), ('Two', 2), ('Three', 1);
create index books_author on books (author);
create table pairs (a int, b text, primary key (b, a));
insert into pairs values (1, 'x'), (2, 'x');
create table pair_notes (a int, b text, note text, foreign key (b, a) references pairs (b, a));
create table keyless (code text not null unique, other int);
create table nothing (word text);
create table many (id int primary key, word text);
insert into many select n, md5(n::text) from generate_series(1, 5000) n;
create table parted (id int, year int) partition by list (year);
create table parted_2024 partition of parted for values in (2024);
insert into parted values (1, 2024);
create view book_names as select title from books;
comment on view book_names is 'Titles';
create materialized view book_count as select count(*) as n from books;
create table secret (word text);
insert into secret values ('hidden');
create table ledger (n int);
insert into ledger values (1);

grant select on kinds, "Author ""X""", books, pairs, pair_notes, keyless, nothing, many, parted, parted_2024, book_names, book_count
  to datasette_test;
grant temporary on database postgres to datasette_test;
-- What an administrator might leave open: a function that writes with its owner's rights.
create function spend(amount int) returns int language sql security definer as
  'insert into ledger values (amount) returning n';
grant execute on function spend(int) to datasette_test;
create sequence tickets;
grant usage on sequence tickets to datasette_test;
analyze;
