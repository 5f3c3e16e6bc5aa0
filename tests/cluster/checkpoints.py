#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checkpoints of a compartment: by the lowest node that is up, by the next where that is down. A node that has applied one command
wrongly stops serving the compartment and says so with both hashes, whether it speaks first or last; the others go on, and so does all
else on that node; its state made anew, it serves again and takes back what it said."""
import concurrent.futures
import pathlib
import shutil
import subprocess
import sys

from cluster import Cluster, bin_dir, refused, wait_for

COMMANDS = 300  # more than there are between two marks
HOME = "default"
PAIR = "pair"  # of nodes 1 and 2


def with_program(c, program, node):
    """Ends a node and starts it again with the vigild beside another vigil."""
    c.end(node)
    done = subprocess.run([pathlib.Path(program) / "vigil", "dev", "restart", str(node), "--dir", c.dir / "dev"], env=c.environment,
                          capture_output=True, text=True)
    assert done.returncode == 0, done


def checkpoint(c, node):
    """The last one as a node that is level has it, or None."""
    return c.vigil("compartment", "show", HOME, node=node)["checkpoint"]


def new_checkpoint(c, node):
    """Of a mark that is made now: waits for it, while there are commands enough."""
    before = checkpoint(c, node)
    last = before["mark"] if before else 0
    c.vigil("bench", "--clients", 8, "--ops", COMMANDS, node=node)
    return wait_for(lambda: (found := checkpoint(c, node)) and found["mark"] > last and found, "a checkpoint")


def become(c, node, status, compartment=HOME):
    """A node that was just started answers nothing at first, and knows no compartment by its name before it has applied it."""
    def is_so():
        said = c.status_at_once(node)
        return said and any(one["name"] == compartment and one["status"] == status for one in said["compartments"])
    wait_for(is_so, f"node {node} {status}")


def wait_given_by(c, giver):
    """Until one node alone has given that of a mark. Where it was too slow once, another has given it too."""
    def is_given():
        said = new_checkpoint(c, 2)
        assert said["differ"] == 0, said
        return [one["node"] for one in said["said"]] == [giver]
    wait_for(is_given, f"a checkpoint of node {giver} alone")


def check_elections(c):
    """Who gives one: one node is enough, and it is the lowest that is up."""
    wait_given_by(c, 1)
    c.signal("kill", 1)
    c.leader(among=(2, 3))
    wait_given_by(c, 2)
    c.signal("restart", 1)
    become(c, 1, "level")


def check_diverged(c, astray, incident):
    """The node serves nothing of the compartment, says why, and all else; the others serve it."""
    good = next(node for node in c.nodes if node != astray)
    become(c, astray, "diverged")
    for node in c.nodes:
        if node != astray:
            become(c, node, "level")
            assert c.vigil("incident", "show", incident, node=node)["id"] == incident
    said = wait_for(lambda: (found := checkpoint(c, good)) and found["differ"] == 1 and found, "its word")
    theirs, = (one for one in said["said"] if not one["agrees"])
    assert theirs["node"] == astray and theirs["state_hash"] != said["state_hash"], said
    figures = c.status(astray)
    why = next(one for one in figures["compartments"] if one["name"] == HOME)["stopped"]
    assert theirs["state_hash"] in why and said["state_hash"] in why and 'remove the folder "state"' in why, why
    assert HOME not in figures["state_hashes"] and "directory" in figures["state_hashes"], figures
    words = (("show", incident), ("note", incident, "--text", "t"))
    with concurrent.futures.ThreadPoolExecutor() as both:  # each asks until its time is over
        list(both.map(lambda said: refused(3, "unavailable", lambda: c.vigil("--timeout", "1s", "incident", *said, node=astray)), words))
    c.vigil("user", "list", node=astray)
    assert " error diverged " in pathlib.Path(c.nodes[astray]["log"]).read_text()


def make_anew(c, node):
    c.end(node)
    shutil.rmtree(c.dir / "dev" / f"node-{node}" / "data" / "state")
    c.signal("restart", node)
    become(c, node, "level")


def check_pair(c, wrong):
    """Of two nodes with two states the second to speak stops, though it is right; once the first is revoked it serves."""
    done = c.run("dev", "up", "--dir", c.dir / "dev", "--clear", f"1={PAIR},2={PAIR}")
    assert done.returncode == 0, done
    with_program(c, wrong, 1)
    incident = c.vigil("incident", "detect", "--compartment", PAIR, "--source", "operator", "--title", "led astray", node=2)["id"]
    both = ",".join(c.nodes[node]["client"] for node in (2, 1))  # one of them stops meanwhile
    c.vigil("--node", both, "bench", "--clients", 8, "--ops", COMMANDS, "--compartment", PAIR)
    become(c, 2, "diverged", PAIR)
    assert c.standing(1, PAIR) == "level"
    refused(3, "unavailable", lambda: c.vigil("--timeout", "1s", "incident", "show", incident, node=2))
    c.vigil("compartment", "revoke", PAIR, "--node-id", 1)
    become(c, 2, "level", PAIR)
    assert c.vigil("incident", "show", incident, node=2)["title"] == "led astray"


def main():
    right, wrong = bin_dir(), sys.argv[2]
    with Cluster(right) as c:
        check_elections(c)
        for astray in (3, 1):  # the last who would speak, and the first
            with_program(c, wrong, astray)
            become(c, astray, "level")
            incident = c.vigil("incident", "detect", "--source", "operator", "--title", "led astray", node=2)["id"]
            assert c.vigil("incident", "show", incident, node=2)["title"] == "led astray"
            new_checkpoint(c, 2)
            check_diverged(c, astray, incident)
            c.signal("kill", astray)
            c.signal("restart", astray)  # with the right program, and the wrong state
            check_diverged(c, astray, incident)
            said = new_checkpoint(c, 2)
            first = min(said["said"], key=lambda one: one["index"])
            assert first["node"] != astray, said
            check_diverged(c, astray, incident)
            make_anew(c, astray)
            wait_for(lambda: checkpoint(c, 2)["differ"] == 0, "its word taken back")
            assert c.vigil("incident", "show", incident, node=astray)["title"] == "led astray"
            assert HOME in c.wait_equal()
        check_pair(c, wrong)
        c.verify_logs()
    print("checkpoints by who is up; a node astray last and first stops alone, restarted, made anew; two of two states: 1 passed, 0 failed")


main()
