"""Properties: what goes in comes out, whatever it is, and nothing that a client sends is ever a fault of ours."""

import json
import string
import unicodedata
from decimal import Decimal
from urllib.parse import parse_qsl, quote_from_bytes, urlencode, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from client import CATEGORIES, PRODUCTS, assert_nothing_leaks, client_of, next_page, path_of

# derandomize: the same examples on every run, so that a red test is red again.
EXAMPLES = settings(max_examples=100, deadline=None, derandomize=True, database=None,
                    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])


@pytest.fixture(scope="module")
def client(nginx_stack):
    with client_of(nginx_stack) as opened:
        yield opened


@pytest.fixture(scope="module")
def category(client):
    return client.category()


def assert_ours_is_not_the_fault(response):
    assert response.status_code < 500, f"{response.status_code}: {response.text}"
    if response.status_code >= 400:
        assert_nothing_leaks(response.text)


# --- round trips ----------------------------------------------------------------------------------------------------


@st.composite
def prices(draw):
    """Every price that the contract takes, as its digits."""
    edges = st.sampled_from(["0", "9" * 14, "1" + "0" * 13])
    whole = draw(st.one_of(edges, st.integers(1, 10**14 - 1).map(str)))
    digits = draw(st.text("0123456789", max_size=4))
    price = f"{whole}.{digits}" if digits else whole
    return price if Decimal(price) > 0 else "0.0001"


@EXAMPLES
@given(price=prices(), as_number=st.booleans())
def test_every_price_keeps_its_digits(client, category, price, as_number):
    literal = price if as_number else f'"{price}"'
    body = '{"name":"Priced","category_id":"%s","price":%s}' % (category["id"], literal)
    response = client.post_raw(PRODUCTS, body)
    assert response.status_code == 201, response.text
    product = response.json()
    assert product["price"] == price
    assert client.get(path_of(product)).json() == product
    assert client.fresh(path_of(product)).json() == product
    query = urlencode({"category_id": category["id"], "min_price": price, "max_price": price, "limit": 1})
    assert client.get(f"{PRODUCTS}?{query}").json() == [product]


# Cc are the control characters, Cs the surrogates, which are no characters at all.
letters = st.characters(blacklist_categories=("Cc", "Cs"))


@EXAMPLES
@given(name=st.text(letters, min_size=1, max_size=200).filter(str.strip))
def test_every_name_comes_back_trimmed(client, category, name):
    response = client.post(PRODUCTS, json={"name": name, "price": "1", "category_id": category["id"]})
    assert response.status_code == 201, response.text
    product = response.json()
    assert product["name"].strip() == name.strip()
    assert product["name"] == product["name"].strip(" ")
    assert client.get(path_of(product)).json() == product
    assert client.fresh(path_of(product)).json() == product


@EXAMPLES
@given(name=st.text(max_size=210))
def test_any_text_is_a_name_or_is_refused_by_name(client, category, name):
    trimmed = name.strip()
    wrong = not trimmed or len(trimmed) > 200 or has_controls(trimmed)
    response = client.post(PRODUCTS, json={"name": name, "price": "1", "category_id": category["id"]})
    if wrong or not has_controls(name):
        assert response.status_code == (400 if wrong else 201), response.text
    if response.status_code == 400:
        assert {fault["pointer"] for fault in response.json()["errors"]} <= {"/name", ""}


def has_controls(text):
    return any(unicodedata.category(letter) == "Cc" for letter in text)


@EXAMPLES
@given(description=st.text(st.one_of(letters, st.sampled_from("\n\t")), max_size=2000))
def test_every_description_comes_back_as_it_was(client, category, description):
    product = client.product(category["id"], description=description)
    assert product["description"] == description
    assert client.get(path_of(product)).json() == product
    assert client.fresh(path_of(product)).json() == product


keys = st.builds(str.__add__, st.sampled_from(string.ascii_lowercase),
                 st.text(string.ascii_lowercase + string.digits + "_", max_size=39))
numbers = st.one_of(
    st.integers(-(10**18), 10**18), st.decimals(-(10**9), 10**9, places=6, allow_nan=False, allow_infinity=False))
values = st.one_of(st.text(letters, max_size=500), numbers, st.booleans(),
                   st.lists(st.text(letters, max_size=50), max_size=50))


@EXAMPLES
@given(attributes=st.dictionaries(keys, values, max_size=50))
def test_attributes_come_back_as_they_were(client, category, attributes):
    written = ",".join(f"{json.dumps(key)}:{literal(value)}" for key, value in attributes.items())
    body = '{"name":"Attributed","category_id":"%s","price":1,"attributes":{%s}}' % (category["id"], written)
    response = client.post_raw(PRODUCTS, body)
    assert response.status_code == 201, response.text
    target = path_of(response.json())
    for answer in (response, client.get(target), client.fresh(target)):
        read = json.loads(answer.text, parse_float=Decimal, parse_int=Decimal)["attributes"]
        assert read == attributes


def literal(value):
    return format(value, "f") if isinstance(value, Decimal) else json.dumps(value)


# --- bodies ---------------------------------------------------------------------------------------------------------

anything = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(), inner, max_size=3)), max_leaves=8)

members = ["id", "sku", "name", "description", "price", "currency", "category_id", "status", "attributes", "images",
           "group_key", "version", "created_at", "updated_at", "parent_id", "slug", "position", "colour"]


@EXAMPLES
@given(body=st.binary(max_size=2000), target=st.sampled_from([PRODUCTS, CATEGORIES]))
def test_random_bytes_are_refused(client, body, target):
    response = client.post_raw(target, body)
    assert_ours_is_not_the_fault(response)
    assert response.status_code == 400


@EXAMPLES
@given(body=anything, target=st.sampled_from([PRODUCTS, CATEGORIES]))
def test_random_json_is_answered(client, body, target):
    response = client.post_raw(target, json.dumps(body))
    assert_ours_is_not_the_fault(response)


@EXAMPLES
@given(body=st.dictionaries(st.sampled_from(members), anything, max_size=4),
       target=st.sampled_from([PRODUCTS, CATEGORIES]), valid=st.booleans())
def test_known_members_with_random_values_are_answered(client, category, body, target, valid):
    if valid:
        body = {"name": "Near", "price": "1", "category_id": category["id"], **body}
    assert_ours_is_not_the_fault(client.post(target, data=json.dumps(body),
                                             headers={"Content-Type": "application/json"}))


@st.composite
def mutations(draw):
    """Edits of a text: each cuts a span out at a place, and puts bytes there."""
    span = st.tuples(st.integers(0, 400), st.integers(0, 8),
                     st.one_of(st.binary(max_size=4), st.sampled_from([
                         b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b"\\u0000", b"\\ud800", b"null", b"-", b"1e9",
                         b"0", b".", b"\x00", b"\xff", b'"name":"x",', b"[[[[[[[[[[[[[[[[[["])))
    return draw(st.lists(span, min_size=1, max_size=4))


@EXAMPLES
@given(edits=mutations())
def test_a_nearly_valid_body_is_answered(client, category, edits):
    body = json.dumps({
        "sku": None, "name": "Nearly \u00e9 \"valid\"", "description": "a\nb", "price": "19.990", "currency": "EUR",
        "category_id": category["id"], "status": "draft",
        "attributes": {"colour": "green", "sizes": ["s", "m"], "n": 1.5}, "images": ["https://example.org/a.jpg"],
        "group_key": "K",
    }).encode()
    for place, length, insert in edits:
        place %= len(body) + 1
        body = body[:place] + insert + body[place + length:]
    response = client.post_raw(PRODUCTS, body)
    assert_ours_is_not_the_fault(response)
    assert response.status_code in (201, 400)
    if response.status_code == 201:
        assert client.get(path_of(response.json())).text == response.text


# --- targets and headers --------------------------------------------------------------------------------------------

targets = [PRODUCTS, CATEGORIES, "/livez", "/readyz", "/", "/api/v1/products/x"]
parameters = st.sampled_from(["category_id", "min_price", "max_price", "limit", "cursor", "parent_id", "q", ""])
printable = st.binary(max_size=60).map(quote_from_bytes)


@EXAMPLES
@given(target=st.sampled_from(targets),
       pairs=st.lists(st.tuples(st.one_of(parameters, printable), printable), max_size=6))
def test_random_parameters_are_answered(client, target, pairs):
    query = "&".join(f"{name}={value}" for name, value in pairs)
    assert_ours_is_not_the_fault(client.raw("GET", f"{target}?{query}"))


@EXAMPLES
@given(target=st.sampled_from(targets),
       junk=st.lists(st.sampled_from([chr(code) for code in range(0x21, 0x7F)] + ["%00", "%ff", "%c3"]), max_size=60))
def test_random_queries_are_answered(client, target, junk):
    assert_ours_is_not_the_fault(client.raw("GET", f"{target}?{''.join(junk)}"))


@EXAMPLES
@given(price=st.one_of(prices(), st.text("0123456789.-+eE ", max_size=24)),
       limit=st.one_of(st.integers(), st.text(max_size=5)))
def test_random_bounds_are_answered(client, price, limit):
    query = urlencode({"min_price": price, "max_price": price, "limit": limit})
    response = client.raw("GET", f"{PRODUCTS}?{query}")
    assert response.status_code in (200, 400), response.text


@EXAMPLES
@given(path=st.binary(max_size=80), base=st.sampled_from(["/", "/api/v1/", PRODUCTS + "/", CATEGORIES + "/"]),
       method=st.sampled_from(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]), quoted=st.booleans())
def test_random_paths_are_answered(client, path, base, method, quoted):
    if quoted:
        path = quote_from_bytes(path).encode()
    else:
        path = bytes(byte for byte in path if byte > 0x20 and byte != 0x7F)
    assert_ours_is_not_the_fault(client.raw(method, base.encode() + path))


names = ["Accept", "Content-Type", "If-None-Match", "If-Match", "Cache-Control", "X-Request-Id", "traceparent",
         "Prefer", "Idempotency-Key", "Authorization", "Origin", "X-Forwarded-For", "Accept-Language", "Range"]
field_bytes = st.text([chr(code) for code in range(0x20, 0x100) if code != 0x7F], max_size=200)
headers = st.lists(st.tuples(st.sampled_from(names), field_bytes), max_size=6)


@EXAMPLES
@given(fields=headers)
def test_random_headers_are_answered(client, category, fields):
    encoded = [(name, value.encode("latin-1")) for name, value in fields]
    assert_ours_is_not_the_fault(client.raw("GET", f"{CATEGORIES}/{category['id']}", encoded))
    assert_ours_is_not_the_fault(client.raw("POST", PRODUCTS, encoded, b'{"name":"x"}'))


# --- cursors --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def listing(client):
    """A list of products and a cursor of it."""
    home = client.category()["id"]
    for _ in range(3):
        client.product(home)
    following = next_page(client.get(f"{PRODUCTS}?category_id={home}&limit=1"))
    return home, dict(parse_qsl(urlsplit(following).query))["cursor"]


@EXAMPLES
@given(place=st.integers(0, 200), cut=st.integers(0, 3),
       insert=st.text(string.ascii_letters + string.digits + "-_=%+/.~", max_size=3))
def test_an_altered_cursor_is_refused(client, listing, place, cut, insert):
    home, cursor = listing
    place %= len(cursor) + 1
    altered = cursor[:place] + insert + cursor[place + cut:]
    response = client.get(f"{PRODUCTS}?" + urlencode({"category_id": home, "limit": 1, "cursor": altered}))
    assert response.status_code == (200 if altered == cursor else 400), altered


@EXAMPLES
@given(cursor=st.one_of(st.text(max_size=80), st.text(string.ascii_letters + string.digits + "-_", max_size=80)))
def test_an_invented_cursor_is_refused(client, listing, cursor):
    for target in (PRODUCTS, CATEGORIES):
        response = client.get(f"{target}?" + urlencode({"cursor": cursor}))
        assert response.status_code == 400
        assert [fault["parameter"] for fault in response.json()["errors"]] == ["cursor"]
