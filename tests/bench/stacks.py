"""What is measured: pools behind an nginx of their own, each started and stopped here.

A contender has a name, the url of its front, the roots of its pool (the processes from which the others descend), its
logs of requests with the front's first, and stop(). The service itself comes up through deploy/run.sh; other pools get a socket, workers on it, and an
nginx made of the same configuration files, so that all fronts do the same work.
"""

import os
import pathlib
import shlex
import shutil
import signal
import socket
import subprocess
import time

from measure import Unmeasured

ROOT = pathlib.Path(__file__).resolve().parents[2]
START_SECONDS = 180
STOP_SECONDS = 60
BACKLOG = 1024


def free_port():
    """A TCP port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def stop_process(process):
    """TERM, and KILL where that is not enough."""
    if process is None or process.poll() is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def wait_for(ready, process, what, log):
    """Until ready() is true; Unmeasured where the process ends first or the time is over."""
    deadline = time.monotonic() + START_SECONDS
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            tail = log.read_text(encoding="utf-8", errors="replace")[-2000:] if log.exists() else ""
            raise Unmeasured(f"{what} did not start; the end of {log}:\n{tail}")
        time.sleep(0.05)


def port_open(port):
    """True where something listens on the port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Service:
    """The whole service, private: Postgres, Redis, the pool and nginx."""

    def __init__(self, name, folder, settings):
        self.name = name
        self.folder = folder / name
        self.request_logs = [self.folder / "log" / "access.log", self.folder / "log" / "wares.log"]
        self.process = None
        log = folder / f"{name}.log"
        # What is measured writes a lot: never into a database that somebody else has named.
        env = {key: value for key, value in os.environ.items() if key not in ("DATABASE_URL", "REDIS_URL", "FRONT")}
        env.update(PORT=str(free_port()), RUN_DIR=str(self.folder), WORKERS=str(settings.workers),
                   PRODUCTS=str(settings.products), BUILD=str(settings.build))
        with log.open("wb") as out:
            self.process = subprocess.Popen([ROOT / "deploy" / "run.sh"], env=env, stdin=subprocess.DEVNULL, stdout=out,
                                            stderr=out, cwd=ROOT, start_new_session=True)
        try:
            wait_for((self.folder / "env").exists, self.process, name, log)
            self.env = self.read_env()
            self.url = self.env["URL"].rstrip("/")
            self.roots = [int((self.folder / "pool.pid").read_text(encoding="ascii"))]
            wait_for(lambda: port_open(int(self.url.rsplit(":", 1)[1])), self.process, name, log)
        except BaseException:
            self.stop()
            raise

    def read_env(self):
        """NAME=value lines as the shell reads them."""
        pairs = {}
        for word in shlex.split((self.folder / "env").read_text(encoding="utf-8"), comments=True):
            key, equals, value = word.partition("=")
            if equals:
                pairs[key] = value
        return pairs

    def sql(self, statement):
        """What psql prints for a statement."""
        ended = subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", statement, self.env["DATABASE_URL"]],
                               capture_output=True, text=True, check=False)
        if ended.returncode != 0:
            raise Unmeasured(f"psql: {ended.stderr.strip()}")
        return ended.stdout.strip()

    def stop(self):
        """Stops all that run.sh started."""
        stop_process(self.process)


class Pool:
    """FastCGI workers on a socket of their own, behind an nginx with the shipped configuration."""

    def __init__(self, name, folder, command, settings):
        self.name = name
        self.folder = folder / name
        self.request_logs = [self.folder / "log" / "access.log"]
        self.socket = self.folder / "pool.sock"
        self.processes = []
        self.roots = []
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        for sub in ("log", "tmp", "conf"):
            (self.folder / sub).mkdir(parents=True)
        try:
            self.start_workers(command, settings.workers)
            self.start_front(port)
        except BaseException:
            self.stop()
            raise

    def spawn(self, command, **how):
        """Starts a process whose output goes to the pool's log."""
        with (self.folder / "log" / "output.log").open("ab") as out:
            process = subprocess.Popen(command, stdout=out, stderr=out, start_new_session=True, **how)
        self.processes.append(process)
        return process

    def start_workers(self, command, workers):
        """As spawn-fcgi does it: the listening socket is descriptor 0 of every worker."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            listener.bind(str(self.socket))
            listener.listen(BACKLOG)
            os.chmod(self.socket, 0o666)
            self.roots = [self.spawn(command, stdin=listener).pid for _ in range(workers)]

    def adapt_front(self, conf):
        """For who is not reached as the service is."""

    def start_front(self, port):
        """The configuration of deploy/nginx with another socket in it."""
        conf = self.folder / "conf"
        shutil.copytree(ROOT / "deploy" / "nginx", conf / "wares")
        self.adapt_front(conf / "wares")
        upstream = conf / "wares" / "upstream.conf"
        upstream.write_text(upstream.read_text().replace("/run/wares/wares.sock", str(self.socket)))
        text = (conf / "wares" / "run.conf.in").read_text()
        text = "".join(line for line in text.splitlines(keepends=True) if "@NCHAN@" not in line)  # nothing live here
        text = text.replace("@STATE@", str(self.folder)).replace("@LISTEN@", f"127.0.0.1:{port}")
        (conf / "nginx.conf").write_text(text)
        front = self.spawn(["nginx", "-e", str(self.folder / "log" / "front-error.log"), "-c", str(conf / "nginx.conf")],
                           stdin=subprocess.DEVNULL)
        wait_for(lambda: port_open(port), front, self.name, self.folder / "log" / "output.log")

    def stop(self):
        """Stops the front, then the workers."""
        for process in reversed(self.processes):
            stop_process(process)
