"""Lists that are kept: the second of two comes from the worker's memory, and after a write none is as it was before."""

import contextlib

import pytest

from client import CATEGORIES, PRODUCTS, Client, path_of, unique
from oracle import asked

VOLATILE = {"server-timing", "x-request-id", "date", "connection"}


@pytest.fixture(scope="module")
def own(fresh_stack):
    """One worker, so that who has asked once is answered by the same again."""
    stack = fresh_stack(WORKERS=1)
    yield stack
    stack.close()


@pytest.fixture
def client(own):
    with Client(own.url) as opened:
        yield opened


@pytest.fixture
def home(client):
    return client.category()


def answer_of(response):
    assert response.status_code == 200, response.text
    return response.content, {name.lower(): value for name, value in response.headers.items()
                              if name.lower() not in VOLATILE}


def was_kept(response):
    assert response.status_code == 200, response.text
    return not asked(response.headers["Server-Timing"])


def lists_of(category):
    """Each kind of answer that is kept, and that a product or a change of this category is in."""
    home = f"category_id={category['id']}"
    return [
        (f"{PRODUCTS}?{home}", {}),
        (f"{PRODUCTS}?{home}&limit=1&sort=name", {}),
        (f"{PRODUCTS}?{home}&fields=id,name&expand=category", {}),
        (f"{PRODUCTS}?{home}&category_scope=subtree&expand=category", {"Prefer": "count=exact"}),
        (f"{PRODUCTS}?{home}&status=draft,active,archived", {"Prefer": "count=exact"}),
        (f"{PRODUCTS}?limit=3&sort=-updated_at", {}),
        (f"{PRODUCTS}?q=keptword", {}),
        (f"{PRODUCTS}/facets?{home}", {}),
        (f"{PRODUCTS}/facets?{home}&category_scope=subtree", {}),
        (f"{CATEGORIES}?limit=500", {}),
        (f"{CATEGORIES}?tree=true", {}),
    ]


def assert_current(client, category):
    """All that is kept, or made now, is as it is in the database."""
    for target, headers in lists_of(category):
        found = client.get(target, headers=headers)
        made = client.get(target, headers={**headers, "Cache-Control": "no-cache"})
        assert answer_of(found) == answer_of(made), target
        assert not was_kept(made), target


def keep(client, category):
    """Has all of them kept, and sees that they are."""
    for target, headers in lists_of(category):
        before = client.get(target, headers=headers)
        after = client.get(target, headers=headers)
        assert was_kept(after), target
        assert answer_of(before) == answer_of(after), target


# --- what is kept ---------------------------------------------------------------------------------------------------


def test_the_second_of_two_is_kept_with_its_headers(client, home):
    products = [client.product(home["id"], name="keptword") for _ in range(3)]
    keep(client, home)
    page = client.get(f"{PRODUCTS}?category_id={home['id']}&limit=1&sort=name")
    assert was_kept(page) and 'rel="next"' in page.headers["Link"]
    counted = client.get(f"{PRODUCTS}?category_id={home['id']}&category_scope=subtree&expand=category",
                         headers={"Prefer": "count=exact"})
    assert was_kept(counted)
    assert counted.headers["X-Total-Count"] == str(len(products))
    assert counted.headers["Preference-Applied"] == "count=exact"


def test_a_head_is_answered_from_what_a_get_left(client, home):
    target = f"{PRODUCTS}?category_id={home['id']}"
    client.product(home["id"])
    body, headers = answer_of(client.get(target))
    head = client.head(target)
    assert was_kept(head)
    assert answer_of(head) == (b"", headers)
    assert answer_of(client.get(target)) == (body, headers)


def test_what_is_asked_otherwise_is_another_answer(client, home):
    client.product(home["id"])
    target = f"{PRODUCTS}?category_id={home['id']}"
    client.get(target)
    assert "X-Total-Count" not in client.get(target).headers
    assert client.get(target, headers={"Prefer": "count=exact"}).headers["X-Total-Count"] == "1"
    assert "X-Total-Count" not in client.get(target).headers
    assert client.get(f"{PRODUCTS}/facets?category_id={home['id']}").json() != client.get(target).json()


@pytest.mark.parametrize("target", ["limit=5&bogus=1", "category_id=none", "sort=sku"])
def test_a_fault_is_not_kept(client, target):
    for _ in range(2):
        assert client.get(f"{PRODUCTS}?{target}").status_code == 400


def test_what_changes_without_a_write_of_a_product_is_not_kept(client, home):
    client.product(home["id"], name="hammerhead")
    target = f"{PRODUCTS}?category_id={home['id']}"
    for asked_for, headers in ((target, {"Prefer": "count=estimated"}), (f"{PRODUCTS}?q=qqqqqqqq", {}),
                               (f"{PRODUCTS}/facets?q=qqqqqqqq", {})):
        for _ in range(3):
            assert not was_kept(client.get(asked_for, headers=headers)), asked_for


def test_a_list_is_kept_while_others_change(client, home):
    other = client.category()
    client.product(home["id"])
    target = f"{PRODUCTS}?category_id={home['id']}"
    client.get(target)
    product = client.product(other["id"])
    assert was_kept(client.get(target))
    client.patch(path_of(product), json={"name": unique()})
    assert was_kept(client.get(target))
    client.patch(path_of(product), json={"category_id": home["id"]})
    assert not was_kept(client.get(target))


# --- after a write --------------------------------------------------------------------------------------------------


def rename_category(client, category, _):
    return client.patch(f"{CATEGORIES}/{category['id']}", json={"name": unique("Renamed")})


def nest_category(client, category, _):
    return client.post(CATEGORIES, json={"name": unique(), "parent_id": category["id"]})


def move_category(client, category, _):
    return client.patch(f"{CATEGORIES}/{category['id']}", json={"parent_id": client.category()["id"]})


def take_in_a_category(client, category, _):
    """With a product that so comes to be in the subtree."""
    other = client.category()
    client.product(other["id"], name="keptword")
    keep(client, category)
    return client.patch(f"{CATEGORIES}/{other['id']}", json={"parent_id": category["id"]})


def delete_category(client, category, _):
    other = client.category()
    keep(client, category)
    return client.delete(f"{CATEGORIES}/{other['id']}")


WRITES = {
    "create": lambda client, category, _: client.post(PRODUCTS, json=client.draft(category["id"], name="keptword")),
    "put": lambda client, category, product: client.put(path_of(product), json=client.draft(category["id"])),
    "rename": lambda client, _, product: client.patch(path_of(product), json={"name": "keptword again"}),
    "price": lambda client, _, product: client.patch(path_of(product), json={"price": "7.25"}),
    "status": lambda client, _, product: client.patch(path_of(product), json={"status": "draft"}),
    "move": lambda client, _, product: client.patch(path_of(product), json={"category_id": client.category()["id"]}),
    "delete": lambda client, _, product: client.delete(path_of(product)),
    "upsert": lambda client, category, _: client.put(f"{PRODUCTS}/by-sku/{unique('K').replace(' ', '-')}",
                                                     json=client.draft(category["id"])),
    "batch": lambda client, category, product: client.post(
        f"{PRODUCTS}/batch", json=[{"op": "create", "product": client.draft(category["id"])},
                                   {"op": "delete", "id": product["id"]}]),
    "rename category": rename_category,
    "nest category": nest_category,
    "move category": move_category,
    "take in a category": take_in_a_category,
    "delete category": delete_category,
}


@pytest.mark.parametrize("write", WRITES)
def test_after_a_write_every_list_is_as_it_is_in_the_database(client, home, write):
    product, _ = [client.product(home["id"], name="keptword") for _ in range(2)]
    keep(client, home)
    assert WRITES[write](client, home, product).status_code < 300
    assert_current(client, home)


def test_a_restored_product_is_in_the_lists_again(client, home):
    product, _ = [client.product(home["id"], name="keptword") for _ in range(2)]
    client.delete(path_of(product))
    keep(client, home)
    assert client.post(f"{path_of(product)}/restore").status_code == 200
    assert_current(client, home)


def test_what_changes_nothing_ends_nothing(client, home):
    product = client.product(home["id"], name="keptword")
    keep(client, home)
    assert client.patch(f"{path_of(product)}?dry_run=true", json={"name": "other"}).status_code == 200
    assert client.patch(path_of(product), json={"name": product["name"]}).status_code == 200
    assert client.patch(f"{CATEGORIES}/{home['id']}?dry_run=true", json={"name": "other"}).status_code == 200
    assert was_kept(client.get(lists_of(home)[0][0]))


# --- where nothing is kept ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("settings", [{"WARES_HOSTS": "many"}, {"WARES_L1": "0"}], ids=["many hosts", "no memory"])
def test_lists_are_not_kept(fresh_stack, settings):
    """Of writes on other hosts a worker would not know."""
    with contextlib.closing(fresh_stack(WORKERS=1, **settings)) as stack, Client(stack.url) as client:
        home = client.category()
        client.product(home["id"], name="keptword")
        for target, headers in lists_of(home):
            for _ in range(3):
                assert not was_kept(client.get(target, headers=headers)), target
