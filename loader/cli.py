"""`python -m loader`: parses, calls, prints. Errors are one sentence on standard error and status 1."""

# mypy: disable-error-code="import-untyped"

import os
import sys
from collections.abc import Iterator
from contextlib import closing

import click
import psycopg2
from server.errors import ServerError
from server.settings import Settings

from loader import roles, steps
from loader.check_cli import check
from loader.consume_cli import consume_group
from loader.django_setup import django_ready
from loader.errors import AccountError, LoaderError
from loader.interrupts import end_at_signals, interrupted
from loader.load_cli import load, unload_demo
from loader.runs_cli import list_runs, show_run, undo_run
from loader.serve_cli import serve
from loader.token_cli import token


@click.group()
def cli() -> None:
    """Fill the database of the ELAsTiCC portal, and look after its accounts."""


cli.add_command(load)
cli.add_command(check)
cli.add_command(unload_demo)
for command in (serve, consume_group, list_runs, show_run, undo_run):
    cli.add_command(command)
cli.add_command(token)


@cli.command()
def init() -> None:
    """Make roles, tables and grants, or bring them up to date. Doing it again changes nothing."""
    with django_ready() as url, closing(steps.connect(url)) as connection:
        said = _say(roles.prepare(connection, Settings.from_env(), url))
        said += _migrate()
        said += _say(roles.finish(connection))
    if not said:
        click.echo("The database is ready; there was nothing to do.")


@cli.group()
def user() -> None:
    """The accounts that may log in to the portal."""


@user.command("add")
@click.argument("name")
@click.option("--admin", is_flag=True, help="An administrator: may use the admin site and write everything.")
def add_user(name: str, admin: bool) -> None:
    """Make an account. The password comes from a prompt, or from standard input where that is no terminal."""
    with django_ready():
        from loader import accounts

        accounts.add(name, _password())
        if admin:
            accounts.grant(name, "admin")
    click.echo(f"Added {name}.")


@user.command("passwd")
@click.argument("name")
def change_password(name: str) -> None:
    """Change an account's password; read as for `add`."""
    with django_ready():
        from loader import accounts

        accounts.must_exist(name)
        accounts.set_password(name, _password())
    click.echo(f"Changed the password of {name}.")


@user.command("list")
def list_users() -> None:
    """One account a line; administrators, and those that can't log in, are marked so."""
    with django_ready():
        from loader import accounts

        for account in accounts.all_accounts():
            marks = ("administrator",) * account.is_admin + ("disabled",) * (not account.is_active)
            click.echo(f"{account.name}  ({', '.join(marks)})" if marks else account.name)


@user.command("disable")
@click.argument("name")
def disable_user(name: str) -> None:
    """Keep an account from logging in."""
    with django_ready():
        from loader import accounts

        accounts.set_active(name, active=False)
    click.echo(f"Disabled {name}.")


@user.command("enable")
@click.argument("name")
def enable_user(name: str) -> None:
    """Let a disabled account log in again."""
    with django_ready():
        from loader import accounts

        accounts.set_active(name, active=True)
    click.echo(f"Enabled {name}.")


RIGHTS = click.Choice(("admin", "broker"))


@user.command("grant")
@click.argument("name")
@click.argument("right", type=RIGHTS)
def grant_right(name: str, right: str) -> None:
    """Make an account an administrator, who may use the admin site and write everything; or let it write brokers' messages."""
    with django_ready():
        from loader import accounts

        accounts.grant(name, right)
    click.echo(f"{name} may write as {right}.")


@user.command("revoke")
@click.argument("name")
@click.argument("right", type=RIGHTS)
def revoke_right(name: str, right: str) -> None:
    """Take a right away that `grant` gave."""
    with django_ready():
        from loader import accounts

        accounts.revoke(name, right)
    click.echo(f"{name} may no longer write as {right}.")


@cli.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def manage(arguments: tuple[str, ...]) -> None:
    """Django's own commands, with the database at hand: manage makemigrations, manage runserver …"""
    with django_ready():
        from django.core.management import execute_from_command_line

        execute_from_command_line(["python -m loader manage", *arguments])


def _migrate() -> int:
    """Apply what migrations are new; returns their number."""
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if plan:
        call_command("migrate", interactive=False, verbosity=0)
        click.echo(f"applied {len(plan)} migrations: {', '.join(str(migration) for migration, _ in plan)}")
    connection.close()
    return len(plan)


def _say(outcomes: Iterator[steps.Outcome]) -> int:
    """Print each outcome as it comes; returns their number."""
    number = 0
    for outcome in outcomes:
        number += 1
        if outcome.refused is None:
            click.echo(outcome.what)
        else:
            wanted = "; ".join(outcome.statements)
            click.echo(f"NOT DONE: {outcome.what} ({outcome.refused}). A superuser would run: {wanted};", err=True)
    return number


def _password() -> str:
    if sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, confirmation_prompt="Again"))
    try:
        password = sys.stdin.readline().rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise AccountError("The password on standard input is no UTF-8.") from error
    if not password:
        raise AccountError("There is no password on standard input.")
    return password


def main() -> None:
    end_at_signals()
    try:
        cli(prog_name="python -m loader")
    except SystemExit:
        if interrupted.is_set():  # all is closed, but a thread of pyarrow's may be reading still: Python would abort
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(1)
        raise
    except (LoaderError, ServerError) as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(1)
    except Exception as error:
        cause = error if isinstance(error, psycopg2.Error) else error.__cause__  # Django wraps them
        if not isinstance(cause, psycopg2.Error):
            raise
        click.echo(f"Error: The database failed: {' '.join(str(cause).split())}", err=True)
        sys.exit(1)
