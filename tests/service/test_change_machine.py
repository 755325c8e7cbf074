"""Products against a model: whatever sequence of changes clients send, each answer and each later read is as told.

The model is a dict of products by id; what a rule sends may be valid or not, conditional or not, with a key or without,
and may be sent twice."""

import contextlib
import json
import uuid

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule, run_state_machine_as_test

from changing import by_sku, feed, given, now, query
from client import CATEGORIES, PRODUCTS, Client, assert_problem

MERGE = "application/merge-patch+json"
DEFAULTS = {"sku": None, "description": None, "currency": "USD", "status": "active", "attributes": {}, "images": [],
            "group_key": None}

letters = st.characters(blacklist_categories=("Cc", "Cs", "Zs", "Zl", "Zp"))
names = st.one_of(st.text(letters, min_size=1, max_size=12), st.sampled_from(["x" * 200, "🍵" * 200, "\u202e|\u0301", "\\\"{}'$1"]))
descriptions = st.one_of(st.none(), st.text(st.one_of(letters, st.sampled_from(" \n\t")), max_size=30))
prices = st.one_of(st.sampled_from(["1", "1.0", "1.00", "0.0001", "19.990", "99999999999999.9999"]),
                   st.decimals("0.01", "1000", places=2).map(str))
skus = st.sampled_from(["A", "a", "B", "b.b", "C-1", "c-1", "restore"])
attributes = st.dictionaries(st.sampled_from(["colour", "n", "sizes", "flag"]), st.one_of(
    st.text(letters, max_size=8), st.integers(-5, 5), st.booleans(), st.lists(st.text(letters, max_size=3), max_size=3)),
    max_size=3)
optional = {"description": descriptions, "sku": st.one_of(st.none(), skus), "attributes": attributes,
            "currency": st.sampled_from(["EUR", "USD"]), "status": st.sampled_from(["draft", "active", "archived"]),
            "group_key": st.one_of(st.none(), st.just("G")),
            "images": st.lists(st.sampled_from(["https://example.org/a.jpg", "https://example.org/b.jpg?x=%C3%A9"]), max_size=2)}
bodies = st.fixed_dictionaries({"name": names, "price": prices}, optional=optional)
patches = st.fixed_dictionaries({}, optional={"name": names, "price": prices, **optional})

# What a client knows of the version: nothing, the one that it is, an older one, any, or that there is none.
conditions = st.sampled_from(["none", "none", "current", "weak", "stale", "any", "absent"])


class Products(RuleBasedStateMachine):
    """url and database are set on the class."""

    ids = Bundle("ids")

    def __init__(self):
        super().__init__()
        self.client = Client(self.url)
        self.prefix = uuid.uuid4().hex[:10]
        response = self.client.post(CATEGORIES, json={"name": self.prefix})
        assert response.status_code == 201
        self.category = response.json()["id"]
        self.products = {}  # id: the product as it was answered last
        self.deleted = set()
        self.history = {}  # id: what the feed must tell

    def teardown(self):
        for made in self.history:
            rows = feed(self.database, made)
            assert [(kind, version) for kind, version, _ in rows] == [row[:2] for row in self.history[made]]
            assert [data for _, _, data in rows] == [row[2] for row in self.history[made]]
        self.client.session.close()

    # --- the model ---

    def body(self, members):
        sku = members.get("sku")
        full = {**members, "category_id": self.category}
        return full | ({"sku": f"{self.prefix}-{sku}"} if sku else {})

    def live_with(self, sku):
        return [made for made, product in self.products.items()
                if made not in self.deleted and product["sku"] and product["sku"].lower() == sku.lower()]

    def sku_is_taken(self, sku, own):
        return sku is not None and self.live_with(sku) not in ([], [own])

    def headers(self, condition, made):
        version = self.products[made]["version"] if made in self.products else 1
        return {"none": {}, "current": {"If-Match": f'"{version}"'}, "weak": {"If-Match": f'W/"{version}-gzip"'},
                "stale": {"If-Match": f'"{version + 1}", "{version + 2}"'}, "any": {"If-Match": "*"},
                "absent": {"If-None-Match": "*"}}[condition]

    def expects(self, condition, made):
        """Whether the condition holds."""
        there = made in self.products
        if condition == "absent":
            return not there or made in self.deleted
        return condition == "none" or (there and condition != "stale")

    def send(self, method, target, body, condition, made, keyed, content_type="application/json"):
        headers = self.headers(condition, made) | {"Content-Type": content_type}
        if keyed:
            headers["Idempotency-Key"] = uuid.uuid4().hex
        data = None if body is None else json.dumps(body).encode()
        response = self.client.request(method, target, data=data, headers=headers)
        assert response.status_code < 500, response.text
        if keyed and response.status_code < 300:
            self.replay(method, target, data, headers, response)
        return response

    def replay(self, method, target, data, headers, first):
        again = self.client.request(method, target, data=data, headers=headers)
        assert again.headers["Idempotency-Replayed"] == "true"
        assert (again.status_code, again.text) == (first.status_code, first.text)
        for name in ("ETag", "Location"):
            assert again.headers.get(name) == first.headers.get(name)

    def note(self, response, kind, made, expected, status):
        """The answer is this product, one version on; or as it was, where nothing is new."""
        before = self.products.get(made)
        assert response.status_code == status, response.text
        after = response.json()
        changed = before is None or expected != given(before) or kind == "product.restored"
        assert given(after) == expected
        assert after["version"] == (1 if before is None else before["version"] + changed)
        assert response.headers["ETag"] == f'"{after["version"]}"'
        if before is not None:
            assert after["created_at"] == before["created_at"]
            assert (after["updated_at"] > before["updated_at"]) == changed
        self.products[after["id"]] = after
        if changed:
            self.history.setdefault(after["id"], []).append((kind, after["version"], after))
        return after["id"]

    # --- the rules ---

    @rule(target=ids, members=bodies, keyed=st.booleans())
    def create(self, members, keyed):
        body = self.body(members)
        response = self.send("POST", PRODUCTS, body, "none", None, keyed)
        if self.sku_is_taken(body.get("sku"), None):
            assert_problem(response, 409)
            return multiple()
        return self.note(response, "product.created", None, DEFAULTS | body, 201)

    @rule(target=ids, members=bodies, condition=conditions, keyed=st.booleans())
    def put_new(self, members, condition, keyed):
        made, body = str(uuid.uuid4()), self.body(members)
        response = self.send("PUT", f"{PRODUCTS}/{made}", body, condition, made, keyed)
        if not self.expects(condition, made):
            assert_problem(response, 412)
        elif self.sku_is_taken(body.get("sku"), made):
            assert_problem(response, 409)
        else:
            return self.note(response, "product.created", None, DEFAULTS | body, 201)
        return multiple()

    @rule(made=ids, members=bodies, condition=conditions, keyed=st.booleans())
    def put(self, made, members, condition, keyed):
        body = self.body(members)
        response = self.send("PUT", f"{PRODUCTS}/{made}", body, condition, made, keyed)
        if made in self.deleted:
            assert_problem(response, 410)
        elif not self.expects(condition, made):
            assert assert_problem(response, 412)["current_version"] == self.products[made]["version"]
        elif self.sku_is_taken(body.get("sku"), made):
            assert_problem(response, 409)
        else:
            self.note(response, "product.updated", made, DEFAULTS | body, 200)

    @rule(target=ids, sku=skus, members=bodies, condition=conditions, keyed=st.booleans())
    def put_by_sku(self, sku, members, condition, keyed):
        sku = f"{self.prefix}-{sku}"
        body = {**self.body(members), "sku": sku}
        made = (self.live_with(sku) or [None])[0]
        response = self.send("PUT", by_sku(sku), body, condition, made, keyed)
        if not self.expects(condition, made):
            assert_problem(response, 412)
        elif made is None:
            return self.note(response, "product.created", None, DEFAULTS | body, 201)
        else:
            self.note(response, "product.updated", made, DEFAULTS | body, 200)
        return multiple()

    @rule(made=ids, members=patches, condition=conditions, keyed=st.booleans())
    def patch(self, made, members, condition, keyed):
        body = self.body(members)
        response = self.send("PATCH", f"{PRODUCTS}/{made}", body, condition, made, keyed, MERGE)
        merged = given(self.products[made]) | body
        merged["attributes"] = self.products[made]["attributes"] | body.get("attributes", {})
        if made in self.deleted:
            assert_problem(response, 410)
        elif not self.expects(condition, made):
            assert_problem(response, 412)
        elif self.sku_is_taken(merged["sku"], made):
            assert_problem(response, 409)
        else:
            self.note(response, "product.updated", made, merged, 200)

    @rule(made=ids, condition=conditions, keyed=st.booleans())
    def delete(self, made, condition, keyed):
        response = self.send("DELETE", f"{PRODUCTS}/{made}", None, condition, made, keyed)
        if made in self.deleted:
            assert_problem(response, 410)
        elif not self.expects(condition, made):
            assert_problem(response, 412)
        else:
            assert (response.status_code, response.content) == (204, b"")
            self.deleted.add(made)
            data = feed(self.database, made)[-1][2]
            assert given(data) == given(self.products[made])
            assert data["version"] == self.products[made]["version"] + 1
            self.products[made] = data
            self.history[made].append(("product.deleted", data["version"], data))

    @rule(made=ids, condition=conditions, keyed=st.booleans())
    def restore(self, made, condition, keyed):
        response = self.send("POST", f"{PRODUCTS}/{made}/restore", None, condition, made, keyed)
        product = self.products[made]
        if not self.expects(condition, made):
            assert_problem(response, 412)
        elif made in self.deleted and self.sku_is_taken(product["sku"], made):
            assert_problem(response, 409)
        elif made in self.deleted:
            self.deleted.discard(made)
            self.note(response, "product.restored", made, given(product), 200)
        else:
            self.note(response, "product.updated", made, given(product), 200)

    @rule(made=ids)
    def get(self, made):
        if made in self.deleted:
            assert_problem(self.client.fresh(f"{PRODUCTS}/{made}"), 410)
        else:
            assert now(self.client, self.products[made]) == self.products[made]

    @invariant()
    def the_list_has_the_live_ones(self):
        listed = self.client.get(f"{PRODUCTS}?category_id={self.category}&limit=500").json()
        wanted = [product for made, product in self.products.items()
                  if made not in self.deleted and product["status"] == "active"]
        assert sorted(listed, key=lambda one: one["id"]) == sorted(wanted, key=lambda one: one["id"])


def test_products_are_as_the_model_says(changing_stack):
    with contextlib.closing(changing_stack.connect()) as database:
        database.autocommit = True
        Products.url, Products.database = changing_stack.url, database
        run_state_machine_as_test(Products, settings=settings(
            max_examples=40, stateful_step_count=40, deadline=None, derandomize=True, database=None,
            suppress_health_check=list(HealthCheck)))
        assert query(database, "SELECT count(*) FROM change")[0][0] > 500
