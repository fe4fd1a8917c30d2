#!/usr/bin/env python3
"""Holds `cachier latency` against `memtier_benchmark`: agreement on an idle server, a frozen server, and its own CPU time.

    cargo build --release && benches/latency.py [RUNS]

Starts its own memcached on a free loopback port and stops it. Where there is no memtier_benchmark in PATH or in $MEMTIER, a closed
loop written here takes its place, and the output says so. Prints the figures with their limits; exits 1 if one is missed.
"""

import json
import os
import pathlib
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

CACHIER = os.environ.get("CACHIER") or pathlib.Path(__file__).parent.parent / "target/release/cachier"
MEMTIER = os.environ.get("MEMTIER") or shutil.which("memtier_benchmark")
RATE = 1000
SECONDS = 5
KEY = "memtier-1"


def main():
    if sys.argv[1:2] == ["--reference"]:
        return reference(*map(int, sys.argv[2:5]))
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    server = subprocess.Popen(["memcached", "-l", "127.0.0.1", "-p", str(port), "-U", "0", *user])
    try:
        wait_and_store(port)
        print(f"against {MEMTIER or 'a closed loop of this script, since there is no memtier_benchmark'}")
        passed = [agreement(port, runs), freeze(port, server), cpu(port)]
    finally:
        server.send_signal(signal.SIGCONT)
        server.terminate()
        server.wait()
    sys.exit(not all(passed))


def wait_and_store(port):
    for _ in range(200):
        try:
            with socket.create_connection(("127.0.0.1", port)) as connection:
                connection.sendall(f"set {KEY} 0 0 7\r\ncachier\r\n".encode())
                assert connection.recv(64) == b"STORED\r\n"
            return
        except ConnectionRefusedError:
            time.sleep(0.02)
    sys.exit("memcached does not listen")


def agreement(port, runs):
    pairs = [(ours(port, RATE, "--closed", "--op", "get"), theirs(port, RATE)) for _ in range(runs)]
    print(f"idle server, closed loop of {RATE}/s for {SECONDS} s, {runs} paired runs, medians in microseconds")
    passed = True
    for index, (name, limit) in enumerate([("p50", 0.15), ("p99", 0.30)]):
        mine = statistics.median(pair[0][index] for pair in pairs)
        other = statistics.median(pair[1][index] for pair in pairs)
        passed &= verdict(abs(mine / other - 1) <= limit, f"{name} {mine:.0f} against {other:.0f}: ratio {mine / other:.2f}, limit ±{limit:.0%}")
    return passed


def freeze(port, server):
    """Both run at once against a server that stands still for one second of five."""
    processes = [ours_started(port, 500, "--timeout", "5s"), theirs_started(port, 500)]
    time.sleep(2)
    server.send_signal(signal.SIGSTOP)
    time.sleep(1)
    server.send_signal(signal.SIGCONT)
    mine, other = ours_ended(processes[0]), theirs_ended(processes[1])
    print("the server stands still for one second, 500/s")
    first = verdict(mine[1] > 500_000, f"open loop p99 {mine[1] / 1000:.1f} ms, limit above 500 ms")
    return verdict(other[1] < 5_000, f"closed loop p99 {other[1] / 1000:.2f} ms, limit below 5 ms") and first


def cpu(port):
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    ours(port, 1000, seconds=10)
    after, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter() - began
    share = (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / wall
    print("open loop of 1000/s for 10 s")
    return verdict(share < 0.08, f"{share:.1%} of a core, limit 8%")


def verdict(passed, words):
    print(f"  {'ok    ' if passed else 'MISSED'} {words}")
    return passed


def ours(port, rate, *arguments, seconds=SECONDS):
    return ours_ended(ours_started(port, rate, *arguments, seconds=seconds))


def ours_started(port, rate, *arguments, seconds=SECONDS):
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "CACHIER_SERVERS": f"127.0.0.1:{port}"}
    command = [CACHIER, "latency", "-o", "json", "--warmup", "0s", "--rate", str(rate), "--duration", f"{seconds}s", *arguments]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE)


def ours_ended(process):
    output, _ = process.communicate()
    assert process.returncode == 0, process.returncode
    percentiles = json.loads(output)["total"]["response_us"]["percentiles"]
    return percentiles["50"], percentiles["99"]


def theirs(port, rate):
    return theirs_ended(theirs_started(port, rate))


def theirs_started(port, rate):
    """Returns the process and the file of its figures."""
    if not MEMTIER:
        command = [sys.executable, __file__, "--reference", str(port), str(rate), str(SECONDS)]
        return subprocess.Popen(command, stdout=subprocess.PIPE), None
    figures = tempfile.NamedTemporaryFile(suffix=".json")
    command = [MEMTIER, "-s", "127.0.0.1", "-p", str(port), "-P", "memcache_text", "-t", "1", "-c", "1", "--ratio=0:1"]
    command += ["--key-minimum=1", "--key-maximum=1", f"--rate-limiting={rate}", f"--test-time={SECONDS}"]
    command += ["--hide-histogram", "--print-percentiles=50,99", f"--json-out-file={figures.name}"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL), figures


def theirs_ended(started):
    process, figures = started
    output, _ = process.communicate()
    assert process.returncode == 0, process.returncode
    if figures is None:
        return tuple(json.loads(output))
    with figures:
        percentiles = json.load(open(figures.name))["ALL STATS"]["Totals"]["Percentile Latencies"]
    return tuple(percentiles[name] * 1000 for name in ("p50.00", "p99.00"))


def reference(port, rate, seconds):
    """A closed loop as memtier_benchmark has it: one request at a time, time counts from the sending."""
    request, reply = f"get {KEY}\r\n".encode(), f"VALUE {KEY} 0 7\r\ncachier\r\nEND\r\n".encode()
    samples = []
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        began = time.perf_counter()
        for index in range(rate * seconds):
            due = began + index / rate
            now = time.perf_counter()
            if now > due + 1 / rate:
                continue
            time.sleep(max(0, due - now))
            sent = time.perf_counter()
            connection.sendall(request)
            answer = connection.recv(4096)
            while len(answer) < len(reply):
                answer += connection.recv(4096)
            samples.append(time.perf_counter() - sent)
            assert answer == reply, answer
    samples.sort()
    print(json.dumps([samples[int(len(samples) * share)] * 1e6 for share in (0.5, 0.99)]))


main()
