#!/usr/bin/env bash
# Every test: `make test`, or `tests/run.sh unit service` for some parts. What is missing must be installed already
# (deploy/deps.sh build run test).
set -euo pipefail
cd "$(dirname "$0")/.."

jobs=$(nproc)
sanitized=build-address-undefined

say() {
    printf '\n== %s\n' "$*"
}

# Runs every binary below a folder, each under the given command, and stops at the first that fails.
run_each() { # folder [command...]
    local folder=$1 binary count=0
    shift
    while IFS= read -r binary; do
        if ! "$@" "$binary" >"$binary.log" 2>&1; then
            cat "$binary.log" >&2
            printf 'failed: %s %s\n' "$*" "$binary" >&2
            return 1
        fi
        count=$((count + 1))
    done < <(find "$folder" -type f -executable -name 'test_*' | sort)
    ((count > 0)) || { printf 'there is no test in %s\n' "$folder" >&2 && return 1; }
    printf '%d test programs passed\n' "$count"
}

part_build() {
    say "build: release, and with the address and undefined behaviour sanitizers"
    make -s -j"$jobs" WERROR=1 all tests
    make -s -j"$jobs" WERROR=1 SANITIZE=address,undefined BUILD="$sanitized" all tests
}

part_lint() {
    say "lint"
    tests/lint/run.sh
}

part_unit() {
    say "unit tests under the sanitizers"
    run_each "$sanitized/tests/unit"
}

part_valgrind() {
    say "unit tests under valgrind"
    run_each build/tests/unit valgrind --quiet --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite,possible
}

part_fuzz() {
    say "fuzz targets over their corpus"
    local target name
    for target in tests/fuzz/fuzz_*.c; do
        name=$(basename "$target" .c)
        "$sanitized/tests/fuzz/replay_$name" "tests/fuzz/corpus/${name#fuzz_}"
    done
}

part_model() {
    say "the models of the cache, every state of them"
    tests/model/run.sh
}

part_service() {
    say "the service on real servers"
    # Each process has servers of its own, and takes one file after the other. They wait for much: one more than there are
    # processors keeps those busy.
    BUILD=build SANITIZED_BUILD=$sanitized /usr/bin/python3 -m pytest tests/service -q --durations=10 -p no:cacheprovider \
        --numprocesses="$((jobs + 1))" --dist=loadfile
}

parts=("$@")
if ((${#parts[@]} == 0)); then
    parts=(build lint unit valgrind fuzz model service)
fi
for part in "${parts[@]}"; do
    if ! declare -F "part_$part" >/dev/null; then
        printf 'tests: there is no part "%s"; parts are build, lint, unit, valgrind, fuzz, model, service\n' "$part" >&2
        exit 2
    fi
    "part_$part"
done
