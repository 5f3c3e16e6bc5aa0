#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Both nodes of a compartment lose their keys of it. Two of three holders of its recovery key make the next epoch on a machine of their own,
two officers have it come into force, and other nodes read all of it again. Fewer shares, others', altered files and a stale record do not."""
import json
import os
import shutil

from cluster import Cluster, Person, Refused, bin_dir, refused, wait_for
from opening import disk_of, everything, home, nothing

LOSE = (1, 2)  # the keys of acme and bolt
THIRD = 3


class Local:
    """A machine without a network: a folder, and `vigil` without a context."""

    def __init__(self, c, name):
        self.c, self.dir = c, c.dir / name
        self.dir.mkdir()

    def vigil(self, *args):
        done = self.c.run("-o", "json", *args, cwd=self.dir)
        if done.returncode != 0:
            raise Refused(args, done.returncode, json.loads(done.stderr)["error"])
        return json.loads(done.stdout)


def ceremony(c, name, *holders):
    """A recovery key, split: its public half, and the shares."""
    local = Local(c, f"ceremony-{name}")
    made = local.vigil("recovery", "new", *(word for holder in holders for word in ("--holder", holder)), "--threshold", 2)
    return made["public_key"], [local.dir / share["file"] for share in made["shares"]]


def fill(c, name, recovery, *words):
    id_ = c.vigil("compartment", "create", name, "--nodes", "1,2", "--recovery", recovery, *words)["id"]
    c.vigil("user", "grant", c.vigil("user", "list")[0]["name"], "responder", "--compartment", name)
    incident = c.vigil("incident", "detect", "--compartment", name, "--source", "operator", "--title", f"of {name}", node=1)["id"]
    c.vigil("incident", "note", incident, "--text", "before the rotation", node=2)
    c.vigil("compartment", "rotate", name)
    c.vigil("incident", "note", incident, "--text", "before the loss", node=1)
    return id_, incident


def stands(c, node, name):
    """How a node that may have yet to start, or to hear of it, stands to a compartment."""
    listed = (c.status_at_once(node) or {"compartments": []})["compartments"]
    return next((one["status"] for one in listed if one["name"] == name), None)


def lose(c, before):
    """Their keyrings are those of before, without any key of the two. A state that is sealed under a lost key is removed, as it says."""
    for node in LOSE:
        c.signal("kill", node)
        shutil.copy(before[node], home(c, node) / "keyring")
        os.chmod(home(c, node) / "keyring", 0o600)
    for node in LOSE:
        c.run("dev", "restart", node, "--dir", c.dir / "dev")
        wait_for(lambda: c.described(node)["state"] == "stopped", f"node {node} to refuse its state")
        assert "does not open with the state key of this node's keyring" in (home(c, node) / "log").read_text(), node
        shutil.rmtree(home(c, node) / "data" / "state")
    for node in LOSE:
        c.signal("restart", node)
    for node in LOSE:
        wait_for(lambda: stands(c, node, "acme") == "stopped", f"node {node} without a key")


def nobody_reads(c, incident):
    short = ("--timeout", "1s")
    for node in c.nodes:
        refused(3, "unavailable", lambda: c.vigil(*short, "incident", "show", incident, node=node))
    for words in (("rotate",), ("grant", "--node-id", THIRD)):
        code = refused_with(lambda: c.vigil("compartment", words[0], "acme", *words[1:]))
        assert code in ("not-found", "unavailable"), code
    why = next(one["stopped"] for one in c.status(1)["compartments"] if one["name"] == "acme")
    assert "this node has no key for it" in why and "where no other node has the key either, let two recover the compartment" in why, why


def revoked_and_granted(c):
    """Where another node has the key: what the node itself says is to be done. A grant alone is not for who is a holder."""
    why = next(one["stopped"] for one in c.status(2)["compartments"] if one["name"] == "cork")
    assert "let a key officer revoke this node and grant it anew once it has attested" in why, why
    assert refused_with(lambda: c.vigil("compartment", "grant", "cork", "--node-id", 2)) == "exists"
    c.vigil("compartment", "revoke", "cork", "--node-id", 2, "--override", "its keyring is lost")
    wait_for(lambda: not any(one["attested"] is None for one in c.vigil("compartment", "show", "cork")["revoked"]), "node 2's word")
    c.vigil("compartment", "grant", "cork", "--node-id", 2)
    wait_for(lambda: c.standing(2, "cork") == "level", "node 2 level")


def refused_with(call):
    try:
        call()
    except Refused as why:
        return why.error["code"]
    raise AssertionError("expected a refusal")


def too_little(c, local, request, fingerprint, shares, others):
    """What gives no epoch: one share, those of another key, one that was mistyped, a request that was altered or is another."""
    def attempt(*given, request=request, told=fingerprint):
        return local.vigil("recovery", "open", request, *given, "--fingerprint", told, "--out", "never.json")
    refused(2, "invalid", lambda: attempt(shares[0]))
    refused(2, "invalid", lambda: attempt(shares[0], shares[0]))
    refused(2, "invalid", lambda: attempt(shares[0], others[1]))
    refused(4, "integrity", lambda: attempt(*others[:2]))
    damaged = local.dir / "damaged.txt"
    lines = shares[1].read_text().splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("secret "))
    lines[at] = lines[at][:-1] + ("0" if lines[at][-1] != "0" else "1")
    damaged.write_text("\n".join(lines) + "\n")
    refused(4, "integrity", lambda: attempt(shares[0], damaged))
    refused(4, "integrity", lambda: attempt(*shares[:2], told="00" * (len(fingerprint.replace(" ", "")) // 2)))
    altered = local.dir / "altered.json"
    document = json.loads(request.read_text())
    document["offers"][0]["unwrap_key"] = "09" + "00" * 31
    altered.write_text(json.dumps(document))
    refused(4, "integrity", lambda: attempt(*shares[:2], request=altered))
    assert not (local.dir / "never.json").exists()


def made(c, local, name, nodes, shares, tag):
    """A request of these nodes' unwrap keys, and the epoch that two shares make of it."""
    request, next_ = c.dir / f"request-{tag}.json", local.dir / f"next-{tag}.json"
    asked = c.vigil("recovery", "request", name, "--nodes", nodes, "--out", request)
    told = local.vigil("recovery", "open", request, *shares[1:3], "--fingerprint", asked["fingerprint"], "--out", next_)
    assert told["epoch"] == asked["epoch"] + 1 and told["nodes"] == asked["nodes"], (asked, told)
    return next_


def recovered(c, kim, id_, incident, record):
    """By two, of whom neither is enough; then the named nodes read all of it, and who is not named destroys what it had."""
    proposal = c.vigil("compartment", "recover", "acme", "--record", record)["id"]
    refused(1, "rule", lambda: c.vigil("proposal", "approve", proposal, "--yes"))
    said = kim.run("proposal", "show", proposal)
    assert "recovers      acme" in said.stdout and "for nodes     1, 3" in said.stdout, said
    kim.vigil("proposal", "approve", proposal, "--yes")
    for node in (1, THIRD):
        wait_for(lambda: c.standing(node, "acme") == "level", f"node {node} level")
        texts = [event["text"] for event in c.vigil("incident", "timeline", incident, node=node) if event["kind"] == "note"]
        assert texts == ["before the rotation", "before the loss"], texts
    c.vigil("incident", "note", incident, "--text", "after", node=THIRD)
    wait_for(lambda: any(one["node"] == 2 and one["attested"] for one in c.vigil("compartment", "show", "acme")["revoked"]), "node 2's word")
    hashes = c.wait_equal()
    assert "acme" in hashes, hashes
    for node in (1, THIRD):
        everything(disk_of(c, node), id_)
    nothing(disk_of(c, 2), id_)
    why = refused(1, "conflict", lambda: c.vigil("compartment", "recover", "acme", "--record", record))["message"]
    assert "in force no longer" in why, why
    refused(2, "invalid", lambda: c.vigil("compartment", "recover", "bolt", "--record", record))


def bounds_hold(c, kim, local, incident, shares):
    """bolt never leaves apac and emea, and has two nodes unless there is a reason; what was made of an epoch before is for nothing."""
    outside = refused(1, "forbidden", lambda: made(c, local, "bolt", "1,3", shares, "outside"))
    assert "its key is never wrapped outside" in outside["message"], outside
    alone = made(c, local, "bolt", "2", shares, "alone")
    refused(1, "forbidden", lambda: c.vigil("compartment", "recover", "bolt", "--record", alone))
    late = c.vigil("compartment", "recover", "bolt", "--record", made(c, local, "bolt", "1,2", shares, "late"))["id"]
    proposal = c.vigil("compartment", "recover", "bolt", "--record", alone, "--override", "the site of node 1 is lost")["id"]
    kim.vigil("proposal", "approve", proposal, "--yes")
    refused(1, "conflict", lambda: kim.vigil("proposal", "approve", late, "--yes"))
    wait_for(lambda: c.standing(2, "bolt") == "level", "node 2 level")
    assert c.vigil("incident", "show", incident, node=2)["id"] == incident
    assert c.vigil("compartment", "show", "bolt")["override"]["reason"] == "the site of node 1 is lost"
    said = refused(1, "forbidden", lambda: c.vigil("recovery", "request", "directory", "--nodes", "1", "--out", c.dir / "directory.json"))
    assert "put a keyring back" in said["message"], said


def main():
    with Cluster(bin_dir()) as c:
        path, public = c.identity("kim")
        c.vigil("user", "add", "kim", "--public", public, "--key-officer")
        kim, local = Person(c, path, THIRD), Local(c, "aside")
        before = {node: shutil.copy(home(c, node) / "keyring", c.dir / f"keyring-{node}") for node in LOSE}
        key, shares = ceremony(c, "acme", "ann", "ben", "carol")
        other_key, others = ceremony(c, "bolt", "dan", "eve", "fay")
        id_, incident = fill(c, "acme", key)
        _, other_incident = fill(c, "bolt", other_key, "--boundary", "apac,emea")
        c.vigil("compartment", "create", "cork", "--nodes", f"2,{THIRD}")
        lose(c, before)
        nobody_reads(c, incident)
        revoked_and_granted(c)
        request = c.dir / "request.json"
        fingerprint = c.vigil("recovery", "request", "acme", "--nodes", "1,3", "--out", request)["fingerprint"]
        refused(1, "exists", lambda: c.vigil("recovery", "request", "acme", "--nodes", "1,3", "--out", request))
        too_little(c, local, request, fingerprint, shares, others)
        recovered(c, kim, id_, incident, made(c, local, "acme", "1,3", shares, "acme"))
        bounds_hold(c, kim, local, other_incident, others)
        c.vigil("incident", "detect", "--source", "operator", "--title", "as ever")
        c.verify_logs()
    print("two shares of three bring back a compartment whose keys were lost: 1 passed, 0 failed")


main()
