"""What each role may do, tried with the role itself; and `init`: again, after a mishap, and by a lesser administrator."""

import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
from house import PROJECT, House, environment, free_port
from psycopg2 import sql
from psycopg2.extensions import connection as Connection

from server import embedded
from server.settings import Settings, role_url

ALL_GRANTS = """
select 'role', rolname, format('%s %s %s %s %s', rolsuper, rolcreaterole, rolcreatedb, rolcanlogin, rolconnlimit)
from pg_roles where rolname like 'elasticc%'
union all
select 'relation', relname, relacl::text from pg_class where relacl is not null
union all
select 'column', attrelid::regclass::text || '.' || attname, attacl::text from pg_attribute where attacl is not null
union all
select 'function', oid::regprocedure::text, proacl::text from pg_proc where proacl is not null
union all
select 'database', datname, datacl::text from pg_database
union all
select 'schema', nspname, nspacl::text from pg_namespace where nspname not like 'pg_temp%' and nspname not like 'pg_toast_temp%'
union all
select 'setting', setrole::regrole::text, setconfig::text from pg_db_role_setting
union all
select 'password', rolname, rolpassword from pg_authid
union all
select 'migration', app || '.' || name, applied::text from django_migrations
order by 1, 2, 3
"""


def init(env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "loader", "init"]
    return subprocess.run(command, cwd=PROJECT, env=env, capture_output=True, text=True, check=False)


def rows(url: str, query: str) -> list[tuple[object, ...]]:
    connection = psycopg2.connect(url)
    try:
        with connection.cursor() as cursor:
            cursor.execute(query)
            return cursor.fetchall()
    finally:
        connection.close()


@pytest.fixture
def reader(house: House) -> Iterator[Connection]:
    connection = psycopg2.connect(house.ro_url)
    yield connection
    connection.close()


@pytest.mark.parametrize(
    "statement",
    [
        'insert into elasticc_diaobject ("diaObjectId", ra, decl) values (-1, 0, 0)',
        "update elasticc_diaobject set ra = 0",
        "delete from elasticc_diaobject",
        "truncate elasticc_diaobject cascade",
        "drop table elasticc_diaobject",
        "alter table elasticc_diaobject add column x int",
        "comment on table elasticc_diaobject is 'x'",
        "create index on elasticc_diaobject (ra)",
        "select nextval('\"elasticc_brokermessage_dbMessageIndex_seq\"')",
        "select * from elasticc_diaobject for update",
        "create table public.mine (x int)",
        "create function public.mine() returns int language sql return 1",
        "create schema mine",
        "create role mine",
        "set role elasticc_owner",
        "select * from auth_user",
        "select password from auth_user",
        "select * from auth_group",
        "select * from django_session",
        "select * from django_migrations",
        "select * from django_admin_log",
        "select * from accounts_apitoken",
        "select digest from accounts_apitoken",
        "select rolpassword from pg_authid",
        "select * from pg_stat_activity",
        "select * from pg_stat_get_activity(null)",
        "select pg_terminate_backend(1)",
        "select pg_cancel_backend(1)",
        "select pg_logical_emit_message(false, 'a', 'b')",
        "set track_activities = on",
        "set temp_file_limit = -1",
        "select pg_read_file('postgresql.conf')",
        "copy elasticc_diaobject to program 'cat'",
        "copy (select 1) to '/tmp/elasticc'",
    ],
)
def test_the_reader_is_refused(reader: Connection, statement: str) -> None:
    with reader.cursor() as cursor, pytest.raises(psycopg2.errors.InsufficientPrivilege):
        cursor.execute(statement)


def test_the_reader_reads_every_published_relation_and_no_other(house: House) -> None:
    may_read = rows(house.ro_url, """
        select relname from pg_class
        where relnamespace = 'public'::regnamespace
          and relkind in ('r', 'v', 'm', 'p', 'f')
          and (has_table_privilege(oid, 'select') or has_any_column_privilege(oid, 'select'))
    """)  # fmt: skip
    published = rows(house.admin_url, r"""
        select relname from pg_class
        where relnamespace = 'public'::regnamespace and relkind in ('r', 'v') and relname like 'elasticc\_%'
    """)  # fmt: skip
    assert len(published) == 16  # 12 tables, 4 views
    assert set(may_read) == set(published)


def test_the_reader_may_have_temporary_tables(reader: Connection) -> None:
    with reader.cursor() as cursor:
        cursor.execute("create temporary table t as select 1 as one")
        cursor.execute("select one from pg_temp.t")
        assert cursor.fetchall() == [(1,)]


def test_the_login_role_sees_what_a_login_needs(house: House) -> None:
    visible = rows(house.login_url, """
        select c.relname, a.attname
        from pg_class c
        join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        where c.relnamespace = 'public'::regnamespace
          and c.relkind in ('r', 'v')
          and has_column_privilege(c.oid, a.attnum, 'select')
        order by c.relname, a.attname
    """)  # fmt: skip
    assert visible == [
        ("accounts_apitoken", "digest"), ("accounts_apitoken", "expires_at"), ("accounts_apitoken", "revoked_at"),
        ("accounts_apitoken", "user_id"), ("auth_user", "id"), ("auth_user", "is_active"), ("auth_user", "password"),
        ("auth_user", "username"),
    ]  # fmt: skip
    assert (house.user,) in rows(house.login_url, "select username from auth_user where is_active")
    for statement in (
        "select email from auth_user",
        "select * from auth_user",
        "select name from accounts_apitoken",
        "update accounts_apitoken set revoked_at = null",
        "update auth_user set is_active = true",
        "select 1 from elasticc_diaobject",
        "create temporary table t (x int)",
    ):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            rows(house.login_url, statement)


def test_every_table_is_the_owners(house: House) -> None:
    owners = rows(house.admin_url, """
        select distinct relowner::regrole::text from pg_class
        where relnamespace = 'public'::regnamespace and relkind in ('r', 'v', 'S')
    """)  # fmt: skip
    assert owners == [("elasticc_owner",)]


def test_the_portal_starts_without_a_warning_of_its_role(house: House) -> None:
    assert "WARNING" not in (house.home / "said.txt").read_text()


def test_init_again_changes_nothing(house: House) -> None:
    before = rows(house.admin_url, ALL_GRANTS)
    done = init(house.env)
    assert (done.returncode, done.stdout) == (0, "The database is ready; there was nothing to do.\n"), done.stderr
    assert rows(house.admin_url, ALL_GRANTS) == before


@pytest.fixture
def another(tmp_path: Path) -> Iterator[tuple[dict[str, str], str]]:
    """A server of its own for what would disturb the house: its environment and its superuser's address."""
    env = environment(tmp_path / "home", free_port())
    with embedded.connect(Settings.from_env(env)) as url:
        yield env, url


def test_init_takes_back_what_a_mishap_granted(another: tuple[dict[str, str], str]) -> None:
    env, url = another
    assert init(env).returncode == 0
    connection = psycopg2.connect(url)
    with connection, connection.cursor() as cursor:
        cursor.execute("grant select on auth_user to elasticc_ro; grant insert on elasticc_diaobject to elasticc_ro")
        cursor.execute("grant select on django_session to elasticc_login; revoke select on elasticc_diatruth from elasticc_ro")
        cursor.execute("grant select (email) on auth_user to elasticc_login; grant select on django_migrations to public")
        cursor.execute("alter role elasticc_ro createdb; grant execute on function pg_cancel_backend to public")
    connection.close()
    done = init(env)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "took attributes from the role elasticc_ro that it must not have",
        "took back rights of elasticc_ro on auth_user",
        "took back rights of elasticc_ro on elasticc_diaobject",
        "took back rights of elasticc_login on auth_user",
        "took back rights of elasticc_login on django_session",
        "took back rights of everybody on django_migrations",
        "let elasticc_ro read elasticc_diaobject",
        "let elasticc_ro read elasticc_diatruth",
        "let elasticc_login read auth_user.id",
        "let elasticc_login read auth_user.username",
        "let elasticc_login read auth_user.password",
        "let elasticc_login read auth_user.is_active",
        "took pg_cancel_backend(integer) from everybody",
    ]
    assert init(env).stdout == "The database is ready; there was nothing to do.\n"


def test_a_changed_secret_becomes_the_password(another: tuple[dict[str, str], str]) -> None:
    env, url = another
    assert init(env).returncode == 0
    password = secrets.token_hex(8)
    done = init({**env, "ELASTICC_RO_PASSWORD": password})
    assert (done.returncode, done.stdout) == (0, "set the password of elasticc_ro\n")
    assert rows(role_url(url, "elasticc_ro", password), "select current_user") == [("elasticc_ro",)]


def test_init_by_a_lesser_administrator(another: tuple[dict[str, str], str]) -> None:
    """Owner of the database, may make roles: all that is needed gets done, and what isn't is said with its SQL."""
    env, url = another
    password = secrets.token_hex(8)
    connection = psycopg2.connect(url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("create role manager login createrole password {}").format(sql.Literal(password)))
        cursor.execute("create database lesser owner manager")
    connection.close()
    lesser = role_url(url, "manager", password).replace("/elasticc?", "/lesser?")
    done = init({**env, "ELASTICC_DATABASE_URL": lesser})
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    refused = done.stderr.splitlines()
    assert len(refused) == 14
    assert all(line.startswith("NOT DONE: ") for line in refused)
    assert any(
        "revoke execute on function pg_catalog.pg_terminate_backend(integer, bigint) from public;" in line for line in refused
    )
    assert rows(lesser, "select count(*) from elasticc_gentypeofclassid") == [(78,)]
    assert rows(lesser, "select distinct relowner::regrole::text from pg_class where relname = 'elasticc_diaobject'") == [
        ("elasticc_owner",)
    ]


def test_an_administrator_without_rights_gets_one_sentence(house: House) -> None:
    done = init({**house.env, "ELASTICC_DATABASE_URL": house.login_url})
    assert done.returncode == 1
    assert done.stderr.startswith("Error: Init can't go on: ")
    assert "permission denied" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
