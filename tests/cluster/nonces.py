#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""No two envelopes sealed under one data key have one nonce (I32): nodes write side by side, are killed and started again, change
the key, and a whole cluster is put back to an image of itself, twice, and goes on otherwise each time. `--reused`: the programs are a
variant that draws nonces badly, which must be noticed."""
import hashlib
import re
import shutil
import struct
import sys

from cluster import Cluster, bin_dir
from damage import data_file, home

WRITES = 4  # of one node between two events
ROUNDS = 2

HEADER, ENVELOPE, HASH, CHECKSUM = 98, 143, 32, 16  # a row of `meta` (docs/storage.md); an entry's headers (docs/protocol.md)
ROW = HEADER + ENVELOPE + HASH + CHECKSUM
COMPARTMENT, ORIGIN, NONCE = slice(35, 59), slice(59, 67), slice(83, 107)  # of an envelope; the epoch is with the compartment
IN_CLEAR = bytes(8)


def envelopes(path):
    """Envelope headers of every entry that a log has, or had and LMDB has not written over; of a node that is down. LMDB 0.9."""
    content = path.read_bytes()
    for found in re.finditer(re.escape(struct.pack("<IHH", ROW, 0, 8)), content):
        row = content[found.end() + 8:found.end() + 8 + ROW]
        if hashlib.blake2b(row[:-CHECKSUM], digest_size=CHECKSUM).digest() == row[-CHECKSUM:]:
            yield row[HEADER:HEADER + ENVELOPE]


class Nonces:
    """What each nonce was used for, by compartment and epoch, over all logs and lives."""

    def __init__(self):
        self.used = {}
        self.reused = set()
        self.origins = set()

    def collect(self, c):
        for node in c.nodes:
            for envelope in envelopes(data_file(c, node)):
                key = envelope[COMPARTMENT], envelope[NONCE]
                self.origins.add(envelope[ORIGIN])
                if not key[0].endswith(IN_CLEAR) and self.used.setdefault(key, envelope) != envelope:
                    self.reused.add((key, envelope[ORIGIN]))

    def keys(self):
        return {key for key, _ in self.used}


class Writer:
    """Notes on an incident, all of them different, so that no two bodies are one."""

    def __init__(self, c):
        self.c = c
        self.incident = c.vigil("incident", "detect", "--source", "operator", "--title", "nonces")["id"]
        self.count = 0

    def write(self, node):
        for _ in range(WRITES):
            self.count += 1
            self.c.vigil("incident", "note", self.incident, "--text", f"number {self.count}", node=node)

    def everywhere(self):
        for node in self.c.nodes:
            self.write(node)


def killed(c, writer):
    for node in c.nodes:
        c.signal("kill", node)
        c.signal("restart", node)
        writer.write(node)


def stop(c, nonces):
    for node in c.nodes:
        c.end(node)
    nonces.collect(c)


def start(c):
    for node in c.nodes:
        c.signal("restart", node)
    c.wait_equal()


def put_back(c, images):
    for node in c.nodes:
        shutil.rmtree(home(c, node))
        shutil.copytree(images / str(node), home(c, node))


def cloned(c, writer, nonces):
    """All folders, keys and all, as a backup of a whole system has them: nobody remembers more, so nothing is refused."""
    images = c.dir / "images"
    stop(c, nonces)
    for node in c.nodes:
        shutil.copytree(home(c, node), images / str(node))
    for _ in range(ROUNDS):
        put_back(c, images)
        start(c)
        writer.everywhere()
        stop(c, nonces)
    start(c)


def main():
    nonces = Nonces()
    with Cluster(bin_dir()) as c:
        writer = Writer(c)
        writer.everywhere()
        for _ in range(ROUNDS):
            killed(c, writer)
        c.vigil("compartment", "rotate", "default")
        writer.everywhere()
        cloned(c, writer, nonces)
        c.verify_logs()
    assert len(nonces.keys()) == 3 and len(nonces.origins) == len(c.nodes), (nonces.keys(), nonces.origins)
    if "--reused" in sys.argv:
        assert nonces.reused, f"{len(nonces.used)} nonces, none of them used twice"
    else:
        assert not nonces.reused, f"{len(nonces.reused)} nonces are used twice: {nonces.reused}"
        assert len(nonces.used) > writer.count, (len(nonces.used), writer.count)
    print(f"nonces of {len(nonces.keys())} data keys: {len(nonces.used)}, used twice {len(nonces.reused)}: 1 passed, 0 failed")


main()
