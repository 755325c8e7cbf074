"""Reads of products that wait for the same worker at the same time: one round trip to Postgres, and each its own answer."""

import contextlib
import json
import multiprocessing
import os
import select
import signal
import time
import types

import pytest

import fastcgi
from client import PRODUCTS, Client, path_of
from system_calls import traced
from together import at_once, kept_connections

NOBODY = f"{PRODUCTS}/00000000-0000-7000-8000-000000000000"
FRESH = {"HTTP_CACHE_CONTROL": "no-cache", "HTTP_X_REQUEST_ID": "x"}


@pytest.fixture(scope="module")
def own(fresh_stack):
    stack = fresh_stack(WORKERS=1, WARES_LOG_LEVEL="warning")
    yield stack
    stack.close()


@pytest.fixture
def client(own):
    with Client(own.url) as opened:
        yield opened


@pytest.fixture
def products(client):
    home = client.category()["id"]
    return [client.product(home) for _ in range(6)]


def read(path, **more):
    return fastcgi.request("GET", path, **FRESH | more)


def bodies(answers):
    assert [answer.status for answer in answers] == [200] * len(answers)
    return [json.loads(answer.body) for answer in answers]


def test_reads_that_wait_together_are_one_round_trip(own, products, tmp_path):
    at_once(own, [read(path_of(product)) for product in products])  # prepared once
    with traced(own, tmp_path) as calls:
        answers = at_once(own, [read(path_of(product)) for product in products])
    assert bodies(answers) == products
    # The first of them may have been begun with alone.
    assert calls.count("sendto") <= 2, calls


def test_more_than_may_join_are_some_round_trips(own, products, tmp_path):
    with traced(own, tmp_path) as calls:
        answers = at_once(own, [read(path_of(products[i % 6])) for i in range(20)])
    assert bodies(answers) == [products[i % 6] for i in range(20)]
    assert calls.count("sendto") <= 4, calls


def test_each_has_its_own_answer(own, client, products):
    gone, changed, kept = products[0], products[1], products[2]
    client.delete(path_of(gone))
    later = client.patch(path_of(changed), json={"name": "Another"}, headers={"Content-Type": "application/merge-patch+json"}).json()
    tag = client.fresh(path_of(kept)).headers["ETag"]
    answers = at_once(own, [read(path_of(gone)), read(path_of(changed)), read(path_of(kept), HTTP_IF_NONE_MATCH=tag),
                            read(NOBODY), read(path_of(products[3])), read(f"{PRODUCTS}?limit=1"),
                            read(f"{path_of(products[4])}?fields=name"), read(path_of(kept))])
    assert [answer.status for answer in answers] == [410, 200, 304, 404, 200, 200, 200, 200]
    assert json.loads(answers[1].body) == later
    assert json.loads(answers[4].body) == products[3]
    assert json.loads(answers[6].body)["name"] == products[4]["name"]
    assert json.loads(answers[7].body) == kept


def test_the_loss_of_the_connection_is_mended_for_all(own, products):
    def end_the_backends():
        with contextlib.closing(own.connect()) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
                           "AND application_name LIKE 'wares%'")

    answers = at_once(own, [read(path_of(product)) for product in products], end_the_backends)
    assert bodies(answers) == products


def test_a_statement_that_is_prepared_no_more_is_prepared_again(own, products):
    """As a pooler does it that hands another session out. The joint try fails as a whole, and each is asked alone."""
    at_once(own, [read(path_of(product)) for product in products])
    with contextlib.closing(own.connect()) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute("ALTER TABLE product ADD COLUMN spare integer")
        cursor.execute("ALTER TABLE product DROP COLUMN spare")
    assert bodies(at_once(own, [read(path_of(product)) for product in products])) == products


def test_what_postgres_gave_up_is_not_asked_for_again_by_each(fresh_stack, tmp_path):
    """One after the other they would wait for the lock as long again, and the first of them past its deadline, which costs
    the connection."""
    stack = fresh_stack(WORKERS=1, WARES_LOG_LEVEL="warning", WARES_DEADLINE="3000")
    with Client(stack.url) as client:
        home = client.category()["id"]
        products = [client.product(home) for _ in range(6)]
    reads = [read(path_of(product)) for product in products]
    assert bodies(at_once(stack, reads)) == products  # prepared once
    with contextlib.closing(stack.connect()) as connection, connection.cursor() as cursor:
        backends = "SELECT pid FROM pg_stat_activity WHERE application_name = 'wares.fcgi' ORDER BY pid"
        cursor.execute(backends)
        before = cursor.fetchall()
        cursor.execute("LOCK TABLE product IN ACCESS EXCLUSIVE MODE")
        with traced(stack, tmp_path) as calls:
            answers = at_once(stack, reads)
        connection.rollback()
        cursor.execute(backends)
        assert cursor.fetchall() == before
    assert [answer.status for answer in answers] == [504] * 6
    # The first of them may have been begun with alone.
    assert calls.count("sendto") <= 2, calls
    assert bodies(at_once(stack, reads)) == products


# With 17 the eighth that joins is found at a second look, in which the connection that is gone stands behind it.
@pytest.mark.parametrize(("count", "gone"), [(6, (0, 2, 4)), (17, (9,)), (17, range(1, 17, 2)), (40, range(0, 40, 3))],
                         ids=["some", "one", "every other", "many"])
def test_who_has_gone_takes_nobody_elses_place(own, products, count, gone):
    """That a peer has gone is seen when others are looked for that may join, and must not be dealt with twice."""
    [worker] = own.workers()
    with kept_connections(own, count) as connections:
        os.kill(worker, signal.SIGSTOP)
        connections[0].send(fastcgi.request("GET", "/livez") if count == 17 else read(path_of(products[0])))
        for i, connection in enumerate(connections[1:], 1):
            connection.send(read(path_of(products[i % 6])))
        for i in gone:
            connections[i].close()
        os.kill(worker, signal.SIGCONT)
        left = [i for i in range(count) if i not in gone]
        answers = {i: connections[i].answer() for i in left}
        assert bodies([answers[i] for i in left if i > 0]) == [products[i % 6] for i in left if i > 0]
    with kept_connections(own, 20) as connections:
        for connection in connections:
            connection.send(fastcgi.request("GET", "/livez"))
        assert [connection.answer().status for connection in connections] == [200] * 20


def keep_asking(socket_path, path, count, stop):
    """Has a request under way on each of many connections, until told to stop. (An answer comes with one write.)"""
    request = read(path)
    with kept_connections(types.SimpleNamespace(socket=socket_path), count) as connections:
        waiting = select.poll()
        sockets = {connection.socket.fileno(): connection.socket for connection in connections}
        for number, one in sockets.items():
            waiting.register(number, select.POLLIN)
            one.sendall(request)
        while not stop.is_set():
            for number, _ in waiting.poll(1000):
                assert b"Status: 200" in sockets[number].recv(65536)
                sockets[number].sendall(request)


def test_who_comes_new_is_seen_to_while_there_is_always_more_to_join(own, products):
    stop = multiprocessing.Event()
    loads = [multiprocessing.Process(target=keep_asking, args=(own.socket, path_of(products[i]), 48, stop)) for i in range(2)]
    for load in loads:
        load.start()
    try:
        time.sleep(1)
        for _ in range(20):
            with fastcgi.Connection(own.socket, timeout=2) as connection:
                assert connection.ask("GET", "/livez").status == 200
    finally:
        stop.set()
        for load in loads:
            load.join()
    assert [load.exitcode for load in loads] == [0, 0]


def test_nobody_waits_for_a_lease_that_waits_for_them(own, client, products, tmp_path):
    """One product in no cache, asked for by many: the first has its lease, and must not be waited for by those that join it."""
    plain = {"HTTP_X_REQUEST_ID": "x"}
    at_once(own, [fastcgi.request("GET", path_of(products[0]), **plain)] * 6)
    own.restart("pool")
    own.await_ready()
    own.redis_client().flushall()
    client.fresh(path_of(products[1]))
    with traced(own, tmp_path) as calls:
        answers = at_once(own, [fastcgi.request("GET", path_of(products[0]), **plain)] * 6)
    assert bodies(answers) == [products[0]] * 6
    assert "clock_nanosleep" not in calls
    assert [answer.headers["etag"] for answer in answers] == [answers[0].headers["etag"]] * 6
    with kept_connections(own, 1) as [connection]:
        assert json.loads(connection.ask("GET", path_of(products[0])).body) == products[0]
