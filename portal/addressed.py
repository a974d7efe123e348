"""The portal's Datasette, whose addresses of static files carry the files' hashes wherever a template or a plugin makes one."""

from functools import cached_property
from pathlib import Path
from typing import Any

import datasette
from datasette.app import Datasette
from datasette.plugins import get_plugins
from datasette.url_builder import Urls
from datasette.utils import PrefixedUrlString

from portal.static_files import App, StaticFiles


class AddressedDatasette(Datasette):  # type: ignore[misc]  # datasette has no types
    """One that serves its static files so that browsers keep them."""

    @cached_property
    def static_files(self) -> StaticFiles:
        folders = {"/-/static/": Path(datasette.__file__).parent / "static"}
        folders |= {f"/{path}/": Path(folder) for path, folder in self.static_mounts}
        for plugin in get_plugins():
            if plugin["static_path"]:
                folders[f"/-/static-plugins/{plugin['name']}/"] = Path(plugin["static_path"])
        return StaticFiles(folders)

    @cached_property
    def import_map(self) -> dict[str, str]:
        """Made once: a file that changes while the portal runs is then asked for again by its old version, and found."""
        return self.static_files.import_map()

    @property
    def urls(self) -> "AddressedUrls":
        return AddressedUrls(self)

    def app(self) -> App:
        inner: App = super().app()
        return self.static_files.serving(inner)


class AddressedUrls(Urls):  # type: ignore[misc]
    """What templates call `urls`."""

    def path(self, path: str, format: str | None = None) -> Any:
        return PrefixedUrlString(self.ds.static_files.versioned(super().path(path, format)))

    def import_map(self) -> dict[str, str]:
        imports: dict[str, str] = self.ds.import_map
        return imports

    def preloads(self, scripts: list[dict[str, Any]]) -> list[str]:
        """Of the page's scripts, as Datasette gives them to a template."""
        found: list[str] = self.ds.static_files.preloads(str(script["url"]) for script in scripts if script.get("module"))
        return found
