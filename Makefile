# SPDX-License-Identifier: Apache-2.0
# A thin front to CMake presets and tools/; `make help` lists it.
PRESET  ?= dev
PREFIX  ?= /usr/local
SECONDS ?= 60
.PHONY: help setup build test test-all demo bench oracles format fuzz-long soak install clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]*:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile
	@echo
	@echo "  PRESET=$(PRESET) (dev clang asan tsan release gnu2x cov fuzz)  PREFIX=$(PREFIX)  SECONDS=$(SECONDS)"
setup: ## install the packages that are missing (Debian 12, root)
	tools/setup
build: ## build PRESET into build/PRESET
	cmake --preset $(PRESET) && cmake --build --preset $(PRESET)
test: build ## build and test PRESET
	ctest --test-dir build/$(PRESET) --output-on-failure
test-all: ## set up, then every preset with all its tests, as CI does
	.ci/run
demo: ## set up, build, start the embedded engine, run the demo plan, print the claim
	tools/demo
bench: ## what the tool itself costs: each bench/*.sh on the release build
	$(MAKE) build PRESET=release
	@for b in $(filter-out bench/soak.sh bench/fuzz.sh,$(sort $(wildcard bench/*.sh))); do \
	  echo "== $$b"; bash $$b || [ $$? = 77 ] || exit 1; done # 77: skipped, and said why
oracles: ## every statistic against an independent oracle
	$(MAKE) build PRESET=release
	bash bench/oracles.sh
format: ## clang-format all sources in place
	git ls-files -co --exclude-standard '*.c' '*.h' | xargs -r clang-format -i
fuzz-long: ## each fuzz target for SECONDS under libFuzzer, from its committed corpus
	$(MAKE) build PRESET=fuzz
	bash bench/fuzz.sh --seconds $(SECONDS)
soak: ## 1,000 streams for half an hour (or SECONDS): anonymous memory must stay flat
	$(MAKE) build PRESET=release
	SOAK_SECONDS=$(if $(filter command line environment,$(origin SECONDS)),$(SECONDS),1800) bash bench/soak.sh
install: ## install the release build below PREFIX
	cmake --preset release -DCMAKE_INSTALL_PREFIX=$(PREFIX) && cmake --build --preset release
	cmake --install build/release
clean: ## remove build/ (the engine's cache stays: make -C targets/llm clean)
	rm -rf build
