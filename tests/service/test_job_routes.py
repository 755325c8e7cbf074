"""Jobs over HTTP: looking at them, trying them again, cancelling them."""

import concurrent.futures
import contextlib
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from changing import at_once
from client import MICROSECONDS, Client, assert_problem, client_of, faults_in
from jobs import JOBS, Queue, runners
from stack import Stack, await_true

MEMBERS = ["id", "kind", "state", "attempts", "attempts_max", "progress", "last_error", "cancelling", "created_at",
           "run_at", "started_at", "ended_at"]
NOWHERE = "0193a7c0-0000-7000-8000-000000000000"


@pytest.fixture(scope="module")
def own_stack(fresh_stack: Callable[..., Stack]) -> Stack:
    return fresh_stack(PRODUCTS=0)


@pytest.fixture
def queue(own_stack: Stack) -> Iterator[Queue]:
    opened = Queue(own_stack)
    opened.sql("DROP TABLE IF EXISTS tally, tick")
    opened.sql("CREATE TABLE tally (job uuid, step bigint, at timestamptz DEFAULT clock_timestamp())")
    opened.sql("CREATE TABLE tick (job uuid, at timestamptz DEFAULT clock_timestamp())")
    opened.sql("TRUNCATE job, job_ended")
    yield opened
    opened.connection.close()


@pytest.fixture
def client(own_stack: Stack) -> Iterator[Client]:
    with client_of(own_stack) as opened:
        yield opened


def test_a_job_from_its_queueing_to_its_end(own_stack: Stack, queue: Queue, client: Client, tmp_path: Path) -> None:
    job = queue.tally(steps=60, pause=50)
    shown = client.get(f"{JOBS}/{job}").json()
    assert list(shown) == MEMBERS
    assert (shown["state"], shown["attempts"], shown["attempts_max"], shown["progress"]) == ("queued", 0, 10, 0)
    assert MICROSECONDS.fullmatch(shown["run_at"]) and shown["started_at"] is None
    with runners(own_stack, tmp_path, 1):
        await_true(lambda: 0 < client.get(f"{JOBS}/{job}").json()["progress"] < 1, "progress", 10)
        shown = client.get(f"{JOBS}/{job}").json()
        assert (shown["state"], shown["attempts"], shown["run_at"], shown["ended_at"]) == ("running", 1, None, None)
        queue.await_state(job, "succeeded")
    shown = client.get(f"{JOBS}/{job}").json()
    assert (shown["progress"], shown["last_error"]) == (1, None)
    assert shown["created_at"] <= shown["started_at"] <= shown["ended_at"]


def test_the_list_and_its_filters(queue: Queue, client: Client) -> None:
    made = sorted((queue.add("unknown" if n % 2 else "unheard", {}) for n in range(5)), reverse=True)
    ended = queue.add("unknown", {})
    assert client.delete(f"{JOBS}/{ended}").status_code == 200
    everything = sorted([*made, ended], reverse=True)
    ours = [job["id"] for job in client.all_of(f"{JOBS}?limit=2") if job["kind"].startswith("un")]
    assert ours == everything
    assert [job["id"] for job in client.all_of(f"{JOBS}?state=queued&limit=2") if job["kind"].startswith("un")] == made
    assert [job["id"] for job in client.get(f"{JOBS}?state=cancelled").json()] == [ended]
    unknown = [job for job in everything if job == ended or job in [
        row[0] for row in queue.sql("SELECT id::text FROM job WHERE kind = 'unknown'")]]
    assert [job["id"] for job in client.all_of(f"{JOBS}?kind=unknown&limit=1")] == unknown
    assert [job["id"] for job in client.get(f"{JOBS}?kind=unknown&state=cancelled").json()] == [ended]
    assert client.get(f"{JOBS}?kind=unknown&state=failed").json() == []
    assert faults_in(client.get(f"{JOBS}?state=done&kind=&limit=0&since=x"), "parameter") == [
        "kind", "limit", "since", "state"]
    link = client.get(f"{JOBS}?kind=unknown&limit=1").links["next"]["url"]
    assert faults_in(client.get(link.replace("kind=unknown", "kind=unheard")), "parameter") == ["cursor"]


def test_the_dead_letter_is_tried_again(own_stack: Stack, queue: Queue, client: Client, tmp_path: Path) -> None:
    job = queue.add("tally", "no payload at all", raw=True)
    with runners(own_stack, tmp_path, 1):
        queue.await_state(job, "failed")
        assert [found["id"] for found in client.get(f"{JOBS}?state=failed").json()] == [job]
        queue.sql("UPDATE job_ended SET payload = '{\"steps\": 2, \"pause\": 0, \"fault\": \"none\"}' WHERE id = %s", job)
        again = client.post(f"{JOBS}/{job}/retry")
        assert again.status_code == 200 and again.json()["state"] == "queued" and again.json()["attempts"] == 0
        queue.await_state(job, "succeeded")
    assert queue.steps(job) == [1, 2]
    assert_problem(client.post(f"{JOBS}/{job}/retry"), 409)
    assert_problem(client.delete(f"{JOBS}/{job}"), 409)


def test_trying_again_makes_one_that_waits_due(queue: Queue, client: Client) -> None:
    job = queue.add("unknown", {})
    queue.sql("UPDATE job SET run_at = now() + interval '1 hour' WHERE id = %s", job)
    for _ in range(2):
        assert client.post(f"{JOBS}/{job}/retry").json()["state"] == "queued"
        assert queue.one("SELECT run_at <= now() FROM job WHERE id = %s", job)


def test_one_whose_place_is_taken_cannot_come_back(queue: Queue, client: Client) -> None:
    job, other = queue.add("unknown", {}), queue.add("unknown", {})
    queue.sql("UPDATE job SET unique_key = 'one' WHERE id = %s", job)
    assert client.delete(f"{JOBS}/{job}").json()["state"] == "cancelled"
    queue.sql("UPDATE job SET unique_key = 'one' WHERE id = %s", other)
    assert "Another job" in assert_problem(client.post(f"{JOBS}/{job}/retry"), 409)["detail"]
    assert client.delete(f"{JOBS}/{other}").status_code == 200
    assert client.post(f"{JOBS}/{job}/retry").status_code == 200


def test_cancelling(own_stack: Stack, queue: Queue, client: Client, tmp_path: Path) -> None:
    waiting = queue.tally()
    for _ in range(2):
        gone = client.delete(f"{JOBS}/{waiting}")
        assert (gone.status_code, gone.json()["state"]) == (200, "cancelled")
    running = queue.tally(steps=100000, pause=20)
    with runners(own_stack, tmp_path, 1):
        await_true(lambda: queue.steps(running), "the first step")
        asked = client.delete(f"{JOBS}/{running}")
        assert (asked.status_code, asked.json()["cancelling"]) == (202, True)
        queue.await_state(running, "cancelled", 5)
        steps = len(queue.steps(running))
        assert client.get(f"{JOBS}/{running}").json()["cancelling"] is False
    assert len(queue.steps(running)) == steps
    assert queue.steps(waiting) == []


# --- keys and rehearsals --------------------------------------------------------------------------------------------


def key() -> dict[str, str]:
    return {"Idempotency-Key": uuid.uuid4().hex}


def is_replay(response: requests.Response) -> bool:
    return response.headers.get("Idempotency-Replayed") == "true"


def assert_same(again: requests.Response, first: requests.Response) -> None:
    assert is_replay(again) and not is_replay(first)
    assert (again.status_code, again.text) == (first.status_code, first.text)
    assert again.headers["Content-Type"] == first.headers["Content-Type"]


def failed(queue: Queue) -> str:
    job = queue.add("unknown", {})
    queue.sql("WITH gone AS (DELETE FROM job WHERE id = %s RETURNING *) "
              "INSERT INTO job_ended (id, kind, unique_key, payload, state, attempts, attempts_max, fence, progress, "
              "checkpoint, last_error, created_at, started_at) SELECT id, kind, unique_key, payload, 'failed', 10, "
              "attempts_max, 10, 0.5, checkpoint, 'broken', created_at, now() FROM gone", job)
    return job


def late(queue: Queue) -> str:
    job = queue.add("unknown", {})
    queue.sql("UPDATE job SET run_at = now() + interval '1 hour' WHERE id = %s", job)
    return job


def running(queue: Queue) -> str:
    """One that nobody's heartbeat changes."""
    job = queue.add("unknown", {})
    queue.sql("UPDATE job SET state = 'running', fence = 1, attempts = 1, started_at = now(), "
              "lease_until = now() + interval '1 hour' WHERE id = %s", job)
    return job


def cancelled(queue: Queue) -> str:
    job = failed(queue)
    queue.sql("UPDATE job_ended SET state = 'cancelled' WHERE id = %s", job)
    return job


def send(client: Client, verb: str, job: str, query: str = "", **options: object) -> requests.Response:
    if verb == "retry":
        return client.post(f"{JOBS}/{job}/retry{query}", **options)
    return client.delete(f"{JOBS}/{job}{query}", **options)


def everything(queue: Queue) -> list[tuple]:
    return queue.sql("SELECT 'live', j::text FROM job j WHERE kind = 'unknown' UNION ALL "
                     "SELECT 'over', e::text FROM job_ended e WHERE kind = 'unknown' UNION ALL "
                     "SELECT 'kept', i::text FROM idempotency i ORDER BY 1, 2")


CHANGES = [("retry", failed, 200), ("retry", cancelled, 200), ("retry", late, 200), ("retry", running, 200),
           ("cancel", late, 200), ("cancel", running, 202), ("cancel", cancelled, 200)]
CHANGE_NAMES = [f"{verb} {make.__name__}" for verb, make, _ in CHANGES]


@pytest.mark.parametrize(("verb", "make", "status"), CHANGES, ids=CHANGE_NAMES)
def test_a_change_is_made_once_and_its_answer_given_again(queue: Queue, client: Client, verb: str,
                                                          make: Callable[[Queue], str], status: int) -> None:
    job, used = make(queue), key()
    first = send(client, verb, job, headers=used)
    assert first.status_code == status, first.text
    # The answer is the job as it is then, to the last member.
    assert client.get(f"{JOBS}/{job}").json() == first.json()
    assert list(first.json()) == MEMBERS
    assert_same(send(client, verb, job, headers=used), first)
    # Whatever became of the job since: it is not changed again.
    queue.sql("UPDATE job SET run_at = now() + interval '2 hours', cancelling = false, last_error = 'since' "
              "WHERE id = %s", job)
    queue.sql("UPDATE job_ended SET state = 'failed' WHERE id = %s", job)
    before = everything(queue)
    for _ in range(2):
        assert_same(send(client, verb, job, headers=used), first)
    assert everything(queue) == before
    queue.sql("DELETE FROM job; DELETE FROM job_ended")
    assert_same(send(client, verb, job, headers=used), first)
    assert_problem(send(client, verb, job, headers=key()), 404)


@pytest.mark.parametrize("verb", ["retry", "cancel"])
def test_a_key_belongs_to_its_request(queue: Queue, client: Client, verb: str) -> None:
    job, other, used = late(queue), late(queue), key()
    first = send(client, verb, job, headers=used)
    before = everything(queue)
    for response in (send(client, verb, other, headers=used),
                     send(client, {"retry": "cancel", "cancel": "retry"}[verb], job, headers=used),
                     send(client, verb, job, "?dry_run=false", headers=used),
                     send(client, verb, NOWHERE, headers=used)):
        assert_problem(response, 422, "Idempotency key reused")
    assert everything(queue) == before
    assert_same(send(client, verb, job, headers=used), first)
    queue.sql("UPDATE idempotency SET created_at = now() - interval '25 hours' WHERE key = %s", used["Idempotency-Key"])
    again = send(client, verb, job, headers=used)
    assert again.status_code == 200 and not is_replay(again)


@pytest.mark.parametrize("verb", ["retry", "cancel"])
def test_a_refusal_leaves_the_key_free(queue: Queue, client: Client, verb: str) -> None:
    job, used = failed(queue), key()
    queue.sql("UPDATE job_ended SET state = 'succeeded' WHERE id = %s", job)
    before = everything(queue)
    for _ in range(2):
        assert_problem(send(client, verb, job, headers=used), 409)
    assert_problem(send(client, verb, job, "?dry_run=true"), 409)
    assert everything(queue) == before
    queue.sql("UPDATE job_ended SET state = 'cancelled' WHERE id = %s", job)
    assert not is_replay(send(client, verb, job, headers=used))


@pytest.mark.parametrize(("verb", "make", "status"), CHANGES, ids=CHANGE_NAMES)
def test_of_many_with_one_key_one_changes(own_stack: Stack, queue: Queue, client: Client, verb: str,
                                          make: Callable[[Queue], str], status: int) -> None:
    job, used = make(queue), key()
    answers = at_once(own_stack.url, lambda one, _: send(one, verb, job, headers=used), 8)
    done = [answer for answer in answers if answer.status_code == status]
    assert sum(not is_replay(answer) for answer in done) == 1
    assert len({answer.text for answer in done}) == 1
    for answer in answers:
        if answer not in done:
            assert_problem(answer, 409, "Request in progress")
            assert answer.headers["Retry-After"]
    assert queue.sql("SELECT body FROM idempotency WHERE key = %s", used["Idempotency-Key"]) == [(done[0].text,)]
    assert client.get(f"{JOBS}/{job}").json() == done[0].json()


@pytest.mark.parametrize(("verb", "make"), [("retry", failed), ("retry", late), ("cancel", late), ("cancel", running)])
def test_while_the_first_is_running(own_stack: Stack, queue: Queue, client: Client, verb: str,
                                    make: Callable[[Queue], str]) -> None:
    job, used = make(queue), key()
    with contextlib.closing(own_stack.connect()) as blocker, concurrent.futures.ThreadPoolExecutor(1) as threads:
        with blocker.cursor() as cursor:
            cursor.execute("SELECT FROM job WHERE id = %s FOR UPDATE", (job,))
            cursor.execute("SELECT FROM job_ended WHERE id = %s FOR UPDATE", (job,))
        with client_of(own_stack) as another:
            first = threads.submit(send, another, verb, job, headers=used)
            await_true(lambda: queue.sql("SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock'"), "the wait")
            assert_problem(send(client, verb, job, headers=used), 409, "Request in progress")
            blocker.rollback()
            done = first.result()
            assert_same(send(client, verb, job, headers=used), done)


@pytest.mark.parametrize(("meanwhile", "status"), [
    ("UPDATE job SET state = 'running', fence = fence + 1, lease_until = now() + interval '1 hour'", 202),
    ("UPDATE job SET last_error = 'since', attempts = 3", 200)])
def test_what_is_changed_in_mid_statement_is_read_again(own_stack: Stack, queue: Queue, client: Client, meanwhile: str,
                                                        status: int) -> None:
    """The write finds the row of another transaction, waits for it, and must not take it for the one that was read."""
    job = late(queue)
    with contextlib.closing(own_stack.connect()) as other, concurrent.futures.ThreadPoolExecutor(1) as threads:
        with other.cursor() as cursor:
            cursor.execute(f"{meanwhile} WHERE id = %s", (job,))
        answer = threads.submit(send, client, "cancel", job, headers=key())
        await_true(lambda: queue.sql("SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock'"), "the wait")
        other.commit()
        assert answer.result().status_code == status
    assert client.get(f"{JOBS}/{job}").json() == answer.result().json()


@pytest.mark.parametrize(("verb", "make", "status"), CHANGES, ids=CHANGE_NAMES)
def test_a_rehearsal_answers_and_changes_nothing(queue: Queue, client: Client, verb: str,
                                                 make: Callable[[Queue], str], status: int) -> None:
    job, used = make(queue), key()
    before = everything(queue)
    told = send(client, verb, job, "?dry_run=true", headers=used)
    assert told.status_code == status and not is_replay(told)
    assert everything(queue) == before
    done = send(client, verb, job, "?dry_run=false", headers=used)
    assert done.status_code == status and not is_replay(done)
    of_this_moment = {"run_at", "ended_at"}
    for name in set(MEMBERS) - of_this_moment:
        assert told.json()[name] == done.json()[name], name
    for name in of_this_moment:
        assert (told.json()[name] is None) == (done.json()[name] is None), name


def test_a_rehearsal_is_told_of_a_place_that_is_taken(queue: Queue, client: Client) -> None:
    job, other = failed(queue), late(queue)
    queue.sql("UPDATE job SET unique_key = 'one' WHERE id = %s", other)
    queue.sql("UPDATE job_ended SET unique_key = 'one' WHERE id = %s", job)
    before = everything(queue)
    assert "Another job" in assert_problem(send(client, "retry", job, "?dry_run=true"), 409)["detail"]
    assert everything(queue) == before


@pytest.mark.parametrize("verb", ["retry", "cancel"])
def test_faults_of_keys_and_parameters(queue: Queue, client: Client, verb: str) -> None:
    job = late(queue)
    before = everything(queue)
    for query, name in (("?dry_run=yes", "dry_run"), ("?atomic=true", "atomic"), ("?force=true", "force")):
        assert faults_in(send(client, verb, job, query), "parameter") == [name]
    for malformed in ("x" * 256, 'a"b', '""'):
        refused = send(client, verb, job, headers={"Idempotency-Key": malformed})
        assert faults_in(refused, "header") == ["Idempotency-Key"]
    assert everything(queue) == before
    # There are no versions to be named.
    assert send(client, verb, job, headers={"If-Match": '"7"'}).status_code == 200


def test_what_is_not_there_and_not_taken(queue: Queue, client: Client) -> None:
    for method, path in (("GET", NOWHERE), ("DELETE", NOWHERE), ("POST", f"{NOWHERE}/retry")):
        assert_problem(client.request(method, f"{JOBS}/{path}"), 404)
        assert faults_in(client.request(method, f"{JOBS}/{path.replace(NOWHERE, 'x')}"), "parameter") == ["id"]
    job = queue.add("unknown", {})
    assert_problem(client.post(f"{JOBS}/{job}/retry", json={"attempts": 3}), 400)
    assert_problem(client.post(JOBS, json={}), 405)
