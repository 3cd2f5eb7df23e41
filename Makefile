# Everything is set up in .venv, in this folder only. `make help` lists targets.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# The first interpreter that runs and is new enough; set PYTHON to choose one.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	if $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; \
	then echo $$p; break; fi; done)

VENV := .venv
BIN := $(VENV)/bin
# Set-up brings its own installer: the pip of many machines is too old.
UV := $(BIN)/uv pip install --quiet --python $(BIN)/python
# One more than there are processors: many tests wait for what they started.
WORKERS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)
MESSAGES := -k message -k text -k texts:1,2 -k counted:1,2 --no-location

.PHONY: help demo test check quality bench setup setup-dev lock format postgresql \
	elasticsearch transformers messages screenshots clean

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: setup ## the main job on a bundled news world, offline, under a minute
	@$(BIN)/babelwire demo

test: setup-dev ## every test
	@$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadfile \
		--cov --cov-report=term:skip-covered

check: setup-dev ## formatting, lint, types: the same commands as CI
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

format: setup-dev ## formats the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

quality: setup-dev ## quality gates; needs BABELWIRE_QUALITY_DATA and BABELWIRE_SEEDS
	@: "$${BABELWIRE_QUALITY_DATA:?names the folder with the evaluation data}"
	@: "$${BABELWIRE_SEEDS:?names the folder with the two seed texts}"
	@$(BIN)/python -m pytest -q -rP -n auto --dist loadgroup tests/quality

bench: setup-dev ## figures, side by side with what one would use instead
	@$(BIN)/python -m benchmarks

postgresql: setup-dev ## the store's tests on a temporary PostgreSQL server
	@folder=$$(mktemp -d) && chmod 711 "$$folder" && trap 'bash tests/postgresql.sh stop "$$folder/pg"; \
		rm -rf "$$folder"' EXIT && \
		server=$$(bash tests/postgresql.sh start "$$folder/pg") && \
		eval "$$server" && \
		$(BIN)/python -m pytest -q tests/pipeline

elasticsearch: setup-dev ## the index's tests on a temporary Elasticsearch server
	@folder=$$(mktemp -d) && chmod 711 "$$folder" && trap 'bash tests/elasticsearch.sh stop "$$folder/es"; \
		rm -rf "$$folder"' EXIT && \
		server=$$(bash tests/elasticsearch.sh start "$$folder/es") && \
		eval "$$server" && \
		$(BIN)/python -m pytest -q tests/search_index

transformers: setup-dev ## installs torch and transformers (gigabytes), for their tests
	@$(MAKE) $(VENV)/transformers.stamp

setup: $(VENV)/run.stamp
setup-dev: $(VENV)/dev.stamp

$(VENV)/uv.stamp:
	@if [ -z "$(PYTHON)" ]; then \
		echo "babelwire needs Python 3.11 or newer; none was found."; exit 1; fi
	@echo "Making a local environment in $(VENV) with $$($(PYTHON) --version)."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv>=0.5'
	@touch $@

$(VENV)/run.stamp: $(VENV)/uv.stamp requirements/run.txt pyproject.toml
	@echo "Installing what babelwire needs (once, about half a minute)."
	@$(UV) --require-hashes -r requirements/run.txt
	@$(UV) --no-deps --editable .
	@touch $@

$(VENV)/dev.stamp: $(VENV)/run.stamp requirements/dev.txt
	@echo "Installing what the tests need (once)."
	@$(UV) --require-hashes -r requirements/dev.txt
	@touch $@

$(VENV)/transformers.stamp: $(VENV)/dev.stamp requirements/transformers.txt
	@echo "Installing torch and transformers (once, some minutes)."
	@$(UV) --require-hashes -r requirements/transformers.txt
	@touch $@

LOCK := compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --no-emit-index-url --no-emit-find-links
lock: $(VENV)/uv.stamp ## pins the newest versions that the floors allow
	@$(BIN)/uv pip $(LOCK) --upgrade pyproject.toml -o requirements/run.txt
	@$(BIN)/uv pip $(LOCK) --upgrade --group dev pyproject.toml -o requirements/dev.txt
	@$(BIN)/uv pip $(LOCK) --extra transformers -c requirements/dev.txt pyproject.toml \
		-o requirements/transformers.txt

messages: setup-dev ## brings the interface's catalogs up to date with its messages
	@mkdir -p .cache
	@$(BIN)/pybabel -q extract -F pyproject.toml $(MESSAGES) -o .cache/messages.pot .
	@for language in ar ru vi; do \
		$(BIN)/pybabel -q update --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date \
			--omit-header -w 88 -l $$language -i .cache/messages.pot \
			-o babelwire/web/locales/$$language.po; done

screenshots: setup-dev ## the pictures of the desk in README; needs Chromium
	@$(BIN)/python -m tests.screenshots

clean: ## removes the environment, caches and the demo's workspace
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage .cache \
		build dist babelwire-demo
