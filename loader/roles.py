"""Roles, extension, grants and hardening: what an administrator does once, and what `init` finds done afterwards.

Passwords leave here as SCRAM verifiers only. Tables are none of this module's business: migrations make them.
"""

from collections.abc import Iterator

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import encrypt_password
from server.settings import Settings, role_url

from loader.errors import InitFailed
from loader.steps import Outcome, Step, condition, do, first_column, words

OWNER, READER, LOGIN = "elasticc_owner", "elasticc_ro", "elasticc_login"
TALLY = "tally"  # the schema of the counters
# What the portal needs to know whoever asks: by name and password, or by token.
LOGIN_COLUMNS = (
    ("auth_user", "id"),
    ("auth_user", "username"),
    ("auth_user", "password"),
    ("auth_user", "is_active"),
    ("accounts_apitoken", "user_id"),
    ("accounts_apitoken", "digest"),
    ("accounts_apitoken", "expires_at"),
    ("accounts_apitoken", "revoked_at"),
)
READER_CONNECTIONS = 40
READER_TEMP_FILES = "5GB"

# What an idle or curious reader could do to others; every one was tried with a role that may only select. Slots are refused to
# roles without REPLICATION anyway, but datasette-postgresql warns of whatever may be called.
DANGEROUS_FUNCTIONS = (
    "pg_terminate_backend(integer, bigint)",
    "pg_cancel_backend(integer)",
    "pg_logical_emit_message(boolean, text, text, boolean)",
    "pg_logical_emit_message(boolean, text, bytea, boolean)",
    "pg_stat_get_activity(integer)",
    "pg_create_logical_replication_slot(name, name, boolean, boolean, boolean)",
    "pg_create_physical_replication_slot(name, boolean, boolean)",
    "pg_drop_replication_slot(name)",
)

HAS_ROLE = "exists (select from pg_roles where rolname = {role})"
IS_MEMBER = "pg_has_role(current_user, {role}, 'SET')"
HAS_EXTENSION = "exists (select from pg_extension where extname = {extension})"
LACKS_EXTENSION_PACKAGE = """
not exists (
    select
    from pg_available_extensions
    where name = {extension}
      and installed_version is null
)
"""
OWNS_SCHEMA = """
exists (
    select
    from pg_namespace
    where nspname = {schema}
      and nspowner = {owner}::regrole
)
"""
HAS_SETTING = """
exists (
    select
    from pg_db_role_setting
    join pg_roles on pg_roles.oid = setrole
    where rolname = {role}
      and setdatabase = 0
      and {setting} = any(setconfig)
)
"""
HAS_CONNECTION_LIMIT = "exists (select from pg_roles where rolname = {role} and rolconnlimit = {limit})"
IS_PLAIN = """
exists (
    select
    from pg_roles
    where rolname = {role}
      and not (rolsuper or rolcreatedb or rolcreaterole or rolreplication or rolbypassrls)
)
"""

# Relations of the schema public with a grant to the role that isn't wanted; revoking all on them takes their columns' too.
UNWANTED_GRANTS = """
select c.relname
from pg_class c
cross join aclexplode(c.relacl) a
where c.relnamespace = 'public'::regnamespace
  and a.grantee = %(role)s::regrole
  and (a.privilege_type <> 'SELECT' or not c.relname = any(%(relations)s))
union
select c.relname
from pg_class c
join pg_attribute on attrelid = c.oid
cross join aclexplode(attacl) a
where c.relnamespace = 'public'::regnamespace
  and a.grantee = %(role)s::regrole
  and (a.privilege_type <> 'SELECT' or not c.relname || '.' || attname = any(%(columns)s))
order by relname
"""

GRANTED_TO_EVERYBODY = """
select distinct c.relname
from pg_class c
cross join aclexplode(c.relacl) a
where c.relowner = %(owner)s::regrole
  and a.grantee = 0
order by c.relname
"""

PUBLISHED = r"""
select relname
from pg_class
where relnamespace = 'public'::regnamespace
  and relkind in ('r', 'v', 'm', 'p')
  and relname like 'elasticc\_%'
order by relname
"""


def prepare(connection: Connection, settings: Settings, url: str) -> Iterator[Outcome]:
    """All that migrations need: roles, the owner's rights, the extensions."""
    for step in _roles(connection):
        yield from do(connection, step)
    for role, secret in ((READER, "ro_password"), (LOGIN, "login_password")):
        yield from _set_password(connection, role, settings.secret(secret), url)
    for step in (*_extensions(), _schema_of_counters(), _checks_by_sets()):
        yield from do(connection, step)


def finish(connection: Connection) -> Iterator[Outcome]:
    """Once the tables are there: who may read them, and what nobody may do."""
    published = first_column(connection, PUBLISHED)
    login_columns = [f"{table}.{column}" for table, column in LOGIN_COLUMNS]
    for role, relations, columns in ((READER, published, []), (LOGIN, [], login_columns)):
        wanted = {"role": role, "relations": relations, "columns": columns}
        for relation in first_column(connection, UNWANTED_GRANTS, wanted):
            yield _revoke(connection, relation, role, sql.Identifier(role))
    for relation in first_column(connection, GRANTED_TO_EVERYBODY, {"owner": OWNER}):
        yield _revoke(connection, relation, "everybody", sql.SQL("public"))
    for step in (*_grants(published), *_hardening()):
        yield from do(connection, step)


def steps(connection: Connection) -> Iterator[Step]:
    """All of both, to look at: but for passwords, and for rights that are to be taken back."""
    published = first_column(connection, PUBLISHED)
    yield from (*_roles(connection), *_extensions(), _schema_of_counters(), *_grants(published), *_hardening())


def _roles(connection: Connection) -> Iterator[Step]:
    for role, attributes in ((OWNER, "nologin"), (READER, "login"), (LOGIN, "login")):
        name = sql.Identifier(role)
        yield Step(
            f"created the role {role}",
            condition(HAS_ROLE, role=role),
            (sql.SQL("create role {} " + attributes).format(name),),
        )
        yield Step(
            f"took attributes from the role {role} that it must not have",
            condition(IS_PLAIN, role=role),
            (sql.SQL("alter role {} nosuperuser nocreatedb nocreaterole noreplication nobypassrls").format(name),),
        )
    yield Step(
        f"made the administrator a member of {OWNER}",
        condition(IS_MEMBER, role=OWNER),
        (sql.SQL("grant {} to current_user with inherit true, set true").format(sql.Identifier(OWNER)),),
    )
    yield from _database_rights(connection.info.dbname)


def _database_rights(database: str) -> Iterator[Step]:
    on_database = sql.SQL("on database {}").format(sql.Identifier(database))
    for role, rights in ((OWNER, ("connect", "temporary")), (READER, ("connect", "temporary")), (LOGIN, ("connect",))):
        yield Step(
            f"let {role} {' and use '.join(rights)}".replace("temporary", "temporary tables"),
            sql.SQL(" and ").join(_has_database_grant(database, role, right) for right in rights),
            (sql.SQL("grant " + ", ".join(rights) + " {} to {}").format(on_database, sql.Identifier(role)),),
        )
    yield Step(
        "took temporary tables from everybody else",
        sql.SQL("not has_database_privilege('public', {}, 'temporary')").format(sql.Literal(database)),
        (sql.SQL("revoke temporary {} from public").format(on_database),),
        is_needed=False,
    )
    yield Step(
        f"let {OWNER} create tables in the schema public",
        sql.SQL("has_schema_privilege({}, 'public', 'create')").format(sql.Literal(OWNER)),
        (sql.SQL("grant usage, create on schema public to {}").format(sql.Identifier(OWNER)),),
    )
    yield Step(
        "took the creation of tables in the schema public from everybody else",
        sql.SQL("not has_schema_privilege('public', 'public', 'create')"),
        (sql.SQL("revoke create on schema public from public"),),
    )


def _has_database_grant(database: str, role: str, right: str) -> sql.Composed:
    """A grant of its own: what everybody may do at first is taken away later."""
    return sql.SQL(
        "exists (select from pg_database, aclexplode(datacl) a"
        " where datname = {} and a.grantee = {}::regrole and a.privilege_type = upper({}))"
    ).format(sql.Literal(database), sql.Literal(role), sql.Literal(right))


def _extensions() -> Iterator[Step]:
    yield Step(
        "created the extension cube",
        condition(HAS_EXTENSION, extension="cube"),
        (sql.SQL("create extension cube schema public"),),
    )
    yield Step(
        "created the extension q3c",
        condition(LACKS_EXTENSION_PACKAGE, extension="q3c"),
        (sql.SQL("create extension q3c schema public"),),
        is_needed=False,
    )


def _schema_of_counters() -> Step:
    schema, owner = sql.Identifier(TALLY), sql.Identifier(OWNER)
    return Step(
        f"created the schema {TALLY}",
        condition(OWNS_SCHEMA, schema=TALLY, owner=OWNER),
        (sql.SQL("create schema {} authorization {}").format(schema, owner),),
    )


def _checks_by_sets() -> Step:
    """See loader.ingest.foreign. Whoever owns a table may drop its foreign keys anyway."""
    return Step(
        f"let {OWNER} check foreign keys by sets, not row by row",
        condition("has_parameter_privilege({owner}, 'session_replication_role', 'set')", owner=OWNER),
        (sql.SQL("grant set on parameter session_replication_role to {}").format(sql.Identifier(OWNER)),),
        is_needed=False,
    )


def _grants(published: list[str]) -> Iterator[Step]:
    reader = sql.Identifier(READER)
    for role in (READER, LOGIN):
        yield Step(
            f"let {role} read the counters",
            sql.SQL("has_schema_privilege({0}, {1}, 'usage') and has_table_privilege({0}, {2}, 'select')").format(
                sql.Literal(role), sql.Literal(TALLY), sql.Literal(f"{TALLY}.change")
            ),
            (
                sql.SQL("grant usage on schema {} to {}").format(sql.Identifier(TALLY), sql.Identifier(role)),
                sql.SQL("grant select on {} to {}").format(sql.Identifier(TALLY, "change"), sql.Identifier(role)),
            ),
        )
    for relation in published:
        yield Step(
            f"let {READER} read {relation}",
            sql.SQL("has_table_privilege({}, {}, 'select')").format(sql.Literal(READER), sql.Literal(f'public."{relation}"')),
            (sql.SQL("grant select on {} to {}").format(sql.Identifier("public", relation), reader),),
        )
    for table, column in LOGIN_COLUMNS:
        yield Step(
            f"let {LOGIN} read {table}.{column}",
            sql.SQL("has_column_privilege({}, {}, {}, 'select')").format(
                sql.Literal(LOGIN), sql.Literal(f"public.{table}"), sql.Literal(column)
            ),
            (
                sql.SQL("grant select ({}) on {} to {}").format(
                    sql.Identifier(column), sql.Identifier("public", table), sql.Identifier(LOGIN)
                ),
            ),
        )


def _hardening() -> Iterator[Step]:
    for function in DANGEROUS_FUNCTIONS:
        yield Step(
            f"took {function} from everybody",
            sql.SQL("not has_function_privilege('public', {}, 'execute')").format(sql.Literal(f"pg_catalog.{function}")),
            (sql.SQL(f"revoke execute on function pg_catalog.{function} from public"),),
            is_needed=False,
        )
    yield Step(
        "took pg_stat_activity from everybody but monitors",
        sql.SQL("not has_table_privilege('public', 'pg_catalog.pg_stat_activity', 'select')"),
        (
            sql.SQL("revoke select on pg_catalog.pg_stat_activity from public"),
            sql.SQL("grant select on pg_catalog.pg_stat_activity to pg_monitor"),
            sql.SQL("grant execute on function pg_catalog.pg_stat_get_activity(integer) to pg_monitor"),
        ),
        is_needed=False,
    )
    for role in (READER, LOGIN):
        yield from _settings_of(role)


def _settings_of(role: str) -> Iterator[Step]:
    """The first two are a superuser's to give, and so nobody's to take back within a session."""
    name = sql.Identifier(role)
    values = {
        "track_activities": "off",
        "temp_file_limit": READER_TEMP_FILES,
        "idle_in_transaction_session_timeout": "10min",
    }
    for setting, value in values.items():
        yield Step(
            f"set {setting} = {value} for {role}",
            condition(HAS_SETTING, role=role, setting=f"{setting}={value}"),
            (sql.SQL("alter role {} set {} = {}").format(name, sql.Identifier(setting), sql.Literal(value)),),
            is_needed=False,
        )
    yield Step(
        f"limited {role} to {READER_CONNECTIONS} connections",
        condition(HAS_CONNECTION_LIMIT, role=role, limit=READER_CONNECTIONS),
        (sql.SQL("alter role {} connection limit {}").format(name, sql.Literal(READER_CONNECTIONS)),),
        is_needed=False,
    )


def _revoke(connection: Connection, relation: str, who: str, role: sql.Composable) -> Outcome:
    statement = sql.SQL("revoke all on {} from {}").format(sql.Identifier("public", relation), role)
    what = f"took back rights of {who} on {relation}"
    _execute(connection, what, statement)
    return Outcome(what)


def _set_password(connection: Connection, role: str, password: str, url: str) -> Iterator[Outcome]:
    """Trying it is the one way to know whether a password is still the same that any administrator has."""
    try:
        psycopg2.connect(role_url(url, role, password), connect_timeout=10).close()
        return
    except psycopg2.OperationalError:
        pass
    verifier = encrypt_password(password, role, connection, "scram-sha-256")
    statement = sql.SQL("alter role {} password {}").format(sql.Identifier(role), sql.Literal(verifier))
    what = f"set the password of {role}"
    _execute(connection, what, statement)
    yield Outcome(what)


def _execute(connection: Connection, what: str, statement: sql.Composable) -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
    except psycopg2.Error as error:
        raise InitFailed(what, words(error)) from error
