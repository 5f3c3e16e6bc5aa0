#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Real incidents imported over three nodes while the leader is killed twice and a follower paused, then in a loop from
four clients with faults at acknowledged counts: every acknowledged incident once on all three nodes."""
import itertools
import pathlib
import subprocess
import sys
import threading
import time

from cluster import Cluster, bin_dir, is_long

LOOP_S = 60 if is_long() else 8
NAMESPACES = 100


class Importer(threading.Thread):
    """`vigil import veris` run on a folder; counts report lines as they come."""

    def __init__(self, cluster, folder, namespace, on_line):
        super().__init__()
        self.cluster, self.on_line = cluster, on_line
        self.command = [cluster.bin / "vigil", "--context", cluster.context, "--timeout", "30s", "import", "veris",
                        "--namespace", namespace, folder]
        self.acknowledged = []
        self.code = None
        self.errors = ""

    def run(self):
        with subprocess.Popen(self.command, env=self.cluster.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True) as process:
            for line in process.stdout:
                verdict, incident = line.split()[:2]
                if verdict in ("imported", "repeated"):
                    self.acknowledged.append(incident)
                    self.on_line()
            self.errors = process.stderr.read()
        self.code = process.returncode


class Faults:
    """Runs one fault of a fixed round each time the count of acknowledged imports reaches the next mark."""

    def __init__(self, cluster, marks):
        self.cluster, self.marks, self.count = cluster, list(marks), 0
        self.lock = threading.Lock()
        self.todo = threading.Semaphore(0)
        self.done = 0

    def line(self):
        with self.lock:
            self.count += 1
            if self.marks and self.count >= self.marks[0]:
                self.marks.pop(0)
                self.todo.release()

    def follow(self, steps, stop):
        for step in steps:
            while not self.todo.acquire(timeout=0.05):
                if stop.is_set():
                    return
            step()
            self.done += 1


def kill_and_restart_leader(c):
    leader = c.leader()
    c.signal("kill", leader)
    c.leader([n for n in c.nodes if n != leader])
    c.signal("restart", leader)


def follower(c):
    return next(n for n in c.nodes if n != c.leader())


def import_once(c, folder, documents):
    paused = []
    steps = [lambda: kill_and_restart_leader(c), lambda: (paused.append(follower(c)), c.signal("pause", paused[0])),
             lambda: (c.signal("resume", paused[0]), kill_and_restart_leader(c))]
    faults = Faults(c, [documents // 6, documents // 3, documents // 2])
    importer = Importer(c, folder, "veris", faults.line)
    stop = threading.Event()
    importer.start()
    driver = threading.Thread(target=faults.follow, args=(steps, stop))
    driver.start()
    importer.join()
    stop.set()
    driver.join()
    assert importer.code == 0, f"import ended with {importer.code}: {importer.errors}"
    assert faults.done == 3, f"only {faults.done} of 3 faults ran"
    check(c, importer.acknowledged, documents)
    return set(importer.acknowledged)


def loop(c, folder, documents, acknowledged):
    """Four clients take the namespaces in turn, round after round, and a fault every 150 acknowledged imports, at least one. A namespace
    imported before is answered with the same incidents."""
    deadline = time.monotonic() + LOOP_S
    names, used = itertools.cycle(str(n) for n in range(1, NAMESPACES + 1)), set()
    lock, acknowledgements = threading.Lock(), []
    faults = Faults(c, itertools.islice(itertools.count(150, 150), 1000))

    def client():
        while time.monotonic() < deadline or faults.done == 0:
            with lock:
                name = next(names)
            importer = Importer(c, folder, name, faults.line)
            importer.run()
            assert importer.code == 0, f"import {name} ended with {importer.code}: {importer.errors}"
            with lock:
                used.add(name)
                acknowledged.update(importer.acknowledged)
                acknowledgements.append(len(importer.acknowledged))

    clients = [threading.Thread(target=client) for _ in range(4)]
    stop = threading.Event()
    round_of_faults = itertools.cycle([lambda: kill_and_restart_leader(c), lambda: pause_a_while(c)])
    driver = threading.Thread(target=faults.follow, args=(round_of_faults, stop))
    for thread in clients + [driver]:
        thread.start()
    for thread in clients:
        thread.join()
    stop.set()
    driver.join()
    check(c, acknowledged, documents * (1 + len(used)))
    return sum(acknowledgements), faults.done


def pause_a_while(c):
    node = follower(c)
    c.signal("pause", node)
    c.leader([n for n in c.nodes if n != node])
    c.signal("resume", node)


def check(c, acknowledged, expected):
    """Every acknowledged incident once on every node, and no other."""
    assert len(set(acknowledged)) == expected, f"{len(set(acknowledged))} ids, {expected} expected"
    c.wait_equal()
    for node in c.nodes:
        ids = [i["id"] for i in c.vigil("incident", "list", "--all", node=node) if i["historical"]]
        assert len(ids) == len(set(ids)), f"node {node} lists an incident twice"
        missing, extra = set(acknowledged) - set(ids), set(ids) - set(acknowledged)
        assert not missing and not extra, f"node {node}: lost {sorted(missing)[:3]}, unexpected {sorted(extra)[:3]}"
    c.verify_logs()


def main():
    folder = pathlib.Path(sys.argv[2])
    documents = len(list(folder.glob("*.json")))
    if documents == 0:
        sys.exit(f"{folder}: no documents to import")
    with Cluster(bin_dir()) as c:
        acknowledged = import_once(c, folder, documents)
        answers, faults = loop(c, folder, documents, acknowledged)
    print(f"{documents + answers} imports acknowledged, {len(acknowledged)} incidents, each once on three nodes; "
          f"3 + {faults} faults; state hashes equal, logs verify")


main()
