#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""blind.py BIN_DIR LEAKY_DIR: five nodes in three regions, tenants' compartments acme (nodes 1, 2) and bolt (2, 3); 4 and 5 see neither, and
4 leads. Every text that people write into the two is a canary. No node has one on its disk or in its logs, none is on the lines, and none is in
the memory of a node that is not cleared for it. The same by programs that seal nothing (tests/variants) shows that the search finds what is there.
Then a session that was told that node 3 is level stays open over its revocation, and goes on writing. Then a rotation, a grant and a revocation, each
with the node killed that has to do most, and the search again. Without the right to listen, or to read memory, the exit code is 77."""
import fcntl
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import uuid

from canary import Canaries, disk, memory
from cluster import Cluster, wait_for
from sample import Lives
from tcpdump import Tcpdump

CLEARED = {"acme": {1, 2}, "bolt": {2, 3}}
ALPHABETS = {"acme": "qzxjkv", "bolt": "ycbgpm"}
ROLES = ("reporter", "responder", "incident-manager", "executive-incident-manager", "legal")
LATER = "hlnrst"  # of what is said once node 3 is revoked; none of them is a digit twice in hex
SEED = 20261127
PIPE = 4096  # what fits one that nobody reads,
LONG = 200  # in reports of names as long as this,
DOCUMENTS = 40  # is fewer than these
LEADER = 4  # and blind
SAMPLE = json.loads((pathlib.Path(__file__).parents[2] / "ops/samples/lost-laptop.json").read_text())


class Scene:
    """The cluster, who is cleared, and what was said."""

    def __init__(self, c):
        self.c = c
        self.canaries = {name: Canaries(alphabet, random.Random(SEED)) for name, alphabet in ALPHABETS.items()}
        self.cleared = {name: set(nodes) for name, nodes in CLEARED.items()}
        for name, nodes in CLEARED.items():
            c.vigil("compartment", "create", name, "--nodes", ",".join(map(str, sorted(nodes))))
            for number in (1, 2, 3):
                c.vigil("user", "grant", f"person-{number}", *ROLES, "--compartment", name)
        c.lead(LEADER)

    def write(self):
        for name, canaries in self.canaries.items():
            Lives(self.c, name, canaries, next(other for other in CLEARED if other != name)).lives()

    def places(self, node):
        """Where to look, and for which compartments: on disk for all, in memory for those that the node is not cleared for."""
        blind = [name for name, cleared in self.cleared.items() if node not in cleared]
        yield from ((where, content, self.canaries) for where, content in disk(self.c, node))
        if blind:
            yield from ((where, content, blind) for where, content in memory(self.c, node))

    def find(self):
        """Where something is that should not be: on any disk, and in the memory of nodes that are not cleared for it."""
        return [(node, name, where, sorted(forms)) for node in self.c.nodes for where, content, names in self.places(node)
                for name in names if (forms := self.canaries[name].find(content))]

    def standing(self, node, name):
        return next((one["status"] for one in self.c.status(node)["compartments"] if one["name"] == name), None)

    def become(self, node, name, status):
        wait_for(lambda: self.standing(node, name) == status, f"node {node} {status} for {name}")

    def imported(self, title):
        return sum(shown["title"] == title for shown in self.c.vigil("incident", "list", "--all", "--compartment", "acme", node=1))

    def stay(self):
        """Node 3 is granted acme, is written to by an import from a folder, and is revoked, living on. What the same session says from then on is
        nowhere at node 3. Reports that nobody reads hold the import between two documents, of which it reads each in its turn."""
        later = Canaries(LATER, random.Random(SEED))
        self.c.vigil("compartment", "grant", "acme", "--node-id", 3)
        self.become(3, "acme", "level")
        with tempfile.TemporaryDirectory(prefix="-" * LONG) as folder:
            documents = [pathlib.Path(folder) / f"{i:04}.json" for i in range(DOCUMENTS)]
            for i, document in enumerate(documents):
                document.write_text(json.dumps({**SAMPLE, "incident_id": f"stays-{i}", "summary": "before"}))
            person = self.c.person(1, 3)
            with subprocess.Popen([self.c.bin / "vigil", "--context", self.c.context, "--timeout", "30s", *person.words(), "import", "veris", folder,
                                   "--compartment", "acme"], env=self.c.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as writer:
                report = len(f"imported {uuid.UUID(int=0)} {documents[0]}\n")
                sent = fcntl.fcntl(writer.stdout, fcntl.F_SETPIPE_SZ, PIPE) // report + 1
                assert sent < DOCUMENTS - 1, sent
                wait_for(lambda: self.imported("before") == sent, "the import to wait")
                self.c.vigil("compartment", "revoke", "acme", "--node-id", 3)
                self.become(3, "acme", "blind")
                for document in documents[sent:]:
                    document.write_text(json.dumps({**json.loads(document.read_text()), "summary": later.say("later")}))
                counted = writer.stdout.read().decode().splitlines()[-1]
                assert writer.wait() == 0 and counted.startswith(f"{DOCUMENTS} imported, 0 repeated"), counted
        found = {node: [where for where, content in memory(self.c, node) if later.find(content)] for node in (1, 2, 3)}
        assert not found[3] and any(found.values()), found

    def change(self, node, *words):
        """A change of clearance, and the node that has to do most is killed upon it."""
        self.c.vigil("compartment", *words)
        self.c.signal("kill", node)
        self.c.signal("restart", node)

    def changes(self):
        self.change(1, "rotate", "acme")
        self.change(3, "grant", "acme", "--node-id", 3)
        self.become(3, "acme", "level")
        self.cleared["acme"].add(3)
        self.write()
        self.change(3, "revoke", "acme", "--node-id", 3)
        self.become(3, "acme", "blind")
        self.cleared["acme"].remove(3)
        self.write()


def listened(bin_dir, scene):
    """What is on the lines, and where anything is that should not be, by these programs."""
    with tempfile.TemporaryDirectory(prefix="vigil-blind-") as folder:
        with Tcpdump(pathlib.Path(folder)) as tcpdump, Cluster(bin_dir, nodes=5, people=3) as c:
            shown = scene(Scene(c))
        heard = tcpdump.path.read_bytes()
    said = {name: len(canaries.said) for name, canaries in shown.canaries.items()}
    return said, [name for name, canaries in shown.canaries.items() if canaries.find(heard)]


def leaks(scene):
    """By the programs that seal nothing: every disk has the entries, and so has the memory of nodes that only store them."""
    scene.write()
    found = scene.find()
    for node in scene.c.nodes:
        for name in CLEARED:
            where = [place for at, of, place, _ in found if (at, of) == (node, name)]
            assert any("/log/data.mdb" in place for place in where), (node, name, where)
            assert node in scene.cleared[name] or any(place.startswith("memory") for place in where), (node, name, where)
    return scene


def keeps(scene):
    scene.write()
    assert not (found := scene.find()), found
    scene.stay()
    scene.changes()
    assert not (found := scene.find()), found
    for name, nodes in CLEARED.items():
        assert {node for node in scene.c.nodes if scene.standing(node, name) == "level"} == nodes, name
    scene.c.verify_logs()
    return scene


def main():
    if os.geteuid() != 0:
        print("skipped: only root reads the memory of another process")
        sys.exit(77)
    built, leaky = sys.argv[1:]
    alphabets = {**ALPHABETS, "later": LATER}
    for name, alphabet in alphabets.items():
        others = "".join(other for of, other in alphabets.items() if of != name)
        Canaries(alphabet, random.Random(SEED)).check(others)
    listened(leaky, leaks)
    said, heard = listened(built, keeps)
    assert not heard, f"on the lines: {heard}"
    print(f"none of {sum(said.values())} canaries on five disks, on the lines, or in blind memory; all found where nothing is sealed: 1 passed, 0 failed")


if __name__ == "__main__":
    main()
