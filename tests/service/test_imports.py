"""Files that are imported: what they may be, what becomes of their lines, and that each is applied once whatever happens."""

import contextlib
import csv
import http.client
import io
import json
import os
import random
import signal
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from client import CATEGORIES, PRODUCTS, Client, assert_problem, client_of, faults_in, unique
from jobs import JOBS, RUNNER, Queue, Runner, runners
from stack import Stack, await_true

IMPORTS = "/api/v1/imports"
NDJSON = "application/x-ndjson"
CSV = "text/csv"
MEMBERS = ["id", "state", "format", "mode", "on_error", "dry_run", "category_id", "phase", "bytes", "total", "rows",
           "created", "updated", "unchanged", "failed", "progress", "differences", "last_error", "created_at",
           "started_at", "ended_at"]


def tag() -> str:
    """The beginning of skus that nobody else has."""
    return f"I{uuid.uuid4().hex[:10]}"


def lines_of(*objects: dict) -> bytes:
    return b"".join(json.dumps(one).encode() + b"\n" for one in objects)


def send(client: Client, body: bytes | str, media: str = NDJSON, parameters: str = "", **headers: str) -> dict:
    response = client.post_raw(f"{IMPORTS}{parameters}", body, media, **headers)
    assert response.status_code == 202, response.text
    shown = response.json()
    assert list(shown) == MEMBERS
    assert response.headers["Location"].endswith(f"{IMPORTS}/{shown['id']}")
    return shown


def await_end(client: Client, shown: dict, seconds: float = 60.0) -> dict:
    end = time.monotonic() + seconds
    while shown["state"] in ("queued", "running"):
        assert time.monotonic() < end, shown
        time.sleep(0.05)
        shown = client.get(f"{IMPORTS}/{shown['id']}").json()
    return shown


def take(client: Client, body: bytes | str, media: str = NDJSON, parameters: str = "", **headers: str) -> dict:
    return await_end(client, send(client, body, media, parameters, **headers))


def counts(shown: dict) -> tuple[int, int, int, int]:
    return shown["created"], shown["updated"], shown["unchanged"], shown["failed"]


def errors(client: Client, shown: dict) -> list[dict]:
    response = client.get(f"{IMPORTS}/{shown['id']}/errors")
    assert response.status_code == 200, response.text
    assert response.headers["Content-Type"] == NDJSON
    return [json.loads(line) for line in response.text.splitlines()]


def codes(error: dict) -> set[tuple[str, str]]:
    return {(fault["pointer"], fault["code"]) for fault in error["_error"]["faults"]}


def by_sku(client: Client, sku: str) -> dict | None:
    found = client.get(f"{PRODUCTS}?sku={sku}&status=draft,active,archived").json()
    return found[0] if found else None


@pytest.fixture(scope="module")
def slug(client: Client, category: str) -> str:
    return client.get(f"{CATEGORIES}/{category}").json()["slug"]


# --- formats --------------------------------------------------------------------------------------------------------


def test_ndjson_creates_updates_and_leaves_alone(client: Client, category: str) -> None:
    sku = tag()
    file = lines_of(*({"sku": f"{sku}-{i}", "name": f"Tea {i}", "price": "1.50", "category_id": category}
                      for i in range(3)))
    shown = take(client, file)
    assert (shown["state"], counts(shown), shown["rows"], shown["total"], shown["progress"]) == (
        "succeeded", (3, 0, 0, 0), 3, 3, 1)
    assert (shown["format"], shown["bytes"], shown["mode"]) == ("ndjson", len(file), "upsert")
    before = by_sku(client, f"{sku}-1")
    again = take(client, lines_of({"sku": f"{sku}-0", "price": "2.00"}, {"sku": f"{sku}-1", "price": "1.50"},
                                  {"sku": f"{sku}-2".upper(), "description": "Fine"}, {"sku": f"{sku}-2", "price": 3}))
    assert counts(again) == (0, 3, 1, 0)
    assert by_sku(client, f"{sku}-0")["price"] == "2.00" and by_sku(client, f"{sku}-0")["name"] == "Tea 0"
    assert by_sku(client, f"{sku}-1") == before
    last = by_sku(client, f"{sku}-2")
    assert (last["description"], last["price"], last["version"]) == ("Fine", "3", 3), "a line after the other"


def test_csv_in_every_shape(client: Client, slug: str) -> None:
    sku = tag()
    text = (f"\ufeffPRICE,Attr.Colour,sku,attr.weight_g,Name,category,description,attr.sizes,images\r\n"
            f"1.50,green,{sku}-1,100,\"Tea, \"\"fine\"\"\",{slug},\"two\r\nlines\",\"[\"\"S\"\",\"\"M\"\"]\","
            f"https://example.org/a.jpg|https://example.org/b.jpg\r\n"
            f"2,007,{sku}-2,true,Plain,{slug},,,\"[\"\"https://example.org/c.jpg\"\"]\"\r\n\r\n"
            f"3,,{sku}-3,,No end,{slug},\"\",,")
    shown = take(client, text.replace("two\r\nlines", "two\nlines"), CSV)
    assert (shown["format"], counts(shown)) == ("csv", (3, 0, 0, 0)), errors(client, shown)
    one, two, three = (by_sku(client, f"{sku}-{i}") for i in (1, 2, 3))
    assert one["name"] == 'Tea, "fine"' and one["description"] == "two\nlines"
    assert one["attributes"] == {"colour": "green", "weight_g": 100, "sizes": ["S", "M"]}
    assert one["images"] == ["https://example.org/a.jpg", "https://example.org/b.jpg"]
    assert two["attributes"] == {"colour": "007", "weight_g": True} and two["description"] is None
    assert two["images"] == ["https://example.org/c.jpg"]
    assert three["attributes"] == {} and three["description"] == ""


@pytest.mark.parametrize("separator", [";", "\t"])
def test_spreadsheets_of_other_countries(client: Client, slug: str, separator: str) -> None:
    sku = tag()
    rows = [["sku", "name", "price", "category"], [sku, "a,b", "1.50", slug]]
    shown = take(client, "\n".join(separator.join(row) for row in rows), CSV)
    assert counts(shown) == (1, 0, 0, 0), errors(client, shown)
    assert by_sku(client, sku)["name"] == "a,b"


def test_columns_are_mapped(client: Client, category: str) -> None:
    sku = tag()
    file = f"Article No.;Bezeichnung;Preis;Farbe;Lager\n{sku};Tee;9.90;gr\u00fcn;17\n"
    refused = client.post_raw(f"{IMPORTS}?category_id={category}", file, CSV)
    problem = assert_problem(refused, 400)
    assert {fault["code"] for fault in problem["errors"]} == {"unknown_column"} and len(problem["errors"]) == 5
    parameters = (f"?category_id={category}&map.Article%20No.=sku&map.bezeichnung=name&map.Preis=price"
                  "&map.Farbe=attr.colour&map.Lager=")
    shown = take(client, file, CSV, parameters)
    assert counts(shown) == (1, 0, 0, 0), errors(client, shown)
    made = by_sku(client, sku)
    assert (made["name"], made["price"], made["attributes"]) == ("Tee", "9.90", {"colour": "gr\u00fcn"})


def test_what_is_asked_wrongly_is_told(client: Client) -> None:
    def refused(parameters: str, media: str = CSV, body: str = "sku\nA\n") -> list[str]:
        return faults_in(client.post_raw(f"{IMPORTS}{parameters}", body, media), "parameter")

    assert refused("?mode=replace&on_error=stop&dry_run=maybe&category_id=x&limit=3") == [
        "category_id", "dry_run", "limit", "mode", "on_error"]
    assert refused("?map.sku=colour") == ["map.sku"]
    assert refused("?map.other=name") == ["map.other"]
    assert refused("?map.sku=sku", NDJSON) == ["map.sku"]
    for body, media in (("", CSV), ("sku,name\n", CSV), ("\n\n", NDJSON), ("", NDJSON)):
        assert_problem(client.post_raw(IMPORTS, body, media), 400)
    assert_problem(client.post_raw(IMPORTS, "sku,SKU\n1,2\n", CSV), 400)
    assert_problem(client.post_raw(IMPORTS, "sku\nA\n", "text/html"), 415)
    assert_problem(client.post_raw(IMPORTS, "{}", "application/json"), 415)
    packed = client.post_raw(IMPORTS, b"\x1f\x8b", CSV, **{"Content-Encoding": "gzip"})
    assert_problem(packed, 415)
    assert packed.headers["Accept-Encoding"] == "identity"
    assert_problem(client.get(f"{IMPORTS}/{uuid.uuid4()}"), 404)
    assert_problem(client.get(f"{IMPORTS}/{uuid.uuid4()}/errors"), 404)
    assert_problem(client.get(IMPORTS), 405)


def test_products_are_known_by_id_or_sku_and_categories_by_name(client: Client, category: str) -> None:
    sku, new = tag(), str(uuid.uuid4())
    name = unique("Gr\u00fcner Tee")
    other = client.category(name=name)["id"]
    first = client.product(category, sku=f"{sku}-1", attributes={"a": 1, "b": "x"})
    shown = take(client, lines_of(
        {"id": new, "sku": f"{sku}-2", "name": "Mine", "price": 1, "category": name},
        {"id": first["id"].upper(), "category": name, "attr.b": None, "attr.c": [], "version": 77,
         "created_at": "2020-01-01T00:00:00Z"},
        {"sku": f"{sku}-3", "name": "None", "price": "1", "category": "there is no such"}))
    assert counts(shown) == (1, 1, 0, 1)
    assert by_sku(client, f"{sku}-2")["id"] == new and by_sku(client, f"{sku}-2")["category_id"] == other
    changed = client.get(f"{PRODUCTS}/{first['id']}").json()
    assert (changed["category_id"], changed["attributes"], changed["version"]) == (other, {"a": 1, "c": []}, 2)
    assert changed["created_at"] == first["created_at"]
    assert codes(errors(client, shown)[0]) == {("/category", "unknown_category")}


def test_modes(client: Client, category: str) -> None:
    sku = tag()
    there = client.product(category, sku=f"{sku}-1")
    gone = client.product(category)["id"]
    assert client.delete(f"{PRODUCTS}/{gone}").status_code == 204
    rows = [{"sku": f"{sku}-1", "name": "One", "price": "1", "category_id": category},
            {"sku": f"{sku}-2", "name": "Two", "price": "2", "category_id": category},
            {"id": gone, "name": "Gone", "price": "2", "category_id": category},
            {"name": "Nobody", "price": "2", "category_id": category}]
    created = take(client, lines_of(*rows), parameters="?mode=create")
    assert counts(created) == (2, 0, 0, 2)
    assert [codes(error) for error in errors(client, created)] == [{("/sku", "exists")}, {("/id", "gone")}]
    assert by_sku(client, f"{sku}-1")["name"] == there["name"]
    updated = take(client, lines_of(*rows, {"sku": f"{sku}-9", "price": "3"}), parameters="?mode=update")
    assert counts(updated) == (0, 1, 1, 3)
    assert [codes(error) for error in errors(client, updated)] == [
        {("/id", "gone")}, {("", "required")}, {("/sku", "not_found")}]


# --- Shopify --------------------------------------------------------------------------------------------------------

SHOPIFY = ["Handle", "Title", "Body (HTML)", "Vendor", "Product Category", "Type", "Tags", "Published", "Option1 Name",
           "Option1 Value", "Option1 Linked To", "Option2 Name", "Option2 Value", "Option2 Linked To", "Option3 Name",
           "Option3 Value", "Option3 Linked To", "Variant SKU", "Variant Grams", "Variant Inventory Tracker",
           "Variant Inventory Qty", "Variant Inventory Policy", "Variant Fulfillment Service", "Variant Price",
           "Variant Compare At Price", "Variant Requires Shipping", "Variant Taxable", "Variant Barcode", "Image Src",
           "Image Position", "Image Alt Text", "Gift Card", "SEO Title", "SEO Description",
           "Google Shopping / Google Product Category", "Variant Image", "Variant Weight Unit", "Variant Tax Code",
           "Cost per item", "Included / United States", "Status"]


def shopify(*rows: dict) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, SHOPIFY, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def shopify_file(sku: str, kind: str) -> str:
    cdn = "https://cdn.shopify.com/s/files/1/0001"
    return shopify(
        {"Handle": f"{sku}-oolong", "Title": "Oolong", "Body (HTML)": "<p>Half <b>fermented</b>,\nfrom Anxi</p>",
         "Vendor": "Tea House", "Type": kind, "Tags": "tea, oolong, new", "Published": "true",
         "Option1 Name": "Weight", "Option1 Value": "100 g", "Option2 Name": "Pack", "Option2 Value": "Tin",
         "Variant SKU": f"'{sku}-100T", "Variant Grams": "100", "Variant Inventory Qty": "7", "Variant Price": "12.50",
         "Variant Compare At Price": "15.00", "Variant Barcode": "4006381333931", "Image Src": f"{cdn}/a.jpg?v=1",
         "Image Position": "1", "Variant Image": f"{cdn}/tin.jpg?v=2", "Variant Weight Unit": "g", "Status": "active"},
        {"Handle": f"{sku}-oolong", "Option1 Value": "500 g", "Option2 Value": "Bag", "Variant SKU": f"{sku}-500B",
         "Variant Grams": "500", "Variant Price": "49.00", "Image Src": f"{cdn}/b.jpg?v=1", "Image Position": "2"},
        {"Handle": f"{sku}-oolong", "Image Src": f"{cdn}/c.jpg?v=1", "Image Position": "3"},
        {"Handle": f"{sku}-cup", "Title": "Cup", "Type": kind, "Published": "false", "Option1 Name": "Title",
         "Option1 Value": "Default Title", "Variant SKU": f"{sku}-CUP", "Variant Grams": "0", "Variant Price": "8"},
        {"Handle": f"{sku}-bad", "Title": "No price", "Type": kind, "Option1 Name": "Title",
         "Option1 Value": "Default Title", "Variant SKU": f"{sku}-BAD", "Status": "draft"})


def test_shopifys_products_are_known(client: Client, category: str, slug: str) -> None:
    sku = tag()
    shown = take(client, shopify_file(sku, slug), CSV)
    assert (shown["format"], counts(shown)) == ("shopify", (3, 0, 0, 1)), errors(client, shown)
    tin = by_sku(client, f"{sku}-100T")
    cdn = "https://cdn.shopify.com/s/files/1/0001"
    assert tin == tin | {
        "name": "Oolong - 100 g / Tin", "description": "<p>Half <b>fermented</b>,\nfrom Anxi</p>", "price": "12.50",
        "currency": "USD", "category_id": category, "status": "active", "group_key": f"{sku}-oolong",
        "images": [f"{cdn}/tin.jpg?v=2", f"{cdn}/a.jpg?v=1", f"{cdn}/b.jpg?v=1", f"{cdn}/c.jpg?v=1"],
        "attributes": {"weight": "100 g", "pack": "Tin", "vendor": "Tea House", "product_type": slug,
                       "barcode": "4006381333931", "compare_at_price": "15.00", "weight_g": 100,
                       "tags": ["tea", "oolong", "new"]}}
    bag = by_sku(client, f"{sku}-500B")
    assert (bag["name"], bag["group_key"], bag["price"]) == ("Oolong - 500 g / Bag", f"{sku}-oolong", "49.00")
    assert bag["images"] == tin["images"][1:] and bag["attributes"]["weight_g"] == 500
    cup = by_sku(client, f"{sku}-CUP")
    assert (cup["name"], cup["status"], cup["group_key"], cup["images"]) == ("Cup", "draft", f"{sku}-cup", [])
    assert codes(errors(client, shown)[0]) == {("/price", "required")}
    assert counts(take(client, shopify_file(sku, slug) + "\n", CSV)) == (0, 0, 3, 1), "the same again changes nothing"
    kind = unique("No such type")
    named = take(client, shopify_file(tag(), kind), CSV, f"?category_id={category}")
    assert counts(named) == (3, 0, 0, 1), errors(client, named)


# --- lines that fail ------------------------------------------------------------------------------------------------


def test_failed_lines_are_mended_and_sent_again(client: Client, category: str) -> None:
    sku = tag()
    good = {"name": "Good", "price": "1", "category_id": category}
    file = lines_of({**good, "sku": f"{sku}-1"}, {**good, "sku": f"{sku}-2", "price": "-1", "attr.big": 12345678901234567890},
                    {**good, "sku": "no sku", "colour": "x"}) + b"{not json\n[1]\n\xff{}\n" + lines_of(
                        {**good, "sku": f"{sku}-3", "name": " "})
    shown = take(client, file)
    assert (shown["state"], counts(shown)) == ("succeeded", (1, 0, 0, 6))
    failed = errors(client, shown)
    assert [error["_error"]["line"] for error in failed] == [2, 3, 4, 5, 6, 7]
    assert codes(failed[0]) == {("/price", "malformed")}
    assert codes(failed[1]) == {("/sku", "sku"), ("/colour", "unknown_member")}
    assert failed[2]["_line"] == "{not json" and codes(failed[2]) == {("", "syntax")}
    assert codes(failed[3]) == {("", "type")} and codes(failed[4]) == {("", "line")}
    assert failed[0]["attr.big"] == 12345678901234567890, "digits come back as they came"
    again = take(client, lines_of(*failed))
    assert counts(again) == (0, 0, 0, 6)
    assert [{name: value for name, value in error.items() if name != "_error"} for error in errors(client, again)[:2]] == [
        {name: value for name, value in error.items() if name != "_error"} for error in failed[:2]]
    failed[0]["price"] = "1.00"
    failed[1]["sku"] = f"{sku}-4"
    del failed[1]["colour"]
    failed[5]["name"] = "Mended"
    mended = take(client, lines_of(failed[0], failed[1], failed[5]))
    assert counts(mended) == (3, 0, 0, 0)
    assert by_sku(client, f"{sku}-2")["price"] == "1.00" and by_sku(client, f"{sku}-3")["name"] == "Mended"


def test_failed_lines_of_csv_are_objects(client: Client, slug: str) -> None:
    sku = tag()
    file = (f"sku,name,price,category,attr.n\n{sku}-1,A,1,{slug},1\n{sku}-2,B,x,{slug},2\n{sku}-3,C\n"
            f"{sku}-4,\"D\"d,1,{slug},4\n{sku}-5,E,1,{slug},5\n{sku}-6,\"open,1,{slug},6\n")
    shown = take(client, file, CSV)
    assert counts(shown) == (2, 0, 0, 4)
    failed = errors(client, shown)
    assert [error["_error"]["line"] for error in failed] == [3, 4, 5, 7]
    assert failed[0] == failed[0] | {"sku": f"{sku}-2", "price": "x", "category": slug, "attr.n": 2}
    failed[0]["price"] = "5"
    assert counts(take(client, lines_of(failed[0]))) == (1, 0, 0, 0)
    assert by_sku(client, f"{sku}-2")["attributes"] == {"n": 2}


def test_many_failed_lines_are_streamed(client: Client) -> None:
    file = b"".join(b'{"sku":"F%d","price":"x","description":"%s"}\n' % (i, b"d" * 300) for i in range(4000))
    shown = take(client, file)
    assert counts(shown) == (0, 0, 0, 4000)
    response = client.get(f"{IMPORTS}/{shown['id']}/errors", timeout=60)
    got = [json.loads(line) for line in response.text.splitlines()]
    assert [error["sku"] for error in got] == [f"F{i}" for i in range(4000)]
    head = client.head(f"{IMPORTS}/{shown['id']}/errors")
    assert (head.status_code, head.content) == (200, b"")


def test_abort_changes_nothing_where_a_line_is_faulty(client: Client, category: str) -> None:
    sku = tag()
    rows = [{"sku": f"{sku}-{i}", "name": "N", "price": "1", "category_id": category} for i in range(700)]
    rows[650]["price"] = "0"
    shown = take(client, lines_of(*rows), parameters="?on_error=abort")
    assert (shown["state"], shown["phase"], shown["failed"]) == ("failed", "check", 1)
    assert "nothing was changed" in shown["last_error"]
    assert by_sku(client, f"{sku}-0") is None
    assert [error["_error"]["line"] for error in errors(client, shown)] == [651]
    rows[650]["price"] = "1"
    whole = take(client, lines_of(*rows), parameters="?on_error=abort")
    assert (whole["state"], whole["phase"], counts(whole), whole["progress"]) == ("succeeded", "apply", (700, 0, 0, 0), 1)


def test_what_was_refused_can_be_tried_again_once_it_is_mended(client: Client) -> None:
    name, sku = unique("Later"), tag()
    shown = take(client, lines_of({"sku": sku, "name": "N", "price": "1", "category": name}), parameters="?on_error=abort")
    assert shown["state"] == "failed"
    client.category(name=name)
    assert client.post(f"{JOBS}/{shown['id']}/retry").status_code == 200
    again = await_end(client, client.get(f"{IMPORTS}/{shown['id']}").json())
    assert (again["state"], counts(again)) == ("succeeded", (1, 0, 0, 0))
    assert errors(client, again) == []


def test_a_dry_run_shows_what_would_be(client: Client, category: str, database) -> None:
    sku = tag()
    client.product(category, sku=f"{sku}-1", name="One", price="1.00", attributes={"a": 1})
    client.product(category, sku=f"{sku}-2", name="Two", price="2.00")
    with database.cursor() as cursor:
        cursor.execute("SELECT count(*), max(updated_at) FROM product")
        before = cursor.fetchone()
    rows = [{"sku": f"{sku}-1", "price": "1.50", "attr.b": "x"}, {"sku": f"{sku}-2", "price": "2.00"},
            {"sku": f"{sku}-3", "name": "Three", "price": "3", "category_id": category}, {"sku": f"{sku}-4"}]
    shown = take(client, lines_of(*rows), parameters="?dry_run=true")
    assert (shown["state"], shown["phase"], counts(shown)) == ("succeeded", "check", (1, 1, 1, 1))
    changed, made = shown["differences"]
    assert changed["fields"] == {"price": ["1.00", "1.50"], "attributes": [{"a": 1}, {"a": 1, "b": "x"}]}
    assert (changed["line"], changed["change"], changed["sku"]) == (1, "updated", f"{sku}-1")
    assert (made["line"], made["change"], made["sku"]) == (3, "created", f"{sku}-3")
    with database.cursor() as cursor:
        cursor.execute("SELECT count(*), max(updated_at) FROM product")
        assert cursor.fetchone() == before
    many = take(client, lines_of(*({"sku": f"{sku}-m{i}", "name": "N", "price": "1", "category_id": category}
                                   for i in range(700))), parameters="?dry_run=true")
    assert many["created"] == 700 and len(many["differences"]) == 100


# --- once -----------------------------------------------------------------------------------------------------------


def test_the_same_file_is_the_same_import(client: Client, category: str) -> None:
    sku = tag()
    file = lines_of({"sku": sku, "name": "N", "price": "1", "category_id": category})
    first = take(client, file)
    again = client.post_raw(IMPORTS, file, NDJSON)
    assert (again.status_code, again.json()["id"], again.headers["Idempotency-Replayed"]) == (202, first["id"], "true")
    assert again.json()["state"] == "succeeded"
    other = take(client, file, parameters="?mode=update")
    assert other["id"] != first["id"] and counts(other) == (0, 0, 1, 0)
    key = str(uuid.uuid4())
    keyed = take(client, file, **{"Idempotency-Key": key})
    assert keyed["id"] != first["id"]
    replayed = client.post_raw(IMPORTS, file, NDJSON, **{"Idempotency-Key": key})
    assert (replayed.json()["id"], replayed.headers["Idempotency-Replayed"]) == (keyed["id"], "true")
    assert_problem(client.post_raw(IMPORTS, file + b"\n", NDJSON, **{"Idempotency-Key": key}), 422)


def test_the_same_file_at_once_is_one_import(changing_stack: Stack, category: str) -> None:
    file = lines_of(*({"sku": f"{tag()}", "name": "N", "price": "1", "category_id": category} for _ in range(50)))
    found: list[str] = []

    def one() -> None:
        with Client(changing_stack.url) as own:
            for _ in range(100):
                response = own.post_raw(IMPORTS, file, NDJSON)
                if response.status_code == 202:
                    found.append(response.json()["id"])
                    return
                assert response.status_code == 503, response.text
                time.sleep(0.05)

    threads = [threading.Thread(target=one) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6 and len(set(found)) == 1


def test_reads_after_the_end_are_never_stale(client: Client, category: str) -> None:
    sku = tag()
    products = [client.product(category, sku=f"{sku}-{i}", price="1.00") for i in range(20)]
    for turn in range(5):
        for product in products:
            client.get(f"{PRODUCTS}/{product['id']}")
        price = f"{turn + 2}.00"
        shown = take(client, lines_of(*({"id": product["id"], "price": price} for product in products)))
        assert counts(shown) == (0, 20, 0, 0)
        assert {client.get(f"{PRODUCTS}/{product['id']}").json()["price"] for product in products} == {price}
    cursor = client.get("/api/v1/changes?limit=1").json()
    assert cursor is not None


def test_a_cancelled_import_can_go_on(client: Client, category: str) -> None:
    sku = tag()
    file = lines_of(*({"sku": f"{sku}-{i}", "name": "N", "price": "1", "category_id": category} for i in range(20000)))
    shown = send(client, file)
    await_true(lambda: client.get(f"{IMPORTS}/{shown['id']}").json()["rows"] > 0, "the first batch")
    assert client.delete(f"{JOBS}/{shown['id']}").status_code in (200, 202)
    shown = await_end(client, client.get(f"{IMPORTS}/{shown['id']}").json())
    assert shown["state"] == "cancelled" and 0 < shown["rows"] < 20000 and shown["created"] == shown["rows"]
    assert client.post(f"{JOBS}/{shown['id']}/retry").status_code == 200
    shown = await_end(client, client.get(f"{IMPORTS}/{shown['id']}").json())
    assert (shown["state"], counts(shown)) == ("succeeded", (20000, 0, 0, 0))


# --- there and back -------------------------------------------------------------------------------------------------

prose = st.text(st.characters(blacklist_categories=("Cs", "Cc")) | st.sampled_from("\n\t\",;'="), max_size=40)
product_like = st.fixed_dictionaries({
    "name": st.text(st.characters(blacklist_categories=("Cs", "Cc", "Zs", "Zl", "Zp")) | st.sampled_from("\",;#="), min_size=1,
                    max_size=20),
    "price": st.decimals(min_value="0.0001", max_value="9999999", places=4).map(str),
    "description": st.none() | prose,
    "status": st.sampled_from(["draft", "active", "archived"]),
    "attributes": st.dictionaries(st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True),
                                  prose | st.booleans() | st.integers(-10**15, 10**15) | st.lists(prose, max_size=3),
                                  max_size=3),
    "images": st.lists(st.sampled_from(["https://example.org/a.jpg", "https://example.org/%20b|".rstrip("|")]), max_size=2),
    "group_key": st.none() | st.sampled_from(["G", "h i"]),
})


def exported(client: Client, media: str) -> bytes:
    response = client.get(f"{PRODUCTS}/export?status=draft,active,archived", headers={"Accept": media})
    assert response.status_code == 200
    return response.content


@pytest.fixture(scope="module")
def own_client(fresh_stack: Callable[..., Stack]) -> Iterator[tuple[Stack, Client]]:
    stack = fresh_stack(PRODUCTS=0, FRONT="nginx")
    with client_of(stack) as opened:
        yield stack, opened


@pytest.mark.parametrize("media", [NDJSON, CSV])
@settings(max_examples=12, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(products=st.lists(product_like, min_size=1, max_size=12))
def test_an_export_comes_back_as_the_same_catalogue(own_client: tuple[Stack, Client], media: str, products: list) -> None:
    stack, client = own_client
    queue = Queue(stack)
    queue.sql("DELETE FROM product")
    category = client.category()["id"]
    for product in products:
        client.product(category, **product)
    before = exported(client, NDJSON).splitlines()[:-1]
    file = exported(client, media)
    queue.sql("DELETE FROM product")
    shown = take(client, file, media)
    assert counts(shown) == (len(products), 0, 0, 0), errors(client, shown)
    after = exported(client, NDJSON).splitlines()[:-1]
    servers = {"version", "created_at", "updated_at"}

    def same(line: bytes) -> dict:
        return {name: value for name, value in json.loads(line).items() if name not in servers}

    assert [same(line) for line in before] == [same(line) for line in after]
    assert counts(take(client, file + b"\n", media)) == (0, 0, len(products), 0)
    queue.connection.close()


# --- bounds ---------------------------------------------------------------------------------------------------------


def rss(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1])
    raise AssertionError(pid)


def big_file(category: str, lines: int, sku: str) -> Iterator[bytes]:
    filler = "x" * 900
    for i in range(lines):
        yield lines_of({"sku": f"{sku}-{i}", "name": "N", "price": "1", "category_id": category, "description": filler})


def test_a_large_file_takes_no_memory(client: Client, changing_stack: Stack, category: str) -> None:
    take(client, b"".join(big_file(category, 2000, tag())), parameters="?dry_run=true")
    workers = {pid: rss(pid) for pid in changing_stack.workers()}
    runner = changing_stack.pids("jobs")[0]
    before = rss(runner)
    body = b"".join(big_file(category, 50_000, tag()))
    assert len(body) > 50_000_000
    response = client.post_raw(f"{IMPORTS}?dry_run=true", body, NDJSON)
    assert response.status_code == 202, response.text
    grown = {pid: rss(pid) - kib for pid, kib in workers.items()}
    assert max(grown.values()) < 4096, grown
    assert response.json()["total"] == 50_000
    shown = response.json()
    await_true(lambda: client.get(f"{IMPORTS}/{shown['id']}").json()["rows"] >= 3000, "some batches")
    assert rss(runner) - before < 16384
    client.delete(f"{JOBS}/{shown['id']}")
    await_end(client, client.get(f"{IMPORTS}/{shown['id']}").json())


class SlowUpload:
    """A request whose body is sent as the test likes."""

    def __init__(self, stack: Stack, length: int, path: str = IMPORTS) -> None:
        parts = urlsplit(stack.url)
        self.socket = socket.create_connection((parts.hostname, parts.port), timeout=30)
        self.socket.sendall(f"POST {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: {NDJSON}\r\n"
                            f"Content-Length: {length}\r\n\r\n".encode())

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def answer(self) -> bytes:
        data = b""
        with contextlib.suppress(ConnectionError):
            while part := self.socket.recv(65536):
                data += part
                if b"\r\n\r\n" in data and data.rstrip().endswith(b"}"):
                    break
        return data

    def close(self) -> None:
        self.socket.close()


def uploads_under_way(queue: Queue) -> int:
    return queue.one("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'wares import'")


def test_slow_uploads_hold_no_worker_and_few_places(fresh_stack: Callable[..., Stack]) -> None:
    stack = fresh_stack(PRODUCTS=0, WORKERS=1, FRONT="nginx", WARES_IMPORTS=1, WARES_IO_TIMEOUT=5000)
    queue = Queue(stack)
    with client_of(stack) as client:
        category = client.category()["id"]
        slow = SlowUpload(stack, 1_000_000)
        slow.send(next(big_file(category, 1, tag())) * 9)
        await_true(lambda: uploads_under_way(queue) == 1, "the upload")
        for _ in range(20):
            assert client.get(f"{CATEGORIES}/{category}").status_code == 200, "the one worker is free for others"
        client.get("/livez", headers={"X-Request-Id": "beside-an-upload"})
        await_true(lambda: "beside-an-upload" in stack.log.read_text(), "the line of a request beside it", 2)
        busy = client.post_raw(IMPORTS, lines_of({"sku": "A"}), NDJSON)
        assert_problem(busy, 503)
        assert int(busy.headers["Retry-After"]) > 0
        said = slow.answer()
        assert b" 400 " in said.split(b"\r\n")[0] and b"nothing was imported" in said, said
        await_true(lambda: uploads_under_way(queue) == 0, "the place being free")
        assert take(client, lines_of({"sku": tag(), "name": "N", "price": 1, "category_id": category}))["created"] == 1
    queue.connection.close()


def test_what_is_refused_before_a_short_body_has_come_ends_no_connection(changing_stack: Stack) -> None:
    address = urlsplit(changing_stack.url)
    head = (f"POST {IMPORTS}?map.sku=colour HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Type: {CSV}\r\n"
            "Content-Length: 6\r\n\r\n").encode()
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        for _ in range(3):
            connection.sendall(head)
            time.sleep(0.2)
            connection.sendall(b"sku\nA\n")
            with http.client.HTTPResponse(connection, method="POST") as answer:
                answer.begin()
                assert answer.status == 400 and not answer.will_close
                answer.read()


def test_an_upload_cut_short_is_nothing(client: Client, changing_stack: Stack, category: str) -> None:
    queue = Queue(changing_stack)
    before = queue.one("SELECT count(*) FROM job_ended WHERE kind = 'import'")
    upload = SlowUpload(changing_stack, 10_000_000)
    upload.send(b"".join(big_file(category, 3000, tag())))
    await_true(lambda: queue.one("SELECT count(*) FROM import WHERE state = 'uploading'") == 1, "the upload")
    upload.close()
    await_true(lambda: queue.one("SELECT count(*) FROM import WHERE state = 'uploading'") == 0, "its end")
    assert queue.one("SELECT count(*) FROM job WHERE kind = 'import'") == 0
    assert queue.one("SELECT count(*) FROM job_ended WHERE kind = 'import'") == before
    abandoned = str(queue.one("SELECT id FROM import WHERE state = 'abandoned' ORDER BY created_at DESC LIMIT 1"))
    assert_problem(client.get(f"{IMPORTS}/{abandoned}"), 404)
    queue.connection.close()


def test_a_worker_that_is_killed_in_mid_upload_leaves_nothing(fresh_stack: Callable[..., Stack]) -> None:
    stack = fresh_stack(PRODUCTS=0, WORKERS=1)
    queue = Queue(stack)
    with Client(stack.url) as client:
        category = client.category()["id"]
        upload = SlowUpload(stack, 10_000_000)
        upload.send(b"".join(big_file(category, 2000, tag())))
        await_true(lambda: queue.one("SELECT count(*) FROM import_line") > 0, "the first lines")
        for worker in stack.workers():
            os.kill(worker, signal.SIGKILL)
        assert b" 503 " in upload.answer().split(b"\r\n")[0]
        stack.await_ready()
        assert queue.one("SELECT count(*) FROM job WHERE kind = 'import'") == 0
        await_true(lambda: uploads_under_way(queue) == 0, "the place being free")
        assert take(client, lines_of({"sku": tag(), "name": "N", "price": 1, "category_id": category}))["created"] == 1
    queue.connection.close()


# --- faults ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("parameters, faulty", [("", 100), ("?on_error=abort", 0)], ids=["skip", "abort"])
def test_a_runner_that_is_killed_at_any_step_costs_no_line(fresh_stack: Callable[..., Stack], tmp_path: Path,
                                                           parameters: str, faulty: int) -> None:
    stack = fresh_stack(PRODUCTS=0)
    queue = Queue(stack)
    chance = random.Random(5)
    lines = 10_000
    with client_of(stack) as client, stack.held("jobs"):
        category = client.category()["id"]
        sku = tag()
        rows = [{"sku": f"{sku}-{i}", "name": f"N {i}", "price": "1", "category_id": category} for i in range(lines)]
        for i in range(faulty):
            rows[i * 100]["price"] = "0"
        shown = send(client, lines_of(*rows), parameters=parameters)
        kills = 0
        with runners(stack, tmp_path, 1, program=RUNNER) as started:
            while client.get(f"{IMPORTS}/{shown['id']}").json()["state"] in ("queued", "running"):
                time.sleep(chance.uniform(0.02, 0.25))
                started.pop().kill()
                kills += 1
                # Its jobs are taken up when the lease is over: the test need not wait for that.
                queue.sql("UPDATE job SET lease_until = now(), attempts = 0 WHERE state = 'running'")
                started.append(Runner(stack, tmp_path, program=RUNNER))
                assert kills < 200
        shown = client.get(f"{IMPORTS}/{shown['id']}").json()
        assert (shown["state"], counts(shown)) == ("succeeded", (lines - faulty, 0, 0, faulty))
        assert len(errors(client, shown)) == faulty
        assert kills > 3
    assert queue.one("SELECT count(*) FROM product WHERE version = 1") == lines - faulty
    assert queue.one("SELECT count(*) FROM change WHERE type = 'product.created'") == lines - faulty
    assert queue.sql("SELECT id FROM change GROUP BY id, version HAVING count(*) > 1") == []
    queue.connection.close()


def test_a_runner_that_dies_before_its_first_step_does_not_refuse_again(fresh_stack: Callable[..., Stack]) -> None:
    """What was refused, is mended and tried again: the first runner claims it, and dies."""
    stack = fresh_stack(PRODUCTS=0, WORKERS=1)
    queue = Queue(stack)
    name = unique("Later")
    with client_of(stack) as client:
        shown = take(client, lines_of({"sku": tag(), "name": "N", "price": "1", "category": name}),
                     parameters="?on_error=abort")
        assert shown["state"] == "failed"
        client.category(name=name)
        await_true(lambda: stack.processes("jobs"), "the runner")
        with stack.held("jobs"):
            assert client.post(f"{JOBS}/{shown['id']}/retry").status_code == 200
            queue.sql("UPDATE job SET state = 'running', attempts = attempts + 1, fence = fence + 1, started_at = now(), "
                      "runner = gen_random_uuid(), lease_until = now() WHERE id = %s", shown["id"])
        again = await_end(client, client.get(f"{IMPORTS}/{shown['id']}").json())
        assert (again["state"], again["last_error"], counts(again)) == ("succeeded", "its runner was lost", (1, 0, 0, 0))
    queue.connection.close()


def test_staged_lines_are_purged_and_failed_ones_kept_for_a_while(fresh_stack: Callable[..., Stack]) -> None:
    stack = fresh_stack(PRODUCTS=0, WARES_PURGE_EVERY=1, WARES_JOBS_RETENTION=9)
    queue = Queue(stack)
    with client_of(stack) as client:
        category = client.category()["id"]
        rows = [{"sku": tag(), "name": "N", "price": price, "category_id": category} for price in ("1", "0")]
        shown = take(client, lines_of(*rows))
        waits = take(client, lines_of(rows[1]), parameters="?on_error=abort")
        assert waits["state"] == "failed"
        await_true(lambda: queue.one("SELECT count(*) FROM import_line WHERE import = %s", shown["id"]) == 0, "a purge", 20)
        assert len(errors(client, shown)) == 1
        assert queue.one("SELECT count(*) FROM import_line WHERE import = %s", waits["id"]) == 1
        queue.sql("UPDATE job_ended SET ended_at = now() - interval '7 days 1 hour' WHERE kind = 'import'")
        await_true(lambda: queue.one("SELECT (SELECT count(*) FROM import_error) + (SELECT count(*) FROM import_line)") == 0,
                   "a purge", 20)
        assert client.get(f"{IMPORTS}/{shown['id']}").json()["failed"] == 1
        queue.sql("UPDATE job_ended SET ended_at = now() - interval '9 days 1 hour' WHERE kind = 'import'")
        queue.sql("UPDATE import SET touched_at = now() - interval '9 days 1 hour'")
        await_true(lambda: queue.one("SELECT count(*) FROM import") == 0, "a purge", 20)
        assert_problem(client.get(f"{IMPORTS}/{shown['id']}"), 404)
    queue.connection.close()
