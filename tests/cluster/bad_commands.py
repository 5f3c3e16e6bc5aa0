#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What people get wrong on the command line: each refusal has the exit code of CLI.md and names what was wrong and what may
stand there, nothing is half done, and texts that would turn a terminal around are shown for what they are."""
import os
import re
import subprocess
import sys

from cluster import Cluster, bin_dir

failures = []
NOBODY = "01930000-0000-7000-8000-0000000000ff"
HIDDEN = "invoice\u202efdp.exe"  # a right-to-left override
LATE = "2030-01-01T00:00:00Z"


def expect(what, condition, seen):
    if not condition:
        failures.append(f"{what}: {seen}")


def refused(c, code, word, fragments, *words):
    done = c.run("--context", c.context, *words)
    said = done.stderr.strip()
    ok = done.returncode == code and said.startswith(f"vigil: {word}:") and all(f in said for f in fragments) and not done.stdout
    expect(f"vigil {' '.join(map(str, words))[:200]}", ok, f"exit {done.returncode}: {said[:400]}")


# Options that take one word of a set, and what a refusal lists of it.
WORDS = [
    (["incident", "stage", "ID", "closed", "--reason", "x"], "detect, assess, diagnose, stabilize, close"),
    (["incident", "assess", "ID", "--functional", "severe", "--recoverability", "regular", "--reason", "x"], "none, low, medium, high"),
    (["incident", "assess", "ID", "--functional", "low", "--information", "breach", "--recoverability", "regular", "--reason", "x"],
     "privacy-breach, proprietary-breach, integrity-loss"),
    (["incident", "assess", "ID", "--functional", "low", "--recoverability", "never", "--reason", "x"], "not-recoverable"),
    (["incident", "assess", "ID", "--functional", "low", "--recoverability", "regular", "--cia", "x", "--reason", "x"], "confidentiality"),
    (["incident", "severity", "ID", "5", "--reason", "x"], "sev0, sev1, sev2, sev3, sev4"),
    (["incident", "severity", "ID", "sev1", "--priority", "9", "--reason", "x"], "p0, p1, p2, p3, p4"),
    (["incident", "risk", "ID", "high", "--reason", "x"], "none, possible, imminent, confirmed"),
    (["incident", "responsibility", "ID", "ours", "--reason", "x"], "provider, customer, shared"),
    (["incident", "classify", "ID", "incident", "--reason", "x"], "false-positive, security-event"),
    (["incident", "classify", "ID", "security-event", "--ground", "guess", "--reason", "x"], "attempt, circumvention"),
    (["incident", "declare", "ID", "privacy-incident", "--harm", "theft", "--access", "likely", "--reason", "x"], "destruction, loss"),
    (["incident", "declare", "ID", "privacy-incident", "--harm", "loss", "--access", "maybe", "--reason", "x"], "likely, occurred"),
    (["incident", "answer", "ID", "ignore", "--root-cause", "x", "--owner", "me"], "filter, detector"),
    (["incident", "attest", "ID", "everything", "yes", "--reason", "x"], "customer-risk, business-risk, corrective-measures"),
    (["incident", "attest", "ID", "customer-risk", "perhaps", "--reason", "x"], "yes, no"),
    (["incident", "link", "ID", "same-as", "OTHER"], "duplicate"),
    (["contain", "add", "ID", "--kind", "cure", "--action", "x", "--target", "y"], "containment, mitigation, workaround, recovery"),
    (["contain", "add", "ID", "--reversible", "maybe", "--action", "x", "--target", "y"], "yes, no"),
]

# Whatever else the words may be: arguments, exit code, error code, what it names.
CASES = [
    # times carry their zone
    (["incident", "detect", "--source", "operator", "--title", "x", "--happened-at", "2026-11-22T03:04:05"], 2, "usage", ["happened-at", "zone"]),
    (["incident", "detect", "--source", "operator", "--title", "x", "--happened-at", "yesterday"], 2, "usage", ["happened-at"]),
    (["task", "add", "ID", "--title", "x", "--due", "2026-11-22 03:04"], 2, "usage", ["due", "zone"]),
    (["stats", "--since", "2026-11-22"], 2, "usage", ["--since", "zone"]),
    # ids: none, another kind's, nobody's
    (["incident", "show", "first"], 2, "invalid", ["'first'"]),
    (["incident", "show", NOBODY], 1, "not-found", [NOBODY]),
    (["incident", "note", NOBODY, "--text", "x"], 1, "not-found", [NOBODY]),
    (["incident", "note", "TASK", "--text", "x"], 1, "not-found", ["no incident"]),
    (["task", "done", "ID", "STEP"], 1, "not-found", ["no task"]),
    (["task", "done", "ID", "T9"], 1, "not-found", ["T9"]),
    (["task", "done", "ID", "first"], 2, "usage", ["'first'", "T1"]),
    (["task", "done", "OTHER", "TASK"], 1, "not-found", ["no task"]),
    (["contain", "verify", "ID", "TASK"], 1, "not-found", ["no step"]),
    (["evidence", "offer", "ID", NOBODY, "--to", "me"], 1, "not-found", ["no evidence"]),
    (["incident", "link", "ID", "duplicate-of", NOBODY], 1, "not-found", [NOBODY]),
    (["proposal", "show", NOBODY], 1, "not-found", [NOBODY]),
    (["rules", "explain", NOBODY], 1, "not-found", [NOBODY]),
    (["rules", "list", "R99"], 1, "not-found", ["R99"]),
    # people and compartments
    (["incident", "own", "ID", "--owner", "nobody", "--reason", "x"], 1, "not-found", ["nobody", "vigil user list"]),
    (["user", "grant", "person-1", "boss"], 2, "usage", ["boss", "responder"]),
    (["user", "grant", "stranger", "legal"], 1, "not-found", ["stranger"]),
    (["user", "revoke", "me", "operator"], 2, "invalid", ["by enrolment", "vigil user remove"]),
    (["cluster", "members", "promote", "4"], 2, "usage", ["not built"]),
    (["recovery", "new", "--holder", "ann", "--holder", "ann"], 2, "usage", ["'ann' is given twice"]),
    (["user", "remove", "person-1"], 1, "forbidden", ["last operator"]),
    (["user", "add", "eve", "--public", "/nowhere"], 1, "not-found", ["/nowhere"]),
    (["oncall", "add", "stranger"], 1, "not-found", ["stranger"]),
    (["incident", "detect", "--compartment", "moon", "--source", "operator", "--title", "x"], 1, "not-found", ["moon"]),
    # expectations
    (["incident", "note", "ID", "--text", "x", "--expect", "stage"], 2, "usage", ["--expect", "stage=2"]),
    (["incident", "note", "ID", "--text", "x", "--expect", "colour=1"], 2, "usage", ["--expect"]),
    (["incident", "note", "ID", "--text", "x", "--expect", "stage=-1"], 2, "usage", ["--expect"]),
    (["incident", "note", "ID", "--text", "x", "--expect", "task/T9=1"], 1, "not-found", ["T9"]),
    (["incident", "note", "ID", "--text", "x", "--expect", "stage=99"], 1, "conflict", ["stage"]),
    # texts: control characters, bounds, files
    (["incident", "detect", "--source", "operator", "--title", "a\x1b[31mred"], 2, "invalid", ["title", "control"]),
    (["incident", "detect", "--source", "operator", "--title", "two\nlines"], 2, "invalid", ["title", "control"]),
    (["incident", "detect", "--source", "operator", "--title", ""], 2, "usage", ["--title", "1 to 256"]),
    (["incident", "detect", "--source", "operator", "--title", "  "], 2, "usage", ["--title", "blanks alone"]),
    (["incident", "note", "ID", "--text", " \n\t "], 2, "usage", ["--text", "blanks alone"]),
    (["user", "rename", "person-1", " "], 2, "usage", ["name has blanks alone"]),
    (["incident", "detect", "--source", "operator", "--title", "x" * 1000], 2, "invalid", ["title"]),
    (["incident", "note", "ID", "--text", "a\x07bell"], 2, "invalid", ["text", "control"]),
    (["incident", "note", "ID", "--text", "x" * 70000], 2, "invalid", ["text"]),
    (["incident", "note", "ID", "--file", "/nowhere"], 1, "not-found", ["/nowhere"]),
    (["incident", "note", "ID"], 2, "usage", ["--text", "--file"]),
    (["incident", "note", "ID", "--text", "x", "--corrects", "99"], 1, "not-found", ["99"]),
    (["plan", "ID", "--text", ""], 2, "usage", ["text"]),
    (["evidence", "add", "ID", "--file", "/nowhere", "--source", "x"], 1, "not-found", ["/nowhere"]),
    (["evidence", "add", "ID", "--file", "EMPTY", "--source", "x"], 2, "invalid", ["empty"]),
    (["evidence", "add", "ID", "--file", "BIG", "--source", "x"], 2, "invalid", ["--no-content"]),
    (["evidence", "add", "ID", "--source", "x"], 2, "usage", ["--file"]),
    # what is missing, or not to be had
    (["incident", "detect", "--title", "x"], 2, "usage", ["--source"]),
    (["incident", "detect", "--source", "operator/ids", "--title", "x"], 1, "rule", ["sub-kinds", "(R1)"]),
    (["incident", "detect", "--source", "exercise", "--title", "x"], 1, "rule", ["(R2)"]),
    (["incident", "stage", "ID", "assess"], 2, "usage", ["reason"]),
    (["incident", "withdraw", "ID", "--reason", "x", "--expires", "tomorrow"], 2, "usage", ["--expires"]),
    (["incident", "withdraw", "ID", "--reason", "x"], 1, "rule", ["(R12)"]),
    (["incident", "list", "--severity", "9"], 2, "usage", ["--severity"]),
    (["incident", "timeline", "ID", "--after", "x"], 2, "usage", ["--after"]),
]


def replace(words, names):
    return [names.get(word, word) for word in words]


def shown_harmlessly(c):
    """A title with an override that turns text around is accepted, for scripts need it, and never printed as it is."""
    made = c.vigil("incident", "detect", "--source", "operator", "--title", HIDDEN)["id"]
    c.vigil("incident", "note", made, "--text", HIDDEN)
    for words in (["list"], ["show", made], ["timeline", made]):
        for said in (c.run("--context", c.context, "incident", *words).stdout, c.on_a_terminal("incident", *words, columns=100)[0],
                     c.run("--context", c.context, "-o", "json", "incident", *words).stdout):
            expect(f"an override in {words}", "\u202e" not in said and "202e" in said.lower(), said)
    expect("the override is kept", c.vigil("incident", "show", made)["title"] == HIDDEN, made)


def fits_the_terminal(c, incident):
    escapes = re.compile(r"\x1b\[[0-9;]*m")
    for columns in (40, 60, 80, 120, 200):
        said = c.on_a_terminal("incident", "show", incident, columns=columns)[0]
        plain = [escapes.sub("", line.rstrip("\r")) for line in said.split("\n")]
        expect(f"a page of {columns} columns", max(map(len, plain)) <= columns, [line for line in plain if len(line) > columns])
        expect("a terminal has colour", "\x1b[" in said, said)
    without = c.run("--context", c.context, "incident", "show", incident).stdout
    expect("a pipe has none", "\x1b[" not in without, without)


def keys_of(value, under=""):
    """Each key of a document, behind those it is under."""
    for key, below in value.items() if isinstance(value, dict) else ((under, v) for v in value) if isinstance(value, list) else ():
        yield from ([f"{under}/{key}"] if isinstance(value, dict) else [])
        yield from keys_of(below, f"{under}/{key}" if isinstance(value, dict) else under)


def keys_are_in_snake_case(c, incident):
    """But for what is under `revision`, which are names of aspects."""
    for words in ["incident", "show", incident], ["incident", "list"], ["rules", "severity"], ["rules", "explain", incident], ["cluster", "status"]:
        odd = {key for key in keys_of(c.vigil(*words)) if not re.fullmatch("[a-z0-9_]+", key.rsplit("/", 1)[1]) and "/revision/" not in key}
        expect(f"keys of {words}", not odd, odd)


def where_nothing_is_set_up(c):
    """Both ways to a cluster are named, and no key is asked for first."""
    bare = dict(c.environment, HOME="/nowhere", XDG_CONFIG_HOME="/nowhere")
    for words in ["cluster", "status"], ["incident", "list"], ["incident", "detect", "--source", "operator", "--title", "x"]:
        done = subprocess.run([c.bin / "vigil", *words], env=bare, capture_output=True, text=True)
        expect(f"nothing set up: {words}", done.returncode == 2 and "vigil dev up" in done.stderr and "vigil cluster join" in done.stderr, done)


COMPLETED = [
    # what is typed, the last word begun; some of what is offered, and some that is not
    ("incident withdraw X --as ", {"legal"}, {"operator"}),
    ("proposal approve X --as ", {"legal", "operator", "key-officer"}, set()),
    ("incident stage X dia", {"diagnose"}, {"assess"}),
    ("incident classify X false", {"false-positive"}, set()),
    ("incident list --stage ", {"close"}, set()),
    ("incident assess X --information priv", {"privacy-breach"}, set()),
    ("user grant ben exec", {"executive-incident-manager"}, {"grant"}),
    ("user add ben --role resp", {"responder"}, set()),
    ("--context ", {"CONTEXT"}, set()),
    ("incident list --context ", {"CONTEXT"}, set()),
    ("incident list -o ", {"jsonl"}, set()),
    ("user add ben --public FILES/em", {"FILES/empty"}, set()),
    ("compartment recover x --record FILES/em", {"FILES/empty"}, set()),
    ("--genesis FILES/em", {"FILES/empty"}, set()),
    ("compartment ren", {"rename"}, set()),
]


def completes(c):
    ask = 'source <(vigil completion bash); COMP_WORDS=(vigil "$@"); COMP_CWORD=$#; _vigil; printf "%s\\n" "${COMPREPLY[@]}"'
    for typed, wanted, unwanted in COMPLETED:
        there = {"CONTEXT": c.context, "FILES": str(c.dir)}
        words, wanted, unwanted = re.sub("CONTEXT|FILES", lambda m: there[m[0]], typed), *(
            {re.sub("CONTEXT|FILES", lambda m: there[m[0]], word) for word in words} for words in (wanted, unwanted))
        done = subprocess.run(["bash", "-c", ask, "-", *words.split(" ")], env=dict(c.environment, PATH=f"{c.bin}:{os.environ['PATH']}"),
                              capture_output=True, text=True)
        offered = set(done.stdout.split())
        expect(f"completion of {typed!r}", wanted <= offered and not unwanted & offered, (offered, done.stderr))


def rebase_on_a_terminal(c, incident):
    """The second of two is shown both values and asked; yes puts his in place, no leaves the first."""
    for answer, stays in (("n", "sev2"), ("y", "sev3")):
        first = c.vigil("incident", "show", incident)["revision"].get("severity", 0)
        c.vigil("incident", "severity", incident, "sev2", "--reason", "mine", "--session", "one", "--expect", f"severity={first}")
        done = c.run("--context", c.context, "incident", "severity", incident, "sev3", "--reason", "no, mine", "--rebase", "--session",
                     "two", "--expect", f"severity={first}", input=f"{answer}\n")
        shown = c.vigil("incident", "show", incident)["severity"]
        expect(f"--rebase and {answer}", "now    sev2" in done.stderr and "yours  sev3" in done.stderr and f"sev{shown}" == stays, done)


def main():
    with Cluster(bin_dir()) as c:
        big = c.dir / "big"
        big.write_bytes(b"x" * ((1 << 20) + 1))
        empty = c.dir / "empty"
        empty.touch()
        incident, other = (c.vigil("incident", "detect", "--source", "operator", "--title", t)["id"] for t in ("one", "two"))
        c.vigil("incident", "show", incident)
        c.vigil("incident", "stage", incident, "assess", "--reason", "x")
        task = c.vigil("task", "add", incident, "--title", "x", "--due", LATE)["id"]
        step = c.vigil("contain", "add", incident, "--action", "x", "--target", "y", "--emergency")["id"]
        names = {"ID": incident, "OTHER": other, "TASK": task, "STEP": step, "BIG": str(big), "EMPTY": str(empty)}
        before = c.vigil("incident", "show", incident)
        for words, listed in WORDS:
            refused(c, 2, "usage", [listed], *replace(words, names))
        for words, code, word, fragments in CASES:
            refused(c, code, word, fragments, *replace(words, names))
        after = c.vigil("incident", "show", incident)
        expect("nothing is half done", before == after, {k: (v, after[k]) for k, v in before.items() if v != after[k]})
        shown_harmlessly(c)
        fits_the_terminal(c, incident)
        keys_are_in_snake_case(c, incident)
        where_nothing_is_set_up(c)
        completes(c)
        alone = c.run("recovery", "new", "--holder", "ann", "--dry-run")
        expect("a key that one share gives", alone.returncode == 0 and "any one share gives the whole key" in alone.stderr, alone)
        rebase_on_a_terminal(c, incident)
    for failure in failures:
        print(failure, file=sys.stderr)
    assert not failures, f"{len(failures)} are not as promised"
    print(f"{len(WORDS) + len(CASES)} wrong calls refused in words that help: 1 passed, 0 failed")


main()
