#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Those who watch see every committed event once and in order, also when the node they watch at is lost, and when they take
it up again where they were."""
import json
import subprocess
import threading

from cluster import PATIENT, Cluster, bin_dir, wait_for

EVENTS = 40


class Watcher:
    """`vigil` going on in the background; its lines as they come."""

    def __init__(self, cluster, person, *words):
        command = [str(cluster.bin / "vigil"), "-o", "json", "--context", cluster.context, *PATIENT, *person.words(), *map(str, words)]
        self.process = subprocess.Popen(command, env=cluster.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.seen = []
        self.said = []
        self.readers = [threading.Thread(target=self.take, args=(self.process.stdout, lambda line: self.seen.append(json.loads(line)))),
                        threading.Thread(target=self.take, args=(self.process.stderr, self.said.append))]
        for reader in self.readers:
            reader.start()

    @staticmethod
    def take(stream, keep):
        for line in stream:
            keep(line)

    def wait_for_index(self, index):
        wait_for(lambda: any(event["index"] >= index for event in list(self.seen)), f"index {index}: {self.said}")

    def stop(self):
        self.process.terminate()
        self.process.wait()
        for reader in self.readers:
            reader.join()


def place(event):
    return event["index"], event["number"]


def check_watch(seen, timelines, after):
    wanted = sorted((event["index"], incident, event["sequence"]) for incident, timeline in timelines.items()
                    for event in timeline if event["index"] > after)
    places = [place(event) for event in seen]
    assert places == sorted(set(places)), "a watch repeats itself, or is out of order"
    assert sorted((e["index"], e["incident"], e["sequence"]) for e in seen) == wanted, (len(seen), len(wanted))


def main():
    with Cluster(bin_dir()) as c:
        writer = c.person(1, 1)
        reader = c.person(1, 2)
        incidents = [writer.vigil("incident", "detect", "--source", "operator", "--title", f"watched {n}")["id"] for n in range(2)]
        begin = c.vigil("cluster", "status")["commit_index"]
        watcher = Watcher(c, reader, "incident", "watch", "--from", begin + 1)
        follower = Watcher(c, reader, "incident", "timeline", incidents[0], "--follow")

        def note(number):
            return writer.vigil("incident", "note", incidents[number % 2], "--text", f"event {number}")["index"]
        watcher.wait_for_index([note(number) for number in range(EVENTS)][-1])
        c.signal("kill", 2)
        if c.leader([1, 3]) not in (1, 3):
            raise AssertionError("no leader without node 2")
        *_, followed, last = [note(number) for number in range(EVENTS, 2 * EVENTS)]
        watcher.wait_for_index(last)
        follower.wait_for_index(followed)  # the other incident has the last one
        c.signal("restart", 2)
        followed, final = note(0), note(1)  # as much for each of the two
        watcher.wait_for_index(final)
        follower.wait_for_index(followed)
        watcher.stop()
        follower.stop()
        timelines = {incident: writer.vigil("incident", "timeline", incident) for incident in incidents}
        check_watch(watcher.seen, timelines, begin)
        assert [e["sequence"] for e in follower.seen] == [e["sequence"] for e in timelines[incidents[0]]], follower.seen

        # Taken up again at another node, behind what was seen last of a first watch.
        middle = watcher.seen[EVENTS]["index"]
        again = Watcher(c, c.person(1, 3), "incident", "watch", "--from", middle + 1)
        again.wait_for_index(final)
        again.stop()
        check_watch(again.seen, timelines, middle)
    print(f"{len(watcher.seen)} events watched across a lost node, none lost, none twice: 1 passed, 0 failed")


main()
