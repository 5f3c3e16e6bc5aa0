#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What others send steers no terminal, hides no timeline, and is not believed for being there: evidence that is another file,
names and documents with escapes, texts as long and as quoted as they may be; and what is said while a quorum is away."""
import os
import random
import subprocess

from cluster import Cluster, Refused, bin_dir, in_time, request_id

SEED = 20261126
QUOTES = '"' * 65536
MANY = 40


def refused(code, word, *fragments):
    def check(act):
        try:
            given = act()
        except Refused as why:
            error = why.error
            assert why.code == code and error["code"] == word, error
            assert all(f in error["message"] for f in fragments), error
            return error
        raise AssertionError(f"{word} was to come, and {given} came")
    return check


def evidence_is_what_was_collected(c, incident):
    alert = c.dir / "alert.json"
    alert.write_bytes(b"{\"host\": \"build-7\", \"x\": \"\x1b[31mred\"}")
    c.vigil("evidence", "add", incident, "--file", alert, "--source", "ids")
    c.vigil("evidence", "verify", incident, "E1", "--file", alert)
    other = c.dir / "other.json"
    other.write_text("{}")
    for words in ((), ("--dry-run",)):
        refused(4, "integrity", "other.json", "E1")(lambda: c.vigil("evidence", "verify", incident, "E1", "--file", other, *words))
    told = [e["to"] for e in c.vigil("incident", "timeline", incident) if e["kind"] == "custody"]
    assert told == ["verify: the hash is the same", "verify: the hash is ANOTHER one"], told
    assert c.run("--context", c.context, "evidence", "get", incident, "E1").stdout.encode() == alert.read_bytes()
    said, code = c.on_a_terminal("evidence", "get", incident, "E1")
    assert code == 2 and "\x1b[31m" not in said and "> FILE" in said, said


def names_of_files(c):
    folder = c.dir / "reports"
    folder.mkdir()
    for name in (b"caf\xe9.json", b"\x1b[31mred.json"):
        (folder / os.fsdecode(name)).write_text('{"schema_version": "1.3\\u001b[31m"}')
    for output in ("table", "json", "jsonl"):
        done = subprocess.run([c.bin / "vigil", "-o", output, "--context", c.context, "import", "veris", folder],
                              env=c.environment, capture_output=True)
        assert done.returncode == 1 and b"\x1b" not in done.stdout and b"\xe9" not in done.stdout, done
        assert done.stdout.count(b"caf?.json") == 1 and done.stdout.count(b"red.json") == 1, done.stdout


def texts_as_long_as_they_may_be(c, incident):
    """Every byte of them is two in JSON; nothing becomes too large to be read."""
    quotes = c.dir / "quotes"
    quotes.write_text(QUOTES)
    before = c.vigil("cluster", "status")["commit_index"]
    for _ in range(MANY):
        c.vigil("incident", "note", incident, "--file", quotes)
    timeline = c.vigil("incident", "timeline", incident)
    assert sum(e["text"] == QUOTES for e in timeline) == MANY
    assert c.vigil("incident", "show", incident)["events"] == len(timeline)
    # A tail that has no room for all of them gives the first ones, and goes on from there.
    assert c.vigil("log", "tail", "--from", before + 1, "--count", MANY), "at least one"
    for number in range(1, 9):
        c.vigil("evidence", "add", incident, "--file", quotes, "--source", f"part {number}", "--no-content")
        for _ in range(8):
            c.vigil("evidence", "access", incident, f"E{number + 1}", "--text", QUOTES)
    assert len(c.vigil("evidence", "list", incident)) == 9
    c.vigil("incident", "show", incident)


def repeated_and_refused(c, incident):
    generator = random.Random(SEED)
    c.vigil("user", "grant", "person-1", "legal")
    c.vigil("incident", "declare", incident, "security-incident", "--harm", "loss", "--access", "likely", "--evidence", "E1",
            "--reason", "so it looks")
    c.vigil("incident", "show", incident)
    request = request_id(generator)
    first = c.vigil("incident", "withdraw", incident, "--reason", "test data", "--request-id", request)
    again = c.vigil("incident", "withdraw", incident, "--reason", "test data", "--request-id", request)
    assert again["repeated"] and again["id"] == first["id"], (first, again)
    refused(2, "invalid", "R20")(lambda: c.vigil("incident", "list", "--clock"))
    c.vigil("incident", "severity", incident.upper(), "sev0", "--reason", "as read")


def without_a_quorum(c, incident):
    for node in (2, 3):
        c.signal("pause", node)
    error = refused(3, "unavailable", "no leader", "nothing was accepted", "--request-id")(
        lambda: in_time(lambda: c.vigil("--timeout", "2s", "incident", "note", incident, "--text", "x", node=1)))
    assert error["details"]["request_id"], error
    for node in (2, 3):
        c.signal("resume", node)
    c.wait_equal()


def main():
    print(f"seed {SEED}")
    with Cluster(bin_dir()) as c:
        incident = c.vigil("incident", "detect", "--source", "operator", "--title", "Odd logins")["id"]
        c.vigil("incident", "stage", incident, "assess", "--reason", "seen")
        evidence_is_what_was_collected(c, incident)
        names_of_files(c)
        texts_as_long_as_they_may_be(c, incident)
        repeated_and_refused(c, incident)
        without_a_quorum(c, incident)
        c.verify_logs()
    print("bytes of strangers, repeats and an outage, all said as they are: 1 passed, 0 failed")


main()
