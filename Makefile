# The two commands of the README: `make demo` and `make test`. Each does all of its own set-up in .venv.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
# Strictly: a broken link between pages is an error. Needs no network.
MKDOCS := NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs
SETUP_DEPS := pyproject.toml constraints.txt Makefile

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-browser test-slurm lint docs clean kill-matrix

help:
	@echo "make demo   set up, then run a batch of ten watersheds on real terrain and report it"
	@echo "make test   set up, then ruff, mypy, snakefmt, the documentation and the tests"
	@echo "make docs   set up, then build the documentation as a site, in site/"
	@echo "make kill-matrix   kill a running batch in every way at random moments, and count what it left (half an hour)"
	@echo "make test-browser  the report in a headless Chromium, which it installs when it can"
	@echo "make test-slurm  the tests on a real single-node Slurm, which it installs when it is root on Debian"
	@echo "make setup  only the virtual environment in $(VENV)"
	@echo "make clean  remove the virtual environment and the demo's batch"

$(VENV)/.ready: $(SETUP_DEPS)
	@command -v $(PYTHON) >/dev/null || { echo "weppbatch needs CPython 3.11 (its terrain tools come as a wheel for it alone); '$(PYTHON)' was not found. Install python3.11 and python3.11-venv, or say make PYTHON=/path/to/python3.11" >&2; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11) or sys.implementation.name != "cpython")' || { echo "weppbatch needs CPython 3.11 (its terrain tools come as a wheel for it alone); $$($(PYTHON) --version) was found. Say make PYTHON=/path/to/python3.11" >&2; exit 2; }
	@$(PYTHON) -c 'import platform as p, sys; name, version = p.libc_ver(); sys.exit(p.system() != "Linux" or p.machine() != "x86_64" or name != "glibc" or tuple(map(int, version.split("."))) < (2, 35))' || { echo "weppbatch's terrain tools need Linux on x86_64 with glibc 2.35 or newer (Debian 12, Ubuntu 22.04); this is $$(uname -sm)" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[demo,docs,test]'
	@touch $@

setup: $(VENV)/.ready

demo: $(VENV)/.ready
	$(BIN)/weppbatch demo

test: $(VENV)/.ready lint
	$(BIN)/pytest

kill-matrix: $(VENV)/.ready
	$(BIN)/python tests/kill_matrix.py

# Skipped where no Chromium is to be had: the reasons stand at the end (-rs).
test-browser: $(VENV)/.ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[browser,demo,test]'
	tests/browser/install.sh $(BIN)/python
	WEPPBATCH_TEST_BROWSER=1 $(BIN)/pytest -rs tests/browser

# Skipped where Slurm is missing and can't be installed: the reasons stand at the end (-rs).
test-slurm: $(VENV)/.ready
	tests/slurm/install.sh
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[slurm,demo,test]'
	WEPPBATCH_TEST_SLURM=1 $(BIN)/pytest -n0 -rs tests/slurm

lint: $(VENV)/.ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/snakefmt --check workflow
	$(MKDOCS) build --strict --quiet

docs: $(VENV)/.ready
	$(MKDOCS) build --strict
	@echo "Open site/index.html; with search: python3 -m http.server --directory site"

clean:
	rm -rf $(VENV) batches/demo site
