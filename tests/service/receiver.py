"""An endpoint of webhooks as bad as there can be: it answers each request as it is told, and keeps all that it was sent."""

import contextlib
import json
import socket
import socketserver
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field


# A reply: bytes to send, or what is to be done with the connection.
Reply = bytes | Callable[["Hit", socket.socket], None]

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def answer(status: int, body: bytes = b"", **headers: object) -> bytes:
    lines = [f"HTTP/1.1 {status} Some reason", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def hang(_: "Hit", connection: socket.socket) -> None:
    """Keeps silent until the other side gives up."""
    with contextlib.suppress(OSError):
        connection.recv(1)


def hang_up(_: "Hit", connection: socket.socket) -> None:
    connection.shutdown(socket.SHUT_RDWR)


def reset(_: "Hit", connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    connection.close()


def drip(_: "Hit", connection: socket.socket) -> None:
    """A byte now and then, and no end."""
    with contextlib.suppress(OSError):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while True:
            connection.sendall(b"x")
            time.sleep(0.05)


def pour(connection: socket.socket, piece: bytes, beginning: bytes = b"") -> None:
    """The same piece again and again, until the other side has had enough."""
    with contextlib.suppress(OSError):
        connection.sendall(beginning)
        while True:
            connection.sendall(piece)


def huge_body(_: "Hit", connection: socket.socket) -> None:
    pour(connection, b"y" * 65536, b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")


def huge_headers(_: "Hit", connection: socket.socket) -> None:
    pour(connection, b"X-Much: " + b"z" * 8000 + b"\r\n", b"HTTP/1.1 200 OK\r\n")


def endless_header(_: "Hit", connection: socket.socket) -> None:
    pour(connection, b"z" * 65536, b"HTTP/1.1 200 OK\r\nX-Much: ")


def endless_prelude(_: "Hit", connection: socket.socket) -> None:
    """An answer always seems to be about to come."""
    pour(connection, b"HTTP/1.1 103 Early Hints\r\nLink: </much>\r\n\r\n" * 100)


def has_gone(connection: socket.socket) -> bool:
    """Whether one end or the other has closed it."""
    try:
        return socket.socket.recv(connection, 1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


@dataclass
class Hit:
    """One request as it came."""
    path: str
    headers: dict[str, str]
    body: bytes
    at: float = field(default_factory=time.monotonic)

    @property
    def event(self) -> dict:
        return json.loads(self.body)

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def subject(self) -> tuple[str, int]:
        data = self.event["data"]
        return data["id"], data["version"]


class Receiver:
    """reply(hit) tells what each request gets; the default is 200."""

    def __init__(self, context: ssl.SSLContext | None = None, family: int = socket.AF_INET, host: str | None = None,
                 port: int = 0) -> None:
        self.hits: list[Hit] = []
        self.taken: list[Hit] = []  # those that were answered with 200
        self.reply: Callable[[Hit], Reply] = lambda hit: OK
        self.connections = 0
        self.most_at_once = 0
        self._under_way: list[socket.socket] = []
        self._lock = threading.Lock()
        receiver = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                receiver._serve(self.request, context)

        class Server(socketserver.ThreadingTCPServer):
            address_family = family
            allow_reuse_address = True
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, request: object, client_address: object) -> None:
                pass

        self._server = Server((host or ("::1" if family == socket.AF_INET6 else "127.0.0.1"), port), Handler)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def url(self, path: str = "/hook", host: str = "127.0.0.1", scheme: str = "http") -> str:
        return f"{scheme}://{host}:{self.port}{path}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _serve(self, connection: socket.socket, context: ssl.SSLContext | None) -> None:
        with self._lock:
            self.connections += 1
        if context is not None:
            connection = context.wrap_socket(connection, server_side=True)
        stream = connection.makefile("rb")
        while True:
            hit = self._read(stream)
            if hit is None:
                return
            with self._lock:
                self.hits.append(hit)
                self._under_way.append(connection)
                # Who has given up and comes anew may be here before the end of the old connection was seen to.
                self.most_at_once = max(self.most_at_once, sum(not has_gone(one) for one in self._under_way))
            try:
                reply = self.reply(hit)
                if not isinstance(reply, bytes):
                    reply(hit, connection)
                    return
                if reply.startswith(b"HTTP/1.1 200"):
                    with self._lock:
                        self.taken.append(hit)
                connection.sendall(reply)
            finally:
                with self._lock:
                    self._under_way.remove(connection)

    @staticmethod
    def _read(stream) -> Hit | None:
        first = stream.readline().decode()
        if not first.strip():
            return None
        headers = {}
        while (line := stream.readline().decode().strip()):
            name, value = line.split(":", 1)
            headers[name.lower()] = value.strip()
        return Hit(first.split()[1], headers, stream.read(int(headers.get("content-length", 0))))


@contextlib.contextmanager
def receiving(**options: object) -> Iterator[Receiver]:
    receiver = Receiver(**options)
    try:
        yield receiver
    finally:
        receiver.close()
