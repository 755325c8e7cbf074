"""Live events under faults: each reader is told every committed change at least once, and in the order of the feed,
whatever becomes of its connection, of nginx and of the runner."""

import contextlib
import json
import os
import random
import signal
import threading
import time
import uuid
from collections.abc import Callable

import pytest
import requests

from client import PRODUCTS, Client, client_of
from events import Reader, WebSocketReader
from stack import Stack, await_true, children
from test_events import await_relayed
from test_feed import end_of, place

SECONDS = 30.0


@pytest.fixture(scope="module")
def own_stack(fresh_stack: Callable[..., Stack]) -> Stack:
    return fresh_stack(PRODUCTS=0, WORKERS=4, WARES_LOG_LEVEL="debug")


class Writers:
    """Writers by SQL, whose transactions are committed late and out of order, and over HTTP, where that can be had."""

    def __init__(self, stack: Stack, categories: list[str]) -> None:
        self.stack = stack
        self.categories = categories
        self.products = [str(uuid.uuid4()) for _ in range(12)]
        self.going = True
        self.failures: list[BaseException] = []
        self.threads = [threading.Thread(target=self.guarded, args=(self.write_sql, i)) for i in range(4)]
        self.threads += [threading.Thread(target=self.guarded, args=(self.write_http, i)) for i in range(2)]

    def guarded(self, work: Callable[[int], None], number: int) -> None:
        try:
            work(number)
        except BaseException as failure:  # pylint: disable=broad-except
            self.failures.append(failure)

    def write_sql(self, number: int) -> None:
        chance = random.Random(number)
        versions = dict.fromkeys(self.products[number * 3:number * 3 + 3], 0)
        with contextlib.closing(self.stack.connect()) as connection:
            while self.going:
                product = chance.choice(list(versions))
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_current_xact_id()")
                    for _ in range(chance.randint(1, 3)):
                        versions[product] += 1
                        data = json.dumps({"category_id": chance.choice(self.categories)}, indent=1)
                        cursor.execute("INSERT INTO change (type, id, version, at, data) VALUES "
                                       "('product.updated', %s, %s, now(), %s)", [product, versions[product], data])
                    time.sleep(chance.choice((0, 0, 0.01, 0.05, 0.2)))
                connection.commit()
                time.sleep(chance.choice((0, 0.01, 0.03)))

    def write_http(self, number: int) -> None:
        chance = random.Random(number)
        with Client(self.stack.url) as client:
            while self.going:
                with contextlib.suppress(requests.RequestException, AssertionError, KeyError, ValueError):
                    product = client.product(chance.choice(self.categories))["id"]
                    for category in self.categories:
                        client.patch(f"{PRODUCTS}/{product}", json={"category_id": category})
                time.sleep(0.02)

    def __enter__(self) -> "Writers":
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.going = False
        for thread in self.threads:
            thread.join(30)
        assert not self.failures, self.failures


def committed(stack: Stack, after: str) -> list[dict]:
    """All that is in the feed behind the cursor, in its order, with the category that a product left."""
    xid, seq = place(after)
    with contextlib.closing(stack.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT c.xid::text || '.' || c.seq, c.type, c.id::text, c.version, c.data, m.category_id::text "
                       "FROM change c LEFT JOIN product_move m ON m.id = c.id AND m.version = c.version "
                       "WHERE (c.xid, c.seq) > (%s::text::xid8, %s) ORDER BY c.xid, c.seq", [str(xid), seq])
        return [{"cursor": row[0], "type": row[1], "id": row[2], "version": row[3], "left": row[5],
                 "category": json.loads(row[4]).get("category_id") if row[1].startswith("product.") else row[2]}
                for row in cursor.fetchall()]


def cursors(changes: list[dict]) -> list[str]:
    return [change["cursor"] for change in changes]


def reload_front(stack: Stack) -> None:
    os.kill(stack.pids("front")[0], signal.SIGHUP)


def restart_front(stack: Stack) -> None:
    stack.restart("front")


def kill_front(stack: Stack) -> None:
    before = stack.pids("front")
    for pid in stack.processes("front"):
        os.kill(pid, signal.SIGKILL)
    await_true(lambda: stack.pids("front") != before and stack.processes("front"), "another front server")


def kill_runner(stack: Stack) -> None:
    for pid in stack.pids("jobs"):
        os.kill(pid, signal.SIGKILL)


def stop_runner(stack: Stack) -> None:
    for pid in stack.pids("jobs"):
        os.kill(pid, signal.SIGTERM)


FAULTS = (reload_front, restart_front, kill_front, kill_runner, stop_runner, reload_front)


def readers_of(stack: Stack, after: str, categories: list[str], product: str) -> dict[Reader, Callable[[dict], bool]]:
    """Readers, each with what it is to be told."""
    readers: dict[Reader, Callable[[dict], bool]] = {}
    for kind in (Reader, Reader, WebSocketReader):
        readers[kind(stack.url, after)] = lambda change: True
        for category in categories:
            readers[kind(stack.url, after, category_id=category)] = (
                lambda change, category=category: category in (change["category"], change["left"]))
        readers[kind(stack.url, after, product_id=product)] = lambda change: change["id"] == product
    return readers


def hold_against(stack: Stack, readers: dict[Reader, Callable[[dict], bool]], after: str) -> None:
    """Waits until each reader was told all that it was to be told, and fails where something else comes of it."""
    feed = committed(stack, after)
    wanted = {reader: cursors([change for change in feed if takes(change)]) for reader, takes in readers.items()}
    everything = set(cursors(feed))
    end = time.monotonic() + 90
    while any(not set(wanted[reader]) <= set(cursors(reader.told)) for reader in readers) and time.monotonic() < end:
        time.sleep(0.2)
    for reader in readers:
        told = cursors(reader.stop())
        news = cursors(reader.news)
        assert set(news) <= everything, "what was not committed was told"
        if isinstance(reader, WebSocketReader):
            # It has read the feed on its way, which has no filter.
            news = [cursor for cursor in news if cursor in set(wanted[reader])]
        missed = [cursor for cursor in wanted[reader] if cursor not in set(told)]
        assert not missed, (f"{type(reader).__name__} {reader.parameters} was opened {reader.opened} times and missed "
                            f"{len(missed)} of {len(wanted[reader])}, such as {missed[:3]}")
        assert news == wanted[reader], f"{type(reader).__name__} {reader.parameters}: not in the order of the feed"


def test_nothing_is_lost_whatever_breaks(own_stack: Stack) -> None:
    chance = random.Random(11)
    with client_of(own_stack) as client:
        categories = [client.category()["id"] for _ in range(2)]
        after = end_of(client)
    with Writers(own_stack, categories) as writers:
        readers = readers_of(own_stack, after, categories, writers.products[0])
        for reader in readers:
            reader.start()
        end = time.monotonic() + SECONDS
        faults = list(FAULTS)
        chance.shuffle(faults)
        while time.monotonic() < end or faults:
            for _ in range(chance.randint(3, 12)):
                chance.choice(list(readers)).cut()
                time.sleep(chance.choice((0.02, 0.1, 0.5)))
            if faults:
                faults.pop()(own_stack)
    own_stack.await_ready()
    feed = committed(own_stack, after)
    assert len(feed) > 500
    assert any(change["left"] for change in feed)
    hold_against(own_stack, readers, after)


def test_a_process_of_nginx_that_dies_takes_no_event_with_it(own_stack: Stack) -> None:
    """It holds some of the channels, and others go on without them."""
    with client_of(own_stack) as client:
        categories = [client.category()["id"] for _ in range(2)]
        after = end_of(client)
    with Writers(own_stack, categories) as writers:
        readers = readers_of(own_stack, after, categories, writers.products[0])
        for reader in readers:
            reader.start()
        for _ in range(3):
            time.sleep(2)
            os.kill(random.choice(children(own_stack.pids("front")[0])), signal.SIGKILL)
        time.sleep(2)
    hold_against(own_stack, readers, after)


def test_each_of_many_processes_of_nginx_is_missed(fresh_stack: Callable[..., Stack]) -> None:
    """Whichever dies, alone and while nothing happens: it had a mark."""
    stack = fresh_stack(PRODUCTS=0, WORKERS=1)
    configuration = stack.run_dir / "conf" / "front.conf"
    configuration.write_text(configuration.read_text().replace("worker_processes auto", "worker_processes 16"))
    stack.restart("front")
    await_true(lambda: len(children(stack.pids("front")[0])) == 16, "16 processes")

    def epoch() -> str:
        with contextlib.closing(stack.connect()) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT epoch FROM event_relay")
            return cursor.fetchone()[0]

    with client_of(stack) as client:
        await_relayed(stack, end_of(client))
    for pid in children(stack.pids("front")[0]):
        before = epoch()
        os.kill(pid, signal.SIGKILL)
        await_true(lambda before=before: epoch() != before, f"another epoch without {pid}", 10)
        await_true(lambda: len(children(stack.pids("front")[0])) == 16, "16 processes")


def test_what_nginx_forgot_is_told_to_who_comes_back_at_once(own_stack: Stack) -> None:
    """The moment before, nginx held all that the reader had missed, and what comes next is published before it is back."""
    with client_of(own_stack) as client:
        after = end_of(client)
        await_relayed(own_stack, after)
        time.sleep(1.1)
        before = end_of(client)
        await_relayed(own_stack, before)
        for pid in children(own_stack.pids("front")[0]):
            os.kill(pid, signal.SIGKILL)
        own_stack.await_ready()
        time.sleep(1.1)
        last = end_of(client)
        await_relayed(own_stack, last)
    reader = Reader(own_stack.url, after).start()
    await_true(lambda: last in cursors(reader.told), "the last change", 60)
    reader.stop()
    assert cursors(reader.news) == cursors(committed(own_stack, after))


def test_what_was_changed_while_no_runner_ran_is_told(own_stack: Stack) -> None:
    with client_of(own_stack) as client:
        after = end_of(client)
        reader = Reader(own_stack.url, after).start()
        assert reader.ready.wait(20)
        with own_stack.held("jobs", signal.SIGKILL):
            made = [client.category()["id"] for _ in range(5)]
            kill_front(own_stack)
        await_true(lambda: [change["id"] for change in reader.news] == made, "what was missed", 60)
        reader.stop()


def test_many_changes_are_caught_up_with(own_stack: Stack) -> None:
    """More than the front server is given at once, and than a reader is told at once."""
    with client_of(own_stack) as client:
        after = end_of(client)
    readers = [kind(own_stack.url, after).start() for kind in (Reader, WebSocketReader)]
    for reader in readers:
        assert reader.ready.wait(20)
    with contextlib.closing(own_stack.connect()) as connection, connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO change (type, id, version, at, data) SELECT 'product.updated', gen_random_uuid(), 1, "
                       "now(), json_build_object('x', repeat('x', 500)) FROM generate_series(1, 6000)")
    wanted = cursors(committed(own_stack, after))
    await_true(lambda: all(len(reader.news) >= 6000 for reader in readers), "6000 changes", 120)
    for reader in readers:
        reader.stop()
        assert cursors(reader.news) == wanted
