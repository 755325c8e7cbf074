"""The log: one line per request, as text or JSON, reopened after a rotation, and never a secret or a forged line."""

import contextlib
import json
import os
import re
import signal
import subprocess
import uuid

import pytest

import fastcgi
from client import CATEGORIES, MICROSECONDS, PRODUCTS, Client
from load import eventually
from stack import open_files

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
TEXT_LINE = re.compile(
    r"(?P<ts>\S+) info wares\S*\[(?P<pid>\d+)\] (?P<method>\S+) (?P<uri>\S+) (?P<status>\d{3})"
    r" (?P<duration_ms>\d+\.\d+)ms id=(?P<request_id>\S+) bytes=(?P<bytes>\d+)(?: trace=(?P<trace_id>[0-9a-f]{32}))?")


@pytest.fixture(scope="module", params=["text", "json"])
def logged(request, fresh_stack):
    """A stack whose log has this form. No runner writes to it."""
    with contextlib.closing(fresh_stack(WARES_LOG_FORMAT=request.param)) as stack, stack.held("jobs"):
        stack.log_form = request.param
        yield stack


@pytest.fixture
def client(logged):
    with Client(logged.url) as opened:
        yield opened


def lines_of(stack, needle, count=1, path=None):
    """Waits for the lines that hold needle. Nothing may follow the expected ones."""
    def matching():
        text = (path or stack.log).read_bytes()
        assert text.endswith(b"\n") or not text
        found = [line for line in text.split(b"\n") if needle.encode() in line]
        return found if len(found) >= count else None
    found = eventually(matching)
    assert len(found) == count, found
    return found


def parsed(stack, line):
    if stack.log_form == "json":
        return json.loads(line)
    match = TEXT_LINE.fullmatch(line.decode("ascii"))
    assert match, line
    return match.groupdict()


def test_a_request_has_one_line(logged, client):
    given = uuid.uuid4().hex
    target = f"{CATEGORIES}?limit=1&x=y"
    response = client.get(target, headers={"X-Request-Id": given, "traceparent": TRACE})
    line = parsed(logged, lines_of(logged, given)[0])
    assert line["request_id"] == given
    assert line["method"] == "GET"
    assert line["uri"] == target
    assert int(line["status"]) == response.status_code == 400
    assert 0 < float(line["duration_ms"]) < 5000
    assert re.search(r'duration_ms":\d+\.\d+|\d\.\d+ms', lines_of(logged, given)[0].decode())
    assert int(line["pid"]) in logged.workers()
    assert int(line["bytes"]) == len(response.content)
    assert line["trace_id"] == TRACE.split("-")[1]
    assert MICROSECONDS.fullmatch(line["ts"])


def test_every_kind_of_answer_has_its_line(logged, client):
    for method, target, status in (("GET", CATEGORIES, 200), ("POST", CATEGORIES, 415), ("GET", "/nothing", 404),
                                   ("DELETE", PRODUCTS, 405), ("HEAD", PRODUCTS, 200), ("GET", "/livez", 200)):
        given = uuid.uuid4().hex
        assert client.request(method, target, headers={"X-Request-Id": given}).status_code == status
        line = parsed(logged, lines_of(logged, given)[0])
        assert (line["method"], line["uri"], int(line["status"])) == (method, target, status)


def test_neither_bodies_nor_keys_are_logged(logged, client):
    secret, given = f"secret{uuid.uuid4().hex}", uuid.uuid4().hex
    headers = {"X-Request-Id": given, "Authorization": f"Bearer {secret}", "Cookie": secret, "Idempotency-Key": secret,
               "Content-Type": "application/json"}
    for body in (json.dumps({"name": secret}), f'{{"name":"{secret}"', secret, json.dumps({secret: 1})):
        client.post(CATEGORIES, data=body, headers=headers)
    lines_of(logged, given, 4)
    for path in logged.log.parent.glob("wares*"):
        assert secret.encode() not in path.read_bytes()


@pytest.mark.parametrize("target", [
    "/forged%0a2026-01-01T00:00:00Z%20info%20forged", '/"},{"forged":"yes"', "/\\", "/a\\n\\\"", "/%01%1b[31m", "/%2e",
    "/caf\u00e9", "/\u202e\U0001F375", b"/\xff\xfe\xc3\x28", "/" + "x" * 7000, "/?%", "/?\u0085\u2028", "/?a=\u2029",
])
def test_a_hostile_uri_forges_nothing(logged, client, target):
    given = uuid.uuid4().hex
    target = target.encode() if isinstance(target, str) else target
    before = logged.log.read_bytes().count(b"\n")
    assert client.raw("GET", target, [("X-Request-Id", given)]).status_code == 404
    line = lines_of(logged, given)[0]
    assert len(line) < 4096
    assert int(parsed(logged, line)["status"]) == 404
    assert logged.log.read_bytes().count(b"\n") == before + 1
    assert re.fullmatch(rb"[\x20-\x7e]*" if logged.log_form == "text" else rb"[^\x00-\x1f\x7f]*", line)


@pytest.mark.parametrize("how", [signal.SIGUSR1, signal.SIGHUP], ids=["USR1", "HUP"])
def test_the_log_is_reopened_after_a_rotation(logged, client, how):
    log = logged.log
    rotated = log.with_name(f"wares.log.{how.name}")
    log.rename(rotated)
    given = uuid.uuid4().hex
    assert client.get(PRODUCTS, headers={"X-Request-Id": given}).status_code == 200
    lines_of(logged, given, path=rotated)
    os.kill(logged.pids("pool")[0], how)
    again = uuid.uuid4().hex

    def arrives():
        assert client.get(PRODUCTS, headers={"X-Request-Id": again}).status_code == 200
        return log.exists() and again.encode() in log.read_bytes()

    eventually(arrives)
    # Every worker writes to the new one, not only the first that was asked.
    eventually(lambda: all(str(log.resolve()) in open_files(pid) and str(rotated.resolve()) not in open_files(pid)
                           for pid in logged.workers()))


@pytest.fixture
def pool(nginx_stack, tmp_path):
    """Starts a worker of its own on the stack's database: returns its socket."""
    started = []

    def start(**variables):
        socket = tmp_path / "wares.sock"
        environment = {"PATH": os.environ["PATH"], "DATABASE_URL": nginx_stack.database_url,
                       "REDIS_URL": nginx_stack.redis_url, **variables}
        with open(tmp_path / "stderr", "wb") as stderr:
            started.append(subprocess.Popen(
                ["/usr/bin/spawn-fcgi", "-n", "-s", socket, "--", nginx_stack.program, "--workers", "1"],
                env=environment, stdout=stderr, stderr=stderr))
        eventually(lambda: answers(socket))
        return socket

    yield start
    for process in started:
        process.terminate()
        process.wait(15)


def answers(socket):
    try:
        return fastcgi.ask(socket, "GET", "/livez").status == 200
    except (OSError, fastcgi.Closed):
        return False


def test_a_line_break_in_a_parameter_forges_no_line(pool, tmp_path):
    socket = pool(WARES_LOG="stderr")
    fastcgi.ask(socket, "GET\nforged", "/a\nforged info line")
    log = eventually(lambda: [line for line in (tmp_path / "stderr").read_text().split("\n") if "forged" in line])
    assert len(log) == 1
    assert not log[0].startswith("forged")


@pytest.mark.parametrize("level, shown", [("error", False), ("warning", False), ("info", True), ("debug", True)])
def test_the_level_decides_about_the_lines_of_requests(pool, tmp_path, level, shown):
    log = tmp_path / "own.log"
    socket = pool(WARES_LOG=str(log), WARES_LOG_LEVEL=level)
    for _ in range(3):
        assert answers(socket)
    if shown:
        eventually(lambda: log.read_text().count("/livez") >= 3)
    else:
        assert not log.exists() or "/livez" not in log.read_text()
    assert not log.exists() or log.stat().st_mode & 0o777 == 0o640
