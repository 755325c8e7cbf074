"""Idempotency keys: the answer is kept with the effect and given again, whatever happens to the first request."""

import concurrent.futures
import contextlib
import json
import uuid

import pytest

import fastcgi
from changing import at_once, by_sku, everything, feed, given, new_path, new_sku, now, query
from client import PRODUCTS, Client, assert_problem, faults_in, path_of, unique
from load import eventually


@pytest.fixture
def key():
    return {"Idempotency-Key": uuid.uuid4().hex}


@pytest.fixture
def product(client, category):
    return client.product(category, sku=new_sku(), attributes={"sizes": ["s"]})


def is_replay(response):
    return response.headers.get("Idempotency-Replayed") == "true"


def assert_same(again, first):
    assert is_replay(again) and not is_replay(first)
    assert (again.status_code, again.text) == (first.status_code, first.text)
    for name in ("ETag", "Location", "Content-Type"):
        assert again.headers.get(name) == first.headers.get(name), name


def append(client, product, **headers):
    body = [{"op": "add", "path": "/attributes/sizes/-", "value": "m"}]
    return client.patch(path_of(product), data=json.dumps(body),
                        headers={"Content-Type": "application/json-patch+json"} | headers)


# --- replays --------------------------------------------------------------------------------------------------------


def test_a_create_is_done_once(client, database, category, key):
    draft = client.draft(category)
    first = client.post(PRODUCTS, json=draft, headers=key)
    assert first.status_code == 201
    for _ in range(3):
        assert_same(client.post(PRODUCTS, json=draft, headers=key), first)
    assert query(database, "SELECT count(*) FROM product WHERE name = %s", draft["name"]) == [(1,)]
    assert len(feed(database, first.json()["id"])) == 1


def test_every_write_is_done_once(client, database, category, product):
    other = client.product(category)
    writes = [
        lambda headers: client.put(path_of(product), json=given(product, name="Put"), headers=headers),
        lambda headers: client.put(by_sku(product["sku"]), json=given(product, name="By sku"), headers=headers),
        lambda headers: append(client, product, **headers),
        lambda headers: client.delete(path_of(product), headers=headers),
        lambda headers: client.post(f"{path_of(product)}/restore", headers=headers),
        lambda headers: client.put(f"{PRODUCTS}/{product['id'].upper()}", json=given(product), headers=headers),
    ]
    for number, write in enumerate(writes, 2):
        key = {"Idempotency-Key": uuid.uuid4().hex}
        first = write(key)
        assert first.status_code in (200, 204), first.text
        assert feed(database, product["id"])[-1][1] == number
        # Whatever comes in between.
        client.put(path_of(other), json=given(other, name=unique()))
        assert_same(write(key), first)
        assert len(feed(database, product["id"])) == number
    made = new_path()
    key = {"Idempotency-Key": uuid.uuid4().hex}
    draft = client.draft(category)
    first = client.put(made, json=draft, headers=key)
    assert first.status_code == 201
    assert_same(client.put(made, json=draft, headers=key), first)
    key = {"Idempotency-Key": uuid.uuid4().hex}
    sku = new_sku()
    first = client.put(by_sku(sku), json=draft, headers=key)
    assert first.status_code == 201
    assert_same(client.put(by_sku(sku), json=draft, headers=key), first)


def test_the_answer_is_that_of_then(client, category, product, key):
    """What others changed since is neither in it nor undone by it."""
    first = client.put(path_of(product), json=given(product, name="First"), headers=key)
    client.put(path_of(product), json=given(product, name="Second"))
    assert_same(client.put(path_of(product), json=given(product, name="First"), headers=key), first)
    assert now(client, product)["name"] == "Second"
    client.delete(path_of(product))
    assert_same(client.put(path_of(product), json=given(product, name="First"), headers=key), first)
    assert_problem(client.fresh(path_of(product)), 410)


def test_an_answer_that_needed_no_change_is_kept_too(client, database, product):
    for write in (lambda one, **headers: one.put(path_of(product), json=given(product), headers=headers),
                  lambda one, **headers: one.put(by_sku(product["sku"]), json=given(product), headers=headers),
                  lambda one, **headers: one.patch(path_of(product), json={"name": product["name"]}, headers=headers),
                  lambda one, **headers: one.post(f"{path_of(product)}/restore", headers=headers)):
        key = uuid.uuid4().hex
        first = write(client, **{"Idempotency-Key": key})
        assert (first.status_code, first.json()) == (200, product)
        client.put(path_of(product), json=given(product, name="Another's"))
        changed = now(client, product)
        assert_same(write(client, **{"Idempotency-Key": key}), first)
        assert now(client, product) == changed
        client.put(path_of(product), json=given(product))
        product = now(client, product)


def test_a_replay_may_be_minimal(client, category, key):
    draft = client.draft(category)
    client.post(PRODUCTS, json=draft, headers=key)
    again = client.post(PRODUCTS, json=draft, headers=key | {"Prefer": "return=minimal"})
    assert (again.status_code, again.content, is_replay(again)) == (201, b"", True)


# --- other requests -------------------------------------------------------------------------------------------------


def test_a_key_belongs_to_its_request(client, database, category, product, key):
    draft = client.draft(category)
    first = client.post(PRODUCTS, json=draft, headers=key)
    before = everything(database)
    others = [
        client.post(PRODUCTS, json=draft | {"price": "20"}, headers=key),
        client.post(PRODUCTS, data=json.dumps(draft) + " ", headers=key | {"Content-Type": "application/json"}),
        client.post(f"{PRODUCTS}?dry_run=false", json=draft, headers=key),
        client.post(PRODUCTS, json={"name": ""}, headers=key),
        client.put(new_path(), json=draft, headers=key),
        client.put(path_of(product), json=draft, headers=key),
        client.put(path_of(product), json=given(product), headers=key),
        client.put(by_sku(new_sku()), json=draft, headers=key),
        client.patch(path_of(product), json=draft, headers=key),
        client.delete(path_of(product), headers=key),
        client.delete(new_path(), headers=key),
        client.post(f"{path_of(product)}/restore", headers=key),
    ]
    for response in others:
        assert_problem(response, 422, "Idempotency key reused")
    assert everything(database) == before
    assert_same(client.post(PRODUCTS, json=draft, headers=key), first)


def test_a_request_that_failed_leaves_its_key_free(client, database, category, product, key):
    before = everything(database)
    taken = product["sku"]
    for response, status in (
            (client.post(PRODUCTS, json={"name": ""}, headers=key), 400),
            (client.post(PRODUCTS, data="{", headers=key | {"Content-Type": "application/json"}), 400),
            (client.post(PRODUCTS, json=client.draft(str(uuid.uuid4())), headers=key), 400),
            (client.post(PRODUCTS, json=client.draft(category, sku=taken), headers=key), 409),
            (client.post(PRODUCTS, data="x", headers=key | {"Content-Type": "text/plain"}), 415),
            (client.put(path_of(product), json=given(product, name="X"), headers=key | {"If-Match": '"9"'}), 412),
            (client.put(new_path(), json=client.draft(category), headers=key | {"If-Match": "*"}), 412),
            (client.patch(path_of(product), json={"name": ""}, headers=key), 400),
            (client.delete(new_path(), headers=key), 404),
            (client.post(f"{new_path()}/restore", headers=key), 404),
            (client.post(f"{PRODUCTS}?dry_run=true", json=client.draft(category), headers=key), 201)):
        assert response.status_code == status, response.text
        assert not is_replay(response)
    assert everything(database) == before
    assert client.post(PRODUCTS, json=client.draft(category), headers=key).status_code == 201


def test_a_dry_run_leaves_a_kept_answer_alone(client, category, product, key):
    draft = client.draft(category)
    other = {"Idempotency-Key": uuid.uuid4().hex}
    for first, dry, again in (
            (client.post(PRODUCTS, json=draft, headers=key),
             client.post(f"{PRODUCTS}?dry_run=true", json=draft, headers=key),
             client.post(PRODUCTS, json=draft, headers=key)),
            (client.put(path_of(product), json=given(product, name="Put"), headers=other),
             client.put(f"{path_of(product)}?dry_run=true", json=given(product, name="Put"), headers=other),
             client.put(path_of(product), json=given(product, name="Put"), headers=other))):
        assert (dry.status_code, is_replay(dry)) == (first.status_code, False), dry.text
        assert_same(again, first)


# --- the key itself -------------------------------------------------------------------------------------------------


def send_raw(client, target, value, draft):
    return client.raw("POST", target, [("Idempotency-Key", value), ("Content-Type", "application/json")],
                      json.dumps(draft).encode())


@pytest.mark.parametrize("value", ["x", "x" * 255, '"' + "q" * 255 + '"', "a b", "!#$%&'()*+,-./:;<=>?@[]^_`{|}~", "0"])
def test_what_is_a_key(client, database, category, value):
    query(database, "DELETE FROM idempotency RETURNING 1")
    draft = client.draft(category)
    first = send_raw(client, PRODUCTS, value, draft)
    assert first.status_code == 201, first.text
    again = send_raw(client, PRODUCTS, value, draft)
    assert (again.text, is_replay(again)) == (first.text, True)


@pytest.mark.parametrize("value", ["x" * 256, '"' + "x" * 256 + '"', '""', '"', 'a"b', '"a', "a\\b", '"a";b=1', "a\tb",
                                   b"caf\xc3\xa9", b"\xff\xfe", b"a\x01b", b"a\x7fb"])
def test_what_is_no_key(client, database, category, value):
    before = everything(database)
    response = send_raw(client, PRODUCTS, value, client.draft(category))
    # A front server may refuse a control character itself.
    assert response.status_code == 400, response.text
    if response.headers["Content-Type"] == "application/problem+json" and "errors" in response.json():
        assert faults_in(response, "header") == ["Idempotency-Key"]
    assert everything(database) == before


def test_an_empty_key_is_no_key_or_refused(client, category):
    for value in ("", "  "):
        assert send_raw(client, PRODUCTS, value, client.draft(category)).status_code in (201, 400)


def test_a_quoted_key_is_the_bare_one(client, category):
    key, draft = uuid.uuid4().hex, client.draft(category)
    first = client.post(PRODUCTS, json=draft, headers={"Idempotency-Key": key})
    assert_same(client.post(PRODUCTS, json=draft, headers={"Idempotency-Key": f'"{key}"'}), first)
    raw = json.dumps(draft).encode()  # as requests writes it
    for value in (f"  {key} ", f'\t"{key}"\t'):
        again = client.raw("POST", PRODUCTS, [("Idempotency-Key", value), ("Content-Type", "application/json")], raw)
        assert (again.text, is_replay(again)) == (first.text, True)


@pytest.mark.parametrize("target", [b"/by-sku/caf\xc3\xa9", b"/by-sku/%FF", b"/by-sku/\xff\xfe", b"?dry_run=\xff",
                                    b"?\xc3\xa9=1", b"/%00", b"?dry_run=%00"])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_odd_bytes_with_a_key_are_the_callers_fault(client, category, method, target):
    body = json.dumps(client.draft(category)).encode() if method != "DELETE" else None
    headers = [("Idempotency-Key", uuid.uuid4().hex), ("Content-Type", b"application/json; a=\xff\xc3\xa9")]
    response = client.raw(method, PRODUCTS.encode() + target, headers, body)
    assert 400 <= response.status_code < 500, response.text


@pytest.mark.parametrize("body", [b"\xff", b"\x00", b'{"name":"\xff"}', b"\xc3", b"{}\x00"])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_odd_bodies_with_a_key_are_the_callers_fault(client, product, method, body):
    target = PRODUCTS if method == "POST" else path_of(product)
    headers = [("Idempotency-Key", uuid.uuid4().hex), ("Content-Type", "application/json")]
    assert client.raw(method, target, headers, body).status_code == 400
    if method == "POST":
        assert client.raw(method, f"{path_of(product)}/restore", headers, body).status_code == 400
    assert now(client, product) == product


def test_a_long_body_is_compared_to_its_end(client, category, key):
    draft = json.dumps(client.draft(category, attributes={f"k{n}": ["x" * 400] * 45 for n in range(48)}))
    body = draft + " " * (1048576 - len(draft))
    headers = key | {"Content-Type": "application/json"}
    first = client.post(PRODUCTS, data=body, headers=headers)
    assert first.status_code == 201, first.text
    assert_same(client.post(PRODUCTS, data=body, headers=headers), first)
    assert_problem(client.post(PRODUCTS, data=body[:-1] + "\n", headers=headers), 422)
    assert_problem(client.post(PRODUCTS, data=body + " ", headers=headers), 413)


# --- time -----------------------------------------------------------------------------------------------------------


def age(database, key, interval):
    rows = query(database, "UPDATE idempotency SET created_at = created_at - %s::interval WHERE key = %s RETURNING 1",
                 interval, key["Idempotency-Key"])
    assert len(rows) == 1


def test_a_key_is_kept_for_a_day(client, database, category, key):
    draft = client.draft(category)
    first = client.post(PRODUCTS, json=draft, headers=key)
    age(database, key, "23 hours 59 minutes")
    assert_same(client.post(PRODUCTS, json=draft, headers=key), first)
    age(database, key, "1 minute")
    second = client.post(PRODUCTS, json=draft, headers=key)
    assert (second.status_code, is_replay(second)) == (201, False), second.text
    assert second.json()["id"] != first.json()["id"]
    assert_same(client.post(PRODUCTS, json=draft, headers=key), second)


def test_an_expired_key_is_free_for_any_request(client, database, category, product, key):
    assert client.post(PRODUCTS, json=client.draft(category), headers=key).status_code == 201
    for write in (lambda: client.post(PRODUCTS, json=client.draft(category), headers=key),
                  lambda: client.put(path_of(product), json=given(product, name="X"), headers=key),
                  lambda: client.put(by_sku(new_sku()), json=client.draft(category), headers=key),
                  lambda: client.delete(path_of(product), headers=key),
                  lambda: client.post(f"{path_of(product)}/restore", headers=key)):
        age(database, key, "1 day")
        response = write()
        assert response.status_code in (200, 201, 204), response.text
        assert not is_replay(response)


# --- together -------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def locked(stack, table, row):
    """Nobody changes the row, or refers to it anew, until release() is called."""
    with contextlib.closing(stack.connect()) as connection:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT 1 FROM {table} WHERE id = %s FOR UPDATE", (row,))
        yield connection.rollback


def waiting(database):
    return query(database, "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")[0][0]


def running_writes(client, category, product):
    """Writes that wait for a locked row: the row's table and id, and the request."""
    operations = [{"op": "add", "path": "/attributes/sizes/-", "value": "m"}]
    json_patch = "application/json-patch+json"
    for table, row, method, target, body, kind in (
            ("category", category, "POST", PRODUCTS, client.draft(category), "application/json"),
            ("product", product["id"], "PUT", path_of(product), given(product, name="Running"), "application/json"),
            ("product", product["id"], "PATCH", path_of(product), operations, json_patch),
            ("product", product["id"], "DELETE", path_of(product), None, ""),
            ("product", product["id"], "POST", f"{path_of(product)}/restore", None, "")):
        headers = {"Idempotency-Key": uuid.uuid4().hex, "Content-Type": kind}
        yield table, row, (method, target, json.dumps(body) if body else None, headers)


def send_to_a_worker(stack, request):
    """On a connection of its own: a front server might have the request wait for the worker that is busy."""
    method, target, body, headers = request
    return fastcgi.ask(stack.socket, method, target, (body or "").encode(), CONTENT_TYPE=headers["Content-Type"],
                       HTTP_IDEMPOTENCY_KEY=headers["Idempotency-Key"])


def test_while_the_first_is_running(changing_stack, client, database, category, product):
    for table, row, request in running_writes(client, category, product):
        method, target, body, headers = request

        def send(one):
            return one.request(method, target, data=body, headers={k: v for k, v in headers.items() if v})

        with locked(changing_stack, table, row) as release:
            with in_background(changing_stack, send) as first:
                eventually(lambda: waiting(database) == 1)
                for _ in range(2):
                    second = send_to_a_worker(changing_stack, request)
                    assert (second.status, json.loads(second.body)["type"]) == (409, "/problems/in-progress")
                    assert int(second.headers["retry-after"]) > 0
                    other = send_to_a_worker(changing_stack, (method, target + "?dry_run=false", body, headers))
                    assert other.status == 409
                release()
                answer = first()
        assert answer.status_code in (200, 201, 204), answer.text
        assert_same(send(client), answer)


@contextlib.contextmanager
def in_background(stack, send):
    with concurrent.futures.ThreadPoolExecutor(1) as threads, Client(stack.url) as another:
        yield threads.submit(send, another).result


def test_of_the_same_request_at_once_one_is_done(changing_stack, client, database, category, product):
    for turn in range(6):
        key, draft = {"Idempotency-Key": uuid.uuid4().hex}, client.draft(category)
        answers = at_once(changing_stack.url, lambda one, _: one.post(PRODUCTS, json=draft, headers=key), 10)
        done = [answer for answer in answers if answer.status_code == 201]
        assert {answer.status_code for answer in answers} <= {201, 409}
        assert len({answer.text for answer in done}) == 1
        assert len([answer for answer in done if not is_replay(answer)]) == 1
        assert query(database, "SELECT count(*) FROM product WHERE name = %s", draft["name"]) == [(1,)]


@pytest.mark.parametrize("kind", ["append", "delete", "put", "restore"])
def test_of_the_same_change_at_once_one_is_done(changing_stack, client, database, category, kind):
    """None may fail on what another copy of it has done."""
    for turn in range(8):
        product = client.product(category, attributes={"sizes": ["s"]})
        if kind == "restore":
            client.delete(path_of(product))
        before = len(feed(database, product["id"]))
        key = {"Idempotency-Key": uuid.uuid4().hex}
        version = {"If-Match": f'"{before}"'}
        send = {
            "append": lambda one, _: append(one, product, **key, **version),
            "delete": lambda one, _: one.delete(path_of(product), headers=key | version),
            "put": lambda one, _: one.put(path_of(product), json=given(product, name="X"), headers=key | version),
            "restore": lambda one, _: one.post(f"{path_of(product)}/restore", headers=key | version),
        }[kind]
        answers = at_once(changing_stack.url, send, 10)
        assert {answer.status_code for answer in answers} <= {200, 204, 409}, [one.text for one in answers]
        done = [answer for answer in answers if answer.status_code != 409]
        assert len({answer.text for answer in done}) == 1
        assert len([answer for answer in done if not is_replay(answer)]) == 1
        assert len(feed(database, product["id"])) == before + 1
        for answer in answers:
            if answer.status_code == 409:
                assert answer.json()["type"] == "/problems/in-progress"
