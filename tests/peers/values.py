"""Python values as JSON trees and back, so that a `str`, a `bytes`, an `int` and a `bool` stay what they are."""

import base64


def decode(tree):
    """Return the value of a tree."""
    kind = tree["type"]
    if kind == "NoneType":
        return None
    if kind in ("bool", "str"):
        return tree["value"]
    if kind == "int":
        return int(tree["value"])
    if kind == "float":
        return float(tree["value"])
    if kind == "bytes":
        return base64.b64decode(tree["base64"])
    if kind == "list":
        return [decode(item) for item in tree["items"]]
    if kind == "tuple":
        return tuple(decode(item) for item in tree["items"])
    if kind == "dict":
        return {decode(key): decode(value) for key, value in tree["items"]}
    raise ValueError("no such type: %s" % kind)


def encode(value):
    """Return the tree of a value; an object of another class is known by its class and repr only."""
    kind = type(value).__name__
    if value is None or kind in ("bool", "str"):
        return {"type": kind, "value": value}
    if kind in ("int", "float"):
        return {"type": kind, "value": repr(value)}
    if kind in ("bytes", "bytearray"):
        return {"type": kind, "base64": base64.b64encode(value).decode()}
    if kind in ("list", "tuple"):
        return {"type": kind, "items": [encode(item) for item in value]}
    if kind == "dict":
        return {"type": kind, "items": [[encode(k), encode(v)] for k, v in value.items()]}
    return {"type": "object", "class": "%s.%s" % (type(value).__module__, kind), "repr": repr(value)}
