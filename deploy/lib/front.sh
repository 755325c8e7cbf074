# shellcheck shell=bash
# The front server: the shipped configuration of nginx or lighttpd, with the paths of this run filled in.

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
    fi
    sed -e "s|@STATE@|$STATE|g; s|@LISTEN@|$host:$PORT|g; s|@BIND@|$host|g; s|@PORT@|$PORT|g" \
        "$shipped/run.conf.in" >"$conf/front.conf"
}

front_start() {
    if [[ $FRONT == nginx ]]; then
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
