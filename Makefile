# Two commands do everything on a machine with Python 3.11 or newer, pip and make:
#   make demo    installs, analyses two studies, a simulated cohort and one patient, plans the next study, says where the reports are
#   make test    installs what the tests need and runs them
# The other verbs: setup, check, docs, test-all (slow suites too), bench, lock, clean.

PYTHON ?= python3
UV := .tools/bin/uv
RUN := .venv/bin
OUT ?= out

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-all check docs bench lock clean

help:
	@sed -n '1,4s/^# \{0,1\}//p' Makefile

# uv comes first, into a folder of its own, so that nothing outside the checkout is touched.
.tools/stamp: requirements/uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "wearoff needs Python 3.11 or newer; say which with: make PYTHON=python3.11 ...")'
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes --upgrade --target .tools -r requirements/uv.txt
	@touch $@

# Bytecode is compiled here: where Python may not write it later, every command would compile its modules again.
.venv/stamp: .tools/stamp requirements/run.txt pyproject.toml
	$(UV) venv --quiet --allow-existing --python $(PYTHON) .venv
	$(UV) pip install --quiet --compile-bytecode --python $(RUN)/python --require-hashes -r requirements/run.txt
	$(UV) pip install --quiet --python $(RUN)/python --no-deps --no-build-isolation --editable .
	@touch $@

.venv/stamp-dev: .venv/stamp requirements/dev.txt
	$(UV) pip install --quiet --compile-bytecode --python $(RUN)/python --require-hashes -r requirements/dev.txt
	@touch $@

# The engines to compare with; only the benchmark needs them.
.venv/stamp-bench: .venv/stamp requirements/bench.txt
	$(UV) pip install --quiet --python $(RUN)/python --require-hashes -r requirements/bench.txt
	@touch $@

setup: .venv/stamp-dev

demo: .venv/stamp
	@$(RUN)/wearoff study --published bringeland-2020 -o $(OUT)/bringeland-2020
	@$(RUN)/wearoff study --published van-kempen-2019 -o $(OUT)/van-kempen-2019
	@$(RUN)/wearoff study examples/simulated_cohort -o $(OUT)/simulated_cohort
	@$(RUN)/wearoff patient examples/patient.toml --target 5 --probability 0.9 -o $(OUT)/patient
	@$(RUN)/wearoff power -o $(OUT)/next-study

test: .venv/stamp-dev
	$(RUN)/pytest -n 2 -m "not slow"

test-all: .venv/stamp-dev
	$(RUN)/pytest -n 2

check: .venv/stamp-dev
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .
	$(RUN)/mypy
	$(RUN)/lint-imports

docs: .venv/stamp-dev
	$(RUN)/python docs/generate.py
	$(RUN)/zensical build --strict --clean

bench: .venv/stamp-bench
	$(RUN)/python -m benchmarks

# Write the pinned, hashed requirement lists again from pyproject.toml.
lock: .tools/stamp
	$(UV) pip compile -q --upgrade --universal --generate-hashes --no-emit-index-url --python-version 3.11 requirements/uv.in -o requirements/uv.txt
	$(UV) pip compile -q --upgrade --universal --generate-hashes --no-emit-index-url --python-version 3.11 pyproject.toml --group build -o requirements/run.txt
	$(UV) pip compile -q --upgrade --universal --generate-hashes --no-emit-index-url --python-version 3.11 pyproject.toml --group build --group dev --group docs -c requirements/run.txt -o requirements/dev.txt
	$(UV) pip compile -q --upgrade --universal --generate-hashes --no-emit-index-url --python-version 3.11 pyproject.toml --group bench -c requirements/run.txt -c requirements/dev.txt -o requirements/bench.txt

clean:
	rm -rf .tools .venv out site .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
