# `make` lists what there is. Everything that is started or installed for a checkout is below
# .local/, apart from Debian's packages.

BINARIES := $(or $(CARGO_TARGET_DIR),target)/debug
STACK := $(BINARIES)/stack
TOOLS := .local/tools
CARGO_DENY := cargo-deny@0.20.2
DIESEL_CLI := diesel_cli@2.3.14

export PATH := $(CURDIR)/$(TOOLS)/bin:$(PATH)

.DEFAULT_GOAL := help
.PHONY: help run up down status test chaos lint audit fmt openapi schema clean packages clocks programs tools deny

help: ## List the targets
	@sed -n 's/^\([a-z]*\):.*## /\1:/p' Makefile | while IFS=: read -r name text; do \
		printf '  make %-8s %s\n' "$$name" "$$text"; done

run: packages programs ## Start the whole system and follow its logs; Ctrl-C stops it
	@exec $(STACK) run

up: packages programs ## Start the whole system in the background
	@exec $(STACK) up

down: ## Stop what runs in the background
	@if [ -x $(STACK) ]; then exec $(STACK) down; else echo "nothing was ever built here"; fi

status: ## Show what runs
	@if [ -x $(STACK) ]; then exec $(STACK) status; else echo "nothing was ever built here"; fi

test: clocks end-to-end/node/node_modules ## Run all tests, with a database and a broker of their own
	cargo build --workspace
	exec $(STACK) exec --dir .local/test -- cargo test --workspace

# FAULTS="poison replay" picks some, SEED=7 repeats a run, RABBITMQ_ROOT=DIR takes another RabbitMQ.
chaos: clocks programs ## Do bad things to a private system, and count what became of every message
	cargo build -p chaos
	exec $(BINARIES)/chaos $(if $(SEED),--seed $(SEED)) --report docs/faults.md $(FAULTS)

lint: tools ## Check the format, clippy, licenses, dependencies, containers and the schema
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	cargo deny check bans licenses sources
	scripts/check-dependencies.sh
	scripts/check-containers.sh
	scripts/check-schema.sh

audit: deny ## Ask whether a dependency is known to be vulnerable, which takes the internet
	cargo deny check advisories
	npm audit --prefix end-to-end/node

fmt: ## Format the code
	cargo fmt --all

openapi: ## Write openapi.json anew, as the gateway describes itself
	cargo run --quiet -p gateway -- openapi > openapi.json.new
	mv openapi.json.new openapi.json

schema: tools ## Write database/src/schema.rs anew, as the migrations make it
	scripts/check-schema.sh --write

clean: down ## Stop everything, and remove all that was built, installed or stored below here
	cargo clean
	rm -rf .local end-to-end/node/node_modules

packages:
	@scripts/install-packages.sh

# What only drills need.
clocks:
	@scripts/install-packages.sh clocks

programs:
	cargo build -p gateway -p persister -p broadcaster -p local-pusher -p stack

deny:
	@command -v cargo-deny >/dev/null || cargo install --locked --root $(TOOLS) $(CARGO_DENY)

tools: deny
	@scripts/install-packages.sh libpq
	@command -v diesel >/dev/null || cargo install --locked --root $(TOOLS) $(DIESEL_CLI) \
		--no-default-features --features postgres

end-to-end/node/node_modules: end-to-end/node/package.json end-to-end/node/package-lock.json
	cd end-to-end/node && npm ci
	@touch $@
