"""Only Datasette's own plugins and ours; each test in the folder it likes."""

import os

import pytest
from datasette.plugins import DEFAULT_PLUGINS, pm

for _name, _plugin in pm.list_name_plugin():
    if _plugin is not None and _name not in DEFAULT_PLUGINS and _name != "postgresql":
        pm.unregister(name=_name)


@pytest.fixture
def restore_working_directory(tmp_path):
    before = os.getcwd()
    os.chdir(tmp_path)
    yield
    os.chdir(before)
