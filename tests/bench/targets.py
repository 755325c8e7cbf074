"""What the load asks for, found over HTTP in the running service, and the answers that the ceiling gives instead."""

import json
import os
import re
import statistics
import subprocess
import urllib.parse
import urllib.request

from measure import Unmeasured

PRODUCTS = "/api/v1/products"
CATEGORIES = "/api/v1/categories"
LIST_LIMIT = 20
CREATED = {"name": "Bench product", "price": "19.99"}


def call(url, body=None, headers=None):
    """The answer's JSON; Unmeasured where there is none."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json", **(headers or {})})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)
    except (OSError, ValueError) as error:
        raise Unmeasured(f"{url}: {error}") from error


class Targets:
    """Ids of products to read, of categories to list and of the category to create in, and what to search for."""

    def __init__(self, url, hot, tag):
        hot_products = call(f"{url}{PRODUCTS}?limit={hot}")
        self.products = [product["id"] for product in hot_products]
        self.searches = [search_for(product["name"], number) for number, product in enumerate(hot_products)]
        self.categories = [category["id"] for category in call(f"{url}{CATEGORIES}?limit=100")
                           if len(call(f"{url}{self.list_path(category['id'])}")) == LIST_LIMIT]
        self.own_category = call(f"{url}{CATEGORIES}", {"name": f"Bench {tag}"})["id"]
        if len(self.products) < hot or not self.categories:
            raise Unmeasured(f"the service has {len(self.products)} products and {len(self.categories)} categories of "
                             f"{LIST_LIMIT} or more: too few to read")

    @staticmethod
    def list_path(category):
        """The list that is asked for, as in load.lua."""
        return f"{PRODUCTS}?category_id={category}&limit={LIST_LIMIT}"

    def write(self, path):
        """The file that load.lua reads."""
        lines = [f"id {product}" for product in self.products]
        lines += [f"list {category}" for category in self.categories]
        lines += [f"search {urllib.parse.quote(search, safe='')}" for search in self.searches]
        lines.append(f"create {self.own_category}")
        path.write_text("\n".join(lines) + "\n", encoding="ascii")

    def record_answers(self, fastcgi_socket, folder):
        """The worker's own answers of middling size to each kind of request, as files, in the ceiling's order."""
        items = [exchange(fastcgi_socket, "GET", f"{PRODUCTS}/{product}") for product in self.products]
        lists = [exchange(fastcgi_socket, "GET", self.list_path(category)) for category in self.categories]
        created = exchange(fastcgi_socket, "POST", PRODUCTS, json.dumps({**CREATED, "category_id": self.own_category}))
        paths = []
        for name, answers in (("item", items), ("list", lists), ("created", [created])):
            size = statistics.median_low(len(answer) for answer in answers)
            path = folder / f"{name}.answer"
            path.write_bytes(next(answer for answer in answers if len(answer) == size))
            paths.append(str(path))
        return paths


def search_for(name, number):
    """What a customer might type who looks for a product of that name, each number another way: two words of it, one
    that is not finished, a phrase, an exclusion, and a word with two letters the wrong way round."""
    words = re.findall(r"[^\W\d_]{3,}", name.lower())
    first, last = words[0], words[-1]
    ways = (f"{first} {last}", last[:4], f'"{" ".join(words[-2:])}"', f"{last} -{first}",
            first[0] + first[2] + first[1] + first[3:])
    return ways[number % len(ways)]


def exchange(fastcgi_socket, method, uri, body=""):
    """One request straight to the worker, without a front: the header fields and the body as the worker wrote them."""
    env = {"PATH": os.environ["PATH"], "REQUEST_METHOD": method, "REQUEST_URI": uri,
           "QUERY_STRING": uri.partition("?")[2], "SERVER_PROTOCOL": "HTTP/1.1", "CONTENT_TYPE": "application/json",
           "CONTENT_LENGTH": str(len(body)) if body else ""}
    ended = subprocess.run(["cgi-fcgi", "-bind", "-connect", fastcgi_socket], input=body.encode(), env=env,
                           capture_output=True, check=False, timeout=30)
    if ended.returncode != 0 or not ended.stdout.startswith(b"Status: 2"):
        raise Unmeasured(f"{method} {uri} straight to the worker: {(ended.stdout + ended.stderr)[:300]!r}")
    return ended.stdout
