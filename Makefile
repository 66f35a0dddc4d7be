# Sync Admin. `make demo` shows it, `make test` checks it.
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000
SANDBOX_PORT ?= 8900

.PHONY: demo test lint format bench chaos clean

demo: $(VENV)/run.stamp
	@PORT=$(PORT) SANDBOX_PORT=$(SANDBOX_PORT) $(BIN)/python manage.py demo

test: $(VENV)/dev.stamp
	$(BIN)/python tests/run.py

lint: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/lint-imports

format: $(VENV)/dev.stamp
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

$(VENV)/run.stamp: requirements.txt
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version) if sys.version_info < (3, 11) else None'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

$(VENV)/dev.stamp: $(VENV)/run.stamp requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@

bench: $(VENV)/dev.stamp
	$(BIN)/python -m tests.bench
	$(BIN)/python -m tests.bench.pages
	$(BIN)/python -m tests.bench.log
	$(BIN)/python -m tests.bench.couplings

chaos: $(VENV)/dev.stamp
	$(BIN)/python -m tests.chaos

clean:
	rm -rf $(VENV) data test-results
