"""What works when what is away: the table of the README, walked cell by cell on real servers. A row or a column there that
is not known here fails, and so does one that is known here and not there."""

import concurrent.futures
import contextlib
import itertools
import re
import signal
import time

import pytest

from client import CATEGORIES, PRODUCTS, Client, assert_problem, path_of, unique
from jobs import Queue
from load import eventually
from stack import ROOT, is_alive
from test_faults import waiting

DEADLINE = 3.0  # seconds
AT_ONCE = 1.8  # less than the deadline, and than an attempt to connect: nobody has waited for either
MARK = re.compile(r"wares; hit; ttl=-(\d+); detail=unproven")

HEAD, *ROWS = [[cell.strip() for cell in line.strip("|").split("|")]
               for line in re.search(r"^\| away \|.*?\n\n", (ROOT / "README.md").read_text(), re.M | re.S)[0].splitlines()
               if line and not line.startswith("|---")]


# --- the columns --------------------------------------------------------------------------------------------------------


class Asker:
    """A stack with a product that was read before, and others that nobody has read yet."""

    def __init__(self, stack):
        self.stack = stack
        self.client = Client(stack.url)
        with contextlib.closing(stack.connect()) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT id::text FROM product WHERE deleted_at IS NULL AND status = 'active' ORDER BY id")
            self.unread = itertools.cycle([row[0] for row in cursor.fetchall()])
        self.home = self.client.category()["id"]
        self.product = self.client.product(self.home)
        self.serial = itertools.count(1)
        self.lists = [f"{PRODUCTS}?category_id={self.home}", f"{PRODUCTS}/facets?category_id={self.home}",
                      f"{CATEGORIES}?tree=true"]
        self.read_before()

    def read_before(self):
        for _ in range(3):
            response = self.client.get(path_of(self.product))
            assert response.status_code == 200 and "Cache-Status" not in response.headers
            assert all(self.client.get(target).status_code == 200 for target in self.lists)
        self.product = response.json()

    def changes(self, client):
        """Of every kind. What is done is told apart from what is refused by the status alone."""
        draft = {"name": unique(), "price": "1.50", "category_id": self.home}
        return [lambda: client.post(PRODUCTS, json=draft), lambda: client.post(CATEGORIES, json={"name": unique()}),
                lambda: client.put(f"{PRODUCTS}/by-sku/OUT-{self.home[:8]}", json=draft),
                lambda: client.post(f"{PRODUCTS}/batch?atomic=true", json=[{"op": "create", "product": draft}]),
                lambda: client.post(PRODUCTS, json=draft, headers={"Idempotency-Key": unique("key")}),
                lambda: client.patch(path_of(self.product), json={"price": f"{next(self.serial)}.25"}),
                lambda: client.patch(f"{CATEGORIES}/{self.home}", json={"name": unique()})]

    def requests(self, column, client):
        """The requests that a column stands for."""
        return {
            "a product read before": [lambda: client.get(path_of(self.product)), lambda: client.head(path_of(self.product)),
                                      lambda: client.get(f"{path_of(self.product)}?fields=id,price")],
            "another product": [lambda: client.get(f"{PRODUCTS}/{next(self.unread)}")],
            "a list read before": [lambda target=target: client.get(target) for target in self.lists],
            "other lists, and categories": [lambda: client.get(f"{PRODUCTS}?limit={next(self.serial) % 400 + 1}"),
                                            lambda: client.get(f"{PRODUCTS}/facets?min_price={next(self.serial)}"),
                                            lambda: client.get(f"{PRODUCTS}/export?fields=id"),
                                            lambda: client.get(f"{CATEGORIES}?limit={next(self.serial) % 400 + 1}"),
                                            lambda: client.fresh(f"{CATEGORIES}?tree=true"),
                                            lambda: client.get(f"{CATEGORIES}/{self.home}")],
            "changes": self.changes(client),
            "the feed": [lambda: client.get("/api/v1/changes?limit=3")],
            "jobs": [lambda: client.get("/api/v1/jobs")],
            "`/livez`": [lambda: client.get("/livez")],
            "`/readyz`": [lambda: client.get("/readyz")],
        }[column]


def check(expected, response, product):
    """Holds an answer against a cell of the table."""
    is_head = response.request.method == "HEAD"
    if expected == "503":
        assert response.status_code == 503, f"{response.request.method} {response.url}: {response.status_code}"
        assert response.headers["Retry-After"].isdigit()
        assert response.headers["Cache-Control"] == "no-store"
        if not is_head:
            assert_problem(response, 503)
        return
    if expected == "done":
        assert response.status_code in (200, 201), f"{response.request.method} {response.url}: {response.text[:300]}"
        return
    assert response.status_code == 200, f"{response.request.method} {response.url}: {response.text[:300]}"
    if expected == "200 marked":
        age = MARK.fullmatch(response.headers["Cache-Status"])[1]
        assert response.headers["Age"] == age
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["ETag"].startswith(f'"{product["version"]}')
    else:
        assert expected == "200", f"the table has a cell that is not understood: {expected}"
        assert "Cache-Status" not in response.headers and "Age" not in response.headers
    if path_of(product) == response.url.removeprefix(response.url.split("/api")[0]) and not is_head:
        assert response.json() == product


def walk(asker, row, at_once):
    for column, expected in zip(HEAD[1:], row[1:], strict=True):
        for send in asker.requests(column, asker.client):
            began = time.monotonic()
            check(expected, send(), asker.product)
            assert not at_once or time.monotonic() - began < AT_ONCE, (row[0], column)
        if column == "changes" and expected == "done":
            asker.read_before()


def walk_abreast(asker, row):
    """Where each answer takes as long as the front server waits."""
    def ask(cell):
        with Client(asker.stack.url, timeout=60) as client:
            asker.requests(cell[0], client)  # each column is known
            check(cell[1], asker.requests(cell[0], client)[0](), asker.product)

    with concurrent.futures.ThreadPoolExecutor(len(HEAD)) as threads:
        list(threads.map(ask, zip(HEAD[1:], row[1:], strict=True)))


# --- the rows -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def one_host(fresh_stack):
    stack = fresh_stack(WORKERS=1, WARES_DEADLINE=int(DEADLINE * 1000))
    yield stack
    stack.close()


@pytest.fixture(scope="module")
def short_lived(fresh_stack):
    stack = fresh_stack(WORKERS=1, WARES_DEADLINE=int(DEADLINE * 1000), WARES_CACHE_TTL=2, WARES_STALE_MAX=7)
    yield stack
    stack.close()


@pytest.fixture(scope="module")
def many_hosts(fresh_stack):
    stack = fresh_stack(WORKERS=1, WARES_DEADLINE=int(DEADLINE * 1000), WARES_HOSTS="many")
    yield stack
    stack.close()


@contextlib.contextmanager
def nothing(_):
    yield


def held(*parts):
    @contextlib.contextmanager
    def context(asker):
        with contextlib.ExitStack() as all_of_them:
            for part in parts:
                all_of_them.enter_context(asker.stack.held(part))
            yield
    return context


def killed(part):
    @contextlib.contextmanager
    def context(asker):
        with asker.stack.held(part, signal.SIGKILL):
            yield
    return context


def silent(part):
    @contextlib.contextmanager
    def context(asker):
        with asker.stack.frozen(part):
            if part == "postgres":
                # The first to ask learns it by its time running out.
                assert_problem(asker.client.fresh(PRODUCTS), 504)
            yield
    return context


@contextlib.contextmanager
def away_for_longer_than(asker, seconds):
    asker.read_before()
    with asker.stack.held("postgres"):
        time.sleep(seconds)
        yield


@contextlib.contextmanager
def read_only(asker):
    with contextlib.closing(asker.stack.connect()) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute("SET default_transaction_read_only = off")
        cursor.execute("ALTER SYSTEM SET default_transaction_read_only = on")
        cursor.execute("SELECT pg_reload_conf()")
        try:
            await_writing(asker, False)
            yield
        finally:
            cursor.execute("ALTER SYSTEM RESET default_transaction_read_only")
            cursor.execute("SELECT pg_reload_conf()")
            await_writing(asker, True)


@contextlib.contextmanager
def standby(asker):
    signal_file = asker.stack.run_dir / "postgres" / "standby.signal"
    with asker.stack.held("postgres"):
        signal_file.touch()
    try:
        asker.stack.await_postgres()
        eventually(lambda: asker.client.get("/readyz").status_code == 200, timeout=20)
        await_writing(asker, False)
        yield
    finally:
        with asker.stack.held("postgres"):
            signal_file.unlink()
        asker.stack.await_postgres()
        await_writing(asker, True)


@contextlib.contextmanager
def full_disk(asker):
    """What Postgres says of a full disk, out of a trigger."""
    with contextlib.closing(asker.stack.connect()) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute("CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION USING"
                       " ERRCODE = 'disk_full', MESSAGE = 'could not extend file'; END $$;"
                       "CREATE TRIGGER no_room BEFORE INSERT ON change FOR EACH STATEMENT EXECUTE FUNCTION no_room()")
        try:
            yield
        finally:
            cursor.execute("DROP FUNCTION no_room() CASCADE")


def await_writing(asker, wanted):
    def writes():
        return asker.client.post(CATEGORIES, json={"name": unique()}).status_code == 201

    eventually(lambda: writes() == wanted, timeout=20, pause=0.1)


# What is away, by the words of the table: of which stack, how, and whether every answer comes at once.
AWAY = {
    "nothing": ("one_host", nothing, True),
    "Redis, stopped": ("one_host", killed("redis"), True),
    "Redis, silent": ("one_host", silent("redis"), True),
    "Postgres, stopped": ("one_host", killed("postgres"), True),
    "Postgres, silent": ("one_host", silent("postgres"), True),
    "Postgres, for longer than `WARES_CACHE_TTL`":
        ("short_lived", lambda asker: away_for_longer_than(asker, 2.5), True),
    "Postgres, for longer than `WARES_STALE_MAX` too":
        ("short_lived", lambda asker: away_for_longer_than(asker, 7.5), True),
    "Postgres, with `WARES_HOSTS=many`": ("many_hosts", held("postgres"), True),
    "Postgres and Redis": ("one_host", held("postgres", "redis"), True),
    "Postgres and Redis, with `WARES_HOSTS=many`": ("many_hosts", held("postgres", "redis"), True),
    "Postgres is a standby": ("one_host", standby, True),
    "Postgres is set to read-only": ("one_host", read_only, True),
    "Postgres has a full disk": ("one_host", full_disk, True),
    "the job runner": ("one_host", killed("jobs"), True),
    "the pool, stopped": ("one_host", killed("pool"), True),
    "the pool, silent": ("one_host", silent("pool"), False),
}


@pytest.fixture(scope="module")
def askers():
    return {}


def test_the_table_and_this_file_know_the_same_rows():
    assert [row[0] for row in ROWS] == list(AWAY)


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_what_works(request, askers, row):
    name, away, at_once = AWAY[row[0]]
    stack = request.getfixturevalue(name)
    stack.await_ready()
    if name not in askers:
        askers[name] = Asker(stack)
    asker = askers[name]
    asker.read_before()
    eventually(lambda: stack.pids("jobs") and all(map(is_alive, stack.pids("jobs"))), timeout=10)
    runner = stack.pids("jobs")
    with away(asker):
        if at_once:
            walk(asker, row, at_once)
        else:
            walk_abreast(asker, row)
        assert row[0] == "the job runner" or all(map(is_alive, runner)), "the job runner ended of it"
    stack.await_ready()
    eventually(lambda: asker.client.fresh(PRODUCTS).status_code == 200, timeout=10)
    asker.read_before()


# --- what the words beside the table say --------------------------------------------------------------------------------


def test_a_change_that_is_refused_takes_no_list_away(one_host):
    """Whatever is tried first after Postgres is gone: it changes nothing, and lists are as current as before."""
    asker = Asker(one_host)
    for first in (0, 1, 2):
        asker.read_before()
        with one_host.held("postgres"):
            changes = asker.changes(asker.client)
            for change in changes[first:] + changes[:first]:
                check("503", change(), asker.product)
                for target in asker.lists:
                    check("200", asker.client.get(target), asker.product)
        one_host.await_ready()


def test_a_silent_postgres_is_not_stormed(one_host):
    """However many ask: one attempt to connect at a time, and nobody waits for it."""
    with Client(one_host.url) as client:
        with one_host.frozen("postgres"):
            client.fresh(PRODUCTS)
            began = time.monotonic()
            count = 0
            while time.monotonic() - began < 3:
                assert_problem(client.fresh(PRODUCTS), 503)
                count += 1
            assert count > 50, "requests wait for Postgres"
        eventually(lambda: client.fresh(PRODUCTS).status_code == 200, timeout=5)
        with contextlib.closing(one_host.connect()) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'wares'")
            assert cursor.fetchone()[0] <= 4


def test_what_may_be_out_of_date_is_not_given_to_who_asks_for_more(many_hosts):
    many_hosts.await_ready()
    with Client(many_hosts.url) as client:
        product = client.product()
        for _ in range(3):
            client.get(path_of(product))
        with many_hosts.held("redis"), many_hosts.held("postgres"):
            assert "Cache-Status" in client.get(path_of(product)).headers
            known = client.get(path_of(product), headers={"If-None-Match": '"1"'})
            assert known.status_code == 304 and MARK.fullmatch(known.headers["Cache-Status"])
            assert_problem(client.fresh(path_of(product)), 503)
            assert_problem(client.get(path_of(product), headers={"If-Match": '"1"'}), 503)
            assert_problem(client.get(f"{path_of(product)}?expand=category"), 503)
    many_hosts.await_ready()


def test_a_write_that_may_have_landed_marks_what_is_shown(one_host):
    """Postgres is killed while a change of the product is in its hands."""
    one_host.await_ready()
    with Client(one_host.url) as client, contextlib.closing(one_host.connect()) as connection:
        product = client.product()
        client.get(path_of(product))
        with connection.cursor() as cursor, concurrent.futures.ThreadPoolExecutor(1) as threads:
            cursor.execute("SELECT FROM product WHERE id = %s FOR UPDATE", (product["id"],))

            def change():
                with Client(one_host.url) as another:
                    return another.patch(path_of(product), json={"price": "2.00"})

            changing = threads.submit(change)
            eventually(lambda: waiting(one_host) == 1)
            with one_host.held("postgres", signal.SIGKILL):
                assert_problem(changing.result(), 503)
                response = client.get(path_of(product))
                assert response.status_code == 200 and MARK.fullmatch(response.headers["Cache-Status"])
                assert response.json() == product
    one_host.await_ready()
    with Client(one_host.url) as client:
        eventually(lambda: "Cache-Status" not in client.get(path_of(product)).headers, timeout=5)


@pytest.mark.parametrize("away", [read_only, standby, full_disk])
def test_a_database_that_takes_no_writes_says_so(one_host, askers, away):
    one_host.await_ready()
    asker = askers.setdefault("one_host", Asker(one_host))
    with away(asker):
        for send in asker.changes(asker.client):
            response = send()
            problem = assert_problem(response, 503)
            assert problem["type"] == "/problems/read-only"
            assert response.headers["Retry-After"] == "10"
        refused = asker.client.post(f"{PRODUCTS}?dry_run=true", json={"name": unique(), "price": "1",
                                                                     "category_id": asker.home})
        assert_problem(refused, 503)


def test_without_a_time_nothing_is_shown_that_is_not_proven(fresh_stack):
    stack = fresh_stack(WORKERS=1, WARES_HOSTS="many", WARES_STALE_MAX=0)
    try:
        with Client(stack.url) as client:
            product = client.product()
            assert client.get(path_of(product)).headers["Cache-Control"] == "no-cache"
            client.get(path_of(product))
            with stack.held("redis"), stack.held("postgres"):
                assert_problem(client.get(path_of(product)), 503)
    finally:
        stack.close()


def test_jobs_wait_for_a_runner_and_show_it(one_host):
    one_host.await_ready()
    with Client(one_host.url) as client:
        with one_host.held("jobs"):
            job = Queue(one_host).add("purge", {})
            time.sleep(1)
            shown = client.get(f"/api/v1/jobs/{job}").json()
            assert (shown["state"], shown["attempts"], shown["started_at"]) == ("queued", 0, None)
            assert job in [one["id"] for one in client.get("/api/v1/jobs?state=queued").json()]
        eventually(lambda: client.get(f"/api/v1/jobs/{job}").json()["state"] == "succeeded", timeout=20)


def test_lighttpd_says_it_too_where_the_pool_is_away(lighttpd_stack_of_its_own):
    stack = lighttpd_stack_of_its_own
    asker = Asker(stack)
    row = next(row for row in ROWS if row[0] == "the pool, stopped")
    with stack.held("pool", signal.SIGKILL):
        walk(asker, row, False)
    stack.await_ready()


@pytest.fixture
def lighttpd_stack_of_its_own(fresh_stack):
    stack = fresh_stack(FRONT="lighttpd", WORKERS=1)
    yield stack
    stack.close()


