# unbroken: everything that is done with a clone. `make` lists it.
#
# Nothing is rebuilt when nothing changed: the stamps in .venv/ stand for "environment", "kernel" and "development tools".

PYTEST_FLAGS ?= -n 2 --dist loadfile
FUZZ_ROUNDS ?= 50000
FUZZ_SEED ?= 0
FUZZ_TARGET ?= all
PYTHON := .venv/bin/python
PIP := $(PYTHON) -m pip --quiet --disable-pip-version-check

VENV := .venv/.stamp-venv
KERNEL := .venv/.stamp-kernel
TOOLS := .venv/.stamp-tools

# rustup puts cargo there, and not every shell looks there.
export PATH := $(PATH):$(HOME)/.cargo/bin
# One interpreter for maturin and for cargo called directly, so that neither undoes the other's build.
export PYO3_PYTHON := $(CURDIR)/.venv/bin/python
export VIRTUAL_ENV := $(CURDIR)/.venv

# The C library under the kernel takes longest to compile. One profile for everything means: once.
CARGO_FLAGS := --release --locked

RUST := $(shell find kernel -name '*.rs' -o -name 'Cargo.toml') Cargo.toml Cargo.lock

.DEFAULT_GOAL := help
# The parts of `make test` run one after the other, and pytest's closing line is the last.
.NOTPARALLEL:
.PHONY: help demo test lint rust-test python-test fuzz fmt bench build wheel docs compat-test clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

demo: $(KERNEL) ## bring up a signed Internet on loopback, check a name in it, break a link, check again
	@$(PYTHON) -m unbroken.lab.demo

test: lint rust-test python-test ## lint, types, Rust tests, Python tests

lint: $(KERNEL) $(TOOLS) ## ruff, mypy --strict, stubtest, import rules, sizes, clippy, rustfmt
	@$(PYTHON) -m ruff check --quiet .
	@$(PYTHON) -m ruff format --quiet --check . || { echo "make: run 'make fmt'" >&2; exit 1; }
	@$(PYTHON) tools/lint_sizes.py src tools benches fuzz
	@$(PYTHON) -m mypy --no-error-summary
	@MYPYPATH=src $(PYTHON) -m mypy.stubtest --concise unbroken._kernel
	@.venv/bin/lint-imports --no-cache > .venv/lint-imports.log || { cat .venv/lint-imports.log >&2; exit 1; }
	@$(PYTHON) tools/cli_docs.py --check
	@$(PYTHON) tools/config_docs.py --check
	@$(PYTHON) tools/findings_docs.py --check
	@cargo fmt --all --check
	@cargo clippy --quiet $(CARGO_FLAGS) --workspace --all-targets -- -D warnings

rust-test: $(VENV)
	@cargo test --quiet $(CARGO_FLAGS) --package unbroken-core

python-test: $(KERNEL) $(TOOLS)
	@$(PYTHON) -m pytest $(PYTEST_FLAGS)

fuzz: $(KERNEL) $(TOOLS) ## bad input of all kinds for some minutes: FUZZ_ROUNDS=N cases, FUZZ_SEED=S others, FUZZ_TARGET=T alone
	@$(PYTHON) -m fuzz $(FUZZ_TARGET) --rounds $(FUZZ_ROUNDS) --seed $(FUZZ_SEED) --jobs 2

fmt: $(TOOLS) ## format Python and Rust, and mend what ruff can mend
	@$(PYTHON) -m ruff check --fix --exit-zero --quiet .
	@$(PYTHON) -m ruff format --quiet .
	@cargo fmt --all

bench: $(KERNEL) $(TOOLS) ## measure against the crypto library and the peers that are installed
	@$(PYTHON) benches/run.py

build: $(KERNEL) ## create .venv and build the kernel into it

wheel: $(KERNEL) ## build the wheel into dist/
	@$(PYTHON) -m maturin build --release --out dist

docs: $(KERNEL) ## write docs/commands.md, docs/findings.md and the settings in docs/resolve.md anew from the program itself
	@$(PYTHON) tools/cli_docs.py
	@$(PYTHON) tools/config_docs.py
	@$(PYTHON) tools/findings_docs.py

compat-test: $(KERNEL) $(TOOLS) ## unit tests against the oldest and newest dnspython that is allowed
	@$(PYTHON) tools/compat.py

clean: ## remove what was built, .venv included
	rm -rf .venv target dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis
	rm -f src/unbroken/_kernel.*.so
	find src tests tools benches fuzz -name __pycache__ -prune -exec rm -rf {} +

$(VENV): tools/bootstrap.sh
	@sh tools/bootstrap.sh .venv
	@touch $@

$(KERNEL): $(VENV) $(RUST) pyproject.toml
	@sh tools/bootstrap.sh --compilers
	@$(PYTHON) tools/requirements.py build run > .venv/requirements.txt
	@$(PIP) install --requirement .venv/requirements.txt
	@echo "building the kernel (the first time takes some minutes)"
	@$(PYTHON) -m maturin develop --release > .venv/build.log 2>&1 || { cat .venv/build.log >&2; exit 1; }
	@$(PYTHON) -m compileall -q src/unbroken
	@touch $@

$(TOOLS): $(KERNEL) pyproject.toml tools/requirements.py
	@$(PYTHON) tools/requirements.py test dev pkcs11 metrics > .venv/requirements.txt
	@$(PIP) install --requirement .venv/requirements.txt
	@touch $@
