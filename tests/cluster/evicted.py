#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A node is evicted by one command: from that entry on nobody takes a frame of it, whether it runs, leads, or was down and comes
back, and whatever becomes of those who know; it ends by itself, and says why. Its key, as valid as before, opens neither door of
any node that has applied the entry, and no wrap of any epoch made since."""
import contextlib
import os
import pathlib
import shutil
import socket
import struct
import subprocess
import sys

sys.path.append(str(pathlib.Path(__file__).parent.parent / "channel"))
from cluster import WAIT_S, Cluster, Person, bin_dir, refused, wait_for  # noqa: E402
from damage import home  # noqa: E402
from dissononce_node import RESPONSE, WIRE_VERSION, Node, keys_of, person_asks  # noqa: E402
from dissononce_side import CLIENTS, PEERS, Closed  # noqa: E402

TRIES = 5
SAYS = ("was evicted from this cluster at", "keep it down, and destroy its key and keyring")


def wait_ended(c, node):
    """It ends by itself, and its last line says why."""
    c.wait_stopped(node)
    last = pathlib.Path(c.nodes[node]["log"]).read_text().splitlines()[-1]
    assert last.startswith("vigild: forbidden:") and all(words in last for words in SAYS), last


def start(c, node):
    return subprocess.Popen([c.bin / "vigild", "--config", str(home(c, node) / "config.yaml")], stdin=subprocess.DEVNULL,
                            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def ends(process):
    """The words of its last line."""
    said = process.communicate(timeout=WAIT_S)[1]
    last = said.splitlines()[-1]
    assert process.returncode == 1 and last.startswith("vigild: forbidden:") and all(words in last for words in SAYS), said
    return last


def starts_and_ends(c, node):
    return ends(start(c, node))


def figures(c, node):
    return person_asks(c, "node.figures", node)


def frame_of(channel):
    stream = b""
    while len(stream) < 4 or len(stream) < 4 + struct.unpack("<I", stream[:4])[0]:
        stream += channel.receive()
    return stream


def key_is_refused(c, evicted, node):
    """Told when it was evicted at the peers' door, where it proves to be the node; not a byte at the clients'."""
    keys = keys_of(home(c, evicted) / "key")
    before = figures(c, node)
    channel = Node(c, node, PEERS).connect(keys)
    channel.dial(os.urandom(16))
    told = frame_of(channel)
    assert told[4:6] == bytes([WIRE_VERSION, RESPONSE]) and f"node {evicted} {SAYS[0]}".encode() in told, told
    channel = Node(c, node, CLIENTS).connect(keys)
    try:
        channel.dial(os.urandom(16))
        raise AssertionError("an evicted node is a client")
    except Closed as end:
        assert end.args == (0,), end
    for name in ("peer_refused_evicted", "client_refused_not_known"):
        wait_for(lambda: figures(c, node).get(name, 0) == before.get(name, 0) + 1, name)


def left(c, evicted):
    return [node for node in c.nodes if node != evicted]


def wait_known(c, evicted):
    def row(node):
        return next(r for r in c.status(node)["nodes"] if r["id"] == evicted)
    for node in left(c, evicted):
        wait_for(lambda: row(node)["role"] == "evicted" and not row(node)["reachable"], f"node {node} to have applied it")


@contextlib.contextmanager
def nobody_comes(c, evicted):
    """Once all who are left have applied it, somebody listens in its place."""
    wait_known(c, evicted)
    host, port = c.nodes[evicted]["peer"].removeprefix("tcp://").rsplit(":", 1)
    with socket.create_server((host, int(port))) as listener:
        yield
        listener.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            raise AssertionError(f"node {evicted} is dialled from {listener.accept()[1]}")


def check_out(c, evicted):
    """What those who are left say and do."""
    wait_known(c, evicted)
    for node in left(c, evicted):
        assert [n["id"] for n in c.vigil("cluster", "members", node=node)["nodes"]] == left(c, evicted)
        key_is_refused(c, evicted, node)
    for compartment in ("directory", "default"):
        shown = c.vigil("compartment", "show", compartment)
        assert [h["node"] for h in shown["holders"]] == [None, *left(c, evicted)], shown


def works(c, evicted, text):
    incident = c.vigil("incident", "detect", "--source", "operator", "--title", text, node=left(c, evicted)[0])["id"]
    for node in left(c, evicted):
        Person(c, c.dir / "dev" / "person-1.identity", node).vigil("incident", "note", incident, "--text", text)


def was_down(c):
    """It is told by those who are left, and once it knows, needs nobody to."""
    leader = c.leader()
    evicted = next(node for node in c.nodes if node != leader)
    refused(1, "not-found", lambda: c.vigil("cluster", "members", "remove", 9, node=leader))
    c.signal("kill", evicted)
    answer = c.vigil("cluster", "members", "remove", evicted, node=leader)
    assert answer["keys_known"] == [] and answer["repeated"] is False, answer
    epoch = c.vigil("compartment", "show", "directory")["epoch"]
    with nobody_comes(c, evicted):
        works(c, evicted, "without it")
    assert "says: node" in starts_and_ends(c, evicted)
    check_out(c, evicted)
    again = c.vigil("cluster", "members", "remove", evicted, node=leader)
    assert again["repeated"] is True and c.vigil("compartment", "show", "directory")["epoch"] == epoch, again
    last_one = next(node for node in left(c, evicted) if node != leader)
    said = refused(1, "forbidden", lambda: c.vigil("cluster", "members", "remove", last_one, node=leader))["message"]
    assert "only 1 would be left where 2 must agree" in said, said
    return evicted


def who_knows_it_from_its_state(c, evicted):
    """Restarted, one with its state and one without, they keep it out; a node that was behind learns it with the log."""
    first, second = left(c, evicted)
    c.signal("restart", first)
    c.signal("kill", second)
    shutil.rmtree(home(c, second) / "data" / "state")
    alone = start(c, evicted)
    wait_for(lambda: figures(c, first).get("peer_refused_evicted", 0) >= 3, "the evicted node to be told again and again")
    assert alone.poll() is None, "by one of two, who may lie"
    c.signal("restart", second)
    ends(alone)
    c.leader(left(c, evicted))
    with nobody_comes(c, evicted):
        works(c, evicted, "after restarts")
    check_out(c, evicted)


def operator(c):
    """Somebody who operates, and is no key officer."""
    path, public = c.identity("ada")
    c.vigil("user", "add", "ada", "--public", public, "--operator")
    return path


def leads():
    """The leader evicts itself, if asked to, and ends; the keys it had wait for a key officer. Whether it did lead by then."""
    with Cluster(bin_dir()) as c:
        evicted = c.leader()
        refused(1, "forbidden", lambda: Person(c, operator(c), evicted).vigil("compartment", "rotate", "directory"))
        done = Person(c, c.dir / "ada.identity", evicted).run("cluster", "members", "remove", evicted)
        assert (done.returncode, done.stdout) == (0, f"node {evicted} is evicted\n"), done
        for compartment in ("directory", "default"):
            assert f"node {evicted} still has the key of {compartment}" in done.stderr, done
            assert f"vigil compartment rotate {compartment}\n" in done.stderr, done
        for compartment in ("directory", "default"):
            held = c.vigil("compartment", "show", compartment)["holders"]
            assert [h["node"] for h in held if h["evicted"]] == [evicted], held
            c.vigil("compartment", "rotate", compartment)
        wait_ended(c, evicted)
        c.leader(left(c, evicted))
        works(c, evicted, "led by another")
        check_out(c, evicted)
        led = " error stopping role=leader " in pathlib.Path(c.nodes[evicted]["log"]).read_text()
        said = starts_and_ends(c, evicted)
        assert not led or "says" not in said, f"it has the entry itself: {said}"
        return led


def main():
    with Cluster(bin_dir()) as c:
        evicted = was_down(c)
        who_knows_it_from_its_state(c, evicted)
    assert any(leads() for _ in range(TRIES)), "no leader led until it was evicted"
    print("evicted while down and while it led; told, counted, kept out across restarts: 1 passed, 0 failed")


main()
