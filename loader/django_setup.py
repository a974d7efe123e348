"""Django, set up against a server that runs. Nothing of Django may be imported before."""

# mypy: disable-error-code="import-untyped"

import os
from collections.abc import Iterator
from contextlib import contextmanager

from server.embedded import connect
from server.settings import Settings


@contextmanager
def django_ready() -> Iterator[str]:
    """Yields the administrator's URL."""
    with connect(Settings.from_env()) as url:
        os.environ["ELASTICC_DATABASE_URL"] = url
        os.environ["DJANGO_SETTINGS_MODULE"] = "loader.settings"
        import django

        django.setup()
        yield url
