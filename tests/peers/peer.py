"""A memcached client that is driven line by line.

    peer.py CLIENT

The first line of stdin opens the client: {"servers": ["host:port", ...], "options": {...}}. Every further line calls a
method of it: {"method": "set", "args": [TREE, ...], "kwargs": {"time": TREE}} (trees: see values.py). Each line is
answered by {"result": TREE} or {"error": "Class: message"}. The credentials are in PEER_USERNAME and PEER_PASSWORD, a
CA file for TLS in PEER_TLS_CA.
"""

import json
import os
import ssl
import sys

import values

USERNAME = os.environ.get("PEER_USERNAME")
PASSWORD = os.environ.get("PEER_PASSWORD")
TLS_CA = os.environ.get("PEER_TLS_CA")


def tls_context():
    return ssl.create_default_context(cafile=TLS_CA) if TLS_CA else None


def open_pylibmc(servers, options):
    """Options: the arguments of pylibmc.Client; binary is on whenever there is a user name."""
    import pylibmc

    options.setdefault("binary", USERNAME is not None)
    return pylibmc.Client(servers, username=USERNAME, password=PASSWORD, **options)


def open_pymemcache(servers, options):
    """Options: those of the client, and "serde": "pickle" (default), "compressed" or null."""
    from pymemcache import serde
    from pymemcache.client.base import Client
    from pymemcache.client.hash import HashClient

    by_name = {"pickle": serde.pickle_serde, "compressed": serde.compressed_serde, None: None}
    options["serde"] = by_name[options.pop("serde", "pickle")]
    options.setdefault("default_noreply", False)
    if TLS_CA:
        options["tls_context"] = tls_context()
    if len(servers) == 1:
        return Client(servers[0], **options)
    return HashClient(servers, **options)


def open_bmemcached(servers, options):
    import bmemcached

    return bmemcached.Client(servers, USERNAME, PASSWORD, tls_context=tls_context(), **options)


def open_bmemcached_distributed(servers, options):
    import bmemcached

    return bmemcached.DistributedClient(servers, USERNAME, PASSWORD, tls_context=tls_context(), **options)


def open_python_memcached(servers, options):
    import memcache

    return memcache.Client(servers, **options)


def open_flask_caching(servers, options):
    """Options: the CACHE_* configuration of the application, but for servers and credentials; the cache answers."""
    from flask import Flask
    from flask_caching import Cache

    app = Flask("peer")
    config = {"CACHE_TYPE": "SASLMemcachedCache", "CACHE_MEMCACHED_SERVERS": servers}
    if USERNAME is not None:
        config.update(CACHE_MEMCACHED_USERNAME=USERNAME, CACHE_MEMCACHED_PASSWORD=PASSWORD)
    app.config.update(config, **options)
    cache = Cache(app)
    app.app_context().push()
    return cache


OPENERS = {
    "bmemcached": open_bmemcached,
    "bmemcached-distributed": open_bmemcached_distributed,
    "flask-caching": open_flask_caching,
    "pylibmc": open_pylibmc,
    "pymemcache": open_pymemcache,
    "python-memcached": open_python_memcached,
}


def answer(out, work):
    try:
        reply = {"result": values.encode(work())}
    except Exception as error:
        reply = {"error": "%s: %s" % (type(error).__name__, error)}
    out.write(json.dumps(reply) + "\n")
    out.flush()


def main():
    # What a library prints must not come between the answers.
    out, sys.stdout = sys.stdout, sys.stderr
    client = None
    for line in sys.stdin:
        request = json.loads(line)
        if client is None:

            def work():
                nonlocal client
                client = OPENERS[sys.argv[1]](request["servers"], request["options"])

        else:

            def work():
                arguments = [values.decode(tree) for tree in request["args"]]
                keywords = {name: values.decode(tree) for name, tree in request["kwargs"].items()}
                return getattr(client, request["method"])(*arguments, **keywords)

        answer(out, work)


if __name__ == "__main__":
    main()
