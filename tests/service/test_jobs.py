"""The queue and its runners under faults: nothing is lost, nothing is done twice where it would show."""

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from jobs import RUNNER, TAKEN_OVER_SECONDS, Queue, Runner, runners
from stack import BUILD, Stack, await_true, environment
from webhooks import without_runner


@pytest.fixture(scope="module")
def own_stack(fresh_stack: Callable[..., Stack]) -> Stack:
    return fresh_stack(PRODUCTS=0)


@pytest.fixture
def queue(own_stack: Stack) -> Iterator[Queue]:
    """An empty queue, and empty tables of the kinds of job that are the tests' own. What they write has no constraint: a
    step that is done twice shows."""
    own_stack.await_ready()
    opened = Queue(own_stack)
    opened.sql("DROP TABLE IF EXISTS tally, tick")
    opened.sql("CREATE TABLE tally (job uuid, step bigint, at timestamptz DEFAULT clock_timestamp())")
    opened.sql("CREATE TABLE tick (job uuid, at timestamptz DEFAULT clock_timestamp())")
    opened.sql("TRUNCATE job, job_ended, job_schedule")
    yield opened
    opened.connection.close()


def test_thousands_of_jobs_outlive_runners_that_are_killed(own_stack: Stack, queue: Queue, tmp_path: Path) -> None:
    chance = random.Random(11)
    count, steps = 3000, 3
    queue.tallies(count, steps, 5)
    poison = [queue.add("tally", text, raw=True) for text in ("", "{", "[]", "{\"steps\":\"x\"}", "\u0001", "null")]
    doomed = [queue.tally(fault="fail") for _ in range(5)]
    kills = 0
    with runners(own_stack, tmp_path, 3, concurrency=16) as started:
        end = time.monotonic() + 100
        while queue.one("SELECT count(*) FROM job WHERE kind = 'tally'") > 0:
            assert time.monotonic() < end, f"not done after {kills} kills: {queue.sql('SELECT * FROM job LIMIT 3')}"
            if kills < 15:
                time.sleep(chance.uniform(0.05, 0.4))
                started.pop(chance.randrange(len(started))).kill()
                started.append(Runner(own_stack, tmp_path, 16))
                kills += 1
            else:
                time.sleep(0.1)
    ended = dict(queue.sql("SELECT state, count(*) FROM job_ended WHERE kind = 'tally' GROUP BY state"))
    assert ended == {"succeeded": count, "failed": len(poison) + len(doomed)}
    assert queue.sql("SELECT job, count(*), count(DISTINCT step) FROM tally GROUP BY job "
                     "HAVING count(*) <> %s OR count(DISTINCT step) <> %s", steps, steps) == []
    assert queue.one("SELECT count(DISTINCT job) FROM tally") == count
    assert all(queue.state(job) == ("failed", "the payload cannot be read") for job in poison)
    assert kills == 15
    assert queue.one("SELECT count(*) FROM job_ended WHERE attempts > 1") > 0, "no job met a killed runner"


def test_jobs_of_a_killed_runner_are_taken_up_soon(own_stack: Stack, queue: Queue, tmp_path: Path) -> None:
    with runners(own_stack, tmp_path, 1) as (first,):
        jobs = [queue.tally(steps=500, pause=50) for _ in range(3)]
        await_true(lambda: all(queue.steps(job) for job in jobs), "the first steps")
        with runners(own_stack, tmp_path, 1):
            first.kill()
            died = queue.one("SELECT clock_timestamp()")
            await_true(lambda: queue.one("SELECT count(DISTINCT job) FROM tally WHERE at > %s + interval '0.3 s'", died)
                       == len(jobs), "the jobs being taken up", TAKEN_OVER_SECONDS + 1)
            took = queue.one("SELECT extract(epoch FROM max(first) - %s)::float FROM (SELECT min(at) AS first FROM tally "
                             "WHERE at > %s + interval '0.3 s' GROUP BY job) f", died, died)
            assert took < TAKEN_OVER_SECONDS
            for job in jobs:
                steps = queue.steps(job)
                assert steps == list(range(1, len(steps) + 1))
                queue.sql("UPDATE job SET cancelling = true WHERE id = %s", job)
                queue.await_state(job, "cancelled")


def test_a_runner_that_slept_changes_nothing_of_what_others_have(own_stack: Stack, queue: Queue, tmp_path: Path) -> None:
    job = queue.tally(steps=60, pause=50)
    with runners(own_stack, tmp_path, 1) as (sleeper,):
        await_true(lambda: queue.steps(job), "the first step")
        sleeper.process.send_signal(signal.SIGSTOP)
        with runners(own_stack, tmp_path, 1):
            before = len(queue.steps(job))
            await_true(lambda: len(queue.steps(job)) > before + 3, "another taking it up", TAKEN_OVER_SECONDS + 2)
            sleeper.process.send_signal(signal.SIGCONT)
            queue.await_state(job, "succeeded")
            await_true(lambda: "not held by this runner any more" in sleeper.said(), "the sleeper noticing")
    assert queue.steps(job) == list(range(1, 61))


def test_term_hands_unfinished_work_back_at_once(own_stack: Stack, queue: Queue, tmp_path: Path) -> None:
    with runners(own_stack, tmp_path, 1, concurrency=3) as (runner,):
        jobs = [queue.tally(steps=100000, pause=20) for _ in range(5)]
        await_true(lambda: queue.one("SELECT count(DISTINCT job) FROM tally") == 3, "three under way")
        assert runner.stop(7) == 0
        assert queue.sql("SELECT state, attempts, count(*) FROM job WHERE kind = 'tally' GROUP BY 1, 2") == [
            ("queued", 0, 5)]
        assert queue.one("SELECT count(*) FROM job WHERE run_at > now()") == 0
        assert "3 unfinished jobs were handed back" in runner.said()
    assert all(queue.state(job)[0] == "queued" for job in jobs)


def test_term_ends_a_runner_in_time_whatever_postgres_does(own_stack: Stack, queue: Queue, tmp_path: Path) -> None:
    with runners(own_stack, tmp_path, 1) as (runner,):
        job = queue.tally(steps=100000, pause=20)
        await_true(lambda: queue.steps(job), "the first step")
        with own_stack.frozen("postgres"):
            assert runner.stop(8) == 0
    with runners(own_stack, tmp_path, 1):
        before = len(queue.steps(job))
        await_true(lambda: len(queue.steps(job)) > before, "another taking it up", 10)


def test_a_postgres_that_is_restarted_costs_no_job(own_stack: Stack, queue: Queue, tmp_path: Path) -> None:
    queue.tallies(400, 4, 100)
    with runners(own_stack, tmp_path, 2, concurrency=20):
        await_true(lambda: queue.one("SELECT count(*) FROM tally") > 50, "a beginning")
        for how in (signal.SIGINT, signal.SIGQUIT):
            queue.connection.close()
            with own_stack.held("postgres", how):
                time.sleep(1)
            own_stack.await_postgres()
            queue = Queue(own_stack)
        queue.await_empty("tally")
    assert queue.sql("SELECT state, count(*) FROM job_ended WHERE kind = 'tally' GROUP BY state") == [("succeeded", 400)]
    assert queue.sql("SELECT job FROM tally GROUP BY job HAVING count(*) <> 4 OR count(DISTINCT step) <> 4") == []
    queue.connection.close()


def test_a_job_is_tried_again_and_ends_in_the_dead_letter(own_stack: Stack, queue: Queue, tmp_path: Path) -> None:
    with runners(own_stack, tmp_path, 1):
        recovers = queue.tally(fault="retry", attempts_max=5)
        never = queue.tally(fault="retry", attempts_max=2)
        at_once = queue.tally(fault="fail", attempts_max=5)
        queue.await_state(at_once, "failed")
        queue.await_state(never, "failed")
        assert queue.state(never) == ("failed", "it stumbled, as it was told to")
        queue.await_state(recovers, "succeeded")
        assert queue.one("SELECT attempts FROM job_ended WHERE id = %s", recovers) == 3
        assert queue.one("SELECT attempts FROM job_ended WHERE id = %s", at_once) == 1


def test_a_job_that_ends_its_runner_runs_out_of_attempts(own_stack: Stack, queue: Queue, tmp_path: Path) -> None:
    job = queue.tally(fault="crash", attempts_max=2)
    for _ in range(2):
        with runners(own_stack, tmp_path, 1) as (runner,):
            assert runner.process.wait(15) == -signal.SIGKILL
    with runners(own_stack, tmp_path, 1):
        queue.await_state(job, "failed")
    assert queue.state(job)[1] == "its runner was lost, and no attempt is left"


def test_a_job_of_an_unknown_kind_waits_and_stops_nothing(own_stack: Stack, queue: Queue, tmp_path: Path) -> None:
    unknown = queue.add("tomorrow", {})
    job = queue.tally()
    with runners(own_stack, tmp_path, 1, concurrency=1):
        queue.await_state(job, "succeeded")
    assert queue.state(unknown)[0] == "queued"


def test_cancelling(own_stack: Stack, queue: Queue, tmp_path: Path) -> None:
    job = queue.tally(steps=100000, pause=20)
    with runners(own_stack, tmp_path, 1):
        await_true(lambda: queue.steps(job), "the first step")
        queue.sql("UPDATE job SET cancelling = true WHERE id = %s", job)
        queue.await_state(job, "cancelled", 5)
    orphan = queue.tally(steps=100000, pause=20)
    with runners(own_stack, tmp_path, 1) as (runner,):
        await_true(lambda: queue.steps(orphan), "the first step")
        runner.kill()
    queue.sql("UPDATE job SET cancelling = true WHERE id = %s", orphan)
    with runners(own_stack, tmp_path, 1):
        queue.await_state(orphan, "cancelled", 10)


def test_the_schedule_makes_one_job_whoever_looks(own_stack: Stack, queue: Queue, tmp_path: Path) -> None:
    began = time.monotonic()
    with runners(own_stack, tmp_path, 5, concurrency=1):
        time.sleep(11)
    # The first ones tick while the others are still being started.
    most = 1 + (time.monotonic() - began) / 2
    ticks = [row[0] for row in queue.sql("SELECT at FROM tick ORDER BY at")]
    assert 4 <= len(ticks) <= most
    pauses = [(later - earlier).total_seconds() for earlier, later in zip(ticks, ticks[1:])]
    assert min(pauses) > 1.0, pauses


def test_a_long_job_keeps_no_periodic_one_waiting(own_stack: Stack, queue: Queue, tmp_path: Path) -> None:
    """One runner with one place, which is taken: what the service itself needs is done all the same."""
    with without_runner(own_stack):
        queue.sql("TRUNCATE job, job_ended, job_schedule, change_follower")
        long = queue.tally(steps=1000, pause=50)
        with runners(own_stack, tmp_path, 1, concurrency=1, WARES_PURGE_EVERY=1) as (runner,):
            await_true(lambda: queue.steps(long), "the long job")
            purged = "SELECT count(*) FROM job_ended WHERE kind = 'purge' AND state = 'succeeded'"
            await_true(lambda: queue.one(purged) > 1, "purges", 15)
            await_true(lambda: "(words) is done" in runner.said(), "the learning of words", 15)
            assert queue.state(long)[0] == "running" and queue.one("SELECT attempts FROM job WHERE id = %s", long) == 1


def test_a_slow_statement_holds_up_no_heartbeat(own_stack: Stack, queue: Queue, tmp_path: Path) -> None:
    """Each step takes a second, and three jobs share the runner: longer, together, than the lease would last."""
    jobs = [queue.tally(steps=3, fault="slow") for _ in range(3)]
    with runners(own_stack, tmp_path, 1, concurrency=3) as (runner,):
        for job in jobs:
            queue.await_state(job, "succeeded")
            assert queue.steps(job) == [1, 2, 3]
        assert "not held" not in runner.said()
    assert queue.one("SELECT max(attempts) FROM job_ended WHERE kind = 'tally'") == 1


# --- the program ---


def run(*words: str, program: Path = RUNNER, **variables: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([program, *words], env=environment(**variables), stdin=subprocess.DEVNULL, timeout=20,
                          capture_output=True, text=True, check=False)


def test_the_options(own_stack: Stack) -> None:
    assert "--concurrency N" in run("--help").stdout
    assert run("--version").stdout.startswith("wares ")
    checked = run("--check", DATABASE_URL=own_stack.database_url, REDIS_URL=own_stack.redis_url)
    assert (checked.returncode, checked.stdout) == (0, "configuration: ok\npostgres: ok\nschema: ok\nredis: ok\n")
    for words in (["--concurrency", "0"], ["--concurrency", "257"], ["--concurrency", "x"], ["--concurrency"]):
        refused = run(*words)
        assert (refused.returncode, refused.stderr) == (2, "wares-jobs: --concurrency takes a number from 1 to 256\n")
    assert run("--nothing").returncode == 2
    assert "WARES_PURGE_EVERY" in run(WARES_PURGE_EVERY="0").stderr


def wares(stack: Stack, *words: str) -> subprocess.CompletedProcess[str]:
    return run("jobs", *words, program=BUILD / "wares", DATABASE_URL=stack.database_url)


def test_the_command(own_stack: Stack, queue: Queue, tmp_path: Path) -> None:
    job = queue.tally(fault="fail")
    with runners(own_stack, tmp_path, 1):
        queue.await_state(job, "failed")
    listed = wares(own_stack, "list", "--state", "failed", "--kind", "tally")
    assert listed.returncode == 0 and listed.stdout.startswith(job) and "it stumbled" in listed.stdout
    assert "state         failed" in wares(own_stack, "show", job).stdout
    assert wares(own_stack, "retry", job).stdout == f"{job} is queued\n"
    assert wares(own_stack, "cancel", job).stdout == f"{job} is cancelled\n"
    assert wares(own_stack, "retry", job).stdout == f"{job} is queued\n"
    with runners(own_stack, tmp_path, 1):
        queue.await_state(job, "failed")
    refused = wares(own_stack, "cancel", job)
    assert (refused.returncode, refused.stderr) == (1, f"wares: job {job} has failed already\n")
    missing = wares(own_stack, "show", "0193a7c0-0000-7000-8000-000000000000")
    assert (missing.returncode, missing.stderr) == (1, "wares: there is no job 0193a7c0-0000-7000-8000-000000000000\n")
    for words in ([], ["lst"], ["show"], ["show", "x"], ["show", job, job], ["list", "x"], ["list", "--state", "x"],
                  ["list", "--limit", "0"]):
        assert wares(own_stack, *words).returncode == 2, words


def test_the_stacks_own_runner_is_started_again(own_stack: Stack, queue: Queue) -> None:
    before = own_stack.pids("jobs")
    os.kill(before[0], signal.SIGKILL)
    await_true(lambda: own_stack.pids("jobs") not in ([], before), "another runner")
