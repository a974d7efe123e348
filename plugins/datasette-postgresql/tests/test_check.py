"""What the role may do besides reading: told at the start, and by `check` with the SQL against it, which works."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator

import psycopg2
import psycopg2.extensions
import pytest
from datasette.app import Datasette

from datasette_postgresql import PostgresDatabase
from datasette_postgresql.errors import ConfigurationError
from datasette_postgresql.role import check

ROLE, GROUP, DATABASE = 'odd "reader"\n-- x', "odd; group", 'odd "database" %'
LOOSE = """
create role {group};
create role {role} login password 'x' bypassrls replication createrole createdb in role {group};
grant pg_read_all_stats to {group};
grant pg_signal_backend to {role};
"""
OPEN = """
create schema "Wide Open";
grant create, usage on schema "Wide Open" to public;
create table "Wide Open"."a\nb" (n int, m int);
create table its_own (n int);
create table columns (n int, m int);
create view seen as select 1 as n;
create sequence numbers;
create table counted (n int generated always as identity, s serial);
grant select, insert on "Wide Open"."a\nb" to {group};
grant select, update (m) on columns to {role};
grant all on seen, counted to public;
grant usage on sequence numbers to public;
grant all on sequence counted_s_seq to {role};
alter table its_own owner to {role};
create schema own authorization {role};
grant create on database {database} to {role};
create function spend(amount int, variadic texts text[]) returns int language sql security definer as 'select 1';
create procedure "Do it"() language sql security definer as 'select 1';
create function harmless() returns int language sql as 'select 1';
"""


def quoted(**names: str) -> dict[str, str]:
    return {key: '"' + name.replace('"', '""') + '"' for key, name in names.items()}


NAMES = quoted(role=ROLE, group=GROUP, database=DATABASE)


def run(dsn: str, *statements: str) -> None:
    connection = psycopg2.connect(dsn)
    connection.autocommit = True
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
    connection.close()


def examined(dsn: str, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", "-m", "datasette_postgresql", "check", dsn, *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture
def loose(admin_dsn: str) -> Iterator[tuple[str, str]]:
    """A database that everything is open in: an administrator's DSN, and the role's."""
    remove = [
        f"drop database if exists {NAMES['database']} with (force)",
        f"drop role if exists {NAMES['role']}, {NAMES['group']}",
    ]
    run(admin_dsn, *remove, LOOSE.format(**NAMES), f"create database {NAMES['database']}")
    inside = psycopg2.extensions.make_dsn(admin_dsn, dbname=DATABASE)
    run(inside, OPEN.format(**NAMES))
    for name in ("dblink", "lo"):
        run(inside, f"do $$ begin create extension {name}; exception when others then null; end $$")
    yield inside, psycopg2.extensions.make_dsn(inside, user=ROLE, password="x")
    run(admin_dsn, *remove)


def test_what_check_prints_closes_everything(loose: tuple[str, str]) -> None:
    admin, reader = loose
    found = examined(reader)
    assert (found.returncode, found.stderr) == (1, "")
    for sentence in (
        "is a member of pg_read_all_stats", "is a member of pg_signal_backend", "has BYPASSRLS", "has REPLICATION",
        "has CREATEROLE", "has CREATEDB", "may open any number of connections", "may fill the disk with temporary files",
        "may fill the disk with temporary tables", "shows what visitors ask", "may create schemas",
        "may write to public.columns", "may write to public.its_own", "may write to public.seen",
        "may write to public.numbers", "may write to public.counted",
        'may create tables and functions in "Wide Open"', "may create tables and functions in own", "may call spend",
        "may call Do it", "may call pg_terminate_backend", "may call pg_cancel_backend", "may call pg_stat_get_activity",
        "may call pg_logical_emit_message", "may call pg_notify", "may call lo_create", "may call pg_stat_get_backend_activity",
    ):  # fmt: skip
        assert f"-- It {sentence}" in found.stdout
    assert "harmless" not in found.stdout

    run(admin, found.stdout)

    after = examined(reader)
    assert (after.returncode, after.stdout, after.stderr) == (0, 'There is nothing to do for the role odd "reader" -- x.\n', "")
    for table in ('"Wide Open"."a\nb"', "its_own", "columns", "seen", "counted"):  # it reads what it read
        run(reader, f"select * from {table}")
    for statement in ('insert into "Wide Open"."a\nb" values (1)', "update columns set m = 1", "select spend(1, 'a')"):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            run(reader, statement)


def test_each_remedy_is_sql_of_one_line_or_quoted(loose: tuple[str, str]) -> None:
    """A name with a line break can't get out of its comment."""
    _, reader = loose
    for line in examined(reader).stdout.splitlines():
        if line.startswith("--"):
            assert line.isprintable()


def test_temporary_tables_may_be_wanted(loose: tuple[str, str]) -> None:
    admin, reader = loose
    run(admin, examined(reader, "--temporary").stdout)
    assert examined(reader, "--temporary").returncode == 0
    assert examined(reader).returncode == 1
    run(reader, "create temp table t (n int)")


def test_a_superuser_is_told_of_a_role_of_its_own(admin_dsn: str) -> None:
    found = examined(admin_dsn)
    assert found.returncode == 1
    assert "-- It is a superuser." in found.stdout and "grant select on all tables" in found.stdout


@pytest.mark.parametrize("dsn", ["host=/nowhere dbname=x", "postgresql://u:s3cret@[x", "port=1 host=127.0.0.1 password=s3cret"])
def test_a_dsn_that_leads_nowhere(dsn: str) -> None:
    found = examined(dsn)
    assert (found.returncode, found.stdout) == (2, "")
    assert found.stderr.startswith("The database can't be asked: ") and found.stderr.count("\n") == 1
    assert "s3cret" not in found.stderr


def test_the_start_warns_in_words(loose: tuple[str, str]) -> None:
    _, reader = loose
    database = PostgresDatabase.standalone(Datasette([], memory=True), "loose", reader)
    warnings = asyncio.run(check(database))
    database.close()
    assert [said for said in warnings if said.endswith(" may call pg_terminate_backend.")]
    assert [said for said in warnings if said.endswith(" may write to public.columns.")]
    assert not [said for said in warnings if "temporary files" in said]
    assert "python -m datasette_postgresql check" in warnings[-1]


@pytest.mark.parametrize("group", ["pg_read_server_files", "pg_write_server_files", "pg_execute_server_program"])
def test_roles_that_reach_the_servers_files_stop_the_start(loose: tuple[str, str], group: str) -> None:
    admin, reader = loose
    run(admin, f"grant {group} to {NAMES['group']}")
    database = PostgresDatabase.standalone(Datasette([], memory=True), "loose", reader)
    with pytest.raises(ConfigurationError, match=f"is a member of {group}: .* may only SELECT"):
        asyncio.run(check(database))
    database.close()
    assert f"is a member of {group}" in examined(reader).stdout


def test_help_says_what_it_does() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "datasette_postgresql", "--help"],
        capture_output=True,
        text=True,
        check=False,
        env=dict(os.environ),
    )
    assert done.returncode == 0 and "check" in done.stdout
