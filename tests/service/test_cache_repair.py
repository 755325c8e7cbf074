"""What a writer that died owes to the cache of other hosts is paid by the runner, which follows the feed."""

import contextlib
from collections.abc import Callable, Iterator

import pytest

from client import PRODUCTS, Client, client_of
from jobs import Queue
from stack import Stack, await_true


@pytest.fixture(scope="module")
def own_stack(fresh_stack: Callable[..., Stack]) -> Stack:
    return fresh_stack(PRODUCTS=0, WARES_HOSTS="many", WARES_CACHE_TTL=3600)


@pytest.fixture
def client(own_stack: Stack) -> Iterator[Client]:
    with client_of(own_stack) as opened:
        yield opened


def change_silently(stack: Stack, product: str, price: str, version: int) -> None:
    """What is in the database of a writer that died after its commit, and before it told anybody: as if of another host."""
    with contextlib.closing(stack.connect()) as connection, connection, connection.cursor() as cursor:
        cursor.execute("UPDATE product SET price = %s, version = %s WHERE id = %s", [price, version, product])
        cursor.execute("INSERT INTO change (type, id, version, at, data) VALUES ('product.updated', %s, %s, now(), '{}')",
                       [product, version])


def price(client: Client, product: str) -> str:
    return client.get(f"{PRODUCTS}/{product}").json()["price"]


def test_an_old_version_in_the_cache_is_repaired(own_stack: Stack, client: Client) -> None:
    product = client.product(price="1.00")["id"]
    for _ in range(10):
        assert price(client, product) == "1.00"
    with own_stack.held("jobs"):
        change_silently(own_stack, product, "2.00", 2)
        assert {price(client, product) for _ in range(20)} == {"1.00"}, "nothing was cached: the test shows nothing"
    await_true(lambda: {price(client, product) for _ in range(20)} == {"2.00"}, "the repair", 20)


def test_redis_may_be_away_meanwhile(own_stack: Stack, client: Client) -> None:
    product = client.product(price="1.00")["id"]
    queue = Queue(own_stack)
    with own_stack.frozen("redis"):
        change_silently(own_stack, product, "2.00", 2)
        await_true(lambda: price(client, product) == "2.00", "the database being read", 20)
    await_true(lambda: {price(client, product) for _ in range(20)} == {"2.00"}, "the repair", 20)
    behind = ("SELECT count(*) FROM change c, change_follower f WHERE f.name = 'cache_repair' "
              "AND (c.xid, c.seq) > (f.xid, f.seq)")
    await_true(lambda: queue.one(behind) == 0, "the end of the feed", 20)
    # It is made anew each second, and leaves nothing behind.
    assert queue.one("SELECT count(*) FROM job_ended WHERE kind = 'cache_repair'") == 0
    queue.connection.close()
