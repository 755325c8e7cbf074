"""No request waits behind a busy worker while another is idle: a kept connection goes over to who has the time."""

import array
import concurrent.futures
import contextlib
import json
import os
import signal
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator

import pytest

import fastcgi
import worker_pool
from client import PRODUCTS, Client, path_of
from load import Load, assert_all, eventually
from stack import Stack, json_lines

FRESH = {"HTTP_CACHE_CONTROL": "no-cache"}
MERGE = "application/merge-patch+json"
POOLS = ("supervisor", "spawn-fcgi")

# The longest that a request may take with the front's own bound above it: all that the tests do meanwhile comes before.
DEADLINE = {"WARES_DEADLINE": "6500", "WARES_LOG_FORMAT": "json"}


@pytest.fixture(scope="module", params=POOLS)
def own(request: pytest.FixtureRequest, fresh_stack: Callable[..., Stack]) -> Iterator[Stack]:
    stack = fresh_stack(POOL=request.param, WORKERS=4, **DEADLINE)
    yield stack
    stack.close()


@pytest.fixture(scope="module")
def pair(fresh_stack: Callable[..., Stack]) -> Iterator[Stack]:
    """Two workers, so that one is the other."""
    stack = fresh_stack(POOL="supervisor", WORKERS=2, WARES_IO_TIMEOUT="2000", **DEADLINE)
    yield stack
    stack.close()


@contextlib.contextmanager
def locked(stack: Stack, product: dict) -> Iterator[None]:
    """Who writes this product waits."""
    with contextlib.closing(stack.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT FROM product WHERE id = %s FOR UPDATE", (product["id"],))
        yield


def waiting(stack: Stack) -> int:
    with contextlib.closing(stack.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        return cursor.fetchone()[0]


def patch(product: dict, price: str, **more: str) -> bytes:
    return fastcgi.request("PATCH", path_of(product), json.dumps({"price": price}).encode(), CONTENT_TYPE=MERGE,
                           **more)


# --- through nginx --------------------------------------------------------------------------------------------------


def at_once(stack: Stack, count: int, send: Callable[[Client, int], int]) -> list[int]:
    """The statuses of what so many clients send at the same time."""
    begin = threading.Barrier(count)

    def one(number: int) -> int:
        with Client(stack.url) as client:
            begin.wait()
            return send(client, number)

    with concurrent.futures.ThreadPoolExecutor(count) as threads:
        return list(threads.map(one, range(count)))


def test_all_others_are_answered_while_one_waits(own: Stack) -> None:
    """Reads from the cache and from Postgres, and writes with the key of the one that waits: nginx keeps connections to
    every worker, and sends what comes to whichever it likes."""
    with Client(own.url) as client:
        product, other = client.product(), client.product()
        for _ in range(3):
            at_once(own, 24, lambda one, _: one.get(path_of(other)).status_code)
        for number in range(6):
            body = json.dumps({"price": f"3.0{number + 1}"})
            headers = {"Idempotency-Key": uuid.uuid4().hex, "Content-Type": MERGE}

            def write(one: Client, body: str = body, headers: dict = headers) -> int:
                return one.patch(path_of(product), data=body, headers=headers).status_code

            def other_request(one: Client, number: int, write: Callable[[Client], int] = write) -> int:
                if number % 3 == 0:
                    return write(one)
                return (one.get if number % 3 == 1 else one.fresh)(path_of(other)).status_code

            with concurrent.futures.ThreadPoolExecutor(1) as threads:
                with locked(own, product), Client(own.url) as another:
                    first = threads.submit(write, another)
                    eventually(lambda: waiting(own) == 1)
                    statuses = at_once(own, 48, other_request)
                    assert not first.done(), "the others waited for it"
                assert statuses == [409, 200, 200] * 16
                assert first.result() == 200


# --- worker by worker -----------------------------------------------------------------------------------------------


def lines(stack: Stack) -> list[dict]:
    return json_lines(stack.log)


def worker_of(stack: Stack, request_id: str) -> int:
    """Who answered this request, as the log tells once the worker's round is over."""
    found = eventually(lambda: [line["pid"] for line in lines(stack) if line.get("request_id") == request_id])
    return int(found[0])


@contextlib.contextmanager
def kept_by_worker(stack: Stack, count: int) -> Iterator[dict[int, list[fastcgi.Connection]]]:
    """So many kept connections, and the worker that has each. Each worker has one: on a busy machine that takes some more."""
    kept: dict[int, list[fastcgi.Connection]] = {pid: [] for pid in stack.workers()}
    with contextlib.ExitStack() as opened:
        for _ in range(20):
            ids = {uuid.uuid4().hex: opened.enter_context(fastcgi.Connection(stack.socket)) for _ in range(count)}
            for request_id, connection in ids.items():
                assert connection.ask("GET", "/livez", HTTP_X_REQUEST_ID=request_id).status == 200
            for request_id, connection in ids.items():
                kept[worker_of(stack, request_id)].append(connection)
            if all(kept.values()):
                break
        yield kept


def is_silent(connection: fastcgi.Connection) -> bool:
    connection.socket.setblocking(False)
    try:
        connection.socket.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return True
    finally:
        connection.socket.settimeout(10)
    return False


def test_each_connection_of_a_waiting_worker_is_served_by_another(own: Stack) -> None:
    with Client(own.url) as client:
        product, other = client.product(), client.product()
    with kept_by_worker(own, 40) as kept:
        busy = max(kept, key=lambda pid: len(kept[pid]))
        first, *others = kept[busy]
        with locked(own, product):
            first.send(patch(product, "4.00"))
            eventually(lambda: waiting(own) == 1)
            for round_number in range(3):
                ids = [uuid.uuid4().hex for _ in others]
                for connection, request_id in zip(others, ids, strict=True):
                    connection.send(fastcgi.request("GET", path_of(other), HTTP_X_REQUEST_ID=request_id, **FRESH))
                assert [connection.answer().status for connection in others] == [200] * len(others), round_number
                assert busy not in {worker_of(own, request_id) for request_id in ids}
            assert is_silent(first)
        assert first.answer().status == 200
        assert first.ask("GET", "/livez").status == 200


def test_one_that_was_accepted_and_not_yet_asked_goes_over_too(pair: Stack) -> None:
    with Client(pair.url) as client:
        product = client.product()
    with contextlib.ExitStack() as opened:
        silent = [opened.enter_context(fastcgi.Connection(pair.socket)) for _ in range(8)]
        first = opened.enter_context(fastcgi.Connection(pair.socket))
        time.sleep(0.1)
        with locked(pair, product):
            first.send(patch(product, "5.00"))
            eventually(lambda: waiting(pair) == 1)
            for connection in silent:
                connection.send(fastcgi.request("GET", "/livez"))
            assert [connection.answer().status for connection in silent] == [200] * 8
            assert is_silent(first)
        assert first.answer().status == 200


def test_nothing_spins_and_nothing_is_lost_while_all_workers_wait(pair: Stack) -> None:
    with Client(pair.url) as client:
        product = client.product()
    with kept_by_worker(pair, 16) as kept:
        connections = [connection for held in kept.values() for connection in held]
        writers = [held[0] for held in kept.values()]
        others = [connection for connection in connections if connection not in writers]
        before = sum(map(worker_pool.cpu_seconds, pair.workers()))
        with locked(pair, product):
            for number, writer in enumerate(writers):
                writer.send(patch(product, f"6.0{number}"))
            eventually(lambda: waiting(pair) == 2)
            for connection in others:
                connection.send(fastcgi.request("GET", "/livez"))
            with fastcgi.Connection(pair.socket) as late:
                late.send(fastcgi.request("GET", "/livez"))
                time.sleep(2)
                assert all(map(is_silent, [*connections, late]))
                assert sum(map(worker_pool.cpu_seconds, pair.workers())) - before <= 0.1
        assert [connection.answer().status for connection in connections] == [200] * len(connections)


def test_a_worker_that_is_alone_answers_all_itself(fresh_stack: Callable[..., Stack]) -> None:
    """And still does so when it is told to stop meanwhile: what it has offered is still its own."""
    with fresh_stack(WORKERS=1, **DEADLINE) as stack:
        with Client(stack.url) as client:
            product = client.product()
        with kept_by_worker(stack, 6) as kept:
            [connections] = kept.values()
            for stopping in (False, True):
                with locked(stack, product):
                    connections[0].send(patch(product, f"7.0{stopping:d}"))
                    eventually(lambda: waiting(stack) == 1)
                    for connection in connections[1:]:
                        connection.send(fastcgi.request("GET", "/livez"))
                    time.sleep(0.3)
                    if stopping:
                        os.kill(stack.pids("pool")[0], signal.SIGTERM)
                    assert all(map(is_silent, connections))
                assert [connection.answer().status for connection in connections] == [200] * 6
            assert all(connection.closed() for connection in connections)


# --- strangers ------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def account_of(pid: int) -> Iterator[None]:
    """Connections that are opened meanwhile are those of another process's account, where we are root."""
    ours, theirs = os.geteuid(), os.stat(f"/proc/{pid}").st_uid
    os.seteuid(theirs)
    try:
        yield
    finally:
        os.seteuid(ours)


class Offer:
    """An offer as a worker would make it, or not quite."""

    serial = 0

    def __init__(self, stack: Stack, *, stranger: bool = False) -> None:
        Offer.serial += 1
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(5)
        self.socket.bind(f"\0wares-handover-{os.getpid()}-{Offer.serial}")
        with contextlib.nullcontext() if stranger else account_of(stack.workers()[0]):
            self.socket.connect(str(stack.socket))

    def give(self, *descriptors: int) -> None:
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))]
        self.socket.sendmsg([b"\n"], rights)

    def is_asked(self) -> bool:
        return self.socket.recv(1) == b"\n"

    def close(self) -> None:
        self.socket.close()


def descriptors(stack: Stack) -> dict[int, int]:
    return {pid: len(os.listdir(f"/proc/{pid}/fd")) for pid in stack.workers()}


def test_a_stranger_s_connection_is_one_like_any_other(pair: Stack) -> None:
    ours, theirs = socket.socketpair()
    offer = Offer(pair)
    assert offer.is_asked()
    offer.give(theirs.fileno())
    theirs.close()
    offer.close()
    with ours:
        ours.settimeout(5)
        ours.sendall(fastcgi.request("GET", "/livez", keep=False))
        answer = b"".join(iter(lambda: ours.recv(65536), b""))
        assert b"Status: 200" in answer


def test_what_a_stranger_offers_does_no_harm_and_leaks_nothing(pair: Stack) -> None:
    """Nothing, rubbish, a pipe, a listening socket, a datagram socket, a TCP connection, several, the offer itself."""
    before, workers = descriptors(pair), pair.workers()
    with socket.create_server(("127.0.0.1", 0)) as tcp:
        for number in range(60):
            offer = Offer(pair)
            ours, theirs = socket.socketpair()
            datagrams = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
            over_tcp = socket.create_connection(tcp.getsockname())
            pipe = os.pipe()
            kind = number % 10
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                if kind < 8:
                    assert offer.is_asked()
                if kind == 1:
                    offer.socket.sendall(os.urandom(5000))
                elif kind == 2:
                    offer.give(pipe[0])
                elif kind == 3:
                    offer.give(*[theirs.fileno()] * 10)
                elif kind == 4:
                    offer.give(theirs.fileno(), pipe[1])
                elif kind == 5:
                    offer.give(tcp.fileno())
                    offer.give(datagrams[0].fileno())
                elif kind == 6:
                    offer.give(datagrams[0].fileno())
                elif kind == 7:
                    offer.socket.sendall(b"x")
                    offer.give(over_tcp.fileno())
                elif kind == 8:
                    offer.give(offer.socket.fileno())
                else:
                    offer.give(over_tcp.fileno())
            for one in (theirs, *datagrams, over_tcp, offer.socket):
                one.close()
            for end in pipe:
                os.close(end)
            with ours:  # nobody else has the other end any more, once it is refused
                ours.settimeout(5)
                assert ours.recv(1) == b""
            tcp.accept()[0].close()
            assert fastcgi.ask(pair.socket, "GET", "/livez").status == 200
    eventually(lambda: descriptors(pair) == before)
    assert pair.workers() == workers


def test_a_stranger_that_says_nothing_keeps_nobody_waiting(fresh_stack: Callable[..., Stack]) -> None:
    with fresh_stack(WORKERS=1, WARES_IO_TIMEOUT="1000") as stack:
        offers = [Offer(stack) for _ in range(20)]
        with fastcgi.Connection(stack.socket, 5) as connection:
            assert connection.ask("GET", "/livez").status == 200
        for offer in offers:
            assert offer.is_asked()
            assert offer.socket.recv(1) == b"", "it is forgotten in time"
            offer.close()


def test_an_offer_of_another_account_is_not_taken_up(pair: Stack) -> None:
    if os.stat(f"/proc/{pair.workers()[0]}").st_uid == os.geteuid():
        pytest.skip("the workers have our own account")
    offer = Offer(pair, stranger=True)
    assert offer.socket.recv(1) == b""
    offer.close()


# --- without the right ---


def test_without_the_right_to_connect_they_wait_and_the_log_says_why(fresh_stack: Callable[..., Stack]) -> None:
    with fresh_stack(WORKERS=2, **DEADLINE) as stack:
        if os.stat(f"/proc/{stack.workers()[0]}").st_uid == os.geteuid():
            pytest.skip("the workers have our own account")
        with Client(stack.url) as client:
            product = client.product()
        with kept_by_worker(stack, 12) as kept:
            first, *others = max(kept.values(), key=len)
            os.chown(stack.socket, 0, 0)
            with locked(stack, product):
                first.send(patch(product, "8.00"))
                eventually(lambda: waiting(stack) == 1)
                for connection in others:
                    connection.send(fastcgi.request("GET", "/livez"))
                time.sleep(1)
                assert all(map(is_silent, [first, *others]))
            assert {connection.answer().status for connection in [first, *others]} == {200}
        told = eventually(lambda: [line for line in lines(stack) if "no other worker can" in line.get("message", "")])
        assert len(told) == 1 and told[0]["message"].endswith("the workers' account needs the right to write to it")


# --- faults ---------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def slow_commits(stack: Stack) -> Iterator[None]:
    """Every create waits long enough for the others to be handed over."""
    with contextlib.closing(stack.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS "
                       "'BEGIN PERFORM pg_sleep(0.03 + random() * 0.1); RETURN NEW; END'")
        cursor.execute("CREATE TRIGGER dawdle BEFORE INSERT ON product FOR EACH ROW EXECUTE FUNCTION dawdle()")
        connection.commit()
        try:
            yield
        finally:
            cursor.execute("DROP FUNCTION dawdle() CASCADE")
            connection.commit()


def stored(stack: Stack, home: str) -> dict[str, str]:
    with contextlib.closing(stack.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT id::text, name FROM product WHERE category_id = %s", (home,))
        return dict(cursor.fetchall())


def creating(home: str) -> dict[str, Callable]:
    """Each answer is held against what was asked: one that came to the wrong request would show."""
    def create(client: Client) -> object:
        name = uuid.uuid4().hex
        response = client.post(PRODUCTS, json={"name": name, "price": "1.00", "category_id": home})
        assert response.status_code != 201 or response.json()["name"] == name
        return response

    def read(client: Client) -> object:
        key = uuid.uuid4().hex
        response = client.get(f"{PRODUCTS}/{uuid.uuid4()}", headers={"X-Request-Id": key})
        assert response.headers["X-Request-Id"] == key
        return response

    return {"create": create, "read": read}


def disturb(stack: Stack, how: str) -> None:
    for _ in range(4):
        time.sleep(0.5)
        if how == "kill":
            os.kill(stack.workers()[-1], signal.SIGKILL)
        elif how == "hangup":
            before = set(stack.workers())
            os.kill(stack.pids("pool")[0], signal.SIGHUP)
            eventually(lambda before=before: not before & set(stack.workers()) and
                       len(stack.workers()) == stack.workers_wanted, timeout=20)


@pytest.mark.parametrize("how", ["calm", "kill", "hangup"])
def test_no_acknowledged_write_is_lost_and_no_answer_is_another_s(fresh_stack: Callable[..., Stack], how: str) -> None:
    """More clients than workers, whose requests go from worker to worker all the time."""
    with fresh_stack(WORKERS=3, **DEADLINE) as stack:
        with Client(stack.url) as client:
            home = client.category()["id"]
        with slow_commits(stack), Load(stack.url, creating(home), threads=8) as load:
            disturb(stack, how)
        assert_all([one for one in load.outcomes if one.action == "create"],
                   lambda one: one.status == 201 or (how != "calm" and one.asks_to_try_again))
        assert_all([one for one in load.outcomes if one.action == "read"],
                   lambda one: one.status == 404 or (how == "kill" and one.asks_to_try_again))
        acknowledged = {json.loads(one.body)["id"] for one in load.outcomes if one.status == 201}
        assert len(acknowledged) > 20
        found = stored(stack, home)
        assert acknowledged <= set(found)
        if how != "kill":
            assert len(found) == len(set(found.values())), "a request was run twice"
