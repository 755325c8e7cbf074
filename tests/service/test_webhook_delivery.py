"""How events are delivered: to endpoints that do what they should not, in order, signed, and to no other address."""

import json
import shutil
import socket
import ssl
import subprocess
import threading
import time

import pytest

from client import PRODUCTS, Client, client_of
from jobs import RUNNER, Runner
from receiver import (OK, Hit, Receiver, answer, drip, endless_header, endless_prelude, hang, hang_up, huge_body, huge_headers,
                      receiving, reset)
from stack import ROOT, Stack, await_true
from webhooks import (REACHING, await_delivery, await_idle, client_without_webhooks, deliveries, path_of, reachable,
                      subscribe, without_runner)

VERIFIER = ROOT / "tests" / "webhooks"


@pytest.fixture(scope="module")
def own_stack(fresh_stack) -> Stack:
    return fresh_stack(PRODUCTS=0, WORKERS=2, **REACHING)


@pytest.fixture
def client(own_stack):
    with client_without_webhooks(own_stack) as opened:
        yield opened


def change(client: Client, product: dict, times: int = 1) -> None:
    for i in range(times):
        price = f"{i + 2}.{product['version']:02}"
        assert client.patch(f"{PRODUCTS}/{product['id']}", json={"price": price}).status_code == 200


def await_error(client: Client, webhook: dict, error: str, seconds: float = 15.0) -> None:
    await_true(lambda: any(error in (one["last_error"] or "") for one in deliveries(client, webhook)), error, seconds)


def await_hits(receiver: Receiver, count: int, seconds: float = 30.0) -> None:
    await_true(lambda: len(receiver.hits) >= count, f"{count} requests, not {len(receiver.hits)}", seconds)


# --- endpoints that fail --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault, error", [
    (hang, "no whole answer within 1000 ms"),
    (drip, "no whole answer within 1000 ms"),
    (reset, "the exchange failed"),
    (huge_headers, "the headers of the answer are larger"),
    (endless_header, "a header of the answer is too large"),
    (endless_prelude, "the headers of the answer are larger"),
    (hang_up, "the exchange failed"),
    (b"not HTTP at all\r\n\r\n", "the exchange failed"),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", "no whole answer within 1000 ms"),
    (answer(404, b"nobody"), "the endpoint answered 404"),
    (answer(500), "the endpoint answered 500"),
    (answer(204, Transfer_Encoding="chunked") + b"zzz", None),
])
def test_what_is_no_success_is_tried_again(client, fault, error) -> None:
    with receiving() as receiver:
        receiver.reply = lambda hit: fault
        webhook = subscribe(client, receiver.url())
        client.product()
        if error is not None:
            await_error(client, webhook, error)
            receiver.reply = lambda hit: OK
        shown = await_delivery(client, webhook)
        assert (shown["attempts"] > 1) == (error is not None) and shown["last_error"] is None
        assert len(receiver.hits) >= shown["attempts"]
        assert len({hit.id for hit in receiver.hits}) == 1
        assert len({hit.body for hit in receiver.hits}) == 1


def test_a_huge_body_is_cut_and_counts_as_an_answer(client) -> None:
    with receiving() as receiver:
        receiver.reply = lambda hit: huge_body
        webhook = subscribe(client, receiver.url())
        client.product()
        shown = await_delivery(client, webhook)
        assert shown["attempts"] == 1 and shown["response_body"] == "y" * 1024


def test_redirects_are_not_followed(client) -> None:
    with receiving() as receiver, receiving() as elsewhere:
        receiver.reply = lambda hit: answer(302, Location=elsewhere.url())
        webhook = subscribe(client, receiver.url())
        client.product()
        await_error(client, webhook, "the endpoint answered 302, and redirects are not followed")
        assert elsewhere.connections == 0


def test_an_event_is_given_up_after_all_attempts(fresh_stack) -> None:
    with fresh_stack(PRODUCTS=0, WORKERS=1, **{**REACHING, "WARES_WEBHOOK_RETRIES": "0,0"}) as stack, \
            client_of(stack) as client, receiving() as receiver:
        product_ids: list[str] = []
        receiver.reply = lambda hit: answer(500) if hit.subject == (product_ids[0], 1) else OK
        webhook = subscribe(client, receiver.url())
        product_ids.append("none")
        category = client.category()["id"]
        draft = client.draft(category)
        product_ids[0] = product_id = "0193a7c0-9a3e-7cc3-98c4-dc0c0c07398f"
        client.put(f"{PRODUCTS}/{product_id}", json=draft)
        client.patch(f"{PRODUCTS}/{product_id}", json={"price": "3.00"})
        # The next one of that product comes once this one is given up.
        await_idle(client, webhook)
        assert [hit.subject[1] for hit in receiver.hits if hit.subject[0] == product_id] == [1, 1, 1, 2]
        failed, = deliveries(client, webhook, state="failed")
        assert failed["attempts"] == 3 and failed["subject_version"] == 1
        assert f"{failed['id']} is given up after attempt 3" in stack.log.read_text()
        receiver.reply = lambda hit: OK
        assert client.post(path_of(webhook, "deliveries", failed["id"], "redeliver")).status_code == 202
        await_true(lambda: not deliveries(client, webhook, state="failed"), "the delivery")
        await_idle(client, webhook)
        assert [hit.subject[1] for hit in receiver.hits if hit.subject[0] == product_id] == [1, 1, 1, 2, 1]


def test_410_disables_at_once(client, own_stack) -> None:
    with receiving() as receiver, receiving() as watching:
        receiver.reply = lambda hit: answer(410)
        watcher = subscribe(client, watching.url(), ["webhook.disabled"])
        webhook = subscribe(client, receiver.url())
        client.product()
        await_true(lambda: client.get(path_of(webhook)).json()["state"] == "disabled", "the end of the webhook")
        shown = client.get(path_of(webhook))
        assert shown.json()["disabled_reason"] == "the endpoint answered 410: it wants no more events"
        assert shown.json()["version"] == 2 and shown.headers["ETag"] == '"2"'
        product = client.product()
        # Who wants to know is told.
        told = await_delivery(client, watcher)
        event = watching.hits[0].event
        assert told["type"] == event["type"] == "webhook.disabled" and told["subject_id"] == webhook["id"]
        assert event["data"] == {"id": webhook["id"], "url": webhook["url"], "state": "disabled",
                                 "disabled_reason": shown.json()["disabled_reason"]}
        assert len(receiver.hits) == 1
        assert f"webhook {webhook['id']} is disabled" in own_stack.log.read_text()
        # Nothing is lost once it is mended.
        receiver.reply = lambda hit: OK
        again = client.patch(path_of(webhook), json={"state": "active"}, headers={"If-Match": '"2"'}).json()
        assert again["disabled_reason"] is None
        await_idle(client, webhook)
        assert len(receiver.taken) >= 2 and product["id"] in {hit.subject[0] for hit in receiver.taken}


def test_what_an_address_answers_that_was_left_counts_for_nothing(client) -> None:
    """It says 410, slowly, while the webhook moves to another address: that one never said so."""
    moved = threading.Event()
    with receiving() as receiver:
        receiver.reply = lambda hit: OK if hit.path == "/new" else (moved.wait(10), answer(410))[1]
        webhook = subscribe(client, receiver.url("/old"))
        product = client.product()
        await_hits(receiver, 1)
        assert client.patch(path_of(webhook), json={"url": receiver.url("/new")}).status_code == 200
        moved.set()
        delivered = await_delivery(client, webhook, attempts=2)
        assert delivered["subject_id"] == product["id"] and receiver.hits[-1].path == "/new"
        shown = client.get(path_of(webhook)).json()
        assert shown["state"] == "active" and shown["version"] == 2


def test_an_endpoint_that_fails_for_long_is_disabled(fresh_stack) -> None:
    with fresh_stack(PRODUCTS=0, WORKERS=1, **REACHING, WARES_WEBHOOK_DISABLE_AFTER=3) as stack, client_of(stack) as client, \
            receiving() as receiver:
        receiver.reply = lambda hit: answer(500)
        webhook = subscribe(client, receiver.url())
        began = time.monotonic()
        client.product()
        await_hits(receiver, 1)
        assert client.get(path_of(webhook)).json()["state"] == "active"
        await_true(lambda: client.get(path_of(webhook)).json()["state"] == "disabled", "the end of the webhook")
        assert time.monotonic() - began >= 3
        assert client.get(path_of(webhook)).json()["disabled_reason"].startswith("every attempt has failed since 20")


def test_a_success_between_failures_keeps_a_webhook(fresh_stack) -> None:
    with fresh_stack(PRODUCTS=0, WORKERS=1, **REACHING, WARES_WEBHOOK_DISABLE_AFTER=2) as stack, client_of(stack) as client, \
            receiving() as receiver:
        receiver.reply = lambda hit: OK if len(receiver.hits) % 3 == 0 else answer(500)
        webhook = subscribe(client, receiver.url())
        end = time.monotonic() + 6
        category = client.category()["id"]
        while time.monotonic() < end:
            client.product(category)
            time.sleep(0.2)
        assert client.get(path_of(webhook)).json()["state"] == "active"


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_quiets_the_whole_endpoint(client, status) -> None:
    with receiving() as receiver:
        receiver.reply = lambda hit: answer(status, Retry_After=3) if len(receiver.hits) == 1 else OK
        webhook = subscribe(client, receiver.url())
        category = client.category()["id"]
        client.product(category)
        await_hits(receiver, 1)
        time.sleep(0.5)  # what was on its way before the answer
        before = len(receiver.hits)
        other = client.product(category)["id"]
        await_idle(client, webhook)
        late = [hit for hit in receiver.hits[before:]]
        assert min(hit.at for hit in late) - receiver.hits[0].at >= 2.9
        assert other in {hit.subject[0] for hit in late}


# --- one beside the other -------------------------------------------------------------------------------------------


def test_one_that_hangs_delays_no_other(client) -> None:
    with receiving() as hanging, receiving() as healthy:
        hanging.reply = lambda hit: hang
        for _ in range(5):
            subscribe(client, hanging.url())
        good = subscribe(client, healthy.url())
        category = client.category()["id"]
        for _ in range(40):
            client.product(category)
        await_true(lambda: len(hanging.hits) >= 20, "all places of the hanging ones")
        began = time.monotonic()
        product = client.product(category)["id"]
        await_true(lambda: any(hit.subject[0] == product for hit in healthy.hits), "the event")
        # A place of a hanging one is taken for a second each time: forty events, four at once, are ten seconds.
        assert time.monotonic() - began < 5
        assert hanging.most_at_once <= 5 * 4
        await_idle(client, good)


def test_no_more_than_a_set_number_is_under_way_to_one(fresh_stack) -> None:
    with fresh_stack(PRODUCTS=0, WORKERS=1, **REACHING, WARES_WEBHOOK_CONCURRENCY=2) as stack, client_of(stack) as client, \
            receiving() as receiver:
        def slow(_: Hit) -> bytes:
            time.sleep(0.1)
            return OK

        receiver.reply = slow
        webhook = subscribe(client, receiver.url())
        category = client.category()["id"]
        for _ in range(15):
            client.product(category)
        await_idle(client, webhook)
        assert receiver.most_at_once == 2


def test_versions_of_one_product_come_in_order(client) -> None:
    """Though nothing is taken at first, so that they all wait, and then every other request fails."""
    with receiving() as receiver:
        receiver.reply = lambda hit: answer(500)
        webhook = subscribe(client, receiver.url())
        category = client.category()["id"]
        products = [client.product(category) for _ in range(6)]
        for _ in range(6):
            for product in products:
                change(client, product)
                product["version"] += 1
        await_true(lambda: len(deliveries(client, webhook, state="pending")) == 42, "all to wait")
        receiver.reply = lambda hit: OK if len(receiver.hits) % 2 == 0 else answer(500)
        await_idle(client, webhook)
        assert_in_order(receiver)
        assert {hit.subject for hit in receiver.taken} >= {(product["id"], version) for product in products
                                                           for version in range(1, 8)}


def assert_in_order(receiver: Receiver) -> None:
    """No version is sent before the one before it was taken."""
    taken: dict[str, int] = {}
    answered = {id(hit) for hit in receiver.taken}
    for hit in receiver.hits:
        product, version = hit.subject
        assert version <= taken.get(product, 0) + 1, f"version {version} of {product} came too early"
        if id(hit) in answered:
            taken[product] = max(version, taken.get(product, 0))


def test_a_connection_is_used_again(client) -> None:
    with receiving() as receiver:
        webhook = subscribe(client, receiver.url())
        category = client.category()["id"]
        for _ in range(50):
            client.product(category)
        await_idle(client, webhook)
        assert len(receiver.hits) >= 51 and receiver.connections < 15


def test_events_are_sent_soon(client) -> None:
    with receiving() as receiver:
        webhook = subscribe(client, receiver.url())
        client.product()
        await_delivery(client, webhook)
        slowest = 0.0
        for _ in range(5):
            began = time.monotonic()
            product = client.product()["id"]
            await_true(lambda product=product: any(hit.subject[0] == product for hit in receiver.hits), "the event")
            slowest = max(slowest, time.monotonic() - began)
        assert slowest < 5


# --- signatures -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def verify():
    """The verdict of the specification's own library for each (secret, hit)."""
    npm, node = shutil.which("npm"), shutil.which("node")
    assert npm and node, "npm is missing: deploy/deps.sh test"
    if not (VERIFIER / "node_modules").is_dir():
        done = subprocess.run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=VERIFIER,
                              capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stderr

    def run(pairs: list[tuple[str, Hit]]) -> list[str]:
        lines = [json.dumps({"secret": secret, "headers": hit.headers, "body": hit.body.decode()}) for secret, hit in pairs]
        done = subprocess.run([node, "verify.js"], cwd=VERIFIER, input="\n".join(lines), capture_output=True, text=True,
                              timeout=60, check=True)
        return done.stdout.splitlines()

    return run


def test_an_independent_library_verifies_what_is_sent(client, verify) -> None:
    with receiving() as receiver:
        receiver.reply = lambda hit: OK if len(receiver.hits) > 3 else answer(500)
        webhook = subscribe(client, receiver.url())
        client.product(name="Grüner Tee \u2603 \U0001f375", description="a\nb\tc \"quoted\" \\")
        await_idle(client, webhook)
        secret = webhook["secret"]
        assert set(verify([(secret, hit) for hit in receiver.hits])) == {"verified"}
        hit = receiver.hits[0]
        assert hit.headers["content-type"] == "application/json" and abs(int(hit.headers["webhook-timestamp"]) - time.time()) < 60
        forged = [Hit(hit.path, hit.headers, hit.body.replace(b"product", b"pr0duct")),
                  Hit(hit.path, hit.headers | {"webhook-id": "evt_1_1"}, hit.body),
                  Hit(hit.path, hit.headers | {"webhook-timestamp": str(int(hit.headers["webhook-timestamp"]) - 1)}, hit.body)]
        assert set(verify([(secret, one) for one in forged])) == {"No matching signature found"}
        other = subscribe(client, receiver.url())["secret"]
        assert verify([(other, hit)]) == ["No matching signature found"]


def test_both_secrets_verify_while_one_is_rotated(fresh_stack, verify) -> None:
    with fresh_stack(PRODUCTS=0, WORKERS=1, **REACHING, WARES_WEBHOOK_ROTATION=4) as stack, client_of(stack) as client, \
            receiving() as receiver:
        webhook = subscribe(client, receiver.url())
        rotated = client.post(path_of(webhook, "rotate"))
        assert rotated.status_code == 200 and rotated.json()["version"] == 2
        secrets = [webhook["secret"], rotated.json()["secret"]]
        assert secrets[0] != secrets[1]
        assert "secret" not in client.get(path_of(webhook)).json()
        client.product()
        await_delivery(client, webhook)
        during = receiver.hits[-1]
        assert during.headers["webhook-signature"].count("v1,") == 2
        assert verify([(secret, during) for secret in secrets]) == ["verified"] * 2
        time.sleep(4.5)
        client.product()
        await_hits(receiver, 2)
        after = receiver.hits[-1]
        assert verify([(secret, after) for secret in secrets]) == ["No matching signature found", "verified"]


# --- addresses ------------------------------------------------------------------------------------------------------


def shut_out(stack: Stack, url: str, error: str) -> None:
    """A webhook that is in the table, as if its rules had been passed by, reaches nothing."""
    with client_of(stack) as client:
        webhook = subscribe(client, "https://example.org/", state="disabled")
        with stack.connect() as connection, connection.cursor() as cursor:
            cursor.execute("UPDATE webhook SET url = %s, state = 'active' WHERE id = %s", [url, webhook["id"]])
        client.patch(path_of(webhook), json={"description": "hurry"})
        client.product()
        await_error(client, webhook, error)
        client.delete(path_of(webhook))


@pytest.fixture(scope="module")
def strict_stack(fresh_stack) -> Stack:
    return fresh_stack(PRODUCTS=0, WORKERS=1, WARES_WEBHOOK_RETRIES="0,3600", WARES_WEBHOOK_TIMEOUT=2000,
                       WARES_WEBHOOK_ALLOW="10.66.0.0/16")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1", "0x7f.1", "2130706433", "0177.0.0.1", "0.0.0.0",
                                  "127.0.0.1.", "[::ffff:127.0.0.1]", "user@127.0.0.1", "[::1]", "localhost."])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_no_spelling_leads_to_a_private_address(strict_stack, host, scheme) -> None:
    """The address is looked at when it is about to be connected to, whatever led there."""
    with receiving() as receiver:
        # Some are no names to the resolver, and a user is refused by itself.
        error = "exchange failed" if "@" in host else "name of the host" if host.endswith(".") else "leads to no address"
        shut_out(strict_stack, f"{scheme}://{host}:{receiver.port}/hook", error)
        assert receiver.connections == 0


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "file:///etc/passwd", "gopher://127.0.0.1:6379/_x"])
def test_no_other_protocol_is_spoken(strict_stack, url) -> None:
    shut_out(strict_stack, url, "the exchange failed")


def test_a_name_that_is_not_known_is_told(strict_stack) -> None:
    shut_out(strict_stack, "https://nowhere.invalid/", "the name of the host is not known")


def test_ipv6_is_reached_where_it_is_allowed(client) -> None:
    with receiving(family=socket.AF_INET6) as receiver:
        webhook = subscribe(client, receiver.url(host="[::1]"))
        client.product()
        await_delivery(client, webhook)
        assert receiver.hits


def test_nothing_of_the_environment_is_used(own_stack, client, tmp_path) -> None:
    """No proxy, and no password file."""
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password secret\n")
    with receiving() as receiver, receiving() as proxy, without_runner(own_stack):
        webhook = subscribe(client, receiver.url())
        client.product()
        runner = Runner(own_stack, tmp_path, program=RUNNER, http_proxy=proxy.url(), HTTP_PROXY=proxy.url(),
                        ALL_PROXY=proxy.url(), HOME=tmp_path, **reachable(own_stack))
        try:
            await_delivery(client, webhook)
        finally:
            runner.stop()
        assert proxy.connections == 0
        assert "authorization" not in receiver.hits[0].headers and "cookie" not in receiver.hits[0].headers


def test_a_certificate_that_nobody_signed_is_refused(client, tmp_path) -> None:
    key, certificate = tmp_path / "key", tmp_path / "certificate"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", certificate],
                   check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with receiving(context=context) as receiver:
        webhook = subscribe(client, receiver.url(scheme="https", host="localhost"))
        client.product()
        await_error(client, webhook, "the certificate of the host is not valid")
        assert not receiver.hits
