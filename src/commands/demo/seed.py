#!/usr/bin/env python3
"""Writes seed.json: items that real Flask applications left behind, from the golden values of the tests.

    python3 src/commands/demo/seed.py > src/commands/demo/seed.json
"""

import base64
import json
import pathlib

GOLDEN = pathlib.Path(__file__).parents[3] / "tests/golden/flask_values.json"
VALUES = {vector["id"]: vector["stored"] for vector in json.loads(GOLDEN.read_text())["vectors"]}
PREFIX = "flask_cache_"

# Under which key an application has the value of which golden item.
ITEMS = {
    PREFIX + "view//products/42": "s-caching-2.3.1-view-01",
    PREFIX + "view//orders": "s-caching-2.3.1-view-02",
    PREFIX + "view//news": "s-caching-2.3.1-view-07",
    PREFIX + "/search73a67da486defb6918b56c3c16c0afda": "s-caching-2.3.1-view-04",
    PREFIX + "view//searchffa1bf651aa59586e6c4eb1d749692ce9bcdf1a57330432ef853f52871a67866": "s-caching-2.5.1-view-03",
    PREFIX + "_template_fragment_cache_item_42": "s-caching-2.3.1-fragment-01",
    PREFIX + "_template_fragment_cache_footer": "s-caching-1.4.0-fragment-01",
    PREFIX + "report": "s-pylibmc-1.6.3-client-01",
    None: "s-session-0.3.1-session-01 s-session-0.6.0-session-01 s-session-0.8.0-session-01",
}


def items():
    for key, names in ITEMS.items():
        for name in names.split():
            [stored] = VALUES[name]
            yield {"key": key or stored["key"], "flags": stored["flags"], "bytes": stored["bytes_b64"]}
    # A memoized function: its version, and the result of price(1) under the key of Flask-Caching up to 2.4.1.
    for key, flags, text in [
        ("shop.catalog.price_memver", 16, "vDiHV4"),
        ("SZ7CWdKM4GEpwXvWvDiHV4", 4, "250"),
        ("hits", 4, "1336"),
    ]:
        yield {"key": PREFIX + key, "flags": flags, "bytes": base64.b64encode(text.encode()).decode()}


print(json.dumps(list(items()), indent=1))
