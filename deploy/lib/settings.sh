# shellcheck shell=bash
# The variables of run.sh: defaults, checks, one sentence for a bad value. Sets and freezes PORT, BIND, RUN_DIR, FRONT,
# FRONT_CACHE, POOL, WORKERS, PRODUCTS, BUILD, URL and the three own_* and want_* flags; touches nothing else.

settings_number() { # name, value, least, most, what it is, an example
    local name=$1 value=$2 least=$3 most=$4 what=$5
    if ! [[ $value =~ ^(0|[1-9][0-9]{0,8})$ ]] || ((value < least || value > most)); then
        fail "$name=$value: give $what, a number from $least to $most, for example: make run $name=$6"
    fi
}

settings_choice() { # name, value, choices...
    local name=$1 value=$2 choice
    shift 2
    for choice in "$@"; do
        [[ $value != "$choice" ]] || return 0
    done
    fail "$name=$value: give one of: $*, for example: make run $name=$1"
}

settings_read() { # the folder of the checkout
    local root=$1 host

    want_samples=no
    own_postgres=yes
    own_redis=yes
    if [[ -n ${DATABASE_URL:-} ]]; then
        own_postgres=no
    fi
    if [[ -n ${REDIS_URL:-} ]]; then
        own_redis=no
    fi
    # A database that was given gets samples only where they are asked for. (RUN_SAMPLES: see state_drop_root.)
    if [[ $own_postgres == yes || -n ${PRODUCTS:-} ]]; then
        want_samples=${RUN_SAMPLES:-yes}
    fi

    PORT=${PORT:-8080}
    BIND=${BIND:-127.0.0.1}
    RUN_DIR=${RUN_DIR:-$root/.run}
    FRONT=${FRONT:-nginx}
    FRONT_CACHE=${FRONT_CACHE:-off}
    POOL=${POOL:-supervisor}
    WORKERS=${WORKERS:-4}
    PRODUCTS=${PRODUCTS:-2000}
    BUILD=${BUILD:-$root/build}

    settings_number PORT "$PORT" 1024 65535 "the port of the front server" 8080
    settings_number WORKERS "$WORKERS" 1 1024 "how many workers the pool has" 4
    settings_number PRODUCTS "$PRODUCTS" 0 100000000 "how many sample products there are to be" 2000
    settings_choice FRONT "$FRONT" nginx lighttpd
    settings_choice FRONT_CACHE "$FRONT_CACHE" off on
    [[ $FRONT == nginx || $FRONT_CACHE == off ]] ||
        fail "FRONT_CACHE=on: $FRONT has no cache for what the pool answers; use nginx, for example: make run FRONT=nginx"
    settings_choice POOL "$POOL" supervisor spawn-fcgi
    [[ $BIND =~ ^[0-9]+(\.[0-9]+){3}$ || $BIND =~ ^[0-9a-fA-F]*:[0-9a-fA-F:.]*$ ]] ||
        fail "BIND=$BIND: give the address that the front server is to listen on, for example: make run BIND=0.0.0.0"

    RUN_DIR=$(realpath -m -s -- "$RUN_DIR")
    BUILD=$(realpath -m -- "$BUILD")

    case $BIND in
    0.0.0.0) host=127.0.0.1 ;;
    ::) host="[::1]" ;;
    *:*) host="[$BIND]" ;;
    *) host=$BIND ;;
    esac
    URL=http://$host:$PORT
    # The workers refuse a WARES_ variable that they do not know, and this one is for shells (it is in $RUN_DIR/env).
    unset WARES_SOCKET RUN_SAMPLES
    readonly PORT BIND RUN_DIR FRONT FRONT_CACHE POOL WORKERS PRODUCTS BUILD URL own_postgres own_redis want_samples
}
