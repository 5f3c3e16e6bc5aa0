#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What key officers get wrong: each refusal has its exit code and says what was wrong and what to do, makes no compartment and no
epoch, and leaves a cluster that serves, with equal states. And what one asks a node past `vigil`, who keeps the answer from the log."""
import concurrent.futures
import json
import random

import raw
from cluster import Cluster, Person, bin_dir, refused, request_id, wait_for
from damage import home

FORBIDDEN, CONFLICT, MISSING, TAKEN = (1, "forbidden"), (1, "conflict"), (1, "not-found"), (1, "exists")
UNAVAILABLE, USAGE, INVALID = (3, "unavailable"), (2, "usage"), (2, "invalid")
AN_ID = "0190aa00-0000-7000-8000-000000000001"
ACME, OTHER = ("acme", "--node-id"), ("create", "other", "--nodes")

# With `acme` of nodes 1 and 2, in apac and emea: how it ends, what it says, and what was typed.
CASES = [
    (USAGE, "needs --nodes", ("create", "other")),
    (USAGE, "--nodes is 'x'", (*OTHER, "1,x")),
    (USAGE, "node 1 is named twice", (*OTHER, "1,1")),
    (USAGE, "--min-cleared", (*OTHER, "1,2", "--min-cleared", "0")),
    (USAGE, "--recovery: 64 hex digits", (*OTHER, "1,2", "--recovery", "key")),
    (MISSING, "the cluster has no node 9; see vigil cluster status", (*OTHER, "1,9")),
    (TAKEN, "has this name already", ("create", "acme", "--nodes", "1,2")),
    (TAKEN, "has this name already", ("create", "directory", "--nodes", "1,2")),
    (TAKEN, "has this name already", ("create", "control", "--nodes", "1,2")),
    (INVALID, "is read as an id", ("create", AN_ID, "--nodes", "1,2")),
    (FORBIDDEN, "node 3 is in region amer", (*OTHER, "1,3", "--boundary", "apac,emea")),
    (MISSING, "no node is in region mars", (*OTHER, "1,2", "--boundary", "mars")),
    (FORBIDDEN, "would begin with 1 node in 1 region", (*OTHER, "1")),
    (FORBIDDEN, "would begin with 2 nodes in 2 regions", (*OTHER, "1,2", "--min-cleared", "3")),
    (MISSING, "vigil compartment list", ("rotate", "nothing")),
    (TAKEN, "node 1 is cleared for 'acme' already", ("grant", *ACME, 1)),
    (FORBIDDEN, "the boundary of compartment", ("grant", *ACME, 3)),
    (MISSING, "the cluster has no node 9", ("grant", *ACME, 9)),
    (MISSING, "node 3 is not cleared for 'acme'", ("revoke", *ACME, 3)),
    (FORBIDDEN, "say why it must be: --override REASON", ("revoke", *ACME, 2)),
    (FORBIDDEN, "vigil cluster members remove", ("revoke", "directory", "--node-id", 3)),
]


def shown(c, name="acme"):
    return c.vigil("compartment", "show", name)


def epochs(c):
    return sorted((one["id"], one["name"], one["epoch"]) for one in c.vigil("compartment", "list"))


def fails(c, how, says, *words, who=None):
    """Ends so, says that, and makes no compartment and no epoch."""
    before = epochs(c)
    why = refused(*how, lambda: (who or c).vigil("compartment", *words))
    assert says in why["message"], f"{words}: {why}"
    assert epochs(c) == before, words


def agree(c):
    hashes = {}
    for figures in c.wait_settled():
        for name, hash_ in figures["state_hashes"].items():
            hashes.setdefault(name, set()).add(hash_)
    return "acme" in hashes and all(len(different) == 1 for different in hashes.values())


def serves(c, id_):
    c.vigil("incident", "note", id_, "--text", "and on")
    wait_for(lambda: agree(c), "level nodes with equal states")


def enroll(c, name, right):
    path, public = c.identity(name)
    c.vigil("user", "add", name, "--public", public, right)
    return Person(c, path, 1)


def wrong_words(c, id_):
    for how, says, words in CASES:
        fails(c, how, says, *words)
    serves(c, id_)


def repeated(c):
    """A creation that is repeated is the first one, and has the first name."""
    request = request_id(random.Random(1))
    words = "--request-id", request, "compartment", "create"
    for _ in range(2):
        assert c.vigil(*words, "again", "--nodes", "1,2")["id"] == request
    why = refused(*INVALID, lambda: c.vigil(*words, "other", "--nodes", "1,2"))
    assert "created compartment 'again'" in why["message"], why
    assert [one["name"] for one in c.vigil("compartment", "list") if one["id"] == request] == ["again"]


def wrong_people(c, id_):
    """Who steers the cluster or answers incidents gives no keys; who gives keys need not do either."""
    operator, officer = enroll(c, "omar", "--operator"), enroll(c, "kim", "--key-officer")
    for words in (("rotate", "acme"), ("grant", *ACME, 3), ("revoke", *ACME, 2), (*OTHER, "1,2")):
        fails(c, FORBIDDEN, "key officers alone", *words, who=operator)
    officer.vigil("compartment", "rotate", "acme")
    serves(c, id_)
    return officer, operator


def at_once(c, id_, officer):
    """Of two who follow the same epoch one is refused; each epoch is one rotation's."""
    lost = []

    def rotate(who):
        try:
            who.vigil("compartment", "rotate", "acme")
        except Exception as why:
            assert (why.code, why.error["code"]) == CONFLICT, why
            lost.append(why.error["message"])

    def both():
        before, failed = shown(c)["epoch"], len(lost)
        with concurrent.futures.ThreadPoolExecutor() as pool:
            list(pool.map(rotate, (c, officer)))
        assert shown(c)["epoch"] == before + 2 - (len(lost) - failed)
        return lost
    assert "epoch" in wait_for(both, "two rotations of the same epoch")[0], lost
    serves(c, id_)


def too_few(c, id_):
    """A reason lets a compartment have fewer nodes, not none; it is shown until there are enough again."""
    c.vigil("compartment", "revoke", *ACME, 2, "--override", "the site is lost")
    assert shown(c)["override"]["reason"] == "the site is lost", shown(c)
    for reason in ((), ("--override", "this one too")):
        fails(c, FORBIDDEN, "without a node that can read it", "revoke", *ACME, 1, *reason)
    serves(c, id_)
    wait_for(lambda: shown(c)["revoked"][0]["attested"], "node 2's word")
    c.vigil("compartment", "grant", *ACME, 2)
    assert shown(c)["override"] is None and not shown(c)["revoked"], shown(c)
    serves(c, id_)


class Officer:
    """A key officer with a client of their own, at each node's door."""

    def __init__(self, c):
        self.id = shown(c)["id"]
        self.doors = {node: raw.Asker(c, node, c.dir / "dev" / "person-1.identity") for node in c.nodes}

    def ask(self, node, question, stale=False, **more):
        """The answer, or None, and what else was said."""
        said = self.doors[node].ask({"query": question, "id": self.id, **more}, stale=stale)
        start = said.find(b'{"')
        return json.loads(said[start:]) if start >= 0 else None, said.decode(errors="replace")

    def offers(self, node):
        """The unwrap key that a node gives, if it gives one, with its signature."""
        offer, _ = self.ask(node, "keyring.offer")
        return [{key: offer[key] for key in ("node", "unwrap_key", "unwrap_binding")}] if offer else []

    def gets_none(self, says, holders, offers=(), stale=False):
        """Node 1 makes no record for these, and says why."""
        record, why = self.ask(1, "compartment.prepare", stale, holders=holders, offers=list(offers))
        assert record is None and says in why, (holders, record, why)

    def gets_one(self, holders):
        assert self.ask(1, "compartment.prepare", holders=holders, offers=[])[0]["record"]


def outside(c, officer):
    """A record for a node outside of the boundary would open all of the compartment there, though the log never has it."""
    officer.gets_one([1, 2])
    assert "its key is never wrapped outside" in officer.ask(3, "keyring.offer")[1]
    officer.gets_none("its key is never wrapped outside", [1, 2, 3], officer.offers(3))
    officer.gets_none("the cluster has no node 9", [1, 2, 9])


def evicted(c, officer, operator):
    """Who holds the epoch in force and is evicted is wrapped nothing more; nor does a node that is cut off from all others know who is."""
    operator.vigil("cluster", "members", "remove", 2)
    c.wait_stopped(2)
    assert 2 in [holder["node"] for holder in shown(c)["holders"]]
    officer.gets_none("was evicted from this cluster", [1, 2])
    officer.gets_one([1])
    c.signal("kill", 3)
    raw.TIMEOUT_MS = 2000  # however long, it is too short
    officer.gets_none("", [1], stale=True)


def still_there(c, id_, asking):
    """A node that could not destroy its key yet is not cleared again, nor is one that does not answer."""
    offers = asking.offers(2)
    blocked = home(c, 2) / "keyring.part"  # where the file that has the key no more would be written
    blocked.mkdir()
    c.vigil("compartment", "revoke", *ACME, 2, "--override", "for a while")
    wait_for(lambda: c.standing(2, "acme") == "removing", "node 2 to remove")
    fails(c, CONFLICT, "still removes", "grant", *ACME, 2)
    asking.gets_none("has not attested yet", [1, 2], offers)
    assert not shown(c)["revoked"][0]["attested"], shown(c)
    blocked.rmdir()
    wait_for(lambda: shown(c)["revoked"][0]["attested"], "node 2's word")
    c.signal("kill", 2)
    fails(c, UNAVAILABLE, "", "grant", *ACME, 2, "--timeout", "1s")
    c.signal("restart", 2)
    c.vigil("compartment", "grant", *ACME, 2)
    serves(c, id_)


def main():
    with Cluster(bin_dir()) as c:
        c.vigil("compartment", "create", "acme", "--nodes", "1,2", "--boundary", "apac,emea")
        c.vigil("user", "grant", "person-1", "responder", "--compartment", "acme")
        id_ = c.vigil("incident", "detect", "--compartment", "acme", "--source", "operator", "--title", "theirs", node=1)["id"]
        wrong_words(c, id_)
        repeated(c)
        officer, operator = wrong_people(c, id_)
        at_once(c, id_, officer)
        too_few(c, id_)
        asking = Officer(c)
        outside(c, asking)
        still_there(c, id_, asking)
        c.verify_logs()
    print(f"{len(CASES)} wrong words, a repeat, wrong people, two at once, too few, still to destroy, past vigil: 1 passed, 0 failed")


main()
