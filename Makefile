# `make demo` and `make test` are all that is needed; each sets up .venv by itself.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help demo test lint client lock bench bench-priority bench-goals bench-events bench-api chaos chaos-relay chaos-faults fuzz docs clean setup

# The first Python that is new enough *and* works: a version manager's stand-in may be on PATH without a Python behind it.
PYTHON := $(shell for python in python3.13 python3.12 python3.11 python3; do \
	"$$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$python"; break; }; \
	done)
BIN := .venv/bin
STAMP := .venv/installed

# The wrapper of pyright brings pyright itself; asking for a newer one at each run would only need a network.
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

help: ## Say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

demo: $(STAMP) ## Start everything and run the examples, until Ctrl-C (DEMO_ONCE=1: end by itself)
	@$(BIN)/python -m deploy.demo

test: lint ## Check everything: style, layers, types, tests
	@$(BIN)/pytest -n 3 --dist worksteal

lint: $(STAMP) ## Check style, layers and types only
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/lint-imports
	@$(BIN)/pyright

bench: $(STAMP) ## Measure the throughput beside bare Temporal workflows
	@$(BIN)/python -m benchmarks.throughput

bench-priority: $(STAMP) ## Measure regular executions beside a flood of low priority
	@$(BIN)/python -m benchmarks.priority

bench-goals: $(STAMP) ## Measure an edit of a record beside 10,000 executions that wait on goals
	@$(BIN)/python -m benchmarks.goals

bench-events: $(STAMP) ## Measure how many events a second are evaluated, with 10 to 10,000 automations
	@$(BIN)/python -m benchmarks.events

bench-api: $(STAMP) ## Measure starts, far pages of a list of a million, and memory over 100,000 requests, by the gateway
	@$(BIN)/python -m benchmarks.gateway

chaos: $(STAMP) ## Kill what carries 200 executions, 30 times, and print the ledger (CHAOS_SEED=n: as before)
	@$(BIN)/python -m tests.chaos

chaos-relay: $(STAMP) ## Kill workers five times while they evaluate 100,000 events, and print the ledger
	@$(BIN)/python -m tests.chaos.relay

chaos-faults: $(STAMP) ## Try each fault by itself: lost tasks, broken bodies, cut cables, old backups, poisoned events, bulk cancels
	@for case in quick_steps broken_bodies unkept_results cut_off_worker older_temporal poison_batch bulk_cancels; do \
		echo "== $$case"; $(BIN)/python -m tests.chaos.$$case || exit 1; \
	done

fuzz: $(STAMP) ## Send 2,000 requests made of its own description to each route of the API
	@$(BIN)/python -m tests.fuzz

client: $(STAMP) ## Write the typed client anew from what the gateway says of itself
	@$(BIN)/python -m deploy.client_code

docs: $(STAMP) ## Write docs/steps.md anew from the models of the steps and the marks of their tests
	@$(BIN)/python -m tests.steps.guide

lock: ## Write requirements.lock anew from pyproject.toml (needs uv)
	@command -v uv >/dev/null || { echo "Install uv (https://docs.astral.sh/uv) to write the lock." >&2; exit 1; }
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--group dev pyproject.toml -o requirements.lock

clean: python ## Remove the demo's data and the project's caches (not while a demo runs)
	@$(PYTHON) -m deploy.lock .everstep
	rm -rf .everstep .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -not -path './.venv/*' -prune -exec rm -rf {} +

setup: $(STAMP) ## Set up .venv

# The stamp is written last, so that an installation cut short is done again.
$(STAMP): requirements.lock | python
	@if [ -x $(BIN)/python ] && ! $(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then rm -rf .venv; fi
	@[ -x $(BIN)/pip ] || { echo "Setting up .venv with $(PYTHON) …"; $(PYTHON) -m venv .venv; }
	@echo "Installing the dependencies (a minute the first time) …"
	@$(BIN)/pip install --quiet --require-hashes -r requirements.lock
	@$(BIN)/pip install --quiet --no-build-isolation --no-deps --no-index --editable .
	@touch $@

.PHONY: python
python:
	@[ -n "$(PYTHON)" ] || { \
		echo "Install Python 3.11 or newer with its venv module (https://www.python.org/downloads, on Debian: apt install python3-venv)." >&2; exit 1; }
