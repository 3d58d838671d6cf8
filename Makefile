# Everything a checkout needs: Python 3.11 or newer and make. `make help` lists the targets.
.DEFAULT_GOAL := help
.PHONY: help install up test check format bench lock fingerprints
SHELL := /bin/sh

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
ARGS ?=
PIP := PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/python -m pip install --quiet
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-16s %s\n", $$1, $$2 }'

install: $(INSTALLED) ## the virtual environment and the locked dependencies

up: $(INSTALLED) ## the whole system on this machine, with example data and a simulated carrier
	@exec $(BIN)/dutyline up --demo $(ARGS)

test: $(INSTALLED) ## everything a checkout can prove on this machine
	@$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile $(ARGS)

check: $(INSTALLED) ## format, lint, types, import rules, our own rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tools.check

format: $(INSTALLED) ## put the sources into the house format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(INSTALLED) ## measure, and print with machine and versions
	@$(BIN)/python -m bench $(ARGS)

lock: $(INSTALLED) ## write the lock files anew after a change in pyproject.toml
	$(COMPILE) --extra build --extra dev pyproject.toml -o requirements/dev.lock
	$(COMPILE) pyproject.toml -o requirements/runtime.lock
	echo 'setuptools>=77' | $(COMPILE) - -o requirements/build.lock

fingerprints: $(INSTALLED) ## accept a change of workflow code, once the recorded histories replay
	@$(BIN)/python -m pytest -q tests/replay
	@$(BIN)/python -m tools.fingerprint

# Installed anew only when the lock or the project's own data changed.
$(INSTALLED): requirements/dev.lock pyproject.toml
	@VENV=$(VENV) sh tools/make-venv.sh
	@echo "Installing the locked dependencies (once, about a minute) ..."
	@$(PIP) --require-hashes -r requirements/dev.lock
	@$(PIP) --no-deps --no-build-isolation --config-settings editable_mode=compat -e .
	@touch $@
