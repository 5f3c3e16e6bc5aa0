#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""vigil-proxy before a real cluster: bad scripts are refused and nothing is touched; a script does to the nodes what it says;
however it ends, the nodes are left as they were."""
import contextlib
import json
import re
import shutil
import signal
import subprocess

from cluster import Cluster, bin_dir

ALL = {"from": "*", "to": "*"}


def cut(name, **more):
    return {"name": name, "do": "cut", "for_ms": 10, **ALL, **more}


# what the script has; how its refusal begins
BAD = [
    ([cut("a", after="b"), cut("b", after="a")], "step 'a': after leads back to it: a -> b -> a"),
    ([cut("a", after="c")], "step 'a': after is 'c', and there is no such step"),
    ([cut("a", at_ms=0, form=1)], "step 'a': 'form' is no member of a step; those are name, do,"),
    ([cut("a", at_ms=0), cut("a", at_ms=1)], "step 2: its name is 'a', which is that of step 1 already"),
    ([cut("a", at_ms=86400001)], "step 'a': at_ms is 86400001; it must be a whole number from 0 to 86400000"),
    ([{**cut("a", at_ms=0), "to": 4}], "step 'a': the cluster has no node 4; it has 1, 2, 3"),
    ([cut("\x1b[2Jx", at_ms=0)], "step 1: its name is missing, or not of"),
]


class Proxy:
    def __init__(self, c):
        self.c = c

    def words(self, *words, directory=None):
        return [self.c.bin / "vigil-proxy", "--dir", directory or self.c.dir / "dev", *words]

    def script(self, steps, **more):
        path = self.c.dir / "script.json"
        path.write_text(json.dumps({"steps": steps, **more}))
        return path

    def run(self, *words, **where):
        return subprocess.run(self.words(*words, **where), capture_output=True, text=True, timeout=60)

    @contextlib.contextmanager
    def start(self, *words):
        with subprocess.Popen(self.words(*words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
            try:
                yield running
            finally:
                running.kill()  # if something went wrong; else it has ended

    def left_alone(self):
        """All that a run touches: the nodes' processes and configurations."""
        nodes = self.c.vigil("dev", "status", "--dir", self.c.dir / "dev")["nodes"]
        return [node["pid"] for node in nodes], self.configs()

    def configs(self):
        return [(self.c.dir / "dev" / f"node-{node}" / "config.yaml").read_text() for node in sorted(self.c.nodes)]


def read_until(process, words):
    """Its output up to a line with these words."""
    for line in process.stdout:
        if words in line:
            return line
    raise AssertionError(f"it ended without '{words}': {process.stderr.read()}")


def bad_scripts(p):
    before = p.left_alone()
    for steps, why in BAD:
        script = p.script(steps)
        for words in (["--check"], []):
            done = p.run("--script", script, *words)
            assert done.returncode == 2 and done.stdout == "", done
            assert done.stderr.startswith(f"vigil-proxy: invalid: {script}: {why}"), done.stderr
    assert p.run("--script", p.c.dir / "none").returncode == 1
    assert p.run().returncode == 2 and p.run("--script", "x", "--form").returncode == 2
    assert p.run("--script", p.script([]), directory=p.c.dir / "none").returncode == 1
    assert p.left_alone() == before


def nodes_elsewhere(p):
    """A cluster whose file names a host by its name."""
    before = p.left_alone()
    copy = p.c.dir / "copy"
    shutil.copytree(p.c.dir / "dev", copy, ignore=shutil.ignore_patterns("data"))
    state = copy / "cluster.json"
    state.write_text(re.sub(r'("peer": ?"tcp://)127.0.0.1', r"\g<1>node.example.org", state.read_text(), count=1))
    done = p.run("--script", p.script([]), directory=copy)
    assert done.returncode == 2 and "only IPv4 in digits" in done.stderr, done
    assert p.left_alone() == before


def a_check(p):
    before = p.left_alone()
    script = p.script([cut("b", after="a", wait_ms=5), cut("a", at_ms=1000)], regions="default", seed=3)
    done = p.run("--script", script, "--check")
    assert done.returncode == 0, done
    assert [line.split(" s  ")[1] for line in done.stdout.splitlines() if " s  " in line] == [
        "a begins: cut * -> *, for 10 ms", "a ends", "b begins: cut * -> *, for 10 ms", "b ends"], done.stdout
    assert done.stdout.startswith("seed 3\nround trip apac - emea 150 ms\n"), done.stdout
    assert p.left_alone() == before


def a_script(c, p):
    """Frames are damaged and broken off under writes; the figures say so, and the nodes are put back."""
    before = p.configs()
    script = p.script([{"name": "bits", "do": "flip", "at_ms": 0, **ALL}, {"name": "ends", "do": "break", "at_ms": 1, **ALL},
                       {"name": "far", "do": "delay", "at_ms": 2, "for_ms": 1000, "delay_ms": 5, "jitter_ms": 5, **ALL}])
    with p.start("--script", script, "--stay") as running:
        read_until(running, "far begins: delay * -> *, 5 ms and up to 5 ms more, for 1000 ms")
        assert all(now != then for now, then in zip(p.configs(), before)), "nodes dial each other past the proxy"
        incident = c.vigil("incident", "detect", "--source", "operator", "--title", "behind the proxy")["id"]
        read_until(running, "far ends")
        c.wait_equal()  # who leads has sent something to both others, past a bit and a break on each link
        running.send_signal(signal.SIGTERM)
        table = running.stdout.read()
        assert running.wait() == 0, running.stderr.read()
    links = [line.split() for line in table.splitlines() if "->" in line]
    assert len(links) == 6, table
    flips, breaks = (sum(int(link[column]) for link in links) for column in (5, 6))
    assert 2 <= flips <= 6 and 2 <= breaks <= 6, table  # what the leader says to the others, at least
    assert p.configs() == before
    c.vigil("incident", "show", incident)
    c.wait_equal()


def a_node_cut_off(c, p):
    """It answers nobody, the others everybody; nobody else may stand there meanwhile; a signal in the middle leaves the cluster
    whole."""
    before = p.configs()
    script = p.script([cut("off", at_ms=0, both_ways=True, for_ms=600_000) | {"from": 1}])
    with p.start("--script", script) as running:
        read_until(running, "off begins: cut 1 <-> *, for 600000 ms")
        c.leader(among=[2, 3])
        c.vigil("incident", "detect", "--source", "operator", "--title", "without apac", node=2)
        done = c.run("--context", c.context, "--node", c.nodes[1]["client"], "--timeout", "1s", "incident", "list")
        assert done.returncode == 3, done
        done = p.run("--script", script)
        assert done.returncode == 3 and "another vigil-proxy" in done.stderr, done
        running.send_signal(signal.SIGINT)
        assert running.wait() == 3
        said = running.stderr.read()
    assert said == "vigil-proxy: unavailable: a signal ended it before step 'off' ended\n", said
    assert p.configs() == before
    c.wait_equal()


def a_killed_proxy(c, p):
    """Nodes that dial where nobody listens any more are put right by the next run."""
    before = p.configs()
    with p.start("--script", p.script([cut("a", at_ms=600_000)])) as running:
        read_until(running, "seed 0")
        running.kill()
    assert p.configs() != before
    done = p.run("--script", p.script([]))
    assert done.returncode == 0 and p.configs() == before, done
    c.wait_equal()


def a_node_down(c, p):
    c.signal("kill", 2)
    before = p.left_alone()
    done = p.run("--script", p.script([]))
    assert done.returncode == 3 and "node 2 does not run; 'vigil dev up --dir" in done.stderr, done
    assert p.left_alone() == before


def main():
    with Cluster(bin_dir()) as c:
        p = Proxy(c)
        bad_scripts(p)
        nodes_elsewhere(p)
        a_check(p)
        a_script(c, p)
        a_node_cut_off(c, p)
        a_killed_proxy(c, p)
        a_node_down(c, p)
    print("proxy: refused, played, ended in the middle, killed: the nodes are as they were")


main()
