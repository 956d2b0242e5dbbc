# `make demo` and `make test` are all that a fresh machine needs. ROS 2's wheels want Python 3.11.
PYTHON   ?= $(shell command -v python3.11 || command -v python3)
BIN      := .venv/bin
SEQUENCE ?= test/data/tabletop
OUT      ?= out/demo

.PHONY: demo check lint test docs html clean

demo: .venv/.installed
	$(BIN)/scenerep demo "$(SEQUENCE)" --out "$(OUT)"

# Two processes of one thread each: torch's threads stand still while one of them waits for a core.
# If one dies, the run ends: xdist would start another one, and could then wait for it without end.
check test: export OMP_NUM_THREADS = 1
check: lint
	$(BIN)/pytest -m unit --numprocesses 2 --dist loadfile --max-worker-restart 0

test: .venv/.installed
	$(MAKE) --jobs 2 --output-sync=target lint html
	$(BIN)/pytest --numprocesses 2 --dist loadfile --max-worker-restart 0

lint: .venv/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python test/lint/style_lint.py

docs: .venv/.installed
	$(BIN)/scenerep options --update docs/reference/parameters.md
	$(BIN)/scenerep options --update docs/reference/constants.md
	$(BIN)/python docs/generate_cli.py docs/reference/cli.md
	$(MAKE) html

html: .venv/.installed
	$(BIN)/sphinx-build -W --keep-going --jobs auto docs docs/_build/html

.venv/.installed: setup.py training/pyproject.toml $(wildcard requirements*.txt)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || \
	  { echo "make: $(PYTHON) is not Python 3.11, which ROS 2's wheels need; name one: make PYTHON=..."; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --editable '.[ros,batch,test,docs]' --editable 'training[odometry,render,shards]'
	@touch $@

clean:
	rm -rf .venv out docs/_build docs/reference/api
