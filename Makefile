# Two commands set everything up: `make demo` and `make test`. Each makes .venv and installs what it needs.
SHELL := /bin/sh
# Prefer the system's interpreter: every user can run it, so the emulator's tests can act as an ordinary user.
PYTHON ?= $(shell scripts/find-python)
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: help demo test test-long lint check-wheel benchmarks validation clean

help:
	@echo "make demo       from nothing to a compared simulator and emulator run (out/demo)"
	@echo "make test       lint, types, import contracts and the test suite"
	@echo "make test-long  the tests that take minutes"
	@echo "make validation hold the simulator to published numbers: out/validation.html"
	@echo "make benchmarks print the benchmark figures of this machine"

.venv/installed: requirements.lock pyproject.toml
	@echo "environment: making .venv from requirements.lock"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

demo: .venv/installed
	@scripts/system-packages
	@$(BIN)/python scripts/demo.py out/demo

lint: .venv/installed
	@echo "lint: ruff"; ruff check . && ruff format --check --quiet .
	@echo "types: mypy --strict"; mypy
	@echo "import contracts: import-linter"; lint-imports --no-logo 2>/dev/null || lint-imports

test: .venv/installed
	@scripts/system-packages tests
	@$(BIN)/python tests/apiserver/build.py >/dev/null || echo "tests on a real API server will be skipped" >&2
	@$(BIN)/python scripts/timed.py "make test" $(MAKE) --no-print-directory _test

.PHONY: _test
_test: lint
	@echo "tests that compute: two at a time"
	@python -m pytest -m "not long and not needs_sandbox and not needs_root" -n 2 \
		--durations=10 --durations-min=0 $(PYTEST_ARGS)
	@echo "tests that run in real time: one at a time"
	@python -m pytest -m "not long and (needs_sandbox or needs_root)" --durations=10 --durations-min=0 $(PYTEST_ARGS)

test-long: .venv/installed
	@scripts/system-packages tests
	@$(BIN)/python tests/apiserver/build.py >/dev/null || echo "tests on a real API server will be skipped" >&2
	@$(BIN)/python scripts/timed.py "make test-long" python -m pytest -m long --durations=10 $(PYTEST_ARGS)

validation: .venv/installed
	@python -m kubeslice_sim.validation out/validation.html

benchmarks: .venv/installed
	@for file in tests/benchmarks/*.py; do echo "== $$file"; python $$file || exit 1; done

clean:
	rm -rf .venv out dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
