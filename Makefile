# A thin front to CMake.
BUILD ?= build/release
CMAKE_ARGS ?=
.PHONY: all build test setup clean
all: build
setup:
	@sh tools/setup.sh
build:
	@cmake -S . -B $(BUILD) $(CMAKE_ARGS) >/dev/null
	@cmake --build $(BUILD) -j2
test: setup
	@$(MAKE) --no-print-directory build BUILD=$(BUILD)
	@sh tools/run_tests.sh $(BUILD)
clean:
	rm -rf build
