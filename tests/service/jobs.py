"""What the tests of jobs share: queueing with SQL, and runners of their own."""

import contextlib
import json
import os
import signal
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

from stack import BUILD, ROOT, Stack, await_true, environment

RUNNER = BUILD / "wares-jobs"
# Under the sanitizers where there is such a build.
TALLY_RUNNER = (ROOT / os.environ.get("SANITIZED_BUILD", BUILD)).resolve() / "tests" / "tally-runner"
JOBS = "/api/v1/jobs"

# Of a runner that is killed, others have its jobs within so many seconds.
TAKEN_OVER_SECONDS = 5.0


class Queue:
    """The queue of a stack, by SQL."""

    def __init__(self, stack: Stack) -> None:
        self.connection = stack.connect()
        self.connection.autocommit = True

    def sql(self, statement: str, *values: object) -> list[tuple]:
        with self.connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def one(self, statement: str, *values: object) -> object:
        return self.sql(statement, *values)[0][0]

    def add(self, kind: str, payload: object, attempts_max: int = 10, raw: bool = False) -> str:
        job = str(uuid.uuid4())
        self.sql("INSERT INTO job (id, kind, payload, attempts_max) VALUES (%s, %s, %s, %s)",
                 job, kind, payload if raw else json.dumps(payload), attempts_max)
        return job

    def tally(self, steps: int = 1, pause: int = 0, fault: str = "none", attempts_max: int = 10) -> str:
        return self.add("tally", {"steps": steps, "pause": pause, "fault": fault}, attempts_max)

    def tallies(self, count: int, steps: int, pause: int, attempts_max: int = 1000) -> None:
        self.sql("INSERT INTO job (id, kind, payload, attempts_max) SELECT gen_random_uuid(), 'tally', %s, %s "
                 "FROM generate_series(1, %s)",
                 json.dumps({"steps": steps, "pause": pause, "fault": "none"}), attempts_max, count)

    def state(self, job: str) -> tuple[str, str | None]:
        rows = self.sql("SELECT state, last_error FROM job WHERE id = %s UNION ALL "
                        "SELECT state, last_error FROM job_ended WHERE id = %s", job, job)
        assert len(rows) == 1, f"job {job} is there {len(rows)} times"
        return rows[0]

    def await_state(self, job: str, state: str, seconds: float = 30.0) -> None:
        await_true(lambda: self.state(job)[0] == state, f"job {job} being {state}, not {self.state(job)}", seconds)

    def steps(self, job: str) -> list[int]:
        return [row[0] for row in self.sql("SELECT step FROM tally WHERE job = %s ORDER BY step", job)]

    def await_empty(self, kind: str, seconds: float = 120.0) -> None:
        await_true(lambda: self.one("SELECT count(*) FROM job WHERE kind = %s", kind) == 0, f"the end of all {kind}",
                   seconds)


class Runner:
    """A runner beside the stack's own; the tests' program knows the kinds tally and tick too."""

    def __init__(self, stack: Stack, folder: Path, concurrency: int = 4, program: Path = TALLY_RUNNER,
                 **variables: object) -> None:
        self.log = folder / f"runner-{uuid.uuid4().hex[:8]}.log"
        self.process = subprocess.Popen([program, "--concurrency", str(concurrency)], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT,
                                        env=environment(**{"DATABASE_URL": stack.database_url, "WARES_LOG": self.log,
                                                           "WARES_RUNTIME_DIR": stack.env["WARES_RUNTIME_DIR"],
                                                           "WARES_LOG_LEVEL": "debug"} | variables))
        await_true(lambda: self.process.poll() is not None or "takes up to" in self.said(), "the runner")
        assert self.process.poll() is None, self.said()

    def said(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)

    def ask_to_stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def stop(self, seconds: float = 10.0) -> int:
        if self.process.poll() is None:
            self.ask_to_stop()
        return self.process.wait(seconds)


@contextlib.contextmanager
def runners(stack: Stack, folder: Path, count: int = 1, **options: object) -> Iterator[list[Runner]]:
    """Runners that end with the context, whatever became of them."""
    started: list[Runner] = []
    try:
        for _ in range(count):
            started.append(Runner(stack, folder, **options))
        yield started
    finally:
        for runner in started:
            with contextlib.suppress(OSError):
                os.kill(runner.process.pid, signal.SIGCONT)
            if runner.process.poll() is None:
                runner.kill()
