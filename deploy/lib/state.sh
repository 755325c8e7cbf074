# shellcheck shell=bash
# Where a run keeps its state, and as whom it runs. Sets and freezes:
#     STATE     the folder of all that a run writes: RUN_DIR, or what RUN_DIR is a link to
#     SOCKETS   the folder of the unix sockets in it, open to nobody else

# As root everything runs as one unprivileged account: the one that the state belongs to already, the one that called
# sudo, or the one that Postgres's package made.
state_account() {
    local owner=root candidate
    if ((EUID != 0)); then
        id -un
        return
    fi
    [[ ! -d $RUN_DIR ]] || owner=$(stat -L -c %U "$RUN_DIR")
    for candidate in "$owner" "${SUDO_USER:-}" postgres; do
        if [[ -n $candidate && $candidate != root ]] && id -u "$candidate" >/dev/null 2>&1; then
            printf '%s\n' "$candidate"
            return
        fi
    done
    fail "no account to run the servers as; call it through sudo, as an ordinary user"
}

# Sets as_account: the words that run a command as the account, none where we are it.
state_become() { # account
    as_account=()
    ((EUID != 0)) || as_account=(setpriv --reuid "$1" --regid "$(id -g "$1")" --init-groups --)
}

# RUN_DIR itself will not do where the account cannot go there (a private folder above it), where a unix socket's path
# would not fit (107 bytes), or where a name in it would need quoting in the configurations.
state_fits_run_dir() {
    local longest=$RUN_DIR/socket/.s.PGSQL.5432
    ((${#longest} <= 107)) && [[ $RUN_DIR =~ ^[A-Za-z0-9/._+-]+$ ]] && "${as_account[@]}" test -w "$RUN_DIR"
}

# Makes RUN_DIR: a folder of the account's, or a link to one elsewhere.
state_prepare() { # account
    local account=$1
    [[ ! -L $RUN_DIR || -d $RUN_DIR ]] || rm -f "$RUN_DIR"
    if ! mkdir -p "$RUN_DIR" 2>/dev/null || [[ ! -w $RUN_DIR ]]; then
        fail "RUN_DIR=$RUN_DIR cannot be written by $account; choose another, for example: make run RUN_DIR=/tmp/wares"
    fi
    [[ -e $RUN_DIR/lock || -z $(ls -A "$RUN_DIR/") ]] ||
        fail "RUN_DIR=$RUN_DIR holds other files; name a new or an empty folder, for example: make run RUN_DIR=.run2"
    [[ ! -L $RUN_DIR ]] || return 0

    ((EUID != 0)) || chown "$account:" "$RUN_DIR"
    if ! state_fits_run_dir; then
        state_make_link "$account"
    fi
    # What tells the folder as one of ours.
    "${as_account[@]}" touch "$(realpath "$RUN_DIR")/lock"
}

state_make_link() { # account
    local account=$1 folder
    rmdir "$RUN_DIR" 2>/dev/null ||
        fail "RUN_DIR=$RUN_DIR is closed to $account, or its path too long; choose another: make run RUN_DIR=/tmp/wares"
    folder=$(mktemp -d /var/tmp/wares-XXXXXXXX)
    ((EUID != 0)) || chown "$account:" "$folder"
    ln -s "$folder" "$RUN_DIR"
    say "RUN_DIR=$RUN_DIR is closed to $account, or its path too long; it is a link to $folder now."
}

# As root: run.sh anew as the account, from copies where the account cannot use this checkout. Does not come back.
state_drop_root() { # account, the folder of the checkout
    local account=$1 root=$2 build=$BUILD folder programs=(wares.fcgi wares) program usable=yes
    folder=$(realpath "$RUN_DIR")
    [[ ! -e $BUILD/wares-jobs ]] || programs+=(wares-jobs)
    "${as_account[@]}" test -r "$root/deploy/lib/state.sh" || usable=no
    for program in "${programs[@]}"; do
        "${as_account[@]}" test -x "$BUILD/$program" || usable=no
    done
    if [[ $usable == no ]]; then
        # The account writes them itself: root follows no name in a folder that is not its own.
        root=$folder/program
        build=$root/build
        "${as_account[@]}" mkdir -p "$build"
        tar -C "$2" -c deploy | "${as_account[@]}" tar -C "$root" -x --no-same-owner
        tar -C "$BUILD" -c "${programs[@]}" | "${as_account[@]}" tar -C "$build" -x --no-same-owner
    fi
    cd /
    export PORT BIND FRONT FRONT_CACHE POOL WORKERS PRODUCTS
    exec "${as_account[@]}" env HOME="$folder" USER="$account" RUN_DIR="$folder" BUILD="$build" \
        RUN_SAMPLES="$want_samples" "$root/deploy/run.sh"
}

# Takes the state for this run alone. The lock goes with our end, however we end.
state_open() {
    STATE=$(realpath "$RUN_DIR")
    SOCKETS=$STATE/socket
    readonly STATE SOCKETS
    [[ -O $STATE && -w $STATE ]] || fail "RUN_DIR=$RUN_DIR belongs to $(stat -c %U "$STATE"); choose another"
    exec {lock}>>"$STATE/lock"
    flock -n "$lock" || fail "RUN_DIR=$RUN_DIR is in use by another run (process $(<"$STATE/lock"));" \
        "choose another, for example: make run RUN_DIR=.run2 PORT=8081"
    printf '%s\n' "$$" >"$STATE/lock"
    mkdir -p "$STATE"/{log,tmp,conf,redis,socket}
    chmod 700 "$SOCKETS"
}
