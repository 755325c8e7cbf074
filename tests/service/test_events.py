"""Live events: what is pushed to whom, and where streams go on."""

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator

import pytest
import requests

from client import CATEGORIES, PRODUCTS, Client, assert_problem, client_of, faults_in, unique
from events import EVENTS, EventStream, Reader, Refused, WebSocket, WebSocketReader
from jobs import Queue
from stack import Stack, await_true, children
from test_feed import end_of, read_all, read_until

NOWHERE = "0193a7c0-0000-7000-8000-000000000000"


@pytest.fixture(scope="module")
def own_stack(fresh_stack: Callable[..., Stack]) -> Stack:
    return fresh_stack(PRODUCTS=0, WORKERS=4)


@pytest.fixture
def client(own_stack: Stack) -> Iterator[Client]:
    with client_of(own_stack) as opened:
        yield opened


@contextlib.contextmanager
def reading(stack: Stack, kind: type[Reader] = Reader, after: str | None = None, **parameters: str) -> Iterator[Reader]:
    """A reader whose stream has begun."""
    reader = kind(stack.url, after, **parameters).start()
    assert reader.ready.wait(20), reader.failures
    try:
        yield reader
    finally:
        reader.stop()


def await_told(reader: Reader, count: int) -> list[dict]:
    await_true(lambda: len(reader.news) >= count or reader.failures, f"{count} events, not {len(reader.news)}", 20)
    return reader.news


def change_all(client: Client) -> tuple[dict, list[str]]:
    """A product that goes through everything that can happen to it, and the types of its changes."""
    product = client.product(name=unique())
    path = f"{PRODUCTS}/{product['id']}"
    client.patch(path, json={"price": "20.00"})
    client.delete(path)
    client.post(f"{path}/restore")
    return product, ["product.created", "product.updated", "product.deleted", "product.restored"]


@pytest.mark.parametrize("kind", [Reader, WebSocketReader])
def test_the_first_who_comes_misses_nothing_from_then_on(fresh_stack: Callable[..., Stack], kind: type[Reader]) -> None:
    """Nobody has listened yet, so that nothing was handed to the front server, and somebody writes all the time."""
    stack = fresh_stack(PRODUCTS=0, WORKERS=4)
    done = threading.Event()

    def write() -> None:
        with client_of(stack) as client:
            while not done.is_set():
                client.category()

    await_true(lambda: Queue(stack).one("SELECT count(*) FROM event_relay") == 1, "the relay", 20)
    writer = threading.Thread(target=write)
    writer.start()
    try:
        time.sleep(2)
        with reading(stack, kind) as reader:
            with client_of(stack) as client:
                after = end_of(client)
            await_told(reader, 200)
            done.set()
            writer.join()
            with client_of(stack) as client:
                missed = read_until(client, client.category()["id"], after)
            await_true(lambda: reader.news[-1]["cursor"] == missed[-1]["cursor"], "the last change", 20)
            assert reader.news[-len(missed):] == missed
    finally:
        done.set()
        writer.join()
        stack.close()


@pytest.mark.parametrize("kind", [Reader, WebSocketReader])
def test_a_stream_tells_what_the_feed_tells(own_stack: Stack, client: Client, kind: type[Reader]) -> None:
    after = end_of(client)
    with reading(own_stack, kind, after) as reader:
        product, types = change_all(client)
        told = await_told(reader, 5)
    assert [change["type"] for change in told] == ["category.created", *types]
    assert [change["id"] for change in told[1:]] == [product["id"]] * 4
    assert told == read_all(client, after)


def test_an_event_has_the_cursor_as_its_id_and_the_type_as_its_name(own_stack: Stack, client: Client) -> None:
    after = end_of(client)
    category = client.category()["id"]
    stream = EventStream(own_stack.url, after)
    event = next(event for event in stream if event["data"]["id"] == category)
    stream.close()
    assert (event["id"], event["event"]) == (event["data"]["cursor"], "category.created")


def test_without_a_cursor_a_stream_begins_now(own_stack: Stack, client: Client) -> None:
    await_relayed(own_stack, end_of(client))
    with reading(own_stack) as reader:
        category = client.category()["id"]
        assert await_told(reader, 1)[0]["id"] == category


@pytest.mark.parametrize("kind", [Reader, WebSocketReader])
def test_filters(own_stack: Stack, client: Client, kind: type[Reader]) -> None:
    after = end_of(client)
    first, second = client.category()["id"], client.category()["id"]
    with (reading(own_stack, kind, after, category_id=first) as of_first,
          reading(own_stack, kind, after, category_id=second) as of_second,
          reading(own_stack, kind, after, category_id=NOWHERE) as of_none):
        product = client.product(first)["id"]
        path = f"{PRODUCTS}/{product}"
        with reading(own_stack, kind, after, product_id=product) as of_product:
            client.product(client.category()["id"])
            client.patch(path, json={"price": "3"})
            client.patch(path, json={"category_id": second})
            client.patch(path, json={"price": "4"})
            client.patch(f"{CATEGORIES}/{second}", json={"name": unique()})
            versions = [(change["type"], change["version"]) for change in await_told(of_product, 4)]
        assert versions == [("product.created", 1)] + [("product.updated", version) for version in (2, 3, 4)]
        # The last that the old category hears of it is that it went.
        assert [(change["id"], change["version"]) for change in await_told(of_first, 4)] == [
            (first, 1), (product, 1), (product, 2), (product, 3)]
        assert [(change["id"], change["version"]) for change in await_told(of_second, 4)] == [
            (second, 1), (product, 3), (product, 4), (second, 2)]
        assert of_none.told == []


def forget_places(stack: Stack) -> None:
    """As if all that was published were too old to be held still."""
    with contextlib.closing(stack.connect()) as connection, connection, connection.cursor() as cursor:
        cursor.execute("UPDATE event_place SET at = at - interval '1 hour'")


def test_what_was_missed_is_told_in_a_stream_that_ends(own_stack: Stack, client: Client) -> None:
    after = end_of(client)
    category = client.category()["id"]
    made = [client.product(category)["id"] for _ in range(3)]
    other = client.product()["id"]
    end = read_until(client, other, after)[-1]["cursor"]
    await_relayed(own_stack, end)
    forget_places(own_stack)
    stream = EventStream(own_stack.url, after)
    assert [event["data"]["id"] for event in stream][:4] == [category, *made]
    assert stream.last_event_id == end
    assert stream.retry == 1000
    # With a filter the client comes as far, although the last it was told of comes before.
    stream = EventStream(own_stack.url, after, category_id=category)
    told = [event["data"]["id"] for event in stream]
    assert other not in told and told == [category, *made]
    assert stream.last_event_id == end


def await_relayed(stack: Stack, cursor: str) -> None:
    xid, seq = (int(part) for part in cursor.split("."))

    def relayed() -> bool:
        with contextlib.closing(stack.connect()) as connection, connection.cursor() as rows:
            rows.execute("SELECT xid::text::numeric, seq FROM event_relay")
            row = rows.fetchone()
            return row is not None and (row[0], row[1]) >= (xid, seq)

    await_true(relayed, f"{cursor} being relayed", 20)


def test_a_websocket_that_missed_more_is_sent_to_the_feed(own_stack: Stack, client: Client) -> None:
    after = end_of(client)
    await_relayed(own_stack, end_of(client))
    forget_places(own_stack)
    with pytest.raises(Refused) as refusal:
        WebSocket(own_stack.url, after=after)
    assert refusal.value.status == 409
    assert "/api/v1/changes" in json.loads(refusal.value.text)["detail"]


def test_what_came_last_counts_before_the_url(own_stack: Stack, client: Client) -> None:
    after = end_of(client)
    first = client.category()["id"]
    second = client.category()["id"]
    changes = {change["id"]: change["cursor"] for change in read_until(client, second, after)}
    await_relayed(own_stack, changes[second])
    forget_places(own_stack)
    assert [event["data"]["id"] for event in EventStream(own_stack.url, changes[first], after="0.0")] == [second]


def test_what_is_not_kept_any_more_is_told(own_stack: Stack, client: Client) -> None:
    first = end_of(client)
    last = end_of(client)
    await_relayed(own_stack, last)
    forget_places(own_stack)
    xid, seq = last.split(".")
    with contextlib.closing(own_stack.connect()) as connection, connection, connection.cursor() as cursor:
        cursor.execute("DELETE FROM change WHERE (xid, seq) <= (%s::text::xid8, %s)", [xid, seq])
        cursor.execute("UPDATE change_floor SET xid = %s::text::xid8, seq = %s", [xid, seq])
    assert_problem(client.get(EVENTS, params={"after": first}), 410, "Gone")


@pytest.mark.parametrize("kind", [Reader, WebSocketReader])
def test_who_comes_back_to_a_channel_that_holds_nothing_is_held(
        own_stack: Stack, client: Client, kind: type[Reader]) -> None:
    """A process of nginx would end where two ask there for what came after a time."""
    client.category()
    after, [front] = end_of(client), own_stack.pids("front")
    await_true(lambda: len(children(front)) > 1, "the processes of nginx", 20)
    processes = children(front)
    for _ in range(6):
        with reading(own_stack, kind, after, product_id=NOWHERE) as reader:
            await_true(lambda: reader.opened > 0, "the stream", 20)
    assert children(front) == processes


def test_faults_are_told_all_at_once(client: Client) -> None:
    response = client.get(EVENTS, params={"category": NOWHERE, "product_id": "x", "after": "y"})
    assert faults_in(response, "parameter") == ["after", "category", "product_id"]
    response = client.get(EVENTS, params={"category_id": NOWHERE, "product_id": NOWHERE})
    assert faults_in(response, "parameter") == ["product_id"]
    response = client.get(EVENTS, headers={"Last-Event-ID": "1795624339:0"})
    assert faults_in(response, "header") == ["Last-Event-ID"]
    response = client.get(EVENTS, headers={"If-None-Match": '"0"', "If-Modified-Since": "Sun, 06 Nov 1994 08:49:37 GMT"})
    assert faults_in(response, "header") == ["If-Modified-Since", "If-None-Match"]
    assert client.get(EVENTS, headers={"Accept": "application/json"}).status_code == 406


def test_head_says_what_a_stream_would_be(own_stack: Stack) -> None:
    response = requests.head(own_stack.url + EVENTS, timeout=10)
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/event-stream"


def test_streams_have_the_headers_of_other_answers_once(own_stack: Stack) -> None:
    for path in (EVENTS, f"{EVENTS}?after=0.0"):
        with requests.get(own_stack.url + path, headers={"Origin": "https://shop.example"}, stream=True,
                          timeout=10) as response:
            assert response.headers["Access-Control-Allow-Origin"] == "*"
            assert response.headers["Cache-Control"] == "no-store"
            assert response.headers["X-Request-Id"]


def test_what_is_internal_is_nobody_elses(own_stack: Stack) -> None:
    for path in ("/.wares-events/sse/0/all", "/.wares-events/ws/0/all", "/.wares-events-mark", "/.wares-events-later"):
        assert requests.get(own_stack.url + path, timeout=10).status_code in (403, 404)


def test_where_no_streams_are_held_that_is_told(lighttpd_stack: Stack) -> None:
    with client_of(lighttpd_stack) as client:
        response = client.get(EVENTS, headers={"X-Wares-Push": "nchan"})
        assert_problem(response, 501, "No live events")
        assert "/api/v1/changes" in response.json()["detail"]
