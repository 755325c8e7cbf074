#!/bin/sh
# Every fuzz target, or those named (query, json, patch, cursor, date, fastcgi_parameters), for FUZZ_SECONDS each under
# libFuzzer with ASan and UBSan. Starts from the corpus and what earlier runs found; a finding is printed, left in the
# build folder, and ends it.
set -eu
cd "$(dirname "$0")/../.."

seconds=${FUZZ_SECONDS:-60}
build=${FUZZ_BUILD:-build-fuzz}
if [ $# -eq 0 ]; then
    for source in tests/fuzz/fuzz_*.c; do
        name=$(basename "$source" .c)
        set -- "$@" "${name#fuzz_}"
    done
fi

"${MAKE:-make}" CC=clang SANITIZE=fuzzer-no-link,address,undefined BUILD="$build" -j"$(nproc)" fuzz-targets

for name; do
    found=$build/corpus/$name
    mkdir -p "$found"
    set -- "$found" "tests/fuzz/corpus/$name"
    if [ -f "tests/fuzz/$name.dict" ]; then
        set -- "-dict=tests/fuzz/$name.dict" "$@"
    fi
    log=$build/fuzz-$name.log
    printf 'fuzz: %s for %s s\n' "$name" "$seconds"
    if ! "$build/tests/fuzz/fuzz_$name" -max_total_time="$seconds" -max_len=4096 -timeout=10 -rss_limit_mb=1024 \
        -print_final_stats=1 -artifact_prefix="$build/$name-" "$@" >"$log" 2>&1; then
        cat "$log"
        exit 1
    fi
    sed -n 's/^stat::\(number_of_executed_units\|new_units_added\|peak_rss_mb\): */    \1 /p' "$log"
done
