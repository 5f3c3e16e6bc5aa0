#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A disk that is really full, under all nodes: commands are refused with the reason, reads and votes go on, also across the
loss of a leader and a restart; once there is space, service returns by itself."""
import errno
import os
import pathlib
import shutil
import sys

from cluster import Cluster, Refused, bin_dir, wait_for

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


def note(c, incident, text, node=None):
    return c.vigil("--timeout", "2s", "incident", "note", incident, "--text", text, node=node)


def refused(c, incident, node):
    """Whether a node refuses a command, and in these words."""
    try:
        note(c, incident, "as it filled", node)
    except Refused as refusal:
        assert refusal.code == 3, refusal
        assert refusal.error["code"] == "busy", refusal.error
        for words in ("the disk of the log is full", "free some space, service returns by itself"):
            assert words in refusal.error["message"], refusal.error
        return True
    return False


def notes(c, incident, node=None):
    return [e["text"] for e in c.vigil("incident", "timeline", incident, node=node) if e["kind"] == "note"]


def processes(c):
    return {node["id"]: node["pid"] for node in c.vigil("dev", "status", "--dir", c.dir / "dev")["nodes"]}


def live_on_full_disk(c, incident):
    wait_for(lambda: refused(c, incident, c.leader()), "the leader to look at its disk again")
    written = notes(c, incident)
    for node in c.nodes:
        assert refused(c, incident, node), f"node {node} took a command on a full disk"
    for round_number in range(ELECTIONS):
        leader = c.leader()
        verb, undo = (("pause", "resume"), ("kill", "restart"))[round_number % 2]
        c.signal(verb, leader)
        rest = [node for node in c.nodes if node != leader]
        successor = c.leader(rest)
        assert notes(c, incident, successor) == written, "reads go on"
        assert refused(c, incident, successor), f"node {successor} took a command on a full disk"
        c.signal(undo, leader)
        c.wait_equal()
    return written


def main():
    disk = pathlib.Path(sys.argv[2])
    balloon = disk / "balloon"
    with Cluster(bin_dir()) as c:
        move_data(c, disk)
        incident = c.vigil("incident", "detect", "--source", "operator", "--title", "full disk")["id"]
        note(c, incident, "before")
        fill(balloon)
        written = live_on_full_disk(c, incident)
        running = processes(c)
        balloon.unlink()
        for node in c.nodes:
            wait_for(lambda: accepted(c, incident, node), f"node {node} to take commands again")
        assert processes(c) == running, "service returns without a restart"
        c.wait_equal()
        c.verify_logs()
        assert notes(c, incident) == written + [f"after {node}" for node in c.nodes], notes(c, incident)
    print(f"{ELECTIONS} leaders lost on a full disk; each node refused, voted and read, and takes commands again")


def accepted(c, incident, node):
    try:
        return note(c, incident, f"after {node}", node)
    except Refused as refusal:
        assert refusal.error["code"] == "busy", refusal.error
        return None


main()
