"""Requests that create products and wait for the same worker at the same time: one transaction, and each its own answer."""

import contextlib
import json
import os
import signal

import pytest

import fastcgi
from client import PRODUCTS, Client, path_of, unique
from together import at_once, kept_connections

JSON = {"CONTENT_TYPE": "application/json"}
NOBODY = "00000000-0000-7000-8000-000000000000"


@pytest.fixture(scope="module")
def own(fresh_stack):
    stack = fresh_stack(WORKERS=1)
    yield stack
    stack.close()


@pytest.fixture
def client(own):
    with Client(own.url) as opened:
        yield opened


@pytest.fixture
def home(client):
    return client.category()["id"]


def draft(home, **members):
    return {"name": unique(), "price": "1.50", "sku": unique("J").replace(" ", "-"), "category_id": home, **members}


def create(body, **more):
    return fastcgi.request("POST", PRODUCTS, json.dumps(body).encode(), **JSON, **more)


def transactions_of(stack, answers):
    """How many made these products, and their rows of the feed."""
    ids = [json.loads(answer.body)["id"] for answer in answers]
    with contextlib.closing(stack.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*), count(DISTINCT p.xmin::text), count(DISTINCT c.xmin::text) "
                       "FROM product p JOIN change c USING (id) WHERE id = ANY (%s::uuid[]) AND c.version = 1", [ids])
        rows, products, changes = cursor.fetchone()
    assert rows == len(ids)
    return products, changes


def test_creates_that_wait_together_are_one_transaction(own, client, home):
    listed = f"{PRODUCTS}?category_id={home}"
    assert client.get(listed).json() == []
    drafts = [draft(home, attributes={"n": n}, description=None if n % 2 else "Even, with \"quotes\"") for n in range(6)]
    answers = at_once(own, [create(body) for body in drafts])
    for body, answer in zip(drafts, answers, strict=True):
        assert answer.status == 201
        made = json.loads(answer.body)
        assert {name: made[name] for name in body} == body
        assert answer.headers["location"] == path_of(made)
        assert client.get(path_of(made)).json() == made
        assert client.fresh(path_of(made)).json() == made
    assert transactions_of(own, answers) == (1, 1)
    assert {product["sku"] for product in client.get(listed).json()} == {body["sku"] for body in drafts}


def test_more_than_may_join_are_some_transactions(own, home):
    answers = at_once(own, [create(draft(home)) for _ in range(20)])
    assert [answer.status for answer in answers] == [201] * 20
    assert transactions_of(own, answers)[0] <= 4


def test_one_that_cannot_be_made_leaves_the_others(own, home):
    twice = draft(home)
    requests = [twice, draft(home), draft(NOBODY), {**draft(home), "sku": twice["sku"].lower()}, draft(home)]
    answers = at_once(own, [create(body) for body in requests])
    statuses = [answer.status for answer in answers]
    assert sorted([statuses[0], statuses[3]]) == [201, 409]
    assert [statuses[1], statuses[2], statuses[4]] == [201, 400, 201], [answer.body for answer in answers]
    for answer, body in zip(answers, requests, strict=True):
        if answer.status == 201:
            assert json.loads(answer.body)["name"] == body["name"]


def test_what_is_not_plain_has_its_own_way(own, client, home):
    """Faults, keys and dry runs among creates that join, and requests that do not."""
    product, key = client.product(home), unique("key").replace(" ", "-")
    requests = [create(draft(home)), create({"name": ""}), create(draft(home), HTTP_IDEMPOTENCY_KEY=key), create(draft(home)),
                fastcgi.request("GET", path_of(product)),
                fastcgi.request("POST", f"{PRODUCTS}?dry_run=true", json.dumps(draft(home)).encode(), **JSON),
                create(draft(home)), fastcgi.request("GET", f"{PRODUCTS}?category_id={home}"), create(draft(home))]
    answers = at_once(own, requests)
    assert [answer.status for answer in answers] == [201, 400, 201, 201, 200, 201, 201, 200, 201]
    assert json.loads(answers[4].body) == product
    made = [answers[i] for i in (0, 2, 3, 6, 8)]
    assert transactions_of(own, made)[0] >= 2
    assert client.get(f"{PRODUCTS}?category_id={home}", headers={"Prefer": "count=exact"}).headers["X-Total-Count"] == "6"


def test_a_client_that_leaves_keeps_nobody_from_an_answer(own, home):
    [worker] = own.workers()
    with kept_connections(own, 4) as connections:
        os.kill(worker, signal.SIGSTOP)
        for connection in connections:
            connection.send(create(draft(home)))
        connections[1].close()
        connections[3].close()
        os.kill(worker, signal.SIGCONT)
        assert [connections[i].answer().status for i in (0, 2)] == [201, 201]
        assert [connections[i].ask("GET", "/livez").status for i in (0, 2)] == [200, 200]
    assert own.workers() == [worker]


def test_who_sends_half_a_request_keeps_nobody_from_an_answer(own, home):
    """It holds the worker for a while, and those beside it have their time all the same: none of them is told 504."""
    [worker] = own.workers()
    with kept_connections(own, 5) as connections:
        os.kill(worker, signal.SIGSTOP)
        for i, connection in enumerate(connections):
            connection.send(create(draft(home))[:-20 if i == 4 else None])
        os.kill(worker, signal.SIGCONT)
        assert [connections[i].answer().status for i in range(4)] == [201] * 4
    assert own.workers() == [worker]


def test_what_only_looks_like_a_create_is_what_it_is(own, client, home):
    """The bytes that tell a create, in a header of something else."""
    looks = {"HTTP_COOKIE": "\x0e\x04REQUEST_METHODPOST\x0b\x10REQUEST_URI" + PRODUCTS}
    product, line = client.product(home), json.dumps(draft(home)).encode()
    requests = [create(draft(home)), fastcgi.request("GET", f"{PRODUCTS}/export", **looks),
                fastcgi.request("POST", "/api/v1/imports", line, CONTENT_TYPE="application/x-ndjson", **looks),
                create(draft(home)), fastcgi.request("DELETE", path_of(product), **looks),
                fastcgi.request("PUT", path_of({"id": NOBODY}), line, **JSON, **looks), create(draft(home))]
    answers = at_once(own, requests)
    # What takes long has no place within another request.
    assert [answer.status for answer in answers] == [201, 503, 503, 201, 204, 201, 201]
    assert [answer.headers["retry-after"] for answer in answers[1:3]] == ["10", "10"]
    assert client.get(path_of(product)).status_code == 410
    assert client.get(path_of({"id": NOBODY})).json() == json.loads(answers[5].body)


def test_a_stop_answers_those_that_have_joined(fresh_stack):
    with contextlib.closing(fresh_stack(WORKERS=1)) as stack, Client(stack.url) as client:
        home = client.category()["id"]
        [worker] = stack.workers()
        with kept_connections(stack, 5) as connections:
            os.kill(worker, signal.SIGSTOP)
            for connection in connections:
                connection.send(create(draft(home)))
            os.kill(worker, signal.SIGTERM)
            os.kill(worker, signal.SIGCONT)
            assert [connection.answer().status for connection in connections] == [201] * 5
