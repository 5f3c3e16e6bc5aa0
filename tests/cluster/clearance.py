#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A compartment of two of three nodes: the third says who is cleared; granted it becomes level with the same state, revoked it keeps
nothing of it, says so in the log and can be granted again; killed in between, too, and with its state made anew."""
import pathlib
import shutil

from cluster import Cluster, bin_dir, refused, wait_for

HOME, ASIDE = 1, 3  # a node that is cleared all along, and the one that comes and goes


def become(c, status):
    wait_for(lambda: c.standing(ASIDE, "acme") == status, f"node {ASIDE} {status}")


def check_level(c, id_):
    """The node answers, with the state of one that was cleared all along."""
    become(c, "level")
    assert c.vigil("incident", "show", id_, node=ASIDE)["id"] == id_
    hashes = c.wait_equal()
    assert set(hashes) == {"directory", "default", "acme"}, hashes
    c.vigil("incident", "note", id_, "--text", "from the third node", node=ASIDE)


def check_blind(c, id_):
    """It answers nothing of the compartment, takes no write in it, and says who does."""
    become(c, "blind")
    mine = next(n for n in c.status(ASIDE)["nodes"] if n["id"] == ASIDE)
    assert mine["clearance"] == ["directory", "default"], mine
    assert "acme" not in c.status(ASIDE)["state_hashes"]
    short = ("--timeout", "1s")
    refused(3, "unavailable", lambda: c.vigil(*short, "incident", "show", id_, node=ASIDE))
    why = refused(3, "unavailable", lambda: c.vigil(*short, "incident", "list", "--compartment", "acme", node=ASIDE))
    assert "node 1, node 2" in why["message"], why
    refused(3, "unavailable", lambda: c.vigil(*short, "incident", "detect", "--compartment", "acme", "--source", "operator", "--title", "t",
                                              node=ASIDE))
    listed = c.run("--context", c.context, "--node", c.nodes[ASIDE]["client"], "incident", "list", "--all")
    assert "left out" in listed.stderr and "acme" in listed.stderr, listed.stderr
    assert id_ not in listed.stdout


def attested(c):
    shown = c.vigil("compartment", "show", "acme", node=HOME)
    return [one for one in shown["revoked"] if one["node"] == ASIDE and one["attested"]]


def main():
    with Cluster(bin_dir()) as c:
        c.vigil("compartment", "create", "acme", "--nodes", "1,2")
        name = c.vigil("user", "list")[0]["name"]
        c.vigil("user", "grant", name, "responder", "--compartment", "acme")
        id_ = c.vigil("incident", "detect", "--compartment", "acme", "--source", "operator", "--title", "theirs", node=HOME)["id"]
        c.vigil("compartment", "rotate", "acme")
        for number in range(20):
            c.vigil("incident", "note", id_, "--text", f"number {number}", node=HOME)
        check_blind(c, id_)
        for _ in range(2):
            c.vigil("compartment", "grant", "acme", "--node-id", ASIDE)
            c.signal("kill", ASIDE)
            c.signal("restart", ASIDE)
            check_level(c, id_)
            c.signal("kill", ASIDE)  # its state is made anew: the log tells again of revocations of before, whose keys are others
            shutil.rmtree(c.dir / "dev" / f"node-{ASIDE}" / "data" / "state")
            c.signal("restart", ASIDE)
            check_level(c, id_)
            c.vigil("compartment", "revoke", "acme", "--node-id", ASIDE)
            c.signal("kill", ASIDE)
            c.signal("restart", ASIDE)
            check_blind(c, id_)
            wait_for(lambda: attested(c), "the node's word")
            rebuilds = pathlib.Path(c.dir) / "dev" / f"node-{ASIDE}" / "data" / "rebuild"
            assert not list(rebuilds.iterdir()), list(rebuilds.iterdir())
        c.verify_logs()
    print("blind, granted, level, revoked, blind, twice, killed at each: 1 passed, 0 failed")


main()
