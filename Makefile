# `make demo` and `make test` are all that a fresh machine needs. ROS 2's wheels want Python 3.11.
PYTHON   ?= $(shell command -v python3.11 || command -v python3)
BIN      := .venv/bin
SEQUENCE ?= test/data/tabletop
OUT      ?= out/demo

.PHONY: demo test docs clean

demo: .venv/.installed
	$(BIN)/scenerep demo "$(SEQUENCE)" --out "$(OUT)"

test: .venv/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest

docs: .venv/.installed
	$(BIN)/scenerep options --update README.md

.venv/.installed: setup.py training/pyproject.toml $(wildcard requirements*.txt)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || \
	  { echo "make: $(PYTHON) is not Python 3.11, which ROS 2's wheels need; name one: make PYTHON=..."; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --editable '.[ros,test]' --editable 'training[odometry]'
	@touch $@

clean:
	rm -rf .venv out
