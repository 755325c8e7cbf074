"""A whole service for the tests: what deploy/run.sh starts, on a port and in a folder of its own.

Knows run.sh from outside only: its variables, and in RUN_DIR the files env, <part>.pid, <part>.hold and log/. The parts
are postgres, redis, pool and front."""

import contextlib
import json
import os
import shlex
import shutil
import signal
import socket as sockets
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg2
import redis
import requests

ROOT = Path(__file__).resolve().parents[2]
BUILD = (ROOT / os.environ.get("BUILD", "build")).resolve()
START_SECONDS = 60.0
STOP_SECONDS = 40.0

# What must not leak from the caller's environment into a stack.
OURS = ("WARES_", "DATABASE_URL", "REDIS_URL", "PG", "PORT", "BIND", "RUN_DIR", "FRONT", "POOL", "WORKERS", "PRODUCTS")


def free_port() -> int:
    with sockets.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def reserved_port() -> sockets.socket:
    """One that nobody else is given while this is open, and that a server may listen on all the same."""
    held = sockets.socket()
    held.setsockopt(sockets.SOL_SOCKET, sockets.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", 0))
    return held


def await_true(condition: Callable[[], object], what: str, seconds: float = START_SECONDS) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"{what}: not within {seconds} s"
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    """A process that is there, and not only waits to be reaped."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def children(pid: int) -> list[int]:
    try:
        return sorted(int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
    except (FileNotFoundError, ProcessLookupError):
        return []


def json_lines(path: Path) -> list[dict]:
    """The objects of a log that is being written: what of its last line is there before the rest is left out."""
    return [json.loads(line) for line in path.read_bytes().rpartition(b"\n")[0].splitlines()]


def open_files(pid: int) -> list[str]:
    """What a process has open, sockets and the like included."""
    found = []
    with contextlib.suppress(OSError):
        for link in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                found.append(os.readlink(link))
    return found


def environment(**variables: object) -> dict[str, str]:
    """The caller's environment without anything of ours but the given variables."""
    values = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    values["BUILD"] = str(BUILD)
    return values | {name: str(value) for name, value in variables.items()}


class Stack:
    """One run of deploy/run.sh. start() comes back once all is up, stop() gives run.sh's exit status."""

    def __init__(self, root: Path = ROOT, **variables: object) -> None:
        """The variables are run.sh's and the workers'. Without a RUN_DIR the stack has a folder that goes with it."""
        self.command: list[str | Path] = [root / "deploy" / "run.sh"]
        self.folder = Path(tempfile.mkdtemp(prefix="wares-"))
        self.folder.chmod(0o755)
        self.output = self.folder / "output"
        self.run_dir = Path(str(variables.get("RUN_DIR", self.folder / "run")))
        self.port = reserved_port()
        self.variables = {"PORT": self.port.getsockname()[1], "PRODUCTS": 40, "RUN_DIR": self.run_dir, "WORKERS": 4,
                          **variables}
        self.supervised = self.variables.get("POOL", "supervisor") == "supervisor"
        self.front = str(self.variables.get("FRONT", "nginx"))
        self.program = BUILD / "wares.fcgi"
        self.process: subprocess.Popen[bytes] | None = None
        self.env: dict[str, str] = {}

    def start(self) -> "Stack":
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(self.command, env=environment(**self.variables), cwd="/",
                                            stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        try:
            await_true(lambda: (self.run_dir / "env").exists() or self.process.poll() is not None, "run.sh")
            assert self.process.poll() is None, f"run.sh ended with {self.process.returncode}: {self.said()}"
        except BaseException:
            self.stop()
            raise
        self.env = dict(word.split("=", 1) for word in shlex.split((self.run_dir / "env").read_text()))
        return self

    def ask_to_stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(how)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Ends run.sh, and with it all that it started. The state stays until close()."""
        self.ask_to_stop(how)
        return self.process.wait(STOP_SECONDS) if self.process is not None else 0

    def close(self) -> None:
        self.stop()
        self.port.close()
        # RUN_DIR may be a link to where run.sh had to put the state.
        shutil.rmtree(self.run_dir.resolve(), ignore_errors=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> "Stack":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    def said(self) -> str:
        """All that run.sh has printed."""
        return self.output.read_text(errors="replace")

    @property
    def url(self) -> str:
        return self.env["URL"]

    @property
    def database_url(self) -> str:
        return self.env["DATABASE_URL"]

    @property
    def redis_url(self) -> str:
        return self.env["REDIS_URL"]

    @property
    def workers_wanted(self) -> int:
        return int(str(self.variables["WORKERS"]))

    @property
    def socket(self) -> Path:
        """Where the pool listens."""
        return Path(self.env["WARES_SOCKET"])

    @property
    def log(self) -> Path:
        """The log of the workers."""
        return self.run_dir / "log" / "wares.log"

    @property
    def access_log(self) -> Path:
        """The log of the front server."""
        return self.run_dir / "log" / "access.log"

    def connect(self) -> "psycopg2.extensions.connection":
        return psycopg2.connect(self.database_url)

    def redis_client(self) -> redis.Redis:
        return redis.Redis.from_url(self.redis_url)

    def pids(self, part: str) -> list[int]:
        """The processes that run.sh knows a part by: one, or each worker where they are independent."""
        try:
            return [int(word) for word in (self.run_dir / f"{part}.pid").read_text().split()]
        except FileNotFoundError:
            return []

    def workers(self) -> list[int]:
        """The workers that are alive."""
        pool = self.pids("pool")
        return [pid for pid in (children(pool[0]) if pool and self.supervised else pool) if is_alive(pid)]

    def processes(self, part: str) -> list[int]:
        """All living processes of a part, parents first."""
        found = [pid for pid in self.pids(part) if is_alive(pid)]
        for pid in found:
            found += [child for child in children(pid) if is_alive(child)]
        return found

    @contextlib.contextmanager
    def held(self, part: str, how: signal.Signals | None = None) -> Iterator[None]:
        """A part that is gone: ended with a signal (its own clean stop by default), and started again at the end of
        the context. What follows may have to wait for it: await_postgres(), await_redis(), await_ready()."""
        how = how or (signal.SIGINT if part == "postgres" else signal.SIGTERM)
        hold = self.run_dir / f"{part}.hold"
        hold.touch()
        try:
            pids = self.processes(part)
            for pid in self.pids(part):
                os.kill(pid, how)
            await_true(lambda: not any(map(is_alive, pids)), f"the end of {part}", STOP_SECONDS)
            yield
        finally:
            hold.unlink(missing_ok=True)

    @contextlib.contextmanager
    def frozen(self, part: str) -> Iterator[None]:
        """A part that keeps silent: all of its processes stopped, and going on at the end of the context."""
        pids = self.processes(part)
        try:
            for pid in pids:
                os.kill(pid, signal.SIGSTOP)
            yield
        finally:
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    def restart(self, part: str) -> None:
        """Ends a part cleanly, and comes back once its successor runs."""
        before = self.pids(part)
        with self.held(part):
            pass
        await_true(lambda: self.pids(part) not in ([], before) and all(map(is_alive, self.pids(part))), f"another {part}")

    def await_postgres(self) -> None:
        def answers() -> bool:
            try:
                self.connect().close()
            except psycopg2.OperationalError:
                return False
            return True

        await_true(answers, "Postgres")

    def await_redis(self) -> None:
        def answers() -> bool:
            try:
                return bool(self.redis_client().ping())
            except redis.RedisError:
                return False

        await_true(answers, "Redis")

    def await_ready(self) -> None:
        """Until the whole service answers, through the front server."""
        def answers() -> bool:
            try:
                return requests.get(f"{self.url}/readyz", timeout=5).status_code == 200
            except requests.RequestException:
                return False

        self.await_postgres()
        self.await_redis()
        await_true(answers, "the service")
