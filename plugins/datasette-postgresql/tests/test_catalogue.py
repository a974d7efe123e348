"""The catalogue follows the database: every kind of change is seen, and nothing is read again where none was made."""

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from datasette.app import Datasette
from page_fixtures import Site

from datasette_postgresql import PostgresDatabase, PostgresError

Ask = Callable[[str], list[tuple[Any, ...]]]

CHANGES = [
    ("create table w (a int); grant select on w to datasette_test", "drop table w"),
    ("alter table v add column b int", "alter table v drop column b"),
    ("alter table v rename column a to c", "alter table v rename column c to a"),
    ("alter table v alter column a type text using a::text", "alter table v alter column a type int using a::int"),
    ("alter table v alter column a set default 5", "alter table v alter column a drop default"),
    ("alter table v alter column a set not null", "alter table v alter column a drop not null"),
    ("alter table v rename to w", "alter table w rename to v"),
    ("alter table v add primary key (a)", "alter table v drop constraint v_pkey; alter table v alter column a drop not null"),
    ("create index v_a on v (a)", "drop index v_a"),
    ("alter table v add constraint positive check (a > 0)", "alter table v drop constraint positive"),
    ("alter table v add foreign key (a) references u", "alter table v drop constraint v_a_fkey"),
    ("comment on table v is 'changed'", "comment on table v is null"),
    ("comment on column v.a is 'changed'", "comment on column v.a is null"),
    ("create or replace view x as select 2 as a", "create or replace view x as select 1 as a"),
    ("revoke select on v from datasette_test", "grant select on v to datasette_test"),
    ("revoke usage on schema changing from datasette_test", "grant usage on schema changing to datasette_test"),
    ("alter type shade rename value 'light' to 'dark'", "alter type shade rename value 'dark' to 'light'"),
    ("alter table v set schema public", "alter table public.v set schema changing"),
]


@pytest.fixture
def changing(dsn: str, ask: Ask) -> Iterator[PostgresDatabase]:
    ask(
        "drop schema if exists changing cascade; create schema changing; set search_path = changing; "
        "create table u (a int primary key); create table v (a int); create view x as select 1 as a; "
        "create type shade as enum ('light'); create table shades (s shade); "
        "grant usage on schema changing to datasette_test; grant select on all tables in schema changing to datasette_test"
    )
    database = PostgresDatabase.standalone(
        Datasette([], memory=True), "pg", dsn, schemas=["changing"], catalogue_refresh_s=3600
    )
    yield database
    database.close()
    ask("drop schema changing cascade; set search_path = public")


@pytest.mark.parametrize(("change", "undo"), CHANGES, ids=[change[:45] for change, _ in CHANGES])
def test_every_change_is_seen(changing: PostgresDatabase, ask: Ask, change: str, undo: str) -> None:
    async def follow() -> list[int]:
        seen = [(await changing.refresh_catalogue()).fingerprint]
        for sql in (change, undo):
            ask(sql)
            seen.append((await changing.refresh_catalogue()).fingerprint)
        return seen

    before, changed, after = asyncio.run(follow())
    assert changed != before
    assert after == before


def test_what_did_not_change_is_not_read(changing: PostgresDatabase, ask: Ask) -> None:
    async def follow() -> None:
        first = await changing.refresh_catalogue()
        assert await changing.refresh_catalogue() is first  # no transaction has ended
        ask("insert into v select generate_series(1, 100); create temp table t (a int); drop table t")
        second = await changing.refresh_catalogue()
        assert second.tables["v"] is first.tables["v"]
        assert second.tables["v"].estimate is None
        ask("analyze v")
        third = await changing.refresh_catalogue()
        assert (third.tables["v"].estimate, third.fingerprint) == (100, first.fingerprint)
        assert third.tables["u"] is first.tables["u"]

    asyncio.run(follow())


def test_a_change_that_commits_late_is_seen(changing: PostgresDatabase, admin_dsn: str, ask: Ask) -> None:
    """A transaction older than the last look, which ends after it while no newer one begins."""
    import psycopg2

    slow = psycopg2.connect(admin_dsn)
    slow.cursor().execute("alter table changing.v add column late int")

    async def columns() -> list[str]:
        catalogue = await changing.refresh_catalogue()
        return list(catalogue.tables["v"].column_names)

    ask("insert into u values (1)")
    assert asyncio.run(columns()) == ["a"]
    slow.commit()
    slow.close()
    assert asyncio.run(columns()) == ["a", "late"]


@pytest.mark.parametrize(
    ("change", "question"),
    [
        ("drop table u cascade", "select * from u"),
        ("alter table u rename column a to b", "select a from u"),
        ("revoke select on u from datasette_test", "select * from u"),
    ],
)
def test_an_error_has_it_read_at_once(changing: PostgresDatabase, ask: Ask, change: str, question: str) -> None:
    async def follow() -> None:
        before = await changing.refresh_catalogue()
        ask(change)
        assert (await changing.current_catalogue()).fingerprint == before.fingerprint
        with pytest.raises(PostgresError):
            await changing.execute(question)
        assert (await changing.current_catalogue()).fingerprint != before.fingerprint

    asyncio.run(follow())


def test_it_is_looked_after_in_the_background(dsn: str, admin_dsn: str, ask: Ask) -> None:
    database = PostgresDatabase.standalone(Datasette([], memory=True), "pg", dsn, catalogue_refresh_s=0.05)

    async def follow() -> None:
        await database.current_catalogue()
        ask("create table soon (a int); grant select on soon to datasette_test")
        deadline = time.monotonic() + 10
        while not await database.table_exists("soon"):
            assert time.monotonic() < deadline
            await asyncio.sleep(0.01)

    try:
        asyncio.run(follow())
    finally:
        ask("drop table soon")
        database.close()


def test_a_page_sends_nothing_but_its_own_questions(make_datasette: Callable[..., Datasette], admin_dsn: str) -> None:
    """What tables, columns and keys there are, and who may see them, is asked of the catalogue alone."""
    site = Site(make_datasette(catalogue_refresh_s=3600, settings={"trace_debug": True}), admin_dsn)
    site.get("/pg")
    for path, own in (("/pg.json", 0), ("/pg/books/1.json", 2), ("/pg/books.json", 2)):
        traces = site.json(f"{path}?_trace=1&_nofacet=1&_nosuggest=1")["_trace"]["traces"]
        sent = [trace["sql"] for trace in traces if trace["type"] == "sql" and trace["database"] == "pg"]
        assert len(sent) <= own, (path, sent)


def test_comments_are_descriptions_that_nobody_can_spoil(make_datasette: Callable[..., Datasette], admin_dsn: str) -> None:
    described = {"databases": {"pg": {"tables": {"kinds": {"description": "Ours", "units": {"flux": "m"}}}}}}
    site = Site(make_datasette(metadata=described), admin_dsn)
    for _ in range(2):
        assert "Ours" in site.get("/pg/kinds").text
        tables = site.json("/-/metadata.json")["databases"]["pg"]["tables"]
        assert tables["kinds"]["columns"] == {"stamp": "When, without a zone", "flux": "nJy"}
        assert tables["book_names"] == {"description": "Titles"}
    ours = site.datasette.get_database("pg").catalogue.tables["kinds"]
    assert ours.comment == "One column of each type"
