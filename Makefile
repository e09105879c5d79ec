# Marconi's targets; "make help" lists them.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.NOTPARALLEL:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# Debian packages that the tests want: a C compiler for the race detector, clients,
# Zaqar for its tests, Redis, a browser, libzmq, and another broker to compare with.
PACKAGES := gcc libc6-dev \
	python3-zaqarclient python3-openstackclient python3-websocket \
	python3-zaqar python3-ddt \
	redis-server redis-sentinel redis-tools \
	chromium libzmq3-dev python3-zmq nats-server

TIMEOUT   ?= 10m
FUZZTIME  ?= 3s
FUZZTOTAL ?= 180s
BENCH     ?= .
BENCHTIME ?= 1s
COUNT     ?= 10000
ARGS      ?=
export FUZZTIME FUZZTOTAL

# Results are never taken from the cache of an earlier run: tests start programs,
# of which the go command cannot know whether they have changed.
GOTEST = go test -race -vet=off -count=1 -timeout=$(TIMEOUT)
STEP   := @.ci/step

# Tests of the program by what others use it with are steps of their own.
PYTHON  := ./clients/python
BROWSER := ./clients/browser

# What speaks the protocols of other brokers is a module of its own.
PEERS := loadtest/peers

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 12

.PHONY: build
build: ## build bin/marconi
	CGO_ENABLED=0 go build -trimpath -o bin/marconi ./cmd/marconi

.PHONY: run
run: ## serve at 127.0.0.1:8888; flags in ARGS
	go run ./cmd/marconi serve $(ARGS)

.PHONY: test
test: packages modules check race peers python browser crowd fuzz ## all of what CI runs

.PHONY: packages
packages: ## install the Debian packages that the tests want
	@.ci/packages $(PACKAGES)

.PHONY: modules
modules: ## fetch the modules and check them
	$(STEP) "modules" .ci/modules

.PHONY: check
check: ## formatting, go vet, staticcheck
	$(STEP) "gofmt" .ci/format
	$(STEP) "go vet" go vet ./...
	$(STEP) "staticcheck" go tool staticcheck ./...
	$(STEP) "go vet $(PEERS)" go -C $(PEERS) vet ./...

.PHONY: race
race: ## the tests in Go, with the race detector
	@packages=$$(go list ./... | grep -v -e '/clients/python$$' -e '/clients/browser$$'); .ci/step "go test -race" $(GOTEST) $$packages

.PHONY: peers
peers: ## what measures other brokers beside this one
	$(STEP) "peers" $(subst go test,go -C $(PEERS) test,$(GOTEST)) ./...

.PHONY: python
python: ## python-zaqarclient, openstack and Zaqar's tests against the program
	$(STEP) "python" $(GOTEST) $(PYTHON)

.PHONY: browser
browser: ## web pages in Chromium against the program
	$(STEP) "browser" $(GOTEST) $(BROWSER)

.PHONY: crowd
crowd: ## random clients put COUNT messages into the program and take them out again
	$(STEP) "crowd" .ci/crowd $(COUNT)

.PHONY: fuzz
fuzz: ## each fuzz target for FUZZTIME, all for FUZZTOTAL at most
	$(STEP) "fuzz" .ci/fuzz

# Hours rather than minutes. The variables are for the tests of stores alone: the
# program takes what begins with MARCONI_ for its options.
LONG := STORAGETEST_STEPS=$${STORAGETEST_STEPS:-2000} STORAGETEST_RUNS=$${STORAGETEST_RUNS:-500} \
	STORAGETEST_CRASH_RUNS=$${STORAGETEST_CRASH_RUNS:-300}

.PHONY: soak
soak: TIMEOUT := 6h
soak: FUZZTIME := 5m
soak: FUZZTOTAL := 3h
soak: COUNT := 2000000
soak: ROUNDS ?= 10
soak: packages modules ## for hours: long histories, ROUNDS of all tests, a large crowd, long fuzzing
	$(STEP) "long histories" env $(LONG) $(GOTEST) ./storage/...
	$(STEP) "$(ROUNDS) rounds" $(GOTEST) -count=$(ROUNDS) ./...
	$(STEP) "kills" env LOADTEST_KILLS=$${LOADTEST_KILLS:-500} $(GOTEST) -v -run '^TestKills$$' ./loadtest
	$(STEP) "kills over ZeroMQ" env ZMQ_KILLS=$${ZMQ_KILLS:-200} $(GOTEST) -v -run '^TestProducersOutliveKills$$' ./cmd/marconi
	$(STEP) "disconnects" env LOADTEST_DISCONNECTS=$${LOADTEST_DISCONNECTS:-1000} $(GOTEST) -v -run '^TestDisconnects$$' ./loadtest
	$(STEP) "crowd" .ci/crowd $(COUNT)
	$(STEP) "fuzz" .ci/fuzz

.PHONY: bench
bench: ## benchmarks that match BENCH, for BENCHTIME each
	go test -vet=off -run='^$$' -bench='$(BENCH)' -benchtime=$(BENCHTIME) -benchmem -timeout=1h ./...

.PHONY: cover
cover: ## how much code the tests in Go reach; coverage.out says which
	go test -vet=off -count=1 -timeout=$(TIMEOUT) -coverpkg=./... -coverprofile=coverage.out ./...
	go tool cover -func=coverage.out | tail -1

.PHONY: clean
clean: ## remove what was built
	rm -rf bin coverage.out
	find . -path ./.git -prune -o '(' -name '*.test' -o -name '*.prof' ')' -exec rm -f '{}' +
