# Daybook's commands. Each makes what it needs in .venv and leaves the rest of the machine alone.
#   make run             everything on this machine, until Ctrl-C (make run PORT=8100 for another port)
#   make test            the whole suite on SQLite, then on PostgreSQL where one answers (make test ARGS="-k blocks")
#   make lint            ruff and mypy
#   make conformance     the documented contracts, asked from outside (make conformance ARGS="--contract tymblok -v")
#   make fuzz            every operation of every document with made-up requests (make fuzz ARGS="--examples 100")
#   make chaos           processes, database and Redis killed and frozen under load (make chaos CHAOS_SECONDS=20;
#                        make chaos CHAOS_SECONDS=8 ARGS="-m brief" is what .ci/run runs)
#   make bench           every measurement in bench/, as one table (make bench ARGS="reads sync" for some)
#   make lock            pin what requirements.in and requirements-dev.in ask for
#   make clean           remove .venv and caches; var/, with its data, stays

PYTHON_IN_VENV := .venv/bin/python
COMPILE := $(PYTHON_IN_VENV) -m uv pip compile --quiet --upgrade --no-header --no-annotate --no-emit-index-url \
	--no-emit-find-links --python-version 3.11
ARGS ?=
CHAOS_SECONDS ?= 60

.PHONY: run test lint conformance fuzz chaos bench lock clean environment development

run: environment
	@exec $(PYTHON_IN_VENV) cli.py up --until-parent-ends

test: development
	@$(PYTHON_IN_VENV) -m tests.suite $(ARGS)

lint: development
	$(PYTHON_IN_VENV) -m ruff check .
	$(PYTHON_IN_VENV) -m mypy

conformance: development
	@$(PYTHON_IN_VENV) -m tests.conformance $(ARGS)

fuzz: development
	@RATE_LIMITS=false $(PYTHON_IN_VENV) -m pytest tests/fuzz/contracts.py -q -n 2 --dist worksteal -p no:cacheprovider $(ARGS)

chaos: development
	@DAYBOOK_CHAOS=$(CHAOS_SECONDS) $(PYTHON_IN_VENV) -m pytest tests/faults -q -rs -p no:cacheprovider $(ARGS)

bench: development
	@$(PYTHON_IN_VENV) -m bench $(ARGS)

lock: development
	@$(PYTHON_IN_VENV) -m uv --version >/dev/null 2>&1 || $(PYTHON_IN_VENV) -m pip install --quiet uv
	$(COMPILE) requirements.in -o requirements.txt
	$(COMPILE) requirements-dev.in -c requirements.txt -o requirements-dev.txt

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

environment:
	@bin/environment requirements.txt

development:
	@bin/environment requirements-dev.txt
