"""Webhooks by https: only to who can show a certificate for that very host, of an authority that is trusted."""

import ssl
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from certificates import Authority
from jobs import RUNNER, Runner
from receiver import Receiver, receiving
from stack import Stack, await_true
from webhooks import REACHING, await_delivery, client_without_webhooks, deliveries, reachable, subscribe, without_runner


@pytest.fixture(scope="module")
def authority() -> Iterator[Authority]:
    """In a folder that the account of the stack may read, too."""
    with tempfile.TemporaryDirectory(prefix="wares-") as folder:
        Path(folder).chmod(0o755)
        yield Authority(Path(folder) / "trusted")


@pytest.fixture(scope="module")
def own_stack(fresh_stack, authority) -> Stack:
    return fresh_stack(PRODUCTS=0, WORKERS=1, SSL_CERT_FILE=authority.certificate, **REACHING)


@pytest.fixture
def client(own_stack):
    with client_without_webhooks(own_stack) as opened:
        yield opened


def error_of(client, receiver: Receiver, host: str = "localhost") -> str:
    """Of a webhook there, the last error of its first delivery."""
    webhook = subscribe(client, receiver.url(scheme="https", host=host))
    client.product()
    await_true(lambda: any(one["attempts"] >= 2 and one["last_error"] for one in deliveries(client, webhook)), "an error")
    return deliveries(client, webhook)[-1]["last_error"]


def test_a_certificate_of_an_authority_that_is_trusted_is_taken(client, own_stack, authority) -> None:
    with receiving(context=authority.context("DNS:localhost", "IP:127.0.0.1")) as receiver:
        for host in ("localhost", "127.0.0.1"):
            webhook = subscribe(client, receiver.url(scheme="https", host=host))
            product = client.product()
            await_delivery(client, webhook, subject_id=product["id"], attempts=1, response_status=200)
        assert receiver.hits[0].headers["webhook-signature"].startswith("v1,")
        # What opened one connection serves the events behind it too.
        category = client.category()["id"]
        before = receiver.connections
        for _ in range(20):
            client.product(category)
        await_true(lambda: len(receiver.hits) >= 40, "all events at both")
        assert receiver.connections - before < 20
    assert f"certificates are held against SSL_CERT_FILE: {authority.certificate}" in own_stack.log.read_text()


@pytest.mark.parametrize("names, dates, error", [
    (("DNS:shop.example.org", "IP:127.0.0.2"), {}, "it is for another name"),
    (("DNS:localhost.example.org",), {}, "it is for another name"),
    (("DNS:*",), {}, "it is for another name"),
    (("DNS:localhost",), {"start": "20200101000000Z", "end": "20210101000000Z"}, "certificate has expired"),
    (("DNS:localhost",), {"start": "20480101000000Z", "end": "20490101000000Z"}, "certificate is not yet valid"),
])
def test_a_certificate_that_is_not_for_this_host_now_is_refused(client, authority, names, dates, error) -> None:
    with receiving(context=authority.context(*names, **dates)) as receiver:
        assert error_of(client, receiver) == f"the certificate of the host is not valid: {error}"
        assert receiver.connections >= 2 and not receiver.hits


def test_a_certificate_of_another_authority_is_refused(client, tmp_path) -> None:
    with receiving(context=Authority(tmp_path / "unknown").context("DNS:localhost")) as receiver:
        error = error_of(client, receiver)
        assert error.startswith("the certificate of the host is not valid: unable to get local issuer certificate")
        assert receiver.connections >= 2 and not receiver.hits


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_an_old_protocol_is_refused(client, authority) -> None:
    context = authority.context("DNS:localhost")
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    with receiving(context=context) as receiver:
        assert error_of(client, receiver).startswith("the exchange failed: ")
        assert receiver.connections >= 2 and not receiver.hits


def test_nothing_is_said_before_the_certificate_is_seen(client) -> None:
    """One that speaks no TLS at all gets a greeting, and not a byte of the event."""
    with receiving() as receiver:
        first: list[bytes] = []
        seen = threading.Event()

        def listen(connection, _context) -> None:
            with receiver._lock:
                receiver.connections += 1
            first.append(connection.recv(65536))
            seen.set()
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

        receiver._serve = listen
        assert error_of(client, receiver).startswith("the exchange failed: ")
        assert seen.is_set()
        assert all(said.startswith(b"\x16\x03") and b"webhook" not in said and b"product" not in said for said in first)


def test_authorities_that_cannot_be_read_are_told(own_stack, client, authority, tmp_path) -> None:
    with receiving(context=authority.context("DNS:localhost")) as receiver, without_runner(own_stack):
        runner = Runner(own_stack, tmp_path, program=RUNNER, SSL_CERT_FILE=tmp_path / "nothing", **reachable(own_stack))
        try:
            assert error_of(client, receiver).startswith("the certificates of the authorities cannot be read: see SSL_CERT_FILE")
            assert f"SSL_CERT_FILE: {tmp_path}/nothing: No such file or directory; nothing is sent by https" in runner.said()
        finally:
            runner.stop()
        assert receiver.connections >= 2 and not receiver.hits
