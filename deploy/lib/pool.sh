# shellcheck shell=bash
# The pool of workers under spawn-fcgi, and the job runner.

pool_start() {
    local socket=$SOCKETS/wares.sock file=$STATE/tmp/pool.pid
    local spawn=(spawn-fcgi -s "$socket" -M 0660 -b 1024)
    local -a pids
    rm -f "$socket"
    : >"$file"
    if [[ $POOL == supervisor ]]; then
        part_spawn pool "${spawn[@]}" -n -- "$BUILD/wares.fcgi" --workers "$WORKERS"
    else
        # spawn-fcgi ends once its workers run. They are nobody's children then; what they would print is lost.
        part_step pool-spawn "${spawn[@]}" -F "$WORKERS" -P "$file" -- "$BUILD/wares.fcgi" ||
            say "pool: spawn-fcgi failed: $(last_words "$STATE/log/pool-spawn.log")"
        read -ra pids -d '' <"$file" || :
        part_record pool "${pids[@]}"
    fi
}

pool_is_open() {
    [[ -S $SOCKETS/wares.sock ]]
}

jobs_start() {
    part_spawn jobs "$BUILD/wares-jobs"
}
