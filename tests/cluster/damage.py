#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Disks that lost what they held: damaged bodies and metadata are fetched again from another node, counted, and never served;
what cannot be had back is said to be; a node whose promises are damaged refuses to start while the others serve."""
import contextlib
import os
import pathlib
import shutil
import struct
import subprocess
import sys

from cluster import WAIT_S, Cluster, Refused, bin_dir, bodies, wait_for

BEYOND_THE_TAIL = 1100  # entries that metadata must be older than to be no refusal at start
HASH_IN_METADATA = 98 + 143  # docs/storage.md
PREVIOUS_IN_HEADER = 34
STORE_FORMAT = 3
PAGE = 4096
TRIES = 5  # of what needs one leader from its beginning to its end
LEAF, DIRTY = 2, 0x10  # flags of a page of LMDB


def home(c, node):
    return c.dir / "dev" / f"node-{node}"


def data_file(c, node):
    return home(c, node) / "data" / "log" / "data.mdb"


def places(path, marker):
    content = path.read_bytes()
    at = content.find(marker)
    while at >= 0:
        yield at, content
        at = content.find(marker, at + 1)


def overwrite(path, offset, data):
    with open(path, "r+b") as file:
        file.seek(offset)
        file.write(data)


def sentence(name):
    return f"{name} is a sentence of the {name} that a disk may lose"


def damage_body(c, node, index, new=b"ALTERED"):
    """The first bytes of an entry's body, everywhere in the file of a node that is down; returns what was there."""
    path = data_file(c, node)
    found = [at for at, _ in bodies(path, index)]
    assert found, f"node {node} does not hold entry {index}"
    old = {path.read_bytes()[at:at + len(new)] for at in found}
    for at in found:
        overwrite(path, at, new)
    return old


def damage_metadata(c, node, index, entry_hash):
    """Alters the metadata of an entry, found by its hash (which the next entry's header has too)."""
    path = data_file(c, node)
    records = [at - HASH_IN_METADATA for at, content in places(path, bytes.fromhex(entry_hash))
               if content[at - HASH_IN_METADATA:][:14] == struct.pack("<HIQ", 1, 0, index)]
    assert records, f"node {node} has no metadata of entry {index}"
    for at in records:
        overwrite(path, at + PREVIOUS_IN_HEADER, b"ALTERED")


def note(c, incident, text, node=None):
    return c.vigil("incident", "note", incident, "--text", text, node=node)["index"]


def notes(c, incident, names):
    return {name: note(c, incident, sentence(name)) for name in names}


def row(c, node):
    return next(r for r in c.status(node)["nodes"] if r["id"] == node)


def is_level(c, node):
    """It answers, and has applied what node 1 has."""
    one, other = c.status_at_once(node), c.status_at_once(1)
    return one is not None and other is not None and one["applied_index"] == other["applied_index"]


def lines(c, node, event):
    return [line for line in pathlib.Path(c.nodes[node]["log"]).read_text().splitlines() if f" {event} " in line]


@contextlib.contextmanager
def down(c, *nodes, rebuild=True):
    """These nodes are down meanwhile; what they have applied is forgotten, so that they need every entry again."""
    for node in nodes:
        c.end(node)
    yield
    for node in nodes:
        if rebuild:
            shutil.rmtree(home(c, node) / "data" / "state")
        c.signal("restart", node)


def never_served(c):
    """Each node shows what was damaged as every other does, opened."""
    shown = [c.vigil("log", "tail", "--from", 1, "--count", 100, node=node) for node in c.nodes]
    texts = [entry.get("command", {}).get("text") for entry in shown[0]]
    assert {sentence(name) for name in ("albatross", "fulmar", "ibis", "jacana 0", "oriole")} <= set(texts)
    assert shown == shown[:1] * len(shown), "a node serves what its disk made of an entry"


def repaired(c, node, count):
    """The last repair is counted before the cursor that waited for it has gone on; so both are waited for."""
    def well():
        figures = row(c, node)
        return figures if figures["repaired"] >= count and figures["stopped"] is None else None
    figures = wait_for(well, f"{count} repairs at node {node}, and a cursor that runs")
    assert figures["damaged"] == figures["repaired"] == count and figures["damage"] is None, figures
    assert len(lines(c, node, "entry-repaired")) >= count


def a_minority_is_repaired_as_it_applies(c, incident):
    names = ["albatross", "bittern", "curlew", "dotterel", "egret"]
    indices = notes(c, incident, names)
    c.wait_equal()
    with down(c, 3):
        for index in indices.values():
            damage_body(c, 3, index)
    c.wait_equal()
    repaired(c, 3, len(names))
    said = lines(c, 3, "entry-repaired")
    assert all(any(f"index={index} from=" in line for line in said) for index in indices.values()), said
    c.verify_logs()


def refused(c, node, *words):
    done = c.run("--context", c.context, "--node", c.nodes[node]["client"], *words)
    assert done.returncode == 4, done
    return done.stdout + done.stderr


def log_verify_finds_and_repairs(c, incident):
    """Damage that nobody has met yet: looking changes nothing, --repair does."""
    indices = notes(c, incident, ["fulmar", "godwit", "heron"])
    c.wait_equal()
    with down(c, 3, rebuild=False):
        for index in indices.values():
            damage_body(c, 3, index)
    c.wait_equal()
    said = refused(c, 3, "log", "verify")
    assert f"entry {indices['fulmar']} is damaged" in said and "log verify --repair" in said, said
    said = refused(c, 3, "log", "verify", "--repair", "--dry-run")
    assert all(str(index) in said for index in indices.values()) and "3 would be fetched again" in said, said
    assert (row(c, 3)["damaged"], row(c, 3)["repaired"]) == (3, 0), row(c, 3)
    wait_for(lambda: "node 3: 3 entries found damaged, 0 fetched again" in c.run("--context", c.context, "cluster", "status").stdout,
             "a table that says so, with node 3's answer in time")
    done = c.vigil("log", "verify", "--repair", node=3)
    assert done["ok"] and [d["index"] for d in done["damaged"]] == list(indices.values()), done
    assert all(d["repaired"] and d["from"] in (1, 2) for d in done["damaged"]), done
    again = c.vigil("log", "verify", "--repair", node=3)
    assert again["ok"] and again["damaged"] == [] and again["checked"] == again["last"], again
    repaired(c, 3, 3)
    c.verify_logs()


def a_reader_meets_it(c, incident):
    index = notes(c, incident, ["ibis"])["ibis"]
    c.wait_equal()
    with down(c, 3, rebuild=False):
        damage_body(c, 3, index)
    c.wait_equal()
    entry = c.vigil("log", "get", index, node=3)  # asked again until it is whole
    assert entry["index"] == index, entry
    repaired(c, 3, 1)


def lead(c, node):
    def leads():
        with contextlib.suppress(Refused):
            c.vigil("cluster", "transfer", "--to", node)
        return c.leader() == node
    wait_for(leads, f"node {node} to lead")


def a_leader_that_must_send_it(c, incident, number):
    """Its follower lacks what the leader's disk has lost; the third node has it. Whether it led until the follower had it."""
    c.signal("kill", 3)
    names = [f"{bird} {number}" for bird in ("jacana", "kestrel", "lapwing")]
    indices = notes(c, incident, names)
    wait_for(lambda: is_level(c, 2), "nodes 1 and 2 at one index")
    with down(c, 1, rebuild=False):
        for index in indices.values():
            damage_body(c, 1, index)
    c.leader(among=[1, 2])
    lead(c, 1)
    term = c.status(1)["term"]
    c.signal("restart", 3)
    c.wait_equal()
    led = c.leader() == 1 and c.status(1)["term"] == term
    if led:
        repaired(c, 1, len(names))
    else:
        c.vigil("log", "verify", "--repair", node=1)
    c.verify_logs()
    return led


def one_whole_copy_of_each_is_enough(c, incident):
    """Every entry is damaged on two of three nodes, each on other ones."""
    holders = {"mallard": (1, 2), "nightjar": (2, 3), "oriole": (1, 3)}
    indices = notes(c, incident, holders)
    c.wait_equal()
    with down(c, 1, 2, 3):
        for name, nodes in holders.items():
            for node in nodes:
                damage_body(c, node, indices[name])
    c.wait_equal()
    for node in c.nodes:
        repaired(c, node, 2)
    c.verify_logs()


def metadata_is_proved_by_its_place(c):
    c.vigil("bench", "--clients", "8", "--ops", BEYOND_THE_TAIL)
    c.wait_equal()
    entries = {index: c.vigil("log", "get", index)["hash"] for index in (4, 5, 9)}
    with down(c, 2):
        for index, entry_hash in entries.items():
            damage_metadata(c, 2, index, entry_hash)
    c.wait_equal()
    repaired(c, 2, len(entries))
    c.verify_logs()


def lacks_an_entry(c, incident, node):
    """It never answers as if it had the entry; whether it was in time to say why it does not, and knew of a leader."""
    try:
        c.vigil("--timeout", "1s", "incident", "timeline", incident, node=node)
    except Refused as why:
        assert why.code == 3, why
        return "fetched the next one again" in str(why.error)
    raise AssertionError("a node that lacks an entry answers as if it had it")


def nobody_has_it(c, incident):
    """Damaged everywhere: said, asked for again and again, and whole once one node is."""
    index = notes(c, incident, ["pelican"])["pelican"]
    c.wait_equal()
    with down(c, 1, 2, 3, rebuild=False):
        whole = [damage_body(c, node, index) for node in c.nodes][1]
        shutil.rmtree(home(c, 1) / "data" / "state")
    everywhere = (f"entry {index} is damaged", "node 2 has it damaged too", "node 3 has it damaged too")
    wait_for(lambda: all(words in (row(c, 1)["damage"] or "") for words in everywhere), "node 1 to have asked everybody")
    wait_for(lambda: f"no further than entry {index - 1}" in (row(c, 1)["stopped"] or ""), "node 1 to say how far it goes")
    said = refused(c, 1, "log", "verify", "--repair")
    assert "has it damaged too" in said and "1 still damaged" in said, said
    wait_for(lambda: lacks_an_entry(c, incident, 1), "node 1 to say why it does not answer")
    assert "pelican" in str(c.vigil("incident", "timeline", incident)), "the others have applied it, and serve"
    note(c, incident, "work goes on", node=2)
    with down(c, 2, rebuild=False):
        damage_body(c, 2, index, *whole)
    c.wait_equal()
    for node in (1, 3):
        repaired(c, node, 1)
    c.verify_logs()


def alone(bin_path):
    with Cluster(bin_path, nodes=1) as c:
        incident = c.vigil("incident", "detect", "--source", "operator", "--title", "alone")["id"]
        index = notes(c, incident, ["quail"])["quail"]
        c.wait_equal()
        with down(c, 1, rebuild=False):
            damage_body(c, 1, index)
        c.leader()
        said = refused(c, 1, "log", "verify", "--repair")
        assert "this node is alone" in said, said


def refuses_to_start(c, node, fragment):
    done = subprocess.run([c.bin / "vigild", "--config", str(home(c, node) / "config.yaml")], capture_output=True,
                          text=True, timeout=WAIT_S)
    assert done.returncode == 4 and fragment in done.stderr and "could vote twice" in done.stderr, done


def tree_of(path, table):
    """The tree of a table, as the page that the last commit has left says: where its record is, and where its root. LMDB 0.9."""
    content = path.read_bytes()
    commits = [struct.unpack_from("<2Q", content, page * PAGE + 136)[1] for page in (0, 1)]
    tables, = struct.unpack_from("<Q", content, commits.index(max(commits)) * PAGE + 128)
    record = content.index(table, tables * PAGE, (tables + 1) * PAGE) + len(table)
    root, = struct.unpack_from("<Q", content, record + 40)
    return record, root * PAGE


def pages_are_not_followed(c):
    """A page of a tree that points beyond the file, a page of another kind, and a file that ends early."""
    path = data_file(c, 3)
    whole = path.read_bytes()
    record, root = tree_of(path, b"meta")
    for at, data, said in ((record + 40, struct.pack("<Q", len(whole)), "points to page"),
                           (root, struct.pack("<Q", len(whole)), "says it is page"),
                           (root + 10, b"\xff", "is of another kind")):
        overwrite(path, at, data)
        refuses_to_start(c, 3, said)
        path.write_bytes(whole)


def a_page_damaged_while_running(c, incident):
    """Nothing is written where it says; the process ends and names what to do; what `log verify` is told is no signal."""
    c.wait_equal()
    c.end(3)
    path = data_file(c, 3)
    with open(c.dir / "node-3.err", "w+") as said:
        node = subprocess.Popen([c.bin / "vigild", "--config", str(home(c, 3) / "config.yaml")], stderr=said)
        while wait_for(lambda: node.poll() is not None or is_level(c, 3), "node 3 to serve, or to have ended") and node.poll() is None:
            # where it wrote in between, the page had been left for another
            flags = tree_of(path, b"hard")[1] + 10
            overwrite(path, flags, bytes([LEAF | DIRTY]))
            note(c, incident, "two of three go on")
        assert node.returncode == 70, node
        said.seek(0)
        line = next(text for text in said if " error store-damaged " in text)
    assert "path=" in line and "written in place" in line and "could vote twice" in line, line
    gone = c.run("--timeout", "1s", "--context", c.context, "--node", c.nodes[3]["client"], "log", "verify")
    assert gone.returncode == 3 and c.nodes[3]["client"] in gone.stderr, gone
    refuses_to_start(c, 3, "damaged structure")
    overwrite(path, flags, bytes([LEAF]))
    c.signal("restart", 3)
    c.wait_equal()


def promises_are_not_repaired(c, incident):
    """Hard state and structure: the node stays down and says why; the others serve."""
    cluster = bytes.fromhex(c.status(1)["cluster_id"])
    c.signal("kill", 3)
    path = data_file(c, 3)
    whole = path.read_bytes()
    for at, _ in places(path, struct.pack("<I", STORE_FORMAT) + cluster):
        overwrite(path, at + 70, b"\xff")
    refuses_to_start(c, 3, "damaged hard state")
    path.write_bytes(whole)
    os.truncate(path, 3 * 4096)
    refuses_to_start(c, 3, "data.mdb is truncated")
    path.write_bytes(whole)
    pages_are_not_followed(c)
    note(c, incident, "two of three serve")
    path.write_bytes(whole)
    c.signal("restart", 3)
    c.wait_equal()


def main():
    with Cluster(bin_dir()) as c:
        incident = c.vigil("incident", "detect", "--source", "operator", "--title", "damage")["id"]
        promises_are_not_repaired(c, incident)
        a_page_damaged_while_running(c, incident)
        a_minority_is_repaired_as_it_applies(c, incident)
        log_verify_finds_and_repairs(c, incident)
        a_reader_meets_it(c, incident)
        assert any(a_leader_that_must_send_it(c, incident, number) for number in range(TRIES)), "node 1 never led to the end"
        one_whole_copy_of_each_is_enough(c, incident)
        metadata_is_proved_by_its_place(c)
        never_served(c)
        nobody_has_it(c, incident)
    alone(bin_dir())
    print("damage of a minority and of single copies fetched again, all else refused and said: 1 passed, 0 failed")


if __name__ == "__main__":
    sys.exit(main())
