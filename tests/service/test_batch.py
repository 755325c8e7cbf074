"""Batches: many changes in one request, each as it would be alone, all or nothing where that is asked for."""

import contextlib
import itertools
import json
import uuid

import pytest

from changing import at_once, everything, feed, given, new_sku, now, query
from client import CATEGORIES, NOWHERE, PRODUCTS, assert_problem, client_of, faults_in, path_of

BATCH = f"{PRODUCTS}/batch"
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def product(client, category):
    return client.product(category, sku=new_sku())


def draft(category, **members):
    return {"name": "Batched", "price": "1.50", "category_id": category, **members}


def create(category, **members):
    return {"op": "create", "product": draft(category, **members)}


def update(product, patch, **members):
    return {"op": "update", "id": product["id"], "patch": patch, **members}


def upsert(sku, category, **members):
    return {"op": "upsert", "sku": sku, "product": draft(category, **members)}


def delete(product, **members):
    return {"op": "delete", "id": product["id"], **members}


def post(client, operations, query_string="", **headers):
    return client.post(BATCH + query_string, data=json.dumps(operations).encode(), headers=JSON | headers)


def done(client, operations, query_string="", **headers):
    response = post(client, operations, query_string, **headers)
    assert response.status_code == 200, response.text
    answer = response.json()
    assert len(answer) == len(operations)
    for one in answer:
        assert set(one) == ({"status"} if one["status"] == 204 else {"status", "product"}
                            if one["status"] < 300 and "minimal" not in headers.get("Prefer", "")
                            else {"status", "id", "version"} if one["status"] < 300 else {"status", "problem"}), one
        assert one["status"] < 300 or one["problem"]["status"] == one["status"]
    return answer


def statuses(answer):
    return [one["status"] for one in answer]


def pointers(one):
    return sorted(fault["pointer"] for fault in one["problem"].get("errors", []))


# --- each kind, and what is wrong with it ---------------------------------------------------------------------------


def test_each_kind_is_done_as_it_would_be_alone(client, category, database, product):
    other, third = client.product(category, sku=new_sku()), client.product(category)
    sku = new_sku()
    answer = done(client, [create(category, price="19.990", sku=sku), update(product, {"name": "New"}),
                           upsert(other["sku"].lower(), category), upsert(f"{sku}-2", category), delete(third)])
    assert statuses(answer) == [201, 200, 200, 201, 204]
    made, changed, replaced, put, _ = (one.get("product") for one in answer)
    assert made["price"] == "19.990" and made["version"] == 1 and made["sku"] == sku
    assert given(changed) == given(product, name="New") and changed["version"] == 2
    assert (replaced["id"], replaced["sku"], replaced["version"]) == (other["id"], other["sku"].lower(), 2)
    assert put["sku"] == f"{sku}-2"
    for one in (made, changed, replaced, put):
        assert now(client, one) == one
        assert feed(database, one["id"])[-1][2] == one
    assert_problem(client.get(path_of(third)), 410)
    assert feed(database, third["id"])[-1][:2] == ("product.deleted", 2)


def test_the_feed_is_in_the_order_of_the_operations(client, category, database):
    olds = [client.product(category) for _ in range(6)]
    operations = [operation for old, number in zip(reversed(olds), itertools.count())
                  for operation in (update(old, {"name": f"n{number}"}), create(category, sku=new_sku()))]
    answer = done(client, operations)
    ids = [one["product"]["id"] for one in answer]
    rows = query(database, "SELECT id::text FROM change WHERE xid = (SELECT max(xid) FROM change WHERE id = %s)"
                           " ORDER BY seq", ids[0])
    assert [row[0] for row in rows] == ids


def test_what_changes_nothing_is_answered_as_it_is(client, database, product):
    before = everything(database)
    answer = done(client, [update(product, {"name": product["name"]})])
    assert answer == [{"status": 200, "product": product}]
    assert everything(database) == before


def test_every_fault_of_an_operation_is_told_at_its_place(client, category, product, database):
    other = client.product(category, sku=new_sku())
    gone = client.product(category)
    client.delete(path_of(gone))
    rows = [
        (None, 400, [""]), ([], 400, [""]), ({}, 400, ["/op"]), ({"op": 7}, 400, ["/op"]),
        ({"op": "updat"}, 400, ["/op"]),
        ({"op": "create"}, 400, ["/product"]), ({"op": "create", "product": None}, 400, ["/product"]),
        ({"op": "create", "product": {}}, 400, ["/product/category_id", "/product/name", "/product/price"]),
        ({"op": "create", "product": {"name": " "}}, 400,
         ["/product/category_id", "/product/name", "/product/price"]),
        ({"op": "create", "id": NOWHERE, "product": draft(category)}, 400, ["/id"]),
        (create(NOWHERE, price="0", sku=other["sku"]), 400, ["/product/category_id", "/product/price", "/product/sku"]),
        (create(category, sku=other["sku"].swapcase()), 409, ["/product/sku"]),
        (create(category, version=1, colour="green"), 400, ["/product/colour", "/product/version"]),
        ({"op": "update", "patch": {}}, 400, ["/id"]), ({"op": "update", "id": NOWHERE}, 400, ["/patch"]),
        ({"op": "update", "id": "x", "patch": 7, "if_match": 3}, 400, ["/id", "/if_match", "/patch"]),
        (update(product, {"price": "0", "category_id": NOWHERE, "sku": other["sku"]}), 400,
         ["/patch/category_id", "/patch/price", "/patch/sku"]),
        (update(product, {"sku": other["sku"]}), 409, ["/patch/sku"]),
        (update(product, [{"op": "test", "path": "/name", "value": "?"}]), 409, ["/patch/0"]),
        (update(product, [{"op": "move", "path": "/name"}]), 400, ["/patch/0/from"]),
        (update(product, [], if_match=None), 400, ["/if_match"]), (update(product, [], if_match=""), 400, ["/if_match"]),
        ({"op": "update", "id": NOWHERE, "patch": {}}, 404, []), (update(gone, {}), 410, []), (delete(gone), 410, []),
        (update(product, {}, if_match='"7"'), 412, []), (delete(product, if_match="7"), 412, []),
        (delete(product, if_match="0"), 400, ["/if_match"]), ({"op": "delete", "id": NOWHERE, "patch": {}}, 400, ["/patch"]),
        ({"op": "upsert", "product": draft(category)}, 400, ["/sku"]),
        ({"op": "upsert", "sku": "?", "product": draft(category)}, 400, ["/sku"]),
        ({"op": "upsert", "sku": other["sku"], "product": draft(NOWHERE, price=0)}, 400,
         ["/product/category_id", "/product/price"]),
        ({"op": "upsert", "sku": other["sku"], "product": draft(category, sku="another")}, 400, ["/product/sku"]),
        (upsert(new_sku(), category) | {"if_match": "*"}, 412, []),
    ]
    before = everything(database)
    for operation, status, places in rows:
        (one,) = done(client, [operation])
        assert (one["status"], pointers(one)) == (status, places), (operation, one)
        if status != 400 or places != [""]:
            response = post(client, [create(category, sku=new_sku()), operation], "?atomic=true")
            expected = [f"/1{place}" for place in places or [""]]
            assert faults_in(response, "pointer") == expected, operation
    # All at once, and each as if it stood alone but for two about one product.
    answer = done(client, [operation for operation, _, _ in rows])
    for (operation, status, places), one in zip(rows, answer):
        assert (one["status"], pointers(one)) == (status, places) or one["problem"]["errors"][0]["code"] == "repeated"
    assert everything(database) == before


@pytest.mark.parametrize("tag", ["1", '"1"', 'W/"1-gzip"', '"9", "1"', "*"])
def test_if_match_takes_tags_and_versions(client, product, tag):
    assert statuses(done(client, [update(product, {"name": "Matched"}, if_match=tag)])) == [200]


def test_a_stale_operation_is_told_what_is_there(client, product):
    done(client, [update(product, {"name": "Other"})])
    (one,) = done(client, [update(product, {"price": "2"}, if_match=str(product["version"]))])
    assert one["status"] == 412
    assert one["problem"]["current_version"] == 2 and one["problem"]["changed_fields"] == ["name"]


def test_one_product_is_the_matter_of_one_operation(client, category, database, product):
    sku = new_sku()
    answer = done(client, [update(product, {"name": "First"}), delete(product), upsert(product["sku"], category),
                           update({"id": product["id"].upper()}, {}), upsert(sku, category), upsert(sku.lower(), category),
                           create(category, sku=sku)])
    assert statuses(answer) == [200, 400, 400, 400, 201, 400, 409]
    assert [pointers(one) for one in answer[1:4]] == [["/id"], ["/sku"], ["/id"]]
    assert now(client, product)["name"] == "First"
    assert query(database, "SELECT count(*) FROM product WHERE lower(sku) = lower(%s)", sku) == [(1,)]


def test_what_is_given_free_is_free_for_other_requests(client, category, product):
    """Within a batch a sku moves once; what Postgres would refuse is refused before it is asked."""
    old, new = product["sku"], new_sku()
    other = client.product(category, sku=new_sku())
    answer = done(client, [update(product, {"sku": new}), create(category, sku=old), create(category, sku=new),
                           update(other, {"sku": old})])
    assert statuses(answer) == [200, 409, 409, 409]
    assert statuses(done(client, [delete(product), create(category, sku=new)])) == [204, 409]
    assert statuses(done(client, [create(category, sku=new), update(other, {"sku": other["sku"].lower()})])) == [201, 200]
    # An operation that fails claims nothing.
    free = new_sku()
    assert statuses(done(client, [create(NOWHERE, sku=free), create(category, sku=free)])) == [400, 201]


def test_a_deleted_products_sku_is_free_and_stays_so(client, category, product):
    client.delete(path_of(product))
    (one,) = done(client, [upsert(product["sku"], category)])
    assert one["status"] == 201 and one["product"]["id"] != product["id"]
    assert_problem(client.post(f"{path_of(product)}/restore"), 409)


# --- the whole ------------------------------------------------------------------------------------------------------


def test_all_or_nothing(client, category, database, product):
    before = everything(database)
    bad = [create(category), update(product, {"name": "Never"}), create(NOWHERE), {"op": "delete", "id": NOWHERE}]
    response = post(client, bad, "?atomic=true")
    assert faults_in(response, "pointer") == ["/2/product/category_id", "/3"]
    assert everything(database) == before
    assert statuses(done(client, bad[:2], "?atomic=true")) == [201, 200]
    # More faults than are told.
    problem = assert_problem(post(client, [{}] * 1000, "?atomic=true"), 400)
    assert len(problem["errors"]) == 100 and "at least" in problem["detail"]


def test_a_dry_run_answers_and_changes_nothing(client, category, database, product):
    operations = [create(category, sku=new_sku()), update(product, {"name": "Dry"}), delete({"id": NOWHERE})]
    before = everything(database)
    for _ in range(2):
        key = {"Idempotency-Key": uuid.uuid4().hex}
        answer = done(client, operations, "?dry_run=true", **key)
        assert statuses(answer) == [201, 200, 404] and answer[1]["product"]["name"] == "Dry"
        assert faults_in(post(client, operations, "?dry_run=true&atomic=true"), "pointer") == ["/2"]
    assert everything(database) == before
    assert now(client, product) == product
    assert statuses(done(client, operations)) == [201, 200, 404]


def test_a_minimal_answer(client, category, product):
    operations = [create(category), update(product, {"name": "Small"}), delete({"id": NOWHERE})]
    response = post(client, operations, Prefer="return=minimal")
    assert response.headers["Preference-Applied"] == "return=minimal"
    made, changed, failed = response.json()
    assert set(made) == {"status", "id", "version"} and (made["status"], made["version"]) == (201, 1)
    assert changed == {"status": 200, "id": product["id"], "version": 2}
    assert failed["status"] == 404


@pytest.mark.parametrize("body, pointer", [
    ("{}", ""), ("[]", ""), ("null", ""), ("7", ""), ("[" + ",".join(["{}"] * 1001) + "]", ""), ("", ""), ("[", "")])
def test_what_is_no_batch(client, body, pointer):
    assert faults_in(client.post_raw(BATCH, body), "pointer") == [pointer]


def test_the_request_has_bounds(client, category):
    assert_problem(client.post_raw(BATCH, "[]", "text/plain"), 415)
    assert faults_in(post(client, [create(category)], "?atomic=1&dry=true"), "parameter") == ["atomic", "dry"]
    assert_problem(client.get(BATCH), 405)
    large = json.dumps([create(category, description="x" * 10000)] * 120)
    assert len(large) > 1 << 20
    assert client.post_raw(BATCH, large).status_code == 413


def test_the_whole_has_no_version(client, category, database):
    before = everything(database)
    assert_problem(post(client, [create(category)], **{"If-Match": '"3"'}), 412)
    assert everything(database) == before
    assert statuses(done(client, [create(category)], **{"If-Match": "*"})) == [201]


def test_products_that_are_too_large_together(client, category, database):
    """Each may be changed alone; the answer to all would be more than is kept in memory."""
    attributes = {f"a{number}": ["y" * 500] * 50 for number in range(36)}
    ids = [client.product(category, attributes=attributes)["id"] for _ in range(20)]
    before = everything(database)
    problem = assert_problem(post(client, [{"op": "update", "id": one, "patch": {"name": "Large"}} for one in ids]), 413)
    assert "batch" in problem["detail"]
    assert everything(database) == before
    assert statuses(done(client, [{"op": "update", "id": one, "patch": {"name": "Large"}} for one in ids[:5]])) == [200] * 5


def test_a_thousand_at_once(client, category, database):
    made = done(client, [create(category, sku=f"{new_sku()}") for _ in range(1000)])
    assert statuses(made) == [201] * 1000
    ids = [one["product"]["id"] for one in made]
    assert query(database, "SELECT count(*) FROM change WHERE id = ANY (%s::uuid[])", ids) == [(1000,)]
    changed = done(client, [{"op": "update", "id": one, "patch": {"price": f"{number + 1}.00"}}
                            for number, one in enumerate(ids)])
    assert [one["product"]["price"] for one in changed] == [f"{number + 1}.00" for number in range(1000)]
    assert all(after["product"]["updated_at"] > before["product"]["updated_at"] for before, after in zip(made, changed))
    assert statuses(done(client, [{"op": "delete", "id": one} for one in ids])) == [204] * 1000


# --- keys -----------------------------------------------------------------------------------------------------------


def test_the_answer_is_kept_and_given_again(client, category, database, product):
    key = {"Idempotency-Key": uuid.uuid4().hex}
    operations = [create(category, sku=new_sku()), update(product, [{"op": "add", "path": "/images/-", "value": "https://e.org/1"}]),
                  delete({"id": NOWHERE})]
    first = post(client, operations, **key)
    assert statuses(first.json()) == [201, 200, 404] and "Idempotency-Replayed" not in first.headers
    before = everything(database)
    again = post(client, operations, **key)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (again.status_code, again.text) == (200, first.text)
    for other in (post(client, operations[:1], **key), post(client, operations, "?atomic=true", **key),
                  post(client, operations, **key, Prefer="return=minimal")):
        assert_problem(other, 422)
    assert everything(database) == before


def test_an_answer_without_an_effect_is_kept_too(client, category, product):
    key = {"Idempotency-Key": uuid.uuid4().hex}
    first = post(client, [create(category, sku=product["sku"])], **key)
    assert statuses(first.json()) == [409]
    client.delete(path_of(product))
    again = post(client, [create(category, sku=product["sku"])], **key)
    assert again.headers["Idempotency-Replayed"] == "true" and again.text == first.text


def test_a_refused_batch_may_be_sent_again_with_its_key(client, category, product):
    key = {"Idempotency-Key": uuid.uuid4().hex}
    assert_problem(post(client, [create(category, sku=product["sku"])], "?atomic=true", **key), 400)
    client.delete(path_of(product))
    answer = post(client, [create(category, sku=product["sku"])], "?atomic=true", **key)
    assert statuses(answer.json()) == [201]


@pytest.mark.parametrize("atomic", ["false", "true"])
def test_one_effect_of_many_who_send_at_once(changing_stack, category, database, atomic):
    sku = new_sku()
    key = {"Idempotency-Key": uuid.uuid4().hex}
    operations = [create(category, sku=f"{sku}-{number}") for number in range(50)]

    def send(client, _):
        while (response := post(client, operations, f"?atomic={atomic}", **key)).status_code == 409:
            assert_problem(response, 409)
        return response

    answers = at_once(changing_stack.url, send, 8)
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert statuses(answers[0].json()) == [201] * 50
    assert query(database, "SELECT count(*) FROM product WHERE sku LIKE %s", f"{sku}-%") == [(50,)]


# --- others ---------------------------------------------------------------------------------------------------------


def deadlocks(database):
    return query(database, "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")[0][0]


def test_batches_about_the_same_products_wait_in_one_order(changing_stack, client, category, database):
    ids = [one["product"]["id"] for one in done(client, [create(category) for _ in range(60)])]
    sku = new_sku()
    before = deadlocks(database)

    def send(client, number):
        order = ids if number % 2 else ids[::-1]
        for turn in range(10):
            assert statuses(done(client, [{"op": "update", "id": one, "patch": {"attributes": {f"w{number}": turn}}}
                                          for one in order])) == [200] * 60
            places = range(40) if number % 2 else reversed(range(40))
            assert set(statuses(done(client, [upsert(f"{sku}-{turn}-{place}", category) for place in places]))) <= {200, 201}

    at_once(changing_stack.url, send, 4)
    for one in ids:
        product = now(client, {"id": one})
        assert product["version"] == 41
        assert product["attributes"] == {f"w{number}": 9 for number in range(4)}
        assert [row[1] for row in feed(database, one)] == list(range(1, 42))
    with contextlib.suppress(AssertionError):
        query(database, "SELECT pg_stat_clear_snapshot()")
    assert deadlocks(database) == before


def test_a_version_may_be_required(fresh_stack):
    stack = fresh_stack(WARES_REQUIRE_IF_MATCH="on")
    with client_of(stack) as client:
        category = client.post(CATEGORIES, json={"name": "Strict"}).json()["id"]
        (made,) = done(client, [create(category, sku=new_sku())])
        product = made["product"]
        for operation in (update(product, {"name": "New"}), delete(product), upsert(product["sku"], category)):
            problem = assert_problem(post(client, [create(category), operation]), 428)
            assert "Operation 1 " in problem["detail"]
            assert now(client, product) == product
        assert statuses(done(client, [upsert(product["sku"], category, price="2") | {"if_match": "1"}])) == [200]
        assert statuses(done(client, [delete(product, if_match='"2"')])) == [204]
    stack.close()
