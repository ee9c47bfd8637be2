# demo runs the whole thing on made-up traffic; test proves it.
.PHONY: demo test race lint bench bench-query scale chaos fuzz engine kafka sdks

GO ?= go
BIN ?= bin
LINT_VERSION = v2.15.0
LINT = $(BIN)/golangci-lint-$(LINT_VERSION)

demo: engine
	$(GO) run ./examples/reference-stack/cmd/footfall demo $(ARGS)

test: engine kafka sdks
	$(GO) test -timeout 20m ./...

# race leaves the end-to-end tests out: they run the built binary, which the
# detector would not see into.
race: engine kafka
	$(GO) test -race $$($(GO) list ./... | grep -v /examples/)

lint: $(LINT)
	$(LINT) run ./...

# bench prints the table of figures of the README, the fold at 1 and 10 million
# visitors, what Kafka costs beside bare sarama and what a visitor who sends half
# of all events costs the others, and puts the engine under stress for STRESS.
STRESS ?= 10m
bench: engine kafka
	$(GO) run ./examples/bench $(ARGS)
	FOOTFALL_BENCH_LARGE=1 $(GO) test -run '^$$' -bench . -benchtime 1x -timeout 30m ./stream/internal/fold
	$(GO) test -run '^$$' -bench . -benchtime 30s -timeout 30m ./stream/kafka
	FOOTFALL_STRESS=$(STRESS) $(GO) test -count=1 -timeout 30m -run '^TestStress$$' -v ./store/chdb

# bench-query prints what questions cost on a generated shop of 10 million events.
bench-query: engine
	$(GO) run ./examples/bench-query $(ARGS)

# scale prints what more than one processor gain and cost: throughput, takeover, a
# visitor that sends half of everything, and a soak, SOAK=24h for a day of it. It
# fails where memory, lag or that visitor's neighbours are over their bounds.
SOAK ?= 3m
scale: engine kafka
	$(GO) run ./examples/bench -scale -soak $(SOAK) $(ARGS)

# chaos kills the servers fifty times under load, and tries five hundred
# schedules of faults on the processor; make test does either twelve times. Of
# three brokers it kills and freezes one six times, make test kills one once. All
# parts of a deployment fail together under four seeds, in make test under one.
chaos: engine kafka
	FOOTFALL_CHAOS_KILLS=50 FOOTFALL_CHAOS_SEEDS=500 FOOTFALL_CHAOS_BROKERS=6 $(GO) test -count=1 -timeout 60m -run '^TestChaos' -v ./examples/reference-stack/ ./examples/custom-sink/ ./stream/ ./stream/kafka/

# fuzz gives every fuzz target FUZZTIME, one after the other.
FUZZTIME ?= 10m
fuzz:
	@set -e; for file in $$(grep -rl --include='*_test.go' '^func Fuzz' .); do \
		for target in $$(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' $$file); do \
			echo "$$target in $$(dirname $$file)"; \
			$(GO) test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) $$(dirname $$file); \
		done; \
	done

# engine fetches the embedded ClickHouse engine into the user's cache, once.
engine:
	@$(GO) run ./store/chdb/fetch

# kafka fetches the broker that tests of stream/kafka run into the user's cache,
# once, with Maven, which may be missing: nobody needs it but those tests.
kafka:
	@if command -v mvn >/dev/null; then $(GO) run ./stream/kafka/fetch; \
		else echo "mvn is not on this machine: the tests with Kafka will skip"; fi

# sdks installs the JavaScript SDKs that the end-to-end tests run, once for each
# lock file. Nobody needs them but those tests, so that npm may be missing.
SDKS = examples/reference-stack/testdata/sdk
sdks: $(SDKS)/node_modules/.package-lock.json
$(SDKS)/node_modules/.package-lock.json: $(SDKS)/package-lock.json
	@if command -v npm >/dev/null; then cd $(SDKS) && npm ci && touch node_modules/.package-lock.json; \
		else echo "npm is not on this machine: the tests of the JavaScript SDKs will skip"; fi

$(LINT):
	GOBIN=$(abspath $(BIN)) $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT_VERSION)
	mv $(BIN)/golangci-lint $@
