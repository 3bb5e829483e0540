# Coldcart: two commands on a fresh machine, `make demo` and `make test`.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# What `make serve` serves.
DATASET ?= ta_feng
# Two cores are plenty; more threads than cores slow everything down.
export OMP_NUM_THREADS ?= 2

.PHONY: help install demo ui serve test test-ui lint format clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

install: $(VENV)/.installed ## Create .venv and install everything the project needs

# The stamp is written last: an installation that was interrupted starts again.
$(VENV)/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Coldcart needs Python 3.11 or newer, $(PYTHON) is `$(PYTHON) --version`; set PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	$(BIN)/python -m pip check
	@touch $@

demo: install ## Run the main job on Ta-Feng and print what it found (under 5 minutes)
	@$(BIN)/python -m flows.train experiment=demo

ui: install ## Open Prefect's and MLflow's pages, ready to start runs; Ctrl-C ends them (ARGS="prefect_port=4300")
	@$(BIN)/python -m flows.ui $(ARGS)

serve: install ## Serve recommendations and the demo page; trains first where nothing is registered (DATASET=ta_feng)
	@$(BIN)/python -m flows.serve model=models:/coldcart-$(DATASET)@champion train=$(DATASET) $(ARGS)

test: install lint ## Run linters, type checks and all tests (about 11 minutes on 2 cores)
	$(BIN)/python -m pytest -n 2 --dist loadfile

test-ui: install ## Test the pages in a real browser (needs Chromium)
	$(BIN)/python -m pytest -m browser tests/browser

lint: install ## Run linters and type checks only
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/codespell

format: install ## Format the code and mend what the linter can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean: ## Remove the virtual environment and caches, never results
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
