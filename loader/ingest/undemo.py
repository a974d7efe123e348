"""Take the demo sample out again: every row whose key is in the sample's own range of ids, whatever its size and seed.

Runs forget the rows that they added there, so that to undo one of them later takes nothing from a sample loaded since.
"""

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection

from loader.ingest.errors import DatabaseFailed, NotUndone
from loader.ingest.locks import lock
from loader.ingest.snana import FIRST_DEMO_OBJECT
from loader.ingest.tables import BY_NAME

# What refers to another table comes before it. A classification's key is its alert's times 50, so larger still.
TABLES = (
    ("elasticc_brokerclassification", "dbClassificationIndex"),
    ("elasticc_brokerclassifier", "dbClassifierIndex"),
    ("elasticc_brokermessage", "dbMessageIndex"),
    ("elasticc_diaalert", "alertId"),
    ("elasticc_diatruth", "diaSourceId"),
    ("elasticc_diaobjecttruth", "diaObjectId"),
    ("elasticc_diasource", "diaSourceId"),
    ("elasticc_diaforcedsource", "diaForcedSourceId"),
    ("elasticc_diaobject", "diaObjectId"),
)

DELETE = sql.SQL("delete from {table} where {key} >= %s")

FORGET = """
with own as (
    select int8multirange(int8range(%(first)s, null)) as keys
),
fewer as (
    select a.id, a.keys - own.keys as keys
    from ingest_addition a
    cross join own
    where a.tab = %(table)s
      and a.keys && own.keys
)
update ingest_addition a
set keys = fewer.keys,
    n_rows = coalesce((select sum(upper(span) - lower(span)) from unnest(fewer.keys) as s(span)), 0)
from fewer
where a.id = fewer.id
"""
FORGET_EMPTY = "delete from ingest_addition where isempty(keys)"
FORGET_CHANGES = "delete from ingest_change where tab = %(table)s and key >= %(first)s"

FIND_OTHER_OBJECTS = """
select exists (
    select from elasticc_diaobject
    where "diaObjectId" < %s
)
"""


def remove(connection: Connection) -> dict[str, int]:
    """Table → rows taken out, in one transaction. Raises NotUndone where other rows refer to the sample, or DatabaseFailed."""
    removed: dict[str, int] = {}
    try:
        with connection, connection.cursor() as cursor:
            lock(cursor, set(BY_NAME))
            for table, key in TABLES:
                cursor.execute(DELETE.format(table=sql.Identifier(table), key=sql.Identifier(key)), [FIRST_DEMO_OBJECT])
                removed[table] = cursor.rowcount
                for statement in (FORGET, FORGET_CHANGES):
                    cursor.execute(statement, {"table": table, "first": FIRST_DEMO_OBJECT})
            cursor.execute(FORGET_EMPTY)
            cursor.execute("set constraints all immediate")
    except psycopg2.errors.ForeignKeyViolation as error:
        detail = " ".join((error.diag.message_detail or str(error)).split())
        raise NotUndone(f"The sample can't be taken out: other rows refer to it. {detail}") from error
    except psycopg2.Error as error:
        raise DatabaseFailed(f"The database failed: {' '.join(str(error).split())}") from error
    return removed


def has_other_objects(connection: Connection) -> bool:
    """Whether there are objects that the sample didn't bring."""
    with connection, connection.cursor() as cursor:
        cursor.execute(FIND_OTHER_OBJECTS, [FIRST_DEMO_OBJECT])
        return cursor.fetchone() == (True,)
