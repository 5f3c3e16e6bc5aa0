#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""shapes.py RAFT_SCN: I41 in every shape of a partial partition of five nodes.

Node 1 leads; then the links of one graph are all that is left, for each graph up to renaming the
other four nodes. Where a node reaches a quorum both ways, such a node must come to lead, and after
the heal all converge."""
import itertools
import subprocess
import sys

NODES = range(1, 6)
EDGES = list(itertools.combinations(NODES, 2))
RENAMINGS = [dict(zip(NODES, (1, *rest))) for rest in itertools.permutations(range(2, 6))]


def renamed(graph, names):
    return tuple(sorted(tuple(sorted((names[a], names[b]))) for a, b in graph))


def shapes():
    """One graph of each class."""
    seen = set()
    for size in range(len(EDGES) + 1):
        for graph in itertools.combinations(EDGES, size):
            if graph not in seen:
                seen.update(renamed(graph, names) for names in RENAMINGS)
                yield graph


def scenario(graph):
    cuts = [f"{a}<>{b}" for a, b in EDGES if (a, b) not in graph]
    lines = ["add-nodes 5", "campaign 1", "stabilize", "propose 1 before", "stabilize"]
    lines += ["cut " + " ".join(cuts)] if cuts else []
    lines += ["run 20000", "assert-served"]
    lines += [line for ms in (300, 700, 1900, 5300) for line in (f"run {ms}", "assert-served")]
    lines += ["heal", "end", ""]
    return "\n".join(lines)


def main():
    failed = count = 0
    for count, graph in enumerate(shapes(), 1):
        done = subprocess.run([sys.argv[1]], input=scenario(graph).encode(), capture_output=True,
                              timeout=60, check=False)
        if done.returncode != 0:
            failed += 1
            print(f"links {graph}: exit {done.returncode}\n{done.stderr.decode()}{scenario(graph)}")
    print(f"{count} shapes, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
