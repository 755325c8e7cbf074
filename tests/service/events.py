"""Readers of live events, as scripts write them: server-sent events and WebSocket over plain sockets."""

import base64
import contextlib
import http.client
import json
import os
import socket as sockets
import struct
import threading
from collections.abc import Iterator
from urllib.parse import urlencode, urlsplit

EVENTS = "/api/v1/events"


class Refused(Exception):
    """An answer that is no stream."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status}: {text}")
        self.status = status
        self.text = text


class EventStream:
    """One answer of server-sent events (WHATWG HTML, section 9.2.6): its blocks, and the id to come back with."""

    def __init__(self, url: str, last_event_id: str | None = None, seconds: float = 60.0, **parameters: str) -> None:
        host = urlsplit(url)
        self.connection = http.client.HTTPConnection(host.hostname or "", host.port, timeout=seconds)
        headers = {"Accept": "text/event-stream"}
        if last_event_id is not None:
            headers["Last-Event-ID"] = last_event_id
        self.connection.request("GET", f"{EVENTS}?{urlencode(parameters)}", headers=headers)
        self.socket = self.connection.sock  # the answer takes it over
        self.response = self.connection.getresponse()
        if self.response.status != 200:
            raise Refused(self.response.status, self.response.read().decode())
        assert self.response.headers.get_content_type() == "text/event-stream"
        self.last_event_id = last_event_id
        self.retry: int | None = None

    def __iter__(self) -> Iterator[dict]:
        """The events up to the end of the stream: {"id", "event", "data"}."""
        fields: dict[str, str] = {}
        while line := self.response.readline():
            if not line.endswith(b"\n"):
                return
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name:
                fields[name] = value
                continue
            self.last_event_id = fields.get("id", self.last_event_id)
            self.retry = int(fields["retry"]) if "retry" in fields else self.retry
            if "data" in fields:
                yield {"id": fields["id"], "event": fields["event"], "data": json.loads(fields["data"])}
            fields = {}

    def close(self) -> None:
        self.response.close()
        self.connection.close()


class WebSocket:
    """A reader of a WebSocket (RFC 6455)."""

    def __init__(self, url: str, seconds: float = 60.0, **parameters: str) -> None:
        host = urlsplit(url)
        self.socket = sockets.create_connection((host.hostname, host.port), timeout=seconds)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(f"GET {EVENTS}?{urlencode(parameters)} HTTP/1.1\r\nHost: {host.netloc}\r\nUpgrade: websocket\r\n"
                            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode())
        self.file = self.socket.makefile("rb")
        line = self.file.readline()
        if not line:
            raise ConnectionError("cut before an answer")
        self.status = int(line.split()[1])
        headers = {}
        while (line := self.file.readline()) not in (b"\r\n", b""):
            name, _, value = line.decode().partition(":")
            headers[name.lower()] = value.strip()
        if self.status != 101:
            text = self.file.read(int(headers.get("content-length", 0))).decode()
            self.close()
            raise Refused(self.status, text)

    def __iter__(self) -> Iterator[dict]:
        """The messages up to the end."""
        while len(head := self.file.read(2)) == 2:
            length = head[1] & 0x7f
            if length == 126:
                length = struct.unpack("!H", self.file.read(2))[0]
            elif length == 127:
                length = struct.unpack("!Q", self.file.read(8))[0]
            payload = self.file.read(length)
            if head[0] & 0x0f == 8 or len(payload) < length:
                return
            if head[0] & 0x0f == 1:
                yield json.loads(payload)

    def close(self) -> None:
        self.socket.close()
        self.file.close()


def place(cursor: str) -> tuple[int, int]:
    xid, seq = cursor.split(".")
    return int(xid), int(seq)


def news(changes: list[dict], after: str | None = None) -> list[dict]:
    """What is told for the first time: an event may come again, and then those behind it do too, so that what counts is
    what comes behind all before it."""
    fresh: list[dict] = []
    last = place(after) if after is not None else (0, 0)
    for change in changes:
        if place(change["cursor"]) > last:
            last = place(change["cursor"])
            fresh.append(change)
    return fresh


class Reader:
    """Reads in a thread of its own, comes back with the last id after every end, and notes what it was told."""

    def __init__(self, url: str, last_event_id: str | None = None, **parameters: str) -> None:
        self.url = url
        self.parameters = parameters
        self.after = last_event_id
        self.last_event_id = last_event_id
        self.told: list[dict] = []
        self.failures: list[BaseException] = []
        self.opened = 0
        self.going = True
        self.stream: EventStream | WebSocket | None = None
        self.ready = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    @property
    def news(self) -> list[dict]:
        return news(list(self.told), self.after)

    def start(self) -> "Reader":
        self.thread.start()
        return self

    def run(self) -> None:
        try:
            while self.going:
                try:
                    self.read_stream()
                except (OSError, ValueError, AttributeError, http.client.HTTPException):
                    pass  # cut, by the other side or by us
                except Refused as refusal:
                    if refusal.status != 503:
                        raise
                if self.going:
                    self.pause()
        except BaseException as failure:  # pylint: disable=broad-except
            self.failures.append(failure)

    def read_stream(self) -> None:
        stream = EventStream(self.url, self.last_event_id, **self.parameters)
        self.stream = stream
        self.opened += 1
        self.ready.set()
        try:
            for event in stream:
                self.told.append(event["data"])
                self.last_event_id = stream.last_event_id
            self.last_event_id = stream.last_event_id
        finally:
            stream.close()

    def pause(self) -> None:
        threading.Event().wait(0.1)

    def cut(self) -> None:
        """Ends the stream that is open; the reader comes back."""
        stream = self.stream
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.socket.shutdown(sockets.SHUT_RDWR)

    def stop(self) -> list[dict]:
        self.going = False
        self.cut()
        self.thread.join(10)
        assert not self.failures, self.failures
        return self.told


class WebSocketReader(Reader):
    """The same over WebSocket: what was missed is read from the feed first."""

    def read_stream(self) -> None:
        parameters = dict(self.parameters)
        if self.last_event_id is not None:
            parameters["after"] = self.last_event_id
        try:
            stream = WebSocket(self.url, **parameters)
        except Refused as refusal:
            if refusal.status != 409:
                raise
            self.catch_up()
            return
        self.stream = stream
        self.opened += 1
        self.ready.set()
        try:
            for change in stream:
                self.note(change)
        finally:
            stream.close()

    def catch_up(self) -> None:
        host = urlsplit(self.url)
        while True:
            connection = http.client.HTTPConnection(host.hostname or "", host.port, timeout=10)
            connection.request("GET", f"/api/v1/changes?limit=500&after={self.last_event_id}")
            page = json.loads(connection.getresponse().read())
            connection.close()
            for change in page:
                self.note(change)
            if not page:
                return

    def note(self, change: dict) -> None:
        self.told.append(change)
        self.last_event_id = change["cursor"]
