# Every target does its own set-up: `make run` and `make test` work on a fresh clone.
.DEFAULT_GOAL := help
.PHONY: help run test bench lint format prove servers clean base dev

VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
# Tests spread over two processes; the real servers stay together, one process each.
XDIST ?= -n 2 --dist loadgroup

# The first Python on this machine that is new enough and can make a virtual environment.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo $$p; break; }; done)

help:
	@echo 'make run      start AetherCreator        (ARGS="--demo" and so on are handed on)'
	@echo 'make test     the tests                  (ARGS="-k modelfile" narrows them; XDIST= runs one process)'
	@echo 'make lint     ruff, mypy, import contracts'
	@echo 'make format   let ruff format the code and sort the imports'
	@echo 'make bench    measure start, memory, keys, streaming'
	@echo 'make prove    the long tests'
	@echo 'make servers  build the real inference servers that the tests use (needs Go and CMake, about 15 minutes once)'
	@echo 'make clean    remove the virtual environment and every cache in this folder'

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo 'Python 3.11 or newer with the venv module is needed.' \
		'Name it with: make PYTHON=/path/to/python3 ...' >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

# One stamp for each kind of install. What a person develops with holds what a person runs with.
$(VENV)/.base: pyproject.toml | $(BIN)/python
	@echo 'Installing AetherCreator into $(VENV) (once) ...'
	@if [ -f $(VENV)/.dev ]; then $(MAKE) --no-print-directory $(VENV)/.dev; \
	else $(BIN)/python -m pip install --quiet --disable-pip-version-check -e .; fi
	@touch $@

$(VENV)/.dev: pyproject.toml | $(BIN)/python
	@echo 'Installing the development tools into $(VENV) (once) ...'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $(VENV)/.base $@

# Compiled ahead, because an environment may forbid Python to write byte code and start-up would pay for it each time.
base: $(VENV)/.base
	@$(BIN)/python -m compileall -q aether_tui

dev: $(VENV)/.dev
	@$(BIN)/python -m compileall -q aether_tui

run: base
	@$(BIN)/python -m aether_tui $(ARGS)

test: dev
	$(BIN)/python -m pytest -m "not slow" $(XDIST) $(ARGS)

prove: dev
	$(BIN)/python -m pytest -m slow $(ARGS)

lint: dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: dev
	$(BIN)/ruff check --fix --select I .
	$(BIN)/ruff format .

bench: dev
	@$(BIN)/python -m tools.bench $(ARGS)

servers:
	@PYTHON="$(if $(wildcard $(BIN)/python),$(BIN)/python,$(PYTHON))" tools/servers.sh

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find aether_tui tests tools -name __pycache__ -type d -prune -exec rm -rf {} +
