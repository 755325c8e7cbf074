#!/usr/bin/env bash
# Every check that reads the sources and runs nothing: `make lint`, or `tests/lint/run.sh format tidy` for some.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit

jobs=$(nproc)
mapfile -t sources < <(find src -name '*.c' | sort)
mapfile -t test_sources < <(find tests -name '*.c' | sort)
mapfile -t headers < <(find src include tests -name '*.h' | sort)
mapfile -t scripts < <(find deploy tests .ci -type f -exec grep -lE '^#!.*(bash|/sh)' {} + | sort)

lint_format() {
    clang-format --dry-run -Werror "${sources[@]}" "${test_sources[@]}" "${headers[@]}"
}

lint_layers() {
    tests/lint/layers.sh
}

# Each compiler with every warning as an error, and each header on its own.
lint_gcc() {
    make -s -j"$jobs" CC=gcc WERROR=1 all tests
}

lint_clang() {
    make -s -j"$jobs" CC=clang WERROR=1 BUILD=build/lint-clang all tests
}

lint_headers() {
    local flags
    read -ra flags <<<"$(make -s print-flags)"
    printf '%s\0' "${headers[@]}" | xargs -0 -n1 -P"$jobs" gcc "${flags[@]}" -Werror -Wno-unused-macros -fsyntax-only -x c
}

lint_analyzer() {
    local flags
    read -ra flags <<<"$(make -s print-flags)"
    printf '%s\0' "${sources[@]}" |
        xargs -0 -n1 -P"$jobs" gcc "${flags[@]}" -Werror -fanalyzer -c -o /dev/null
}

lint_tidy() {
    local flags
    read -ra flags <<<"$(make -s CC=clang print-flags)"
    # Its count of suppressed warnings goes to standard error; findings go to standard output.
    # shellcheck disable=SC2016 # the inner shell expands its own arguments
    printf '%s\0' "${sources[@]}" |
        xargs -0 -P"$jobs" -I{} sh -c 'clang-tidy --quiet "$@" 2>/dev/null' tidy {} -- "${flags[@]}"
}

lint_cppcheck() {
    cppcheck --quiet --std=c11 --enable=warning,style,performance,portability --inline-suppr --error-exitcode=1 \
        --suppressions-list=tests/lint/cppcheck.suppressions -Iinclude -D_GNU_SOURCE '-DWARES_VERSION="0"' -j"$jobs" src
}

lint_shell() {
    shellcheck -a "${scripts[@]}"
}

lint_python() {
    /usr/bin/python3 -m pyflakes tests deploy
}

checks=("$@")
if ((${#checks[@]} == 0)); then
    checks=(format layers gcc clang headers analyzer tidy cppcheck shell python)
fi

failed=()
for check in "${checks[@]}"; do
    if ! declare -F "lint_$check" >/dev/null; then
        printf 'lint: there is no check "%s"\n' "$check" >&2
        exit 2
    fi
    started=$SECONDS
    if "lint_$check"; then
        printf 'lint: %-9s ok (%d s)\n' "$check" $((SECONDS - started))
    else
        printf 'lint: %-9s FAILED\n' "$check"
        failed+=("$check")
    fi
done
if ((${#failed[@]} > 0)); then
    printf 'lint: failed: %s\n' "${failed[*]}" >&2
    exit 1
fi
