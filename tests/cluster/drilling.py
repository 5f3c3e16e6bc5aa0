# SPDX-License-Identifier: Apache-2.0
"""`vigil cluster drill` in the background. It needs a cluster that is whole at every moment it looks: where one has a new leader or a
node that takes long to answer just then, it is begun again, or run again with the approval it has."""
import pathlib
import re
import subprocess

from cluster import PATIENT, Refused, wait_for

FAULT_S = 5
TARGETS = ("--duration", f"{FAULT_S}s", "--recovery", "60s", "--stalled", "60s")  # whether it passes is not this machine's speed
NOT_WHOLE = "a drill needs a whole cluster"


def is_whole(c):
    """Every node answers, follows one leader that hears from all, is close behind, and holds no fault."""
    leaders = set()
    for node in c.nodes:
        status = c.status_at_once(node)
        if status is None:
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


def hit(c, drill):
    """The nodes that have taken the fault of a drill, as they say themselves. None, if the leader changed or a node did not answer
    another just when it was to begin."""
    return [node["id"] for node in c.nodes.values() if f" drill-fault drill={drill} " in pathlib.Path(node["log"]).read_text()]


class Drill:
    """A drill of the first person; `options` are of any command, `page` of every run of the drill."""
    count = 0

    def __init__(self, c, *words, reason, options=(), page=()):
        Drill.count += 1
        self.c, self.options, self.page = c, options, page
        self.out, self.err = (c.dir / f"drill-{Drill.count}.{end}" for end in ("out", "err"))
        self.process = None
        self.id = wait_for(lambda: self.proposed(*words, *TARGETS, "--reason", reason), "the proposal")

    def start(self, *words):
        await_whole(self.c)
        command = [self.c.bin / "vigil", *PATIENT, "--context", self.c.context, *self.options, "cluster", "drill", *map(str, (*words, *self.page))]
        with open(self.out, "w") as out, open(self.err, "w") as err:
            self.process = subprocess.Popen(command, env=self.c.environment, stdout=out, stderr=err, stdin=subprocess.DEVNULL)

    def proposed(self, *words):
        if self.process is None or self.is_put_off():
            self.start(*words)
        over = self.process.poll() is not None
        found = re.search(r"vigil proposal approve ([0-9a-f-]{36})", self.err.read_text())
        assert found or not over or self.is_put_off(), self.err.read_text()
        return found and found.group(1)

    def is_put_off(self):
        """It has ended, as the cluster was not whole."""
        return self.process.poll() is not None and NOT_WHOLE in self.err.read_text()

    def go_on(self):
        """Once it is approved: runs it again where it was put off."""
        if self.is_put_off():
            self.start("run", self.id)

    def state(self):
        self.go_on()
        try:
            return self.c.vigil("cluster", "drill", "show", self.id)["state"]
        except Refused as why:
            assert why.error["code"] == "not-found", why
            return None

    def wait_ended(self):
        """Its exit code."""
        def ended():
            self.go_on()
            return self.process.poll() is not None and not self.is_put_off()
        wait_for(ended, f"drill {self.id} to end: {self.err.read_text()}")
        return self.process.returncode

    def kill(self):
        self.process.kill()
        self.process.wait()
