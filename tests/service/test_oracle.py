"""No read that starts after a write was acknowledged sees anything older: all workers, hot products, and all that may
fail failing. WARES_ORACLE_SECONDS makes it longer (default 20)."""

import contextlib
import os
import random
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg2
import pytest

from client import Client, path_of
from load import eventually
from oracle import BackDoor, FrontDoor, Oracle, row_locked
from stack import ROOT
from test_faults import waiting
from worker_pool import Pool

SECONDS = float(os.environ.pop("WARES_ORACLE_SECONDS", "20"))
HOT = 6
UNSAFE = ROOT / "build-unsafe-cache"


def hot_products(stack):
    with Client(stack.url) as client:
        home = client.category()["id"]
        return [client.product(home) for _ in range(HOT)]


# --- what fails -----------------------------------------------------------------------------------------------------


def send(pid, number):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def kill_worker(stack, dice, _):
    for pid in dice.sample(stack.workers(), 1):
        send(pid, signal.SIGKILL)


def pause_worker(stack, dice, _):
    """A reader between its read and its fill, a writer between its commit and its end: wherever it is."""
    for pid in dice.sample(stack.workers(), min(2, len(stack.workers()))):
        send(pid, signal.SIGSTOP)
        time.sleep(dice.uniform(0.001, 0.3))
        send(pid, signal.SIGCONT)


def end_backends(stack, dice, _):
    """The connections of the workers to Postgres."""
    with contextlib.closing(stack.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                       "WHERE application_name = 'wares.fcgi' AND random() < 0.5")


def kill_with_commit_on_its_way(stack, dice, products):
    """Writers die while their statements wait in Postgres, which carries them out when they are long gone."""
    with row_locked(stack, dice.choice(products)) as release:
        time.sleep(0.15)
        for pid in stack.workers():
            if dice.random() < 0.6:
                send(pid, signal.SIGKILL)
        time.sleep(dice.uniform(0.0, 0.3))
        release()


def redis_killed(stack, dice, _):
    with stack.held("redis", signal.SIGKILL):
        time.sleep(dice.uniform(0.05, 0.4))
    stack.await_redis()


def redis_stopped(stack, dice, _):
    with stack.frozen("redis"):
        time.sleep(dice.uniform(0.02, 0.6))


def redis_slow(stack, dice, _):
    with contextlib.closing(stack.redis_client()) as redis:
        for _ in range(5):
            redis.client_pause(dice.randrange(10, 60))
            time.sleep(0.08)


def redis_emptied(stack, dice, _):
    with contextlib.closing(stack.redis_client()) as redis:
        redis.flushall()


def cells_removed(stack, dice, _):
    """Nobody should, and yet."""
    for path in Path(stack.variables["WARES_RUNTIME_DIR"]).glob("cells-*"):
        path.unlink()


ALL = [kill_worker, pause_worker, end_backends, kill_with_commit_on_its_way, redis_killed, redis_stopped, redis_slow,
       redis_emptied, pause_worker, cells_removed]
REDIS_ANSWERS = [kill_worker, pause_worker, end_backends, redis_emptied, pause_worker]


def let_fail(stack, products, faults, seconds):
    """One fault after the other, each at least once, in an order of its own."""
    dice, end = random.Random(7), time.monotonic() + seconds
    queue = []
    while time.monotonic() < end:
        if not queue:
            queue = dice.sample(faults, len(faults))
        with contextlib.suppress(psycopg2.OperationalError, ConnectionError):
            queue.pop()(stack, dice, products)
        time.sleep(dice.uniform(0.05, 0.4))


# --- the runs -------------------------------------------------------------------------------------------------------


@pytest.fixture
def folder():
    made = Path(tempfile.mkdtemp(prefix="wares-cells-"))
    made.chmod(0o777)
    yield made
    shutil.rmtree(made, ignore_errors=True)


def test_no_read_is_stale_on_one_host(fresh_stack, folder):
    stack = fresh_stack(WARES_RUNTIME_DIR=folder / "cells", WARES_DEADLINE="2000")
    with contextlib.closing(stack):
        products = hot_products(stack)
        with Oracle([lambda: FrontDoor(stack.url)], products) as oracle:
            let_fail(stack, products, ALL, SECONDS)
        print(oracle.result)
        assert oracle.result.findings == []
        assert oracle.result.reads > 50 * SECONDS
        assert oracle.result.hits > oracle.result.reads / 5, "the cache was hardly used"
        assert oracle.result.list_hits > oracle.result.lists / 10, "hardly a list was kept"
        assert oracle.result.writes > SECONDS


def test_no_read_is_stale_on_several_hosts(fresh_stack, folder, tmp_path):
    """While Redis answers: what a write cannot tell it is no part of the promise."""
    settings = {"WARES_HOSTS": "many", "WARES_REDIS_TIMEOUT": "5000", "WARES_DEADLINE": "8000"}
    stack = fresh_stack(WARES_RUNTIME_DIR=folder / "cells", WORKERS=2, **settings)
    with contextlib.closing(stack):
        products = hot_products(stack)
        with Pool(tmp_path, workers=2, DATABASE_URL=stack.database_url, REDIS_URL=stack.redis_url,
                  WARES_RUNTIME_DIR=tmp_path / "cells", **settings) as other:
            doors = [lambda: FrontDoor(stack.url), lambda: BackDoor(other.path)]
            with Oracle(doors, products, processes=4, each_answer=False) as oracle:
                let_fail(stack, products, REDIS_ANSWERS, SECONDS / 2)
        print(oracle.result)
        assert oracle.result.findings == []
        assert oracle.result.hits > oracle.result.reads / 5, "the cache was hardly used"
        assert oracle.result.writes > SECONDS / 2


def test_the_oracle_finds_what_is_stale_without_the_protocol(fresh_stack, folder):
    """A build that neither marks nor ends: proof that the runs above would find a fault."""
    subprocess.run(["make", "-s", f"-j{os.cpu_count()}", f"BUILD={UNSAFE.name}",
                    "CFLAGS=-DWARES_TEST_UNSAFE_CACHE", "all"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    stack = fresh_stack(BUILD=UNSAFE, WARES_RUNTIME_DIR=folder / "cells")
    with contextlib.closing(stack):
        with Oracle([lambda: FrontDoor(stack.url)], hot_products(stack)) as oracle:
            time.sleep(3)
        assert [finding for finding in oracle.result.findings if "?" in finding], "no list was found out"
        assert [finding for finding in oracle.result.findings if "?" not in finding], "no product was found out"


# --- single steps ---------------------------------------------------------------------------------------------------


def test_a_commit_that_lands_after_its_writer_is_seen_by_all(fresh_stack, folder):
    """The writer is killed while its statement waits in Postgres; it lands when another has been read meanwhile."""
    stack = fresh_stack(WARES_RUNTIME_DIR=folder / "cells", WORKERS=3)
    with contextlib.closing(stack), Client(stack.url) as client:
        [product] = hot_products(stack)[:1]
        target = path_of(product)
        with row_locked(stack, product) as release:
            with pytest.raises(Exception):
                client.patch(target, json={"name": "late"}, timeout=0.3)
            eventually(lambda: waiting(stack) == 1)
            for pid in stack.workers():
                send(pid, signal.SIGKILL)
            eventually(lambda: client_answers(stack, target))
            for _ in range(10):
                with Client(stack.url) as another:
                    assert another.get(target).json()["name"] == product["name"]
            release()
        eventually(lambda: at_work(stack) == 0)
        name = stored_name(stack, product)
        assert name in ("late", product["name"])
        for _ in range(20):
            with Client(stack.url) as another:
                assert another.get(target).json()["name"] == name


def client_answers(stack, target):
    with Client(stack.url) as client:
        return client.get(target).status_code == 200


def at_work(stack):
    """How many statements of workers Postgres has not done with."""
    with contextlib.closing(stack.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'wares.fcgi' AND state <> 'idle'")
        return cursor.fetchone()[0]


def stored_name(stack, product):
    with contextlib.closing(stack.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT name FROM product WHERE id = %s", (product["id"],))
        return cursor.fetchone()[0]
