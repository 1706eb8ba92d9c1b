# Two commands are enough: `make report` and `make test`. Both create what they need.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
AXE := 4.14.1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help setup report course test check bench chaos fuzz gallery lab chromium axe clean

help:  ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: .venv/ready  ## create .venv with everything needed to use the workbench

report: .venv/ready  ## train on the digits and write an interactive report
	$(BIN)/workbench report

course: .venv/ready  ## run all lessons and write them as pages that open offline
	$(BIN)/workbench course

test: .venv/dev chromium axe  ## run all tests
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile

check: .venv/dev  ## format, lint, types
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy

bench: .venv/dev  ## measure speed and memory as ratios to stated rivals
	$(BIN)/python -m tests.benchmarks

chaos: .venv/dev  ## kill a run fifty times, and compare what comes out with one that was never disturbed
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.durability.chaos 50

fuzz: .venv/dev  ## damage files in 100 000 ways for each reader; or COUNT=1000 TARGET=rec SEED=1
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.fuzz --count $(or $(COUNT),100000) --seed $(or $(SEED),0) $(TARGET:%=--target %)

gallery: .venv/dev chromium  ## photograph the main job's views for the README
	$(BIN)/python reports/gallery/make.py

lab: .venv/ready  ## open JupyterLab on the notebooks
	$(BIN)/jupyter lab --notebook-dir=notebooks

clean:  ## remove the environment and all caches; reports stay
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

.venv/ready: pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: install it, or say PYTHON=/path/to/python3."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed, $(PYTHON) is older: say PYTHON=/path/to/python3."; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet -c constraints.txt -e .
	@touch $@

.venv/dev: .venv/ready
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[dev]'
	@touch $@

# Pages are tested in a real browser. Without Chromium those tests skip and say so.
chromium:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || { \
		if command -v apt-get >/dev/null && { test "$$(id -u)" = 0 || sudo -n true 2>/dev/null; }; then \
			SUDO=$$(test "$$(id -u)" = 0 || echo sudo); \
			$$SUDO apt-get update -qq && DEBIAN_FRONTEND=noninteractive $$SUDO apt-get install -y -qq chromium >/dev/null; \
		else \
			echo "The tests of pages need Chromium: install it, on Debian with 'sudo apt-get install chromium'."; \
		fi; }

# Accessibility is tested by axe-core, which no page contains: the newest if npm can fetch it, else the one that pip brought.
axe: .venv/dev
	@test -f .venv/axe-core-$(AXE).js || { cd .venv && npm pack --silent axe-core@$(AXE) >/dev/null 2>&1 \
		&& tar -xzf axe-core-$(AXE).tgz package/axe.min.js && mv package/axe.min.js axe-core-$(AXE).js \
		&& rm -r package axe-core-$(AXE).tgz; } || echo "npm could not fetch axe-core $(AXE): testing with an older one."
