# SPDX-License-Identifier: Apache-2.0
"""Questions and signed commands put to a node's door as bytes, past everything that `vigil` does before it asks; answers as they
came. Debian's python3-dissononce and python3-cryptography."""
import json
import os
import pathlib
import struct
import sys

sys.path.append(str(pathlib.Path(__file__).parent.parent / "channel"))
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: E402
from dissononce_node import Node, keys_of  # noqa: E402
from dissononce_side import CLIENTS  # noqa: E402

VERSION, REQUEST, RESPONSE = 4, 16, 17  # of a frame (docs/protocol.md)
SUBMIT, QUERY = 1, 2
TIMEOUT_MS = 30000
NOTE = 17  # the operation


def packed(value):
    """A truth, a number, text, bytes, or a list of those as msgpack in its shortest form."""
    if isinstance(value, bool):
        return b"\xc3" if value else b"\xc2"
    if isinstance(value, int):
        return bytes([value]) if value < 128 else b"\xcd" + struct.pack(">H", value)
    if isinstance(value, list):
        return bytes([0x90 + len(value)]) + b"".join(map(packed, value))
    if isinstance(value, str):
        text = value.encode()
        return bytes([0xa0 + len(text)]) + text if len(text) < 32 else b"\xd9" + bytes([len(text)]) + text
    return (b"\xc4" + bytes([len(value)]) if len(value) < 256 else b"\xc5" + struct.pack(">H", len(value))) + value


def id_bytes(text):
    return bytes.fromhex(text.replace("-", ""))


class Asker:
    """Somebody at one node's door; the identity file has no passphrase."""

    def __init__(self, c, node, identity):
        self.lines = dict(line.split() for line in identity.read_text().splitlines())
        self.node, self.token = Node(c, node, CLIENTS), 0
        self.channel = self.node.connect(keys_of(identity))
        self.channel.dial(os.urandom(16))

    def exchange(self, kind, body, stale, dry_run):
        """The answer's bytes, but for the token."""
        self.token = self.token % 100 + 1
        payload = packed([self.token, kind, stale, dry_run, TIMEOUT_MS, body])
        self.channel.send(struct.pack("<I", 2 + len(payload)) + bytes([VERSION, REQUEST]) + payload)
        stream = b""
        while len(stream) < 4 or len(stream) < 4 + struct.unpack("<I", stream[:4])[0]:
            stream += self.channel.receive()
        assert stream[4:6] == bytes([VERSION, RESPONSE]) and stream[7] == self.token, stream[:8]
        return stream[8:]

    def ask(self, question, stale=False):
        return self.exchange(QUERY, json.dumps(question).encode(), stale, False)

    def note(self, compartment, incident, request, dry_run=False):
        """A note on an incident of a compartment, as this person."""
        body = packed([NOTE, id_bytes(incident), 1, 0, "a word"])
        command = struct.pack("<H", 1) + self.node.cluster + id_bytes(compartment) + id_bytes(self.lines["id"]) + id_bytes(request) + \
            struct.pack("<HI", 0, len(body)) + body
        key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(self.lines["seed"]))
        return self.exchange(SUBMIT, command + key.sign(b"vigil-command-1" + command), False, dry_run)
