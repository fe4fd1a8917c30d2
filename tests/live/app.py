"""A Flask application with everything in memcached, served over HTTP and driven line by line.

LIVE_BACKEND is the CACHE_TYPE (a class name), LIVE_SERVERS the addresses with commas between, LIVE_USERNAME and
LIVE_PASSWORD the credentials of a SASL pool. Each line of stdin asks for one request, {"target": "/path?query",
"user": NAME or null}; users keep their cookies. It is answered by {"result": {"body", "cookie"}} or {"error": TEXT}.
"""

import http.client
import json
import logging
import os
import sys
import threading

import pylibmc
from flask import Flask, jsonify, render_template_string, request, session
from flask_session import Session
from werkzeug.serving import make_server

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../peers"))

import shop
import values

BACKEND = os.environ["LIVE_BACKEND"]
SERVERS = os.environ["LIVE_SERVERS"].split(",")
USERNAME = os.environ.get("LIVE_USERNAME")
PASSWORD = os.environ.get("LIVE_PASSWORD")

# What hosted memcached recommends for pylibmc; the timeouts are longer, since a loaded machine is no dead server.
BEHAVIORS = {
    "ketama": True,
    "tcp_nodelay": True,
    "tcp_keepalive": True,
    "no_block": True,
    "connect_timeout": 30000,
    "send_timeout": 30000000,
    "receive_timeout": 30000000,
    "_poll_timeout": 30000,
    "remove_failed": 4,
    "retry_timeout": 2,
    "dead_timeout": 10,
}

FRAGMENTS = """
{%- cache 600, "footer" %}{{ run("footer") }}{% endcache %}
{% cache 600, "sidebar", language, "wide" %}{{ run("sidebar in " + language) }}{% endcache %}"""

# One of each type that a user stores by hand.
SAMPLES = {
    "text": "Gr\u00fc\u00dfe 'all'",
    "empty": "",
    "digits": "42",
    "int": -42,
    "bool": True,
    "no": False,
    "big": "\u00e9" * 1500000,
    "json": {"a": [1, 2.5, None, "\u00e9"], "b": True},
}

app = Flask(__name__)
app.config.update(SECRET_KEY="live", SESSION_TYPE="memcached", SESSION_USE_SIGNER=True)
app.config.update(CACHE_TYPE=BACKEND, CACHE_DEFAULT_TIMEOUT=600, CACHE_MEMCACHED_SERVERS=SERVERS)
if USERNAME is None:
    # The plain class cannot set behaviours, and the sessions go the same way.
    app.config.update(SESSION_MEMCACHED=pylibmc.Client(SERVERS))
else:
    credentials = {"username": USERNAME, "password": PASSWORD}
    app.config.update(
        CACHE_MEMCACHED_USERNAME=USERNAME,
        CACHE_MEMCACHED_PASSWORD=PASSWORD,
        CACHE_OPTIONS={"behaviors": BEHAVIORS},
        SESSION_MEMCACHED=pylibmc.Client(SERVERS, binary=True, behaviors=BEHAVIORS, **credentials),
    )
shop.cache.init_app(app)
Session(app)


@app.route("/about")
@shop.cache.cached()
def about():
    return shop.run("about")


@app.route("/products/<name>")
@shop.cache.cached(timeout=300)
def product(name):
    return shop.run("product " + name)


@app.route("/response")
@shop.cache.cached()
def response():
    return jsonify(shop.run("response"))


@app.route("/search")
@shop.cache.cached(query_string=True)
def search():
    return shop.run("search for %s" % sorted(request.args.items()))


@app.route("/big")
@shop.cache.cached()
def big():
    """More than one item can hold, so that only the spread backend stores it."""
    return shop.run("big") + "." * 2500000


@app.route("/fragments/<language>")
def fragments(language):
    return render_template_string(FRAGMENTS, language=language, run=shop.run)


@app.route("/memo")
def memo():
    """Call the function named in the query on the number in it."""
    number = int(request.args["number"])
    calls = {
        "price": lambda: shop.price(number),
        "price-rebate": lambda: shop.price(number, rebate=0),
        "stock": lambda: shop.stock("caf\u00e9 %d" % number),
        "total": lambda: shop.Cart(number).total(19),
        "weight": lambda: shop.Cart(number).weight(),
    }
    return calls[request.args["call"]]()


@app.route("/whoami/<user>")
def whoami(user):
    """Log in whoever is not."""
    if session.get("user") != user:
        session["user"] = user
        session["greeting"] = shop.run("session of " + user)
    return session["greeting"]


@app.route("/ran")
def ran():
    return jsonify(shop.ran)


@app.route("/stored")
def stored():
    """What the cache returns for a key."""
    return jsonify(values.encode(shop.cache.get(request.args["key"])))


@app.route("/sample")
def sample():
    """What the cache returns for a sample that the application has stored itself."""
    name = request.args["name"]
    shop.cache.set("own", SAMPLES[name])
    return jsonify(values.encode(shop.cache.get("own")))


def answer(port, cookies, wish):
    user = wish["user"]
    connection = http.client.HTTPConnection("127.0.0.1", port)
    headers = {"Cookie": "session=" + cookies[user]} if user in cookies else {}
    connection.request("GET", wish["target"], headers=headers)
    response = connection.getresponse()
    body = response.read().decode()
    connection.close()
    if response.status != 200:
        return {"error": "%s: %d %s" % (wish["target"], response.status, body)}
    for name, value in response.getheaders():
        if user is not None and name.lower() == "set-cookie" and value.startswith("session="):
            cookies[user] = value.split(";")[0].partition("=")[2]
    return {"result": {"body": body, "cookie": cookies.get(user)}}


def main():
    # What a library prints must not come between the answers.
    out, sys.stdout = sys.stdout, sys.stderr
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    # Every request runs in the one thread of the server, since a pylibmc client belongs to one thread.
    server = make_server("127.0.0.1", 0, app)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    cookies = {}
    for line in sys.stdin:
        out.write(json.dumps(answer(server.server_port, cookies, json.loads(line))) + "\n")
        out.flush()


if __name__ == "__main__":
    main()
