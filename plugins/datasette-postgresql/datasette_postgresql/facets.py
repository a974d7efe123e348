"""Column, array and date facets in PostgreSQL: exact where that fits into their budget, else estimated and said to be.

An estimate of a whole table comes from pg_stats, any other from a sample. `_facet_exact=COLUMN` counts it all the same.
Which columns are suggested: suggestions.py.
"""

import json
from collections.abc import Iterable, Sequence
from types import SimpleNamespace
from typing import Any

from datasette.database import QueryInterrupted
from datasette.facets import ArrayFacet, ColumnFacet, DateFacet, Facet, load_facet_configs
from datasette.utils import path_with_added_args, path_with_removed_args
from datasette.utils.asgi import BadRequest

from .asking import together
from .catalogue import Column, Table
from .columns import is_facet_as_text
from .counts import UNCOUNTED_ROWS
from .estimates import Estimate
from .filters import day_of, elements
from .quoting import quote
from .samples import Source
from .statistics import common_values, distinct_values

FACET = """
select {value} as value, count(*) as count{total}
from ({sql}) as facet{source}
where {value} is not null
group by 1
order by 2 desc, 1
limit {limit}
"""
# Nulls are counted for the total, too. One pass over the sample; lists need two, since a row may have none or several values.
SAMPLED = """
select value, count, total
from (
  select {value} as value, count(*) as count, sum(count(*)) over () as total
  from ({sql}) as facet
  group by 1
) as counted
where value is not null
order by 2 desc, 1
limit {limit}
"""
OF_ALL = ", (select count(*) from ({sql}) as sampled) as total"
NO_REQUEST = SimpleNamespace(query_string="")
LEAST_MS = 200  # that a sample may take, how small it may be
Found = Sequence[tuple[Any, int]]  # values and how often; one more than fit says that there are others


def _name(configured: dict[str, Any]) -> Any:
    return configured["config"].get("column") or configured["config"].get("simple")


class PgFacet(Facet):  # type: ignore[misc]  # datasette has no types
    """What the three have in common: where the column stands, how it is asked, and its entry on the page."""

    argument = "_facet"
    suffix = ""

    @property
    def relation(self) -> Table | None:
        found: Table | None = self.ds.databases[self.database].catalogue.relation(self.table) if self.table else None
        return found

    @property
    def source(self) -> Source:
        return Source(self.ds.databases[self.database], self.request, self.relation, self.sql, self.params or {})

    def limit_ms(self, name: str) -> int:
        return int(self.ds.databases[self.database].limit_ms(name))

    def enabled(self) -> set[str]:
        return {_name(config) for config in self.get_configs()}

    def get_configs(self) -> list[dict[str, Any]]:
        """Of the metadata, then what else the request asks for."""
        configs: list[dict[str, Any]] = load_facet_configs(NO_REQUEST, self.metadata).get(self.type, [])
        for text in self.request.args.getlist(self.argument):
            config = {"source": "request", "config": self._config(text)}
            if _name(config) not in map(_name, configs):
                configs = [*configs, config]
        if not all(isinstance(_name(config), str) for config in configs):
            raise BadRequest("_facet must name a column")
        return configs

    def _config(self, text: str) -> Any:
        """JSON, else the name of a column: that may begin with a brace, too."""
        if text.startswith("{"):
            try:
                return json.loads(text)
            except ValueError as error:
                if self._column(text) is None:
                    raise BadRequest("_facet is not valid JSON") from error
        return {"simple": text}

    def suggestion(self, name: str) -> dict[str, str]:
        path = self.ds.urls.path(path_with_added_args(self.request, {self.argument: name}))
        suggestion = {"name": name, "toggle_url": self.ds.absolute_url(self.request, path)}
        return suggestion if self.type == "column" else {**suggestion, "type": self.type}

    async def facet_results(self) -> tuple[list[dict[str, Any]], list[str]]:
        configs = self.get_configs()
        found = await together(*(self._in_time(_name(c), hideable=c["source"] != "metadata") for c in configs))
        timed_out = [_name(c) for c, facet in zip(configs, found, strict=True) if facet is None]
        return [facet for facet in found if facet is not None], timed_out

    async def _in_time(self, name: str, *, hideable: bool) -> dict[str, Any] | None:
        try:
            return await self._one(name, hideable=hideable)
        except QueryInterrupted:
            return None

    async def _one(self, name: str, *, hideable: bool) -> dict[str, Any]:
        size = self.get_facet_size()
        found, is_partial = await self._exact(name, size + 1), False
        estimated: dict[str, Any] = {}
        if found is None:
            found, is_partial = await self._estimated(name, size + 1)
            exact = self.ds.urls.path(path_with_added_args(self.request, {"_facet_exact": name}))
            estimated = {"estimated": True, "exact_url": self.ds.absolute_url(self.request, exact)}
        labels = await self._labels(name, [value for value, _ in found[:size]])
        pairs = self.get_querystring_pairs()
        return {
            "name": name,
            "type": self.type,
            "hideable": hideable,
            "toggle_url": self.ds.urls.path(path_with_removed_args(self.request, {self.argument: name})),
            "results": [self._result(name, value, count, labels, pairs) for value, count in found[:size]],
            "truncated": len(found) > size or is_partial,
            **estimated,
        }

    async def _exact(self, name: str, limit: int) -> Found | None:
        """None where it doesn't fit into the budget; then whoever asked for exactness gets QueryInterrupted instead."""
        is_asked_for = name in self.request.args.getlist("_facet_exact")
        limit_ms = self.limit_ms("facet_time_limit_ms")
        if not is_asked_for and not await self._is_cheap(limit_ms):
            return None
        value, source = self._sql(name)
        sql = FACET.format(value=value, total="", sql=self.sql, source=source, limit=limit)
        try:
            return [(row[0], row[1]) for row in (await self.source.ask(sql, None if is_asked_for else limit_ms)).rows]
        except QueryInterrupted:
            if is_asked_for:
                raise
            return None

    async def _is_cheap(self, limit_ms: int) -> bool:
        """So far as the planner knows; what a person typed has to be tried."""
        if self.source.is_typed:
            return True
        relation = self.relation
        if self.source.is_whole and relation is not None and (relation.estimate or 0) > UNCOUNTED_ROWS:
            return False
        return (await self.source.plan()).fits(limit_ms)

    async def _estimated(self, name: str, limit: int) -> tuple[Found, bool]:
        """Of a sample, in proportion to the page's count where there is one; and whether there are surely more values."""
        value, source = self._sql(name)
        limit_ms = self.limit_ms("facet_time_limit_ms")
        sample, share = self.source.sample(limit_ms)
        sql = SAMPLED.format(value=value, sql=sample, limit=limit)
        if source:
            sql = FACET.format(value=value, total=OF_ALL.format(sql=sample), sql=sample, source=source, limit=limit)
        rows = (await self.source.ask(sql, max(limit_ms, LEAST_MS))).rows
        if not rows:
            return [], False
        factor = self.row_count / rows[0][2] if self.row_count else 1 / (share or 1)
        return [(row[0], Estimate(max(1, round(row[1] * factor)))) for row in rows], False

    def _sql(self, name: str) -> tuple[str, str]:
        """The value's expression, and what is to be joined for it."""
        raise NotImplementedError

    def _column(self, name: str) -> Column | None:
        return self.relation.column(name) if self.relation else None

    async def _labels(self, name: str, values: list[Any]) -> dict[Any, Any]:
        return {}

    def _result(
        self, name: str, value: Any, count: int, labels: dict[Any, Any], pairs: list[tuple[str, str]]
    ) -> dict[str, Any]:
        argument = name + (self.suffix or ("__exact" if name.startswith("_") or "__" in name else ""))
        selected = (argument, str(value)) in pairs
        change = path_with_removed_args if selected else path_with_added_args
        path = self.ds.urls.path(change(self.request, {argument: str(value)}))
        return {
            "value": value,
            "label": labels.get((name, value), value),
            "count": count,
            "toggle_url": self.ds.absolute_url(self.request, path),
            "selected": selected,
        }


class PgColumnFacet(PgFacet, ColumnFacet):  # type: ignore[misc]
    async def _estimated(self, name: str, limit: int) -> tuple[Found, bool]:
        found = await self._by_statistics(name, limit) if self.source.is_whole else None
        return found or await super()._estimated(name, limit)

    async def _by_statistics(self, name: str, limit: int) -> tuple[Found, bool] | None:
        """The most common values. None where the statistics have none."""
        relation, column = self.relation, self._column(name)
        if relation is None or column is None or not relation.estimate or is_facet_as_text(column):
            return None
        database = self.ds.databases[self.database]
        common = await common_values(database, relation, column)
        distinct = (await distinct_values(database, relation)).get(name, 0)
        if not common:
            return None
        found = [(value, Estimate(max(1, round(share * relation.estimate)))) for value, share in common[:limit]]
        return found, len(common) < (distinct if distinct >= 0 else -distinct * relation.estimate)

    def _sql(self, name: str) -> tuple[str, str]:
        column = self._column(name)
        return f"facet.{quote(name)}{'::text' if column and is_facet_as_text(column) else ''}", ""

    async def _labels(self, name: str, values: list[Any]) -> dict[Any, Any]:
        if not self.table:
            return {}
        labels: dict[Any, Any] = await self.ds.expand_foreign_keys(self.database, self.table, name, values)
        return labels


class PgArrayFacet(PgFacet, ArrayFacet):  # type: ignore[misc]
    argument = "_facet_array"
    suffix = "__arraycontains"

    def _sql(self, name: str) -> tuple[str, str]:
        column = self._column(name)
        source = elements(column, f"facet.{quote(name)}") if column else None
        if source is None:
            return f"facet.{quote(name)}::text", " cross join (select where false) as nothing"
        return "item.value", f" cross join lateral (select distinct element.value from {source} as element(value)) as item"


class PgDateFacet(PgFacet, DateFacet):  # type: ignore[misc]
    argument = "_facet_date"
    suffix = "__date"

    def _sql(self, name: str) -> tuple[str, str]:
        return day_of(self._column(name), f"facet.{quote(name)}"), ""


OURS: dict[type, type] = {ColumnFacet: PgColumnFacet, ArrayFacet: PgArrayFacet, DateFacet: PgDateFacet}


def ours(registered: Iterable[Iterable[type]]) -> list[list[type]]:
    """The classes plugins registered, the core's three replaced. Others send what SQL they will."""
    return [[OURS.get(kind, kind) for kind in kinds] for kinds in registered]
