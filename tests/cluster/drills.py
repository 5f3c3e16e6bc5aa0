#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""drills.py BIN_DIR run|kill|page [PAGES]: every kind of drill on a three-region cluster of real processes, by its command, an
operator and a second person (docs/drills.md). `run`: its report, and what is refused. `kill`: the driver is killed with the
fault on, and the cluster is whole afterwards by itself. `page`: Chromium opens a report; without Chromium the exit code is 77.
PAGES keeps the HTML reports and pictures of them there."""
import json
import pathlib
import re
import shutil
import subprocess
import sys
import time

from cluster import Cluster, Refused, bin_dir, wait_for

FAULT_S = 5
TARGETS = ("--recovery", "60s", "--stalled", "60s")  # whether it passes is not this machine's speed


def other_than(c, leader):
    return next(node for node in c.nodes if node != leader)


def kinds(c, leader):
    """Each drill's words: of a follower, where it is of one node."""
    node = other_than(c, leader)
    region = c.nodes[other_than(c, leader)]["region"]
    return {"leader-loss": (), "node-loss": (node,), "isolate": (region,), "slow-region": (region, "--delay", "100ms"),
            "disk-full": (node,)}


class Driver:
    """`vigil cluster drill` of the first person, in the background."""
    count = 0

    def __init__(self, c, kind, *words):
        self.c = c
        Driver.count += 1
        self.out, self.err = (c.dir / f"drill-{Driver.count}.{end}" for end in ("out", "err"))
        command = [c.bin / "vigil", "--context", c.context, "-o", "json", "cluster", "drill", kind, *map(str, words),
                   "--duration", f"{FAULT_S}s", *TARGETS, "--reason", "to see <whether> it's \"so\" & so"]
        with open(self.out, "w") as out, open(self.err, "w") as err:
            self.process = subprocess.Popen(command, env=c.environment, stdout=out, stderr=err, stdin=subprocess.DEVNULL)
        self.id = wait_for(self.proposed, "the proposal")

    def proposed(self):
        found = re.search(r"vigil proposal approve ([0-9a-f-]{36})", self.err.read_text())
        assert found or self.process.poll() is None, self.err.read_text()
        return found and found.group(1)

    def approve(self):
        return second(self.c, "proposal", "approve", self.id, "--reason", "all is quiet", "--yes")

    def report(self):
        code = self.process.wait(timeout=60)
        assert code == 0, (code, self.err.read_text(), self.out.read_text())
        return json.loads(self.out.read_text())

    def kill(self):
        self.process.kill()
        self.process.wait()


def second(c, *words):
    return c.person(2, 1).vigil(*words)


def refused(name, rule, call):
    try:
        call()
    except Refused as why:
        assert why.error["code"] == name and (rule is None or why.error["rule"] == rule), why
        return why.error["message"]
    raise AssertionError(f"expected {name}")


def drills(c):
    return c.vigil("cluster", "drill", "list")


def last_index(c):
    """The last command in the log; elections come and go."""
    return max(entry["index"] for entry in c.vigil("log", "tail", "--count", 200) if entry["type"] != "noop")


def is_whole(c):
    """Every node answers, follows one leader that hears from all, is close behind, and holds no fault."""
    leaders = set()
    for node in c.nodes:
        try:
            status = c.vigil("--timeout", "1s", "cluster", "status", node=node)
        except Refused:
            return False
        leaders.add(status["leader"])
        rows = {row["id"]: row for row in status["nodes"]}
        if rows[node]["drill"] is not None and rows[node]["drill"]["remaining_ms"] > 0:
            return False
        if status["leader"] == node and not all(row["reachable"] and row["lag_entries"] == 0 for row in rows.values()):
            return False
    return len(leaders) == 1 and None not in leaders


def await_whole(c):
    wait_for(lambda: is_whole(c), "a whole cluster")
    return c.leader()


# ---- each kind, to its end ----


def check_report(report, kind, hit):
    drill = report["drill"]
    assert drill["kind"] == kind and drill["state"] == report["verdict"] == "passed", report
    assert report["reasons"] == [] and report["whole_after"] is True, report
    assert report["lost"] == 0 and report["stale"] == 0, report
    assert report["writes"] > 50 and report["reads"] > 50, report
    assert [node["id"] for node in report["hit"]] == hit, report
    assert {region["region"] for region in report["regions"]} == {"apac", "emea", "amer"}, report
    assert all(region["writes"] and region["reads"] for region in report["regions"]), report
    recorded = drill["result"]
    for key in ("recovered", "recovery_ms", "stalled_ms", "writes", "reads", "lost", "stale"):
        assert recorded[key] == report[key], (key, report)
    assert {one["region"]: one["ms"] for one in recorded["stalled"]} == \
        {region["region"]: region["stalled_ms"] for region in report["regions"]}, report
    assert report["stalled_ms"] == max(region["stalled_ms"] for region in report["regions"]), report


def check_fault(report, kind):
    """What must be seen of each fault, whatever the machine's speed."""
    def during(region):
        return next(one for one in report["regions"] if one["region"] == region)["during"]["p50_ms"]
    if kind == "slow-region":
        region = report["drill"]["region"]
        assert during(region) >= 100, report
    if kind == "leader-loss":  # nobody stands for election before the election timeout
        assert report["recovery_ms"] > 300, "nobody noticed that the leader was lost"
    if kind in ("node-loss", "isolate"):  # the next node is asked after a quarter of a second
        assert during(next(iter(report["hit"]))["region"]) >= 250, report


def check_page(page):
    text = page.read_text()
    assert "&lt;whether&gt; it&#39;s &quot;so&quot; &amp; so" in text and "<whether>" not in text
    assert not re.search(r"<script|https?:|src=|href=|url\(", text), "the page asks for something from elsewhere"


def run_one(c, pages, kind, words, hit):
    page = pages / f"{kind}.html"
    driver = Driver(c, kind, *words, "--html", page)
    driver.approve()
    report = driver.report()
    check_report(report, kind, [hit])
    check_fault(report, kind)
    check_page(page)
    shown = c.vigil("cluster", "drill", "show", driver.id)
    assert shown["state"] == "passed" and shown["result"] == report["drill"]["result"], shown
    print(f"{kind} of node {hit}: recovery {report['recovery_ms']} ms, stalled {report['stalled_ms']} ms, {report['writes']} writes,"
          f" {report['reads']} reads, lost {report['lost']}, stale {report['stale']}")
    return report


def run_each(c, pages):
    for kind in kinds(c, 0):
        leader = await_whole(c)
        run_one(c, pages, kind, kinds(c, leader)[kind], leader if kind == "leader-loss" else other_than(c, leader))
    listed = drills(c)
    assert [one["state"] for one in listed] == ["passed"] * 5, listed
    assert len({one["operated_by"] for one in listed} | {one["seconded_by"] for one in listed}) == 2, listed
    table = c.run("--context", c.context, "cluster", "drill", "list").stdout
    assert "leader-loss" in table and "person-2" in table, table


def run_full_leader(c, pages):
    """A leader with a full disk hands over: writes go on while the fault lasts."""
    leader = await_whole(c)
    report = run_one(c, pages, "disk-full", (leader,), leader)
    assert report["recovery_ms"] < 1000 * FAULT_S, report
    assert "handed-over" in pathlib.Path(c.nodes[leader]["log"]).read_text(), f"node {leader} led on with a full disk"


# ---- what is refused ----


def check_refusals(c):
    leader = await_whole(c)
    node = other_than(c, leader)
    before = len(drills(c))
    index = last_index(c)
    said = refused("rule", "R32", lambda: c.vigil("--node", c.nodes[node]["client"], "cluster", "drill", "leader-loss"))
    assert "is not among the nodes" in said, said
    refused("not-found", None, lambda: c.vigil("cluster", "drill", "node-loss", 9))
    refused("not-found", None, lambda: c.vigil("cluster", "drill", "isolate", "atlantis"))
    refused("invalid", None, lambda: c.vigil("cluster", "drill", "leader-loss", "--duration", "4s"))
    refused("invalid", None, lambda: c.vigil("cluster", "drill", "leader-loss", "--duration", "11m"))
    c.signal("pause", node)
    said = refused("rule", "R32", lambda: c.vigil("cluster", "drill", "leader-loss"))
    assert "whole cluster" in said and "does not answer" in said, said
    c.signal("resume", node)
    await_whole(c)
    assert last_index(c) == index, "what cannot be is not even proposed"

    refused("forbidden", None, lambda: second(c, "cluster", "drill", "leader-loss"))
    alone = c.run("--context", c.context, "cluster", "drill", "leader-loss", "--wait", "1s")
    assert alone.returncode == 1 and "takes a second person" in alone.stderr and "(R32)" in alone.stderr, alone
    proposal = c.vigil("proposal", "list", "--compartment", "directory")[-1]
    assert proposal["state"] == "rejected", proposal
    assert len(drills(c)) == before, "nothing was changed"


def check_own_approval(c):
    driver = Driver(c, "leader-loss")
    refused("rule", "R12", lambda: c.vigil("proposal", "approve", driver.id, "--reason", "x", "--yes"))
    second(c, "proposal", "reject", driver.id, "--reason", "not today")
    assert driver.process.wait(timeout=30) == 1 and "was rejected" in driver.err.read_text(), driver.err.read_text()


def check_a_second_try(c):
    """Approved while a node is missing: nothing happens, and the approval is good for another try."""
    node = other_than(c, await_whole(c))
    driver = Driver(c, "leader-loss")
    c.signal("pause", node)
    driver.approve()
    assert driver.process.wait(timeout=30) == 1 and "whole cluster" in driver.err.read_text(), driver.err.read_text()
    c.signal("resume", node)
    await_whole(c)
    assert c.vigil("cluster", "drill", "show", driver.id)["state"] == "approved"
    refused("forbidden", None, lambda: second(c, "cluster", "drill", "run", driver.id))
    done = c.run("--context", c.context, "-o", "json", "cluster", "drill", "run", driver.id)
    assert done.returncode == 0 and json.loads(done.stdout)["verdict"] == "passed", done
    refused("exists", None, lambda: c.vigil("cluster", "drill", "run", driver.id))


def check_two_at_once(c):
    leader = await_whole(c)
    first = Driver(c, "slow-region", c.nodes[other_than(c, leader)]["region"])
    rival = Driver(c, "leader-loss")
    first.approve()
    wait_for(lambda: drills(c)[-1]["state"] == "running", "the first drill")
    said = refused("rule", "R32", lambda: c.vigil("cluster", "drill", "leader-loss"))
    assert "drill" in said, said
    rival.approve()
    assert rival.process.wait(timeout=30) == 1 and "R32" in rival.err.read_text(), rival.err.read_text()
    first.report()
    assert [one["state"] for one in drills(c)[-2:]].count("passed") == 1, drills(c)


# ---- the driver killed ----


def holds_fault(c, kind, leader):
    """The fault is on: the status shows the lease, or a silent victim answers nobody."""
    silent = {"leader-loss": leader, "node-loss": other_than(c, leader)}.get(kind)
    try:
        status = c.vigil("--timeout", "1s", "cluster", "status", node=silent or other_than(c, leader))
    except Refused:
        return silent is not None
    row = next(row for row in status["nodes"] if row["id"] == status["answered_by"])
    return silent is None and row["drill"] is not None and row["drill"]["kind"] == kind and row["drill"]["remaining_ms"] > 0


def kill_each(c):
    for kind in kinds(c, 0):
        leader = await_whole(c)
        driver = Driver(c, kind, *kinds(c, leader)[kind])
        driver.approve()
        wait_for(lambda: holds_fault(c, kind, leader), f"the fault of {kind}")
        killed = time.monotonic()
        driver.kill()
        await_whole(c)
        print(f"{kind}: whole {time.monotonic() - killed:.1f} s after its driver was killed")
        wait_for(lambda: c.vigil("cluster", "drill", "show", driver.id)["state"] == "unfinished", "the drill's end")
        incident = c.vigil("incident", "detect", "--source", "operator", "--title", f"after {kind}")
        assert incident["id"], incident
    last = Driver(c, "leader-loss")
    last.approve()
    assert last.report()["verdict"] == "passed"
    assert [one["state"] for one in drills(c)] == ["unfinished"] * 5 + ["passed"], drills(c)


# ---- a browser ----


def open_in_browser(browser, page, picture):
    """Draws the page as a person would see it, and gives its DOM."""
    words = [browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--window-size=1100,1900",
             f"--user-data-dir={picture.parent / 'browser'}", "--virtual-time-budget=2000"]
    for option in (f"--screenshot={picture}", "--dump-dom"):
        done = subprocess.run([*words, option, page.as_uri()], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done
    return done.stdout


def check_in_browser(c, pages, browser):
    leader = await_whole(c)
    page, picture = pages / "leader-loss.html", pages / "leader-loss.png"
    driver = Driver(c, "leader-loss", "--html", page)
    driver.approve()
    check_report(driver.report(), "leader-loss", [leader])
    dom = open_in_browser(browser, page, picture)
    assert dom.count("<svg") == 4 and "passed</span>" in dom and "On record" in dom, dom[:2000]
    assert picture.read_bytes().startswith(b"\x89PNG") and picture.stat().st_size > 20000, picture
    print(f"{picture.name}: {picture.stat().st_size} bytes")


def main():
    browser = shutil.which("chromium")
    part = sys.argv[2] if len(sys.argv) > 2 else "run"
    if part == "page" and browser is None:
        print("SKIPPED: there is no chromium here (apt-get install chromium)")
        sys.exit(77)
    with Cluster(bin_dir(), people=2) as c:
        pages = pathlib.Path(sys.argv[3]) if len(sys.argv) > 3 else c.dir
        if part == "run":
            check_refusals(c)
            check_own_approval(c)
            run_each(c, pages)
            run_full_leader(c, pages)
            check_a_second_try(c)
            check_two_at_once(c)
        elif part == "page":
            check_in_browser(c, pages, browser)
        else:
            kill_each(c)
        c.wait_equal()
        c.verify_logs()


if __name__ == "__main__":
    main()
