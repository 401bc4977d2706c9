# Two commands: `make demo` and `make test`. Everything else is for those who work on the house.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: demo test check format bench prove install browser peers clean

demo: $(VENV)/.product ## a coalition at work, console on loopback; HEADLESS=1 runs it to the end and exits
	@$(BIN)/commonsky demo $(if $(HEADLESS),--headless) $(if $(PROCESSES),--processes)

test: install browser ## every test that belongs to a change
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not prove"

check: install ## format, lint, types, layers; the documents are checked by tests/house
	$(BIN)/ruff format --check src tests bench console
	$(BIN)/ruff check src tests bench console
	$(BIN)/mypy
	$(BIN)/lint-imports

format: install
	$(BIN)/ruff format src tests bench console
	$(BIN)/ruff check --fix src tests bench console

bench: install browser peers ## speed beside accuracy, against named peers in the same run
	@for bench in bench/*.py; do echo "== $$bench"; $(BIN)/python $$bench || exit 1; done

prove: install ## the long proofs, and the laws of the inner rooms on examples that nobody saw before
	$(BIN)/python -m pytest -m prove -s
	$(BIN)/python -m pytest -m "not prove" -q --hypothesis-profile=explore tests/domain tests/formats tests/sharing

install: $(INSTALLED)

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

# The demo needs the product alone; the tools of the house are installed on top of it.
$(VENV)/.product: $(VENV)/bin/python pyproject.toml constraints.txt
	@echo "Installing commonsky into $(VENV) (half a minute or so) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(INSTALLED): $(VENV)/.product
	@echo "Installing the tools of the house ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

# The console is tested in a real Chromium. Where there is none and we may, Debian's is installed.
browser:
	@command -v chromium >/dev/null || test -n "$$COMMONSKY_CHROMIUM" || \
	if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
	  apt-get -qq update >/dev/null && apt-get -qq install -y --no-install-recommends chromium >/dev/null; \
	else echo "No Chromium here: the console's tests will be skipped (install chromium or set COMMONSKY_CHROMIUM)"; fi

# Peers are run in processes of their own with PYTHONPATH=.peers/<name>; one that cannot be installed is left out, and said so.
peers: install
	@grep -v '^#' bench/peers.txt | while read -r peer; do place=.peers/$${peer%%==*}; test -d $$place || \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --target $$place $$peer || \
	{ rm -rf $$place; echo "$$peer cannot be installed here: measured without it"; }; done

clean:
	rm -rf .peers $(VENV) var console/node_modules src/commonsky/web/static
