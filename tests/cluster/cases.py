#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An incident in one compartment, its tenants in three others, on five nodes: declared, and the node where it was declared killed after each
number of entries that follow, told, acknowledged; in the end every tenant has one case with the declaration's own time, and nothing is owed. Then
where no node is cleared for both it stays owed and says so, until one is granted. A node that is cleared for a tenant's compartment alone shows its
case, and has no word of the incident on its disk or in its memory."""
import os
import random
import signal

from canary import Canaries, disk, memory
from cluster import Cluster, bin_dir, refused, wait_for

SOURCE, ORIGIN, WITNESS, ALONE = "acme", 1, 5, 4
HOMES = {"bolt": "1,2,4", "core": "2,3", "dell": "1,3"}  # node 4 is cleared for a tenant's compartment alone
ROLES = ("incident-manager", "legal", "executive-incident-manager")
ENTRIES = 2 * len(HOMES)  # that follow a declaration: a case and its acknowledgement for each
SEED = 20261127


class Scene:
    def __init__(self, c):
        self.c, self.canaries = c, Canaries("qzxjkv", random.Random(SEED))
        for name, nodes in {SOURCE: "1,2,3", **HOMES}.items():
            c.vigil("compartment", "create", name, "--nodes", nodes)
            for person in ("person-1", "person-2", "person-3"):
                c.vigil("user", "grant", person, *ROLES, "--compartment", name, node=2)
        for home in HOMES:
            c.vigil("tenant", "add", f"of-{home}", "--compartment", home, node=2)

    def incident(self, *tenants, node=ORIGIN):
        """Declared at a node; each of its texts is a canary. Its id, and the index of the declaration."""
        say, at = self.canaries.say, self.c.person(1, node)
        path = self.c.dir / "evidence.txt"
        path.write_text(say("evidence"))
        id_ = at.vigil("incident", "detect", "--compartment", SOURCE, "--source", "operator", "--title", say("title"), "--cia", "c")["id"]
        at.vigil("evidence", "add", id_, "--file", path, "--source", say("source"), "--name", say("name"), "--collector", say("collector"))
        at.vigil("incident", "note", id_, "--text", say("note"))
        words = [word for tenant in tenants for word in ("--tenant", tenant)]
        declared = at.vigil("incident", "declare", id_, "security-incident", "--harm", "access", "--access", "occurred", "--duty", say("duty"),
                            "--impact", say("impact"), "--evidence", "E1", *words, "--reason", say("reason"))
        return id_, declared["index"]

    def owed(self, node=2):
        return self.c.vigil("case", "owed", "--compartment", SOURCE, node=node)

    def cases(self, incident, node=2):
        found = [case for home in HOMES for case in self.c.vigil("case", "list", "--compartment", home, node=CLEARED[home])]
        return {case["tenant"]: case for case in found if case["incident"] == incident}, \
            [case["tenant"] for case in found if case["incident"] == incident]


CLEARED = {home: int(nodes.split(",")[1]) for home, nodes in HOMES.items()}  # one of each that is never killed


def round_(scene, count):
    """Kills the origin once so many entries have come behind the declaration, and then waits for what the others do; how many they were."""
    c = scene.c
    process = int(c.process(ORIGIN).name)
    incident, declared = scene.incident(*(f"of-{home}" for home in HOMES))
    if count > 0:
        wait_for(lambda: c.last_index(WITNESS) >= declared + count, f"{count} entries behind the declaration")
    os.kill(process, signal.SIGKILL)
    seen = c.last_index(WITNESS) - declared
    wait_for(lambda: not scene.owed(), "nothing to be owed")
    c.signal("kill", ORIGIN, check=False)
    c.signal("restart", ORIGIN)
    return incident, seen


def held(scene):
    """The origin dies with its own part done, and those who have the rest to do wake up after it: two nodes that hear nothing meanwhile."""
    c = scene.c
    c.lead(WITNESS)
    for node in (2, 3):
        c.signal("pause", node)
    incident, declared = scene.incident(*(f"of-{home}" for home in HOMES))
    wait_for(lambda: [one["tenant"] for one in scene.owed(ORIGIN)] == ["of-core"], "what the origin can tell to be told")
    assert c.last_index(WITNESS) == declared + 4
    os.kill(int(c.process(ORIGIN).name), signal.SIGKILL)
    for node in (2, 3):
        c.signal("resume", node)
    wait_for(lambda: not scene.owed(), "nothing to be owed")
    c.signal("kill", ORIGIN, check=False)
    c.signal("restart", ORIGIN)
    return incident


def silent(scene):
    """The node that would be first neither does it nor is gone: its connections live, and nothing comes of it."""
    c = scene.c
    c.lead(WITNESS)
    c.signal("pause", ORIGIN)
    incident, _ = scene.incident(*(f"of-{home}" for home in HOMES), node=2)
    wait_for(lambda: not scene.owed(), "the next ones to tell it")
    c.signal("resume", ORIGIN)
    return incident


def check(scene, incident):
    """One case each, of the declaration's own time, told in one fact that the source knows of."""
    c = scene.c
    shown = c.vigil("incident", "show", incident, node=2)
    declared_at = shown["declaration"]["declared_at"]
    by_tenant, all_ = scene.cases(incident)
    assert sorted(all_) == sorted(f"of-{home}" for home in HOMES), all_
    for case in by_tenant.values():
        assert case["declared_at"] == declared_at and case["facts"] == 1 and case["state"] == "declared", (declared_at, case)
    assert shown["owed"] is None, shown["owed"]
    for tenant in shown["tenants"]:
        assert tenant["added_at"] == declared_at and tenant["case"]["state"] == "told", tenant
        entry = c.vigil("log", "get", tenant["case"]["entry"], node=CLEARED[tenant["tenant"].removeprefix("of-")])
        assert entry["command"]["op"] == "case" and entry["command"]["incident"] == incident, entry


def withdrawn(scene, incident):
    """By two people: every case hears of that too."""
    c = scene.c
    legal, executive = c.person(2, 2), c.person(3, 3)
    legal.vigil("incident", "show", incident)
    proposal = legal.vigil("incident", "withdraw", incident, "--as", "legal", "--reason", "it was test data")["id"]
    executive.vigil("proposal", "approve", proposal, "--as", "executive-incident-manager", "--yes", "--reason", "confirmed")
    withdrawn_at = c.vigil("incident", "show", incident, node=2)["declaration"]["withdrawn_at"]
    wait_for(lambda: not scene.owed(), "the withdrawal to be told")
    by_tenant, _ = scene.cases(incident)
    for case in by_tenant.values():
        assert case["state"] == "withdrawn" and case["withdrawn_at"] == withdrawn_at and case["facts"] == 2, case


def grown(scene):
    """A node that is granted a tenant's compartment, and one that is granted the incident's, make the same of the log."""
    scene.c.vigil("compartment", "grant", "bolt", "--node-id", 3)
    scene.c.vigil("compartment", "grant", SOURCE, "--node-id", 4)
    for node, name in ((3, "bolt"), (4, SOURCE)):
        wait_for(lambda node=node, name=name: scene.c.standing(node, name) == "level", f"node {node} level for {name}")
    scene.c.wait_equal()
    scene.c.vigil("compartment", "revoke", SOURCE, "--node-id", 4)


def nobody(scene):
    """A tenant whose compartment shares no node with the incident's: it waits, and says what would help."""
    c = scene.c
    c.vigil("compartment", "create", "far", "--nodes", "4,5")
    c.vigil("user", "grant", "person-1", "responder", "--compartment", "far")
    c.vigil("tenant", "add", "of-far", "--compartment", "far")
    incident, _ = scene.incident("of-far")
    owed = scene.owed()
    assert [(one["tenant"], one["kind"], one["nodes"]) for one in owed] == [("of-far", "declared", [])], owed
    assert owed[0]["state"] in ("waiting", "late"), owed
    shown = c.vigil("incident", "show", incident, node=2)
    assert shown["owed"]["count"] == 1 and shown["tenants"][0]["case"]["nodes"] == [], shown["owed"]
    text = c.run("--context", c.context, "--node", c.nodes[2]["client"], "incident", "show", incident).stdout
    assert "no node is cleared for both" in text, text
    before = c.last_index()
    c.vigil("incident", "note", incident, "--text", "nothing is told meanwhile", node=2)
    ops = [entry["command"]["op"] for entry in c.entries(before + 1, node=2) if "command" in entry]
    assert ops == ["note"], ops
    c.vigil("compartment", "grant", SOURCE, "--node-id", 5)
    wait_for(lambda: not scene.owed(), "the granted node to tell it")
    case = c.vigil("case", "show", incident, "--tenant", "of-far", node=4)
    assert case["declared_at"] == shown["declaration"]["declared_at"], (case, shown["declaration"])


def blind(scene, incident):
    """Node 4 knows the case, and nothing of what it is about."""
    c = scene.c
    assert c.vigil("case", "show", incident, "--tenant", "of-bolt", node=ALONE)["incident"] == incident
    short = ("--timeout", "1s")
    refused(3, "unavailable", lambda: c.vigil(*short, "incident", "show", incident, node=ALONE))
    refused(3, "unavailable", lambda: c.vigil(*short, "case", "owed", "--compartment", SOURCE, node=ALONE))
    why = refused(3, "unavailable", lambda: c.vigil(*short, "case", "show", incident, "--tenant", "of-core", node=ALONE))
    assert "node 2, node 3" in why["message"], why
    asked = [c.run("--context", c.context, "--node", c.nodes[ALONE]["client"], "-o", "json", *words).stdout.encode()
             for words in (["case", "list"], ["log", "tail", "--count", 200], ["incident", "list", "--all"], ["tenant", "list"])]
    places = [*disk(c, ALONE), *(memory(c, ALONE) if os.geteuid() == 0 else []), *(("an answer", text) for text in asked)]
    found = [(where, sorted(forms)) for where, content in places if (forms := scene.canaries.find(content))]
    assert not found, found


def main():
    with Cluster(bin_dir(), nodes=5, people=3) as c:
        scene = Scene(c)
        hit, incidents = [], []
        for count in range(ENTRIES + 1):
            incident, seen = round_(scene, count)
            check(scene, incident)
            incidents.append(incident)
            hit.append(seen)
        incidents += [held(scene), silent(scene)]
        for incident in incidents:
            check(scene, incident)
        blind(scene, incidents[-1])
        grown(scene)
        withdrawn(scene, incidents[0])
        nobody(scene)
        c.wait_equal()
        c.verify_logs()
    print(f"origin killed after {sorted(hit)} entries behind a declaration, {len(incidents)} incidents with one case for each of three tenants; "
          "owed where no node is cleared for both, told once one is: 1 passed, 0 failed")


main()
