"""Pages of a table as text: small ones by one statement, large ones in portions of one state of the database.

An exact count of a filtered list costs a count. It is remembered with the version of the data that it was counted in, so
that a crawl counts once, and a remembered count is never an old one.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from datasette_postgresql import PostgresDatabase

from plugins.elasticc_filters import Filters
from plugins.elasticc_paging import Page, Paging, Query
from plugins.elasticc_tables import CHUNK, EARLIER, KEYS, MOST_BIGINT, PAGE, Table

if TYPE_CHECKING:
    from datasette.utils.asgi import Request

MOST_REMEMBERED = 1000
COUNT_FILTERED = "select count(*), {version} from {source} t where {filter}"

_counts: OrderedDict[tuple[object, ...], int] = OrderedDict()


@dataclass(frozen=True)
class Listing:
    """A page of a table, as a request asks for it."""

    database: PostgresDatabase
    table: Table
    filters: Filters
    paging: Paging
    request: Request
    query: Query

    @property
    def is_small(self) -> bool:
        return self.paging.limit <= self.table.rows_a_chunk

    async def whole(self) -> tuple[str, Page]:
        """The page as text, and what was read with it. Raises PostgresError."""
        sql, values = self._sql(PAGE)
        if not self.filters:
            page = Page(*(await self.database.prepared.ask(sql, values))[0])
        else:
            async with self.database.prepared.snapshot() as snapshot:
                page = await self._counted(snapshot, Page(*(await snapshot.ask(sql, values))[0]))
        return f"{self._head(page)}{page.body or ''}]}}", page

    async def streamed(self) -> AsyncGenerator[Any, None]:
        """First what was read with it, then the page in pieces. Raises PostgresError; before that where it can."""
        sql, values = self._sql(KEYS)
        async with self.database.prepared.snapshot(is_stream=True) as snapshot:
            page = await self._counted(snapshot, Page(*(await snapshot.ask(sql, values))[0]))
            yield page
            yield self._head(page)
            after, comma = (page.first or 0) - 1, ""
            while page.last is not None and after < page.last:
                body, last = (await snapshot.ask(self._chunk_sql(), [*self.filters.values, after, page.last]))[0]
                yield comma + body
                after, comma = last, ","
        yield "]}"

    def _sql(self, template: str) -> tuple[str, list[object]]:
        """The limit is written out: what is prepared is planned for it."""
        table, filters = self.table, self.filters
        bound, direction, values = self.paging.bound(table, filters.sql, len(filters.values) + 1)
        parts = {"filter": filters.sql, "bound": bound, "direction": direction}
        limit = min(self.paging.limit, MOST_BIGINT - 1)
        count = "null::bigint" if filters else table.count
        asks = self.paging.asks_for_earlier
        earlier = table.sql(EARLIER, filter=filters.sql, limit=str(limit + 1)) if asks else "null"
        sql = table.sql(template, count=count, limit=str(limit), earlier=earlier, **parts)
        return sql, [*filters.values, *values]

    def _chunk_sql(self) -> str:
        number = len(self.filters.values)
        bounds = {"after": f"${number + 1}", "last": f"${number + 2}", "limit": str(self.table.rows_a_chunk)}
        return self.table.sql(CHUNK, filter=self.filters.sql, **bounds)

    async def _counted(self, snapshot: Any, page: Page) -> Page:
        if not self.filters:
            return page
        key = (self.table.name, self.filters, page.version)
        if key not in _counts:
            sql = self.table.sql(COUNT_FILTERED, filter=self.filters.sql)
            _counts[key] = (await snapshot.ask(sql, self.filters.values))[0][0]
            if len(_counts) > MOST_REMEMBERED:
                _counts.popitem(last=False)
        return replace(page, count=_counts[key])

    def _head(self, page: Page) -> str:
        following = self.paging.next(self.request, self.query, page)
        preceding = self.paging.previous(self.request, self.query, page)
        return f'{{"count": {page.count}, "next": {json.dumps(following)}, "previous": {json.dumps(preceding)}, "results": ['
