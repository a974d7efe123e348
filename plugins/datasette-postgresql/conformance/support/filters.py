"""The plugin's filters under the names of Datasette's, which are hooks: called, they give what is to be awaited."""

from functools import partial

from datasette_postgresql.filters import PgFilters as Filters
from datasette_postgresql.requested import search, through, where

__all__ = ["Filters", "search_filters", "through_filters", "where_filters"]


def search_filters(**arguments):
    return partial(search, **arguments)


def through_filters(**arguments):
    return partial(through, **arguments)


def where_filters(**arguments):
    return partial(where, table="", **arguments)
