# The commands of the project; `make help` lists them. Each first sees to it that the toolchain is there.
.DEFAULT_GOAL := help
.SILENT:
MAKEFLAGS += --no-print-directory

run := scripts/bootstrap && scripts/run
node := $(run) node $(if $(wildcard .env),--env-file=.env)
stack := $(node) local-infra/src/cli/main.ts

##@ Run
up: ## start the servers and both services; again while they run: changes nothing
	$(stack) up
down: ## stop all of it; the data stay
	$(stack) down
reset: ## stop all of it and forget the data
	$(stack) reset
status: ## what runs, and where
	$(stack) status
logs: ## follow the logs
	$(stack) logs
demo: ## send a catalogue through the writer and compare what the reader answers
	$(node) e2e/src/demo/make-demo.ts

##@ Work on it
dev: ## servers, and both services started again on every change
	$(stack) dev
check: ## the quick checks: lint, format, types, unit tests
	$(run) scripts/check
test: ## all checks, then the unit, integration and end-to-end tests on real servers
	scripts/bootstrap tests && scripts/run scripts/test
faults: ## inject faults into the running system, a short set; LONG=1 MINUTES=60 for every fault and random pairs, SEED=7 to repeat a run
	scripts/bootstrap tests && scripts/run node e2e/src/runner/make-faults.ts
failure_matrix: ## write docs/failure-matrix.md from the last make faults LONG=1 and make planted_bugs
	$(run) node e2e/src/runner/matrix/make-failure-matrix.ts
planted_bugs: ## plant known bugs in the services, and expect the check that catches each
	scripts/bootstrap tests && scripts/run node e2e/src/planted-bugs/make-planted-bugs.ts
format: ## lay the code out
	$(run) pnpm format
generate: ## generate the code of the contracts and the dashboard again
	$(run) pnpm generate
bench: ## the benchmarks, each beside its reference
	$(node) bench/src/main.ts

##@ Data
migrate_up: ## bring Postgres to the newest schema
	$(node) migrations/src/postgres.ts up
migrate_down: ## take the last migration of Postgres back
	$(node) migrations/src/postgres.ts down
migrate_create: ## make a migration: make migrate_create NAME=add_something
	$(node) migrations/src/postgres.ts create $(NAME)
mongo: ## make the indexes of MongoDB
	$(node) migrations/src/mongo.ts
topics: ## make the topics of Kafka
	$(node) migrations/src/topics.ts

help:
	awk -F ':.*## ' '/^##@/ { printf "\n%s\n", substr($$0, 5) } /^[a-z_]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' Makefile

.PHONY: up down reset status logs demo dev check test faults failure_matrix planted_bugs format generate bench \
	migrate_up migrate_down migrate_create mongo topics help
