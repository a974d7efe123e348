"""`python -m server run [FOLDER …]`: the whole house on this machine, until Ctrl-C."""

import errno
import sys

import click

from server.errors import ServerError
from server.run import run
from server.settings import Settings


@click.group()
def main() -> None:
    """Run the ELAsTiCC portal on this machine."""


@main.command("run")
@click.argument("data", nargs=-1, type=click.Path(exists=True, file_okay=False), metavar="[FOLDER]...")
def run_command(data: tuple[str, ...]) -> None:
    """Start PostgreSQL, load FOLDERs of SNANA FITS (or the project's sample), serve the portal."""
    try:
        run(Settings.from_env(), data)
    except KeyboardInterrupt:
        print("Stopped.", flush=True)
    except ServerError as error:
        sys.exit(str(error))
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        sys.exit(f"The disk is full: {error.filename or 'no space left'}.")


if __name__ == "__main__":
    main()
