# A thin front to CMake.
#   make          builds                      make demo     builds and trains a small network
#   make test     all tests                   make check    the quick part of them, under a minute
#   make bench    measures                    make install  [PREFIX=/usr/local] [DESTDIR=]
#   make bench-peers measures beside PyTorch, snnTorch, SPAIC, Brian2 ... [WORKLOADS="w1 w2"]
#   make docs     writes the made pages       make format   lays out the sources
#   make results  writes the tables of results/results.jsonl
#   make ceilings measures what a core can do at most
#   make window   measures the window of pair STDP by pairing and draws it beside the formula
#   make crossover measures lists, tables and sgemm at all densities and draws their times
#   make bench-docs writes the table of docs/performance.md from results/bench.jsonl
BUILD ?= build/release
PREFIX ?= /usr/local
CMAKE_ARGS ?=
JOBS ?= 2
MAKEFLAGS += --no-print-directory
.PHONY: all build demo test check bench bench-peers bench-docs install docs ceilings window crossover results format setup clean
all: build
setup:
	@sh tools/setup.sh
build:
	@cmake -S . -B $(BUILD) $(CMAKE_ARGS) >/dev/null
	@cmake --build $(BUILD) -j$(JOBS)
demo: setup
	@$(MAKE) build BUILD=$(BUILD)
	@rm -rf build/demo
	$(BUILD)/hebb train examples/strokes.yaml -o build/demo
test:
	@sh tools/setup.sh --test
	@$(MAKE) build BUILD=$(BUILD)
	@sh tools/run_tests.sh $(BUILD)
check: setup
	@$(MAKE) build BUILD=$(BUILD)
	@sh tools/check.sh $(BUILD)
bench: build
	@sh tools/bench.sh $(BUILD)
bench-peers: build
	@sh bench/peers/peers.sh $(BUILD)
bench-docs:
	@sh tools/write_performance.sh
install: build
	@DESTDIR="$(DESTDIR)" cmake --install $(BUILD) --prefix $(PREFIX)
docs: build
	@$(BUILD)/hebb docs components docs/components
	@$(BUILD)/hebb docs cli >docs/cli.md
ceilings: build
	@$(BUILD)/ceilings
window: build
	@$(BUILD)/stdp-window docs/stdp-window.png
crossover: build
	@$(BUILD)/crossover docs/crossover.png
results:
	@sh tools/write_results.sh
format:
	@find src include cli tests tools examples -name '*.[ch]' | xargs clang-format -i
clean:
	rm -rf build
