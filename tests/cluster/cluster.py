# SPDX-License-Identifier: Apache-2.0
"""A three-region cluster of real processes for the tests beside this file, driven through `vigil` as a person would."""
import contextlib
import json
import os
import pathlib
import pty
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time

ELECTION_TIMEOUT_MS = 500
NOBODY = 65534  # a user
WAIT_S = 60  # a bound on waiting for something that must happen, never a measure of speed
PATIENT = ("--timeout", f"{WAIT_S}s")  # of `vigil`, which else gives up after five seconds


class Refused(Exception):
    """`vigil` ended with another exit code than 0: its code, its error object or text."""

    def __init__(self, args, code, error):
        super().__init__(f"vigil {' '.join(map(str, args))}: exit {code}: {error}")
        self.code = code
        self.error = error


class Cluster:
    def __init__(self, bin_dir, nodes=3, environment=None, election_timeout_ms=ELECTION_TIMEOUT_MS, people=1):
        self.bin = pathlib.Path(bin_dir)
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="vigil-cluster-"))
        self.environment = dict(os.environ, HOME=str(self.dir / "home"), XDG_CONFIG_HOME=str(self.dir / "config"),
                                XDG_STATE_HOME=str(self.dir / "state"), NO_COLOR="1", **(environment or {}))
        (self.dir / "home").mkdir()
        started = self.vigil("dev", "up", "--dir", self.dir / "dev", "--nodes", nodes, "--people", people,
                             "--election-timeout-ms", election_timeout_ms, "--timeout", "60s")
        self.context = started["context"]
        self.nodes = {node["id"]: node for node in started["nodes"]}

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        for node in self.nodes.values():
            self.signal("resume", node["id"], check=False)
        self.run("dev", "down", "--dir", self.dir / "dev")
        reports = self.sanitizer_reports() if kind is None else []
        if kind is None and not reports:
            shutil.rmtree(self.dir, ignore_errors=True)
        else:
            print(f"kept for a look: {self.dir}", file=sys.stderr)
        assert not reports, "\n".join(reports)

    def sanitizer_reports(self):
        """What sanitizers, or a broken promise of the node itself, left in the nodes' logs."""
        words = ("Sanitizer", "runtime error:", "Assertion")
        return [f"{node['log']}: {line}" for node in self.nodes.values()
                for line in pathlib.Path(node["log"]).read_text().splitlines() if any(w in line for w in words)]

    def run(self, *args, **options):
        """`vigil` with these words, patient unless they say how long; the finished process, whatever its exit code."""
        options.setdefault("input", "")
        patient = () if "--timeout" in args else PATIENT
        return subprocess.run([self.bin / "vigil", *patient, *map(str, args)], env=self.environment, capture_output=True,
                              text=True, **options)

    def where(self, node):
        """The words that say where to: one node, if given."""
        where = ["--context", self.context] if hasattr(self, "context") else []
        return where if node is None else [*where, "--node", self.nodes[node]["client"]]

    def start(self, *args, node=None):
        """`vigil -o json` with these words, in the background."""
        return subprocess.Popen([self.bin / "vigil", "-o", "json", *PATIENT, *self.where(node), *map(str, args)], env=self.environment,
                                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def vigil(self, *args, node=None):
        """`vigil -o json` with these words, at one node if given; its answer, or Refused."""
        where = self.where(node)
        done = self.run("-o", "json", *where, *args)
        if done.returncode != 0:
            try:
                error = json.loads(done.stderr)["error"]
            except (ValueError, KeyError):
                error = done.stderr.strip()
            raise Refused(args, done.returncode, error)
        return json.loads(done.stdout) if done.stdout.strip() else None

    def on_a_terminal(self, *args, columns=80):
        """What `vigil` with these words writes on a terminal of that many columns, and its exit code."""
        ours, theirs = pty.openpty()
        environment = dict(self.environment, COLUMNS=str(columns), TERM="xterm")
        environment.pop("NO_COLOR")
        command = [str(self.bin / "vigil"), "--context", self.context, *map(str, args)]
        with subprocess.Popen(command, env=environment, stdin=theirs, stdout=theirs, stderr=theirs) as process:
            os.close(theirs)
            said = b""
            try:
                while chunk := os.read(ours, 65536):
                    said += chunk
            except OSError:
                pass  # the other end is closed
            process.wait()
        os.close(ours)
        return said.decode(), process.returncode

    def person(self, number, node):
        """The dev cluster's person of a number, in the region of a node."""
        return Person(self, self.dir / "dev" / f"person-{number}.identity", node)

    def identity(self, name, *words):
        """New keys of a person, and their public half as it is handed over."""
        path, public = self.dir / f"{name}.identity", self.dir / f"{name}.json"
        made = self.run("identity", "new", "--no-passphrase", "--file", path, *words)
        assert made.returncode == 0, made
        public.write_text(self.run("-o", "json", "identity", "show", path).stdout)
        return path, public

    def signal(self, verb, node, check=True):
        done = self.run("dev", verb, node, "--dir", self.dir / "dev")
        if check and done.returncode != 0:
            raise AssertionError(f"vigil dev {verb} {node}: {done.stderr}")

    def described(self, node):
        """What `vigil dev` knows of a node: its state, its process."""
        nodes = self.vigil("dev", "status", "--dir", self.dir / "dev")["nodes"]
        return next(n for n in nodes if n["id"] == node)

    def wait_stopped(self, node):
        """Until the process of a node that ends by itself is gone, its last words are said, and its folder is free."""
        wait_for(lambda: self.described(node)["state"] == "stopped", f"node {node} to end")

    def exchange(self, node, programs, **environment):
        """Kills what runs as a node, if it has not ended by itself, and starts the vigild of another folder in its place, with these variables."""
        before = self.bin, self.environment
        self.signal("kill", node, check=False)
        try:
            self.bin, self.environment = pathlib.Path(programs), dict(self.environment, **environment)
            self.signal("restart", node)
        finally:
            self.bin, self.environment = before

    def end(self, node):
        """Ends a node in good order, so that all it has applied is on its disk."""
        process = self.process(node)
        os.kill(int(process.name), signal.SIGTERM)

        def runs():
            with contextlib.suppress(OSError):
                return (process / "stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
            return False
        wait_for(lambda: not runs(), f"node {node} to end")

    def process(self, node):
        """What /proc has of a node of the dev cluster."""
        return pathlib.Path("/proc") / str(self.described(node)["pid"])

    def memory_kib(self, node):
        status = dict(line.split(":", 1) for line in (self.process(node) / "status").read_text().splitlines())
        return int(status["RssAnon"].split()[0])

    def descriptors(self, node):
        return len(list((self.process(node) / "fd").iterdir()))

    def status(self, node):
        """What a node says of itself, of now: it may be behind what others have answered."""
        return self.vigil("cluster", "status", node=node)

    def status_at_once(self, node):
        """The same, or None if the node does not answer now."""
        try:
            return self.vigil("--timeout", "1s", "cluster", "status", node=node)
        except Refused:
            return None

    def leader(self, among=None):
        """The id of a leader that one of these nodes (all, if not given) reports and that is one of them."""
        among = set(among or self.nodes)

        def find():
            for node in among:
                said = self.status_at_once(node)
                if said is not None and said["leader"] in among:
                    return said["leader"]
            return None
        return wait_for(find, "a leader")

    def lead(self, node):
        """Has a node lead."""
        def leads():
            with contextlib.suppress(Refused):  # leads already, or is not asked just now
                self.vigil("cluster", "transfer", "--to", node)
            return self.leader() == node
        wait_for(leads, f"node {node} to lead")

    def standing(self, node, compartment):
        """How a node says it stands to a compartment; None until it knows one of this name."""
        return next((one["status"] for one in self.status(node)["compartments"] if one["name"] == compartment), None)

    def wait_settled(self):
        """Waits until every node has applied the same index; returns what each says of itself."""
        def settled():
            figures = [self.status_at_once(node) for node in self.nodes]
            if None in figures:
                return None
            applied = {f["applied_index"] for f in figures}
            commits = {f["commit_index"] for f in figures}
            return figures if len(applied) == 1 and applied == commits else None
        return wait_for(settled, "all nodes at one index")

    def wait_equal(self):
        """Waits until every node has applied the same index; returns each compartment's state hash, asserted equal where it is level."""
        def hashes(figures):
            found = {}
            for name, hash_ in (pair for f in figures for pair in f["state_hashes"].items()):
                found.setdefault(name, set()).add(hash_)
            return found
        figures = self.wait_settled()
        while any(len(each) > 1 for each in hashes(figures).values()):  # one has gone on while the others were asked; then the index has too
            before, figures = figures, self.wait_settled()
            assert figures[0]["applied_index"] > before[0]["applied_index"], f"state hashes differ: {hashes(before)}"
        return {name: each.pop() for name, each in hashes(figures).items()}

    def last_index(self, node=None):
        """The last entry that anybody can have been told of; a commit index is what one node knows of that."""
        return self.vigil("log", "tail", "--count", 1, node=node)[-1]["index"]

    def entries(self, first=1, node=None):
        """The entries from one on, to the last that anybody can have been told of."""
        listed, last = [], self.last_index(node)
        while first <= last:
            listed += self.vigil("log", "tail", "--from", first, "--count", 100, node=node)
            first = listed[-1]["index"] + 1
        return listed

    def verify_logs(self):
        for node in self.nodes:
            self.vigil("log", "verify", node=node)


class Person:
    """Somebody who works at one region's node, and at the others when it does not answer."""

    def __init__(self, cluster, identity, node):
        self.cluster = cluster
        self.identity = identity
        self.nodes = [node, *(other for other in cluster.nodes if other != node)]

    def words(self):
        urls = ",".join(self.cluster.nodes[node]["client"] for node in self.nodes)
        return ["--node", urls, "--identity", str(self.identity)]

    def vigil(self, *args):
        return self.cluster.vigil(*self.words(), *args)

    def run(self, *args, **options):
        return self.cluster.run("--context", self.cluster.context, *self.words(), *args, **options)


def refused(code, name, call):
    """The error of a call that must end in this exit code and error."""
    try:
        call()
    except Refused as why:
        assert why.code == code and why.error["code"] == name, why
        return why.error
    raise AssertionError(f"expected {name}")


def in_time(call):
    """The result of a call whose time is short, given again while the node was not in time to say anything."""
    def once():
        try:
            return [call()]
        except Refused as why:
            if why.code == 3 and why.error["code"] == "timeout":
                return None
            raise
    return wait_for(once, "an answer in time")[0]


def request_id(generator):
    """A UUIDv7 of now."""
    value = int(time.time() * 1000) << 80 | 7 << 76 | generator.getrandbits(12) << 64 | 2 << 62 | generator.getrandbits(62)
    text = f"{value:032x}"
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def without_users():
    """Why there cannot be programs of several users here; None if there can."""
    if os.geteuid() != 0:
        return "only root can be several"
    try:
        subprocess.run(["true"], user=NOBODY, group=NOBODY, extra_groups=[], check=True)
    except (OSError, subprocess.CalledProcessError) as why:
        return f"another user can run nothing here (ls -ld / may say why): {why}"
    return None


def bodies(path, index):
    """Where the log of a node that is down holds the body of an entry, which is sealed: each place, and its size. LMDB 0.9."""
    content = path.read_bytes()
    key = struct.pack("<HHQ", 0, 8, index)  # flags, size of the key, the key; the value's size is before
    at = content.find(key)
    while at >= 0:
        size, = struct.unpack_from("<I", content, at - 4)
        if size > 0 and size % 256 == 0:  # docs/protocol.md; metadata has another
            yield at + len(key), size
        at = content.find(key, at + 1)


def wait_for(find, what):
    """Polls until `find` gives something true; fails after WAIT_S."""
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        found = find()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"waited {WAIT_S} s for {what}")


def bin_dir():
    if len(sys.argv) < 2:
        sys.exit(f"usage: {sys.argv[0]} BIN_DIR")
    return sys.argv[1]


def is_long():
    return os.environ.get("VIGIL_LONG") == "yes"
