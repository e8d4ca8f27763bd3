# Every verb of the project. Python 3.11 with venv, and make, are all that a fresh machine needs.
PYTHON ?= python3
BIN := .venv/bin
DEMO ?= 1
unexport PYTHONDONTWRITEBYTECODE

.PHONY: setup setup-ml setup-dev run test proof check bench pictures template known-hosts clean

setup: .venv/.run            ## install what the product needs

.venv/.run: requirements/run.txt pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@test -x $(BIN)/uv || $(BIN)/pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/run.txt --compile-bytecode
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps -e .
	@touch $@

setup-ml: .venv/.ml          ## install what `handraiser model` needs: scikit-learn and LightGBM

.venv/.ml: .venv/.run requirements/ml.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/ml.txt --compile-bytecode
	@touch $@

setup-dev: .venv/.dev        ## install what tests and checks need as well

.venv/.dev: .venv/.run requirements/dev.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/dev.txt --compile-bytecode
	@touch $@

run: setup                   ## start the product at http://127.0.0.1:8000 (DEMO=0 starts empty)
	@$(BIN)/handraiser up $(if $(filter 0,$(DEMO)),,--demo)

test: setup-dev              ## everything except the long runs
	@sh tests/machine.sh
	$(BIN)/python -m tests.both

check: setup-dev             ## style, types and the law of imports
	$(BIN)/ruff check src tests benchmarks
	$(BIN)/ruff format --check src tests benchmarks
	$(BIN)/lint-imports
	$(BIN)/mypy src/handraiser

proof: setup-dev             ## the long runs: kills, soak, fuzz, PostgreSQL, Lighthouse
	@sh tests/machine.sh proof
	$(BIN)/pytest -m proof tests/proof

bench: setup-dev             ## every speed we claim (AREA=walking: one area; ROWS=form_,lead_: some rows)
	$(BIN)/python -m benchmarks

pictures: setup-dev          ## every screen, desktop and phone, light and dark, into docs/pictures
	@sh tests/machine.sh
	$(BIN)/python -m tests.pictures

template: setup              ## make the prepared records file anew, after a change of migrations
	@home=$$(mktemp -d) && HANDRAISER_HOME=$$home DATABASE_URL= \
	DJANGO_SETTINGS_MODULE=handraiser.config.settings $(BIN)/python -m handraiser.config.template && rm -r $$home

known-hosts: setup-dev       ## compile the public lists of search engines, networks and spam (FROM=folder)
	$(BIN)/python tools/known_hosts.py $(FROM)

clean:
	rm -rf .venv var build src/*.egg-info
