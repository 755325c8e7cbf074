"""The peers: the same four routes in other languages, on the service's own Postgres and Redis, behind the same nginx.

Each is one small program below peers/, written as users of its language would write it. What one needs that is not there
is told as Unmeasured: `make bench` installs Debian's packages; Node's come from the npm registry.
"""

import json
import os
import pathlib
import shutil
import subprocess
from urllib.parse import parse_qs, urlsplit

from measure import Unmeasured
from stacks import ROOT, Pool, wait_for

PEERS = ROOT / "tests" / "bench" / "peers"
PHP_CHILDREN = 8


class Peer(Pool):
    """A program with the environment that all peers have: DATABASE_URL, REDIS_SOCKET, and LISTEN, its socket."""

    def __init__(self, name, folder, service, settings):
        self.settings = settings
        self.folder = folder / name
        self.environment = os.environ | {
            "DATABASE_URL": service.env["DATABASE_URL"],
            "REDIS_SOCKET": urlsplit(service.env["REDIS_URL"]).path,
            "LISTEN": str(folder / name / "pool.sock"),
        }
        super().__init__(name, folder, self.command(), settings)

    def command(self):
        """The program to run, built or installed where need be."""
        raise NotImplementedError

    def start_workers(self, command, workers):
        process = self.spawn(command, env=self.environment, stdin=subprocess.DEVNULL)
        self.roots = [process.pid]
        wait_for(self.socket.exists, process, self.name, self.folder / "log" / "output.log")

    @staticmethod
    def make(command, what, **how):
        """Runs a command that builds or installs."""
        try:
            ended = subprocess.run(command, capture_output=True, text=True, check=False, **how)
        except FileNotFoundError as error:
            raise Unmeasured(f"{what}: {error}") from error
        if ended.returncode != 0:
            raise Unmeasured(f"{what}: {(ended.stderr or ended.stdout).strip()[-500:]}")


class HttpPeer(Peer):
    """One that speaks HTTP: nginx proxies to it, over kept connections as well."""

    def adapt_front(self, conf):
        server = conf / "server.conf"
        text = server.read_text()
        text = text.replace("include wares/fastcgi_params;", "proxy_set_header X-Request-Id $wares_request_id;")
        text = text.replace("fastcgi_pass wares;", "proxy_pass http://wares;")
        text = text.replace("fastcgi_keep_conn on;",
                            'proxy_http_version 1.1;\n    proxy_set_header Connection "";')
        text = text.replace("fastcgi_keep_conn off;", "")  # of imports, which peers have not
        server.write_text(text.replace("    fastcgi_", "    proxy_").replace("\nfastcgi_intercept", "\nproxy_intercept"))


class Go(HttpPeer):
    """net/http, pgx, redigo; the packages of Debian, so no module is fetched."""

    def command(self):
        program = self.settings.build / "bench" / "go"
        self.make(["go", "build", "-o", str(program), str(PEERS / "go" / "main.go")], "the Go peer",
                  env=os.environ | {"GO111MODULE": "off", "GOPATH": "/usr/share/gocode",
                                    "GOCACHE": str(self.settings.build / "bench" / "go-cache")})
        return [str(program)]


class Node(HttpPeer):
    """fastify, pg, ioredis, one process for each core."""

    def command(self):
        folder = self.settings.build / "bench" / "node"
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json", "server.js"):
            shutil.copy(PEERS / "node" / name, folder)
        if not (folder / "node_modules").exists():
            self.make(["npm", "ci", "--omit=dev", "--no-audit", "--no-fund"], "the Node peer", cwd=folder)
        return ["node", str(folder / "server.js")]


class Php(Peer):
    """PHP-FPM with persistent connections."""

    def command(self):
        found = sorted(str(path) for path in pathlib.Path("/usr/sbin").glob("php-fpm*"))
        if not found:
            raise Unmeasured("the PHP peer: there is no php-fpm")
        return [found[-1], "--nodaemonize", "--allow-to-run-as-root", "--fpm-config", str(self.folder / "fpm.conf")]

    def start_workers(self, command, workers):
        database = urlsplit(self.environment["DATABASE_URL"])
        query = {name: values[0] for name, values in parse_qs(database.query).items()}
        # Children of root take an account: that of the service, whose sockets no other may reach.
        sockets = pathlib.Path(query["host"])
        owner = f"user = {sockets.owner()}\ngroup = {sockets.group()}\nlisten.mode = 0666\n" if os.geteuid() == 0 else ""
        (self.folder / "fpm.conf").write_text(f"""[global]
error_log = {self.folder}/log/fpm.log
[www]
{owner}listen = {self.socket}
listen.backlog = 1024
pm = static
pm.max_children = {PHP_CHILDREN}
clear_env = yes
env[DATABASE_DSN] = {json.dumps(f"pgsql:host={query['host']};dbname={database.path.lstrip('/')}")}
env[DATABASE_USER] = {json.dumps(query["user"])}
env[REDIS_SOCKET] = {json.dumps(self.environment["REDIS_SOCKET"])}
""", encoding="ascii")
        super().start_workers(command, workers)

    def adapt_front(self, conf):
        script = self.folder / "index.php"
        shutil.copy(PEERS / "php" / "index.php", script)
        script.chmod(0o644)
        with (conf / "fastcgi_params").open("a", encoding="ascii") as params:
            params.write(f"\nfastcgi_param SCRIPT_FILENAME {script};\nfastcgi_param QUERY_STRING $query_string;\n")


ALL = {"go": Go, "node": Node, "php": Php}
