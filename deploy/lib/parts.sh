# shellcheck shell=bash
# The parts of a run (postgres, redis, pool, jobs, front): starting, watching and stopping them. A part is known by its
# name: the function <name>_start starts it, $STATE/<name>.pid holds its process ids, one a line,
# $STATE/log/<name>.log takes what it says, and while $STATE/<name>.hold exists it is not started again.

declare -A part_pids=()     # name: process ids
declare -A part_started=()  # name: when, in SECONDS
declare -A part_pause=()    # name: seconds to wait before the next start
declare -A part_due=()      # name: when it is to be started again
parts=()                    # names in the order of their start

# Seconds after which a part that dies is not taken for one that dies at birth, and the longest pause between starts.
readonly part_young=5 part_pause_most=5
# Seconds that a part has for its own stop.
readonly part_grace=15

part_record() { # name, process ids...
    local name=$1
    shift
    part_pids[$name]=$*
    part_started[$name]=$SECONDS
    printf '%s\n' "$@" >"$STATE/$name.pid"
}

# Runs a command in its own session (so that a Ctrl-C reaches run.sh alone) and in the state folder (by which its
# processes are known), with the signals as a shell gives them. $! is the command's process.
part_launch() { # name, command...
    local name=$1
    shift
    (
        exec {lock}>&- {never}>&-
        cd "$STATE" || exit 1
        exec env --default-signal=INT,QUIT,PIPE setsid "$@"
    ) </dev/null >>"$STATE/log/$name.log" 2>&1 &
}

part_spawn() { # name, command...
    part_launch "$@"
    part_record "$1" "$!"
}

# Starts a part for the first time.
part_start() {
    parts+=("$1")
    part_pause[$1]=0
    "$1_start"
}

# Sets living to the process ids that are alive, of those given. (kill -0 would count the dead that nobody has reaped
# yet, and bash reaps none while it runs a trap.)
part_find_living() {
    local pid line
    living=()
    for pid in "$@"; do
        { read -r line <"/proc/$pid/stat"; } 2>/dev/null || continue
        [[ ${line##*) } == Z* ]] || living+=("$pid")
    done
}

part_is_alive() {
    local -a pids living
    read -ra pids <<<"${part_pids[$1]:-}"
    part_find_living "${pids[@]}"
    ((${#living[@]} > 0))
}

# With all of its processes?
part_is_whole() {
    local -a pids living
    read -ra pids <<<"${part_pids[$1]:-}"
    part_find_living "${pids[@]}"
    ((${#pids[@]} > 0 && ${#living[@]} == ${#pids[@]}))
}

# Waits until a command succeeds; fails where the part dies first, or after a minute.
part_await() { # name, command...
    local name=$1 deadline=$((SECONDS + 60))
    shift
    until "$@" >/dev/null 2>&1; do
        part_is_alive "$name" || fail "$name did not start: $(last_words "$STATE/log/$name.log")"
        ((SECONDS < deadline)) || fail "$name did not answer within a minute; see $STATE/log/$name.log"
        part_nap 0.05
    done
}

# Runs a command that ends by itself, so that a signal to run.sh is taken meanwhile.
part_step() { # name, command...
    local status=0
    part_launch "$@"
    part_pids[$1]=$!
    parts+=("$1")
    wait "$!" || status=$?
    unset 'parts[-1]' "part_pids[$1]"
    return "$status"
}

part_nap() {
    read -rt "$1" -u "$never" || :
}

# Is it a process of this run? A process id alone may be somebody else's by now.
part_is_ours() {
    local folder
    folder=$(readlink "/proc/$1/cwd" 2>/dev/null) && [[ $folder == "$STATE" || $folder == "$STATE"/* ]]
}

# The processes of this run in the group of a process that may be gone, one a line.
part_group() {
    local stat line state group
    for stat in /proc/[0-9]*/stat; do
        { read -r line <"$stat"; } 2>/dev/null || continue
        # After the name in parentheses: state, parent, process group.
        read -r state _ group _ <<<"${line##*) }"
        if [[ $group == "$1" && $state != Z ]] && part_is_ours "${stat//[!0-9]/}"; then
            printf '%s\n' "${stat//[!0-9]/}"
        fi
    done
}

part_signal() { # signal, process ids...
    local signal=$1
    shift
    # A stopped process takes its signal only when it goes on.
    (($# == 0)) || kill -s "$signal" "$@" 2>/dev/null || :
    (($# == 0)) || kill -s CONT "$@" 2>/dev/null || :
}

# Postgres ends quickest and cleanly on INT (fast shutdown), all others on TERM.
part_stop_signal() {
    if [[ $1 == postgres ]]; then
        printf INT
    else
        printf TERM
    fi
}

# Stops parts side by side: asked first, killed when their time is over, and whatever they left behind with them.
parts_stop() { # names...
    local name pid deadline=$((SECONDS + part_grace))
    local -a pids living left
    for name in "$@"; do
        read -ra pids <<<"${part_pids[$name]:-}"
        part_signal "$(part_stop_signal "$name")" "${pids[@]}"
    done
    for name in "$@"; do
        read -ra pids <<<"${part_pids[$name]:-}"
        while part_find_living "${pids[@]}" && ((${#living[@]} > 0)); do
            if ((SECONDS >= deadline)); then
                say "$name did not stop in time and is killed."
                part_signal KILL "${living[@]}"
                deadline=$((SECONDS + 1))
            fi
            part_nap 0.05
        done
        for pid in "${pids[@]}"; do
            mapfile -t left < <(part_group "$pid")
            part_signal KILL "${left[@]}"
        done
        rm -f "$STATE/$name.pid"
        unset "part_pids[$name]"
    done
}

# Stops what an earlier run left behind when it was killed.
parts_clean_up() {
    local file name pid found=no
    local -a pids
    for file in "$STATE"/*.pid; do
        [[ -e $file ]] || continue
        name=$(basename "$file" .pid)
        pids=()
        while read -r pid; do
            if [[ $pid =~ ^[1-9][0-9]*$ ]]; then
                ! part_is_ours "$pid" || pids+=("$pid")
                mapfile -t -O "${#pids[@]}" pids < <(part_group "$pid")
            fi
        done <"$file"
        if ((${#pids[@]} > 0)); then
            found=yes
            part_pids[$name]=${pids[*]}
        else
            rm -f "$file"
        fi
    done
    if [[ $found == yes ]]; then
        say "An earlier run on $RUN_DIR was killed; stopping what it left: ${!part_pids[*]}."
        parts_stop "${!part_pids[@]}"
    fi
    rm -f "$STATE"/*.hold "$STATE/env"
}

# A part with a process fewer than before: says so, and arranges its next start once none is left.
part_notice_death() { # name
    local name=$1 pid status how
    local -a pids living
    read -ra pids <<<"${part_pids[$name]}"
    part_find_living "${pids[@]}"
    for pid in "${pids[@]}"; do
        [[ " ${living[*]} " != *" $pid "* ]] || continue
        status=0
        wait "$pid" 2>/dev/null || status=$?
        # Only a child of ours has a status; the workers of spawn-fcgi -F are not.
        how="status $status"
        ((status != 127)) || how="a status unknown"
        ((status < 129 || status > 192)) || how="signal $(kill -l "$status")"
        say "$name: process $pid ended with $how."
    done
    part_pids[$name]=${living[*]:-}
    if ((${#living[@]} == 0)); then
        if ((SECONDS - part_started[$name] >= part_young)); then
            part_pause[$name]=0
        else
            part_pause[$name]=$((part_pause[$name] == 0 ? 1 : part_pause[$name] * 2))
            ((part_pause[$name] <= part_pause_most)) || part_pause[$name]=$part_pause_most
        fi
        part_due[$name]=$((SECONDS + part_pause[$name]))
    fi
}

part_start_again() { # name
    local name=$1 pid
    local -a left
    while read -r pid; do
        mapfile -t left < <(part_group "$pid")
        part_signal KILL "${left[@]}"
    done <"$STATE/$name.pid"
    unset "part_due[$name]"
    say "$name: starting it again."
    "${name}_start"
}

# Watches for ever. A part that ends is started again, after a growing pause where it dies at birth.
parts_watch() {
    local name
    # Bash's own remarks on children that were killed.
    exec 2>>"$STATE/log/run.log"
    while :; do
        for name in "${parts[@]}"; do
            if [[ -n ${part_due[$name]:-} ]]; then
                if ((SECONDS >= part_due[$name])) && [[ ! -e $STATE/$name.hold ]]; then
                    part_start_again "$name"
                fi
                continue
            fi
            part_is_whole "$name" || part_notice_death "$name"
        done
        part_nap 0.2
    done
}
