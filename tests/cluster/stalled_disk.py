#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A leader whose disk stands still (B68): another leads, its writes go on; who is left with a stalled disk alone waits, and goes on by
itself when the disk does."""
import sys

from cluster import Cluster, bin_dir
from disks import Disks, note, notes

STALL_MS = 600_000  # longer than the test


def main():
    with Cluster(bin_dir()) as c:
        disks = Disks(c, sys.argv[2])
        incident = c.vigil("incident", "detect", "--source", "operator", "--title", "a slow disk")["id"]
        stalled = c.leader()
        others = [node for node in c.nodes if node != stalled]
        disks.steer(stalled, "slow", STALL_MS)
        note(c, incident, "written while the leader's disk stands still")
        leader = c.leader(among=others)
        (third,) = [node for node in others if node != leader]
        print(f"node {stalled} stalled, node {leader} leads")

        # the two that are left cannot elect: one of them can promise nothing
        c.signal("kill", leader)
        disks.release(stalled, "slow")
        note(c, incident, "written with the disk that had stalled")
        again = c.leader(among=[stalled, third])
        print(f"node {leader} killed, the disk goes on, node {again} leads")

        disks.start(c, leader)
        c.wait_equal()
        c.verify_logs()
        assert len(set(notes(c, incident))) == 2, notes(c, incident)


main()
