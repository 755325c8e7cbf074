"""Jobs over HTTP: looking at them, trying them again, cancelling them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

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
    assert [job["id"] for job in client.all_of(f"{JOBS}?state=queued&limit=2") if job["kind"] not in ("purge", "words")] == made
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


def test_what_is_not_there_and_not_taken(queue: Queue, client: Client) -> None:
    for method, path in (("GET", NOWHERE), ("DELETE", NOWHERE), ("POST", f"{NOWHERE}/retry")):
        assert_problem(client.request(method, f"{JOBS}/{path}"), 404)
        assert faults_in(client.request(method, f"{JOBS}/{path.replace(NOWHERE, 'x')}"), "parameter") == ["id"]
    job = queue.add("unknown", {})
    assert_problem(client.post(f"{JOBS}/{job}/retry", json={"attempts": 3}), 400)
    assert_problem(client.post(JOBS, json={}), 405)
