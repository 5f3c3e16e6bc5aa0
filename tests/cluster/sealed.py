#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sealed from the first entry on: no name of a person or a compartment, and nothing of an incident, its title, a note, a
tenant's name, is in any node's data folder, in any form; all work all the same, at every node, while a key is rotated under load,
across restarts, and after. A node without its keyring does not start."""
import base64
import concurrent.futures
import pathlib
import random
import shutil
import subprocess

from cluster import Cluster, bin_dir, refused, request_id, wait_for

# Nothing else in a cluster looks like these.
PERSON, RENAMED = "Zquarrelwyn Canaryson", "Zquibblethorpe Canaryson"
TITLE, NOTE, TENANT = "Zmoulderwick tokens lost", "Zgrimblestone says so twice", "Zaxolotl Canneries"
FRAGMENT = 12
SEED = 20261126
ROTATIONS = 6  # of a round


def forms(name):
    """The name as it is, in UTF-16, hex and base64 at each offset, and every twelve bytes of it."""
    raw = name.encode()
    yield from (raw[i:i + FRAGMENT] for i in range(len(raw) - FRAGMENT + 1))
    yield name.encode("utf-16-le")
    yield raw.hex().encode()
    yield raw.hex().upper().encode()
    for offset in range(3):  # what does not depend on the bytes around it
        encoded = base64.b64encode(b"\0" * offset + raw)
        yield encoded[(offset * 8 + 5) // 6:len(encoded) - 4]


def found(folder, names):
    """Which names are in the files of a folder."""
    content = [path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()]
    return [name for name in names if any(form in bytes_ for form in forms(name) for bytes_ in content)]


def home(c, node):
    return pathlib.Path(c.dir) / "dev" / f"node-{node}"


def search(c, names):
    """In no log and no state, which each node has committed as it ended; and the search can find what it looks for."""
    for node in c.nodes:
        c.signal("restart", node)
        data = home(c, node) / "data"
        assert (data / "state" / "data.mdb").stat().st_size > 8 * 4096, node
        assert found(data, names) == [], (node, names)
        (data / "clear").write_bytes(b"\xff" * 100 + names[0].encode("utf-16-le") + "".join(names[1:]).encode())
        assert found(data, names) == names, node
        (data / "clear").unlink()


def check_entries(c, directory, node):
    """Every entry of a compartment is sealed, and the node shows what is in it; returns the epoch of the directory in force, and
    how many entries were void for theirs."""
    in_force, stale = 1, 0
    for entry in c.entries(node=node):
        command = entry.get("command")
        assert (entry["key_epoch"] > 0) == (entry["type"] == "sealed"), entry
        assert command or entry["type"] == "noop", entry
        if command and command["op"] == "rotate" and entry["author"] == c.key_officer and entry["index"] != c.of_default:
            in_force += 1
        stale += entry["compartment"] == directory and entry["key_epoch"] != in_force
    return in_force, stale


def incident(c):
    """With a canary in its title, in a note and in a tenant's name."""
    id_ = c.vigil("incident", "detect", "--source", "operator", "--title", TITLE)["id"]
    for words in (["note", id_, "--text", NOTE], ["stage", id_, "assess", "--reason", "looked at"],
                  ["responsibility", id_, "customer", "--reason", "their own"], ["refer", id_, "--tenant", TENANT, "--text", "theirs alone"]):
        c.vigil("incident", "show", id_)
        c.vigil("incident", *words)
    return id_


def check_incident(c, id_):
    """Every node has all of it."""
    for node in c.nodes:
        assert c.vigil("incident", "show", id_, node=node)["title"] == TITLE
        timeline = str(c.vigil("incident", "timeline", id_, node=node))
        assert NOTE in timeline and TENANT in timeline, timeline


def rotate_default(c):
    """Its key changes as the directory's does, and what comes after is sealed under the new one."""
    c.vigil("compartment", "rotate", "default")
    shown = c.vigil("compartment", "show", "default")
    assert shown["epoch"] == 2 and [h["node"] for h in shown["holders"]] == [None, *c.nodes], shown
    after = c.vigil("incident", "detect", "--source", "operator", "--title", TITLE)["index"]
    assert c.vigil("log", "get", after)["key_epoch"] == 2
    return shown["since"]


def rotate_under_load(c, writes=12):
    """A round of rotations while every node writes: nobody is refused."""
    def write(node):
        return [c.vigil("user", "rename", c.person_id, f"{RENAMED} {node}-{i}", node=node)["index"] for i in range(writes)]

    with concurrent.futures.ThreadPoolExecutor() as pool:
        written = [pool.submit(write, node) for node in c.nodes]
        for _ in range(ROTATIONS):
            c.vigil("compartment", "rotate", "directory")
        indices = [index for each in written for index in each.result()]
    assert len(set(indices)) == len(c.nodes) * writes, indices


def rotate_until_stale(c, directory):
    """Rounds until a command was sealed under an epoch that passed on its way: void, and sealed anew by its origin."""
    for rounds in range(1, 21):
        rotate_under_load(c)
        in_force, stale = check_entries(c, directory, 1)
        assert in_force == 1 + rounds * ROTATIONS, in_force
        if stale:
            break
    assert stale, "no command was sealed under an epoch that had passed"
    for node in c.nodes:
        shown = c.vigil("compartment", "show", "directory", node=node)
        assert shown["epoch"] == in_force and shown["since"] > 0, shown
        assert [h["node"] for h in shown["holders"]] == [None, *c.nodes], shown


def rotate_once(c):
    """A rotation that is given again under its id is answered as before, at any node."""
    before = c.vigil("compartment", "show", "directory")["epoch"]
    words = ("--request-id", request_id(random.Random(SEED)), "compartment", "rotate", "directory")
    first = c.vigil(*words)
    for node in c.nodes:
        again = c.vigil(*words, node=node)
        assert again == dict(first, repeated=True), (first, again)
    assert c.vigil("compartment", "show", "directory")["epoch"] == before + 1


def rotate_as_another(c):
    """Under the id of another command it is refused."""
    _, public = c.identity("eve")
    c.vigil("user", "add", "eve", "--public", public)
    other = next(e["command"]["request"] for e in c.entries() if e.get("command", {}).get("op") == "enroll")
    said = refused(2, "invalid", lambda: c.vigil("--request-id", other, "compartment", "rotate", "directory"))["message"]
    assert "another command" in said, said


def without_keyring(c, node):
    """Neither without its keyring nor with another node's does a node start; with its own it does."""
    folder = home(c, node)
    c.signal("kill", node)
    kept = folder / "keyring.kept"
    (folder / "keyring").rename(kept)
    for foreign in (None, home(c, node % len(c.nodes) + 1) / "keyring"):
        if foreign:
            shutil.copy(foreign, folder / "keyring")
        started = subprocess.run([c.bin / "vigild", "--config", folder / "config.yaml"], capture_output=True, text=True, timeout=60)
        assert started.returncode != 0 and "keyring" in started.stderr, started
    (folder / "keyring").unlink()
    kept.rename(folder / "keyring")
    c.signal("restart", node)


def main():
    canaries = [PERSON, TITLE, NOTE, TENANT, RENAMED]
    with Cluster(bin_dir(), people=3) as c:
        people = {p["name"]: p["id"] for p in c.vigil("user", "list")}
        c.key_officer, c.person_id = people["person-1"], people["person-3"]
        directory = c.vigil("compartment", "show", "directory")
        first = c.vigil("compartment", "show", "default")
        assert [(one["epoch"], one["since"]) for one in (directory, first)] == [(1, 0)] * 2, (directory, first)
        assert first["commitment"] != directory["commitment"], first
        c.vigil("user", "rename", "person-2", PERSON)
        c.vigil("user", "rename", "person-3", RENAMED)
        for node in c.nodes:
            assert {PERSON, RENAMED} <= {p["name"] for p in c.vigil("user", "list", node=node)}
        c.wait_equal()
        id_ = incident(c)
        c.wait_equal()
        check_incident(c, id_)
        search(c, canaries)

        said = refused(1, "forbidden", lambda: c.person(2, 2).vigil("compartment", "rotate", "directory"))["message"]
        assert "key officers alone" in said, said
        c.of_default = rotate_default(c)
        rotate_until_stale(c, directory["id"])
        rotate_once(c)
        c.vigil("user", "rename", c.person_id, RENAMED)
        for node in c.nodes:
            c.signal("restart", node)
            c.vigil("user", "rename", c.person_id, f"{RENAMED} again", node=node)
            c.vigil("user", "rename", c.person_id, RENAMED, node=node)
            assert {PERSON, RENAMED} <= {p["name"] for p in c.vigil("user", "list", node=node)}
        c.wait_equal()
        in_force, stale = check_entries(c, directory["id"], 1)
        for node in c.nodes:
            assert check_entries(c, directory["id"], node) == (in_force, stale)
            assert c.vigil("compartment", "show", "directory", node=node)["epoch"] == in_force
        check_incident(c, id_)
        search(c, canaries)
        rotate_as_another(c)
        without_keyring(c, 2)
        wait_for(lambda: RENAMED in {p["name"] for p in c.vigil("user", "list", node=2)}, "node 2 with its keyring")
        c.verify_logs()
    print(f"nothing of {len(canaries)} canaries in any log or state, {in_force - 1} rotations, {stale} commands sealed anew, restarts: 1 passed, 0 failed")


main()
