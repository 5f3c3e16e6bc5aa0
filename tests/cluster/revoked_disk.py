#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""revoked_disk.py BIN_DIR STEPWISE_DIR: who has the whole disk of a revoked node, with its node key and its keyring, copied while it was cleared,
while it was removing what it had (ended there by tests/variants/stepwise.c), and once it had attested. Each copy is tried by tests/opener on its own
log, and on the newer log of another node: what was sealed after the revocation opens with none, what was before with those whose keyring has the
unwrap secret still, and so with none that was copied after the attestation."""
import pathlib
import random
import shutil
import sys
import time
import uuid

from canary import Canaries, written
from cluster import Cluster, is_long, refused, wait_for
from opening import copied, down, everything, home, nothing, opened
from steps import arm

SEED = 20261127
STAYS, REVOKED = 1, 3

# Where it is ended while it removes: whether the unwrap secret is still in its keyring.
STEPS = {"log-committed": True, "epoch-heeded": True, "hash-forgotten": True, "file-synced": True,
         "file-renamed": False, "keys-destroyed": False, "attestation-signed": False}

# The same of an unwrap key that was offered for nothing: its file was replaced once when it was made.
REFUSED = {"standing-noted:1": True, "file-synced:2": True, "file-renamed:2": False, "keys-destroyed:1": False}

SHORT = {"epoch-heeded", "file-synced", "keys-destroyed", "standing-noted:1", "file-renamed:2"}  # of both, in each run; the others in long ones


def chosen(steps):
    return {step: has_secret for step, has_secret in steps.items() if is_long() or step in SHORT}


class Scene:
    def __init__(self, c, stepwise):
        self.c, self.stepwise, self.copies = c, stepwise, 0
        self.canaries = Canaries("qzxjkv", random.Random(SEED))
        self.compartment = c.vigil("compartment", "create", "acme", "--nodes", "1,2,3")["id"]
        c.vigil("user", "grant", "person-1", "responder", "--compartment", "acme")
        self.other = c.vigil("compartment", "create", "bolt", "--nodes", "1,2")["id"]
        c.vigil("user", "grant", "person-1", "responder", "--compartment", "bolt")
        self.incident = c.vigil("incident", "detect", "--compartment", "acme", "--source", "operator", "--title", self.canaries.say("title"))["id"]

    def write(self):
        for _ in range(3):
            self.c.vigil("incident", "note", self.incident, "--text", self.canaries.say("note"), node=STAYS)
        self.c.wait_settled()

    def folder(self):
        self.copies += 1
        return self.c.dir / f"copy-{self.copies}"

    def copy(self):
        """The whole disk of the node, which has ended or is killed for it."""
        self.c.signal("kill", REVOKED, check=False)
        folder = copied(self.c, REVOKED, self.folder())
        self.c.signal("restart", REVOKED)
        for path in folder.rglob("*"):
            assert not path.is_file() or not self.canaries.find(written(path)), path
        return folder

    def newer(self):
        """The log of a node that stays."""
        folder = self.folder()
        with down(self.c, STAYS) as data:
            shutil.copytree(data / "log", folder / "log")
        return folder

    def opens(self, data, keyring):
        return opened(self.c, REVOKED, data=[data], keyrings=[keyring / "keyring"])

    def become(self, status):
        wait_for(lambda: self.c.standing(REVOKED, "acme") == status, f"node {REVOKED} to be {status}")

    def granted(self):
        self.c.vigil("compartment", "grant", "acme", "--node-id", REVOKED)
        self.become("level")

    def revoked(self):
        self.become("blind")
        assert [one["node"] for one in self.c.vigil("compartment", "show", "acme")["revoked"] if one["attested"]] == [REVOKED]


def opens_before_alone(scene, copy, newer, before):
    """With a keyring that has the secret still: all that was sealed before the revocation, and nothing after."""
    mine = scene.opens(newer, copy)[scene.compartment]
    assert (mine["bodies_opened"], mine["epochs_opened"]) == (before["bodies"], before["epochs"]), (before, mine)
    assert mine["bodies"] > before["bodies"] and mine["epochs"] > before["epochs"], (before, mine)


def revocation(scene, step, has_secret):
    """Revoked, ended at this step, attested; and entries before and after. The copies, and what there was before."""
    scene.write()
    cleared = scene.copy()
    everything(scene.opens(cleared / "data", cleared), scene.compartment)
    before = scene.opens(cleared / "data", cleared)[scene.compartment]
    arm(scene.c, REVOKED, scene.stepwise, f"{step}:1")
    scene.c.vigil("compartment", "revoke", "acme", "--node-id", REVOKED, node=STAYS)
    scene.c.wait_stopped(REVOKED)
    assert pathlib.Path(scene.c.nodes[REVOKED]["log"]).read_text().splitlines()[-1].endswith(f" name={step}"), step
    removing = scene.copy()
    scene.revoked()
    scene.write()
    attested = scene.copy()
    newer = scene.newer()
    opens_before_alone(scene, cleared, newer, before)
    if has_secret:
        opens_before_alone(scene, removing, newer, before)
    else:
        for data in (removing / "data", newer):
            nothing(scene.opens(data, removing), scene.compartment)
    for data in (attested / "data", newer, cleared / "data", removing / "data"):
        nothing(scene.opens(data, attested), scene.compartment)
    return cleared, before


def outdated():
    """The id of a request that was issued ten days ago, which the log does not take any more."""
    value = int((time.time() - 10 * 24 * 3600) * 1000) << 80 | 7 << 76 | 2 << 62 | random.getrandbits(62)
    return str(uuid.UUID(int=value))


def refused_grant(scene, step, has_secret):
    """Refused, and so never cleared: but the record is in the log, wrapped for an unwrap key that the node has offered. Ended at this
    step of destroying it, the node goes on from there; then nothing opens any more, and what it offers next is another key."""
    c, id_ = scene.c, scene.other
    c.vigil("incident", "detect", "--compartment", "bolt", "--source", "operator", "--title", scene.canaries.say("title"), node=STAYS)
    arm(c, REVOKED, scene.stepwise, step)
    refused(1, "expired", lambda: c.vigil("compartment", "grant", "bolt", "--node-id", REVOKED, "--request-id", outdated()))
    c.wait_stopped(REVOKED)
    found = scene.copy()
    if has_secret:
        everything(scene.opens(found / "data", found), id_)
    wait_for(lambda: bytes.fromhex(id_.replace("-", "")) not in (home(c, REVOKED) / "keyring").read_bytes(), "the unwrap key that was offered to go")
    c.wait_settled()
    after, newer = scene.copy(), scene.newer()
    for data in (after / "data", found / "data", newer):
        nothing(scene.opens(data, after), id_)


def main():
    with Cluster(sys.argv[1]) as c:
        scene = Scene(c, sys.argv[2])
        first = None
        for step, has_secret in chosen(REFUSED).items():
            refused_grant(scene, step, has_secret)
        for step, has_secret in chosen(STEPS).items():
            found = revocation(scene, step, has_secret)
            first = first or found
            scene.granted()
        newer = scene.newer()  # cleared again, under another unwrap key: what was copied first opens no more of it
        opens_before_alone(scene, first[0], newer, first[1])
        everything(scene.opens(scene.copy() / "data", c.dir / "dev" / f"node-{REVOKED}"), scene.compartment)
        c.wait_equal()
        c.verify_logs()
    print(f"a disk before, at {len(chosen(STEPS))} steps of, and after a removal, with its keys: 1 passed, 0 failed")


if __name__ == "__main__":
    main()
