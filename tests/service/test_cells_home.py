"""Who writes beside the pool has its shared cells, or does not write: what is marked elsewhere the pool would not see."""

import json
import socket
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from client import Client, client_of
from jobs import RUNNER, Queue, Runner
from stack import Stack, await_true
from test_import_command import Wares
from webhooks import without_runner

IMPORTS = "/api/v1/imports"


@pytest.fixture(scope="module")
def own_stack(fresh_stack) -> Stack:
    return fresh_stack(PRODUCTS=0, WORKERS=2)


@pytest.fixture(scope="module")
def client(own_stack: Stack) -> Iterator[Client]:
    with client_of(own_stack) as opened:
        yield opened


@pytest.fixture
def queue(own_stack: Stack) -> Iterator[Queue]:
    queue = Queue(own_stack)
    before = queue.sql("SELECT boot, host FROM cells_home")[0]
    yield queue
    queue.sql("UPDATE cells_home SET boot = %s, host = %s", *before)
    queue.connection.close()


@pytest.fixture
def known(client: Client) -> dict:
    """A product that every worker holds in its memory."""
    product = client.product(sku=f"HOME-{uuid.uuid4().hex[:8]}", price="1.00")
    for _ in range(40):
        assert client.get(f"/api/v1/products/{product['id']}").json()["price"] == "1.00"
    return product


def changed(product: dict) -> dict:
    return {"sku": product["sku"], "price": "2.00"}


def prices(client: Client, product: dict) -> set[str]:
    return {client.get(f"/api/v1/products/{product['id']}").json()["price"] for _ in range(40)}


def await_end(client: Client, job: str, state: str, seconds: float = 30.0) -> dict:
    await_true(lambda: client.get(f"{IMPORTS}/{job}").json()["state"] == state, f"an import that is {state}", seconds)
    return client.get(f"{IMPORTS}/{job}").json()


def test_the_pool_notes_its_cells(own_stack: Stack, client: Client, queue: Queue) -> None:
    client.product()
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    folder = Path(own_stack.env["WARES_RUNTIME_DIR"])
    found = folder.stat()
    assert queue.sql("SELECT boot, host, folder FROM cells_home") == [
        (boot, socket.gethostname(), f"{found.st_dev}:{found.st_ino}")]
    assert queue.one("SELECT path FROM cells_home").startswith(f"{folder}/cells-")


def test_the_command_does_not_write_past_the_pool(own_stack: Stack, client: Client, known: dict, tmp_path: Path) -> None:
    wares = Wares(own_stack, tmp_path)
    other = tmp_path / "other"
    with without_runner(own_stack):
        wares.environment["WARES_RUNTIME_DIR"] = str(other)
        done = wares.run("import", wares.file("changed.ndjson", changed(known)))
        assert done.returncode == 1 and done.stdout == ""
        assert "the pool would not see what is changed" in done.stderr
        assert own_stack.env["WARES_RUNTIME_DIR"] in done.stderr and str(other) in done.stderr
        assert prices(client, known) == {"1.00"}
    # It was not lost: the runner does it, and the pool sees it.
    job = done.stderr.split("takes import ")[1].split()[0]
    await_end(client, job, "succeeded")
    assert prices(client, known) == {"2.00"}


def test_sample_data_is_in_the_lists_at_once(own_stack: Stack, client: Client, known: dict, tmp_path: Path) -> None:
    wares = Wares(own_stack, tmp_path)

    def listed() -> int:
        return len(client.get("/api/v1/products", params={"limit": 500}).json())

    for _ in range(10):
        before = listed()
    done = wares.run("seed", "--products", 50, "--categories", 3)
    assert done.returncode == 0 and done.stderr == "", done
    assert listed() > before
    wares.environment["WARES_RUNTIME_DIR"] = str(tmp_path / "other")
    done = wares.run("seed", "--products", 60, "--categories", 3)
    assert done.returncode == 0 and "lists may be shown without this" in done.stderr


def test_the_same_folder_by_another_path_is_the_same(own_stack: Stack, client: Client, known: dict, tmp_path: Path) -> None:
    wares = Wares(own_stack, tmp_path)
    (tmp_path / "link").symlink_to(own_stack.env["WARES_RUNTIME_DIR"])
    with without_runner(own_stack):
        wares.environment["WARES_RUNTIME_DIR"] = str(tmp_path / "link")
        assert wares.run("import", wares.file("changed.ndjson", changed(known))).returncode == 0
        assert prices(client, known) == {"2.00"}


def test_a_runner_with_other_cells_leaves_imports_alone(own_stack: Stack, client: Client, known: dict,
                                                        tmp_path: Path) -> None:
    body = json.dumps(changed(known)).encode()
    with without_runner(own_stack):
        runner = Runner(own_stack, tmp_path, program=RUNNER, WARES_RUNTIME_DIR=tmp_path / "other")
        try:
            job = client.post(IMPORTS, data=body, headers={"Content-Type": "application/x-ndjson"}).json()["id"]
            await_true(lambda: client.get(f"{IMPORTS}/{job}").json()["last_error"], "an error", 20)
            error = client.get(f"{IMPORTS}/{job}").json()["last_error"]
            assert "the pool would not see what is changed" in error and str(tmp_path / "other") in error
            assert prices(client, known) == {"1.00"}
        finally:
            runner.stop()
    client.post(f"/api/v1/jobs/{job}/retry")
    await_end(client, job, "succeeded")
    assert prices(client, known) == {"2.00"}


@pytest.mark.parametrize("host, there", [("elsewhere.example.org", True), (socket.gethostname(), False)],
                         ids=["another host", "before it was started anew"])
def test_a_pool_on_another_host_is_told_from_one_before_a_reboot(own_stack: Stack, client: Client, queue: Queue, known: dict,
                                                                 tmp_path: Path, host: str, there: bool) -> None:
    wares = Wares(own_stack, tmp_path)
    with without_runner(own_stack):
        queue.sql("UPDATE cells_home SET boot = gen_random_uuid(), host = %s", host)
        done = wares.run("import", wares.file("changed.ndjson", changed(known)))
        assert done.returncode == (1 if there else 0), done.stderr
        assert ("it is on the host elsewhere.example.org" in done.stderr) == there


def test_with_many_hosts_nothing_is_compared(own_stack: Stack, queue: Queue, known: dict, tmp_path: Path) -> None:
    wares = Wares(own_stack, tmp_path)
    wares.environment |= {"WARES_RUNTIME_DIR": str(tmp_path / "other"), "WARES_HOSTS": "many"}
    with without_runner(own_stack):
        queue.sql("UPDATE cells_home SET boot = gen_random_uuid(), host = 'elsewhere'")
        done: subprocess.CompletedProcess[str] = wares.run("import", wares.file("changed.ndjson", changed(known)))
        assert done.returncode == 0, done.stderr


def test_a_pool_that_moves_is_followed(own_stack: Stack, client: Client, queue: Queue) -> None:
    """With the next connection of a worker its cells are the ones, and that is told."""
    queue.sql("UPDATE cells_home SET folder = '1:1', path = '/nowhere/cells-1-0'")
    queue.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'wares.fcgi'")

    def is_noted() -> bool:
        client.product()
        return queue.one("SELECT path FROM cells_home").startswith(own_stack.env["WARES_RUNTIME_DIR"])

    await_true(is_noted, "the note", 20)
    assert "they were /nowhere/cells-1-0" in own_stack.log.read_text()
