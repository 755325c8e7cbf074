#!/usr/bin/env bash
# Data flows one way: checks which layer's headers each layer includes, and that each library has one owner.
# A line of the first table is a layer and the layers whose headers it may include besides its own.
set -euo pipefail
cd "$(dirname "$0")/../.."

declare -A may_include=(
    [base]=""
    [domain]="base"
    [json]="domain base"
    [csv]="domain base"
    [import]="json csv domain base"
    [http]="base"
    [store]="domain base"
    [cache]="base"
    [migrate]="store base"
    [catalog]="store cache domain base"
    [jobs]="catalog store cache json domain base"
    [handler]="catalog import http json csv domain base"
    [server]="handler http base"
    [bin]="server handler jobs catalog migrate import json csv http cache store domain base"
)

declare -A owner_of=(
    [fcgiapp.h]=server
    [libpq-fe.h]=store
    [hiredis/hiredis.h]=cache
    [json-c/json.h]=json
    [uuid/uuid.h]=base
    [curl/curl.h]=jobs
    [openssl/*]=jobs
)

faults=0
fault() {
    printf '%s\n' "$1" >&2
    faults=$((faults + 1))
}

includes_of() { # file
    sed -n 's/^#[[:space:]]*include[[:space:]]*["<]\([^">]*\)[">].*/\1/p' "$1"
}

for layer in "${!may_include[@]}"; do
    while IFS= read -r file; do
        while IFS= read -r header; do
            first=${header%%/*}
            if [[ $header == */* && -n ${may_include[$first]+known} && $first != "$layer" ]] &&
                [[ " ${may_include[$layer]} " != *" $first "* ]]; then
                fault "$file: $layer may not include $header (it may include: ${may_include[$layer]:-nothing})"
            fi
            owner=${owner_of[$header]:-${owner_of[$first/*]:-$layer}}
            if [[ $owner != "$layer" ]]; then
                fault "$file: only $owner may include <$header>"
            fi
        done < <(includes_of "$file")
    done < <(find "src/$layer" "include/$layer" -name '*.[ch]' 2>/dev/null)
done

if ((faults > 0)); then
    printf 'layers: %d faults\n' "$faults" >&2
    exit 1
fi
