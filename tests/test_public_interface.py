"""What datasette-postgresql offers other plugins: documented, and all that they use of it."""

import ast
from pathlib import Path

import datasette_postgresql
import pytest
from house import PROJECT

README = (PROJECT / "plugins" / "datasette-postgresql" / "README.md").read_text()
PACKAGES = sorted(path for path in PROJECT.glob("plugins/datasette-*") if path.name != "datasette-postgresql")


@pytest.mark.parametrize("name", datasette_postgresql.__all__)
def test_every_name_is_there_and_documented(name: str) -> None:
    assert hasattr(datasette_postgresql, name)
    assert f"`{name}" in README.split("## For other plugins")[1].split("\n## ")[0], name


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.name)
def test_packages_import_nothing_else_of_it(package: Path) -> None:
    for file in sorted(package.glob("datasette_*/**/*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not [name for name in names if name.startswith("datasette_postgresql.")], file.name
            if isinstance(node, ast.ImportFrom) and node.module == "datasette_postgresql":
                assert {alias.name for alias in node.names} <= set(datasette_postgresql.__all__), file.name
