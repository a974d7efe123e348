"""A result of the plugin's own pages as HTML's cells, CSV and JSON."""

import csv
import io
import math
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from datasette.utils import tilde_encode
from datasette.utils.asgi import Response

FORMATS = ("html", "json", "csv")
MOST_ADDRESS = 6_000  # characters of a link; servers and proxies refuse longer ones from 8,000
MOST_TEXT = 200  # characters of a cell on a page


def as_json(columns: Sequence[str], rows: Sequence[Sequence[Any]], **told: Any) -> Response:
    made = [{name: _plain(value) for name, value in zip(columns, row, strict=True)} for row in rows]
    return Response.json({"ok": True, **told, "columns": list(columns), "rows": made})


def as_csv(columns: Sequence[str], rows: Sequence[Sequence[Any]], name: str) -> Response:
    out = io.StringIO()
    csv.writer(out).writerows([columns, *([_hex(value) for value in row] for row in rows)])
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return Response(out.getvalue(), headers=headers, content_type="text/csv; charset=utf-8")


def refusal(message: str, status: int, format_: str) -> Response:
    """For whoever didn't ask for a page."""
    if format_ == "json":
        return Response.json({"ok": False, "error": message, "status": status}, status=status)
    return Response.text(f"{message}\n", status=status)


def cell(value: Any) -> str:
    if value is None:
        return ""
    text = f"{len(value):,} bytes" if isinstance(value, bytes | memoryview) else str(value)
    return text if len(text) <= MOST_TEXT else text[: MOST_TEXT - 1] + "…"


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def row_path(values: Sequence[Any]) -> str:
    """The end of a row's address, by its key."""
    return ",".join(tilde_encode(str(value)) for value in values)


def sql_address(datasette: Any, database: str, sql: str) -> str | None:
    """The SQL page with it; None where that would be too long."""
    address = f"{datasette.urls.database(database)}?{urlencode({'sql': sql})}"
    return address if len(address) <= MOST_ADDRESS else None


def _plain(value: Any) -> Any:
    """JSON has no word for infinity."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return _hex(value)


def _hex(value: Any) -> Any:
    return bytes(value).hex() if isinstance(value, bytes | memoryview) else value
