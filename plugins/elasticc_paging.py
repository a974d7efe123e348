"""Where a page of a list lies, and the addresses of its neighbours.

`next` and `previous` carry `after` and `before` beside the old `offset`: `<offset>~<key>`, a position among the keys that
counts as long as `offset` is still the one it was made for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from plugins.elasticc_tables import MOST_BIGINT, Table, quote

if TYPE_CHECKING:
    from datasette.utils.asgi import Request

DEFAULT_LIMIT = 100
Query = dict[str, list[str]]

# The key of the row that an offset counts to, from the index of keys alone.
AT_OFFSET = """t.{key} >= (
    select t.{key} from {source} t where {filter} order by t.{key} offset {offset} limit 1
)"""


@dataclass(frozen=True)
class Page:
    """What the database said of a page: its first and last key, its rows, whether keys follow, and perhaps how many precede."""

    first: int | None
    last: int | None
    rows: int
    body: str | None
    version: int | None
    accounts: int | None
    count: int
    more: bool
    earlier: int | None = None


@dataclass(frozen=True)
class Paging:
    """What a request asks for. At most one of `after` and `before` is set; then `offset` only counts."""

    limit: int
    offset: int
    after: int | None = None
    before: int | None = None

    @classmethod
    def of(cls, query: Query) -> Paging:
        limit, offset = positive(query, "limit") or DEFAULT_LIMIT, positive(query, "offset") or 0
        after = _position(query, "after", offset)
        return cls(limit, offset, after, _position(query, "before", offset) if after is None else None)

    def bound(self, table: Table, filter_sql: str, number: int) -> tuple[str, str, list[int]]:
        """A condition on the keys, the direction to read them in, and the values from $`number` on."""
        key = quote(table.key)
        if self.after is not None:
            return f"t.{key} > ${number}", "asc", [self.after]
        if self.before is not None:
            return f"t.{key} < ${number}", "desc", [self.before]
        if self.offset == 0:
            return "true", "asc", []
        bound = AT_OFFSET.format(key=key, source=table.source, filter=filter_sql, offset=f"${number}")
        return bound, "asc", [min(self.offset, MOST_BIGINT)]

    @property
    def is_position(self) -> bool:
        return self.after is not None or self.before is not None

    @property
    def asks_for_earlier(self) -> bool:
        """By the offset its `previous` would be the first page; rows that came in meanwhile may lie between."""
        return self.is_position and 0 < self.offset <= self.limit

    def next(self, request: Request, query: Query, page: Page) -> str | None:
        """By position, whether keys follow decides: rows that came in meanwhile have moved what the offset counts."""
        offset = self.offset + self.limit
        follows = page.more if self.is_position else offset < page.count
        if not follows or not page.rows:
            return None
        return self._address(request, query, offset=offset, after=f"{offset}~{page.last}")

    def previous(self, request: Request, query: Query, page: Page) -> str | None:
        if self.offset <= 0 or (self.before is not None and not page.rows):
            return None
        offset = self.offset - self.limit
        if offset <= 0 and (page.earlier or 0) > self.limit:
            return self._address(request, query, offset=1, before=f"1~{page.first}")
        if offset <= 0:
            return self._address(request, query)
        first = page.first if page.rows else None if self.after is None else self.after + 1
        position = {} if first is None else {"before": f"{offset}~{first}"}
        return self._address(request, query, offset=offset, **position)

    def _address(self, request: Request, query: Query, **position: object) -> str:
        """This address elsewhere in the table; other parameters stay, all sorted by name, as the old system did."""
        others = {name: values for name, values in query.items() if name not in ("offset", "after", "before")}
        parameters = {**others, "limit": [self.limit], **{name: [value] for name, value in position.items()}}
        return f"{request.scheme}://{request.host}{request.path}?{urlencode(sorted(parameters.items()), doseq=True)}"


def positive(query: Query, name: str) -> int | None:
    """Of a repeated parameter the last; None for what is no positive whole number."""
    try:
        number = int(query.get(name, [""])[-1])
    except ValueError:
        return None
    return number if number > 0 else None


def _position(query: Query, name: str, offset: int) -> int | None:
    """The key in `<offset>~<key>`, unless somebody changed `offset` since, and means that."""
    made_for, _, key = query.get(name, [""])[-1].partition("~")
    try:
        return min(max(int(key), -MOST_BIGINT), MOST_BIGINT) if int(made_for) == offset else None
    except ValueError:
        return None
