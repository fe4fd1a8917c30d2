#!/usr/bin/env python3
"""Asks real clients for the server of many keys, in process, and prints routing_clients.json.

pip install pymemcache==4.0.0 python-memcached==1.62 python-binary-memcached==0.33.0
pip install --no-binary pylibmc pylibmc==1.6.3        (libmemcached 1.1.4 of Debian 12)
npm install memcached@2.2.2 memjs@1.3.2               (NODE_PATH names node_modules)

No server is contacted. Each vector has a routing text, the server list, and for every key of "keys" (hexadecimal; "prefix"
goes before each on the wire) the index of its server, or null where the client finds none or cannot have such a key.
"""

import json
import random
import subprocess

import bmemcached
import memcache
import pylibmc
import pymemcache.client.hash

RANDOM = random.Random(11211)
KEYS = [b"a", b"foo", b"hello-world", b":1:user", b"k" * 200, "é".encode(), "naïve:ключ".encode(), "日本語:7".encode(),
        "🎉party".encode(), "€".encode(), b"it's", b'"both" it\'s', b"back\\slash", b"tab\there"]
KEYS += [b"key:%d" % n for n in range(16)]
BINARY = [b"\xff", b"\x80\x81", b"x\xe9y", b"\xc3", b"caf\xe9"]
HOSTS = ["10.0.0.1", "10.0.0.2", "10.0.0.3", "cache-a.internal", "CACHE-B.internal", "mc1.dev.example.net", "localhost"]


def pool(size, weights=False, weight_one=True):
    names = RANDOM.sample([(h, p) for h in HOSTS for p in (11211, 11212, 22122)], size)
    out = []
    for host, port in names:
        text = host if port == 11211 and not weights and RANDOM.random() < 0.5 else f"{host}:{port}"
        if weights and (weight_one or RANDOM.random() < 0.8):
            text += f":{RANDOM.choice([0, 1, 1, 2, 3, 7, 30])}"
        out.append(text)
    return out


def text_of(behaviors):
    out = []
    for name, value in behaviors.items():
        if value is True:
            out.append(name)
        elif value is False:
            out.append(name + "=false")
        elif isinstance(value, bytes):
            out.append(f"{name}={value.decode()}")
        else:
            out.append(f"{name}={str(value).replace(' ', '_')}")
    return ",".join(out)


def vector(routing, servers, indexes, prefix=b"", **more):
    indexes = [*indexes, *[None] * (len(KEYS) + len(BINARY) - len(indexes))]
    return {"routing": routing, "servers": servers, "prefix": prefix.hex(), "indexes": indexes, **more}


def sort_key(server):
    if server.startswith("/"):
        return server.encode(), 0
    host, port = (server.split(":") + ["11211"])[:2]
    return host.encode(), int(port)


def pylibmc_vector(servers, constructor, later=()):
    client = pylibmc.Client(servers, behaviors=constructor)
    for behaviors in later:
        client.behaviors = behaviors
    namespace = b""
    order = list(range(len(servers)))
    for behaviors in (constructor, *later):
        namespace = behaviors.get("namespace", namespace)
        if behaviors.get("_sort_hosts"):
            # Client.hash tells the position in libmemcached's own list.
            order.sort(key=lambda index: sort_key(servers[index]))
    routing = "pylibmc:" + ";".join([text_of(constructor), *map(text_of, later)])
    return vector(routing, servers, [order[client.hash(key)] for key in KEYS + BINARY], namespace)


def pylibmc_vectors():
    hashes = [name for name in pylibmc.hashers if name != "hsieh"]
    distributions = [name for name in pylibmc.distributions if name not in ("random", "consistent max")]
    for distribution in distributions:
        for hash_ in hashes:
            for weights in (False, True):
                servers = pool(RANDOM.choice([2, 3, 4, 5, 8]), weights)
                yield pylibmc_vector(servers, {"hash": hash_, "distribution": distribution})

    def behaviors():
        made = {}
        if RANDOM.random() < 0.4:
            made["hash"] = RANDOM.choice(hashes)
        for switch, chance in (("ketama", 0.4), ("ketama_weighted", 0.3), ("_sort_hosts", 0.2)):
            if RANDOM.random() < chance:
                made[switch] = RANDOM.random() < 0.7
        if RANDOM.random() < 0.4:
            made["distribution"] = RANDOM.choice(distributions)
        if RANDOM.random() < 0.15:
            made["namespace"] = b"ns:"
        if RANDOM.random() < 0.15:
            made["_hash_with_prefix_key"] = RANDOM.random() < 0.7
        items = list(made.items())
        RANDOM.shuffle(items)
        return dict(items)

    for _ in range(150):
        servers = pool(RANDOM.choice([1, 2, 3, 5, 7]), RANDOM.random() < 0.5, False)
        yield pylibmc_vector(servers, behaviors(), [behaviors() for _ in range(RANDOM.choice([0, 0, 1, 2]))])
    for size in (25, 47):
        servers = [f"10.1.0.{n}:11211" for n in range(size)]
        yield pylibmc_vector(servers, {"ketama_weighted": True})
    yield pylibmc_vector(["/run/a.sock", "/run/b.sock", "/run/c:3.sock"], {"ketama": True})
    yield pylibmc_vector(["[::1]:11212", "[2001:db8::1]", "[::1]:11213:3"], {"ketama": True})


def pymemcache_vectors():
    for dead in (0, 0, 1, 2):
        servers = pool(5) + ["/run/a.sock", "[::1]:11212"]
        client = pymemcache.client.hash.HashClient(servers, allow_unicode_keys=True)
        names = [client._make_client_key(server) for server in map(pymemcache.client.base.normalize_server_spec, servers)]
        gone = RANDOM.sample(range(len(servers)), dead)
        for index in gone:
            client.hasher.remove_node(names[index])
        options = [f"dead={servers[index]}" for index in gone]
        routing = "pymemcache" + (":" + ",".join(options) if options else "")
        yield vector(routing, servers, [names.index(client.hasher.get_node(key.decode())) for key in KEYS]
                     + [names.index(client.hasher.get_node(key)) for key in BINARY])
        routing = "pymemcache:" + ",".join(["bytes_keys", *options])
        yield vector(routing, servers, [names.index(client.hasher.get_node(key)) for key in KEYS + BINARY])


def python_memcached_vectors():
    for dead in (0, 0, 1, 2, 3):
        servers = pool(5, True)
        configured = [(server.rsplit(":", 1)[0], int(server.rsplit(":", 1)[1])) for server in servers]
        client = memcache.Client(configured)
        if not client.buckets:
            continue
        gone = RANDOM.sample(range(len(servers)), dead)
        for index, server in enumerate(client.servers):
            server.connect = lambda index=index: index not in gone
        found = [client._get_server(key)[0] for key in KEYS + BINARY]
        options = ",".join(f"dead={configured[index][0]}" for index in gone)
        yield vector("python-memcached" + (":" + options if options else ""), servers,
                     [None if server is None else client.servers.index(server) for server in found])


def bmemcached_vectors():
    for username, password in ((None, None), ("user", "pass_word"), ("u", "é€")):
        servers = pool(5) + ["/run/a.sock"]
        client = bmemcached.DistributedClient(servers, username, password)
        nodes = [server._hash_ring_node for server in client._servers]
        more = {} if username is None else {"username": username, "password": password}
        yield vector("bmemcached-distributed", servers,
                     [nodes.index(client._ring.get_node(key.decode())) for key in KEYS], **more)
        yield vector("bmemcached-distributed:bytes_keys", servers,
                     [nodes.index(client._ring.get_node(key)) for key in KEYS + BINARY], **more)


NODE = """
const { pools, keys } = JSON.parse(require('fs').readFileSync(0));
const Memcached = require('memcached'), memjs = require('memjs');
console.log(JSON.stringify(pools.map(({ client, servers, dead }) => {
  if (client === 'memjs') {
    const made = memjs.Client.create(servers.join(','));
    dead.forEach((index) => { made.servers[index].wakeupAt = Date.now() + 1e6; });
    return keys.map((key) => made.servers.indexOf(made.server(key)));
  }
  const weights = {}, names = servers.map((text) => {
    const cut = text.split(':'); weights[cut.slice(0, 2).join(':')] = +(cut[2] || 1); return cut.slice(0, 2).join(':'); });
  const made = new Memcached(client === 'weights' ? weights : names);
  dead.forEach((index) => made.HashRing.remove(names[index]));
  return keys.map((key) => names.indexOf(made.HashRing.get(key)));
})));
"""


def node_vectors():
    pools = [{"client": client, "servers": pool(size, client == "weights"), "dead": RANDOM.sample(range(size), dead)}
             for client in ("memjs", "memcached", "weights") for size in (2, 3, 5, 7) for dead in (0, 1 if client != "weights" else 0)]
    asked = json.dumps({"pools": pools, "keys": [key.decode() for key in KEYS]})
    answer = subprocess.run(["node", "-e", NODE], input=asked, capture_output=True, text=True, check=True).stdout
    for made, indexes in zip(pools, json.loads(answer)):
        dead = [f"dead={':'.join(made['servers'][index].split(':')[:2])}" for index in made["dead"]]
        if made["client"] == "memjs":
            options, name = ["failover", *dead] if dead else [], "memjs"
        else:
            options, name = dead, "memcached-node"
        yield vector(name + (":" + ",".join(options) if options else ""), made["servers"], indexes)


VECTORS = [*pylibmc_vectors(), *pymemcache_vectors(), *python_memcached_vectors(), *bmemcached_vectors(), *node_vectors()]
print('{"keys": %s,\n"vectors": [\n%s\n]}' % (
    json.dumps([key.hex() for key in KEYS + BINARY]),
    ",\n".join(json.dumps({name: value for name, value in made.items() if value != ""}, ensure_ascii=False)
               for made in VECTORS)))
