"""Products: what goes in, what comes out, and every rule of the contract's table of fields."""

import json
import uuid
from decimal import Decimal

import pytest

from client import (
    CATEGORIES, MICROSECONDS, NOWHERE, PRODUCTS, PRODUCT_MEMBERS, assert_problem, client_of, faults_in, path_of, unique)


@pytest.fixture(scope="module")
def client(stack):
    with client_of(stack) as opened:
        yield opened


@pytest.fixture(scope="module")
def category(client):
    return client.category()


def price_body(category, literal):
    """A body whose price is this JSON text, digit by digit."""
    return '{"name":"Priced","category_id":"%s","price":%s}' % (category["id"], literal)


# --- creating and reading -------------------------------------------------------------------------------------------


def test_a_minimal_product_gets_the_defaults(client, category):
    name = unique()
    response = client.post(PRODUCTS, json={"name": name, "price": "19.99", "category_id": category["id"]})
    assert response.status_code == 201
    assert response.headers["Content-Type"].split(";")[0] == "application/json"
    product = response.json()
    assert list(product) == PRODUCT_MEMBERS
    assert MICROSECONDS.fullmatch(product["created_at"])
    assert product["updated_at"] == product["created_at"]
    assert uuid.UUID(product["id"]).version == 7
    made = {member: product.pop(member) for member in ("id", "created_at", "updated_at")}
    assert product == {
        "sku": None, "name": name, "description": None, "price": "19.99", "currency": "USD",
        "category_id": category["id"], "status": "active", "attributes": {}, "images": [], "group_key": None,
        "version": 1,
    }
    assert response.headers["Location"] == f"{PRODUCTS}/{made['id']}"


def test_a_full_product_comes_back_as_it_was_sent(client, category):
    sent = {
        "sku": f"TEA-{uuid.uuid4().hex}", "name": "Grüner Tee 緑茶 🍵", "price": "0.0001", "currency": "EUR",
        "description": "First line\n\tsecond line, “quoted” \\ / \"plain\"", "category_id": category["id"],
        "status": "active", "attributes": {
            "colour": "green", "weight_g": 100, "organic": True, "loose": False, "ratio": 0.25,
            "notes": ["grassy", "sweet", "ümami"], "none": [],
        }, "images": ["https://example.org/a.jpg", "https://cdn.example.org:8443/b.png?size=2&x=%20#f"],
        "group_key": "TEA",
    }
    response = client.post(PRODUCTS, json=sent)
    assert response.status_code == 201, response.text
    created = response.json()
    assert {member: created[member] for member in sent} == sent
    for read in (client.get(path_of(created)), client.get(path_of(created)), client.fresh(path_of(created))):
        assert read.status_code == 200
        assert read.text == response.text


def test_the_location_leads_to_the_product(client, category):
    response = client.post(PRODUCTS, json=client.draft(category["id"]))
    assert client.get(response.headers["Location"]).json() == response.json()


def test_head_answers_as_get_without_the_body(client, category):
    target = path_of(client.product(category["id"]))
    got, head = client.get(target), client.head(target)
    assert head.status_code == 200
    assert head.content == b""
    for name in ("Content-Type", "Content-Length", "ETag", "Cache-Control", "Vary"):
        assert head.headers.get(name) == got.headers.get(name), name
    assert head.headers["Content-Length"] == str(len(got.content))
    assert client.head(f"{PRODUCTS}/{uuid.uuid4()}").status_code == 404


def test_ids_are_read_in_either_letter_case(client, category):
    product = client.product(category["id"])
    assert client.get(f"{PRODUCTS}/{product['id'].upper()}").json() == product
    shouted = client.product(category["id"].upper())
    assert shouted["category_id"] == category["id"]


@pytest.mark.parametrize("wrong", [
    "0", "abc", "00000000-0000-0000-0000-00000000000", "00000000-0000-0000-0000-0000000000000",
    "g0000000-0000-0000-0000-000000000000", "00000000000000000000000000000000", "{id}", "%00", "..", "%2e%2e", "é",
])
def test_a_malformed_id_is_the_callers_fault(client, wrong):
    response = client.raw("GET", f"{PRODUCTS}/{wrong}")
    assert response.status_code in (400, 404), response.text


def test_an_unknown_id_is_not_found(client):
    problem = assert_problem(client.get(f"{PRODUCTS}/{uuid.uuid4()}"), 404)
    assert problem["instance"].startswith(PRODUCTS)


def test_ids_of_later_products_are_greater(client, category):
    ids = [client.product(category["id"])["id"] for _ in range(3)]
    times = [uuid.UUID(made).int >> 80 for made in ids]
    assert times == sorted(times)


# --- prices ---------------------------------------------------------------------------------------------------------

PRICES = [
    "19.99", "19.990", "19.9900", "1", "1.0", "1.0000", "5", "10", "100", "0.1", "0.10", "0.0001", "0.3000", "0.3",
    "99999999999999", "99999999999999.9999", "90071992547409.9300", "90071992547409.9301", "12345678901234.0001",
    "1.1", "2.675", "1.005", "4.35", "0.07", "33333333333333.3333",
]


@pytest.mark.parametrize("price", PRICES)
@pytest.mark.parametrize("form", ["{}", '"{}"'], ids=["number", "string"])
def test_a_price_keeps_its_digits(client, category, price, form):
    response = client.post_raw(PRODUCTS, price_body(category, form.format(price)))
    assert response.status_code == 201, response.text
    assert response.json()["price"] == price
    target = path_of(response.json())
    assert client.get(target).json()["price"] == price
    assert client.fresh(target).json()["price"] == price


def test_prices_in_a_list_keep_their_digits(client):
    home = client.category()["id"]
    for price in PRICES:
        client.product(home, price=price)
    listed = client.get(f"{PRODUCTS}?category_id={home}").json()
    assert [product["price"] for product in listed] == PRICES[::-1]


@pytest.mark.parametrize("literal", [
    "0", '"0"', "0.0", '"0.0000"', "-1", '"-1"', "-0.01", '"+1"', "1e3", "1E3", "1.5e1", '"1e3"', "1e-2", '"01.5"',
    '"007"', '"00"', '"1."', '".5"', '"."', '""', '" 1"', '"1 "', '"1,5"', '"1_000"', '"0x10"', '"NaN"', '"Infinity"',
    "1.23456", '"1.23456"', "1.00000", "123456789012345", '"123456789012345"', "100000000000000", "1e400",
    "0.30000000000000004", '"١"', '"１"', "null", "true", "[]", "{}", '["1"]', '{"amount":1}',
])
def test_what_is_not_a_price_is_refused(client, category, literal):
    response = client.post_raw(PRODUCTS, price_body(category, literal))
    assert faults_in(response, "pointer") == ["/price"]


def test_the_contracts_example_of_an_error(client, category):
    response = client.post_raw(PRODUCTS, price_body(category, "0"))
    problem = assert_problem(response, 400, "Validation failed")
    assert problem["type"] == "/problems/validation"
    assert problem["detail"] == "price: must be greater than zero"
    assert problem["instance"] == PRODUCTS
    assert problem["errors"] == [{"pointer": "/price", "code": "not_positive", "detail": "must be greater than zero"}]


# --- every other field ----------------------------------------------------------------------------------------------

LONG_URL = "https://example.org/" + "a" * (2048 - len("https://example.org/"))


@pytest.mark.parametrize("member, value", [
    ("sku", "a"), ("sku", "0"), ("sku", "A.b_c-9"), ("sku", "x" * 64), ("sku", None),
    ("name", "x"), ("name", "x" * 200), ("name", "é" * 200), ("name", "🍵" * 200), ("name", "a\u2028b"),
    ("name", '<script>alert("&")</script>'), ("name", "'; DROP TABLE product; --"), ("name", "\\u0041\\n%s%n"),
    ("description", ""), ("description", "x" * 10_000), ("description", "🍵" * 10_000), ("description", "a\n\tb"),
    ("description", None),
    ("currency", "USD"), ("currency", "EUR"), ("currency", "JPY"), ("currency", "CHF"),
    ("status", "draft"), ("status", "active"), ("status", "archived"),
    ("attributes", {}), ("attributes", {"a": ""}), ("attributes", {"a" * 40: "x" * 500}),
    ("attributes", {"a": "🍵" * 500}), ("attributes", {f"k{n}": n for n in range(50)}),
    ("attributes", {"a_1": ["x"] * 50}), ("attributes", {"n": -12.5}), ("attributes", {"n": 0}),
    ("attributes", {"b": True}), ("attributes", {"b": False}), ("attributes", {"l": []}),
    ("images", []), ("images", [f"https://example.org/{n}" for n in range(10)]), ("images", [LONG_URL]),
    ("images", ["https://example.org"]), ("images", ["https://[2001:db8::1]:8443/a"]),
    ("group_key", "x" * 64), ("group_key", "é" * 64), ("group_key", None),
])
def test_values_at_the_edge_of_a_rule_are_taken(client, category, member, value):
    if member == "sku" and value:
        value = value if len(value) == 64 else value + "-" + uuid.uuid4().hex
        value = uuid.uuid4().hex + value[32:] if len(value) == 64 else value
    product = client.product(category["id"], **{member: value})
    assert product[member] == value
    assert client.get(path_of(product)).json()[member] == value
    assert client.fresh(path_of(product)).json()[member] == value


@pytest.mark.parametrize("member, value, pointer", [
    ("sku", "", "/sku"), ("sku", "-a", "/sku"), ("sku", ".a", "/sku"), ("sku", "a b", "/sku"), ("sku", "a/b", "/sku"),
    ("sku", "x" * 65, "/sku"), ("sku", "é", "/sku"), ("sku", "a\n", "/sku"), ("sku", 1, "/sku"), ("sku", [], "/sku"),
    ("name", "", "/name"), ("name", "   ", "/name"), ("name", "\t", "/name"), ("name", "x" * 201, "/name"),
    ("name", "🍵" * 201, "/name"), ("name", "a\nb", "/name"), ("name", "a\tb", "/name"), ("name", "a\x07b", "/name"),
    ("name", "a\x7fb", "/name"), ("name", "a\x85b", "/name"), ("name", None, "/name"), ("name", 1, "/name"),
    ("name", ["x"], "/name"), ("name", {}, "/name"),
    ("description", "x" * 10_001, "/description"), ("description", "a\rb", "/description"),
    ("description", "a\x1bb", "/description"), ("description", "a\x9fb", "/description"),
    ("description", 7, "/description"), ("description", {}, "/description"),
    ("currency", "eur", "/currency"), ("currency", "EU", "/currency"), ("currency", "EURO", "/currency"),
    ("currency", "E1R", "/currency"), ("currency", "", "/currency"), ("currency", "ÉUR", "/currency"),
    ("currency", 978, "/currency"),
    ("category_id", "", "/category_id"), ("category_id", "tea", "/category_id"), ("category_id", None, "/category_id"),
    ("category_id", 1, "/category_id"), ("category_id", NOWHERE, "/category_id"),
    ("status", "deleted", "/status"), ("status", "Active", "/status"), ("status", "", "/status"),
    ("status", True, "/status"),
    ("attributes", [], "/attributes"), ("attributes", "a", "/attributes"), ("attributes", 1, "/attributes"),
    ("attributes", {f"k{n}": n for n in range(51)}, "/attributes"),
    ("attributes", {"A": 1}, "/attributes/A"), ("attributes", {"1a": 1}, "/attributes/1a"),
    ("attributes", {"_a": 1}, "/attributes/_a"), ("attributes", {"a-b": 1}, "/attributes/a-b"),
    ("attributes", {"a/b~c": 1}, "/attributes/a~1b~0c"), ("attributes", {"": 1}, "/attributes/"),
    ("attributes", {"a" * 41: 1}, "/attributes/" + "a" * 41), ("attributes", {"é": 1}, "/attributes/é"),
    ("attributes", {"a": "x" * 501}, "/attributes/a"), ("attributes", {"a": None}, "/attributes/a"),
    ("attributes", {"a": {"b": 1}}, "/attributes/a"), ("attributes", {"a": ["x"] * 51}, "/attributes/a"),
    ("attributes", {"a": ["x", 1]}, "/attributes/a/1"), ("attributes", {"a": [["x"]]}, "/attributes/a/0"),
    ("attributes", {"a": [None]}, "/attributes/a/0"),
    ("images", {}, "/images"), ("images", "https://example.org/a", "/images"),
    ("images", [f"https://example.org/{n}" for n in range(11)], "/images"),
    ("images", ["http://example.org/a"], "/images/0"), ("images", ["/a.jpg"], "/images/0"),
    ("images", ["https://example.org/a", "//example.org/a"], "/images/1"), ("images", ["https://"], "/images/0"),
    ("images", ["https:///a"], "/images/0"), ("images", ["https://exa mple.org/"], "/images/0"),
    ("images", ["https://example.org/\n"], "/images/0"), ("images", ["javascript:alert(1)"], "/images/0"),
    ("images", [LONG_URL + "a"], "/images/0"), ("images", [1], "/images/0"), ("images", [None], "/images/0"),
    ("images", [""], "/images/0"),
    ("group_key", "x" * 65, "/group_key"), ("group_key", 1, "/group_key"),
])
def test_values_beyond_a_rule_are_refused_by_name(client, category, member, value, pointer):
    draft = client.draft(category["id"])
    draft[member] = value
    assert faults_in(client.post(PRODUCTS, json=draft), "pointer") == [pointer]


@pytest.mark.parametrize("member", ["name", "price", "category_id"])
def test_what_is_required_is_asked_for(client, category, member):
    draft = client.draft(category["id"])
    del draft[member]
    assert faults_in(client.post(PRODUCTS, json=draft), "pointer") == [f"/{member}"]


@pytest.mark.parametrize("member, value", [
    ("id", NOWHERE), ("version", 1), ("created_at", "2026-11-23T09:15:02.123456Z"),
    ("updated_at", "2026-11-23T09:15:02.123456Z"), ("id", None),
])
def test_server_made_members_are_refused(client, category, member, value):
    draft = client.draft(category["id"])
    draft[member] = value
    assert faults_in(client.post(PRODUCTS, json=draft), "pointer") == [f"/{member}"]


@pytest.mark.parametrize("member, nearest", [
    ("nmae", "name"), ("Price", "price"), ("categoryId", "category_id"), ("descripton", "description"),
])
def test_an_unknown_member_is_refused_with_a_hint(client, category, member, nearest):
    draft = client.draft(category["id"])
    draft[member] = "1"
    problem = assert_problem(client.post(PRODUCTS, json=draft), 400)
    assert [fault["pointer"] for fault in problem["errors"]] == [f"/{member}"]
    assert nearest in problem["errors"][0]["detail"]


def test_a_name_is_trimmed(client, category):
    product = client.product(category["id"], name="  Green   tea \t ")
    assert product["name"] == "Green   tea"


def test_a_sku_is_unique_whatever_its_letter_case(client, category):
    sku = f"Sku-{uuid.uuid4().hex}"
    client.product(category["id"], sku=sku)
    for taken in (sku, sku.upper(), sku.lower()):
        response = client.post(PRODUCTS, json=client.draft(category["id"], sku=taken))
        assert faults_in(response, "pointer", 409) == ["/sku"]
    client.product(category["id"], sku=sku + "x")


def test_a_refused_product_is_not_stored(client):
    home = client.category()["id"]
    assert client.post(PRODUCTS, json=client.draft(home, price="0")).status_code == 400
    assert client.get(f"{PRODUCTS}?category_id={home}").json() == []


def test_all_faults_are_listed_at_once(client):
    response = client.post(PRODUCTS, json={
        "id": "x", "sku": "a b", "name": " ", "description": "\x07", "price": -1, "currency": "euro",
        "category_id": "tea", "status": "gone", "attributes": {"A": 1, "b": None, "c": ["x", 2]},
        "images": ["ftp://a", "https://example.org/a", 3], "group_key": 1, "colour": "red",
    })
    assert faults_in(response, "pointer") == sorted([
        "/id", "/sku", "/name", "/description", "/price", "/currency", "/category_id", "/status", "/attributes/A",
        "/attributes/b", "/attributes/c/1", "/images/0", "/images/2", "/group_key", "/colour",
    ])


def test_what_is_missing_and_what_is_wrong_are_listed_together(client):
    assert faults_in(client.post(PRODUCTS, json={}), "pointer") == ["/category_id", "/name", "/price"]
    response = client.post(PRODUCTS, json={"price": "x", "colour": 1})
    assert faults_in(response, "pointer") == ["/category_id", "/colour", "/name", "/price"]


def test_a_thousand_faults_are_answered_within_bounds(client, category):
    draft = client.draft(category["id"])
    draft.update({f"unknown_{n}": n for n in range(1000)})
    response = client.post(PRODUCTS, json=draft)
    assert_problem(response, 400)
    assert len(response.content) < 100_000


def test_numbers_among_attributes_keep_their_value(client, category):
    body = ('{"name":"Numbers","price":1,"category_id":"%s","attributes":'
            '{"a":0.1,"b":12345678901234567890,"c":-0.00000001,"d":1e3,"e":10.50,"f":-7}}' % category["id"])
    response = client.post_raw(PRODUCTS, body)
    assert response.status_code == 201, response.text
    for text in (response.text, client.get(path_of(response.json())).text):
        assert json.loads(text, parse_float=Decimal, parse_int=Decimal)["attributes"] == {
            "a": Decimal("0.1"), "b": Decimal("12345678901234567890"), "c": Decimal("-0.00000001"),
            "d": Decimal("1000"), "e": Decimal("10.5"), "f": Decimal("-7"),
        }


def test_a_client_of_the_old_application_works(client):
    """It knows {id, name, price, category_id, created_at}, a bare array, and the members error and timestamp."""
    home = client.category()["id"]
    made = client.post(PRODUCTS, json={"name": "Old", "price": 9.5, "category_id": home})
    assert made.status_code == 201
    listed = client.get(f"{PRODUCTS}?category_id={home}").json()
    assert isinstance(listed, list)
    assert {"id", "name", "price", "category_id", "created_at"} <= set(listed[0])
    refused = client.post(PRODUCTS, json={"name": "", "price": 9.5, "category_id": home}).json()
    assert isinstance(refused["error"], str) and isinstance(refused["timestamp"], str)


def test_categories_and_products_are_apart(client, category):
    product = client.product(category["id"])
    assert client.get(f"{CATEGORIES}/{product['id']}").status_code == 404
    assert client.get(f"{PRODUCTS}/{category['id']}").status_code == 404
