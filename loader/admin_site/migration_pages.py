"""Migrations: which are applied, which aren't, and the SQL of each as it would run. To run them is `init`'s work."""

# mypy: disable-error-code="import-untyped, misc, no-any-unimported"

import sys
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import RunPython
from django.db.migrations.recorder import MigrationRecorder
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse

COMMAND = "python -m loader init"


@dataclass(frozen=True)
class State:
    app: str
    name: str
    applied: datetime | None
    meaning: str


def migrations(request: HttpRequest) -> HttpResponse:
    states = all_states()
    pending = [state for state in states if state.applied is None]
    context = {
        "title": "Migrations",
        "pending": [(state, *sql_of(state.app, state.name)) for state in pending],
        "applied": [state for state in reversed(states) if state.applied is not None],
        "command": COMMAND,
    }
    return TemplateResponse(request, "loader_admin/migrations.html", admin.site.each_context(request) | context)


def migration(request: HttpRequest, app: str, name: str) -> HttpResponse:
    state = next((state for state in all_states() if (state.app, state.name) == (app, name)), None)
    if state is None:
        raise Http404(f"There is no migration {app} {name}.")
    statements, has_python = sql_of(app, name)
    context = {"title": f"{app} {name}", "state": state, "sql": statements, "has_python": has_python, "command": COMMAND}
    return TemplateResponse(request, "loader_admin/migration.html", admin.site.each_context(request) | context)


def all_states() -> list[State]:
    """In the order in which an empty database would get them."""
    executor = MigrationExecutor(connection)
    applied = {key: record.applied for key, record in MigrationRecorder(connection).applied_migrations().items()}
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes(), clean_start=True)
    return [State(each.app_label, each.name, applied.get((each.app_label, each.name)), _first_line(each)) for each, _ in plan]


def sql_of(app: str, name: str) -> tuple[str, bool]:
    """As `sqlmigrate` has it: collected, not run. Also whether Python belongs to it, which isn't SQL beforehand."""
    loader = MigrationLoader(connection, replace_migrations=False)
    node = loader.graph.nodes[app, name]
    statements = loader.collect_sql([(node, False)])
    has_python = any(isinstance(operation, RunPython) for operation in node.operations)
    begin, commit = (["begin;"], ["commit;"]) if node.atomic and statements else ([], [])
    return "\n".join([*begin, *statements, *commit]) or "-- nothing to be done in the database", has_python


def _first_line(node: Any) -> str:
    document = sys.modules[type(node).__module__].__doc__ or ""
    return document.strip().partition("\n")[0]
