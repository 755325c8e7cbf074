"""An oracle of versions: processes that read and write a few hot products, and know at each read's start the newest
version that was acknowledged, or answered, to any of them. A read that gets an older one is a finding, and so is a list
that shows an older one, or none."""

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
from client import PRODUCTS, path_of

WRITES = 0.05  # of all requests
FRESH = 0.05  # of the reads: past the cache
FINDINGS_MAX = 40  # of each kind that a process tells
LISTS = 0.25  # of the reads: all products at once

fork = multiprocessing.get_context("fork")


class FrontDoor:
    """Through a front server."""

    def __init__(self, url):
        self.address = urlsplit(url).netloc
        self.connection = None

    def ask(self, method, target, body=b"", **headers):
        """The status, the version of an ETag or 0, whether Postgres was asked, and the body."""
        if self.connection is None:
            self.connection = http.client.HTTPConnection(self.address, timeout=15)
        try:
            self.connection.request(method, target, body or None, headers)
            response = self.connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException):
            self.connection.close()
            self.connection = None
            return 0, 0, True, b""
        timing = response.getheader("Server-Timing")
        return response.status, version_of(response.getheader("ETag")), asked(timing), content


class BackDoor:
    """At a pool's own socket."""

    def __init__(self, path):
        self.path = path

    def ask(self, method, target, body=b"", **headers):
        names = {"Content-Type": "CONTENT_TYPE", "Cache-Control": "HTTP_CACHE_CONTROL"}
        try:
            answer = fastcgi.ask(self.path, method, target, body, **{names[name]: text for name, text in headers.items()})
        except (OSError, fastcgi.Closed):
            return 0, 0, True, b""
        found = {name.lower(): value for name, value in dict(answer.headers).items()}
        return answer.status, version_of(found.get("etag")), asked(found.get("server-timing")), answer.body


def version_of(tag):
    digits = (tag or "").strip('"')
    return int(digits) if digits.isdigit() else 0  # the tag of a list has none


def asked(timing):
    """Whether any time was spent on Postgres."""
    return re.search(r"db;dur=[0.]*[1-9]", timing or "") is not None


@dataclass
class Sums:
    reads: int
    hits: int
    writes: int
    refused: int
    lists: int
    list_hits: int
    findings: list


class Oracle:
    """Runs from entering to leaving the context. each_answer: what any answer told counts too, not only what was
    acknowledged."""

    def __init__(self, doors, products, processes=3, each_answer=True):
        """The products are all that their category has."""
        self.targets = [path_of(product) for product in products]
        self.places = {product["id"]: which for which, product in enumerate(products)}
        home = f"category_id={products[0]['category_id']}"
        self.lists = [f"{PRODUCTS}?{home}", f"{PRODUCTS}?{home}&category_scope=subtree&fields=id,version&sort=name",
                      f"{PRODUCTS}?ids={','.join(self.places)}&expand=category"]
        self.known = fork.Array(ctypes.c_int64, [1] * len(products), lock=False)
        self.sums = fork.Array(ctypes.c_int64, 6)
        self.lock, self.over, self.findings = fork.Lock(), fork.Event(), fork.SimpleQueue()
        self.each_answer = each_answer
        self.told = [0, 0]  # findings of a process, about products and about lists
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
        assert [process.exitcode for process in self.processes] == [0] * len(self.processes), "one has died"
        self.result = Sums(*self.sums, [])
        while not self.findings.empty():
            self.result.findings.append(self.findings.get())

    def _learn(self, which, version):
        if version > self.known[which]:
            with self.lock:
                self.known[which] = max(self.known[which], version)

    def _may_tell(self, of_a_list):
        """A few of each kind are enough, and no more fit into the pipe while nobody reads it."""
        self.told[of_a_list] += 1
        return self.told[of_a_list] <= FINDINGS_MAX

    def _compare(self, target, which, version, expected):
        if version < expected and self._may_tell("?" in target):
            self.findings.put(f"{target}, {which}: {version}, though {expected} was known, {time.time()}")
        if self.each_answer:
            self._learn(which, version)

    def _write(self, door, dice, sums):
        which = dice.randrange(len(self.targets))
        body = json.dumps({"name": f"Oracle {dice.random()}"}).encode()
        status, version, _, _ = door.ask("PATCH", self.targets[which], body,
                                         **{"Content-Type": "application/merge-patch+json"})
        sums[2] += status == 200
        if status == 200:
            self._learn(which, version)
        return status

    def _read(self, door, dice, sums, fresh):
        which = dice.randrange(len(self.targets))
        expected = self.known[which]
        status, version, database, _ = door.ask("GET", self.targets[which], **fresh)
        sums[0] += status == 200
        sums[1] += status == 200 and not database
        if status == 200:
            self._compare(self.targets[which], which, version, expected)
        return status

    def _list(self, door, dice, sums, fresh):
        target, expected = dice.choice(self.lists), list(self.known)
        status, _, database, body = door.ask("GET", target, **fresh)
        sums[4] += status == 200
        sums[5] += status == 200 and not database
        if status == 200:
            shown = {product["id"]: product["version"] for product in json.loads(body)}
            for product, which in self.places.items():
                self._compare(target, which, shown.get(product, 0), expected[which])
        return status

    def _run(self, make_door, number):
        door, dice = make_door(), random.Random(number)
        sums = [0] * len(self.sums)
        while not self.over.is_set():
            fresh = {"Cache-Control": "no-cache"} if dice.random() < FRESH else {}
            if dice.random() < WRITES:
                status = self._write(door, dice, sums)
            elif dice.random() < LISTS:
                status = self._list(door, dice, sums, fresh)
            else:
                status = self._read(door, dice, sums, fresh)
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
