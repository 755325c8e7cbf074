"""What answers tell caches and how conditions are answered (RFC 9110, RFC 9111): Cache-Control, Vary, tags, dates."""

import concurrent.futures
import contextlib
import email.utils
import re
import time

import pytest

from client import CATEGORIES, PRODUCTS, Client, client_of, path_of
from load import eventually
from test_faults import waiting

READS = {
    "product": path_of,
    "part": lambda product: f"{path_of(product)}?fields=price",
    "with category": lambda product: f"{path_of(product)}?expand=category",
    "category": lambda product: f"{CATEGORIES}/{product['category_id']}",
    "categories": lambda product: f"{CATEGORIES}?limit=3",
    "tree": lambda product: f"{CATEGORIES}?tree=true&parent_id={product['category_id']}",
    "list": lambda product: f"{PRODUCTS}?category_id={product['category_id']}",
    "facets": lambda product: f"{PRODUCTS}/facets?category_id={product['category_id']}",
    "feed": lambda product: "/api/v1/changes?limit=2",
    "openapi": lambda product: "/api/v1/openapi.json",
    "index": lambda product: "/api/v1",
}


@pytest.fixture(scope="module")
def client(stack):
    with client_of(stack) as opened:
        yield opened


@pytest.fixture(scope="module")
def product(client):
    return client.product()


def words(header):
    return {word.strip().lower() for word in header.split(",")}


def spent(response):
    """What a worker spent on asking others, in ms."""
    return {name: float(value) for name, value in re.findall(r"(db|cache);dur=([\d.]+)", response.headers["Server-Timing"])}


# --- what may be kept ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", READS)
def test_reads_may_be_kept_and_asked_after(client, product, kind):
    for method in ("GET", "HEAD"):
        whole = client.request(method, READS[kind](product))
        again = client.request(method, READS[kind](product), headers={"If-None-Match": whole.headers["ETag"]})
        for response, status in ((whole, 200), (again, 304)):
            assert response.status_code == status
            assert response.headers["Cache-Control"] == "max-age=0, stale-if-error=3600"
            assert words(response.headers["Vary"]) - {"accept-encoding"} == (
                {"accept", "prefer"} if kind == "list" else {"accept"})
            assert "Cache-Status" not in response.headers and "X-Accel-Expires" not in response.headers
        assert again.content == b"" and again.headers["ETag"] == whole.headers["ETag"]
        assert "Content-Type" not in again.headers


def test_what_is_of_this_moment_is_not(client, product):
    missing = "01900000-0000-7000-8000-0000000000fd"
    responses = [client.get(target) for target in (
        "/livez", "/readyz", "/api/v1/jobs", f"{PRODUCTS}?limit=0", f"{PRODUCTS}/{missing}", "/nothing",
        f"{PRODUCTS}/export?fields=id&ids={product['id']}")]
    responses += [client.get(path_of(product), headers={"If-Match": '"77"'}), client.delete(PRODUCTS),
                  client.post(CATEGORIES, json={"name": "Kept by nobody"}),
                  client.patch(path_of(client.product()), json={"price": "3"})]
    for response in responses:
        assert response.headers["Cache-Control"] == "no-store", response.url


def test_a_304_of_what_a_worker_holds_asks_nobody(client):
    target = path_of(client.product())
    for _ in range(16):
        client.get(target)
    asked = [spent(client.get(target, headers={"If-None-Match": '"1"'})) for _ in range(16)]
    assert all(one["db"] == 0 for one in asked)
    assert any(one["cache"] == 0 for one in asked)


def test_a_tag_is_of_all_that_is_shown(client):
    product = client.product()
    targets = [READS[kind](product) for kind in ("list", "facets", "with category", "tree")]
    client.category(parent_id=product["category_id"])
    tags = [client.get(target).headers["ETag"] for target in targets]
    for target, tag in zip(targets, tags):
        assert client.get(target, headers={"If-None-Match": tag}).status_code == 304
        assert client.get(target, headers={"If-None-Match": f"W/{tag[:-1]}-gzip\""}).status_code == 304
    client.patch(path_of(product), json={"price": "77.10"})
    client.category(parent_id=product["category_id"])
    client.patch(f"{CATEGORIES}/{product['category_id']}", json={"position": 4})
    for target, tag in zip(targets, tags):
        response = client.get(target, headers={"If-None-Match": tag})
        assert response.status_code == 200 and response.headers["ETag"] != tag, target


def test_a_tag_of_a_list_is_of_its_headers_too(client, product):
    target = READS["list"](product)
    plain = client.get(target)
    counted = client.get(target, headers={"Prefer": "count=exact"})
    assert plain.content == counted.content and plain.headers["ETag"] != counted.headers["ETag"]
    client.product(product["category_id"])
    first = client.get(f"{target}&limit=1")
    client.product(product["category_id"], status="draft")
    assert client.get(f"{target}&limit=1").headers["ETag"] == first.headers["ETag"]


# --- dates --------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def own(fresh_stack):
    """Workers without a memory of their own, so that each reads what stands in the database."""
    stack = fresh_stack(WARES_L1=0, WORKERS=2)
    yield stack
    stack.close()


def aged(client, stack, seconds):
    """The target of a product whose last change was so many seconds ago, and the date of that."""
    product = client.product()
    with contextlib.closing(stack.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("UPDATE product SET updated_at = now() - %s * interval '1 s' WHERE id = %s"
                       " RETURNING floor(extract(epoch FROM updated_at))", (seconds, product["id"]))
        second = int(cursor.fetchone()[0])
        connection.commit()
    stack.redis_client().flushall()
    return path_of(product), email.utils.formatdate(second, usegmt=True)


@pytest.mark.parametrize("seconds", [-5, 0, 1, 30, 50])
def test_a_young_product_has_no_date(own, seconds):
    """Its second may not be over for all writers: 5 s of a request, and a minute for clocks that differ."""
    with Client(own.url) as client:
        target, date = aged(client, own, seconds)
        for method in ("GET", "HEAD", "GET"):
            assert "Last-Modified" not in client.request(method, target).headers
        assert client.get(target, headers={"If-Modified-Since": date}).status_code == 200


@pytest.mark.parametrize("seconds", [70, 86400])
def test_an_old_one_has(own, seconds):
    with Client(own.url) as client:
        target, date = aged(client, own, seconds)
        for method in ("GET", "HEAD", "GET"):
            assert client.request(method, target).headers["Last-Modified"] == date
            known = client.request(method, target, headers={"If-Modified-Since": date})
            assert known.status_code == 304 and known.content == b"" and known.headers["ETag"] == '"1"'
        # A tag wins, whatever the date says, and so does If-Match (RFC 9110, section 13.2.2).
        assert client.get(target, headers={"If-Modified-Since": date, "If-None-Match": '"9"'}).status_code == 200
        assert client.get(target, headers={"If-Modified-Since": date, "If-Match": '"9"'}).status_code == 412
        assert client.get(f"{target}?fields=id", headers={"If-Modified-Since": date}).status_code == 304
        assert client.get(f"{target}?expand=category", headers={"If-Modified-Since": date}).status_code == 200
        later = email.utils.formatdate(time.time(), usegmt=True)
        assert client.get(target, headers={"If-Modified-Since": later}).status_code == 200, "a date that was never given"
        assert client.patch(target, json={"price": "4"}).status_code == 200
        assert client.get(target, headers={"If-Modified-Since": date}).status_code == 200


def test_no_date_is_told_while_a_change_is_under_way(own):
    with Client(own.url) as client, contextlib.closing(own.connect()) as connection, connection.cursor() as cursor, \
            concurrent.futures.ThreadPoolExecutor(1) as threads:
        target, date = aged(client, own, 3600)
        assert client.get(target).headers["Last-Modified"] == date
        cursor.execute("SELECT FROM product WHERE id = %s FOR UPDATE", (target.rsplit("/", 1)[1],))

        def change():
            with Client(own.url) as another:
                return another.patch(target, json={"price": "4"})

        changing = threads.submit(change)
        eventually(lambda: waiting(own) == 1)
        # One worker waits with the change; requests that the front gives to it wait too, and see what came of it.
        for headers in ({}, {"Cache-Control": "no-cache"}) * 4:
            with Client(own.url, timeout=1) as other, contextlib.suppress(OSError):
                response = other.get(target, headers=headers)
                assert response.json()["version"] == 1 and "Last-Modified" not in response.headers
        connection.rollback()
        assert changing.result().status_code == 200
        assert client.get(target).json()["version"] == 2
