"""nginx's own cache before the pool (deploy/nginx/cache): it saves bodies and bridges an outage of the pool, and never
gives anything older than what was acknowledged."""

import concurrent.futures
import os
import re
import signal
import threading
import time

import pytest

from client import CATEGORIES, PRODUCTS, REQUEST_ID, Client, assert_problem, client_of, path_of
from load import eventually
from stack import ROOT, children, json_lines

STALE_MAX = 4  # seconds


@pytest.fixture(scope="module")
def own(fresh_stack):
    stack = fresh_stack(FRONT_CACHE="on", WARES_STALE_MAX=STALE_MAX, WARES_LOG_FORMAT="json", WORKERS=2)
    yield stack
    stack.close()


@pytest.fixture(scope="module")
def client(own):
    with Client(own.url) as opened:
        yield opened


def did(response):
    """What nginx says that its cache did."""
    return response.headers.get("Cache-Status")


MISS, STALE, CONFIRMED = "nginx; fwd=miss", "nginx; fwd=stale", "nginx; fwd=stale; fwd-status=304"
BRIDGED = "nginx; hit; detail=stale-if-error"


def worker_statuses(own, target, count):
    """What the workers answered for that target, in the order of the answers: each worker writes its lines in its own time."""
    def found():
        lines = sorted(json_lines(own.log), key=lambda line: line["ts"])
        return [line["status"] for line in lines if line.get("uri") == target or line.get("path") == target]

    eventually(lambda: len(found()) >= count, timeout=5)
    return found()


# --- a read is current --------------------------------------------------------------------------------------------------


def test_a_body_comes_from_the_pool_once_and_is_confirmed_each_time(own, client):
    target = path_of(client.product())
    answers = [client.get(target) for _ in range(5)]
    assert [did(answer) for answer in answers] == [MISS] + [CONFIRMED] * 4
    assert len({answer.content for answer in answers}) == 1
    assert worker_statuses(own, target, 5) == [200, 304, 304, 304, 304]


@pytest.mark.parametrize("target_of", [path_of, lambda product: f"{PRODUCTS}?category_id={product['category_id']}",
                                       lambda product: f"{PRODUCTS}/facets?category_id={product['category_id']}",
                                       lambda product: f"{path_of(product)}?fields=price"],
                         ids=["product", "list", "facets", "part"])
def test_a_read_after_a_write_is_never_older(client, target_of):
    product = client.product()
    target = target_of(product)
    client.get(target)
    for i in range(30):
        price = f"{i + 1}.50"
        assert client.patch(path_of(product), json={"price": price}).status_code == 200
        assert price in client.get(target).text
    assert client.delete(path_of(product)).status_code == 204
    after = client.get(target)
    assert after.status_code == (410 if target.startswith(path_of(product)) else 200)
    assert product["id"] not in after.text or after.status_code == 410


def test_readers_beside_a_writer_never_see_less_than_was_acknowledged(own, client):
    product = client.product()
    acknowledged, faults, ended = [1], [], threading.Event()

    def read():
        with Client(own.url) as one:
            while not ended.is_set():
                least = acknowledged[0]
                version = one.get(path_of(product)).json()["version"]
                if version < least:
                    faults.append((version, least))

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for i in range(200):
        acknowledged[0] = client.patch(path_of(product), json={"price": f"{i + 1}"}).json()["version"]
    ended.set()
    for thread in threads:
        thread.join()
    assert acknowledged[0] == 201 and not faults


def test_a_read_may_go_past_it(own, client):
    target = path_of(client.product())
    client.get(target)
    for headers in ({"Cache-Control": "no-cache"}, {"Cache-Control": "max-age=0, no-store"},
                    {"Authorization": "Bearer x"}, {"If-Match": '"1"'}):
        response = client.get(target, headers=headers)
        assert response.status_code == 200 and did(response) is None, headers
    refused = client.get(target, headers={"If-Match": '"7"'})
    assert_problem(refused, 412)
    assert did(client.get(target, headers={"Cache-Control": "max-age=0"})) == CONFIRMED


# --- variants -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", ["GET", "HEAD"])
def test_a_head_leaves_no_empty_body_to_a_get(client, first):
    product = client.product()
    target = path_of(product)
    for method in (first, "HEAD", "GET", "HEAD", "GET"):
        response = client.request(method, target)
        assert response.status_code == 200
        assert int(response.headers["Content-Length"]) == len(client.fresh(target).content)
        assert response.content == b"" if method == "HEAD" else response.json() == product


def test_a_condition_is_answered(client):
    product = client.product(description="a long description " * 400)
    target = path_of(product)
    for coding in ("identity", "gzip"):
        for _ in range(2):
            whole = client.get(target, headers={"Accept-Encoding": coding})
            assert whole.json() == product
            assert whole.headers.get("Content-Encoding") == ("gzip" if coding == "gzip" else None)
            assert "accept-encoding" in whole.headers["Vary"].lower()
            for asked in ("identity", "gzip"):
                known = client.get(target, headers={"If-None-Match": whole.headers["ETag"], "Accept-Encoding": asked})
                assert known.status_code == 304 and known.content == b""
    for tag in ('"1-gzip"', 'W/"1-br"', '"7", "1-zstd"'):
        assert client.get(target, headers={"If-None-Match": tag}).status_code == 304
    assert client.get(target, headers={"If-None-Match": '"7"'}).json() == product
    client.patch(target, json={"price": "2"})
    assert client.get(target, headers={"If-None-Match": '"1"'}).json()["price"] == "2"


def test_what_the_answer_depends_on_is_kept_apart(client):
    target = f"{PRODUCTS}?category_id={client.product()['category_id']}"
    for _ in range(3):
        assert client.get(target, headers={"Prefer": "count=exact"}).headers["X-Total-Count"] == "1"
        assert "X-Total-Count" not in client.get(target).headers
        assert client.get("/problems", headers={"Accept": "text/plain"}).headers["Content-Type"].startswith("text/plain")
        assert client.get("/problems", headers={"Accept": "application/json"}).json()
        assert client.get(target, headers={"Accept": "text/html"}).status_code == 406


def test_only_what_was_found_is_kept(own, client):
    missing = f"{PRODUCTS}/01900000-0000-7000-8000-0000000000fe"
    for target, status in ((missing, 404), (f"{PRODUCTS}?limit=0", 400), ("/api/v1/jobs", 200), ("/livez", 200),
                           ("/readyz", 200)):
        for _ in range(3):
            response = client.get(target)
            assert response.status_code == status and did(response) == MISS, target
    assert client.post(CATEGORIES, json={"name": "Kept"}).status_code == 201
    assert client.put(missing, json=client.draft()).status_code == 201
    assert client.get(missing).status_code == 200


def test_the_answer_is_the_requests_own(client):
    target = path_of(client.product())
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    first = client.get(target, headers={"X-Request-Id": "first", "traceparent": trace})
    assert first.headers["X-Request-Id"] == "first" and first.headers["traceparent"] == trace
    second = client.get(target)
    assert REQUEST_ID.fullmatch(second.headers["X-Request-Id"]) and second.headers["X-Request-Id"] != "first"
    assert "traceparent" not in second.headers
    for response in (first, second):
        assert re.fullmatch(r"total;dur=\d+", response.headers["Server-Timing"])
        assert "X-Accel-Expires" not in response.headers
        assert response.headers["Access-Control-Allow-Origin"] == "*"


# --- many at once -------------------------------------------------------------------------------------------------------


@pytest.fixture
def patient(own):
    """nginx with a lock that is waited for, so that a test can hold up the one request that has it."""
    conf = own.run_dir / "conf" / "wares" / "cache" / "server.conf"
    shipped = conf.read_text()
    assert "fastcgi_cache_lock_timeout 100ms;" in shipped
    masters = own.pids("front")
    for text in (shipped.replace("lock_timeout 100ms", "lock_timeout 5s").replace("lock_age 2s", "lock_age 5s"), shipped):
        before = set(children(masters[0]))
        conf.write_text(text)
        os.kill(masters[0], signal.SIGHUP)
        eventually(lambda: not before & set(children(masters[0])) and children(masters[0]), timeout=15)
        if text != shipped:
            yield


def test_many_at_once_fetch_the_body_once(own, client, patient):
    target = path_of(client.product())

    def read(_):
        with Client(own.url) as one:
            return one.get(target)

    with concurrent.futures.ThreadPoolExecutor(12) as threads:
        with own.frozen("pool"):
            reads = [threads.submit(read, i) for i in range(12)]
            time.sleep(0.5)
        answers = [one.result() for one in reads]
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    statuses = worker_statuses(own, target, 12)
    assert statuses.count(200) == 1 and statuses.count(304) == 11


# --- the pool is gone ---------------------------------------------------------------------------------------------------


def test_what_it_has_bridges_a_pool_that_is_gone_for_a_set_time(own, client):
    product = client.product()
    other = client.product(product["category_id"])
    targets = [path_of(product), f"{PRODUCTS}?category_id={product['category_id']}", CATEGORIES]
    kept = [client.get(target).content for target in targets]
    client.head(targets[0])
    with own.held("pool"):
        for target, body in zip(targets, kept):
            response = client.get(target)
            assert response.status_code == 200 and did(response) == BRIDGED, target
            assert response.content == body
        assert client.head(targets[0]).status_code == 200
        assert client.get(targets[0], headers={"If-None-Match": '"1"'}).status_code == 304
        for response in (client.get(path_of(other)), client.fresh(targets[0]),
                         client.patch(targets[0], json={"price": "3"}), client.get("/readyz")):
            assert_problem(response, 503)
            assert response.headers["Retry-After"] == "1"
        eventually(lambda: client.get(targets[0]).status_code == 503, timeout=STALE_MAX + 4)
    own.await_ready()
    assert did(client.get(targets[0])) in (STALE, CONFIRMED)


def test_the_time_counts_from_when_it_was_confirmed(own, client):
    target = path_of(client.product())
    client.get(target)
    time.sleep(STALE_MAX + 2)
    assert did(client.get(target)) == CONFIRMED
    with own.held("pool"):
        assert did(client.get(target)) == BRIDGED
    own.await_ready()


def test_a_pool_that_is_silent_is_bridged_too(own, client):
    target = path_of(client.product())
    client.get(target)
    with own.frozen("pool"):
        response = client.get(target)
    # nginx waits 7 s for it; by then what it has is too old here, or not.
    assert response.status_code == 200 and did(response) == BRIDGED
    own.await_ready()


def test_what_a_worker_refuses_is_not_bridged_without_bound(own, client):
    """A 503 that a worker sends passes: nginx has no age to hold against it."""
    feed = "/api/v1/changes?limit=1"  # which no worker remembers
    assert client.get(feed).status_code == 200
    assert did(client.get(feed)) == CONFIRMED
    with own.held("postgres"):
        assert_problem(client.get(feed), 503)
    own.await_ready()
    assert client.get(feed).status_code == 200


# --- the configuration --------------------------------------------------------------------------------------------------


def test_it_is_off_unless_it_is_switched_on(nginx_stack):
    with client_of(nginx_stack) as plain:
        assert did(plain.get(PRODUCTS)) is None
    assert not (nginx_stack.run_dir / "conf" / "wares" / "enabled").exists()


def test_lighttpd_has_none(fresh_stack):
    with pytest.raises(AssertionError, match="lighttpd has no cache"):
        fresh_stack(FRONT="lighttpd", FRONT_CACHE="on")


def test_nothing_in_it_gives_old_answers_while_the_pool_is_well():
    text = (ROOT / "deploy" / "nginx" / "cache" / "server.conf").read_text()
    directives = re.findall(r"^\s*(fastcgi_cache_\w+|fastcgi_ignore_headers)\s+([^;]+);", text, re.M)
    assert dict(directives)["fastcgi_cache_use_stale"] == "off"
    assert dict(directives)["fastcgi_cache_background_update"] == "off"
    assert not {"fastcgi_cache_valid", "fastcgi_ignore_headers"} & dict(directives).keys()
