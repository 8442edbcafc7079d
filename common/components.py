"""Schemas of the structs in a form that client generators understand.

msgspec writes good JSON Schema, but more than most generators can read: they reject tuples, leave out enums without a
type, take an object with any keys for an empty one, and require every field that has a default.
"""

import inspect
import re
from collections.abc import Iterable, Iterator
from copy import deepcopy
from typing import Any

import msgspec

from common.errors import CODES

Node = dict[str, Any]
TEMPLATE = "#/components/schemas/{name}"


def simplify(document: Node, sent: Iterable[Any]) -> Node:
    """An OpenAPI or AsyncAPI document with simplified schemas; `sent` are the bodies that clients send. Works on a
    copy: the original is shared by all requests."""
    document = deepcopy(document)
    _name_pages(document)
    schemas = document["components"]["schemas"]
    for node in list(_nodes(document)):
        _simplify(node)
    names = _referenced(list(sent), schemas)
    for name, schema in schemas.items():
        _settle_defaults(schema, is_sent=name in names)
    return document


def open_codes() -> Node:
    """The schema of a problem's `code`: the known codes, or any other string. With a closed enum, generated clients
    would fail on the first code that a later server adds."""
    return {"anyOf": [{"type": "string", "enum": sorted(CODES)}, {"type": "string"}]}


def _nodes(value: Any) -> Iterator[Node]:
    """Every object, at any depth."""
    if isinstance(value, dict):
        yield value
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _nodes(child)


def _simplify(node: Node) -> None:
    if isinstance(node.get("description"), str):
        node["description"] = inspect.cleandoc(node["description"])
    if isinstance(values := node.get("enum"), list):
        node.setdefault("type", "string" if isinstance(values[0], str) else "integer")
    if isinstance(parts := node.get("prefixItems"), list) and all(part == parts[0] for part in parts):
        del node["prefixItems"]
        node["items"] = parts[0]
    if node.get("type") == "object" and "properties" not in node:
        node.setdefault("additionalProperties", True)


def _name_pages(document: Node) -> None:
    """Name pages `MemberPage` instead of `Page_Member_`."""
    schemas = document["components"]["schemas"]
    names = {name: re.sub(r"^(\w+?)_(\w+)_$", r"\2\1", name) for name in schemas}
    references = {TEMPLATE.format(name=old): TEMPLATE.format(name=new) for old, new in names.items()}
    document["components"]["schemas"] = {names[name]: schema for name, schema in schemas.items()}
    for name, schema in document["components"]["schemas"].items():
        schema["title"] = name
    for node in _nodes(document):
        if node.get("$ref") in references:
            node["$ref"] = references[node["$ref"]]


def _name(reference: str) -> str:
    return reference.rsplit("/", 1)[1]


def _referenced(value: Any, schemas: Node) -> set[str]:
    """The names of the components that a value refers to, directly or through others."""
    found: set[str] = set()
    waiting = [value]
    while waiting:
        names = {_name(node["$ref"]) for node in _nodes(waiting.pop()) if "$ref" in node} - found
        found |= names
        waiting += [schemas[name] for name in names]
    return found


def _settle_defaults(schema: Node, *, is_sent: bool) -> None:
    """Make `required` right: a field with a default may be left out of a request, and is always present in a response.
    `default` itself becomes a sentence, because generators disagree on what it means."""
    fields = schema.get("properties", {})
    defaults = {name: field.pop("default") for name, field in fields.items() if "default" in field}
    if is_sent:
        for name, default in defaults.items():
            if default not in (None, "", [], {}):
                _add_sentence(fields[name], f"By default `{msgspec.json.encode(default).decode()}`.")
    else:
        schema["required"] = [name for name in fields if name in {*schema.get("required", ()), *defaults}]


def _add_sentence(field: Node, sentence: str) -> None:
    field["description"] = f"{field.get('description', '')} {sentence}".strip()
