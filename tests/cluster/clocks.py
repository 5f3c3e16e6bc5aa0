#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Wall clocks a day off, of one node or of a client: handshakes, reads and commands go on, stamps stay true, whose clock it is is said,
and a command that is issued too early or too late says by how much."""
import datetime
import pathlib
import sys

from cluster import Cluster, Person, Refused, bin_dir, wait_for
from disks import Disks

DAY_MS = 24 * 3600 * 1000
STAMP_OFF_S = 120  # of entries, whatever a clock says; a bound on how slow this machine may be


def assert_stamped_now(answers):
    now = datetime.datetime.now(datetime.timezone.utc)
    for answer in answers:
        stamp = datetime.datetime.fromisoformat(answer["time"].replace("Z", "+00:00"))
        assert abs((now - stamp).total_seconds()) < STAMP_OFF_S, (now, answer)


def integration(c, node):
    """A machine that reports signals, at one node alone."""
    path, public = c.identity("siem")
    c.vigil("user", "add", "siem", "--public", public, "--role", "reporter", "--integration")
    machine = Person(c, path, node)
    machine.nodes = [node]
    return machine


def client_clock(c):
    """How far the clock of `vigil` is ahead."""
    return c.dir / "client" / "clock"


def works_everywhere(c, incident, siem, key):
    """A note at each node, a dry run at the node that is off, and a signal with its repeat there, which the node counts itself."""
    off = siem.nodes[0]
    answers = [c.vigil("incident", "note", incident, "--text", f"{key} at {node}", node=node) for node in c.nodes]
    c.vigil("incident", "note", incident, "--text", "a dry run", "--dry-run", node=off)
    words = ["--timeout", "30s", "incident", "detect", "--source", "automated/ids", "--title", "Beacon", "--dedup-key", key]
    first, repeat = siem.vigil(*words), siem.vigil(*words)
    assert repeat["id"] == first["id"] and repeat["joined"], (first, repeat)
    assert_stamped_now([*answers, first, repeat])


def row(c, node):
    return next(n for n in c.vigil("cluster", "status")["nodes"] if n["id"] == node)


def astray(c, node):
    figures = row(c, node)
    return figures if figures["clock"] else None


def of_a_follower(c, disks, incident):
    """As it runs, and at its start; then it is put right."""
    off = next(node for node in c.nodes if node != c.leader())
    siem = integration(c, off)
    for name, ms in (("ahead of", DAY_MS), ("behind", -DAY_MS)):
        disks.steer(off, "clock", ms)
        said = wait_for(lambda: astray(c, off), "the leader to hear of that clock")
        assert said["clock"].endswith(f" s {name} the others'; set it") and abs(said["clock_ahead_ms"] - ms) < STAMP_OFF_S * 1000, said
        wait_for(lambda: f"node {off}: its clock is" in c.run("--context", c.context, "cluster", "status").stdout, "the table to say so")
        works_everywhere(c, incident, siem, f"running {name}")
        disks.start(c, off, killed=False)
        c.environment["VIGIL_SHIM_DIR"] = str(client_clock(c).parent)
        works_everywhere(c, incident, siem, f"started {name}")
        disks.release(off, "clock")
        wait_for(lambda: row(c, off)["clock"] is None, "the leader to hear that it is right again")
    said = "".join(pathlib.Path(node["log"]).read_text() for node in c.nodes.values())
    assert f" warn clock-astray node={off} " in said and f" info clock-right node={off}" in said, said


def of_the_leader(c, disks, incident):
    """It hands over, and follows."""
    for ms in (DAY_MS, -DAY_MS):
        off = c.leader()
        disks.steer(off, "clock", ms)
        wait_for(lambda: c.leader() != off, "another node to lead")
        assert_stamped_now([c.vigil("incident", "note", incident, "--text", "handed over", node=node) for node in c.nodes])
        wait_for(lambda: row(c, off)["clock"], "the new leader to hear of that clock")
        disks.release(off, "clock")
        wait_for(lambda: row(c, off)["clock"] is None, "and that it is right again")


def of_a_client(c, incident):
    """It reads whatever its clock says; what it writes is expired where the issue time is outside of what the log allows."""
    note = ("incident", "note", incident, "--text", "from another day")
    cases = ((DAY_MS, "24 hours ahead of log time", "set it"), (-DAY_MS, None, None), (-8 * DAY_MS, "8 days behind log time", "whose clock is right"))
    for ms, off, remedy in cases:
        client_clock(c).write_text(str(ms))
        assert c.vigil("incident", "show", incident)["id"] == incident
        try:
            assert_stamped_now([c.vigil(*note)])
            assert off is None, f"{ms} ms off, and accepted"
        except Refused as why:
            assert off and why.code == 1 and why.error["code"] == "expired", why
            assert off.split(" ")[1] in why.error["message"] and remedy in why.error["message"], (off, why)
    client_clock(c).unlink()


def main():
    with Cluster(bin_dir()) as c:
        incident = c.vigil("incident", "detect", "--source", "operator", "--title", "clocks")["id"]
        disks = Disks(c, sys.argv[2])
        client_clock(c).parent.mkdir()
        c.environment["VIGIL_SHIM_DIR"] = str(client_clock(c).parent)
        of_a_follower(c, disks, incident)
        of_the_leader(c, disks, incident)
        of_a_client(c, incident)
        c.wait_equal()
    print("clocks a day off, of a follower, a leader and a client: 1 passed, 0 failed")


main()
