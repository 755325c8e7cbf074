"""The worker's connection loop, spoken to in FastCGI's own records: what a front server sends, and what none ever would."""

import os
import random
import signal
import socket
import struct
import threading
import time

import fastcgi
import pytest
import worker_pool
from fastcgi import Closed
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from worker_pool import LIVE, NOWHERE, Pool, wait_until

BODY_MAX = 4096
FORGED = "/forged"


@pytest.fixture(scope="module")
def pool(tmp_path_factory):
    """Two workers with short timeouts, for the tests that leave them as they were."""
    with Pool(tmp_path_factory.mktemp("pool"), workers=2, WARES_BODY_MAX=BODY_MAX, WARES_IO_TIMEOUT=1000,
              WARES_DEADLINE=1000) as running:
        yield running


@pytest.fixture
def make_pool(tmp_path):
    """Makes pools that a test may ruin."""
    pools = []

    def make(workers=1, **options):
        folder = tmp_path / str(len(pools))
        folder.mkdir()
        pools.append(Pool(folder, workers, **options))
        return pools[-1]

    yield make
    for running in pools:
        running.kill()


def live(answer):
    return answer.status == 200 and answer.protocol_status == fastcgi.REQUEST_COMPLETE


def assert_serves(running, within=2):
    """The pool answers promptly, and again on a kept connection."""
    start = time.monotonic()
    with running.connect(within) as connection:
        assert live(connection.ask("GET", LIVE))
        assert live(connection.ask("GET", LIVE))
    assert time.monotonic() - start < within


def assert_never_run(running, uri=FORGED):
    assert_serves(running)
    time.sleep(0.05)  # a line may wait for others
    assert running.requests(uri) == []


def test_answers_and_closes_where_the_front_does_not_keep(pool):
    with pool.connect() as connection:
        connection.send(fastcgi.request("GET", LIVE, keep=False))
        assert live(connection.answer())
        assert connection.closed()


def test_many_requests_on_one_kept_connection(pool):
    with pool.connect() as connection:
        for number in range(500):
            request_id = number % 3 + 1
            connection.send(fastcgi.request("GET", LIVE if number % 2 else NOWHERE, request_id=request_id))
            assert connection.answer(request_id).status == (200 if number % 2 else 404)


def test_head_tells_the_length_and_sends_no_body(pool):
    with pool.connect() as connection:
        get, head = connection.ask("GET", LIVE), connection.ask("HEAD", LIVE)
    assert head.status == 200
    assert head.body == b""
    assert head.headers["content-length"] == get.headers["content-length"] == str(len(get.body))


def test_more_idle_connections_than_workers(pool):
    idle = [pool.connect() for _ in range(20)]
    try:
        for connection in idle:
            assert live(connection.ask("GET", LIVE))
        assert_serves(pool, within=1)
        for connection in idle:
            assert live(connection.ask("GET", LIVE))
    finally:
        for connection in idle:
            connection.close()


def test_connections_beyond_the_bound_wait_their_turn(make_pool):
    running = make_pool(WARES_CONNECTIONS=2)
    first, second, third = (running.connect(5) for _ in range(3))
    assert live(first.ask("GET", LIVE))
    assert live(second.ask("GET", LIVE))
    third.send(fastcgi.request("GET", LIVE))
    third.socket.settimeout(0.5)
    before = worker_pool.cpu_seconds(running.workers()[0])
    with pytest.raises(TimeoutError):
        third.answer()
    assert worker_pool.cpu_seconds(running.workers()[0]) - before < 0.1
    first.close()
    third.socket.settimeout(5)
    assert live(third.answer())
    assert live(second.ask("GET", LIVE))
    second.close()
    third.close()


def test_a_signal_waits_for_one_slow_request_and_not_for_all(make_pool):
    running = make_pool(WARES_IO_TIMEOUT=1000)
    [worker] = running.workers()
    connections = [running.connect() for _ in range(4)]
    for connection in connections:
        assert live(connection.ask("GET", LIVE))
    os.kill(worker, signal.SIGSTOP)  # so that all are ready at once
    for connection in connections:
        connection.send(fastcgi.request("POST", "/api/v1/products", b"x" * 100)[:-50])
    os.kill(worker, signal.SIGCONT)
    time.sleep(0.1)
    running.log.rename(running.log.with_name("rotated"))
    os.kill(worker, signal.SIGUSR1)
    wait_until(running.log.exists, 2.5)
    for connection in connections:
        assert connection.answer().status == 400
        connection.close()


def test_silent_connections_are_closed_and_keep_nobody_waiting(pool):
    silent = [pool.connect() for _ in range(10)]
    assert_serves(pool, within=1)
    for connection in silent:
        assert connection.closed(within=4)
        connection.close()


def test_an_idle_kept_connection_is_not_closed(pool):
    with pool.connect() as connection:
        assert live(connection.ask("GET", LIVE))
        time.sleep(2.5)  # more than twice the timeout of a read
        assert live(connection.ask("GET", LIVE))


@pytest.mark.parametrize("method, uri, body, status", [("GET", LIVE, b"", 200), ("POST", NOWHERE, b'{"a":1}', 404)])
def test_split_at_every_byte(pool, method, uri, body, status):
    with pool.connect() as connection:
        whole = fastcgi.request(method, uri, body)
        for cut in range(1, len(whole)):
            connection.send(whole[:cut])
            time.sleep(0.0005)
            connection.send(whole[cut:])
            assert connection.answer().status == status


def test_byte_for_byte(pool):
    with pool.connect() as connection:
        for byte in fastcgi.request("POST", NOWHERE, b"abc"):
            connection.send(bytes([byte]))
        assert connection.answer().status == 404
        assert live(connection.ask("GET", LIVE))


@pytest.mark.parametrize("step", [1, 7, 1000])
@pytest.mark.parametrize("padding", [0, 1, 255])
def test_streams_in_many_records(pool, step, padding):
    body = bytes(range(256)) * 8
    parameters = fastcgi.pairs(fastcgi.variables("POST", NOWHERE, body))
    with pool.connect() as connection:
        for _ in range(3):
            connection.send(fastcgi.begin() + fastcgi.stream(fastcgi.PARAMS, parameters, step=step, padding=padding)
                            + fastcgi.stream(fastcgi.STDIN, body, step=step, padding=padding))
            assert connection.answer().status == 404


def test_records_of_other_requests_are_passed_over(pool):
    # None is empty: after an empty one libfcgi passes over the next record too, whosever it is.
    stray = (fastcgi.record(fastcgi.STDIN, b"stray", request_id=7) + fastcgi.record(fastcgi.PARAMS, b"x" * 300, 9)
             + fastcgi.record(fastcgi.DATA, b"y", 7))
    body = b"0123456789"
    with pool.connect() as connection:
        connection.send(stray + fastcgi.begin() + stray
                        + fastcgi.stream(fastcgi.PARAMS, fastcgi.pairs(fastcgi.variables("POST", NOWHERE, body)))
                        + stray + fastcgi.record(fastcgi.STDIN, body[:4]) + stray
                        + fastcgi.record(fastcgi.STDIN, body[4:]) + stray + fastcgi.record(fastcgi.STDIN))
        assert connection.answer().status == 404
        assert live(connection.ask("GET", LIVE))


def test_a_second_request_on_a_busy_connection_is_refused(pool):
    with pool.connect() as connection:
        connection.send(fastcgi.begin() + fastcgi.begin(request_id=2)
                        + fastcgi.stream(fastcgi.PARAMS, fastcgi.pairs(fastcgi.variables("GET", LIVE)))
                        + fastcgi.stream(fastcgi.STDIN, b""))
        answer = connection.answer()
    assert live(answer)
    [(kind, request_id, content)] = answer.others
    assert (kind, request_id, content[4]) == (fastcgi.END_REQUEST, 2, fastcgi.CANT_MPX_CONN)


def test_management_records(pool):
    with pool.connect() as connection:
        connection.send(fastcgi.record(fastcgi.GET_VALUES, fastcgi.pairs({"FCGI_MAX_CONNS": "", "FCGI_MPXS_CONNS": "",
                                                                          "UNKNOWN": ""}), 0)
                        + fastcgi.record(200, b"", 0))
        kind, request_id, content = connection.record()
        assert (kind, request_id) == (fastcgi.GET_VALUES_RESULT, 0)
        assert b"FCGI_MPXS_CONNS0" in content
        connection.send(fastcgi.request("GET", LIVE))
        answer = connection.answer()
    assert live(answer)
    assert [(kind, content[0]) for kind, _, content in answer.others] == [(fastcgi.UNKNOWN_TYPE, 200)]


@pytest.mark.parametrize("announced, sent", [
    ("10", b"x" * 9), ("10", b""), ("10", b"x" * 11), ("0", b"x"), ("", b"x"), (None, b"xx"), ("-1", b"x"), ("1 ", b"x"),
    ("+1", b"x"), ("0x1", b"x"), ("1,1", b"x"), ("99999999999999999999999", b"x"),
])
def test_a_content_length_that_lies(pool, announced, sent):
    values = fastcgi.variables("POST", "/api/v1/products", CONTENT_TYPE="application/json")
    if announced is None:
        del values["CONTENT_LENGTH"]
    else:
        values["CONTENT_LENGTH"] = announced
    with pool.connect() as connection:
        connection.send(fastcgi.begin() + fastcgi.stream(fastcgi.PARAMS, fastcgi.pairs(values))
                        + fastcgi.stream(fastcgi.STDIN, sent))
        answer = connection.answer()
        assert answer.status == 400
        assert b'"type":"/problems/' in answer.body
        assert connection.closed()
    assert_serves(pool)


def test_a_body_of_the_largest_size_and_one_byte_more(pool):
    with pool.connect() as connection:
        assert connection.ask("POST", NOWHERE, b"x" * BODY_MAX).status == 404
        assert connection.ask("POST", "/api/v1/products", b"x" * (BODY_MAX + 1)).status == 413


def test_a_large_body_is_not_read_but_its_sender_gets_the_answer(pool):
    body = b"x" * (8 << 20)
    with pool.connect() as connection:
        connection.send(fastcgi.request("POST", "/api/v1/products", body))  # would fail if the worker just closed
        assert connection.answer().status == 413
        assert connection.closed()


# libfcgi reads 8,192 bytes at a time and forgets at the end of a request what it has not used of them. So what a reader
# that goes wrong takes for the next request starts at a multiple of that in what was sent; there the forged ones lie.
READ_SIZE = 8192
FORGED_SIZE = 512


def forged_requests(count):
    """Whole requests that must never be run, each FORGED_SIZE bytes."""
    start = "x" * 128
    bare = fastcgi.request("DELETE", FORGED, HTTP_X=start)
    one = fastcgi.request("DELETE", FORGED, HTTP_X=start + "x" * (FORGED_SIZE - len(bare)))
    assert len(one) == FORGED_SIZE
    return one * count


def hidden(before, count=64):
    """Content of a record that begins after the bytes before: forged requests, the first at a multiple of READ_SIZE."""
    return b"x" * (-(len(before) + 8) % READ_SIZE) + forged_requests(count)


def drain(connection):
    """Whatever still comes until the connection is closed or quiet."""
    connection.socket.settimeout(0.2)
    try:
        while True:
            connection.record()
    except (Closed, OSError):
        pass


@pytest.mark.parametrize("uri", ["/api/v1/products", NOWHERE, LIVE])
@pytest.mark.parametrize("announced", ["all", "0", "10", "4000", "", "-1", "9999999", "99999999999999999999"])
def test_an_unread_body_is_never_a_request(pool, uri, announced):
    """A body that is refused, or not as long as announced, stays unread in part: the rest must not be run."""
    def head(length):
        values = fastcgi.variables("POST", uri, CONTENT_LENGTH=length)
        return fastcgi.begin() + fastcgi.stream(fastcgi.PARAMS, fastcgi.pairs(values))

    body = hidden(head("00000" if announced == "all" else announced))
    with pool.connect() as connection:
        connection.send(head(str(len(body)) if announced == "all" else announced)
                        + fastcgi.stream(fastcgi.STDIN, body))
        assert connection.answer().status in (400, 404, 405, 413)
        drain(connection)
    assert_never_run(pool)


@pytest.mark.parametrize("method, body", [("GET", b""), ("POST", b"x" * 100), ("POST", b"x" * BODY_MAX)])
def test_bytes_after_a_request_are_never_half_a_request(pool, method, body):
    first = fastcgi.request(method, NOWHERE, body) + fastcgi.begin()
    content = b"\x06" + fastcgi.length(40000) + b"HTTP_X" + b"x" * 40000
    at = -(len(first) + 8) % READ_SIZE
    content = content[:at] + forged_requests(64) + content[at + 64 * FORGED_SIZE:]
    with pool.connect() as connection:
        connection.send(first + fastcgi.record(fastcgi.PARAMS, content) + fastcgi.record(fastcgi.PARAMS)
                        + fastcgi.record(fastcgi.STDIN))
        assert connection.answer().status == 404
        drain(connection)
    assert_never_run(pool)


@pytest.mark.parametrize("part", [4, 8, 16, 20, 60])
def test_half_a_request_and_then_silence(pool, part):
    with pool.connect() as connection:
        connection.send(fastcgi.request("GET", LIVE)[:part])
        assert connection.closed(within=4)
    assert_serves(pool)


def test_parameters_that_break_off_between_two_are_not_served(pool):
    """libfcgi takes an error at such a place for the end of the parameters."""
    values = fastcgi.pairs({"REQUEST_METHOD": "DELETE", "REQUEST_URI": FORGED})
    for ending in (b"", fastcgi.record(fastcgi.STDIN), fastcgi.record(fastcgi.ABORT_REQUEST),
                   fastcgi.record(fastcgi.PARAMS, version=9)):
        with pool.connect() as connection:
            connection.send(fastcgi.begin() + fastcgi.record(fastcgi.PARAMS, values) + ending)
            connection.socket.shutdown(socket.SHUT_WR)
            with pytest.raises(Closed):
                connection.record()
    assert_never_run(pool)


@pytest.mark.parametrize("role", [fastcgi.AUTHORIZER, fastcgi.FILTER, 0, 4, 65535])
def test_other_roles_are_not_served(pool, role):
    with pool.connect() as connection:
        connection.send(fastcgi.begin(role=role)
                        + fastcgi.stream(fastcgi.PARAMS, fastcgi.pairs(fastcgi.variables("GET", FORGED)))
                        + fastcgi.stream(fastcgi.STDIN, b"") + fastcgi.stream(fastcgi.DATA, b""))
        with pytest.raises(Closed):
            connection.record()
    assert_never_run(pool)


@pytest.mark.parametrize("start", [b"", fastcgi.begin(), fastcgi.begin() + fastcgi.record(fastcgi.PARAMS, b"\x01\x01aa")])
def test_wrong_version_and_unexpected_types_close_the_connection(pool, start):
    for wrong in (fastcgi.record(fastcgi.BEGIN_REQUEST, b"\0\1\1\0\0\0\0\0", version=2), fastcgi.record(fastcgi.STDOUT, b"x"),
                  fastcgi.record(fastcgi.BEGIN_REQUEST, b"short"), fastcgi.record(fastcgi.BEGIN_REQUEST, b"\0" * 8, 0)):
        if start and wrong[1] == fastcgi.BEGIN_REQUEST and wrong[0] == 1 and wrong[3] != 0:
            continue  # while one is under way a BEGIN_REQUEST is only refused
        with pool.connect() as connection:
            connection.send(start + wrong)
            assert connection.closed(within=3)
    assert_serves(pool)


def test_abort_ends_the_request(pool):
    with pool.connect() as connection:
        connection.send(fastcgi.begin()
                        + fastcgi.stream(fastcgi.PARAMS, fastcgi.pairs(fastcgi.variables("POST", NOWHERE, b"x" * 9)))
                        + fastcgi.record(fastcgi.STDIN, b"xxx") + fastcgi.record(fastcgi.ABORT_REQUEST))
        assert connection.answer().status in (400, 404)
        assert connection.closed()
    assert_serves(pool)


# What asks libfcgi for memory that it must not get, or steps on its known faults. Each may cost a worker, never the pool.
KILLERS = {
    "a length of 1.8 GB": fastcgi.begin() + fastcgi.record(fastcgi.PARAMS, struct.pack("!II", 0xEB000000, 0x80000001)),
    "lengths that overflow": fastcgi.begin() + fastcgi.record(fastcgi.PARAMS, b"\xff\xff\xff\xfe" * 2),
    "the largest lengths": fastcgi.begin() + fastcgi.record(fastcgi.PARAMS, b"\xff" * 8),
    "names that repeat": fastcgi.record(fastcgi.GET_VALUES, fastcgi.pairs([("FCGI_MAX_CONNS", "")] * 40), 0),
    "parameters without end": fastcgi.begin() + fastcgi.record(fastcgi.PARAMS, b"\x01\x00x" * 20000) * 2000,
}


@pytest.mark.parametrize("name", KILLERS)
def test_what_ends_a_worker_does_not_end_the_pool(make_pool, name):
    running = make_pool(workers=1, WARES_IO_TIMEOUT=1000, WARES_DEADLINE=2000)
    time.sleep(1.1)  # a worker that dies young is not started at once
    with running.connect() as connection:
        try:
            connection.send(KILLERS[name])
            connection.socket.shutdown(socket.SHUT_WR)
            connection.record()
        except (Closed, OSError):
            pass
    start = time.monotonic()
    assert_serves(running, within=5)
    assert time.monotonic() - start < (5 if worker_pool.SANITIZED else 1)


@pytest.mark.skipif(worker_pool.SANITIZED, reason="the sanitizer's own memory has no bound")
def test_memory_is_bounded(make_pool):
    for mib in (300, 500):
        running = make_pool(workers=0, WARES_MEMORY_MAX=mib)
        assert f" {mib << 20} " in [line for line in worker_pool.limits(running.pid) if "Max address space" in line][0]


def policies(running):
    """The scheduling policy of each thread of the workers."""
    return {os.sched_getscheduler(int(thread)) for pid in running.workers() for thread in os.listdir(f"/proc/{pid}/task")}


def test_workers_interrupt_nobody(make_pool):
    running = make_pool(workers=2)
    assert policies(running) == {os.SCHED_BATCH}
    assert os.sched_getscheduler(running.pid) == os.SCHED_OTHER, "the supervisor restarts workers at once"


@pytest.mark.parametrize(("chosen", "setting", "found"), [
    ("--idle", "batch", os.SCHED_IDLE), ("--other", "inherited", os.SCHED_OTHER)])
def test_who_starts_the_pool_may_choose_the_policy(make_pool, tmp_path, chosen, setting, found):
    program = tmp_path / "started"
    program.write_text(f'#!/bin/sh\nexec chrt {chosen} 0 "{worker_pool.PROGRAM}" "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    running = make_pool(workers=2, program=program, WARES_SCHEDULING=setting)
    assert policies(running) == {found}
    assert_serves(running)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(
    st.binary(max_size=64),
    st.builds(fastcgi.record, st.integers(0, 255), st.binary(max_size=40), st.integers(0, 3), st.integers(0, 9),
              st.sampled_from([1, 1, 1, 0, 2])),
    st.just(fastcgi.begin()),
    st.just(fastcgi.record(fastcgi.PARAMS)),
    st.just(fastcgi.record(fastcgi.STDIN)),
), max_size=12))
def test_garbage(pool, parts):
    with pool.connect() as connection:
        try:
            connection.send(b"".join(parts))
            connection.socket.shutdown(socket.SHUT_WR)
            while True:
                connection.record()
        except (Closed, OSError):
            pass
    wait_until(lambda: len(pool.workers()) == 2)
    assert_serves(pool, within=6)


def test_the_front_goes_away_before_it_is_answered(pool):
    before = set(pool.workers())
    for _ in range(50):
        with pool.connect() as connection:
            connection.send(fastcgi.request("GET", LIVE))
    assert_serves(pool)
    assert set(pool.workers()) == before


def test_the_front_goes_away_in_the_middle_of_its_body(pool):
    before = set(pool.workers())
    for _ in range(10):
        with pool.connect() as connection:
            connection.send(fastcgi.begin()
                            + fastcgi.stream(fastcgi.PARAMS, fastcgi.pairs(fastcgi.variables("POST", FORGED, b"x" * 999)))
                            + fastcgi.record(fastcgi.STDIN, b"xxx"))
    assert_serves(pool)
    assert set(pool.workers()) == before


def test_a_front_that_does_not_read_its_answers(pool):
    """Many requests whose answers fill every buffer: the write times out and the connection is closed."""
    before = set(pool.workers())
    with pool.connect() as connection:
        whole = fastcgi.request("GET", LIVE)
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        connection.socket.settimeout(0.2)
        with pytest.raises((TimeoutError, ConnectionError)):
            for _ in range(100_000):
                connection.send(whole)
                time.sleep(0)
        wait_until(lambda: pool_answers(pool), 8)
    assert set(pool.workers()) == before
    assert_serves(pool)


def pool_answers(running):
    try:
        return live(running.ask("GET", LIVE, timeout=1))
    except (Closed, TimeoutError):
        return False


DRIPS = {
    "before the request": (b"", fastcgi.record(77, b"x" * 400, 5)),
    "in the parameters": (fastcgi.begin(), fastcgi.record(fastcgi.PARAMS, fastcgi.pairs({"NAME": "x" * 400}))),
    "in the body": (fastcgi.begin() + fastcgi.stream(fastcgi.PARAMS, fastcgi.pairs(fastcgi.variables(
        "POST", "/api/v1/products", CONTENT_LENGTH="400"))), fastcgi.record(fastcgi.STDIN, b"x" * 400)),
}


@pytest.mark.parametrize("where", DRIPS)
def test_a_front_that_drips_is_cut_off(make_pool, where):
    """A byte now and then passes every timeout of a single read; the request as a whole has a bound."""
    running = make_pool(WARES_IO_TIMEOUT=500, WARES_DEADLINE=500)
    begun, rest = DRIPS[where]
    with running.connect() as connection:
        start = time.monotonic()
        connection.send(begun)
        with pytest.raises((ConnectionError, Closed)):
            for byte in rest:
                connection.send(bytes([byte]))
                time.sleep(0.1)
                assert time.monotonic() - start < 3, "still not cut off"
    wait_until(lambda: running.messages("cut off"))
    assert_serves(running)


def test_term_in_the_middle_of_a_body_finishes_the_request(make_pool):
    running = make_pool(workers=0)
    body = b"x" * 1000
    with running.connect() as connection:
        assert live(connection.ask("GET", LIVE))  # whoever stops accepts no more
        connection.send(fastcgi.begin()
                        + fastcgi.stream(fastcgi.PARAMS, fastcgi.pairs(fastcgi.variables("POST", NOWHERE, body)))
                        + fastcgi.record(fastcgi.STDIN, body[:10]))
        time.sleep(0.2)
        running.signal(signal.SIGTERM)
        time.sleep(0.2)
        connection.send(fastcgi.stream(fastcgi.STDIN, body[10:]))
        assert connection.answer().status == 404
        assert connection.closed()
    assert running.process.wait(5) == 0


def test_term_answers_kept_connections_once_more(make_pool):
    running = make_pool(workers=0)
    with running.connect() as kept, running.connect() as other:
        assert live(kept.ask("GET", LIVE))
        assert live(other.ask("GET", LIVE))
        running.signal(signal.SIGTERM)
        time.sleep(0.1)
        assert live(kept.ask("GET", LIVE))
        assert kept.closed(within=0.15)
        assert other.closed()
    assert running.process.wait(5) == 0


def test_term_ends_an_idle_worker_at_once_and_a_busy_one_within_its_grace(make_pool):
    def seconds_to_stop(running):
        start = time.monotonic()
        assert running.stop() == 0
        return time.monotonic() - start

    # A busy machine may hold one of them up.
    assert min(seconds_to_stop(make_pool(workers=0)) for _ in range(3)) < 0.25

    busy = make_pool(workers=0, WARES_STOP_GRACE=1000)
    stop = threading.Event()

    def keep_busy():
        while not stop.is_set():
            try:
                busy.ask("GET", LIVE)
            except (Closed, OSError):
                time.sleep(0.01)

    with busy.connect() as connection:
        assert live(connection.ask("GET", LIVE))
        thread = threading.Thread(target=keep_busy)
        thread.start()
        assert seconds_to_stop(busy) < 2
        stop.set()
        thread.join()


def test_hup_and_usr1_reopen_the_log(make_pool):
    running = make_pool(workers=0)
    for number in (signal.SIGHUP, signal.SIGUSR1):
        rotated = running.log.with_name(f"rotated.{number}")
        running.log.rename(rotated)
        running.signal(number)
        wait_until(running.log.exists)
        assert live(running.ask("GET", LIVE))
        wait_until(lambda: len(running.requests(LIVE)) == 1)


@pytest.mark.skipif(worker_pool.SANITIZED, reason="freed memory is held back by the sanitizer")
def test_memory_stays_the_same(make_pool):
    running = make_pool(workers=0)
    body = b"x" * 20000

    def load(count):
        with running.connect() as connection:
            for number in range(count // 50):
                for _ in range(40):
                    connection.ask("GET", LIVE)
                for _ in range(8):
                    connection.ask("POST", NOWHERE, body)
                running.ask("GET", NOWHERE)
                with running.connect() as short:
                    short.send(fastcgi.begin() + b"garbage!" * (number % 3))

    def descriptors():
        return len(os.listdir(f"/proc/{running.pid}/fd"))

    at_start = descriptors()
    load(20_000)
    before = worker_pool.resident_kib(running.pid)
    load(80_000)
    assert worker_pool.resident_kib(running.pid) <= before + 64
    wait_until(lambda: descriptors() == at_start)


def test_kept_connections_are_spread_over_the_workers(make_pool):
    running = make_pool(workers=4)
    connections = []
    for number in range(40):
        connections.append(running.connect())
        assert live(connections[-1].ask("GET", LIVE, HTTP_X_REQUEST_ID=f"c{number}"))
    held = {}
    for number in range(40):
        pid = running.who_answered(f"c{number}")
        held[pid] = held.get(pid, 0) + 1
    assert len(held) == 4
    assert max(held.values()) <= 20, held
    for connection in connections:
        connection.close()


def test_random_traffic_from_many_at_once(pool):
    """Kept and new connections, whole and broken requests, all at the same time: who asks properly is answered."""
    faults = []

    def client(seed):
        chance = random.Random(seed)
        connection = None
        for _ in range(150):
            kind = chance.randrange(5)
            try:
                if kind == 0:
                    with pool.connect() as broken:
                        broken.send(fastcgi.request("GET", LIVE)[:chance.randrange(8)])
                elif kind == 1 and not live(pool.ask("GET", LIVE)):
                    faults.append("new connection")
                else:
                    connection = connection or pool.connect()
                    if connection.ask("POST", NOWHERE, b"x" * chance.randrange(BODY_MAX)).status != 404:
                        faults.append("kept connection")
            except (Closed, OSError) as error:
                faults.append(repr(error))
        if connection:
            connection.close()

    threads = [threading.Thread(target=client, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
