"""What the front servers do themselves, with the shipped configurations of nginx and lighttpd."""

import concurrent.futures
import contextlib
import json
import re
import shutil
import socket
import subprocess
import time
import uuid
from urllib.parse import urlsplit

import pytest
import requests

from client import NOWHERE, PRODUCTS, Client, assert_problem, path_of, raw_request
from load import eventually
from stack import ROOT, await_true, free_port, json_lines

ORIGIN = "https://shop.example.org"
MEBIBYTE = 1 << 20
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}
ASKED_HEADERS = {"authorization", "content-type", "if-match", "if-none-match", "idempotency-key", "prefer",
                 "x-request-id", "traceparent"}
SHOWN_HEADERS = {"etag", "link", "location", "retry-after", "x-request-id", "x-total-count", "server-timing",
                 "preference-applied", "idempotency-replayed"}


@pytest.fixture
def client(stack):
    with Client(stack.url) as opened:
        yield opened


def words(value):
    return {word.strip() for word in value.split(",")}


def lower_words(value):
    return words(value.lower())


def exchange(url, sent):
    """Sends bytes as they are; the status and the headers of the answer, and its body."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port), timeout=10) as connection:
        connection.sendall(sent)
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
    head, _, body = received.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    return int(status.split()[1]), dict(line.lower().split(": ", 1) for line in lines), body


def logged(stack, needle):
    """The lines of the access log with this text, each read as JSON; it is written with some delay."""
    def found():
        return [line for line in stack.access_log.read_bytes().split(b"\n") if needle.encode() in line]
    return [json.loads(line.decode("utf-8")) for line in eventually(found, timeout=10)]


def assert_no_worker_was_asked(stack, request_id):
    time.sleep(0.05)  # a line may wait for others
    assert request_id not in stack.log.read_text(), "a worker was asked"


# --- browsers -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", [PRODUCTS, f"{PRODUCTS}/{NOWHERE}", "/nowhere"])
def test_a_preflight_is_answered_by_the_front(stack, client, target):
    given = uuid.uuid4().hex
    response = client.request("OPTIONS", target, headers={
        "Origin": ORIGIN, "Access-Control-Request-Method": "PATCH", "X-Request-Id": given,
        "Access-Control-Request-Headers": "authorization, content-type, if-match"})
    assert response.status_code == 204
    assert response.content == b""
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert METHODS <= words(response.headers["Access-Control-Allow-Methods"])
    assert ASKED_HEADERS <= lower_words(response.headers["Access-Control-Allow-Headers"])
    assert int(response.headers["Access-Control-Max-Age"]) >= 600
    assert_no_worker_was_asked(stack, given)


def test_an_options_that_is_no_preflight_is_the_workers(stack, client):
    given = uuid.uuid4().hex
    response = client.request("OPTIONS", PRODUCTS, headers={"X-Request-Id": given})
    assert response.status_code in (204, 405)
    assert "Access-Control-Allow-Methods" not in response.headers
    eventually(lambda: given in stack.log.read_text())


@pytest.mark.parametrize("method, target, status", [
    ("GET", PRODUCTS, 200), ("GET", f"{PRODUCTS}/{NOWHERE}", 404), ("DELETE", PRODUCTS, 405),
    ("GET", "/metrics", 404),
])
def test_a_browser_may_read_every_answer(client, method, target, status):
    response = client.request(method, target, headers={"Origin": ORIGIN})
    assert response.status_code == status
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert SHOWN_HEADERS <= lower_words(response.headers["Access-Control-Expose-Headers"])
    assert "Access-Control-Allow-Methods" not in response.headers


# --- bounds ---------------------------------------------------------------------------------------------------------


def test_a_body_of_a_mebibyte_reaches_the_worker(client):
    body = json.dumps(client.draft()).encode()
    assert client.post_raw(PRODUCTS, body + b" " * (MEBIBYTE - len(body))).status_code == 201


def test_a_larger_body_is_refused_by_the_front(stack, client):
    given = uuid.uuid4().hex
    response = client.post_raw(PRODUCTS, b" " * (MEBIBYTE + 1), **{"X-Request-Id": given})
    assert_problem(response, 413)
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert_no_worker_was_asked(stack, given)


def test_a_larger_body_in_chunks_is_refused_by_the_front(stack):
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    status, headers, body = exchange(stack.url, b"POST /api/v1/products HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                                     b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 17 + b"0\r\n\r\n")
    assert (status, json.loads(body)["status"]) == (413, 413)
    assert headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("sent, statuses", [
    (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", (414, 431)),
    (b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 70_000 + b"\r\n\r\n", (431,)),
    (b"GET / HTTP/1.1\r\n\r\n", (400,)),
    (b"GET / HTTP/9.9\r\nHost: x\r\n\r\n", (505,)),
    (b"\x16\x03\x01\x02\x00\r\n\r\n", (400,)),
    (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", (400,)),
    (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", (400,)),
    (b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\nno number\r\n", (400,)),
    (b"GET /a%00b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", (400,)),
    (b"GET /a\x01b HTTP/1.1\r\nHost: x\r\n\r\n", (400,)),
])
def test_what_is_no_request_is_a_problem_too(stack, sent, statuses):
    status, headers, body = exchange(stack.url, sent)
    assert status in statuses
    problem = json.loads(body)
    assert problem["status"] == status
    assert set(problem) >= {"type", "title", "detail", "error", "timestamp", "request_id"}
    assert headers["content-type"] == "application/problem+json"
    assert headers["x-request-id"] == problem["request_id"]
    assert headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("target", [
    "/metrics", "/status", "/metrics?x=1", "/status/", "/metrics/a", "//metrics", "/./status", "/x/../metrics",
    "/%6Detrics", "/%2e/metrics",
])
def test_what_is_for_operators_is_hidden(stack, target):
    given = uuid.uuid4().hex
    response = raw_request(stack.url, "GET", target, [("X-Request-Id", given)])
    assert_problem(response, 404)
    assert_no_worker_was_asked(stack, given)


# --- what the worker is told ----------------------------------------------------------------------------------------


def test_a_request_id_is_handed_on(stack, client):
    given = f"my.own_id-{uuid.uuid4().hex}"
    response = client.get(PRODUCTS, headers={"X-Request-Id": given, "traceparent": TRACE})
    assert response.headers["X-Request-Id"] == given
    eventually(lambda: given in stack.log.read_text())
    (line,) = logged(stack, given)
    assert line["traceparent"] == TRACE


def test_a_request_id_is_made_where_none_will_do(stack):
    made = []
    for hostile in (None, "", "a b", 'a"b', "a,b", "<script>", "\t", "x" * 129, "ä".encode(), b"\xff", "../../etc",
                    "a\\b"):
        response = raw_request(stack.url, "GET", PRODUCTS, [] if hostile is None else [("X-Request-Id", hostile)])
        if response.status_code != 400:  # which says that the front refuses such a header
            made.append(response.headers["X-Request-Id"])
    assert len(made) == len(set(made)) >= 9
    for request_id in made:
        assert re.fullmatch(r"[0-9a-f]{32}", request_id)
        eventually(lambda: request_id in stack.log.read_text())
        assert logged(stack, request_id)


def test_a_header_with_underscores_is_not_taken_for_another(stack):
    response = raw_request(stack.url, "GET", PRODUCTS, [("X_Request_Id", "forged-one")])
    assert response.headers["X-Request-Id"] != "forged-one"


def test_the_uri_is_handed_on_as_it_came(stack):
    mark = uuid.uuid4().hex
    target = f"//{mark}/./a%2Fb/../%41?q=%20+%2B"
    assert_problem(raw_request(stack.url, "GET", target), 404)
    eventually(lambda: target in stack.log.read_text())


def test_a_head_has_the_headers_and_no_body(client):
    target = path_of(client.product())
    whole, head = client.get(target), client.head(target)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["ETag"] == whole.headers["ETag"]
    assert head.headers["Content-Length"] == str(len(whole.content))


# --- compression ----------------------------------------------------------------------------------------------------


def test_a_long_answer_is_compressed_where_it_is_asked_for(client):
    plain = client.get(PRODUCTS)
    packed = client.get(PRODUCTS, headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "accept-encoding" in lower_words(packed.headers["Vary"])
    assert packed.json() == plain.json()


def test_a_tag_that_compression_altered_still_matches(client):
    target = path_of(client.product(description="long " * 1000))
    packed = client.get(target, headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    again = client.get(target, headers={"Accept-Encoding": "gzip", "If-None-Match": packed.headers["ETag"]})
    assert again.status_code == 304


# --- the access log -------------------------------------------------------------------------------------------------


def test_the_access_log_is_json_whatever_is_sent(stack):
    marks = []
    for target in (b'/"},{"a":"b', b"/\xff\xfe\xc3\x28", b"/\xe2\x82", b"/a\\", b"/caf\xc3\xa9", b"/%22%0a",
                   b"/?q=\xf0\x9f\x8d\xb5"):
        for agent in (b"plain", b'a"b\\c', b"\xff\x80\xc0\xaf", b"\xed\xa0\x80", b"tab\there", "Teeöl ☕".encode(),
                      b"%s%n"):
            mark = uuid.uuid4().hex
            marks.append(mark)
            exchange(stack.url, b"GET " + target + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\nUser-Agent: " + agent
                     + b"\r\nX-Request-Id: " + mark.encode() + b"\r\ntraceparent: \"\xff\r\n\r\n")
    last = uuid.uuid4().hex
    requests.get(f"{stack.url}/livez", headers={"X-Request-Id": last}, timeout=5)
    (line,) = logged(stack, last)
    assert line.keys() >= {"time", "request_id", "traceparent", "remote", "method", "uri", "protocol", "status",
                           "bytes", "upstream_time", "agent"}
    assert (line["method"], line["uri"], line["status"]) == ("GET", "/livez", 200)

    def entries():
        return json_lines(stack.access_log)

    # A request that lighttpd refuses while it reads it has lost its id, if not its line.
    if stack.front == "nginx":
        eventually(lambda: {entry["request_id"] for entry in entries()} >= set(marks), timeout=5)
    assert len(entries()) > len(marks)


# --- faults ---------------------------------------------------------------------------------------------------------


def test_a_pool_that_is_gone_is_a_503(stack, client):
    with stack.held("pool"):
        for method in ("GET", "POST", "HEAD"):
            response = client.request(method, PRODUCTS, headers={"Origin": ORIGIN})
            assert response.status_code == 503
            assert response.headers["Retry-After"].isdigit()
            assert response.headers["Access-Control-Allow-Origin"] == "*"
            if method != "HEAD":
                assert_problem(response, 503)
    began = time.monotonic()
    stack.await_ready()
    assert time.monotonic() - began < 6


def test_the_workers_own_503_passes_through(stack, client):
    with stack.held("postgres"):
        response = client.get(PRODUCTS)
    assert_problem(response, 503)
    assert "Server-Timing" in response.headers, "that is not the worker's"
    stack.await_ready()


def test_a_pool_that_keeps_silent_is_a_503(nginx_stack, lighttpd_stack):
    def ask(stack):
        with Client(stack.url) as client:
            began = time.monotonic()
            return client.get(PRODUCTS), time.monotonic() - began

    with nginx_stack.frozen("pool"), lighttpd_stack.frozen("pool"), concurrent.futures.ThreadPoolExecutor(2) as threads:
        answers = list(threads.map(ask, (nginx_stack, lighttpd_stack)))
    for response, seconds in answers:
        assert_problem(response, 503)
        assert response.headers["Retry-After"].isdigit()
        assert 5 < seconds < 11, "not just above the deadline of the workers"
    for stack in (nginx_stack, lighttpd_stack):
        stack.await_ready()


# --- the examples ---------------------------------------------------------------------------------------------------


@pytest.fixture
def certificate(tmp_path):
    path = tmp_path / "certificate.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
                    "/CN=api.example.org", "-keyout", path, "-out", tmp_path / "chain.pem"],
                   check=True, capture_output=True)
    return path, tmp_path / "chain.pem"


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
@pytest.mark.parametrize("events", [True, False])
def test_the_tls_example_for_nginx_is_sound(tmp_path, certificate, events):
    """Also without live events, on an nginx without their module."""
    key, chain = certificate
    shutil.copytree(ROOT / "deploy" / "nginx", tmp_path / "wares")
    site = (tmp_path / "wares" / "site-tls.conf.example").read_text()
    site = site.replace("/etc/ssl/certs/api.example.org.pem", str(chain))
    site = site.replace("/etc/ssl/private/api.example.org.key", str(key))
    site = site.replace("/var/log/nginx/", f"{tmp_path}/")
    # nginx binds its ports even to test a configuration: these are free.
    site = re.sub(r"listen [^\s;]+", lambda _: f"listen 127.0.0.1:{free_port()}", site)
    tls = re.search(r"listen (127\.0\.0\.1:\d+) ssl", site)[1]
    push = tmp_path / "wares" / "events_http.conf"
    push.write_text(push.read_text().replace("/run/wares/push/", f"{tmp_path}/"))
    module = "load_module /usr/lib/nginx/modules/ngx_nchan_module.so;\n" if events else ""
    if not events:
        site, left_out = re.subn(r" *include wares/events(_http)?\.conf;\n", "", site)
        assert left_out == 2
    (tmp_path / "nginx.conf").write_text(f"{module}pid {tmp_path}/pid;\nevents {{}}\nhttp {{\n{site}}}\n")
    done = subprocess.run(["nginx", "-t", "-e", tmp_path / "error", "-c", tmp_path / "nginx.conf"], capture_output=True,
                          text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "[warn]" not in done.stderr.replace('the "user" directive', ""), done.stderr
    # There is no pool: what nginx says by itself tells browsers to come by TLS too.
    with subprocess.Popen(["nginx", "-e", tmp_path / "error", "-c", tmp_path / "nginx.conf", "-g", "daemon off;"]) as nginx:
        try:
            await_true(lambda: is_open(tls), "nginx", 10)
            for path in ("/api/v1/products", "/api/v1/events", "/nothing"):
                answer = requests.get(f"https://{tls}{path}", verify=False, timeout=10)
                assert answer.status_code == 503
                assert answer.headers["Strict-Transport-Security"] == "max-age=31536000", path
        finally:
            nginx.terminate()


def is_open(address):
    host, port = address.split(":")
    with contextlib.suppress(OSError), socket.create_connection((host, int(port)), timeout=5):
        return True
    return False


def test_the_tls_example_for_lighttpd_is_sound(tmp_path, certificate):
    key, chain = certificate
    text = (ROOT / "deploy" / "lighttpd" / "site-tls.conf.example").read_text()
    text = text.replace("/etc/lighttpd/wares", str(ROOT / "deploy" / "lighttpd")).replace(
        'include "wares/', f'include "{ROOT}/deploy/lighttpd/')
    text = text.replace("/etc/ssl/certs/api.example.org.pem", str(chain))
    text = text.replace("/etc/ssl/private/api.example.org.key", str(key))
    text = re.sub(r"/var/[a-z/]*|/run/lighttpd", f"{tmp_path}/", text)
    (tmp_path / "lighttpd.conf").write_text(text)
    done = subprocess.run(["lighttpd", "-tt", "-f", tmp_path / "lighttpd.conf"], capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done.stderr
    assert "warn" not in (done.stderr + done.stdout).lower(), done.stderr
