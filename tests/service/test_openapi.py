"""The OpenAPI document and the service say the same: requests made of the document are sent, and answers held against it."""

import contextlib
import copy
import json
import shutil
import subprocess
import uuid
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from client import CATEGORIES, PRODUCTS, assert_problem, client_of, unique
from events import EVENTS
from openapi_document import METHODS, Document, as_parameter
from stack import ROOT

PATH = "/api/v1/openapi.json"
JOBS = "/api/v1/jobs"
WEBHOOKS = "/api/v1/webhooks"
IMPORTS = "/api/v1/imports"
VALIDATOR = ROOT / "tests" / "openapi"
NOWHERE = "0193a7c0-0000-7000-8000-000000000000"

# What a schema cannot say: what something else must exist or be.
SEMANTIC = {"empty_range", "with_tree", "unknown_category", "contradictory", "alone", "other_sku", "without_word",
            "no_such_column", "address", "url"}

# Bodies that are files have no schema: what each media type may be sent with.
FILES = {"application/x-ndjson": b"{\"sku\":\"A\"}\n", "text/csv": b"sku\nA\n"}

EXAMPLES = settings(max_examples=6, deadline=None, derandomize=True, database=None,
                    suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def client(nginx_stack):
    with client_of(nginx_stack) as opened:
        yield opened


@pytest.fixture(scope="module")
def document(client):
    response = client.get(PATH)
    assert response.status_code == 200, response.text
    return Document(response.json())


class World:
    """What exists, and how a request finds it."""

    def __init__(self, client, stack):
        self.client = client
        self.stack = stack
        self.made = 0
        self.category = client.category()["id"]
        self.product = client.product(self.category)["id"]

    def path(self, operation):
        """The operation's path with something that it can be done to."""
        path = operation.path.replace("{name}", "validation").replace("{sku}", f"S{uuid.uuid4().hex}")
        if path.startswith(WEBHOOKS):
            return self.webhook_path(path)
        if "{id}" not in path:
            return path
        if path.startswith(IMPORTS):
            made = self.client.post_raw(IMPORTS, FILES["text/csv"], "text/csv")
            assert made.status_code == 202, made.text
            return path.replace("{id}", made.json()["id"])
        if path.startswith(JOBS):
            return path.replace("{id}", self.job(operation))
        if path.startswith(CATEGORIES):
            return path.replace("{id}", self.client.category()["id"] if operation.method == "delete" else self.category)
        if operation.method == "delete" or path.endswith("/restore"):
            product = self.client.product(self.category)["id"]
            if path.endswith("/restore"):
                assert self.client.request("DELETE", f"{PRODUCTS}/{product}").status_code == 204
            return path.replace("{id}", product)
        return path.replace("{id}", self.product)

    def webhook_path(self, path):
        """That of a webhook, with a delivery where the path names one."""
        # So many are made, and no more than a hundred are kept.
        with contextlib.closing(self.stack.connect()) as connection, connection.cursor() as cursor:
            connection.autocommit = True
            cursor.execute("UPDATE webhook SET deleted = true, state = 'disabled'")
            made = self.client.post(WEBHOOKS, json={"url": "https://example.org/"}).json()
            cursor.execute("INSERT INTO webhook_delivery (webhook_id, xid, seq, type, subject, version, at, data, state, "
                           "ended_at) SELECT %s, '5', n, 'product.created', gen_random_uuid(), 1, now(), '{}', 'delivered', "
                           "now() FROM generate_series(1, 2) n", [made["id"]])
        return path.replace("{id}", made["id"]).replace("{delivery}", "evt_5_1")

    def job(self, operation=None):
        """A job that no runner knows: one that failed where it is to be tried again, else one that waits or runs."""
        job = str(uuid.uuid4())
        self.made += 1
        with contextlib.closing(self.stack.connect()) as connection, connection, connection.cursor() as cursor:
            if operation is not None and operation.path.endswith("/retry"):
                cursor.execute("INSERT INTO job_ended (id, kind, payload, state, attempts, attempts_max, fence, progress, "
                               "created_at) VALUES (%s, 'unknown', '{}', 'failed', 1, 1, 1, 0, now())", [job])
            elif self.made % 2 == 0:
                cursor.execute("INSERT INTO job (id, kind) VALUES (%s, 'unknown')", [job])
            else:
                cursor.execute("INSERT INTO job (id, kind, state, lease_until) VALUES (%s, 'unknown', 'running', "
                               "now() + interval '1 day')", [job])
        return job

    def settle(self, value):
        """The same value about things that are there."""
        if isinstance(value, list):
            return [self.settle(part) for part in value]
        if not isinstance(value, dict):
            return value
        settled = {name: self.settle(part) for name, part in value.items()}
        for name, there in (("category_id", self.category), ("parent_id", None)):
            if is_uuid(settled.get(name)):
                settled[name] = there
        if "op" in settled and is_uuid(settled.get("id")):
            settled["id"] = self.product
        return settled


@pytest.fixture(scope="module")
def world(client, nginx_stack):
    return World(client, nginx_stack)


def is_uuid(value):
    try:
        return isinstance(value, str) and bool(uuid.UUID(value))
    except ValueError:
        return False


def send(client, document, operation, path, query=None, headers=None, media=None, body=None):
    """Sends a request and holds its answer against the document."""
    headers = dict(headers or {})
    options = {}
    if media is not None:
        headers["Content-Type"] = media
        options["data"] = body if isinstance(body, bytes) else json.dumps(body).encode()
    response = client.request(operation.method.upper(), path, params=query, headers=headers,
                              stream=operation.path == EVENTS, **options)
    if is_live(response):
        # It has no end, and the headers of the front server.
        response.close()
        assert "text/event-stream" in operation.spec["responses"]["200"]["content"]
        return response
    document.assert_answer(operation, response)
    return response


def is_live(response):
    """A stream that the front server holds, and not a worker's answer."""
    return (response.status_code == 200 and response.headers["Content-Type"] == "text/event-stream"
            and "Server-Timing" not in response.headers)


def send_body(client, document, world, operation, media, body):
    """A batch changes nothing, so that what it is about stays."""
    query = {"dry_run": "true"} if operation.path.endswith("/batch") else None
    return send(client, document, operation, world.path(operation), query, None, media, body)


def status_of(response):
    """A batch of one has the status of that one."""
    if response.status_code == 200 and "/batch" in response.url:
        return response.json()[0]["status"]
    return response.status_code


def codes_of(response):
    problem = response.json()
    problem = problem[0].get("problem", {}) if isinstance(problem, list) else problem
    return {fault["code"] for fault in problem.get("errors", [])}


def bodies(document):
    return [(operation, media, schema) for operation in document.operations
            for media, schema in operation.bodies.items() if media not in FILES]


def is_json_patch(body):
    """What one makes of a product no schema tells."""
    return not isinstance(body, bytes) and '"path":' in json.dumps(body)


# --- the document ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def validator():
    """The folder of the validator, which is installed into it where it is not there yet."""
    npm = shutil.which("npm")
    assert npm, "npm is missing: deploy/deps.sh test"
    if not (VALIDATOR / "node_modules").is_dir():
        done = subprocess.run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=VALIDATOR,
                              capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stderr
    return VALIDATOR / "node_modules" / ".bin" / "validate-api"


def test_an_independent_validator_takes_the_document(client, validator, tmp_path):
    good = tmp_path / "good.json"
    bad = tmp_path / "bad.json"
    good.write_bytes(client.get(PATH).content)
    broken = client.get(PATH).json()
    del broken["paths"][PRODUCTS]["get"]["parameters"][0]["in"]
    bad.write_text(json.dumps(broken))

    def run(path: Path) -> dict:
        done = subprocess.run([validator, path], capture_output=True, text=True, timeout=60, check=False)
        return json.loads(done.stdout or done.stderr)

    assert run(good)["valid"] is True
    assert run(bad)["valid"] is False


def test_the_document_is_kept_by_clients(stack):
    with client_of(stack) as client:
        response = client.get(PATH)
        assert response.headers["Content-Type"] == "application/json"
        # Each worker makes its own, and all make the same.
        tags = {client.get(PATH, headers={"Connection": "close"}).headers["ETag"] for _ in range(20)}
        assert tags == {response.headers["ETag"]}
        again = client.get(PATH, headers={"If-None-Match": response.headers["ETag"]})
        assert (again.status_code, again.content) == (304, b"")
        packed = client.get(PATH, headers={"Accept-Encoding": "gzip"})
        assert packed.json() == response.json()
        assert client.get(PATH, headers={"If-None-Match": packed.headers["ETag"]}).status_code == 304
        head = client.head(PATH)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["ETag"] == response.headers["ETag"]
        assert response.json()["openapi"].startswith("3.1.")


def test_every_example_keeps_to_its_schema(document):
    def examine(part):
        if isinstance(part, dict):
            for example in part.get("examples", []) if isinstance(part.get("examples"), list) else []:
                assert document.is_valid(part, example), part
            if isinstance(part.get("schema"), dict) and "example" in part:
                assert document.is_valid(part["schema"], part["example"]), part
            for inner in part.values():
                examine(inner)
        elif isinstance(part, list):
            for inner in part:
                examine(inner)

    examine(document.raw)
    problem = document.raw["components"]["schemas"]["Problem"]
    for response in document.raw["components"]["responses"].values():
        for example in response["content"]["application/problem+json"]["examples"].values():
            document.validator(problem, strict=True).validate(example["value"])


# --- requests that the document allows ------------------------------------------------------------------------------


def assert_taken(response, what, body):
    status = status_of(response)
    if status == 400:
        assert is_json_patch(body) or codes_of(response) <= SEMANTIC, f"{what} was refused: {response.text[:500]}"
    assert status < 500 and status not in (413, 415, 422), f"{what}: {response.text[:500]}"


def test_what_the_schemas_just_allow_is_taken(client, document, world):
    count = 0
    for operation, media, schema in bodies(document):
        for what, body in document.edges(schema):
            response = send_body(client, document, world, operation, media, world.settle(body))
            assert_taken(response, f"{operation}: {what}", body)
            count += 1
    assert count > 500


def test_parameters_at_their_bounds_are_taken(client, document, world):
    for operation in document.operations:
        for parameter in operation.parameters_in("query"):
            if parameter["name"] == "cursor":
                continue
            for what, value in document.edges(parameter["schema"]):
                body = body_of(document, world, operation)
                response = send(client, document, operation, world.path(operation),
                                {parameter["name"]: as_parameter(value)}, None, media_of(operation), body)
                assert_taken(response, f"{operation}: {parameter['name']} with {what}", body)


def media_of(operation):
    return next(iter(operation.bodies), None)


def body_of(document, world, operation):
    """A body that is taken, or None."""
    for media, schema in operation.bodies.items():
        return FILES.get(media) or world.settle(document.sample(schema))
    return None


@st.composite
def requests_for(draw, document, operation):
    """A request that the document allows: its query, headers, media type and body."""
    query = {}
    for parameter in operation.parameters_in("query"):
        if parameter["name"] != "cursor" and draw(st.booleans()):
            value = draw(document.values(parameter["schema"]))
            if isinstance(value, dict):
                query |= value
            else:
                query[parameter["name"]] = as_parameter(value)
    headers = {}
    for parameter in operation.parameters_in("header"):
        if draw(st.integers(0, 3)) == 0:
            headers[parameter["name"]] = parameter["example"]
    if headers.get("If-None-Match") == "*":
        headers.pop("If-Match", None)
    if "Idempotency-Key" in headers:
        headers["Idempotency-Key"] = uuid.uuid4().hex
    media = draw(st.sampled_from(sorted(operation.bodies))) if operation.bodies else None
    body = FILES.get(media) or (draw(document.values(operation.bodies[media])) if media else None)
    return query, headers, media, body


def test_requests_made_of_the_document_get_answers_of_the_document(client, document, world):
    for operation in document.operations:

        @EXAMPLES
        @given(request=requests_for(document, operation))
        def test_requests_of_the_operation(operation, request):
            query, headers, media, body = request
            if operation.path.endswith("/batch"):
                query = query | {"dry_run": "true", "atomic": "false"}
            path = world.path(operation)
            response = send(client, document, operation, path, query, headers, media, world.settle(body))
            assert_taken(response, f"{operation} with {query} {headers} {body}", body)

        test_requests_of_the_operation(operation)


# --- requests that it does not allow --------------------------------------------------------------------------------


def test_what_the_schemas_do_not_allow_is_refused(client, document, world):
    count = 0
    for operation, media, schema in bodies(document):
        for what, body in document.faults(schema):
            response = send_body(client, document, world, operation, media, world.settle(body))
            assert status_of(response) == 400, f"{operation}: {what}: {response.status_code} {response.text[:300]}"
            count += 1
    assert count > 1000


def test_parameters_that_the_document_does_not_allow_are_refused(client, document, world):
    for operation in document.operations:
        path, media, body = world.path(operation), media_of(operation), body_of(document, world, operation)
        for parameter in operation.parameters_in("query"):
            texts = {as_parameter(value) for _, value in document.faults(parameter["schema"])
                     if not isinstance(value, (dict, list, type(None)))}
            for text in sorted(texts):
                if document.is_valid(parameter["schema"], typed(parameter["schema"], text)):
                    continue
                response = send(client, document, operation, path, {parameter["name"]: text}, None, media, body)
                assert response.status_code == 400, f"{operation}: {parameter['name']}={text!r}: {response.text[:300]}"
                assert {fault["parameter"] for fault in response.json()["errors"]} == {parameter["name"]}
        if operation.path not in ("/livez", "/readyz"):
            response = send(client, document, operation, path, {"no_such_parameter": "1"}, None, media, body)
            assert response.status_code == 400, operation


def typed(schema, text):
    """What a text in a query stands for."""
    kind = schema.get("type")
    if kind == "array":
        return text.split(",")
    if kind == "boolean":
        return {"true": True, "false": False}.get(text, text)
    if kind == "integer" and text.lstrip("-").isdigit():
        return int(text)
    return text


def test_headers_that_the_document_does_not_allow_are_refused(client, document, world):
    for operation in document.operations:
        patterns = {}
        for parameter in operation.parameters_in("header"):
            if "pattern" in parameter["schema"]:
                patterns.setdefault(parameter["name"], []).append(parameter["schema"])
        for name, schemas in patterns.items():
            for value in ("3", "\"3", "3\"", "\"a\" \"b\"", "a\"b", "x" * 256, "ü".encode()):
                text = value if isinstance(value, str) else value.decode("latin-1")
                if any(document.is_valid(schema, text) for schema in schemas):
                    continue
                response = send(client, document, operation, world.path(operation), None, {name: value},
                                media_of(operation), body_of(document, world, operation))
                assert response.status_code == 400, f"{operation}: {name}: {value!r}: {response.status_code}"
                assert {fault["header"] for fault in response.json()["errors"]} == {name}


# --- every kind of answer -------------------------------------------------------------------------------------------


def test_every_success_that_is_documented_is_met(client, document, world):
    for operation in document.operations:
        media, body = media_of(operation), body_of(document, world, operation)
        # (WebSockets have tests of their own.)
        documented = {status for status in operation.spec["responses"] if "200" <= status < "400"}
        met = set()
        for headers in ({}, {"Prefer": "return=minimal"}, {"If-None-Match": "\"1\""}):
            path = world.path(operation)
            if operation.method == "get" and "If-None-Match" in headers:
                with client.get(path, stream=True) as first:
                    headers = {"If-None-Match": first.headers.get("ETag", "\"none\"")}
            elif "If-None-Match" in headers:
                headers = {}
                path = path.replace(world.product, str(uuid.uuid4()))
                path = path if operation.method == "put" else world.path(operation)
            elif operation.path.endswith("{sku}"):
                client.product(world.category, sku=path.rsplit("/", 1)[1])
            met.add(str(send(client, document, operation, path, None, headers, media, body).status_code))
        assert documented <= met, f"{operation}: {documented - met} was not met"


def test_problems_of_every_operation_are_documented(client, document, world):
    for operation in document.operations:
        media, body = media_of(operation), body_of(document, world, operation)
        path = world.path(operation)
        if "{id}" in operation.path:
            elsewhere = operation.path.replace("{id}", NOWHERE).replace("{delivery}", "evt_5_1")
            send(client, document, operation, elsewhere, None, None, media, body)
            send(client, document, operation, elsewhere, None, {"If-Match": "\"3\""}, media, body)
            broken = send(client, document, operation, operation.path.replace("{id}", "17").replace("{delivery}", "x"),
                          None, None, media, body)
            assert broken.status_code == 400
        if any(parameter["name"] == "If-Match" for parameter in operation.parameters):
            stale = send(client, document, operation, path, None, {"If-Match": "\"99999\""}, media, body)
            assert stale.status_code in (404, 412) or operation.path.endswith(("/products", "/categories", "/webhooks")), stale.text
        if media is not None:
            assert send(client, document, operation, path, None, None, "text/plain", body).status_code == 415
            assert media in FILES or send(client, document, operation, path, None, None, media, b"{").status_code == 400
        first = operation.spec["responses"][min(operation.spec["responses"])]
        if "content" in first:
            refused = send(client, document, operation, path, None, {"Accept": "image/png"}, media, body)
            assert refused.status_code == 406, operation
            for one in first["content"]:
                taken = send(client, document, operation, world.path(operation), None, {"Accept": one}, media, body)
                assert taken.headers["Content-Type"].split(";")[0] == one or taken.status_code >= 300


def test_a_method_that_is_not_documented_is_refused(client, document, world):
    paths = {}
    for operation in document.operations:
        paths.setdefault(operation.path, {})[operation.method] = operation
    for path, operations in paths.items():
        some = next(iter(operations.values()))
        target = world.path(some)
        allowed = {method.strip().lower() for method in
                   client.request("OPTIONS", target).headers["Allow"].split(",")}
        assert allowed - {"head", "options"} == set(operations)
        for method in set(METHODS) - set(operations):
            assert_problem(client.request(method.upper(), target), 405)


def test_a_repeated_request_with_a_key_is_documented(client, document, world):
    for operation in document.operations:
        if any(parameter["name"] == "Idempotency-Key" for parameter in operation.parameters):
            media, body, path = media_of(operation), body_of(document, world, operation), world.path(operation)
            if isinstance(body, dict):  # a change that changes nothing has nothing to keep
                body["description" if operation.path.startswith(WEBHOOKS) else "name"] = unique()
            headers = {"Idempotency-Key": uuid.uuid4().hex}
            first = send(client, document, operation, path, None, headers, media, body)
            again = send(client, document, operation, path, None, headers, media, body)
            assert again.status_code == first.status_code, str(operation)
            assert again.headers.get("Idempotency-Replayed") == "true", str(operation)
            other = send(client, document, operation, path, {"dry_run": "false"}, headers, media, body)
            assert other.status_code == 422, str(operation)


def test_pages_are_documented(client, document, world):
    for operation in document.operations:
        if any(parameter["name"] == "cursor" for parameter in operation.parameters):
            for _ in range(2):
                client.category(name=unique())
            path = world.path(operation) if "{id}" in operation.path else operation.path
            first = send(client, document, operation, path, {"limit": "1"})
            send(client, document, operation, first.links["next"]["url"])


# --- and it would be noticed ----------------------------------------------------------------------------------------


def tamper(document, change):
    raw = copy.deepcopy(document.raw)
    change(raw)
    return Document(raw)


def schema_of(raw, name, member):
    return raw["components"]["schemas"][name]["properties"][member]


@pytest.mark.parametrize("change", [
    lambda raw: schema_of(raw, "Product", "name").update(maxLength=3),
    lambda raw: schema_of(raw, "Product", "price").update(type="number"),
    lambda raw: raw["components"]["schemas"]["Product"]["properties"].pop("group_key"),
    lambda raw: raw["components"]["schemas"]["Product"]["required"].append("colour"),
    lambda raw: raw["paths"][PRODUCTS]["post"]["responses"].pop("201"),
    lambda raw: raw["paths"][PRODUCTS]["post"]["responses"]["201"]["headers"].pop("Location"),
    lambda raw: raw["paths"][PRODUCTS]["post"]["responses"]["201"].pop("content"),
], ids=["length", "type", "member", "required", "status", "header", "content"])
def test_an_answer_that_differs_is_noticed(client, document, world, change):
    false = tamper(document, change)
    with pytest.raises(AssertionError):
        for operation in false.operations:
            if operation.spec["operationId"] == "createProduct":
                send(client, false, operation, PRODUCTS, None, None, "application/json",
                     client.draft(world.category, name="A name"))


@pytest.mark.parametrize("change", [
    lambda raw: schema_of(raw, "ProductInput", "name").update(maxLength=201),
    lambda raw: schema_of(raw, "ProductInput", "sku").update(pattern="^[a-z]+$"),
    lambda raw: schema_of(raw, "ProductInput", "status")["enum"].append("sold"),
    lambda raw: schema_of(raw, "ProductInput", "currency")["enum"].remove("EUR"),
    lambda raw: schema_of(raw, "ProductInput", "description").update(type="string"),
    lambda raw: schema_of(raw, "ProductInput", "images").update(maxItems=9),
    lambda raw: raw["components"]["schemas"]["ProductInput"]["required"].remove("price"),
    lambda raw: raw["components"]["schemas"]["ProductInput"]["properties"].pop("sku"),
], ids=["length", "pattern", "value", "missing value", "null", "items", "required", "members"])
def test_a_rule_that_differs_is_noticed(client, document, world, change):
    """The two tests of the rules of bodies, on a document with one fault."""
    false = tamper(document, change)
    false.operations = [one for one in false.operations if one.spec["operationId"] == "createProduct"]
    noticed = 0
    for operation, media, schema in bodies(false):
        for taken, requests in ((True, false.edges(schema)), (False, false.faults(schema))):
            for _, body in requests:
                status = send_body(client, false, world, operation, media, world.settle(body)).status_code
                noticed += (status == 400) == taken
    # Values of an enum and the like that became too few are only met from outside.
    real = next(one for one in document.operations if one.spec["operationId"] == "createProduct")
    for _, body in document.edges(real.bodies["application/json"]):
        noticed += not false.is_valid(bodies(false)[0][2], body)
    assert noticed > 0
