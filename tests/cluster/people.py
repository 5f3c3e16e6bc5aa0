#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""People come and go, and are given and lose roles, by the log alone: what an operator says at one node holds at the next
command at any other, from there on and not before, across a restart and a lost leader; what takes two people takes two."""
import subprocess

from cluster import PATIENT, WAIT_S, Cluster, Person, bin_dir, refused


def note(person, incident, text):
    return lambda: person.vigil("incident", "note", incident, "--text", text)


def enrolment(c, incident):
    """A person who is enrolled at one node works at the others at once; who has gone works nowhere."""
    path, public = c.identity("eve")
    for words in ((), ("--dry-run",)):
        refused(1, "exists", lambda: c.vigil("user", "add", "person-2", "--public", public, "--role", "responder", *words))
    refused(1, "not-found", lambda: c.vigil("user", "add", "eve", "--public", public, "--role", "responder", "--compartment", "nosuch"))
    eve = Person(c, path, 3)
    said = refused(1, "forbidden", note(eve, incident, "too early"))["message"]
    assert "closed in the handshake" in said and "vigil user add" in said, said
    added = c.vigil("user", "add", "eve", "--public", public, "--role", "responder", node=1)
    again = c.vigil("user", "add", "eve", "--public", public, "--role", "responder", node=2)
    assert again["id"] == added["id"], (added, again)
    for node in c.nodes:
        Person(c, path, node).vigil("incident", "note", incident, "--text", f"eve at {node}")
    refused(1, "exists", lambda: c.vigil("user", "add", "mallory", "--public", public))
    refused(1, "exists", lambda: c.vigil("user", "rename", "person-2", "eve"))
    listed = {p["name"]: p for p in c.vigil("user", "list")}
    assert listed["eve"]["roles"]["default"] == ["responder"] and listed["eve"]["removed_at"] is None, listed["eve"]

    said = refused(2, "invalid", lambda: c.vigil("user", "revoke", "me", "legal", "operator"))["message"]
    assert "by enrolment" in said and "vigil user remove" in said, said
    c.vigil("user", "revoke", "eve", "responder", node=2)
    said = refused(1, "not-found", note(eve, incident, "without a role"))["message"]
    assert said == f"there is no incident {incident}", said
    c.vigil("compartment", "rename", "default", "night")
    assert {"night", "directory"} == {each["name"] for each in c.vigil("compartment", "list")}
    refused(1, "exists", lambda: c.vigil("compartment", "rename", "night", "directory"))
    refused(2, "invalid", lambda: c.vigil("compartment", "rename", "directory", "day"))
    c.vigil("compartment", "rename", "night", "default")

    blind = eve.run("incident", "list")
    assert blind.returncode == 0 and "no role that reads incidents" in blind.stderr and "vigil user grant" in blind.stderr, blind
    assert "no role" not in c.run("--context", c.context, "incident", "list", "--stage", "stabilize").stderr
    for words in ["oncall", "now"], ["user", "list"]:
        refused(1, "not-found", lambda: c.vigil(*words, "--compartment", "nosuch"))
    c.vigil("user", "grant", "eve", "support", node=1)
    note(eve, incident, "with another")()
    said = refused(1, "forbidden", lambda: eve.vigil("incident", "risk", incident, "none", "--reason", "x"))["message"]
    assert "one of the roles" in said and "eve" in said, said
    assert "vigil user grant NAME ROLE --compartment COMPARTMENT" in said, said

    follows = subprocess.Popen([c.bin / "vigil", *PATIENT, *eve.words(), "incident", "timeline", incident, "--follow"], env=c.environment,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert any("eve at 1" in line for line in iter(follows.stdout.readline, "")), "it follows"
    c.vigil("user", "remove", "eve", node=1)
    said = follows.communicate(timeout=WAIT_S)[1]
    assert "closed in the handshake" in said and follows.returncode == 1, (said, follows.returncode)
    c.wait_equal()  # who has not applied it lets them in and throws them out, and the client cannot know more
    for node in c.nodes:
        said = refused(1, "forbidden", note(Person(c, path, node), incident, "gone"))["message"]
        assert "closed in the handshake" in said, said
    assert "eve" not in {p["name"] for p in c.vigil("user", "list")}
    gone = {p["name"]: p for p in c.vigil("user", "list", "--all")}["eve"]
    assert gone["removed_at"] and gone["roles"] == {}, gone
    refused(1, "exists", lambda: c.vigil("user", "add", "eve", "--public", public))
    return path


def two_people(c, incident):
    """A declaration is withdrawn by legal and executive together: either alone changes nothing."""
    manager, legal, executive = c.person(1, 1), c.person(2, 2), c.person(3, 3)
    for person, role in (("person-2", "legal"), ("person-3", "executive-incident-manager")):
        c.vigil("user", "grant", person, role)
    c.vigil("tenant", "add", "acme")
    manager.vigil("evidence", "add", incident, "--file", __file__, "--source", "the test")
    manager.vigil("incident", "declare", incident, "privacy-incident", "--harm", "disclosure", "--access", "likely", "--evidence", "E1",
                  "--tenant", "acme", "--reason", "so it looks")
    legal.vigil("incident", "show", incident)
    first = legal.vigil("incident", "withdraw", incident, "--reason", "it was test data")
    assert manager.vigil("incident", "show", incident)["declaration"]["stands"]
    refused(1, "forbidden", lambda: manager.vigil("proposal", "approve", first["id"], "--yes", "--as", "operator", "--reason", "x"))
    refused(1, "rule", lambda: legal.vigil("proposal", "approve", first["id"], "--yes", "--reason", "myself"))
    shown = executive.vigil("proposal", "show", first["id"])
    assert shown["state"] == "open" and shown["missing"] == ["executive-incident-manager"], shown
    executive.vigil("proposal", "reject", first["id"], "--reason", "not yet")
    refused(1, "exists", lambda: executive.vigil("proposal", "approve", first["id"], "--yes", "--reason", "x"))
    second = legal.run("incident", "withdraw", incident, "--reason", "it was test data")
    told = f"vigil proposal approve {second.stdout.strip()} --reason 'TEXT'"
    assert second.returncode == 0 and told in second.stderr, second
    second = second.stdout.strip()
    said = refused(2, "usage", lambda: executive.vigil("proposal", "approve", second))["message"]
    assert f"vigil proposal approve {second} --yes --reason 'TEXT'" in said, said
    carried = executive.vigil("proposal", "approve", second, "--yes", "--reason", "confirmed")
    after = manager.vigil("incident", "show", incident)
    assert not after["declaration"]["stands"] and after["declaration"]["withdrawn_at"], after["declaration"]
    assert after["classification"] is None and "declaration" in carried["revision"], (after, carried)
    kinds = [e["kind"] for e in manager.vigil("incident", "timeline", incident)]
    assert kinds[-6:] == ["propose", "reject", "propose", "approve", "withdraw", "classify"], kinds


def main():
    with Cluster(bin_dir(), people=3) as c:
        incident = c.vigil("incident", "detect", "--source", "operator", "--title", "Odd logins")["id"]
        eve = enrolment(c, incident)
        two_people(c, incident)
        refused(1, "forbidden", lambda: c.vigil("user", "remove", "person-1"))

        # Keys and roles are in the state: a node that starts again, and a new leader, know them.
        path, public = c.identity("ada")
        c.vigil("user", "add", "ada", "--public", public, "--role", "responder")
        leader = c.leader()
        c.signal("restart", leader)
        c.wait_equal()
        for node in c.nodes:
            note(Person(c, path, node), incident, f"ada at {node}")()
            refused(1, "forbidden", note(Person(c, eve, node), incident, "still gone"))
        texts = [e["text"] for e in c.vigil("incident", "timeline", incident) if e["kind"] == "note"]
        assert texts == ["eve at 1", "eve at 2", "eve at 3", "with another", "ada at 1", "ada at 2", "ada at 3"], texts
        c.wait_equal()
        c.verify_logs()
    print("enrolled, granted, removed, and two who signed, at three nodes: 1 passed, 0 failed")


main()
