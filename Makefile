# Everything here needs Python 3.11 or newer and make, nothing else. `make` alone lists the targets.

SHELL := /bin/sh
VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip -qq --disable-pip-version-check --no-input
PYTHONS := $(PYTHON) python3.14 python3.13 python3.12 python3.11 python3 python
MAKEFLAGS += --no-print-directory

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install run test lint format bench screenshots looks words lock clean

help: ## List the targets
	@echo "Rolekey. Needs Python 3.11 or newer."
	@echo
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo "  ARGS go to the program:    make run ARGS=\"--config config.toml\"    make test ARGS=\"tests/bot -k keys\""
	@echo "  PYTHON picks the Python:   make install PYTHON=python3.12"

install: $(VENV)/.base ## Make .venv and install what running needs

run: install ## Start: the bot where DISCORD_TOKEN is set, otherwise the playground
	@exec $(PY) -m bot run $(ARGS)

test: $(VENV)/.dev ## Set up, then lint, type-check and test everything, with a process a core
	@$(MAKE) lint
	@$(PY) -m pytest --numprocesses auto --dist worksteal $(ARGS)

lint: $(VENV)/.dev ## ruff and pyright
	@echo "ruff"
	@$(PY) -m ruff check --quiet .
	@$(PY) -m ruff format --quiet --check . || { echo "Some files are not formatted; run: make format" >&2; exit 1; }
	@echo "pyright"
	@$(PY) -m pyright

format: $(VENV)/.dev ## Format, and fix what ruff can fix
	@$(PY) -m ruff format .
	@$(PY) -m ruff check --fix .

words: $(VENV)/.dev ## Bring the .po files up to date with what the bot and the gateway's pages say
	@$(PY) -m tests.words

bench: $(VENV)/.dev ## Measure: the gateway's cost over a bare proxy, the bot's cost per /ask
	@$(PY) -m benchmarks $(ARGS)

screenshots: $(VENV)/.dev ## Take the pictures in docs/, of the playground and the gateway's pages (needs Chromium)
	@$(PY) -m playground.screenshots $(ARGS)

looks: $(VENV)/.dev ## Take every page of the gateway, dark, light and on a phone, into a folder: ARGS=folder
	@$(PY) -m tests.gateway.web.looks $(ARGS)

# One lock per use, all from one resolution: what the tests run is what ships. `make lock ARGS=--upgrade` takes newer
# versions. The build backend is locked too, so that installing Rolekey itself fetches nothing.
LOCK = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	--no-emit-index-url --no-emit-find-links --group build pyproject.toml
UV = $(shell command -v uv || echo $(VENV)/bin/uv)

lock: $(PY) ## Resolve the dependencies anew into requirements/
	@command -v uv >/dev/null || [ -x $(VENV)/bin/uv ] || $(PIP) install uv
	@$(LOCK) --extra dev --output-file requirements/dev.txt $(ARGS)
	@$(LOCK) --constraints requirements/dev.txt --output-file requirements/base.txt $(ARGS)
	@wc -l requirements/*.txt

clean: ## Remove .venv and caches; data/ and your settings stay
	@rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis dist
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp is newer than the lock it was installed from, so nothing is installed twice.
$(VENV)/.base: requirements/base.txt pyproject.toml | $(PY)
	@echo "Installing what Rolekey runs on (a minute or so) ..."
	@$(PIP) install --require-hashes --no-deps --requirement $<
	@$(PIP) install --no-index --no-build-isolation --no-deps --editable .
	@touch $@
	@echo "Installed in $(VENV)."

$(VENV)/.dev: requirements/dev.txt pyproject.toml | $(PY)
	@echo "Installing what the tests run on (a minute or two) ..."
	@$(PIP) install --require-hashes --no-deps --requirement $<
	@$(PIP) install --no-index --no-build-isolation --no-deps --editable .
	@touch $(VENV)/.base $@

$(PY):
	@for python in $(PYTHONS); do \
		"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 || continue; \
		echo "Making $(VENV) with $$("$$python" --version) ..."; \
		"$$python" -m venv --clear $(VENV) >$(VENV).log 2>&1 && { rm -f $(VENV).log; exit 0; }; \
		cat $(VENV).log >&2; rm -f $(VENV).log; \
		echo "$$python cannot make a virtual environment. On Debian and Ubuntu: apt install python3-venv" >&2; exit 1; \
	done; \
	found=$$(for python in $(PYTHONS); do "$$python" --version 2>/dev/null && break; done); \
	echo "Rolekey needs Python 3.11 or newer; found $${found:-none}. Install one from python.org or your system's packages," >&2; \
	echo "or name it: make install PYTHON=/path/to/python3.12" >&2; exit 1
