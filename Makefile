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
	@echo "types: mypy --strict"; exec $(GIVE_WAY) mypy
	@echo "import contracts: import-linter"; lint-imports --no-logo 2>/dev/null || lint-imports

test: .venv/installed
	@scripts/system-packages tests
	@$(BIN)/python tests/apiserver/build.py >/dev/null || echo "tests on a real API server will be skipped" >&2
	@$(BIN)/python scripts/timed.py "make test" $(MAKE) --no-print-directory _test

# What computes first, side by side with what waits for servers; then replays that wait for real seconds, three at a
# time; then, alone, whatever measures rates and times. Collecting all tests costs ten seconds, so a kind reads only the
# files that have its marks; longest first. `exec`, so that a signal meets the tests and not a shell.
FIRST := lint computing serving
KINDS := $(FIRST) waiting measuring
marked = $(shell grep -rlE 'pytest\.mark\.($(1))\b' tests --include='test_*.py' | sort -r)
SERVING = $(call marked,needs_apiserver)
SANDBOXES = $(call marked,needs_sandbox|needs_root|inside)
PYTEST := python -m pytest --durations=10 --durations-min=0
GIVE_WAY := nice -n 5

.PHONY: _test $(KINDS)
_test:
	@python scripts/side_by_side.py $(FIRST) -- $(MAKE) --no-print-directory
	@$(MAKE) --no-print-directory waiting
	@$(MAKE) --no-print-directory measuring

computing:
	@exec $(GIVE_WAY) $(PYTEST) -n 2 --dist worksteal -m "not (long or needs_sandbox or needs_root or needs_apiserver)" $(PYTEST_ARGS)

serving:
	@exec $(GIVE_WAY) $(PYTEST) -m "needs_apiserver and not long" $(SERVING) $(PYTEST_ARGS)

waiting:
	@exec $(PYTEST) -n 3 --maxschedchunk 1 -m "waits and not long" $(SANDBOXES) $(PYTEST_ARGS)

measuring:
	@exec $(PYTEST) -m "(needs_sandbox or needs_root) and not (waits or long)" $(SANDBOXES) $(PYTEST_ARGS)

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
