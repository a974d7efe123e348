"""/accounts/login/ and /db/… as the old system answered them, for scripts that know only their addresses.

`login` and `csrf` let people in, `statements` reads what is asked, `values` writes rows as Django did, `sql` answers at once,
`long` queues what takes longer. Cross-site requests are refused as the old system did it: see csrf.py.
"""

from __future__ import annotations

from typing import Any

from datasette import hookimpl

from plugins.accounts import is_portal
from plugins.tom_compat.csrf import is_ours
from plugins.tom_compat.login import LOGIN, LOGOUT, login, logout, to_login
from plugins.tom_compat.long import CANCEL, CHECK, LIST, RESULTS, SUBMIT, cancel, check, listing, results, submit
from plugins.tom_compat.sql import RUN, run_sql_query

QUERY_ID = r"(?P<id>[^/]+)"


@hookimpl  # type: ignore[untyped-decorator]
def register_routes() -> list[tuple[str, Any]]:
    if not is_portal():
        return []
    return [
        (rf"^{LOGIN}$", login),
        (rf"^{LOGIN.rstrip('/')}$", to_login),
        (rf"^{LOGOUT}$", logout),
        (rf"^{RUN}?$", run_sql_query),
        (rf"^{SUBMIT}?$", submit),
        (rf"^{CHECK}{QUERY_ID}/?$", check),
        (rf"^{RESULTS}{QUERY_ID}/?$", results),
        (rf"^{LIST}?$", listing),
        (rf"^{CANCEL}{QUERY_ID}/?$", cancel),
    ]


@hookimpl  # type: ignore[untyped-decorator]
def skip_csrf(scope: dict[str, Any]) -> bool:
    """These pages check by the old system's cookie instead."""
    return is_portal() and is_ours(scope["path"])
