# SPDX-License-Identifier: Apache-2.0
"""Listening on the doors of a cluster on this machine. Without the right to, the exit code is 77."""
import re
import subprocess
import sys

from cluster import wait_for

PORTS = "20000-32767"  # those that `dev up` takes


class Tcpdump:
    """Everything on the loopback interface; a context that waits until it listens, and until the file is whole."""

    def __init__(self, folder):
        self.path, self.said = folder / "capture.pcap", folder / "tcpdump.log"

    def __enter__(self):
        with open(self.path, "wb") as out, open(self.said, "wb") as log:
            self.process = subprocess.Popen(["tcpdump", "-i", "lo", "-n", "-U", "-B", "65536", "-w", "-", f"tcp portrange {PORTS}"],
                                            stdout=out, stderr=log)
        wait_for(lambda: "listening on" in self.said.read_text() or self.process.poll() is not None, "tcpdump")
        if self.process.poll() is not None:
            print(f"skipped: nobody may listen here: {self.said.read_text().strip()}")
            sys.exit(77)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        lost = re.search(r"(\d+) packets? dropped by kernel", self.said.read_text())
        assert lost and lost.group(1) == "0", self.said.read_text()
