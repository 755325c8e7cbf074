"""The OpenAPI document as a source of requests, and as what answers are held against.

Knows nothing of products: all that it sends and expects comes from the document."""

import copy
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import jsonschema
from hypothesis import strategies as st

METHODS = ("get", "post", "put", "patch", "delete")

# What HTTP and the front server add.
FRONT_HEADERS = {
    "accept-ranges", "connection", "content-encoding", "content-length", "content-type", "date", "keep-alive", "server",
    "transfer-encoding", "vary",
}

CHECK_FORMATS = jsonschema.FormatChecker(formats=("uuid",))

# Tried where a value is to break a pattern.
BREAKERS = ("\u0001", " ", "-", "~", "a b", "A\tB", "0", "-1", "1e3", "http://example.org/", "ü", "", "1.00001", "01")

# The keywords of a schema that values are looked at for.
COMBINERS = ("oneOf", "anyOf")


@dataclass(frozen=True)
class Operation:
    path: str
    method: str
    spec: dict

    def __str__(self) -> str:
        return f"{self.method.upper()} {self.path}"

    @property
    def parameters(self) -> list[dict]:
        return self.spec.get("parameters", [])

    def parameters_in(self, place: str) -> list[dict]:
        return [parameter for parameter in self.parameters if parameter["in"] == place]

    @property
    def bodies(self) -> dict[str, dict]:
        """Schemas by media type."""
        content = self.spec.get("requestBody", {}).get("content", {})
        return {media: entry["schema"] for media, entry in content.items()}


class Document:
    def __init__(self, document: dict) -> None:
        self.raw = document
        shared = {"components": document["components"]}
        self._resolvers = {False: jsonschema.RefResolver("", shared), True: jsonschema.RefResolver("", closed(shared))}
        self._validators: dict[tuple[int, bool], tuple[jsonschema.Draft202012Validator, dict]] = {}
        self.operations = [
            Operation(path, method, self._expand(spec))
            for path, item in document["paths"].items() for method, spec in item.items() if method in METHODS]

    # --- references ---

    def resolve(self, schema: dict) -> dict:
        while "$ref" in schema:
            target: Any = self.raw
            for part in schema["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            schema = target
        return schema

    def _expand(self, spec: dict) -> dict:
        """An operation whose parameters, responses and headers are no references."""
        spec = copy.deepcopy(spec)
        spec["parameters"] = [self.resolve(parameter) for parameter in spec.get("parameters", [])]
        spec["responses"] = {status: copy.deepcopy(self.resolve(answer)) for status, answer in spec["responses"].items()}
        for answer in spec["responses"].values():
            answer["headers"] = {name: self.resolve(header) for name, header in answer.get("headers", {}).items()}
        return spec

    def validator(self, schema: dict, strict: bool = False) -> jsonschema.Draft202012Validator:
        """strict: members of objects that are not described are faults too, as they would be new to every client."""
        key = id(schema), strict
        if key not in self._validators:
            own = closed(schema) if strict else schema
            made = jsonschema.Draft202012Validator(own, resolver=self._resolvers[strict], format_checker=CHECK_FORMATS)
            # With its schema, whose id is then not given to another one.
            self._validators[key] = made, schema
        return self._validators[key][0]

    def is_valid(self, schema: dict, value: Any) -> bool:
        return self.validator(schema).is_valid(value)

    # --- values ---

    def values(self, schema: dict) -> st.SearchStrategy:
        """Values that the schema takes."""
        made = self._values(self.resolve(schema))
        check = self.validator(schema)
        return made.filter(check.is_valid)

    def _values(self, schema: dict) -> st.SearchStrategy:
        if "const" in schema:
            return st.just(schema["const"])
        if "enum" in schema:
            return st.sampled_from(schema["enum"])
        for combiner in COMBINERS:
            if combiner in schema and "properties" not in schema:
                return st.one_of([self.values(choice) for choice in schema[combiner]])
        types = schema.get("type", "any")
        return st.one_of([self._of_type(schema, one) for one in ([types] if isinstance(types, str) else types)])

    def _of_type(self, schema: dict, kind: str) -> st.SearchStrategy:
        if kind == "string":
            return strings(schema)
        if kind == "integer":
            return st.integers(schema.get("minimum", -10**6), schema.get("maximum", 10**6))
        if kind == "number":
            least = 1 if "exclusiveMinimum" in schema else -10**6
            return st.one_of(st.integers(least, 10**6), st.sampled_from([0.5, 12.25, 99.9999]))
        if kind == "boolean":
            return st.booleans()
        if kind == "null":
            return st.none()
        if kind == "array":
            return st.lists(self.values(schema["items"]), min_size=schema.get("minItems", 0),
                            max_size=min(schema.get("maxItems", 3), 3))
        if kind == "object":
            return self._objects(schema)
        return st.sampled_from([None, True, 7, "text", [], {}])

    def _objects(self, schema: dict) -> st.SearchStrategy:
        members = {name: member for name, member in schema.get("properties", {}).items() if not member.get("readOnly")}
        required = {name: self.values(members[name]) for name in schema.get("required", [])}
        optional = {name: self.values(member) for name, member in members.items() if name not in required}
        made = st.fixed_dictionaries(required, optional=optional)
        more = schema.get("additionalProperties")
        if not members and isinstance(more, dict):
            names = st.from_regex(schema.get("propertyNames", {}).get("pattern", "^[a-z]{1,8}$"), fullmatch=True)
            made = st.dictionaries(names.map(str.strip), self.values(more), max_size=3)
        for pattern, member in schema.get("patternProperties", {}).items():
            made = st.dictionaries(st.from_regex(pattern, fullmatch=True), self.values(member), max_size=2)
        return made

    def sample(self, schema: dict) -> Any:
        """The simplest value: required members only."""
        schema = self.resolve(schema)
        for combiner in COMBINERS:
            if combiner in schema and "properties" not in schema:
                return self.sample(schema[combiner][0])
        if "const" in schema:
            return schema["const"]
        if schema.get("examples"):
            return schema["examples"][0]
        if "enum" in schema:
            return schema["enum"][0]
        kind = schema.get("type", "string")
        kind = kind if isinstance(kind, str) else kind[0]
        if kind == "object":
            return {name: self.sample(schema["properties"][name]) for name in schema.get("required", [])}
        if kind == "array":
            return [self.sample(schema["items"])] * schema.get("minItems", 0)
        if schema.get("format") == "uuid":
            return str(uuid.uuid4())
        if schema.get("format") == "json-pointer":
            return "/name"
        return {"string": "A1", "integer": 1, "number": 1, "boolean": True, "null": None}[kind]

    # --- edges and faults ---

    def edges(self, schema: dict) -> Iterator[tuple[str, Any]]:
        """Values at the bounds that the schema still takes, each with what it is."""
        check = self.validator(schema)
        for what, value in self._edges(self.resolve(schema)):
            if check.is_valid(value):
                yield what, value

    def _edges(self, schema: dict) -> Iterator[tuple[str, Any]]:
        for combiner in COMBINERS:
            for choice in schema.get(combiner, []):
                yield from self.edges(choice)
        if "properties" in schema:
            whole = self.sample(schema)
            yield "the required members", whole
            for name, member in schema["properties"].items():
                if not member.get("readOnly"):
                    yield from ((f"{name}: {what}", whole | {name: value}) for what, value in self.edges(member))
        elif "items" in schema:
            yield from ((f"an item with {what}", [value]) for what, value in self.edges(schema["items"]))
        for value in schema.get("enum", []):
            yield f"the value {value!r}", value
        length = schema.get("maxLength")
        if length:
            yield from (("the longest", letter * length) for letter in ("a", "ü"))
            if schema.get("format") == "uri":
                yield "the longest address", "https://example.org/".ljust(length, "a")
        for name in ("minimum", "maximum"):
            if name in schema:
                yield f"the {name}", schema[name]
        if "array" in schema.get("type", "") and "maxItems" in schema and schema["maxItems"] <= 100:
            item = self.resolve(schema["items"])
            text = "https://example.org/" if item.get("format") == "uri" else self.sample(item)
            yield "the most items", [text] * schema["maxItems"]
        if "null" in schema.get("type", ""):
            yield "null", None
        for example in schema.get("examples", []):
            yield "the example", example

    def faults(self, schema: dict) -> Iterator[tuple[str, Any]]:
        """Values that break one keyword each; what the schema takes after all is left out."""
        check = self.validator(schema)
        for what, value in self._faults(self.resolve(schema)):
            if not check.is_valid(value):
                yield what, value

    def _faults(self, schema: dict) -> Iterator[tuple[str, Any]]:
        for combiner in COMBINERS:
            for choice in schema.get(combiner, []):
                yield from self.faults(choice)
        yield from (("another type", value) for value in (None, True, 7, -1.5, "?", [], {}, [1], {"a": {}}))
        length = schema.get("maxLength")
        if length:
            yield from (("too long", letter * (length + 1)) for letter in ("a", "ü"))
            if schema.get("format") == "uri":
                yield "too long an address", "https://example.org/".ljust(length + 1, "a")
        if "pattern" in schema or "format" in schema or "enum" in schema:
            yield from ((f"no match: {text!r}", text) for text in BREAKERS)
        if "minimum" in schema:
            yield "below the minimum", schema["minimum"] - 1
        if "maximum" in schema:
            yield "above the maximum", schema["maximum"] + 1
        if "exclusiveMinimum" in schema:
            yield "the exclusive minimum", schema["exclusiveMinimum"]
        if "maxItems" in schema:
            yield "too many items", [self.sample(schema["items"])] * (schema["maxItems"] + 1)
        if "items" in schema:
            yield from ((f"an item with {what}", [value]) for what, value in self.faults(schema["items"]))
        if "maxProperties" in schema:
            yield "too many members", {f"a{i}": 1 for i in range(schema["maxProperties"] + 1)}
        if isinstance(schema.get("additionalProperties"), dict):
            yield "a name that is none", {"Not A Name": 1}
            yield from ((f"a member with {what}", {"a": value})
                        for what, value in self.faults(schema["additionalProperties"]))
        if "properties" in schema:
            yield from self._object_faults(schema)

    def _object_faults(self, schema: dict) -> Iterator[tuple[str, Any]]:
        whole = self.sample(schema)
        for name in schema.get("required", []):
            yield f"{name} missing", {other: value for other, value in whole.items() if other != name}
        if schema.get("additionalProperties") is False:
            yield "an unknown member", whole | {"no_such_member": 1}
        for name, member in schema["properties"].items():
            if not member.get("readOnly"):
                yield from ((f"{name}: {what}", whole | {name: value}) for what, value in self.faults(member))

    # --- answers ---

    def assert_answer(self, operation: Operation, response: Any) -> None:
        """The status, the media type, the body and the headers are what the document says."""
        status = str(response.status_code)
        where = f"{operation} answered {status}"
        assert status in operation.spec["responses"], f"{where}, which is not documented: {response.text[:300]}"
        answer = operation.spec["responses"][status]
        self._assert_body(where, answer.get("content", {}), response)
        documented = {name.lower(): header for name, header in answer["headers"].items()}
        for name, value in response.headers.items():
            if name.lower() in FRONT_HEADERS or name.lower().startswith("access-control-"):
                continue
            assert name.lower() in documented, f"{where} with the header {name}, which is not documented"
            schema = documented[name.lower()]["schema"]
            typed = int(value) if schema["type"] == "integer" else value
            assert self.is_valid(schema, typed), f"{where} with {name}: {value}"
        for name in ("x-request-id", "server-timing"):
            assert name in {header.lower() for header in response.headers}, f"{where} without {name}"

    def _assert_body(self, where: str, content: dict, response: Any) -> None:
        minimal = response.headers.get("Preference-Applied") == "return=minimal" and response.content == b""
        if not content or minimal:
            assert response.content == b"", f"{where} with a body, and none is documented"
            return
        media = response.headers["Content-Type"].split(";")[0]
        assert media in content, f"{where} in {media}, not one of {sorted(content)}"
        schema = content[media]["schema"]
        value = json.loads(response.text) if media == "application/json" or media.endswith("+json") else response.text
        fault = jsonschema.exceptions.best_match(self.validator(schema, strict=True).iter_errors(value))
        assert fault is None, f"{where}: {fault.message} at {list(fault.absolute_path)} of {response.text[:500]}"


def closed(schema: Any) -> Any:
    """The same with objects that take no members but those that are described."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    more = {"additionalProperties": False} if isinstance(schema.get("properties"), dict) else {}
    return more | {name: closed(part) for name, part in schema.items()}


# What a parameter may be that is only looked for.
ANYTHING_BUT_NUL = "^[^\\u0000]*$"


def strings(schema: dict) -> st.SearchStrategy:
    if schema.get("format") == "uuid":
        return st.uuids().map(str)
    if schema.get("format") == "uri":
        return st.from_regex(r"https://[a-z]{1,9}\.example/[a-z0-9]{0,20}", fullmatch=True)
    if schema.get("format") == "date-time":
        return st.datetimes().map(lambda at: at.isoformat(timespec="seconds") + "Z")
    if schema.get("format") == "json-pointer":
        return st.sampled_from(["/name", "/attributes/a", "/images/0", "/none", ""])
    letters = st.characters(blacklist_categories=("Cs",))
    most = min(schema.get("maxLength", 50), 50)
    if schema.get("pattern") == ANYTHING_BUT_NUL:
        letters = st.characters(blacklist_categories=("Cs",), blacklist_characters="\0")
    if schema.get("pattern") in (None, ANYTHING_BUT_NUL):
        return st.text(letters, min_size=schema.get("minLength", 0), max_size=most)
    made = st.from_regex(schema["pattern"], fullmatch=True)
    # What a class in the pattern leaves open is drawn from all characters, too seldom of one kind to be left to chance.
    either = st.one_of(made, st.text(letters, min_size=1, max_size=most), st.text("abc XYZ019-", min_size=1, max_size=most))
    # To Python $ matches before a last line feed too, which it does not in a schema.
    either = either.filter(lambda text: not text.endswith("\n"))
    return either.filter(lambda text: text.isprintable() or "\n" in text or not text).filter(is_utf8)


def is_utf8(text: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


def as_parameter(value: Any) -> str:
    """A value as style form without explode writes it."""
    if isinstance(value, list):
        return ",".join(map(as_parameter, value))
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
