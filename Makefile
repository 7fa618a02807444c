# The ways in: each sets up what it needs, works a second time, and needs no network once installed.
.PHONY: setup demo test test-fast check format bench clean

export PLUMBLINE_HOME ?= $(CURDIR)/var
export DO_NOT_TRACK = 1

setup:
	@scripts/setup

demo: setup  ## the main job on simulated data, from files to a release
	.venv/bin/plumbline run family_support
	@.venv/bin/plumbline report family_support

check: setup  ## style and types
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy

test: setup check  ## every test, with coverage of branches
	@scripts/setup spark ebm
	@scripts/setup-browser
	@scripts/setup-jdk
	.venv/bin/python -m pytest -n 2 --dist worksteal --cov --cov-report=term:skip-covered --cov-fail-under=95

test-fast: setup  ## the tests that take no time
	.venv/bin/python -m pytest -n 2 -m "not slow and not browser" tests/unit tests/property tests/golden

format: setup
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

bench: setup  ## time and memory against the peers (docs/benchmarks.md); about an hour, goes on when interrupted: make bench ARGS="--sizes 20000"
	.venv/bin/python -m benchmarks.run $(ARGS)
	.venv/bin/python -m benchmarks.explanations
	.venv/bin/python -m benchmarks.audits
	.venv/bin/python -m benchmarks.reports
	.venv/bin/python -m benchmarks.tables

clean:  ## removes what tools left behind; never your data in $(PLUMBLINE_HOME)
	rm -rf .venv .tools .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage*
