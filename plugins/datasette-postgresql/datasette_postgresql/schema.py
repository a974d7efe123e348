"""What Datasette asks about a database's tables, answered from the catalogue without a query."""

from typing import Any

from datasette.database import Database
from datasette.utils import Column as SqliteColumn

from . import sqlite_words
from .catalogue import Catalogue, Table
from .search import searchable


class CatalogueDatabase(Database):  # type: ignore[misc]  # datasette has no types
    """The half of Datasette's Database that is about names, keys and definitions."""

    @property
    def catalogue(self) -> Catalogue:
        """The last one read; empty before the first."""
        raise NotImplementedError

    async def current_catalogue(self) -> Catalogue:
        """Read it first where there is none."""
        raise NotImplementedError

    async def table_exists(self, table: str) -> bool:
        return table in (await self.current_catalogue()).tables

    async def table_names(self) -> list[str]:
        return list((await self.current_catalogue()).tables)

    async def view_names(self) -> list[str]:
        return list((await self.current_catalogue()).views)

    async def table_columns(self, table: str) -> list[str]:
        found = await self._relation(table)
        return list(found.column_names) if found else []

    async def table_column_details(self, table: str) -> list[SqliteColumn]:
        found = await self._relation(table)
        return sqlite_words.column_details(found) if found else []

    async def primary_keys(self, table: str) -> list[str]:
        found = await self._relation(table)
        return list(found.primary_key) if found else []

    async def fts_table(self, table: str) -> str | None:
        """What is searched where `table` is: itself, if it has a text-search column or index."""
        found = await self._relation(table)
        return table if found and searchable(found) else None

    async def label_column_for_table(self, table: str) -> str | None:
        """The core's rules: metadata, a name or title, or the other one of two columns."""
        explicit = self.ds.table_metadata(self.name, table).get("label_column")
        if explicit:
            return str(explicit)
        names = await self.table_columns(table)
        named = [name for name in names if name.lower() in ("name", "title")]
        if named:
            return named[0]
        if len(names) == 2 and ("id" in names or "pk" in names):
            return next((name for name in names if name not in ("id", "pk")), None)
        return None

    async def foreign_keys_for_table(self, table: str) -> list[dict[str, str]]:
        """Of one column only, as in the core."""
        found = await self._relation(table)
        return _single_keys(found) if found else []

    async def get_all_foreign_keys(self) -> dict[str, dict[str, list[dict[str, str]]]]:
        """Every table is a key."""
        tables = (await self.current_catalogue()).tables
        keys: dict[str, dict[str, list[dict[str, str]]]] = {name: {"incoming": [], "outgoing": []} for name in tables}
        for name, table in tables.items():
            for key in _single_keys(table):
                column, other, other_column = key["column"], key["other_table"], key["other_column"]
                keys[name]["outgoing"].append(key)
                if other in keys:
                    keys[other]["incoming"].append({"other_table": name, "column": other_column, "other_column": column})
        return keys

    async def hidden_table_names(self) -> list[str]:
        """Partitions, what belongs to an extension, and what the metadata hides."""
        catalogue = await self.current_catalogue()
        hidden = [name for name, table in catalogue.tables.items() if table.is_hidden]
        described = self.ds.metadata(database=self.name).get("tables") or {}
        return hidden + [name for name, about in described.items() if about.get("hidden") and name not in hidden]

    async def get_table_definition(self, table: str, type_: str = "table") -> str | None:
        catalogue = await self.current_catalogue()
        found = (catalogue.views if type_ == "view" else catalogue.tables).get(table)
        return found.definition if found else None

    async def get_view_definition(self, view: str) -> str | None:
        """None for a table: the core takes this for the answer to "is it a view?"."""
        return await self.get_table_definition(view, "view")

    async def attached_databases(self) -> list[Any]:
        return []

    async def count_estimate(self, table: str) -> int | None:
        """The planner's idea of the number of rows; None for a view and where the table was never analysed."""
        found = await self._relation(table)
        return found.estimate if found else None

    @property
    def hash(self) -> None:
        """Of a file; there is none."""
        return None

    @property
    def size(self) -> int:
        """Bytes, as of the last catalogue."""
        return self.catalogue.size

    @property
    def mtime_ns(self) -> None:
        """Of a file; there is none."""
        return None

    @property
    def cached_table_counts(self) -> None:
        """Of `datasette inspect`, which reads files."""
        return None

    async def _relation(self, name: str) -> Table | None:
        return (await self.current_catalogue()).relation(name)


def _single_keys(table: Table) -> list[dict[str, str]]:
    return [
        {"column": key.columns[0], "other_table": key.table, "other_column": key.referenced[0]}
        for key in table.foreign_keys
        if len(key.columns) == 1
    ]
