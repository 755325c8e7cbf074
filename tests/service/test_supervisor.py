"""The pool as an operator runs it: the supervisor, independent workers, signals, upgrades and the command line."""

import os
import re
import resource
import shutil
import signal
import socket
import stat
import subprocess
import threading
import time
from pathlib import Path

import fastcgi
import pytest
import worker_pool
from fastcgi import Closed
from stack import open_files
from worker_pool import LIVE, NOWHERE, PROGRAM, Pool, alive, wait_until


@pytest.fixture
def make_pool(tmp_path):
    """Makes pools that a test may ruin."""
    pools = []

    def make(workers=2, **options):
        folder = tmp_path / f"pool{len(pools)}"
        folder.mkdir()
        pools.append(Pool(folder, workers, **options))
        return pools[-1]

    yield make
    for running in pools:
        running.kill()


class Load:
    """A client that asks all the time on kept connections, as a front server does: it opens a new connection where a kept
    one turns out to be closed before anything of an answer came, and nothing else is forgiven."""

    def __init__(self, running, threads=4):
        self.running = running
        self.stop = threading.Event()
        self.answered = 0
        self.faults = []
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self._run) for _ in range(threads)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for thread in self.threads:
            thread.join()

    def _run(self):
        connection, used = None, False
        while not self.stop.is_set():
            try:
                if connection is None:
                    connection, used = self.running.connect(), False
                answer = connection.ask("GET", LIVE)
                used = True
                with self.lock:
                    self.answered += 1
                    if answer.status != 200:
                        self.faults.append(f"status {answer.status}")
            except (Closed, OSError) as error:
                with self.lock:
                    if not used or connection.unread:
                        self.faults.append(repr(error))
                connection.close()
                connection = None
        if connection:
            connection.close()


def of_age(running):
    """Waits until the workers are no longer young: only such are replaced without a pause."""
    time.sleep(1.1)
    return running.workers()


def run(*arguments, **options):
    options.setdefault("env", worker_pool.environment("stderr"))
    return subprocess.run([PROGRAM, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30,
                          check=False, **options)


def test_help_and_version():
    result = run("--help")
    assert (result.returncode, result.stderr) == (0, "")
    for word in ("--workers N", "--check", "DATABASE_URL", "REDIS_URL", "WARES_STOP_GRACE"):
        assert word in result.stdout
    result = run("--version")
    assert result.returncode == 0
    assert re.fullmatch(r"wares \d+\.\d+\.\d+\n", result.stdout)


def test_without_a_socket_it_tells_how_to_run_it():
    for arguments in ((), ("--workers", "2")):
        result = run(*arguments)
        assert result.returncode == 2
        assert result.stdout == ""
        for word in ("descriptor 0", "spawn-fcgi", "fastcgi_pass"):
            assert word in result.stderr


@pytest.mark.parametrize("arguments", [["--workers"], ["--workers", "0"], ["--workers", "1025"], ["--workers", "4x"],
                                       ["--wrokers", "4"], ["4"], ["--check", "now"], ["--ready-fd", "x"]])
def test_a_bad_option_is_named(arguments):
    result = run(*arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert len(result.stderr.splitlines()) == 1
    assert any(word in result.stderr for word in arguments)


@pytest.mark.parametrize("name, value", [("WARES_DEADLINE", "soon"), ("WARES_BODY_MAX", "-1"), ("WARES_DEADLNE", "1000"),
                                         ("REDIS_URL", "http://x"), ("REDIS_URL", "redis://h:99999"),
                                         ("WARES_LOG", "/nonexistent/folder/log")])
def test_a_bad_setting_is_named(tmp_path, name, value):
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        listening.listen()
        environment = worker_pool.environment("stderr", **{name: value})
        for arguments in ([], ["--workers", "2"]):
            result = subprocess.run([PROGRAM, *arguments], stdin=listening, env=environment, capture_output=True,
                                    text=True, timeout=30, check=False)
            assert result.returncode == 2
            assert name in result.stderr


def test_check_tells_what_is_wrong():
    result = run("--check")
    lines = result.stdout.splitlines()
    assert result.returncode == 1
    assert lines[0] == "configuration: ok"
    assert lines[1].startswith("postgres: ") and lines[1] != "postgres: ok"
    assert lines[-1] == "redis: off"

    result = run("--check", env=worker_pool.environment("stderr", REDIS_URL="redis://127.0.0.1:1"))
    assert result.returncode == 1
    assert result.stdout.splitlines()[-1].startswith("redis: does not")

    result = run("--check", env=worker_pool.environment("stderr", WARES_DEADLINE="x"))
    assert result.returncode == 1
    assert re.fullmatch(r"configuration: WARES_DEADLINE .*\n", result.stdout)


def test_a_worker_killed_in_mid_request_is_replaced_at_once(make_pool):
    running = make_pool()
    before = of_age(running)
    with running.connect() as connection:
        connection.send(fastcgi.request("POST", NOWHERE, b"x" * 100)[:-50])
        time.sleep(0.2)
        victim = before[0]
        os.kill(victim, signal.SIGKILL)
        start = time.monotonic()
        wait_until(lambda: len(running.workers()) == 2 and victim not in running.workers(), 1)
        for _ in range(20):
            assert running.ask("GET", LIVE).status == 200
        assert time.monotonic() - start < 1
    wait_until(lambda: running.messages(f"worker {victim} was killed by signal 9 (Killed)"))


def test_all_workers_killed_are_back_within_a_second(make_pool):
    running = make_pool(workers=4)
    before = of_age(running)
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    start = time.monotonic()
    assert running.ask("GET", LIVE).status == 200
    wait_until(lambda: len(running.workers()) == 4, 1)
    assert time.monotonic() - start < 1
    assert not set(before) & set(running.workers())


def test_workers_that_die_young_are_started_more_and_more_seldom_and_for_ever(make_pool):
    running = make_pool(workers=1)
    deaths = []
    end = time.monotonic() + 7
    while time.monotonic() < end:
        for pid in running.workers():
            if pid not in deaths:
                deaths.append(pid)
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.002)
    pauses = [int(re.search(r"started in (\d+) ms", line["message"])[1]) for line in running.messages("started in")]
    assert pauses[:6] == [100, 200, 400, 800, 1600, 3200]
    assert len(deaths) <= 8
    assert running.ask("GET", LIVE, timeout=10).status == 200
    of_age(running)
    os.kill(running.workers()[0], signal.SIGKILL)
    assert running.ask("GET", LIVE, timeout=3).status == 200


def test_a_program_that_cannot_run_any_more_is_tried_until_it_can(make_pool, tmp_path):
    program = tmp_path / "wares.fcgi"
    shutil.copy(PROGRAM, program)
    running = make_pool(workers=1, program=program)
    [pid] = of_age(running)
    program.chmod(0o600)
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: running.messages("cannot execute"))
    program.chmod(0o755)
    assert running.ask("GET", LIVE, timeout=10).status == 200


def test_hup_replaces_every_worker_and_fails_no_request(make_pool):
    running = make_pool(workers=3)
    before = set(running.workers())
    with Load(running) as load:
        time.sleep(0.3)
        running.signal(signal.SIGHUP)
        wait_until(lambda: len(running.messages("replaces worker")) == 3 and len(running.workers()) == 3, 20)
        answered = load.answered
        wait_until(lambda: load.answered > answered + 100)
    assert load.faults == []
    assert load.answered > 200
    assert not before & set(running.workers())
    assert running.messages("killed") == []


def test_a_log_rotated_during_a_replacement_kills_no_starting_worker(make_pool):
    running = make_pool(workers=2)
    for milliseconds in (0, 1, 2, 3, 4, 6, 8, 10, 15):
        before = set(running.workers())
        running.signal(signal.SIGHUP)
        time.sleep(milliseconds / 1000)
        running.signal(signal.SIGUSR1)
        wait_until(lambda: len(running.workers()) == 2 and not before & set(running.workers()))
    assert running.messages("killed by signal") == []
    assert running.messages("are kept") == []
    assert running.ask("GET", LIVE).status == 200


def test_a_successor_that_cannot_be_started_is_tried_again(make_pool):
    running = make_pool(workers=2)
    before = set(running.workers())
    used = max(int(name) for name in os.listdir(f"/proc/{running.pid}/fd"))
    # Enough to open the log anew, but not for the pipe to a worker.
    limit = resource.prlimit(running.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(running.pid, resource.RLIMIT_NOFILE, (used + 2, limit[1]))
    running.signal(signal.SIGHUP)
    wait_until(lambda: len(running.messages("cannot start a worker")) == 2)
    assert set(running.workers()) == before
    resource.prlimit(running.pid, resource.RLIMIT_NOFILE, limit)
    wait_until(lambda: len(running.workers()) == 2 and not before & set(running.workers()))
    assert len(running.messages("cannot start a worker")) < 5


def test_hups_during_a_replacement_become_one(make_pool, tmp_path):
    program, slow = tmp_path / "wares.fcgi", tmp_path / "slow"
    program.symlink_to(PROGRAM)
    running = make_pool(workers=2, program=program)
    slow.write_text(f'#!/bin/sh\nsleep 1\nexec {PROGRAM} "$@"\n')
    slow.chmod(stat.S_IRWXU)
    slow.rename(program)
    running.signal(signal.SIGHUP)
    wait_until(lambda: len(running.workers()) == 3)
    for _ in range(4):
        running.signal(signal.SIGHUP)
        time.sleep(0.03)
    # The one that was starting is replaced again, because what it runs may be older than the last HUP.
    wait_until(lambda: len(running.messages("replaces worker")) == 3)
    time.sleep(2)
    assert len(running.messages("replaces worker")) == 3
    assert len(running.workers()) == 2
    assert running.ask("GET", LIVE).status == 200


def test_a_replaced_worker_that_does_not_stop_is_killed(make_pool):
    running = make_pool(workers=2, WARES_STOP_GRACE=200)
    before = running.workers()
    os.kill(before[0], signal.SIGSTOP)
    running.signal(signal.SIGHUP)
    wait_until(lambda: not set(before) & set(running.workers()), 5)
    assert len(running.workers()) == 2
    assert running.messages("does not stop: it is killed")


def test_hup_brings_an_upgraded_program_in(make_pool, tmp_path):
    old, new = tmp_path / "old.fcgi", tmp_path / "new.fcgi"
    for copy in (old, new):
        shutil.copy(PROGRAM, copy)
    program = tmp_path / "wares.fcgi"
    program.symlink_to(old)
    running = make_pool(workers=2, program=program)
    link = tmp_path / "link"
    link.symlink_to(new)
    link.rename(program)
    running.signal(signal.SIGHUP)
    wait_until(lambda: [worker_pool.executable(pid) for pid in running.workers()] == [str(new)] * 2)
    assert running.ask("GET", LIVE).status == 200


@pytest.mark.parametrize("script, seconds", [("exit 3", 3), ("exec sleep 60", 9)])
def test_an_upgrade_that_does_not_start_changes_nothing(make_pool, tmp_path, script, seconds):
    program = tmp_path / "wares.fcgi"
    shutil.copy(PROGRAM, program)
    running = make_pool(workers=2, program=program)
    before = set(of_age(running))
    broken = tmp_path / "broken"
    broken.write_text(f"#!/bin/sh\n{script}\n")
    broken.chmod(stat.S_IRWXU)
    broken.rename(program)
    running.signal(signal.SIGHUP)
    wait_until(lambda: running.messages("the running ones are kept"), seconds)
    wait_until(lambda: set(running.workers()) == before)
    assert running.ask("GET", LIVE).status == 200
    assert len(running.messages("the running ones are kept")) == 1


def test_hup_and_usr1_reopen_the_log_of_all(make_pool):
    running = make_pool(workers=2)
    for number in (signal.SIGUSR1, signal.SIGHUP):
        rotated = running.log.with_name(f"rotated.{number}")
        running.log.rename(rotated)
        running.signal(number)
        wait_until(running.log.exists)
        wait_until(lambda: not any(str(rotated) in open_files(pid) for pid in (running.pid, *running.workers())))
        size = rotated.stat().st_size
        for _ in range(20):
            running.ask("GET", LIVE)
        wait_until(lambda: len(running.requests(LIVE)) == 20)
        assert rotated.stat().st_size == size


def test_term_stops_all_gracefully(make_pool):
    running = make_pool(workers=3)
    body = b"x" * 1000
    workers = running.workers()
    with running.connect() as idle, running.connect() as busy:
        for connection in (idle, busy):
            assert connection.ask("GET", LIVE).status == 200
        busy.send(fastcgi.request("POST", NOWHERE, body)[:-500])
        time.sleep(0.2)
        start = time.monotonic()
        running.signal(signal.SIGTERM)
        time.sleep(0.2)
        busy.send(fastcgi.request("POST", NOWHERE, body)[-500:])
        assert busy.answer().status == 404
        assert running.process.wait(5) == 0
        assert time.monotonic() - start < 2
    assert not any(alive(pid) for pid in workers)
    assert len(running.messages("exited with status 0")) == 3


def test_what_does_not_stop_is_killed(make_pool):
    running = make_pool(workers=2, WARES_STOP_GRACE=200)
    victim = running.workers()[0]
    os.kill(victim, signal.SIGSTOP)
    start = time.monotonic()
    running.signal(signal.SIGTERM)
    assert running.process.wait(5) == 0
    assert 1 < time.monotonic() - start < 2.5
    assert not alive(victim)


def test_workers_end_with_their_supervisor(make_pool):
    running = make_pool(workers=3)
    workers = running.workers()
    assert len(workers) == 3
    os.kill(running.pid, signal.SIGKILL)
    running.process.wait()
    wait_until(lambda: not any(alive(pid) for pid in workers), 3)


def test_independent_workers(tmp_path):
    """spawn-fcgi -F: workers that know nothing of each other and are never restarted."""
    path, log, pids = tmp_path / "wares.sock", tmp_path / "wares.log", tmp_path / "pids"
    subprocess.run(["spawn-fcgi", "-F", "4", "-s", path, "-M", "0660", "-P", pids, "--", PROGRAM], check=True,
                   env=worker_pool.environment(log), stdout=subprocess.DEVNULL, timeout=30)
    workers = [int(word) for word in pids.read_text().split()]
    try:
        assert len(workers) == 4
        assert stat.S_IMODE(path.stat().st_mode) == 0o660
        wait_until(lambda: log.exists() and log.read_text().count("worker ready") == 4)
        for pid in workers[:2]:
            os.kill(pid, signal.SIGKILL)
        kept = [fastcgi.Connection(path) for _ in range(8)]
        for connection in kept * 3:
            assert connection.ask("GET", LIVE).status == 200
        for pid in workers[2:]:
            os.kill(pid, signal.SIGTERM)
        for connection in kept:
            connection.close()
        wait_until(lambda: not any(alive(pid) for pid in workers))
        assert log.read_text().count("worker stopped") == 2
    finally:
        for pid in workers:
            if alive(pid):
                os.kill(pid, signal.SIGKILL)


@pytest.fixture
def listening(tmp_path):
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(tmp_path / "listening"))
        made.listen()
        yield made


def blocks(pid, number):
    """Whether a process holds this signal back."""
    mask = re.search(r"^SigBlk:\s*(\w+)$", Path(f"/proc/{pid}/status").read_text(), re.M)[1]
    return int(mask, 16) >> (number - 1) & 1 == 1


@pytest.mark.parametrize("arguments", [[], ["--workers", "1"]])
def test_a_stop_during_the_start_is_a_graceful_one(tmp_path, listening, arguments):
    log = tmp_path / "wares.log"
    os.mkfifo(log)  # holds the start up until there is a reader
    with subprocess.Popen([PROGRAM, *arguments], stdin=listening, env=worker_pool.environment(log)) as process:
        try:
            wait_until(lambda: blocks(process.pid, signal.SIGTERM))
            for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGTERM):
                process.send_signal(number)
            time.sleep(0.1)
            assert process.poll() is None
            with log.open("rb") as reader:
                threading.Thread(target=reader.read).start()
                assert process.wait(5) == 0
        finally:
            process.kill()


@pytest.mark.parametrize("arguments", [[], ["--workers", "1"]])
def test_a_migration_at_the_start_is_ended_by_term_only(tmp_path, listening, arguments):
    with socket.create_server(("127.0.0.1", 0)) as silent:  # a Postgres that never says a word
        url = f"host=127.0.0.1 port={silent.getsockname()[1]} user=x dbname=x"
        environment = worker_pool.environment(tmp_path / "wares.log", DATABASE_URL=url, WARES_MIGRATE="on")
        with subprocess.Popen([PROGRAM, *arguments], stdin=listening, env=environment) as process:
            try:
                connection, _ = silent.accept()
                with connection:
                    process.send_signal(signal.SIGHUP)
                    process.send_signal(signal.SIGUSR1)
                    time.sleep(0.2)
                    assert process.poll() is None
                    process.terminate()
                    assert process.wait(5) == -signal.SIGTERM
            finally:
                process.kill()


def test_outputs_that_are_closed_at_the_start_lead_nowhere(tmp_path, listening):
    log = tmp_path / "wares.log"
    with subprocess.Popen(["sh", "-c", 'exec "$0" --workers 1 >&- 2>&-', PROGRAM], stdin=listening,
                          env=worker_pool.environment(log)) as process:
        try:
            wait_until(lambda: log.exists() and "worker ready" in log.read_text())
            for pid in (process.pid, *worker_pool.children(process.pid)):
                assert [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in (1, 2)] == ["/dev/null"] * 2
        finally:
            process.terminate()
            assert process.wait(5) == 0


def test_a_log_that_nobody_reads_delays_neither_requests_nor_the_stop(tmp_path, listening):
    reader, writer = os.pipe()
    with subprocess.Popen([PROGRAM, "--workers", "2"], stdin=listening, stderr=writer,
                          env=worker_pool.environment("stderr")) as process:
        try:
            os.close(writer)
            for _ in range(1500):  # more lines than a pipe has room for
                assert fastcgi.ask(listening.getsockname(), "GET", LIVE, timeout=3).status == 200
        finally:
            process.terminate()
            assert process.wait(5) == 0
    os.close(reader)


def test_a_log_at_the_limit_of_a_files_size_ends_nobody(tmp_path, listening):
    log = tmp_path / "wares.log"
    with subprocess.Popen(["sh", "-c", 'ulimit -f 8 && exec "$0" --workers 2', PROGRAM], stdin=listening,
                          env=worker_pool.environment(log)) as process:
        try:
            for _ in range(200):
                assert fastcgi.ask(listening.getsockname(), "GET", LIVE, timeout=10).status == 200
            assert log.stat().st_size == 8 * 512
        finally:
            process.terminate()
            assert process.wait(10) == 0


def test_a_log_that_cannot_be_opened_ends_the_start_under_a_spawner(tmp_path):
    result = subprocess.run(["spawn-fcgi", "-s", tmp_path / "wares.sock", "--", PROGRAM], check=False, timeout=30,
                            env=worker_pool.environment("/nonexistent/folder/log"), capture_output=True, text=True)
    assert "child exited with: 2" in result.stderr
