#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""steps.py BIN_DIR STEPWISE_DIR: a node that is granted, revoked, or holds a key that is rotated, ends by SIGKILL after each step of it
(tests/variants/stepwise.c), and an ordinary one goes on from there: the change is done, a granted node is level with the same state, a revoked
one is blind, keeps nothing and has said so, epochs and other compartments are equal everywhere. Every kind of step once; with VIGIL_LONG=yes every step."""
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
from cluster import Cluster, is_long, request_id, wait_for
from opening import down, everything, home, nothing, opened

SEED = 20261127
ALPHABET, OTHERS = "qzxjkv", "ycbgpm"
ORIGIN, LEADER, ASIDE = 1, 2, 3  # 1 and 2 are cleared all along, 1 makes every epoch; 3 comes and goes
NOWHERE = "none:1"
ARMED = "steps are counted from here on"
PASSING = ("unavailable", "timeout", "conflict", "exists", "not-found")  # of a command given again: not done now, or done meanwhile

EPOCH = ("log-committed", "epoch-heeded", "key-learned", "standing-noted", "state-committed")
KEYRING = ("file-synced", "file-renamed", "folder-synced")

# A change: its words; the nodes that end in it; the steps that each of them has to have ended at; the last two of them; the node's status after it.
Change = collections.namedtuple("Change", "words nodes steps last status")
CHANGES = {
    "grant": Change(("grant", "acme", "--node-id", ASIDE), (ASIDE,),
                    {ASIDE: (*KEYRING, "unwrap-key-offered", *EPOCH, "rebuild-begun", "rebuild-committed", "rebuild-finished", "rows-dropped",
                             "rows-copied", "hash-adopted", "file-removed", "folder-removed", "rebuild-removed")},
                    ("state-committed", "rebuild-removed"), "level"),
    "rotate": Change(("rotate", "acme"), (ORIGIN, LEADER, ASIDE),
                     {ORIGIN: ("epoch-made", *EPOCH), LEADER: ("entry-proposed", "entry-appended", *EPOCH), ASIDE: EPOCH},
                     ("epoch-heeded", "state-committed"), "level"),
    "revoke": Change(("revoke", "acme", "--node-id", ASIDE), (ASIDE,),
                     {ASIDE: (*EPOCH, "rows-dropped", "hash-forgotten", *KEYRING, "keys-destroyed", "row-keys-wiped", "rebuild-removed",
                              "attestation-signed", "attestation-placed")},
                     ("standing-noted", "state-committed"), "blind"),
}


def log(c, node):
    return pathlib.Path(c.nodes[node]["log"]).read_text()


def arm(c, node, stepwise, where):
    """Has the program that ends there run as the node; gives where its log begins."""
    c.exchange(node, stepwise, VIGIL_STEPWISE=where)
    if node == LEADER:
        c.lead(node)
    c.wait_settled()
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
        self.id = c.vigil("compartment", "create", "acme", "--nodes", f"{ORIGIN},{LEADER}")["id"]
        c.vigil("user", "grant", "person-1", "responder", "--compartment", "acme")
        self.incidents = {name: c.vigil("incident", "detect", "--compartment", name, "--source", "operator", "--title", self.canaries.say("title"),
                                        node=ORIGIN)["id"] for name in ("acme", "default")}
        for _ in range(20):
            self.note("acme", ORIGIN)
        self.killed = collections.Counter()

    def note(self, name, node):
        self.c.vigil("incident", "note", self.incidents[name], "--text", self.canaries.say("note"), node=node)

    # ---- the change ----

    def steps(self, node, begins):
        return re.findall(r" step n=\d+ name=([a-z-]+)\n", log(self.c, node)[begins:])

    def has_ended(self, node):
        return self.c.described(node)["state"] == "stopped"

    def command(self, node, words, id_):
        return self.c.start(*self.c.person(1, node).words(), "--request-id", id_, "compartment", *words)

    def is_done(self, name, before):
        shown = self.c.vigil("compartment", "show", "acme")
        holds = ASIDE in {holder["node"] for holder in shown["holders"]}
        return {"grant": holds, "revoke": not holds, "rotate": shown["epoch"] > before}[name]

    def is_over(self, name, node, begins):
        """The node has taken its last step."""
        steps, (last_but_one, last) = self.steps(node, begins), CHANGES[name].last
        if last_but_one not in steps or last not in steps[len(steps) - steps[::-1].index(last_but_one):]:
            return False
        said = self.c.status_at_once(node)  # it may end meanwhile
        return said is not None and CHANGES[name].status in [one["status"] for one in said["compartments"] if one["name"] == "acme"]

    def once(self, name, node, where):
        """One change, with this node to end there. The steps that it took, and whether it has ended."""
        begins, before = arm(self.c, node, self.stepwise, where), self.c.vigil("compartment", "show", "acme")["epoch"]
        id_ = request_id(self.random)
        command = self.command(node if node != LEADER else ORIGIN, CHANGES[name].words, id_)
        wait_for(lambda: self.has_ended(node) or command.poll() not in (None, 0) or command.poll() == 0 and self.is_over(name, node, begins),
                 f"{name} at node {node} to end at {where}, or to be over")
        steps, ended = self.steps(node, begins), self.has_ended(node)
        self.c.exchange(node, self.c.bin)
        self.give_again(name, node, before, id_, command)
        return steps, ended

    def give_again(self, name, node, before, id_, command):
        """The same request, until it is done."""
        def done():
            nonlocal command
            said = command.communicate()[1]
            if command.returncode == 0:
                return True
            assert json.loads(said)["error"]["code"] in PASSING, said
            if self.is_done(name, before):
                return True
            command = self.command(node, CHANGES[name].words, id_)
            return False
        wait_for(done, f"{name} to be done")

    # ---- what must be ----

    def is_level(self):
        assert set(self.c.wait_equal()) == {"directory", "default", "acme"}
        self.note("acme", ASIDE)

    def is_blind(self):
        revoked = self.c.vigil("compartment", "show", "acme")["revoked"]
        assert [one["node"] for one in revoked if one["attested"]] == [ASIDE], revoked
        self.c.wait_equal()
        assert "acme" not in self.c.status(ASIDE)["state_hashes"]
        nothing(self.opens(), self.id)
        rebuilds = home(self.c, ASIDE) / "data" / "rebuild"
        assert not list(rebuilds.iterdir()), list(rebuilds.iterdir())

    def opens(self):
        with down(self.c, ASIDE) as data:
            return opened(self.c, ASIDE, data=[data])

    def check(self, name):
        wait_for(lambda: self.c.standing(ASIDE, "acme") == CHANGES[name].status, f"node {ASIDE} to be {CHANGES[name].status}")
        (self.is_blind if name == "revoke" else self.is_level)()
        if name == "grant":
            everything(self.opens(), self.id)
        for node in self.c.nodes:
            self.note("default", node)
        self.c.wait_equal()
        assert len({self.c.vigil("compartment", "show", "acme", node=node)["epoch"] for node in self.c.nodes}) == 1
        self.c.vigil("log", "verify", node=ASIDE)
        self.search((ASIDE,))

    def search(self, nodes):
        found = [(node, where, forms) for node in nodes for where, content in disk(self.c, node) if (forms := self.canaries.find(content))]
        assert not found, found

    def end_at(self, name, node, where):
        """The steps to the one that the node ended at, or None if there is none such."""
        steps, ended = self.once(name, node, where)
        self.check(name)
        meant = where.split(":")[0]
        assert not ended or meant in ("any", steps[-1]), (name, node, where, steps)
        if ended:
            self.killed[name, node, steps[-1]] += 1
            print(f"{name}: node {node} ended at step {len(steps)}, {steps[-1]}", flush=True)
        return steps if ended else None


def kinds(name):
    """Where nodes are to end, each told what came of the one before: at every kind of step."""
    for node in CHANGES[name].nodes:
        for kind in CHANGES[name].steps[node]:
            for nth in itertools.count(1):
                steps = yield node, f"{kind}:{nth}"
                assert steps, f"{name}: node {node} took no step {kind} but {nth - 1}"
                if kind != "state-committed" or "epoch-heeded" in steps:  # else it was of what came before
                    break


def every(name):
    """At every step, until there are no more."""
    for node in CHANGES[name].nodes:
        for nth in itertools.count(1):
            if not (yield node, f"any:{nth}"):
                print(f"{name}: node {node} takes {nth - 1} steps", flush=True)
                assert nth - 1 >= len(CHANGES[name].steps[node]), f"{name}: node {node} took {nth - 1} steps"
                break


def carry_out(scene, plan):
    """The changes in turns, as a grant and a revocation need each other."""
    plans = {name: plan(name) for name in CHANGES}
    places = {name: next(each) for name, each in plans.items()}
    while any(places.values()):
        for name, each in plans.items():
            place = places[name]
            steps = scene.end_at(name, *(place or (CHANGES[name].nodes[0], NOWHERE)))
            if place:
                with contextlib.suppress(StopIteration):
                    places[name] = None
                    places[name] = each.send(steps)


def main():
    with Cluster(sys.argv[1]) as c:
        scene = Scene(c, sys.argv[2])
        carry_out(scene, kinds)
        if is_long():
            carry_out(scene, every)
        scene.search(c.nodes)
        c.verify_logs()
    print(f"ended {scene.killed.total()} times at {len(scene.killed)} kinds of steps, each change done: 1 passed, 0 failed")


if __name__ == "__main__":
    main()
