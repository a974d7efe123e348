"""Comments on tables and columns, as metadata of Datasette. The core asks for all of them several times a page."""

import copy
import functools
from typing import Any

from .catalogue import Catalogue, Table


class Descriptions(dict[str, Any]):
    """Gives copies: the core writes the user's metadata into what it gets, and this is kept as long as the catalogue."""

    def __getitem__(self, table: str) -> Any:
        return copy.deepcopy(super().__getitem__(table))

    def get(self, table: str, default: Any = None) -> Any:
        return copy.deepcopy(super().get(table, default))


def of_all(catalogue: Catalogue) -> Descriptions:
    """Written once for each catalogue."""
    return Descriptions(_written(catalogue))


@functools.lru_cache(maxsize=16)
def _written(catalogue: Catalogue) -> dict[str, Any]:
    relations = [*catalogue.tables.values(), *catalogue.views.values()]
    return {relation.name: about for relation in relations if (about := of_one(relation))}


def of_one(relation: Table) -> dict[str, Any]:
    columns = {column.name: column.comment for column in relation.columns if column.comment}
    about = {"description": relation.comment, "columns": columns}
    return {key: value for key, value in about.items() if value}
