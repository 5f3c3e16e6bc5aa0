#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Three people in three regions work the same incidents at the same time, 500 commands and more, and lose their leader on
the way. What each was told is recorded, and held to what the cluster has at the end: no change is lost, none is made of a
value its author had not read, of every race for one aspect one wins and the others see both values, all state is equal."""
import json
import random
import sys
import threading

from cluster import Cluster, Refused, bin_dir, request_id

SEED = 20261126
COMMANDS = 500
ROUND = 12  # commands of each between two races
INCIDENTS = 3
SURE = ("conflict", "rule", "forbidden", "exists", "invalid", "not-found")  # answers that the log has given

# What somebody may change of an incident: the aspect, and the command with new words.
SETTINGS = {
    "severity": lambda g, n: ["incident", "severity", "ID", f"sev{g.randrange(5)}", "--reason", n],
    "data-risk": lambda g, n: ["incident", "risk", "ID", g.choice(["none", "possible"]), "--reason", n],
    "responsibility": lambda g, n: ["incident", "responsibility", "ID", g.choice(["provider", "shared"]), "--reason", n],
    "owner": lambda g, n: ["incident", "own", "ID", "--reason", n],
    "recovery-plan": lambda g, n: ["plan", "ID", "--text", n],
    "classification": lambda g, n: ["incident", "classify", "ID", "security-event", "--ground",
                                    g.choice(["attempt", "circumvention"]), "--evidence", "E1", "--reason", n],
    "stage": lambda g, n: ["incident", "stage", "ID", g.choice(["diagnose", "stabilize"]), "--reason", n],
    "customer-risk": lambda g, n: ["incident", "attest", "ID", "customer-risk", g.choice(["yes", "no"]), "--reason", n],
}
# What they may add without having read anything.
APPENDS = [
    lambda g, n: ["incident", "note", "ID", "--text", n],
    lambda g, n: ["incident", "finding", "ID", "--text", n],
    lambda g, n: ["task", "add", "ID", "--title", n],
    lambda g, n: ["contain", "add", "ID", "--target", "build-7", "--action", n],
]
PARTS = {"task": ["claim", "release", "done", "drop"], "containment": ["start", "done", "verify", "drop"]}
VERBS = {"task": "task", "containment": "contain"}


class Client:
    def __init__(self, cluster, number, incidents):
        self.person = cluster.person(number, number)
        self.random = random.Random(SEED * 10 + number)
        self.incidents = incidents
        self.number = number
        self.read = {}    # (incident, aspect): the revision as last read or set
        self.record = []  # (words, answer or error)

    def learn(self, incident, revisions):
        self.read.update({(incident, aspect): revision for aspect, revision in revisions.items()})

    def look(self, incident):
        page = self.person.vigil("incident", "show", incident)
        self.learn(incident, page["revision"])
        for kind, aspect in (("tasks", "task"), ("containment", "containment")):
            self.learn(incident, {f"{aspect}/{part['id']}": part["revision"] for part in page[kind]})
        return page

    def give(self, words):
        """One command, repeated under its id until the log has answered; its answer or its refusal, and what it knew."""
        words = [*words, "--request-id", request_id(self.random)]
        while True:
            try:
                answer = self.person.vigil(*words)
            except Refused as why:
                if why.code == 3:
                    continue
                assert why.code == 1 and why.error["code"] in SURE, why
                answer = why.error
            entry = {"words": words, "by": self.number, "answer": answer, "knew": dict(self.read)}
            self.record.append(entry)
            return entry

    def change(self, words, incident):
        entry = self.give([incident if word == "ID" else word for word in words])
        entry["incident"] = incident
        self.learn(incident, entry["answer"].get("revision", {}))
        return entry

    def name(self):
        return f"{self.number} says {len(self.record)}"

    def work(self):
        """One command as it comes: an append, a setting (read before, or not), a move of a part."""
        incident = self.random.choice(self.incidents)
        page = self.look(incident) if self.random.random() < 0.6 else None
        kind = self.random.choice(list(PARTS))
        parts = page["tasks" if kind == "task" else kind] if page else []
        if parts and self.random.random() < 0.4:
            verb = self.random.choice(PARTS[kind])
            self.change([VERBS[kind], verb, "ID", self.random.choice(parts)["id"], "--text", self.name()]
                        if verb != "claim" else ["task", "claim", "ID", self.random.choice(parts)["id"]], incident)
        elif self.random.random() < 0.5:
            self.change(self.random.choice(APPENDS)(self.random, self.name()), incident)
        else:
            self.change(self.random.choice(list(SETTINGS.values()))(self.random, self.name()), incident)


def together(clients, act):
    """Runs one thing of every client at the same time; their results."""
    results, failures = {}, []

    def run(client):
        try:
            results[client.number] = act(client)
        except BaseException as why:  # noqa: B902, told below
            failures.append(why)
    threads = [threading.Thread(target=run, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return [results[client.number] for client in clients]


def race(clients, generator, incidents):
    """All have read the same, all set the same aspect: one wins, the others are told both values."""
    incident = generator.choice(incidents)
    aspect = generator.choice(["severity", "owner", "recovery-plan", "responsibility", "data-risk"])
    together(clients, lambda client: client.look(incident))
    gate = threading.Barrier(len(clients))

    def act(client):
        gate.wait()
        return client.change(SETTINGS[aspect](client.random, client.name()), incident)
    entries = together(clients, act)
    won = [entry for entry in entries if "id" in entry["answer"]]
    lost = [entry for entry in entries if entry["answer"].get("code") == "conflict"]
    assert len(won) == 1 and len(lost) == len(clients) - 1, (aspect, entries)
    winner = won[0]
    for entry in lost:
        details = entry["answer"]["details"]
        assert details["aspect"] == aspect and details["value"] and details["proposed"], entry
        assert details["current"] == winner["answer"]["revision"][aspect], (entry, winner)
    return aspect


def prepare(person, number):
    """An incident in diagnose, so that everything may be worked on."""
    made = person.vigil("incident", "detect", "--source", "automated/ids", "--title", f"Beacon {number}", "--cia", "c")["id"]
    person.vigil("incident", "stage", made, "assess", "--reason", "seen")
    person.vigil("evidence", "add", made, "--file", __file__, "--source", "the test")
    person.vigil("incident", "assess", made, "--product", "build-farm", "--functional", "low", "--recoverability", "regular", "--evidence", "E1",
                 "--responsibility", "provider", "--reason", "as the table says")
    person.vigil("incident", "stage", made, "diagnose", "--reason", "escalated")
    for aspect in ("owner", "recovery-plan", "data-risk"):  # set once, so that a race is one for a change
        words = SETTINGS[aspect](random.Random(number), "at first")
        person.vigil(*[made if word == "ID" else word for word in words])
    return made


def check_changes(entries, timelines):
    """Every accepted change is in the timeline at its index, with its revision; no two made the same one; each was made of
    the revision its author knew. What the timelines have beside that, a rule has done or the preparation."""
    events = {(incident, event["index"]): [] for incident, timeline in timelines.items() for event in timeline}
    for incident, timeline in timelines.items():
        for event in timeline:
            events[incident, event["index"]].append(event)
    made = {}
    for entry in entries:
        answer, incident = entry["answer"], entry["incident"]
        if "id" not in answer:
            continue
        at_index = events.get((incident, answer["index"]))
        assert at_index, f"lost: {entry}"
        for aspect, revision in answer["revision"].items():
            key = (incident, aspect, revision)
            assert key not in made, f"two changes made {key}: {made[key]} and {entry}"
            made[key] = entry
            name = aspect.split("/")[0]
            assert any(e["aspect"] == name and e["revision"] == revision for e in at_index), (entry, at_index)
    return made


def check_known(entries):
    """No accepted setting was made of a value its author had not read."""
    checked = 0
    for entry in entries:
        words = entry["words"]
        for aspect, make in SETTINGS.items():
            is_this = words[:2] == make(random.Random(0), "")[:2]
            if not is_this or "id" not in entry["answer"]:
                continue
            knew = entry["knew"].get((entry["incident"], aspect), 0)
            if aspect in entry["answer"]["revision"]:
                assert entry["answer"]["revision"][aspect] == knew + 1, (aspect, knew, entry)
                checked += 1
    return checked


def main():
    print(f"seed {SEED}")
    generator = random.Random(SEED)
    with Cluster(bin_dir(), people=4) as c:
        first = c.person(4, 1)
        incidents = [prepare(first, number) for number in range(INCIDENTS)]
        clients = [Client(c, number, incidents) for number in (1, 2, 3)]
        races, killed = [], None
        while sum(len(client.record) for client in clients) < COMMANDS:
            done = sum(len(client.record) for client in clients)
            if killed is None and done > COMMANDS / 3:
                killed = c.leader()
                killer = threading.Timer(0.05, c.signal, ("kill", killed))
                killer.start()
            together(clients, lambda client: [client.work() for _ in range(ROUND)])
            races.append(race(clients, generator, incidents))
            if killed is not None and done > 2 * COMMANDS / 3 and not c.nodes[killed].get("back"):
                killer.join()
                c.signal("restart", killed)
                c.nodes[killed]["back"] = True
        assert killed is not None and c.nodes[killed].get("back"), "the leader was to be killed on the way"
        c.wait_equal()
        timelines = {incident: first.vigil("incident", "timeline", incident) for incident in incidents}
        entries = [entry for client in clients for entry in client.record]
        (c.dir / "session.json").write_text(json.dumps([[e["words"], e["by"], e["answer"]] for e in entries], indent=1))
        made = check_changes(entries, timelines)
        known = check_known(entries)
        c.verify_logs()
    accepted = sum("id" in entry["answer"] for entry in entries)
    conflicts = sum(entry["answer"].get("code") == "conflict" for entry in entries)
    print(f"{len(entries)} commands of 3 people in 3 regions, leader {killed} killed: {accepted} accepted, {conflicts} conflicts, "
          f"{len(entries) - accepted - conflicts} refused by rules; {len(made)} revisions, each made once; "
          f"{known} settings of what was read; {len(races)} races, each with one winner: 1 passed, 0 failed")
    assert accepted > COMMANDS / 4 and conflicts > len(races), "a session in which little happens shows little"


if __name__ == "__main__":
    sys.exit(main())
