#!/usr/bin/env python3
"""Times `cachier get KEY` as a whole process against `memccat KEY` (libmemcached-tools), in pairs on one memcached.

    cargo build --release && benches/start.py [RUNS]

Starts its own memcached on a free loopback port and stops it. Prints both medians and the median of the paired ratios.
"""

import os
import pathlib
import socket
import statistics
import subprocess
import sys
import time

RUNS = int(sys.argv[1]) if len(sys.argv) > 1 else 50
CACHIER = pathlib.Path(__file__).parent.parent / "target/release/cachier"


def main():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    server = subprocess.Popen(["memcached", "-l", "127.0.0.1", "-p", str(port), "-U", "0", *user])
    try:
        compare(f"127.0.0.1:{port}", port)
    finally:
        server.terminate()
        server.wait()


def compare(address, port):
    for _ in range(200):
        try:
            with socket.create_connection(("127.0.0.1", port)) as connection:
                connection.sendall(b"set greeting 16 0 5\r\nhello\r\n")
                assert connection.recv(64) == b"STORED\r\n"
            break
        except ConnectionRefusedError:
            time.sleep(0.02)
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "MEMCACHIER_SERVERS": address}
    ours = [str(CACHIER), "get", "greeting"]
    theirs = ["memccat", f"--servers={address}", "greeting"]
    for command in (ours, theirs):
        timed(command, environment)
    pairs = [(timed(ours, environment), timed(theirs, environment)) for _ in range(RUNS)]
    print(f"cachier get   median {statistics.median(a for a, _ in pairs) * 1000:.2f} ms of {RUNS} runs")
    print(f"memccat       median {statistics.median(b for _, b in pairs) * 1000:.2f} ms")
    print(f"ratio         median {statistics.median(a / b for a, b in pairs):.2f}")


def timed(command, environment):
    began = time.perf_counter()
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
    elapsed = time.perf_counter() - began
    assert done.stdout.strip() == b"hello", done.stdout
    return elapsed


main()
