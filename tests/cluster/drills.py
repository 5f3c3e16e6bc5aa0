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

from cluster import WAIT_S, Cluster, Refused, bin_dir, wait_for
from drilling import FAULT_S, NOT_WHOLE, Drill, await_whole, hit

REASON = "to see <whether> it's \"so\" & so"
TRIES = 5  # of a drill that hits nobody (drilling.hit)


def other_than(c, leader):
    return next(node for node in c.nodes if node != leader)


def kinds(c, leader):
    """Each drill's words: of a follower, where it is of one node."""
    node = other_than(c, leader)
    region = c.nodes[other_than(c, leader)]["region"]
    return {"leader-loss": (), "node-loss": (node,), "isolate": (region,), "slow-region": (region, "--delay", "100ms"),
            "disk-full": (node,)}


class Driver(Drill):
    """`vigil cluster drill`, its report in JSON."""

    def __init__(self, c, kind, *words, page=None):
        """`page` is where its HTML goes."""
        html = () if page is None else ("--html", page)
        super().__init__(c, kind, *words, reason=REASON, options=("-o", "json"), page=html)

    def approve(self):
        return second(self.c, "proposal", "approve", self.id, "--reason", "all is quiet", "--yes")

    def report(self):
        code = self.wait_ended()
        report = json.loads(self.out.read_text() or "null")
        assert report is not None and (code == 0) == (report["verdict"] == "passed"), (code, self.err.read_text())
        return report


def second(c, *words):
    return c.person(2, 1).vigil(*words)


def refused(name, rule, call, words=None):
    """Asked again while it is refused for a cluster that is not whole just then, unless these words are why."""
    def once():
        try:
            call()
        except Refused as why:
            said = why.error["message"]
            if NOT_WHOLE in said and (words is None or words not in said):
                return None
            assert why.error["code"] == name and (rule is None or why.error["rule"] == rule), why
            assert words is None or words in said, why
            return said
        raise AssertionError(f"expected {name}")
    return wait_for(once, f"{name}: {words}")


def drills(c):
    return c.vigil("cluster", "drill", "list")


def last_index(c):
    """The last command in the log; elections come and go."""
    return max(entry["index"] for entry in c.entries() if entry["type"] != "noop")


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


def log_of(c, node):
    return pathlib.Path(c.nodes[node]["log"]).read_text()


def led(c, node, report):
    """Whether a node led when the fault came over it."""
    before = log_of(c, node).split(f" drill-fault drill={report['drill']['id']} ")[0]
    return re.findall(r" info role (\w+) ", before)[-1] == "leader"


def run_once(c, page, kind, words):
    """Its report; None if it hit nobody."""
    driver = Driver(c, kind, *words, page=page)
    driver.approve()
    report = driver.report()
    nodes = hit(c, driver.id)
    if not nodes:
        return None
    check_report(report, kind, nodes)
    check_fault(report, kind)
    check_page(page)
    shown = c.vigil("cluster", "drill", "show", driver.id)
    assert shown["state"] == "passed" and shown["result"] == report["drill"]["result"], shown
    print(f"{kind} of node {nodes[0]}: recovery {report['recovery_ms']} ms, stalled {report['stalled_ms']} ms, {report['writes']} writes,"
          f" {report['reads']} reads, lost {report['lost']}, stale {report['stale']}")
    return report


def run_one(c, pages, kind, choose):
    """A drill of what is chosen when the leader is known. Its report, and whom it hit."""
    for _ in range(TRIES):
        leader = await_whole(c)
        words = choose(leader)
        report = run_once(c, pages / f"{kind}.html", kind, words)
        if report is not None:
            (node,) = (node["id"] for node in report["hit"])
            assert led(c, node, report) if kind == "leader-loss" else words[0] in (node, c.nodes[node]["region"]), report
            return report, node
    raise AssertionError(f"{TRIES} drills of {kind} have hit nobody")


def run_each(c, pages):
    reports = [run_one(c, pages, kind, lambda leader, kind=kind: kinds(c, leader)[kind])[0] for kind in kinds(c, 0)]
    listed = drills(c)
    ours = {report["drill"]["id"] for report in reports}
    assert len(ours) == 5 and all(one["state"] == "passed" for one in listed if one["id"] in ours), listed
    assert len({one["operated_by"] for one in listed} | {one["seconded_by"] for one in listed}) == 2, listed
    table = c.run("--context", c.context, "cluster", "drill", "list").stdout
    assert "leader-loss" in table and "person-2" in table, table


def run_full_leader(c, pages):
    """A leader with a full disk hands over: writes go on while the fault lasts."""
    runs = (run_one(c, pages, "disk-full", lambda leader: (leader,)) for _ in range(TRIES))
    report, node = next((report, node) for report, node in runs if led(c, node, report))
    assert report["recovery_ms"] < 1000 * FAULT_S, report
    assert "handed-over" in log_of(c, node), f"node {node} led on with a full disk"


# ---- what is refused ----


def alone_at_the_table(c):
    def once():
        done = c.run("--context", c.context, "cluster", "drill", "leader-loss", "--wait", "1s")
        return None if NOT_WHOLE in done.stderr else done
    return wait_for(once, "a drill that waits for somebody")


def check_refusals(c):
    leader = await_whole(c)
    node = other_than(c, leader)
    before = len(drills(c))
    index = last_index(c)
    refused("rule", "R32", lambda: c.vigil("--node", c.nodes[node]["client"], "cluster", "drill", "leader-loss"), "is not among the nodes")
    refused("not-found", None, lambda: c.vigil("cluster", "drill", "node-loss", 9))
    refused("not-found", None, lambda: c.vigil("cluster", "drill", "isolate", "atlantis"))
    refused("invalid", None, lambda: c.vigil("cluster", "drill", "leader-loss", "--duration", "4s"))
    refused("invalid", None, lambda: c.vigil("cluster", "drill", "leader-loss", "--duration", "11m"))
    c.signal("pause", node)
    refused("rule", "R32", lambda: c.vigil("cluster", "drill", "leader-loss"), "does not answer")
    c.signal("resume", node)
    await_whole(c)
    assert last_index(c) == index, "what cannot be is not even proposed"

    refused("forbidden", None, lambda: second(c, "cluster", "drill", "leader-loss"))
    alone = alone_at_the_table(c)
    assert alone.returncode == 1 and "takes a second person" in alone.stderr and "(R32)" in alone.stderr, alone
    proposal = c.vigil("proposal", "list", "--compartment", "directory")[-1]
    assert proposal["state"] == "rejected", proposal
    assert len(drills(c)) == before, "nothing was changed"


def check_own_approval(c):
    driver = Driver(c, "leader-loss")
    refused("rule", "R12", lambda: c.vigil("proposal", "approve", driver.id, "--reason", "x", "--yes"))
    second(c, "proposal", "reject", driver.id, "--reason", "not today")
    assert driver.process.wait(timeout=WAIT_S) == 1 and "was rejected" in driver.err.read_text(), driver.err.read_text()


def check_a_second_try(c):
    """Approved while a node is missing: nothing happens, and the approval is good for another try. Whether that hit somebody."""
    node = other_than(c, await_whole(c))
    driver = Driver(c, "leader-loss")
    c.signal("pause", node)
    driver.approve()
    assert driver.process.wait(timeout=WAIT_S) == 1 and "does not answer" in driver.err.read_text(), driver.err.read_text()
    c.signal("resume", node)
    await_whole(c)
    assert c.vigil("cluster", "drill", "show", driver.id)["state"] == "approved"
    refused("forbidden", None, lambda: second(c, "cluster", "drill", "run", driver.id))
    report = driver.report()
    refused("exists", None, lambda: c.vigil("cluster", "drill", "run", driver.id))
    nodes = hit(c, driver.id)
    assert report["verdict"] == "passed" or not nodes, report
    return nodes


def check_two_at_once(c):
    leader = await_whole(c)
    first = Driver(c, "slow-region", c.nodes[other_than(c, leader)]["region"])
    rival = Driver(c, "leader-loss")
    first.approve()
    wait_for(lambda: first.state() == "running", "the first drill")
    refused("rule", "R32", lambda: c.vigil("cluster", "drill", "leader-loss"), f"drill {first.id}")
    rival.approve()
    assert rival.process.wait(timeout=WAIT_S) == 1 and "R32" in rival.err.read_text(), rival.err.read_text()
    assert first.report()["verdict"] == "passed" or not hit(c, first.id), first.out.read_text()
    assert not hit(c, rival.id), "one runs at a time"


# ---- the driver killed ----


def holds_fault(c, kind, leader):
    """The fault is on: the status shows the lease, or a silent victim answers nobody."""
    silent = {"leader-loss": leader, "node-loss": other_than(c, leader)}.get(kind)
    status = c.status_at_once(silent or other_than(c, leader))
    if status is None:
        return silent is not None
    row = next(row for row in status["nodes"] if row["id"] == status["answered_by"])
    return silent is None and row["drill"] is not None and row["drill"]["kind"] == kind and row["drill"]["remaining_ms"] > 0


def kill_each(c):
    for kind in kinds(c, 0):
        leader = await_whole(c)
        driver = Driver(c, kind, *kinds(c, leader)[kind])
        driver.approve()
        wait_for(lambda: driver.go_on() or holds_fault(c, kind, leader), f"the fault of {kind}")
        killed = time.monotonic()
        driver.kill()
        await_whole(c)
        print(f"{kind}: whole {time.monotonic() - killed:.1f} s after its driver was killed")
        wait_for(lambda: driver.state() == "unfinished", "the drill's end")
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
    page, picture = pages / "leader-loss.html", pages / "leader-loss.png"
    run_one(c, pages, "leader-loss", lambda leader: ())
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
            assert any(check_a_second_try(c) for _ in range(TRIES)), f"{TRIES} drills have hit nobody"
            check_two_at_once(c)
        elif part == "page":
            check_in_browser(c, pages, browser)
        else:
            kill_each(c)
        c.wait_equal()
        c.verify_logs()


if __name__ == "__main__":
    main()
