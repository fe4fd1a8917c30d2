#!/usr/bin/env python3
"""Write the captures of `stats`, `stats items` and `stats slabs` in this directory.

A memcached on a free loopback port is driven by a load whose numbers are known: `first` is taken after a mixed
load, `second` after exactly 400 hits, 100 misses, 600 stores more and the evictions these cause. `refusing` is
a server with -M that has refused stores for want of memory, `idle` one that nothing was asked of.
"""

import os
import socket
import subprocess
import time

HERE = os.path.dirname(os.path.abspath(__file__))


def start(*options):
    probe = socket.socket()
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]
    probe.close()
    server = subprocess.Popen(["memcached", "-l", "127.0.0.1", "-p", str(port), "-U", "0", "-u", "nobody", *options])
    for _ in range(200):
        try:
            return server, socket.create_connection(("127.0.0.1", port))
        except OSError:
            time.sleep(0.02)
    raise SystemExit("memcached did not start")


def ask(connection, request, end):
    connection.sendall(request)
    reply = b""
    while not reply.endswith(end):
        reply += connection.recv(1 << 16)
    return reply


def store(connection, key, size, ttl=0):
    return ask(connection, b"set %s 0 %d %d\r\n%s\r\n" % (key.encode(), ttl, size, b"x" * size), b"\r\n")


def get(connection, key):
    return ask(connection, b"get %s\r\n" % key.encode(), b"END\r\n")


def capture(connection, name):
    for group in ["general", "items", "slabs"]:
        word = b"" if group == "general" else b" " + group.encode()
        rows = ask(connection, b"stats" + word + b"\r\n", b"END\r\n")
        with open(os.path.join(HERE, "%s.%s.txt" % (name, group)), "wb") as out:
            out.write(rows.replace(b"\r\n", b"\n").removesuffix(b"END\n"))


def loaded():
    server, connection = start("-m", "4", "-t", "2", "-o", "no_lru_maintainer,no_lru_crawler")
    for number in range(20):
        store(connection, "flushed:%d" % number, 50)
    time.sleep(2)
    ask(connection, b"flush_all\r\n", b"\r\n")
    for number in range(7):
        get(connection, "flushed:%d" % number)
    for number in range(200):
        store(connection, "small:%d" % number, 100)
    for number in range(3000):
        store(connection, "middle:%d" % number, 1000)
    for number in range(400):
        store(connection, "large:%d" % number, 9000)
    store(connection, "huge", (1 << 20) + 1)
    for number in range(30):
        store(connection, "short:%d" % number, 60, 1)
    time.sleep(3)
    for number in range(10):
        store(connection, "late:%d" % number, 1000)
    for number in range(11):
        get(connection, "short:%d" % number)
    for number in range(5):
        get(connection, "never:%d" % number)
    for number in range(150):
        get(connection, "small:%d" % number)
    ask(connection, b"touch small:1 100\r\n", b"\r\n")
    capture(connection, "first")
    time.sleep(2)
    for number in range(400):
        get(connection, "small:%d" % (number % 200))
    for number in range(100):
        get(connection, "none:%d" % number)
    for number in range(600):
        store(connection, "more:%d" % number, 1000)
    capture(connection, "second")
    server.terminate()
    server.wait()


def refusing():
    server, connection = start("-m", "2", "-M", "-t", "1")
    for number in range(4000):
        store(connection, "middle:%d" % number, 1000)
    capture(connection, "refusing")
    server.terminate()
    server.wait()


def idle():
    server, connection = start()
    capture(connection, "idle")
    server.terminate()
    server.wait()


loaded()
refusing()
idle()
