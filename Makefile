# Tidings. `make` alone lists the verbs.
# Needs git, make and python3 (3.11 or newer) with venv; everything else comes from the hash-locked requirements.

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
INSTALL := $(PIP) install --quiet --require-hashes
COMPILE := CUSTOM_COMPILE_COMMAND="make lock" PIP_FIND_LINKS= $(BIN)/pip-compile --quiet --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-emit-trusted-host --strip-extras --allow-unsafe
NODE := tests/node
PACKAGES := tidings/web/packages
VENDOR := tidings/web/static/vendor
NPM_CI := npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
define STRIP
const fs = require("fs"), file = "package-lock.json", lock = JSON.parse(fs.readFileSync(file));
for (const one of Object.values(lock.packages)) { delete one.resolved; delete one.funding }
fs.writeFileSync(file, JSON.stringify(lock, null, 2) + "\n");
endef
export STRIP

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help setup run test lint types arch docs bench crash lock clean tools

help: ## list the verbs
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: .venv/.setup $(VENDOR)/.setup ## make .venv with .venv/bin/tidings in it

run: setup ## set up and serve a demo and a segment source on 127.0.0.1:8080; data is kept in ./data
	$(BIN)/tidings serve --data data --demo --first-source segment

# Containers often set it; without bytecode every server and command of the tests would compile Tidings anew.
test: export PYTHONDONTWRITEBYTECODE =
test: setup .venv/.dev tools $(NODE)/node_modules/.setup lint types arch docs ## set up, then check and test everything
	$(BIN)/python -m pytest -n 3 --dist loadscope

lint: .venv/.dev ## format and lint check (ruff)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: .venv/.dev ## type check (mypy, strict for tidings/)
	$(BIN)/mypy

arch: .venv/.dev ## import rules between the rooms (import-linter)
	$(BIN)/lint-imports

docs: .venv/.dev ## spelling of code and documentation (codespell)
	$(BIN)/codespell

bench: .venv/.dev ## measure; prints a table and writes JSON to bench-results/
	$(BIN)/python -m tests.bench

crash: .venv/.dev ## kill the server 50 times under load and reconcile
	$(BIN)/python -m pytest tests/crash --rounds 50

lock: .venv/.dev tools ## renew the lock files (make lock UPGRADE=1 takes newer versions)
	$(COMPILE) $(if $(UPGRADE),--upgrade) --build-deps-for editable --output-file requirements.lock pyproject.toml
	$(COMPILE) $(if $(UPGRADE),--upgrade) --build-deps-for editable --extra dev --constraint requirements.lock \
		--output-file requirements-dev.lock pyproject.toml
	$(COMPILE) $(if $(UPGRADE),--upgrade) --output-file $(PACKAGES)/node.lock $(PACKAGES)/node.in
	for place in $(NODE) $(PACKAGES); do (cd $$place && \
		npm $(if $(UPGRADE),update,install) --package-lock-only --ignore-scripts --no-audit --no-fund && \
		node -e "$$STRIP") || exit 1; done

clean: ## remove everything that make made; data stays
	rm -rf .venv *.egg-info build $(NODE)/node_modules $(PACKAGES)/node_modules $(VENDOR) .mypy_cache .ruff_cache .pytest_cache .hypothesis \
		.import_linter_cache .schemathesis
	find tidings tests -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamps carry the time of the last good installation.

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Tidings needs Python 3.11 or newer: make PYTHON=python3.11 setup"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' || \
		{ echo "Python's venv is missing. As root: apt-get install -y python3-venv"; exit 1; }
	$(PYTHON) -m venv .venv

.venv/.setup: requirements.lock pyproject.toml | .venv/bin/python
	$(INSTALL) -r requirements.lock
	$(PIP) install --quiet --no-deps --no-build-isolation -e .
	@touch $@

.venv/.dev: .venv/.setup requirements-dev.lock
	$(INSTALL) -r requirements-dev.lock
	@touch $@

# What the console's pages load. Where there is no Node.js to fetch it with, PyPI's does.
$(VENDOR)/.setup: $(PACKAGES)/package.json $(PACKAGES)/package-lock.json $(PACKAGES)/node.lock | .venv/.setup
	@command -v node >/dev/null && command -v npm >/dev/null || $(INSTALL) -r $(PACKAGES)/node.lock
	cd $(PACKAGES) && PATH="$$PATH:$(CURDIR)/$(BIN)" $(NPM_CI)
	@mkdir -p $(VENDOR)
	cp $(PACKAGES)/node_modules/htmx.org/dist/htmx.min.js $(PACKAGES)/node_modules/uplot/dist/uPlot.iife.min.js \
		$(PACKAGES)/node_modules/uplot/dist/uPlot.min.css $(VENDOR)/
	@touch $@

# What the tests use beyond Python: strace sees the fsync, Node.js runs the official Segment SDK, Chromium the pages.
tools:
	@missing=; \
	for need in strace:strace node:nodejs npm:npm chromium:chromium; do \
		command -v "$${need%%:*}" >/dev/null || missing="$$missing $${need##*:}"; \
	done; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing; \
	else \
		echo "The tests also need:$$missing. Please run:"; \
		echo "  sudo apt-get update && sudo apt-get install -y --no-install-recommends$$missing"; \
		exit 1; \
	fi

$(NODE)/node_modules/.setup: $(NODE)/package.json $(NODE)/package-lock.json | tools
	cd $(NODE) && $(NPM_CI)
	@touch $@
