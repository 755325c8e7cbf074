"""The relay of live events against a front server that says what it is told to: nothing is handed to a memory that is not
the one which the epoch was begun in, also where the connection stays and but one of its processes has died."""

import contextlib
import re
import shutil
import socketserver
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from client import Client, client_of
from jobs import Queue
from stack import Stack, await_true

MARKS = 64
QUIET = 10.0  # seconds, in which the marks are looked at several times


class PushFront(socketserver.ThreadingUnixStreamServer):
    """What the relay sees of nginx with its push module: channels that are marks, and what is published."""

    daemon_threads = True

    def __init__(self, path: Path) -> None:
        super().__init__(str(path), Connection)
        path.chmod(0o777)
        self.lock = threading.Lock()
        self.marks: dict[str, list[str]] = {}  # of each epoch, as they were made
        self.looks: list[str] = []  # epochs, at each look at all marks that found them
        self.begun: list[str] = []
        self.published: list[tuple[str, str]] = []  # epoch and text
        self.somebody_listens = True
        self.to_forget: int | None = None
        self.lost: list[str] = []  # epochs that have lost a mark
        self.connections: list[Connection] = []

    def answer(self, method: str, path: str, body: str) -> tuple[int, str]:
        with self.lock:
            kind, epoch, rest = path.strip("/").split("/", 2)
            if kind == "publish":
                self.published.append((epoch, body))
                return 201 if self.somebody_listens else 202, f"last message id: {int(time.time())}:0"
            if method == "GET":
                return (200 if self.find(epoch, rest) else 404), "queued messages: 1"
            self.marks.setdefault(epoch, []).append(rest)
            if len(self.marks[epoch]) == MARKS:
                self.begun.append(epoch)
            return 202, f"last message id: {int(time.time())}:0"

    def find(self, epoch: str, mark: str) -> bool:
        marks = self.marks.get(epoch, [])
        found = mark in marks
        if found and len(marks) == MARKS and mark == marks[-1]:
            self.looks.append(epoch)
            if self.to_forget is not None:
                # The moment after a look at all of them found each.
                del marks[self.to_forget]
                self.to_forget = None
                self.lost.append(epoch)
        return found

    def forget(self, mark: int) -> str:
        """Loses a mark right behind a look that found all; the epoch of it."""
        with self.lock:
            self.to_forget = mark
        await_true(lambda: self.to_forget is None, "a look at the marks", 10)
        return self.lost[-1]

    def cut(self, forget_all: bool) -> None:
        """Ends the connections of the relay, as nginx does when it goes."""
        with self.lock:
            if forget_all:
                self.marks.clear()
            for connection in self.connections:
                with contextlib.suppress(OSError):
                    connection.connection.shutdown(2)

    def epochs_of(self, text: str) -> set[str]:
        with self.lock:
            return {epoch for epoch, body in self.published if text in body}


class Connection(socketserver.StreamRequestHandler):
    server: PushFront

    def handle(self) -> None:
        self.server.connections.append(self)
        with contextlib.suppress(OSError):
            while line := self.rfile.readline().decode():
                method, path, _ = line.split(" ")
                length = 0
                while (line := self.rfile.readline().decode()) != "\r\n":
                    found = re.match(r"content-length: (\d+)", line, re.I)
                    length = int(found[1]) if found else length
                status, text = self.server.answer(method, path, self.rfile.read(length).decode())
                self.wfile.write(f"HTTP/1.1 {status} Said\r\nContent-Length: {len(text)}\r\n\r\n{text}".encode())


@pytest.fixture(scope="module")
def front() -> Iterator[PushFront]:
    folder = Path(tempfile.mkdtemp(prefix="wares-push-"))
    folder.chmod(0o755)
    with PushFront(folder / "push.sock") as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def own_stack(fresh_stack: Callable[..., Stack], front: PushFront) -> Iterator[Stack]:
    stack = fresh_stack(PRODUCTS=0, WORKERS=1, WARES_EVENTS=front.server_address)
    queue = Queue(stack)
    # What was changed before the first epoch is nobody's news.
    await_true(lambda: queue.one("SELECT count(*) FROM event_relay") == 1, "the first epoch", 30)
    yield stack
    stack.close()


def come(queue: Queue) -> None:
    """Notes that somebody comes to listen, as a worker does."""
    queue.sql("UPDATE event_relay SET wanted_at = now()")


@pytest.fixture
def client(own_stack: Stack, front: PushFront) -> Iterator[Client]:
    come(Queue(own_stack))
    with client_of(own_stack) as opened:
        home = opened.category()["id"]
        await_true(lambda: front.epochs_of(home), "the relay", 30)
        yield opened


@pytest.mark.parametrize("mark", [0, 1, 37, MARKS - 1])
def test_nothing_is_published_once_a_mark_is_lost(client: Client, front: PushFront, mark: int) -> None:
    """One process of nginx has died, and another one answers on the connection."""
    epoch = front.forget(mark)
    home = client.category()["id"]
    await_true(lambda: front.epochs_of(home), "the change", 10)
    assert epoch not in front.epochs_of(home)
    assert front.epochs_of(home) == {front.begun[-1]}


def test_a_lost_mark_is_noticed_where_nothing_happens(client: Client, front: PushFront) -> None:
    """Readers of that epoch wait for the next one."""
    epochs = len(front.begun)
    front.forget(20)
    await_true(lambda: len(front.begun) == epochs + 1, "another epoch", QUIET)
    home = client.category()["id"]
    await_true(lambda: front.epochs_of(home), "the change", 10)
    assert front.epochs_of(home) == {front.begun[-1]}


@pytest.mark.parametrize("forget_all", [False, True], ids=["the same memory", "another memory"])
def test_on_another_connection_the_memory_is_looked_at_first(client: Client, front: PushFront, forget_all: bool) -> None:
    epochs = list(front.begun)
    front.cut(forget_all)
    home = client.category()["id"]
    await_true(lambda: front.epochs_of(home), "the change", 10)
    if forget_all:
        assert front.epochs_of(home) == {front.begun[-1]} and len(front.begun) == len(epochs) + 1
    else:
        # It may have been published before the cut was seen, and again.
        assert front.epochs_of(home) == {epochs[-1]} and front.begun == epochs


def test_an_epoch_stays_while_its_marks_are_there(client: Client, front: PushFront) -> None:
    epochs, looks = list(front.begun), len(front.looks)
    await_true(lambda: len(front.looks) >= looks + 3, "looks at the marks", 10)
    client.category()
    assert front.begun == epochs


def test_what_nobody_listens_to_is_not_published(fresh_stack: Callable[..., Stack]) -> None:
    """But all that is committed after somebody has come is, and a transaction of before counts as that."""
    folder = Path(tempfile.mkdtemp(prefix="wares-push-"))
    folder.chmod(0o755)
    with PushFront(folder / "push.sock") as front:
        threading.Thread(target=front.serve_forever, daemon=True).start()
        stack = fresh_stack(PRODUCTS=0, WORKERS=1, WARES_EVENTS=front.server_address)
        queue = Queue(stack)

        def is_past(change: str) -> bool:
            return queue.one("SELECT (r.xid, r.seq) > (c.xid, c.seq) FROM event_relay r, change c WHERE c.id = %s", change)

        await_true(lambda: queue.one("SELECT count(*) FROM event_relay") == 1, "the first epoch", 30)
        with client_of(stack) as client, contextlib.closing(stack.connect()) as late:
            homes = [client.category()["id"] for _ in range(5)]
            await_true(lambda: is_past(homes[-1]), "the relay", 10)
            assert front.published == []
            with late.cursor() as cursor:
                cursor.execute("INSERT INTO change (type, id, version, at, data) "
                               "VALUES ('category.created', gen_random_uuid(), 1, now(), '{}') RETURNING id::text")
                open_one = cursor.fetchone()[0]
            homes.append(client.category()["id"])
            time.sleep(2)
            come(queue)
            homes.append(client.category()["id"])
            late.commit()
            await_true(lambda: front.epochs_of(homes[-1]), "what came behind", 10)
            assert front.epochs_of(open_one) and front.epochs_of(homes[-2])
            assert not any(front.epochs_of(home) for home in homes[:-2])
            # As long as somebody is there it goes on, whenever he came.
            queue.sql("UPDATE event_relay SET wanted_at = '-infinity'")
            homes.append(client.category()["id"])
            await_true(lambda: front.epochs_of(homes[-1]), "what came behind", 10)
        stack.close()
        front.shutdown()
    shutil.rmtree(folder)
