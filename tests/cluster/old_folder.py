#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A data folder that has forgotten what its node promised: an older image put back, or an empty one. The others remember and
refuse it, it ends and says why, as often as it is started; they go on. Whoever only crashed is never taken for that."""
import contextlib
import hashlib
import random
import shutil
import struct
import subprocess

from cluster import WAIT_S, Cluster, bin_dir, wait_for
from damage import home, lead, lines, note

SEED = 20261127
KILLS = 24


def data(c, node):
    return home(c, node) / "data"


def restart(c, node):
    """A killed process may hold its folder for a moment more."""
    def started():
        done = c.run("dev", "restart", node, "--dir", c.dir / "dev")
        assert done.returncode == 0 or "held by another process" in done.stderr, done.stderr
        return done.returncode == 0
    wait_for(started, f"node {node} to start")


def records(folder, node):
    """What a folder's log knows of a node: met, shown, term of each record of it that is whole (docs/storage.md)."""
    content = (folder / "log" / "data.mdb").read_bytes()
    key = struct.pack("<Q", node)
    at = content.find(key)
    while at >= 0:
        record = content[at:at + 64]
        if hashlib.blake2b(record[:48], digest_size=16).digest() == record[48:]:
            yield struct.unpack("<QQQQ", record[:32])[1:]
        at = content.find(key, at + 1)


def met(folder, node):
    return max((record[0] for record in records(folder, node)), default=0)


def wait_remembered(c, node, image, others):
    """Until the others have on their disks that the node has met them since the image."""
    for other in others:
        then = met(image, other)
        wait_for(lambda: max((shown for _, shown, _ in records(data(c, other), node)), default=0) > then,
                 f"node {other} to remember node {node}")


def put_back(c, node, image):
    shutil.rmtree(data(c, node))
    if image is not None:
        shutil.copytree(image, data(c, node))


def refused(c, node, what):
    """The folder is refused each time it is tried, and the node says what it is, and what to do."""
    for _ in range(3):
        done = subprocess.run([c.bin / "vigild", "--config", str(home(c, node) / "config.yaml")], capture_output=True,
                              text=True, timeout=WAIT_S)
        last = done.stderr.splitlines()[-1]
        assert done.returncode == 4 and last.startswith("vigild: integrity:"), done
        for words in (str(data(c, node)), "older than what is remembered of it", what, "leave this node down", "could vote twice"):
            assert words in last, (words, last)


def alarms(c):
    return {node: len(lines(c, node, "older-folder")) for node in c.nodes}


def put_back_and_refused(c, incident, node, image, what):
    before = alarms(c)
    put_back(c, node, image)
    refused(c, node, what)
    others = [other for other in c.nodes if other != node]
    # each says it at most every ten seconds
    assert any(alarms(c)[other] > 0 for other in others) and alarms(c)[node] == before[node], (before, alarms(c))
    note(c, incident, f"the others go on without node {node}", node=c.leader(among=others))


@contextlib.contextmanager
def whole_folder_kept(c, node):
    """What the node has now is its last word; after the old one was refused it goes on with it."""
    kept = c.dir / "kept"
    shutil.copytree(data(c, node), kept)
    yield
    put_back(c, node, kept)
    shutil.rmtree(kept)
    restart(c, node)
    c.wait_equal()


def image_of_a_stopped_node(c, incident):
    """It has met the others since, which they keep on their disks."""
    image = c.dir / "image"
    c.end(3)
    shutil.copytree(data(c, 3), image)
    restart(c, 3)
    c.wait_equal()
    note(c, incident, "after the image")
    c.wait_equal()
    wait_remembered(c, 3, image, (1, 2))
    c.end(3)
    for other in (1, 2):  # who have nothing left but their disks
        c.signal("kill", other)
        restart(c, other)
    c.leader(among=[1, 2])
    with whole_folder_kept(c, 3):
        put_back_and_refused(c, incident, 3, image, "meetings with this node")
        put_back_and_refused(c, incident, 3, None, "meetings with another folder of it")
    shutil.rmtree(image)


def image_of_a_running_node(c):
    image = c.dir / "image"
    c.signal("pause", 3)
    shutil.copytree(data(c, 3), image)
    c.signal("resume", 3)
    return image


def voted_since(c, incident):
    """It was never down, but there was another leader, whom it has told of its vote and everybody of the new term."""
    image = image_of_a_running_node(c)
    lead(c, 2 if c.leader() == 1 else 1)
    c.wait_equal()
    wait_remembered(c, 3, image, (1, 2))
    c.signal("kill", 3)
    for other in (1, 2):
        c.signal("kill", other)
        restart(c, other)
    c.leader(among=[1, 2])
    with whole_folder_kept(c, 3):
        put_back_and_refused(c, incident, 3, image, "meetings with this node")
    shutil.rmtree(image)


def acknowledged(c, incident):
    """An image of node 3, from before it has acknowledged an entry to node 1, which has led since before; None if another has led."""
    lead(c, 1)
    c.wait_equal()
    term = c.status(1)["term"]
    image = image_of_a_running_node(c)
    note(c, incident, "acknowledged by all")
    c.wait_equal()
    c.signal("kill", 3)
    now = c.status(1)
    if now["leader"] == 1 and now["term"] == term:
        return image
    shutil.rmtree(image)
    restart(c, 3)
    return None


def acknowledged_since(c, incident):
    """It has acknowledged an entry to the leader, who alone remembers that. The other takes the old one for a moment, which then
    makes promises of its own: from then on not even the newest folder has all."""
    image = wait_for(lambda: acknowledged(c, incident), "node 1 to lead all the while")
    put_back_and_refused(c, incident, 3, image, "the last entry it had in its term")


def who_is_old_accuses_nobody(c, incident):
    """An old node beside one that is honest: only the old one ends."""
    image = c.dir / "image"
    c.end(1)
    shutil.copytree(data(c, 1), image)
    restart(c, 1)
    c.wait_equal()
    wait_remembered(c, 1, image, (2, 3))
    for node in (1, 2):
        c.end(node)
    with whole_folder_kept(c, 1):
        before = alarms(c)
        put_back(c, 1, image)
        refused(c, 1, "meetings with this node")
        assert alarms(c)[3] > before[3] and alarms(c)[1] == before[1], (before, alarms(c))
        restart(c, 2)
    shutil.rmtree(image)


def crashes_are_no_crime(c, incident):
    """Killed at any point, again and again, one at a time and all: nobody is refused."""
    generator = random.Random(SEED)
    before = alarms(c)
    for number in range(KILLS):
        victims = generator.choice([[1], [2], [3], [1, 2], [1, 2, 3]])
        for node in victims:
            c.signal("kill", node)
        for node in victims:
            restart(c, node)
        if number % 3 == 0:
            note(c, incident, f"note {number}")
    c.wait_equal()
    assert alarms(c) == before, (before, alarms(c))


def main():
    print(f"seed {SEED}")
    with Cluster(bin_dir()) as c:
        incident = c.vigil("incident", "detect", "--source", "operator", "--title", "old folders")["id"]
        c.wait_equal()
        wait_for(lambda: all(len(lines(c, node, "peer-up")) >= 2 for node in c.nodes), "all to have met")
        crashes_are_no_crime(c, incident)
        image_of_a_stopped_node(c, incident)
        voted_since(c, incident)
        who_is_old_accuses_nobody(c, incident)
        crashes_are_no_crime(c, incident)
        c.verify_logs()
        acknowledged_since(c, incident)
        noted = sum(event["text"].startswith("the others go on") for event in c.vigil("incident", "timeline", incident)
                    if event["text"])
        assert noted == 4, noted
    print(f"folders of an earlier time refused by meetings, entries and terms, {2 * KILLS} rounds of kills by nothing: "
          "1 passed, 0 failed")


main()
