"""What every test of the service uses to speak HTTP to it, and the checks that hold for every answer."""

import contextlib
import http.client
import itertools
import json
import re
import socket
import uuid
from urllib.parse import urljoin, urlsplit

import requests

PRODUCTS = "/api/v1/products"
CATEGORIES = "/api/v1/categories"
NOWHERE = "01900000-0000-7000-8000-0000000000ff"  # the id of nothing

PRODUCT_MEMBERS = [
    "id", "sku", "name", "description", "price", "currency", "category_id", "status", "attributes", "images",
    "group_key", "version", "created_at", "updated_at",
]

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
SECONDS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
MICROSECONDS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")

_serial = itertools.count(1)
_run = uuid.uuid4().hex[:8]


def unique(prefix="Thing"):
    """A name that nothing else in the database has."""
    return f"{prefix} {_run} {next(_serial)}"


class Client:
    """One keep-alive connection to a front server. Nothing is compressed unless a test asks for it."""

    def __init__(self, url, timeout=15):
        self.url = url.rstrip("/")
        self.timeout = timeout
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers.clear()
        self.session.headers.update({"Accept": "*/*", "Accept-Encoding": "identity"})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.session.close()

    def request(self, method, target, **options):
        options.setdefault("timeout", self.timeout)
        options.setdefault("allow_redirects", False)
        return self.session.request(method, urljoin(self.url + "/", target), **options)

    def get(self, target, **options):
        return self.request("GET", target, **options)

    def head(self, target, **options):
        return self.request("HEAD", target, **options)

    def post(self, target, **options):
        return self.request("POST", target, **options)

    def put(self, target, **options):
        return self.request("PUT", target, **options)

    def patch(self, target, **options):
        return self.request("PATCH", target, **options)

    def delete(self, target, **options):
        return self.request("DELETE", target, **options)

    def post_raw(self, target, body, content_type="application/json", **headers):
        """A body byte for byte, as a client with faults of its own would send it."""
        if isinstance(body, str):
            body = body.encode()
        if content_type is not None:
            headers["Content-Type"] = content_type
        return self.post(target, data=body, headers=headers)

    def raw(self, method, target, headers=(), body=None):
        """A request whose target and headers go out byte for byte: requests would mend them."""
        return raw_request(self.url, method, target, headers, body, self.timeout)

    def category(self, **members):
        members.setdefault("name", unique("Category"))
        response = self.post(CATEGORIES, json=members)
        assert response.status_code == 201, response.text
        return response.json()

    def product(self, category_id=None, **members):
        response = self.post(PRODUCTS, json=self.draft(category_id, **members))
        assert response.status_code == 201, response.text
        return response.json()

    def draft(self, category_id=None, **members):
        """The members of a valid product."""
        members.setdefault("name", unique("Product"))
        members.setdefault("price", "19.99")
        members["category_id"] = category_id or self.category()["id"]
        return members

    def fresh(self, target):
        """A read that the cache must not answer."""
        return self.get(target, headers={"Cache-Control": "no-cache"})

    def pages(self, target):
        """Follows rel=next from a list to its end: one list of members per page."""
        seen = set()
        while target:
            assert target not in seen, "a page leads back to itself"
            seen.add(target)
            response = self.get(target)
            assert response.status_code == 200, response.text
            yield response.json()
            target = next_page(response)

    def all_of(self, target):
        return [member for page in self.pages(target) for member in page]


@contextlib.contextmanager
def client_of(stack):
    """A client of a stack, whose workers must all outlive it: the front hides the death of one behind another try."""
    before = stack.workers()
    with Client(stack.url) as client:
        yield client
    assert stack.workers() == before, "a worker died"


class RawResponse:
    """The parts of an answer that tests of raw requests look at; names as in requests."""

    def __init__(self, response):
        self.status_code = response.status
        self.headers = requests.structures.CaseInsensitiveDict(response.getheaders())
        self.content = response.read()
        self.text = self.content.decode("utf-8", "replace")

    def json(self):
        return json.loads(self.text)


def raw_request(url, method, target, headers=(), body=None, timeout=15):
    parts = urlsplit(url)
    if isinstance(target, str):
        target = target.encode()
    lines = [method.encode() + b" " + target + b" HTTP/1.1", b"Host: " + parts.netloc.encode(), b"Connection: close"]
    for name, value in headers:
        value = value.encode() if isinstance(value, str) else value
        lines.append(name.encode() + b": " + value)
    if body is not None:
        lines.append(b"Content-Length: %d" % len(body))
    with socket.create_connection((parts.hostname, parts.port), timeout=timeout) as connection:
        connection.sendall(b"\r\n".join(lines) + b"\r\n\r\n" + (body or b""))
        response = http.client.HTTPResponse(connection, method=method)
        response.begin()
        return RawResponse(response)


def next_page(response):
    """The target of rel=next as an absolute URL, or None."""
    link = response.links.get("next")
    return urljoin(response.url, link["url"]) if link else None


def path_of(product):
    return f"{PRODUCTS}/{product['id']}"


def assert_problem(response, status, title=None):
    """Holds an error against the contract (RFC 9457 and our own members), and returns it."""
    assert response.status_code == status, f"{response.status_code}, not {status}: {response.text[:500]}"
    assert response.headers["Content-Type"].split(";")[0] == "application/problem+json"
    problem = response.json()
    assert problem["type"].startswith("/problems/")
    assert problem["status"] == status
    assert isinstance(problem["title"], str) and problem["title"]
    assert isinstance(problem["detail"], str) and problem["detail"]
    assert problem["error"] == problem["title"]
    assert SECONDS.fullmatch(problem["timestamp"]), problem["timestamp"]
    assert REQUEST_ID.fullmatch(problem["request_id"])
    assert problem["request_id"] == response.headers["X-Request-Id"]
    for fault in problem.get("errors", []):
        assert len({"pointer", "parameter", "header"} & set(fault)) == 1, fault
        assert isinstance(fault["code"], str) and re.fullmatch(r"[a-z0-9_]+", fault["code"]), fault
        assert isinstance(fault["detail"], str) and fault["detail"], fault
    assert_nothing_leaks(response.text)
    if title:
        assert problem["title"] == title
    return problem


def assert_nothing_leaks(text):
    """No answer shows SQL, a file path or a stack."""
    for leak in ("SELECT ", "INSERT ", "SQLSTATE", "libpq", "/usr/", "/tmp/", "/home/", "/run/", ".c:", "pg_"):
        assert leak not in text, f"{leak!r} in {text!r}"


def faults(response, status=400):
    """What a problem names, as a sorted list: pointers, parameters and headers."""
    problem = assert_problem(response, status)
    return sorted(
        fault.get("pointer", fault.get("parameter", fault.get("header"))) for fault in problem.get("errors", []))


def faults_in(response, member, status=400):
    """The same of one kind alone: member is pointer, parameter or header."""
    problem = assert_problem(response, status)
    return sorted(fault[member] for fault in problem.get("errors", []) if member in fault)
