"""Column, array and date facets in PostgreSQL. Suggestions cost one query a page, not three a column.

A whole table of more than SAMPLE rows is judged by pg_stats; everything else by its first SAMPLE rows.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from datasette.database import QueryInterrupted
from datasette.facets import ArrayFacet, ColumnFacet, DateFacet, Facet
from datasette.utils import path_with_added_args, path_with_removed_args
from datasette.utils.asgi import BadRequest

from .asking import ask
from .catalogue import Column, Table
from .columns import is_array, is_day, is_facet_as_text, is_json, is_text
from .errors import PostgresError
from .filters import day_of, elements
from .lists import is_list_of_texts
from .quoting import quote

SAMPLE = 2_000  # rows; 73 columns of them are counted in about 60 ms
FIRST = 100  # rows that show whether texts are days, and JSON lists

FACET = """
select {value} as value, count(*) as count
from ({sql}) as facet{source}
where {value} is not null
group by 1
order by 2 desc, 1
limit {limit}
"""
STATISTICS = """
select attname, n_distinct
from pg_stats
where schemaname = :schema and tablename = :name and inherited = :inherited
order by attname
"""


def _name(configured: dict[str, Any]) -> Any:
    return configured["config"].get("column") or configured["config"].get("simple")


class _PgFacet(Facet):  # type: ignore[misc]
    """What the three have in common: where the column stands, how it is asked, and its entry on the page."""

    argument = "_facet"
    suffix = ""

    @property
    def _relation(self) -> Table | None:
        found: Table | None = self.ds.databases[self.database].catalogue.relation(self.table) if self.table else None
        return found

    def _column(self, name: str) -> Column | None:
        return self._relation.column(name) if self._relation else None

    def get_configs(self) -> list[dict[str, Any]]:
        try:
            configs: list[dict[str, Any]] = super().get_configs()
        except ValueError as error:
            raise BadRequest("_facet is not valid JSON") from error
        if not all(isinstance(_name(config), str) for config in configs):
            raise BadRequest("_facet must name a column")
        return configs

    async def _ask(self, sql: str, params: Any, limit_ms: int) -> Any:
        database = self.ds.databases[self.database]
        return await ask(database, self.request, sql, params, custom_time_limit=limit_ms, log_sql_errors=False)

    def _limit_ms(self, name: str) -> int:
        return int(self.ds.databases[self.database].limit_ms(name))

    def _candidates(self) -> list[Column]:
        enabled = {_name(config) for config in self.get_configs()}
        return [column for column in (self._relation.columns if self._relation else ()) if column.name not in enabled]

    def _suggestion(self, name: str) -> dict[str, str]:
        path = self.ds.urls.path(path_with_added_args(self.request, {self.argument: name}))
        suggestion = {"name": name, "toggle_url": self.ds.absolute_url(self.request, path)}
        return suggestion if self.type == "column" else {**suggestion, "type": self.type}

    async def _in_sample(self, columns: Sequence[Column], measures: Iterable[str], rows: int) -> Sequence[Any] | None:
        """One row of aggregates over the first `rows` rows; None where it takes too long or can't be had."""
        sample = f"select * from ({self.sql}) as found limit {rows}"
        limit_ms = min(500, self._limit_ms("facet_suggest_time_limit_ms") * max(1, len(columns)))
        try:
            results = await self._ask(f"select {', '.join(measures)} from ({sample}) as sample", self.params, limit_ms)
        except (QueryInterrupted, PostgresError):
            return None
        return tuple(results.rows[0])

    def _sql(self, name: str) -> tuple[str, str]:
        """The value's expression, and what is to be joined for it."""
        raise NotImplementedError

    async def facet_results(self) -> tuple[list[dict[str, Any]], list[str]]:
        found, timed_out = [], []
        for configured in self.get_configs():
            name = _name(configured)
            try:
                found.append(await self._one(name, hideable=configured["source"] != "metadata"))
            except QueryInterrupted:
                timed_out.append(name)
        return found, timed_out

    async def _one(self, name: str, *, hideable: bool) -> dict[str, Any]:
        size = self.get_facet_size()
        value, source = self._sql(name)
        sql = FACET.format(value=value, sql=self.sql, source=source, limit=size + 1)
        rows = (await self._ask(sql, self.params, self._limit_ms("facet_time_limit_ms"))).rows
        labels = await self._labels(name, [row["value"] for row in rows[:size]])
        pairs = self.get_querystring_pairs()
        return {
            "name": name,
            "type": self.type,
            "hideable": hideable,
            "toggle_url": self.ds.urls.path(path_with_removed_args(self.request, {self.argument: name})),
            "results": [self._result(name, row, labels, pairs) for row in rows[:size]],
            "truncated": len(rows) > size,
        }

    async def _labels(self, name: str, values: list[Any]) -> dict[Any, Any]:
        return {}

    def _result(self, name: str, row: Any, labels: dict[Any, Any], pairs: list[tuple[str, str]]) -> dict[str, Any]:
        value = row["value"]
        argument = name + (self.suffix or ("__exact" if name.startswith("_") or "__" in name else ""))
        selected = (argument, str(value)) in pairs
        change = path_with_removed_args if selected else path_with_added_args
        path = self.ds.urls.path(change(self.request, {argument: str(value)}))
        return {
            "value": value,
            "label": labels.get((name, value), value),
            "count": row["count"],
            "toggle_url": self.ds.absolute_url(self.request, path),
            "selected": selected,
        }


class PgColumnFacet(_PgFacet, ColumnFacet):  # type: ignore[misc]
    async def suggest(self) -> list[dict[str, str]]:
        columns = self._candidates()
        if not columns:
            return []
        size = self.get_facet_size()
        names = await self._by_statistics(size) if self._is_whole() else None
        if names is None:
            names = await self._by_sample(columns, size)
        return [self._suggestion(column.name) for column in columns if column.name in names]

    def _is_whole(self) -> bool:
        """All of a table, and more than a sample of it."""
        relation = self._relation
        if relation is None or (relation.estimate or 0) <= SAMPLE:
            return False
        return bool(self.sql.rstrip().endswith(f"from {relation.identifier}"))

    async def _by_statistics(self, size: int) -> set[str] | None:
        """None where the table was never analysed."""
        relation = self._relation
        assert relation is not None  # _is_whole
        params = {"schema": relation.schema, "name": relation.relname, "inherited": relation.kind == "p"}
        try:
            rows = (await self.ds.databases[self.database].execute_generated(STATISTICS, params)).rows
        except (QueryInterrupted, PostgresError):
            return None
        return {name for name, distinct in rows if 1 < distinct <= size} if rows else None

    async def _by_sample(self, columns: Sequence[Column], size: int) -> set[str]:
        measures = []
        for column in columns:
            name = quote(column.name)
            measures += [f"count(distinct {name}{'::text' if is_facet_as_text(column) else ''})", f"count({name})"]
        counted = await self._in_sample(columns, measures, SAMPLE)
        if counted is None:
            return set()
        pairs = zip(columns, counted[::2], counted[1::2], strict=True)
        return {column.name for column, distinct, known in pairs if 1 < distinct <= size and distinct < known}

    def _sql(self, name: str) -> tuple[str, str]:
        column = self._column(name)
        return f"facet.{quote(name)}{'::text' if column and is_facet_as_text(column) else ''}", ""

    async def _labels(self, name: str, values: list[Any]) -> dict[Any, Any]:
        if not self.table:
            return {}
        labels: dict[Any, Any] = await self.ds.expand_foreign_keys(self.database, self.table, name, values)
        return labels


class PgArrayFacet(_PgFacet, ArrayFacet):  # type: ignore[misc]
    argument = "_facet_array"
    suffix = "__arraycontains"

    async def suggest(self) -> list[dict[str, str]]:
        columns = [column for column in self._candidates() if is_array(column) or is_json(column) or is_text(column)]
        if not columns:
            return []
        counted = await self._in_sample(columns, [self._evidence(column) for column in columns], FIRST)
        return [self._suggestion(column.name) for column, good in zip(columns, counted or (), strict=False) if good]

    def _evidence(self, column: Column) -> str:
        """Whether every value is a list of texts (of anything, in an array), and one has an element."""
        name = quote(column.name)
        if is_array(column):
            return f"coalesce(bool_or(cardinality({name}) > 0), false)"
        if is_text(column):
            held = f"{name}::text"
            is_filled = f"{held} like '%\"%'"  # where all are lists of texts
            return f"coalesce(bool_and({held} = '' or {is_list_of_texts(held, column.server)}) and bool_or({is_filled}), false)"
        held = f"{name}::jsonb"
        items = f"jsonb_path_query_array({held}, '$[*] ? (@.type() != \"string\")')"
        return (
            f"coalesce(bool_and(jsonb_typeof({held}) = 'array' and {items} = '[]'::jsonb)"
            f" and bool_or({held} <> '[]'::jsonb), false)"
        )

    def _sql(self, name: str) -> tuple[str, str]:
        column = self._column(name)
        source = elements(column, f"facet.{quote(name)}") if column else None
        if source is None:
            return f"facet.{quote(name)}::text", " cross join (select where false) as nothing"
        return "item.value", f" cross join lateral (select distinct element.value from {source} as element(value)) as item"


class PgDateFacet(_PgFacet, DateFacet):  # type: ignore[misc]
    argument = "_facet_date"
    suffix = "__date"

    async def suggest(self) -> list[dict[str, str]]:
        columns = [column for column in self._candidates() if is_day(column) or is_text(column)]
        if not columns:
            return []
        days = [f"count({day_of(column, quote(column.name))})" for column in columns]
        counted = await self._in_sample(columns, days, FIRST)
        return [self._suggestion(column.name) for column, known in zip(columns, counted or (), strict=False) if known]

    def _sql(self, name: str) -> tuple[str, str]:
        return day_of(self._column(name), f"facet.{quote(name)}"), ""


OURS: dict[type, type] = {ColumnFacet: PgColumnFacet, ArrayFacet: PgArrayFacet, DateFacet: PgDateFacet}


def ours(registered: Iterable[Iterable[type]]) -> list[list[type]]:
    """The classes plugins registered, the core's three replaced. Others send what SQL they will."""
    return [[OURS.get(kind, kind) for kind in kinds] for kinds in registered]
