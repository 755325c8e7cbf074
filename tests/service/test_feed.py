"""The feed of changes: every committed change once, in order, whatever commits late; and what is not kept is told."""

import contextlib
import json
import random
import threading
import time
import uuid
from collections.abc import Callable, Iterator

import pytest

from client import PRODUCT_MEMBERS, PRODUCTS, Client, assert_problem, client_of, faults_in, unique
from stack import Stack, await_true

CHANGES = "/api/v1/changes"
MEMBERS = ["cursor", "type", "id", "version", "at", "data"]


@pytest.fixture(scope="module")
def own_stack(fresh_stack: Callable[..., Stack]) -> Iterator[Stack]:
    """Without a runner, whose transactions hold the feed back for a moment now and then."""
    stack = fresh_stack(PRODUCTS=0, WORKERS=6)
    with stack.held("jobs"):
        yield stack


@pytest.fixture
def client(own_stack: Stack) -> Iterator[Client]:
    with client_of(own_stack) as opened:
        yield opened


def place(cursor: str) -> tuple[int, int]:
    xid, seq = cursor.split(".")
    return int(xid), int(seq)


def read(client: Client, after: str | None = None, limit: int = 500) -> list[dict]:
    response = client.get(CHANGES, params={"limit": limit} | ({} if after is None else {"after": after}))
    assert response.status_code == 200, response.text
    return response.json()


def read_all(client: Client, after: str | None = None, limit: int = 500) -> list[dict]:
    changes: list[dict] = []
    while page := read(client, after, limit):
        changes += page
        after = page[-1]["cursor"]
    return changes


def read_until(client: Client, last: str, after: str | None = None) -> list[dict]:
    """All changes, once one of this category or product is among them: that waits for what began before it, such as a
    transaction of the runner."""
    changes: list[dict] = []

    def is_there() -> bool:
        changes[:] = read_all(client, after)
        return any(change["id"] == last for change in changes)

    await_true(is_there, f"{last} in the feed", 20)
    return changes


def end_of(client: Client) -> str:
    """The cursor of the last change; there is one."""
    return read_until(client, client.category()["id"])[-1]["cursor"]


def test_a_change_tells_what_was_changed(client: Client) -> None:
    after = end_of(client)
    product = client.product(name=unique())
    path = f"{PRODUCTS}/{product['id']}"
    patched = client.patch(path, json={"price": "20.00"}).json()
    assert client.delete(path).status_code == 204
    restored = client.post(f"{path}/restore").json()
    changes = [change for change in read_all(client, after) if change["id"] == product["id"]]
    assert [list(change) for change in changes] == [MEMBERS] * 4
    assert [(change["type"], change["version"]) for change in changes] == [
        ("product.created", 1), ("product.updated", 2), ("product.deleted", 3), ("product.restored", 4)]
    assert [changes[i]["data"] for i in (0, 1, 3)] == [product, patched, restored]
    assert list(changes[2]["data"]) == PRODUCT_MEMBERS
    assert [change["at"] for change in changes] == [change["data"]["updated_at"] for change in changes]


def test_pages_and_their_links(client: Client) -> None:
    after = end_of(client)
    category = client.category()["id"]
    made = [client.product(category)["id"] for _ in range(6)]
    response = client.get(CHANGES, params={"after": after, "limit": 3})
    seen = [change["id"] for change in response.json()]
    while "next" in response.links:
        response = client.get(response.links["next"]["url"])
        assert len(response.json()) <= 3
        seen += [change["id"] for change in response.json()]
    assert seen == [category, *made]
    assert response.json() == []


def test_pollers_are_answered_304(client: Client) -> None:
    after = end_of(client)
    empty = client.get(CHANGES, params={"after": after})
    assert (empty.status_code, empty.text) == (200, "[]")
    again = client.get(CHANGES, params={"after": after}, headers={"If-None-Match": empty.headers["ETag"]})
    assert (again.status_code, again.text, again.headers["ETag"]) == (304, "", empty.headers["ETag"])
    client.category()
    full = client.get(CHANGES, params={"after": after}, headers={"If-None-Match": empty.headers["ETag"]})
    assert full.status_code == 200 and len(full.json()) == 1
    again = client.get(CHANGES, params={"after": after}, headers={"If-None-Match": f"W/{full.headers['ETag']}"})
    assert again.status_code == 304
    client.category()
    assert client.get(CHANGES, params={"after": after}, headers={"If-None-Match": full.headers["ETag"]}).status_code == 200


def test_parameters_are_checked(client: Client) -> None:
    for after in ("x", "1", "1.", ".1", "01.1", "1.-1", "1.1.1", "18446744073709551616.1", "1.9223372036854775808", ""):
        assert faults_in(client.get(CHANGES, params={"after": after}), "parameter") == ["after"], after
    assert faults_in(client.get(CHANGES, params={"limit": 501, "from": "x"}), "parameter") == ["from", "limit"]
    assert client.get(CHANGES, params={"after": "18446744073709551615.9223372036854775807"}).json() == []


def test_a_page_ends_where_its_changes_are_large(own_stack: Stack, client: Client) -> None:
    after = end_of(client)
    with contextlib.closing(own_stack.connect()) as connection, connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO change (type, id, version, at, data) SELECT 'product.updated', gen_random_uuid(), 1, "
                       "now(), to_json(repeat('x', 1500000)) FROM generate_series(1, 7)")
    page = read(client, after)
    assert len(page) == 3
    assert len(read_all(client, after)) == 7


# --- the proof ---


class Writers:
    """Writers with pauses before their COMMIT, by SQL and over HTTP, and what they have committed."""

    def __init__(self, stack: Stack, seed: int) -> None:
        self.stack = stack
        self.lock = threading.Lock()
        self.committed: dict[tuple[str, int], int] = {}
        self.failures: list[BaseException] = []
        self.chance = random.Random(seed)
        self.going = True

    def note(self, changes: list[tuple[str, int]]) -> None:
        with self.lock:
            for change in changes:
                self.committed[change] = self.committed.get(change, 0) + 1

    def write_sql(self, seed: int) -> None:
        """Each transaction gets its xid early, writes several changes, and waits here and there."""
        chance = random.Random(seed)
        versions: dict[str, int] = {}
        products = [str(uuid.uuid4()) for _ in range(3)]
        with contextlib.closing(self.stack.connect()) as connection:
            while self.going:
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_current_xact_id()")
                    made = []
                    for _ in range(chance.randint(1, 4)):
                        product = chance.choice(products)
                        version = versions.get(product, 0) + 1 + sum(change[0] == product for change in made)
                        time.sleep(chance.choice((0, 0, 0.005, 0.03)))
                        cursor.execute("INSERT INTO change (type, id, version, at, data) VALUES "
                                       "('product.updated', %s, %s, now(), '{}')", [product, version])
                        made.append((product, version))
                    time.sleep(chance.choice((0, 0.002, 0.02, 0.1, 0.3)))
                    if chance.random() < 0.15:
                        connection.rollback()
                        continue
                    connection.commit()
                for product, version in made:
                    versions[product] = version
                self.note(made)

    def write_http(self, seed: int) -> None:
        chance = random.Random(seed)
        with Client(self.stack.url) as client:
            product = client.product()
            self.note([(product["category_id"], 1), (product["id"], 1)])
            version = 1
            while self.going:
                answer = client.patch(f"{PRODUCTS}/{product['id']}", json={"price": f"{version}.5"})
                assert answer.status_code == 200, answer.text
                version += 1
                self.note([(product["id"], version)])
                time.sleep(chance.choice((0, 0.002, 0.02)))


def tail(stack: Stack, after: str, seen: list[dict], last: list[str], seed: int) -> None:
    """Reads on until the product has come that was made when the writers had ended: a transaction of Postgres' own, as of
    an ANALYZE, may hold the feed's end back for longer than any pause."""
    chance = random.Random(seed)
    deadline = time.monotonic() + 90
    with Client(stack.url) as client:
        while not last or last[0] not in {change["id"] for change in seen[-500:]}:
            assert time.monotonic() < deadline, "the last change has not come"
            page = read(client, after, chance.choice((1, 3, 50, 500)))
            seen += page
            if page:
                after = page[-1]["cursor"]
            time.sleep(chance.choice((0, 0, 0.01, 0.05)))


def test_readers_see_every_change_once_and_in_order(own_stack: Stack, client: Client) -> None:
    after = end_of(client)
    writers = Writers(own_stack, 7)
    last: list[str] = []
    seen: list[list[dict]] = [[] for _ in range(6)]

    def guarded(work: Callable[..., None], *arguments: object) -> threading.Thread:
        def run() -> None:
            try:
                work(*arguments)
            except BaseException as failure:  # pylint: disable=broad-except
                writers.failures.append(failure)
        thread = threading.Thread(target=run)
        thread.start()
        return thread

    readers = [guarded(tail, own_stack, after, seen[i], last, i) for i in range(len(seen))]
    writing = [guarded(writers.write_sql, 100 + i) for i in range(8)]
    writing += [guarded(writers.write_http, 200 + i) for i in range(3)]
    time.sleep(12)
    writers.going = False
    for thread in writing:
        thread.join(30)
    product = client.product()
    writers.note([(product["category_id"], 1), (product["id"], 1)])
    last.append(product["id"])
    for thread in readers:
        thread.join(100)
    assert not writers.failures, writers.failures[:3]
    assert len(writers.committed) > 500
    for changes in seen:
        cursors = [place(change["cursor"]) for change in changes]
        assert cursors == sorted(set(cursors)), "a change came twice, or out of order"
        met = [(change["id"], change["version"]) for change in changes]
        missed = set(writers.committed) - set(met)
        assert not missed, f"{len(missed)} of {len(writers.committed)} were skipped, such as {sorted(missed)[:3]}"
        assert len(met) == len(set(met)) == len(writers.committed)
        before: dict[str, int] = {}
        for changed, version in met:
            assert version == before.get(changed, 0) + 1, f"{changed}: {version} after {before.get(changed, 0)}"
            before[changed] = version


def test_a_transaction_that_commits_late_is_waited_for(own_stack: Stack, client: Client) -> None:
    after = end_of(client)
    with contextlib.closing(own_stack.connect()) as late, late.cursor() as cursor:
        cursor.execute("INSERT INTO change (type, id, version, at, data) VALUES "
                       "('product.updated', gen_random_uuid(), 1, now(), '\"late\"')")
        category = client.category()["id"]
        assert read_all(client, after) == []
        late.commit()
    assert [change["data"] if change["data"] == "late" else change["id"] for change in read_all(client, after)] == [
        "late", category]


def test_an_export_and_the_feed_leave_no_gap(own_stack: Stack, client: Client) -> None:
    category = client.category()["id"]
    made = [client.product(category)["id"] for _ in range(3)]
    lines = client.get(f"{PRODUCTS}/export", params={"category_id": category}).text.splitlines()
    cursor = json.loads(lines[-1])["cursor"]
    later = [client.product(category)["id"] for _ in range(3)]
    told = {change["id"] for change in read_all(client, cursor)}
    assert {json.loads(line)["id"] for line in lines[:-1]} == set(made)
    assert set(later) <= told


def replay(copy: dict[str, dict], changes: list[dict]) -> None:
    """What a copy of the catalogue does with changes; some of them it may have already."""
    for change in changes:
        if not change["type"].startswith("product."):
            continue
        if change["type"] == "product.deleted":
            copy.pop(change["id"], None)
        elif copy.get(change["id"], {"version": 0})["version"] < change["version"]:
            copy[change["id"]] = change["data"]


def test_copies_that_begin_while_others_write_have_everything_in_the_end(own_stack: Stack, client: Client) -> None:
    """Exports at random moments, each followed by the feed from its cursor, are the catalogue when all is quiet."""
    category = client.category()["id"]
    everything = {"category_id": category, "status": "draft,active,archived"}
    going = threading.Event()
    failures: list[BaseException] = []

    def write(seed: int) -> None:
        chance = random.Random(seed)
        mine: list[str] = []
        try:
            with Client(own_stack.url) as writer:
                while not going.is_set():
                    what = chance.random()
                    if what < 0.4 or not mine:
                        mine.append(writer.product(category)["id"])
                    elif what < 0.8:
                        writer.patch(f"{PRODUCTS}/{chance.choice(mine)}", json={"price": f"{chance.randint(1, 99)}.25"})
                    else:
                        writer.delete(f"{PRODUCTS}/{mine.pop(chance.randrange(len(mine)))}")
                    time.sleep(chance.choice((0, 0.002, 0.02)))
        except BaseException as failure:  # pylint: disable=broad-except
            failures.append(failure)

    def write_slowly() -> None:
        """Changes of products whose transactions stay open while others begin, export and end."""
        chance = random.Random(99)
        with contextlib.closing(own_stack.connect()) as connection:
            while not going.is_set():
                with connection, connection.cursor() as cursor:
                    cursor.execute(
                        "WITH made AS (INSERT INTO product (id, name, price, currency, category_id, status, attributes, "
                        "images, version) VALUES (gen_random_uuid(), 'slow', 1, 'EUR', %s, 'active', '{}', '[]', 1) "
                        "RETURNING id) INSERT INTO change (type, id, version, at, data) SELECT 'product.created', id, 1, "
                        "now(), json_build_object('id', id, 'version', 1) FROM made", [category])
                    time.sleep(chance.choice((0.01, 0.1, 0.4)))

    threads = [threading.Thread(target=write, args=(seed,)) for seed in range(4)] + [threading.Thread(target=write_slowly)]
    for thread in threads:
        thread.start()
    copies: list[tuple[dict[str, dict], str]] = []
    for _ in range(8):
        time.sleep(0.5)
        lines = client.get(f"{PRODUCTS}/export", params=everything).text.splitlines()
        end = json.loads(lines[-1])
        assert end["count"] == len(lines) - 1
        copies.append(({product["id"]: product for product in map(json.loads, lines[:-1])}, end["cursor"]))
    going.set()
    for thread in threads:
        thread.join(30)
    assert not failures, failures
    whole = {product["id"]: product["version"] for product in
             map(json.loads, client.get(f"{PRODUCTS}/export", params=everything).text.splitlines()[:-1])}
    assert len(whole) > 50 and len(copies[0][0]) < len(whole)
    for copy, cursor in copies:
        replay(copy, [change for change in read_all(client, cursor)
                      if change["data"].get("category_id", category) == category])
        assert {product: data["version"] for product, data in copy.items()} == whole


def test_what_is_not_kept_any_more_is_told(own_stack: Stack, client: Client) -> None:
    first = end_of(client)
    client.category()
    second = read_all(client, first)[-1]["cursor"]
    client.category()
    third = read_all(client, second)[-1]["cursor"]
    xid, seq = place(second)
    with contextlib.closing(own_stack.connect()) as connection, connection, connection.cursor() as cursor:
        cursor.execute("DELETE FROM change WHERE (xid, seq) <= (%s::text::xid8, %s)", [xid, seq])
        cursor.execute("UPDATE change_floor SET xid = %s::text::xid8, seq = %s", [xid, seq])
    assert_problem(client.get(CHANGES, params={"after": first}), 410, "Gone")
    assert second in client.get(CHANGES, params={"after": "0.0"}).json()["detail"]
    assert [change["cursor"] for change in read_all(client, second)] == [third]
    assert read_all(client)[0]["cursor"] == third
    assert read_all(client, third) == []
