"""What a request costs in allocations: of one that is answered from the worker's memory, none but libfcgi's own."""

import socket
import struct
import subprocess
import time
from pathlib import Path

import pytest

import fastcgi
from client import PRODUCTS, Client, path_of
from stack import BUILD, await_true
from worker_pool import SANITIZED

COUNTER = BUILD / "tests" / "allocations.so"
WARM = 20  # buffers grow to what is needed
ASKED = 200
OF_THE_FRONT = {"HTTP_X_REQUEST_ID": "of-the-front"}


pytestmark = pytest.mark.skipif(SANITIZED, reason="AddressSanitizer has an allocator of its own")


def answers(path):
    try:
        with fastcgi.Connection(path) as connection:
            return connection.ask("GET", "/readyz").status == 200
    except OSError:
        return False


class Counted:
    """A worker of the stack's service whose allocations are counted."""

    def __init__(self, stack, folder):
        self.socket = folder / "counted.sock"
        self.counts_file = folder / "counts"
        environment = dict(entry.split("=", 1) for entry in
                           Path(f"/proc/{stack.workers()[0]}/environ").read_text().split("\0") if "=" in entry)
        environment |= {"LD_PRELOAD": str(COUNTER), "ALLOCATIONS": str(self.counts_file)}
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(self.socket))
            listener.listen(8)
            self.process = subprocess.Popen([stack.program], env=environment, stdin=listener)
        await_true(lambda: answers(self.socket), "the counted worker")

    def counts(self):
        """Blocks that all but libfcgi made, that libfcgi made, that all but libfcgi released, that libfcgi released. What is
        done behind an answer is waited for."""
        before, now = None, b""
        while now != before:
            before, now = now, self.counts_file.read_bytes()
            time.sleep(0.02)
        return struct.unpack("4Q", now)


@pytest.fixture(scope="module")
def own(fresh_stack):
    stack = fresh_stack(WORKERS=1)
    yield stack
    stack.close()


@pytest.fixture(scope="module")
def counted(own, tmp_path_factory):
    worker = Counted(own, tmp_path_factory.mktemp("counted"))
    yield worker
    worker.process.terminate()
    assert worker.process.wait(30) == 0


@pytest.fixture(scope="module")
def product(own):
    with Client(own.url) as client:
        return client.product()


def spent(counted, connection, request, status, times):
    before = counted.counts()
    for _ in range(times):
        connection.send(request)
        assert connection.answer().status == status
    return [after - then for after, then in zip(counted.counts(), before, strict=True)]


def check_nothing_is_made(counted, target, status=200, method="GET", **more):
    request = fastcgi.request(method, target, **OF_THE_FRONT | more)
    with fastcgi.Connection(counted.socket) as connection:
        spent(counted, connection, request, status, WARM)
        made, made_fcgi, released, released_fcgi = spent(counted, connection, request, status, ASKED)
        assert (made, released) == (0, 0)
        # Which grows by nothing, and is what the counting of it shows to work.
        assert made_fcgi == released_fcgi > 0
        assert made_fcgi % ASKED == 0
        assert spent(counted, connection, request, status, ASKED)[1] == made_fcgi


def tag_of(counted, target):
    with fastcgi.Connection(counted.socket) as connection:
        return connection.ask("GET", target).headers["etag"]


def test_a_hit_makes_nothing(counted, product):
    check_nothing_is_made(counted, path_of(product))


def test_a_head_and_a_304_make_nothing(counted, product):
    check_nothing_is_made(counted, path_of(product), method="HEAD")
    check_nothing_is_made(counted, path_of(product), 304, HTTP_IF_NONE_MATCH=tag_of(counted, path_of(product)))


@pytest.mark.parametrize("query", ["limit=5", "category_id={category_id}&limit=20"])
def test_a_list_that_is_held_makes_nothing(counted, product, query):
    target = f"{PRODUCTS}?{query.format(**product)}"
    check_nothing_is_made(counted, target)
    check_nothing_is_made(counted, target, 304, HTTP_IF_NONE_MATCH=tag_of(counted, target))


def test_what_goes_to_postgres_is_counted(counted, product):
    """That the counts do not stay at nothing whatever is done."""
    request = fastcgi.request("GET", path_of(product), HTTP_CACHE_CONTROL="no-cache", **OF_THE_FRONT)
    with fastcgi.Connection(counted.socket) as connection:
        spent(counted, connection, request, 200, WARM)
        made, _, released, _ = spent(counted, connection, request, 200, ASKED)
    assert made >= ASKED
    assert made == released
