"""Exports: whole, out of one snapshot, in the memory of a worker, beside its other requests, and never cut unnoticed."""

import contextlib
import csv
import io
import json
import os
import signal
import socket
import subprocess
import threading
import time
import uuid
from urllib.parse import quote, urlsplit

import pytest

from client import PRODUCT_MEMBERS, PRODUCTS, Client, assert_problem, client_of
from load import eventually
from stack import json_lines
from worker_pool import SANITIZED

EXPORT = PRODUCTS + "/export"
NDJSON = "application/x-ndjson"
CSV = "text/csv"

# So many products that an export is larger than all buffers on its way together.
MANY = 40_000


def fill(stack):
    """Products that are made by SQL, which is quick; each has some 700 bytes of JSON."""
    with contextlib.closing(stack.connect()) as connection, connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO product (id, name, description, price, currency, category_id, status, attributes, "
                       "images) SELECT gen_random_uuid(), 'Bulk ' || i, repeat('x', 400), 1 + i %% 100, 'EUR', "
                       "(SELECT id FROM category LIMIT 1), 'active', '{\"colour\": \"green\"}', '[]' "
                       "FROM generate_series(1, %s) i", (MANY,))


@pytest.fixture(scope="module", params=["nginx", "lighttpd"])
def own(request, fresh_stack):
    """A stack of this module's own, with many products, and a bound for slow clients that can be waited for."""
    stack = fresh_stack(FRONT=request.param, WORKERS=2, WARES_IO_TIMEOUT="3000", WARES_LOG_FORMAT="json")
    fill(stack)
    yield stack
    stack.close()


@pytest.fixture(scope="module")
def few(nginx_stack):
    """A client of a stack with few products."""
    with client_of(nginx_stack) as client:
        yield client


def exporting(stack):
    """How many exports hold a snapshot, or are about to."""
    with contextlib.closing(stack.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'wares export'")
        return cursor.fetchone()[0]


@pytest.fixture(autouse=True)
def none_is_under_way(request):
    yield
    if "own" in request.fixturenames:
        eventually(lambda: exporting(request.getfixturevalue("own")) == 0, timeout=10)


def records_of(response):
    """The products of an export as NDJSON, and its last record."""
    assert response.status_code == 200, response.text
    assert response.headers["Content-Type"] == NDJSON
    lines = response.content.decode().split("\n")
    assert lines.pop() == ""
    *products, last = map(json.loads, lines)
    assert set(last) == {"cursor", "count"} and last["count"] == len(products)
    return products, last


def rows_of(response):
    """The rows of an export as CSV, its names first, and the comment at its end."""
    assert response.status_code == 200, response.text
    text = response.content.decode()
    table, comment = text[:text.rindex("# ")], text[text.rindex("# "):]
    assert comment.endswith("\r\n")
    return list(csv.reader(io.StringIO(table, newline=""), strict=True)), comment[:-2]


def cut_lines(stack):
    """Why exports broke off, as the workers' log tells."""
    return [line["cut"] for line in json_lines(stack.log) if line.get("uri", "").startswith(EXPORT) and "cut" in line]


class Reader:
    """A client of an export that reads as slowly as a test wants. A small buffer lets little come that it does not ask
    for, but then it is slow also where it reads on and on."""

    def __init__(self, stack, buffer=None):
        parts = urlsplit(stack.url)
        self.socket = socket.socket()
        if buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.socket.settimeout(20)
        self.socket.connect((parts.hostname, parts.port))
        self.socket.sendall(f"GET {EXPORT} HTTP/1.1\r\nHost: {parts.netloc}\r\nAccept: {NDJSON}\r\n"
                            "Connection: close\r\n\r\n".encode())
        self.received = bytearray()
        self.stopped = threading.Event()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def read(self, size=1024):
        """Some bytes; b"" at the end of the connection."""
        try:
            part = self.socket.recv(size)
        except ConnectionError:
            part = b""
        self.received += part
        return part

    def drain(self):
        while self.read(65536):
            pass
        return self

    @contextlib.contextmanager
    def reading_slowly(self, size, pause):
        """Reads on the side, to the end of the context or of the connection."""
        def read_on():
            while self.read(size) and not self.stopped.wait(pause):
                pass

        thread = threading.Thread(target=read_on)
        thread.start()
        try:
            yield
        finally:
            self.stopped.set()
            thread.join()

    @property
    def is_whole(self):
        """Whether a client would take what came for the whole: the last chunk is there."""
        return self.received.endswith(b"\r\n0\r\n\r\n")

    @property
    def has_trailer(self):
        return b'{"cursor":' in self.received


# --- what is in it ---

@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_compressed_it_is_the_same(stack, coding):
    """lighttpd compresses only what it holds as a whole when the answer begins: a small export, with luck."""
    with client_of(stack) as client:
        response = client.get(EXPORT, headers={"Accept-Encoding": coding})
        if stack.front == "nginx":
            assert response.headers.get("Content-Encoding", "identity") == coding
        assert len(records_of(response)[0]) > 0


def test_a_record_is_what_a_read_answers(stack):
    with client_of(stack) as client:
        made = client.product(name="Tea \u2028 \"green\"", description="line\nline\ttab, comma", sku=None,
                              attributes={"colour": "a, \"b\"", "list": ["x", "y"]}, images=["https://a.example/b,c"])
        products, _ = records_of(client.get(f"{EXPORT}?category_id={made['category_id']}"))
        assert products == [client.fresh(f"{PRODUCTS}/{made['id']}").json()]
        assert list(products[0]) == PRODUCT_MEMBERS


def test_csv_keeps_every_value(stack):
    with client_of(stack) as client:
        category = client.category()["id"]
        for name, description in [("=1+1", None), ("#comment", ""), ("a \"quoted\" name", "two\nlines"), ("a,b", "\t x"),
                                  ("@x", "ends with a quote\"")]:
            client.product(category, name=name, description=description)
        products, _ = records_of(client.get(f"{EXPORT}?category_id={category}"))
        response = client.get(f"{EXPORT}?category_id={category}", headers={"Accept": CSV})
        rows, comment = rows_of(response)
        assert response.headers["Content-Type"] == "text/csv; charset=utf-8; header=present"
        assert rows[0] == PRODUCT_MEMBERS
        assert comment.startswith("# cursor=") and comment.endswith(f" count={len(products)}")
        assert len(rows) == len(products) + 1 == 6
        for row, product in zip(rows[1:], products):
            for name, cell in zip(PRODUCT_MEMBERS, row):
                if name in ("attributes", "images"):
                    assert json.loads(cell) == product[name]
                else:
                    assert cell == ("" if product[name] is None else str(product[name]))


def test_null_and_empty_differ_in_csv(few):
    category = few.category()["id"]
    few.product(category, description=None)
    few.product(category, description="")
    text = few.get(f"{EXPORT}?category_id={category}&fields=description", headers={"Accept": CSV}).text
    text += few.get(f"{EXPORT}?category_id={category}&fields=description,currency", headers={"Accept": CSV}).text
    assert text.split("\r\n")[:3] == ["description", '""', '""']
    assert sorted(text.split("\r\n")[5:7]) == ['"",USD', ",USD"]


@pytest.mark.parametrize("query", ["status=draft", "status=draft,active,archived", "min_price=20&max_price=60",
                                   "currency=USD&attr.colour=green", "status=archived&min_price=5", "sku=NOBODY-HAS-IT"])
def test_filters_are_the_lists(few, query):
    listed = few.all_of(f"{PRODUCTS}?{query}&limit=500")
    exported, _ = records_of(few.get(f"{EXPORT}?{query}"))
    assert exported == sorted(listed, key=lambda product: product["id"])


def test_a_search_is_a_filter(few):
    made = "".join(chr(ord("a") + int(digit, 16)) for digit in uuid.uuid4().hex[:12])
    shelf = few.category()["id"]
    products = [few.product(shelf, name=name) for name in (f"Green {made}", f"{made} green", f"Black {made}", "Green")]
    for words, found in ((made, 3), (f"{made} gre", 2), (f'"green {made}"', 1), (f"{made} -green", 1),
                         (f'"{made} black"', 0)):
        response = few.get(f"{EXPORT}?q={quote(words)}")
        exported, _ = records_of(response)
        assert len(exported) == found, words
        assert {product["id"] for product in exported} <= {product["id"] for product in products}
        assert "X-Search-Corrected" not in response.headers, words
    # What was taken for a misspelt word is told, as it is with a list.
    misspelt = made[:5] + made[6:]
    response = few.get(f"{EXPORT}?q={misspelt}")
    assert len(records_of(response)[0]) == 3
    assert response.headers["X-Search-Corrected"] == f"{misspelt}={made}"


def test_a_subtree_is_one_filter(few):
    top = few.category()["id"]
    below = few.category(parent_id=top)["id"]
    made = {few.product(top)["id"], few.product(below)["id"]}
    few.product()
    products, _ = records_of(few.get(f"{EXPORT}?category_id={top}&category_scope=subtree"))
    assert {product["id"] for product in products} == made
    assert len(records_of(few.get(f"{EXPORT}?category_id={top}"))[0]) == 1


def test_fields_choose_the_members(few):
    products, _ = records_of(few.get(f"{EXPORT}?fields=price,id"))
    assert {tuple(product) for product in products} == {("id", "price")}
    rows, _ = rows_of(few.get(f"{EXPORT}?fields=price,id", headers={"Accept": CSV}))
    assert rows[0] == ["id", "price"]
    assert rows[1:] == [[product["id"], product["price"]] for product in products]


def test_an_empty_export_is_whole(few):
    assert records_of(few.get(f"{EXPORT}?sku=NOBODY-HAS-IT"))[0] == []
    rows, comment = rows_of(few.get(f"{EXPORT}?sku=NOBODY-HAS-IT", headers={"Accept": CSV}))
    assert rows == [PRODUCT_MEMBERS] and comment.endswith(" count=0")


# --- the request ---

@pytest.mark.parametrize("accept, made", [
    ("*/*", NDJSON), ("text/html, */*;q=0.1", NDJSON), (CSV, CSV), ("text/*", CSV), ("application/*", NDJSON),
    (f"{NDJSON};q=0.5, {CSV}", CSV), (f"{CSV};q=0.5, {NDJSON}", NDJSON), (f"{CSV}, {NDJSON}", NDJSON),
    ("application/json", None), ("text/html", None), (f"{NDJSON};q=0, {CSV};q=0", None)])
def test_accept_chooses_the_format(few, accept, made):
    response = few.get(f"{EXPORT}?sku=NOBODY-HAS-IT", headers={"Accept": accept})
    if made is None:
        assert_problem(response, 406)
    else:
        assert response.headers["Content-Type"].split(";")[0] == made
        assert response.headers["Content-Disposition"] == \
            f'attachment; filename="products.{"csv" if made == CSV else "ndjson"}"'
        assert response.headers["Cache-Control"] == "no-store"
        assert "Accept" in response.headers["Vary"]
        assert "X-Request-Id" in response.headers and "Server-Timing" in response.headers


def test_head_is_the_head(stack):
    with client_of(stack) as client:
        response = client.head(EXPORT, headers={"Accept": CSV})
        assert response.status_code == 200 and response.content == b""
        assert response.headers["Content-Type"].startswith(CSV)
        assert response.headers.get("Content-Length") is None
        assert client.get("/livez").status_code == 200


def test_faults_are_named(few):
    problem = assert_problem(few.get(f"{EXPORT}?limit=5&fields=colour&min_price=x"), 400)
    assert {fault["parameter"] for fault in problem["errors"]} == {"limit", "fields", "min_price"}
    assert few.post(EXPORT, json={}).status_code == 405


# --- the snapshot ---

def test_every_product_is_in_it_once(own):
    with Client(own.url, timeout=60) as client, contextlib.closing(own.connect()) as connection:
        products, _ = records_of(client.get(EXPORT, headers={"Accept": NDJSON}))
        with connection.cursor() as cursor:
            cursor.execute("SELECT id::text FROM product WHERE status = 'active' AND deleted_at IS NULL ORDER BY id")
            assert [product["id"] for product in products] == [row[0] for row in cursor]
        rows, _ = rows_of(client.get(EXPORT, headers={"Accept": CSV}))
        assert [row[0] for row in rows[1:]] == [product["id"] for product in products]


def test_what_is_written_meanwhile_does_not_show(own):
    """Products are deleted, changed and added while an export is half way; it shows all as they were."""
    with Client(own.url) as client, contextlib.closing(own.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*), max(id::text) FROM product WHERE status = 'active' AND deleted_at IS NULL")
        count, last = cursor.fetchone()
        connection.commit()
        with Reader(own) as reader:
            reader.read()
            category = client.category()["id"]
            new = client.product(category)["id"]
            cursor.execute("UPDATE product SET name = 'Changed', version = version + 1 WHERE id = %s", (last,))
            cursor.execute("DELETE FROM product WHERE id IN (SELECT id FROM product ORDER BY id DESC OFFSET 5 LIMIT 50)")
            connection.commit()
            reader.drain()
        assert reader.is_whole and reader.has_trailer
        assert f'"count":{count}}}'.encode() in reader.received
        assert new.encode() not in reader.received and b'"Changed"' not in reader.received
        cursor.execute("UPDATE product SET name = 'Bulk again' WHERE id = %s", (last,))
        connection.commit()


def test_the_cursor_leaves_no_change_out(few, nginx_stack):
    """A change that an export does not show has an xid of at least the cursor's; one that is committed before is below
    the cursor of a later export."""
    with contextlib.closing(nginx_stack.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()::text::bigint")  # under way while the export begins
        under_way = cursor.fetchone()[0]
        xid, seq = records_of(few.get(EXPORT))[1]["cursor"].split(".")
        assert int(xid) <= under_way and seq == "0"
        connection.commit()
    assert int(records_of(few.get(EXPORT))[1]["cursor"].split(".")[0]) > under_way


# --- the share of the pool ---

def test_no_more_run_at_once_than_may(own):
    with Client(own.url) as client:
        with Reader(own) as reader:
            reader.read()
            for _ in range(4):
                response = client.get(EXPORT)
                assert_problem(response, 503)
                assert response.json()["type"] == "/problems/busy"
                assert response.headers["Retry-After"] == "10"
            reader.drain()
            assert reader.is_whole
        assert client.get(f"{EXPORT}?sku=NOBODY-HAS-IT").status_code == 200


def test_other_requests_go_on(fresh_stack):
    """Of a pool of one worker, which exports at the time."""
    stack = fresh_stack(FRONT="nginx", WORKERS=1, WARES_IO_TIMEOUT="2000")
    fill(stack)
    with Client(stack.url) as client, Reader(stack, 65536) as reader:
        category = client.category()["id"]
        reader.read()
        with reader.reading_slowly(16384, 0.02):
            for _ in range(50):
                assert client.get(f"{PRODUCTS}?limit=3").status_code == 200
                made = client.product(category)["id"]
                assert client.get(f"{PRODUCTS}/{made}").status_code == 200
            assert_problem(client.get(EXPORT), 503)
            assert exporting(stack) == 1
        reader.drain()
        assert reader.is_whole and reader.has_trailer
    stack.close()


def test_nothing_goes_wrong_beside_exports(own):
    """Reads and writes on kept connections, while exports come whole, are sent away and are given up by their clients."""
    end = time.monotonic() + 5
    wrong, whole = [], []

    def use():
        with Client(own.url) as client:
            category = client.category()["id"]
            while time.monotonic() < end:
                made = client.post(PRODUCTS, json=client.draft(category))
                read = client.get(made.headers.get("Location", PRODUCTS))
                if (made.status_code, read.status_code) != (201, 200):
                    wrong.append((made.text, read.text))

    def export(parts):
        while time.monotonic() < end:
            with Reader(own) as reader:
                while parts is None or len(reader.received) < parts:
                    if not reader.read(65536):
                        break
                if reader.has_trailer:
                    whole.append(reader.is_whole)

    before = own.workers()
    threads = [threading.Thread(target=use) for _ in range(4)]
    threads += [threading.Thread(target=export, args=(parts,)) for parts in (None, None, 200_000)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong, wrong[:3]
    assert whole and all(whole)
    assert own.workers() == before


@pytest.mark.skipif(SANITIZED, reason="AddressSanitizer keeps freed memory for a while")
def test_the_memory_of_a_worker_stays(own):
    def resident():
        return max(int(line.split()[1]) for pid in own.workers()
                   for line in open(f"/proc/{pid}/status", encoding="ascii") if line.startswith("VmRSS"))

    with Client(own.url, timeout=60) as client:
        for _ in range(4):
            assert client.get(f"{EXPORT}?status=draft").status_code == 200  # both workers have been used
        before = resident()
        most = []
        with Reader(own) as reader:
            while reader.read(1 << 20):
                if len(reader.received) // (1 << 20) > len(most):
                    most.append(resident())
        assert reader.has_trailer and len(most) > 10
        assert max(most) - before < 512
        assert resident() - before < 512


# --- clients that are slow, or go away ---

def test_a_client_that_leaves_ends_it(own):
    before = len(cut_lines(own))
    with Reader(own) as reader:
        reader.read()
        assert exporting(own) == 1
    eventually(lambda: exporting(own) == 0, timeout=10)
    eventually(lambda: cut_lines(own)[before:] == ["client_gone"], timeout=10)


def test_a_client_that_is_too_slow_is_cut(own):
    before = len(cut_lines(own))
    with Reader(own, 4096) as reader:
        reader.read()
        start = time.monotonic()
        while exporting(own):
            assert time.monotonic() - start < 20, "a client of 1 KB/s holds a snapshot"
            reader.read(200)
            time.sleep(0.2)
        # The snapshot is given up before the line is written.
        eventually(lambda: cut_lines(own)[before:] == ["client_slow"])
        reader.drain()
        assert not reader.is_whole and not reader.has_trailer


def test_an_export_has_an_end(fresh_stack):
    """A client that reads steadily, and so slowly that it would take too long."""
    stack = fresh_stack(FRONT="nginx", WORKERS=1, WARES_EXPORT_TIME="2", WARES_LOG_FORMAT="json")
    fill(stack)
    with Reader(stack, 65536) as reader:
        with reader.reading_slowly(4096, 0.01):
            eventually(lambda: cut_lines(stack) == ["export_time"], timeout=15)
        eventually(lambda: exporting(stack) == 0)
        reader.drain()
        assert not reader.is_whole and not reader.has_trailer
    stack.close()


# --- faults ---

def curl(stack, *more):
    """A curl that is half way."""
    exported = stack.run_dir / "exported"
    exported.unlink(missing_ok=True)
    running = subprocess.Popen(["curl", "-sS", "--limit-rate", "2M", "-o", exported, *more, stack.url + EXPORT],
                               stderr=subprocess.PIPE)
    eventually(lambda: exported.exists() and exported.stat().st_size > 0)
    return running


def assert_curl_fails(stack, running):
    assert running.wait(20) != 0, "curl took a part for the whole"
    assert running.stderr.read() != b""
    assert b'{"cursor":' not in (stack.run_dir / "exported").read_bytes()


@pytest.mark.parametrize("accept", [NDJSON, CSV])
@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_a_lost_database_is_an_error_to_the_client(own, accept, coding):
    before = len(cut_lines(own))
    with contextlib.closing(own.connect()) as connection, connection.cursor() as cursor:
        running = curl(own, "-H", f"Accept: {accept}", "-H", f"Accept-Encoding: {coding}")
        # At once: what is compressed is soon over.
        cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'wares export'")
        assert cursor.fetchall() == [(True,)]
    assert_curl_fails(own, running)
    eventually(lambda: cut_lines(own)[before:] == ["database"])
    with Client(own.url) as client:
        assert client.get(f"{PRODUCTS}?limit=1").status_code == 200


def test_a_killed_worker_frees_its_slot(own):
    running = curl(own)
    assert exporting(own) == 1
    for pid in own.workers():
        os.kill(pid, signal.SIGKILL)
    assert_curl_fails(own, running)
    eventually(lambda: exporting(own) == 0, timeout=10)
    own.await_ready()
    with Client(own.url, timeout=60) as client:
        assert records_of(client.get(f"{EXPORT}?status=draft"))


def test_a_stop_waits_no_longer_than_its_grace(fresh_stack):
    stack = fresh_stack(FRONT="nginx", WORKERS=1, WARES_STOP_GRACE="1000", WARES_LOG_FORMAT="json")
    fill(stack)
    with Reader(stack, 65536) as reader:
        reader.read()
        with reader.reading_slowly(4096, 0.01):
            before = stack.workers()
            os.kill(before[0], signal.SIGTERM)
            eventually(lambda: stack.workers() not in ([], before), timeout=8)
        reader.drain()
        assert not reader.is_whole and not reader.has_trailer
    eventually(lambda: cut_lines(stack) == ["stop"])
    stack.close()


def test_without_a_database_it_is_a_503(fresh_stack):
    stack = fresh_stack(FRONT="nginx", WORKERS=1)
    with stack.held("postgres"), Client(stack.url) as client:
        problem = assert_problem(client.get(EXPORT), 503)
        assert problem["type"] == "/problems/unavailable"
    stack.close()
