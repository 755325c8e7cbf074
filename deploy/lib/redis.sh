# shellcheck shell=bash
# The private Redis: a cache, so nothing of it is kept. No TCP.

redis_start() {
    part_spawn redis redis-server --port 0 --unixsocket "$SOCKETS/redis.sock" --unixsocketperm 700 \
        --daemonize no --dir "$STATE/redis" --save '' --appendonly no --maxmemory 64mb --maxmemory-policy allkeys-lru
}

redis_is_ready() {
    [[ $(redis-cli -s "$SOCKETS/redis.sock" ping) == PONG ]]
}
