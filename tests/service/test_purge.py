"""Purging: in batches, what is past its time and nothing else, while the service goes on."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from client import CATEGORIES, PRODUCTS, Client, assert_problem, client_of
from jobs import JOBS, Queue
from stack import Stack, await_true

CHANGES = "/api/v1/changes"


@pytest.fixture(scope="module")
def own_stack(fresh_stack: Callable[..., Stack]) -> Stack:
    return fresh_stack(PRODUCTS=0, WARES_PURGE_EVERY=1, WARES_PURGE_AFTER=3, WARES_FEED_RETENTION=2,
                       WARES_JOBS_RETENTION=4)


@pytest.fixture
def queue(own_stack: Stack) -> Iterator[Queue]:
    opened = Queue(own_stack)
    yield opened
    opened.connection.close()


@pytest.fixture
def client(own_stack: Stack) -> Iterator[Client]:
    with client_of(own_stack) as opened:
        yield opened


def await_purge(queue: Queue) -> None:
    """Until a purge has been made and ended that began after this call."""
    now = queue.one("SELECT clock_timestamp()")
    await_true(lambda: queue.one("SELECT count(*) FROM job_ended WHERE kind = 'purge' AND state = 'succeeded' "
                                 "AND created_at > %s", now) > 0, "a purge", 20)


def test_deleted_products_go_and_live_ones_stay(queue: Queue, client: Client) -> None:
    category = client.category()["id"]
    live, fresh, old, restored = (client.product(category)["id"] for _ in range(4))
    for product in (fresh, old, restored):
        assert client.delete(f"{PRODUCTS}/{product}").status_code == 204
    assert client.post(f"{PRODUCTS}/{restored}/restore").status_code == 200
    queue.sql("UPDATE product SET created_at = now() - interval '90 days'")
    queue.sql("UPDATE product SET deleted_at = now() - interval '2 days 23 hours' WHERE id = %s", fresh)
    queue.sql("UPDATE product SET deleted_at = now() - interval '3 days 1 hour' WHERE id = %s", old)
    await_purge(queue)
    assert client.fresh(f"{PRODUCTS}/{live}").status_code == 200
    assert client.fresh(f"{PRODUCTS}/{restored}").status_code == 200
    assert client.get(f"{PRODUCTS}/{fresh}").status_code == 410
    assert client.get(f"{PRODUCTS}/{old}").status_code == 404


def test_a_category_can_go_once_its_products_have(queue: Queue, client: Client) -> None:
    category = client.category()["id"]
    product = client.product(category)["id"]
    client.delete(f"{PRODUCTS}/{product}")
    assert_problem(client.delete(f"{CATEGORIES}/{category}"), 409)
    queue.sql("UPDATE product SET deleted_at = now() - interval '4 days' WHERE id = %s", product)
    await_purge(queue)
    assert client.delete(f"{CATEGORIES}/{category}").status_code == 204


def test_one_that_is_being_restored_holds_nothing_up(own_stack: Stack, queue: Queue, client: Client) -> None:
    category = client.category()["id"]
    wanted, other = (client.product(category)["id"] for _ in range(2))
    for product in (wanted, other):
        client.delete(f"{PRODUCTS}/{product}")
    with contextlib.closing(own_stack.connect()) as open_one, open_one.cursor() as cursor:
        queue.sql("UPDATE product SET deleted_at = now() - interval '4 days' WHERE id = %s", other)
        cursor.execute("SELECT id FROM product WHERE id = %s FOR UPDATE", [wanted])
        with contextlib.closing(own_stack.connect()):
            pass
        await_purge(queue)
        cursor.execute("UPDATE product SET deleted_at = NULL WHERE id = %s", [wanted])
        open_one.commit()
    assert client.get(f"{PRODUCTS}/{other}").status_code == 404
    assert client.fresh(f"{PRODUCTS}/{wanted}").status_code == 200


def test_kept_answers_go_after_a_day(queue: Queue) -> None:
    queue.sql("INSERT INTO idempotency (key, request, body, created_at) SELECT 'old-' || n, '', '', "
              "now() - interval '24 hours 5 minutes' FROM generate_series(1, 2500) n")
    queue.sql("INSERT INTO idempotency (key, request, body, created_at) VALUES ('new', '', '', "
              "now() - interval '23 hours 55 minutes')")
    await_purge(queue)
    assert queue.sql("SELECT key FROM idempotency") == [("new",)]


def test_the_feed_loses_its_beginning_and_says_so(own_stack: Stack, queue: Queue, client: Client) -> None:
    client.category()
    start = client.get(CHANGES).json()[0]["cursor"]
    queue.sql("INSERT INTO change (type, id, version, at, data) SELECT 'product.updated', gen_random_uuid(), 1, "
              "now() - interval '3 days', '{}' FROM generate_series(1, 2500)")
    kept = client.category()["id"]
    # What stands before them is young, so that nothing may go yet.
    await_purge(queue)
    assert client.get(CHANGES, params={"after": start}).status_code == 200
    queue.sql("UPDATE change SET at = now() - interval '3 days' WHERE id <> %s", kept)
    # Of what is being written nobody can say yet where it will stand.
    with contextlib.closing(own_stack.connect()) as late, late.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()")
        newer = client.category()["id"]
        queue.sql("UPDATE change SET at = now() - interval '3 days' WHERE id = %s", newer)
        await_purge(queue)
        await_true(lambda: queue.one("SELECT count(*) FROM change") == 2, "the purge of the feed")
        late.rollback()
    assert_problem(client.get(CHANGES, params={"after": start}), 410)
    assert [change["id"] for change in client.get(CHANGES).json()] == [kept, newer]
    gone = queue.sql("SELECT xid::text, seq FROM change_floor")[0]
    assert client.get(CHANGES, params={"after": f"{gone[0]}.{gone[1]}"}).json()[0]["id"] == kept


def test_ended_jobs_go_and_the_others_stay(queue: Queue) -> None:
    for state in ("succeeded", "failed", "cancelled"):
        for age in ("4 days 1 hour", "3 days 23 hours"):
            queue.sql("INSERT INTO job_ended (id, kind, payload, state, attempts, attempts_max, fence, progress, created_at, "
                      "ended_at) VALUES (gen_random_uuid(), 'aged', '{}', %s, 1, 1, 1, 0, now() - interval '9 days', "
                      "now() - %s::interval)", state, age)
    queue.sql("INSERT INTO job (id, kind, created_at, run_at) VALUES (gen_random_uuid(), 'aged', "
              "now() - interval '9 days', now() - interval '9 days')")
    await_purge(queue)
    assert sorted(queue.sql("SELECT state FROM job_ended WHERE kind = 'aged'")) == [
        ("cancelled",), ("failed",), ("succeeded",)]
    assert queue.one("SELECT count(*) FROM job WHERE kind = 'aged'") == 1


def test_words_that_no_product_has_are_forgotten_once_a_day(queue: Queue, client: Client) -> None:
    category = client.category()["id"]
    client.product(category, name="Secateurs")
    gone = client.product(category, name="Trellisworks")["id"]

    def known() -> list[tuple[str]]:
        return sorted(queue.sql("SELECT word FROM search_word WHERE word IN ('secateurs', 'trellisworks')"))

    await_true(lambda: known() == [("secateurs",), ("trellisworks",)], "the words")
    assert client.delete(f"{PRODUCTS}/{gone}").status_code == 204
    await_purge(queue)
    assert len(known()) == 2
    queue.sql("UPDATE search_sweep SET began_at = now() - interval '25 hours'")
    await_purge(queue)
    assert known() == [("secateurs",)]
    assert queue.one("SELECT word = '' AND began_at > now() - interval '1 hour' FROM search_sweep")
    # Of what is forgotten nothing is mended to; what comes back is known again.
    assert "X-Search-Corrected" not in client.get(PRODUCTS, params={"q": "trelisworks"}).headers
    assert client.post(f"{PRODUCTS}/{gone}/restore").status_code == 200
    found = client.get(PRODUCTS, params={"q": "trelisworks"})
    assert found.headers["X-Search-Corrected"] == "trelisworks=trellisworks"
    assert [product["id"] for product in found.json()] == [gone]


def test_no_word_is_forgotten_beside_who_learns_it(own_stack: Stack, queue: Queue) -> None:
    """Who found a word known, for a product that nobody else sees yet, keeps it."""
    queue.sql("INSERT INTO search_word (word) VALUES ('wordoflate')")
    sweep = "SELECT forgotten FROM search_forget(100000, interval '-1 s')"
    with contextlib.closing(own_stack.connect()) as learner, learner.cursor() as cursor:
        cursor.execute("INSERT INTO product (id, name, price, currency, category_id, status, attributes, images) SELECT "
                       "gen_random_uuid(), 'Wordoflate', 1, 'EUR', id, 'active', '{}', '[]' FROM category LIMIT 1")
        cursor.execute("SELECT search_learn_from(array_agg(search)) FROM product WHERE name = 'Wordoflate'")
        with contextlib.closing(own_stack.connect()) as sweeper, sweeper.cursor() as late:
            thread = threading.Thread(target=late.execute, args=(sweep,))
            thread.start()
            await_true(lambda: queue.one("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
                                         "AND query = %s", sweep) == 1, "the sweep that waits")
            learner.commit()
            thread.join(20)
            sweeper.commit()
    assert queue.one("SELECT count(*) FROM search_word WHERE word = 'wordoflate'") == 1


def test_a_purge_is_made_of_small_batches(own_stack: Stack, queue: Queue, client: Client) -> None:
    """No statement of it removes more than a thousand rows, and writers go on beside it."""
    category = client.category()["id"]
    queue.sql("CREATE TABLE removal (rows bigint)")
    queue.sql("CREATE FUNCTION count_removed() RETURNS trigger LANGUAGE plpgsql AS "
              "$$ BEGIN INSERT INTO removal SELECT count(*) FROM gone; RETURN NULL; END $$")
    for table in ("product", "change", "idempotency", "job_ended"):
        queue.sql(f"CREATE TRIGGER count_removed AFTER DELETE ON {table} REFERENCING OLD TABLE AS gone "
                  "FOR EACH STATEMENT EXECUTE FUNCTION count_removed()")
    try:
        queue.sql("INSERT INTO product (id, name, price, currency, category_id, status, attributes, images, deleted_at) "
                  "SELECT gen_random_uuid(), 'Old', 1, 'EUR', %s, 'active', '{}', '[]', now() - interval '5 days' "
                  "FROM generate_series(1, 3000)", category)
        queue.sql("INSERT INTO idempotency (key, request, body, created_at) SELECT 'batch-' || n, '', '', "
                  "now() - interval '2 days' FROM generate_series(1, 5000) n")
        slowest = 0.0
        end = time.monotonic() + 30
        while queue.one("SELECT (SELECT count(*) FROM product WHERE deleted_at < now() - interval '4 days') + "
                        "(SELECT count(*) FROM idempotency WHERE key LIKE 'batch-%%')") > 0:
            assert time.monotonic() < end
            began = time.monotonic()
            client.product(category)
            slowest = max(slowest, time.monotonic() - began)
        rows = [row[0] for row in queue.sql("SELECT rows FROM removal")]
        assert sum(rows) >= 8000 and max(rows) <= 1000, rows
        assert len([count for count in rows if count > 0]) >= 20
    finally:
        for table in ("product", "change", "idempotency", "job_ended"):
            queue.sql(f"DROP TRIGGER count_removed ON {table}")
        queue.sql("DROP FUNCTION count_removed")
        queue.sql("DROP TABLE removal")


def test_a_purge_with_a_payload_that_cannot_be_read_fails_alone(queue: Queue, client: Client) -> None:
    bad = [queue.add("purge", text, raw=True) for text in ("x", "[]", "{\"what\": 1}")]
    good = queue.add("purge", {})
    queue.await_state(good, "succeeded")
    for job in bad:
        queue.await_state(job, "failed")
        shown = client.get(f"{JOBS}/{job}").json()
        assert shown["last_error"].startswith("the payload") and shown["attempts"] == 1


def test_deliveries_go_after_their_time_and_webhooks_with_all_of_theirs(queue: Queue, client: Client) -> None:
    kept, deleted = (client.post("/api/v1/webhooks", json={"url": "https://example.org/", "state": "disabled"}).json()["id"]
                     for _ in range(2))
    for webhook in (kept, deleted):
        for age in ("6 days 23 hours", "7 days 1 hour"):
            for state in ("delivered", "failed"):
                queue.sql("INSERT INTO webhook_delivery (webhook_id, xid, seq, type, subject, version, at, data, state, ended_at) "
                          "VALUES (%s, '1', (random() * 1e15)::bigint, 'product.created', gen_random_uuid(), 1, now(), '{}', "
                          "%s, now() - %s::interval)", webhook, state, age)
        queue.sql("INSERT INTO webhook_delivery (webhook_id, xid, seq, type, subject, version, at, data, created_at) "
                  "VALUES (%s, '2', 1, 'product.created', gen_random_uuid(), 1, now(), '{}', now() - interval '90 days')", webhook)
    # One that is to be sent again stays, however old it is.
    queue.sql("UPDATE webhook_delivery SET asked = true WHERE webhook_id = %s AND state = 'failed' "
              "AND ended_at < now() - interval '7 days'", kept)
    assert client.delete(f"/api/v1/webhooks/{deleted}").status_code == 204
    await_purge(queue)
    await_purge(queue)
    left = [row[0] for row in queue.sql("SELECT state FROM webhook_delivery WHERE webhook_id = %s", kept)]
    assert len(left) == 4 and left.count("delivered") == 1 and "failed" in left, left
    assert queue.one("SELECT count(*) FROM webhook_delivery WHERE webhook_id = %s", deleted) == 0
    assert queue.sql("SELECT id::text FROM webhook") == [(kept,)]
