"""Webhooks as resources: made, read, changed, deleted, and the secret that is shown once."""

import base64
import json
import uuid
from contextlib import closing

import pytest

from client import assert_problem, client_of, next_page
from receiver import answer, receiving
from stack import await_true
from webhooks import REACHING, WEBHOOKS, await_delivery, await_idle, client_without_webhooks, deliveries, path_of, subscribe

URL = "https://example.org/hook"
MEMBERS = ["id", "url", "types", "description", "state", "disabled_reason", "previous_secret_until", "version",
           "created_at", "updated_at"]


@pytest.fixture(scope="module")
def own_stack(fresh_stack):
    return fresh_stack(PRODUCTS=0, WORKERS=2, **REACHING)


@pytest.fixture
def client(own_stack):
    with client_without_webhooks(own_stack) as opened:
        yield opened


@pytest.fixture
def strict_client(nginx_stack):
    """Of a service that allows no private addresses."""
    with client_of(nginx_stack) as opened:
        yield opened


def faults_of(response):
    return {fault.get("pointer", fault.get("parameter")): fault["code"] for fault in assert_problem(response, 400)["errors"]}


# --- one webhook ----------------------------------------------------------------------------------------------------


def test_a_webhook_is_made_with_a_secret_that_is_never_shown_again(client):
    response = client.post(WEBHOOKS, json={"url": URL})
    made = response.json()
    assert response.status_code == 201 and list(made) == [*MEMBERS, "secret"]
    assert response.headers["Location"] == path_of(made) and response.headers["ETag"] == '"1"'
    assert made["types"] == ["*"] and made["state"] == "active" and made["description"] is None
    prefix, secret = made.pop("secret").split("_")
    assert prefix == "whsec" and len(base64.b64decode(secret, validate=True)) == 32
    shown = client.get(path_of(made))
    assert shown.json() == made and shown.headers["ETag"] == '"1"'
    assert client.get(WEBHOOKS).json() == [made]
    assert secret not in client.patch(path_of(made), json={"description": "a"}).text
    other = client.post(WEBHOOKS, json={"url": URL}).json()
    assert other["secret"] != f"whsec_{secret}"


def test_a_read_is_conditional(client):
    made = subscribe(client, URL)
    assert client.get(path_of(made), headers={"If-None-Match": '"1"'}).status_code == 304
    assert_problem(client.get(path_of(made), headers={"If-Match": '"2"'}), 412)


def test_a_webhook_is_changed(client):
    made = subscribe(client, URL)
    changed = client.patch(path_of(made), json={"types": ["category.*", "product.deleted"], "description": " x "})
    assert changed.status_code == 200 and changed.headers["ETag"] == '"2"'
    assert changed.json()["types"] == ["category.*", "product.deleted"] and changed.json()["description"] == "x"
    patch = [{"op": "replace", "path": "/types/0", "value": "*"}, {"op": "remove", "path": "/description"}]
    changed = client.patch(path_of(made), json=patch, headers={"Content-Type": "application/json-patch+json"})
    assert changed.json()["types"] == ["*", "product.deleted"] and changed.json()["description"] is None
    # What changes nothing is no new version.
    assert client.patch(path_of(made), json={"state": "active"}).json()["version"] == 3
    stale = client.patch(path_of(made), json={"state": "disabled"}, headers={"If-Match": '"2"'})
    problem = assert_problem(stale, 412)
    assert problem["current_version"] == 3 and problem["changed_fields"] == ["description", "types"]
    merged = client.patch(path_of(made), json={"state": "disabled"},
                          headers={"If-Match": '"2"', "Prefer": "merge=disjoint"})
    assert merged.status_code == 200 and merged.json()["state"] == "disabled"


def test_a_deleted_webhook_is_gone(client):
    made = subscribe(client, URL)
    assert_problem(client.delete(path_of(made), headers={"If-Match": '"7"'}), 412)
    assert client.delete(path_of(made), params={"dry_run": "true"}).status_code == 204
    assert client.delete(path_of(made), headers={"If-Match": '"1"'}).status_code == 204
    assert_problem(client.get(path_of(made)), 404)
    assert_problem(client.delete(path_of(made)), 404)
    assert_problem(client.get(path_of(made, "deliveries")), 404)
    assert_problem(client.post(path_of(made, "rotate")), 404)
    assert client.get(WEBHOOKS).json() == []


def test_a_key_makes_a_webhook_once(client):
    key = {"Idempotency-Key": uuid.uuid4().hex}
    first = client.post(WEBHOOKS, json={"url": URL}, headers=key)
    again = client.post(WEBHOOKS, json={"url": URL}, headers=key)
    assert again.headers["Idempotency-Replayed"] == "true" and again.json() == first.json()
    assert again.status_code == 201 and again.headers["Location"] == first.headers["Location"]
    assert_problem(client.post(WEBHOOKS, json={"url": URL + "2"}, headers=key), 422)
    assert len(client.get(WEBHOOKS).json()) == 1
    rotation = {"Idempotency-Key": uuid.uuid4().hex}
    secrets = {client.post(path_of(first.json(), "rotate"), headers=rotation).json()["secret"] for _ in range(3)}
    assert len(secrets) == 1 and client.get(path_of(first.json())).json()["version"] == 2


def test_a_dry_run_makes_nothing(client):
    dry = client.post(WEBHOOKS, json={"url": URL}, params={"dry_run": "true"})
    assert dry.status_code == 201 and client.get(WEBHOOKS).json() == []
    made = subscribe(client, URL)
    for path in ("rotate", "replay"):
        assert client.post(path_of(made, path), params={"dry_run": "true"}).status_code in (200, 202)
    assert client.get(path_of(made)).json()["version"] == 1


def test_minimal_answers(client):
    minimal = {"Prefer": "return=minimal"}
    made = client.post(WEBHOOKS, json={"url": URL}, headers=minimal)
    assert (made.status_code, made.content) == (201, b"")
    path = made.headers["Location"]
    assert client.patch(path, json={"description": "a"}, headers=minimal).status_code == 204
    assert (client.post(f"{path}/replay", headers=minimal).status_code) == 202


@pytest.mark.parametrize("url", ["https://user:pw@example.org/", "https://example.org/#a", "https://0x7f.1/", "x", "",
                                 "https://2130706433/", "https://127.0.0.1./", "ftp://example.org/",
                                 "https://example.org:0/", "https://[::1", "https://ex ample.org/"])
def test_a_url_that_is_none_is_refused(client, url):
    assert faults_of(client.post(WEBHOOKS, json={"url": url})) == {"/url": "url"}


@pytest.mark.parametrize("url, code", [
    ("http://example.org/", "https"), ("https://127.0.0.1/", "address"), ("https://10.0.0.1/", "address"),
    ("https://[::1]/", "address"), ("https://[::ffff:127.0.0.1]/", "address"), ("https://169.254.169.254/", "address"),
    ("https://[64:ff9b::7f00:1]/", "address"), ("https://[fd00:ec2::254]/", "address"), ("https://0.0.0.0/", "address"),
    ("http://127.0.0.1/", "https"),
])
def test_an_address_that_is_nobodys_to_reach_is_refused(strict_client, url, code):
    assert faults_of(strict_client.post(WEBHOOKS, json={"url": url})) == {"/url": code}
    made = subscribe(strict_client, URL)
    try:
        assert faults_of(strict_client.patch(path_of(made), json={"url": url})) == {"/url": code}
    finally:
        strict_client.delete(path_of(made))


def test_every_fault_is_told_at_once(client):
    refused = client.post(WEBHOOKS, json={"types": ["product.*", "product.create", 7], "state": "paused", "secret": "x",
                                          "id": "a", "description": ""})
    assert faults_of(refused) == {"/url": "required", "/types/1": "unknown_value", "/types/2": "type", "/state": "unknown_value",
                                  "/secret": "unknown_member", "/id": "read_only", "/description": "blank"}
    assert 'did you mean "product.created"?' in json.loads(refused.text)["errors"][0]["detail"]
    for types in ([], ["*"] * 17):
        assert set(faults_of(client.post(WEBHOOKS, json={"url": URL, "types": types}))) == {"/types"}


def test_there_are_no_more_than_a_hundred(client):
    made = [subscribe(client, URL, state="disabled") for _ in range(100)]
    problem = assert_problem(client.post(WEBHOOKS, json={"url": URL}), 409)
    assert problem["errors"][0]["code"] == "too_many"
    assert [one["id"] for one in client.get(WEBHOOKS).json()] == [one["id"] for one in made]
    client.delete(path_of(made[0]))
    assert client.post(WEBHOOKS, json={"url": URL}).status_code == 201


# --- deliveries -----------------------------------------------------------------------------------------------------


def test_deliveries_are_listed_with_what_came_back(client):
    with receiving() as receiver:
        receiver.reply = lambda hit: answer(500, b"no \xff\0 way " + b"." * 5000) if len(receiver.hits) < 2 else answer(204)
        made = subscribe(client, receiver.url())
        product = client.product()
        shown = await_delivery(client, made, attempts=2)
        event = receiver.hits[0].event
        assert receiver.hits[0].id == receiver.hits[1].id == shown["id"]
        assert event["cursor"] == shown["cursor"] and event["type"] == shown["type"] == "product.created"
        assert event["data"] == product and event["timestamp"] == product["updated_at"]
        assert list(event) == ["type", "timestamp", "cursor", "data"]
        assert (shown["subject_id"], shown["subject_version"]) == (product["id"], 1)
        assert (shown["response_status"], shown["response_body"], shown["last_error"]) == (204, "", None)
        assert shown["next_attempt_at"] is None and shown["ended_at"] >= shown["last_attempt_at"]
        receiver.reply = lambda hit: answer(500, b"no \xff\0 way " + b"." * 5000)
        client.product()
        shown = await_delivery(client, made, "pending", response_status=500)
        assert shown["response_body"].startswith("no ?? way ...") and len(shown["response_body"]) == 1024
        assert shown["last_error"] == "the endpoint answered 500" and shown["ended_at"] is None


def test_deliveries_are_paged_by_keyset(client):
    with receiving() as receiver:
        made = subscribe(client, receiver.url(), ["category.created"])
        category = client.category()["id"]
        names = [client.category()["id"] for _ in range(9)]
        client.product(category)
        marker = subscribe(client, receiver.url("/marker"))
        await_idle(client, marker)
        seen = [one["subject_id"] for one in client.all_of(path_of(made, "deliveries?limit=4"))]
        ours = [one for one in seen if one in (category, *names)]
        assert ours == [*reversed(names), category] and len(set(seen)) == len(seen)
        link = next_page(client.get(path_of(made, "deliveries?limit=4")))
        assert_problem(client.get(link.replace("limit=4", "limit=4&state=failed")), 400)
        assert_problem(client.get(path_of(marker, "deliveries?" + link.split("?")[1])), 400)
        assert_problem(client.get(path_of(made, "deliveries?state=lost")), 400)
        delivered = client.all_of(path_of(made, "deliveries?limit=3&state=delivered"))
        assert [one["subject_id"] for one in delivered] == seen
        assert client.get(path_of(made, "deliveries?state=failed")).json() == []


def test_only_the_types_wanted_are_sent(client):
    with receiving() as receiver:
        some = subscribe(client, receiver.url("/some"), ["product.deleted", "product.restored", "category.*"])
        all_of_them = subscribe(client, receiver.url("/all"), ["*"])
        product = client.product()
        client.patch(f"/api/v1/products/{product['id']}", json={"price": "1.00"})
        client.delete(f"/api/v1/products/{product['id']}")
        client.post(f"/api/v1/products/{product['id']}/restore")
        await_idle(client, all_of_them)
        await_idle(client, subscribe(client, receiver.url("/marker")))
        types = {path: [hit.event["type"] for hit in receiver.hits
                        if hit.path == path and hit.event["data"]["id"] == product["id"]] for path in ("/some", "/all")}
        assert types == {"/some": ["product.deleted", "product.restored"],
                         "/all": ["product.created", "product.updated", "product.deleted", "product.restored"]}
        assert all(one["type"] != "product.created" for one in deliveries(client, some))


def test_what_was_before_a_webhook_is_not_sent(client):
    with receiving() as receiver:
        before = client.product()["id"]
        client.patch(f"/api/v1/products/{before}", json={"price": "1.00"})
        made = subscribe(client, receiver.url())
        after = client.product()["id"]
        await_idle(client, made)
        subjects = {hit.subject[0] for hit in receiver.hits}
        assert after in subjects and before not in subjects


def test_one_event_is_sent_again(client):
    with receiving() as receiver:
        made = subscribe(client, receiver.url())
        product = client.product()
        first = await_delivery(client, made)
        again = client.post(path_of(made, "deliveries", first["id"], "redeliver"))
        assert again.status_code == 202 and again.json()["id"] == first["id"] and again.json()["state"] == "pending"
        await_delivery(client, made, attempts=1)
        await_idle(client, made)
        ours = [hit for hit in receiver.hits if hit.subject == (product["id"], 1)]
        assert len(ours) == 2 and ours[0].id == ours[1].id and ours[0].body == ours[1].body
        assert_problem(client.post(path_of(made, "deliveries", "evt_1_1", "redeliver")), 404)
        assert faults_of(client.post(path_of(made, "deliveries", "17", "redeliver"))) == {"delivery": "malformed"}


def test_a_replay_goes_on_from_a_cursor(client):
    with receiving() as receiver:
        made = subscribe(client, receiver.url())
        category = client.category()["id"]
        products = [client.product(category)["id"] for _ in range(5)]
        client.patch(f"/api/v1/products/{products[4]}", json={"price": "1.00"})
        await_idle(client, made)
        place = next(hit.event["cursor"] for hit in receiver.hits if hit.subject == (products[1], 1))
        before = len(receiver.hits)
        replayed = client.post(path_of(made, "replay"), params={"after": place})
        assert replayed.status_code == 202 and replayed.json()["id"] == made["id"]
        await_idle(client, made)
        again = [hit.subject for hit in receiver.hits[before:] if hit.subject[0] in products]
        assert sorted(again) == sorted([(products[2], 1), (products[3], 1), (products[4], 1), (products[4], 2)])
        assert again.index((products[4], 1)) < again.index((products[4], 2))
        ids = {hit.subject: hit.id for hit in receiver.hits[:before]}
        assert all(ids.get(hit.subject, hit.id) == hit.id for hit in receiver.hits)
        assert faults_of(client.post(path_of(made, "replay"), params={"after": "x"})) == {"after": "malformed"}


def test_a_replay_that_is_asked_for_while_another_is_begun_is_not_lost(own_stack, client):
    """The runner reads the first one, and waits for the row of the webhook, which the second changes."""
    waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%replay_xid = NULL%'"
    with receiving() as receiver:
        made = subscribe(client, receiver.url())
        products = [client.product()["id"] for _ in range(4)]
        await_idle(client, made)
        places = {hit.subject[0]: hit.event["cursor"] for hit in receiver.hits}
        before = len(receiver.hits)
        with own_stack.connect() as second, closing(own_stack.connect()) as looking, looking.cursor() as look:
            looking.autocommit = True
            with own_stack.frozen("jobs"), second.cursor() as cursor:
                assert client.post(path_of(made, "replay"), params={"after": places[products[2]]}).status_code == 202
                cursor.execute("UPDATE webhook SET replay_xid = %s::text::xid8, replay_seq = %s WHERE id = %s",
                               (*places[products[0]].split("."), made["id"]))

            def is_waiting():
                look.execute(waits)
                return look.fetchone()[0] > 0

            await_true(is_waiting, "the runner's wait")
            second.commit()
        await_idle(client, made)
        assert set(products[1:]) <= {hit.subject[0] for hit in receiver.hits[before:]}


def test_a_replay_from_what_is_purged_is_a_410(own_stack, client):
    made = subscribe(client, URL, state="active")
    with own_stack.connect() as connection, connection.cursor() as cursor:
        cursor.execute("UPDATE change_floor SET xid = '100', seq = 5")
    assert_problem(client.post(path_of(made, "replay"), params={"after": "100.4"}), 410)
    assert client.post(path_of(made, "replay"), params={"after": "100.5"}).status_code == 202
    with own_stack.connect() as connection, connection.cursor() as cursor:
        cursor.execute("UPDATE change_floor SET xid = '0', seq = 0")


def test_nothing_is_asked_of_one_that_is_disabled(client):
    with receiving() as receiver:
        made = subscribe(client, receiver.url())
        client.product()
        event = await_delivery(client, made)["id"]
        client.patch(path_of(made), json={"state": "disabled"})
        for path in (("replay",), ("deliveries", event, "redeliver")):
            assert assert_problem(client.post(path_of(made, *path)), 409)["errors"][0]["code"] == "disabled"


def test_one_that_was_disabled_goes_on_where_it_stopped(client):
    with receiving() as receiver:
        made = subscribe(client, receiver.url())
        client.product()
        await_delivery(client, made)
        client.patch(path_of(made), json={"state": "disabled"})
        marker = subscribe(client, receiver.url("/marker"))
        products = [client.product()["id"] for _ in range(3)]
        await_idle(client, marker)
        assert not {hit.subject[0] for hit in receiver.hits if hit.path == "/hook"} & set(products)
        client.patch(path_of(made), json={"state": "active"})
        await_idle(client, made)
        assert set(products) <= {hit.subject[0] for hit in receiver.hits if hit.path == "/hook"}
