"""The worker spoken to from a shell with cgi-fcgi, as an operator does who doubts the front server."""

import json
import subprocess
import uuid

import pytest

from client import CATEGORIES, PRODUCTS, client_of


def cgi(stack, body=b"", **variables):
    """Runs cgi-fcgi with these variables and nothing else; the head as a dict, and the body."""
    done = subprocess.run(["/usr/bin/cgi-fcgi", "-bind", "-connect", str(stack.socket)], input=body, env=variables,
                          capture_output=True, timeout=15, check=True)
    assert done.stderr == b""
    head, _, content = done.stdout.partition(b"\r\n\r\n")
    lines = [line.split(": ", 1) for line in head.decode().split("\r\n")]
    return {name: value for name, value in lines}, content


def get(stack, target, **variables):
    return cgi(stack, REQUEST_METHOD="GET", REQUEST_URI=target, QUERY_STRING=target.partition("?")[2], **variables)


@pytest.fixture(scope="module")
def client(nginx_stack):
    with client_of(nginx_stack) as opened:
        yield opened


def test_a_get(nginx_stack, client):
    product = client.product()
    head, body = get(nginx_stack, f"{PRODUCTS}/{product['id']}")
    assert head["Status"] == "200 OK"
    assert head["Content-Type"] == "application/json"
    assert int(head["Content-Length"]) == len(body)
    assert json.loads(body) == product
    assert {"ETag", "X-Request-Id", "Server-Timing"} <= set(head)


def test_a_get_with_parameters(nginx_stack, client):
    product = client.product()
    head, body = get(nginx_stack, f"{PRODUCTS}?category_id={product['category_id']}&limit=1")
    assert head["Status"] == "200 OK"
    assert json.loads(body) == [product]


def test_a_post(nginx_stack, client):
    sent = json.dumps({"name": "Kännchen ☕", "price": "12.50", "category_id": client.category()["id"]},
                      ensure_ascii=False).encode()
    head, body = cgi(nginx_stack, sent, REQUEST_METHOD="POST", REQUEST_URI=PRODUCTS, CONTENT_TYPE="application/json",
                     CONTENT_LENGTH=str(len(sent)))
    assert head["Status"] == "201 Created"
    assert client.get(head["Location"]).json() == json.loads(body)


def test_a_head(nginx_stack, client):
    head, body = cgi(nginx_stack, REQUEST_METHOD="HEAD", REQUEST_URI=f"{CATEGORIES}/{client.category()['id']}")
    assert head["Status"] == "200 OK"
    assert body == b""
    assert int(head["Content-Length"]) > 0


def test_without_a_uri_the_path_is_taken(nginx_stack, client):
    category = client.category()
    head, body = cgi(nginx_stack, REQUEST_METHOD="GET", SCRIPT_NAME="", PATH_INFO=f"{CATEGORIES}/{category['id']}")
    assert head["Status"] == "200 OK"
    assert json.loads(body) == category


@pytest.mark.parametrize("variables", [
    {}, {"REQUEST_METHOD": "GET"}, {"REQUEST_URI": "/livez"}, {"REQUEST_METHOD": "", "REQUEST_URI": ""},
    {"REQUEST_METHOD": "GET", "REQUEST_URI": "*"}, {"REQUEST_METHOD": "GET", "REQUEST_URI": "\n"},
    {"REQUEST_METHOD": "X" * 5000, "REQUEST_URI": "/" + "x" * 60_000},
    {"REQUEST_METHOD": "GET", "REQUEST_URI": "http://example.org/livez"},
])
def test_a_poor_environment_is_answered(nginx_stack, variables):
    head, _ = cgi(nginx_stack, **variables)
    assert 200 <= int(head["Status"].split()[0]) < 500


@pytest.mark.parametrize("length", ["x", "-1", "1e3", "99999999999999999999", " 5", "5 ", "0x5"])
def test_a_length_that_is_none_is_refused(nginx_stack, length):
    head, body = cgi(nginx_stack, REQUEST_METHOD="POST", REQUEST_URI=CATEGORIES, CONTENT_TYPE="application/json",
                     CONTENT_LENGTH=length)
    assert head["Status"].split()[0] in ("400", "413")
    assert json.loads(body)["status"] == int(head["Status"].split()[0])


def test_what_a_forged_header_holds_adds_no_line(nginx_stack):
    head, _ = get(nginx_stack, f"{PRODUCTS}/{uuid.uuid4()}", HTTP_X_REQUEST_ID="a\r\nX-Forged: yes",
                  HTTP_TRACEPARENT="00-x\r\nX-Forged: yes")
    assert "X-Forged" not in head
