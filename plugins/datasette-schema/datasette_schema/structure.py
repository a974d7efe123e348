"""What is in a database as one visitor may see it: tables, columns, links between them. Of the catalogue, without a query.

A table that he may not view isn't there, nor a link from or to it. A hidden one is left out of lists, as Datasette does it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from datasette.utils.asgi import Forbidden
from datasette_postgresql import Catalogue, Estimate, Index, PostgresDatabase
from datasette_postgresql import Column as CatalogueColumn
from datasette_postgresql import Table as Relation

from . import words as words_of
from .settings import Ucds

KINDS = {"r": "table", "p": "partitioned table", "f": "foreign table", "v": "view", "m": "materialized view"}
ORDERED = "ND"  # pg_type.typcategory of numbers, and of dates and times: what has a place on a line
COUNTED = 100  # of more tables estimates alone are told: to count is a question a table


@dataclass(frozen=True)
class Link:
    """`columns` of `table` refer to `referenced` of `other`: a foreign key. The two tuples have one length."""

    table: str
    columns: tuple[str, ...]
    other: str
    referenced: tuple[str, ...]


@dataclass(frozen=True)
class Column:
    """`unit` as VOUnits are written, `ucd` from IVOA's vocabulary; `values` an enum's; `is_ordered`: a number, date or time."""

    name: str
    type: str
    is_key: bool
    may_be_null: bool
    default: str | None
    values: tuple[str, ...]
    is_ordered: bool
    meaning: str | None
    unit: str | None
    ucd: str | None
    refers_to: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Table:
    """`rows` may be an estimate, which prints with a `~`; None where nobody counted, and of a view."""

    relation: Relation
    about: Mapping[str, Any]
    ucds: Ucds
    rows: int | None
    is_hidden: bool
    links: tuple[Link, ...]
    linked_from: tuple[Link, ...]

    @property
    def name(self) -> str:
        return self.relation.name

    @property
    def kind(self) -> str:
        return KINDS.get(self.relation.kind, "table")

    @property
    def title(self) -> str | None:
        return self.about.get("title")

    @property
    def description(self) -> str | None:
        return self.about.get("description")

    @property
    def width(self) -> int:
        """The number of columns."""
        return len(self.relation.columns)

    @property
    def indexes(self) -> list[Index]:
        """The primary key first, then what else is unique."""
        return sorted(self.relation.indexes, key=lambda index: (not index.is_primary, not index.is_unique))

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        meanings, units = self.about.get("columns") or {}, self.about.get("units") or {}
        return tuple(self._described(one, meanings.get(one.name), units.get(one.name)) for one in self.relation.columns)

    def _described(self, column: CatalogueColumn, meaning: str | None, unit: str | None) -> Column:
        name = column.name
        return Column(
            name=name, type=column.type, is_key=bool(column.is_pk), may_be_null=not column.notnull, default=column.default,
            values=column.labels, is_ordered=column.category in ORDERED, meaning=meaning, unit=unit or words_of.unit(meaning),
            ucd=self.ucds.of(self.name, name),
            refers_to=tuple(
                (link.other, other)
                for link in self.links
                for own, other in zip(link.columns, link.referenced, strict=True)
                if own == name
            ),
        )  # fmt: skip


class Visit:
    """One visitor's look at one database."""

    def __init__(self, datasette: Any, actor: Any, db: PostgresDatabase, catalogue: Catalogue, ucds: Ucds) -> None:
        self.datasette = datasette
        self.actor = actor
        self.db = db
        self.catalogue = catalogue
        self.ucds = ucds
        self._described = ((datasette.metadata("databases") or {}).get(db.name) or {}).get("tables") or {}

    async def tables(self, *, with_hidden: bool = False, words: Sequence[str] = ()) -> list[Table]:
        """All that he may view; with `words`, those alone in which all of them occur."""
        hidden = set(await self.db.hidden_table_names())
        names = [name for name in self._names if with_hidden or name not in hidden]
        if words:  # before permissions are asked for: of thousands of tables few are left
            names = [name for name in names if (text := self._text(name)) and all(word in text for word in words)]
        return await self._told(await self.viewable(names), hidden)

    async def table(self, name: str) -> tuple[Table, list[Table]]:
        """A table, and those that it refers to or that refer to it. He must be allowed to view it."""
        keys = [link for link in self._links(self._names) if name in (link.table, link.other)]
        near = {name, *(link.table for link in keys), *(link.other for link in keys)}
        names = await self.viewable([one for one in self._names if one in near])
        told = await self._told(names, set(await self.db.hidden_table_names()))
        return next(one for one in told if one.name == name), [one for one in told if one.name != name]

    async def hidden_count(self) -> int:
        hidden = set(await self.db.hidden_table_names())
        return len(await self.viewable([name for name in self._names if name in hidden]))

    async def viewable(self, names: Iterable[str]) -> list[str]:
        """Datasette's rule: the table's own permission, else the database's, else the instance's."""
        try:
            await self.datasette.ensure_permissions(self.actor, [("view-database", self.db.name), "view-instance"])
            otherwise = True
        except Forbidden:
            otherwise = False
        return [name for name in names if await self._may_view(name, otherwise)]

    async def _may_view(self, name: str, otherwise: bool) -> bool:
        answer = await self.datasette.permission_allowed(self.actor, "view-table", (self.db.name, name), default=None)
        return otherwise if answer is None else bool(answer)

    def _text(self, name: str) -> str:
        """All that a table and its columns are called and described by."""
        relation = self.catalogue.relation(name)
        about = self._described.get(name) or {}
        meanings, units = about.get("columns") or {}, about.get("units") or {}
        said = [name, about.get("title"), about.get("description")]
        for column in relation.columns if relation else ():
            meaning = meanings.get(column.name)
            unit, ucd = units.get(column.name) or words_of.unit(meaning), self.ucds.of(name, column.name)
            said += (column.name, column.type, meaning, unit, ucd)
        return " ".join(filter(None, [KINDS.get(relation.kind) if relation else None, *said])).lower()

    @cached_property
    def _names(self) -> tuple[str, ...]:
        """As metadata name them, the most important first; then the other tables, then the other views."""
        local = (self.datasette._metadata_local or {}).get("databases") or {}  # what plugins describe comes in no order
        first = {name: place for place, name in enumerate((local.get(self.db.name) or {}).get("tables") or {})}
        names = [*self.catalogue.tables, *self.catalogue.views]
        return tuple(sorted(names, key=lambda name: first.get(name, len(first))))

    def _links(self, names: Iterable[str]) -> list[Link]:
        """Between tables that are all named; two keys of the same columns are one link."""
        among = set(names)
        found = [
            Link(name, key.columns, key.table, key.referenced)
            for name in names
            if (relation := self.catalogue.relation(name))
            for key in relation.foreign_keys
            if key.table in among
        ]
        return list(dict.fromkeys(found))

    async def _told(self, names: list[str], hidden: set[str]) -> list[Table]:
        out: dict[str, list[Link]] = {name: [] for name in names}
        into: dict[str, list[Link]] = {name: [] for name in names}
        for link in self._links(names):
            out[link.table].append(link)
            into[link.other].append(link)
        counts = await self._counts()
        found = []
        for name in names:
            relation = self.catalogue.relation(name)
            if relation is not None:
                links, linked_from = tuple(out[name]), tuple(into[name])
                rows, about = counts.get(name, _estimate(relation)), self._described.get(name) or {}
                found.append(Table(relation, about, self.ucds, rows, name in hidden, links, linked_from))
        return found

    async def _counts(self) -> Mapping[str, int | None]:
        if len(self.catalogue.tables) > COUNTED:
            return {}
        return await self.db.table_counts()


def _estimate(relation: Relation) -> int | None:
    return None if relation.estimate is None else Estimate(relation.estimate)
