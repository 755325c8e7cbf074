# shellcheck shell=bash
# The private Postgres: its cluster, its server, its database. No TCP; whoever can reach the socket's folder is trusted.

postgres_bin=""

# The folder of Postgres's own programs: of the version that made the cluster, or of the newest.
postgres_find() {
    local version=0 folder newest=""
    [[ ! -r ${STATE:-}/postgres/PG_VERSION ]] || version=$(<"$STATE/postgres/PG_VERSION")
    if [[ -x /usr/lib/postgresql/$version/bin/postgres ]]; then
        newest=/usr/lib/postgresql/$version/bin
    else
        newest=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
    fi
    for folder in "$newest" $(dirname "$(command -v postgres || echo /)"); do
        if [[ -x $folder/postgres && -x $folder/initdb ]]; then
            postgres_bin=$folder
            return
        fi
    done
    return 1
}

# Makes the cluster aside, so that one half made is never taken for one.
postgres_make_cluster() {
    [[ ! -e $STATE/postgres/PG_VERSION ]] || return 0
    rm -rf "$STATE/postgres.new" "$STATE/postgres"
    part_step initdb "$postgres_bin/initdb" --pgdata="$STATE/postgres.new" --username=wares --auth=trust \
        --encoding=UTF8 --locale=C.UTF-8 || fail "initdb failed: $(last_words "$STATE/log/initdb.log")"
    mv "$STATE/postgres.new" "$STATE/postgres"
}

postgres_start() {
    local settings=(
        listen_addresses=
        unix_socket_directories="$SOCKETS"
        unix_socket_permissions=0700
        max_connections=$((WORKERS + 60))
        shared_buffers=128MB
        max_wal_size=1GB
        random_page_cost=1.1
        jit=off
        timezone=UTC
        log_timezone=UTC
        log_line_prefix='%m [%p] '
    )
    part_spawn postgres "$postgres_bin/postgres" -D "$STATE/postgres" -p 5432 "${settings[@]/#/--}"
}

postgres_is_ready() {
    "$postgres_bin/pg_isready" -q -h "$SOCKETS" -p 5432
}

postgres_has_database() {
    [[ $("$postgres_bin/psql" -XAtq -h "$SOCKETS" -p 5432 -U wares -d postgres \
        -c "select 1 from pg_database where datname = 'wares'") == 1 ]]
}

postgres_open() {
    part_await postgres postgres_is_ready
    postgres_has_database || part_step createdb "$postgres_bin/createdb" -h "$SOCKETS" -p 5432 -U wares wares ||
        fail "the database could not be made: $(last_words "$STATE/log/createdb.log")"
}
