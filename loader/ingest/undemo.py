"""Take the demo sample out again: every row whose key is in the sample's own range of ids, whatever its size and seed."""

from psycopg2 import sql
from psycopg2.extensions import connection as Connection

from loader.ingest.snana import FIRST_DEMO_OBJECT

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

FIND_OTHER_OBJECTS = """
select exists (
    select from elasticc_diaobject
    where "diaObjectId" < %s
)
"""


def remove(connection: Connection) -> dict[str, int]:
    """Table → rows taken out, in one transaction."""
    removed: dict[str, int] = {}
    with connection, connection.cursor() as cursor:
        for table, key in TABLES:
            cursor.execute(DELETE.format(table=sql.Identifier(table), key=sql.Identifier(key)), [FIRST_DEMO_OBJECT])
            removed[table] = cursor.rowcount
    return removed


def has_other_objects(connection: Connection) -> bool:
    """Whether there are objects that the sample didn't bring."""
    with connection, connection.cursor() as cursor:
        cursor.execute(FIND_OTHER_OBJECTS, [FIRST_DEMO_OBJECT])
        return cursor.fetchone() == (True,)
