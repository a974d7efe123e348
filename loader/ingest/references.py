"""What points nowhere: pointers that no foreign key keeps, and foreign keys too, where a superuser has switched them off."""

from collections.abc import Iterator
from dataclasses import dataclass

from psycopg2 import sql
from psycopg2.extensions import connection as Connection

from loader.ingest.tables import ALL, Reference, Table

FIND = sql.SQL("""
select count(*), min(i.{column}), max(i.{column})
from {from_table} i
where i.{column} is not null
  and {where}
  and not exists (select from {table} t where t.{target} = i.{column})
""")


@dataclass(frozen=True)
class Dangling:
    """`rows` of `table` whose `column` isn't in `target`; the least and the greatest such value."""

    table: str
    column: str
    target: str
    rows: int
    least: int
    greatest: int

    def __str__(self) -> str:
        values = str(self.least) if self.least == self.greatest else f"{self.least} to {self.greatest}"
        return f"{self.table}: {self.rows:,} rows name a {self.column} that is not in {self.target} ({values})"


def dangling(connection: Connection) -> Iterator[Dangling]:
    with connection:
        for table in ALL:
            for reference in (*table.foreign, *table.pointers):
                found = _find(connection, table, reference)
                if found:
                    yield found


def _find(connection: Connection, table: Table, reference: Reference) -> Dangling | None:
    with connection.cursor() as cursor:
        cursor.execute(
            FIND.format(
                column=sql.Identifier(reference.column),
                from_table=sql.Identifier(table.name),
                where=sql.SQL(reference.where),
                table=sql.Identifier(reference.table),
                target=sql.Identifier(reference.target),
            )
        )
        row = cursor.fetchone()
    if row is None or not row[0]:
        return None
    return Dangling(table.name, reference.column, reference.table, *row)
