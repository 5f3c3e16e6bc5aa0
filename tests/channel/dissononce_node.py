#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Another implementation of Noise (Debian's python3-dissononce) as a client, and as a peer, of running nodes: it is answered,
and refused with a wrong key, cluster, door or label.

usage: dissononce_node.py BIN_DIR
"""
import json
import os
import pathlib
import socket
import struct
import sys

sys.path.append(str(pathlib.Path(__file__).parent.parent / "cluster"))
sys.path.append(str(pathlib.Path(__file__).parent))
from cluster import WAIT_S, Cluster, bin_dir, wait_for  # noqa: E402
from dissononce.dh.x25519.private import PrivateKey  # noqa: E402
from dissononce.dh.x25519.public import PublicKey  # noqa: E402
from dissononce_side import CLIENTS, DH, PEERS, Channel, Closed, key_of  # noqa: E402

WIRE_VERSION, REQUEST, RESPONSE = 4, 16, 17
QUERY = 2


def packed(body):
    """Bytes, a number or a truth as msgpack in its shortest form (docs/protocol.md)."""
    if isinstance(body, bool):
        return b"\xc3" if body else b"\xc2"
    if isinstance(body, int):
        return bytes([body]) if body < 128 else b"\xcd" + struct.pack(">H", body)
    return b"\xc4" + bytes([len(body)]) + body


def request(token, question):
    fields = [token, QUERY, True, False, 30000, json.dumps({"query": question}).encode()]
    payload = bytes([0x90 + len(fields)]) + b"".join(packed(field) for field in fields)
    return struct.pack("<I", 2 + len(payload)) + bytes([WIRE_VERSION, REQUEST]) + payload


def keys_of(path):
    """The channel key of an identity file."""
    lines = dict(line.split() for line in path.read_text().splitlines())
    return DH.generate_keypair(PrivateKey(bytes.fromhex(lines["channel-seed"])))


class Node:
    def __init__(self, c, number, door):
        self.url = c.nodes[number]["client" if door == CLIENTS else "peer"]
        self.key = PublicKey(bytes.fromhex(c.nodes[number]["channel_key"]))
        self.cluster = bytes.fromhex(c.status(number)["cluster_id"])
        self.door = door

    def connect(self, keys, **wrong):
        host, port = self.url.removeprefix("tcp://").rsplit(":", 1)
        connection = socket.create_connection((host, int(port)), timeout=WAIT_S)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        def read(size):
            data = b""
            while len(data) < size:
                try:
                    more = connection.recv(size - len(data))
                except ConnectionError:
                    more = b""
                if not more:
                    raise Closed(len(data))
                data += more
            return data
        terms = dict(cluster=self.cluster, door=self.door, theirs=self.key)
        terms.update(wrong)
        return Channel(read, connection.sendall, keys, **terms)


def ask(channel, question):
    """Sends a request in two records, and reads the answer, however many records it came in."""
    frame = request(7, question)
    channel.send(frame[:5])
    channel.send(frame[5:])
    stream = b""
    while len(stream) < 4 or len(stream) < 4 + struct.unpack("<I", stream[:4])[0]:
        stream += channel.receive()
    assert stream[4] == WIRE_VERSION and stream[5] == RESPONSE, stream[:6]
    start = stream.index(b'{"')  # one of the digest's bytes before it may be a brace
    return json.loads(stream[start:4 + struct.unpack("<I", stream[:4])[0]])


def person_asks(c, question, node=1):
    channel = Node(c, node, CLIENTS).connect(keys_of(c.dir / "dev" / "person-1.identity"))
    channel.dial(os.urandom(16))
    return ask(channel, question)


def refused(c, node, keys, figure, **wrong):
    """No byte comes back, and the node has counted why."""
    def count():
        return person_asks(c, "node.figures").get(figure, 0)
    before = count()
    channel = node.connect(keys, **wrong)
    try:
        channel.dial(bytes(16))
        raise AssertionError(f"an answer where {figure} was due")
    except Closed as end:
        assert end.args == (0,), f"{end.args[0]} bytes before the end"
    wait_for(lambda: count() == before + 1, figure)


def main():
    with Cluster(bin_dir()) as c:
        person = keys_of(c.dir / "dev" / "person-1.identity")
        peer = keys_of(c.dir / "dev" / "node-2" / "key")
        stranger = key_of(b"a stranger")
        assert person_asks(c, "cluster.status")["cluster_id"] == c.status(1)["cluster_id"]
        wait_for(lambda: person_asks(c, "cluster.status")["leader"], "a leader")
        clients, peers = Node(c, 1, CLIENTS), Node(c, 1, PEERS)
        channel = clients.connect(peer)
        channel.dial(bytes(16))
        assert ask(channel, "cluster.status")["answered_by"] == 1, "a member may ask too"
        peers.connect(peer).dial(b"an incarnation..")

        other = PublicKey(bytes.fromhex(c.nodes[3]["channel_key"]))
        for node, keys, door in ((clients, person, "client"), (peers, peer, "peer")):
            handshake = f"{door}_refused_bad_handshake"
            refused(c, node, keys, handshake, theirs=other)
            refused(c, node, keys, handshake, cluster=bytes(32))
            refused(c, node, keys, handshake, door=PEERS + CLIENTS - node.door)
            refused(c, node, keys, handshake, label=b"vigil-channel-2")
            refused(c, node, stranger, f"{door}_refused_not_known")
        refused(c, peers, person, "peer_refused_not_known")
    print("answered as a person and as a member; 11 refusals, each counted: 1 passed, 0 failed")


if __name__ == "__main__":
    main()
