#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Another implementation of Noise (Debian's python3-dissononce) on the other side of the channel (docs/channel.md).

usage: dissononce_side.py CHANNEL_SIDE dials|answers|refused
"""
import hashlib
import os
import struct
import subprocess
import sys

from dissononce.cipher.chachapoly import ChaChaPolyCipher
from dissononce.dh.x25519.x25519 import X25519DH
from dissononce.exceptions.decrypt import DecryptFailedException
from dissononce.hash.sha256 import SHA256Hash
from dissononce.processing.handshakepatterns.interactive.IK import IKHandshakePattern
from dissononce.processing.impl.cipherstate import CipherState
from dissononce.processing.impl.handshakestate import HandshakeState
from dissononce.processing.impl.symmetricstate import SymmetricState

PEERS, CLIENTS = 1, 2
REKEY_AFTER = 65536
DH = X25519DH()


class Closed(Exception):
    """The other side has closed."""


class Channel:
    """One side of a channel over two functions: read(size), which may raise Closed, and write(bytes)."""

    def __init__(self, read, write, keys, cluster, door, label=b"vigil-channel-1", theirs=None):
        self.read, self.write, self.keys = read, write, keys
        self.state = HandshakeState(SymmetricState(CipherState(ChaChaPolyCipher()), SHA256Hash()), DH)
        self.state.initialize(IKHandshakePattern(), theirs is not None, label + cluster + bytes([door]), s=keys,
                              rs=theirs)

    def put(self, message):
        self.write(struct.pack(">H", len(message)) + message)

    def get(self):
        return self.read(struct.unpack(">H", self.read(2))[0])

    def dial(self, incarnation):
        """Returns the responder's incarnation."""
        first = bytearray()
        payload = bytearray()
        self.state.write_message(b"", first)
        self.put(bytes(first))
        self.sending, self.receiving = self.state.read_message(self.get(), payload)
        self.send(incarnation)
        return bytes(payload)

    def answer(self, incarnation):
        """Returns the initiator's incarnation."""
        second = bytearray()
        self.state.read_message(self.get(), bytearray())
        self.receiving, self.sending = self.state.write_message(incarnation, second)
        self.put(bytes(second))
        return self.receive()

    @staticmethod
    def count(cipher):
        # Its own CipherState.rekey keeps the tag in the key, and starts the counter anew: in the specification the first
        # 32 bytes are the key (4.2), and the counter goes on (11.3).
        if cipher._nonce % REKEY_AFTER == 0:
            cipher._key = cipher.cipher.rekey(cipher._key)[:32]

    def send(self, plain):
        self.put(self.sending.encrypt_with_ad(b"", plain))
        self.count(self.sending)

    def receive(self):
        plain = self.receiving.decrypt_with_ad(b"", self.get())
        self.count(self.receiving)
        return plain


def pipe_of(process):
    def read(size):
        data = process.stdout.read(size)
        if len(data) < size:
            raise Closed()
        return data

    def write(data):
        try:
            process.stdin.write(data)
            process.stdin.flush()
        except BrokenPipeError:
            raise Closed()

    return read, write


def key_of(seed):
    from dissononce.dh.x25519.private import PrivateKey
    return DH.generate_keypair(PrivateKey(hashlib.sha256(seed).digest()))


OURS, THEIRS, OTHER = key_of(b"ours"), key_of(b"theirs"), key_of(b"other")
CLUSTER = hashlib.sha256(b"cluster").digest()


def start(program, mode, admits=OURS):
    return subprocess.Popen([program, mode, THEIRS.private.data.hex(), admits.public.data.hex(), CLUSTER.hex(),
                             str(PEERS), os.urandom(32).hex()],
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def finish(process, code, said):
    """Closes our end; the side must end with this code and have said this."""
    process.stdin.close()
    rest = process.stdout.read()
    words = process.stderr.read().decode()
    assert process.wait() == code, (process.returncode, words)
    assert said in words, words
    return rest


def exchange(channel):
    for size in (1, 15, 16, 17, 1000, 65535 - 16):
        plain = os.urandom(size)
        channel.send(plain)
        assert channel.receive() == plain, size
    done = 0
    while done < REKEY_AFTER + 100:
        for i in range(500):
            channel.send(b"%d" % (done + i))
        for i in range(500):
            assert channel.receive() == b"%d" % (done + i)
        done += 500
    return done


def dials(program):
    process = start(program, "await")
    channel = Channel(*pipe_of(process), OURS, CLUSTER, PEERS, theirs=THEIRS.public)
    assert channel.dial(b"the one in Py..\0") == b"the side in C".ljust(16, b"\0")
    records = exchange(channel)
    assert finish(process, 0, "open to the one in Py..") == b""
    print(f"dissononce dials: open, {records} records each way")


def answers(program):
    process = start(program, "dial")
    channel = Channel(*pipe_of(process), OURS, CLUSTER, PEERS)
    assert channel.answer(b"the one in Py..\0") == b"the side in C".ljust(16, b"\0")
    records = exchange(channel)
    assert finish(process, 0, "open to the one in Py..") == b""
    print(f"dissononce answers: open, {records} records each way")


def refused_dial(program, said, keys=OURS, cluster=CLUSTER, door=PEERS, theirs=THEIRS, label=b"vigil-channel-1",
                 admits=OURS):
    process = start(program, "await", admits)
    channel = Channel(*pipe_of(process), keys, cluster, door, label, theirs.public)
    try:
        channel.dial(bytes(16))
        raise AssertionError("an answer to " + said)
    except Closed:
        pass
    assert finish(process, 1, said) == b"", "bytes before the end"


def refused_answer(program, **wrong):
    """The side in C dials us, and we are not who it dials, or answer with something else in mind."""
    process = start(program, "dial")
    terms = dict(keys=OURS, cluster=CLUSTER, door=PEERS)
    terms.update(wrong)
    channel = Channel(*pipe_of(process), **terms)
    try:
        channel.answer(bytes(16))
        raise AssertionError("message 1 opened")
    except DecryptFailedException:
        pass
    channel.put(os.urandom(64))
    finish(process, 1, "does not open")


def refused(program):
    no = "does not open"
    refused_dial(program, no, theirs=OTHER)
    refused_dial(program, no, cluster=bytes(32))
    refused_dial(program, no, door=CLIENTS)
    refused_dial(program, no, label=b"vigil-channel-2")
    refused_dial(program, "nobody we know", keys=OTHER)
    refused_dial(program, "nobody we know", admits=OTHER)
    refused_answer(program, keys=OTHER)
    refused_answer(program, cluster=bytes(32))
    refused_answer(program, door=CLIENTS)
    print("refused: 4 that do not open, 2 nobody knows, 3 that cannot answer")


if __name__ == "__main__":
    {"dials": dials, "answers": answers, "refused": refused}[sys.argv[2]](sys.argv[1])
