# Thin wrappers; every command is shown in README.md. Needs Python >= 3.11, make and git.
PYTHON ?= python3
SCALE ?= full
CORES ?= 2
VENV := .venv
RUN := PATH="$(CURDIR)/$(VENV)/bin:$$PATH" PYTHONPATH="$(CURDIR)/src" \
	JAX_COMPILATION_CACHE_DIR="$(CURDIR)/.cache/jax"
CHECK := .check

.PHONY: help setup reproduce full test bench audit check mutate verify report lint lock clean

help:
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

setup: $(VENV)/.installed ## virtual environment with the locked packages

$(VENV)/.installed: requirements.lock
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is %d.%d" % sys.version_info[:2] if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	touch $@

reproduce: setup ## every figure and verdict at quick scale (twenty minutes on two quiet cores)
	$(RUN) snakemake --cores $(CORES) --config scale=quick
	@echo "open results/quick/audit/index.html; figures are in figures/quick"

full: setup ## train everything at the published settings and decide every claim (about twenty CPU hours of training)
	$(RUN) snakemake --cores $(CORES) --config scale=full weights=train
	$(RUN) python -m icgd sizes --scale full

test: setup ## the tests
	$(RUN) python -m pytest -q -n $(CORES) --dist loadfile --durations=20

bench: setup ## what a training step costs, on a quiet machine (about ten minutes)
	$(RUN) python -m icgd bench

audit: ## explain one claim: make audit CLAIM=vo22-17 [SCALE=quick rebuilds it]
	@test -n "$(CLAIM)" || { echo "make audit CLAIM=<id> [SCALE=full|quick], for example CLAIM=vo22-17" >&2; exit 2; }
ifneq ($(SCALE),full)
	@$(MAKE) --no-print-directory setup
	@$(RUN) snakemake --cores $(CORES) --quiet rules --config scale=$(SCALE) -- results/$(SCALE)/claims/$(CLAIM).json
endif
	@PYTHONPATH=src $(PYTHON) -m icgd audit $(CLAIM) --scale $(SCALE)

check: setup ## rebuild everything from the committed weights and compare; retrain two seeds
	$(RUN) python -m icgd check prepare --folder $(CHECK)
	$(RUN) snakemake --cores $(CORES) --quiet rules -s workflow/Snakefile -d $(CHECK) --config scale=full weights=committed -- claims figures results/full/given/sizes.csv
	$(RUN) python -m icgd check compare --folder $(CHECK)
	$(RUN) python -m icgd check retrain --folder $(CHECK)

mutate: setup ## plant faults in copies of the source, one at a time, and see what notices them (an hour)
	$(RUN) python -m icgd mutate --cores $(CORES)

verify: setup ## compare every committed file with its record
	$(RUN) python -m icgd verify --scale full

report: setup ## the audit page of SCALE
	$(RUN) snakemake --cores $(CORES) --config scale=$(SCALE) -- results/$(SCALE)/audit/index.html

lint: setup ## snakemake, snakefmt and ruff
	$(RUN) snakemake --lint
	$(RUN) snakefmt --check Snakefile workflow/Snakefile workflow/rules/*.smk
	$(RUN) ruff check src tests
	$(RUN) ruff format --check src tests

lock: ## requirements.lock from requirements.in (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--custom-compile-command "make lock" requirements.in -o requirements.lock

clean: ## everything that can be rebuilt; committed results stay
	rm -rf .snakemake .cache $(CHECK) .mutants logs results/smoke results/quick figures/smoke figures/quick
