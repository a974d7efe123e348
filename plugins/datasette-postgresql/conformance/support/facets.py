"""The plugin's facet classes under the names of Datasette's."""

from datasette_postgresql.facets import PgArrayFacet as ArrayFacet
from datasette_postgresql.facets import PgColumnFacet as ColumnFacet
from datasette_postgresql.facets import PgDateFacet as DateFacet

__all__ = ["ArrayFacet", "ColumnFacet", "DateFacet"]
