"""Requests in the background, while a test breaks something: every outcome is kept, with its time."""

import threading
import time
from dataclasses import dataclass, field

import requests

from client import Client


@dataclass
class Outcome:
    action: str
    started: float  # time.monotonic()
    seconds: float
    status: int = 0  # 0: no answer
    headers: dict = field(default_factory=dict)
    body: str = ""
    error: str = ""

    @property
    def succeeded(self):
        return 200 <= self.status < 300

    @property
    def asks_to_try_again(self):
        return self.status == 503 and self.headers.get("Retry-After", "").isdigit()

    def __str__(self):
        return f"{self.action} {self.status} after {self.seconds:.3f} s {self.error or self.body[:300]}"


class Load:
    """Threads that each send one kind of request over and over, from entering to leaving the context. actions maps a
    name to a function of a Client that returns a response."""

    def __init__(self, url, actions, threads=1, pause=0.0):
        self.outcomes = []
        self._url, self._pause, self._stop = url, pause, threading.Event()
        self._threads = [threading.Thread(target=self._run, args=action, daemon=True)
                         for action in actions.items() for _ in range(threads)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join(30)

    def _run(self, name, action):
        with Client(self._url) as client:
            while not self._stop.is_set():
                self.outcomes.append(outcome_of(client, name, action))
                time.sleep(self._pause)

    def since(self, moment):
        return [outcome for outcome in self.outcomes if outcome.started >= moment]

    def await_successes(self, timeout):
        """Waits until every action succeeds again; returns the seconds that it took, and fails past the timeout."""
        began, names = time.monotonic(), {outcome.action for outcome in self.outcomes}
        while time.monotonic() < began + timeout:
            if {outcome.action for outcome in self.since(began) if outcome.succeeded} == names:
                return time.monotonic() - began
            time.sleep(0.02)
        raise AssertionError(f"no recovery within {timeout} s; last: {[str(one) for one in self.outcomes[-5:]]}")


def outcome_of(client, name, action):
    began = time.monotonic()
    try:
        response = action(client)
        return Outcome(name, began, time.monotonic() - began, response.status_code, response.headers, response.text)
    except (requests.RequestException, AssertionError) as error:
        return Outcome(name, began, time.monotonic() - began, error=repr(error))


def assert_all(outcomes, allowed):
    """Every outcome must satisfy allowed; there must be some."""
    assert outcomes, "nothing was sent"
    wrong = [str(outcome) for outcome in outcomes if not allowed(outcome)]
    assert not wrong, f"{len(wrong)} of {len(outcomes)}: {wrong[:5]}"


def eventually(check, timeout=5.0, pause=0.02):
    """Calls check until it returns something true, and returns that; fails past the timeout."""
    deadline = time.monotonic() + timeout
    while True:
        result = check()
        if result:
            return result
        assert time.monotonic() < deadline, f"not within {timeout} s"
        time.sleep(pause)
