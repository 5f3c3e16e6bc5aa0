#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A disk that is really full, under all nodes: commands are refused with the reason, reads and votes go on, also across the
loss of a leader and a restart; once there is space, service returns by itself."""
import errno
import os
import pathlib
import random
import shutil
import sys

from cluster import Cluster, Refused, bin_dir, request_id, wait_for
from disks import notes, refuses

ELECTIONS = 5
CHUNK = 1 << 20


def move_data(c, disk):
    """The folders of all nodes, onto the disk."""
    c.vigil("dev", "down", "--dir", c.dir / "dev")
    for node in c.nodes:
        data = c.dir / "dev" / f"node-{node}" / "data"
        shutil.move(data, disk / str(node))
        data.symlink_to(disk / str(node))
    c.vigil("dev", "up", "--dir", c.dir / "dev", "--timeout", "60s")
    c.leader()


def fill(balloon):
    """Takes every block that is free."""
    with open(balloon, "wb") as file:
        size, step = 0, CHUNK
        while step >= 4096:
            try:
                os.posix_fallocate(file.fileno(), size, step)
                size += step
            except OSError as error:
                assert error.errno == errno.ENOSPC, error
                step //= 2
    free = os.statvfs(balloon).f_bavail
    assert size > CHUNK and free == 0, f"{size} bytes taken, {free} blocks free"


def processes(c):
    return {node["id"]: node["pid"] for node in c.vigil("dev", "status", "--dir", c.dir / "dev")["nodes"]}


def live_on_full_disk(c, incident):
    wait_for(lambda: refuses(c, incident, c.leader()), "the leader to look at its disk again")
    written = notes(c, incident)
    for node in c.nodes:
        assert refuses(c, incident, node), f"node {node} took a command on a full disk"
    for round_number in range(ELECTIONS):
        leader = c.leader()
        verb, undo = (("pause", "resume"), ("kill", "restart"))[round_number % 2]
        c.signal(verb, leader)
        rest = [node for node in c.nodes if node != leader]
        successor = c.leader(rest)
        assert notes(c, incident, successor) == written, "reads go on"
        assert refuses(c, incident, successor), f"node {successor} took a command on a full disk"
        c.signal(undo, leader)
        c.wait_equal()
    return written


def take_again(c, incident, node):
    """In the end a node accepts a command, which is the same each time it is given."""
    words = ("--request-id", request_id(random.Random(node)), "incident", "note", incident, "--text", f"after {node}")

    def once():
        try:
            return c.vigil("--timeout", "1s", *words, node=node)
        except Refused as refused:
            assert refused.code == 3, refused
            return None
    wait_for(once, f"node {node} to take commands again")


def main():
    disk = pathlib.Path(sys.argv[2])
    balloon = disk / "balloon"
    with Cluster(bin_dir()) as c:
        move_data(c, disk)
        incident = c.vigil("incident", "detect", "--source", "operator", "--title", "full disk")["id"]
        c.vigil("incident", "note", incident, "--text", "before")
        fill(balloon)
        written = live_on_full_disk(c, incident)
        running = processes(c)
        balloon.unlink()
        for node in c.nodes:
            take_again(c, incident, node)
        assert processes(c) == running, "service returns without a restart"
        c.wait_equal()
        c.verify_logs()
        assert notes(c, incident) == written + [f"after {node}" for node in c.nodes], notes(c, incident)
    print(f"{ELECTIONS} leaders lost on a full disk; each node refused, voted and read, and takes commands again")


main()
