"""PATCH: merge patch (RFC 7396) and JSON patch (RFC 6902) of products, and merging with what others changed."""

import json
import uuid

import pytest

from changing import at_once, everything, feed, given, new_path, new_sku, now
from client import PRODUCTS, assert_problem, faults_in, path_of

MERGE = "application/merge-patch+json"
OPERATIONS = "application/json-patch+json"


@pytest.fixture
def product(client, category):
    return client.product(category, sku=new_sku(), price="10.00", description="d",
                          attributes={"colour": "green", "sizes": ["s", "m"]}, images=["https://example.org/a.jpg"])


def patch(client, product, body, content_type=MERGE, target=None, **headers):
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.patch(target or path_of(product), data=body if isinstance(body, str) else json.dumps(body),
                        headers={"Content-Type": content_type} | headers)


# --- merge patch ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("content_type", [MERGE, "application/json", "application/merge-patch+json; charset=utf-8"])
def test_a_merge_patch_changes_what_it_names(client, database, product, content_type):
    body = {"name": "New", "description": None, "attributes": {"colour": None, "weight_g": 5}}
    response = patch(client, product, body, content_type)
    assert response.status_code == 200, response.text
    after = response.json()
    assert after == product | {"name": "New", "description": None, "version": 2, "updated_at": after["updated_at"],
                               "attributes": {"sizes": ["s", "m"], "weight_g": 5}}
    assert response.headers["ETag"] == '"2"'
    assert after["updated_at"] > product["updated_at"]
    assert client.fresh(path_of(product)).text == response.text
    assert feed(database, product["id"])[1:] == [("product.updated", 2, after)]


def test_null_gives_a_field_its_default(client, product):
    response = patch(client, product, {"sku": None, "currency": None, "status": None, "attributes": None,
                                       "images": None, "group_key": None, "description": None})
    assert response.status_code == 200, response.text
    after = response.json()
    assert given(after) == given(product, sku=None, currency="USD", status="active", attributes={}, images=[],
                                 group_key=None, description=None)


def test_a_patch_keeps_digits(client, product):
    after = patch(client, product, '{"price": 12345678901234.5670, "attributes": {"n": 1.10}}').json()
    assert after["price"] == "12345678901234.5670"
    assert "1.10" in client.fresh(path_of(product)).text


def test_a_patch_that_changes_nothing(client, database, product):
    before = everything(database)
    for body in ({}, {"name": product["name"]}, {"price": "10.00"}):
        response = patch(client, product, body)
        assert (response.status_code, response.json()) == (200, product), body
    assert everything(database) == before


def test_a_patch_is_held_against_the_rules(client, database, product):
    before = everything(database)
    for body, wrong in (({"name": None}, ["/name"]), ({"name": " "}, ["/name"]), ({"price": "0"}, ["/price"]),
                        ({"price": -1, "status": "sold"}, ["/price", "/status"]), ({"colour": 1}, ["/colour"]),
                        ({"version": 7}, ["/version"]), ({"id": product["id"], "version": 1}, ["/id", "/version"]), ({"id": str(uuid.uuid4())}, ["/id"]),
                        ({"created_at": "2020-01-01T00:00:00Z"}, ["/created_at"]),
                        ({"category_id": None}, ["/category_id"]), ({"category_id": str(uuid.uuid4())}, ["/category_id"]),
                        ([], [""]), (7, [""]), (None, [""])):
        assert faults_in(patch(client, product, body), "pointer") == wrong, body
    assert_problem(patch(client, product, "{"), 400)
    assert_problem(patch(client, product, ""), 400)
    assert everything(database) == before


def test_a_patch_of_another_type_is_told_which_are_taken(client, product):
    for content_type in ("text/plain", "application/xml", "application/merge-patch"):
        response = patch(client, product, {}, content_type)
        assert_problem(response, 415)
        assert response.headers["Accept-Patch"] == f"{MERGE}, application/json, {OPERATIONS}"


def test_a_patch_of_what_is_not_there(client, product):
    assert_problem(patch(client, None, {"name": "x"}, target=new_path()), 404)
    assert_problem(patch(client, None, {"name": "x"}, target=new_path(), If_Match="*"), 404)
    client.delete(path_of(product))
    for headers in ({}, {"If_Match": '"1"'}, {"If_Match": '"1"', "Prefer": "merge=disjoint"}):
        assert_problem(patch(client, product, {"name": "x"}, **headers), 410)


def test_a_patch_cannot_take_a_sku(client, category, product):
    other = client.product(category)
    assert faults_in(patch(client, other, {"sku": product["sku"].lower()}), "pointer", 409) == ["/sku"]
    assert patch(client, product, {"sku": product["sku"].lower()}).json()["sku"] == product["sku"].lower()


# --- JSON patch -----------------------------------------------------------------------------------------------------


def test_a_json_patch_is_all_or_nothing(client, product):
    good = [{"op": "test", "path": "/price", "value": "10.00"}, {"op": "replace", "path": "/name", "value": "By op"},
            {"op": "add", "path": "/attributes/sizes/-", "value": "l"}, {"op": "remove", "path": "/description"},
            {"op": "copy", "from": "/attributes/colour", "path": "/group_key"},
            {"op": "move", "from": "/attributes/colour", "path": "/attributes/shade"}]
    response = patch(client, product, good, OPERATIONS)
    assert response.status_code == 200, response.text
    after = response.json()
    assert after == product | {"name": "By op", "description": None, "group_key": "green", "version": 2,
                               "attributes": {"sizes": ["s", "m", "l"], "shade": "green"},
                               "updated_at": after["updated_at"]}
    failing = [{"op": "replace", "path": "/name", "value": "Half"}, {"op": "test", "path": "/price", "value": "1"}]
    assert faults_in(patch(client, product, failing, OPERATIONS), "pointer", 409) == ["/1"]
    assert now(client, product) == after


def test_the_operations_are_named_where_they_are_wrong(client, product):
    wrong = [{"op": "swap", "path": "/name"}, {"op": "replace", "path": "name", "value": 1}, {"op": "add"}]
    assert_problem(patch(client, product, wrong, OPERATIONS), 400)
    assert_problem(patch(client, product, {"name": "x"}, OPERATIONS), 400)
    assert faults_in(patch(client, product, [{"op": "remove", "path": "/name"}], OPERATIONS), "pointer") == ["/name"]
    assert now(client, product) == product


def test_appending_at_once_loses_nothing(changing_stack, client, product):
    """Each is applied to the product as the one before left it."""
    answers = at_once(changing_stack.url, lambda one, number: patch(
        one, product, [{"op": "add", "path": "/attributes/sizes/-", "value": f"n{number}"}], OPERATIONS), 12)
    assert {answer.status_code for answer in answers} == {200}
    after = now(client, product)
    assert sorted(after["attributes"]["sizes"]) == sorted(["s", "m"] + [f"n{number}" for number in range(12)])
    assert after["version"] == 13


# --- with what others changed ---------------------------------------------------------------------------------------

DISJOINT = {"Prefer": "merge=disjoint"}


def test_disjoint_changes_are_merged(client, product):
    patch(client, product, {"price": "11"})
    patch(client, product, {"description": "other"})
    refused = patch(client, product, {"name": "Mine"}, If_Match='"1"')
    assert sorted(assert_problem(refused, 412)["changed_fields"]) == ["description", "price"]
    merged = patch(client, product, {"name": "Mine"}, If_Match='"1"', **DISJOINT)
    assert merged.status_code == 200, merged.text
    after = merged.json()
    assert (after["name"], after["price"], after["description"], after["version"]) == ("Mine", "11", "other", 4)
    assert now(client, product) == after


def test_changes_of_one_field_are_not_merged(client, product):
    patch(client, product, {"price": "11", "name": "Theirs"})
    for body in ({"price": "12"}, {"price": "12", "description": "Mine"}, {"price": "10.00"}):
        response = patch(client, product, body, If_Match='"1"', **DISJOINT)
        problem = assert_problem(response, 412)
        assert (problem["current_version"], problem["changed_fields"]) == (2, ["name", "price"])
    # Both want the same: that is no conflict.
    assert patch(client, product, {"price": "11"}, If_Match='"1"', **DISJOINT).json()["version"] == 2
    # Of what was set before the client's version nothing is said.
    patch(client, product, {"status": "draft"})
    assert patch(client, product, {"price": "12"}, If_Match='"2"', **DISJOINT).json()["version"] == 4


def test_nothing_is_merged_without_a_version_that_was(client, product):
    patch(client, product, {"price": "11"})
    for tag in ('"9"', '"other"', '"0"', '"x", "7"'):
        assert_problem(patch(client, product, {"name": "Mine"}, If_Match=tag, **DISJOINT), 412)
    assert now(client, product)["version"] == 2
    assert patch(client, product, {"name": "Mine"}, **DISJOINT).json()["version"] == 3


def test_a_merge_over_a_delete_and_restore(client, product):
    client.delete(path_of(product))
    client.post(f"{path_of(product)}/restore")
    problem = assert_problem(patch(client, product, {"name": "Mine"}, If_Match='"1"'), 412)
    assert (problem["current_version"], problem.get("changed_fields", [])) == (3, [])
    assert patch(client, product, {"name": "Mine"}, If_Match='"1"', **DISJOINT).json()["version"] == 4


def test_only_a_patch_is_merged(client, product):
    patch(client, product, {"price": "11"})
    response = client.put(path_of(product), json=given(product, price="11", name="Mine"),
                          headers={"If-Match": '"1"'} | DISJOINT)
    assert_problem(response, 412)


def test_disjoint_patches_at_once_are_all_merged(changing_stack, client, product):
    """All from one version, each of a field of its own."""
    bodies = [{"name": "N"}, {"price": "99"}, {"description": "D"}, {"status": "draft"}, {"currency": "EUR"},
              {"group_key": "G"}, {"images": []}, {"attributes": {"colour": "red"}}]
    answers = at_once(changing_stack.url, lambda one, number: patch(
        one, product, bodies[number], If_Match='"1"', **DISJOINT), len(bodies))
    assert {answer.status_code for answer in answers} == {200}, [answer.text for answer in answers]
    after = now(client, product)
    for body in bodies[:-1]:
        assert body.items() <= after.items()
    assert after["attributes"] == {"colour": "red", "sizes": ["s", "m"]}
    assert after["version"] == 1 + len(bodies)


# --- as every write -------------------------------------------------------------------------------------------------


def test_a_patch_can_be_dry_minimal_and_kept(client, database, product):
    before = everything(database)
    response = patch(client, product, {"name": "Dry"}, target=f"{path_of(product)}?dry_run=true", Idempotency_Key="k")
    assert (response.status_code, response.json()["name"], response.json()["version"]) == (200, "Dry", 2)
    assert everything(database) == before
    minimal = patch(client, product, {"name": "Small"}, Prefer="return=minimal")
    assert (minimal.status_code, minimal.content, minimal.headers["ETag"]) == (204, b"", '"2"')
    key = uuid.uuid4().hex
    append = [{"op": "add", "path": "/attributes/sizes/-", "value": "xl"}]
    first = patch(client, product, append, OPERATIONS, Idempotency_Key=key)
    again = patch(client, product, append, OPERATIONS, Idempotency_Key=key)
    assert first.json()["attributes"]["sizes"] == ["s", "m", "xl"]
    assert (again.text, again.headers["Idempotency-Replayed"]) == (first.text, "true")
    assert now(client, product) == first.json()
    # How the body is to be read is part of the request.
    assert_problem(patch(client, product, json.dumps(append), MERGE, Idempotency_Key=key), 422)
    assert_problem(client.patch(PRODUCTS, json={}), 405)
