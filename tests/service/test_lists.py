"""Lists: filters, order, and pages that show everything exactly once."""

import threading
import uuid
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from client import CATEGORIES, PRODUCTS, Client, assert_problem, client_of, faults_in, next_page, path_of


@pytest.fixture(scope="module")
def client(stack):
    with client_of(stack) as opened:
        yield opened


@pytest.fixture(scope="module")
def shelf(client):
    """A category of its own with seven products, newest first."""
    home = client.category()["id"]
    products = [client.product(home, price=price) for price in ("1", "2.5", "2.50", "3", "10", "99.9999", "100")]
    return home, products[::-1]


def listing(**parameters):
    return f"{PRODUCTS}?{urlencode(parameters)}"


# --- products -------------------------------------------------------------------------------------------------------


def test_a_list_is_a_bare_array_newest_first(client, shelf):
    home, products = shelf
    response = client.get(listing(category_id=home))
    assert response.status_code == 200
    assert response.headers["Content-Type"].split(";")[0] == "application/json"
    assert response.json() == products
    assert next_page(response) is None


def test_an_acknowledged_product_is_in_the_very_next_list(client):
    home = client.category()["id"]
    for count in range(1, 6):
        newest = client.product(home)
        listed = client.get(listing(category_id=home)).json()
        assert len(listed) == count
        assert listed[0] == newest


def test_a_list_of_nothing_is_an_empty_array(client):
    assert client.get(listing(category_id=client.category()["id"])).text.strip() == "[]"
    assert client.get(listing(category_id=uuid.uuid4())).json() == []


def test_only_active_products_are_listed(client):
    home = client.category()["id"]
    shown = client.product(home)
    hidden = [client.product(home, status=status) for status in ("draft", "archived")]
    assert client.get(listing(category_id=home)).json() == [shown]
    for product in hidden:
        assert client.get(path_of(product)).status_code == 200


def test_a_category_does_not_list_its_children(client):
    parent = client.category()
    child = client.category(parent_id=parent["id"])
    client.product(child["id"])
    assert client.get(listing(category_id=parent["id"])).json() == []


@pytest.mark.parametrize("bounds, expected", [
    ({"min_price": "2.5"}, 6), ({"min_price": "2.5000"}, 6), ({"min_price": "2.5001"}, 4), ({"max_price": "2.5"}, 3),
    ({"max_price": "2.4999"}, 1), ({"min_price": "2", "max_price": "10"}, 4), ({"min_price": "0"}, 7),
    ({"min_price": "0.0", "max_price": "1.0"}, 1), ({"min_price": "99.9999", "max_price": "99.9999"}, 1),
    ({"min_price": "100.0001"}, 0), ({"max_price": "99999999999999.9999"}, 7), ({"max_price": "0"}, 0),
])
def test_prices_are_compared_exactly_and_bounds_are_included(client, shelf, bounds, expected):
    home, products = shelf
    listed = client.get(listing(category_id=home, **bounds)).json()
    assert len(listed) == expected
    assert listed == [product for product in products if product in listed]


def test_filters_apply_without_a_category_too(client):
    price = "77777.1234"
    home = client.category()["id"]
    product = client.product(home, price=price)
    assert product in client.get(listing(min_price=price, max_price=price)).json()


def test_escapes_in_parameters_are_read(client, shelf):
    home, products = shelf
    escaped = "".join(f"%{ord(letter):02x}" for letter in home)
    response = client.raw("GET", f"{PRODUCTS}?category%5fid={escaped}&limit=%33")
    assert response.json() == products[:3]
    assert client.raw("GET", f"{PRODUCTS}?category_id={home.upper()}").json() == products
    assert client.raw("GET", f"{PRODUCTS}?&&category_id={home}&").json() == products


def test_a_page_has_50_unless_asked_otherwise(client, database, stack):
    home = client.category()["id"]
    insert_many(database(stack), home, 501, spread=True)
    assert len(client.get(listing(category_id=home)).json()) == 50
    for limit in (1, 2, 499, 500):
        response = client.get(listing(category_id=home, limit=limit))
        assert len(response.json()) == limit
        assert next_page(response)


@pytest.mark.parametrize("size", [1, 2, 3, 6, 7, 8])
def test_pages_show_everything_once_in_order(client, shelf, size):
    home, products = shelf
    pages = list(client.pages(listing(category_id=home, limit=size)))
    assert [product for page in pages for product in page] == products
    assert all(len(page) == size for page in pages[:-1])
    assert pages[-1], "a link led to an empty page"


def test_a_link_keeps_the_filters(client, shelf):
    home, products = shelf
    response = client.get(listing(category_id=home, min_price="2.5", max_price="99.9999", limit=2))
    query = dict(parse_qsl(urlsplit(next_page(response)).query))
    assert query.pop("cursor")
    assert query == {"category_id": home, "min_price": "2.5", "max_price": "99.9999", "limit": "2"}
    assert client.all_of(response.url) == products[1:6]
    assert urlsplit(next_page(response)).path == PRODUCTS


def test_the_limit_may_change_from_page_to_page(client, shelf):
    home, products = shelf
    cursor = dict(parse_qsl(urlsplit(next_page(client.get(listing(category_id=home, limit=2)))).query))["cursor"]
    assert client.get(listing(category_id=home, limit=4, cursor=cursor)).json() == products[2:6]
    assert client.get(listing(category_id=home, cursor=cursor)).json() == products[2:]


def test_the_id_breaks_ties(client, database, stack):
    home = client.category()["id"]
    insert_many(database(stack), home, 25, spread=False)
    listed = client.all_of(listing(category_id=home, limit=4))
    ids = [product["id"] for product in listed]
    assert len(set(ids)) == 25
    assert ids == sorted(ids, reverse=True)


def test_everything_is_shown_exactly_once_while_rows_are_inserted(client, stack):
    home = client.category()["id"]
    before = [client.product(home)["id"] for _ in range(60)]
    stop, added = threading.Event(), []

    def insert():
        with Client(stack.url) as another:
            while not stop.is_set():
                added.append(another.product(home)["id"])

    threads = [threading.Thread(target=insert) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for size in (1, 7):
            seen = [product["id"] for product in client.all_of(listing(category_id=home, limit=size))]
            assert len(seen) == len(set(seen))
            assert [one for one in seen if one in before] == before[::-1]
            before += [one for one in seen[::-1] if one not in before]
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    everything = [product["id"] for product in client.all_of(listing(category_id=home, limit=500))]
    assert sorted(everything) == sorted(set(before[:60] + added))


def test_head_of_a_list_has_no_body(client, shelf):
    response = client.head(listing(category_id=shelf[0], limit=2))
    assert (response.status_code, response.content) == (200, b"")
    assert next_page(response)


@pytest.mark.parametrize("target", [f"{PRODUCTS}?category_id={{}}", f"{PRODUCTS}/facets?category_id={{}}",
                                    f"{CATEGORIES}?parent_id={{}}"])
def test_a_list_that_has_changed_is_not_the_one_that_if_match_names(client, target):
    home = client.category()["id"]
    client.product(home)
    target = target.format(home)
    tag = client.get(target).headers["ETag"]
    for names in (tag, f'"other", W/{tag}', "*"):
        response = client.get(target, headers={"If-Match": names})
        assert (response.status_code, response.headers["ETag"]) == (200, tag)
    client.product(home)
    client.category(parent_id=home)
    response = client.get(target, headers={"If-Match": tag})
    assert_problem(response, 412, "Precondition failed")
    assert response.headers["ETag"] == client.get(target).headers["ETag"] != tag
    assert faults_in(client.get(target, headers={"If-Match": "no tag"}), "header") == ["If-Match"]


# --- parameters that are refused ------------------------------------------------------------------------------------


@pytest.mark.parametrize("query, named", [
    ("limit=0", ["limit"]), ("limit=501", ["limit"]), ("limit=-1", ["limit"]), ("limit=", ["limit"]),
    ("limit=ten", ["limit"]), ("limit=1.0", ["limit"]), ("limit=1e2", ["limit"]), ("limit=%2B1", ["limit"]),
    ("limit=+1", ["limit"]), ("limit=99999999999999999999", ["limit"]), ("limit", ["limit"]),
    ("min_price=", ["min_price"]), ("min_price=-1", ["min_price"]), ("min_price=1e3", ["min_price"]),
    ("min_price=1.23456", ["min_price"]), ("min_price=abc", ["min_price"]), ("min_price=01", ["min_price"]),
    ("max_price=123456789012345", ["max_price"]), ("max_price=NaN", ["max_price"]), ("max_price=1,5", ["max_price"]),
    ("category_id=", ["category_id"]), ("category_id=tea", ["category_id"]),
    ("cursor=", ["cursor"]), ("cursor=abc", ["cursor"]),
    ("colour=red", ["colour"]), ("Limit=1", ["Limit"]), ("offset=10", ["offset"]), ("page=2", ["page"]),
    ("limit=1&limit=1", ["limit"]), ("limit=1&limit=2", ["limit"]), ("limit=1&%6cimit=2", ["limit"]),
    ("limit=0&min_price=x&max_price=y&category_id=z&colour=red",
     ["category_id", "colour", "limit", "max_price", "min_price"]),
])
def test_a_parameter_that_is_not_understood_is_named(client, query, named):
    response = client.raw("GET", f"{PRODUCTS}?{query}")
    assert faults_in(response, "parameter") == named


@pytest.mark.parametrize("query, named", [
    ("limit=%", "limit"), ("limit=%4", "limit"), ("limit=%zz", "limit"), ("category_id=%ff", "category_id"),
    ("cursor=%00", "cursor"), ("%=1", "%"), ("%c3%28=1", "%c3%28"),
])
def test_a_broken_escape_is_refused(client, stack, query, named):
    problem = assert_problem(client.raw("GET", f"{PRODUCTS}?{query}"), 400)
    # lighttpd refuses some of them itself, and does not say what it disliked.
    if stack.front == "nginx" or "errors" in problem:
        assert [fault["parameter"].lower() for fault in problem["errors"]] == [named]


@pytest.mark.parametrize("target", [f"{PRODUCTS}/{{}}", f"{CATEGORIES}/{{}}"])
def test_parameters_where_there_are_none_are_refused(client, target):
    category = client.category()
    known = category["id"] if target.startswith(CATEGORIES) else client.product(category["id"])["id"]
    assert faults_in(client.get(target.format(known) + "?colour=red"), "parameter") == ["colour"]


def test_a_cursor_belongs_to_its_filters(client, shelf):
    home, _ = shelf
    cursor = dict(parse_qsl(urlsplit(next_page(client.get(listing(category_id=home, limit=2)))).query))["cursor"]
    for other in ({}, {"category_id": client.category()["id"]}, {"category_id": home, "min_price": "1"},
                  {"category_id": home, "max_price": "1"}):
        assert faults_in(client.get(listing(cursor=cursor, **other)), "parameter") == ["cursor"]


def test_a_cursor_of_products_is_none_of_categories(client, shelf):
    cursor = dict(parse_qsl(urlsplit(next_page(client.get(listing(category_id=shelf[0], limit=2)))).query))["cursor"]
    assert faults_in(client.get(f"{CATEGORIES}?cursor={cursor}"), "parameter") == ["cursor"]


def test_very_many_parameters_are_refused(client):
    query = "&".join(f"p{n}=1" for n in range(200))
    assert_problem(client.get(f"{PRODUCTS}?{query}"), 400)


# --- categories -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 2, 5, 6])
def test_children_are_paged_exactly_once(client, size):
    parent = client.category()["id"]
    children = [client.category(parent_id=parent) for _ in range(5)]
    pages = list(client.pages(f"{CATEGORIES}?parent_id={parent}&limit={size}"))
    listed = [category for page in pages for category in page]
    assert sorted(listed, key=lambda one: one["id"]) == sorted(children, key=lambda one: one["id"])
    assert all(len(page) == size for page in pages[:-1]) and pages[-1]


def test_all_categories_are_listed_without_a_parent(client):
    root, ids = client.category(), []
    child = client.category(parent_id=root["id"])
    ids = [category["id"] for category in client.all_of(f"{CATEGORIES}?limit=500")]
    assert len(ids) == len(set(ids))
    assert {root["id"], child["id"]} <= set(ids)


def test_a_parent_without_children_has_an_empty_list(client):
    assert client.get(f"{CATEGORIES}?parent_id={client.category()['id']}").json() == []
    assert client.get(f"{CATEGORIES}?parent_id={uuid.uuid4()}").json() == []


@pytest.mark.parametrize("query, named", [
    ("limit=0", ["limit"]), ("limit=501", ["limit"]), ("parent_id=x", ["parent_id"]), ("parent_id=", ["parent_id"]),
    ("cursor=x", ["cursor"]), ("min_price=1", ["min_price"]), ("limit=1&limit=2", ["limit"]),
    ("limit=x&parent_id=y&z=1", ["limit", "parent_id", "z"]),
])
def test_a_category_parameter_that_is_not_understood_is_named(client, query, named):
    assert faults_in(client.get(f"{CATEGORIES}?{query}"), "parameter") == named


def test_a_cursor_of_categories_belongs_to_its_parent(client):
    parent = client.category()["id"]
    for _ in range(3):
        client.category(parent_id=parent)
    following = next_page(client.get(f"{CATEGORIES}?parent_id={parent}&limit=1"))
    cursor = dict(parse_qsl(urlsplit(following).query))["cursor"]
    assert faults_in(client.get(f"{CATEGORIES}?cursor={cursor}"), "parameter") == ["cursor"]


# --- rows that no client could make ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def database():
    """Opens the database of a stack; closed at the end of the module."""
    opened = []

    def connect(stack):
        opened.append(stack.connect())
        return opened[-1]

    yield connect
    for connection in opened:
        connection.close()


def insert_many(connection, category_id, count, spread):
    """Products all of one instant, or a millisecond apart where spread."""
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO product (id, name, price, currency, category_id, status, attributes, images, created_at)"
            " SELECT gen_random_uuid(), 'Row ' || n, 1, 'USD', %s, 'active', '{}', '[]',"
            " '2026-01-01T00:00:00Z'::timestamptz + n * %s * interval '1 millisecond'"
            " FROM generate_series(1, %s) AS n", (category_id, 1 if spread else 0, count))
