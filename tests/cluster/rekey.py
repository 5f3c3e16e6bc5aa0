#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Somebody's keys are stolen: two others replace them, and from that entry on the old ones open and sign nothing, at any node,
not even what was open; the new ones work, and all that was done stays one person's. Nobody does it alone, or for themselves.
A node's are replaced likewise, while others write: it ends, and comes back with the new ones."""
import contextlib
import json
import pathlib
import shutil
import subprocess
import threading

from cluster import PATIENT, WAIT_S, Cluster, Person, Refused, bin_dir, refused, wait_for


def enroll(c, name, *words):
    path, public = c.identity(name)
    c.vigil("user", "add", name, "--public", public, *words)
    return path


def people(c):
    return {p["name"]: p for p in c.vigil("user", "list", "--all")}


def locked_out(c, path, incident):
    """From the entry's index on: a node that has not applied it yet lets them in and throws them out, and the client cannot know more."""
    c.wait_equal()
    for node in c.nodes:
        said = refused(1, "forbidden", lambda: Person(c, path, node).vigil("incident", "note", incident, "--text", "not mine"))["message"]
        assert "closed in the handshake" in said and "vigil user add and rekey" in said, said


def stolen(c, incident, officer, old, new, public):
    """One proposes and another approves; meanwhile the thief reads on."""
    ada = people(c)["ada"]
    thief = Person(c, old, 3)
    proposal = c.vigil("user", "rekey", "ada", "--public", public)["id"]
    said = c.run("--context", c.context, "proposal", "show", proposal)
    fingerprint = c.run("--identity", new, "identity", "show").stdout.split("fingerprint")[1].splitlines()[0].strip()
    assert fingerprint in said.stdout and "new keys for  ada" in said.stdout, said
    listed = c.vigil("proposal", "list", "--compartment", "control")
    assert listed[0]["id"] == proposal and listed[0]["missing"] == ["key-officer", "operator"], listed

    # Alone, or with words that every node would read, it changes nothing.
    thief.vigil("incident", "note", incident, "--text", "still mine")
    refused(1, "forbidden", lambda: Person(c, new, 1).vigil("incident", "note", incident, "--text", "too early"))
    assert "two different people" in refused(1, "rule", lambda: c.vigil("proposal", "approve", proposal, "--yes"))["message"]
    refused(1, "not-found", lambda: thief.vigil("proposal", "approve", proposal, "--yes"))
    worded = officer.run("proposal", "approve", proposal, "--yes", "--reason", "ada's laptop was stolen")
    assert worded.returncode == 2 and "leave out --reason" in worded.stderr, worded

    follows = subprocess.Popen([c.bin / "vigil", *PATIENT, *thief.words(), "incident", "timeline", incident, "--follow"], env=c.environment,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert any("still mine" in line for line in iter(follows.stdout.readline, "")), "it follows"
    officer.vigil("proposal", "approve", proposal, "--yes")
    said = follows.communicate(timeout=WAIT_S)[1]
    assert "closed in the handshake" in said and follows.returncode == 1, (said, follows.returncode)
    locked_out(c, old, incident)
    for node in c.nodes:
        Person(c, new, node).vigil("incident", "note", incident, "--text", f"ada at {node}")
    now = people(c)["ada"]
    assert now["id"] == ada["id"] and now["roles"] == ada["roles"] and now["public_key"] != ada["public_key"], now
    assert c.vigil("incident", "show", incident)["owner"] == ada["id"]
    assert {e["author"] for e in c.vigil("incident", "timeline", incident) if e["kind"] == "note"} == {ada["id"]}


def not_ones_own(c, officer):
    """Nobody signs for their own keys; nobody's keys are given to another, or back."""
    _, public = c.identity("kim-again", "--id", people(c)["kim"]["id"])
    proposal = c.vigil("user", "rekey", "kim", "--public", public)["id"]
    assert "does not sign for them" in refused(1, "forbidden", lambda: officer.vigil("proposal", "approve", proposal, "--yes"))["message"]
    officer.vigil("proposal", "reject", proposal)
    refused(1, "exists", lambda: c.vigil("user", "rekey", "ada", "--public", c.dir / "ada.json"))
    said = refused(2, "invalid", lambda: c.vigil("user", "rekey", "ada", "--public", public))["message"]
    assert f"vigil identity new --id {people(c)['ada']['id']}" in said, said


def removed(c, incident, officer, path):
    """One operator stops a key at once; two people bring its owner back under the same id."""
    c.vigil("user", "remove", "ada")
    locked_out(c, path, incident)
    newest, public = c.identity("ada-3", "--id", people(c)["ada"]["id"])
    proposal = officer.vigil("user", "rekey", "ada", "--public", public)["id"]
    c.vigil("proposal", "approve", proposal, "--yes")
    locked_out(c, path, incident)
    Person(c, newest, 2).vigil("incident", "note", incident, "--text", "back")
    now = people(c)["ada"]
    assert now["removed_at"] is None and now["keyed_at"] is not None, now
    return newest


class Writer(threading.Thread):
    """Notes, one after the other, until it is stopped; each must be taken."""

    def __init__(self, person, incident):
        super().__init__()
        self.person, self.incident = person, incident
        self.written, self.failed, self.done = 0, None, threading.Event()

    def run(self):
        while not self.done.is_set():
            try:
                self.person.vigil("incident", "note", self.incident, "--text", f"write {self.written}")
            except Refused as why:
                self.failed = why
                return
            self.written += 1

    def stop(self):
        wrote = self.written
        wait_for(lambda: self.failed or self.written > wrote + 2, "writes to go on")
        self.done.set()
        self.join()
        assert self.failed is None, self.failed


def home(c, node):
    return c.dir / "dev" / f"node-{node}"


def said_by(c, node):
    return pathlib.Path(c.nodes[node]["log"]).read_text()


@contextlib.contextmanager
def running(c, node):
    """The node's process, beside those of `vigil dev`, which would look for it under the key of the genesis."""
    with open(c.nodes[node]["log"], "a", encoding="utf-8") as log:
        with subprocess.Popen([c.bin / "vigild", "--config", home(c, node) / "config.yaml"], stderr=log) as process:
            try:
                yield process
            finally:
                process.terminate()


def configure(c, node, key):
    """The node's configuration names the new key, and says that it is one."""
    path = home(c, node) / "config.yaml"
    lines = [line for line in path.read_text().splitlines() if not line.startswith(("key:", "keyring:"))]
    path.write_text("\n".join([*lines, f"key: {key}", "key_replaced: yes", ""]))
    shown = json.loads(c.run("-o", "json", "identity", "show", key).stdout)
    c.nodes[node]["client"] = c.nodes[node]["client"].split("#")[0] + "#" + shown["channel_key"]


def replace(c, officer, node):
    """New keys for a node, which take over what its keyring opens; proposed by one and approved by another."""
    key, public = home(c, node) / "key-2", c.dir / f"node-{node}.json"
    made = c.run("identity", "new", "--for-node", node, "--file", key, "--replaces", home(c, node) / "key")
    assert made.returncode == 0, made
    public.write_text(c.run("-o", "json", "identity", "show", key).stdout)
    other = 1 + node % 3
    proposal = c.vigil("cluster", "members", "rekey", node, "--public", public, node=other)["id"]
    refused(1, "rule", lambda: c.vigil("proposal", "approve", proposal, "--yes", node=other))
    officer.nodes = [other, *(n for n in officer.nodes if n != other)]
    assert f"new keys for  node {node}" in officer.run("proposal", "show", proposal).stdout
    officer.vigil("proposal", "approve", proposal, "--yes")
    return key


def leads(c, officer, node, writer):
    """The leader's keys are replaced under it, while others write: it ends, and starts with the new ones alone."""
    key = replace(c, officer, node)
    c.wait_stopped(node)
    assert f"is no longer that of node {node}: two people have replaced it" in said_by(c, node), said_by(c, node)
    words = [c.bin / "vigild", "--config", home(c, node) / "config.yaml"]
    again = subprocess.run(words, capture_output=True, text=True, timeout=WAIT_S)
    assert again.returncode == 1 and "configure the new one, with key_replaced: yes" in again.stderr, again
    configure(c, node, key)
    writer.stop()


def is_behind(c, officer, node, other, person, incident):
    """Who is down does not know: with its old key it is a stranger to the others, with the new one it catches up."""
    c.signal("kill", node)
    key = replace(c, officer, node)
    old = json.loads(c.run("-o", "json", "identity", "show", home(c, node) / "key").stdout)["channel_key"]
    with running(c, node):
        wait_for(lambda: f"channel key {old} is not that of a member" in said_by(c, other), "the old key to be refused")
    configure(c, node, key)
    with running(c, node):
        wait_for(lambda: c.status_at_once(node), "the node with its new keys")
        assert "key-not-in-log" in said_by(c, node)
        Person(c, person, node).vigil("incident", "note", incident, "--text", "here too")
        members = {m["id"]: m for m in c.vigil("cluster", "members", node=node)["nodes"]}
        shown = json.loads(c.run("-o", "json", "identity", "show", key).stdout)
        assert members[node]["fingerprint"] == shown["fingerprint"], (members, shown)
        c.wait_equal()
        c.verify_logs()


def nodes_replaced(c, officer, person, incident):
    leader = c.leader()
    behind = 1 + leader % 3
    writer = Writer(Person(c, person, 1 + behind % 3), incident)
    writer.start()
    leads(c, officer, leader, writer)
    with running(c, leader):
        wait_for(lambda: c.status_at_once(leader), "the node with its new keys")
        is_behind(c, officer, behind, leader, person, incident)
    return writer.written


def main():
    with Cluster(bin_dir()) as c:
        officer = Person(c, enroll(c, "kim", "--key-officer"), 2)
        old = enroll(c, "ada", "--role", "responder")
        new, public = c.identity("ada-2", "--id", people(c)["ada"]["id"])
        incident = Person(c, old, 1).vigil("incident", "detect", "--source", "operator", "--title", "Odd logins")["id"]
        Person(c, old, 1).vigil("incident", "own", incident, "--reason", "mine")
        stolen(c, incident, officer, old, new, public)
        not_ones_own(c, officer)
        newest = removed(c, incident, officer, new)

        # Keys are in the state and in the log: nodes that start again, one of them from the log alone, know them.
        c.wait_equal()
        c.signal("kill", 3)
        shutil.rmtree(c.dir / "dev" / "node-3" / "data" / "state")
        for node in c.nodes:
            c.signal("restart", node)
        c.wait_equal()
        for path in (old, new):
            locked_out(c, path, incident)
        Person(c, newest, 3).vigil("incident", "note", incident, "--text", "after a restart")
        c.wait_equal()
        written = nodes_replaced(c, officer, newest, incident)
    print(f"keys of a person and of two nodes replaced by two people, {written} writes meanwhile: 1 passed, 0 failed")


main()
