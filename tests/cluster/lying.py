#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""lying.py BUILD_DIR: a cleared node that wraps another key for a holder, and a blind leader that alters what is forwarded to it
(tests/variants misled, altering). The holder says integrity, stops for that compartment alone, for the directory altogether, and an honest rotation
mends it. What was altered is void on every node and counted, its client is told that the outcome is not known, and the same request is done once under an honest leader."""
import pathlib
import random
import re
import sys

sys.path.append(str(pathlib.Path(__file__).parent.parent / "channel"))
from cluster import Cluster, Refused, is_long, refused, request_id, wait_for  # noqa: E402
from dissononce_node import person_asks  # noqa: E402

SEED = 20261127
LIAR, MISLED = 2, 3
SHORT = ("--timeout", "2s")
BRIEF = ("--timeout", "1s")  # of what is given until it was altered
HANDED_OVER = 4  # at most, of one command that is given up so soon

VOID, BLIND = "entries_void", "entries_blind"

# Of envelope header and body (docs/protocol.md): where, which bits, and as what a node that is cleared counts it, and one that is not.
ALTERED = {"type, to control": (34, 7, VOID, BLIND), "type, to noop": (34, 5, VOID, VOID), "type, to config": (34, 6, VOID, VOID), "compartment": (35, 1, VOID, VOID),
           "epoch": (51, 1, VOID, VOID), "origin": (59, 1, VOID, BLIND), "id": (67, 1, VOID, BLIND), "nonce": (83, 1, VOID, BLIND),
           "commitment": (111, 1, VOID, BLIND), "first byte of the body": (143, 1, VOID, BLIND), "body": (200, 0x80, VOID, BLIND)}
IN_LONG_RUNS = ("origin", "id", "nonce", "commitment", "first byte of the body")  # as the body is: nothing opens with them
ELSEWHERE = {"cluster": (2, 1)}  # such an entry is taken by nobody


class Scene:
    def __init__(self, c, build):
        self.c, self.build, self.random = c, build, random.Random(SEED)
        for name, nodes in (("acme", f"1,{LIAR},{MISLED}"), ("bolt", f"1,{MISLED}")):
            c.vigil("compartment", "create", name, "--nodes", nodes)
            c.vigil("user", "grant", "person-1", "responder", "--compartment", name)
        self.incidents = {name: c.vigil("incident", "detect", "--compartment", name, "--source", "operator", "--title", "theirs", node=1)["id"]
                          for name in ("acme", "bolt", "default")}

    def note(self, name, node, text="and on", *words):
        return self.c.vigil(*words, "incident", "note", self.incidents[name], "--text", text, node=node)

    def notes(self, name, node):
        return [event["text"] for event in self.c.vigil("incident", "timeline", self.incidents[name], node=node) if event["kind"] == "note"]

    def log(self, node):
        return pathlib.Path(self.c.nodes[node]["log"]).read_text()

    def honest(self, node):
        self.c.exchange(node, self.build / "bin")


# ---- a wrap that opens to another key ----

def is_stopped(scene):
    """For acme alone; it says why, and who reads it."""
    c = scene.c
    wait_for(lambda: c.standing(MISLED, "acme") == "stopped", f"node {MISLED} to stop")
    mine = {one["name"]: one for one in c.status(MISLED)["compartments"]}
    assert "opens to another key" in mine["acme"]["stopped"] and "let a key officer rotate it" in mine["acme"]["stopped"], mine["acme"]
    assert {name for name, one in mine.items() if one["status"] == "level"} == {"directory", "default", "bolt"}, mine
    why = refused(3, "unavailable", lambda: c.vigil(*SHORT, "incident", "list", "--compartment", "acme", node=MISLED))
    assert f"node 1, node {LIAR}" in why["message"], why
    for node in (1, LIAR):
        scene.note("acme", node)
    for name in ("bolt", "default"):
        scene.note(name, MISLED)
    assert set(c.wait_equal()) == {"directory", "default", "acme", "bolt"}


def wraps_another_key(scene):
    c = scene.c
    c.exchange(1, scene.build / "misled", VIGIL_MISLEADS=str(MISLED))
    c.vigil("compartment", "rotate", "acme", node=1)
    is_stopped(scene)
    c.signal("kill", MISLED)
    c.signal("restart", MISLED)
    is_stopped(scene)
    assert " key-missing " in scene.log(MISLED)
    scene.honest(1)
    c.vigil("compartment", "rotate", "acme", node=1)
    wait_for(lambda: c.standing(MISLED, "acme") == "level", f"node {MISLED} to be level again")
    scene.note("acme", MISLED, "level again")
    c.wait_equal()
    assert scene.notes("acme", MISLED) == scene.notes("acme", 1)


# ---- the same of the directory, which nobody passes by ----

def write_directory(scene):
    scene.c.vigil("user", "grant", "person-1", "responder", "--compartment", "default", node=LIAR)


def standing_still(scene):
    """The reason, once the misled node applies no further."""
    return wait_for(lambda: (scene.c.status_at_once(MISLED) or {}).get("stopped"), f"node {MISLED} to stand still")


def stands_still(scene):
    """It says what is missing, and what to do; the others serve."""
    said = standing_still(scene)
    for part in ("applies no further than entry", "opens to another key", "vigil compartment rotate directory --node"):
        assert part in said, said
    assert scene.c.standing(MISLED, "directory") == "stopped"
    for node in (1, LIAR):
        scene.note("default", node)


def misleads_in_the_directory(scene):
    scene.c.vigil("compartment", "rotate", "directory", node=1)
    write_directory(scene)
    stands_still(scene)


def goes_on(scene, text):
    c = scene.c
    c.wait_settled()
    wait_for(lambda: c.standing(MISLED, "directory") == "level" and not c.status(MISLED)["stopped"], f"node {MISLED} to go on")
    assert " key-found " in scene.log(MISLED)
    scene.note("default", MISLED, text)
    c.wait_equal()
    assert scene.notes("default", MISLED) == scene.notes("default", 1)


def wraps_another_key_of_the_directory(scene):
    """Twice, one after the other, and another node's rotation mends it while the node runs; once, and one by the liar's keyring under an honest
    program mends it when the node is started again."""
    c = scene.c
    c.exchange(1, scene.build / "misled", VIGIL_MISLEADS=str(MISLED))
    misleads_in_the_directory(scene)
    why = refused(3, "unavailable", lambda: scene.note("default", MISLED, "refused", *SHORT))
    assert "applies no further" in why["message"], why
    misleads_in_the_directory(scene)
    c.vigil("compartment", "rotate", "directory", node=LIAR)
    goes_on(scene, "while it runs")
    misleads_in_the_directory(scene)
    c.signal("kill", MISLED)
    c.signal("restart", MISLED)
    stands_still(scene)
    c.signal("kill", MISLED)
    scene.honest(1)
    c.vigil("compartment", "rotate", "directory", node=1)
    write_directory(scene)
    c.signal("restart", MISLED)
    goes_on(scene, "after it was started again")
    c.signal("kill", MISLED)
    c.signal("restart", MISLED)
    scene.note("default", MISLED, "and again")


# ---- commands altered by a leader ----

def lie(scene, offset, bits):
    """The liar leads, and alters; gives where its log begins."""
    begins = len(scene.log(LIAR))
    scene.c.exchange(LIAR, scene.build / "altering", VIGIL_ALTERS=f"{offset}:{bits}:1")
    scene.c.lead(LIAR)
    scene.c.wait_settled()
    return begins


def altered(scene, begins):
    return scene.log(LIAR)[begins:].count(" warn altered ")


def is_lost(scene, begins, text, id_):
    """A note of bolt at node 1 that the leader has altered: whoever gave it is told that it may or may not be there, and it was not handed over
    again and again meanwhile."""
    tries = 0

    def told():
        nonlocal tries
        tries += 1
        try:
            scene.note("bolt", 1, text, *BRIEF, "--request-id", id_)
        except Refused as why:
            assert why.code == 3, why
            if why.error["code"] == "timeout" and altered(scene, begins):
                return why.error["message"]
            return None  # it was not in time to forward it, perhaps
        raise AssertionError(f"{text} was done")
    message = wait_for(told, f"{text} to be altered")
    assert f"request {id_} may or may not be in the log; repeating it with --request-id {id_} is safe" in message, message
    assert altered(scene, begins) <= HANDED_OVER * tries, f"{text}: handed over {altered(scene, begins)} times in {tries} commands"


def is_void(scene, name, offset, bits, cleared, blind):
    begins, id_ = lie(scene, offset, bits), request_id(scene.random)
    before, text = {node: person_asks(scene.c, "node.figures", node) for node in scene.c.nodes}, f"its {name} altered"
    is_lost(scene, begins, text, id_)
    scene.note("default", LIAR, f"beside {text}")
    scene.c.wait_settled()
    count = altered(scene, begins)
    for node in scene.c.nodes:
        after = person_asks(scene.c, "node.figures", node)
        grown = {figure: more for figure in (VOID, BLIND) if (more := after[figure] - before[node][figure])}
        figure = blind if node == LIAR else cleared
        assert grown == {figure: count}, (name, node, grown, count)
    scene.c.lead(1)
    scene.note("bolt", 1, text, "--request-id", id_)
    for node in (1, MISLED):
        assert scene.notes("bolt", node).count(text) == 1, (name, node)
    scene.c.wait_equal()


def waits_for_another_leader(scene):
    """Who has more time is answered once another node leads."""
    begins, text = lie(scene, *ALTERED["nonce"][:2]), "it has time"
    command = scene.c.start("incident", "note", scene.incidents["bolt"], "--text", text, node=1)
    wait_for(lambda: altered(scene, begins), "a command that is altered")
    scene.c.lead(1)
    said = command.communicate()[1]
    assert command.returncode == 0, said
    assert scene.notes("bolt", MISLED).count(text) == 1


def is_taken_by_nobody(scene, name, offset, bits):
    """What cannot be an entry of this cluster stays with who has made it. The others do not hear the liar any more, elect one of them, and it gives up
    what it has made."""
    id_, text = request_id(scene.random), f"its {name} altered"
    lie(scene, offset, bits)
    said = {node: len(scene.log(node)) for node in (1, MISLED)}
    scene.note("bolt", 1, text, "--request-id", id_)
    for node in (1, MISLED):
        told = scene.log(node)[said[node]:]
        terms = re.findall(rf" distrusted node={LIAR} term=([0-9]+) ", told)
        assert f" bad-message node={LIAR} " in told and terms, told
        assert len(terms) == len(set(terms)), told
    scene.c.leader(among=(1, MISLED))
    scene.c.wait_equal()
    assert scene.notes("bolt", MISLED).count(text) == 1


def main():
    build = pathlib.Path(sys.argv[1])
    with Cluster(build / "bin") as c:
        scene = Scene(c, build)
        wraps_another_key(scene)
        wraps_another_key_of_the_directory(scene)
        parts = [name for name in ALTERED if is_long() or name not in IN_LONG_RUNS]
        for name in parts:
            is_void(scene, name, *ALTERED[name])
        waits_for_another_leader(scene)
        for name, how in ELSEWHERE.items():
            is_taken_by_nobody(scene, name, *how)
        c.verify_logs()
    print(f"wraps of another key, of a compartment and of the directory, {len(parts)} parts altered and void, {len(ELSEWHERE)} taken by nobody: 1 passed, 0 failed")


main()
