"""Datasette's filters (`?column__gt=5`) on columns whose type is known.

A value that the column's type can't read matches nothing, as in SQLite. A type this plugin doesn't know is compared as text.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from datasette.filters import Filters, InFilter, NotInFilter
from datasette.utils.asgi import BadRequest

from .catalogue import Column, Table
from .columns import base, comparable, filterable, is_array, is_day, is_storable, is_text, json_of
from .lists import elements_of_json, elements_of_text
from .quoting import quote

Clause = tuple[str, list[str]]  # SQL with {0}, {1}, … for its values

ORDERED = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
PATTERNS = {"contains": "%{}%", "endswith": "%{}", "startswith": "{}%", "like": "{}", "notlike": "{}"}
DAY_PATTERN = r"^\d\d\d\d-\d\d-\d\d"
NEGATIONS = ("not", "notlike", "arraynotcontains")
BY_ELEMENT_OR_NONE = ("in", "notin", "isnull", "notnull", "isblank", "notblank")  # what they do with a value
EMPTY_LIST = "jsonb_build_array()"


def split(value: str) -> list[Any]:
    """A JSON list, or texts between commas."""
    if value.startswith("["):
        try:
            found = json.loads(value)
        except (ValueError, RecursionError):
            found = None
        if isinstance(found, list):
            return found
    return [part.strip() for part in value.split(",")]


class _In(InFilter):  # type: ignore[misc]
    def split_value(self, value: str) -> list[Any]:
        return split(value)


class _NotIn(NotInFilter):  # type: ignore[misc]
    def split_value(self, value: str) -> list[Any]:
        return split(value)


class PgFilters(Filters):  # type: ignore[misc]  # datasette has no types
    """The same names and descriptions as the core's."""

    _filters: tuple[Any, ...] = tuple({"in": _In(), "notin": _NotIn()}.get(f.key, f) for f in Filters._filters)
    _filters_by_key = {f.key: f for f in _filters}  # noqa: RUF012

    def __init__(self, pairs: Any, units: Any = None, ureg: Any = None, *, relation: Table | None = None) -> None:
        super().__init__(pairs, units, ureg)
        self.relation = relation

    def build_where_clauses(self, table: str) -> tuple[list[str], dict[str, str]]:
        clauses: list[str] = []
        params: dict[str, str] = {}
        for name, lookup, value in self.selections():
            if lookup not in self._filters_by_key:
                continue
            column = self.relation.column(name) if self.relation else None
            sql, values = clause(column, quote(name), lookup, self._converted(name, value))
            names = [f"p{len(params) + i}" for i in range(len(values))]
            clauses.append(sql.format(*(f":{param}" for param in names)))
            params.update(zip(names, values, strict=True))
        return clauses, params

    def _converted(self, column: str, value: str) -> str:
        try:
            return str(self.convert_unit(column, value))
        except Exception as error:  # pint raises whatever its parser meets
            raise BadRequest(f"{value!r} is not a quantity that {column} can be compared with") from error


def clause(column: Column | None, name: str, lookup: str, value: str) -> Clause:
    """`name` is quoted SQL. An unknown column is sent, so that PostgreSQL says that there is none."""
    c = name.replace("{", "{{").replace("}", "}}")
    if lookup not in BY_ELEMENT_OR_NONE and not is_storable(value):
        return (f"{c} is not null" if lookup in NEGATIONS else "false"), []
    if lookup in ("exact", "not"):
        return _equal(column, c, value, negated=lookup == "not")
    if lookup in ORDERED:
        return _ordered(column, c, ORDERED[lookup], value)
    if lookup in PATTERNS:
        word = "not ilike" if lookup == "notlike" else "ilike"
        return f"{_text(column, c)} {word} {{0}}", [PATTERNS[lookup].format(value).replace("\\", "\\\\")]
    if lookup in ("in", "notin"):
        return _member(column, c, split(value), negated=lookup == "notin")
    return _OTHERS[lookup](column, c, value)


def _text(column: Column | None, c: str) -> str:
    return c if column is not None and is_text(column) else f"{c}::text"


def _side(column: Column | None, c: str, value: str) -> tuple[str, str] | None:
    """Both sides of an equality; None where the column's type can't read the value."""
    if column is not None and is_array(column) and value.lstrip().startswith("["):
        return (f"to_jsonb({c})", "{p}::jsonb") if _is_json_text(value) else None
    sides = filterable(column, value)
    return None if sides is None else (sides[0].replace("{c}", c), sides[1])


def _equal(column: Column | None, c: str, value: str, *, negated: bool) -> Clause:
    sides = _side(column, c, value)
    if sides is None:
        return (f"{c} is not null" if negated else "false"), []
    left, right = sides
    return f"{left} {'!=' if negated else '='} {right.replace('{p}', '{0}')}", [value]


def _ordered(column: Column | None, c: str, operator: str, value: str) -> Clause:
    if column is not None and is_day(column):
        value, operator = _whole_day(value, operator)
    sides = filterable(column, value)
    if sides is None:
        return "false", []
    return f"{sides[0].replace('{c}', c)} {operator} {sides[1].replace('{p}', '{0}')}", [value]


def _whole_day(value: str, operator: str) -> tuple[str, str]:
    """`> 2024` as it comes out for text: every day of a month is greater than the month's own text."""
    match = re.fullmatch(r"(\d{4})(?:-(\d{2}))?", value.strip())
    if match is None:
        return value, operator
    return f"{match[1]}-{match[2] or '01'}-01", {">": ">=", "<=": "<"}.get(operator, operator)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _member(column: Column | None, c: str, values: list[Any], *, negated: bool) -> Clause:
    """SQL's rule for null in a list: `in` never finds it, `not in` finds nothing at all."""
    if negated and None in values:
        return "false", []
    texts = [_plain(value) for value in values if value is not None]
    sides = [(side, text) for text in texts if (side := _side(column, c, text)) is not None]
    if not sides:
        return (f"{c} is not null" if negated else "false"), []
    groups: dict[str, list[str]] = {}
    for position, ((left, right), _) in enumerate(sides):
        groups.setdefault(left, []).append(right.replace("{p}", f"{{{position}}}"))
    word, joint = ("not in", " and ") if negated else ("in", " or ")
    parts = [f"{left} {word} ({', '.join(rights)})" for left, rights in groups.items()]
    return (parts[0] if len(parts) == 1 else f"({joint.join(parts)})"), [text for _, text in sides]


def _glob(column: Column | None, c: str, value: str) -> Clause:
    pattern = glob_pattern(value)
    return ("false", []) if pattern is None else (f"{_text(column, c)} ~ {{0}}", [pattern])


def glob_pattern(glob: str) -> str | None:
    """SQLite's GLOB as PostgreSQL's regular expression; None for what can't match: a bracket that isn't closed, `[z-a]`."""
    pieces, position = [], 0
    while position < len(glob):
        character = glob[position]
        if character == "[":
            negated = glob[position + 1 : position + 2] == "^"
            start = position + 1 + negated
            end = glob.find("]", start + 1)
            inside = _bracket(glob[start:end]) if end > 0 else ""
            if not inside and not (negated and end > 0):
                return None
            pieces.append(f"[{'^' if negated else ''}{inside}]" if inside else ".")
            position = end
        else:
            pieces.append({"*": ".*", "?": "."}.get(character) or _literal(character))
        position += 1
    return f"^{''.join(pieces)}$"


def _bracket(inside: str) -> str:
    """What stands between brackets, without the ranges that are empty, which PostgreSQL refuses."""
    parts, rest = [], inside
    while rest:
        first, last = rest[0], rest[2:3]
        is_range = rest[1:2] == "-" and bool(last) and not (first == "]" and rest is inside)
        if not is_range:
            parts.append(_literal(first))
        elif first <= last:
            parts.append(f"{_literal(first)}-{_literal(last)}")
        rest = rest[3:] if is_range else rest[1:]
    return "".join(parts)


def _literal(character: str) -> str:
    return re.sub(r"\W", r"\\\g<0>", character, flags=re.ASCII)


def elements(column: Column, c: str) -> str | None:
    """A row source of the texts in an array, or in JSON's; None for what holds no list."""
    if is_array(column):
        return f"unnest({c}::text[])"
    if base(column) == "json":
        return elements_of_json(c)
    if base(column) == "jsonb":
        return f"jsonb_array_elements_text(case when jsonb_typeof({c}) = 'array' then {c} else {EMPTY_LIST} end)"
    if is_text(column):
        return elements_of_text(c if column.type == "text" else f"{c}::text", column.server)
    return None


def _contains(column: Column | None, c: str, value: str) -> Clause:
    source = elements(column, c) if column else None
    if source is None:
        return "false", []
    return f"exists (select 1 from {source} as item(value) where item.value = {{0}})", [value]


def _contains_not(column: Column | None, c: str, value: str) -> Clause:
    sql, values = _contains(column, c, value)
    return f"not {sql}", values


def day_of(column: Column | None, c: str) -> str:
    """SQL for the day as text, null where there is none."""
    if column is not None and is_day(column):
        return f"{c}::date::text"
    text = _text(column, c)
    return f"case when {text} ~ '{DAY_PATTERN}' then left({text}, 10) end"


def _date(column: Column | None, c: str, value: str) -> Clause:
    """Of a column of days as a range, which an index can answer."""
    if column is None or not is_day(column):
        return f"{day_of(column, c)} = {{0}}", [value]
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value.strip()) or comparable(column, value) is None:
        return "false", []
    return f"({c} >= {{0}}::date and {c} < {{0}}::date + 1)", [value.strip()]


def _blank(column: Column | None, c: str, value: str) -> Clause:
    return (f"({c} is null or {c} = '')" if column is None or is_text(column) else f"{c} is null"), []


def _not_blank(column: Column | None, c: str, value: str) -> Clause:
    return (f"({c} is not null and {c} != '')" if column is None or is_text(column) else f"{c} is not null"), []


_OTHERS: Mapping[str, Callable[[Column | None, str, str], Clause]] = {
    "glob": _glob,
    "arraycontains": _contains,
    "arraynotcontains": _contains_not,
    "date": _date,
    "isnull": lambda column, c, value: (f"{c} is null", []),
    "notnull": lambda column, c, value: (f"{c} is not null", []),
    "isblank": _blank,
    "notblank": _not_blank,
}


def _is_json_text(value: str) -> bool:
    try:
        json_of(value)
    except (ValueError, RecursionError):
        return False
    return True
