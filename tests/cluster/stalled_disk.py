#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A leader whose disk stands still (B68): another leads, its writes go on; who is left with a stalled disk alone waits, and goes on by
itself when the disk does."""
import pathlib
import sys

from cluster import Cluster, Refused, bin_dir, wait_for

STALL_MS = 600_000  # longer than the test


class Disks:
    """Restarts each node of a cluster behind the shim, with a control folder of its own."""

    def __init__(self, cluster, library):
        self.folders = {}
        cluster.environment["LD_PRELOAD"] = library
        for node in cluster.nodes:
            self.folders[node] = pathlib.Path(cluster.dir) / f"disk-{node}"
            self.folders[node].mkdir()
            self.start(cluster, node, killed=False)

    def start(self, cluster, node, killed=True):
        if not killed:
            cluster.signal("kill", node)
        cluster.environment["VIGIL_SHIM_DIR"] = str(self.folders[node])
        cluster.signal("restart", node)

    def stall(self, node):
        whole = self.folders[node] / "slow.new"
        whole.write_text(str(STALL_MS))
        whole.rename(self.folders[node] / "slow")

    def release(self, node):
        (self.folders[node] / "slow").unlink()


def note(c, incident, text):
    """Acknowledged in the end, whoever leads; the same request each time would be the same note."""
    def once():
        try:
            return c.vigil("incident", "note", incident, "--text", text)
        except Refused as refused:
            assert refused.code == 3, refused
            return None
    return wait_for(once, f"'{text}' to be acknowledged")


def main():
    with Cluster(bin_dir()) as c:
        disks = Disks(c, sys.argv[2])
        incident = c.vigil("incident", "detect", "--source", "operator", "--title", "a slow disk")["id"]
        stalled = c.leader()
        others = [node for node in c.nodes if node != stalled]
        disks.stall(stalled)
        note(c, incident, "written while the leader's disk stands still")
        leader = c.leader(among=others)
        (third,) = [node for node in others if node != leader]
        print(f"node {stalled} stalled, node {leader} leads")

        # the two that are left cannot elect: one of them can promise nothing
        c.signal("kill", leader)
        disks.release(stalled)
        note(c, incident, "written with the disk that had stalled")
        again = c.leader(among=[stalled, third])
        print(f"node {leader} killed, the disk goes on, node {again} leads")

        disks.start(c, leader)
        c.wait_equal()
        c.verify_logs()
        texts = [e["text"] for e in c.vigil("incident", "timeline", incident) if e["kind"] == "note"]
        assert len(set(texts)) == 2, texts


main()
