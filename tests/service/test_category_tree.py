"""The tree of categories: its shape and bounds, the list and the tree of it, and that it holds while many write."""

import contextlib
import random
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from client import CATEGORIES, PRODUCTS, Client, assert_problem, client_of, faults_in, unique

DEPTH_MAX = 8


@pytest.fixture(scope="module")
def client(stack):
    with client_of(stack) as opened:
        yield opened


def target_of(category):
    return f"{CATEGORIES}/{category['id']}"


def move(client, category, parent, **headers):
    return client.request("PATCH", target_of(category), json={"parent_id": parent and parent["id"]}, headers=headers)


def fault_of(response, status=400):
    """Pointer and code of the only fault."""
    fault, = assert_problem(response, status)["errors"]
    return fault["pointer"], fault["code"]


def chain(client, levels, **members):
    made = [client.category(**members)]
    while len(made) < levels:
        made.append(client.category(parent_id=made[-1]["id"]))
    return made


# --- its bounds -----------------------------------------------------------------------------------------------------


def test_the_tree_is_at_most_eight_deep(client):
    levels = chain(client, DEPTH_MAX)
    response = client.post(CATEGORIES, json={"name": "Ninth", "parent_id": levels[-1]["id"]})
    assert fault_of(response) == ("/parent_id", "too_deep")


@pytest.mark.parametrize("height", [1, 2, 4, 7])
def test_what_is_moved_along_counts(client, height):
    place, moved = chain(client, DEPTH_MAX - height + 1), chain(client, height)
    assert fault_of(move(client, moved[0], place[-1])) == ("/parent_id", "too_deep")
    response = move(client, moved[0], place[-2])
    assert (response.status_code, response.json()["parent_id"]) == (200, place[-2]["id"])


def test_nothing_is_moved_below_itself(client):
    levels = chain(client, 4)
    for below in levels:
        assert fault_of(move(client, levels[0], below)) == ("/parent_id", "cycle")
    assert move(client, levels[2], levels[0]).status_code == 200
    assert move(client, levels[1], levels[3]).status_code == 200


# --- as JSON --------------------------------------------------------------------------------------------------------


def tree_of(client, parent=None):
    query = f"&parent_id={parent['id']}" if parent else ""
    response = client.get(f"{CATEGORIES}?tree=true{query}")
    assert response.status_code == 200, response.text
    assert "Link" not in response.headers
    return response.json()


def names_of(nodes):
    return [[node["name"], *names_of(node["children"])] for node in nodes]


def test_siblings_stand_by_position_then_name(client):
    top = client.category()
    rows = [("b", 2), ("a", 2), ("B", 2), ("é", 2), ("z", 1), ("y", 2**31 - 1)]
    for name, position in rows:
        client.category(name=name, position=position, parent_id=top["id"])
    assert names_of(tree_of(client, top)) == [["z"], ["B"], ["a"], ["b"], ["é"], ["y"]]


def test_a_node_is_the_category_with_its_children(client):
    levels = chain(client, DEPTH_MAX)
    nodes = [node for node in tree_of(client) if node["id"] == levels[0]["id"]]
    for level in levels:
        node, = nodes
        assert list(node) == [*level, "children"]
        nodes = node.pop("children")
        assert node == level
    assert nodes == []


def test_the_tree_and_the_list_hold_the_same(client):
    def flat(nodes, parent_id=None):
        for node in nodes:
            assert node["parent_id"] == parent_id
            yield from flat(node.pop("children"), node["id"])
            yield node

    listed = client.all_of(f"{CATEGORIES}?limit=500")
    assert sorted(flat(tree_of(client)), key=lambda node: node["id"]) == listed
    assert [category["id"] for category in listed] == sorted({category["id"] for category in listed})


def test_the_list_pages_through_the_children_of_one(client):
    top = client.category()
    made = [client.category(parent_id=top["id"]) for _ in range(7)]
    client.category(parent_id=made[0]["id"])
    pages = list(client.pages(f"{CATEGORIES}?parent_id={top['id']}&limit=3"))
    assert [len(page) for page in pages] == [3, 3, 1]
    assert [category["id"] for page in pages for category in page] == sorted(category["id"] for category in made)
    assert client.get(f"{CATEGORIES}?parent_id={uuid.uuid4()}&tree=false").json() == []
    assert client.get(f"{CATEGORIES}?parent_id={uuid.uuid4()}&tree=true").json() == []


@pytest.mark.parametrize("query, named", [
    ("tree=yes", ["tree"]), ("tree=", ["tree"]), ("tree=true&limit=3", ["limit"]), ("tree=true&tree=true", ["tree"]),
    ("tree=true&cursor=x&limit=1", ["cursor", "limit"]), ("tree=true&parent_id=x", ["parent_id"]),
    ("tree=1&parent_id=x&colour=red", ["colour", "parent_id", "tree"]),
])
def test_parameters_that_make_no_sense_are_named(client, query, named):
    assert faults_in(client.get(f"{CATEGORIES}?{query}"), "parameter") == named


def test_a_tree_of_too_many_is_refused(client, stack):
    with stack.connect() as connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO category (id, name, slug) SELECT gen_random_uuid(), 'many', 'many-' || n "
                       "FROM generate_series(1, 10001) n")
    try:
        response = client.get(f"{CATEGORIES}?tree=true")
        assert faults_in(response, "parameter") == ["tree"]
        assert "page through the list" in response.json()["detail"]
    finally:
        with stack.connect() as connection, connection.cursor() as cursor:
            cursor.execute("DELETE FROM category WHERE name = 'many'")
    assert client.get(f"{CATEGORIES}?tree=true").status_code == 200


# --- two at once ----------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def open_transaction(stack, sql, *values):
    """A transaction that has done something and is committed at the end of the context."""
    connection = stack.connect()
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql, values)
            yield
        connection.commit()
    finally:
        connection.close()


def await_waiting(stack, done):
    """Until a session waits for a lock, or the request that should is done without."""
    with contextlib.closing(stack.connect()) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        for _ in range(2000):
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0] > 0 or done():
                return
            time.sleep(0.002)
    raise AssertionError("nothing waits")


def answer_after_commit(stack, request, sql, *values):
    """The answer to a request that comes while a transaction is open, which must make it wait."""
    with ThreadPoolExecutor(1) as pool:
        with open_transaction(stack, sql, *values):
            answer = pool.submit(request)
            await_waiting(stack, answer.done)
            assert not answer.done(), f"did not wait: {answer.result().status_code} {answer.result().text}"
        return answer.result(15)


MOVE = "UPDATE category SET parent_id = %s WHERE id = %s"


def test_of_two_moves_that_close_a_cycle_together_the_second_fails(client, stack):
    a, b = client.category(), client.category()
    response = answer_after_commit(stack, lambda: move(client, b, a), MOVE, b["id"], a["id"])
    assert fault_of(response) == ("/parent_id", "cycle")


def test_of_three_moves_too(client, stack):
    a, b, c = client.category(), client.category(), client.category()
    assert move(client, b, c).status_code == 200
    response = answer_after_commit(stack, lambda: move(client, c, a), MOVE, b["id"], a["id"])
    assert fault_of(response) == ("/parent_id", "cycle")


def test_two_moves_do_not_grow_too_deep_together(client, stack):
    upper, lower = chain(client, 4), chain(client, 4)
    place = client.category()
    response = answer_after_commit(stack, lambda: move(client, lower[0], upper[-1]), MOVE, place["id"], upper[0]["id"])
    assert fault_of(response) == ("/parent_id", "too_deep")


def test_a_creation_sees_its_parent_moved_down(client, stack):
    place, parent = chain(client, DEPTH_MAX - 1), client.category()
    response = answer_after_commit(
        stack, lambda: client.post(CATEGORIES, json={"name": "Ninth", "parent_id": parent["id"]}),
        MOVE, place[-1]["id"], parent["id"])
    assert fault_of(response) == ("/parent_id", "too_deep")


def test_a_move_sees_what_was_created_below(client, stack):
    place, moved = chain(client, DEPTH_MAX - 1), client.category()
    response = answer_after_commit(
        stack, lambda: move(client, moved, place[-1]),
        "INSERT INTO category (id, parent_id, name, slug) VALUES (gen_random_uuid(), %s, 'x', %s)",
        moved["id"], f"below-{uuid.uuid4().hex}")
    assert fault_of(response) == ("/parent_id", "too_deep")


def test_a_move_holds_up_nothing_that_it_does_not_concern(client, stack):
    a, b, other, home = (client.category() for _ in range(4))
    with open_transaction(stack, MOVE, b["id"], a["id"]):
        assert client.category()["parent_id"] is None
        assert client.request("PATCH", target_of(other), json={"name": "x", "position": 3}).status_code == 200
        assert client.request("DELETE", target_of(other)).status_code == 204
        for category in (a, b, home):
            assert client.post(PRODUCTS, json=client.draft(category["id"])).status_code == 201
            assert client.get(target_of(category)).status_code == 200
        tree_of(client)
    with open_transaction(stack, "INSERT INTO category (id, parent_id, name, slug) "
                          "VALUES (gen_random_uuid(), %s, 'x', %s)", b["id"], f"beside-{uuid.uuid4().hex}"):
        assert client.category(parent_id=b["id"])["parent_id"] == b["id"]


def test_a_category_that_gets_a_product_is_not_deleted(client, stack):
    category = client.category()
    response = answer_after_commit(
        stack, lambda: client.request("DELETE", target_of(category)),
        "INSERT INTO product (id, name, price, currency, category_id, status, attributes, images) "
        "VALUES (gen_random_uuid(), 'x', 1, 'EUR', %s, 'draft', '{}', '[]')", category["id"])
    assert assert_problem(response, 409)["errors"][0]["code"] == "has_products"


def test_a_product_does_not_get_into_a_category_that_is_deleted(client, stack):
    category = client.category()
    response = answer_after_commit(stack, lambda: client.post(PRODUCTS, json=client.draft(category["id"])),
                                   "DELETE FROM category WHERE id = %s", category["id"])
    assert faults_in(response, "pointer") == ["/category_id"]


# --- many at once ---------------------------------------------------------------------------------------------------

THREADS = 8
CHANGES = 150  # of each thread


def test_a_ring_never_closes(client, stack):
    """Eight at once, each below the next: whichever comes last would close the ring."""
    ring = [client.category() for _ in range(DEPTH_MAX)]
    clients = [Client(stack.url) for _ in ring]
    start = threading.Barrier(len(ring))

    def close(number):
        start.wait()
        return move(clients[number], ring[number], ring[(number + 1) % len(ring)])

    with ThreadPoolExecutor(len(ring)) as pool:
        for _ in range(30):
            answers = list(pool.map(close, range(len(ring))))
            assert sorted(answer.status_code for answer in answers) == [200] * (len(ring) - 1) + [400]
            refused, = (answer for answer in answers if answer.status_code == 400)
            assert fault_of(refused) == ("/parent_id", "cycle")
            for category in ring:
                assert move(client, category, None).status_code == 200


class Writer(threading.Thread):
    """Random moves, creations, renamings and deletions among categories that others move as well."""

    def __init__(self, url, number, ids):
        super().__init__()
        self.client = Client(url)
        self.random = random.Random(number)
        self.ids = ids  # shared: a list only grows, and what was deleted may be asked for
        self.acknowledged = []  # categories as they were answered
        self.deleted = set()
        self.refused = 0
        self.fault = None

    def step(self):
        category = {"id": self.random.choice(self.ids)}
        kind = self.random.random()
        if kind < 0.7:
            parent = self.random.choice([None, *({"id": id} for id in self.ids)])
            response = move(self.client, category, parent)
        elif kind < 0.8:
            response = self.client.post(CATEGORIES, json={"name": unique("Many"), "parent_id": category["id"]})
        elif kind < 0.9:
            response = self.client.request("PATCH", target_of(category), json={"name": unique("Many"), "slug": None})
        else:
            response = self.client.request("DELETE", target_of(category))
        assert response.status_code in (200, 201, 204, 400, 404, 409), response.text
        if response.status_code in (200, 201):
            self.acknowledged.append(response.json())
            if response.status_code == 201:
                self.ids.append(response.json()["id"])
        elif response.status_code == 204:
            self.deleted.add(category["id"])
        else:
            self.refused += 1

    def run(self):
        try:
            for _ in range(CHANGES):
                self.step()
        except BaseException as fault:  # told by the test
            self.fault = fault


def test_many_that_move_at_random_keep_the_tree(client, stack):
    made = [client.category() for _ in range(20)]
    ids = [category["id"] for category in made]
    writers = [Writer(stack.url, number, ids) for number in range(THREADS)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.fault for writer in writers if writer.fault] == []
    assert sum(writer.refused for writer in writers) > 0

    deleted = set().union(*(writer.deleted for writer in writers))
    there = {category["id"]: category for category in client.all_of(f"{CATEGORIES}?limit=500")}
    assert deleted.isdisjoint(there)
    acknowledged = {id: {} for id in ids}
    for category in made + [category for writer in writers for category in writer.acknowledged]:
        versions = acknowledged[category["id"]]
        # The same version is answered again where nothing was to be changed.
        assert versions.setdefault(category["version"], category) == category
    with contextlib.closing(stack.connect()) as connection, connection.cursor() as cursor:
        for id in ids:
            # Each version was acknowledged, and what was acknowledged last is what is there.
            versions = acknowledged[id]
            assert sorted(versions) == list(range(1, len(versions) + 1))
            assert (id in deleted) != (id in there)
            if id in there:
                assert there[id] == versions[len(versions)]
                levels, at = 0, id
                while at is not None:
                    levels, at = levels + 1, there[at]["parent_id"]
                    assert levels <= DEPTH_MAX
            # And each is in the feed once.
            cursor.execute("SELECT version FROM change WHERE id = %s ORDER BY xid, seq", [id])
            assert [row[0] for row in cursor] == list(range(1, len(versions) + 1 + (id in deleted)))


# --- a model --------------------------------------------------------------------------------------------------------

STEPS = settings(max_examples=50, stateful_step_count=40, deadline=None, derandomize=True, database=None,
                 suppress_health_check=list(HealthCheck))
places = st.integers(0, 5)
picks = st.integers(0, 10**6)


def test_the_tree_is_what_a_model_of_it_says(client):
    class Tree(RuleBasedStateMachine):
        """Beside other categories, which are left alone, those of the model: records by their ids."""

        def __init__(self):
            super().__init__()
            self.model = {}

        # the model's own questions

        def pick(self, number):
            return list(self.model)[number % len(self.model)] if self.model else None

        def children(self, id):
            return [child for child in self.model.values() if child["parent_id"] == id]

        def level(self, id):
            return 0 if id is None else 1 + self.level(self.model[id]["parent_id"])

        def height(self, id):
            return 1 + max((self.height(child["id"]) for child in self.children(id)), default=0)

        def is_below(self, id, top):
            return id is not None and (id == top or self.is_below(self.model[id]["parent_id"], top))

        def nested(self, id=None):
            ordered = sorted(self.children(id), key=lambda child: (child["position"], child["name"], child["id"]))
            return [child | {"children": self.nested(child["id"])} for child in ordered]

        def accept(self, response, id, **members):
            assert response.status_code == 200, response.text
            changed, before = response.json(), self.model[id]
            differs = any(before[member] != value for member, value in members.items())
            assert changed == before | members | {"version": before["version"] + differs,
                                                  "updated_at": changed["updated_at"]}
            assert (changed["updated_at"] > before["updated_at"]) == differs
            self.model[id] = changed

        # what is done

        @initialize(levels=st.integers(0, DEPTH_MAX))
        def begin_with_a_chain(self, levels):
            for made in chain(client, levels) if levels else []:
                self.model[made["id"]] = made

        @rule(parent=st.one_of(st.none(), picks), position=places)
        def create(self, parent, position):
            parent_id = None if parent is None else self.pick(parent)
            body = {"name": unique("Model"), "position": position, "parent_id": parent_id}
            response = client.post(CATEGORIES, json=body)
            if self.level(parent_id) == DEPTH_MAX:
                assert fault_of(response) == ("/parent_id", "too_deep")
            else:
                assert response.status_code == 201, response.text
                made = response.json()
                assert made == made | body
                self.model[made["id"]] = made

        @rule(number=picks, position=places)
        def change(self, number, position):
            if id := self.pick(number):
                name = unique("Renamed")
                slug = name.lower().replace(" ", "-")
                response = client.request("PATCH", f"{CATEGORIES}/{id}",
                                          json={"name": name, "slug": None, "position": position})
                self.accept(response, id, name=name, slug=slug, position=position)

        @rule(number=picks, to=st.one_of(st.none(), picks))
        def move(self, number, to):
            if id := self.pick(number):
                parent_id = None if to is None else self.pick(to)
                response = move(client, {"id": id}, parent_id and {"id": parent_id})
                if self.is_below(parent_id, id):
                    assert fault_of(response) == ("/parent_id", "cycle")
                elif self.level(parent_id) + self.height(id) > DEPTH_MAX:
                    assert fault_of(response) == ("/parent_id", "too_deep")
                else:
                    self.accept(response, id, parent_id=parent_id)

        @rule(number=picks, behind=st.integers(-1, 1))
        def change_on_condition(self, number, behind):
            if id := self.pick(number):
                version = self.model[id]["version"] - behind
                position = self.model[id]["position"] + 1
                response = client.request("PATCH", f"{CATEGORIES}/{id}", json={"position": position},
                                          headers={"If-Match": f'"{version}"'})
                if behind == 0:
                    self.accept(response, id, position=position)
                else:
                    assert_problem(response, 412)

        @rule(number=picks)
        def delete(self, number):
            if id := self.pick(number):
                response = client.request("DELETE", f"{CATEGORIES}/{id}")
                if self.children(id):
                    assert assert_problem(response, 409)["errors"][0]["code"] == "has_children"
                else:
                    assert response.status_code == 204
                    del self.model[id]

        # what is seen

        @rule()
        def read_the_tree(self):
            assert [node for node in tree_of(client) if node["id"] in self.model] == self.nested()

        @rule(number=picks)
        def read_a_part_of_it(self, number):
            if id := self.pick(number):
                assert tree_of(client, {"id": id}) == self.nested(id)
                listed = client.all_of(f"{CATEGORIES}?parent_id={id}&limit=2")
                assert listed == sorted(self.children(id), key=lambda child: child["id"])
                assert client.get(f"{CATEGORIES}/{id}").json() == self.model[id]

        def teardown(self):
            self.read_the_tree()

    run_state_machine_as_test(Tree, settings=STEPS)
