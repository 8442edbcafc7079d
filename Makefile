# The two commands: `make run` and `make test`. `make check` runs everything that CI runs; .ci/run does it from a fresh copy.
# `; true`, because make throws the output away when the last of them is not found.
PYTHON ?= $(firstword $(shell for p in python3 python3.11 python3.12 python3.13 python3.14; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p; done; true))
BIN := .venv/bin
BROWSER ?= $(if $(shell command -v chromium),yes,missing)
PROVE ?= 10
SEED := $(or $(SEED),$(shell date +%s))
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: --no-binary http-ece
ESBUILD = cmp -s chatproject/esbuild.py .venv/esbuild.py || { $(BIN)/python chatproject/esbuild.py && cp chatproject/esbuild.py .venv/; } || true

.DEFAULT_GOAL := help
.PHONY: help run test prove check lint format lock screenshots bench translations install install-dev

help:  ## say what there is
	@sed -n 's/^\([a-z]*\):.*  ## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20

run: install  ## install, migrate and serve everything on http://127.0.0.1:8000
	@exec $(BIN)/python manage.py serve

test: install-dev  ## run every test, in parallel and in random order
	@$(BIN)/python -m pytest -n auto --dist worksteal $(if $(filter yes,$(BROWSER)),,-m "not browser")
	@if [ "$(BROWSER)" = missing ]; then \
	echo "The browser tests did not run: chromium is not installed (Debian: apt install chromium)."; fi
	@if command -v node >/dev/null; then (cd clients && node --test --test-concurrency=3); \
	else echo "The tests of the clients did not run: node is not installed (Debian: apt install nodejs)."; fi
	@command -v npm >/dev/null || \
	echo "No client in TypeScript was generated and tried: npm is not installed (Debian: apt install npm)."

prove: install-dev  ## search longer for what happens rarely: PROVE times as long, by a SEED that it prints
	@PROVE=$(PROVE) SEED=$(SEED) $(BIN)/python -m pytest -n auto --dist worksteal -m search --hypothesis-seed=$(SEED)

check: lint test  ## lint, types, import order, migrations, documents, then the tests

lint: install-dev  ## everything that can be said without running the code
	@.ci/lint

format: install-dev  ## put the code into its shape
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .

lock: install-dev  ## lock requirements*.txt anew
	@$(BIN)/uv pip compile --quiet --generate-hashes --python-version 3.11 requirements.in -o requirements.txt
	@$(BIN)/uv pip compile --quiet --generate-hashes --python-version 3.11 requirements-dev.in -o requirements-dev.txt

translations:  ## compile the translations, */locale/*/LC_MESSAGES/*.po (Debian: apt install gettext)
	@for po in */locale/*/LC_MESSAGES/*.po; do msgfmt --check-format --output-file "$${po%.po}.mo" "$$po" || exit 1; done

screenshots: install-dev  ## make the pictures of the documents again (Debian: apt install chromium fonts-noto-color-emoji)
	@DJANGO_SETTINGS_MODULE=chatproject.settings $(BIN)/python -m docs.screenshots

bench: install-dev  ## measure, and write docs/performance.md
	@$(BIN)/python -m bench

# What is installed is remembered by content, not by date: a checkout of the same versions installs nothing.
install: $(BIN)/python  ## make the environment in .venv
	@cmp -s requirements.txt .venv/requirements.txt || { echo "Installing …" && \
		$(PIP) -r requirements.txt && cp requirements.txt .venv/requirements.txt; }
	@$(ESBUILD)

install-dev: $(BIN)/python
	@cmp -s requirements-dev.txt .venv/requirements-dev.txt || { echo "Installing …" && \
		$(PIP) -r requirements-dev.txt && cp requirements.txt requirements-dev.txt .venv/; }
	@$(ESBUILD)

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed (Debian: apt install python3 python3-venv)."; exit 1; }
	@$(PYTHON) -m venv .venv || { rm -rf .venv; echo "Debian: apt install python3-venv"; exit 1; }
