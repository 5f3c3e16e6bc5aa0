#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Ten thousand half handshakes at the doors of a node that leads: each is refused and counted, who is in is served on, and the
memory and descriptors are back afterwards. And while such a flood lasts at the peers' door, a follower that was killed comes back in, and
makes a quorum with the leader; whom a full door turns out is unit/test_net_rude's to show."""
import contextlib
import json
import subprocess

from cluster import Cluster, bin_dir, wait_for

EACH = 2500  # connections of each flood; there are four
LASTING = 1 << 30  # of one that is ended
SECONDS = 10
WAYS = {("noise", "stranger"): 50, ("silent", "half", "first"): 600}  # how they come, and how many at once
SLOWER_MAX = 2.0
GROWN_MAX_KIB = 4096


def refusals(c, node):
    row = next(n for n in c.status(node)["nodes"] if n["id"] == node)
    return {door: row[f"refused_{door}"] for door in ("clients", "peers")}


def reaches(c, node, other):
    return next(row["reachable"] for row in c.status(node)["nodes"] if row["id"] == other)


class Flood:
    def __init__(self, c, node, count):
        self.c, self.node, self.count = c, node, count
        self.cluster = c.status(node)["cluster_id"]

    @contextlib.contextmanager
    def lasting(self):
        """Strangers at the peers' door, each of whom comes again as soon as they are closed."""
        with contextlib.ExitStack() as stack:
            floods = [stack.enter_context(subprocess.Popen(self.command("peers", ways, at_once), stdout=subprocess.DEVNULL))
                      for ways, at_once in WAYS.items()]
            for flood in floods:
                stack.callback(flood.kill)  # also when what is done meanwhile fails
            yield floods
            assert all(flood.poll() is None for flood in floods), "the flood ended before"

    def command(self, door, ways, at_once):
        at = self.c.nodes[self.node]
        identity = self.c.dir / "dev" / ("person-1.identity" if door == "clients" else f"node-{self.node % 3 + 1}/key")
        return [self.c.bin / "channel-flood", at["client" if door == "clients" else "peer"], at["channel_key"], self.cluster, door,
                identity, str(self.count), str(at_once), *ways]

    def run(self):
        """All four, one after the other; how many connections each door was left by."""
        for door in ("clients", "peers"):
            for ways, at_once in WAYS.items():
                done = subprocess.run(self.command(door, ways, at_once), capture_output=True, text=True)
                assert done.returncode == 0 and int(done.stdout) == self.count, (door, ways, done)


def comes_back(c, node):
    """A follower is lost and comes back while the flood lasts; what is committed once the other is lost, it has voted for."""
    back, lost = (other for other in c.nodes if other != node)
    at_door = refusals(c, node)["peers"]
    with Flood(c, node, LASTING).lasting():
        wait_for(lambda: refusals(c, node)["peers"] > at_door + EACH, "the flood to be in")
        c.signal("kill", back)
        wait_for(lambda: not reaches(c, node, back), "the follower to be missed")
        c.signal("restart", back)
        before = refusals(c, node)["peers"]
        wait_for(lambda: reaches(c, node, back), "the follower to be back")
        past = refusals(c, node)["peers"] - before
        c.signal("kill", lost)
        c.vigil("incident", "detect", "--source", "operator", "--title", "agreed by two", node=node)
        print(f"a follower came back past {past} others at the door, and makes a quorum")
    c.signal("restart", lost)
    c.wait_equal()


def main():
    with Cluster(bin_dir()) as c:
        node = c.leader()
        Flood(c, node, 200).run()  # whatever is allocated once is allocated
        calm = c.vigil("bench", "--clients", 4, "--seconds", SECONDS)
        before, open_files, counted = c.memory_kib(node), c.descriptors(node), refusals(c, node)
        with subprocess.Popen([c.bin / "vigil", "-o", "json", "--context", c.context, "bench", "--clients", "4", "--seconds", str(SECONDS)],
                              env=c.environment, stdout=subprocess.PIPE, text=True) as bench:
            begun = c.status(node)["commit_index"] + 50
            wait_for(lambda: c.status(node)["commit_index"] > begun, "the bench to be in")
            Flood(c, node, EACH).run()
            flooded = json.loads(bench.communicate()[0])
        # who asks, and comes in, may have met the crowd too
        wait_for(lambda: all(refusals(c, node)[door] >= counted[door] + 2 * EACH for door in counted), "all to be counted")
        wait_for(lambda: c.descriptors(node) == open_files, "descriptors to be back")
        grown = c.memory_kib(node) - before
        slower = {p: flooded["writes"][p] / calm["writes"][p] for p in ("p50_ms", "p99_ms")}
        print(f"{4 * EACH} refused and counted; writes beside them: p50 {slower['p50_ms']:.2f}, p99 {slower['p99_ms']:.2f} of that "
              f"without; memory {before} KiB and {grown:+d}, descriptors {open_files} again")
        assert flooded["errors"] == 0, flooded
        assert slower["p50_ms"] <= SLOWER_MAX, "who is in waits for who is at the door"
        assert grown <= GROWN_MAX_KIB, "memory is not back"
        comes_back(c, node)


main()
