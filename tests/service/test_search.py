"""Search and facets over HTTP: whatever is typed is answered, what has the words is found, and nothing else is."""

import threading
import time
import unicodedata
import uuid
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from client import PRODUCTS, assert_nothing_leaks, client_of, faults_in, next_page, unique

EXAMPLES = settings(max_examples=60, deadline=None, derandomize=True, database=None,
                    suppress_health_check=[HealthCheck.too_slow])
FACETS = f"{PRODUCTS}/facets"

# Letters of several scripts, with and without accents; none that become several words or none.
LETTERS = "abcdeghjkmnopqruvwxyzABCEGÄÖÜäöüßéèçñåøŁłαβγδεήώΑΒΓбвгдёйжЖЩ漢字かなحبם१२3579"
word = st.text(alphabet=LETTERS, min_size=3, max_size=12)
typed = st.one_of(
    st.text(max_size=60),
    st.text(alphabet="ab \"-&|!:*()<>'\\%_,;.€→“”é\u0301\u200b\t", max_size=60),
    st.lists(st.sampled_from(["tea", "-tea", '"green tea"', '-"x y"', "a:*", "<->", "!", "&", "x'y", "\\", "\"", "-"]),
             max_size=20).map(" ".join),
)


@pytest.fixture(scope="module")
def client(nginx_stack):
    with client_of(nginx_stack) as opened:
        yield opened


@pytest.fixture(scope="module")
def shelf(client):
    """A category of its own, so that what other tests make is not in the way."""
    return client.category()["id"]


def search(client, text, **parameters):
    """The answer to a search."""
    query = "&".join(f"{name}={quote(str(value), safe='')}" for name, value in {"q": text, **parameters}.items())
    return client.get(f"{PRODUCTS}?{query}")


def names(client, text, **parameters):
    """The names of all that is found, from all pages."""
    response = search(client, text, **parameters)
    found = []
    while True:
        assert response.status_code == 200, response.text
        found += [product["name"] for product in response.json()]
        following = next_page(response)
        if following is None:
            return found
        response = client.get(following)


def plain(text):
    """Without accents and in lower case, as Unicode has it: what two words that are the same have in common."""
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c)).casefold()


@EXAMPLES
@given(text=typed, sort=st.sampled_from([None, "relevance", "price", "-name"]))
def test_whatever_is_typed_is_answered(client, text, sort):
    for target in (PRODUCTS, FACETS):
        query = f"q={quote(text, safe='')}" + (f"&sort={sort}" if sort and target == PRODUCTS else "")
        response = client.get(f"{target}?{query}")
        if response.status_code == 400:
            # NUL and lone surrogates do not get as far as the search.
            assert faults_in(response, "parameter") == ["q"]
        else:
            assert response.status_code == 200, response.text
        assert_nothing_leaks(response.text)


@EXAMPLES
@given(words=st.lists(word, min_size=1, max_size=4, unique_by=plain), data=st.data())
def test_a_product_is_found_by_its_words(client, shelf, words, data):
    tag = f"x{uuid.uuid4().hex[:10]}"
    name = " ".join(words)
    client.product(shelf, name=f"{name} {tag}", description=data.draw(st.sampled_from([None, "Fine.", name])))
    for given_word in words:
        for form in (given_word, given_word.upper(), given_word.lower(), unicodedata.normalize("NFD", given_word)):
            assert names(client, f"{form} {tag}") == [f"{name} {tag}"], form
        # As long as it is the last one, a part of it will do.
        assert names(client, f"{tag} {given_word[:-1]}") == [f"{name} {tag}"]
        assert names(client, f"{tag} -{given_word}") == []
    assert names(client, f'"{name} {tag}"') == [f"{name} {tag}"]
    assert names(client, f'{tag} -"{name}"') == []
    assert names(client, f"{tag} -other{tag}") == [f"{name} {tag}"]


def test_a_phrase_wants_its_words_side_by_side(client, shelf):
    tag = f"x{uuid.uuid4().hex[:10]}"
    near = client.product(shelf, name=f"Oak table lamp {tag}")["name"]
    far = client.product(shelf, name=f"Lamp for an oak table {tag}")["name"]
    assert names(client, f'"table lamp" {tag}') == [near]
    assert sorted(names(client, f"table lamp {tag}")) == sorted([near, far])
    assert names(client, f'{tag} -"table lamp"') == [far]
    assert names(client, f"table lamp {tag}", sort="relevance") == [near, far]


def test_a_misspelt_word_still_finds(client, shelf):
    made = "".join(chr(ord("a") + int(digit, 16)) for digit in uuid.uuid4().hex[:12])
    product = client.product(shelf, name=f"Sturdy {made} rack")
    swapped = made[:5] + made[6] + made[5] + made[7:] if made[5] != made[6] else made[:5] + made[6:]
    response = search(client, f"rack {swapped}")
    assert [found["id"] for found in response.json()] == [product["id"]]
    assert response.headers["X-Search-Corrected"] == f"{swapped}={made}"
    facets = client.get(f"{FACETS}?q={swapped}")
    assert facets.json()["count"] == 1
    assert facets.headers["X-Search-Corrected"] == f"{swapped}={made}"
    assert "X-Search-Corrected" not in search(client, made).headers
    # Also where no product has all of the words that were taken instead.
    other = client.product(shelf, name=f"Sturdy {made[::-1]} shelf")["name"].split()[1]
    missing = search(client, f"{swapped} {other}")
    assert missing.json() == [] and missing.headers["X-Search-Corrected"] == f"{swapped}={made}"
    # A word that finds is left alone, whatever the other filters leave of it.
    assert search(client, made, category_id=client.category()["id"]).json() == []


def test_pages_by_relevance_show_each_match_once(client, shelf):
    tag = f"x{uuid.uuid4().hex[:10]}"
    for number in range(23):
        client.product(shelf, name=f"{tag if number % 3 else tag + 's'} {number}", sku=None,
                       description=tag if number % 5 == 0 else None)
    whole = names(client, tag, sort="relevance", limit=100)
    assert len(whole) == len(set(whole)) == 23
    assert names(client, tag, sort="relevance", limit=4) == whole
    # Those that have only a longer word come last.
    assert {int(name.split()[1]) for name in whole[17:]} == {3, 6, 9, 12, 18, 21}
    assert sorted(names(client, tag)) == sorted(whole)
    # And back from the end.
    response = search(client, tag, sort="relevance", limit=4)
    pages = [[product["name"] for product in response.json()]]
    while (following := next_page(response)) is not None:
        response = client.get(following)
        pages.append([product["name"] for product in response.json()])
    back = [pages[-1]]
    while "prev" in response.links and len(back) < len(pages):
        response = client.get(response.links["prev"]["url"])
        back.append([product["name"] for product in response.json()])
    assert back[::-1] == pages


def test_a_cursor_belongs_to_its_search(client, shelf):
    tag = f"x{uuid.uuid4().hex[:10]}"
    for number in range(3):
        client.product(shelf, name=f"{tag} {number}")
    following = next_page(search(client, tag, sort="relevance", limit=1))
    assert faults_in(client.get(following.replace(tag, tag[:-1])), "parameter") == ["cursor"]
    assert faults_in(client.get(following.replace("sort=relevance", "sort=price")), "parameter") == ["cursor"]


def test_facets_count_what_the_list_shows(client):
    mine, other = client.category(name=unique("Lamps"))["id"], client.category()["id"]
    tag = f"x{uuid.uuid4().hex[:10]}"
    for number in range(8):
        client.product(mine if number % 4 else other, name=f"{tag} {number}", price=f"{number * number + 1}.50",
                       currency="EUR", status="draft" if number == 7 else "active",
                       attributes={"colour": "red" if number % 2 else "green", "watt": number // 4,
                                   "tags": ["a", "b"] if number < 2 else ["a"]})
    facets = client.get(f"{FACETS}?q={tag}&status=active,draft")
    assert facets.headers["Content-Type"].split(";")[0] == "application/json"
    body = facets.json()
    assert list(body) == ["complete", "count", "categories", "statuses", "prices", "attributes"]
    assert body["complete"] is True and body["count"] == 8
    assert [(c["id"], c["count"]) for c in body["categories"]] == [(mine, 6), (other, 2)]
    assert body["categories"][0]["name"].startswith("Lamps")
    assert body["statuses"] == [{"status": "active", "count": 7}, {"status": "draft", "count": 1}]
    assert [band["count"] for band in body["prices"]] == [1, 1, 1, 2, 2, 1]
    assert body["attributes"] == [
        {"key": "colour", "count": 8, "values": [{"value": "green", "count": 4}, {"value": "red", "count": 4}]},
        {"key": "tags", "count": 8, "values": [{"value": "a", "count": 8}, {"value": "b", "count": 2}]},
        {"key": "watt", "count": 8, "values": [{"value": 0, "count": 4}, {"value": 1, "count": 4}]},
    ]
    # Every count is what the list shows with that filter.
    base = f"{PRODUCTS}?q={tag}&status=active,draft&limit=500"
    for band in body["prices"]:
        filters = f"&min_price={band['min']}&max_price={band['max']}&currency={band['currency']}"
        assert len(client.get(base + filters).json()) == band["count"]
    for attribute in body["attributes"]:
        for value in attribute["values"]:
            found = client.get(f"{base}&attr.{attribute['key']}={value['value']}").json()
            assert len(found) == value["count"]
    assert client.get(f"{FACETS}?q={tag}").json()["count"] == 7


def test_writers_that_learn_the_same_words_do_not_wait(nginx_stack, client, shelf):
    """Two transactions that make products with the same new words in opposite order, both open: with a unique index of
    words the one would wait for the other, and the other for the one."""
    first, second = (unique("x").replace(" ", "") for _ in range(2))
    letters = str.maketrans("0123456789", "qrstuvwxyz")
    first, second = first.translate(letters), second.translate(letters)
    insert = ("WITH made AS (INSERT INTO product (id, name, price, currency, category_id, status, attributes, images) "
              "VALUES (gen_random_uuid(), %s, 1, 'EUR', %s, 'active', '{}', '[]') RETURNING search) "
              "SELECT search_learn_from(array_agg(search)) FROM made")
    one, other = nginx_stack.connect(), nginx_stack.connect()
    try:
        for connection, order in ((one, (first, second)), (other, (second, first))):
            connection.cursor().execute("SET lock_timeout = '5s'")
            connection.cursor().execute(insert, (f"Word {order[0]}", shelf))
        started = time.monotonic()
        threads = [threading.Thread(target=connection.cursor().execute, args=(insert, (f"Word {word}", shelf)))
                   for connection, word in ((one, second), (other, first))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        assert time.monotonic() - started < 5
        one.commit()
        other.commit()
    finally:
        one.close()
        other.close()
    assert len(search(client, first).json()) == 2
    assert len(search(client, second).json()) == 2
