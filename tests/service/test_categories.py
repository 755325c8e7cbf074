"""Categories: creation, slugs, change, deletion, and reading them one by one. The tree is in test_category_tree.py."""

import json
import re
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from client import CATEGORIES, MICROSECONDS, NOWHERE, PRODUCTS, Client, assert_problem, client_of, faults_in, unique


@pytest.fixture(scope="module")
def client(stack):
    with client_of(stack) as opened:
        yield opened


def target_of(category):
    return f"{CATEGORIES}/{category['id']}"


def patch(client, category, members, content_type="application/merge-patch+json", **headers):
    return client.request("PATCH", target_of(category), data=json.dumps(members),
                          headers={"Content-Type": content_type, **headers})


def change(client, category, **members):
    response = patch(client, category, members)
    assert response.status_code == 200, response.text
    return response.json()


def delete(client, category, **headers):
    return client.request("DELETE", target_of(category), headers=headers)


def test_only_the_name_is_required(client):
    name = unique("Category")
    response = client.post(CATEGORIES, json={"name": name})
    assert response.status_code == 201
    category = response.json()
    assert list(category)[:6] == ["id", "parent_id", "name", "slug", "position", "version"]
    assert category["name"] == name
    assert category["parent_id"] is None
    assert category["position"] == 0
    assert category["version"] == 1
    assert category["slug"] == name.lower().replace(" ", "-")
    assert uuid.UUID(category["id"]).version == 7
    assert MICROSECONDS.fullmatch(category["created_at"])
    assert category["updated_at"] == category["created_at"]
    assert response.headers["Location"] == f"{CATEGORIES}/{category['id']}"
    read = client.get(response.headers["Location"])
    assert read.status_code == 200
    assert read.text == response.text


def test_a_full_category_comes_back_as_it_was_sent(client):
    parent = client.category()
    sent = {"name": "Käse & mehr", "slug": f"kaese-{uuid.uuid4().hex}", "position": 7, "parent_id": parent["id"]}
    category = client.category(**sent)
    assert {member: category[member] for member in sent} == sent
    assert client.get(f"{CATEGORIES}/{category['id']}").json() == category


def test_head_answers_as_get_without_the_body(client):
    target = f"{CATEGORIES}/{client.category()['id']}"
    got, head = client.get(target), client.head(target)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["ETag"] == got.headers["ETag"]
    assert head.headers["Content-Length"] == str(len(got.content))


def test_an_unknown_id_is_not_found(client):
    assert_problem(client.get(f"{CATEGORIES}/{uuid.uuid4()}"), 404)
    assert client.get(f"{CATEGORIES}/tea").status_code in (400, 404)


def test_an_unaltered_category_is_not_sent_again(client):
    category = client.category()
    target = f"{CATEGORIES}/{category['id']}"
    tag = client.get(target).headers["ETag"]
    assert client.get(target, headers={"If-None-Match": tag}).status_code == 304
    assert client.get(target, headers={"If-None-Match": '"other"'}).status_code == 200


# --- slugs ----------------------------------------------------------------------------------------------------------


def test_slugs_of_one_name_differ(client):
    name = unique("Same")
    slugs = [client.category(name=name)["slug"] for _ in range(4)]
    assert len(set(slugs)) == 4
    assert all(slug.startswith(slugs[0]) for slug in slugs)


@pytest.mark.parametrize("name, stem", [
    ("Crème Brûlée", "creme-brulee"), ("  Tea -- & coffee!  ", "tea-coffee"), ("日本茶", None), ("!!!", None),
    ("x" * 200, "x"), ("ABC 123", "abc-123"), ("🍵", None),
])
def test_a_slug_is_made_of_the_name(client, name, stem):
    slug = client.category(name=name)["slug"]
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug), slug
    assert slug.startswith(stem or "")


def test_a_given_slug_that_is_taken_is_a_conflict(client):
    slug = f"taken-{uuid.uuid4().hex}"
    client.category(slug=slug)
    response = client.post(CATEGORIES, json={"name": "Another", "slug": slug})
    assert faults_in(response, "pointer", 409) == ["/slug"]


# --- rules ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("member, value", [
    ("name", ""), ("name", "  "), ("name", None), ("name", 1), ("name", "x" * 201), ("name", "a\nb"),
    ("slug", ""), ("slug", "A"), ("slug", "a--b"), ("slug", "-a"), ("slug", "a-"), ("slug", "a b"), ("slug", "é"),
    ("slug", 1),
    ("position", -1), ("position", 1.5), ("position", "1"), ("position", 2**31),
    ("parent_id", "tea"), ("parent_id", 1), ("parent_id", NOWHERE),
    ("id", NOWHERE), ("version", 1), ("created_at", "2026-11-23T09:15:02.123456Z"), ("updated_at", None),
    ("colour", "red"), ("price", "1"),
])
def test_values_beyond_a_rule_are_refused_by_name(client, member, value):
    body = {"name": unique("Category")}
    body[member] = value
    assert faults_in(client.post(CATEGORIES, json=body), "pointer") == [f"/{member}"]


def test_all_faults_are_listed_at_once(client):
    body = {"slug": "A B", "position": -1, "parent_id": "x", "version": 3, "nmae": "y"}
    response = client.post(CATEGORIES, json=body)
    assert faults_in(response, "pointer") == ["/name", "/nmae", "/parent_id", "/position", "/slug", "/version"]
    hint = [fault for fault in response.json()["errors"] if fault["pointer"] == "/nmae"][0]
    assert "name" in hint["detail"]


# --- change ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("content_type", ["application/merge-patch+json", "application/json",
                                          "application/merge-patch+json; charset=utf-8"])
def test_a_change_touches_what_it_names_only(client, content_type):
    category = client.category(position=3)
    name = unique("Renamed")
    response = patch(client, category, {"name": f"  {name} "}, content_type)
    assert response.status_code == 200, response.text
    changed = response.json()
    assert changed["updated_at"] > category["updated_at"]
    assert changed == category | {"name": name, "version": 2, "updated_at": changed["updated_at"]}
    assert response.headers["ETag"].strip("W/") == '"2"'
    assert client.get(target_of(category)).text == response.text


def test_every_field_can_be_changed(client):
    category, parent = client.category(), client.category()
    wanted = {"name": unique("All"),
              "slug": f"all-{uuid.uuid4().hex}", "position": 2**31 - 1, "parent_id": parent["id"]}
    changed = change(client, category, **wanted)
    assert {member: changed[member] for member in wanted} == wanted
    assert changed["version"] == 2


def test_null_is_what_a_creation_makes_of_a_field_left_out(client):
    parent = client.category()
    category = client.category(parent_id=parent["id"], position=5, slug=f"given-{uuid.uuid4().hex}")
    name = unique("Slug anew")
    changed = change(client, category, name=name, slug=None, position=None, parent_id=None)
    assert changed["slug"] == name.lower().replace(" ", "-")
    assert (changed["position"], changed["parent_id"], changed["version"]) == (0, None, 2)
    assert faults_in(patch(client, category, {"name": None}), "pointer") == ["/name"]


def test_a_change_that_changes_nothing_is_no_new_version(client, stack):
    parent = client.category()
    category = client.category(parent_id=parent["id"], position=4)
    same = [{}, {"colour": None}, {"name": category["name"] + " "}, {"slug": None}, {"slug": category["slug"]}, {"position": 4},
            {"parent_id": parent["id"].upper()}, {member: category[member] for member in ("name", "slug", "position")}]
    for members in same:
        response = patch(client, category, members)
        assert (response.status_code, response.json()) == (200, category), members
    assert [row[0] for row in feed_of(stack, category)] == ["category.created"]


@pytest.mark.parametrize("member, value", [
    ("name", ""), ("name", None), ("name", 1), ("name", "x" * 201), ("slug", "A b"), ("slug", 1), ("position", -1),
    ("position", "1"), ("parent_id", "tea"), ("parent_id", NOWHERE), ("id", NOWHERE),
    ("version", 7), ("created_at", None), ("updated_at", "2026-11-23T09:15:02.123456Z"), ("colour", "red"),
    ("id", None), ("updated_at", None),
])
def test_a_change_beyond_a_rule_is_refused_by_name(client, member, value):
    category = client.category()
    assert faults_in(patch(client, category, {member: value}), "pointer") == [f"/{member}"]
    assert client.get(target_of(category)).json() == category


def test_all_faults_of_a_change_are_listed_at_once(client):
    category = client.category()
    response = patch(client, category, {"slug": "A B", "position": -1, "version": 3, "name": None, "nmae": "y"})
    assert faults_in(response, "pointer") == ["/name", "/nmae", "/position", "/slug", "/version"]


@pytest.mark.parametrize("body, content_type, status", [
    (b"", "application/json", 400), (b"[]", "application/json", 400), (b"null", "application/merge-patch+json", 400),
    (b'{"name":', "application/json", 400), (b'{"name":"a","name":"b"}', "application/json", 400),
    (b"name=x", "application/x-www-form-urlencoded", 415), (b'{"name":"x"}', "text/plain", 415),
])
def test_a_body_that_is_no_patch_is_refused(client, body, content_type, status):
    category = client.category()
    response = client.request("PATCH", target_of(category), data=body, headers={"Content-Type": content_type})
    assert_problem(response, status)
    if status == 415:
        assert "application/merge-patch+json" in response.headers["Accept-Patch"]


def test_a_json_patch_changes_a_category(client):
    parent = client.category()
    category = client.category(parent_id=parent["id"], position=2, slug=f"json-{uuid.uuid4().hex}")
    operations = [{"op": "test", "path": "/version", "value": 1}, {"op": "replace", "path": "/position", "value": 5},
                  {"op": "remove", "path": "/slug"}, {"op": "remove", "path": "/parent_id"}]
    response = patch(client, category, operations, "application/json-patch+json")
    assert response.status_code == 200, response.text
    slug = category["name"].lower().replace(" ", "-")
    assert response.json() == category | {"position": 5, "slug": slug, "parent_id": None, "version": 2,
                                          "updated_at": response.json()["updated_at"]}
    assert_problem(patch(client, category, operations, "application/json-patch+json"), 409)
    response = patch(client, category, [{"op": "remove", "path": "/version"}], "application/json-patch+json")
    assert faults_in(response, "pointer") == ["/0/path"]


def test_a_slug_of_another_category_is_a_conflict(client):
    other, category = client.category(), client.category()
    assert faults_in(patch(client, category, {"slug": other["slug"]}), "pointer", 409) == ["/slug"]
    assert client.get(target_of(category)).json() == category
    assert change(client, category, name=other["name"], slug=None)["slug"] == f"{other['slug']}-2"


# --- conditions -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("condition", ['"1"', 'W/"1"', '"1-gzip"', '"7", "1"', "*"])
def test_a_condition_that_names_the_version_lets_a_write_through(client, condition):
    changed, deleted = client.category(), client.category()
    assert patch(client, changed, {"position": 9}, **{"If-Match": condition}).status_code == 200
    assert delete(client, deleted, **{"If-Match": condition}).status_code == 204


@pytest.mark.parametrize("condition", ['"1"', '"3"', '"1", "3"', '"other"'])
def test_a_stale_condition_is_told_the_version_there_is(client, condition):
    category = client.category()
    current = change(client, category, position=1)
    for response in (patch(client, category, {"position": 2}, **{"If-Match": condition}),
                     delete(client, category, **{"If-Match": condition})):
        problem = assert_problem(response, 412)
        assert problem["current_version"] == 2
        assert "version 2 " in problem["detail"]
        assert response.headers["ETag"] == '"2"'
    assert client.get(target_of(category)).json() == current


def test_a_stale_client_is_told_what_was_changed_since(client):
    category = client.category()
    change(client, category, position=1)
    change(client, category, name=unique("Later"), slug=None)
    for condition, fields in [('"1"', ["name", "position", "slug"]), ('"2"', ["name", "slug"]), ('"9"', None)]:
        for response in (patch(client, category, {"position": 2}, **{"If-Match": condition}),
                         delete(client, category, **{"If-Match": condition})):
            problem = assert_problem(response, 412)
            assert (problem["current_version"], problem.get("changed_fields") or None) == (3, fields)


def test_changes_of_other_fields_are_merged_on_request(client):
    category, parent = client.category(), client.category()
    change(client, category, position=1)
    stale = {"If-Match": '"1"', "Prefer": "merge=disjoint"}
    merged = patch(client, category, {"parent_id": parent["id"]}, **stale)
    assert (merged.status_code, merged.json()["position"], merged.json()["version"]) == (200, 1, 3)
    assert merged.json()["parent_id"] == parent["id"]
    assert_problem(patch(client, category, {"position": 2}, **stale), 412)
    assert_problem(patch(client, category, {"parent_id": None, "name": "x"}, **stale), 412)
    assert_problem(delete(client, category, **stale), 412)
    assert_problem(patch(client, category, {"name": "x"}, **{"If-Match": '"7"', "Prefer": "merge=disjoint"}), 412)
    assert client.get(target_of(category)).json() == merged.json()


def test_a_write_that_may_only_make_does_not_change(client):
    category = client.category()
    for response in (patch(client, category, {"position": 2}, **{"If-None-Match": "*"}),
                     delete(client, category, **{"If-None-Match": "*"})):
        assert_problem(response, 412)
    assert client.get(target_of(category)).json() == category


def test_a_condition_that_is_none_is_named(client):
    category = client.category()
    for response in (patch(client, category, {"position": 2}, **{"If-Match": "2"}),
                     delete(client, category, **{"If-Match": "2"})):
        assert faults_in(response, "header") == ["If-Match"]


def test_what_is_not_there_cannot_be_changed(client):
    lost = {"id": str(uuid.uuid4())}
    for headers in ({}, {"If-Match": "*"}):
        assert_problem(patch(client, lost, {"name": "x"}, **headers), 404)
        assert_problem(delete(client, lost, **headers), 404)
    assert_problem(patch(client, {"id": "tea"}, {"name": "x"}), 400)
    assert_problem(delete(client, {"id": "tea"}), 400)


def test_other_methods_and_parameters_are_refused(client):
    target = target_of(client.category())
    for method in ("PUT", "POST"):
        response = client.request(method, target, json={"name": "x"})
        assert_problem(response, 405)
        assert response.headers["Allow"] == "GET, HEAD, PATCH, DELETE, OPTIONS"
    assert faults_in(client.request("PATCH", f"{target}?force=1", json={"name": "x"}), "parameter") == ["force"]
    assert faults_in(client.request("DELETE", f"{target}?force=1"), "parameter") == ["force"]


# --- as other writes ------------------------------------------------------------------------------------------------


def test_a_dry_run_changes_nothing(client, stack):
    name = unique("Dry")
    made = client.post(f"{CATEGORIES}?dry_run=true", json={"name": name})
    assert (made.status_code, made.json()["name"], made.json()["version"]) == (201, name, 1)
    assert_problem(client.get(target_of(made.json())), 404)
    parent = client.category()
    child = client.category(parent_id=parent["id"])
    dry = client.request("PATCH", f"{target_of(child)}?dry_run=true", json={"parent_id": None})
    assert (dry.status_code, dry.json()["version"], dry.json()["parent_id"]) == (200, 2, None)
    cycle = client.request("PATCH", f"{target_of(parent)}?dry_run=true", json={"parent_id": child["id"]})
    assert faults_in(cycle, "pointer") == ["/parent_id"]
    assert_problem(client.request("DELETE", f"{target_of(parent)}?dry_run=true"), 409)
    assert client.request("DELETE", f"{target_of(child)}?dry_run=true").status_code == 204
    for category in (parent, child):
        assert client.get(target_of(category)).json() == category
        assert [row[0] for row in feed_of(stack, category)] == ["category.created"]


def test_a_minimal_answer_has_no_body(client):
    made = client.post(CATEGORIES, json={"name": unique("Minimal")}, headers={"Prefer": "return=minimal"})
    assert (made.status_code, made.content, made.headers["ETag"]) == (201, b"", '"1"')
    category = client.get(made.headers["Location"]).json()
    changed = patch(client, category, {"position": 3}, Prefer="return=minimal")
    assert (changed.status_code, changed.content, changed.headers["ETag"]) == (204, b"", '"2"')
    assert client.get(target_of(category)).json()["position"] == 3


def test_a_key_makes_a_creation_happen_once(client, stack):
    key = {"Idempotency-Key": uuid.uuid4().hex}
    body = {"name": unique("Once"), "slug": f"once-{uuid.uuid4().hex}"}
    first = client.post(CATEGORIES, json=body, headers=key)
    again = client.post(CATEGORIES, json=body, headers=key)
    assert (first.status_code, again.status_code, again.text) == (201, 201, first.text)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (again.headers["Location"], again.headers["ETag"]) == (first.headers["Location"], first.headers["ETag"])
    assert_problem(client.post(CATEGORIES, json=body | {"position": 1}, headers=key), 422)
    assert len(feed_of(stack, first.json())) == 1


def test_a_key_makes_a_change_and_a_deletion_happen_once(client, stack):
    category = client.category()
    keys = [{"Idempotency-Key": uuid.uuid4().hex} for _ in range(2)]
    answers = [patch(client, category, {"position": 3}, **keys[0]) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].text == answers[1].text
    assert [delete(client, category, **keys[1]).status_code for _ in range(2)] == [204, 204]
    assert_problem(patch(client, category, {"position": 4}, **keys[0]), 422)
    assert [row[1] for row in feed_of(stack, category)] == [1, 2, 3]


def test_many_with_one_key_make_one_category(client, stack):
    key, body = {"Idempotency-Key": uuid.uuid4().hex}, {"name": unique("Many")}
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: Client(stack.url).post(CATEGORIES, json=body, headers=key), range(16)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    made = {answer.json()["id"] for answer in answers if answer.status_code == 201}
    assert len(made) == 1
    assert [answer.json()["type"] for answer in answers if answer.status_code == 409] == \
        ["/problems/in-progress"] * sum(answer.status_code == 409 for answer in answers)
    assert client.post(CATEGORIES, json=body, headers=key).json()["id"] in made


# --- deletion -------------------------------------------------------------------------------------------------------


def test_a_deleted_category_is_gone(client):
    parent = client.category()
    category = client.category(parent_id=parent["id"])
    response = delete(client, category)
    assert (response.status_code, response.content) == (204, b"")
    assert_problem(client.get(target_of(category)), 404)
    assert_problem(delete(client, category), 404)
    assert client.get(f"{CATEGORIES}?parent_id={parent['id']}").json() == []
    assert delete(client, parent).status_code == 204
    assert client.category(slug=category["slug"])["slug"] == category["slug"]


def test_a_category_with_one_below_it_stays(client):
    parent = client.category()
    child = client.category(parent_id=parent["id"])
    assert faults_in(delete(client, parent), "parameter", 409) == ["id"]
    assert client.get(target_of(parent)).json() == parent
    change(client, child, parent_id=None)
    assert delete(client, parent).status_code == 204


@pytest.mark.parametrize("status", ["active", "draft", "archived", "deleted"])
def test_a_category_with_products_stays(client, stack, status):
    category = client.category()
    product = client.product(category["id"], status="active" if status == "deleted" else status)
    if status == "deleted":
        execute(stack, "UPDATE product SET deleted_at = now() WHERE id = %s", product["id"])
    problem = assert_problem(delete(client, category), 409)
    assert problem["errors"][0]["code"] == "has_products"
    assert "purged" in problem["detail"]
    execute(stack, "DELETE FROM product WHERE id = %s", product["id"])
    assert delete(client, category).status_code == 204
    response = client.post(PRODUCTS, json=client.draft(category["id"]))
    assert faults_in(response, "pointer") == ["/category_id"]


# --- the feed -------------------------------------------------------------------------------------------------------


def execute(stack, sql, *values):
    with stack.connect() as connection, connection.cursor() as cursor:
        cursor.execute(sql, values)


def feed_of(stack, category):
    """The changes of a category: type, version and what it was after each."""
    with stack.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT type, version, at, data FROM change WHERE id = %s ORDER BY xid, seq", [category["id"]])
        return cursor.fetchall()


def test_every_change_is_in_the_feed_as_it_was_answered(client, stack):
    made = client.post(CATEGORIES, json={"name": unique("Fed \"& more\" é")})
    category = made.json()
    changed = patch(client, category, {"position": 1})
    faults_in(patch(client, category, {"parent_id": category["id"]}), "pointer")
    assert delete(client, category).status_code == 204
    rows = feed_of(stack, category)
    assert [row[:2] for row in rows] == [("category.created", 1), ("category.updated", 2), ("category.deleted", 3)]
    assert [row[3] for row in rows[:2]] == [made.text, changed.text]
    last = json.loads(rows[2][3])
    assert last == changed.json() | {"version": 3, "updated_at": last["updated_at"]}
    for row in rows:
        at = f"{row[2]:%Y-%m-%dT%H:%M:%S.%fZ}"
        assert json.loads(row[3])["updated_at"] == at
