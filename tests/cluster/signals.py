#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""R3 and R10 with a real integration: its first signal is an entry at once; repeats are committed as counts signed by the
node, at most one in ten seconds, each answered after that commit; what a filter takes out is counted."""
import json
import threading

from cluster import Cluster, Person, bin_dir, request_id
import random

SEED = 20261126
REPEATS = 24
# R3's ten seconds, which a node measures by its steady clock and a request's id tells by the wall's.
WINDOW_MS = 10_000 - 100


def enroll(c, name):
    path, public = c.identity(name)
    c.vigil("user", "add", name, "--public", public, "--role", "reporter", "--integration")
    return Person(c, path, 1)


def signal(machine, *words):
    return machine.vigil("incident", "detect", "--source", "automated/ids", "--title",
                         "Beacon from build-7", "--dedup-key", "ids-4711", *words)


def in_parallel(count, act):
    answers, failures = [], []

    def run():
        try:
            answers.append(act())
        except Exception as why:  # noqa: B902, told below
            failures.append(why)
    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures[0]
    return answers


def one_in_a_window(counts):
    """No node signs two counts within ten seconds; how many it takes in all depends on when the repeats came and to which node."""
    by_node = {}
    for entry in counts:
        made_ms = int(entry["command"]["request"].replace("-", "")[:12], 16)
        by_node.setdefault(entry["author"], []).append(made_ms)
    for times in by_node.values():
        times.sort()
        assert all(later - earlier >= WINDOW_MS for earlier, later in zip(times, times[1:])), by_node


def work_to_false_positive(c, incident):
    c.vigil("incident", "show", incident)
    c.vigil("evidence", "add", incident, "--file", __file__, "--source", "the test")
    c.vigil("incident", "stage", incident, "assess", "--reason", "seen")
    c.vigil("incident", "assess", incident, "--product", "gateway", "--functional", "none", "--recoverability", "regular", "--evidence", "E1", "--cia", "c",
            "--responsibility", "provider", "--reason", "a scanner of ours")
    c.vigil("incident", "classify", incident, "false-positive", "--evidence", "E1", "--reason", "a scanner of ours")
    c.vigil("incident", "answer", incident, "filter", "--root-cause", "the scanner moved", "--match", "ids-4711",
            "--owner", "person-1")
    closed = c.vigil("incident", "close", incident, "--reason", "nothing was wrong")
    assert c.vigil("incident", "show", incident)["disposition"] == "false-positive", closed


def main():
    print(f"seed {SEED}")
    generator = random.Random(SEED)
    with Cluster(bin_dir()) as c:
        siem = enroll(c, "siem")
        first = signal(siem, "--cia", "c")
        assert not first["joined"], first
        answers = in_parallel(REPEATS, lambda: signal(siem))
        assert {a["id"] for a in answers} == {first["id"]} and all(a["joined"] for a in answers), answers
        indices = {a["index"] for a in answers}
        counts = [entry for entry in c.entries(first["index"] + 1) if "command" in entry]  # a new leader's own entry has none
        # a slow answer is asked for at a second node, whose count may then have nothing new
        assert {entry["index"] for entry in counts} >= indices, (indices, counts)
        assert all(entry["command"]["op"] == "count" for entry in counts), counts
        one_in_a_window(counts)
        shown = c.vigil("incident", "show", first["id"])
        assert shown["detection"]["count"] == 1 + REPEATS, shown["detection"]
        told = [e["text"] for e in c.vigil("incident", "timeline", first["id"]) if e["kind"] == "count"]
        assert sum(int(text.split()[0]) for text in told) == REPEATS, told

        # The same signal again, under its id: the answer of before, and nothing in the log.
        request = request_id(generator)
        once = signal(siem, "--request-id", request)
        again = signal(siem, "--request-id", request)
        assert again["repeated"] and (again["id"], again["index"]) == (once["id"], once["index"]), (once, again)

        # A person's detection is its own entry.
        person = c.vigil("incident", "detect", "--source", "automated/ids", "--title", "seen it too", "--dedup-key", "ids-4711")
        assert person["joined"] and c.vigil("log", "get", person["index"])["command"]["op"] == "detect", person

        again = "--source", "automated/ids", "--title", "and again", "--dedup-key", "ids-4711"
        said = c.run("--context", c.context, "incident", "detect", *again, "--dry-run").stderr
        assert f"would join incident {first['id']}" in said and f"count {REPEATS + 4}" in said, said

        work_to_false_positive(c, first["id"])
        for words, said in (["--dry-run"], "would be taken out by the filter of incident"), ([], "taken out by the filter of incident"):
            done = c.run("--context", c.context, "incident", "detect", *again, *words)
            assert done.returncode == 0 and f"{said} {first['id']}" in done.stderr, done
        filtered = signal(siem)
        assert filtered["filtered"] and filtered["id"] == first["id"], filtered
        filters = json.loads(c.run("-o", "json", "--context", c.context, "incident", "filters").stdout)
        assert filters[0]["match"] == "ids-4711" and filters[0]["count"] == 2, filters
        assert c.vigil("incident", "show", first["id"])["detection"]["count"] == REPEATS + 3, "filtered ones are counted apart"
        c.wait_equal()
    print(f"{REPEATS} repeats of one signal in {len(indices)} entries, none lost: 1 passed, 0 failed")


main()
