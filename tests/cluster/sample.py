# SPDX-License-Identifier: Apache-2.0
"""A full sample of what people and nodes say to each other: every operation with every field that it has, every question, and
errors. Every text is a canary, which nothing else has. What was forgotten is told, held to the tables of docs/."""
import itertools
import json
import pathlib
import random
import re
import subprocess
import threading

from cluster import PATIENT, Person, Refused, bodies, request_id, wait_for
from drilling import Drill

SEED = 20261127
DOCS = pathlib.Path(__file__).parents[2] / "docs"
MAY_STAY_EMPTY = {("drill-end", "stalled"), ("drill", "node")}  # where no region was stalled; the drill is of a region
STRANGERS = ["forbidden", "unavailable"]  # are told nothing; the latter by a node that has yet to hear that somebody has gone


class Sample:
    """`where`: the words that name a compartment, if it is not the context's."""

    def __init__(self, cluster, where=()):
        self.c, self.where = cluster, where
        self.random = random.Random(SEED)
        self.canaries = []
        self.failures = []
        self.incidents = []
        self.elsewhere = None  # another compartment

    def say(self, word):
        """A text that is nowhere else."""
        self.canaries.append(f"{word} zq{self.random.getrandbits(64):016x}")
        return self.canaries[-1]

    def file(self, word, text=None):
        path = self.c.dir / f"{word}.txt"
        path.write_text(text or self.say(f"{word} content"))
        return path

    def refused(self, codes, person, *words):
        try:
            person.vigil(*words)
        except Refused as why:
            assert why.error["code"] in codes, why
            return
        raise AssertionError(f"expected {codes}: {words}")

    # ---- people, compartments, integrations ----

    def directory(self):
        c, say = self.c, self.say
        self.ben, self.mia = say("Ben"), say("Mia")
        c.vigil("user", "rename", "person-2", self.ben)
        c.vigil("user", "rename", "person-3", self.mia)
        c.vigil("user", "grant", self.ben, "legal", "key-officer")
        c.vigil("user", "revoke", self.ben, "key-officer")
        c.vigil("user", "grant", self.mia, "executive-incident-manager")
        c.vigil("oncall", "remove", self.mia)
        c.vigil("oncall", "add", self.mia)
        c.vigil("rules", "adopt", say("IR"))
        once = ("--request-id", request_id(self.random), "compartment", "rotate", "directory")
        assert c.vigil(*once, node=1)["id"] == c.vigil(*once, node=2)["id"]
        name, (path, public) = say("eve"), self.c.identity("eve")
        self.refused(STRANGERS, Person(c, path, 2), "incident", "list")
        id_ = c.vigil("user", "add", name, "--public", public, "--role", "responder", "--operator", "--key-officer")["id"]
        eve = Person(c, path, 2)
        eve.vigil("incident", "list")
        c.vigil("user", "remove", name)
        self.refused(STRANGERS, eve, "incident", "list")
        officer, (officers, public) = say("officer"), self.c.identity("officer")
        c.vigil("user", "add", officer, "--public", public, "--key-officer")
        public = self.c.identity("eve-again", "--id", id_)[1]
        proposal = c.vigil("user", "rekey", name, "--public", public)["id"]
        self.second = Person(c, officers, 2)
        self.second.vigil("proposal", "approve", proposal, "--yes")
        self.refused(["exists"], c, "user", "rename", self.ben, self.mia)
        self.refused(["not-found"], c, "user", "rename", "nobody", "somebody")

    def clearances(self):
        """A compartment of two nodes: the third comes and goes, and one more goes by way of exception; both have removed what they had."""
        c, name = self.c, self.say("acme")
        self.elsewhere = name
        c.vigil("compartment", "create", name, "--nodes", "1,2", "--boundary", "apac,emea,amer", "--min-cleared", 2)
        c.vigil("user", "grant", "person-1", "responder", "--compartment", name)
        c.vigil("compartment", "grant", name, "--node-id", 3)
        c.vigil("compartment", "revoke", name, "--node-id", 3)
        c.vigil("compartment", "revoke", name, "--node-id", 2, "--override", self.say("override"))
        wait_for(lambda: all(one["attested"] for one in c.vigil("compartment", "show", name)["revoked"]), "their word")

    def ended(self):
        """A compartment that the holder of its recovery key gives to other nodes, and that two people end, with that key."""
        c, name, share = self.c, self.say("gone"), self.c.dir / "share-1.txt"
        made = c.run("-o", "json", "recovery", "new", "--holder", "ann", "--dir", c.dir)
        key = json.loads(made.stdout)["public_key"]
        c.vigil("compartment", "create", name, "--nodes", "1,2", "--recovery", key)
        request, record = c.dir / "request.json", c.dir / "record.json"
        told = c.vigil("recovery", "request", name, "--nodes", "2", "--out", request)["fingerprint"]
        assert c.run("recovery", "open", request, share, "--fingerprint", told, "--out", record).returncode == 0
        for words in (("recover", name, "--record", record, "--override", self.say("override")), ("shred", name, "--yes", name),
                      ("recovery-destroyed", name, "--key", key)):
            self.second.vigil("proposal", "approve", c.vigil("compartment", *words)["id"], "--yes")
        wait_for(lambda: c.vigil("compartment", "show", name)["shredding"]["state"] == "shredded", "both nodes' word")
        c.vigil("log", "verify", "--compartment", name)

    def repeats(self):
        """An integration's signal and its repeats, which its node counts; they wait for ten seconds."""
        name, (path, public) = self.say("siem"), self.c.identity("siem")
        self.c.vigil("user", "add", name, "--public", public, "--role", "reporter", "--integration")
        siem, words = Person(self.c, path, 1), self.detection("automated/ids", self.say("key"))
        siem.vigil(*words)

        def repeat():
            try:
                siem.vigil("--timeout", "60s", *words)
            except Exception as why:  # noqa: B902, told at the end
                self.failures.append(why)
        thread = threading.Thread(target=repeat)
        thread.start()
        return thread

    # ---- drills ----

    def drills(self):
        """Whether one has met its targets is the machine's affair; that it ran and was reported is the sample's."""
        second = self.c.person(2, 1)
        drill = Drill(self.c, "node-loss", 3, reason=self.say("drill"))
        second.vigil("proposal", "reject", drill.id, "--reason", self.say("reason"))
        assert drill.wait_ended() != 0, drill.err.read_text()
        drill = Drill(self.c, "slow-region", "amer", "--delay", "100ms", reason=self.say("drill"))
        second.vigil("proposal", "approve", drill.id, "--reason", self.say("reason"), "--yes")
        drill.wait_ended()
        assert re.search(r"^verdict +(passed|failed)$", drill.out.read_text(), re.M), drill.err.read_text()

    # ---- tenants ----

    def tenant_name(self, home):
        return self.say("tenant")

    def tenant(self, home=None):
        """The name of one whose data is in this compartment, or in another."""
        name = self.tenant_name(home)
        self.c.vigil("tenant", "add", name, *(("--compartment", home) if home else self.where))
        return name

    def told(self):
        """Until nothing is owed to tenants elsewhere."""
        wait_for(lambda: not self.c.vigil("case", "owed", *self.where), "cases to be told")

    # ---- incidents ----

    def detection(self, source, key):
        return ["incident", "detect", "--source", source, "--title", self.say("title"), "--cia", "c,i", "--product", self.say("product"),
                "--dedup-key", key, "--detail", self.file("detail"), "--happened-at", "2026-11-22T03:04:05Z", *self.where]

    def incident(self):
        self.incidents.append(self.c.vigil(*self.detection("automated/anomaly", self.say("key")))["id"])
        return self.incidents[-1]

    def on(self, incident, *words, as_=None):
        """A command about an incident, by somebody who has read it; the second word of `words` comes before its id."""
        person = as_ or self.c
        person.vigil("incident", "show", incident)
        return person.vigil(*words[:2], incident, *words[2:])["id"]

    def to_diagnose(self, incident):
        on, say = self.on, self.say
        on(incident, "incident", "stage", "assess", "--cia", "a", "--reason", say("reason"))
        path = self.file("evidence")
        on(incident, "evidence", "add", "--file", path, "--source", say("source"), "--name", say("name"), "--collector", say("collector"),
           "--collected-at", "2026-11-22T03:04:05Z")
        on(incident, "incident", "assess", "--functional", "medium", "--information", "privacy-breach", "--recoverability", "extended",
           "--evidence", "E1", "--cia", "c", "--responsibility", "provider", "--product", say("product"), "--break-glass", say("glass"),
           "--reason", say("reason"))
        on(incident, "incident", "stage", "diagnose", "--reason", say("reason"))
        return path

    def work(self, incident):
        on, say, ben = self.on, self.say, self.c.person(2, 2)
        first = on(incident, "incident", "note", "--text", say("note"))
        on(first, "incident", "note", "--text", say("note"), "--corrects", 1)
        on(incident, "incident", "finding", "--text", say("finding"))
        on(incident, "incident", "severity", "sev1", "--priority", "p0", "--reason", say("reason"))
        on(incident, "incident", "risk", "possible", "--reason", say("reason"))
        on(incident, "incident", "responsibility", "shared", "--reason", say("reason"))
        on(incident, "incident", "own", "--owner", self.ben, "--reason", say("reason"))
        on(incident, "incident", "classify", "privacy-event", "--policy", say("policy"), "--evidence", "E1", "--participant", self.mia,
           "--reason", say("reason"))
        on(incident, "incident", "classify", "security-event", "--ground", "circumvention", "--evidence", "E1", "--reason", say("reason"))
        on(incident, "incident", "collaborate", "--contract", say("contract"), "--text", say("text"))
        self.c.vigil("plan", incident, "--text", say("plan"))
        on(incident, "task", "add", "--title", say("task"), "--owner", self.ben, "--due", "2030-01-01T12:00:00Z")
        on(incident, "task", "claim", "T1", "--owner", self.mia, "--text", say("text"))
        on(incident, "task", "done", "T1", "--text", say("text"))
        on(incident, "contain", "add", "--kind", "containment", "--action", say("action"), "--target", say("target"), "--owner", self.mia,
           "--due", "2030-01-01T12:00:00Z", "--reversible", "no", "--emergency", "--break-glass", say("glass"))
        on(incident, "contain", "done", "C1", "--text", say("text"))
        on(incident, "contain", "verify", "C1", "--text", say("text"), as_=ben)
        self.refused(["rule"], self.c, "incident", "close", incident, "--reason", say("too early"))
        self.refused(["conflict"], ben, "incident", "severity", incident, "sev0", "--reason", say("late"), "--expect", "severity=1")

    def custody(self, incident, path):
        on, say, ben = self.on, self.say, self.c.person(2, 2)
        on(incident, "evidence", "access", "E1", "--text", say("text"))
        self.c.vigil("evidence", "verify", incident, "E1", "--file", path, "--text", say("text"))
        on(incident, "evidence", "offer", "E1", "--to", self.ben, "--text", say("text"))
        on(incident, "evidence", "accept", "E1", "--text", say("text"), as_=ben)

    def declared(self, incident):
        """Declared, and withdrawn by two people on the second try; attested, closed, opened again."""
        on, say, legal, executive = self.on, self.say, self.c.person(2, 2), self.c.person(3, 3)
        on(incident, "incident", "declare", "security-incident", "--harm", "disclosure,access", "--access", "likely", "--duty", say("duty"),
           "--tenant", self.tenant(), "--tenant", self.tenant(), "--impact", say("impact"), "--resources", say("resources"), "--repair",
           say("repair"), "--evidence", "E1", "--reason", say("reason"))
        tenant = self.tenant(self.elsewhere)
        on(incident, "incident", "affect", "--tenant", tenant, "--reason", say("reason"))
        self.told()
        for verdict in ("reject", "approve"):
            proposal = on(incident, "incident", "withdraw", "--as", "legal", "--expires", "2h", "--reason", say("reason"), as_=legal)
            executive.vigil("proposal", "show", proposal)
            words = ["--as", "executive-incident-manager", "--yes"] if verdict == "approve" else []
            executive.vigil("proposal", verdict, proposal, *words, "--reason", say("reason"))
        self.told()
        self.case = incident, tenant
        for what in ("customer-risk", "business-risk", "corrective-measures"):
            on(incident, "incident", "attest", what, "yes", "--reason", say("reason"))

    def others(self):
        """What is somebody else's, was nothing, was rehearsed elsewhere, or is from elsewhere."""
        on, say = self.on, self.say
        referred = self.incident()
        on(referred, "incident", "stage", "assess", "--reason", say("reason"))
        on(referred, "incident", "responsibility", "customer", "--reason", say("reason"))
        on(referred, "incident", "refer", "--tenant", say("tenant"), "--text", say("text"))
        for kind, words in (("filter", ["--match", say("match")]), ("detector", ["--change", say("change")])):
            nothing = self.incident()
            self.to_diagnose(nothing)
            on(nothing, "incident", "classify", "false-positive", "--evidence", "E1", "--reason", say("reason"))
            on(nothing, "incident", "answer", kind, *words, "--root-cause", say("cause"), "--owner", self.ben)
        on(nothing, "incident", "close", "--reason", say("reason"))
        on(nothing, "incident", "reopen", "--reason", say("reason"))
        on(nothing, "incident", "link", "related-to", referred, "--reason", say("reason"))
        document = json.loads((DOCS.parent / "ops" / "samples" / "stolen-token.json").read_text())
        document |= {"incident_id": say("veris"), "summary": say("summary"),
                     "discovery_method": {"internal": {"variety": ["NIDS"]}}}
        path = self.file("report", json.dumps(document))
        return self.c.vigil("import", "veris", path, "--namespace", say("namespace"), *self.where)[0]["id"]

    # ---- questions ----

    def follow(self, *words):
        """Follows until a line has come."""
        with subprocess.Popen([self.c.bin / "vigil", *PATIENT, "--context", self.c.context, *map(str, words)], env=self.c.environment,
                              stdout=subprocess.PIPE, stdin=subprocess.DEVNULL) as process:
            assert process.stdout.readline(), words
            process.kill()

    def ask(self, incident, document):
        c = self.c
        for words in (["incident", "list", "--all"], ["incident", "show", incident], ["incident", "timeline", incident],
                      ["task", "list", incident], ["contain", "list", incident], ["evidence", "list", incident], ["incident", "filters"],
                      ["rules", "explain", incident], ["proposal", "list"], ["user", "list", "--all"], ["oncall", "now"],
                      ["compartment", "list"], ["compartment", "show", "directory"], ["log", "get", 1], ["log", "verify"],
                      ["cluster", "status"], ["cluster", "members"], ["stats"], ["tenant", "list"], ["tenant", "show", self.case[1]],
                      ["case", "list"], ["case", "show", self.case[0], "--tenant", self.case[1]], ["case", "owed"]):
            c.vigil(*words)
        for words in (["incident", "document", document], ["evidence", "get", incident, "E1"]):
            done = c.run("--context", c.context, *words)
            assert done.returncode == 0, done
        c.vigil("cluster", "drill", "show", c.vigil("cluster", "drill", "list")[0]["id"])
        c.vigil("cluster", "transfer", "--to", next(node for node in c.nodes if node != c.leader()))
        c.vigil("bench", "--clients", 8, "--ops", 300)  # enough for a mark
        run = c.vigil("bench", "--clients", 2, "--ops", 11, "--rate", 20)  # the last begins half a second after the first
        assert run["operations"] == 11 and run["rate"] == 20 and run["seconds"] >= 0.5, run
        self.follow("incident", "timeline", incident, "--follow")
        self.follow("incident", "watch", "--from", 1)

    def catch_up(self, incident):
        """A node that was down fetches what it missed, and what its disk has lost meanwhile."""
        behind = next(node for node in self.c.nodes if node != self.c.leader())
        self.c.vigil("incident", "show", incident)
        lost = self.c.vigil("incident", "note", incident, "--text", self.say("lost"))["index"]
        self.c.wait_equal()
        self.c.end(behind)  # applied, so that it is met by who looks for it alone
        disk = self.c.dir / "dev" / f"node-{behind}" / "data" / "log" / "data.mdb"
        with open(disk, "r+b") as file:
            for at, size in bodies(disk, lost):
                file.seek(at)
                file.write(bytes(size))
        for _ in range(3):
            self.on(incident, "incident", "note", "--text", self.say("missed"))
        self.c.signal("restart", behind)
        self.c.wait_equal()
        self.c.vigil("log", "verify", "--repair", node=behind)

    def evict(self):
        """The last thing, as the other two must both be up from then on."""
        self.c.vigil("cluster", "members", "remove", next(node for node in (2, 3) if node != self.c.leader()))

    # ---- all of it ----

    def lives(self):
        """What becomes of incidents; one that has all of it, and one from elsewhere."""
        incident = self.incident()
        path = self.to_diagnose(incident)
        self.work(incident)
        self.custody(incident, path)
        self.declared(incident)
        return incident, self.others()

    def run(self):
        self.directory()
        self.clearances()
        self.ended()
        counted = self.repeats()
        incident, document = self.lives()
        self.drills()
        self.ask(incident, document)
        self.catch_up(incident)
        counted.join()
        assert not self.failures, self.failures
        self.evict()
        return self

    def commands(self):
        """What the log has, as a node shows it: the fields of every command."""
        return [entry["command"] for entry in self.c.entries(node=1) if "command" in entry] + self.inside()

    def inside(self):
        """What takes two people is in the log inside a proposal, and told by what came of it."""
        events = self.c.vigil("incident", "timeline", self.incidents[0])
        return [{"op": "drill", **drill} for drill in self.c.vigil("cluster", "drill", "list")] + \
            [{"op": op, "compartment": one["id"]} for one in self.c.vigil("compartment", "list") if one["shredding"]
             for op in ("compartment-recover", "compartment-shred", "recovery-attest")] + \
            [{"op": "rekey", "key": one["public_key"]} for one in self.c.vigil("user", "list") if one["keyed_at"]] + \
            [{"op": "withdraw", "reason": event["text"]} for event in events if event["kind"] == "withdraw"]


class Lives(Sample):
    """What becomes of incidents in one compartment, with a tenant in another if one is named. Its texts are canaries of a set, but for the names of
    tenants, which are the directory's: every node reads them."""

    TENANTS = itertools.count()

    def __init__(self, c, name, canaries, elsewhere=None):
        super().__init__(c, ("--compartment", name))
        self.canary, self.ben, self.mia, self.elsewhere = canaries, "person-2", "person-3", elsewhere

    def say(self, word):
        return self.canary.say(word)

    def tenant_name(self, home):
        return f"tenant-{next(self.TENANTS)}"


def operations():
    """All there are, of a page that a test holds to the program (unit/test_rules_operations)."""
    rows = re.findall(r"^\| ((?:`[a-z-]+`)[^|]*)\|", (DOCS / "process.md").read_text().split("| operation |")[1].split("\n\n")[0], re.M)
    return {name for row in rows for name in re.findall(r"`([a-z-]+)`", row)}


def questions():
    table = (DOCS / "protocol.md").read_text().split("| query |")[1].split("\n\n")[0]
    return {name for row in re.findall(r"^\| (`[^|]*)\|", table, re.M) for name in re.findall(r"`([a-z.]+)`", row)}


def forgotten(commands):
    """Operations, and fields of operations, that no command has."""
    given, fields = {command["op"] for command in commands}, {}
    for command in commands:
        for field, value in command.items():
            fields[command["op"], field] = fields.get((command["op"], field)) or value not in (None, [], "")
    empty = {field for field, has in fields.items() if not has} - MAY_STAY_EMPTY
    return sorted(operations() - given), sorted(empty)
