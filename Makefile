# The two commands: `make run` serves the app on port 8501, `make test` runs all tests. Both work from a fresh clone.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8501
# Where pip finds torch: empty takes the package index's own build; see the README for CPU and CUDA builds.
PIP_ARGS ?=
# Python may keep what it compiled: the tests start hundreds of processes, each of which would compile the project anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test test-slow test-one test-all check format lint types bench lock clean

run: $(VENV)/.run-ready
	@$(BIN)/python -m rebracket_core.workbench.prepare
	@$(BIN)/python -m rebracket_core.ui run app.py --server.port $(PORT)

test: $(VENV)/.dev-ready
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m "not slow and not browser" -n auto

# What `make test` leaves out: first what may run side by side, then what measures time or drives a browser.
test-slow: $(VENV)/.dev-ready
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m "slow and not browser and not alone" -n auto
	$(BIN)/python -m pytest -m "browser or alone"

test-all: $(VENV)/.dev-ready
	$(BIN)/python -m pytest

# One file or test, with the environment that it needs: make test-one T=tests/unit/validation/test_decisions.py
test-one: $(VENV)/.dev-ready
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest $(T)

# What a change should pass before it is shown to anyone.
check: lint types test

format: $(VENV)/.dev-ready
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lint: $(VENV)/.dev-ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev-ready
	$(BIN)/mypy

bench: $(VENV)/.dev-ready
	$(BIN)/python -m benchmarks --out docs/benchmarks.md

$(BIN)/python:
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if v >= (3, 11) else f"Rebracket needs Python 3.11 or newer; {sys.executable} is {v.major}.{v.minor}. Try: make run PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run-ready: requirements.lock pyproject.toml | $(BIN)/python
	@echo "Installing Rebracket's packages into $(VENV) (a few minutes the first time) ..."
	$(BIN)/python -m pip install --disable-pip-version-check -q $(PIP_ARGS) -r requirements.lock
	$(BIN)/python -m pip install --disable-pip-version-check -q --no-deps -e .
	@touch $@

$(VENV)/.dev-ready: requirements-dev.lock $(VENV)/.run-ready
	$(BIN)/python -m pip install --disable-pip-version-check -q $(PIP_ARGS) -r requirements-dev.lock
	@touch $@

# Resolves the newest allowed versions in a throw-away environment and writes both lock files.
lock:
	rm -rf build/lock && $(PYTHON) -m venv build/lock
	build/lock/bin/python -m pip install -q $(PIP_ARGS) '.[app]'
	{ echo "# Locked versions of everything that Rebracket runs on (make run). Made with: make lock"; \
	  build/lock/bin/python -m pip freeze --exclude rebracket | sed 's/+[a-z0-9]*$$//'; } > requirements.lock
	build/lock/bin/python -m pip install -q $(PIP_ARGS) '.[dev]'
	{ echo "# Locked versions for development and tests (make test). Made with: make lock"; \
	  build/lock/bin/python -m pip freeze --exclude rebracket | sed 's/+[a-z0-9]*$$//'; } > requirements-dev.lock

clean:
	rm -rf $(VENV) build *.egg-info .pytest_cache .ruff_cache .mypy_cache
