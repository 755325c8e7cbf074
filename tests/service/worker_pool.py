"""A pool of workers in a folder of its own, without Postgres and Redis: what the tests of the server layer run on.

/livez is answered there, a path that does not exist is a 404 and a write a 503. What was asked stands in the log, so
that a request that should never have been run shows."""

import os
import signal
import subprocess
import time
from pathlib import Path

import fastcgi
from stack import json_lines

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / os.environ.get("BUILD", "build") / "wares.fcgi"

# AddressSanitizer keeps freed memory for a while: how much is held tells nothing then.
SANITIZED = b"__asan_init" in PROGRAM.read_bytes()

LIVE = "/livez"
NOWHERE = "/nowhere"


def wait_until(condition, seconds=10, pause=0.01):
    """Waits for a condition to become true and returns its value; fails where it does not."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"still waiting after {seconds} s: {condition}"
        time.sleep(pause)


def environment(log, **settings):
    """The environment of a pool: nothing of ours but what is given here."""
    ours = ("WARES_", "DATABASE_URL", "REDIS_URL", "PG")
    values = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    values.update({
        "DATABASE_URL": "host=/nonexistent connect_timeout=1",
        "REDIS_URL": "off",
        "WARES_MIGRATE": "off",
        "WARES_LOG": str(log),
        "WARES_RUNTIME_DIR": str(Path(log).parent / "cells"),
        "WARES_LOG_FORMAT": "json",
        "ASAN_OPTIONS": "allocator_may_return_null=1",
        "LSAN_OPTIONS": f"suppressions={Path(__file__).with_name('sanitizer.suppressions')}:print_suppressions=0",
    })
    values.update({name: str(value) for name, value in settings.items()})
    return values


def children(pid):
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def executable(pid):
    try:
        return os.readlink(f"/proc/{pid}/exe")
    except FileNotFoundError:
        return None


def resident_kib(pid):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise AssertionError(f"no VmRSS of {pid}")


def cpu_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def limits(pid):
    return Path(f"/proc/{pid}/limits").read_text().splitlines()


class Pool:
    """wares.fcgi --workers N under spawn-fcgi; or, with workers=0, one worker without a supervisor."""

    def __init__(self, folder, workers=1, program=PROGRAM, **settings):
        self.folder = Path(folder)
        self.path = self.folder / "wares.sock"
        self.log = self.folder / "wares.log"
        self.log.touch()
        command = ["spawn-fcgi", "-n", "-s", str(self.path), "-M", "0660", "-b", "1024", "--", str(program)]
        if workers:
            command += ["--workers", str(workers)]
        self.supervised = workers > 0
        self.process = subprocess.Popen(command, env=environment(self.log, **settings), stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL)
        try:
            wait_until(lambda: len(self.messages("worker ready")) >= max(workers, 1))
        except AssertionError:
            self.kill()
            raise

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        status = self.stop()
        if kind is None:
            assert status == 0
            exits = [line["message"] for line in self.messages("exited with status")]
            assert all(message.endswith("status 0") for message in exits), exits

    @property
    def pid(self):
        return self.process.pid

    def workers(self):
        """The pids of the workers that are alive."""
        return [pid for pid in children(self.pid) if alive(pid)] if self.supervised else [self.pid]

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self, within=15):
        """A graceful stop. Returns the exit status."""
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
        try:
            return self.process.wait(within)
        finally:
            self.kill()

    def kill(self):
        left = self.workers() if self.process.poll() is None else []
        for pid in {*left, self.pid}:
            if alive(pid):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()

    def connect(self, timeout=10):
        return fastcgi.Connection(self.path, timeout)

    def ask(self, method, uri, body=b"", **more):
        return fastcgi.ask(self.path, method, uri, body, **more)

    def lines(self):
        """The log, a dict for each line."""
        return json_lines(self.log)

    def messages(self, part):
        return [line for line in self.lines() if part in line.get("message", "")]

    def requests(self, uri=None):
        """What was run, as the log tells."""
        return [line for line in self.lines() if "method" in line and uri in (None, line["uri"])]

    def who_answered(self, request_id):
        """The pid of the worker that ran the request with this id."""
        return wait_until(lambda: [line["pid"] for line in self.requests() if line["request_id"] == request_id])[0]
