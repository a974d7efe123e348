# Each target sets up what it needs; a fresh machine needs Python 3.11 or later and make.
PYTHON ?= python3
DATA ?=
WHAT ?=
PY := .venv/bin/python
STAMP := .venv/.installed
PACKAGES := $(patsubst %/pyproject.toml,%,$(wildcard plugins/*/pyproject.toml))

.PHONY: run test lint bench conformance

run: $(STAMP)
	@exec $(PY) -m server run $(DATA)

test: $(STAMP) lint
	$(PY) -m pytest

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
