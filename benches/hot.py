#!/usr/bin/env python3
"""Drives a Zipf load against a memcached of its own and compares the true ten busiest keys with `cachier top --once --by key`.

usage: benches/hot.py [path of cachier] [seconds]
"""

import bisect
import collections
import itertools
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time

KEYS = 1_000_000
RATE = 20_000
BATCH = 100
EXPONENT = 1.0


def read_answers(connection, count):
    """Reads until so many gets are answered."""
    ends = 0
    tail = b""
    while ends < count:
        data = connection.recv(1 << 16)
        if not data:
            raise ConnectionError("memcached hung up")
        data = tail + data
        ends += data.count(b"END\r\n")
        tail = data[-4:]


def main():
    program = sys.argv[1] if len(sys.argv) > 1 else "target/release/cachier"
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 5.0
    weights = list(itertools.accumulate(1 / rank**EXPONENT for rank in range(1, KEYS + 1)))
    chance = random.Random(1)
    batches = [
        [f"key:{bisect.bisect(weights, chance.random() * weights[-1])}" for _ in range(BATCH)]
        for _ in range(int((seconds + 4) * RATE / BATCH))
    ]
    with tempfile.TemporaryDirectory() as directory:
        os.chmod(directory, 0o777)  # memcached gives up root before it opens its socket
        path = f"{directory}/socket"
        server = subprocess.Popen(["memcached", "-u", "nobody", "-m", "256", "-s", path, "-a", "0777"])
        try:
            connection = socket.socket(socket.AF_UNIX)
            for _ in range(200):
                try:
                    connection.connect(path)
                    break
                except OSError:
                    time.sleep(0.01)
            sent = []
            is_over = threading.Event()

            def load():
                began = time.monotonic()
                for number, batch in enumerate(batches):
                    if is_over.is_set():
                        return
                    time.sleep(max(0.0, began + number * BATCH / RATE - time.monotonic()))
                    connection.sendall("".join(f"get {key}\r\n" for key in batch).encode())
                    read_answers(connection, len(batch))
                    sent.append((time.monotonic(), batch))

            thread = threading.Thread(target=load)
            thread.start()
            time.sleep(0.5)
            start = time.monotonic()
            command = [program, "top", "--once", "--by", "key", "-i", f"{seconds}s", "-n", "10", "-o", "json", "-s", path]
            document = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
            end = time.monotonic()
            is_over.set()
            thread.join()
        finally:
            server.terminate()
            server.wait()
    counts = collections.Counter(key for at, batch in sent if start <= at <= end for key in batch)
    true = [key for key, _ in counts.most_common(10)]
    shown = [row["key"] for row in document["keys"]]
    print("rate while watched:", round(sum(counts.values()) / (end - start)), "operations/s")
    print("operations seen:", document["total"]["operations"], "of", sum(counts.values()))
    print("largest error of the ten:", max(row["error"] for row in document["keys"]))
    print("lost:", json.dumps(document["lost"]))
    for rank, (true_key, shown_key) in enumerate(zip(true, shown), 1):
        print(rank, true_key, counts[true_key], shown_key)
    print("the same ten:", set(true) == set(shown))
    sys.exit(0 if set(true) == set(shown) else 1)


if __name__ == "__main__":
    main()
