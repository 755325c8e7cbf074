"""The headers of every answer: request ids, timing, trace context, conditional reads, caching, compression, CORS."""

import re

import pytest

from client import CATEGORIES, NOWHERE, PRODUCTS, REQUEST_ID, client_of, path_of

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.fixture(scope="module")
def client(stack):
    with client_of(stack) as opened:
        yield opened


@pytest.fixture(scope="module")
def product(client):
    return client.product()


@pytest.fixture(scope="module")
def answers(client, product):
    """Requests with an answer of each kind."""
    return {
        "product": ("GET", path_of(product), 200), "head": ("HEAD", path_of(product), 200),
        "list": ("GET", PRODUCTS, 200), "categories": ("GET", CATEGORIES, 200),
        "created": ("POST", CATEGORIES, 201), "invalid": ("GET", f"{PRODUCTS}?limit=0", 400),
        "not found": ("GET", f"{PRODUCTS}/{NOWHERE}", 404), "no route": ("GET", "/nothing", 404),
        "method": ("DELETE", PRODUCTS, 405), "live": ("GET", "/livez", 200), "ready": ("GET", "/readyz", 200),
    }


def send(client, answer, **headers):
    method, target, status = answer
    body = {"name": "Headers"} if method == "POST" else None
    response = client.request(method, target, json=body, headers=headers)
    assert response.status_code == status, response.text
    return response


KINDS = ["product", "head", "list", "categories", "created", "invalid", "not found", "no route", "method", "live",
         "ready"]


# --- request ids, timing, trace context -----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_every_answer_has_a_request_id(client, answers, kind):
    first, second = send(client, answers[kind]), send(client, answers[kind])
    assert REQUEST_ID.fullmatch(first.headers["X-Request-Id"])
    assert first.headers["X-Request-Id"] != second.headers["X-Request-Id"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("given", ["a", "A-b.c_9", "x" * 128])
def test_a_callers_request_id_is_kept(client, answers, kind, given):
    assert send(client, answers[kind], **{"X-Request-Id": given}).headers["X-Request-Id"] == given


@pytest.mark.parametrize("given", ["", " ", "a b", "x" * 129, "a/b", 'a"b', "a,b", "a;b", "<b>", "\xe9", "a\tb"])
def test_another_request_id_is_replaced(client, product, given):
    response = client.raw("GET", path_of(product), [("X-Request-Id", given.encode("latin-1"))])
    assert response.status_code == 200
    assert REQUEST_ID.fullmatch(response.headers["X-Request-Id"])
    assert response.headers["X-Request-Id"] != given


@pytest.mark.parametrize("kind", KINDS)
def test_every_answer_tells_its_timing(client, answers, kind):
    timing = durations(send(client, answers[kind]))
    assert set(timing) >= {"total"}
    assert set(timing) <= {"total", "db", "cache"}
    assert 0 <= timing["total"] < 10_000
    assert timing.get("db", 0) + timing.get("cache", 0) <= timing["total"] + 0.01


def test_the_parts_of_a_read_are_timed(client):
    target = path_of(client.product())
    fresh = durations(client.fresh(target))
    assert fresh["db"] > 0
    client.get(target)
    assert durations(client.get(target)).get("db", 0) == 0
    # This one asks both, whatever is held where.
    ready = durations(client.get("/readyz"))
    assert ready["cache"] > 0 and ready["db"] > 0


def durations(response):
    """Server-Timing in ms by metric."""
    timing = {}
    for metric in response.headers["Server-Timing"].split(","):
        match = re.fullmatch(r"\s*([a-z]+);dur=(\d+(?:\.\d+)?)\s*", metric)
        assert match, response.headers["Server-Timing"]
        timing[match[1]] = float(match[2])
    return timing


@pytest.mark.parametrize("kind", KINDS)
def test_a_trace_is_carried_on(client, answers, kind):
    carried = send(client, answers[kind], traceparent=TRACE).headers["traceparent"]
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}", carried)
    assert carried.split("-")[1] == TRACE.split("-")[1]


@pytest.mark.parametrize("given", [
    "", "x", TRACE.upper(), TRACE[:-1], TRACE + "0", "ff" + TRACE[2:], "00-" + "0" * 32 + TRACE[35:],
    TRACE[:36] + "0" * 16 + "-01", TRACE.replace("-", "_"), TRACE + "-x",
])
def test_a_broken_trace_is_not(client, product, given):
    response = client.raw("GET", path_of(product), [("traceparent", given)])
    assert response.status_code == 200
    assert given == "" or given not in response.headers.get("traceparent", "")


def test_no_value_can_add_a_header(client):
    for target in ("/nothing%0d%0aX-Forged:%20yes", f"{PRODUCTS}?x=%0d%0aX-Forged:%20yes",
                   f"{PRODUCTS}/%0d%0aX-Forged:%20yes"):
        assert "X-Forged" not in client.raw("GET", target).headers


# --- conditional reads ----------------------------------------------------------------------------------------------


def test_the_tag_is_strong_and_the_same_from_everywhere(client):
    created = client.post(PRODUCTS, json=client.draft())
    tag = created.headers["ETag"]
    assert re.fullmatch(r'"[\x21\x23-\x7e]+"', tag)
    target = created.headers["Location"]
    for response in (client.get(target), client.get(target), client.fresh(target), client.head(target)):
        assert response.headers["ETag"] == tag


@pytest.mark.parametrize("form", [
    "{}", "*", "W/{}", '"x", {}', '{} , "x"', 'W/"x",W/{}', "{gzip}", "{br}", "W/{gzip}", '"x", {gzip}', ", {},",
])
def test_a_known_version_is_not_sent_again(client, product, form):
    target = path_of(product)
    for method, fresh in (("GET", {}), ("HEAD", {}), ("GET", {"Cache-Control": "no-cache"})):
        tag = client.get(target).headers["ETag"]
        given = form.format(tag, gzip=tag[:-1] + '-gzip"', br=tag[:-1] + '-br"')
        response = client.request(method, target, headers={"If-None-Match": given, **fresh})
        assert response.status_code == 304, given
        assert response.content == b""
        assert response.headers["ETag"] == tag
        assert REQUEST_ID.fullmatch(response.headers["X-Request-Id"])


@pytest.mark.parametrize("given", ['"x"', "x", "", '""', '"', "W/", '"1', "1", "W/x", '"1"x', '"-gzip"', "**"])
def test_another_tag_does_not_match(client, product, given):
    response = client.get(path_of(product), headers={"If-None-Match": given})
    assert response.status_code == 200
    assert response.json() == product


def test_a_condition_does_not_hide_an_error(client):
    missing = f"{PRODUCTS}/{NOWHERE}"
    assert client.get(missing, headers={"If-None-Match": "*"}).status_code == 404
    assert client.get(f"{PRODUCTS}?limit=0", headers={"If-None-Match": "*"}).status_code == 400


# --- compression by the front ---------------------------------------------------------------------------------------


def test_a_tag_that_compression_altered_still_matches(client):
    created = client.product(description="a long description " * 400)
    target = path_of(created)
    packed = client.get(target, headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "accept-encoding" in packed.headers["Vary"].lower()
    assert packed.json() == created
    tag = packed.headers.get("ETag")
    assert tag, "the front dropped the tag"
    for coding in ("gzip", "identity"):
        response = client.get(target, headers={"Accept-Encoding": coding, "If-None-Match": tag})
        assert response.status_code == 304, (coding, tag)


def test_lists_are_compressed(client):
    home = client.category()["id"]
    made = [client.product(home, description="words " * 100) for _ in range(5)]
    response = client.get(f"{PRODUCTS}?category_id={home}", headers={"Accept-Encoding": "gzip"})
    assert response.headers["Content-Encoding"] == "gzip"
    assert response.json() == made[::-1]


# --- caching by others ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["product", "list", "categories"])
def test_reads_tell_others_how_to_hold_them(client, answers, kind):
    response = send(client, answers[kind])
    assert response.headers["Cache-Control"]
    assert "Accept" in response.headers["Vary"]


@pytest.mark.parametrize("kind", ["live", "ready"])
def test_health_is_never_held(client, answers, kind):
    assert "no-store" in send(client, answers[kind]).headers["Cache-Control"]


def test_errors_and_creations_are_never_held(client, answers):
    for kind in ("invalid", "not found", "no route", "method", "created"):
        control = send(client, answers[kind]).headers.get("Cache-Control", "")
        assert "max-age" not in control and "public" not in control, kind


# --- the front's own part -------------------------------------------------------------------------------------------


def test_a_browser_may_call(client, product):
    response = client.get(path_of(product), headers={"Origin": "https://shop.example.org"})
    assert response.headers["Access-Control-Allow-Origin"] in ("*", "https://shop.example.org")
    exposed = response.headers["Access-Control-Expose-Headers"].lower()
    for name in ("etag", "link", "location", "x-request-id"):
        assert name in exposed
    missing = client.get("/nothing", headers={"Origin": "https://shop.example.org"})
    assert missing.headers["Access-Control-Allow-Origin"] in ("*", "https://shop.example.org")


def test_the_front_answers_a_preflight(client):
    response = client.request("OPTIONS", PRODUCTS, headers={
        "Origin": "https://shop.example.org", "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    })
    assert response.status_code in (200, 204)
    assert response.headers["Access-Control-Allow-Origin"] in ("*", "https://shop.example.org")
    assert "POST" in response.headers["Access-Control-Allow-Methods"]
    assert "content-type" in response.headers["Access-Control-Allow-Headers"].lower()
    assert int(response.headers["Access-Control-Max-Age"]) > 0
    assert "Server-Timing" not in response.headers, "a worker was asked"


def test_no_header_tells_a_version(client, answers):
    for kind in KINDS:
        headers = send(client, answers[kind]).headers
        assert not re.search(r"\d\.\d", headers.get("Server", ""))
        assert "X-Powered-By" not in headers


# --- health ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["/livez", "/readyz"])
def test_a_healthy_service_says_so(client, target):
    assert client.get(target).status_code == 200
    assert client.head(target).status_code == 200


def test_operators_pages_are_not_public(client):
    for target in ("/metrics", "/status", "/status/", "/metrics/x"):
        assert client.get(target).status_code == 404
