#!/usr/bin/env bash
# Checks the models of the cache's protocol, every state of each: what must hold, and what must be found where a step is
# left out. Prints a line for each run; about half a minute in all.
set -euo pipefail
cd "$(dirname "$0")"

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# Builds and runs the verifier of a model with these definitions; its report is in $folder/report.
verify() { # model, definitions...
    local model=$1
    shift
    (
        cd "$folder"
        rm -f ./*.trail
        spin -a "$@" "$OLDPWD/$model.pml"
        gcc -w -O2 -DSAFETY -DCOLLAPSE -DMEMLIM=2000 -o pan pan.c
        ./pan -m100000 >report
    )
}

said() {
    sed -n 's/.*errors: \([0-9]*\)$/errors \1/p; s/^ *\([0-9.e+]*\) states, stored$/states \1/p' "$folder/report" | paste -sd' '
}

fail() {
    printf '%s\n' "$1" >&2
    cat "$folder/report" >&2
    exit 1
}

holds() { # model, definitions...
    verify "$@"
    grep -q 'errors: 0$' "$folder/report" || fail "model: $*: the property does not hold"
    ! grep -q 'Search not completed' "$folder/report" || fail "model: $*: not all states were searched"
    printf 'holds  %s: %s\n' "$*" "$(said)"
}

# The last definition is the fault.
finds() { # model, definitions...
    verify "$@"
    grep -q 'assertion violated' "$folder/report" || fail "model: $*: the fault was not found"
    printf 'found  %s\n' "$*"
}

command -v spin >/dev/null || { printf 'spin is missing: deploy/deps.sh test\n' >&2 && exit 1; }

holds one_host -DWRITERS=1 -DREADS=2
holds one_host -DWRITERS=2 -DREADS=1
holds one_host -DWRITERS=1 -DREADS=2 -DREPLAYED
for fault in NO_MARK CLEAR_EARLY NO_GUARD NO_NOTE; do
    finds one_host -DWRITERS=1 -DREADS=2 "-D$fault"
done

holds lists
holds lists -DALL
for fault in ONE_WORD NO_CREATION NO_NOTE; do
    finds lists "-D$fault"
done
finds lists -DALL -DNO_CREATION
finds lists -DALL -DNO_NOTE

holds many_hosts -DREADS=1 -DREADS_THERE=2
holds many_hosts -DREADS=0 -DREADS_THERE=3 -DLOSSES=2
holds many_hosts -DREADS=2 -DREADS_THERE=0 -DLOSSES=2
holds many_hosts -DREADS=0 -DREADS_THERE=2 -DREPLAYED
for fault in NO_MARK NO_RUN NO_LEASE; do
    finds many_hosts -DREADS=0 -DREADS_THERE=2 "-D$fault"
done
finds many_hosts -DREADS=2 -DREADS_THERE=0 -DNO_DEBT
finds many_hosts -DREADS=0 -DREADS_THERE=2 -DREPLAYED -DREPLAY_SKIPS
