#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""capture.py BIN_DIR CLEAR_DIR: what somebody who listens on every line of a cluster sees of a full sample of what is said there:
messages of the channel and nothing else, none of them with a word of any command. The same sample by programs without a cipher
(tests/variants) shows that the search finds what is there. Without the right to listen the exit code is 77."""
import base64
import collections
import pathlib
import re
import struct
import subprocess
import sys
import tempfile

from cluster import Cluster, wait_for
from sample import Sample, forgotten, questions
from tcpdump import Tcpdump

SHORTEST = 6           # bytes of what is looked for: shorter ones come by chance
FRAGMENT = 12          # so many bytes of something longer betray it
FIRST, SECOND, LEAST = 96, 64, 17  # docs/channel.md

Packet = collections.namedtuple("Packet", "source target sequence starts payload frame")


def packets(content, ports):
    """Of a capture: the TCP packets that come from these ports or go there."""
    magic, link = struct.unpack_from("<I16xI", content)
    assert magic == 0xA1B2C3D4 and link == 1, (magic, link)
    at = 24
    while at < len(content):
        kept, whole = struct.unpack_from("<8xII", content, at)
        assert kept == whole, "a packet was cut"
        frame = content[at + 16:at + 16 + kept]
        at += 16 + kept
        kind, = struct.unpack_from(">12xH", frame)
        assert kind == 0x0800, "not IPv4"
        ip = frame[14:14 + struct.unpack_from(">2xH", frame, 14)[0]]
        tcp = ip[(ip[0] & 15) * 4:]
        source, target, sequence, _, offset, flags = struct.unpack_from(">HHIIBB", tcp)
        if source in ports or target in ports:
            yield Packet(source, target, sequence, bool(flags & 2), tcp[(offset >> 4) * 4:], frame)


def streams(seen):
    """The bytes of each direction of each connection, [(source, target, bytes)]: whole, in order, each once."""
    found, open_ = [], {}
    for packet in seen:
        key = packet.source, packet.target
        if packet.starts and (key not in open_ or open_[key][0] != packet.sequence):  # a port may be used again
            open_[key] = (packet.sequence, {})
            found.append((*key, open_[key][1]))
        if packet.payload:
            first, pieces = open_[key]
            at = (packet.sequence - first - 1) % 2**32
            pieces[at] = max(pieces.get(at, b""), packet.payload, key=len)
    return [(source, target, join(pieces)) for source, target, pieces in found]


def join(pieces):
    out = bytearray()
    for at in sorted(pieces):
        assert at <= len(out), "a piece of a connection was not captured"
        out[at:] = pieces[at] if at + len(pieces[at]) > len(out) else out[at:]
    return bytes(out)


def check_is_channel(source, target, stream, doors):
    """Nothing but messages of a channel, the first as long as that of a handshake; the last may be cut off. Their number."""
    at, count, expected = 0, 0, SECOND if source in doors else FIRST
    while at + 2 <= len(stream):
        size, = struct.unpack_from(">H", stream, at)
        assert size == expected if count == 0 else size >= LEAST, (source, target, count, size)
        at, count = at + 2 + size, count + 1
    return count


# ---- what is looked for ----


def forms(value):
    """A text as it may lie in bytes, whole."""
    is_binary = re.fullmatch(r"[0-9a-f-]{32,}", value)  # an id, a key, a hash
    if is_binary:
        yield bytes.fromhex(value.replace("-", ""))
    for text in {value, value.lower(), value.upper()}:
        raw = text.encode()
        yield raw
        if is_binary:
            continue
        yield from (raw.hex().encode(), raw.hex().upper().encode(), text.encode("utf-16-le"), text.encode("utf-16-be"))
        for offset in range(3):  # what does not depend on the bytes around it
            yield base64.b64encode(b"\0" * offset + raw)[(offset * 8 + 5) // 6:-4]


def texts(value):
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return {text for one in value for text in texts(one)}
    return {value} if isinstance(value, str) and len(value) >= SHORTEST else set()


class Search:
    """Finds many texts at once: short ones as they are, of others every fragment."""

    def __init__(self, values):
        self.whole, self.fragments = {}, {}
        for value in values:
            for form in forms(value):
                if SHORTEST <= len(form) < FRAGMENT:
                    self.whole[form] = value
                for at in range(len(form) - FRAGMENT + 1):
                    self.fragments[form[at:at + FRAGMENT]] = value

    def find(self, content):
        found = {value for form, value in self.whole.items() if form in content}
        for at in range(len(content) - FRAGMENT + 1):
            piece = content[at:at + FRAGMENT]
            if piece in self.fragments:
                found.add(self.fragments[piece])
        return found


# ---- the sample, listened to ----


def refused_by(other, c):
    """The programs of the other build are strangers here, and the node says so."""
    done = subprocess.run([pathlib.Path(other) / "vigil", "-o", "json", "--context", c.context, "--node", c.nodes[1]["client"],
                           "cluster", "status"], env=c.environment, capture_output=True, text=True)
    assert done.returncode != 0 and "closed in the handshake" in done.stderr, done
    wait_for(lambda: "bad-handshake door=clients" in pathlib.Path(c.nodes[1]["log"]).read_text(), "node 1 to say whom it refused")


class Listened:
    """A full sample of a cluster of these programs: what was said, and what was on its lines."""

    def __init__(self, bin_dir, other):
        with tempfile.TemporaryDirectory(prefix="vigil-capture-") as folder:
            with Tcpdump(pathlib.Path(folder)) as tcpdump, Cluster(bin_dir, people=3) as c:
                sample = Sample(c)
                sample.run()
                self.commands, self.canaries = sample.commands(), sample.canaries
                self.doors = {int(node[door].rsplit(":", 1)[1]): f"node {node['id']}'s {door} door"
                              for node in c.nodes.values() for door in ("peer", "client")}
                refused_by(other, c)
            seen = list(packets(tcpdump.path.read_bytes(), self.doors))
        self.frames = [packet.frame for packet in seen]
        self.streams = streams(seen)
        self.values = texts(self.commands) | set(self.canaries)
        assert forgotten(self.commands) == ([], []), forgotten(self.commands)

    def check_doors(self):
        """Each door was heard, both ways, and nothing but a channel. What was on it."""
        for port, door in self.doors.items():
            to, from_ = ([stream for source, target, stream in self.streams if (target, source)[way] == port] for way in (0, 1))
            messages = sum(check_is_channel(source, target, stream, self.doors)
                           for source, target, stream in self.streams if port in (source, target))
            told = f"{door}: {len(to)} connections, {sum(map(len, to))} bytes in, {sum(map(len, from_))} out, {messages} messages"
            assert sum(map(len, to)) > FIRST and sum(map(len, from_)) > SECOND, told
            print(told)

    def find(self):
        """What is found on the lines: in what came, in order, and in the packets as they were."""
        search = Search(self.values)
        return set().union(*(search.find(content) for content in (*(stream for _, _, stream in self.streams), b"".join(self.frames))))


def main():
    built, without = sys.argv[1:]
    clear = Listened(without, built)
    found, everything = clear.find(), b"".join(stream for _, _, stream in clear.streams)
    missed = set(clear.canaries) - found
    assert not missed, f"said without a cipher, and not found: {missed}"
    unasked = [name for name in questions() if f'"{name}"'.encode() not in everything]
    assert not unasked, f"the sample lacks questions: {unasked}"
    print(f"without a cipher: {len(clear.commands)} commands, {len(clear.canaries)} canaries, all found, and "
          f"{len(found)} of {len(clear.values)} values in all")

    sealed = Listened(built, without)
    sealed.check_doors()
    found = sealed.find()
    assert not found, f"on the wire: {found}"
    print(f"with it: {len(sealed.commands)} commands, none of {len(sealed.values)} values in {len(sealed.frames)} packets of "
          f"{sum(map(len, sealed.frames))} bytes: 1 passed, 0 failed")


main()
