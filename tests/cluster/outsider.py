#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""outsider.py BIN_DIR OPEN_DIR: nothing leaks by derived views. Three nodes; acme is cleared on 1 and 2, bolt on all; every text of acme's
incidents, its name and that of somebody who works there alone are canaries. Somebody with roles in bolt, somebody with none at all, a
node's key and an operator give every command of `vigil` and put every question of docs/protocol.md, about what there is in acme and about
what there is not, to a node that is cleared and to one that is not. Exit code and output are the same, byte for byte but for what was
asked about, and no canary is in any of them, nor in the nodes' logs. Without VIGIL_LONG each way to give a command is given once by each
of them, at one node, tried or not, as the seed has it. The same search over what an insider is shown finds every canary; and over what an
outsider is shown by programs that ask for no role (tests/variants), for which each question that reads must be found out (a handful of
them, without VIGIL_LONG). A role given counts from then on, and one taken away does so at once."""
import concurrent.futures
import itertools
import json
import pathlib
import random
import re
import string
import sys
import uuid

from canary import Canaries
from cluster import Cluster, Person, is_long, refused, request_id, wait_for
from drilling import Drill
from outsider_asks import COMMANDS, LOCAL, ONLY_TRIED, QUESTIONS
from raw import Asker
from sample import Lives, questions

SEED = 20261127
CLEARED, NOT_CLEARED = 1, 3
ROLES = ("reporter", "responder", "incident-manager", "executive-incident-manager", "legal")
ALPHABETS = {"acme": "qzxjkv", "names": "ycbgpm", "directory": "fhwlnu"}
UNLIKE = {"index", "evidence", "insider"}  # there is one of these in any case
OPERATORS_UNLIKE = {"name", "compartment", "person", "drill", "request", "tenant", "tenant_id"}  # an operator may know of it
READING = ("incident list", "incident show", "incident timeline", "incident document", "incident filters", "task list", "contain list",
           "evidence list", "evidence get", "proposal list", "proposal show", "rules explain", "user list", "compartment list", "log tail",
           "tenant list", "tenant show", "case list", "case show", "case owed", "log verify")
TELLING = ("cluster.status", "compartment.show", "compartment.level", "directory", "incident.list", "incident.show", "incident.document",
           "incident.page", "incident.parts", "incident.timeline", "incident.watch", "incident.explain", "incident.milestones", "proposal.list",
           "proposal.show", "filter.list", "tenant.list", "tenant.show", "case.list", "case.show", "fact.list", "log.verify",
           "drill.list", "drill.show", "drill.probes", "log.content", "log.get", "log.tail", "request.show", "node.figures")
HANDFUL = 6
AT_ONCE = 3
NO_ID = str(uuid.UUID(int=SEED))


def commands(bin_):
    """Those that can be given, with the options of each: from the completion, which is made from the program's own table."""
    script = bin_.run("completion", "bash").stdout
    leaves = re.findall(r"^ +'([a-z -]+) '\*\) words='.*' options='(.*)' ;;$", script, re.M)
    groups = re.findall(r"^ +'([a-z -]+) '\) words=", script, re.M)
    runnable = [group for group in groups if group in COMMANDS]
    return {name: options.split() for name, options in leaves} | {name: [] for name in runnable}


def fields(words):
    return {name for word in words for _, name, _, _ in string.Formatter().parse(word) if name}


def filled(value, subject):
    """A question's arguments about a subject; a number stays one."""
    if not isinstance(value, str) or not fields([value]):
        return value
    name, = fields([value])
    return subject[name] if isinstance(subject[name], int) else value.format(**subject)


class Told(Lives):
    """Tenants of other compartments are their readers' business; the names of acme's are canaries."""

    def __init__(self, c, name, canaries, names):
        super().__init__(c, name, canaries, "bolt")
        self.names = names

    def tenant_name(self, home):
        return super().tenant_name(home) if home else self.names.say("tenant").replace(" ", "-")


class Scene:
    """`drilled`: a drill is run; else there is none."""

    def __init__(self, c, drilled=True):
        self.drill = None
        self.c, self.random = c, random.Random(SEED)
        self.canaries = {of: Canaries(alphabet, random.Random(SEED)) for of, alphabet in ALPHABETS.items()}
        for of, alphabet in ALPHABETS.items():
            Canaries(alphabet, random.Random(SEED)).check("".join(other for name, other in ALPHABETS.items() if name != of))
        self.acme = self.canaries["names"].say("acme").replace(" ", "-")
        c.vigil("compartment", "create", self.acme, "--nodes", "1,2")
        c.vigil("compartment", "create", "bolt", "--nodes", "1,2,3")
        for number in (1, 2, 3):
            c.vigil("user", "grant", f"person-{number}", *ROLES, "--compartment", self.acme)
        self.people = {}
        self.enroll("insider", self.canaries["names"].say("mia"), "--role", ",".join(ROLES), "--compartment", self.acme)
        self.enroll("sam", "sam", "--role", ",".join(ROLES), "--compartment", "bolt")
        self.enroll("nora", "nora")
        self.enroll("olga", "olga", "--operator")
        self.insider = self.canaries["names"].said[-1]
        wait_for(lambda: c.standing(CLEARED, self.acme) == "level" and c.standing(NOT_CLEARED, "bolt") == "level", "both compartments")
        self.write(drilled)

    def enroll(self, who, name, *words):
        path, public = self.c.identity(who)
        self.public = public
        self.c.vigil("user", "add", name, "--public", public, *words)
        self.people[who] = path

    def person(self, who, node):
        return Person(self.c, self.people[who], node)

    def start_drill(self):
        """It goes on beside what is asked next, and makes the way to node 3 longer meanwhile."""
        self.drill = Drill(self.c, "slow-region", "amer", "--delay", "100ms", reason=self.canaries["directory"].say("drill"))
        self.c.person(2, 1).vigil("proposal", "approve", self.drill.id, "--yes", "--reason", "yes")

    def write(self, drilled):
        if drilled:
            self.start_drill()
        lives = Told(self.c, self.acme, self.canaries["acme"], self.canaries["names"])
        incident, imported = lives.lives()
        self.c.vigil("tenant", "add", "home", "--compartment", "bolt")
        request = request_id(self.random)
        added = self.person("insider", CLEARED).vigil("--request-id", request, "incident", "note", incident, "--text", lives.say("last"))
        own = self.person("sam", NOT_CLEARED).vigil("incident", "detect", "--compartment", "bolt", "--source", "operator", "--title", "sam's")["id"]
        page = self.c.vigil("incident", "show", incident, node=CLEARED)
        (report := self.c.dir / "report.json").write_text((pathlib.Path(__file__).parents[2] / "ops/samples/stolen-token.json").read_text())
        (file := self.c.dir / "file.txt").write_text("a file")
        _, public = self.c.identity("nobody")
        compartments = {one["name"]: one["id"] for one in self.c.vigil("compartment", "list")}
        people = {one["name"]: one["id"] for one in self.c.vigil("user", "list")}
        tenant = next(one for one in self.c.vigil("tenant", "list") if one["compartment"] == self.acme)
        record, key = self.paper()
        self.real = {"incident": incident, "imported": imported, "name": self.acme, "compartment": compartments[self.acme],
                     "proposal": page["proposals"][0]["id"], "task": page["tasks"][0]["id"], "drill": self.drill.id if drilled else NO_ID, "request": request,
                     "person": self.insider, "index": added["index"], "evidence": page["evidence"][0]["content_index"],
                     "tenant": tenant["name"], "tenant_id": tenant["id"]}
        self.same = {"own": own, "insider": people[self.insider], "author": people[self.insider], "report": report, "file": file, "public": public,
                     "home": "home", "record": record, "key": key, "out": self.c.dir / "out.json"}
        self.fake = {of: str(uuid.UUID(int=uuid.UUID(self.real[of]).int ^ 0xff)) for of, value in self.real.items()
                     if isinstance(value, str) and re.fullmatch("[0-9a-f-]{36}", value)}
        nobody = {of: "none such".ljust(len(self.real[of]), "o").replace(" ", "-") for of in ("name", "person", "tenant")}  # of one size, as answers say it
        self.fake |= nobody | {"index": self.real["index"] - 1, "evidence": self.real["index"]}

    def paper(self):
        """A record that would recover a compartment, for who is asked to read one, and the key that opened it."""
        share, request, record = (self.c.dir / name for name in ("share-1.txt", "request.json", "record.json"))
        made = self.c.run("-o", "json", "recovery", "new", "--holder", "ann", "--dir", self.c.dir)
        key = json.loads(made.stdout)["public_key"]
        self.c.vigil("compartment", "create", "spare", "--nodes", "1,2", "--recovery", key)
        told = self.c.vigil("recovery", "request", "spare", "--nodes", "2", "--out", request)["fingerprint"]
        assert self.c.run("recovery", "open", request, share, "--fingerprint", told, "--out", record).returncode == 0
        return record, key

    # ---- what is said ----

    def alike(self, said, asked):
        """What was said about the one, as if it had been about the other; in the place of what was asked about alone."""
        for of in asked & set(self.fake):
            said = said.replace(str(self.real[of]), str(self.fake[of]))
        return said

    def search(self, who, what, said):
        for of, canaries in self.canaries.items():
            allowed = who == "olga" and of in ("names", "directory")
            assert allowed or not (forms := canaries.find(said.encode())), (who, what, of, forms, said)

    def compared(self, who, words):
        unlike = UNLIKE | (OPERATORS_UNLIKE if who == "olga" else set())
        return fields(words) & set(self.real) and not fields(words) & unlike

    # ---- commands ----

    def patience(self, who, node, words):
        """An operator, told who is cleared, would wait for a node that is; what it is told is not compared."""
        return () if who != "olga" or node == CLEARED or self.compared(who, words) else ("--timeout", "2s")

    def give(self, who, node, command, words, subject, options):
        values = subject | self.same
        given = [*command.split(), *(word.format(**values) for word in words)]
        url = self.c.nodes[node]["client"]
        done = self.c.run("--context", self.c.context, "--node", url, "--identity", self.people[who], *self.patience(who, node, words), *options, *given)
        said = [str(done.returncode), *(self.alike(text, fields(words)) for text in (done.stdout, done.stderr))]
        self.search(who, given, "".join(said))
        return said

    def give_both(self, who, node, command, words, options):
        if not self.compared(who, words):
            self.give(who, node, command, words, self.real, options)
            return 0
        there, not_there = (self.give(who, node, command, words, subject, options) for subject in (self.real, self.fake))
        assert there == not_there, (who, node, command, words, options, there, not_there)
        return 1

    def ways(self, command, who, words, may_try):
        """At either node, tried and given, in either form."""
        for node, dry_run in itertools.product((CLEARED, NOT_CLEARED), [True] * may_try + [False] * (command not in ONLY_TRIED)):
            output = "json" if dry_run == (node == CLEARED) else "table"
            yield who, node, command, words, ["-o", output, *["--dry-run"] * dry_run]

    def chosen(self, ways):
        ways = list(ways)
        return ways if is_long() else [self.random.choice(ways)]

    def give_all(self):
        """Every command, tried, and given where it is not an operator's."""
        known = commands(self.c)
        assert set(known) - LOCAL == set(COMMANDS), f"without a row here, or a command: {sorted((set(known) - LOCAL) ^ set(COMMANDS))}"
        ways = [way for command, who in itertools.product(COMMANDS, ("sam", "nora", "olga")) for words in COMMANDS[command]
                for way in self.chosen(self.ways(command, who, words, "--dry-run" in known[command]))]
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            return len(ways), sum(pool.map(lambda way: self.give_both(*way), ways))

    # ---- questions, past the program ----

    def ask(self, who, asker, name, arguments, subject, stale):
        me = {"me": asker.lines["id"] if len(asker.lines["id"]) == 36 else str(uuid.UUID(int=int(asker.lines["id"])))}
        question = {"query": name} | {key: filled(value, subject | self.same | me) for key, value in arguments.items()}
        asked = fields([value for value in arguments.values() if isinstance(value, str)])
        said = self.alike(asker.ask(question, stale).decode("latin-1"), asked)
        self.search(who, question, said)
        return said

    def ask_both(self, who, asker, name, arguments):
        for stale in (False, True):
            there, not_there = (self.ask(who, asker, name, arguments, subject, stale) for subject in (self.real, self.fake))
            words = [value for value in arguments.values() if isinstance(value, str)]
            assert not self.compared(who, words) or there == not_there, (who, name, arguments, there, not_there)

    def ask_all(self):
        asked = 0
        assert set(QUESTIONS) == questions(), f"without a row here, or a question: {sorted(set(QUESTIONS) ^ questions())}"
        identities = {"sam": self.people["sam"], "nora": self.people["nora"], "olga": self.people["olga"],
                      "node 3": self.c.dir / "dev" / "node-3" / "key"}
        for (who, identity), node in itertools.product(identities.items(), (CLEARED, NOT_CLEARED)):
            asker = Asker(self.c, node, identity)
            for name, arguments in ((name, one) for name, all_ in QUESTIONS.items() for one in all_):
                self.ask_both(who, asker, name, arguments)
                asked += 1
        return asked

    def submit_all(self):
        """Signed commands, past the program, which asks first: nothing of them comes into the log."""
        last = self.c.last_index(CLEARED)
        for who, node, dry_run in itertools.product(("sam", "nora"), (CLEARED, NOT_CLEARED), (False, True)):
            asker, request = Asker(self.c, node, self.people[who]), request_id(self.random)
            there, not_there = (asker.note(subject["compartment"], subject["incident"], request, dry_run) for subject in (self.real, self.fake))
            assert self.alike(there.decode("latin-1"), {"compartment"}) == not_there.decode("latin-1"), (who, node, there, not_there)
            assert b"in which you have a role" in there, there
        assert self.c.last_index(CLEARED) == last, "an outsider's command is in the log"

    # ---- roles that come and go ----

    def changes(self):
        """With a role it reads and writes, at once, where the node is cleared; when that is taken it is an outsider again, at once."""
        sam = self.person("sam", CLEARED)
        asker = Asker(self.c, CLEARED, self.people["sam"])
        self.c.vigil("user", "grant", "sam", "responder", "--compartment", self.acme)
        assert sam.vigil("incident", "show", self.real["incident"])["id"] == self.real["incident"]
        assert b"in which you have a role" not in asker.note(self.real["compartment"], self.real["incident"], request_id(self.random))
        only = self.c.run("--context", self.c.context, "--node", self.c.nodes[NOT_CLEARED]["client"], "--identity", self.people["sam"],
                          "--timeout", "2s", "incident", "list", "--compartment", self.acme)
        assert only.returncode == 3 and "node 1, node 2" in only.stderr, only
        self.c.vigil("user", "revoke", "sam", "responder", "--compartment", self.acme)
        refused(1, "not-found", lambda: sam.vigil("incident", "show", self.real["incident"]))
        request = request_id(self.random)
        there, not_there = (asker.note(subject["compartment"], subject["incident"], request) for subject in (self.real, self.fake))
        assert self.alike(there.decode("latin-1"), {"compartment"}) == not_there.decode("latin-1"), (there, not_there)

    # ---- the search itself ----

    def insiders(self):
        """What an insider is shown has every canary that was said of incidents, and the names."""
        shown = []
        for command in READING:
            for words in COMMANDS[command]:
                if "{drill}" in words or "directory" in words or "control" in words:
                    continue
                values = self.real | self.same
                given = [word.format(**values) for word in words]
                for incident in self.every_incident() if "{incident}" in words else [None]:
                    about = [incident if word == self.real["incident"] else word for word in given]
                    done = self.c.run("--context", self.c.context, "--node", self.c.nodes[CLEARED]["client"], "--identity",
                                      self.people["insider"], "-o", "json", *command.split(), *about)
                    shown.append(done.stdout)
        shown = "\n".join(shown)
        missing = [said for of in ("acme", "names") for said in self.canaries[of].said if said.split()[-1] not in shown]
        assert not missing, f"an insider is not shown {missing}"
        assert self.canaries["acme"].find(shown.encode()) and self.canaries["names"].find(shown.encode())
        return sum(len(canaries.said) for canaries in self.canaries.values())

    def every_incident(self):
        if not hasattr(self, "incidents"):
            self.incidents = [one["id"] for one in self.c.vigil("incident", "list", "--all", "--compartment", self.acme, node=CLEARED)]
        return self.incidents

    def tells(self, found):
        """Whether something was found out."""
        try:
            found()
        except AssertionError:
            return True
        return False

    def found_out(self):
        """By programs that ask for no role: what each command and question that reads shows to an outsider."""
        if self.drill:
            self.drill.wait_ended()
        asker, missed = Asker(self.c, CLEARED, self.people["sam"]), []
        reading, telling = READING, TELLING
        if not is_long():
            reading, telling = (self.random.sample([name for name in names if "drill" not in name], HANDFUL) for names in (READING, TELLING))
        for command in reading:
            if not any(self.tells(lambda: self.give_both("sam", CLEARED, command, words, ["-o", "json"])) for words in COMMANDS[command]):
                missed.append(command)
        for name in telling:
            if not any(self.tells(lambda: self.ask_both("sam", asker, name, arguments)) for arguments in QUESTIONS[name]):
                missed.append(name)
        assert not missed, f"leaks, and was not found out: {missed}"
        assert self.tells(self.submit_all), "an outsider's command is taken, and was not found out"

    def logs(self):
        for node in self.c.nodes.values():
            content = pathlib.Path(node["log"]).read_bytes()
            assert not (forms := {of: forms for of, canaries in self.canaries.items() if (forms := canaries.find(content))}), (node["log"], forms)


def main():
    built, open_ = sys.argv[1:]
    with Cluster(open_, people=3) as c:
        Scene(c, drilled=is_long()).found_out()
    with Cluster(built, people=3) as c:
        scene = Scene(c)
        said = scene.insiders()
        given, compared = scene.give_all()
        scene.drill.wait_ended()  # what is told of the log stands still from here on
        asked = scene.ask_all()
        scene.submit_all()
        scene.changes()
        scene.logs()
    print(f"{given} ways to give {len(COMMANDS)} commands, {compared} compared with nothing; {asked} questions past the program; none of "
          f"{said} canaries: 1 passed, 0 failed")


if __name__ == "__main__":
    main()
