# Everything a newcomer needs is a target here; `make` alone lists them.
# Needs make (GNU, 3.81 or later), a POSIX shell and Python 3.11-3.13; .venv holds the rest.

.DEFAULT_GOAL := help
SHELL := /bin/sh

VENV := .venv/bin
PACKAGES := shared_lib gateway svc_ingest svc_parquet svc_knowledgebase svc_quality svc_training \
	datafleet fleet_embedded
PYPROJECTS := $(wildcard */pyproject.toml deploy/embedded/pyproject.toml)
LINTS := style types imports house deploy

# What a person may set: make test ARGS="svc-parquet -k sniff" WORKERS=4
ARGS ?=
NAME ?= *
WORKERS ?= 2

# An environment knows its folder by its full path: after a move its stamps count for nothing.
ifneq ($(shell cat .venv/stamp-core 2>/dev/null),$(CURDIR))
.venv/stamp-core: elsewhere
endif

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

.PHONY: run
run: .venv/stamp-core ## Start the whole fleet on this machine (installs it the first time; ARGS= go to `fleet up`)
	@exec $(VENV)/fleet up $(ARGS)

.PHONY: dev
dev: .venv/stamp-dev ## Install what tests, lint and benchmarks need
	@echo ".venv is ready"

.PHONY: test
test: .venv/stamp-dev ## Run every test but the long ones (ARGS= go to pytest, WORKERS=2)
	@exec $(VENV)/pytest -n $(WORKERS) --dist loadgroup -m "not long" $(ARGS)

.PHONY: test-long
test-long: .venv/stamp-dev ## Run the long tests alone: more seeds, bigger files, isolated installs, containers
	@exec $(VENV)/pytest -n $(WORKERS) --dist loadgroup -m long $(ARGS)

.PHONY: lint
lint: .venv/stamp-dev ## Check style, types, imports and the house rules; all are run, then the verdict is given
	@failed=; for name in $(LINTS); do \
		$(MAKE) --no-print-directory lint-$$name || failed="$$failed lint-$$name"; \
	done; \
	if [ -n "$$failed" ]; then printf '\nlint: red:%s\n' "$$failed"; exit 1; fi; \
	echo "lint: all clean"

.PHONY: lint-style
lint-style: .venv/stamp-dev ## Check rules and format with ruff
	@status=0; \
	$(VENV)/ruff check --quiet . || status=1; \
	$(VENV)/ruff format --check --quiet . || { $(VENV)/ruff format --check .; echo "Format them: make format"; status=1; }; \
	exit $$status

.PHONY: lint-types
lint-types: .venv/stamp-dev ## Check types with mypy, strictly
	@status=0; \
	$(VENV)/mypy $(addprefix -p ,$(PACKAGES)) || status=1; \
	$(VENV)/mypy scripts tests $(wildcard benchmarks) || status=1; \
	exit $$status

.PHONY: lint-imports
lint-imports: .venv/stamp-dev ## Check who imports whom
	@$(VENV)/lint-imports --no-logo

.PHONY: lint-house
lint-house: .venv/stamp-dev ## Check sizes of files and functions, and what may never be committed
	@status=0; \
	$(VENV)/python scripts/check_sizes.py || status=1; \
	$(VENV)/python scripts/check_texts.py || status=1; \
	exit $$status

.PHONY: lint-deploy
lint-deploy: .venv/stamp-dev ## Check Dockerfiles, shell, YAML, compose files and overlays, offline
	@PYTHONPATH=scripts $(VENV)/python scripts/check_deploy.py

.PHONY: format
format: .venv/stamp-dev ## Sort imports, fix what ruff can fix, format
	@$(VENV)/ruff check --quiet --select I --fix .
	@$(VENV)/ruff format .

.PHONY: bench
bench: .venv/stamp-dev ## Measure against the peers (NAME=parquet runs one)
	@found=; for file in benchmarks/$(NAME).py; do \
		[ -e "$$file" ] || continue; \
		case $$file in benchmarks/_*) continue;; esac; \
		found=yes; echo "== $$file"; $(VENV)/python "$$file" $(ARGS) || exit 1; \
	done; \
	[ -n "$$found" ] || { echo "No benchmark is named '$(NAME)'; there are:"; ls benchmarks/*.py 2>/dev/null; exit 1; }

.PHONY: docs
docs: .venv/stamp-dev ## Write what is generated: openapi.json of each service, docs/reference
	@$(VENV)/python scripts/generate_docs.py $(ARGS)

.PHONY: pins
pins: .venv/stamp-core ## Compile requirements/*.txt from the pyproject files (ARGS=--upgrade moves all pins)
	@scripts/pins.sh $(ARGS)

.PHONY: secrets
secrets: .venv/stamp-core ## Make .env and secrets/ for docker-compose.yml; what is there stays
	@PYTHONPATH=scripts $(VENV)/python scripts/make_secrets.py

.PHONY: clean
clean: ## Remove caches and built packages; .venv and data/ stay
	@rm -rf .coverage .coverage.* .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache htmlcov
	@find . -path ./.venv -prune -o -path ./data -prune -o -name __pycache__ -type d -exec rm -rf {} +
	@rm -rf dist */dist deploy/embedded/dist

.PHONY: elsewhere
elsewhere:

.venv/stamp-core: requirements/core.txt requirements/bootstrap.txt $(PYPROJECTS) scripts/setup.sh
	@scripts/setup.sh core

.venv/stamp-dev: .venv/stamp-core requirements/dev.txt
	@scripts/setup.sh dev
