# make train   a fresh machine to a trained quantum network and its report
# make test    the fast suite, under five minutes on two cores
# make oldest  the core tests with the oldest versions that pyproject.toml allows, in an environment of their own
# make strategies  the core tests with each strategy of the planner forced
# make lint    ruff and the type checker
# make doctest the examples of every docstring
# make bench-peers  the simulators that qdl is compared with, each in an environment of its own below .bench/
# make bench   the comparison: time, ratio and goal of every row (an hour at most)
#
# PYTHON picks the interpreter, PIP_FLAGS is handed to pip (an index with CPU-only builds of PyTorch, say).

VENV ?= .venv
PYTHON ?= $(shell for python in python3.11 python3.12 python3.13 python3 python; do \
	$$python -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
PIP_FLAGS ?=
WORKERS ?= $(shell nproc 2>/dev/null || echo 2)
PYTEST_FLAGS ?=
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
OLDEST := $(VENV)-oldest
# What the core tests need beside the package: the extra `dev` without what builds, checks and asks for newer versions.
OLDEST_TOOLS := flaky hypothesis pytest pytest-mock pytest-xdist qiskit-ibm-runtime qiskit-machine-learning \
	qiskit-qasm3-import

# Each pytest worker keeps to one core: two workers with two threads each would fight over the same two.
ONE_THREAD := OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1

.PHONY: train test slow oldest strategies lint doctest bench-peers bench env clean
.DEFAULT_GOAL := train

train: $(STAMP)
	$(BIN)/qdl train

test: $(STAMP)
	$(ONE_THREAD) $(BIN)/python -m pytest -n $(WORKERS) -m "not slow" $(PYTEST_FLAGS)

slow: $(STAMP)
	$(ONE_THREAD) $(BIN)/python -m pytest -n $(WORKERS) -m slow $(PYTEST_FLAGS)

# MQT Bench asks for a newer scikit-learn.
oldest: $(OLDEST)/.installed
	$(ONE_THREAD) $(OLDEST)/bin/python -m pytest -n $(WORKERS) -m "not slow" $(PYTEST_FLAGS) \
		--ignore tests/adapters/test_mqt_bench.py tests/ir tests/run tests/adapters tests/test_imports.py

# The tests of results and gradients with each way of carrying out a circuit forced on all of them.
strategies: $(STAMP)
	for way in "--strategy windows" "--strategy windows --width 1" "--strategy tiles" "--strategy tiles --width 1"; do \
		$(ONE_THREAD) $(BIN)/python -m pytest -n $(WORKERS) -m "not slow" $$way $(PYTEST_FLAGS) \
			tests/grad tests/run tests/measure tests/nn tests/test_random_circuits.py || exit 1; \
	done

doctest: $(STAMP)
	$(ONE_THREAD) $(BIN)/python -m pytest --doctest-modules --doctest-glob='*.md' qdl README.md $(PYTEST_FLAGS)

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/mypy

bench-peers: $(STAMP)
	PIP_FLAGS="$(PIP_FLAGS)" $(BIN)/python -m qdl.bench.install

bench: $(STAMP)
	$(BIN)/qdl bench

env: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "qdl needs Python 3.11 or newer with venv; set PYTHON=/path/to/python" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet $(PIP_FLAGS) -c constraints.txt -e '.[dev]'
	@touch $@

$(OLDEST)/.installed: pyproject.toml constraints-oldest.txt
	$(PYTHON) -m venv $(OLDEST)
	$(OLDEST)/bin/python -m pip install --quiet $(PIP_FLAGS) -c constraints-oldest.txt -e . $(OLDEST_TOOLS)
	@touch $@

clean:
	rm -rf $(VENV) $(OLDEST) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
