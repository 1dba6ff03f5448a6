# `make run` starts the product and `make test` passes the tests, each from nothing but Python 3.11 and make.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
# processes that run tests: as many as there are cores, or 0 for none beside this one
WORKERS ?= auto
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps
# uv takes seconds where pip takes a minute; it may not know the registry that pip was told of
UV := $(if $(shell command -v uv),uv pip install --quiet --no-deps --python $(BIN)/python -r $$lock ||)
PYTEST := $(BIN)/python -m pytest
# What failed is tried once more, alone: a machine that other programs keep busy misses a deadline now and then.
AGAIN = echo "once more, what failed, one after the other:" && $(PYTEST) --last-failed --maxfail 5 $(ARGS)
INSTALL = lock=$<; $(UV) $(PIP) -r $$lock

.PHONY: run test lint bench soak train clean

run: .venv/serving  ## chat, API and docs on http://127.0.0.1:8000
	@$(BIN)/python app.py $(ARGS)

test: .venv/everything  ## all tests; those in a browser need Debian's chromium and say so when they skip
	@$(PYTEST) -n $(WORKERS) --dist loadfile $(ARGS) || { [ $$? = 1 ] && $(AGAIN); }

lint: .venv/everything  ## style and types
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

bench: .venv/everything  ## measurements side by side, as ratios within one run
	@$(BIN)/python -m benchmarks $(ARGS)

soak: .venv/everything  ## the long tests: kills, faults and load, an hour and more
	@$(BIN)/python -m pytest tests/soak/*.py $(ARGS)

train: .venv/everything  ## make train DATA=btcusd.csv OTHER=ethusd.csv
	@$(BIN)/python app.py train --recipe quantile --data $(DATA) --other $(OTHER) --out models/quantile

clean:  ## forget the environment
	rm -rf .venv

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || \
		{ echo "CryptoSense needs Python 3.11: install it, or name it: make run PYTHON=/path/to/python3.11" >&2; exit 1; }
	@echo "creating .venv ..."
	@$(PYTHON) -m venv .venv

.venv/serving: requirements.lock | .venv/bin/python
	@echo "installing what serving needs (once; TensorFlow is not among it) ..."
	@$(INSTALL)
	@touch $@

.venv/everything: requirements-dev.lock | .venv/bin/python
	@echo "installing everything, TensorFlow and the test tools too (once) ..."
	@$(INSTALL)
	@touch $@ .venv/serving
