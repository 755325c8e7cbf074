"""Lists against a model: whatever is made, changed and deleted, every list in every order shows just what it should, from
both ends, page by page; and while others write, what was there before is shown exactly once."""

import random
import threading
import unicodedata
import uuid
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from urllib.parse import urlencode, urljoin

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from client import PRODUCTS, Client, client_of, next_page, unique

STATUSES = ("draft", "active", "archived")
SORTS = ("created_at", "updated_at", "price", "name")
NAMES = ("Apple", "apple", "Äpfel", "apple pie", "Zebra", "ÉCLAIR", "éclair 2", "1 cup", "жар", "~")
PRICES = ("0.0001", "1", "1.00", "2.5", "10", "99999999999999.9999")
START = datetime(2026, 1, 1, tzinfo=timezone.utc)


@pytest.fixture(scope="module")
def stack(fresh_stack):
    """One whose lists are not kept: products are made and changed behind the service's back."""
    opened = fresh_stack(WARES_L1=0)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def client(stack):
    with client_of(stack) as opened:
        yield opened


def listing(**parameters):
    return f"{PRODUCTS}?{urlencode(parameters)}"


def time_text(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def name_order(name):
    """As the service orders names: without letter case and accents, by code point."""
    decomposed = unicodedata.normalize("NFKD", name)
    return "".join(c for c in decomposed if not "\u0300" <= c <= "\u036f").lower().encode()


def sort_key(product, sort):
    if sort == "name":
        return name_order(product["name"])
    return Decimal(product["price"]) if sort == "price" else product[sort]


def found_by(name, words):
    """As the service finds words in a name: the last one may go on."""
    held = name_order(name).decode().split()
    if words.startswith("-"):
        return words[1:] not in held
    *whole, last = words.split()
    return all(word in held for word in whole) and any(word.startswith(last) for word in held)


def previous_page(response):
    link = response.links.get("prev")
    return urljoin(response.url, link["url"]) if link else None


class Shelf:
    """What the tests do to products behind the back of the lists: with SQL, as fast as a test wants it."""

    def __init__(self, stack):
        self.connection = stack.connect()
        self.connection.autocommit = True

    def close(self):
        self.connection.close()

    def run(self, sql, values):
        with self.connection.cursor() as cursor:
            cursor.execute(sql, values)

    def insert(self, product):
        self.run("INSERT INTO product (id, sku, name, price, currency, category_id, status, attributes, images, group_key,"
                 " created_at, updated_at) VALUES (%(id)s, %(sku)s, %(name)s, %(price)s, %(currency)s, %(category_id)s,"
                 " %(status)s, jsonb_build_object('colour', %(colour)s, 'size', %(size)s, 'tags', %(tags)s), '[]',"
                 " %(group_key)s, %(created_at)s, %(updated_at)s)", product)

    def change(self, product):
        self.run("UPDATE product SET name = %(name)s, price = %(price)s, status = %(status)s, group_key = %(group_key)s,"
                 " category_id = %(category_id)s, updated_at = %(updated_at)s, version = version + 1 WHERE id = %(id)s",
                 product)

    def delete(self, product):
        self.run("UPDATE product SET deleted_at = now(), version = version + 1 WHERE id = %(id)s", product)


class ListMachine(RuleBasedStateMachine):
    """The model is a list of dictionaries; every list stays within a tree of categories that is the run's own."""

    client: Client
    shelf: Shelf

    @initialize()
    def start(self):
        self.root = self.client.category()["id"]
        self.child = self.client.category(parent_id=self.root)["id"]
        self.leaf = self.client.category(parent_id=self.child)["id"]
        self.run = uuid.uuid4().hex[:12]
        self.products = []
        self.ticks = 0

    def moment(self, step):
        """Often the same instant again: ties are broken by the id."""
        self.ticks += step
        return START + timedelta(seconds=self.ticks)

    # --- what happens ---

    @rule(name=st.sampled_from(NAMES), price=st.sampled_from(PRICES), status=st.sampled_from(STATUSES),
          where=st.integers(0, 2), step=st.integers(0, 1), colour=st.sampled_from(("red", "green", "5")),
          size=st.integers(4, 6), group=st.sampled_from((None, "a", "b")), copies=st.integers(1, 6))
    def insert(self, name, price, status, where, step, colour, size, group, copies):
        for number in range(copies):
            moment = self.moment(step)
            product = {
                "id": str(uuid.uuid4()), "sku": f"S{uuid.uuid4().hex}", "price": price, "currency": "EUR",
                "name": NAMES[(NAMES.index(name) + 3 * number) % len(NAMES)],
                "category_id": (self.root, self.child, self.leaf)[where], "status": status, "colour": colour, "size": size,
                "tags": [colour, "x"], "group_key": group and f"{group}-{self.run}", "created_at": moment,
                "updated_at": moment,
            }
            self.shelf.insert(product)
            self.products.append(product)

    @rule(data=st.data(), name=st.sampled_from(NAMES), price=st.sampled_from(PRICES), status=st.sampled_from(STATUSES))
    def change(self, data, name, price, status):
        if self.products:
            product = data.draw(st.sampled_from(self.products))
            product.update(name=name, price=price, status=status, updated_at=self.moment(1))
            self.shelf.change(product)

    @rule(data=st.data())
    def delete(self, data):
        if self.products:
            product = data.draw(st.sampled_from(self.products))
            self.products.remove(product)
            self.shelf.delete(product)

    # --- what is asked ---

    @rule(data=st.data(), sort=st.sampled_from(SORTS), descending=st.booleans(), limit=st.integers(1, 9))
    def lists(self, data, sort, descending, limit):
        filters = data.draw(st.sets(st.sampled_from(sorted(self.filters())), max_size=3))
        parameters, wanted = {"category_id": self.root, "category_scope": "subtree"}, list(self.products)
        for name in filters:
            asked, keeps = self.filters()[name]
            value = data.draw(asked)
            parameters.update(value)
            wanted = [product for product in wanted if keeps(product, value)]
        if "status" not in filters:
            wanted = [product for product in wanted if product["status"] == "active"]
        wanted.sort(key=lambda product: (sort_key(product, sort), uuid.UUID(product["id"]).bytes), reverse=descending)
        parameters.update(sort=("-" if descending else "") + sort, limit=limit)
        self.walk(listing(**parameters), [product["id"] for product in wanted], limit)

    def filters(self):
        """Of each filter: its parameters, and whether they keep a product."""
        instant = st.integers(0, max(self.ticks, 1)).map(lambda ticks: START + timedelta(seconds=ticks))
        return {
            "category": (st.sampled_from((self.root, self.child, self.leaf)).map(
                lambda id: {"category_id": id, "category_scope": "exact"}),
                lambda product, value: product["category_id"] == value["category_id"]),
            "status": (st.sets(st.sampled_from(STATUSES), min_size=1).map(lambda some: {"status": ",".join(sorted(some))}),
                       lambda product, value: product["status"] in value["status"].split(",")),
            "min_price": (st.sampled_from(PRICES).map(lambda price: {"min_price": price}),
                          lambda product, value: Decimal(product["price"]) >= Decimal(value["min_price"])),
            "max_price": (st.just({"max_price": "99999999999999.9999"}), lambda product, value: True),
            "currency": (st.sampled_from(("EUR", "USD")).map(lambda currency: {"currency": currency}),
                         lambda product, value: product["currency"] == value["currency"]),
            "sku": (st.sampled_from([product["sku"] for product in self.products] or ["none"]).map(
                lambda sku: {"sku": sku.lower()}), lambda product, value: product["sku"].lower() == value["sku"]),
            "group_key": (st.sampled_from("ab").map(lambda group: {"group_key": f"{group}-{self.run}"}),
                          lambda product, value: product["group_key"] == value["group_key"]),
            "ids": (st.sets(st.sampled_from([product["id"] for product in self.products] or [str(uuid.uuid4())]),
                            min_size=1).map(lambda ids: {"ids": ",".join(sorted(ids))}),
                    lambda product, value: product["id"] in value["ids"]),
            "q": (st.sampled_from(("apple", "appl", "-apple", "pie apple", "eclair")).map(lambda words: {"q": words}),
                  lambda product, value: found_by(product["name"], value["q"])),
            "colour": (st.sampled_from(("red", "5", "blue")).map(lambda colour: {"attr.colour": colour}),
                       lambda product, value: product["colour"] == value["attr.colour"]),
            "size": (st.sampled_from(("4", "5.0", "x")).map(lambda size: {"attr.size": size}),
                     lambda product, value: str(product["size"]) == value["attr.size"].removesuffix(".0")),
            "tags": (st.sampled_from(("green", "x", "y")).map(lambda tag: {"attr.tags": tag}),
                     lambda product, value: value["attr.tags"] in product["tags"]),
            "created_after": (instant.map(lambda at: {"created_after": time_text(at)}),
                              lambda product, value: time_text(product["created_at"]) > value["created_after"]),
            "created_before": (instant.map(lambda at: {"created_before": time_text(at + timedelta(days=1))}),
                               lambda product, value: time_text(product["created_at"]) < value["created_before"]),
            "updated_after": (instant.map(lambda at: {"updated_after": time_text(at)}),
                              lambda product, value: time_text(product["updated_at"]) > value["updated_after"]),
        }

    def walk(self, target, wanted, limit):
        """To the end of the list and back."""
        pages = [self.client.get(target)]
        while following := next_page(pages[-1]):
            pages.append(self.client.get(following))
        shown = [[product["id"] for product in page.json()] for page in pages]
        assert [id for page in shown for id in page] == wanted, target
        assert all(len(page) == limit for page in shown[:-1]) and (shown[-1] or not wanted)
        assert previous_page(pages[0]) is None
        back, response = [], pages[-1]
        while leading := previous_page(response):
            response = self.client.get(leading)
            assert response.status_code == 200, response.text
            page = [product["id"] for product in response.json()]
            assert next_page(response)
            back = page + back
        assert back == [id for page in shown[:-1] for id in page], target

    @invariant()
    def a_list_shows_the_products_whole(self):
        if getattr(self, "products", None):
            response = self.client.get(listing(category_id=self.root, category_scope="subtree", status="draft,active,archived",
                                               limit=500))
            assert {product["id"] for product in response.json()} == {product["id"] for product in self.products}


def test_lists_agree_with_a_model(client, stack):
    shelf = Shelf(stack)
    machine = type("Machine", (ListMachine,), {"client": client, "shelf": shelf})
    try:
        run_state_machine_as_test(machine, settings=settings(
            max_examples=25, stateful_step_count=30, deadline=None, derandomize=True, database=None,
            suppress_health_check=list(HealthCheck)))
    finally:
        shelf.close()


# --- pages that are cut short ---


def test_pages_without_products_lead_on_both_ways(client, stack):
    """Half of 45,000 products have the currency, the other half was changed, and three are both: more than are sorted, and
    one request looks at 20,000."""
    home = client.category()["id"]
    with stack.connect() as connection, connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO product (id, name, price, currency, category_id, status, attributes, images, created_at,"
            " updated_at) SELECT gen_random_uuid(), 'Row ' || n, n, CASE WHEN n %% 2 = 1 OR n = 45000 THEN 'CHF' ELSE 'EUR'"
            " END, %s, 'active', '{}', '[]', %s::timestamptz + n * interval '1 second', %s::timestamptz + CASE WHEN n %% 2 ="
            " 0 OR n IN (1, 20001) THEN interval '1 year' ELSE '0' END FROM generate_series(1, 45000) AS n",
            (home, START, START))
    connection.close()
    for sort, wanted in (("created_at", ["1", "20001", "45000"]), ("-price", ["45000", "20001", "1"])):
        pages = [client.get(listing(category_id=home, currency="CHF", updated_after=time_text(START + timedelta(days=1)),
                                    sort=sort, limit=2))]
        while following := next_page(pages[-1]):
            pages.append(client.get(following))
        shown = [[product["price"] for product in page.json()] for page in pages]
        assert [price for page in shown for price in page] == wanted
        assert len(pages) > 2
        # Wherever one turns round, nothing is lost or shown again.
        back = pages[-1:]
        while leading := previous_page(back[-1]):
            back.append(client.get(leading))
        for page in pages + back:
            assert prices_to(client, page, previous_page)[::-1] + prices_of(page) + prices_to(client, page, next_page) == wanted


def prices_of(page):
    return [product["price"] for product in page.json()]


def prices_to(client, page, following):
    """Of all that lies beyond a page in one direction, the nearest first."""
    prices = []
    while target := following(page):
        page = client.get(target)
        prices += prices_of(page)[::-1 if following is previous_page else 1]
    return prices


# --- while others write ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sort", ["created_at", "-created_at", "price", "-name"])
@pytest.mark.parametrize("filters", [{}, {"currency": "USD"}, {"category_scope": "subtree"}])
def test_what_was_there_is_shown_exactly_once_while_others_write(client, stack, sort, filters):
    home = client.category()["id"]
    leaf = client.category(parent_id=home)["id"]
    where = leaf if "category_scope" in filters else home
    before = {client.product(where, name=unique(name), price=price, currency="USD")["id"]
              for name in ("b", "Y", "ö") for price in ("1", "5", "9", "3.3", "7")}
    stop = threading.Event()

    def disturb(seed):
        """Makes, changes and deletes products around those that are watched, all over the order."""
        shelf, chance, made = Shelf(stack), random.Random(seed), []
        while not stop.is_set():
            moment = START + timedelta(days=chance.randrange(700))
            product = {"id": str(uuid.uuid4()), "sku": None, "name": chance.choice("acöz"), "price": str(chance.randint(1, 9)),
                       "currency": "USD", "category_id": chance.choice((where, home)), "status": "active",
                       "colour": "red", "size": 1, "tags": [], "group_key": None, "created_at": moment, "updated_at": moment}
            shelf.insert(product)
            made.append(product)
            changed = chance.choice(made)
            changed.update(price=str(chance.randint(1, 9)), name=chance.choice("acöz"))
            shelf.change(changed)
            if len(made) > 30:
                shelf.delete(made.pop(chance.randrange(len(made))))
        shelf.close()

    threads = [threading.Thread(target=disturb, args=(seed,)) for seed in range(2)]
    for thread in threads:
        thread.start()
    try:
        for limit in (1, 4, 20):
            response = client.get(listing(category_id=home, sort=sort, limit=limit, **filters))
            pages = [response]
            while following := next_page(pages[-1]):
                pages.append(client.get(following))
            shown = [product["id"] for page in pages for product in page.json() if product["id"] in before]
            assert sorted(shown) == sorted(before)
            back, response = [], pages[-1]
            last = [product["id"] for product in response.json() if product["id"] in before]
            while leading := previous_page(response):
                response = client.get(leading)
                back += [product["id"] for product in response.json() if product["id"] in before]
            assert sorted(back + last) == sorted(before)
    finally:
        stop.set()
        for thread in threads:
            thread.join()


# --- counts, parts --------------------------------------------------------------------------------------------------


def test_a_count_comes_with_the_page(client):
    home = client.category()["id"]
    for number in range(5):
        client.product(home, status="active" if number else "draft")
    for preference, page in (("count=exact", {"limit": 2}), ("count=exact", {}), ("count=estimated", {})):
        response = client.get(listing(category_id=home, **page), headers={"Prefer": preference})
        assert response.headers["X-Total-Count"] == "4"
        assert response.headers["Preference-Applied"] == preference
    following = client.get(next_page(client.get(listing(category_id=home, limit=2))), headers={"Prefer": "count=exact"})
    assert following.headers["X-Total-Count"] == "4"
    estimated = client.get(listing(category_id=home, limit=2), headers={"Prefer": "count=estimated"})
    assert int(estimated.headers["X-Total-Count"]) >= 2
    plain = client.get(listing(category_id=home))
    assert "X-Total-Count" not in plain.headers and "Preference-Applied" not in plain.headers


def test_only_what_was_asked_for_is_shown(client):
    home = client.category()
    product = client.product(home["id"], attributes={"a": ["}", "\"x\""]}, description="a,\nb")
    path = f"{PRODUCTS}/{product['id']}"
    for fields in ("id", "name,price", "attributes,description,version", ",".join(product)):
        names = fields.split(",")
        part = {name: product[name] for name in product if name in names}
        for response in (client.get(path, params={"fields": fields}), client.fresh(f"{path}?fields={fields}")):
            assert response.json() == part
            assert list(response.json()) == list(part)
        assert client.get(listing(category_id=home["id"], fields=fields)).json() == [part]
    with_category = {**product, "category": home}
    assert client.get(f"{path}?expand=category").json() == with_category
    assert client.get(listing(category_id=home["id"], expand="category")).json() == [with_category]
    assert client.get(listing(category_id=home["id"], expand="category", fields="id")).json() == [
        {"id": product["id"], "category": home}]


def test_each_part_has_a_tag_of_its_own(client):
    path = f"{PRODUCTS}/{client.product()['id']}"
    variants = ["", "?fields=id", "?fields=id,name", "?expand=category", "?fields=id&expand=category"]
    tags = {variant: client.get(path + variant).headers["ETag"] for variant in variants}
    assert len(set(tags.values())) == len(variants)
    for variant in variants:
        for other in variants:
            response = client.get(path + variant, headers={"If-None-Match": tags[other]})
            assert response.status_code == (304 if variant == other else 200)
