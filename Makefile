# The commands of the project; `make help` lists them. Each installs the toolchain first if it is missing.
.DEFAULT_GOAL := help
.SILENT:
MAKEFLAGS += --no-print-directory

run := scripts/bootstrap && scripts/run
node := $(run) node $(if $(wildcard .env),--env-file=.env)
stack := $(node) local-infra/src/cli/main.ts

##@ Run
up: ## start the servers and both services; has no effect on what already runs
	$(stack) up
down: ## stop the services and the servers; keep the data
	$(stack) down
reset: ## stop the services and the servers; delete the data
	$(stack) reset
status: ## show what is running, and where
	$(stack) status
logs: ## follow the logs
	$(stack) logs
demo: ## send a catalogue to the writer and compare it with what the reader returns
	$(node) e2e/src/demo/main.ts

##@ Develop
dev: ## start the servers, and restart both services on every change
	$(stack) dev
check: ## run the quick checks: lint, format, types, unit tests
	$(run) scripts/check
test: ## run all checks and tests: unit, integration and end-to-end, on real servers
	scripts/bootstrap tests && scripts/run scripts/test
faults: ## inject a short set of faults; LONG=1 MINUTES=60 for all faults and random pairs, SEED=7 to repeat a run
	scripts/bootstrap tests && scripts/run node e2e/src/runner/run-faults.ts
exact_totals: ## publish events of many moving products, kill the readers, check the totals; PRODUCTS=100000 EVENTS=1000000
	scripts/bootstrap tests && scripts/run node e2e/src/exact-totals/run-exact-totals.ts
failure_matrix: ## write docs/failure-matrix.md from the last make faults LONG=1 and make planted_bugs
	$(run) node e2e/src/runner/matrix/write-failure-matrix.ts
planted_bugs: ## plant known bugs in the services and verify that the checkers catch each; ONLY=gap chooses by their names
	scripts/bootstrap tests && scripts/run node e2e/src/planted-bugs/run-planted-bugs.ts
format: ## format the code
	$(run) pnpm format
generate: ## generate the contracts' code, the tables in the docs, the OpenAPI files and the dashboard
	$(run) pnpm generate
bench: ## measure performance against references; ONLY=create,get chooses cases, REPORT=1 writes docs/performance.md
	scripts/bootstrap bench && $(node) bench/src/main.ts
bench_report: ## write docs/performance.md from the results of the last make bench
	$(run) node bench/src/report/run-report.ts
profile: ## run a case with CPU profiles of the services and draw flame graphs: make profile CASE=create
	scripts/bootstrap bench && $(node) bench/src/profile/run-profile.ts
soak: ## run mixed requests at half of the highest rate and check memory, lag and errors; MINUTES=60
	scripts/bootstrap bench && $(node) bench/src/soak/run-soak.ts

##@ Data
migrate_up: ## migrate Postgres to the newest schema
	$(node) migrations/src/postgres.ts up
migrate_down: ## revert the last migration of Postgres
	$(node) migrations/src/postgres.ts down
migrate_create: ## create a migration: make migrate_create NAME=add-something
	$(node) migrations/src/postgres.ts create $(NAME)
mongo: ## create the indexes of MongoDB
	$(node) migrations/src/mongo.ts
topics: ## create the topics of Kafka
	$(node) migrations/src/topics.ts

help:
	awk -F ':.*## ' '/^##@/ { printf "\n%s\n", substr($$0, 5) } /^[a-z_]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' Makefile

.PHONY: up down reset status logs demo dev check test faults exact_totals failure_matrix planted_bugs format generate \
	bench bench_report profile soak migrate_up migrate_down migrate_create mongo topics help
