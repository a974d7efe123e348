"""`python -m loader token …`: parses, calls, prints."""

import click

from loader.django_setup import django_ready

MOST_DAYS = 3650
MOST_NAME = 100


@click.group()
def token() -> None:
    """API tokens, with which scripts ask the portal instead of with a password."""


@token.command("add")
@click.argument("user")
@click.option("--days", type=click.IntRange(1, MOST_DAYS), default=365, show_default=True, help="How long it is valid.")
@click.option("--name", default="", help="What it is for; shown in the list.")
def add_token(user: str, days: int, name: str) -> None:
    """Make a token for USER. It is printed this once, alone on standard output; only its digest is kept."""
    if len(name) > MOST_NAME:
        raise click.BadParameter(f"at most {MOST_NAME} characters", param_hint="--name")
    with django_ready():
        from loader import api_tokens

        number, made, expires_at = api_tokens.add(user, name=name, days=days)
    click.echo(f"Token {number} of {user}, valid until {expires_at:%Y-%m-%d}. It is shown this once:", err=True)
    click.echo(made)


@token.command("list")
@click.argument("user", required=False)
def list_tokens(user: str | None) -> None:
    """One token a line, those that have ended too: number, account, state, from, until, name."""
    with django_ready():
        from loader import api_tokens

        for row in api_tokens.all_tokens(user):
            dates = f"{row.made_at:%Y-%m-%d}  {row.expires_at:%Y-%m-%d}"
            click.echo(f"{row.number:>4}  {row.user}  {row.state}  {dates}  {row.name}".rstrip())


@token.command("revoke")
@click.argument("number", type=int)
def revoke_token(number: int) -> None:
    """End a token at once; NUMBER is what `token list` shows."""
    with django_ready():
        from loader import api_tokens

        user = api_tokens.revoke(number)
    click.echo(f"Revoked token {number} of {user}.")
