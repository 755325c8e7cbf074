"""Live events as a browser's own EventSource and WebSocket take them."""

import http.server
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from client import PRODUCTS, Client, client_of
from events import news
from stack import Stack, await_true
from test_feed import end_of, read_all

PAGE = Path(__file__).with_name("events.html")


@pytest.fixture(scope="module")
def own_stack(fresh_stack: Callable[..., Stack]) -> Stack:
    return fresh_stack(PRODUCTS=0, WORKERS=4)


@pytest.fixture
def client(own_stack: Stack) -> Iterator[Client]:
    with client_of(own_stack) as opened:
        yield opened


class Browser:
    """A headless Chromium with the page of the tests, which comes from another origin and sends what it was told there."""

    def __init__(self, folder: Path, service: str, query: str) -> None:
        self.told: list[dict] = []
        self.opened = 0
        browser = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.end_headers()
                self.wfile.write(PAGE.read_bytes().replace(b"SERVICE", service.encode()))

            def do_POST(self) -> None:
                said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if "opened" in said:
                    browser.opened = said["opened"]
                else:
                    browser.told.append(said)
                # The page says nothing more before it is answered: what it said is in its order.
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        port = self.server.server_address[1]
        self.process = subprocess.Popen(
            ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--disable-extensions",
             f"--user-data-dir={folder}", "--remote-debugging-port=0", f"http://127.0.0.1:{port}/?{query}"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
            env={**os.environ, "HOME": str(folder)})

    def close(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def browse(own_stack: Stack, tmp_path: Path) -> Iterator[Callable[[str], Browser]]:
    opened: list[Browser] = []

    def open_page(query: str) -> Browser:
        opened.append(Browser(tmp_path, own_stack.url, query))
        await_true(lambda: opened[-1].opened > 0, "a stream in the browser", 60)
        return opened[-1]

    yield open_page
    for browser in opened:
        browser.close()


def change_something(client: Client) -> None:
    product = client.product(name="Grüner Tee\u2028")["id"]
    client.patch(f"{PRODUCTS}/{product}", json={"price": "3", "attributes": {"a": "x\ny"}})
    client.delete(f"{PRODUCTS}/{product}")


@pytest.mark.parametrize("how", ["eventsource", "websocket"])
def test_a_browser_is_told_everything_over_a_reload_and_a_restart(
        own_stack: Stack, client: Client, browse: Callable[[str], Browser], how: str) -> None:
    after = end_of(client)
    browser = browse(f"how={how}&after={after}")
    change_something(client)
    await_true(lambda: len(news(browser.told, after)) >= 4, "the first changes", 20)
    for number in (1, 2):
        opened = browser.opened
        if number == 1:
            os.kill(own_stack.pids("front")[0], signal.SIGHUP)
            time.sleep(0.5)
        else:
            own_stack.restart("front")
            own_stack.await_ready()
        change_something(client)
        await_true(lambda: len(news(browser.told, after)) >= 4 + 4 * number, "the changes behind that", 60)
        await_true(lambda: browser.opened > opened, "the stream being opened again", 20)
    assert news(browser.told, after) == read_all(client, after)
