"""The cells of a table page, written at once; the page is the same, but for the blanks between cells, a third of its bytes.

The core asks every plugin about every cell and sends each through five templates: 25 ms for 100 rows of 12 columns.

The core's own `_table.html` is drawn with two rows of two marked cells, which shows what stands between cells. Whoever replaces
that template, or goes through the rows, gets the core's rows; so does a page where a plugin has something to say about cells.
"""

import re
import secrets
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from datasette.plugins import pm
from datasette.utils import tilde_encode, to_css_class
from datasette.views.table import LINK_WITH_LABEL, LINK_WITH_VALUE
from markupsafe import Markup, escape

from .digits import shown
from .paging import path_from_row_pks, row_keys

FEW = 4  # rows for which the core is quick enough
COLUMN, KIND, VALUE = (f"mark{secrets.token_hex(8)}{name}" for name in ("c", "k", "v"))
MARKED = {"column": COLUMN, "value_type": KIND, "value": Markup(VALUE), "raw": VALUE, "is_special_link_column": False}
MARK = re.compile(f"{COLUMN}|{KIND}|{VALUE}")
Core = Callable[..., Coroutine[Any, Any, tuple[list[dict[str, Any]], list[Any]]]]

BLANKS = re.compile(r">\s+<")
SPECIAL = re.compile("[&<>\"']")

css_class = lru_cache(maxsize=4096)(to_css_class)


def quickly(core: Core) -> Core:
    """The core's display_columns_and_rows, with rows that can be written at once."""

    async def display_columns_and_rows(
        datasette: Any, database_name: str, table_name: str, description: Any, rows: Sequence[Any], **options: Any
    ) -> Any:
        page = (datasette, database_name, table_name, description)
        metadata = datasette.table_metadata(database_name, table_name)
        if len(rows) < FEW or metadata.get("units") or pm.hook.render_cell.get_hookimpls():
            return await core(*page, rows, **options)
        columns, _ = await core(*page, [], **options)
        db = datasette.databases[database_name]
        drawn = QuickRows(
            rows=rows,
            core=lambda some: _at_once(core(*page, some, **options))[1],
            names=[column[0] for column in description],
            keys=await row_keys(db, table_name) if options.get("link_column") else None,
            url=str(datasette.urls.table(database_name, table_name)),
            other_tables={key["column"]: key["other_table"] for key in await db.foreign_keys_for_table(table_name)},
            link={"base_url": datasette.setting("base_url"), "database": database_name},
            longest=options.get("truncate_cells") or 0,
        )
        return columns, drawn

    return display_columns_and_rows


@dataclass(frozen=True)
class QuickRows:
    """A sequence of the core's rows, made only where somebody asks for one. `keys` is None where no row is linked."""

    rows: Sequence[Any]
    core: Callable[[Sequence[Any]], list[Any]]
    names: Sequence[str]
    keys: Sequence[str] | None
    url: str
    other_tables: dict[str, str]
    link: dict[str, Any]
    longest: int

    marked = ((MARKED, MARKED), (MARKED, MARKED))

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.core(self.rows))

    def __getitem__(self, place: Any) -> Any:
        return self.core(self.rows)[place]

    def written(self, drawn: str) -> Markup:
        """`drawn` is the core's table of the marked rows."""
        first, to_kind, to_value, to_cell, _, _, to_row, *_, last = MARK.split(str(drawn))
        to_cell, to_row = (BLANKS.sub("><", between) for between in (to_cell, to_row))
        heads: dict[tuple[str, str], str] = {}

        def cell(column: str, kind: str, value: str) -> str:
            head = heads.get((column, kind))
            if head is None:
                head = heads[(column, kind)] = f"{css_class(column)}{to_kind}{kind}{to_value}"
            return f"{head}{value}"  # what is added to a Markup would be escaped

        return Markup(first + to_row.join(to_cell.join(self._row(row, cell)) for row in self.rows) + last)

    def _row(self, row: Any, cell: Callable[[str, str, str], str]) -> list[str]:
        cells = [cell(self._link_column, "pk", self._link(row))] if self.keys is not None else []
        skipped = self._link_column if self.keys is not None and len(self.keys) == 1 else None
        values = row.values() if isinstance(row, dict) else row
        for name, value in zip(self.names, values, strict=True):
            if name == skipped:
                continue
            shown = self._shown(name, value)
            if shown is None:
                return [cell(c["column"], c["value_type"], escape(c["value"])) for c in self.core([row])[0]]
            if type(value) is dict:
                value = value["value"]
            cells.append(cell(name, "none" if value is None else type(value).__name__, shown))
        return cells

    @property
    def _link_column(self) -> str:
        return self.keys[0] if self.keys is not None and len(self.keys) == 1 else "Link"

    def _link(self, row: Any) -> str:
        keys = self.keys or ()
        if len(keys) == 1 and type(row[keys[0]]) is int:
            quoted = plain = str(row[keys[0]])
        else:
            quoted, plain = path_from_row_pks(row, keys, False), path_from_row_pks(row, keys, False, False)
        return f'<a href="{self.url}/{quoted}">{escaped(plain)}</a>'

    def _shown(self, name: str, value: Any) -> str | None:
        """HTML; None for what is left to the core: bytes, and texts that are addresses."""
        if value is None or value == "":
            return "&nbsp;"
        kind = type(value)
        if kind is dict:
            return self._labelled(name, value["value"], value["label"])
        if kind is bytes or (kind is str and "://" in value):
            return None
        text = shown(value) if kind is float else str(value)
        if self.longest and len(text) > self.longest:
            text = text[: self.longest] + "\u2026"
        return escaped(text)

    def _labelled(self, name: str, value: Any, label: Any) -> str:
        template = LINK_WITH_LABEL if label != value else LINK_WITH_VALUE
        table, row = tilde_encode(self.other_tables[name]), tilde_encode(str(value))
        html: str = template.format(
            **self.link, table=table, link_id=row, id=str(escape(value)), label=str(escape(label)) or "-"
        )
        return html


def escaped(text: str) -> str:
    """Most texts have nothing to escape, and escape() makes an object of each: a fifth of a page's time."""
    return str(escape(text)) if SPECIAL.search(text) else text


def _at_once(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """What the core awaits for rows is in the catalogue: it never has to wait."""
    try:
        coroutine.send(None)
    except StopIteration as ended:
        return ended.value
    coroutine.close()
    raise RuntimeError("The core's rows had to wait.")
