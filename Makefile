# Everything a person does with this repository. `make` alone lists it.

SHELL := /bin/sh
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
# One stamp per state of the lock and the package: a changed lock is installed by the next command, whatever the file times.
STAMP := $(VENV)/installed-$(shell cat requirements.txt pyproject.toml | cksum | tr -c '0-9\n' '-')
# The rivals of `make bench` have an environment of their own: nothing else needs them.
RIVALS := .venv-bench
RIVALS_STAMP := $(RIVALS)/installed-$(shell cat requirements-bench.txt | cksum | tr -c '0-9\n' '-')
# What the image holds, which is locked by itself: for `make rehearse`, and for the licences.
IMAGE := .venv-image
IMAGE_STAMP := $(IMAGE)/installed-$(shell cat requirements-production.txt | cksum | tr -c '0-9\n' '-')
# The tests run on all cores, each file on one of them. ARGS="-n 0" runs them one by one.
SHARED_OUT := -n auto --dist loadfile --no-loadscope-reorder
AIRFLOW_CODE := dags plugins include/booking_sync_airflow

# Airflow's processes compile everything anew at each start where bytecode may not be written.
unexport PYTHONDONTWRITEBYTECODE
unexport PYTHONPATH
unexport VIRTUAL_ENV

.PHONY: help demo test soak check bench plan migrate prune backup restore rotate sandbox rehearse secrets lock reference licences sbom audit install clean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: install ## run it all on this machine: a sandbox, a whole Airflow, a few reconciliations (ONCE=1: end after them)
	@exec $(BIN)/python -m booking_sync_airflow.demo $(if $(filter-out 0,$(ONCE)),--once)

test: install ## run the tests (ARGS="-k contacts" passes options to pytest)
	@exec $(BIN)/python -m pytest $(SHARED_OUT) $(ARGS)

soak: install ## the long run of the tests, with a score card at its end; many hours (ARGS="tests/simulation" runs a part)
	@SOAK=1 exec $(BIN)/python -m pytest -n auto --dist worksteal $(ARGS)

check: install ## format, lint, types, layers, docs in step with code
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/ruff check --select AIR --preview $(AIRFLOW_CODE)
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest tests/docs

bench: install $(RIVALS_STAMP) ## measure what is claimed, each figure beside its rival (ARGS=thousand runs one)
	@PYTHONPATH=. $(BIN)/python -m benchmarks $(ARGS)

plan: install ## print what a run will do or did, item by item (RUN=its id in Airflow; the newest run without)
	@$(BIN)/python -m booking_sync_airflow.plan $(RUN)

migrate: install ## bring the mapping database to this version's schema (make a backup first)
	@$(BIN)/python -m booking_sync_airflow.migrate

prune: install ## delete what is older than the retention, as the daily audit does
	@$(BIN)/python -m booking_sync_airflow.prune

backup: install ## copy the mapping database into a new file under backups/ (TO=another folder or file)
	@$(BIN)/python -m booking_sync_airflow.backup $(or $(TO),backups/)

restore: install ## put a backup back: FROM=its file (stop the runs first)
	@$(BIN)/python -m booking_sync_airflow.restore $(FROM)

rotate: install ## put everything that is encrypted under the first key of BOOKING_SYNC_SECRET_KEY
	@$(BIN)/python -m booking_sync_airflow.rotate

sandbox: install ## only the sandbox: a Calendar.com and a HubSpot on loopback, with sample bookings
	@exec $(BIN)/python -m booking_sandbox $(ARGS)

rehearse: $(IMAGE_STAMP) ## run the production shape without Docker, kill a worker in it, and judge (needs PostgreSQL and Redis)
	@PYTHONPATH=include:. exec $(IMAGE)/bin/python -m rehearsal

secrets: ## make the files of secrets that docker-compose.yaml mounts (SANDBOX=1: with the keys of the sandbox)
	@sh scripts/secrets.sh $(or $(SECRETS_FOLDER),secrets) $(if $(filter-out 0,$(SANDBOX)),sandbox)

lock: ## lock all requirements*.in, for Python 3.11 to 3.13, with hashes (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes requirements.in -o requirements.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes requirements-production.in -o requirements-production.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes requirements-bench.in -o requirements-bench.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes requirements-compose.in -o requirements-compose.txt

reference: install ## write docs/reference.md from the code
	@$(BIN)/python -m scripts.reference --write

licences: install $(IMAGE_STAMP) ## write docs/licences.md from what is installed (needs Python 3.12 for the packages of the image)
	@$(BIN)/python -m scripts.licences --write $(IMAGE)/lib/python3.*/site-packages

sbom: install ## write the bills of materials (CycloneDX) of both locks into .sbom
	@$(BIN)/python -m scripts.bill_of_materials

audit: install ## ask OSV for known vulnerabilities of every locked package, and say how old its data is (needs the internet)
	@$(BIN)/python -m scripts.dependency_audit $(OSV_URL)

install: $(STAMP) ## install what is missing into .venv (every other command does it by itself)

$(STAMP):
	@sh scripts/install.sh $(VENV) && rm -f $(VENV)/installed-* && touch $@

$(RIVALS_STAMP):
	@sh scripts/install.sh $(RIVALS) requirements-bench.txt && rm -f $(RIVALS)/installed-* && touch $@

$(IMAGE_STAMP):
	@PYTHON="$${PYTHON:-python3.12}" sh scripts/install.sh $(IMAGE) requirements-production.txt && rm -f $(IMAGE)/installed-* && touch $@

clean: ## remove what the commands made
	rm -rf $(VENV) $(RIVALS) $(IMAGE) .demo .rehearsal .sbom
