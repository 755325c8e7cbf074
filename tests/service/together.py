"""Requests that all wait for the same worker when it comes to them."""

import contextlib
import os
import signal
import time

import fastcgi


@contextlib.contextmanager
def kept_connections(stack, count):
    """Connections on which something was asked before."""
    with contextlib.ExitStack() as opened:
        connections = [opened.enter_context(fastcgi.Connection(stack.socket)) for _ in range(count)]
        for connection in connections:
            assert connection.ask("GET", "/livez").status == 200
        yield connections


def at_once(stack, requests, meanwhile=None):
    """The answers to requests that all wait when the one worker of the stack comes to them; meanwhile() is called before."""
    [worker] = stack.workers()
    with kept_connections(stack, len(requests)) as connections:
        os.kill(worker, signal.SIGSTOP)
        try:
            for connection, request in zip(connections, requests, strict=True):
                connection.send(request)
            time.sleep(0.05)
            if meanwhile is not None:
                meanwhile()
        finally:
            os.kill(worker, signal.SIGCONT)
        return [connection.answer() for connection in connections]
