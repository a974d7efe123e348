"""Finds tables and columns by words of names, types, units, UCDs and meanings. Every one must occur, in any order and case."""

from collections.abc import Sequence
from dataclasses import dataclass

from .structure import Column, Table

MOST_COLUMNS = 300  # that are shown; all are counted


@dataclass(frozen=True)
class Match:
    """`is_table`: the table's own words fit, and `columns`, which may be none, are those that fit by themselves."""

    table: Table
    columns: tuple[Column, ...]
    is_table: bool


@dataclass(frozen=True)
class Matches:
    """`tables` and `columns` are how many there are; of `found`, what comes after the first MOST_COLUMNS is left out."""

    words: tuple[str, ...]
    found: tuple[Match, ...]
    tables: int
    columns: int


def words_of(asked: str) -> tuple[str, ...]:
    return tuple(asked.lower().split())


def search(tables: Sequence[Table], asked: str, most: int | None = MOST_COLUMNS) -> Matches:
    """Tables that fit come first, then those with columns that do, where a word may be the table's, too."""
    words = words_of(asked)
    ranked: list[tuple[int, Match]] = []
    for table in tables:
        says = " ".join(filter(None, (table.name, table.kind, table.title, table.description))).lower()
        left = [word for word in words if word not in says]
        columns = sorted(
            (column for column in table.columns if _fits(column, left or words)), key=lambda column: _rank(column.name, words)
        )
        if columns or not left:
            rank = _rank(table.name, words) if not left else 3 + _rank(columns[0].name, words)
            ranked.append((rank, Match(table, tuple(columns), not left)))
    found = [match for _, match in sorted(ranked, key=lambda one: one[0])]
    return Matches(words, tuple(_first(found, most)), len(found), sum(len(match.columns) for match in found))


def _fits(column: Column, words: Sequence[str]) -> bool:
    text = "\0".join(filter(None, (column.name, column.type, column.unit, column.ucd, column.meaning))).lower()
    return all(word in text for word in words)


def _rank(name: str, words: Sequence[str]) -> int:
    """0 for the very name, 1 where a word is part of it, 2 else."""
    name = name.lower()
    return 0 if name in words else 1 if any(word in name for word in words) else 2


def _first(found: Sequence[Match], most: int | None) -> list[Match]:
    shown: list[Match] = []
    lines = 0
    for match in found:
        if most is not None and lines >= most:
            break
        shown.append(match)
        lines += max(1, len(match.columns))
    return shown
