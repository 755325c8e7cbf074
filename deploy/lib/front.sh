# shellcheck shell=bash
# The front server: the shipped configuration of nginx or lighttpd, with the paths of this run filled in.

# Where the front server takes live events, which only nginx with the module nchan can hold.
front_push_socket() {
    printf '%s/push.sock\n' "$SOCKETS"
}

front_can_push() {
    [[ $FRONT == nginx && -e $(nginx_modules)/ngx_nchan_module.so ]]
}

nginx_modules() {
    nginx -V 2>&1 | sed -n 's/.*--modules-path=\([^ ]*\).*/\1/p'
}

# What sed makes of the lines of run.conf.in that need the module.
front_push_lines() {
    if front_can_push; then
        printf 's|@NCHAN@||; s|@MODULES@|%s|\n' "$(nginx_modules)"
    else
        printf '/@NCHAN@/d\n'
    fi
}

front_write_configuration() { # the folder of the checkout
    local shipped=$1/deploy/$FRONT conf=$STATE/conf host=$BIND
    [[ $BIND != *:* ]] || host="[$BIND]"
    rm -rf "${conf:?}"/*
    mkdir "$conf/wares"
    cp -R "$shipped"/. "$conf/wares"
    chmod -R u=rwX,go=rX "$conf/wares"
    if [[ $FRONT_CACHE == on ]]; then
        ln -s cache "$conf/wares/enabled"
        sed -i "s|/var/cache/wares|$STATE/tmp/cache|" "$conf/wares/cache/http.conf"
    fi
    if [[ $FRONT == nginx ]]; then
        sed -i "s|/run/wares/wares.sock|$SOCKETS/wares.sock|" "$conf/wares/upstream.conf"
        sed -i "s|/run/wares/push/push.sock|$(front_push_socket)|" "$conf/wares"/events*.conf
    fi
    sed -e "$(front_push_lines)" -e "s|@STATE@|$STATE|g; s|@LISTEN@|$host:$PORT|g; s|@BIND@|$host|g; s|@PORT@|$PORT|g" \
        "$shipped/run.conf.in" >"$conf/front.conf"
}

front_start() {
    if [[ $FRONT == nginx ]]; then
        # One that nginx left behind when it was killed keeps it from starting.
        rm -f "$(front_push_socket)"
        part_spawn front nginx -e "$STATE/log/front-error.log" -c "$STATE/conf/front.conf"
    else
        part_spawn front lighttpd -D -f "$STATE/conf/front.conf"
    fi
}

# The sockets that listen on our port, by inode.
front_port_inodes() {
    awk -v "port=$(printf ':%04X' "$PORT")" '$4 == "0A" && substr($2, length($2) - 4) == port { print $10 }' \
        /proc/net/tcp /proc/net/tcp6 2>/dev/null
}

front_port_is_free() {
    [[ -z $(front_port_inodes) ]]
}

# Is it our front server that listens, and not one that came first?
front_is_listening() {
    local inode
    for inode in $(front_port_inodes); do
        [[ -z $(find "/proc/${part_pids[front]}/fd" -lname "socket:\[$inode\]" 2>/dev/null) ]] || return 0
    done
    return 1
}

front_is_serving() {
    curl -fsS --noproxy '*' --max-time 5 -o "$STATE/tmp/readyz" "$URL/readyz"
}
