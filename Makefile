# make demo: hear it. make test, make lint: what CI runs. make bench: the figures, in ratios.
# make pictures: those of the README, anew.
# The newest Python that runs here and that TensorFlow has wheels for (3.10 to 3.13), else 3.14,
# which plays but does not train. `make demo PYTHON=python3.12` chooses another.
PYTHON ?= $(shell for version in 3.13 3.12 3.11 3.10 3.14; do \
	for name in python$$version python3 python; do \
	$$name -c "import ensurepip, sys, venv; sys.exit('%d.%d' % sys.version_info[:2] != '$$version')" \
	>/dev/null 2>&1 && echo $$name && exit; done; done)
VENV := .venv
BIN := $(VENV)/bin
OUT := out
SOURCES := $(shell find composer assets models -type f -not -path '*/__pycache__/*' 2>/dev/null)
# Set up for development, the demo needs nothing more.
BASE := $(if $(wildcard $(VENV)/.dev),$(VENV)/.dev,$(VENV)/.base)

.PHONY: demo test lint bench pictures clean

demo: $(BASE)
	$(BIN)/composer arrange ode-to-joy -o $(OUT)/ode-to-joy.mid --wav $(OUT)/ode-to-joy.wav \
		--png $(OUT)/ode-to-joy.png --musicxml $(OUT)/ode-to-joy.musicxml
	@echo "The arrangement, its sound, its picture and its score lie in $(CURDIR)/$(OUT)"

test: $(VENV)/.dev
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m "not jack"
	$(BIN)/python -m pytest -m jack  # in real time: nothing beside it

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/.dev
	$(BIN)/python -m tests.benchmarks

pictures: $(VENV)/.dev  # those of the README; needs Chromium, and minutes of training
	$(BIN)/python -m tests.readme_pictures

clean:
	rm -rf $(VENV) $(OUT)

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "no Python 3.10 to 3.14 found: install one (with venv), or name it: make demo PYTHON=..."; exit 2; }
	@echo "$$($(PYTHON) --version) ($(PYTHON)), in $(VENV)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.base: pyproject.toml $(SOURCES) | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet .
	touch $@

$(VENV)/.dev: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@
