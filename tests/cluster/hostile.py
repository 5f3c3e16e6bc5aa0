#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Somebody who holds a good key, or has recorded who does, and sends a running node what is forged, replayed, out of order, cut
short or altered, and an evicted node that goes on: each is refused and counted for what it is, who else is connected does not
wait, and memory and descriptors are back. Phases with and without it take turns, since the machine has other things to do."""
import multiprocessing
import os
import pathlib
import random
import statistics
import sys
import time

sys.path.append(str(pathlib.Path(__file__).parent.parent / "channel"))
from cluster import Cluster, bin_dir, wait_for  # noqa: E402
from damage import home  # noqa: E402
from dissononce_node import Node, ask, keys_of, request  # noqa: E402
from dissononce_side import CLIENTS, PEERS, Closed  # noqa: E402

SEED = 20261126
ROUNDS, EACH = 6, 10  # times that every kind is tried at every door in a round
APART_S = 0.008  # from one that comes to the next; 200 a second are let in at each door
SLOWER_MAX = 2.0
GROWN_MAX_KIB = 320  # a third of a KiB for each that comes
PART = b"\x10\x00\x00"  # the beginning of a frame: a whole one would be looked at
RECORD, HANDSHAKE, EVICTED, STRANGER = "bad_record", "bad_handshake", "evicted", "not_known"


def flipped(data, generator):
    at = generator.randrange(8 * len(data))
    return data[:at // 8] + bytes([data[at // 8] ^ 1 << at % 8]) + data[at // 8 + 1:]


# What follows a good handshake: records made of `seal`, which counts, in the order they are sent.
RECORDS = {
    "forged": lambda seal, generator: [generator.randbytes(len(PART) + 16)],
    "replayed": lambda seal, generator: 2 * [seal(PART)],
    "reordered": lambda seal, generator: [seal(PART), seal(PART)][::-1],
    "truncated": lambda seal, generator: [seal(PART)[:-1]],
    "altered": lambda seal, generator: [flipped(seal(PART), generator)],
}


class Attacker:
    """Who comes to a node's doors; in a process of its own."""

    def __init__(self, c, node, evicted):
        self.generator = random.Random(SEED)
        self.turn = 0
        self.doors = {"client": Node(c, node, CLIENTS), "peer": Node(c, node, PEERS)}
        member = next(n for n in c.nodes if n not in (node, evicted))
        self.keys = {"client": keys_of(c.dir / "dev" / "person-1.identity"), "peer": keys_of(home(c, member) / "key")}
        self.evicted = keys_of(home(c, evicted) / "key")
        self.recorded = {door: self.record(door) for door in self.doors}

    def record(self, door):
        """All that a good initiator sends."""
        channel, sent = self.doors[door].connect(self.keys[door]), []
        write = channel.write
        channel.write = lambda data: (sent.append(data), write(data))
        channel.dial(os.urandom(16))
        if door == "client":
            channel.send(request(1, "node.figures"))
        return b"".join(sent)

    def spoil(self, door, kind):
        channel = self.doors[door].connect(self.keys[door])
        channel.dial(os.urandom(16))
        records = RECORDS[kind](lambda plain: channel.sending.encrypt_with_ad(b"", plain), self.generator)
        channel.write(b"".join(len(record).to_bytes(2, "big") + record for record in records))
        return channel

    def send(self, door, data):
        channel = self.doors[door].connect(self.keys[door])
        channel.write(data)
        return channel

    def tries(self):
        """Each way with the reason that is due; it returns a channel that the node is to close, or finds it closed."""
        for door in self.doors:
            for kind in RECORDS:
                yield f"{door}_refused_{RECORD}", lambda: self.spoil(door, kind)
            yield f"{door}_refused_{HANDSHAKE}", lambda: self.send(door, self.recorded[door])
            altered = flipped(self.recorded[door][2:98], self.generator)
            yield f"{door}_refused_{HANDSHAKE}", lambda: self.send(door, self.recorded[door][:2] + altered)
        yield f"peer_refused_{EVICTED}", self.be_told
        yield f"client_refused_{STRANGER}", lambda: self.doors["client"].connect(self.evicted).dial(bytes(16))

    def be_told(self):
        """The evicted node proves to be there, is told why, and leaves."""
        channel = self.doors["peer"].connect(self.evicted)
        channel.dial(os.urandom(16))
        while b"was evicted from this cluster" not in (said := channel.receive()):
            assert said
        raise Closed(0)

    def wait_turn(self):
        """Who comes faster than a door lets in is refused for that (cluster/flood)."""
        time.sleep(max(0, self.turn - time.monotonic()))
        self.turn = time.monotonic() + APART_S

    def attack(self, times):
        due = {}
        for _ in range(times):
            for figure, come in self.tries():
                due[figure] = due.get(figure, 0) + 1
                self.wait_turn()
                try:
                    channel = come()
                    while True:
                        channel.read(1)
                except (Closed, ConnectionError):
                    pass
        return due

    def serve(self, line):
        os.nice(10)  # elsewhere it would have processors of its own; what it costs the node is the node's to do
        while (times := line.recv()) is not None:
            line.send(self.attack(times))


class Probe:
    """One connection that is there all the time, and asks what a quorum must confirm."""

    def __init__(self, c, node):
        self.channel = Node(c, node, CLIENTS).connect(keys_of(c.dir / "dev" / "person-1.identity"))
        self.channel.dial(os.urandom(16))

    def figures(self):
        return ask(self.channel, "node.figures")

    def times(self, until):
        """Milliseconds of each question, until that is true."""
        took = []
        while not until(took):
            begun = time.perf_counter()
            ask(self.channel, "directory")
            took.append(1000 * (time.perf_counter() - begun))
        return took


def counted(probe, before, due):
    now = probe.figures()
    return all(now.get(figure, 0) - before.get(figure, 0) == count for figure, count in due.items())


def main():
    with Cluster(bin_dir()) as c:
        node = c.leader()
        evicted = next(n for n in c.nodes if n != node)
        c.vigil("cluster", "members", "remove", evicted)
        c.wait_stopped(evicted)  # what is counted from now on comes from us
        ours, theirs = multiprocessing.Pipe()
        attacker = Attacker(c, node, evicted)
        multiprocessing.Process(target=attacker.serve, args=(theirs,), daemon=True).start()
        probe = Probe(c, node)

        ours.send(EACH)  # whatever is allocated once is allocated
        ours.recv()
        memory, open_files = c.memory_kib(node), c.descriptors(node)
        slower, asked, all_due = [], 0, {}
        for _ in range(ROUNDS):
            before = probe.figures()
            ours.send(EACH)
            hostile = probe.times(lambda _: ours.poll())
            due = ours.recv()
            wait_for(lambda: counted(probe, before, due), f"{due} to be counted")
            calm = probe.times(lambda took: len(took) == len(hostile))
            slower.append([of_both[0] / of_both[1] for of_both in zip(*(statistics.quantiles(took, n=10) for took in (hostile, calm)))])
            asked += len(hostile)
            all_due = {figure: all_due.get(figure, 0) + count for figure, count in due.items()}
        wait_for(lambda: c.descriptors(node) == open_files, "descriptors to be back")
        grown = c.memory_kib(node) - memory
        print(", ".join(f"{figure} {count}" for figure, count in sorted(all_due.items())))
        p50, p90 = (statistics.median(round_[tenths - 1] for round_ in slower) for tenths in (5, 9))
        print(f"{sum(all_due.values())} refused and counted; {asked} questions beside them: p50 {p50:.2f}, p90 {p90:.2f} of as many "
              f"without, in the median of {ROUNDS} rounds; memory {memory} KiB and {grown:+d}, descriptors {open_files} again: 1 passed, "
              "0 failed")
        assert p50 <= SLOWER_MAX, "who is in waits for who is at the door"
        assert grown <= GROWN_MAX_KIB, "memory is not back"


main()
