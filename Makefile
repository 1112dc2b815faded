# Every target sets up first what it needs (seconds when it is there already); `make` alone lists them.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules --no-print-directory

BIN := .venv/bin
INSTALL := python="$$(bash setup/find-python.sh)" && "$$python" setup/install.py

# Processes of the test suite, and what else to hand to pytest: make test PYTEST="-k audit"
TEST_WORKERS ?= 2
PYTEST ?=
# Files in their own order: by the number of tests the few that take minutes would all come last, on one core.
SUITE = $(BIN)/pytest -n $(TEST_WORKERS) --dist loadfile --no-loadscope-reorder --durations=30 -rs

# On small shared machines a second numeric thread is slower than none; the trainer sets its own number.
export OMP_NUM_THREADS ?= 1

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup
setup: ## .venv, pinned packages, front-end parts, embedded database
	@$(INSTALL)

.PHONY: setup-browser setup-services setup-demo
setup-browser:
	@$(INSTALL) --with browser
setup-services:
	@$(INSTALL) --with services
setup-demo:
	@$(INSTALL) $(if $(filter tiny,$(DEMO)),,--with demo-model)

.PHONY: demo
demo: setup-demo ## the main job end to end, into var/demo/ (DEMO=tiny: the same on a tiny random model)
	@$(BIN)/assay demo $(if $(filter tiny,$(DEMO)),--tiny)

.PHONY: serve
serve: setup ## web, worker and scheduler on http://127.0.0.1:8000; Ctrl-C ends them all
	@exec $(BIN)/assay serve

.PHONY: test
test: setup-browser lint suite ## lint, types, import rules and the test suite; needs no server

.PHONY: suite
suite:
	@$(SUITE) -m "not services and not slow" $(PYTEST)

.PHONY: test-slow
test-slow: setup-browser ## the tests that take longest: people's walks in Chromium, killed installations, every file of the outside data
	@$(SUITE) -m slow $(PYTEST)

.PHONY: test-services
test-services: setup-services ## the tests that need real PostgreSQL and Redis, started for them on private ports
	@$(BIN)/python setup/services.py $(BIN)/pytest -rs -m services $(PYTEST)

.PHONY: bench
bench: setup ## what data, audit trail and pages take, side by side (BENCH="--only near"); half an hour; JSON in var/bench/
	@$(BIN)/python -m benchmarks $(BENCH)

.PHONY: chaos
chaos: setup ## kills every part at random while runs go on (KILLS=200), tampers with the trail, and has people ask and decide in any order; results in docs/results/
	@ASSAY_CHAOS_KILLS=$(or $(KILLS),200) $(BIN)/pytest tests/chaos $(PYTEST)

.PHONY: pictures
pictures: setup-browser ## every page (light, dark, 1280 and 390 wide) and every PDF page of the demo as PNG, into var/pictures/
	@$(BIN)/assay pictures $(if $(ONLY),--only $(ONLY))

.PHONY: lint lint-style lint-format lint-types lint-imports lint-migrations
lint: setup lint-style lint-format lint-types lint-imports lint-migrations ## ruff, mypy, import rules, migrations
lint-style:
	@echo "ruff check:" && $(BIN)/ruff check .
lint-format:
	@echo "ruff format:" && $(BIN)/ruff format --check .
lint-types:
	@echo "mypy:" && $(BIN)/mypy
lint-imports:
	@echo "import rules:" && $(BIN)/lint-imports
lint-migrations:
	@echo "migrations:" && DJANGO_SETTINGS_MODULE=assay.settings.test $(BIN)/python manage.py makemigrations --check --dry-run

.PHONY: constraints
constraints: ## write constraints.txt from what is installed
	@$(BIN)/python setup/constraints.py

.PHONY: clean
clean: ## remove what set-up and tests made; the database and the files under var/ stay
	rm -rf .venv node_modules .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis var/setup var/ci
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
