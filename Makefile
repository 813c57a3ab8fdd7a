# What a person types. Everything is installed into .venv, at the versions of constraints.txt.

# Python compiles what it imports; that is a quarter of what is installed.
PIP := .venv/bin/python -m pip install --disable-pip-version-check --no-compile \
	--constraint constraints.txt

# Checks of the pages' types, code and accessibility; the app serves nothing of it.
NPM := typescript@5.9.3 @types/node@20.19.0 eslint@9.39.5 @eslint/js@9.39.5 globals@17.14.0 \
	axe-core@4.11.1

export FOOTAGE

# Where the environment forbids bytecode, every process would compile Dagster and torch anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: install install-test chromium demo test test-whole sequences chaos many coverage lint states bench clean

install: .venv/installed

install-test:
	@$(MAKE) --no-print-directory --jobs 3 .venv/installed-test .venv/installed-checks chromium

demo: install  ## FOOTAGE=path takes your own video
	@exec .venv/bin/heaters demo $${FOOTAGE:+--footage "$$FOOTAGE"}

# A file of tests stays in one process: its tests share what was costly to make. What takes long begins
# first (tests/conftest.py), so that no core idles at the end. More than two processes a core: most
# tests wait for a server, a browser or a moment half of their time.
CORES = $(shell getconf _NPROCESSORS_ONLN)
SIDE_BY_SIDE = -n $(shell expr 2 \* $(CORES) + 1) --maxprocesses 8 --no-loadscope-reorder

# Tests that fail are run once more, alone and by name: a machine that stood still for a while is no
# fault of a change. What passes only then is a test to mend.
PYTEST = .venv/bin/python -m pytest
ALONE = --last-failed --last-failed-no-failures none --verbose

# Lint takes what the tests leave of the cores, and has the last word, where it is read.
test: install-test
	@nice $(MAKE) --no-print-directory lint >.venv/lint.txt 2>&1 & \
	$(MAKE) --no-print-directory tests; tested=$$?; \
	wait $$!; linted=$$?; cat .venv/lint.txt; exit $$((tested | linted))

.PHONY: tests

# In a new checkout each of the processes would compile every file, and rewrite every assertion.
tests: install-test
	@$(PYTEST) tests --collect-only --quiet >.venv/collected.txt 2>&1 || true
	$(PYTEST) tests $(SIDE_BY_SIDE) || { [ $$? -eq 1 ] && $(PYTEST) tests $(ALONE); }

test-whole: install-test  ## the long forms of tests: many kills, long films, a shift of 500 clips
	.venv/bin/python -m pytest tests $(SIDE_BY_SIDE) -n $(CORES) -m whole

sequences: install-test  ## 50,000 orders of decisions, undos and work against a model; SEQUENCES=n
	REVIEW_SEQUENCES=$(or $(SEQUENCES),50000) $(PYTEST) tests/integration/test_review_model.py \
		-n $(CORES) --dist load -m whole

chaos: install-test  ## all of Heaters while it is killed, stopped and cut off; SEED=n repeats a run
	.venv/bin/python -m benchmarks.chaos $(if $(SEED),--seed $(SEED))

many: install-test  ## Heaters on several machines, made of namespaces: takes root, redis-server, nginx
	.venv/bin/python -m benchmarks.many $(if $(SEED),--seed $(SEED))

coverage: install-test  ## a third slower than the tests alone
	.venv/bin/python -m pytest tests/unit tests/integration $(SIDE_BY_SIDE) --cov --cov-report=term

lint: install-test
	@$(MAKE) --no-print-directory --jobs 2 --keep-going lint-types lint-rest

DRAW_STATES = from heaters_pipeline.domain.state_diagram import page; print(page(), end="")

states: install-test  ## draws the diagrams of docs/states.md
	.venv/bin/python -c '$(DRAW_STATES)' > docs/states.md

.PHONY: lint-types lint-rest

lint-types:
	.venv/bin/mypy

lint-rest:
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/lint-imports
	.venv/node_modules/.bin/tsc -p .
	.venv/node_modules/.bin/tsc -p tests/unit/js
	.venv/node_modules/.bin/eslint review_app/static tests/unit/js

bench: install-test
	.venv/bin/python -m benchmarks.ingest
	.venv/bin/python -m benchmarks.frame_index

clean:
	rm -rf .venv *.egg-info .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .coverage

.venv/bin/python:
	@for python in python3.11 python3.12 python3.13 python3.14 python3; do \
		if $$python -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
		then exec $$python -m venv .venv; fi; \
	done; \
	echo "Heaters needs Python 3.11 or later with its module venv (Debian: python3-venv)." >&2; exit 1

.venv/installed: pyproject.toml constraints.txt | .venv/bin/python
	$(PIP) --editable .
	@touch $@

# All of it at once: each time pip looks at everything anew.
.venv/installed-test: pyproject.toml constraints.txt | .venv/bin/python
	$(PIP) --editable '.[test,models]'
	@touch .venv/installed $@

.venv/installed-checks: Makefile | .venv/bin/python
	@if command -v npm >/dev/null; then :; else \
		echo "The page's modules are tested by node and checked by TypeScript:" \
			"install node 20 or later with npm (Debian: nodejs, npm)." >&2; exit 1; fi
	npm install --prefix .venv --no-save --no-audit --no-fund $(NPM)
	@touch $@

chromium:
	@if command -v chromium chromium-browser google-chrome >/dev/null; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && apt-get install -qq -y chromium; \
	else echo "The tests in tests/browser need Chromium: install the package chromium."; fi
