"""Categories: creation, slugs, the tree and its depth, and reading them one by one."""

import re
import uuid

import pytest

from client import CATEGORIES, MICROSECONDS, assert_problem, client_of, faults_in, unique


@pytest.fixture(scope="module")
def client(stack):
    with client_of(stack) as opened:
        yield opened


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
    ("parent_id", "tea"), ("parent_id", 1), ("parent_id", str(uuid.uuid4())),
    ("id", str(uuid.uuid4())), ("version", 1), ("created_at", "2026-11-23T09:15:02.123456Z"), ("updated_at", None),
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


def test_the_tree_is_at_most_eight_deep(client):
    parent = client.category()
    for _ in range(7):
        parent = client.category(parent_id=parent["id"])
    response = client.post(CATEGORIES, json={"name": "Ninth", "parent_id": parent["id"]})
    assert faults_in(response, "pointer") == ["/parent_id"]
