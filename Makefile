# wares: one non-recursive Makefile. `make help` lists the targets.
#
#   SANITIZE=address,undefined   builds with sanitizers, in a folder of its own
#   CC=clang                     builds with clang, in a folder of its own
#   WERROR=1                     warnings are errors (the lint and the tests set it)

VERSION := 0.1.0
PREFIX  ?= /usr/local
DESTDIR ?=
CC      ?= cc
ifeq ($(CC),cc)
CC := gcc
endif

compiler := $(if $(findstring clang,$(CC)),clang,gcc)
comma    := ,
flavour  := $(if $(filter clang,$(compiler)),-clang)$(if $(SANITIZE),-$(subst $(comma),-,$(SANITIZE)))
BUILD    ?= build$(flavour)

# --- what is built -------------------------------------------------------------------------------------------------

# From the top down: a layer may call those to its right only, and the linker sees them in this order.
layers   := server handler jobs catalog migrate import json csv http cache store domain base
programs := wares.fcgi wares-jobs wares

# --- flags ---------------------------------------------------------------------------------------------------------

warnings := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wcast-qual -Wpointer-arith \
  -Wwrite-strings -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wvla -Wundef -Wformat=2 \
  -Wswitch-enum -Wimplicit-fallthrough -Wdouble-promotion -Wnull-dereference
warnings += $(if $(filter gcc,$(compiler)),-Wlogical-op -Wduplicated-cond -Wduplicated-branches -Wtrampolines \
  -Warith-conversion,-Wcomma -Wassign-enum -Wbad-function-cast -Wmissing-variable-declarations \
  -Wunreachable-code-aggressive -Wconditional-uninitialized)
warnings += $(if $(WERROR),-Werror)

packages := libpq json-c uuid hiredis
cppflags := -Iinclude -D_GNU_SOURCE -DWARES_VERSION='"$(VERSION)"' \
  $(shell pkg-config --cflags $(packages) 2>/dev/null | sed 's/-I/-isystem /g')
hardening := -fstack-protector-strong -fstack-clash-protection -fcf-protection
ifeq ($(SANITIZE),)
optimise := -O2 -D_FORTIFY_SOURCE=$(if $(filter gcc,$(compiler)),3,2) $(hardening)
else
optimise := -O1 -fno-omit-frame-pointer -fsanitize=$(SANITIZE) $(if $(findstring undefined,$(SANITIZE)),-fno-sanitize-recover=all)
endif
cflags  := -std=c17 -g -fPIE -MMD -MP $(warnings) $(optimise) $(CFLAGS)
ldflags := -pie -Wl,-z,relro,-z,now -Wl,--as-needed $(if $(SANITIZE),-fsanitize=$(SANITIZE)) $(LDFLAGS)
# Of the runner of jobs alone, which sends webhooks.
jobs_libraries := -lcurl -lcrypto
libraries := -lfcgi $(shell pkg-config --libs $(packages) 2>/dev/null)

# V=1 shows the commands.
quiet   = $(if $(V),,@printf '  %-4s %s\n' $(1) $@;)
compile = $(call quiet,cc)$(CC) $(cppflags) $(cflags) -c $< -o $@

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

all: $(programs:%=$(BUILD)/%)

# --- layers as static archives -------------------------------------------------------------------------------------

define layer_rules
$(1)_objects := $$(patsubst src/%.c,$(BUILD)/obj/%.o,$$(sort $$(wildcard src/$(1)/*.c src/$(1)/*/*.c)))
$(BUILD)/lib$(1).a: $$($(1)_objects)
	@rm -f $$@ && $(AR) rcs $$@ $$^
endef
$(foreach layer,$(layers),$(eval $(call layer_rules,$(layer))))
archives := $(layers:%=$(BUILD)/lib%.a)

migrate_objects += $(BUILD)/obj/migrate/built_in.o
$(BUILD)/libmigrate.a: $(BUILD)/obj/migrate/built_in.o

$(BUILD)/generated/built_in.c: src/migrate/embed.sh $(sort $(wildcard migrations/*.sql))
	@mkdir -p $(@D)
	$(if $(V),,@)sh $< $(wordlist 2,999,$^) > $@

$(BUILD)/obj/migrate/built_in.o: $(BUILD)/generated/built_in.c
	@mkdir -p $(@D)
	$(compile)

$(BUILD)/obj/%.o: src/%.c
	@mkdir -p $(@D)
	$(compile)

# --- programs ------------------------------------------------------------------------------------------------------

bin_objects = $(patsubst src/%.c,$(BUILD)/obj/%.o,$(sort $(wildcard src/bin/$(1).c)))
link = $(call quiet,link)$(CC) $(ldflags) -o $@ $(filter %.o %.a,$^)

$(BUILD)/wares.fcgi: $(BUILD)/obj/bin/wares_fcgi.o $(call bin_objects,fcgi_*) $(call bin_objects,program_*) $(archives)
	$(link) $(libraries)

# The runner has no use for the server's layers either.
jobs_parts := $(call bin_objects,jobs_*) $(call bin_objects,program_*) \
  $(filter-out %libserver.a %libhandler.a,$(archives))

$(BUILD)/wares-jobs: $(BUILD)/obj/bin/wares_jobs.o $(jobs_parts)
	$(link) $(filter-out -lfcgi,$(libraries)) $(jobs_libraries)

# The operator's command has no use for the server's layers.
$(BUILD)/wares: $(BUILD)/obj/bin/wares.o $(call bin_objects,command_*) $(call bin_objects,program_runner) \
  $(call bin_objects,program_layers) $(call bin_objects,program_log) \
  $(filter-out %libserver.a %libhandler.a,$(archives))
	$(link) $(filter-out -lfcgi,$(libraries))

# --- tests ---------------------------------------------------------------------------------------------------------

# What a test of a layer may link: the layer itself and what stands below it. A handler's test brings its own catalog.
below_base    := base
below_domain  := domain base
below_json    := json domain base
below_csv     := csv domain base
below_import  := import json csv domain base
below_http    := http base
below_store   := store domain base
below_cache   := cache base
below_migrate := migrate store domain base
below_catalog := catalog json cache store domain base
below_jobs    := jobs catalog json cache store domain base
below_handler := handler import json csv http domain base
below_fuzz    := import json csv http domain base
below_server  := server handler import json csv http domain base

unit_sources := $(sort $(wildcard tests/unit/*/test_*.c))
unit_tests   := $(unit_sources:tests/%.c=$(BUILD)/tests/%)
integration_sources := $(sort $(wildcard tests/integration/*/test_*.c))
integration_tests   := $(integration_sources:tests/%.c=$(BUILD)/tests/%)
fuzz_sources := $(sort $(wildcard tests/fuzz/fuzz_*.c))
fuzz_replays := $(fuzz_sources:tests/fuzz/%.c=$(BUILD)/tests/fuzz/replay_%)
fuzz_targets := $(fuzz_sources:tests/fuzz/%.c=$(BUILD)/tests/fuzz/%)

layer_of = $(notdir $(patsubst %/,%,$(dir $(1))))

define test_rules
$(BUILD)/tests/$(1): $(BUILD)/obj/tests/$(1).o \
  $$(patsubst tests/%.c,$(BUILD)/obj/tests/%.o,$$(sort $$(wildcard tests/$(dir $(1))fake_*.c))) \
  $$(below_$(call layer_of,$(1)):%=$(BUILD)/lib%.a)
	@mkdir -p $$(@D)
	$$(link) -lcmocka $$(libraries) $$(if $$(filter jobs,$(call layer_of,$(1))),$$(jobs_libraries))
endef
$(foreach source,$(unit_sources) $(integration_sources),$(eval $(call test_rules,$(source:tests/%.c=%))))

$(BUILD)/obj/tests/%.o: tests/%.c
	@mkdir -p $(@D)
	$(compile)

# A fuzz target replayed over its corpus without the fuzzer: works with any compiler.
$(BUILD)/tests/fuzz/replay_%: $(BUILD)/obj/tests/fuzz/%.o $(BUILD)/obj/tests/fuzz/replay.o $(below_fuzz:%=$(BUILD)/lib%.a)
	@mkdir -p $(@D)
	$(link) $(libraries)

# The same under libFuzzer: `make fuzz`, with clang.
$(BUILD)/tests/fuzz/fuzz_%: $(BUILD)/obj/tests/fuzz/fuzz_%.o $(below_fuzz:%=$(BUILD)/lib%.a)
	@mkdir -p $(@D)
	$(link) -fsanitize=fuzzer $(libraries)

# What the benchmark compares with; links nothing of ours.
$(BUILD)/bench/ceiling: $(BUILD)/obj/tests/bench/ceiling.o
	@mkdir -p $(@D)
	$(link) -lfcgi

# A runner with a kind of job of the tests' own.
$(BUILD)/tests/tally-runner: $(BUILD)/obj/tests/service/tally_runner.o $(jobs_parts)
	@mkdir -p $(@D)
	$(link) $(filter-out -lfcgi,$(libraries)) $(jobs_libraries)

tests: $(unit_tests) $(integration_tests) $(fuzz_replays) $(BUILD)/tests/tally-runner

test: ## all tests, on real servers of their own (installs what is missing)
	deploy/deps.sh build run test lint
	tests/run.sh

fuzz: ## every fuzz target for FUZZ_SECONDS (60) under libFuzzer
	deploy/deps.sh build run test
	tests/fuzz/run.sh

fuzz-targets: $(fuzz_targets)

bench: ## the benchmark: a table of rates, ratios, CPU and memory
	deploy/deps.sh build run bench
	$(MAKE) all $(BUILD)/bench/ceiling
	BUILD=$(BUILD) tests/bench/run.py

bench-memory: ## memory of a worker after 100,000 and after 1,000,000 requests
	deploy/deps.sh build run bench
	$(MAKE) all
	BUILD=$(BUILD) tests/bench/memory.py

# --- the rest ------------------------------------------------------------------------------------------------------

deps: ## installs the Debian packages that building, running and testing need
	deploy/deps.sh build run test

run: ## builds and runs the whole service in the foreground on PORT (8080)
	deploy/deps.sh build run
	$(MAKE) all
	BUILD=$(BUILD) exec deploy/run.sh

c_files := $(sort $(shell find src include tests -name '*.[ch]' 2>/dev/null))

lint: ## format, layers, warnings of gcc and clang, -fanalyzer, clang-tidy, cppcheck, shellcheck
	deploy/deps.sh build test lint
	tests/lint/run.sh

format: ## formats the C sources
	clang-format -i $(c_files)

install: all ## installs under $(DESTDIR)$(PREFIX)
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/wares
	install -m 755 $(programs:%=$(BUILD)/%) $(DESTDIR)$(PREFIX)/bin
	cp -R deploy migrations $(DESTDIR)$(PREFIX)/share/wares

clean: ## removes everything that was built
	rm -rf build build-*

help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20

print-flags:
	@echo $(cppflags) $(filter-out -MMD -MP,$(cflags))

.PHONY: all tests test fuzz fuzz-targets bench bench-memory deps run lint format install clean help print-flags
.SECONDARY:

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
