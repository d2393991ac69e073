# Every command of the project. `make` alone lists them.

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
TESTS ?= tests
TESTS_OPTIONS ?=

# The test tables lie beside the repository where there are any; the tests that want them say so when they are missing.
ifneq ($(wildcard ../shared/data),)
export AUTOML_TEST_DATA ?= $(abspath ../shared/data)
endif
# Nothing leaves the machine.
export MLFLOW_DISABLE_TELEMETRY = true
export RAY_USAGE_STATS_ENABLED = 0

.DEFAULT_GOAL := help
# Every target with a plain name is a command and no file.
.PHONY: $(shell grep -hoE '^[a-z0-9-]+:' $(firstword $(MAKEFILE_LIST)) | tr -d :)

help:  ## List the commands
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 18

# Bytecode is compiled at once: without it the first start after an install takes three times as long.
define INSTALL
	@command -v $(PYTHON) >/dev/null || { echo "Tablewright needs Python 3.11. On Debian or Ubuntu: apt-get install python3.11 python3.11-venv" >&2; exit 2; }
	@$(PYTHON) -c 'import ctypes, sys; sys.platform.startswith("linux") and ctypes.CDLL("libgomp.so.1")' 2>/dev/null || { echo "Tablewright needs libgomp. On Debian or Ubuntu: apt-get install libgomp1" >&2; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@if command -v uv >/dev/null; then VIRTUAL_ENV=$(VENV) uv pip install --quiet --compile-bytecode $(1); \
	else $(BIN)/python -m pip install --quiet --disable-pip-version-check $(1); fi
endef

$(VENV)/installed: requirements.txt
	$(call INSTALL,-r requirements.txt)
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed requirements-dev.txt requirements-cluster.txt
	$(call INSTALL,-r requirements.txt -r requirements-dev.txt -r requirements-cluster.txt)
	@touch $@

setup: $(VENV)/installed  ## Build the environment, as every other command does on first use

run: $(VENV)/installed  ## Start the app and open it in the browser
	@$(BIN)/python -m pages.shared.serve

PORT ?= 8080
serve: $(VENV)/installed  ## Answer requests with a model, such as MODEL=churn@champion PORT=8080
	@test -n "$(MODEL)" || { echo "Say which model answers, for example: make serve MODEL=churn@champion PORT=8080" >&2; exit 2; }
	@$(BIN)/python -m automl_core serve "$(MODEL)" --port $(PORT)

stop: $(VENV)/installed  ## Stop the background process that runs the jobs
	@$(BIN)/python -m automl_core.jobs.host --stop

test: $(VENV)/installed-dev  ## Run the tests that need no browser
	@$(BIN)/python -m pytest $(TESTS) --ignore=tests/e2e -n 2 --dist loadfile $(TESTS_OPTIONS)

e2e: $(VENV)/installed-dev  ## Run the journey in a browser and save screenshots into docs/
	@$(BIN)/python -m pytest tests/e2e $(TESTS_OPTIONS)

fuzz: $(VENV)/installed-dev  ## Try 100,000 damaged inputs on the reader, recipes, bundles and the service
	@$(BIN)/python -m tests.fuzz.run

faults: $(VENV)/installed-dev  ## Kill processes 200 times while they work, and look whether anything is lost
	@$(BIN)/python -m tests.faults.campaign

audit: $(VENV)/installed-dev  ## Ask about known weaknesses of every locked package
	@$(BIN)/python .ci/audit.py

lint: $(VENV)/installed-dev  ## Check style and formatting
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

format: $(VENV)/installed-dev  ## Format the code and fix what can be fixed
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .

types: $(VENV)/installed-dev  ## Check the types of the core, strictly
	@$(BIN)/mypy automl_core

contracts: $(VENV)/installed-dev  ## Check that imports point downward only
	@$(BIN)/lint-imports

check: test lint types contracts  ## Everything but the browser

bench: $(VENV)/installed-dev  ## Measure every figure the project is held to (benchmarks/README.md)
	@$(BIN)/python benchmarks/run.py

bench-reading: $(VENV)/installed-dev  ## Reading score on damaged files
	@$(BIN)/python benchmarks/run.py reading

bench-clusters: $(VENV)/installed-dev  ## Spelling variants among 100,000 values
	@$(BIN)/python benchmarks/run.py clusters

bench-cleaning: $(VENV)/installed-dev  ## A recipe over 10,000,000 rows, with its peak memory
	@$(BIN)/python benchmarks/run.py cleaning

bench-combining: $(VENV)/installed-dev  ## Two tables of 2,000,000 rows made into one, with the peak memory
	@$(BIN)/python benchmarks/run.py combining

bench-large: $(VENV)/installed-dev  ## A clean CSV of 1 GB to Parquet beside DuckDB
	@$(BIN)/python benchmarks/run.py large

bench-start: $(VENV)/installed-dev  ## Start button to a job's first event
	@$(BIN)/python benchmarks/run.py start

bench-waiting: $(VENV)/installed-dev  ## First page and first model in the app
	@$(BIN)/python benchmarks/run.py waiting

bench-clicks: $(VENV)/installed-dev  ## Clicks on the pages, in a real browser
	@$(BIN)/python benchmarks/run.py clicks

bench-first-row: $(VENV)/installed-dev  ## First score of the command line, up to 1,000,000 rows
	@$(BIN)/python benchmarks/run.py first-row

bench-overrun: $(VENV)/installed-dev  ## Whether budgets are kept
	@$(BIN)/python benchmarks/run.py overrun

bench-whatif: $(VENV)/installed-dev  ## One changed row of a boosted ensemble, answered
	@$(BIN)/python benchmarks/run.py whatif

bench-evaluating: $(VENV)/installed-dev  ## Every evaluation tab on 100,000 rows
	@$(BIN)/python benchmarks/run.py evaluating

bench-profile: $(VENV)/installed-dev  ## A profile beside skrub's report
	@$(BIN)/python benchmarks/run.py profile

bench-explaining: $(VENV)/installed-dev  ## How fast a model is explained, beside others
	@$(BIN)/python benchmarks/run.py explaining

bench-batch: $(VENV)/installed-dev  ## Predicting 1,000,000 rows: rows a second and peak memory
	@$(BIN)/python benchmarks/run.py batch

bench-speed: $(VENV)/installed-dev  ## PyCaret's models in how much of its time
	@$(BIN)/python benchmarks/run.py speed

bench-drift: $(VENV)/installed-dev  ## Drift beside Evidently and NannyML, false alarms and power
	@$(BIN)/python benchmarks/run.py drift

bench-tuning: $(VENV)/installed-dev  ## Tuning beside PyCaret's tune_model; goes on where it was
	@$(BIN)/python benchmarks/run.py tuning

bench-peers: $(VENV)/installed-dev  ## 60 s beside six other systems; goes on where it was
	@$(BIN)/python benchmarks/run.py peers

bench-tiny: $(VENV)/installed-dev  ## Tables of 20 to 200 rows beside a line and a forest
	@$(BIN)/python benchmarks/run.py tiny

bench-scaling: $(VENV)/installed-dev  ## Seconds and memory by rows and columns
	@$(BIN)/python benchmarks/run.py scaling

bench-cluster: $(VENV)/installed-dev  ## A search on 1, 2, 4 and 8 machines of a cluster
	@$(BIN)/python benchmarks/run.py cluster

worked-example: $(VENV)/installed-dev  ## Bike rentals month by month, written into docs/worked_example.md
	@$(BIN)/python benchmarks/worked_example.py

bench-serving: $(VENV)/installed-dev  ## The service beside MLflow's server, the same model, a minute each (needs wrk)
	@$(BIN)/python benchmarks/serving.py $(AUTOML_TEST_DATA)/churn.csv --target Churn

bench-soak: $(VENV)/installed-dev  ## Ten minutes of requests with a promotion and a killed process in the middle
	@$(BIN)/python benchmarks/serving.py $(AUTOML_TEST_DATA)/churn.csv --target Churn --soak 600

check-exports: $(VENV)/installed-dev  ## Run a pipeline in a real Airflow and with Kubeflow's local runner
	@$(BIN)/python benchmarks/exports.py $(EXPORTS_OPTIONS)

lock:  ## Compile requirements.in into requirements.txt (needs uv)
	@for name in requirements requirements-dev requirements-cluster; do \
		uv pip compile --quiet --python-version 3.11 --no-header --no-emit-index-url --no-emit-find-links $$name.in -o $$name.txt && \
		sed -i "1i# Compiled from $$name.in by \`make lock\`; change that file, not this one." $$name.txt; done

catalogue: $(VENV)/installed  ## Read PyCaret's models and spaces again
	@$(BIN)/python -m automl_core.engines.pycaret

clean:  ## Remove the environment and the caches
	@rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
