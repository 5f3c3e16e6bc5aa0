#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A compartment is shredded by two key officers while somebody writes in it and its nodes are killed: every node attests, and then its
entries are proven present on every node and nothing opens them: no disk, no backup with the keys of now, nor the two together. What else
there is goes on. The same search opens all of it before."""
import collections
import hashlib
import json
import random
import shutil
import threading

from canary import Canaries
from cluster import Cluster, Person, Refused, bin_dir, refused, wait_for
from opening import KINDS, copied, disk_of, down, everything, home, nothing, opened

SEED = 20261127
NODES = (1, 2, 3)
WRITES_AT = 2


def recovery_key(c, name):
    """A recovery key of a compartment's own, whose one holder has all of it: the share, and the secret half as anybody would use it."""
    folder = c.dir / f"{name}-recovery"
    made = json.loads(c.run("-o", "json", "recovery", "new", "--holder", "ann", "--dir", folder).stdout)
    share = folder / "share-1.txt"
    seed = next(line.split()[1] for line in share.read_text().splitlines() if line.startswith("secret "))
    secret = folder / "secret"
    secret.write_text(hashlib.sha512(bytes.fromhex(seed)).digest()[:32].hex())  # as libsodium makes a key pair of a seed
    return share, secret, made["public_key"]


def officer(c, name, *words):
    path, public = c.identity(name)
    c.vigil("user", "add", name, "--public", public, "--role", "responder", *words)
    return Person(c, path, 2)


def shown(c, name="acme", node=1):
    return c.vigil("compartment", "show", name, node=node)


class Case:
    """A compartment with an incident whose every text is a canary."""

    def __init__(self, c, name, alphabet, nodes="1,2"):
        self.c, self.name = c, name
        self.canaries = Canaries(alphabet, random.Random(SEED))
        self.share, self.recovery, self.public = recovery_key(c, name)
        self.id = c.vigil("compartment", "create", name, "--nodes", nodes, "--recovery", self.public)["id"]
        c.vigil("user", "grant", c.vigil("user", "list")[0]["name"], "responder", "--compartment", name)
        self.incident = self.detect()["id"]
        self.note()
        c.vigil("compartment", "rotate", name)
        self.note()

    def detect(self, node=1):
        title = self.canaries.say("title")
        return self.c.vigil("incident", "detect", "--compartment", self.name, "--source", "operator", "--title", title, node=node)

    def note(self, node=1):
        self.c.vigil("incident", "note", self.incident, "--text", self.canaries.say("note"), node=node)

    def on_disk(self, folders):
        """Files of these folders that have a piece of any canary."""
        return [path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file() and self.canaries.find(path.read_bytes())]


class Writer(threading.Thread):
    """Records signals until one is refused."""

    def __init__(self, case):
        super().__init__()
        self.case, self.why, self.written = case, None, 0

    def run(self):
        while self.why is None:
            try:
                self.case.detect(WRITES_AT)
                self.written += 1
            except Refused as why:
                self.why = why


def not_for_everybody(c, case, kim):
    """What is wrong about a shredding is said, and changes nothing."""
    stranger = officer(c, "sam")
    assert "--yes NAME" in refused(2, "usage", lambda: c.vigil("compartment", "shred", "acme"))["message"]
    refused(2, "usage", lambda: c.vigil("compartment", "shred", "acme", "--yes", "bolt"))
    refused(1, "forbidden", lambda: c.vigil("compartment", "shred", "directory", "--yes", "directory"))
    refused(1, "not-found", lambda: c.vigil("compartment", "shred", "nowhere", "--yes", "nowhere"))
    refused(1, "not-found", lambda: stranger.vigil("compartment", "shred", "acme", "--yes", "acme"))
    c.vigil("user", "grant", "sam", "responder", "--compartment", "acme")
    refused(1, "forbidden", lambda: stranger.vigil("compartment", "shred", "acme", "--yes", "acme"))
    refused(1, "forbidden", lambda: c.vigil("compartment", "recovery-destroyed", "acme", "--key", case.public))
    proposal = c.vigil("compartment", "shred", "acme", "--yes", "acme")["id"]
    refused(1, "rule", lambda: c.vigil("proposal", "approve", proposal, "--yes"))
    refused(1, "not-found", lambda: stranger.vigil("proposal", "approve", proposal, "--yes"))
    c.vigil("compartment", "rotate", "acme")
    why = refused(1, "conflict", lambda: kim.vigil("proposal", "approve", proposal, "--yes"))["message"]
    assert "changed meanwhile" in why, why
    assert shown(c)["shredding"] is None
    case.note()


def offered(c, case):
    """A record that is proposed, and never comes into force, has the key wrapped for a node that holds none: it opens all the same, until
    the proposal is rejected. One is left as it stands."""
    nothing(disk_of(c, 3), case.id)
    for tag in ("rejected", "left"):
        request, record = c.dir / f"request-{tag}.json", c.dir / f"record-{tag}.json"
        told = c.vigil("recovery", "request", "acme", "--nodes", "1,3", "--out", request)["fingerprint"]
        done = c.run("recovery", "open", request, case.share, "--fingerprint", told, "--out", record)
        assert done.returncode == 0, done
        proposal = c.vigil("compartment", "recover", "acme", "--record", record)["id"]
        c.wait_equal()  # node 3 has it, too
        everything(disk_of(c, 3), case.id)
        if tag == "rejected":
            c.vigil("proposal", "reject", proposal)
            wait_for(lambda: bytes.fromhex(case.id.replace("-", "")) not in (home(c, 3) / "keyring").read_bytes(), "node 3 to destroy what it offered")
            nothing(disk_of(c, 3), case.id)


def backups(c, case):
    """Copies of every node's folder without its keyring, as a backup has it; first, all of them open."""
    copies = {}
    for node in NODES:
        with down(c, node):
            copies[node] = copied(c, node, c.dir / f"backup-{node}", keyring=False)
            everything(opened(c, node), case.id)
            mine = opened(c, node, data=[copies[node] / "data"], keyrings=[], recovery=[case.recovery])[case.id]
            assert mine["bodies_opened"] == mine["bodies"] > 0, mine
            nothing(opened(c, node, data=[copies[node] / "data"], keyrings=[]), case.id)
    return copies


def attested(c, node, by):
    """Whether the node's word is in the log, as another one tells."""
    return any(one["node"] == node and one["attested"] for one in shown(c, node=by)["revoked"])


def shred(c, case, kim):
    """Nodes are killed before they have heard of it, upon it, and upon their own word."""
    proposal = c.vigil("compartment", "shred", "acme", "--yes", "acme")["id"]
    said = kim.run("proposal", "show", proposal)
    assert "shreds        acme" in said.stdout, said
    writer = Writer(case)
    writer.start()
    wait_for(lambda: writer.written or writer.why, "a write before")
    c.signal("pause", 3)
    kim.vigil("proposal", "approve", proposal, "--yes")
    c.signal("kill", 3)
    c.signal("kill", 1)
    for node in (3, 1):
        c.signal("restart", node)
    writer.join()
    assert writer.written and writer.why.error["code"] == "forbidden" and "was shredded with entry" in writer.why.error["message"], writer.why
    for node in NODES:
        wait_for(lambda: attested(c, node, by=1 + node % 3), f"the word of node {node}")
        c.signal("kill", node)
        c.signal("restart", node)
    for node in NODES:
        wait_for(lambda: c.standing(node, "acme") == "blind", f"node {node} blind")


def the_recovery_key_is_a_holder(c, case, kim):
    """Until two people say that it is destroyed, it is missing; they say it of this key alone."""
    for node in NODES:
        shredding = shown(c, node=node)["shredding"]
        assert shredding["state"] == "shredding" and shredding["missing"] == [] and shredding["for_good"] is None, shredding
        assert shredding["recovery"] == {"unwrap_key": case.public, "attested": None, "also_of": None}, shredding
        nothing(disk_of(c, node), case.id)
        assert disk_of(c, node, recovery=[case.recovery])[case.id]["bodies_opened"], "the recovery key opens it"
    refused(2, "invalid", lambda: c.vigil("compartment", "recovery-destroyed", "acme", "--key", "11" * 32))
    proposal = c.vigil("compartment", "recovery-destroyed", "acme", "--key", case.public)["id"]
    refused(1, "rule", lambda: c.vigil("proposal", "approve", proposal, "--yes"))
    kim.vigil("proposal", "approve", proposal, "--yes")
    refused(1, "exists", lambda: c.vigil("compartment", "recovery-destroyed", "acme", "--key", case.public))
    for path in (case.recovery, case.share):
        path.unlink()
    for node in NODES:
        wait_for(lambda: shown(c, node=node)["shredding"]["state"] == "shredded", f"node {node} to say that it is shredded")


def nothing_is_left(c, case, other, copies, tried):
    """Its entries are there, and opened by no disk and no backup, with every key there is now; no word of it lies anywhere."""
    for node in NODES:
        count = c.vigil("log", "verify", "--compartment", "acme", node=node)
        assert count["ok"] and count["compartment"]["entries"] > 4 and count["compartment"]["opened"] == 0, count
        count = c.vigil("log", "verify", "--compartment", "bolt", node=node)["compartment"]
        assert count["entries"] > 2 and count["opened"] == (count["entries"] if node != 3 else 0), count
    for node in NODES:
        with down(c, node):
            rings = [home(c, node) / "keyring"]
            for data in ([home(c, node) / "data"], [copies[node] / "data"], [home(c, node) / "data", copies[node] / "data"]):
                tally = opened(c, node, data=data, keyrings=rings)
                nothing(tally, case.id)
                tried.update({kind: tally[case.id][kind] for kind in KINDS})
                assert node == 3 or tally[other.id]["bodies_opened"], "the keys of now are good for something"
            rows = opened(c, node, data=[copies[node] / "data"], keyrings=rings)[case.id]["rows"]
            assert rows or node == 3, "the backup has rows of it"
    found = case.on_disk([home(c, node) for node in NODES] + list(copies.values()))
    assert not found, found


def it_stays_so(c, case):
    """Neither its own commands, nor a start, nor a state made anew bring it back."""
    refused(1, "exists", lambda: c.vigil("compartment", "shred", "acme", "--yes", "acme"))
    for words in (("rotate",), ("revoke", "--node-id", 2), ("grant", "--node-id", 3)):
        assert "was shredded" in refused(1, "forbidden", lambda: c.vigil("compartment", words[0], "acme", *words[1:]))["message"]
    assert "that anybody can read" in refused(1, "not-found", lambda: case.note())["message"]
    refused(1, "forbidden", lambda: case.detect())
    refused(1, "forbidden", lambda: c.vigil("incident", "list", "--compartment", "acme"))
    c.signal("kill", 2)
    shutil.rmtree(home(c, 2) / "data" / "state")
    c.signal("restart", 2)
    wait_for(lambda: c.status_at_once(2), "node 2")
    c.wait_settled()
    wait_for(lambda: c.standing(2, "acme") == "blind", "node 2 blind again")
    tally = disk_of(c, 2)
    nothing(tally, case.id)
    assert tally[case.id]["rows"] == 0, tally
    listed = {one["name"]: one["shredding"] for one in c.vigil("compartment", "list")}
    assert listed["acme"]["state"] == "shredded" and listed["bolt"] is None, listed
    said = c.run("--context", c.context, "compartment", "show", "acme")
    assert "no holder has its key any more" in said.stdout, said


def others_are_as_before(c, other):
    other.note()
    c.vigil("incident", "detect", "--source", "operator", "--title", "as ever")
    hashes = c.wait_equal()
    assert {"directory", "default", "bolt"} <= set(hashes) and "acme" not in hashes, hashes
    with down(c, 1):
        everything(opened(c, 1), other.id)


def named_as_missing(c, kim):
    """An evicted node can attest nothing; a recovery key that is the directory's opens on."""
    c.vigil("compartment", "create", "cork", "--nodes", "1,2,3")
    c.vigil("cluster", "members", "remove", 3)
    proposal = c.vigil("compartment", "shred", "cork", "--yes", "cork")["id"]
    kim.vigil("proposal", "approve", proposal, "--yes")
    shredding = wait_for(lambda: shown(c, "cork")["shredding"]["missing"] == [3] and shown(c, "cork")["shredding"], "all but node 3")
    assert shredding["recovery"]["also_of"] == "directory", shredding
    key = shredding["recovery"]["unwrap_key"]
    why = refused(1, "forbidden", lambda: c.vigil("compartment", "recovery-destroyed", "cork", "--key", key))["message"]
    assert "still opens both" in why, why
    said = c.run("--context", c.context, "compartment", "show", "cork")
    assert "missing      node 3, the recovery key" in said.stdout and "it still opens this compartment's entries" in said.stdout, said


def main():
    tried = collections.Counter()
    with Cluster(bin_dir()) as c:
        kim = officer(c, "kim", "--key-officer")
        case = Case(c, "acme", "bdfhjk")
        other = Case(c, "bolt", "lmprtv")
        case.canaries.check("zw")
        not_for_everybody(c, case, kim)
        offered(c, case)
        copies = backups(c, case)
        shred(c, case, kim)
        the_recovery_key_is_a_holder(c, case, kim)
        nothing_is_left(c, case, other, copies, tried)
        it_stays_so(c, case)
        others_are_as_before(c, other)
        c.verify_logs()
        named_as_missing(c, kim)
    print(f"a compartment is shredded, nodes killed upon it, and of {dict(tried)} nothing opens: 1 passed, 0 failed")


main()
