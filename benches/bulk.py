#!/usr/bin/env python3
"""Times cachier's work on many keys against nc, memcrm, pylibmc and pymemcache, all in one run on the same two memcacheds.

    cargo build --release && benches/bulk.py [KEYS] [RUNS]

Run it with a Python that has pylibmc and pymemcache; what is missing is left out (a bare socket stands in for nc). Starts
two memcacheds of its own (2 threads, 1 GiB each) on free loopback ports and stops them. A ratio above 1 means that cachier
is faster. The memory is the greatest resident size of the cachier process.
"""

import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

KEYS = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
RUNS = int(sys.argv[2]) if len(sys.argv) > 2 else 3
CACHIER = str(pathlib.Path(__file__).resolve().parent.parent / "target/release/cachier")
NC = shutil.which("nc")


def main():
    ports = [free_port(), free_port()]
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    servers = [
        subprocess.Popen(["memcached", "-l", "127.0.0.1", "-p", str(port), "-U", "0", "-m", "1024", "-t", "2", *user])
        for port in ports
    ]
    try:
        for port in ports:
            wait_for(port)
        with tempfile.TemporaryDirectory() as directory:
            measure(ports, pathlib.Path(directory))
    finally:
        for server in servers:
            server.terminate()
            server.wait()


def measure(ports, directory):
    pool = ",".join(f"127.0.0.1:{port}" for port in ports)
    keys = directory / "keys"
    keys.write_text("".join(name(number) + "\n" for number in range(KEYS)))
    fill(ports)
    cachier = lambda *arguments, **options: run([CACHIER, "-s", pool, "--routing", "pymemcache", *arguments], **options)
    row("keys to a file", lambda: cachier("keys", output=directory / "out"), {"nc": lambda: [listing(port, None) for port in ports]}, None)
    refill = lambda: fill(ports)
    row("purge by glob", lambda: cachier("purge", "item/*", "--yes"), {"nc, awk, nc": lambda: by_hand(ports, directory)}, refill)
    rivals = {}
    if shutil.which("memcrm"):
        rivals["xargs memcrm"] = lambda: run(["xargs", "memcrm", f"--servers={pool}"], input=keys)
    try:
        import pylibmc

        client = pylibmc.Client([f"127.0.0.1:{port}" for port in ports])
        rivals["pylibmc delete_multi"] = lambda: client.delete_multi(keys.read_text().split())
    except ImportError:
        pass
    try:
        import pymemcache

        hashed = pymemcache.HashClient([("127.0.0.1", port) for port in ports])
        rivals["pymemcache delete_many"] = lambda: hashed.delete_many(keys.read_text().split())
    except ImportError:
        pass
    row("delete --stdin --summary", lambda: cachier("delete", "--stdin", "--yes", "--summary", input=keys), rivals, refill)
    row("delete --stdin, a row a key", lambda: cachier("delete", "--stdin", "--yes", input=keys), {}, refill)
    slow = [CACHIER, "-s", pool, "keys"]
    refill()
    reader = subprocess.Popen(slow, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    time.sleep(5)
    print(f"{'keys, nobody reads for 5 s':30} {memory(reader.pid):6.1f} MB")
    while reader.stdout.read(1 << 20):
        pass
    reader.wait()


def row(title, ours, rivals, before):
    """Prints the medians of RUNS rounds, in each of which everyone has a turn."""
    times = {None: [], **{rival: [] for rival in rivals}}
    peak = 0
    for _ in range(RUNS):
        for rival, work in [(None, ours), *rivals.items()]:
            if before:
                before()
            began = time.perf_counter()
            result = work()
            times[rival].append(time.perf_counter() - began)
            if rival is None:
                peak = max(peak, result)
    own = statistics.median(times[None])
    print(f"{title:30} {own:6.2f} s {KEYS / own / 1e6:6.2f} M/s {peak:6.1f} MB", flush=True)
    for rival in rivals:
        other = statistics.median(times[rival])
        print(f"    {rival:26} {other:6.2f} s {KEYS / other / 1e6:6.2f} M/s    {other / own:6.2f} x", flush=True)


def run(command, input=None, output=None):
    """Runs a command to its end; returns its greatest resident size in megabytes."""
    source = open(input, "rb") if input else subprocess.DEVNULL
    target = open(output, "wb") if output else subprocess.DEVNULL
    process = subprocess.Popen(command, stdin=source, stdout=target, stderr=subprocess.DEVNULL)
    peak = 0
    # Not the ru_maxrss of wait4, which starts with that of this very process.
    while process.poll() is None:
        peak = max(peak, memory(process.pid))
        time.sleep(0.005)
    return peak


def memory(pid):
    """The greatest resident size so far, in megabytes; 0 for a process that has ended."""
    try:
        with open(f"/proc/{pid}/status") as status:
            sizes = [int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM")]
    except OSError:
        sizes = []
    return sizes[0] if sizes else 0


def name(number):
    return f"item/{number:010}/abcdefgh"


def fill(ports):
    """Stores each key on one of the servers; which one a client asks makes no difference to its speed."""
    value = b"x" * 100
    for port in ports:
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(b"flush_all\r\n")
            connection.recv(64)
            for first in range(0, KEYS, 2000):
                numbers = range(first, min(KEYS, first + 2000))
                mine = [number for number in numbers if number % len(ports) == ports.index(port)]
                connection.sendall(b"".join(b"set %s 0 0 100 noreply\r\n%s\r\n" % (name(number).encode(), value) for number in mine))
            connection.sendall(b"mn\r\n")
            while not connection.recv(4096).endswith(b"MN\r\n"):
                pass


def listing(port, output):
    """Drains one listing: by nc, or by a socket that does as little."""
    request = b"lru_crawler metadump hash\r\n"
    if NC and output is None:
        subprocess.run([NC, "127.0.0.1", str(port)], input=request, stdout=subprocess.DEVNULL, check=False)
        return
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(request)
        tail = b""
        while not tail.endswith(b"END\r\n"):
            part = connection.recv(1 << 16)
            tail = (tail + part)[-8:]
            if output:
                output.write(part)


def by_hand(ports, directory):
    """Lists, makes `delete … noreply` lines, sends them: what one would do at a shell."""
    for port in ports:
        with open(directory / "list", "wb") as output:
            listing(port, output)
        program = '/^key=item%2F/ { key = substr($1, 5); gsub("%2F", "/", key); printf "delete %s noreply\\r\\n", key }'
        with open(directory / "list", "rb") as source, open(directory / "deletes", "wb") as target:
            subprocess.run(["awk", program], stdin=source, stdout=target, check=True)
        with socket.create_connection(("127.0.0.1", port)) as connection, open(directory / "deletes", "rb") as source:
            connection.sendfile(source)
            connection.sendall(b"mn\r\n")
            while not connection.recv(4096).endswith(b"MN\r\n"):
                pass


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port):
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            time.sleep(0.02)
    sys.exit(f"memcached does not listen on {port}")


if __name__ == "__main__":
    main()
