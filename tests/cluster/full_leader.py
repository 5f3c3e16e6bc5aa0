#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A leader whose disk is full hands over to a node that has room, and follows it; full followers hold up nobody; where nobody has room
a leader is elected all the same and reads go on; and whoever has room first leads then."""
import pathlib
import sys

from cluster import Cluster, bin_dir, wait_for
from disks import Disks, note, notes, refuses

TRIES = 5


def term(c, node):
    return c.status(node)["term"]


def fill(c, disks, incident, node):
    disks.steer(node, "full")
    wait_for(lambda: refuses(c, incident, node), f"node {node} to look at its disk")


def handed_over(c, node):
    return pathlib.Path(c.nodes[node]["log"]).read_text().count(" handed-over ")


def hand_over(c, disks, incident):
    """The leader's disk fills: another takes writes, and the leader has seen to that. Returns it, the full one and the third."""
    for _ in range(TRIES):
        full = c.leader()
        before = term(c, full)
        fill(c, disks, incident, full)
        note(c, incident, "written while the disk of who led is full")
        leader = c.leader(among=[node for node in c.nodes if node != full])
        terms = term(c, leader) - before
        c.wait_equal()  # it follows, so it has said why
        if handed_over(c, full):
            print(f"node {full} is full, node {leader} leads {terms} term(s) later, node {full} follows")
            return leader, full, next(node for node in c.nodes if node not in (leader, full))
        disks.release(full, "full")  # it had lost the lead before it looked at its disk
        wait_for(lambda: not refuses(c, incident, full), f"node {full} to take commands again")
    raise AssertionError("no full leader has handed over")


def main():
    with Cluster(bin_dir()) as c:
        disks = Disks(c, sys.argv[2])
        incident = c.vigil("incident", "detect", "--source", "operator", "--title", "a full disk")["id"]
        leader, *others = hand_over(c, disks, incident)

        # a quorum is full, and the one that has room leads
        fill(c, disks, incident, others[1])
        note(c, incident, "written with room at one node alone")
        wait_for(lambda: c.leader() == leader, f"node {leader}, which has room, to lead")

        # only full disks are left
        c.signal("kill", leader)
        written = notes(c, incident, others[0])
        assert c.leader(among=others) in others
        assert all(refuses(c, incident, node) for node in others)
        assert notes(c, incident, others[1]) == written, "reads go on"

        # one comes back that has room
        disks.start(c, leader)
        note(c, incident, "written with room at one that came back")
        wait_for(lambda: c.leader() == leader, f"node {leader} to lead again")
        print(f"nodes {others} full alone: elected, read, refused; node {leader} came back and leads")

        for node in others:
            disks.release(node, "full")
            wait_for(lambda: not refuses(c, incident, node), f"node {node} to take commands again")
        c.wait_equal()
        c.verify_logs()
        texts = notes(c, incident)
        assert texts[:len(written)] == written and len(set(texts)) == 4, texts


main()
