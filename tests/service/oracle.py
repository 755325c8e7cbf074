"""An oracle of versions: processes that read and write a few hot products, and know at each read's start the newest
version that was acknowledged, or answered, to any of them. A read that gets an older one is a finding."""

import contextlib
import ctypes
import http.client
import json
import multiprocessing
import random
import re
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

import fastcgi
from client import path_of

WRITES = 0.05  # of all requests
FRESH = 0.05  # of the reads: past the cache

fork = multiprocessing.get_context("fork")


class FrontDoor:
    """Through a front server."""

    def __init__(self, url):
        self.address = urlsplit(url).netloc
        self.connection = None

    def ask(self, method, target, body=b"", **headers):
        """The status, the version of an ETag or 0, and whether Postgres was asked."""
        if self.connection is None:
            self.connection = http.client.HTTPConnection(self.address, timeout=15)
        try:
            self.connection.request(method, target, body or None, headers)
            response = self.connection.getresponse()
            response.read()
        except (OSError, http.client.HTTPException):
            self.connection.close()
            self.connection = None
            return 0, 0, True
        return response.status, version_of(response.getheader("ETag")), asked(response.getheader("Server-Timing"))


class BackDoor:
    """At a pool's own socket."""

    def __init__(self, path):
        self.path = path

    def ask(self, method, target, body=b"", **headers):
        names = {"Content-Type": "CONTENT_TYPE", "Cache-Control": "HTTP_CACHE_CONTROL"}
        try:
            answer = fastcgi.ask(self.path, method, target, body, **{names[name]: text for name, text in headers.items()})
        except (OSError, fastcgi.Closed):
            return 0, 0, True
        found = {name.lower(): value for name, value in dict(answer.headers).items()}
        return answer.status, version_of(found.get("etag")), asked(found.get("server-timing"))


def version_of(tag):
    return int(tag.strip('"')) if tag else 0


def asked(timing):
    """Whether any time was spent on Postgres."""
    return re.search(r"db;dur=[0.]*[1-9]", timing or "") is not None


@dataclass
class Sums:
    reads: int
    hits: int
    writes: int
    refused: int
    findings: list


class Oracle:
    """Runs from entering to leaving the context. each_answer: what any answer told counts too, not only what was
    acknowledged."""

    def __init__(self, doors, products, processes=3, each_answer=True):
        self.targets = [path_of(product) for product in products]
        self.known = fork.Array(ctypes.c_int64, [1] * len(products), lock=False)
        self.sums = fork.Array(ctypes.c_int64, 4)
        self.lock, self.over, self.findings = fork.Lock(), fork.Event(), fork.SimpleQueue()
        self.each_answer = each_answer
        self.processes = [fork.Process(target=self._run, args=(doors[i % len(doors)], i), daemon=True)
                          for i in range(processes)]

    def __enter__(self):
        for process in self.processes:
            process.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for process in self.processes:
            process.join(30)
        self.result = Sums(*self.sums, [])
        while not self.findings.empty():
            self.result.findings.append(self.findings.get())

    def _learn(self, which, version):
        if version > self.known[which]:
            with self.lock:
                self.known[which] = max(self.known[which], version)

    def _run(self, make_door, number):
        door, dice = make_door(), random.Random(number)
        sums = [0, 0, 0, 0]
        while not self.over.is_set():
            which = dice.randrange(len(self.targets))
            if dice.random() < WRITES:
                body = json.dumps({"name": f"Oracle {dice.random()}"}).encode()
                status, version, _ = door.ask("PATCH", self.targets[which], body,
                                              **{"Content-Type": "application/merge-patch+json"})
                sums[2] += status == 200
                if status == 200:
                    self._learn(which, version)
            else:
                expected = self.known[which]
                fresh = {"Cache-Control": "no-cache"} if dice.random() < FRESH else {}
                status, version, database = door.ask("GET", self.targets[which], **fresh)
                sums[0] += status == 200
                sums[1] += status == 200 and not database
                if status == 200 and version < expected:
                    self.findings.put(f"{self.targets[which]}: {version}, though {expected} was known, {time.time()}")
                if status == 200 and self.each_answer:
                    self._learn(which, version)
            sums[3] += status != 200
        with self.sums.get_lock():
            for i, number_of in enumerate(sums):
                self.sums[i] += number_of


@contextlib.contextmanager
def row_locked(stack, product):
    """No write of the product gets further than its statement, until release is called."""
    connection = stack.connect()
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT FROM product WHERE id = %s FOR UPDATE", (product["id"],))
        yield connection.rollback
    finally:
        connection.close()
