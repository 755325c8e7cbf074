"""wares import and wares export: on a terminal, on pipes, with a runner and without one."""

import csv
import json
import os
import pty
import re
import select
import signal
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from client import Client, client_of
from jobs import Queue
from stack import BUILD, Stack, await_true, environment

SECONDS = 120
PARTLY = 3


class Wares:
    """The command on a stack's database, with the shared cells of its pool."""

    def __init__(self, stack: Stack, folder: Path) -> None:
        self.stack = stack
        self.folder = folder
        self.environment = environment(DATABASE_URL=stack.database_url, REDIS_URL=stack.redis_url,
                                       **{name: value for name, value in stack.env.items() if name.startswith("WARES_")})

    def run(self, *words: object, stdin: bytes | None = None) -> subprocess.CompletedProcess[str]:
        done = subprocess.run([BUILD / "wares", *map(str, words)], input=stdin or b"", capture_output=True,
                              timeout=SECONDS, env=self.environment, cwd=self.folder)
        return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())

    def file(self, name: str, *objects: dict) -> Path:
        path = self.folder / name
        path.write_text("".join(json.dumps(one) + "\n" for one in objects))
        return path


@pytest.fixture(scope="module")
def own_stack(fresh_stack: Callable[..., Stack]) -> Stack:
    return fresh_stack(PRODUCTS=0)


@pytest.fixture
def wares(own_stack: Stack, tmp_path: Path) -> Wares:
    return Wares(own_stack, tmp_path)


@pytest.fixture
def client(own_stack: Stack) -> Iterator[Client]:
    with client_of(own_stack) as opened:
        yield opened


def rows_of(category: str, count: int, tag: str) -> list[dict]:
    return [{"sku": f"{tag}-{i}", "name": f"N {i}", "price": "1.50", "category_id": category} for i in range(count)]


def new_tag() -> str:
    return f"W{uuid.uuid4().hex[:10]}"


def test_a_file_is_imported_and_its_failed_lines_are_written(wares: Wares, client: Client) -> None:
    tag = new_tag()
    rows = rows_of(client.category()["id"], 3, tag)
    rows[1]["price"] = "0"
    done = wares.run("import", "--errors", "failed.ndjson", wares.file("in.ndjson", *rows))
    assert (done.returncode, done.stderr) == (PARTLY, ""), done
    assert re.fullmatch(r"import [0-9a-f-]{36}: 3 lines: 2 created, 0 updated, 0 unchanged, 1 failed\n", done.stdout)
    failed = [json.loads(line) for line in (wares.folder / "failed.ndjson").read_text().splitlines()]
    assert [error["sku"] for error in failed] == [f"{tag}-1"] and failed[0]["_error"]["line"] == 2
    failed[0]["price"] = "2"
    done = wares.run("import", wares.file("mended.ndjson", *failed))
    assert (done.returncode, done.stderr) == (0, "") and "1 created" in done.stdout
    assert client.get(f"/api/v1/products?sku={tag}-1").json()[0]["price"] == "2"


def test_the_same_file_is_imported_once(wares: Wares, client: Client) -> None:
    path = wares.file("in.ndjson", *rows_of(client.category()["id"], 2, new_tag()))
    first = wares.run("import", path)
    again = wares.run("import", path)
    assert again.returncode == 0 and again.stdout == first.stdout
    assert "has been imported within the last 24 hours" in again.stderr
    anew = wares.run("import", "--again", path)
    assert (anew.returncode, anew.stderr) == (0, "") and "2 unchanged" in anew.stdout


def test_a_pipe_is_imported_in_either_format(wares: Wares, client: Client) -> None:
    category, tag = client.category()["id"], new_tag()
    text = f"Nr;Name;Price\n{tag}-1;A;1\n{tag}-2;B;2\n"
    done = wares.run("import", "--category-id", category, "--map", "Nr=sku", "-", stdin=text.encode())
    assert (done.returncode, done.stderr) == (0, "") and "2 created" in done.stdout, done
    done = wares.run("import", "-", stdin=b"\xef\xbb\xbf" + json.dumps({"sku": f"{tag}-1", "price": "9"}).encode())
    assert done.returncode == 0 and "1 updated" in done.stdout, done
    done = wares.run("import", "--dry-run", "-", stdin=json.dumps({"sku": f"{tag}-1", "price": "8"}).encode())
    assert done.stdout.startswith("dry run ") and '"price":["9","8"]' in done.stdout
    assert client.get(f"/api/v1/products?sku={tag}-1").json()[0]["price"] == "9"


def test_without_a_runner_it_does_the_work_itself(wares: Wares, own_stack: Stack, client: Client) -> None:
    tag = new_tag()
    rows = rows_of(client.category()["id"], 1200, tag)
    product = client.product(rows[0]["category_id"], sku=f"{tag}-0")
    client.get(f"/api/v1/products/{product['id']}")
    with own_stack.held("jobs"):
        done = wares.run("import", wares.file("in.ndjson", *rows))
        assert (done.returncode, done.stderr) == (0, ""), done
        assert "1199 created, 1 updated" in done.stdout
        assert client.get(f"/api/v1/products/{product['id']}").json()["name"] == "N 0", "the pool's caches are told"


def test_a_runner_may_have_it(wares: Wares, own_stack: Stack, client: Client) -> None:
    queue = Queue(own_stack)
    done = wares.run("import", "--no-wait", wares.file("in.ndjson", *rows_of(client.category()["id"], 3, new_tag())))
    assert (done.returncode, done.stderr) == (0, "")
    queue.await_state(done.stdout.strip(), "succeeded")
    queue.connection.close()


def test_stopped_it_is_handed_back(wares: Wares, own_stack: Stack, client: Client) -> None:
    queue = Queue(own_stack)
    path = wares.file("in.ndjson", *rows_of(client.category()["id"], 20_000, new_tag()))
    with own_stack.held("jobs"):
        process = subprocess.Popen([BUILD / "wares", "import", path], env=wares.environment, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        await_true(lambda: queue.one("SELECT coalesce(max(place), 0) FROM import WHERE lines = 20000") > 0, "a batch")
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=20)
        assert process.returncode == 1 and "goes on with the next wares-jobs" in said
        place = queue.one("SELECT max(place) FROM import WHERE lines = 20000")
        assert 0 < place < 20_000
    again = wares.run("import", path)
    assert again.returncode == 0 and "20000 lines: 20000 created" in again.stdout, again
    queue.connection.close()


@pytest.mark.parametrize("words, said", [
    ((), "which file?"), (("a", "b"), "b is one word too many"), (("--mode", "replace", "a"), "--mode takes create, update"),
    (("--map", "x=colour", "a"), "--map takes COLUMN=FIELD"), (("--category-id", "7", "a"), "--category-id takes"),
    (("--no-wait", "--errors", "e", "a"), "--errors needs the end"), (("--formt", "csv", "a"), "did you mean --format?")])
def test_what_is_misused_is_told(wares: Wares, words: tuple[str, ...], said: str) -> None:
    done = wares.run("import", *words)
    assert done.returncode == 2 and said in done.stderr and done.stdout == ""


def test_what_cannot_be_imported_is_told(wares: Wares) -> None:
    def fails(*words: object, stdin: bytes = b"") -> str:
        done = wares.run("import", *words, stdin=stdin)
        assert done.returncode == 1 and done.stdout == "", done
        return done.stderr

    assert "cannot be read: No such file" in fails("nowhere.csv")
    assert "has no line" in fails("-")
    assert "the column \"skuu\" is no field of a product, did you mean \"sku\"?" in fails("-", stdin=b"skuu\nA\n")
    assert "nothing was changed" in wares.run("import", "--on-error", "abort", "-", stdin=b'{"sku":"-"}\n').stderr


def on_a_terminal(wares: Wares, *words: object) -> tuple[int, str, str]:
    """Exit status, standard output, and what came to the terminal that standard error is."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen([BUILD / "wares", *map(str, words)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=theirs, env=wares.environment | {"TERM": "xterm"}, cwd=wares.folder)
    os.close(theirs)
    shown = b""
    waiting = select.poll()
    waiting.register(ours, select.POLLIN)
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        if waiting.poll(200):
            try:
                part = os.read(ours, 65536)
            except OSError:
                break
            if not part:
                break
            shown += part
        elif process.poll() is not None:
            break
    os.close(ours)
    out = process.communicate(timeout=10)[0].decode()
    return process.returncode, out, shown.decode()


def test_a_terminal_shows_how_far_it_is(wares: Wares, client: Client) -> None:
    path = wares.file("in.ndjson", *rows_of(client.category()["id"], 12_000, new_tag()))
    code, out, shown = on_a_terminal(wares, "import", path)
    assert code == 0 and "12000 created" in out
    assert "staging" in shown and "importing" in shown
    assert re.search(r"importing \[#+ +\] +\d+ %  \d+ lines  \d+ lines/s  \d+ s left", shown), shown[-500:]
    assert shown.endswith("\r\x1b[K"), "the line is taken off at the end"
    code, out, shown = on_a_terminal(wares, "export", "out.ndjson")
    assert code == 0 and out == "" and "exporting" in shown


def test_an_export_comes_back_as_it_was(wares: Wares, own_stack: Stack, client: Client) -> None:
    category, tag = client.category()["id"], new_tag()
    for status in ("draft", "active", "archived"):
        client.product(category, sku=f"{tag}-{status}", status=status, description="a,\"b\"\nc", attributes={"a": [], "b": 1})
    whole = wares.run("export").stdout
    assert whole.splitlines()[:-1] == client.get("/api/v1/products/export?status=draft,active,archived").text.splitlines()[:-1]
    assert json.loads(whole.splitlines()[-1])["count"] == len(whole.splitlines()) - 1
    done = wares.run("export", "--status", "draft", "out.csv")
    assert (done.returncode, done.stdout) == (0, "") and "exported" in done.stderr
    with (wares.folder / "out.csv").open(newline="") as file:
        rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
    assert {row["status"] for row in rows} == {"draft"}
    assert not (wares.folder / "out.csv.part").exists()
    (wares.folder / "all.ndjson").write_text(whole)
    done = wares.run("import", "--mode", "update", "all.ndjson")
    assert done.returncode == 0 and " 0 created, 0 updated," in done.stdout and " 0 failed" in done.stdout, done


def test_an_export_leaves_a_pipe_and_a_link_what_they_are(wares: Wares, client: Client, tmp_path: Path) -> None:
    client.product()
    (tmp_path / "there").write_text("old")
    (tmp_path / "link").symlink_to("there")
    assert wares.run("export", "link").returncode == 0
    assert (tmp_path / "link").is_symlink() and '"cursor"' in (tmp_path / "there").read_text()
    os.mkfifo(tmp_path / "pipe")
    with (tmp_path / "read").open("w") as read, subprocess.Popen(["cat", tmp_path / "pipe"], stdout=read) as reader:
        assert wares.run("export", "pipe").returncode == 0
        assert reader.wait(20) == 0
    assert '"cursor"' in (tmp_path / "read").read_text()
    assert (tmp_path / "pipe").is_fifo()
    assert sorted(one.name for one in tmp_path.iterdir()) == ["link", "pipe", "read", "there"]


def test_an_export_that_cannot_be_written_is_told(wares: Wares) -> None:
    done = wares.run("export", "/no/such/folder/out.csv")
    assert done.returncode == 1 and "cannot be written" in done.stderr
    assert wares.run("export", "--format", "xml").returncode == 2
    assert wares.run("export", "--status", "sold").returncode == 2
    full = subprocess.run([BUILD / "wares", "export"], stdout=Path("/dev/full").open("w"), stderr=subprocess.PIPE, text=True,
                          env=wares.environment, timeout=SECONDS)
    assert full.returncode == 1 and "cannot be written: No space left on device" in full.stderr


@pytest.mark.parametrize("words", [("--help",), ("--version",), ("jobs", "list"), ("migrate", "--status"), ("export",)])
def test_an_answer_that_cannot_be_written_is_no_success(wares: Wares, words: tuple[str, ...]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([BUILD / "wares", *words], stdout=full, stderr=subprocess.PIPE, text=True,
                              env=wares.environment, timeout=SECONDS, check=False)
    assert done.returncode == 1 and "cannot be written: No space left on device" in done.stderr
