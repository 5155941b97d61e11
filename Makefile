# `make` lists the targets. Everything that a target starts or installs is below .local/, except
# Debian's packages.

BINARIES := $(or $(CARGO_TARGET_DIR),target)/debug
STACK := $(BINARIES)/stack
# Programs without tests have dependencies with other features, and cargo would build most of these again.
BUILD_ALL := cargo build --workspace --bins --tests
# Builds programs, with one small test for that reason.
BUILD := cargo build --workspace --test partitions
TOOLS := .local/tools
PORTAL := $(CURDIR)/portal/dist
CARGO_CHEF := $(shell sed -n 's/^RUN cargo install --locked \(cargo-chef@.*\)/\1/p' Dockerfile)
CARGO_FUZZ := cargo-fuzz@0.13.1
CARGO_DENY := cargo-deny@0.20.2
DIESEL_CLI := diesel_cli@2.3.14
OHA := oha@1.16.0
# Programs that are only run briefly build faster unoptimized, and without debug information.
INSTALL_DEBUG := CARGO_PROFILE_DEV_DEBUG=0 cargo install --locked --debug --root $(TOOLS)

export PATH := $(CURDIR)/$(TOOLS)/bin:$(PATH)

.DEFAULT_GOAL := help
.PHONY: help run up down status test pictures screenshots schemathesis go-client chaos bench bench-quick capacity dashboard-picture costs micro lint audit fmt openapi schema clean env fuzz packages clamav clocks chromium firefox pgbouncer prometheus s3-server valgrind venv portal programs contenders tools deny diesel fuzzer

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1:/p' Makefile | while IFS=: read -r name text; do \
		printf '  make %-17s %s\n' "$$name" "$$text"; done

run: packages programs portal ## Start the whole system and follow its logs; Ctrl-C stops it
	@PORTAL_DIR=$(PORTAL) exec $(STACK) run

up: packages programs portal ## Start the whole system in the background
	@PORTAL_DIR=$(PORTAL) exec $(STACK) up

down: ## Stop the system of `make up`
	@if [ -x $(STACK) ]; then exec $(STACK) down; else echo "nothing is built yet"; fi

status: ## Show which processes run
	@if [ -x $(STACK) ]; then exec $(STACK) status; else echo "nothing is built yet"; fi

env: ## Write .env for docker compose, with random secrets, unless it exists
	@dev/scripts/make-env.sh

test: diesel clamav clocks chromium firefox pgbouncer prometheus s3-server portal dev/end-to-end/node/node_modules dev/bench/express-v1.2/node_modules ## Run all tests, with a database and a broker of their own
	dev/scripts/previous-release.sh
	$(BUILD_ALL)
	cd portal && npm test
	node --test dev/bench/capacity/capacity.test.mjs
	$(STACK) exec --dir .local/test -- dev/scripts/test-programs.mjs

pictures: chromium portal/node_modules ## Record new reference pictures of the portal's pages; review them before a commit
	cd portal && npm run pictures

screenshots: chromium portal/node_modules ## Take the screenshots of the documents again
	cd portal && npm run screenshots

schemathesis: venv ## Test a private gateway with valid and invalid requests generated from gateway/openapi.json
	$(BUILD_ALL)
	@exec dev/scripts/schemathesis.sh

go-client: programs ## Generate a Go client from gateway/openapi.json, and test it against a private gateway
	@dev/scripts/install-packages.sh go venv
	@exec dev/scripts/go-client.sh

# FAULTS="poison replay" selects drills, SEED=7 repeats a run, RABBITMQ_ROOT=DIR uses another RabbitMQ.
chaos: clocks s3-server programs ## Run the fault-injection drills on a private system, and account for every message
	$(BUILD) --bin chaos
	exec $(BINARIES)/chaos $(if $(SEED),--seed $(SEED)) --report docs/faults.md $(FAULTS)

# ROWS="1 3" selects rows of docs/performance.md.
bench: contenders ## Run the benchmarks against the reference systems, and write docs/performance.md and docs/capacity.md
	target/release/bench --report docs/performance.md $(ROWS)
	node dev/bench/capacity/main.mjs

bench-quick: contenders ## Run short benchmarks in a few minutes, and write nothing
	target/release/bench --quick $(ROWS)

capacity: ## Derive docs/capacity.md from docs/performance.json
	node dev/bench/capacity/main.mjs

dashboard-picture: prometheus packages ## Draw docs/dashboard.svg, of a system with faults for two minutes
	$(BUILD) --bins --example dashboard-picture
	$(STACK) exec --dir .local/test -- $(BINARIES)/examples/dashboard-picture docs/dashboard.svg

# Without WRITE=1 it fails when a count differs from dev/bench/costs/instructions.json.
costs: valgrind ## Compare the instructions of a send, a batch, a signature with those recorded; WRITE=1 records them
	@exec dev/scripts/count-costs.sh $(if $(WRITE),write,compare)

micro: ## Measure the time of a send, a batch, a signature
	cargo bench -p bench-costs --bench costs

# TARGETS="decode" selects targets of dev/fuzz/README.md, SECONDS=3600 is the time for each.
fuzz: fuzzer ## Run a coverage-guided fuzzer on bodies, cursors and conversations, a minute each
	@exec dev/scripts/fuzz.sh $(or $(SECONDS),60) $(or $(TARGETS),decode cursors timeline)

lint: tools prometheus venv portal/node_modules ## Check the format, clippy, licenses, dependencies, containers, manifests, alerts, docs
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
	dev/scripts/check-words.sh
	node dev/bench/capacity/main.mjs --check
	cd portal && npm run lint && npm run api:check && npm run check:package

audit: deny ## Check the dependencies for known vulnerabilities; needs the internet
	cargo deny check advisories
	npm audit --prefix dev/bench/express-v1.2
	npm audit --prefix dev/end-to-end/node
	npm audit --prefix portal

fmt: portal/node_modules ## Format the code
	cargo fmt --all
	cd portal && npm run fmt

openapi: portal/node_modules ## Generate gateway/openapi.json from the gateway, and the portal's types from it
	cargo run --quiet -p gateway -- openapi > gateway/openapi.json.new
	mv gateway/openapi.json.new gateway/openapi.json
	cd portal && npm run api

schema: diesel programs ## Generate shared/database/src/schema.rs from the migrations
	$(STACK) exec --dir .local/test -- dev/scripts/check-schema.sh --write

clean: down ## Stop the system, and remove everything built, installed or stored in this checkout
	cargo clean
	rm -rf .local dev/bench/express-v1.2/node_modules dev/end-to-end/node/node_modules portal/node_modules portal/dist portal/lib

packages:
	@dev/scripts/install-packages.sh

# Needed only to test attachments.
clamav:
	@dev/scripts/install-packages.sh clamav

# Needed by drills and by the tests of attachments.
s3-server: venv
	@dev/scripts/install-s3-server.sh

# Needed only by a test.
pgbouncer:
	@dev/scripts/install-pgbouncer.sh

# Needed only by drills.
clocks:
	@dev/scripts/install-packages.sh clocks

# Needed only to test alerts and dashboards.
prometheus:
	@dev/scripts/install-packages.sh prometheus

# Needed only by `make costs`.
valgrind:
	@dev/scripts/install-packages.sh valgrind

# Needed by programs from PyPI.
venv:
	@dev/scripts/install-packages.sh venv

chromium:
	@dev/scripts/install-packages.sh chromium

firefox:
	@dev/scripts/install-packages.sh firefox

# The portal's pages, rebuilt when a source is newer.
portal: $(PORTAL)

$(PORTAL): portal/node_modules $(shell find portal/src portal/*.json portal/*.ts -newer $(PORTAL) 2>/dev/null)
	cd portal && npm run build
	@touch $@

programs:
	$(BUILD) --bin gateway --bin persister --bin broadcaster --bin local-pusher --bin stack

# The system, the reference systems, and the load generators.
contenders: packages dev/bench/express-v1.2/node_modules dev/end-to-end/node/node_modules
	@command -v oha >/dev/null || cargo install --locked --root $(TOOLS) $(OHA)
	dev/scripts/earlier-release.sh
	cargo build --release -p bench -p bench-limits -p gateway -p persister -p broadcaster -p local-pusher

deny:
	@command -v cargo-deny >/dev/null || $(INSTALL_DEBUG) $(CARGO_DENY)

fuzzer:
	@command -v cargo-fuzz >/dev/null || cargo install --locked --root $(TOOLS) $(CARGO_FUZZ)

tools: deny diesel
	@[ "cargo-chef@$$(cargo chef --version 2>/dev/null | cut -d' ' -f2)" = "$(CARGO_CHEF)" ] || \
		$(INSTALL_DEBUG) $(CARGO_CHEF)

# Prints the schema of a database.
diesel:
	@dev/scripts/install-packages.sh libpq
	@command -v diesel >/dev/null || $(INSTALL_DEBUG) $(DIESEL_CLI) \
		--no-default-features --features postgres

%/node_modules: %/package.json %/package-lock.json
	cd $* && npm ci
	@touch $@
