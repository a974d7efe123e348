# Each target sets up what it needs; a fresh machine needs Python 3.11 or later and make.
PYTHON ?= python3
DATA ?=
WHAT ?=
PY := .venv/bin/python
STAMP := .venv/.installed
PACKAGES := $(patsubst %/pyproject.toml,%,$(wildcard plugins/*/pyproject.toml))
# Where Debian and Ubuntu put servers: postgresql-15 is /usr/lib/postgresql/15/bin.
SERVERS ?= $(dir $(wildcard /usr/lib/postgresql/*/bin/initdb))
# Without what make tells makes below it; and a folder of its own, since two that run at once clear away each other's.
ALONE := env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL
PLUGIN_TESTS = $(ALONE) $(PY) -m pytest --basetemp=build/test-plugin -p no:cacheprovider plugins/datasette-postgresql/tests

.PHONY: run test test-rooms test-plugin test-long test-versions lint bench conformance

run: $(STAMP)
	@exec $(PY) -m server run $(DATA)

# The plugin's tests beside all others: each waits more for its server than it computes. One after the other took half as long again.
test: $(STAMP) lint
	@$(MAKE) --no-print-directory -j2 test-rooms test-plugin

test-rooms: $(STAMP)
	@$(ALONE) $(PY) -m pytest tests

# Its words come at its end, so that they don't stand among the others'.
test-plugin: $(STAMP)
	@mkdir -p build
	@{ $(MAKE) --no-print-directory test-versions && $(PLUGIN_TESTS); } >build/test-plugin.log 2>&1; \
	  ended=$$?; cat build/test-plugin.log; exit $$ended

test-long: $(STAMP)
	$(PY) -m pytest -m long -s tests

# The plugin on the servers that are installed; `make test` has it on the embedded one, too.
test-versions: $(STAMP)
	@$(if $(SERVERS),,echo "No server in /usr/lib/postgresql: the plugin is tested on the embedded one alone (Debian: postgresql-15).")
	@for bin in $(SERVERS); do \
	  echo "The plugin's tests on $$($$bin/postgres --version):"; \
	  DATASETTE_POSTGRESQL_TEST_BIN=$$bin $(PLUGIN_TESTS) -m "not package" || exit 1; \
	done

lint: $(STAMP)
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy server loader portal plugins/*.py plugins/long_queries plugins/tom_compat $(filter-out %.egg-info,$(wildcard $(PACKAGES:%=%/datasette_*)))

bench: .venv/.bench
	@$(PY) -m tests.bench $(WHAT)

conformance: $(STAMP)
	@cd plugins/datasette-postgresql && ../../$(PY) -m conformance

.venv/.bench: tests/bench/requirements.txt $(STAMP)
	@$(PY) -m pip install --quiet --disable-pip-version-check -r tests/bench/requirements.txt
	@touch $@

$(STAMP): requirements.lock pyproject.toml $(PACKAGES:%=%/pyproject.toml)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed; set PYTHON=python3.x")'
	@echo "Installing into .venv …"
	@test -x $(PY) || $(PYTHON) -m venv .venv
	@$(PY) -m pip install --quiet --disable-pip-version-check -r requirements.lock
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-deps $(PACKAGES:%=-e %) -e .
	@touch $@
