# SPDX-License-Identifier: Apache-2.0
"""What somebody opens who has a node's disk, as it lies there: tests/opener tries every secret on every wrap, body and row."""
import contextlib
import json
import shutil
import subprocess
import tempfile

KINDS = ("wraps", "epochs", "bodies", "rows")


def home(c, node):
    return c.dir / "dev" / f"node-{node}"


def copied(c, node, into, keyring=True):
    """The folder of a node as a thief or a backup has it: its data, its key, and its keyring unless told otherwise. The node is down."""
    shutil.copytree(home(c, node), into, ignore=None if keyring else shutil.ignore_patterns("keyring"))
    return into


def opened(c, node, data=(), keyrings=None, recovery=()):
    """By compartment id, how many wraps, epochs, bodies and rows the logs and states in these data folders have, and how many of each open
    with the node's key and these keyrings (its own of now, if none are named) and recovery keys. Nodes whose folders are named are down."""
    rings = [home(c, node) / "keyring"] if keyrings is None else keyrings
    done = subprocess.run([c.bin / "opener", "--genesis", c.dir / "dev" / "genesis", "--key", home(c, node) / "key",
                           *(word for ring in rings for word in ("--keyring", ring)),
                           *(word for key in recovery for word in ("--recovery", key)), *(data or [home(c, node) / "data"])],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@contextlib.contextmanager
def down(c, node):
    """The node is killed for as long as its folder is looked at."""
    c.signal("kill", node)
    try:
        yield home(c, node) / "data"
    finally:
        c.signal("restart", node)


def disk_of(c, node, **options):
    """The same of a running node, killed as it stands: a copy of its folder is tried while it runs on."""
    with tempfile.TemporaryDirectory(dir=c.dir) as folder:
        with down(c, node):
            copied(c, node, f"{folder}/node")
        return opened(c, node, data=[f"{folder}/node/data"], **options)


def nothing(tally, compartment):
    """Of a compartment there is something, and none of it opens."""
    mine = tally[compartment]
    assert mine["wraps"] and mine["bodies"] and not any(mine[f"{kind}_opened"] for kind in KINDS), mine


def everything(tally, compartment):
    """Every body and row of a compartment opens, so that what says that none does can be believed. Not each record: one that never came
    into force may be for others."""
    mine = tally[compartment]
    assert mine["bodies"] and mine["epochs_opened"] and all(mine[kind] == mine[f"{kind}_opened"] for kind in ("bodies", "rows")), mine
