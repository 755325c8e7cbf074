#!/bin/bash
# Installs what is missing of Debian's (or Ubuntu's) packages:
#     deploy/deps.sh build run lighttpd test bench lint    (one purpose or several)
# Silent and quick where nothing is missing. No server that a package brings is started, now or at the next boot, and
# none that runs already is touched.
set -eu -o pipefail
export LC_ALL=C

declare -rA packages=(
    [build]="gcc make pkg-config libc6-dev libfcgi-dev libpq-dev libhiredis-dev libjson-c-dev uuid-dev
        libcurl4-openssl-dev libssl-dev"
    [run]="postgresql redis-server nginx libnginx-mod-nchan spawn-fcgi curl"
    [lighttpd]="lighttpd lighttpd-mod-deflate lighttpd-modules-lua"
    [test]="clang libclang-rt-dev valgrind libcmocka-dev libfcgi-bin multiwatch openssl spin strace
        python3-pytest python3-pytest-xdist python3-hypothesis python3-requests python3-psycopg2 python3-redis python3-jsonschema
        lighttpd lighttpd-mod-deflate lighttpd-modules-lua lighttpd-mod-openssl chromium"
    [bench]="wrk python3 libfcgi-bin golang-go golang-github-jackc-pgx-v4-dev golang-github-gomodule-redigo-dev
        php-fpm php-pgsql php-redis nodejs"
    [lint]="clang-format clang-tidy cppcheck shellcheck python3-pyflakes"
)
# The services that these packages would have started.
readonly services=(nginx lighttpd redis-server postgresql)

fail() {
    printf '%s\n' "$*" >&2
    exit 1
}

# The words of these purposes, one a line.
packages_for() {
    local purpose words
    for purpose in "$@"; do
        read -ra words -d '' <<<"${packages[$purpose]}" || :
        printf '%s\n' "${words[@]}"
    done | sort -u
}

missing_of() {
    comm -23 - <(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null |
        sed -n 's/^installed //p' | sort -u)
}

# What keeps the packages from starting servers while they are installed. Only what was not there is made, and it is
# taken away again.
readonly policy=/usr/sbin/policy-rc.d
readonly no_cluster=/etc/postgresql-common/createcluster.d/wares-deps.conf
made=()

hold_services() {
    if [[ ! -e $policy ]]; then
        made+=("$policy")
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
    fi
    if ! grep -qsE '^[[:space:]]*create_main_cluster' /etc/postgresql-common/createcluster.conf \
        /etc/postgresql-common/createcluster.d/*.conf; then
        mkdir -p "${no_cluster%/*}"
        made+=("$no_cluster")
        printf 'create_main_cluster = false\n' >"$no_cluster"
    fi
}

release_services() {
    ((${#made[@]} == 0)) || rm -f "${made[@]}"
}

known_services() {
    local service
    for service in "${services[@]}"; do
        if [[ -e /lib/systemd/system/$service.service ]]; then
            printf '%s\n' "$service"
        fi
    done
}

install_packages() {
    local before after fresh
    export DEBIAN_FRONTEND=noninteractive
    before=$(known_services)
    trap release_services EXIT
    hold_services
    apt-get update -q
    apt-get install -q -y --no-install-recommends "$@"

    after=$(known_services)
    fresh=$(comm -13 <(sort <<<"$before") <(sort <<<"$after"))
    if [[ -n $fresh ]] && command -v systemctl >/dev/null; then
        mapfile -t fresh <<<"$fresh"
        systemctl disable --quiet "${fresh[@]}" 2>/dev/null || :
        printf 'Installed but not switched on as services of this machine: %s.\n' "${fresh[*]}"
    fi
}

main() {
    local purpose wanted missing
    (($# > 0)) || fail "deps.sh wants one or more of: ${!packages[*]}."
    for purpose in "$@"; do
        [[ -n ${packages[$purpose]:-} ]] || fail "deps.sh does not know \"$purpose\", only: ${!packages[*]}."
    done
    mapfile -t wanted < <(packages_for "$@")
    # Some packages of Node.js bring an npm of their own, and Debian's does not go with them.
    [[ " $* " != *" test "* ]] || command -v npm >/dev/null || wanted+=(npm)
    command -v dpkg-query >/dev/null ||
        fail "deps.sh knows Debian and Ubuntu only; install what these packages bring: ${wanted[*]}"
    mapfile -t missing < <(printf '%s\n' "${wanted[@]}" | missing_of "${wanted[@]}")
    ((${#missing[@]} > 0)) || return 0

    if ((EUID == 0)); then
        install_packages "${missing[@]}"
    elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
        sudo -n -- "$0" "$@"
    else
        fail "Packages are missing; as root, type:" \
            "apt-get update && apt-get install --no-install-recommends ${missing[*]}"
    fi
}

main "$@"
