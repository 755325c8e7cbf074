"""The cache: reads by id come from Redis, and a Redis that is wrong, slow or gone is never a client's trouble."""

import contextlib
import os
import signal
import time

import pytest

from client import CATEGORIES, PRODUCTS, Client, path_of
from load import Load, assert_all, eventually

# The longest that a request may take while Redis is away, in seconds; and one that a busy machine holds up, which is less
# than Redis is away for.
SILENCE_BOUND = 0.5
STALL_BOUND = 1.4


@pytest.fixture(scope="module")
def own(fresh_stack):
    """A stack of this module's own, so that what it breaks is nobody else's."""
    stack = fresh_stack(WARES_CACHE_TTL="1000", WARES_L1="0")
    yield stack
    stack.close()


@pytest.fixture(scope="module")
def client(own):
    with Client(own.url) as opened:
        yield opened


@pytest.fixture(scope="module")
def redis(own):
    opened = own.redis_client()
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def database(own):
    opened = own.connect()
    opened.autocommit = True
    yield opened
    opened.close()


def keys_of(redis, product):
    return [key for key in redis.keys("*") if product["id"].encode() in key]


def cached(client, redis, product):
    """Reads a product until Redis holds it, and returns its key: a fill is not waited for."""
    assert client.get(path_of(product)).status_code == 200
    keys = eventually(lambda: keys_of(redis, product))
    assert len(keys) == 1
    return keys[0]


def alter(database, product, name, version):
    """Changes a product behind the service's back."""
    with database.cursor() as cursor:
        cursor.execute("UPDATE product SET name = %s, version = %s WHERE id = %s", (name, version, product["id"]))
        assert cursor.rowcount == 1


# --- what is kept ---------------------------------------------------------------------------------------------------


def test_a_read_by_id_comes_from_redis(client, redis, database):
    product = client.product()
    key = cached(client, redis, product)
    alter(database, product, "behind", 1)
    assert client.get(path_of(product)).json() == product
    assert client.fresh(path_of(product)).json()["name"] == "behind"
    redis.delete(key)
    assert client.get(path_of(product)).json()["name"] == "behind"
    eventually(lambda: redis.exists(key))


def test_what_is_created_is_left_to_its_first_reader(client, redis):
    products = [client.product() for _ in range(8)]
    cached(client, redis, products[0])
    assert not any(keys_of(redis, product) for product in products[1:])
    for product in products[1:]:
        cached(client, redis, product)


def test_what_is_created_is_held_by_the_worker_that_made_it(fresh_stack):
    stack = fresh_stack(WORKERS=1)
    with contextlib.closing(stack.connect()) as database, Client(stack.url) as client:
        database.autocommit = True
        product = client.product()
        alter(database, product, "behind", 1)
        assert client.get(path_of(product)).json() == product
        assert client.fresh(path_of(product)).json()["name"] == "behind"


@pytest.mark.parametrize("directive", ["no-cache", "No-Cache", "no-store", "max-age=0, no-cache", "no-cache=\"x\""])
def test_no_cache_is_answered_from_postgres(client, redis, database, directive):
    product = client.product()
    cached(client, redis, product)
    alter(database, product, "fresh", 1)
    response = client.get(path_of(product), headers={"Cache-Control": directive})
    assert response.json()["name"] == "fresh"


def test_the_tag_of_a_cached_product_is_that_of_its_version(client, redis, database):
    product = client.product()
    cached(client, redis, product)
    old = client.get(path_of(product)).headers["ETag"]
    alter(database, product, "second", 2)
    new = client.fresh(path_of(product)).headers["ETag"]
    assert new != old
    assert client.get(path_of(product), headers={"If-None-Match": old}).status_code == 304
    redis.delete(*keys_of(redis, product))
    assert client.get(path_of(product), headers={"If-None-Match": old}).headers["ETag"] == new


def test_entries_expire_with_jitter(client, redis):
    home = client.category()["id"]
    products = [client.product(home) for _ in range(30)]
    lives = [redis.pttl(cached(client, redis, product)) / 1000 for product in products]
    assert all(890 <= life <= 1000 for life in lives), lives
    assert max(lives) - min(lives) > 10, "all would expire together"


def test_what_does_not_exist_is_not_kept(client, redis):
    missing = {"id": "0193a0b0-0000-7000-8000-000000000000"}
    assert client.get(path_of(missing)).status_code == 404
    assert client.get(path_of(missing)).status_code == 404
    assert keys_of(redis, missing) == []


def test_an_entry_of_before_a_change_is_not_served(client, redis):
    """A fill that comes late, or a Redis that comes back with an older state."""
    product = client.product()
    key = cached(client, redis, product)
    older = redis.dump(key)
    changed = client.patch(path_of(product), json={"name": "newer"})
    assert changed.status_code == 200
    redis.restore(key, 900_000, older, replace=True)
    assert client.get(path_of(product)).json() == changed.json()
    eventually(lambda: redis.dump(key) != older)
    assert client.get(path_of(product)).json() == changed.json()


def test_a_changed_product_is_kept_at_once(client, redis, database):
    product = client.product()
    cached(client, redis, product)
    changed = client.patch(path_of(product), json={"name": "newer"}).json()
    alter(database, product, "behind", 2)
    eventually(lambda: keys_of(redis, product))
    assert client.get(path_of(product)).json() == changed


def overwrite_string(redis, key, value):
    redis.delete(key)
    redis.set(key, value)


DAMAGE = {
    "empty": lambda redis, key: overwrite_string(redis, key, b""),
    "garbage": lambda redis, key: overwrite_string(redis, key, b"\x00\xff garbage \r\n"),
    "a digit": lambda redis, key: overwrite_string(redis, key, b"1"),
    "no JSON": lambda redis, key: overwrite_string(redis, key, b"1 "),
    "huge": lambda redis, key: overwrite_string(redis, key, b"9" * 8_000_000),
    "a list": lambda redis, key: (redis.delete(key), redis.rpush(key, "1", "{}")),
    "a set": lambda redis, key: (redis.delete(key), redis.sadd(key, "1")),
    "a hash": lambda redis, key: (redis.delete(key), redis.hset(key, "version", "x")),
    "an absurd version": lambda redis, key: damage_string(redis, key, b"99999999999999999999999 {}"),
    "half of it": lambda redis, key: damage_string(redis, key, None),
}


def damage_string(redis, key, value):
    kept = redis.get(key) if redis.type(key) == b"string" else b"1 {"
    overwrite_string(redis, key, kept[: len(kept) // 2] if value is None else value)


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_entry_is_not_served(client, redis, damage):
    product = client.product()
    key = cached(client, redis, product)
    DAMAGE[damage](redis, key)
    for _ in range(3):
        response = client.get(path_of(product))
        assert response.status_code == 200
        assert response.json() == product
        assert response.headers["ETag"]


# --- Redis is away --------------------------------------------------------------------------------------------------


def reads_and_writes(client, own):
    """A mix of what clients do: cached and uncached reads, lists, creations."""
    home = client.category()["id"]
    target = path_of(client.product(home))
    return {
        "read": lambda one: one.get(target),
        "fresh read": lambda one: one.fresh(target),
        "list": lambda one: one.get(f"{PRODUCTS}?category_id={home}&limit=5"),
        "create": lambda one: one.post(PRODUCTS, json={"name": "Load", "price": "1", "category_id": home}),
    }


def from_cache(client, database, redis):
    """Whether a read is answered by Redis just now."""
    product = client.product()
    client.get(path_of(product))
    time.sleep(0.05)
    alter(database, product, "changed", 1)
    return keys_of(redis, product) and client.get(path_of(product)).json() == product


def assert_undelayed(load):
    """Where the machine stands still for a moment that holds up one request of each thread."""
    slow = sorted(outcome.seconds for outcome in load.outcomes if outcome.seconds >= SILENCE_BOUND)
    assert len(slow) <= len({outcome.action for outcome in load.outcomes}), slow
    assert not slow or slow[-1] < STALL_BOUND


def test_redis_stopped_under_load_fails_and_delays_nothing(own, client, redis, database):
    with Load(own.url, reads_and_writes(client, own), pause=0.005) as load:
        time.sleep(0.5)
        with own.held("redis"):
            time.sleep(1.5)
        own.await_redis()
        time.sleep(1)
    assert_all(load.outcomes, lambda outcome: outcome.succeeded)
    assert_undelayed(load)
    eventually(lambda: from_cache(client, database, redis), timeout=5)


def test_a_silent_redis_under_load_fails_and_delays_nothing(own, client, redis, database):
    with Load(own.url, reads_and_writes(client, own), pause=0.005) as load:
        time.sleep(0.5)
        with own.frozen("redis"):
            time.sleep(3)
        time.sleep(0.5)
    assert_all(load.outcomes, lambda outcome: outcome.succeeded)
    assert_undelayed(load)
    eventually(lambda: from_cache(client, database, redis), timeout=5)


def test_an_emptied_redis_is_filled_again(client, redis, database):
    product = client.product()
    cached(client, redis, product)
    redis.flushall()
    redis.script_flush()
    assert client.get(path_of(product)).json() == product
    eventually(lambda: keys_of(redis, product))


def test_a_full_redis_is_no_trouble(client, redis):
    before = redis.config_get("maxmemory")["maxmemory"]
    policy = redis.config_get("maxmemory-policy")["maxmemory-policy"]
    redis.config_set("maxmemory-policy", "noeviction")
    redis.config_set("maxmemory", "1")
    try:
        product = client.product()
        for _ in range(5):
            assert client.get(path_of(product)).json() == product
    finally:
        redis.config_set("maxmemory", before)
        redis.config_set("maxmemory-policy", policy)
    eventually(lambda: client.get(path_of(product)).status_code == 200 and keys_of(redis, product))


def test_the_service_starts_without_redis(own, client, redis, database):
    with own.held("redis"):
        own.restart("pool")
        eventually(lambda: client.get("/readyz").status_code == 200)
        product = client.product()
        assert client.get(path_of(product)).json() == product
        assert client.get(f"{CATEGORIES}/{product['category_id']}").status_code == 200
    own.await_redis()
    eventually(lambda: from_cache(client, database, redis), timeout=5)


# --- the worker's own memory ----------------------------------------------------------------------------------------


def test_a_product_that_a_worker_holds_costs_no_round_trip(fresh_stack):
    """With neither Redis nor Postgres there is nowhere else that the answer could come from."""
    stack = fresh_stack(WORKERS="1")
    with contextlib.closing(stack), Client(stack.url) as client:
        held, other = client.product(), client.product()
        read = client.get(path_of(held))
        os.kill(stack.workers()[0], signal.SIGKILL)
        eventually(lambda: client.get(path_of(held)).text == read.text)
        with stack.held("redis"), stack.held("postgres"):
            response = client.get(path_of(held))
            assert (response.status_code, response.text) == (200, read.text)
            assert response.headers["ETag"] == read.headers["ETag"]
            assert client.get(path_of(held), headers={"If-None-Match": read.headers["ETag"]}).status_code == 304
            assert client.get(path_of(other)).status_code == 503
            assert client.fresh(path_of(held)).status_code == 503
