#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A node that has a compartment's text in its memory, and one that is blind to it, under a user of their own: neither leaves a core, however it is
ended and whatever limits were lifted, nor lets its user's debugger write one, and nothing of the compartment comes to where cores go. The same is
done to an ordinary program that has the text too, whose cores must have it. What this machine cannot do is said; without any core of the
ordinary program, the exit code is 77."""
import functools
import os
import pathlib
import random
import resource
import shutil
import signal
import subprocess
import sys

from canary import Canaries, memory_of
from cluster import Cluster, bin_dir, wait_for, without_users
from lockdown import SKIPPED, User, core_after, node_of, unlimited_core

SEED = 20261127
CLEARED, BLIND = 1, 3
PATTERN = pathlib.Path("/proc/sys/kernel/core_pattern").read_text().strip()
SIGNALS = (signal.SIGSEGV, signal.SIGABRT)


def where_cores_go(user):
    """Its working folder, or where the machine's pattern says."""
    return pathlib.Path(PATTERN).parent if PATTERN.startswith("/") else user.folder


class Look:
    """What is new where cores go."""

    def __init__(self, user, canaries):
        self.user, self.canaries = user, canaries
        self.places = {user.folder, where_cores_go(user)}
        self.before = set(self.files())

    def files(self):
        return (path for place in self.places for path in place.rglob("*") if path.is_file())

    def found(self):
        """Files that were not there, and whether they have a piece of a canary. They are removed, for the next look."""
        new = {path: bool(self.canaries.find(path.read_bytes())) for path in self.files() if path not in self.before}
        for path in new:
            path.unlink()
        return new


def dumps(user, process, look):
    """What the debugger of its own user writes of a process."""
    user.start("gcore", "-o", user.folder / "dump", process.pid, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
               stdin=subprocess.DEVNULL).wait()
    return look.found()


def start_node(user, program, config):
    log = config.parent / "log"
    begins = len(log.read_text()) if log.exists() else 0
    with log.open("a") as out:
        node = user.start(program, "--config", config, before=unlimited_core, stderr=out, stdin=subprocess.DEVNULL)
    wait_for(lambda: " serving " in log.read_text()[begins:] or node.poll() is not None, "a node that serves")
    assert node.poll() is None, log.read_text()
    return node


def start_other(user, canaries):
    """Any program of that user, which has a canary."""
    other = user.start("sh", "-c", "echo; read -r word", canaries.say("held"), before=unlimited_core, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    other.stdout.readline()
    return other


@functools.cache
def say_once(what):
    print(what, flush=True)


def lift(process):
    """Root, or whoever may, takes away the limit that a node has given itself."""
    try:
        resource.prlimit(process.pid, resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    except PermissionError as why:
        say_once(f"not shown, with its limit of cores lifted from outside: {why}")


def attempts(user, start, look):
    """The core of each attempt on a program, if there is one: its files, and whether they have a canary."""
    for number in SIGNALS:
        process = start()
        lift(process)
        core = core_after(process, number)
        yield signal.Signals(number).name, core, look.found()
    process = start()
    yield "gcore", False, dumps(user, process, look)
    process.kill()
    process.wait()


def of_a_node(c, number, incident, canaries):
    """Three attempts on it; it has the text in its memory if it is cleared, and only then."""
    c.signal("kill", number)
    user = User(c.dir / f"user-{number}")
    user.folder.mkdir()
    config, program = node_of(user, c, number)
    look = Look(user, canaries)

    def start():
        node = start_node(user, program, config)
        if number == CLEARED:
            c.vigil("incident", "timeline", incident, node=number)
        if os.geteuid() == 0:
            held = any(canaries.find(content) for _, content in memory_of(pathlib.Path("/proc") / str(node.pid)))
            assert held == (number == CLEARED), f"node {number}, its memory"
        return node
    for how, core, found in attempts(user, start, look):
        cores = [path for path in found if path.name.startswith(("core", "dump"))]
        assert not core and not cores and not any(found.values()), (number, how, core, found)
    shutil.rmtree(user.folder)


def of_any_program(c, canaries):
    """The attempts that give what they are for."""
    user = User(c.dir / "user")
    user.folder.mkdir()
    user.give(user.folder)
    look, shown = Look(user, canaries), []
    for how, core, found in attempts(user, lambda: start_other(user, canaries), look):
        if any(found.values()):
            shown.append(how)
        elif core:
            print(f"not shown, after {how}: cores go where this test cannot look, {PATTERN}")
        else:
            print(f"not shown, after {how}: this machine lets no program of a user leave a core so" + (
                "" if how != "gcore" or shutil.which("gcore") else ", as gcore is not there"))
    return shown


def main():
    missing = without_users() if os.geteuid() == 0 else None
    if missing is not None:
        print(f"skipped: {missing}")
        sys.exit(SKIPPED)
    with Cluster(bin_dir()) as c:
        c.dir.chmod(0o711)
        canaries = Canaries("qzxjkv", random.Random(SEED))
        canaries.check("ycbgpm")
        c.vigil("compartment", "create", "acme", "--nodes", "1,2")
        c.vigil("user", "grant", "person-1", "responder", "--compartment", "acme")
        incident = c.vigil("incident", "detect", "--compartment", "acme", "--source", "operator", "--title", canaries.say("title"), node=2)["id"]
        c.vigil("incident", "note", incident, "--text", canaries.say("note"), node=2)
        c.wait_settled()
        shown = of_any_program(c, canaries)
        for number in (CLEARED, BLIND):
            of_a_node(c, number, incident, canaries)
    print(f"no core of a cleared and a blind node, after SIGSEGV, SIGABRT or by gcore; of another program by {', '.join(shown) or 'none'}: "
          f"{1 if shown else 0} passed, 0 failed")
    sys.exit(0 if shown else SKIPPED)


main()
