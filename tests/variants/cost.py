#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""cost.py BUILD_DIR [--pairs N] [--turns N] [--seconds S] [--clients N] [--rate N] [--payload BYTES,...] [--against VARIANT]: what the
channel's cipher costs; against `leaky`, what sealing does. Pairs of clusters of three, one with it and one without, are benched in turns
in one run, so that both have the same machine, and several pairs, as who leads and what shares a transaction lasts as long as a cluster.
Medians, ratios, and where the processors' time of a committed write goes. A last cluster measures its cryptography. Against `bin` it is the cipher against itself, which shows what
the machine does by itself (docs/channel.md, "Cost")."""
import argparse
import json
import pathlib
import re
import resource
import statistics
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "cluster"))
from cluster import Cluster  # noqa: E402

# Whose time it is, by the names of a node's threads (docs/architecture.md); what has none of these waits for sockets.
PARTS = {"loop": "consensus (loop)", "log-writer": "disk (log writer)", "apply": "state (apply)",
         "verifier": "verifying ahead (verifiers)", "pool": "commands at the origin (pool)"}
NETWORK, CLIENT = "network (NNG's threads)", "client (vigil bench)"
ABSURD = 3  # times dearer is no measurement but a defect
FIGURES = {"writes per second": lambda run: run["throughput_per_s"], "p50 ms": lambda run: run["writes"]["p50_ms"],
           "p99 ms": lambda run: run["writes"]["p99_ms"],
           "writes per transaction": lambda run: run["writes_per_transaction"]}


def spent_us(c):
    """The processors' time of each part so far, of all nodes, and of the clients that have ended."""
    client = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = {CLIENT: (client.ru_utime + client.ru_stime) * 1e6}
    for node in json.loads((c.dir / "dev" / "cluster.json").read_text())["nodes"]:
        for thread in pathlib.Path(f"/proc/{node['pid']}/task").iterdir():
            name = "loop" if int(thread.name) == node["pid"] else (thread / "comm").read_text().strip()
            part = PARTS.get(name, NETWORK)
            spent[part] = spent.get(part, 0) + int((thread / "schedstat").read_text().split()[0]) / 1000
    return spent


def bench(c, options, payload):
    before = spent_us(c)
    rate = ["--rate", options.rate] if options.rate else []
    run = c.vigil("bench", "--clients", options.clients, "--seconds", options.seconds, "--payload", payload, *rate)
    after = spent_us(c)
    assert run["errors"] == 0, run
    run["cpu"] = {part: (after[part] - before.get(part, 0)) / run["writes"]["count"] for part in after}
    return run


def show(what, runs, figure):
    """Medians with and without; the median of the turns' ratios, which is returned, and of their differences."""
    turns = [(figure(with_), figure(without)) for with_, without in zip(*runs)]
    turns = [turn for turn in turns if all(turn)]  # nothing to compare where leadership moved, or nothing was done
    if not turns:
        return 1
    ratio, more = statistics.median(one / other for one, other in turns), statistics.median(one - other for one, other in turns)
    with_, without = (statistics.median(side) for side in zip(*turns))
    print(f"  {what:<32}{with_:>10.1f}{without:>10.1f}{ratio:>8.2f}{more:>10.1f}")
    return ratio


def compare(runs):
    print(f"  {'':<32}{'with':>10}{'without':>10}{'ratio':>8}{'more':>10}")
    ratios = [show(what, runs, figure) for what, figure in FIGURES.items()]
    print("  microseconds of processor for a committed write, of three nodes")
    for part in (*dict.fromkeys(PARTS.values()), NETWORK, CLIENT):
        show(part, runs, lambda run: run["cpu"].get(part, 0))
    return [*ratios, show("nodes in all", runs, lambda run: sum(run["cpu"].values()) - run["cpu"][CLIENT])]


def take_turns(options, payload):
    """Of each pair, and with and without: the runs."""
    runs = [], []
    for pair in range(options.pairs):
        with Cluster(options.build / "bin") as sealed, Cluster(options.build / options.against) as clear:
            clusters = sealed, clear
            for c in clusters:
                bench(c, options, payload)  # makes the incidents that are written to, and is not counted
            for turn in range(options.turns):
                for side in (0, 1) if (pair + turn) % 2 == 0 else (1, 0):
                    runs[side].append(bench(clusters[side], options, payload))
    return runs


def show_cryptography(c, options, payload):
    """By function, as the nodes log it at their end."""
    bench(c, options, payload)
    entries = c.status(1)["commit_index"]
    c.run("dev", "down", "--dir", c.dir / "dev")
    spent = {}
    for node in c.nodes.values():
        for part, calls, ns in re.findall(r" spent part=(\w+) calls=(\d+) ns=(\d+)", pathlib.Path(node["log"]).read_text()):
            before = spent.get(part, (0, 0))
            spent[part] = before[0] + int(calls), before[1] + int(ns)
    print("  of that, cryptography by function, and how often it is called")
    for part, (calls, ns) in spent.items():
        print(f"  {part:<32}{ns / 1000 / entries:>10.1f}{calls / entries:>10.1f}")
    return len(spent) == 4


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--pairs", type=int, default=4)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--rate", type=int)
    parser.add_argument("--payload", default="256,16384")
    parser.add_argument("--against", default="clear")
    options = parser.parse_args()
    sane = True
    for payload in options.payload.split(","):
        offered = f" {options.rate} a second," if options.rate else ""
        print(f"notes of {payload} bytes,{offered} {options.clients} clients, {options.pairs} pairs, {options.turns} turns of {options.seconds} s:")
        ratios = compare(take_turns(options, payload))
        with Cluster(options.build / "timed") as timed:
            measured = show_cryptography(timed, options, payload)
        sane = sane and measured and all(1 / ABSURD < ratio < ABSURD for ratio in ratios)
    print("1 passed, 0 failed" if sane else f"a ratio is beyond {ABSURD}, or nothing was measured: 0 passed, 1 failed")
    return 0 if sane else 1


sys.exit(main())
