"""A proxy between workers and Postgres that fails at a chosen message of theirs: what networks, failovers, crashes and
operators do to a write, each at a point that the test decides on.

A fault is a function of the link and of the message, called in place of passing the message on."""

import contextlib
import socket
import threading


class Link:
    """One connection through the proxy. near is the worker's end, far the server's."""

    def __init__(self, wire, near, far):
        self.wire, self.near, self.far = wire, near, far
        self.take_answer = None  # called with each answer in place of passing it on
        self.held = False  # the far end outlives the near one

    def cut(self):
        for end in (self.near, self.far):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def forward(self):
        with contextlib.suppress(OSError):
            while message := self.near.recv(1 << 20):
                fault = self.wire.fault_for(message)
                if fault is None:
                    self.far.sendall(message)
                else:
                    fault(self, message)
        if not self.held:
            self.cut()

    def back(self):
        with contextlib.suppress(OSError):
            while answer := self.far.recv(1 << 20):
                if self.take_answer is not None:
                    self.take_answer(answer)
                else:
                    self.near.sendall(answer)
        self.cut()


class Wire:
    """Listens in a folder as Postgres does, and passes on to the server's socket."""

    def __init__(self, folder, server):
        self.server = server
        self.struck = threading.Event()
        self._lock = threading.Lock()
        self._fault, self._left = None, 0
        self._links = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / ".s.PGSQL.5432"))
        self._listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                near = self._listener.accept()[0]
                far = socket.socket(socket.AF_UNIX)
                try:
                    far.connect(self.server)
                except OSError:
                    near.close()
                    continue
                link = Link(self, near, far)
                self._links.append(link)
                for run in (link.forward, link.back):
                    threading.Thread(target=run, daemon=True).start()

    def strike(self, fault, step):
        """Lets the fault happen at the message after so many others, once."""
        with self._lock:
            self.struck.clear()
            self._fault, self._left = fault, step

    def rest(self):
        with self._lock:
            self._fault = None

    def fault_for(self, message):
        with self._lock:
            if self._fault is None:
                return None
            if self._left > 0:
                self._left -= 1
                return None
            fault, self._fault = self._fault, None
            self.struck.set()
            return fault

    def close(self):
        self._listener.close()
        for link in self._links:
            link.held = False
            link.cut()
            link.near.close()
            link.far.close()


# --- faults ---------------------------------------------------------------------------------------------------------


def cut_before(link, message):
    """The server never hears of it."""
    link.cut()


def cut_within(link, message):
    """The server gets half."""
    link.far.sendall(message[: len(message) // 2])
    link.cut()


def cut_after(link, message):
    """The server gets it all, and nobody is there when it answers."""
    link.far.sendall(message)
    link.cut()


def lose_answer(link, message):
    """The server has done it when the connection breaks."""
    link.take_answer = lambda answer: link.cut()
    link.far.sendall(message)


def cut_answer(link, message):
    """Half of the answer arrives."""
    def take(answer):
        link.near.sendall(answer[: len(answer) // 2])
        link.cut()

    link.take_answer = take
    link.far.sendall(message)


def swallow(link, message):
    """It never arrives, and nobody is told."""


def swallow_answer(link, message):
    """It is done, and the answer never comes."""
    link.take_answer = lambda answer: None
    link.far.sendall(message)


def crumble(link, message):
    """All arrives, byte by byte in both directions: slow, and no fault at all."""
    def take(answer):
        for at in range(len(answer)):
            link.near.sendall(answer[at : at + 1])

    link.take_answer = take
    for at in range(0, len(message), 7):
        link.far.sendall(message[at : at + 7])
