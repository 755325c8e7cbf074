"""What the tests of changes share: targets, bodies, and what stands in the database."""

import concurrent.futures
import itertools
import json
import uuid

from client import PRODUCTS, Client, path_of

SERVERS = ("id", "version", "created_at", "updated_at")

_serial = itertools.count(1)


def new_sku():
    return f"SKU-{uuid.uuid4().hex[:12]}-{next(_serial)}"


def by_sku(sku):
    return f"{PRODUCTS}/by-sku/{sku}"


def new_path():
    return f"{PRODUCTS}/{uuid.uuid4()}"


def query(database, sql, *values):
    with database.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()


def feed(database, product_id):
    """The feed's rows of a product: type, version, and the product as it was told."""
    rows = query(database, "SELECT type, version, data FROM change WHERE id = %s ORDER BY xid, seq", product_id)
    return [(kind, version, json.loads(data)) for kind, version, data in rows]


def everything(database):
    """All that a write can change: a product changes with its version, and the other tables only ever grow."""
    return [query(database, statement) for statement in (
        "SELECT count(*), sum(hashtextextended(concat_ws(' ', id, version, deleted_at, updated_at), 0)) FROM product",
        "SELECT count(*), max(seq) FROM change",
        "SELECT count(*), max(created_at) FROM idempotency")]


def given(product, **members):
    """What a client would send to get this product, with some members changed."""
    return {name: value for name, value in {**product, **members}.items() if name not in SERVERS}


def now(client, product):
    response = client.fresh(path_of(product))
    assert response.status_code == 200, response.text
    return response.json()


def at_once(url, send, count):
    """The answers of so many clients that send at once."""
    def one(number):
        with Client(url, timeout=30) as client:
            return send(client, number)

    with concurrent.futures.ThreadPoolExecutor(count) as threads:
        return list(threads.map(one, range(count)))
