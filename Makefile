# make run     everything on this machine: http://localhost:5000 (PORT=…, INSTANCE_DIR=…)
# make test    the whole suite on a database of its own (ARGS="-k feed" for some of it)
# make check   format, lint, types, layers, models against migrations
# make machines  random lives, farewells and changes of quarters at full length: hours (LIVES=400 for some of them; each time others)
# make planted  plant a defect for each guard test and see it go red
# make thorough  what takes long: every field, filter and header under attack, a week of collecting, fifty kills,
#               the oldest PostgreSQL that is promised, every page for everything and in English
# make coverage  which branches of the rules no test takes
# make fuzz    10,000 requests no page expects (CASES=…); one JSON line
# make mutants  change the rules one by one and see which change no test notices (NAMES="neighbour.policy*")
# make pictures  walk through the demo city and keep some of what is seen in docs/pictures
# make bench   one JSON line per figure (ONLY=feed, SCALE=small|full)
# make clean   throw away everything that was made here, except INSTANCE_DIR
#
# Needs Python 3.11 or newer and Node 20 or newer, nothing else. What was set up once is not set up again (.stamps).

MAKEFLAGS += --no-print-directory --no-builtin-rules
# Whoever set it, here compiled modules are kept: tests start hundreds of processes, and each would compile everything anew.
unexport PYTHONDONTWRITEBYTECODE
.DELETE_ON_ERROR:
.PHONY: run test check bench machines planted thorough coverage fuzz mutants pictures build clean lock _dev _chromium _node _compiled

# The distribution's own first, where it is new enough and can make environments: it has the distribution's security updates and
# was built with all optimisation there is. One that somebody compiled without (pyenv does) takes a third longer for everything.
PYTHON ?= $(shell for p in /usr/bin/python3 python3 python3.14 python3.13 python3.12 python3.11 python; do \
	"$$p" -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$p" && break; done)
PY := .venv/bin/python
ASSETS := neighbour/assets
SOURCES := $(shell find $(ASSETS) -name node_modules -prune -o -type f -print)
BUILT := neighbour/static/build/manifest.json
ONLY ?=
SCALE ?= small
ARGS ?=
NAMES ?=
CASES ?= 10000
LIVES ?= 2000

run: _node .stamps/packages $(BUILT)
	@exec $(PY) -m neighbour up

# Four at once on two processors: some of them always wait for a page, a process, a mail or the clock.
test: _node _dev $(BUILT) _chromium
	@$(PY) -m pytest -n 4 --dist worksteal $(BROWSER) $(ARGS)

check: _dev
	@$(PY) -m ruff format --check --quiet . || { echo "make check: not formatted; run $(PY) -m ruff format ." >&2; exit 1; }
	@$(PY) -m ruff check --quiet .
	@$(PY) -m mypy
	@PYTHONPATH=. .venv/bin/lint-imports
	@$(PY) -m neighbour db drift

bench: _node _dev $(BUILT)
	@$(PY) -m tests.bench $(if $(ONLY),--only $(ONLY)) --scale $(SCALE)

machines: _node _dev $(BUILT)
	@MACHINES=$(LIVES) $(PY) -m pytest -q -n 2 --dist worksteal tests/residency/test_flow.py tests/residency/test_any_way_of_moving.py tests/residency/test_any_change_of_quarters.py tests/mydata/test_any_way_of_leaving.py tests/residency/test_four_eyes.py

planted: _node _dev $(BUILT)
	@$(PY) -m tests.guards.planted $(GUARD)

thorough: _node _dev $(BUILT) _chromium
	@THOROUGH=1 $(PY) -m pytest -n 2 --dist worksteal -m thorough $(ARGS)

RULES := tests/policy tests/residency tests/accounts tests/runtime tests/mydata tests/initiatives tests/privacy tests/guards \
	tests/attacks/test_matrix.py tests/attacks/test_secrets.py
# What must have no branch untried: below 100 % it fails.
WHOLLY := neighbour/policy/*,neighbour/core/crypto.py,neighbour/core/tokens.py,neighbour/core/personal.py,neighbour/residency/*,neighbour/mydata/erasing.py,neighbour/mydata/marks.py,neighbour/mydata/retention.py
coverage: _node _dev $(BUILT)
	@$(PY) -m coverage run -m pytest -q -p no:randomly -m "not browser" $(RULES)
	@$(PY) -m coverage report
	@$(PY) -m coverage report --include='$(WHOLLY)' --fail-under=100 >/dev/null || \
		{ echo "make coverage: rules, keys, proofs or erasure have branches that no test takes" >&2; exit 1; }

fuzz: _node _dev $(BUILT)
	@$(PY) -m tests.attacks.fuzz $(CASES)

# Not among the packages of tests: it brings setproctitle, with which Celery and gunicorn rename their processes.
mutants: _node _dev $(BUILT)
	@test -d .stamps/mutmut || $(PY) -m pip install --quiet --target .stamps/mutmut mutmut==3.8.1
	@PYTHONPATH=.stamps/mutmut $(PY) -m tests.guards.mutants $(NAMES)

# The pictures of the README are taken by the tests that look at every page (tests/journeys), of the demo city only.
SEEN := start-1280 board-1280 board-360 board-360-dark thread-1280 write-360 digest-1280
pictures: _node _dev $(BUILT) _chromium
	@PICTURES=1 $(PY) -m pytest -q tests/journeys/test_every_page.py -p no:randomly -k "visitor-de or card-de or reading-de or writing-de"
	@mkdir -p docs/pictures && for each in $(SEEN); do cp screenshots-run/$$each.jpg docs/pictures/ || exit 1; done

build: $(BUILT)

clean:
	rm -rf .venv .stamps $(ASSETS)/node_modules neighbour/static/build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis mutants .coverage

# Rewrite the locks after a change of pyproject.toml; hashes for every platform, no address of any registry.
LOCK = .venv/bin/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --no-annotate --quiet
lock: .stamps/python
	$(LOCK) -o requirements.lock
	$(LOCK) --group dev -c requirements.lock -o requirements-dev.lock

.stamps/python:
	@test -n "$(PYTHON)" && "$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "neighbour: Python 3.11 or newer is needed: install it, or name it: make PYTHON=/path/to/python3.11 …" >&2; exit 1; }
	@test -x $(PY) && $(PY) -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { rm -rf .venv; "$(PYTHON)" -m venv .venv; } || \
		{ rm -rf .venv; echo "neighbour: Python's venv module is missing (Debian: apt install python3-venv)" >&2; exit 1; }
	@$(PY) -m pip install --quiet uv==0.13.9 2>/dev/null || true  # only for speed: pip does it too
	@printf '%s\n' "$(CURDIR)" > "$$($(PY) -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/neighbour.pth"
	@printf '#!/bin/sh\nexec "%s" -P -m neighbour "$$@"\n' "$(CURDIR)/$(PY)" > .venv/bin/neighbour && chmod +x .venv/bin/neighbour
	@mkdir -p .stamps && touch $@

# uv first; where it is missing or does not know the way to the packages, pip.
install = UV_HTTP_TIMEOUT=20 .venv/bin/uv pip install --quiet --python $(PY) --require-hashes -r $(1) 2>/dev/null || \
	$(PY) -m pip install --quiet --require-hashes -r $(1) || \
	{ echo "neighbour: the packages of $(1) could not be installed; is the network there?" >&2; exit 1; }

.stamps/packages: requirements.lock .stamps/python
	@echo "Installing packages …"
	@$(call install,requirements.lock)
	@touch $@

.stamps/dev-packages: requirements-dev.lock .stamps/packages
	@echo "Installing packages for tests and checks …"
	@$(call install,requirements-dev.lock)
	@touch $@

_dev: .stamps/dev-packages

# Tests are compiled once and in good time, not by each of four processes at the same time.
_compiled: _dev
	@$(PY) -m pytest --collect-only -q >/dev/null

# Asked first, so that nobody waits for packages to hear that something else is missing.
_node:
	@test -e .stamps/node || { node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null && command -v npm >/dev/null; } || \
		{ echo "neighbour: Node 20 or newer (with npm) is needed to build styles and scripts: https://nodejs.org" >&2; exit 1; }

.stamps/node: $(ASSETS)/package-lock.json | _node
	@cd $(ASSETS) && npm ci --no-audit --no-fund --loglevel=error >/dev/null || \
		{ echo "neighbour: the packages of $(ASSETS) could not be installed; is the network there?" >&2; exit 1; }
	@mkdir -p .stamps && touch $@

$(BUILT): .stamps/node $(SOURCES)
	@cd $(ASSETS) && npm run build --silent
	@touch $@

# Browser tests drive the distribution's Chromium. Where there is none and it cannot be installed they are left out, loudly.
CHROMIUM_NAMES := chromium-headless-shell chromium chromium-browser google-chrome google-chrome-stable
BROWSER = $(if $(shell for p in "$$CHROMIUM" $(CHROMIUM_NAMES); do command -v "$$p" 2>/dev/null && break; done),,-m "not browser")
_chromium:
	@for p in "$$CHROMIUM" $(CHROMIUM_NAMES); do command -v "$$p" >/dev/null 2>&1 && exit 0; done; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "Installing Chromium for the browser tests …"; \
		install() { apt-get install -y -qq chromium-headless-shell || apt-get install -y -qq chromium; }; \
		{ install || { apt-get update -qq && install; }; } >/dev/null 2>&1 && exit 0; \
	fi; \
	echo "make test: NO BROWSER TESTS – install Chromium (Debian: apt install chromium) or set CHROMIUM=/path/to/it" >&2
