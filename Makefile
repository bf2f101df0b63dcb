# Everything that can be done with Richiamo's source. "make help" lists it.
# A fresh Debian or Ubuntu machine needs Go, git and make.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup build test check demo up down clean-data bench prompts console clean

BIN := $(CURDIR)/bin
STATICCHECK := $(BIN)/staticcheck-2026.2.2

help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: go ## provide Asterisk and Redis, where they are not installed
	@asterisk/provide asterisk redis

.PHONY: go
go:
	@command -v go >/dev/null || { echo "make: Go is missing. What to do: install Go $$(awk '/^go / { print $$2 }' go.mod) or newer, see https://go.dev/doc/install" >&2; exit 1; }

# Agents' telephones in the browser are tried with a real one.
.PHONY: browser
browser: ## provide Chromium for the tests, where it is not installed
	@asterisk/provide chromium

# The race detector is linked by a C compiler.
.PHONY: compiler
compiler:
	@command -v cc gcc >/dev/null || { \
		echo "installing gcc, for the race detector"; \
		sudo=$$([[ $$EUID == 0 ]] || echo "sudo -n"); \
		{ $$sudo apt-get -q update && $$sudo apt-get -q -y install --no-install-recommends gcc libc6-dev; } >/dev/null 2>&1 || \
		{ echo "make: a C compiler is missing and could not be installed. What to do: run as root: apt-get install gcc libc6-dev" >&2; exit 1; }; }

build: go ## build bin/richiamo
	@echo "building bin/richiamo"
	@go build -trimpath -o $(BIN)/richiamo ./cmd/richiamo

$(STATICCHECK): | go
	@echo "installing staticcheck 2026.2.2"
	@GOBIN=$(BIN) go install honnef.co/go/tools/cmd/staticcheck@v0.8.2
	@mv $(BIN)/staticcheck $@

check: $(STATICCHECK) ## format, vet and staticcheck
	@echo "checking the format"
	@unformatted=$$(gofmt -l $$(git ls-files -co --exclude-standard '*.go')); \
		[[ -z $$unformatted ]] || { printf 'not formatted (run gofmt -w on them):\n%s\n' "$$unformatted" >&2; exit 1; }
	@echo "go vet"
	@go vet ./...
	@echo "staticcheck"
	@$(STATICCHECK) ./...

test: setup browser compiler check ## run all tests, set-up included
	@echo "testing, on real Asterisk, Redis and Chromium too"
	go test -race -shuffle=on -timeout 20m -p 2 -parallel 4 ./...

demo: setup build ## play the main job with synthetic phones, and print it as a conversation
	@$(BIN)/richiamo demo

up: setup build ## start the demo installation and leave it running
	@$(BIN)/richiamo demo up

down: build ## stop the demo installation; its data stay
	@$(BIN)/richiamo demo down

clean-data: build ## remove the data of the demo installation
	@$(BIN)/richiamo demo clean

bench: setup build ## run all benchmarks: tables here, JSON in var/bench
	@$(BIN)/richiamo bench

prompts: go ## render the recordings again whose texts have changed
	@go run ./prompts/render

console: go ## bundle the agents' page again, after a change of its sources
	@go run ./console/build

clean: ## remove what was built
	@rm -rf $(BIN)
