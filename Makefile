# Calipso: `make demo` shows it, `make test` proves it. `make help` lists the rest.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.PHONY: help demo down test test-mongo lint types bench faults lock clean
.DEFAULT_GOAL := help

help:            ## show these lines
	@sed -n 's/^\([a-z-]*\): .*## /\1	/p' $(MAKEFILE_LIST) | expand -t 12

# Everything a person or a test needs, in one virtual environment of this checkout.
$(READY): setup.cfg pyproject.toml requirements.txt .ci/venv
	@PYTHON="$(PYTHON)" .ci/venv $(VENV)
	@touch $@

demo: $(READY)   ## scan a sample cloud with the real pipeline; leaves the stack running
	@$(BIN)/python tests/demo.py up

down: $(READY)   ## stop what `make demo` (or `calipso up`) started
	@$(BIN)/python tests/demo.py down

test: $(READY)   ## all tests; installs system packages they need when run as root
	@.ci/system-packages
	@.ci/pytest -n 2 --dist loadfile -m "not slow and not broker and not alone"
	@.ci/pytest -n 2 --dist loadfile -m "(slow or broker) and not alone"
	@.ci/pytest -m alone

# Each test makes a database of its own, named t and twelve hexadecimal digits, and drops that one.
STORE_TESTS := tests/stores tests/utils tests/migrations tests/scan tests/cliques \
  tests/access/test_answer_store.py tests/environments/test_environment_store.py \
  tests/environments/test_recording.py tests/api/auth

test-mongo: $(READY) ## tests of the stores on a MongoDB of your own: make test-mongo MONGO_URL=mongodb://...
	@test -n "$$MONGO_URL" || { echo "MONGO_URL is not set: make test-mongo MONGO_URL=mongodb://host:27017" >&2; exit 2; }
	@.ci/pytest -m "not embedded and not broker" $(STORE_TESTS)

lint: $(READY)   ## style, and which way imports point
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(READY)  ## mypy --strict
	$(BIN)/mypy

faults: $(READY) ## 100 scans while workers, stores and sources fail; prints a table
	$(BIN)/python -m tests.faults --runs 100

bench: $(READY)  ## scan generated clouds; times, calls and memory beside the last result
	$(BIN)/python -m tests.bench

lock: $(READY)   ## compile requirements.txt anew from setup.cfg
	$(BIN)/python -m pip install --quiet pip-tools
	$(BIN)/pip-compile --quiet --extra embedded --extra flower --extra ldap --extra test --allow-unsafe --strip-extras \
	  --no-annotate --no-header --no-emit-options --no-emit-index-url --no-emit-trusted-host \
	  --no-emit-find-links --generate-hashes --output-file requirements.txt setup.cfg

clean:           ## remove what tools leave; data of `calipso up` (var/) stays
	rm -rf build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache \
	  .hypothesis .benchmarks
	find . -name __pycache__ -not -path './$(VENV)/*' -type d -prune -exec rm -rf {} +
