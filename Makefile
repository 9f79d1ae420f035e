# make run: see it work, no PBX and no account needed.  make test: everything that checks it.

ifndef PYTHON
PYTHON := $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
endif
VENV ?= .venv
BIN := $(VENV)/bin
PIP := PIP_USE_PEP517=1 $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: run test check soak lab deb clean help
.DEFAULT_GOAL := help

help:
	@echo 'make run    set up and start the demo (Ctrl-C ends it)'
	@echo 'make test   checks and tests, on a real Asterisk too where one can be had'
	@echo 'make check  flake8, mypy and the layers only'
	@echo 'make soak   hours of load and faults on real daemons (MINUTES=120 RATE=50 SEED=1)'
	@echo 'make lab    as root on Debian: unpack real Asterisks for the tests'
	@echo 'make deb    on Debian or Ubuntu: build a package for this release, in dist/'
	@echo 'make clean  remove what these made'

run: $(VENV)/.installed
	@exec $(BIN)/textback demo

test: $(VENV)/.tools
	@$(MAKE) --no-print-directory lab-if-possible check
	@{ $(BIN)/pytest tests/lab; status=$$?; $(BIN)/pytest tests/browser || status=$$?; exit $$status; } >.lab.log 2>&1 & beside=$$!; \
	$(BIN)/pytest --ignore=tests/lab --ignore=tests/browser --ignore=tests/soak/test_soak.py; status=$$?; \
	echo 'Those on a real Asterisk, which mostly wait, and then in a browser, at the same time:'; \
	wait $$beside || status=$$?; cat .lab.log; \
	echo 'Two minutes of load and faults, by themselves since they measure time:'; \
	$(BIN)/pytest tests/soak/test_soak.py || status=$$?; exit $$status

check: $(VENV)/.tools
	$(BIN)/flake8 daemon sql tests
	$(BIN)/mypy
	$(BIN)/lint-imports

# Two minutes of it are in the tests
MINUTES ?= 120
RATE ?= 50
SEED ?= 1
soak: $(VENV)/.tools
	$(BIN)/python -m tests.soak --minutes $(MINUTES) --rate $(RATE) --seed $(SEED) --json soak.json

lab:
	bash tests/lab/setup.sh

# DEB_VERSION and DEB_MAINTAINER name another version, and who builds it
deb:
	bash packaging/debian/build.sh

# Without a lab the tests that need it are skipped, so no lab is a reason, not a failure
.PHONY: lab-if-possible
lab-if-possible:
	@if [ ! -e /etc/debian_version ]; then \
		echo 'Without a real Asterisk, since "make lab" needs Debian.'; \
	elif [ "$$(id -u)" != 0 ]; then \
		echo 'Without a real Asterisk, since "make lab" and its tests need root.'; \
	elif ! bash tests/lab/setup.sh; then \
		echo 'Without a real Asterisk, for the reason above.'; \
	fi

$(VENV)/bin/python:
	@[ -n '$(PYTHON)' ] || { echo 'Python 3.11 or later is needed, and none was found: say PYTHON=/path/to/python3'; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo '$(PYTHON) lacks venv: on Debian and Ubuntu, apt install python3-venv'; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml | $(VENV)/bin/python
	$(PIP) --editable .
	@touch $@

$(VENV)/.tools: pyproject.toml | $(VENV)/bin/python
	$(PIP) --editable '.[test]'
	@touch $@ $(VENV)/.installed

clean:
	rm -rf $(VENV) .lab.log build dist daemon/*.egg-info .mypy_cache .pytest_cache .hypothesis .import_linter_cache .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
