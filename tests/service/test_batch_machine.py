"""Batches against a model: whatever operations are sent together, each is answered, done and fed as the model says."""

import contextlib
import json
import uuid

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from changing import everything, feed, given, query
from client import CATEGORIES, PRODUCTS, Client, assert_problem
from test_change_machine import DEFAULTS, bodies, patches, skus

NOWHERE = "01900000-0000-7000-8000-0000000000ff"
DONE = {"create": 201, "update": 200, "upsert": 200, "delete": 204}

# Which product an operation is about: a number that is taken modulo how many there are; none of them.
places = st.one_of(st.integers(0, 7), st.just(None))
conditions = st.sampled_from(["none", "none", "none", "current", "stale", "any"])
homes = st.sampled_from([True] * 9 + [False])
operations = st.lists(st.one_of(
    st.tuples(st.just("create"), bodies, homes),
    st.tuples(st.just("update"), patches, homes, places, conditions),
    st.tuples(st.just("upsert"), bodies, homes, skus, conditions),
    st.tuples(st.just("delete"), places, conditions)), min_size=1, max_size=8)


class Batches(RuleBasedStateMachine):
    """url and database are set on the class."""

    def __init__(self):
        super().__init__()
        self.client = Client(self.url)
        self.prefix = uuid.uuid4().hex[:10]
        self.category = self.client.post(CATEGORIES, json={"name": self.prefix}).json()["id"]
        self.products = {}  # id: the product as it was answered last
        self.deleted = set()
        self.history = []  # id, type, version, in the order of the feed

    def teardown(self):
        rows = query(self.database, "SELECT id::text, type, version FROM change WHERE id = ANY (%s::uuid[])"
                                    " ORDER BY xid, seq", list(self.products))
        assert rows == self.history
        for made, product in self.products.items():
            assert feed(self.database, made)[-1][2] == product
        self.client.session.close()

    # --- the model ---

    def holders(self):
        return {product["sku"].lower(): made for made, product in self.products.items()
                if made not in self.deleted and product["sku"]}

    def body(self, members, at_home):
        full = {**members, "category_id": self.category if at_home else NOWHERE}
        return full | ({"sku": f"{self.prefix}-{members['sku']}"} if members.get("sku") else {})

    def known(self, place):
        made = sorted(self.products)
        return made[place % len(made)] if made and place is not None else str(uuid.uuid4())

    def build(self, drawn, holders):
        """The operation as it is sent, the id that it is about if there is such a product, and what it wants."""
        kind, *rest = drawn
        if kind == "create":
            body = self.body(*rest)
            return {"op": kind, "product": body}, None, DEFAULTS | body
        if kind == "upsert":
            members, at_home, sku, condition = rest
            sku = f"{self.prefix}-{sku}"
            body = self.body(members, at_home) | {"sku": sku}
            operation, made, wanted = {"op": kind, "sku": sku, "product": body}, holders.get(sku.lower()), DEFAULTS | body
        elif kind == "update":
            members, at_home, place, condition = rest
            body, made = self.body(members, at_home), self.known(place)
            operation, wanted = {"op": kind, "id": made, "patch": body}, None
            if made in self.products:
                wanted = given(self.products[made]) | body
                wanted["attributes"] = self.products[made]["attributes"] | body.get("attributes", {})
        else:
            place, condition = rest
            made = self.known(place)
            operation, wanted = {"op": kind, "id": made}, None
        version = self.products[made]["version"] if made in self.products else 1
        tags = {"none": {}, "current": {"if_match": f'"{version}"'}, "stale": {"if_match": str(version + 1)},
                "any": {"if_match": "*"}}
        return operation | tags[condition], made if made in self.products else None, wanted

    def judge(self, operation, made, wanted, touched, claims):
        """The status, and whether something changes."""
        kind = operation["op"]
        about = made or (operation["sku"].lower() if kind == "upsert" else None)
        if about in touched:
            return 400, False
        if about is not None:
            touched.add(about)
        if made is None and kind in ("update", "delete"):
            return 404, False
        if made in self.deleted:
            return 410, False
        tag = operation.get("if_match", "*")
        if "if_match" in operation and (made is None or tag not in ("*", f'"{self.products[made]["version"]}"')):
            return 412, False
        if kind == "delete":
            return 204, True
        if made is not None and wanted == given(self.products[made]):
            return 200, False
        if wanted["category_id"] == NOWHERE:
            return 400, False
        if wanted["sku"] is not None:
            owner = made or object()
            if claims.setdefault(wanted["sku"].lower(), owner) != owner:
                return 409, False
        return 201 if made is None else 200, True

    def note(self, one, operation, made, wanted, changes):
        if one["status"] == 204:
            product = feed(self.database, made)[-1][2]
            assert given(product) == given(self.products[made])
            self.deleted.add(made)
            kind = "product.deleted"
        else:
            product = one["product"]
            assert given(product) == wanted
            kind = "product.created" if made is None else "product.updated"
        before = self.products.get(made)
        assert product["version"] == (1 if before is None else before["version"] + changes)
        if before is not None:
            assert product["id"] == made and product["created_at"] == before["created_at"]
            assert (product["updated_at"] > before["updated_at"]) == changes
        self.products[product["id"]] = product
        if changes:
            self.history.append((product["id"], kind, product["version"]))

    # --- the rules ---

    @rule(drawn=operations, atomic=st.booleans(), keyed=st.booleans(), dry=st.sampled_from([False, False, False, True]))
    def batch(self, drawn, atomic, keyed, dry):
        holders = self.holders()
        built = [self.build(one, holders) for one in drawn]
        touched, claims = set(), dict(holders)
        verdicts = [self.judge(*one, touched, claims) for one in built]
        headers = {"Content-Type": "application/json"} | ({"Idempotency-Key": uuid.uuid4().hex} if keyed else {})
        target = f"{PRODUCTS}/batch?atomic={json.dumps(atomic)}&dry_run={json.dumps(dry)}"
        data = json.dumps([operation for operation, _, _ in built]).encode()
        before = everything(self.database) if dry or atomic else None
        response = self.client.post(target, data=data, headers=headers)
        bad = [number for number, (status, _) in enumerate(verdicts) if status >= 400]
        if atomic and bad:
            problem = assert_problem(response, 400)
            assert sorted({int(fault["pointer"].split("/")[1]) for fault in problem["errors"]}) == bad
            assert everything(self.database) == before
            return
        assert response.status_code == 200, response.text
        answer = response.json()
        assert [one["status"] for one in answer] == [status for status, _ in verdicts], (built, answer)
        if dry:
            assert everything(self.database) == before
            return
        for one, (operation, made, wanted), (status, changes) in zip(answer, built, verdicts):
            if status < 300:
                self.note(one, operation, made, wanted, changes)
        if keyed:
            before = everything(self.database)
            again = self.client.post(target, data=data, headers=headers)
            assert again.headers["Idempotency-Replayed"] == "true"
            assert (again.status_code, again.text) == (200, response.text)
            assert everything(self.database) == before

    @rule(place=st.integers(0, 7))
    def restore(self, place):
        made = self.known(place)
        if made not in self.deleted:
            return
        response = self.client.post(f"{PRODUCTS}/{made}/restore")
        sku = self.products[made]["sku"]
        if sku and sku.lower() in self.holders():
            assert_problem(response, 409)
            return
        assert response.status_code == 200
        self.products[made] = response.json()
        self.deleted.discard(made)
        self.history.append((made, "product.restored", response.json()["version"]))

    @invariant()
    def the_list_has_the_live_ones(self):
        listed = self.client.get(f"{PRODUCTS}?category_id={self.category}&status=draft,active,archived&limit=500").json()
        wanted = [product for made, product in self.products.items() if made not in self.deleted]
        assert sorted(listed, key=lambda one: one["id"]) == sorted(wanted, key=lambda one: one["id"])


def test_batches_are_as_the_model_says(changing_stack):
    with contextlib.closing(changing_stack.connect()) as database:
        database.autocommit = True
        Batches.url, Batches.database = changing_stack.url, database
        run_state_machine_as_test(Batches, settings=settings(
            max_examples=50, stateful_step_count=20, deadline=None, derandomize=True, database=None,
            suppress_health_check=list(HealthCheck)))
        assert query(database, "SELECT count(*) FROM change")[0][0] > 250
