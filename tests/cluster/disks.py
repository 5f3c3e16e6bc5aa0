# SPDX-License-Identifier: Apache-2.0
"""A cluster whose nodes run behind the shim (ops/drill/shim), each with a control folder of its own; and a note that is repeated
until it is acknowledged, whoever leads."""
import pathlib

from cluster import Refused, wait_for


class Disks:
    """Restarts each node of a cluster behind the shim."""

    def __init__(self, cluster, library):
        self.folders = {}
        cluster.environment["LD_PRELOAD"] = library
        for node in cluster.nodes:
            self.folders[node] = pathlib.Path(cluster.dir) / f"disk-{node}"
            self.folders[node].mkdir()
            self.start(cluster, node, killed=False)

    def start(self, cluster, node, killed=True):
        if not killed:
            cluster.signal("kill", node)
        cluster.environment["VIGIL_SHIM_DIR"] = str(self.folders[node])
        cluster.signal("restart", node)

    def steer(self, node, fault, value=""):
        """The fault of that name (shim.c) with a value, put there whole."""
        whole = self.folders[node] / f"{fault}.new"
        whole.write_text(str(value))
        whole.rename(self.folders[node] / fault)

    def release(self, node, fault):
        (self.folders[node] / fault).unlink()


FULL = ("the disk of the log is full", "free some space, service returns by itself")


def refuses(c, incident, node):
    """Whether a node refuses a command for its full disk, in these words; asked again while it cannot say, as between two leaders."""
    def once():
        try:
            c.vigil("--timeout", "1s", "incident", "note", incident, "--text", "as it filled", node=node)
        except Refused as refused:
            assert refused.code == 3, refused
            if refused.error["code"] != "busy":
                return None
            assert all(words in refused.error["message"] for words in FULL), refused
            return "yes"
        return "no"
    return wait_for(once, f"node {node} to take a command or to refuse it") == "yes"


def note(c, incident, text):
    """Acknowledged in the end, whoever leads; the same request each time would be the same note."""
    def once():
        try:
            return c.vigil("--timeout", "5s", "incident", "note", incident, "--text", text)
        except Refused as refused:
            assert refused.code == 3, refused
            return None
    return wait_for(once, f"'{text}' to be acknowledged")


def notes(c, incident, node=None):
    return [e["text"] for e in c.vigil("incident", "timeline", incident, node=node) if e["kind"] == "note"]
