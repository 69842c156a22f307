# Each target installs what it needs into .venv; later calls start at once.
#   make run ARGS="--source 0"      make test ARGS="-k settings"

# A Python that is named has an environment of its own: make test PYTHON=python3.13 uses .venv-python3.13.
VENV := .venv$(if $(PYTHON),-$(notdir $(PYTHON)))
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check

# The first Python on the path that is new enough; evaluated only when .venv is created.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)

.DEFAULT_GOAL := help
.PHONY: help run bench test chaos soak check format lock setup clean

help: ## show this
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

run: $(VENV)/run.stamp ## start the app: python main.py $(ARGS)
	@exec $(BIN)/python main.py $(ARGS)

bench: $(VENV)/bench.stamp ## measure and report: python main.py bench $(ARGS)
	@exec $(BIN)/python main.py bench $(ARGS)

# --max-worker-restart 0: with --dist loadfile, pytest-xdist waits for ever after it has restarted a crashed process.
test: RERUNS := 0
test: setup ## run all tests, those that do not measure in two processes; or pytest $(ARGS)
	@$(if $(ARGS),$(BIN)/python -m pytest $(ARGS),\
		$(BIN)/python -m pytest --reruns $(RERUNS) -n 2 --dist loadfile --max-worker-restart 0 -m "not alone" && \
		$(BIN)/python -m pytest --reruns $(RERUNS) -m alone)

chaos: $(VENV)/dev.stamp ## faults against a running app: python -m tests.chaos $(ARGS)
	@exec $(BIN)/python -m tests.chaos $(ARGS)

soak: MINUTES := 30
soak: $(VENV)/dev.stamp ## the same for MINUTES=30, with a fault per minute
	@exec $(BIN)/python -m tests.chaos --seconds $$((60 * $(MINUTES))) --every 60 $(ARGS)

check: $(VENV)/dev.stamp ## format, lint, types, import contracts, rules of the code base
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m ruff check .
	$(BIN)/python -m mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/shellcheck .ci/run .ci/browser
	$(BIN)/hadolint Dockerfile
	$(BIN)/python -m pytest --quiet tests/test_house.py

format: $(VENV)/dev.stamp ## format the code
	$(BIN)/python -m ruff check --fix-only .
	$(BIN)/python -m ruff format .

lock: $(VENV)/run.stamp ## write requirements.lock: the newest versions of what the container installs
	@rm -rf $(VENV)/lock && $(BIN)/python -m venv $(VENV)/lock
	@$(VENV)/lock/bin/python -m pip install -qq --disable-pip-version-check -r requirements.txt -r requirements-mqtt.txt
	@{ head -n 1 requirements.lock; $(VENV)/lock/bin/python -m pip freeze --disable-pip-version-check; } >requirements.new
	@mv requirements.new requirements.lock && rm -rf $(VENV)/lock

setup: $(VENV)/dev.stamp ## install everything that tests need, with a browser
	@.ci/browser $(BIN)/python

clean: ## remove the environments and caches
	rm -rf .venv .venv-* .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/run.stamp: requirements.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed, and not on the path; name one with PYTHON=…"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { echo "$(PYTHON) is not Python 3.11 or newer"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "$(PYTHON) comes without venv: apt-get install python3-venv"; exit 1; }
	@echo "Creating $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) -r requirements.txt
	@touch $@

$(VENV)/bench.stamp: requirements-bench.txt requirements-zenoh.txt $(VENV)/run.stamp
	@echo "Installing the requirements of the report"
	@$(PIP) -r requirements-bench.txt
	@touch $@

$(VENV)/dev.stamp: requirements-dev.txt requirements-bench.txt $(VENV)/run.stamp
	@echo "Installing the tools of tests and checks"
	@$(PIP) -r requirements-dev.txt
	@touch $@
