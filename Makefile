# Thin wrappers; every command is shown in README.md. Needs Python >= 3.11, make and git.
PYTHON ?= python3
SCALE ?= full
CORES ?= 2
VENV := .venv
STAMP := $(VENV)/.installed
CHECK := .check
PIP := $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r
OURSELVES := --no-deps --no-build-isolation --editable .
RUN := PATH="$(CURDIR)/$(VENV)/bin:$$PATH" PYTHONPATH="$(CURDIR)/src:$(CURDIR)/workflow/plugins" \
	JAX_COMPILATION_CACHE_DIR="$(CURDIR)/.cache/jax"
BARE := PYTHONPATH="$(CURDIR)/src" $(PYTHON) -m icgd
SNAKEMAKE := $(RUN) snakemake --cores $(CORES) --logger icgd
CHAPTER := $(if $(SOURCES),'sources=[$(SOURCES)]')
FIRST := $(if $(SOURCES),,--prioritize figures/quick/fig1.png)

.PHONY: help setup reproduce full test bench audit check verify attest site faults lint notebook lock clean

help:
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'
	@echo 'SCALE=smoke, quick or full; CORES=2 unless said. Audits at full scale read what is committed and train nothing.'

# Scripts of a virtual environment hold its path: in a checkout that was moved it is made again.
ifneq "$(shell cat $(STAMP) 2>/dev/null)" "$(CURDIR)"
.PHONY: $(STAMP)
endif

setup: $(STAMP) ## virtual environment with the locked packages and this one

$(STAMP): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is %d.%d" % sys.version_info[:2] if sys.version_info < (3, 11) else 0)'
	@test ! -L $(VENV) || rm $(VENV)  # what a link leads to is not ours to clear
	$(PYTHON) -m venv --clear $(VENV)
	@awk '/^[^ #]/ { own = /^uv==/ } own' requirements.lock > $(VENV)/uv.txt
	@$(PIP) $(VENV)/uv.txt && $(VENV)/bin/uv pip install --quiet --require-hashes \
		--python $(VENV)/bin/python -r requirements.lock || { echo "without uv:"; $(PIP) requirements.lock; }
	@$(VENV)/bin/uv pip install --quiet --python $(VENV)/bin/python $(OURSELVES) || \
		$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check $(OURSELVES)
	@echo "$(CURDIR)" > $@

reproduce: setup ## every figure and verdict at quick scale, half an hour on two quiet cores, twelve for SOURCES=vo22 alone
	@$(SNAKEMAKE) $(FIRST) --config scale=quick $(CHAPTER)

full: setup ## train everything at the published settings and decide every claim (about thirty CPU hours)
	@$(SNAKEMAKE) --config scale=full weights=train

test: setup ## the tests
	$(RUN) python -m pytest -q -n $(CORES) --dist loadfile --durations=20

bench: setup ## what a training step costs, on a quiet machine (a few minutes)
	$(RUN) python benchmarks/steps.py

audit: ## explain claims: make audit CLAIM="vo22-17 fig2" [SCALE=quick rebuilds them] [JSON=1]
	@test -n "$(CLAIM)" || { echo "make audit CLAIM=<id>, for example CLAIM=vo22-17" >&2; exit 2; }
ifneq ($(SCALE),full)
	@targets=$$($(BARE) audit $(CLAIM) --scale $(SCALE) --targets) || exit $$?; \
		test -z "$$targets" || { $(MAKE) --no-print-directory setup && \
		$(SNAKEMAKE) --config scale=$(SCALE) -- $$targets; }
endif
	@$(BARE) audit $(CLAIM) --scale $(SCALE) $(if $(JSON),--json)

check: setup ## rebuild everything from the committed weights and compare; attest; retrain two seeds
	$(RUN) python -m icgd check prepare --folder $(CHECK)
	@$(SNAKEMAKE) -s workflow/Snakefile -d $(CHECK) --config scale=full weights=committed
	$(RUN) python -m icgd check compare --folder $(CHECK)
	$(RUN) python -m icgd attest --check
	$(RUN) python -m icgd check retrain --folder $(CHECK)

verify: ## compare every committed file with its record (nothing to install)
	@$(BARE) verify

attest: setup ## does today's code still train what is committed? compare compiled programs, rerun where they differ
	$(RUN) python -m icgd attest

site: setup ## a page for every claim, figure and source: site/SCALE/index.html (seconds)
	@$(RUN) python -m icgd site --scale $(SCALE)

faults: setup ## plant faults in copies of the source, one at a time, and see what notices them (a quarter of an hour)
	$(RUN) python tests/faults.py

lint: setup ## snakemake, snakefmt and ruff
	$(RUN) snakemake --lint
	$(RUN) snakefmt --check Snakefile workflow/Snakefile workflow/rules/*.smk
	$(RUN) ruff check src tests benchmarks workflow/plugins
	$(RUN) ruff format --check src tests benchmarks workflow/plugins

notebook: setup ## run the notebook anew and keep what it prints
	$(RUN) jupyter execute --inplace notebooks/one-context.ipynb

lock: setup ## requirements.lock from requirements.in
	$(VENV)/bin/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--custom-compile-command "make lock" requirements.in -o requirements.lock

clean: ## everything that can be rebuilt; committed results stay
	rm -rf .snakemake .cache $(CHECK) logs results/smoke results/quick figures/smoke figures/quick site
