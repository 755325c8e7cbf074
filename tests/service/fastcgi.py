"""A FastCGI client of our own: it builds records byte by byte, so that tests can also send what no front server would.

The protocol is the FastCGI Specification 1.0; section numbers below are its."""

import socket
import struct
from dataclasses import dataclass, field

VERSION = 1

# Record types (section 8).
BEGIN_REQUEST = 1
ABORT_REQUEST = 2
END_REQUEST = 3
PARAMS = 4
STDIN = 5
STDOUT = 6
STDERR = 7
DATA = 8
GET_VALUES = 9
GET_VALUES_RESULT = 10
UNKNOWN_TYPE = 11

RESPONDER = 1
AUTHORIZER = 2
FILTER = 3

KEEP_CONN = 1

REQUEST_COMPLETE = 0
CANT_MPX_CONN = 1

CONTENT_MAX = 0xFFFF


class Closed(Exception):
    """The worker closed the connection before an answer was whole."""


def record(kind, content=b"", request_id=1, padding=0, version=VERSION):
    """One record (section 3.3)."""
    head = struct.pack("!BBHHBx", version, kind, request_id, len(content), padding)
    return head + content + b"\0" * padding


def stream(kind, content, request_id=1, step=CONTENT_MAX, padding=0):
    """A stream: records of at most step bytes and the empty one that ends it."""
    parts = [content[i:i + step] for i in range(0, len(content), step)]
    return b"".join(record(kind, part, request_id, padding) for part in parts) + record(kind, b"", request_id)


def begin(keep=True, role=RESPONDER, request_id=1):
    return record(BEGIN_REQUEST, struct.pack("!HB5x", role, KEEP_CONN if keep else 0), request_id)


def length(number):
    """The length of a name or a value: one byte, or four (section 3.4)."""
    return bytes([number]) if number < 0x80 else struct.pack("!I", number | 0x80000000)


def pairs(parameters):
    """Name-value pairs (section 3.4) of a dict, or of a list where names are to repeat."""
    items = parameters.items() if isinstance(parameters, dict) else parameters
    out = b""
    for name, value in items:
        name = name if isinstance(name, bytes) else name.encode()
        value = value if isinstance(value, bytes) else str(value).encode()
        out += length(len(name)) + length(len(value)) + name + value
    return out


def variables(method, uri, body=b"", **more):
    """The variables that a front server sends (RFC 3875, section 4.1)."""
    path, _, query = uri.partition("?")
    values = {
        "REQUEST_METHOD": method,
        "REQUEST_URI": uri,
        "QUERY_STRING": query,
        "SCRIPT_NAME": path,
        "SERVER_PROTOCOL": "HTTP/1.1",
        "GATEWAY_INTERFACE": "CGI/1.1",
        "HTTP_HOST": "localhost",
        "CONTENT_LENGTH": str(len(body)) if body else "",
        "CONTENT_TYPE": "application/json" if body else "",
    }
    values.update(more)
    return values


def request(method, uri, body=b"", keep=True, request_id=1, **more):
    """A whole request, as a front server sends it."""
    return (begin(keep, request_id=request_id)
            + stream(PARAMS, pairs(variables(method, uri, body, **more)), request_id)
            + stream(STDIN, body, request_id))


@dataclass
class Answer:
    status: int
    headers: dict
    body: bytes
    app_status: int
    protocol_status: int
    others: list = field(default_factory=list)  # (type, request id, content) of records that are no part of it


def parse_cgi(output):
    """Status, headers and body of what a responder wrote to its standard output (RFC 3875, section 6)."""
    head, separator, body = output.partition(b"\r\n\r\n")
    assert separator, output
    headers = {}
    for line in head.decode().split("\r\n"):
        name, _, value = line.partition(": ")
        assert name.lower() not in headers or name == "Vary", f"{name} comes twice"
        headers[name.lower()] = f"{headers['vary']}, {value}" if name.lower() in headers else value
    return int(headers["status"].split()[0]), headers, body


class Connection:
    """One connection to a worker."""

    def __init__(self, path, timeout=10):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(timeout)
        self.socket.connect(str(path))
        self.unread = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def _read(self, count):
        while len(self.unread) < count:
            try:
                data = self.socket.recv(65536)
            except ConnectionError as error:
                raise Closed from error
            if not data:
                raise Closed
            self.unread += data
        out, self.unread = self.unread[:count], self.unread[count:]
        return out

    def record(self):
        """The next record: its type, request id and content."""
        version, kind, request_id, size, padding = struct.unpack("!BBHHBx", self._read(8))
        assert version == VERSION
        content = self._read(size)
        self._read(padding)
        return kind, request_id, content

    def answer(self, request_id=1):
        """The next answer, to its END_REQUEST."""
        output = b""
        others = []
        while True:
            kind, of, content = self.record()
            if (kind, of) == (STDOUT, request_id):
                output += content
            elif (kind, of) == (END_REQUEST, request_id):
                app_status, protocol_status = struct.unpack("!IB3x", content)
                return Answer(*parse_cgi(output), app_status, protocol_status, others)
            else:
                others.append((kind, of, content))

    def ask(self, method, uri, body=b"", **more):
        """Sends a request and returns its answer."""
        self.send(request(method, uri, body, **more))
        return self.answer(more.get("request_id", 1))

    def closed(self, within=2):
        """True where the worker closes the connection within some seconds without sending anything more."""
        if self.unread:
            return False
        self.socket.settimeout(within)
        try:
            return self.socket.recv(1) == b""
        except ConnectionError:
            return True
        except TimeoutError:
            return False


def ask(path, method, uri, body=b"", timeout=10, **more):
    """One request on a connection of its own."""
    with Connection(path, timeout) as connection:
        return connection.ask(method, uri, body, keep=False, **more)
