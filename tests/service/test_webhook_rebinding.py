"""Names that lead elsewhere when they are looked up again: each address is held against the rule right before it is
connected to, so that what was looked at is what is reached.

127.0.0.5 stands for a public address: it is the only one that is allowed."""

import socket
from collections.abc import Iterator

import pytest

import name_server
from jobs import RUNNER, Runner
from receiver import OK, Receiver, answer, receiving
from stack import Stack, await_true
from webhooks import await_delivery, client_without_webhooks, deliveries, path_of, reachable, subscribe, without_runner

PUBLIC = "127.0.0.5"
PRIVATE = "127.0.0.1"

pytestmark = pytest.mark.skipif(not name_server.POSSIBLE, reason="needs a mount namespace and port 53")


@pytest.fixture(scope="module")
def own_stack(fresh_stack) -> Stack:
    return fresh_stack(PRODUCTS=0, WORKERS=1, WARES_WEBHOOK_ALLOW=f"{PUBLIC}/32", WARES_WEBHOOK_RETRIES="0,0,1,1,1,1,1,1,1",
                       WARES_WEBHOOK_TIMEOUT=2000)


@pytest.fixture
def client(own_stack):
    with client_without_webhooks(own_stack) as opened:
        yield opened


@pytest.fixture
def private() -> Iterator[Receiver]:
    """What must not be reached."""
    with receiving() as receiver:
        yield receiver
        assert receiver.connections == 0


@pytest.fixture
def start(own_stack, tmp_path):
    """Another runner, which knows no name yet, in the place of all before it."""
    program = name_server.asking(tmp_path, RUNNER)
    started: list[Runner] = []

    def again() -> Runner:
        while started:
            started.pop().stop()
        started.append(Runner(own_stack, tmp_path, program=program, **reachable(own_stack)))
        return started[-1]

    with without_runner(own_stack):
        yield again
        while started:
            started.pop().stop()


def public_at(port: int) -> Receiver:
    return Receiver(host=PUBLIC, port=port)


def await_error(client, webhook: dict, error: str) -> None:
    await_true(lambda: any(error in (one["last_error"] or "") for one in deliveries(client, webhook)), error, 20)


@pytest.mark.parametrize("later", [[PRIVATE], ["10.0.0.1"], ["169.254.169.254"], ["::1"], ["::ffff:127.0.0.1"], ["0.0.0.0"],
                                   ["::ffff:0.0.0.0", PRIVATE, "::"]])
def test_a_name_that_was_public_and_is_private_is_not_followed(client, private, start, later) -> None:
    answers = [PUBLIC]
    public = public_at(private.port)
    try:
        with name_server.answering(lambda name, times: list(answers)) as names:
            start()
            webhook = subscribe(client, private.url(host="rebind.example.org"))
            client.product()
            await_delivery(client, webhook, attempts=1)
            assert "rebind.example.org" in names and len(public.hits) == 1
            answers[:] = later
            start()
            client.product()
            await_error(client, webhook, "the host leads to no address that webhooks may reach")
            assert len(public.hits) == 1
            # Once it is what it was, nothing was lost.
            answers[:] = [PUBLIC]
            start()
            await_delivery(client, webhook)
            assert len(public.hits) == 2
    finally:
        public.close()


def test_each_answer_is_another_one(client, private, start) -> None:
    """Of two lookups of one attempt, were there two, the second would be private."""
    public = public_at(private.port)
    public.reply = lambda hit: OK if len(public.hits) % 2 == 0 else answer(500, Connection="close")
    try:
        with name_server.answering(lambda name, times: [PUBLIC if times % 2 == 0 else PRIVATE]) as names:
            for _ in range(3):
                start()
                webhook = subscribe(client, private.url(host="flip.example.org"))
                client.product()
                await_true(lambda webhook=webhook: any(one["attempts"] for one in deliveries(client, webhook)), "an attempt", 20)
                client.delete(path_of(webhook))
            assert names.count("flip.example.org") >= 4
    finally:
        public.close()


def test_of_several_addresses_only_those_that_are_allowed_are_tried(client, private, start) -> None:
    """Nobody takes a connection at the first one: the others are looked at as well."""
    with name_server.answering(lambda name, times: [PUBLIC, PRIVATE, "10.0.0.1", "::1", "::ffff:127.0.0.1"]):
        start()
        webhook = subscribe(client, private.url(host="many.example.org"))
        client.product()
        await_error(client, webhook, "the host ")
        assert not deliveries(client, webhook, state="delivered")


def test_that_the_private_one_could_be_reached(private) -> None:
    """What the others rest on."""
    with socket.create_connection((PRIVATE, private.port), timeout=5):
        await_true(lambda: private.connections == 1, "the connection", 5)
    private.connections = 0
