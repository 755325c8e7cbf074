"""One effect, whatever fails: workers killed and Postgres cut off at each step of a keyed write. The client sends the same
request until it gets an answer; the effect is there once, and the answer is the one that was kept."""

import concurrent.futures
import contextlib
import itertools
import json
import os
import random
import signal
import threading
import time
import uuid

import pytest

import fastcgi
import wire
from changing import feed, given, new_path, new_sku, query
from client import Client, PRODUCTS, assert_problem, path_of
from load import eventually
from worker_pool import Pool

DEADLINE_MS = 600
PATIENCE = 20.0

_serial = itertools.count(1)


@pytest.fixture(scope="module")
def own(fresh_stack):
    """A Postgres of this module's own, which it stops and kills."""
    stack = fresh_stack()
    yield stack
    stack.close()


@pytest.fixture(scope="module")
def category(own):
    with Client(own.url) as client:
        return client.category()["id"]


@pytest.fixture(scope="module")
def database(own):
    """Connects anew where the server was gone."""
    return Database(own)


class Database:
    def __init__(self, stack):
        self.stack, self.connection = stack, None

    def cursor(self):
        if self.connection is None or not self.answers():
            self.stack.await_postgres()
            self.connection = self.stack.connect()
            self.connection.autocommit = True
        return self.connection.cursor()

    def answers(self):
        try:
            with self.connection.cursor() as cursor:
                cursor.execute("SELECT 1")
            return True
        except Exception:  # whatever psycopg2 makes of it: the connection is of no more use
            return False


class Rig:
    """A pool whose way to Postgres goes over a wire that can fail. With workers=0 it is one worker without a
    supervisor, which is started again at once where it died: a supervisor makes those wait that die young."""

    def __init__(self, folder, stack, workers=0, deadline_ms=DEADLINE_MS):
        folder.chmod(0o755)
        sockets = stack.database_url.partition("host=")[2].partition("&")[0]
        self.wire = wire.Wire(folder, f"{sockets}/.s.PGSQL.5432")
        self.folder, self.workers, self.number = folder, workers, itertools.count()
        self.deadline_ms = deadline_ms
        self.url = stack.database_url.replace(sockets, str(folder))
        self.start()

    def start(self):
        folder = self.folder / str(next(self.number))
        folder.mkdir()
        self.pool = Pool(folder, self.workers, DATABASE_URL=self.url, WARES_DEADLINE=self.deadline_ms, WARES_L1=0)

    def close(self):
        self.wire.close()
        self.pool.kill()

    def send(self, request, timeout=10):
        """One attempt: the answer, or None where none came."""
        method, target, body, headers = request
        if self.pool.process.poll() is not None:
            self.start()
        try:
            return self.pool.ask(method, target, body, timeout=timeout, **headers)
        except (fastcgi.Closed, OSError):
            return None

    def insist(self, request):
        """Sends until there is an answer that is one, as a client does. Returns it and how often it was sent."""
        end = time.monotonic() + PATIENCE
        for attempts in itertools.count(1):
            answer = self.send(request)
            if answer is not None and answer.status < 500 and not in_progress(answer):
                return answer, attempts
            assert time.monotonic() < end, f"no answer to {request}: {answer}"
            time.sleep(0.02)

    def kill_workers(self):
        for pid in self.pool.workers():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if not self.workers:
            self.pool.process.wait()

    def settle(self):
        self.wire.rest()
        eventually(lambda: (answer := self.send(("GET", "/readyz", b"", {}))) and answer.status == 200, timeout=15)


def in_progress(answer):
    return answer.status == 409 and json.loads(answer.body)["type"] == "/problems/in-progress"


@pytest.fixture(scope="module")
def rig(own, tmp_path_factory):
    with contextlib.closing(Rig(tmp_path_factory.mktemp("wire"), own)) as made:
        yield made


@pytest.fixture
def patient_rig(own, tmp_path):
    """One whose worker waits for what a test does meanwhile."""
    with contextlib.closing(Rig(tmp_path, own, deadline_ms=8000)) as made:
        yield made


@pytest.fixture(autouse=True)
def rested(rig):
    rig.settle()


# --- writes ---------------------------------------------------------------------------------------------------------


def keyed(method, target, body=None, content_type="application/json"):
    data = b"" if body is None else json.dumps(body).encode()
    headers = {"HTTP_IDEMPOTENCY_KEY": f"{uuid.uuid4().hex}-{next(_serial)}", "CONTENT_TYPE": content_type if data else ""}
    return method, target, data, headers


def draft(category, **members):
    return {"name": f"Once {uuid.uuid4().hex}", "price": "1.50", "category_id": category, **members}


def make(rig, category, **members):
    answer, _ = rig.insist(keyed("POST", PRODUCTS, draft(category, sku=new_sku(), **members)))
    assert answer.status == 201, answer
    return json.loads(answer.body)


def write_of(kind, rig, category):
    """A keyed request, the id that it is about where that is known, how many rows of the feed there are before, and the
    status of its answer."""
    if kind == "create":
        return keyed("POST", PRODUCTS, draft(category, sku=new_sku())), None, 0, 201
    if kind == "put new":
        target = new_path()
        return keyed("PUT", target, draft(category)), target.rpartition("/")[2], 0, 201
    if kind == "upsert new":
        return keyed("PUT", f"{PRODUCTS}/by-sku/{new_sku()}", draft(category)), None, 0, 201
    product = make(rig, category, attributes={"sizes": ["s"]})
    if kind == "put":
        return keyed("PUT", path_of(product), given(product, name="Changed")), product["id"], 1, 200
    if kind == "unchanged":
        return keyed("PUT", path_of(product), given(product)), product["id"], 1, 200
    if kind == "append":
        operations = [{"op": "add", "path": "/attributes/sizes/-", "value": "m"}]
        return (keyed("PATCH", path_of(product), operations, "application/json-patch+json"), product["id"], 1, 200)
    if kind == "batch":
        operations = [{"op": "update", "id": product["id"],
                       "patch": [{"op": "add", "path": "/attributes/sizes/-", "value": "m"}]},
                      {"op": "create", "product": draft(category, group_key=product["id"])},
                      {"op": "delete", "id": make(rig, category)["id"]}]
        return keyed("POST", f"{PRODUCTS}/batch", operations), product["id"], 1, 200
    if kind == "delete":
        return keyed("DELETE", path_of(product)), product["id"], 1, 204
    assert kind == "restore"
    assert rig.insist(keyed("DELETE", path_of(product)))[0].status == 204
    return keyed("POST", f"{path_of(product)}/restore"), product["id"], 2, 200


KINDS = ["create", "put new", "upsert new", "put", "unchanged", "append", "delete", "restore", "batch"]


def assert_one_effect(rig, database, kind, write, answer, expected):
    request, product_id, rows_before, status = write
    assert answer.status == status, (kind, answer)
    if product_id is None:
        product_id = json.loads(answer.body)["id"]
        name = json.loads(request[2])["name"]
        assert query(database, "SELECT id::text FROM product WHERE name = %s", name) == [(product_id,)], kind
    rows = feed(database, product_id)
    assert len(rows) == rows_before + expected, (kind, rows)
    versions = query(database, "SELECT version FROM product WHERE id = %s", product_id)
    assert versions == [(len(rows),)], kind
    kept = query(database, "SELECT body FROM idempotency WHERE key = %s", request[3]["HTTP_IDEMPOTENCY_KEY"])
    assert len(kept) == 1, kind
    if status != 204:
        assert kept[0][0].encode() == answer.body, kind
        told = json.loads(answer.body)
        assert rows[-1][2] == (told[0]["product"] if kind == "batch" else told), kind
    if kind == "batch":
        assert [one["status"] for one in told] == [200, 201, 204]
        made = query(database, "SELECT id::text FROM product WHERE group_key = %s", product_id)
        assert made == [(told[1]["product"]["id"],)]
        assert len(feed(database, made[0][0])) == 1
    again, _ = rig.insist(request)
    assert (again.status, again.body) == (answer.status, answer.body), kind
    assert again.headers["idempotency-replayed"] == "true", kind
    assert len(feed(database, product_id)) == len(rows), kind


def strike_each_step(rig, database, category, kind, fault, first_step=0):
    """The fault at the first message of the write, at the second, and so on, until the write is over before it. Returns
    at how many it struck."""
    for step in itertools.count(first_step):
        write = write_of(kind, rig, category)
        rig.settle()
        rig.wire.strike(fault, step)
        answer, _ = rig.insist(write[0])
        struck = rig.wire.struck.is_set()
        rig.wire.rest()
        assert_one_effect(rig, database, kind, write, answer, 0 if kind == "unchanged" else 1)
        if not struck:
            return step


# --- the wire -------------------------------------------------------------------------------------------------------

QUICK = [wire.cut_before, wire.cut_within, wire.cut_after, wire.lose_answer, wire.cut_answer, wire.crumble]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fault", QUICK, ids=lambda fault: fault.__name__)
def test_the_wire_fails_at_each_step(rig, database, category, kind, fault):
    # A create is one message; what looks first at what is kept, and at the product, has three.
    assert strike_each_step(rig, database, category, kind, fault) >= (1 if kind == "create" else 3)


@pytest.mark.parametrize("kind", ["create", "upsert new", "append", "delete", "batch"])
@pytest.mark.parametrize("fault", [wire.swallow, wire.swallow_answer], ids=lambda fault: fault.__name__)
def test_the_wire_keeps_silent_at_each_step(rig, database, category, kind, fault):
    """Until the worker gives up at its deadline."""
    assert strike_each_step(rig, database, category, kind, fault) >= (1 if kind == "create" else 3)


@pytest.mark.parametrize("kind", ["create", "append"])
@pytest.mark.parametrize("fault", [wire.cut_before, wire.lose_answer], ids=lambda fault: fault.__name__)
def test_the_wire_fails_while_a_new_worker_prepares(rig, database, category, kind, fault):
    """A worker that has just been started connects, asks for the time, and prepares each statement first."""
    for step in itertools.count():
        write = write_of(kind, rig, category)
        rig.kill_workers()
        rig.wire.strike(fault, step)
        answer, _ = rig.insist(write[0])
        struck = rig.wire.struck.is_set()
        rig.wire.rest()
        assert_one_effect(rig, database, kind, write, answer, 1)
        if not struck:
            break
    assert step >= 4


@pytest.mark.parametrize("kind", ["create", "put new", "upsert new", "put", "append", "delete", "batch"])
def test_a_statement_that_arrives_after_its_retry(rig, database, category, kind):
    """The network holds it back; the worker gives up, and the client is answered by another attempt. Then it arrives."""
    late = threading.Event()
    delivered = threading.Event()

    def hold_back(link, message):
        def deliver():
            late.wait(PATIENCE)
            link.take_answer = lambda answer: delivered.set()
            link.far.sendall(message)

        link.held = True
        threading.Thread(target=deliver, daemon=True).start()

    # The last message is the write itself.
    steps = strike_each_step(rig, database, category, kind, wire.crumble)
    write = write_of(kind, rig, category)
    rig.settle()
    rig.wire.strike(hold_back, steps - 1)
    answer, attempts = rig.insist(write[0])
    assert attempts > 1 and rig.wire.struck.is_set()
    late.set()
    assert delivered.wait(PATIENCE)
    assert_one_effect(rig, database, kind, write, answer, 1)


# --- workers that die -----------------------------------------------------------------------------------------------


def kill_before(rig):
    def fault(link, message):
        rig.kill_workers()
        link.cut()
    return fault


def kill_after(rig):
    def fault(link, message):
        link.far.sendall(message)
        rig.kill_workers()
    return fault


def kill_answered(rig):
    def fault(link, message):
        def take(answer):
            rig.kill_workers()
            link.cut()
        link.take_answer = take
        link.far.sendall(message)
    return fault


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("how", [kill_before, kill_after, kill_answered], ids=lambda how: how.__name__)
def test_the_worker_is_killed_at_each_step(rig, database, category, kind, how):
    assert strike_each_step(rig, database, category, kind, how(rig)) >= (1 if kind == "create" else 3)


# --- jobs -----------------------------------------------------------------------------------------------------------


def change_of_job(kind, database):
    """A keyed request about a job that no runner takes, and the job."""
    job = str(uuid.uuid4())
    if kind == "retry":
        query(database, "INSERT INTO job_ended (id, kind, payload, state, attempts, attempts_max, fence, progress, "
                        "created_at) VALUES (%s, 'unheard', '{}', 'failed', 9, 9, 9, 0.5, now()) RETURNING 1", job)
        return keyed("POST", f"/api/v1/jobs/{job}/retry"), job
    query(database, "INSERT INTO job (id, kind) VALUES (%s, 'unheard') RETURNING 1", job)
    return keyed("DELETE", f"/api/v1/jobs/{job}"), job


def assert_job_changed_once(rig, database, kind, request, job, answer):
    assert answer.status == 200, answer
    told = json.loads(answer.body)
    kept = query(database, "SELECT body FROM idempotency WHERE key = %s", request[3]["HTTP_IDEMPOTENCY_KEY"])
    assert [body.encode() for body, in kept] == [answer.body]
    # The effect is the one that the answer tells of, to the microsecond.
    when = "YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\""
    there = query(database, "SELECT 'queued', to_char(run_at AT TIME ZONE 'UTC', %s) FROM job WHERE id = %s UNION ALL "
                            "SELECT state, to_char(ended_at AT TIME ZONE 'UTC', %s) FROM job_ended WHERE id = %s",
                  when, job, when, job)
    assert there == [("queued", told["run_at"]) if kind == "retry" else ("cancelled", told["ended_at"])]
    rig.insist(keyed("DELETE", f"/api/v1/jobs/{job}") if kind == "retry" else keyed("POST", f"/api/v1/jobs/{job}/retry"))
    again, _ = rig.insist(request)
    assert (again.status, again.body, again.headers["idempotency-replayed"]) == (200, answer.body, "true")
    left = query(database, "SELECT 'queued' FROM job WHERE id = %s UNION ALL SELECT state FROM job_ended WHERE id = %s",
                 job, job)
    assert left == [("cancelled" if kind == "retry" else "queued",)]


@pytest.mark.parametrize("kind", ["retry", "cancel"])
@pytest.mark.parametrize("fault", [*QUICK, wire.swallow_answer, kill_before, kill_after, kill_answered],
                         ids=lambda fault: fault.__name__)
def test_a_job_is_changed_once_whatever_fails_at_each_step(rig, database, kind, fault):
    at_worker = fault in (kill_before, kill_after, kill_answered)
    for step in itertools.count():
        request, job = change_of_job(kind, database)
        rig.settle()
        rig.wire.strike(fault(rig) if at_worker else fault, step)
        answer, _ = rig.insist(request)
        struck = rig.wire.struck.is_set()
        rig.wire.rest()
        assert_job_changed_once(rig, database, kind, request, job, answer)
        if not struck:
            break
    # What is kept, the job, and the write.
    assert step >= 3


@pytest.mark.parametrize("kind", ["retry", "cancel"])
def test_the_first_is_done_while_the_second_looks_at_the_job(patient_rig, own, database, kind):
    """What the second then finds is the work of the first, or of whoever came behind it: its answer counts."""
    rig = patient_rig
    rig.insist(change_of_job(kind, database)[0])  # all is prepared
    request, job = change_of_job(kind, database)
    method, target, _, headers = request
    first = []

    def let_the_first_pass(link, message):
        with Client(own.url) as client:
            first.append(client.request(method, target, headers={"Idempotency-Key": headers["HTTP_IDEMPOTENCY_KEY"]}))
        query(Database(own), "WITH gone AS (DELETE FROM job WHERE id = %s) DELETE FROM job_ended WHERE id = %s "
                             "RETURNING 1", job, job)
        link.far.sendall(message)

    rig.settle()
    rig.wire.strike(let_the_first_pass, 1)
    answer = rig.send(request)
    assert rig.wire.struck.is_set() and first[0].status_code == 200
    assert (answer.status, answer.body) == (200, first[0].content)
    assert answer.headers["idempotency-replayed"] == "true" and "Idempotency-Replayed" not in first[0].headers


# --- a server that ends ---------------------------------------------------------------------------------------------


def terminate_backends(database):
    query(database, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'wares%%'")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("when", ["before", "after", "answered"])
def test_the_backend_is_terminated_at_each_step(rig, own, database, category, kind, when):
    def fault(link, message):
        other = Database(own)  # of this thread
        if when == "before":
            terminate_backends(other)
            link.far.sendall(message)
            return
        if when == "answered":
            def take(answer):
                link.take_answer = None
                terminate_backends(other)
                link.near.sendall(answer)
            link.take_answer = take
        link.far.sendall(message)
        if when == "after":
            terminate_backends(other)

    assert strike_each_step(rig, database, category, kind, fault) >= (1 if kind == "create" else 3)


def blocked_writes(rig, category, kinds):
    """Writes, and the row that they wait for in mid-statement."""
    for kind in kinds:
        write = write_of(kind, rig, category)
        yield kind, write, ("category", category) if kind == "create" else ("product", write[1])


@pytest.mark.parametrize("how", ["terminate", "cancel", "stop", "kill"])
def test_the_server_ends_in_mid_statement(rig, own, database, category, how):
    kinds = ("create", "append") if how in ("stop", "kill") else ("create", "put", "append", "delete", "batch")
    for kind, write, (table, row) in blocked_writes(rig, category, kinds):
        rig.settle()
        with concurrent.futures.ThreadPoolExecutor(1) as threads:
            blocker = own.connect()
            with blocker.cursor() as cursor:
                cursor.execute(f"SELECT 1 FROM {table} WHERE id = %s FOR UPDATE", (row,))
            answer = threads.submit(rig.insist, write[0])
            waiting = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            (pid,), *_ = eventually(lambda: query(database, waiting))
            if how in ("terminate", "cancel"):
                query(database, f"SELECT pg_{how}_backend(%s)", pid)
                blocker.rollback()
            else:
                with own.held("postgres", signal.SIGINT if how == "stop" else signal.SIGKILL):
                    pass
                own.await_postgres()
            blocker.close()
            got, _ = answer.result()
        assert_one_effect(rig, database, kind, write, got, 1)


# --- front servers ---


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "POST"])
@pytest.mark.parametrize("front", ["nginx", "lighttpd"])
def test_a_front_server_sends_a_change_once(fronts, front, method):
    """The worker dies in mid-statement. A second attempt by the front would be told 412 or 410 where the first one was
    carried out: the client, who knows, is to decide."""
    stack = fronts(front)
    with Client(stack.url) as client, concurrent.futures.ThreadPoolExecutor(1) as threads:
        product = client.product()
        workers = stack.workers()
        with contextlib.closing(stack.connect()) as blocker:
            with blocker.cursor() as cursor:
                cursor.execute("SELECT 1 FROM product WHERE id = %s FOR UPDATE", (product["id"],))
            target = f"{path_of(product)}/restore" if method == "POST" else path_of(product)
            if method == "POST":
                blocker.rollback()
                client.delete(path_of(product))
                cursor = blocker.cursor()
                cursor.execute("SELECT 1 FROM product WHERE id = %s FOR UPDATE", (product["id"],))
            body = given(product, name="Sent once") if method in ("PUT", "PATCH") else None
            answer = threads.submit(client.request, method, target, json=body)
            with contextlib.closing(stack.connect()) as watcher:
                watcher.autocommit = True
                waiting = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                eventually(lambda: query(watcher, waiting))
                for pid in workers:
                    os.kill(pid, signal.SIGKILL)
                # Nobody has let go of the row: a second attempt could not be answered yet.
                assert_problem(answer.result(timeout=4), 503, "Service unavailable")
                # The server notices within a second that nobody waits for the first.
                eventually(lambda: not query(watcher, waiting), timeout=4)
    eventually(lambda: len(stack.workers()) == stack.workers_wanted, timeout=15)


@pytest.fixture(scope="module")
def fronts(own, fresh_stack):
    """A stack behind the front server of this name."""
    made = {"nginx": own}

    def front(name):
        if name not in made:
            made[name] = fresh_stack(FRONT=name)
        return made[name]

    return front


# --- the ledger -----------------------------------------------------------------------------------------------------


def test_every_acknowledged_create_is_there_once_after_a_storm(own, database, tmp_path):
    """Clients that retry with their keys, while workers, connections and the server fail at random."""
    with Client(own.url) as client:
        home = client.category()["id"]
    rig = Rig(tmp_path, own, 4)
    stop = threading.Event()
    chance = random.Random(7)
    ledger = {}  # name: the body that was acknowledged

    def trouble():
        other = Database(own)
        faults = QUICK[:-1] + [wire.swallow, wire.swallow_answer]
        outages = {120: signal.SIGINT, 240: signal.SIGKILL}  # of the whole server, by how many are answered
        for done in itertools.count():
            # On a busy machine all but the storm is slow: it is not to grow with that.
            while done > len(ledger) + 8 and not stop.is_set():
                stop.wait(0.005)
            if stop.is_set():
                break
            pick = chance.random()
            if outages and len(ledger) > min(outages):
                with own.held("postgres", outages.pop(min(outages))):
                    pass
                own.await_postgres()
            elif pick < 0.85:
                rig.wire.strike(chance.choice(faults), chance.randrange(6))
                rig.wire.struck.wait(0.05)
            elif pick < 0.90:
                with contextlib.suppress(ProcessLookupError, IndexError):
                    os.kill(chance.choice(rig.pool.workers()), signal.SIGKILL)
            else:
                terminate_backends(other)
            stop.wait(chance.random() * 0.03)
        assert not outages

    def customer(number):
        sent = 0
        for turn in range(60):
            request = keyed("POST", PRODUCTS, {"name": f"Ledger {number}-{turn}", "price": "1", "category_id": home})
            answer, attempts = rig.insist(request)
            assert answer.status == 201, answer
            ledger[f"Ledger {number}-{turn}"] = answer.body
            sent += attempts
            if turn % 10 == 0:  # a client that does not know that it was answered
                again, _ = rig.insist(request)
                assert (again.status, again.body) == (201, answer.body)
        return sent

    storm = threading.Thread(target=trouble, daemon=True)
    try:
        storm.start()
        with concurrent.futures.ThreadPoolExecutor(8) as threads:
            sent = sum(threads.map(customer, range(8)))
    finally:
        stop.set()
        storm.join(60)
        rig.close()
    rows = query(database, "SELECT name, id::text FROM product WHERE category_id = %s", home)
    assert len(ledger) == 480 and sent > 480 + 48, "there was no storm"
    assert sorted(name for name, _ in rows) == sorted(ledger)
    assert {name: made for name, made in rows} == {name: json.loads(body)["id"] for name, body in ledger.items()}
    fed = query(database, "SELECT id::text, type, version, data FROM change WHERE id IN"
                          " (SELECT id FROM product WHERE category_id = %s)", home)
    assert sorted(row[0] for row in fed) == sorted(made for _, made in rows)
    assert {row[3].encode() for row in fed} == set(ledger.values())
