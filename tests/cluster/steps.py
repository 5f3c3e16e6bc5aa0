#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""steps.py BIN_DIR STEPWISE_DIR CHANGE...: a node that is granted, revoked, or holds a key that is rotated or shredded, ends by SIGKILL after each step of it
(tests/variants/stepwise.c), and an ordinary one goes on from there: the change is done, a granted node is level with the same state, a revoked
one is blind, keeps nothing and has said so, as all are of what was shredded; epochs and other compartments are equal everywhere. Each time the kinds
of steps in SHORT; with VIGIL_LONG=yes every kind, and then every step."""
import collections
import contextlib
import itertools
import json
import os
import pathlib
import random
import re
import signal
import sys

from canary import Canaries, disk
from cluster import Cluster, Person, is_long, request_id, wait_for
from opening import down, everything, home, nothing, opened

SEED = 20261127
ALPHABET, OTHERS = "qzxjkv", "ycbgpm"
ORIGIN, LEADER, ASIDE = 1, 2, 3  # 1 and 2 are cleared all along, 1 makes every epoch; 3 comes and goes
NOWHERE = ASIDE, "none:1"
ARMED = "steps are counted from here on"
PASSING = ("unavailable", "timeout", "conflict", "exists", "not-found")  # of a command given again: not done now, or done meanwhile

EPOCH = ("log-committed", "epoch-heeded", "key-learned", "standing-noted", "state-committed")
KEYRING = ("file-synced", "file-renamed", "folder-synced")
REMOVAL = ("rows-dropped", "hash-forgotten", *KEYRING, "keys-destroyed", "row-keys-wiped", "rebuild-removed", "attestation-signed",
           "attestation-placed")

# At which each run has nodes end: before and after what is kept outlasts a crash, in memory, state, keyring, rebuild and log.
SHORT = {"epoch-made", "entry-appended", "unwrap-key-offered", "standing-noted", "state-committed", "rebuild-begun", "rows-copied", "hash-adopted",
         "hash-forgotten", "file-renamed", "keys-destroyed", "rebuild-removed", "attestation-placed"}


def log(c, node):
    return pathlib.Path(c.nodes[node]["log"]).read_text()


def committed(c, node, begins):
    """Up to which entry a node that runs the variant has its state on the disk."""
    return max((int(index) for index in re.findall(r" committed index=(\d+)\n", log(c, node)[begins:])), default=0)


def arm(c, node, stepwise, where):
    """Has the program that ends there run as the node, with all done that came before; gives where its log begins."""
    begins = len(log(c, node))
    c.exchange(node, stepwise, VIGIL_STEPWISE=where)
    if node == LEADER:
        c.lead(node)
    c.vigil("incident", "detect", "--source", "operator", "--title", "the last before")
    applied = c.wait_settled()[0]["applied_index"]
    wait_for(lambda: committed(c, node, begins) >= applied, f"node {node} to commit its state")
    begins = len(log(c, node))
    os.kill(int(c.process(node).name), signal.SIGUSR1)
    wait_for(lambda: ARMED in log(c, node)[begins:], "the signal")
    return begins


class Scene:
    """The cluster, and what is written in it."""

    def __init__(self, c, stepwise):
        self.c, self.stepwise, self.random = c, stepwise, random.Random(SEED)
        self.canaries = Canaries(ALPHABET, self.random)
        self.canaries.check(OTHERS)
        self.ids, self.incidents, self.killed = {}, {"default": self.detect("default")}, collections.Counter()
        self.compartment("acme", f"{ORIGIN},{LEADER}", 20)
        self.second, public = c.identity("kim")
        c.vigil("user", "add", "kim", "--public", public, "--key-officer")

    def compartment(self, name, nodes, notes):
        self.ids[name] = self.c.vigil("compartment", "create", name, "--nodes", nodes)["id"]
        self.c.vigil("user", "grant", "person-1", "responder", "--compartment", name)
        self.incidents[name] = self.detect(name)
        for _ in range(notes):
            self.note(name, ORIGIN)

    def detect(self, name):
        return self.c.vigil("incident", "detect", "--compartment", name, "--source", "operator", "--title", self.canaries.say("title"),
                            node=ORIGIN)["id"]

    def note(self, name, node):
        self.c.vigil("incident", "note", self.incidents[name], "--text", self.canaries.say("note"), node=node)

    def shown(self, name, node=None):
        return self.c.vigil("compartment", "show", name, node=node)

    def steps(self, node, begins):
        return re.findall(r" step n=\d+ name=([a-z-]+)\n", log(self.c, node)[begins:])

    def has_ended(self, node):
        return self.c.described(node)["state"] == "stopped"

    def opens(self, node):
        with down(self.c, node) as data:
            return opened(self.c, node, data=[data])

    def is_rid_of(self, node, name):
        """It keeps nothing of it, opens nothing of it, and has said so."""
        assert node in [one["node"] for one in self.shown(name)["revoked"] if one["attested"]], self.shown(name)
        assert name not in self.c.status(node)["state_hashes"]
        nothing(self.opens(node), self.ids[name])
        rebuilds = list((home(self.c, node) / "data" / "rebuild").glob("*"))
        assert not rebuilds, rebuilds

    def search(self, nodes):
        found = [(node, where, forms) for node in nodes for where, content in disk(self.c, node) if (forms := self.canaries.find(content))]
        assert not found, found

    def end_at(self, change, node, where):
        """Has the node end there in this change, and checks what becomes of it. The steps to that, or None if it did not take so many."""
        change.prepare(self)
        begins = arm(self.c, node, self.stepwise, where)
        request = Request(self, change, node if node != LEADER else ORIGIN)
        wait_for(lambda: self.has_ended(node) or request.is_done() and change.is_over(self, node, begins),
                 f"{change.name} at node {node} to end at {where}, or to be over")
        steps, ended = self.steps(node, begins), self.has_ended(node)
        self.c.exchange(node, self.c.bin)
        wait_for(request.is_done, f"{change.name} to be done")
        self.check(change, node)
        if not ended:
            return None
        assert where.split(":")[0] in ("any", steps[-1]), (change.name, node, where, steps)
        self.killed[change.name, node, steps[-1]] += 1
        print(f"{change.name}: node {node} ended at step {len(steps)}, {steps[-1]}", flush=True)
        return steps

    def check(self, change, node):
        wait_for(lambda: self.c.standing(node, change.of) == change.status, f"node {node} to be {change.status}")
        change.check(self, node)
        for each in self.c.nodes:
            self.note("default", each)
        self.c.wait_equal()
        assert len({self.shown(change.of, each)["epoch"] for each in self.c.nodes}) == 1
        self.c.vigil("log", "verify", node=node)
        self.search((node,))


class Request:
    """A command under one request id, given again until its change is done."""

    def __init__(self, scene, change, node):
        self.scene, self.change, self.person = scene, change, change.person(scene, node)
        self.id, self.done = request_id(scene.random), False
        self.give()

    def give(self):
        self.process = self.scene.c.start(*self.person.words(), "--request-id", self.id, *self.change.words)

    def is_done(self):
        if self.done or self.process.poll() is None:
            return self.done
        said = self.process.communicate()[1]
        if self.process.returncode == 0:
            self.done = True
            return True
        assert json.loads(said)["error"]["code"] in PASSING, said
        self.done = self.change.is_done(self.scene)
        if not self.done:
            self.give()
        return self.done


class Change:
    """A change of a compartment's clearance. `steps`: of each node, the kinds of steps that it is ended at; `last`: the last two of them; `status`:
    how the node stands to the compartment after it."""
    of = "acme"

    def prepare(self, scene):
        """Before anything ends."""

    def person(self, scene, node):
        return scene.c.person(1, node)

    def is_over(self, scene, node, begins):
        """The node has taken its last step."""
        steps, (last_but_one, last) = scene.steps(node, begins), self.last
        if last_but_one not in steps or last not in steps[len(steps) - steps[::-1].index(last_but_one):]:
            return False
        said = scene.c.status_at_once(node)  # it may end meanwhile
        return said is not None and self.status in [one["status"] for one in said["compartments"] if one["name"] == self.of]

    def check(self, scene, node):
        """A node that is level has the same state as the others, and may write."""
        assert set(scene.c.wait_equal()) == {"directory", "default", "acme"}
        scene.note("acme", node)


class Grant(Change):
    name, words, status = "grant", ("compartment", "grant", "acme", "--node-id", ASIDE), "level"
    steps = {ASIDE: (*KEYRING, "unwrap-key-offered", *EPOCH, "rebuild-begun", "rebuild-committed", "rebuild-finished", "rows-dropped", "rows-copied",
                     "hash-adopted", "file-removed", "folder-removed", "rebuild-removed")}
    last = ("state-committed", "rebuild-removed")

    def is_done(self, scene):
        return ASIDE in {holder["node"] for holder in scene.shown("acme")["holders"]}

    def check(self, scene, node):
        super().check(scene, node)
        everything(scene.opens(node), scene.ids["acme"])


class Rotate(Change):
    name, words, status = "rotate", ("compartment", "rotate", "acme"), "level"
    steps = {ORIGIN: ("epoch-made", *EPOCH), LEADER: ("entry-proposed", "entry-appended", *EPOCH), ASIDE: EPOCH}
    last = ("epoch-heeded", "state-committed")

    def prepare(self, scene):
        self.before = scene.shown("acme")["epoch"]

    def is_done(self, scene):
        return scene.shown("acme")["epoch"] > self.before


class Revoke(Change):
    name, words, status = "revoke", ("compartment", "revoke", "acme", "--node-id", ASIDE), "blind"
    steps = {ASIDE: (*EPOCH, *REMOVAL)}
    last = ("standing-noted", "state-committed")

    def is_done(self, scene):
        return ASIDE not in {holder["node"] for holder in scene.shown("acme")["holders"]}

    def check(self, scene, node):
        scene.is_rid_of(node, "acme")


class Shred(Change):
    """Of a compartment of its own each time, by two key officers; the second one's word is what is killed upon."""
    name, status, count = "shred", "blind", 0
    steps = {ASIDE: (*EPOCH, *REMOVAL), LEADER: ("entry-proposed", "entry-appended", "keys-destroyed", "attestation-placed")}
    last = ("standing-noted", "state-committed")

    def prepare(self, scene):
        self.count += 1
        self.of = f"doomed-{self.count}"
        scene.compartment(self.of, f"{ORIGIN},{LEADER},{ASIDE}", 2)
        if self.count == 1:
            everything(scene.opens(ASIDE), scene.ids[self.of])
        self.words = ("proposal", "approve", scene.c.vigil("compartment", "shred", self.of, "--yes", self.of)["id"], "--yes")

    def person(self, scene, node):
        return Person(scene.c, scene.second, node)

    def is_done(self, scene):
        return scene.shown(self.of)["shredding"] is not None

    def check(self, scene, node):
        wait_for(lambda: not scene.shown(self.of)["shredding"]["missing"], "every node's word")
        for each in scene.c.nodes:
            wait_for(lambda: scene.c.standing(each, self.of) == "blind", f"node {each} to be rid of it")
        scene.is_rid_of(node, self.of)


CHANGES = {change.name: change for change in (Grant(), Rotate(), Revoke(), Shred())}
EACH_OTHER = ("grant", "revoke")  # need the other one before them


def kinds(change):
    """Where nodes are to end, each told what came of the one before: at kinds of steps."""
    for node, steps in change.steps.items():
        for kind in steps if is_long() else [kind for kind in steps if kind in SHORT]:
            taken = yield node, f"{kind}:1"
            assert taken, f"{change.name}: node {node} took no step {kind}"
            assert kind != "state-committed" or "epoch-heeded" in taken, f"{change.name}: node {node}, a commit of what came before"


def every(change):
    """At every step, until there are no more."""
    for node, steps in change.steps.items():
        for nth in itertools.count(1):
            if not (yield node, f"any:{nth}"):
                print(f"{change.name}: node {node} takes {nth - 1} steps", flush=True)
                assert nth - 1 >= len(steps), f"{change.name}: node {node} took {nth - 1} steps"
                break


def carry_out(scene, plan, changes):
    """The changes in turns."""
    plans = {change: plan(change) for change in changes}
    places = {change: next(each) for change, each in plans.items()}
    while any(places.values()):
        for change, each in plans.items():
            place = places[change]
            if place:
                steps = scene.end_at(change, *place)
                places[change] = None
                with contextlib.suppress(StopIteration):
                    places[change] = each.send(steps)
            elif change.name in EACH_OTHER:
                scene.end_at(change, *NOWHERE)


def main():
    with Cluster(sys.argv[1]) as c:
        scene = Scene(c, sys.argv[2])
        changes = [CHANGES[name] for name in sys.argv[3:]]
        carry_out(scene, kinds, changes)
        if is_long():
            carry_out(scene, every, changes)
        scene.search(c.nodes)
        c.verify_logs()
    print(f"ended {scene.killed.total()} times at {len(scene.killed)} kinds of steps, each change done: 1 passed, 0 failed")


if __name__ == "__main__":
    main()
