"""What the role may do besides reading: too much stops the start, something is a warning."""

from typing import Any

from datasette.database import QueryInterrupted

from .database import PostgresDatabase
from .errors import ConfigurationError, PostgresError
from .settings import PLUGIN

# The session's user, not the current one: `set role` in a DSN can be undone from the SQL page.
ROLE = """
select session_user::text, r.rolsuper, r.rolbypassrls, r.rolreplication,
       (
         select string_agg(g.rolname::text, ', ' order by g.rolname)
         from pg_roles g
         where g.rolname in ('pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program')
           and pg_has_role(session_user, g.oid, 'member')
       ),
       (
         select string_agg(distinct c.relname::text, ', ')
         from pg_class c
         join pg_namespace n on n.oid = c.relnamespace
         where n.nspname <> 'information_schema' and n.nspname !~ '^pg_' and c.relkind in ('r', 'p', 'v', 'f')
           and has_table_privilege(session_user, c.oid, 'insert, update, delete, truncate')
       )
from pg_roles r
where r.rolname = session_user
"""


async def check(database: PostgresDatabase) -> list[str]:
    """Raises ConfigurationError; returns warnings, one sentence each."""
    try:
        row: Any = (await database.fetch(ROLE, time_limit_ms=10_000)).rows[0]
    except (PostgresError, QueryInterrupted) as error:
        reason = " ".join(str(getattr(error, "detail", error)).split())
        raise ConfigurationError(f"{PLUGIN}: the database {database.name!r} doesn't answer: {reason}") from error
    role, is_super, bypasses, replicates, file_roles, writable = row
    if is_super:
        raise ConfigurationError(
            f"{PLUGIN}: the database {database.name!r} must not be read as the superuser {role!r}; "
            "use a role that may only SELECT."
        )
    if file_roles:
        raise ConfigurationError(f"{PLUGIN}: the role {role!r} of {database.name!r} must not be a member of {file_roles}.")
    found = [(bypasses, "has BYPASSRLS"), (replicates, "has REPLICATION"), (writable, f"may write to {writable}")]
    return [f"{PLUGIN}: the role {role!r} of {database.name!r} {what}." for is_true, what in found if is_true]
