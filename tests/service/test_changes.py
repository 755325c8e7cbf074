"""Changing products: PUT, DELETE, restore, upsert by sku; preconditions, preferences, dry runs; and the feed's rows."""

import json
import uuid

import pytest

from changing import at_once, by_sku, everything, feed, given, new_path, new_sku, now
from client import MICROSECONDS, PRODUCT_MEMBERS, PRODUCTS, assert_problem, client_of, faults, faults_in, path_of

@pytest.fixture
def product(client, category):
    return client.product(category, sku=new_sku(), price="10.00")


# --- PUT ------------------------------------------------------------------------------------------------------------


def test_put_creates_with_the_id_of_the_path(client, database, category):
    made = str(uuid.uuid4())
    response = client.put(f"{PRODUCTS}/{made}", json=client.draft(category))
    assert response.status_code == 201, response.text
    assert response.headers["Location"] == f"{PRODUCTS}/{made}"
    assert response.headers["ETag"] == '"1"'
    created = response.json()
    assert list(created) == PRODUCT_MEMBERS
    assert (created["id"], created["version"]) == (made, 1)
    assert created["created_at"] == created["updated_at"]
    assert client.fresh(path_of(created)).text == response.text
    assert feed(database, made) == [("product.created", 1, created)]


def test_put_replaces_the_whole(client, database, category):
    before = client.product(category, sku=new_sku(), description="old", attributes={"a": 1}, status="draft",
                            images=["https://example.org/a.jpg"], group_key="G", currency="EUR")
    response = client.put(path_of(before), json={"name": "Newer", "price": "3.50", "category_id": category})
    assert response.status_code == 200, response.text
    assert response.headers["ETag"] == '"2"'
    assert "Location" not in response.headers
    after = response.json()
    assert MICROSECONDS.fullmatch(after["updated_at"]) and after["updated_at"] > before["updated_at"]
    assert after == before | {"sku": None, "name": "Newer", "price": "3.50", "description": None, "attributes": {},
                              "status": "active", "images": [], "group_key": None, "currency": "USD", "version": 2,
                              "updated_at": after["updated_at"]}
    assert client.fresh(path_of(before)).text == response.text
    assert feed(database, before["id"]) == [("product.created", 1, before), ("product.updated", 2, after)]


def test_put_of_the_same_changes_nothing(client, database, product):
    before = everything(database)
    for _ in range(2):
        response = client.put(path_of(product), json=given(product))
        assert response.status_code == 200
        assert response.headers["ETag"] == '"1"'
        assert response.json() == product
    assert everything(database) == before


def test_another_spelling_of_a_price_is_a_change(client, product):
    response = client.put(path_of(product), json=given(product, price="10.0"))
    assert (response.json()["price"], response.json()["version"]) == ("10.0", 2)


def test_put_may_repeat_the_id_of_its_path(client, product):
    for repeated in (product["id"], product["id"].upper()):
        response = client.put(path_of(product), json={**given(product), "id": repeated})
        assert response.status_code == 200, response.text
    response = client.put(f"{PRODUCTS}/{product['id'].upper()}", json={**given(product), "id": product["id"]})
    assert response.json()["id"] == product["id"]
    response = client.put(path_of(product), json={**given(product), "id": str(uuid.uuid4())})
    assert faults(response) == ["/id"]
    assert [fault["code"] for fault in response.json()["errors"]] == ["read_only"]
    response = client.put(path_of(product), json={**given(product), "version": 1, "created_at": "x"})
    assert faults(response) == ["/created_at", "/version"]


def test_put_names_every_fault_at_once(client):
    response = client.put(new_path(), json={"price": "0", "nmae": "x", "status": "sold"})
    assert faults(response) == ["/category_id", "/name", "/nmae", "/price", "/status"]


def test_put_into_a_category_that_is_not_there(client, product):
    for target in (path_of(product), new_path()):
        response = client.put(target, json=client.draft(str(uuid.uuid4())))
        assert faults_in(response, "pointer") == ["/category_id"]
    assert now(client, product) == product


def test_put_cannot_take_the_sku_of_another(client, category, product):
    other = client.product(category)
    for target in (path_of(other), new_path()):
        response = client.put(target, json=client.draft(category, sku=product["sku"].lower()))
        assert faults_in(response, "pointer", 409) == ["/sku"]
    assert now(client, other) == other


def test_put_needs_json_and_an_id(client, category):
    response = client.put(new_path(), data="name=x", headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert_problem(response, 415)
    assert response.headers["Accept"] == "application/json"
    assert faults_in(client.put(f"{PRODUCTS}/17", json=client.draft(category)), "parameter") == ["id"]
    assert_problem(client.put(new_path(), data="{", headers={"Content-Type": "application/json"}), 400)


def test_put_of_a_deleted_product_is_gone(client, product):
    assert client.delete(path_of(product)).status_code == 204
    for headers in ({}, {"If-Match": '"1"'}, {"If-Match": '"2"'}, {"If-Match": "*"}, {"If-None-Match": "*"}):
        assert_problem(client.put(path_of(product), json=given(product, name="Back"), headers=headers), 410)
    assert_problem(client.fresh(path_of(product)), 410)


# --- by sku ---------------------------------------------------------------------------------------------------------


def test_upsert_by_sku_creates_and_then_replaces(client, database, category):
    sku = new_sku()
    created = client.put(by_sku(sku), json=client.draft(category))
    assert created.status_code == 201, created.text
    assert created.json()["sku"] == sku
    assert created.headers["Location"] == path_of(created.json())
    assert client.get(created.headers["Location"]).status_code == 200
    replaced = client.put(by_sku(sku), json=client.draft(category, name="Replaced", price="2"))
    assert replaced.status_code == 200, replaced.text
    after = replaced.json()
    assert (after["id"], after["version"], after["name"]) == (created.json()["id"], 2, "Replaced")
    assert [row[0] for row in feed(database, after["id"])] == ["product.created", "product.updated"]


def test_the_sku_of_the_path_is_any_case_and_the_body_decides_on_it(client, category):
    sku = new_sku()
    made = client.put(by_sku(sku), json=client.draft(category, sku=sku)).json()
    same = client.put(by_sku(sku.lower()), json=given(made)).json()
    assert same == made
    lower = client.put(by_sku(sku.upper()), json=given(made, sku=sku.lower())).json()
    assert (lower["id"], lower["sku"], lower["version"]) == (made["id"], sku.lower(), 2)


@pytest.mark.parametrize("sku", ["restore", "by-sku", "batch", "facets", "0", "a.b_c-d", "x" * 64, "%52%45"])
def test_every_sku_can_be_a_path(client, category, sku):
    response = client.put(by_sku(sku), json=client.draft(category))
    assert response.status_code in (200, 201), response.text
    assert response.json()["sku"] == ("RE" if sku == "%52%45" else sku)


@pytest.mark.parametrize("sku", ["-x", "x" * 65, "a%20b", "%00", "%ff", "%C3%A9", "a%2fb", ".."])
def test_what_is_no_sku_is_refused(client, category, sku):
    response = client.raw("PUT", by_sku(sku), [("Content-Type", "application/json")],
                          json.dumps(client.draft(category)).encode())
    assert response.status_code in (400, 404), response.text


def test_the_body_must_not_speak_of_another_sku(client, category):
    for other in ("OTHER", None, ""):
        response = client.put(by_sku(new_sku()), json=client.draft(category, sku=other))
        assert faults_in(response, "pointer") == ["/sku"], other
    response = client.put(by_sku(new_sku()), json=client.draft(category, id=str(uuid.uuid4())))
    assert faults(response) == ["/id"]


def test_upsert_of_a_sku_whose_product_was_deleted_makes_another(client, category, product):
    client.delete(path_of(product))
    response = client.put(by_sku(product["sku"]), json=client.draft(category))
    assert response.status_code == 201, response.text
    assert response.json()["id"] != product["id"]


def test_upsert_only_creates_with_if_none_match(client, category, product):
    response = client.put(by_sku(product["sku"]), json=client.draft(category), headers={"If-None-Match": "*"})
    problem = assert_problem(response, 412)
    assert (problem["current_version"], response.headers["ETag"]) == (1, '"1"')
    assert now(client, product) == product
    made = client.put(by_sku(new_sku()), json=client.draft(category), headers={"If-None-Match": "*"})
    assert made.status_code == 201


def test_upsert_with_if_match_only_replaces(client, category, product):
    for expected in ("*", '"1"'):
        missing = client.put(by_sku(new_sku()), json=client.draft(category), headers={"If-Match": expected})
        assert "current_version" not in assert_problem(missing, 412)
    response = client.put(by_sku(product["sku"]), json=client.draft(category), headers={"If-Match": '"1"'})
    assert response.status_code == 200, response.text


# --- DELETE and restore ---------------------------------------------------------------------------------------------


def test_what_is_deleted_is_gone(client, database, category, product):
    response = client.delete(path_of(product))
    assert (response.status_code, response.content) == (204, b"")
    assert_problem(client.fresh(path_of(product)), 410, "Gone")
    assert client.head(path_of(product), headers={"Cache-Control": "no-cache"}).status_code == 410
    assert_problem(client.delete(path_of(product)), 410)
    home = f"{PRODUCTS}?category_id={category}&limit=500"
    assert product["id"] not in [member["id"] for member in client.all_of(home)]
    kind, version, data = feed(database, product["id"])[-1]
    assert (kind, version) == ("product.deleted", 2)
    assert {name: data[name] for name in given(data)} == given(product)


def test_delete_of_what_never_was(client):
    for headers in ({}, {"If-Match": "*"}, {"If-Match": '"1"'}):
        assert_problem(client.delete(new_path(), headers=headers), 404)
    assert faults_in(client.delete(f"{PRODUCTS}/x"), "parameter") == ["id"]


def test_delete_heeds_if_match(client, product):
    client.put(path_of(product), json=given(product, name="Second"))
    for headers in ({"If-Match": '"1"'}, {"If-Match": '"1"', "Prefer": "merge=disjoint"}):
        problem = assert_problem(client.delete(path_of(product), headers=headers), 412)
        assert (problem["current_version"], problem["changed_fields"]) == (2, ["name"])
    assert client.delete(path_of(product), headers={"If-Match": '"2"'}).status_code == 204


def test_delete_takes_no_body(client, product):
    assert_problem(client.delete(path_of(product), json={"id": product["id"]}), 400)
    assert now(client, product) == product
    assert client.delete(path_of(product), data="{}").status_code == 204


def test_a_restored_product_is_as_it_was(client, database, product):
    client.delete(path_of(product))
    response = client.post(f"{path_of(product)}/restore")
    assert response.status_code == 200, response.text
    restored = response.json()
    assert given(restored) == given(product)
    assert (restored["version"], response.headers["ETag"]) == (3, '"3"')
    assert restored["created_at"] == product["created_at"]
    assert restored["updated_at"] > product["updated_at"]
    assert now(client, product) == restored
    assert [row[:2] for row in feed(database, product["id"])] == [
        ("product.created", 1), ("product.deleted", 2), ("product.restored", 3)]
    assert client.put(by_sku(product["sku"]), json=given(product)).json() == restored


def test_restore_leaves_a_live_product_alone(client, database, product):
    before = everything(database)
    response = client.post(f"{path_of(product)}/restore")
    assert (response.status_code, response.json()) == (200, product)
    assert everything(database) == before
    assert_problem(client.post(f"{new_path()}/restore"), 404)
    assert_problem(client.post(f"{path_of(product)}/restore", json={"name": "x"}), 400)
    assert client.post(f"{path_of(product)}/restore", json={}).status_code == 200
    assert_problem(client.get(f"{path_of(product)}/restore"), 405)


def test_restore_where_the_sku_was_taken(client, category, product):
    client.delete(path_of(product))
    other = client.product(category, sku=product["sku"].lower())
    response = client.post(f"{path_of(product)}/restore")
    assert faults_in(response, "pointer", 409) == ["/sku"]
    assert_problem(client.fresh(path_of(product)), 410)
    client.delete(path_of(other))
    assert client.post(f"{path_of(product)}/restore").status_code == 200


def test_restore_heeds_if_match(client, product):
    client.delete(path_of(product))
    problem = assert_problem(client.post(f"{path_of(product)}/restore", headers={"If-Match": '"1"'}), 412)
    assert problem["current_version"] == 2
    assert client.post(f"{path_of(product)}/restore", headers={"If-Match": '"2"'}).status_code == 200


# --- preconditions --------------------------------------------------------------------------------------------------


def test_if_match_of_the_version_lets_through(client, product):
    for number, tag in enumerate(['"1"', 'W/"2"', '"3-gzip"', 'W/"4-br"', '"9", "5"', "*", '"x","7"'], 2):
        response = client.put(path_of(product), json=given(product, name=f"Round {number}"),
                              headers={"If-Match": tag})
        assert response.status_code == 200, (tag, response.text)
        assert response.headers["ETag"] == f'"{number}"'


def test_a_stale_if_match_is_told_what_changed(client, product):
    client.put(path_of(product), json=given(product, price="11"))
    client.put(path_of(product), json=given(product, price="11", description="x", attributes={"k": True}))
    client.put(path_of(product), json=given(product, price="12", description="x", attributes={"k": True}))
    for tag, changed in (('"1"', ["attributes", "description", "price"]),
                         ('"2"', ["attributes", "description", "price"]), ('"3"', ["price"]),
                         ('"1", "3"', ["price"])):
        response = client.put(path_of(product), json=given(product, name="Mine"), headers={"If-Match": tag})
        problem = assert_problem(response, 412, "Precondition failed")
        assert problem["current_version"] == 4
        assert sorted(problem["changed_fields"]) == changed
        assert response.headers["ETag"] == '"4"'
    assert now(client, product)["version"] == 4


def test_an_if_match_that_never_was_a_version_tells_of_no_fields(client, product):
    client.put(path_of(product), json=given(product, price="11"))
    for tag in ('"99"', '"other"', '"0"', '"-1"', '"9223372036854775808"', '"1x"'):
        problem = assert_problem(client.put(path_of(product), json=given(product), headers={"If-Match": tag}), 412)
        assert problem["current_version"] == 2
        assert "changed_fields" not in problem


@pytest.mark.parametrize("wrong", ["3", "'3'", '"3', "", '"1" "2"', "*, *", "W/1"])
def test_a_malformed_if_match_is_refused(client, product, wrong):
    response = client.raw("PUT", path_of(product), [("If-Match", wrong), ("Content-Type", "application/json")],
                          json.dumps(given(product)).encode())
    # An empty header is none, to a front server.
    assert response.status_code == 400 or wrong == "", response.text
    assert now(client, product) == product


def test_put_with_preconditions_on_nothing(client, category):
    for expected in ("*", '"1"'):
        target = new_path()
        problem = assert_problem(client.put(target, json=client.draft(category), headers={"If-Match": expected}), 412)
        assert "current_version" not in problem
        assert_problem(client.fresh(target), 404)
    assert client.put(new_path(), json=client.draft(category), headers={"If-None-Match": "*"}).status_code == 201


def test_put_only_creates_with_if_none_match(client, product):
    response = client.put(path_of(product), json=given(product, name="Mine"), headers={"If-None-Match": "*"})
    assert assert_problem(response, 412)["current_version"] == 1
    for wrong in ({"If-None-Match": '"1"'}, {"If-None-Match": "*", "If-Match": "*"}):
        response = client.put(path_of(product), json=given(product), headers=wrong)
        assert faults_in(response, "header") == ["If-None-Match"]
    assert now(client, product) == product


def test_a_create_has_no_version_to_match(client, database, category):
    before = everything(database)
    assert_problem(client.post(PRODUCTS, json=client.draft(category), headers={"If-Match": '"1"'}), 412)
    assert everything(database) == before
    for headers in ({"If-Match": "*"}, {"If-None-Match": "*"}):
        assert client.post(PRODUCTS, json=client.draft(category), headers=headers).status_code == 201


@pytest.fixture(scope="module")
def strict(fresh_stack):
    with client_of(fresh_stack(WARES_REQUIRE_IF_MATCH="on")) as opened:
        yield opened


def test_a_precondition_can_be_required(strict):
    category = strict.category()["id"]
    product = strict.product(category, sku=new_sku())
    body = given(product, name="Changed")
    for response in (strict.put(path_of(product), json=body), strict.put(by_sku(product["sku"]), json=body),
                     strict.delete(path_of(product)), strict.put(new_path(), json=strict.draft(category)),
                     strict.put(f"{path_of(product)}?dry_run=true", json=body)):
        problem = assert_problem(response, 428)
        assert "If-Match" in problem["detail"] and "If-None-Match" in problem["detail"]
    assert now(strict, product) == product
    made = strict.put(new_path(), json=strict.draft(category), headers={"If-None-Match": "*"})
    assert made.status_code == 201
    assert strict.put(path_of(product), json=body, headers={"If-Match": '"1"'}).json()["version"] == 2
    assert strict.put(path_of(product), json=body, headers={"If-Match": "*"}).status_code == 200
    assert strict.delete(path_of(product), headers={"If-Match": '"2"'}).status_code == 204
    assert strict.post(f"{path_of(product)}/restore").status_code == 200


# --- tags that front servers altered --------------------------------------------------------------------------------


def test_a_tag_survives_compression(client, category):
    """Taken as it comes from a compressed answer it is known again, in both directions."""
    large = client.product(category, description="compress me " * 500)
    answers = {}
    for coding in ("gzip", "deflate", "br", "identity"):
        response = client.get(path_of(large), headers={"Accept-Encoding": coding, "Cache-Control": "no-cache"})
        assert response.json() == large
        answers[coding] = response
        unchanged = client.get(path_of(large), headers={"Accept-Encoding": coding,
                                                        "If-None-Match": response.headers["ETag"]})
        assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert answers["gzip"].headers["Content-Encoding"] == "gzip"
    assert answers["gzip"].headers["ETag"] != answers["identity"].headers["ETag"], "this shows nothing"
    for number, response in enumerate(answers.values(), 2):
        stale = response.headers["ETag"].replace("1", str(number - 1))
        changed = client.put(path_of(large), json=given(large, price=str(number)), headers={"If-Match": stale})
        assert (changed.status_code, changed.json()["version"]) == (200, number), stale
        compressed = client.put(path_of(large), json=given(large, price=f"{number}.5"),
                                headers={"If-Match": response.headers["ETag"], "Accept-Encoding": "gzip"})
        assert assert_problem(compressed, 412)["current_version"] == number


def test_a_tag_of_a_compressed_change_survives(client, category):
    product = client.product(category, description="compress me " * 500)
    tag = '"1"'
    for number in range(2, 5):
        response = client.put(path_of(product), json=given(product, price=str(number)),
                              headers={"Accept-Encoding": "gzip", "If-Match": tag})
        assert response.status_code == 200, response.text
        assert response.headers["Content-Encoding"] == "gzip"
        tag = response.headers["ETag"]


# --- preferences and dry runs ---------------------------------------------------------------------------------------


def test_minimal_answers(client, category, product):
    minimal = {"Prefer": "return=minimal"}
    created = client.post(PRODUCTS, json=client.draft(category), headers=minimal)
    assert (created.status_code, created.content, created.headers["ETag"]) == (201, b"", '"1"')
    assert client.get(created.headers["Location"]).json()["version"] == 1
    replaced = client.put(path_of(product), json=given(product, name="X"), headers=minimal)
    assert (replaced.status_code, replaced.content, replaced.headers["ETag"]) == (204, b"", '"2"')
    client.delete(path_of(product))
    restored = client.post(f"{path_of(product)}/restore", headers={"Prefer": "respond-async, Return=\"Minimal\""})
    assert (restored.status_code, restored.content, restored.headers["ETag"]) == (204, b"", '"4"')
    for response in (created, replaced, restored):
        assert response.headers["Preference-Applied"] == "return=minimal"
    whole = client.put(path_of(product), json=given(product, name="Y"), headers={"Prefer": "return=representation"})
    assert whole.json()["name"] == "Y"
    assert "Preference-Applied" not in whole.headers


def dry_writes(client, category, product, deleted, taken):
    """Every write, and the answer that it would give."""
    yield "POST", PRODUCTS, client.draft(category), {}, 201
    yield "POST", PRODUCTS, client.draft(category, sku=taken), {}, 409
    yield "POST", PRODUCTS, client.draft(str(uuid.uuid4())), {}, 400
    yield "POST", PRODUCTS, {"name": ""}, {}, 400
    yield "PUT", new_path(), client.draft(category), {}, 201
    yield "PUT", path_of(product), given(product, name="Other"), {}, 200
    yield "PUT", path_of(product), given(product), {}, 200
    yield "PUT", path_of(product), given(product, sku=taken), {}, 409
    yield "PUT", path_of(product), given(product, name="Other"), {"If-Match": '"7"'}, 412
    yield "PUT", path_of(deleted), given(deleted), {}, 410
    yield "PUT", by_sku(product["sku"]), given(product, name="Other"), {}, 200
    yield "PUT", by_sku(new_sku()), client.draft(category), {}, 201
    yield "DELETE", path_of(product), None, {}, 204
    yield "DELETE", path_of(deleted), None, {}, 410
    yield "POST", f"{path_of(deleted)}/restore", None, {}, 200
    yield "POST", f"{path_of(product)}/restore", None, {}, 200


def test_a_dry_run_answers_and_changes_nothing(client, database, category, product):
    deleted, taken = client.product(category), client.product(category, sku=new_sku())["sku"]
    client.delete(path_of(deleted))
    before = everything(database)
    for method, target, body, headers, status in dry_writes(client, category, product, deleted, taken):
        for key in ({}, {"Idempotency-Key": "dry-run"}):
            response = client.request(method, f"{target}?dry_run=true", json=body, headers=headers | key)
            assert response.status_code == status, (method, target, response.text)
            assert everything(database) == before, (method, target)
            assert "Idempotency-Replayed" not in response.headers
    would = client.put(f"{path_of(product)}?dry_run=true", json=given(product, name="Other")).json()
    assert would == product | {"name": "Other", "version": 2, "updated_at": would["updated_at"]}
    assert now(client, product) == product
    assert client.get(path_of(product)).json() == product, "a dry run went into a cache"


def test_a_dry_run_is_asked_for_clearly(client, product):
    for wrong in ("dry_run=yes", "dry_run=", "dry_run", "dry_run=true&dry_run=true", "dryrun=true", "dry_run=TRUE"):
        response = client.put(f"{path_of(product)}?{wrong}", json=given(product, name="Other"))
        assert len(faults_in(response, "parameter")) == 1, wrong
    assert now(client, product) == product
    assert client.put(f"{path_of(product)}?dry_run=false", json=given(product, name="Other")).json()["version"] == 2


# --- together -------------------------------------------------------------------------------------------------------


def test_of_updates_from_one_version_one_wins(changing_stack, client, database, product):
    for version in range(1, 6):
        answers = at_once(changing_stack.url, lambda one, number: one.put(
            path_of(product), json=given(product, name=f"{version} {number}"), headers={"If-Match": f'"{version}"'}),
            12)
        assert sorted(answer.status_code for answer in answers) == [200] + [412] * 11
        winner = next(answer.json() for answer in answers if answer.status_code == 200)
        assert now(client, product) == winner
        assert {answer.json()["current_version"] for answer in answers if answer.status_code == 412} == {version + 1}
    assert [row[1] for row in feed(database, product["id"])] == list(range(1, 7))


def test_updates_without_a_precondition_all_succeed(changing_stack, client, database, product):
    rounds = 10

    def send(one, number):
        return [one.put(path_of(product), json=given(product, name=f"{number} {turn}")) for turn in range(rounds)]

    answers = sum(at_once(changing_stack.url, send, 12), [])
    assert {answer.status_code for answer in answers} == {200}
    versions = sorted(answer.json()["version"] for answer in answers)
    assert versions == list(range(2, 12 * rounds + 2))
    rows = feed(database, product["id"])
    assert [row[1] for row in rows] == list(range(1, 12 * rounds + 2))
    # Each change is later than the one before, and as its answer said.
    times = [row[2]["updated_at"] for row in rows]
    assert times == sorted(set(times))
    told = {answer.json()["version"]: answer.json() for answer in answers}
    assert all(row[2] == told[row[1]] for row in rows[1:])


@pytest.mark.parametrize("kind", ["id", "sku"])
def test_of_creations_of_one_product_one_creates(changing_stack, client, database, category, kind):
    for _ in range(5):
        target = new_path() if kind == "id" else by_sku(new_sku())
        answers = at_once(changing_stack.url, lambda one, number: one.put(
            target, json={"name": f"By {number}", "price": "1", "category_id": category}), 8)
        assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
        assert len({answer.json()["id"] for answer in answers}) == 1
        assert sorted(answer.json()["version"] for answer in answers) == list(range(1, 9))
        target = new_path() if kind == "id" else by_sku(new_sku())
        answers = at_once(changing_stack.url, lambda one, number: one.put(
            target, json=one.draft(category), headers={"If-None-Match": "*"}), 8)
        assert sorted(answer.status_code for answer in answers) == [201] + [412] * 7


def test_of_deletes_one_deletes_and_of_restores_one_restores(changing_stack, client, database, product):
    answers = at_once(changing_stack.url, lambda one, _: one.delete(path_of(product)), 8)
    assert sorted(answer.status_code for answer in answers) == [204] + [410] * 7
    answers = at_once(changing_stack.url, lambda one, _: one.post(f"{path_of(product)}/restore"), 8)
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.json()["version"] for answer in answers} == {3}
    assert [row[1] for row in feed(database, product["id"])] == [1, 2, 3]


def test_of_two_that_want_one_sku_one_gets_it(changing_stack, client, category):
    for _ in range(5):
        sku = new_sku()
        rivals = [client.product(category) for _ in range(6)]
        answers = at_once(changing_stack.url, lambda one, number: one.put(
            path_of(rivals[number]), json=given(rivals[number], sku=sku)), 6)
        assert sorted(answer.status_code for answer in answers) == [200] + [409] * 5


def test_methods_are_told(client, product):
    assert client.request("OPTIONS", path_of(product)).headers["Allow"].startswith("GET, HEAD, PUT")
    response = client.get(by_sku("X"))
    assert_problem(response, 405)
    assert response.headers["Allow"] == "PUT, OPTIONS"


# --- all faults at once, the database's among them ---------------------------------------------------------------------

NOWHERE = "01900000-0000-7000-8000-0000000000ff"


def pointers(response, status):
    return {(fault["pointer"], fault["code"]) for fault in assert_problem(response, status)["errors"]}


def test_faults_of_values_come_with_those_that_the_database_finds(client, category, product):
    taken = client.product(category, sku=new_sku())
    draft = client.draft(NOWHERE, price="0", sku=taken["sku"])
    expected = {("/price", "not_positive"), ("/category_id", "unknown_category"), ("/sku", "taken")}
    assert pointers(client.post(PRODUCTS, json=draft), 400) == expected
    assert pointers(client.put(path_of(product), json=draft), 400) == expected
    assert pointers(client.patch(path_of(product), json={"price": 0, "category_id": NOWHERE, "sku": taken["sku"]}),
                     400) == expected


def test_constraints_are_told_together(client, category):
    taken = client.product(category, sku=new_sku())
    both = {("/category_id", "unknown_category"), ("/sku", "taken")}
    draft = client.draft(NOWHERE, sku=taken["sku"].lower())
    assert pointers(client.post(PRODUCTS, json=draft), 400) == both
    assert pointers(client.post(PRODUCTS, json=client.draft(category, sku=taken["sku"])), 409) == {("/sku", "taken")}


def test_ones_own_sku_is_not_taken(client, category):
    own = client.product(category, sku=new_sku())
    faulty = {("/price", "not_positive")}
    draft = client.draft(category, price="0", sku=own["sku"])
    assert pointers(client.put(path_of(own), json=draft), 400) == faulty
    assert pointers(client.put(f"{PRODUCTS}/by-sku/{own['sku']}", json=draft), 400) == faulty
    assert pointers(client.patch(path_of(own), json={"price": 0}), 400) == faulty


def test_faults_of_the_query_come_with_those_of_the_body(client, category):
    response = client.post(f"{PRODUCTS}?dry_run=x", json=client.draft(category, price="0"))
    problem = assert_problem(response, 400)
    assert {fault.get("pointer") or fault["parameter"] for fault in problem["errors"]} == {"/price", "dry_run"}


# --- reading under a condition ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tags, status", [('"1"', 200), ("*", 200), ('W/"1", "7"', 200), ('"1-gzip"', 200), ('"7"', 412),
                                          ('"x"', 412), ("1", 400)])
def test_a_read_with_if_match_is_of_that_version(client, category, product, tags, status):
    for target in (path_of(product), f"{path_of(product)}?fields=name", f"/api/v1/categories/{category}"):
        response = client.get(target, headers={"If-Match": tags})
        assert response.status_code == status, response.text
        if status == 400:
            assert faults_in(response, "header") == ["If-Match"]
        if status == 412:
            assert response.headers["ETag"] == '"1"'
            assert assert_problem(response, 412)["current_version"] == 1
