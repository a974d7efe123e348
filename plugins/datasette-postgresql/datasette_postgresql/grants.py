"""What a role may do besides reading, and the SQL that takes it away.

Asked as that role itself. Each finding is a sentence, and statements that an administrator runs in the same database.
Rights are taken from whoever they come through: the role, its groups, or everybody (`public`), who all lose them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from .quoting import quote

Ask = Callable[[str], list[tuple[Any, ...]]]

STOPS, WARNS, TELLS = "stops", "warns", "tells"
CONNECTIONS = 40
TEMP_FILES = "5GB"

FILES = ("pg_read_server_files", "pg_write_server_files", "pg_execute_server_program")

# The session's user, not the current one: `set role` in a DSN can be undone from the SQL page.
ROLE = """
select session_user::text, current_database()::text, r.rolsuper, r.rolbypassrls, r.rolreplication, r.rolcreaterole,
       r.rolcreatedb, r.rolconnlimit, current_setting('temp_file_limit'), current_setting('track_activities'), r.oid = d.datdba
from pg_catalog.pg_roles r, pg_catalog.pg_database d
where r.rolname = session_user and d.datname = current_database()
"""

# Each of the server's own roles, and to whom of ours it was granted.
GROUPS = """
select g.rolname::text, string_agg(distinct quote_ident(m.rolname), ', ')
from pg_catalog.pg_roles g
join pg_catalog.pg_auth_members a on a.roleid = g.oid
join pg_catalog.pg_roles m on m.oid = a.member
where g.rolname ~ '^pg_' and m.rolname !~ '^pg_' and pg_has_role(session_user, m.oid, 'member')
group by 1
order by 1
"""

# From whom a right must be taken so that the session's user hasn't got it.
HOLDERS = """(
  select string_agg(distinct case when a.grantee = 0 then 'public' else quote_ident(h.rolname) end, ', ')
  from pg_catalog.aclexplode(coalesce({acl}, pg_catalog.acldefault('{kind}', {owner}))) a
  left join pg_catalog.pg_roles h on h.oid = a.grantee
  where a.privilege_type in ({rights}) and a.grantee <> {owner}
    and case when a.grantee = 0 then true else pg_has_role(session_user, a.grantee, 'member') end
)"""

RELATIONS = """
select format('%I.%I', n.nspname, c.relname), c.relkind::text, pg_has_role(session_user, c.relowner, 'member'), {holders},
       has_table_privilege(session_user, c.oid, 'select') as reads
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
  and case
    when c.relkind = 'S' then has_sequence_privilege(session_user, c.oid, 'usage, update') and not exists (
      select from pg_catalog.pg_depend d
      where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid and d.deptype in ('a', 'i')
        and pg_has_role(session_user, c.relowner, 'member')
    )
    when c.relkind in ('r', 'p', 'v', 'm', 'f') then
      has_table_privilege(session_user, c.oid, 'insert, update, delete, truncate')
      or has_any_column_privilege(session_user, c.oid, 'insert, update')
    else false
  end
order by 1
""".replace(
    "{holders}",
    HOLDERS.format(
        acl="c.relacl",
        kind="r",
        owner="c.relowner",
        rights="'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER', 'USAGE'",
    ).replace("'r', c.relowner", "case c.relkind when 'S' then 's'::\"char\" else 'r'::\"char\" end, c.relowner"),
)
COLUMN_HOLDERS = """
select format('%I.%I', n.nspname, c.relname),
       string_agg(distinct case when a.grantee = 0 then 'public' else quote_ident(h.rolname) end, ', ')
from pg_catalog.pg_attribute t
join pg_catalog.pg_class c on c.oid = t.attrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
cross join lateral pg_catalog.aclexplode(t.attacl) a
left join pg_catalog.pg_roles h on h.oid = a.grantee
where a.privilege_type in ('INSERT', 'UPDATE')
  and case when a.grantee = 0 then true else pg_has_role(session_user, a.grantee, 'member') end
group by 1
"""

SCHEMAS = """
select quote_ident(n.nspname), pg_has_role(session_user, n.nspowner, 'member'), {holders}
from pg_catalog.pg_namespace n
where n.nspname <> 'information_schema' and n.nspname !~ '^pg_' and has_schema_privilege(session_user, n.oid, 'create')
order by 1
""".replace("{holders}", HOLDERS.format(acl="n.nspacl", kind="n", owner="n.nspowner", rights="'CREATE'"))

DATABASE = """
select has_database_privilege(session_user, d.oid, '{right}'), {holders}
from pg_catalog.pg_database d
where d.datname = current_database()
"""

# Of the server and of extensions; `(` ends a name. The first kind is a warning at each start.
HARM = r"""
^(pg_terminate_backend|pg_cancel_backend|pg_logical_emit_message|pg_stat_get_activity|pg_read_file|pg_read_binary_file|
pg_stat_file|pg_ls_\w+|lo_import|lo_export|dblink\w*|pg_file_\w+|pg_reload_conf|pg_rotate_logfile|pg_switch_wal|
pg_create_restore_point|pg_promote|pg_create_\w*replication_slot|pg_drop_replication_slot)$
""".replace("\n", "")
NEEDLESS = r"^(pg_notify|lo_\w+|loread|lowrite|pg_stat_get_backend_\w+)$"
FUNCTIONS = """
select p.proname::text, format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)), {holders}
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
join pg_catalog.pg_language l on l.oid = p.prolang
where p.prokind in ('f', 'p') and not pg_has_role(session_user, p.proowner, 'member')
  and has_function_privilege(session_user, p.oid, 'execute') and {which}
order by 2
""".replace("{holders}", HOLDERS.format(acl="p.proacl", kind="f", owner="p.proowner", rights="'EXECUTE'"))
ITS_OWN = "n.nspname <> 'pg_catalog' and n.nspname <> 'information_schema' and (p.prosecdef or ({untrusted}))".format(
    untrusted="not l.lanpltrusted and l.lanname not in ('c', 'internal')"
)


@dataclass(frozen=True, slots=True)
class Finding:
    """`weight` says whether it stops the start, is a warning there, or is told by the command line only."""

    weight: str
    what: str
    remedies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Role:
    name: str
    database: str
    findings: tuple[Finding, ...]

    def of(self, weight: str) -> list[str]:
        """What is to be said, in words that follow "the role"."""
        return [finding.what for finding in self.findings if finding.weight == weight]


def examine(ask: Ask, *, temporary: bool = False) -> Role:
    """`temporary`: temporary tables are wanted, for other plugins' `run_statements`."""
    name, database, is_super, *rest = ask(ROLE)[0]
    if is_super:
        return Role(name, database, (Finding(STOPS, "is a superuser", _a_role_of_its_own(database)),))
    found = [*_groups(ask), *_attributes(name, database, *rest), *_writes(ask, name), *_creations(ask, name, database)]
    found += _functions(ask)
    if not temporary:
        found += _on_database(ask, database, "TEMPORARY", "may fill the disk with temporary tables", TELLS)
    return Role(name, database, tuple(found))


def examine_over(connection: Any) -> Role:
    """By a psycopg2 connection of the role."""
    with connection.cursor() as cursor:

        def ask(sql: str) -> list[tuple[Any, ...]]:
            cursor.execute(sql)
            return list(cursor.fetchall())

        return examine(ask)


def _a_role_of_its_own(database: str) -> tuple[str, ...]:
    return (
        "create role datasette_reader login password 'choose one'",
        f"grant connect on database {quote(database)} to datasette_reader",
        "grant usage on schema public to datasette_reader",
        "grant select on all tables in schema public to datasette_reader",
    )


def _groups(ask: Ask) -> Iterator[Finding]:
    for group, holders in ask(GROUPS):
        weight = STOPS if group in FILES else WARNS
        yield Finding(weight, f"is a member of {group}", (f"revoke {group} from {holders}",))


def _attributes(
    role: str, database: str, bypasses: bool, replicates: bool, makes_roles: bool, makes_databases: bool,
    connections: int, temp_files: str, tracks: str, owns_database: bool,
) -> Iterator[Finding]:  # fmt: skip
    alter = f"alter role {quote(role)} "
    for is_so, word in (
        (bypasses, "bypassrls"), (replicates, "replication"), (makes_roles, "createrole"), (makes_databases, "createdb"),
    ):  # fmt: skip
        if is_so:
            yield Finding(WARNS, f"has {word.upper()}", (f"{alter}no{word}",))
    if owns_database:
        yield Finding(WARNS, "owns the database", (f"alter database {quote(database)} owner to current_user",))
    if connections < 0:
        yield Finding(TELLS, "may open any number of connections", (f"{alter}connection limit {CONNECTIONS}",))
    if temp_files == "-1":
        yield Finding(TELLS, "may fill the disk with temporary files", (f"{alter}set temp_file_limit = '{TEMP_FILES}'",))
    if tracks == "on":
        yield Finding(TELLS, "shows what visitors ask in pg_stat_activity", (f"{alter}set track_activities = off",))


def _writes(ask: Ask, role: str) -> Iterator[Finding]:
    columns: dict[str, str] = {relation: holders for relation, holders in ask(COLUMN_HOLDERS)}
    for relation, kind, is_owner, holders, reads in ask(RELATIONS):
        noun = "sequence" if kind == "S" else "table"
        rights = "usage, update" if kind == "S" else "insert, update, delete, truncate, references, trigger"
        from_whom = ", ".join(dict.fromkeys(name for name in (holders, columns.get(relation)) if name))
        remedies = []
        if is_owner:
            remedies.append(f"alter {noun} {relation} owner to current_user")
            remedies += [f"grant select on {relation} to {quote(role)}"] if reads and kind != "S" else []
        if from_whom or is_owner:
            remedies.append(f"revoke {rights} on {noun} {relation} from {from_whom or quote(role)}")
        yield Finding(WARNS, f"may write to {relation}", tuple(remedies))


def _creations(ask: Ask, role: str, database: str) -> Iterator[Finding]:
    yield from _on_database(ask, database, "CREATE", "may create schemas", WARNS)
    for schema, is_owner, holders in ask(SCHEMAS):
        remedies = []
        if is_owner:
            remedies += [f"alter schema {schema} owner to current_user", f"grant usage on schema {schema} to {quote(role)}"]
        if holders:
            remedies.append(f"revoke create on schema {schema} from {holders}")
        yield Finding(WARNS, f"may create tables and functions in {schema}", tuple(remedies))


def _on_database(ask: Ask, database: str, right: str, what: str, weight: str) -> Iterator[Finding]:
    holders = HOLDERS.format(acl="d.datacl", kind="d", owner="d.datdba", rights=f"'{right}'")
    may, from_whom = ask(DATABASE.format(right=right, holders=holders))[0]
    if may and from_whom:
        yield Finding(weight, what, (f"revoke {right.lower()} on database {quote(database)} from {from_whom}",))


def _functions(ask: Ask) -> Iterator[Finding]:
    kinds = (
        (WARNS, f"p.proname ~ '{HARM}'", "may call {name}"),
        (WARNS, f"p.proname !~ '{HARM}' and {ITS_OWN}", "may call {name}, which runs with others' rights"),
        (TELLS, f"p.proname ~ '{NEEDLESS}' and p.proname !~ '{HARM}'", "may call {name}"),
    )
    for weight, which, what in kinds:
        remedies: dict[str, list[str]] = {}
        for name, routine, holders in ask(FUNCTIONS.format(which=which)):
            remedies.setdefault(name, []).append(f"revoke execute on routine {routine} from {holders}")
        for name, revoked in remedies.items():
            yield Finding(weight, what.format(name=name), tuple(revoked))
