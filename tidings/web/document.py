"""The OpenAPI document: the routes as the framework sees them, the shapes as msgspec checks them."""

from typing import Any

import msgspec

REFERENCE = "#/components/schemas/{name}"
METHODS = ("get", "post", "patch", "put", "delete")
Parameters = dict[tuple[str, str], dict[str, bool]]


def complete(document: dict[str, Any], shapes: set[type[msgspec.Struct]]) -> dict[str, Any]:
    """Return a document with msgspec's own schemas: the framework's lack unknown members, patterns and descriptions.

    Args:
        document: As the framework makes it.
        shapes: All Structs that go in or out.
    """
    ordered = sorted(shapes, key=lambda shape: shape.__name__)
    _, schemas = msgspec.json.schema_components(ordered, ref_template=REFERENCE)
    for item in document["paths"].values():
        for operation in item.values():
            for parameter in operation.get("parameters", []):
                parameter["schema"] = without_null(parameter["schema"])
    return document | {"components": document["components"] | {"schemas": dict(sorted(schemas.items()))}}


def without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a parameter that may be left out; it cannot be null where it stands."""
    choices = [one for one in schema.get("oneOf", []) if one != {"type": "null"}]
    if len(choices) == 1:
        schema = choices[0] | {name: value for name, value in schema.items() if name != "oneOf"}
    if "enum" in schema:
        schema = schema | {"type": "string", "enum": [value for value in schema["enum"] if value is not None]}
    return {name: value for name, value in schema.items() if name != "default" or value is not None}


def query_parameters(document: dict[str, Any]) -> Parameters:
    """Return by method and path which query parameters there are, and whether each is free text."""
    found: Parameters = {}
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                named = [one for one in item[method].get("parameters", []) if one["in"] == "query"]
                found[method.upper(), path] = {one["name"]: is_text(one["schema"]) for one in named}
    return found


def is_text(schema: dict[str, Any]) -> bool:
    """Tell whether a parameter takes any text, "null" too."""
    return schema.get("type") == "string" and "enum" not in schema
