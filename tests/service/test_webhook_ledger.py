"""Nothing acknowledged is lost on its way to a webhook: every write of a run, held against what a receiver took."""

import os
import random
import signal
import threading
import time
from collections import defaultdict

import pytest

from client import PRODUCTS, Client, client_of
from jobs import Runner, runners
from receiver import OK, Hit, Receiver, answer, hang, receiving, reset
from stack import Stack, await_true
from webhooks import (REACHING, await_delivery, await_idle, deliveries, path_of, reachable, subscribe,
                      without_runner)

WRITERS = 4
SECONDS = 25


@pytest.fixture(scope="module")
def own_stack(fresh_stack) -> Stack:
    # So many attempts that none is given up within a test.
    return fresh_stack(PRODUCTS=0, WORKERS=4, **{**REACHING, "WARES_WEBHOOK_RETRIES": ",".join(["0"] * 31),
                                                 "WARES_WEBHOOK_TIMEOUT": 500})


def write(url: str, category: str, ledger: set[tuple[str, int]], end: float, lock: threading.Lock) -> None:
    """Products that are made, changed, deleted and restored; each acknowledged version goes into the ledger."""
    chance = random.Random(threading.get_ident())
    with Client(url) as client:
        mine: dict[str, int] = {}
        while time.monotonic() < end:
            if len(mine) < 4 or chance.random() < 0.1:
                product = client.product(category)
                mine[product["id"]] = 1
                entry = (product["id"], 1)
            else:
                identity = chance.choice(sorted(mine))
                version = mine[identity] + 1
                response = client.patch(f"{PRODUCTS}/{identity}", json={"price": f"{version}.50"})
                assert response.status_code == 200 and response.json()["version"] == version, response.text
                mine[identity] = version
                entry = (identity, version)
            with lock:
                ledger.add(entry)
            time.sleep(chance.random() * 0.02)


def assert_in_order(receiver: Receiver) -> None:
    """A version is first sent only once the one before it was answered with success."""
    answered = {id(hit) for hit in receiver.taken}
    taken: dict[str, int] = defaultdict(int)
    for hit in receiver.hits:
        product, version = hit.subject
        assert version <= taken[product] + 1, f"version {version} of {product} came behind {taken[product]}"
        if id(hit) in answered:
            taken[product] = max(taken[product], version)


def test_every_write_is_delivered_in_order_whatever_dies(own_stack, tmp_path) -> None:
    chance = random.Random(7)

    def flaky(_: Hit):
        fate = chance.random()
        if fate < 0.05:
            return reset
        if fate < 0.06:
            return hang
        return answer(chance.choice([500, 503, 302])) if fate < 0.2 else OK

    ledger: set[tuple[str, int]] = set()
    lock = threading.Lock()
    with client_of(own_stack) as client, receiving() as receiver, receiving() as steady:
        receiver.reply = flaky
        webhooks = [subscribe(client, receiver.url(), ["product.*"]), subscribe(client, steady.url(), ["*"])]
        category = client.category()["id"]
        end = time.monotonic() + SECONDS
        writers = [threading.Thread(target=write, args=(own_stack.url, category, ledger, end, lock)) for _ in range(WRITERS)]
        for writer in writers:
            writer.start()
        kills = 0
        with without_runner(own_stack):
            while time.monotonic() < end:
                with runners(own_stack, tmp_path, 2, **reachable(own_stack)) as both:
                    time.sleep(1 + chance.random() * 4)
                    for runner in both:
                        runner.kill()
                        kills += 1
        for writer in writers:
            writer.join(30)
        receiver.reply = lambda hit: OK
        for webhook in webhooks:
            await_idle(client, webhook, 120)
            assert not deliveries(client, webhook, state="failed")
        assert len(ledger) > 200 and kills >= 6
        for one in (receiver, steady):
            got = {hit.subject for hit in one.taken if hit.event["type"].startswith("product.")}
            assert not ledger - got, f"{len(ledger - got)} of {len(ledger)} acknowledged writes are missing"
        assert_in_order(receiver)
        # One event has one id and one body, however often it comes.
        bodies = defaultdict(set)
        for hit in receiver.hits + steady.hits:
            bodies[hit.id].add(hit.body)
        assert all(len(versions) == 1 for versions in bodies.values())
        for webhook in webhooks:
            client.delete(path_of(webhook))


@pytest.mark.parametrize("moment", ["before the answer", "behind the answer", "while it waits for its turn"])
def test_a_runner_that_dies_at_a_step_loses_nothing(own_stack, tmp_path, moment) -> None:
    with client_of(own_stack) as client, receiving() as receiver, without_runner(own_stack):
        webhook = subscribe(client, receiver.url())
        doomed = Runner(own_stack, tmp_path, **reachable(own_stack))

        def die(hit: Hit):
            if moment == "before the answer":
                doomed.kill()
                return reset
            if moment == "behind the answer":
                def reply(_: Hit, connection) -> None:
                    doomed.process.send_signal(signal.SIGSTOP)  # so that it cannot note what it is answered
                    connection.sendall(OK)
                    doomed.kill()
                return reply
            doomed.kill()
            return answer(500)

        receiver.reply = die
        product = client.product()
        changed = client.patch(f"{PRODUCTS}/{product['id']}", json={"price": "5.00"})
        assert changed.status_code == 200
        await_true(lambda: doomed.process.poll() is not None, "the end of the runner")
        receiver.reply = lambda hit: OK
        with runners(own_stack, tmp_path, **reachable(own_stack)):
            began = time.monotonic()
            await_delivery(client, webhook, subject_version=2)
            assert time.monotonic() - began < 20
        taken = [hit.subject for hit in receiver.taken]
        assert taken == [(product["id"], 1), (product["id"], 2)]
        client.delete(path_of(webhook))


def test_a_runner_that_was_taken_for_dead_notes_nothing(own_stack, tmp_path) -> None:
    """Its outcome comes when another holds the job: what that one knows counts."""
    with client_of(own_stack) as client, receiving() as receiver, without_runner(own_stack):
        webhook = subscribe(client, receiver.url())
        with runners(own_stack, tmp_path, **reachable(own_stack)) as (frozen,):
            def hang_for(runner: Runner) -> bytes:
                os.kill(runner.process.pid, signal.SIGSTOP)
                return OK

            receiver.reply = lambda hit: (time.sleep(0.3), OK)[1] if len(receiver.hits) > 1 else hang_for(frozen)
            product = client.product()
            await_true(lambda: receiver.hits, "the first request")
            with runners(own_stack, tmp_path, **reachable(own_stack)):
                await_delivery(client, webhook)
                assert len(receiver.hits) == 2
                os.kill(frozen.process.pid, signal.SIGCONT)
                await_true(lambda: "is not held by this runner any more" in frozen.said(), "the frozen one's insight")
                assert await_delivery(client, webhook)["attempts"] == 1
        assert {hit.subject for hit in receiver.hits} == {(product["id"], 1)}
        client.delete(path_of(webhook))


def test_a_runner_without_postgres_goes_on_where_it_was(own_stack) -> None:
    with client_of(own_stack) as client, receiving() as receiver:
        webhook = subscribe(client, receiver.url())
        await_idle(client, webhook)
        products = [client.product()["id"] for _ in range(20)]
        with own_stack.held("postgres"):
            time.sleep(2)
        own_stack.await_ready()
        await_idle(client, webhook)
        assert set(products) <= {hit.subject[0] for hit in receiver.taken}
        client.delete(path_of(webhook))
