"""What a request costs in system calls, counted by strace on the one worker of a stack."""

import contextlib
import time

import pytest

import fastcgi
from client import PRODUCTS, Client, path_of
from load import eventually
from system_calls import traced

HITS = 50


@pytest.fixture(scope="module")
def own(fresh_stack):
    stack = fresh_stack(WORKERS=1, WARES_LOG_LEVEL="warning")
    yield stack
    stack.close()


@pytest.fixture(scope="module")
def product(own):
    with Client(own.url) as client:
        return client.product()


def rounds(calls):
    """What was called between two waits: a letter each. A wait that ended with nothing is none."""
    return [between for between in "".join(call[0] for call in calls).split("e") if between]


def ask_often(connection, target, count=HITS, **more):
    for _ in range(count):
        assert connection.ask("GET", target, **more).status == 200


def test_a_hit_on_a_kept_connection_is_a_read_and_a_write(own, product, tmp_path):
    """With the wait for the next, and nothing else. The random bytes are those of the request ids, for 16 at once: the
    shipped fronts send their own."""
    with fastcgi.Connection(own.socket) as connection:
        ask_often(connection, path_of(product), 3)
        with traced(own, tmp_path) as calls:
            ask_often(connection, path_of(product), HTTP_X_REQUEST_ID="of-the-front")
    assert rounds(calls) == ["rw"] * HITS, calls
    assert set(calls) == {"epoll_wait", "read", "write"}


def test_a_request_without_an_id_costs_no_call_of_its_own(own, product, tmp_path):
    with fastcgi.Connection(own.socket) as connection:
        ask_often(connection, path_of(product), 3)
        with traced(own, tmp_path) as calls:
            ask_often(connection, path_of(product))
    assert calls.count("getrandom") <= HITS / 16 + 1
    assert set(calls) <= {"epoll_wait", "read", "write", "getrandom"}


def test_the_lines_of_many_requests_leave_with_one_write(fresh_stack, tmp_path):
    """A write for each answer, and few more for the log. (On a busy machine a line may have to leave by itself.)"""
    with contextlib.closing(fresh_stack(WORKERS=1, WARES_LOG_LEVEL="info")) as talking:
        with Client(talking.url) as client:
            target = path_of(client.product())
        with fastcgi.Connection(talking.socket) as connection:
            ask_often(connection, target, 3)
            with traced(talking, tmp_path) as calls:
                ask_often(connection, target, HTTP_X_REQUEST_ID="of-many")
        eventually(lambda: talking.log.read_text().count("of-many") == HITS)
    assert HITS < calls.count("write") <= HITS * 3 / 2, calls


def test_a_head_and_a_304_cost_no_more(own, product, tmp_path):
    with fastcgi.Connection(own.socket) as connection:
        tag = connection.ask("GET", path_of(product)).headers["etag"]
        with traced(own, tmp_path) as calls:
            for _ in range(HITS):
                answer = connection.ask("GET", path_of(product), HTTP_IF_NONE_MATCH=tag, HTTP_X_REQUEST_ID="x")
                assert answer.status == 304
                assert connection.ask("HEAD", path_of(product), HTTP_X_REQUEST_ID="x").status == 200
    assert rounds(calls) == ["rw"] * 2 * HITS, calls


def test_what_is_not_kept_is_one_round_trip(own, product, tmp_path):
    """Of the database: a query is sent with one call, and its answer read with one."""
    fresh = {"HTTP_CACHE_CONTROL": "no-cache", "HTTP_X_REQUEST_ID": "x"}
    for target in (path_of(product), f"{PRODUCTS}?limit=5", f"{PRODUCTS}?category_id={product['category_id']}"):
        with fastcgi.Connection(own.socket) as connection:
            ask_often(connection, target, 8, **fresh)
            with traced(own, tmp_path) as calls:
                ask_often(connection, target, **fresh)
        assert calls.count("sendto") == HITS, (target, calls[:30])
        assert calls.count("recvfrom") <= 2 * HITS, (target, calls[:30])
        assert calls.count("write") == HITS, (target, calls[:30])


def test_a_short_wait_for_postgres_looks_after_no_other_connection(own, product, tmp_path):
    """Others are only handed over in a long one. (That a busy machine makes a wait long now and then is one poll more.)"""
    fresh = {"HTTP_CACHE_CONTROL": "no-cache", "HTTP_X_REQUEST_ID": "x"}
    with contextlib.ExitStack() as opened:
        connection, *others = [opened.enter_context(fastcgi.Connection(own.socket)) for _ in range(8)]
        for other in others:
            assert other.ask("GET", "/livez").status == 200
        ask_often(connection, path_of(product), 8, **fresh)
        with traced(own, tmp_path) as calls:
            ask_often(connection, path_of(product), **fresh)
    assert calls.count("poll") <= HITS * 5 / 4, calls[:30]
    assert not {"socket", "connect", "epoll_ctl", "accept4"} & set(calls), calls[:30]


def test_a_long_wait_for_postgres_costs_a_few_calls_however_long(own, product, tmp_path):
    """Also where others can be read meanwhile, and nobody is there to take them."""
    with contextlib.ExitStack() as opened:
        connection, *others = [opened.enter_context(fastcgi.Connection(own.socket)) for _ in range(8)]
        for one in (connection, *others):
            assert one.ask("GET", "/livez").status == 200
        locker = opened.enter_context(contextlib.closing(own.connect()))
        with locker.cursor() as cursor:
            cursor.execute("LOCK TABLE product IN ACCESS EXCLUSIVE MODE")
        with traced(own, tmp_path) as calls:
            connection.send(fastcgi.request("GET", path_of(product), HTTP_CACHE_CONTROL="no-cache"))
            time.sleep(0.1)
            for other in others:
                other.send(fastcgi.request("GET", "/livez"))
            time.sleep(2)
        locker.rollback()
        assert connection.answer().status == 200
        assert [other.answer().status for other in others] == [200] * 7
    assert calls.count("poll") <= 6, calls
    assert calls.count("connect") == 1, calls
