#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A node that serves is locked down, as seen from outside: what the kernel says of it, what other programs of its user may do to it, where
in its memory its keys are. Whatever is refused is tried on an ordinary process too, which must not refuse it."""
import ctypes
import os
import pathlib
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys

from cluster import NOBODY, PATIENT, WAIT_S, Cluster, bin_dir, wait_for, without_users

SKIPPED = 77
PARTS = ["core", "memory", "swap", "user", "files", "calls"]

TRACE = 0x4206  # PTRACE_SEIZE; over when who traces ends
LIBC = ctypes.CDLL(None, use_errno=True)


def intrude(pid):
    """What a program does to a process that it has no business with: yields each thing that works."""
    for name in ("environ", "mem", "maps"):
        try:
            with open(f"/proc/{pid}/{name}", "rb") as file:
                file.read(0)
            yield name
        except OSError:
            pass
    if LIBC.ptrace(TRACE, pid, 0, 0) == 0:
        yield "trace"


class User:
    """Somebody who runs programs in a folder: a user that is not root, or whoever runs this test."""

    def __init__(self, folder, ordinary=True):
        self.folder = folder
        self.is_nobody = ordinary and os.geteuid() == 0
        self.options = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if self.is_nobody else {}

    def give(self, folder):
        """Makes the folder and all in it the user's."""
        for path in (folder, *folder.rglob("*")):
            if self.is_nobody:
                shutil.chown(path, NOBODY, NOBODY)

    def start(self, *words, before=None, **options):
        return subprocess.Popen([*map(str, words)], cwd=self.folder, preexec_fn=before, **self.options, **options)

    def tries_on(self, pid):
        """What a program of this user can do to a process."""
        ours, theirs = os.pipe()
        child = os.fork()
        if child == 0:
            if self.is_nobody:
                os.setgroups([])
                os.setresgid(NOBODY, NOBODY, NOBODY)
                os.setresuid(NOBODY, NOBODY, NOBODY)
            os.write(theirs, " ".join(intrude(pid)).encode())
            os._exit(0)
        os.close(theirs)
        os.waitpid(child, 0)
        with open(ours) as said:
            return said.read().split()


def proc(pid, name):
    return pathlib.Path(f"/proc/{pid}/{name}").read_text()


def value(pid, key):
    return int(re.search(rf"^{key}:\s+(\d+)", proc(pid, "status"), re.M).group(1))


def what_the_kernel_says(pid, log):
    line = re.search(r" info locked-down (.*)", log.read_text()).group(1)
    parts = dict(word.split("=") for word in line.split())
    assert list(parts) == PARTS and parts["core"] == "yes" and parts["memory"] == "yes", parts
    assert value(pid, "NoNewPrivs") == 1 and value(pid, "VmLck") > 0, proc(pid, "status")
    assert (value(pid, "Seccomp") == 2) == (parts["calls"] == "yes"), (parts, proc(pid, "status"))
    assert re.search(r"Max core file size\s+0\s+0\s", proc(pid, "limits")), proc(pid, "limits")
    # a thread that had started before would have kept its rights
    for thread in pathlib.Path(f"/proc/{pid}/task").iterdir():
        assert "NoNewPrivs:\t1" in (thread / "status").read_text(), thread
    return parts


def secrets_of(key):
    """Both seeds of an identity file, as they are and as text, by halves: a copy need not be whole."""
    found = []
    for word, text in (line.split(" ", 1) for line in key.read_text().splitlines()):
        if word in ("seed", "channel-seed"):
            for whole in (bytes.fromhex(text), text.encode()):
                found += [whole[:len(whole) // 2], whole[len(whole) // 2:]]
    assert len(found) == 8, key
    return found


def mappings(pid):
    """(start, end, flags) of what may be read."""
    start = end = None
    for line in proc(pid, "smaps").splitlines():
        head = re.match(r"([0-9a-f]+)-([0-9a-f]+) r", line)
        if head:
            start, end = (int(number, 16) for number in head.groups())
        elif re.match(r"[0-9a-f]+-", line):
            start = None
        elif line.startswith("VmFlags:") and start is not None:
            yield start, end, line.split()[1:]


def places_of(pid, secrets):
    """The flags of each mapping that has one of them; the empty reserve of a map of the store is passed over by its holes."""
    with open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for start, end, flags in mappings(pid):
            if end - start > 1 << 30 or "io" in flags:
                continue
            try:
                memory.seek(start)
                content = memory.read(end - start)
            except (OSError, OverflowError):
                continue
            for secret in secrets:
                if secret in content:
                    yield flags


def keys_lie_in_locked_memory(pid, key):
    if os.geteuid() != 0:
        print("not shown: where its keys are, which only root may see")
        return
    places = list(places_of(pid, secrets_of(key)))
    assert len(places) >= 4, f"both halves of both seeds: {places}"
    for flags in places:  # locked, and not in a dump
        assert "lo" in flags and "dd" in flags, flags


def node_of(user, c, number):
    """A copy of a stopped node's folder that belongs to the user, with a socket for clients; (configuration, program)."""
    home = c.dir / "dev" / f"node-{number}"
    target = user.folder / f"node-{number}"
    shutil.copytree(home, target)
    shutil.copy(c.dir / "dev" / "genesis", target)
    shutil.copy(c.bin / "vigild", user.folder)
    text = (target / "config.yaml").read_text()
    text = text.replace(str(home), str(target)).replace(str(c.dir / "dev" / "genesis"), str(target / "genesis"))
    sockets = user.folder / "sockets"
    sockets.mkdir()
    node = c.nodes[number]
    url = f"ipc://{sockets}/client"
    (target / "config.yaml").write_text(text.replace(node["client"], url))
    node["client"] = f"{url}#{node['channel_key']}"
    user.give(user.folder)
    return target / "config.yaml", user.folder / "vigild"


def unlimited_core():
    resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def no_locked_memory():
    resource.setrlimit(resource.RLIMIT_MEMLOCK, (0, 0))


def core_after(process, number=signal.SIGABRT):
    process.send_signal(number)
    _, status = os.waitpid(process.pid, 0)
    process.returncode = 0  # it is waited for
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == number, status
    return os.WCOREDUMP(status)


def refused(user, program, config, code, words, before=None):
    done = user.start(program, "--config", config, before=before, stderr=subprocess.PIPE, text=True)
    said = done.communicate(timeout=WAIT_S)[1]
    assert done.returncode == code and words in said, (done.returncode, said)


def cannot_be_looked_into(user, process, what):
    worked = user.tries_on(process.pid)
    assert worked == [], f"of the process of {what}: {worked}"
    assert not core_after(process) and not list(user.folder.glob("core*")), f"{what} has left a core"


def walls_against_its_own_user(c, user, program, config):
    log = config.parent / "log"
    with log.open("w") as out:
        node = user.start(program, "--config", config, before=unlimited_core, stderr=out)
    other = user.start("sleep", "600", before=unlimited_core)
    try:
        wait_for(lambda: " serving " in log.read_text() or node.poll() is not None, "a node that serves")
        assert node.poll() is None, log.read_text()
        parts = what_the_kernel_says(node.pid, log)
        assert c.status(3)["answered_by"] == 3, "it serves where it listens"
        cannot_be_looked_into(user, node, "a node")
        worked = user.tries_on(other.pid)
        assert {"environ", "mem", "maps"} <= set(worked), f"of any process: {worked}"
        if "trace" not in worked:
            print("not shown: this machine refuses tracing to every process")
        if not core_after(other):
            print("not shown: this machine makes no cores at all")
    finally:
        for process in (node, other):
            if process.returncode is None:
                process.kill()
                process.wait()
    return parts


def client_is_hidden(c, user):
    """`vigil` with a person's key, while it waits for a node that says nothing."""
    shutil.copy(c.bin / "vigil", user.folder)
    identity = user.folder / "identity"
    shutil.copy(c.dir / "dev" / "person-1.identity", identity)
    user.give(user.folder)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(WAIT_S)
        node = f"tcp://127.0.0.1:{silent.getsockname()[1]}#{c.nodes[1]['channel_key']}"
        client = user.start(user.folder / "vigil", "--node", node, "--identity", identity, "--genesis", user.folder / "node-3" / "genesis",
                            "cluster", "status", *PATIENT, before=unlimited_core, env=dict(os.environ, HOME=str(user.folder)))
        try:
            silent.accept()
            cannot_be_looked_into(user, client, "vigil")
        finally:
            if client.returncode is None:
                client.kill()
                client.wait()


def its_own_user(c, parts):
    """What a node, and `vigil`, keep from other programs of the user they run under."""
    c.signal("kill", 3)
    c.dir.chmod(0o711)
    user = User(c.dir / "user")
    user.folder.mkdir()
    config, program = node_of(user, c, 3)
    client_is_hidden(c, user)
    as_user = walls_against_its_own_user(c, user, program, config)
    assert as_user == dict(parts, user="yes"), f"whoever it is started by: {parts}, {as_user}"
    refused(user, program, config, 3, "cannot lock", before=no_locked_memory)
    if os.geteuid() == 0:
        config.write_text(config.read_text() + "require: [user]\n")
        refused(User(user.folder, ordinary=False), program, config, 3, "runs as root")


def main():
    missing = without_users() if os.geteuid() == 0 else None
    with Cluster(bin_dir()) as c:
        c.vigil("incident", "detect", "--source", "operator", "--title", "it works")
        for node in c.nodes.values():
            parts = what_the_kernel_says(node["pid"], pathlib.Path(node["log"]))
            keys_lie_in_locked_memory(node["pid"], c.dir / "dev" / f"node-{node['id']}" / "key")
        if missing is None:
            its_own_user(c, parts)
    if missing is not None:
        print(f"not shown, what its own user cannot do: {missing}")
        sys.exit(SKIPPED)


if __name__ == "__main__":
    main()
