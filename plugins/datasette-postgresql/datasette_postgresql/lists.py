"""Lists of JSON in text columns, as SQL: whether a text is one, and its elements.

From PostgreSQL 16 on `is json array` tells; before it a pattern does, for lists whose elements are scalars or hold nothing but
scalars. Neither errs: what `json` would refuse to read is no list. There are no braces in these patterns, since they become
part of templates.
"""

from .catalogue import Column
from .columns import base

HAS_IS_JSON = 16  # the major version
H = "[0-9a-fA-F]"
# JSON's grammar allows the null character and half a surrogate pair; PostgreSQL's text doesn't.
UNREADABLE = rf"\\u0000|\\u[dD][89abAB]{H}{H}(?!\\u[dD][c-fC-F]{H}{H})|(?<!\\u[dD][89abAB]{H}{H})\\u[dD][c-fC-F]{H}{H}"
_SPACE = r"[ \t\n\r]*"
_STRING = rf'"(?:[^"\\\u0001-\u001f]|\\["\\/bfnrt]|\\u{H}{H}{H}{H})*"'
_NUMBER = r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"


def _between(opening: str, element: str, closing: str) -> str:
    return f"{opening}{_SPACE}(?:{element}(?:{_SPACE},{_SPACE}{element})*{_SPACE})?{closing}"


_SCALAR = f"(?:{_STRING}|{_NUMBER}|true|false|null)"
_OBJECT = _between(r"\u007b", f"{_STRING}{_SPACE}:{_SPACE}{_SCALAR}", r"\u007d")
_ELEMENT = f"(?:{_SCALAR}|{_between('[[]', _SCALAR, ']')}|{_OBJECT})"
LIST = f"^{_SPACE}{_between('[[]', _ELEMENT, ']')}{_SPACE}$"


def is_list(c: str, server: int) -> str:
    """A condition, null for null; `c` is SQL of a text, `server` the major version."""
    shape = f"{c} is json array" if server >= HAS_IS_JSON else f"{c} ~ '{LIST}'"
    return f"{shape} and {c} !~ '{UNREADABLE}'"


def elements_of_text(c: str, server: int) -> str:
    """A row source of texts; none of what is no list."""
    return f"json_array_elements_text(case when {is_list(c, server)} then {c}::json else json_build_array() end)"


def is_list_of_texts(c: str, server: int) -> str:
    """As is_list, where every element is a string."""
    texts = f"^{_SPACE}{_between('[[]', _STRING, ']')}{_SPACE}$"
    return f"{is_list(c, server)} and {c} ~ '{texts}'"


def as_jsonb(column: Column, c: str) -> str:
    """Null for the json that jsonb would refuse."""
    return f"case when {c}::text !~ '{UNREADABLE}' then {c}::jsonb end" if base(column) == "json" else c


def elements_of_json(c: str) -> str:
    """As elements_of_text, of the type json, which keeps what text can't hold; jsonb doesn't."""
    shape = f"json_typeof({c}) = 'array' and {c}::text !~ '{UNREADABLE}'"
    return f"json_array_elements_text(case when {shape} then {c} else json_build_array() end)"
