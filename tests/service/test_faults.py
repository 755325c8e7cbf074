"""Faults: what a client sees while workers die, Postgres restarts, hangs or is away. No acknowledged write is lost."""

import concurrent.futures
import contextlib
import json
import os
import signal
import socket
import threading
import time

import pytest

import fastcgi
import worker_pool
from client import CATEGORIES, PRODUCTS, Client, assert_problem, path_of
from load import Load, assert_all, eventually, outcome_of

# In seconds: how soon all must be as before, once what failed is back; and how long a worker waits for Postgres.
RECOVERY = 2.5
DEADLINE = 3.0


@pytest.fixture(scope="module")
def own(fresh_stack):
    """A stack of this module's own, with a short deadline so that it can be waited for."""
    stack = fresh_stack(WARES_DEADLINE=int(DEADLINE * 1000))
    yield stack
    stack.close()


@pytest.fixture(scope="module")
def client(own):
    with Client(own.url) as opened:
        yield opened


@pytest.fixture(autouse=True)
def all_is_well(own, client):
    """Each test begins with a pool that answers, whatever the one before left."""
    eventually(lambda: client.get("/readyz").status_code == 200, timeout=20)


@contextlib.contextmanager
def locked_table(own):
    """Nobody reads or writes products until release() is called."""
    connection = own.connect()
    try:
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE product IN ACCESS EXCLUSIVE MODE")
        yield connection.rollback
    finally:
        connection.close()


def waiting(own):
    """How many backends wait for a lock."""
    with contextlib.closing(own.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        return cursor.fetchone()[0]


def mixed(home, target):
    """What clients do, by name."""
    return {
        "read": lambda one: one.get(target),
        "fresh read": lambda one: one.fresh(target),
        "list": lambda one: one.get(f"{PRODUCTS}?category_id={home}&limit=5"),
        "create": lambda one: one.post(PRODUCTS, json={"name": "Load", "price": "1.10", "category_id": home}),
    }


@pytest.fixture
def actions(client):
    home = client.category()["id"]
    return home, mixed(home, path_of(client.product(home)))


def acknowledged(outcomes):
    """The ids of the products whose creation was acknowledged."""
    return {json.loads(outcome.body)["id"] for outcome in outcomes if outcome.status == 201}


def stored(own, home):
    with contextlib.closing(own.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT id::text FROM product WHERE category_id = %s", (home,))
        return {row[0] for row in cursor.fetchall()}


# --- workers --------------------------------------------------------------------------------------------------------


def test_workers_killed_in_mid_request_take_no_other_with_them(own, client):
    target = path_of(client.product())
    before = own.workers()
    with concurrent.futures.ThreadPoolExecutor(len(before)) as threads, locked_table(own) as release:
        def read():
            with Client(own.url) as another:
                return another.fresh(target)

        reads = [threads.submit(read) for _ in before]
        eventually(lambda: waiting(own) >= 2)
        victims = before[:-1]
        for pid in victims:
            os.kill(pid, signal.SIGKILL)
        eventually(lambda: len(own.workers()) == len(before) and not set(victims) & set(own.workers()), timeout=2.0)
        release()
        # The front asks another worker where one died under a read.
        assert [read.result().status_code for read in reads] == [200] * len(reads)
    assert before[-1] in own.workers(), "another worker went with it"


def test_workers_killed_under_load_cost_no_acknowledged_write(own, client, actions):
    home, act = actions
    with Load(own.url, act, threads=2) as load:
        for _ in range(4):
            time.sleep(0.4)
            os.kill(own.workers()[-1], signal.SIGKILL)
        time.sleep(0.5)
    assert_all(load.outcomes, lambda outcome: outcome.succeeded or outcome.asks_to_try_again)
    reads = [outcome for outcome in load.outcomes if outcome.action != "create"]
    # The front tries a read again, but may come upon another connection of the dead one.
    assert len([read for read in reads if not read.succeeded]) <= len(reads) / 100
    assert acknowledged(load.outcomes) <= stored(own, home)
    eventually(lambda: len(own.workers()) == own.workers_wanted, timeout=10)


def test_a_hangup_replaces_every_worker_and_fails_no_read(own, actions):
    home, act = actions
    first, before = stored(own, home), set(own.workers())
    with Load(own.url, act) as load:
        time.sleep(0.3)
        os.kill(own.pids("pool")[0], signal.SIGHUP)
        eventually(lambda: not before & set(own.workers()) and len(own.workers()) == len(before), timeout=15)
        time.sleep(0.3)
    # The front never sends a write twice: one that met a connection in its closing is for the client to try again.
    assert_all([outcome for outcome in load.outcomes if outcome.action != "create"], lambda outcome: outcome.succeeded)
    assert_all(load.outcomes, lambda outcome: outcome.succeeded or outcome.asks_to_try_again)
    assert acknowledged(load.outcomes) == stored(own, home) - first


@contextlib.contextmanager
def half_a_post(own, body):
    """A POST straight to a worker of which half the body is sent: nginx would wait for all of it first."""
    with fastcgi.Connection(own.socket) as connection:
        connection.send(fastcgi.begin(keep=False)
                        + fastcgi.stream(fastcgi.PARAMS, fastcgi.pairs(fastcgi.variables("POST", CATEGORIES, body)))
                        + fastcgi.record(fastcgi.STDIN, body[: len(body) // 2]))
        time.sleep(0.2)
        yield connection


def test_a_stop_in_mid_body_lets_the_request_finish(own, client):
    name = f"Finished {time.time_ns()}"
    body = b'{"name":"%s"}' % name.encode()
    before = own.workers()
    with half_a_post(own, body) as connection:
        for pid in before:
            os.kill(pid, signal.SIGTERM)
        time.sleep(0.2)
        connection.send(fastcgi.stream(fastcgi.STDIN, body[len(body) // 2 :]))
        answer = connection.answer()
    assert answer.status == 201, answer
    assert name.encode() in answer.body
    eventually(lambda: not set(before) & set(own.workers()) and len(own.workers()) == len(before), timeout=5)
    assert name in [category["name"] for category in client.all_of(f"{CATEGORIES}?limit=500")]


def test_a_body_cut_off_by_a_stop_does_nothing(own, client):
    name = f"Cut {time.time_ns()}"
    body = b'{"name":"%s"}' % name.encode() + b" " * 100
    before = own.workers()
    with half_a_post(own, body) as connection:
        for pid in before:
            os.kill(pid, signal.SIGTERM)
        connection.send(fastcgi.record(fastcgi.STDIN))
        with contextlib.suppress(fastcgi.Closed):
            assert connection.answer().status == 400
    eventually(lambda: not set(before) & set(own.workers()) and len(own.workers()) == len(before), timeout=5)
    assert name not in [category["name"] for category in client.all_of(f"{CATEGORIES}?limit=500")]


# --- Postgres -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL], ids=["stopped", "killed"])
def test_postgres_restarted_under_load(own, actions, how):
    home, act = actions
    before = own.workers()
    with Load(own.url, act, threads=2, pause=0.002) as load:
        time.sleep(0.5)
        with own.held("postgres", how):
            time.sleep(1.0)
        own.await_postgres()
        back = time.monotonic()
        time.sleep(RECOVERY + 0.5)
    assert_all(load.outcomes, lambda outcome: outcome.succeeded or outcome.asks_to_try_again)
    assert_all(load.since(back + RECOVERY), lambda outcome: outcome.succeeded)
    assert any(outcome.status == 503 for outcome in load.outcomes), "Postgres was never away"
    made = acknowledged(load.outcomes)
    assert made and made <= stored(own, home)
    assert own.workers() == before, "a worker died of it"


def test_cached_reads_go_on_without_postgres(own, client):
    product = client.product()
    assert client.get(path_of(product)).status_code == 200
    with own.held("postgres"):
        assert client.get("/livez").status_code == 200
        for _ in range(20):
            assert client.get(path_of(product)).json() == product
        for response in (client.get("/readyz"), client.get(PRODUCTS), client.fresh(path_of(product)),
                         client.post(PRODUCTS, json=client_draft(product))):
            assert_problem(response, 503)
            assert response.headers["Retry-After"].isdigit()
    own.await_postgres()
    eventually(lambda: client.get(PRODUCTS).status_code == 200, timeout=RECOVERY)


def client_draft(product):
    return {"name": "Away", "price": "1", "category_id": product["category_id"]}


def test_the_pool_starts_while_postgres_is_away(own, client):
    product = client.product()
    with own.held("postgres"):
        own.redis_client().flushall()
        own.restart("pool")
        eventually(lambda: client.get("/livez").status_code == 200, timeout=10)
        for target in ("/readyz", PRODUCTS, CATEGORIES, path_of(product)):
            response = client.get(target)
            assert_problem(response, 503)
            assert response.headers["Retry-After"].isdigit()
        workers = own.workers()
        time.sleep(1)
        assert own.workers() == workers, "workers die while Postgres is away"
    own.await_postgres()
    eventually(lambda: client.get("/readyz").status_code == 200, timeout=RECOVERY)
    assert client.get(path_of(product)).json() == product
    assert own.workers() == workers, "it took a restart"


def test_a_database_made_after_the_start_is_migrated_and_used(own, tmp_path):
    name = f"later_{time.time_ns()}"
    url = own.database_url.replace("/wares?", f"/{name}?")
    assert name in url
    with worker_pool.Pool(tmp_path, workers=2, DATABASE_URL=url, WARES_MIGRATE="on") as pool:
        assert pool.ask("GET", "/livez").status == 200
        assert pool.ask("GET", "/readyz").status == 503
        before = pool.workers()
        with contextlib.closing(own.connect()) as connection, connection.cursor() as cursor:
            connection.autocommit = True
            cursor.execute(f'CREATE DATABASE "{name}"')
        eventually(lambda: pool.ask("GET", "/readyz").status == 200, timeout=20)
        assert pool.ask("POST", CATEGORIES, b'{"name":"First"}').status == 201
        assert json.loads(pool.ask("GET", CATEGORIES).body)[0]["name"] == "First"
        assert pool.workers() == before


def test_a_slow_postgres_is_given_up_at_the_deadline(own, client):
    product = client.product()
    # What is changed is put into Redis, so that any worker has it.
    assert client.patch(path_of(product), json={"price": "2.00"}).status_code == 200
    attempts = [
        lambda one: one.fresh(path_of(product)),
        lambda one: one.get(f"{PRODUCTS}?category_id={product['category_id']}"),
        lambda one: one.post(PRODUCTS, json=client_draft(product)),
    ]
    with locked_table(own) as release, concurrent.futures.ThreadPoolExecutor(len(attempts)) as threads:
        def send(attempt):
            with Client(own.url) as another:
                began = time.monotonic()
                return attempt(another), time.monotonic() - began

        answers = [future.result() for future in [threads.submit(send, attempt) for attempt in attempts]]
        for response, seconds in answers:
            assert_problem(response, 504)
            # The deadline counts from where a worker takes the request up: it may stand behind others of its worker.
            assert 0.8 * DEADLINE < seconds < len(attempts) * DEADLINE + 1
        assert min(seconds for _, seconds in answers) < DEADLINE + 1
        assert client.get(path_of(product)).status_code == 200, "a cached read needs no table"
        release()
    for _ in range(20):
        assert client.fresh(path_of(product)).status_code == 200
    time.sleep(0.2)
    assert len(client.get(f"{PRODUCTS}?category_id={product['category_id']}").json()) == 1, "a 504 was carried out"


@pytest.mark.parametrize("kind", ["fresh read", "list", "create"])
def test_a_connection_lost_between_requests_is_not_the_clients_trouble(own, client, actions, kind):
    """Backends are ended while the pool is idle, as a failover or an administrator does."""
    _, act = actions
    for _ in range(3):
        with contextlib.closing(own.connect()) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                           " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'")
        time.sleep(0.1)
        with concurrent.futures.ThreadPoolExecutor(8) as threads:
            answers = list(threads.map(lambda _: one_request(own, kind, act[kind]), range(16)))
        assert_all(answers, lambda outcome: outcome.succeeded)


def one_request(own, name, action):
    with Client(own.url) as another:
        return outcome_of(another, name, action)


class Between:
    """A proxy between a pool and Postgres that can lose answers: what a broken network or a failover does to them."""

    def __init__(self, folder, server):
        self.losing = threading.Event()
        self.server, self.folder = server, folder
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(folder / ".s.PGSQL.5432"))
        self.listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                near = self.listener.accept()[0]
                far = socket.socket(socket.AF_UNIX)
                far.connect(self.server)
                threading.Thread(target=self._pass_on, args=(near, far, False), daemon=True).start()
                threading.Thread(target=self._pass_on, args=(far, near, True), daemon=True).start()

    def _pass_on(self, source, sink, answers):
        with contextlib.suppress(OSError):
            while chunk := source.recv(65536):
                if answers and self.losing.is_set():
                    break
                sink.sendall(chunk)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self):
        self.listener.close()


def test_a_write_whose_answer_is_lost_is_not_sent_again(own, client, tmp_path):
    """It was carried out once. Nobody told the worker, so it must not say that nothing happened, nor try again."""
    home = client.category()["id"]
    body = json.dumps(client_draft({"category_id": home})).encode()
    folder = own.database_url.partition("host=")[2].partition("&")[0]
    between = Between(tmp_path, f"{folder}/.s.PGSQL.5432")
    url = own.database_url.replace(folder, str(tmp_path))
    with contextlib.closing(between), worker_pool.Pool(tmp_path, workers=1, DATABASE_URL=url) as pool:
        assert pool.ask("POST", PRODUCTS, body).status == 201
        between.losing.set()
        answer = pool.ask("POST", PRODUCTS, body)
        between.losing.clear()
        assert answer.status == 503
        assert json.loads(answer.body)["type"] == "/problems/outcome-unknown"
        assert len(stored(own, home)) == 2
        eventually(lambda: pool.ask("POST", PRODUCTS, body).status == 201, timeout=RECOVERY)
        assert len(stored(own, home)) == 3


# --- everything -----------------------------------------------------------------------------------------------------


def test_acknowledged_writes_survive_the_death_of_everything(own, actions):
    home, act = actions
    with Load(own.url, {"create": act["create"]}, threads=4) as load:
        time.sleep(1)
        eventually(lambda: len(acknowledged(load.outcomes)) > 20, timeout=20)
        parts = {name: own.pids(name) for name in ("postgres", "redis", "pool", "front")}
        victims = own.workers() + [pid for pids in parts.values() for pid in pids]
        for pid in victims:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        died = time.monotonic()
    made = acknowledged(outcome for outcome in load.outcomes if outcome.started < died)
    own.await_ready()
    assert made <= stored(own, home)
    with Client(own.url) as another:
        for made_id in list(made)[:20]:
            assert another.get(f"{PRODUCTS}/{made_id}").status_code == 200
