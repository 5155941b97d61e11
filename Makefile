# `make` lists what there is. Everything that is started or installed for a checkout is below
# .local/, apart from Debian's packages.

BINARIES := $(or $(CARGO_TARGET_DIR),target)/debug
STACK := $(BINARIES)/stack
TOOLS := .local/tools
PORTAL := $(CURDIR)/portal/dist
CARGO_CHEF := $(shell sed -n 's/^RUN cargo install --locked \(cargo-chef@.*\)/\1/p' Dockerfile)
CARGO_FUZZ := cargo-fuzz@0.13.1
CARGO_DENY := cargo-deny@0.20.2
DIESEL_CLI := diesel_cli@2.3.14
OHA := oha@1.16.0

export PATH := $(CURDIR)/$(TOOLS)/bin:$(PATH)

.DEFAULT_GOAL := help
.PHONY: help run up down status test pictures screenshots schemathesis go-client chaos bench bench-quick capacity dashboard-picture costs micro lint audit fmt openapi schema clean env fuzz packages clocks chromium firefox prometheus valgrind venv portal programs contenders tools deny fuzzer

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1:/p' Makefile | while IFS=: read -r name text; do \
		printf '  make %-17s %s\n' "$$name" "$$text"; done

run: packages programs portal ## Start the whole system and follow its logs; Ctrl-C stops it
	@PORTAL_DIR=$(PORTAL) exec $(STACK) run

up: packages programs portal ## Start the whole system in the background
	@PORTAL_DIR=$(PORTAL) exec $(STACK) up

down: ## Stop what runs in the background
	@if [ -x $(STACK) ]; then exec $(STACK) down; else echo "nothing was ever built here"; fi

status: ## Show what runs
	@if [ -x $(STACK) ]; then exec $(STACK) status; else echo "nothing was ever built here"; fi

env: ## Write .env for docker compose, with random secrets, unless it is there
	@dev/scripts/make-env.sh

test: clocks chromium firefox prometheus portal dev/end-to-end/node/node_modules ## Run all tests, with a database and a broker of their own
	dev/scripts/previous-release.sh
	cargo build --workspace
	$(STACK) exec --dir .local/test -- cargo test --workspace
	cd portal && npm test
	node --test dev/bench/capacity/capacity.test.mjs
	dev/scripts/test-pages.sh

pictures: chromium portal/node_modules ## Accept how the portal's pages look now, after a look at the pictures
	cd portal && npm run pictures

screenshots: chromium portal/node_modules ## Make the pictures of the documents anew
	cd portal && npm run screenshots

schemathesis: venv ## Ask a private gateway all that gateway/openapi.json allows and forbids, and check each answer
	cargo build --workspace
	@exec dev/scripts/schemathesis.sh

go-client: programs ## Generate a client in Go from gateway/openapi.json, and send to a private gateway with it
	@dev/scripts/install-packages.sh go venv
	@exec dev/scripts/go-client.sh

# FAULTS="poison replay" picks some, SEED=7 repeats a run, RABBITMQ_ROOT=DIR takes another RabbitMQ.
chaos: clocks programs ## Run the fault-injection drills on a private system, and account for every message
	cargo build -p chaos
	exec $(BINARIES)/chaos $(if $(SEED),--seed $(SEED)) --report docs/faults.md $(FAULTS)

# ROWS="1 3" picks some of docs/performance.md.
bench: contenders ## Run the benchmarks against the reference systems, and write docs/performance.md and docs/capacity.md
	target/release/bench --report docs/performance.md $(ROWS)
	node dev/bench/capacity/main.mjs

bench-quick: contenders ## The same in a few minutes, for a first impression, and write nothing
	target/release/bench --quick $(ROWS)

capacity: ## Derive docs/capacity.md from docs/performance.json
	node dev/bench/capacity/main.mjs

dashboard-picture: prometheus packages ## Draw docs/dashboard.svg, of a system that has a bad time for two minutes
	cargo build -p stack -p end-to-end --example dashboard-picture --bins
	$(STACK) exec --dir .local/test -- $(BINARIES)/examples/dashboard-picture docs/dashboard.svg

# Without WRITE=1 it fails when something costs more or less than dev/bench/costs/instructions.json says.
costs: valgrind ## Count the instructions of a send, a batch, a signature; WRITE=1 writes them down
	@exec dev/scripts/count-costs.sh $(if $(WRITE),write,compare)

micro: ## Time a send, a batch, a signature
	cargo bench -p bench-costs --bench costs

# TARGETS="decode" picks some of dev/fuzz/README.md, SECONDS=3600 is for how long each.
fuzz: fuzzer ## Let a coverage-guided fuzzer make up bodies, cursors and conversations, a minute each
	@exec dev/scripts/fuzz.sh $(or $(SECONDS),60) $(or $(TARGETS),decode cursors timeline)

lint: tools prometheus venv portal/node_modules ## Check the format, clippy, licenses, dependencies, containers, manifests, alerts, schema, docs
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	cargo deny check bans licenses sources
	dev/scripts/check-dependencies.sh
	dev/scripts/check-containers.sh
	dev/scripts/check-image.sh
	dev/scripts/check-supply.sh
	dev/scripts/check-kubernetes.sh
	dev/scripts/check-alerts.sh
	dev/scripts/check-guarantees.sh
	dev/scripts/check-schema.sh
	node dev/bench/capacity/main.mjs --check
	cd portal && npm run lint && npm run api:check && npm run check:package

audit: deny ## Ask whether a dependency is known to be vulnerable, which takes the internet
	cargo deny check advisories
	npm audit --prefix dev/bench/express-v1.2
	npm audit --prefix dev/end-to-end/node
	npm audit --prefix portal

fmt: portal/node_modules ## Format the code
	cargo fmt --all
	cd portal && npm run fmt

openapi: portal/node_modules ## Write gateway/openapi.json, and the portal's types of it, as the gateway describes itself
	cargo run --quiet -p gateway -- openapi > gateway/openapi.json.new
	mv gateway/openapi.json.new gateway/openapi.json
	cd portal && npm run api

schema: tools ## Write shared/database/src/schema.rs anew, as the migrations make it
	dev/scripts/check-schema.sh --write

clean: down ## Stop everything, and remove all that was built, installed or stored below here
	cargo clean
	rm -rf .local dev/bench/express-v1.2/node_modules dev/end-to-end/node/node_modules portal/node_modules portal/dist portal/lib

packages:
	@dev/scripts/install-packages.sh

# What only drills need.
clocks:
	@dev/scripts/install-packages.sh clocks

# What alerts and dashboards are tried with.
prometheus:
	@dev/scripts/install-packages.sh prometheus

# What only the costs need.
valgrind:
	@dev/scripts/install-packages.sh valgrind

# What schemathesis and the check of the manifests need.
venv:
	@dev/scripts/install-packages.sh venv

chromium:
	@dev/scripts/install-packages.sh chromium

firefox:
	@dev/scripts/install-packages.sh firefox

# The portal's pages, built anew when something is newer than they are.
portal: $(PORTAL)

$(PORTAL): portal/node_modules $(shell find portal/src portal/*.json portal/*.ts -newer $(PORTAL) 2>/dev/null)
	cd portal && npm run build
	@touch $@

programs:
	cargo build -p gateway -p persister -p broadcaster -p local-pusher -p stack

# The system, what it is held against, and what loads both.
contenders: packages dev/bench/express-v1.2/node_modules dev/end-to-end/node/node_modules
	@command -v oha >/dev/null || cargo install --locked --root $(TOOLS) $(OHA)
	cargo build --release -p bench -p bench-limits -p gateway -p persister -p broadcaster -p local-pusher

deny:
	@command -v cargo-deny >/dev/null || cargo install --locked --root $(TOOLS) $(CARGO_DENY)

fuzzer:
	@command -v cargo-fuzz >/dev/null || cargo install --locked --root $(TOOLS) $(CARGO_FUZZ)

tools: deny
	@[ "cargo-chef@$$(cargo chef --version 2>/dev/null | cut -d' ' -f2)" = "$(CARGO_CHEF)" ] || \
		cargo install --locked --root $(TOOLS) $(CARGO_CHEF)
	@dev/scripts/install-packages.sh libpq
	@command -v diesel >/dev/null || cargo install --locked --root $(TOOLS) $(DIESEL_CLI) \
		--no-default-features --features postgres

%/node_modules: %/package.json %/package-lock.json
	cd $* && npm ci
	@touch $@
