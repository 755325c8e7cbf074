#!/bin/bash
# Serves the catalog on this machine: a private Postgres and Redis, the pool of workers under spawn-fcgi, and nginx or
# lighttpd in front. Stays in the foreground; Ctrl-C or TERM stops all that it started, and nothing else.
#
# Variables: PORT (8080), BIND (127.0.0.1), RUN_DIR (.run), FRONT (nginx, lighttpd), FRONT_CACHE (off; on: nginx has a
# cache of its own before the pool), WORKERS (4), PRODUCTS (2000), POOL (supervisor; spawn-fcgi for independent workers),
# BUILD (build). Where DATABASE_URL or REDIS_URL is given, that server is used and none is started; a database that was
# given gets sample products only where PRODUCTS is given too.
#
# In RUN_DIR: env (URL, DATABASE_URL, REDIS_URL, WARES_SOCKET, WARES_RUNTIME_DIR; there once all is up),
# <part>.pid, log/. A file <part>.hold keeps a part that ended from being started again while it exists.
set -Eeu -o pipefail

root=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd)
# shellcheck source=lib/say.sh
source "$root/deploy/lib/say.sh"
# shellcheck source=lib/settings.sh
source "$root/deploy/lib/settings.sh"
# shellcheck source=lib/state.sh
source "$root/deploy/lib/state.sh"
# shellcheck source=lib/parts.sh
source "$root/deploy/lib/parts.sh"
# shellcheck source=lib/postgres.sh
source "$root/deploy/lib/postgres.sh"
# shellcheck source=lib/redis.sh
source "$root/deploy/lib/redis.sh"
# shellcheck source=lib/pool.sh
source "$root/deploy/lib/pool.sh"
# shellcheck source=lib/front.sh
source "$root/deploy/lib/front.sh"

export PATH=$PATH:/usr/sbin:/sbin TZ=UTC
umask 022
trap 'printf "run.sh: line %s of %s failed: %s\n" "$LINENO" "${BASH_SOURCE[0]}" "$BASH_COMMAND" >&2' ERR
# Never readable: what a nap reads from.
exec {never}<> <(:)

stop_everything() {
    local status=$? name left first=() last=()
    trap '' INT TERM HUP
    trap - EXIT ERR
    if ((${#parts[@]} > 0)); then
        say "Stopping."
        rm -f "$STATE/env"
        for name in "${parts[@]}"; do
            case $name in
            postgres | redis) last+=("$name") ;;
            *) first+=("$name") ;;
            esac
        done
        parts_stop "${first[@]}"
        parts_stop "${last[@]}"
    fi
    # What was launched the moment before, and is no part yet.
    mapfile -t left < <(jobs -p)
    part_signal KILL "${left[@]}"
    exit "$status"
}

missing_programs() {
    local program wanted=(spawn-fcgi curl "$FRONT")
    [[ $own_redis == no ]] || wanted+=(redis-server redis-cli)
    for program in "${wanted[@]}"; do
        command -v "$program" >/dev/null || printf '%s\n' "$program"
    done
    [[ $own_postgres == no ]] || postgres_find || printf 'postgres\n'
    [[ $FRONT != lighttpd || -e /usr/lib/lighttpd/mod_magnet.so ]] || printf 'mod_magnet\n'
}

need_programs() {
    local program missing purposes=(run)
    missing=$(missing_programs)
    if [[ -n $missing ]]; then
        [[ $FRONT != lighttpd ]] || purposes+=(lighttpd)
        "$root/deploy/deps.sh" "${purposes[@]}" || exit 1
        missing=$(missing_programs)
        [[ -z $missing ]] || fail "these programs are missing: ${missing//$'\n'/, }"
    fi
    for program in wares.fcgi wares; do
        [[ -x $BUILD/$program ]] || fail "$BUILD/$program is missing; type make first"
    done
}

start_stores() {
    if [[ $own_postgres == yes ]]; then
        # The environment of a user's own psql must not lead anywhere else.
        unset "${!PG@}"
        postgres_find
        postgres_make_cluster
        part_start postgres
        DATABASE_URL="postgresql:///wares?host=$SOCKETS&user=wares"
    fi
    if [[ $own_redis == yes ]]; then
        part_start redis
        REDIS_URL="unix://$SOCKETS/redis.sock?db=0"
    fi
    # shellcheck disable=SC2034 # read by write_env
    WARES_SOCKET=$SOCKETS/wares.sock
    export DATABASE_URL REDIS_URL
    export WARES_LOG=${WARES_LOG:-$STATE/log/wares.log}
    export WARES_RUNTIME_DIR=${WARES_RUNTIME_DIR:-$STATE/cells}
    if front_can_push; then
        export WARES_EVENTS=${WARES_EVENTS-$(front_push_socket)}
    fi
    [[ $own_postgres == no ]] || postgres_open
    [[ $own_redis == no ]] || part_await redis redis_is_ready
}

fill_database() {
    if [[ ${WARES_MIGRATE:-on} != off ]]; then
        part_step migrate "$BUILD/wares" migrate ||
            fail "the database could not be migrated: $(last_words "$STATE/log/migrate.log")"
    fi
    if [[ $want_samples == yes ]] && ((PRODUCTS > 0)); then
        part_step seed "$BUILD/wares" seed --products "$PRODUCTS" ||
            fail "the sample products could not be made: $(last_words "$STATE/log/seed.log")"
    fi
}

start_servers() {
    part_start pool
    part_await pool pool_is_open
    [[ ! -e $BUILD/wares-jobs ]] || part_start jobs
    front_write_configuration "$root"
    part_start front
    part_await front front_is_listening
    part_await pool front_is_serving
}

# For "sh" to source. Only the account may read it: a URL may hold a password.
write_env() {
    local name value
    (
        umask 077
        for name in URL DATABASE_URL REDIS_URL WARES_SOCKET WARES_RUNTIME_DIR; do
            value=${!name}
            printf "%s='%s'\n" "$name" "${value//\'/\'\\\'\'}"
        done >"$STATE/env.new"
    )
    mv "$STATE/env.new" "$STATE/env"
}

# The first value of a member in a JSON text.
first_member() { # name, text
    if [[ $2 =~ \"$1\":\"([^\"]*)\" ]]; then
        printf '%s' "${BASH_REMATCH[1]}"
    fi
}

greet() {
    local listed id category post="-H 'Content-Type: application/json' -d"
    listed=$(curl -fsS --noproxy '*' --max-time 5 "$URL/api/v1/products?limit=1" || :)
    id=$(first_member id "$listed")
    category=$(first_member category_id "$listed")
    say "wares answers at $URL ($FRONT, $WORKERS workers; logs in $RUN_DIR/log). Try:"
    say "  curl -s '$URL/api/v1/products?limit=3'"
    if [[ -n $id ]]; then
        say "  curl -s $URL/api/v1/products/$id"
        say "  curl -s $URL/api/v1/products $post" \
            "'{\"name\":\"Green tea\",\"price\":\"4.90\",\"category_id\":\"$category\"}'"
    else
        say "  curl -s $URL/api/v1/categories"
        say "  curl -s $URL/api/v1/categories $post '{\"name\":\"Tea\"}'"
    fi
    say "Ctrl-C stops it."
}

main() {
    local account
    settings_read "$root"
    need_programs
    account=$(state_account) || exit 1
    state_become "$account"
    state_prepare "$account"
    ((EUID != 0)) || state_drop_root "$account" "$root"

    state_open
    trap stop_everything EXIT
    trap 'exit 0' INT TERM HUP
    trap '' PIPE
    parts_clean_up
    front_port_is_free ||
        fail "PORT=$PORT is in use by another program; choose another, for example: make run PORT=8081"

    start_stores
    fill_database
    start_servers
    greet
    write_env
    parts_watch
}

main "$@"
