"""Tables and columns as JSON. README.md tells what each key is."""

from collections.abc import Mapping, Sequence
from typing import Any

from datasette_postgresql import Estimate

from .indexes import serves
from .measures import Measure
from .statistics import Statistics
from .structure import Column, Link, Table


def table(
    one: Table,
    address: str,
    *,
    columns: Sequence[Column] | None = None,
    statistics: Mapping[str, Statistics] | None = None,
    measure: Measure | None = None,
) -> dict[str, Any]:
    """With the key `statistics` for each column only where they were read; of `columns` where not all are meant."""
    return {
        "name": one.name,
        "kind": one.kind,
        "is_hidden": one.is_hidden,
        "title": one.title,
        "description": one.description,
        "rows": None if one.rows is None else int(one.rows),
        "rows_is_estimate": isinstance(one.rows, Estimate),
        "bytes": measure and measure.size,
        "analyzed": measure and measure.analysed,
        "columns": [_column(column, one, statistics) for column in (one.columns if columns is None else columns)],
        "indexes": [
            {
                "name": index.name,
                "columns": list(index.columns),
                "is_primary": index.is_primary,
                "is_unique": index.is_unique,
                "serves": serves(index, one.links),
                "definition": index.definition,
            }
            for index in one.indexes
        ],
        "foreign_keys": [_link(link) for link in one.links],
        "referenced_by": [_link(link) for link in one.linked_from],
        "url": address,
    }


def _link(link: Link) -> dict[str, Any]:
    return {
        "table": link.table,
        "columns": list(link.columns),
        "other_table": link.other,
        "other_columns": list(link.referenced),
    }


def _column(column: Column, one: Table, statistics: Mapping[str, Statistics] | None) -> dict[str, Any]:
    told: dict[str, Any] = {
        "name": column.name,
        "type": column.type,
        "unit": column.unit,
        "meaning": column.meaning,
        "ucd": column.ucd,
        "is_key": column.is_key,
        "may_be_null": column.may_be_null,
        "default": column.default,
        "values": list(column.values) or None,
        "refers_to": [{"table": table, "column": name} for table, name in column.refers_to],
    }
    if statistics is not None:
        told["statistics"] = _statistics(statistics.get(column.name), one.rows)
    return told


def _statistics(found: Statistics | None, rows: int | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "null_fraction": found.null_fraction,
        "distinct": found.distinct_of(rows),
        "low": found.low,
        "high": found.high,
        "common": [{"value": value, "share": share} for value, share in found.common],
        "histogram": found.histogram
        and {"low": found.histogram.low, "high": found.histogram.high, "shares": list(found.histogram.shares)},
    }
