"""The plugin's facet classes under the names of Datasette's. It suggests for all of them at once; here each does for itself."""

from datasette_postgresql import facets
from datasette_postgresql.suggestions import suggestions


class _Suggesting:
    async def suggest(self):
        return (await suggestions([self]))[0]


class ColumnFacet(_Suggesting, facets.PgColumnFacet):
    pass


class ArrayFacet(_Suggesting, facets.PgArrayFacet):
    pass


class DateFacet(_Suggesting, facets.PgDateFacet):
    pass
