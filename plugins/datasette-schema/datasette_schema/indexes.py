"""What an index is good for, in words: of PostgreSQL's own definition, its kind and its columns."""

import re
from collections.abc import Sequence

from datasette_postgresql import Index

from .structure import Link

_METHOD = re.compile(r" USING (\w+) \(")
_CONDITION = re.compile(r" WHERE (.+)$", re.DOTALL)
OTHERS = {
    "gin": "finds rows by what is within {}: words, parts of a list or of JSON",
    "gist": "finds rows by overlap, containment or nearness of {}",
    "spgist": "finds rows by place or prefix of {}",
    "brin": "skips the parts of the table that can't hold the {} looked for",
    "hash": "finds rows by the very value of {}",
}


def serves(index: Index, links: Sequence[Link]) -> str:
    """A sentence without its full stop. `links` are the table's own foreign keys."""
    keys = [_unwrapped(key) for key, _ in index.keys] or list(index.columns)
    names = _listed(keys)
    method = _METHOD.search(index.definition)
    kind = method[1] if method else "btree"
    if index.is_primary:
        said = f"primary key: finds the row by {names}"
    elif index.is_unique:
        said = f"keeps {names} unique, and finds the row by it"
    elif kind in OTHERS:
        said = OTHERS[kind].format(names)
    else:
        said = f"finds and sorts rows by {names}"
    if kind == "btree" and len(keys) > 1:
        said += f"; by {keys[0]} alone, too"
    targets = dict.fromkeys(link.other for link in links if set(index.columns[: len(link.columns)]) == set(link.columns))
    if targets and kind == "btree" and not index.is_primary:
        said += f"; from a row of {_listed(list(targets))} to these rows"
    condition = _CONDITION.search(index.definition)
    if index.is_partial and condition:
        said += f"; only rows where {_unwrapped(condition[1])}"
    return said


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}" if names else "nothing"


def _unwrapped(text: str) -> str:
    """Without the quotes and the outer brackets that SQL wants."""
    if text[:1] == '"' and text[-1:] == '"' and text.count('"') == 2:
        return text[1:-1]
    return text[1:-1] if text[:1] == "(" and text[-1:] == ")" and "(" not in text[1:-1] else text
