#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Somebody's keys are stolen: two others replace them, and from that entry on the old ones open and sign nothing, at any node,
not even what was open; the new ones work, and all that was done stays one person's. Nobody does it alone, or for themselves."""
import shutil
import subprocess

from cluster import WAIT_S, Cluster, Person, Refused, bin_dir


def refused(code, name, call):
    try:
        call()
    except Refused as why:
        assert why.code == code and why.error["code"] == name, why
        return why.error["message"]
    raise AssertionError(f"expected {name}")


def identity(c, file, *words):
    """New keys, and their public half as it is handed over."""
    path, public = c.dir / f"{file}.identity", c.dir / f"{file}.json"
    made = c.run("identity", "new", "--no-passphrase", "--file", path, *words)
    assert made.returncode == 0, made
    public.write_text(c.run("-o", "json", "--identity", path, "identity", "show").stdout)
    return path, public


def enroll(c, name, *words):
    path, public = identity(c, name)
    c.vigil("user", "add", name, "--public", public, *words)
    return path


def people(c):
    return {p["name"]: p for p in c.vigil("user", "list", "--all")}


def locked_out(c, path, incident):
    for node in c.nodes:
        said = refused(1, "forbidden", lambda: Person(c, path, node).vigil("incident", "note", incident, "--text", "not mine"))
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
    assert "two different people" in refused(1, "rule", lambda: c.vigil("proposal", "approve", proposal, "--yes"))
    refused(1, "forbidden", lambda: thief.vigil("proposal", "approve", proposal, "--yes"))
    worded = officer.run("proposal", "approve", proposal, "--yes", "--reason", "ada's laptop was stolen")
    assert worded.returncode == 2 and "leave out --reason" in worded.stderr, worded

    follows = subprocess.Popen([c.bin / "vigil", *thief.words(), "incident", "timeline", incident, "--follow"], env=c.environment,
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
    _, public = identity(c, "kim-again", "--id", people(c)["kim"]["id"])
    proposal = c.vigil("user", "rekey", "kim", "--public", public)["id"]
    assert "does not sign for them" in refused(1, "forbidden", lambda: officer.vigil("proposal", "approve", proposal, "--yes"))
    officer.vigil("proposal", "reject", proposal)
    refused(1, "exists", lambda: c.vigil("user", "rekey", "ada", "--public", c.dir / "ada.json"))
    said = refused(2, "invalid", lambda: c.vigil("user", "rekey", "ada", "--public", public))
    assert f"vigil identity new --id {people(c)['ada']['id']}" in said, said


def removed(c, incident, officer, path):
    """One operator stops a key at once; two people bring its owner back under the same id."""
    c.vigil("user", "remove", "ada")
    locked_out(c, path, incident)
    newest, public = identity(c, "ada-3", "--id", people(c)["ada"]["id"])
    proposal = officer.vigil("user", "rekey", "ada", "--public", public)["id"]
    c.vigil("proposal", "approve", proposal, "--yes")
    locked_out(c, path, incident)
    Person(c, newest, 2).vigil("incident", "note", incident, "--text", "back")
    now = people(c)["ada"]
    assert now["removed_at"] is None and now["keyed_at"] is not None, now
    return newest


def main():
    with Cluster(bin_dir()) as c:
        officer = Person(c, enroll(c, "kim", "--key-officer"), 2)
        old = enroll(c, "ada", "--role", "responder")
        new, public = identity(c, "ada-2", "--id", people(c)["ada"]["id"])
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
        c.verify_logs()
    print("stolen keys replaced by two, at three nodes: 1 passed, 0 failed")


main()
