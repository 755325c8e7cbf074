"""Errors: unknown paths, methods, media types, broken bodies and bounds. Each is a problem document."""

import gzip

import pytest

from client import CATEGORIES, NOWHERE, PRODUCTS, Client, assert_problem, client_of, faults_in, path_of


@pytest.fixture(scope="module")
def client(stack):
    with client_of(stack) as opened:
        yield opened


@pytest.fixture(scope="module")
def category(client):
    return client.category()


def body_of(category, **members):
    return '{"name":"Body","price":"1","category_id":"%s"%s}' % (
        category["id"], "".join(f',"{name}":{literal}' for name, literal in members.items()))


# --- paths and methods ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", [
    "/", "/api", "/api/v1/", "/api/v2/products", "/api/v1/product", "/api/v1/Products", "/api/v1/products/",
    "/api/v1/categories/", "/api/v1//products", "/products", "/livez/", "/Livez", "/api/v1/products/a/b",
    "/api/v1/products.json", "/api/v1/products%2f", "/%61pi/v1/nothing", "/index.php", "/.env",
])
def test_an_unknown_path_is_not_found(client, target):
    problem = assert_problem(client.raw("GET", target), 404)
    assert problem["instance"].startswith("/")


@pytest.mark.parametrize("method, target, allowed", [
    ("PUT", PRODUCTS, {"GET", "HEAD", "POST", "OPTIONS"}), ("PATCH", PRODUCTS, {"GET", "HEAD", "POST", "OPTIONS"}),
    ("DELETE", PRODUCTS, {"GET", "HEAD", "POST", "OPTIONS"}),
    ("DELETE", CATEGORIES, {"GET", "HEAD", "POST", "OPTIONS"}),
    ("POST", f"{PRODUCTS}/{NOWHERE}", {"GET", "HEAD", "OPTIONS"}),
    ("POST", f"{CATEGORIES}/{NOWHERE}", {"GET", "HEAD", "OPTIONS"}),
    ("POST", "/livez", {"GET", "HEAD", "OPTIONS"}), ("DELETE", "/readyz", {"GET", "HEAD", "OPTIONS"}),
])
def test_another_method_is_answered_with_what_is_allowed(client, method, target, allowed):
    response = client.request(method, target)
    assert_problem(response, 405)
    assert {name.strip() for name in response.headers["Allow"].split(",")} >= allowed
    assert method not in response.headers["Allow"]


@pytest.mark.parametrize("target", [PRODUCTS, CATEGORIES, f"{PRODUCTS}/{NOWHERE}", "/livez"])
def test_options_tells_what_is_allowed(client, target):
    response = client.request("OPTIONS", target)
    assert response.status_code in (200, 204)
    assert {"GET", "HEAD", "OPTIONS"} <= {name.strip() for name in response.headers["Allow"].split(",")}
    assert_problem(client.request("OPTIONS", "/nothing"), 404)


def test_a_head_of_an_error_has_no_body(client):
    response = client.head("/nothing")
    assert (response.status_code, response.content) == (404, b"")


# --- media types ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("accept", [
    "application/json", "*/*", "application/*", "", "text/html, */*;q=0.1", "application/json;q=0.001",
    "APPLICATION/JSON", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html, application/json",
    "application/json; charset=utf-8",
])
def test_what_can_be_accepted_is_answered(client, category, accept):
    target = path_of(client.product(category["id"]))
    for path in (target, PRODUCTS, CATEGORIES, f"{CATEGORIES}/{category['id']}"):
        assert client.get(path, headers={"Accept": accept}).status_code == 200


@pytest.mark.parametrize("accept", [
    "text/html", "application/xml", "image/*", "application/json;q=0", "*/*;q=0", "application/json;q=0, */*;q=1",
    "application/jsonx", "text/*, image/png",
])
def test_what_cannot_be_accepted_is_refused(client, category, accept):
    target = path_of(client.product(category["id"]))
    for path in (target, PRODUCTS, CATEGORIES, f"{CATEGORIES}/{category['id']}"):
        assert_problem(client.get(path, headers={"Accept": accept}), 406)
    assert client.head(target, headers={"Accept": accept}).status_code == 406


def test_a_product_that_could_not_be_answered_is_not_made(client):
    home = client.category()["id"]
    response = client.post(PRODUCTS, json=client.draft(home), headers={"Accept": "text/html"})
    assert_problem(response, 406)
    assert client.get(f"{PRODUCTS}?category_id={home}").json() == []


@pytest.mark.parametrize("content_type", [
    "application/json", "application/json; charset=utf-8", 'Application/JSON;charset="UTF-8"', "application/json ;x=y",
])
def test_json_is_taken(client, category, content_type):
    assert client.post_raw(PRODUCTS, body_of(category), content_type).status_code == 201


@pytest.mark.parametrize("content_type", [
    None, "", "text/plain", "text/json", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data",
    "application/jsonx", "application/json; charset=iso-8859-1", "json", "application/merge-patch+json",
])
@pytest.mark.parametrize("target", [PRODUCTS, CATEGORIES])
def test_another_media_type_is_refused(client, category, content_type, target):
    assert_problem(client.post_raw(target, body_of(category), content_type), 415)


@pytest.mark.parametrize("method, target, content_type", [
    ("POST", PRODUCTS, "application/json"), ("POST", CATEGORIES, "application/json"),
    ("POST", f"{PRODUCTS}/batch", "application/json"), ("PUT", f"{PRODUCTS}/by-sku/A-1", "application/json"),
    ("PUT", f"{PRODUCTS}/{NOWHERE}", "application/json"),
    ("PATCH", f"{PRODUCTS}/{NOWHERE}", "application/json-patch+json"),
])
def test_a_compressed_body_is_refused(client, category, method, target, content_type):
    headers = {"Content-Type": content_type, "Content-Encoding": "gzip"}
    response = client.request(method, target, data=gzip.compress(body_of(category).encode()), headers=headers)
    problem = assert_problem(response, 415)
    assert response.headers["Accept-Encoding"] == "identity"
    assert "Content-Encoding" in problem["detail"]
    headers["Content-Encoding"] = "Identity"
    assert client.request(method, target, data=b"", headers=headers).status_code == 400


# --- bodies that are not JSON ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", [
    b"", b" ", b"{", b"}", b"{]", b"[", b"nul", b"{}{}", b"{} x", b"{'name':'x'}", b'{"name":"x",}', b"{name:1}",
    b"[1,]", b'{"a":1 "b":2}', b'{"a"}', b'{"a":}', b'"', b'"abc', b'{"a":tru}', b'{"a":TRUE}', b'{"price":01}',
    b'{"price":1.}', b'{"price":.5}', b'{"price":+1}', b'{"price":0x10}', b'{"price":NaN}', b'{"price":Infinity}',
    b'{"price":-}', b'{"price":1e}', b'{"a":"\t"}', b'{"a":"\n"}', b'{"a":"\x01"}', b'{"a":"\\x41"}', b'{"a":"\\u12"}',
    b"// a\n{}", b"/* a */{}", b"{}\x00", b"\x00", b"name=x&price=1", b"<product/>", b"\xff\xfe{\x00}\x00",
])
@pytest.mark.parametrize("target", [PRODUCTS, CATEGORIES])
def test_what_is_not_json_is_refused(client, target, body):
    assert faults_in(client.post_raw(target, body), "pointer") == [""]


@pytest.mark.parametrize("body", [b"null", b"true", b"1", b'"x"', b"[]", b'[{"name":"x"}]'])
@pytest.mark.parametrize("target", [PRODUCTS, CATEGORIES])
def test_what_is_not_an_object_is_refused(client, target, body):
    assert faults_in(client.post_raw(target, body), "pointer") == [""]


@pytest.mark.parametrize("text", [
    b"\\u0000", b"a\\u0000b", b"\\ud800", b"\\udc00", b"\\ud800\\ud800", b"\\udc00\\ud800", b"\\ud83cx", b"\xff",
    b"\xc0\x80", b"\xc3", b"\xe2\x82", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xf8\x88\x80\x80\x80",
])
@pytest.mark.parametrize("place", ['"name":"%s"', '"description":"%s"', '"attributes":{"a":"%s"}', '"%s":1'])
def test_text_that_is_not_unicode_is_refused(client, category, text, place):
    body = body_of(category)[:-1].encode() + b"," + place.encode().replace(b"%s", text) + b"}"
    assert_problem(client.post_raw(PRODUCTS, body), 400)


@pytest.mark.parametrize("escaped, meant", [
    ("\\ud83c\\udf75", "🍵"), ("\\u0041\\/\\\"\\\\", 'A/"\\'), ("\\u00e9", "é"), ("\\uFFFD", "\ufffd"),
    ("\\uffff", "\uffff"), ("\\ud836\\udc00", "\U0001d800"), ("\\uDBFF\\uDFFF", "\U0010ffff"),
    ("\\\\ud83c\\\\udf75", "\\ud83c\\udf75"),
])
def test_escapes_are_read(client, category, escaped, meant):
    body = '{"name":"%s","price":"1","category_id":"%s"}' % (escaped, category["id"])
    response = client.post_raw(PRODUCTS, body)
    assert response.status_code == 201, response.text
    assert response.json()["name"] == meant


@pytest.mark.parametrize("body, pointer", [
    ('{"name":"a","name":"b"}', "/name"), ('{"name":"a","n\\u0061me":"b"}', "/name"),
    ('{"name":"a","attributes":{"x":1,"y":2,"x":3}}', "/attributes/x"),
])
def test_a_repeated_member_is_refused_by_name(client, body, pointer):
    assert faults_in(client.post_raw(PRODUCTS, body), "pointer") == [pointer]


def test_json_is_at_most_16_deep(client, category):
    """The document and its attributes are two levels, so that 14 arrays just fit, and break another rule."""
    def nested(depth):
        return client.post_raw(PRODUCTS, body_of(category, attributes='{"a":' + "[" * depth + "]" * depth + "}"))

    assert faults_in(nested(14), "pointer") == ["/attributes/a/0"]
    assert faults_in(nested(15), "pointer") == [""]


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_an_abyss_is_refused(client, opening):
    assert faults_in(client.post_raw(PRODUCTS, opening * 100_000), "pointer") == [""]


def test_a_syntax_error_says_where(client):
    problem = assert_problem(client.post_raw(PRODUCTS, '{"name":"x",\n"price" 1}'), 400)
    assert "line 2" in problem["detail"] or "2:" in problem["detail"], problem["detail"]


# --- bounds ---------------------------------------------------------------------------------------------------------

MEBIBYTE = 1024 * 1024


def test_a_body_of_a_mebibyte_is_taken(client, category):
    body = body_of(category)
    response = client.post_raw(PRODUCTS, body + " " * (MEBIBYTE - len(body)))
    assert response.status_code == 201, response.text


@pytest.mark.parametrize("size", [MEBIBYTE + 1, 4 * MEBIBYTE])
def test_a_larger_body_is_refused(client, category, size):
    body = body_of(category)
    assert client.post_raw(PRODUCTS, body + " " * (size - len(body))).status_code == 413
    assert client.get("/livez").status_code == 200


def test_a_larger_body_is_refused_with_a_problem(nginx_stack):
    with Client(nginx_stack.url) as client:
        assert_problem(client.post_raw(PRODUCTS, b" " * (MEBIBYTE + 1)), 413)


def test_a_body_in_chunks_is_read(client, category):
    body = body_of(category).encode()
    response = client.post(PRODUCTS, data=iter([body[:10], body[10:]]), headers={"Content-Type": "application/json"})
    assert response.status_code in (201, 411), response.text
    if response.status_code == 201:
        assert response.json()["name"] == "Body"


def test_a_body_on_a_get_does_no_harm(client, category):
    target = path_of(client.product(category["id"]))
    for _ in range(3):
        assert client.request("GET", target, data=b"x" * 5000).status_code in (200, 400)
        assert client.get(target).status_code == 200


def test_a_long_uri_is_refused(client):
    assert client.get(f"{PRODUCTS}?cursor={'a' * 8000}").status_code in (400, 414)
    assert client.get(f"{PRODUCTS}/{'a' * 100_000}").status_code in (400, 414, 431)
