#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A person's keys at rest: a passphrase is asked for on a terminal without echo and nowhere else, the agent signs for who has
unlocked, refuses strangers and nonsense, forgets in time, and may be killed or stopped in the middle of a command. A node's key under a
passphrase opens by a credential, a file or the terminal."""
import concurrent.futures
import ctypes
import fcntl
import json
import os
import pty
import random
import re
import resource
import select
import signal
import socket
import struct
import subprocess
import sys
import termios
import threading

from cluster import WAIT_S, Cluster, Person, bin_dir, wait_for

SEED = 20261126
WORD = "correct horse battery"
STRANGER = 4711


class Terminal:
    """A program with a terminal of its own; what it writes there, and keys for it."""

    def __init__(self, c, *words, program="vigil"):
        self.ours, theirs = pty.openpty()
        take = lambda: fcntl.ioctl(theirs, termios.TIOCSCTTY, 0)
        self.process = subprocess.Popen([c.bin / program, *map(str, words)], env=c.environment, stdin=subprocess.DEVNULL,
                                        stdout=theirs, stderr=theirs, start_new_session=True, preexec_fn=take)
        os.close(theirs)
        self.said = ""

    def read(self):
        """False at the end."""
        ready, _, _ = select.select([self.ours], [], [], WAIT_S)
        assert ready, f"silent for {WAIT_S} s after: {self.said}"
        try:
            chunk = os.read(self.ours, 65536)
        except OSError:
            chunk = b""
        self.said += chunk.decode()
        return bool(chunk)

    def echoes(self):
        return bool(termios.tcgetattr(self.ours)[3] & termios.ECHO)

    def answer(self, prompt, keys):
        """Types keys at a prompt that has not been answered yet."""
        while f"{prompt}: " not in self.said:
            assert self.read(), f"ended without \"{prompt}\": {self.said}"
        assert not self.echoes(), "a passphrase would be seen"
        self.said = self.said.split(f"{prompt}: ", 1)[1]
        os.write(self.ours, keys.encode())
        return self

    def end(self):
        while self.read():
            pass
        assert WORD not in self.said, self.said
        code = self.process.wait()
        os.close(self.ours)
        return code, self.said


def says(done, code, word, *fragments):
    """The end of a call that was refused: (code, text) of a terminal, or a finished process."""
    got, text = done if isinstance(done, tuple) else (done.returncode, done.stderr)
    assert got == code and f": {word}: " in text and all(f in text for f in fragments), (got, text)


def asked_for(c):
    """Every way to be asked for a new passphrase, and to be left without."""
    path = c.dir / "ada.identity"
    new = ("identity", "new", "--file", path)
    says(Terminal(c, *new).answer("New passphrase", "short\n").end(), 2, "invalid", "at least 8 bytes")
    says(Terminal(c, *new).answer("New passphrase", f"{WORD}\n").answer("The same again", "another one\n").end(), 2, "invalid", "differ")
    for given_up in ("\x03", "some of\x03", "\x1c", "\x04"):
        terminal = Terminal(c, *new).answer("New passphrase", given_up)
        while terminal.read():
            pass
        assert "unavailable" in terminal.said and "given up" in terminal.said, terminal.said
        assert terminal.process.wait() == 3 and terminal.echoes()
    says(Terminal(c, *new).answer("New passphrase", "x" * 2000 + "\n").end(), 2, "invalid", "at most 1024 bytes")
    says(c.run(*new, start_new_session=True), 3, "unavailable", "no terminal", "--passphrase-file FILE, or --no-passphrase")
    says(c.run(*new, "--no-passphrase", "--passphrase-file", path), 2, "usage", "not both")
    assert not path.exists(), "nothing is left of what was given up"

    code, said = Terminal(c, *new).answer("New passphrase", f"{WORD}\n").answer("The same again", f"{WORD}\n").end()
    assert code == 0 and "passphrase   yes" in said, said
    assert path.stat().st_mode & 0o777 == 0o600 and "seed" not in path.read_text()
    says(c.run(*new, start_new_session=True), 1, "exists")
    shown = json.loads(c.run("-o", "json", "identity", "show", path, start_new_session=True).stdout)
    assert shown["passphrase"] is True and shown["kind"] == "person", shown
    return path


def changed(c, path):
    """A passphrase is changed, taken away and set; a wrong one opens nothing and changes nothing."""
    before = path.read_bytes()
    change = ("identity", "passphrase", path)
    says(Terminal(c, *change).answer(f"Passphrase of {path}", "wrong horse\n").end(), 1, "forbidden", "does not open")
    says(c.run(*change, start_new_session=True), 3, "unavailable", "no terminal", "--passphrase-file FILE")
    assert path.read_bytes() == before
    other, own = c.dir / "other", c.dir / "own"
    for file, text in ((other, "another one\n"), (own, f"{WORD}\n")):
        file.write_text(text)
        file.chmod(0o600)
    code, _ = Terminal(c, *change, "--new-passphrase-file", other).answer(f"Passphrase of {path}", f"{WORD}\n").end()
    assert code == 0 and path.read_bytes() != before
    bare = c.run(*change, "--passphrase-file", other, "--no-passphrase")
    assert bare.returncode == 0 and "under no passphrase" in bare.stderr and "seed" in path.read_text(), bare
    assert c.run(*change, "--new-passphrase-file", own).returncode == 0 and "seed" not in path.read_text()
    other.chmod(0o644)
    says(c.run(*change, "--passphrase-file", other), 1, "forbidden", "others can read it")
    return own


def spoiled(c, path):
    """Files that are not as they should be, each with its remedy."""
    text = path.read_text()
    copy = c.dir / "copy.identity"
    show = ("identity", "show", copy)
    cases = [("vigil-identity 2", "vigil-identity 1", 2, "invalid", "make a new one"),
             ("\nkind person", "\nkind node", 2, "invalid", "line 3"),
             ("\nid 0", "\nid 1", 4, "integrity", "restore the file"),
             ("argon2id 3 262144", "argon2id 3 4194304", 2, "invalid", "line 7"),
             ("argon2id 3 262144", "argon2id 999 262144", 2, "invalid", "1 to 10 passes"),
             ("\nbox ", "\n\nbox ", 2, "invalid", "restore the file"),
             ("\nnonce ", "\nonce ", 2, "invalid", "line 9")]
    for old, new, code, word, fragment in cases:
        assert old in text, old
        copy.write_text(text.replace(old, new, 1))
        copy.chmod(0o600)
        says(c.run(*show), code, word, fragment)
    for content in (b"", b"\n", b"\0" * 64, b"\xff\xfe\n", text.encode()[:100], text.replace("\n", "\r\n").encode(), b"\xef\xbb\xbf" + text.encode(),
                    b"-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaA==\n-----END OPENSSH PRIVATE KEY-----\n"):
        copy.write_bytes(content)
        for call in (show, ("identity", "unlock", copy), ("--context", c.context, "--identity", copy, "cluster", "status")):
            says(c.run(*call), 2, "invalid", str(copy), "line ", "restore it from a copy")
    copy.write_bytes(random.Random(SEED).randbytes(100000))
    says(c.run(*show), 2, "invalid", "name the right file")
    copy.unlink()
    says(c.run(*show), 1, "not-found", "vigil identity new")
    copy.mkdir()
    says(c.run(*show), 2, "invalid", "name the right file")
    copy.rmdir()
    copy.write_text(text)
    copy.chmod(0o600)
    assert c.run(*show).returncode == 0
    copy.chmod(0o644)
    says(c.run(*show), 1, "forbidden", f"chmod 600 {copy}")
    copy.chmod(0o600)
    loose = c.dir / "loose"
    loose.mkdir()
    (loose / "copy").write_text(text)
    (loose / "copy").chmod(0o600)
    loose.chmod(0o777)
    says(c.run("identity", "show", loose / "copy"), 1, "forbidden", "chmod go-w")
    if os.geteuid() == 0:
        os.chown(copy, STRANGER, STRANGER)
        says(c.run(*show), 1, "forbidden", "chown")
    key = next((c.dir / "dev" / "node-1").glob("key"))
    says(c.run("identity", "unlock", key), 2, "invalid", "vigild")
    says(c.run("--context", c.context, "--identity", key, "incident", "detect", "--source", "operator", "--title", "x"), 2, "invalid",
         "a node's identity")


def place(c):
    return c.dir / "run" / "vigil" / "agent"


def agent_pid(c):
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(str(place(c)))
        return struct.unpack("3i", s.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]


def ask(c, question, length=None, at=None):
    """An answer to bytes as they are, b"" where the agent closes instead."""
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(str(at or place(c)))  # waits while the queue is full, as vigil does; a time-out would make it fail
        s.settimeout(WAIT_S)
        try:
            s.sendall(struct.pack("<I", len(question) if length is None else length) + question)
            if length is not None:
                s.shutdown(socket.SHUT_WR)
            answer = b""
            while chunk := s.recv(4096):
                answer += chunk
        except ConnectionError:
            return b""
        return answer[4:]


def unlocked(c, person, path, own, note):
    """The agent signs, at a terminal and without one; locked, and when its time is over, it does not."""
    says(note(start_new_session=True), 3, "unavailable", "no terminal", "vigil identity unlock")
    terminal = Terminal(c, "--context", c.context, *person.words(), "incident", "note", note.incident, "--text", "by hand")
    assert terminal.answer(f"Passphrase of {path}", f"{WORD}\n").end()[0] == 0
    says(Terminal(c, *person.words(), "--context", c.context, "incident", "note", note.incident, "--text", "x")
         .answer(f"Passphrase of {path}", "wrong horse\n").end(), 1, "forbidden", "does not open")
    code, said = Terminal(c, "identity", "unlock", path, "--for", "8h").answer(f"Passphrase of {path}", f"{WORD}\n").end()
    shown = re.search(r"\b28[78]\d\d\b", said)
    assert code == 0 and shown and int(shown.group()) <= 28800, said
    assert note(start_new_session=True).returncode == 0
    held = json.loads(c.run("-o", "json", "identity", "held").stdout)
    assert len(held) == 1 and 28700 < held[0]["expires_in"] <= 28800, held
    locked = c.run("identity", "lock")
    assert locked.returncode == 0 and "forgotten every key" in locked.stdout, locked
    assert "no keys are held" in c.run("identity", "held").stdout
    says(note(start_new_session=True), 3, "unavailable", "vigil identity unlock")
    c.run("identity", "unlock", path, "--passphrase-file", own, "--for", "1s")
    wait_for(lambda: json.loads(c.run("-o", "json", "identity", "held").stdout) == [], "the agent to forget")
    says(note(start_new_session=True), 3, "unavailable", "vigil identity unlock")
    assert c.run("identity", "unlock", path, "--passphrase-file", own).returncode == 0


def shut_in(c, sanitized):
    """No core, nothing to be swapped; strangers and other agents are turned away."""
    pid = agent_pid(c)
    limits = open(f"/proc/{pid}/limits").read()
    assert "Max core file size        0                    0" in limits, limits
    says(c.run("identity", "agent"), 1, "exists", "already")
    if not sanitized:  # whose mlock does nothing
        locked = [line for line in open(f"/proc/{pid}/status") if line.startswith("VmLck")]
        assert int(locked[0].split()[1]) > 0, locked
        elsewhere = dict(c.environment, XDG_RUNTIME_DIR=str(c.dir / "elsewhere"))
        says(subprocess.run([c.bin / "vigil", "identity", "agent"], env=elsewhere, preexec_fn=without_locks, capture_output=True, text=True),
             3, "unavailable", "ulimit -l")
    if os.geteuid() == 0:
        strangers_knock(c)


def without_locks():
    """For a child: no memory may be locked, by root neither (CAP_IPC_LOCK leaves the bounding set)."""
    PR_CAPBSET_DROP, CAP_IPC_LOCK = 24, 14
    ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_IPC_LOCK, 0, 0, 0)
    resource.setrlimit(resource.RLIMIT_MEMLOCK, (0, 0))


def strangers_knock(c):
    """With every permission on the way taken away, it is still who they are that counts."""
    folder, near = place(c).parent, [c.dir, c.dir / "run", place(c).parent]
    modes = [path.stat().st_mode for path in near]
    for path in near:
        path.chmod(0o711)
    place(c).chmod(0o666)
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        os.chdir(folder)  # whatever lies between / and here
        os.setuid(STRANGER)
        try:
            os.write(theirs, b"told: " + ask(c, b"\1", at=place(c).name))
        finally:
            os._exit(0)
    os.close(theirs)
    try:
        os.waitpid(child, 0)
        assert os.read(ours, 100) == b"told: ", "closed without an answer"
        says(c.run("identity", "held"), 1, "forbidden", f"chmod 700 {folder}")
    finally:
        os.close(ours)
        place(c).chmod(0o600)
        for path, mode in zip(near, modes):
            path.chmod(mode)


def nonsense(c, note):
    """What is no question is answered or closed, and costs nobody else anything."""
    generator = random.Random(SEED)
    assert ask(c, b"\1")[:1] == b"\0"
    assert ask(c, b"", length=0) == b"" and ask(c, b"x", length=1 << 31) == b"" and ask(c, b"x", length=9) == b""
    for _ in range(300):
        answer = ask(c, generator.randbytes(generator.choice([1, 4, 90, 1000, 5000])))
        assert answer and answer[0] != 0, answer
    half = []
    for _ in range(80):  # more than are served at a time; each is given up after ten seconds
        half.append(socket.socket(socket.AF_UNIX))
        half[-1].connect(str(place(c)))
        half[-1].sendall(struct.pack("<I", 100) + b"\4")
    assert ask(c, b"\1")[:1] == b"\0", "who comes then waits, and is served"
    for s in half:
        s.close()
    assert note(start_new_session=True).returncode == 0


def in_the_middle(c, person, path, own, note):
    """The agent is killed between two signatures of one command, and stopped: what is said, and that it can be mended."""
    incident = note.incident
    revision = c.vigil("incident", "show", incident)["revision"].get("severity", 0)
    c.vigil("incident", "severity", incident, "sev2", "--reason", "first", "--expect", f"severity={revision}")
    words = ["incident", "severity", incident, "sev3", "--reason", "mine", "--rebase", "--expect", f"severity={revision}"]
    command = [c.bin / "vigil", "--context", c.context, *person.words(), *words]
    process = subprocess.Popen(command, env=c.environment, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
    said = ""
    while "[y/N] " not in said:
        character = process.stderr.read(1)
        assert character, said
        said += character
    pid = agent_pid(c)
    os.kill(pid, signal.SIGKILL)
    _, rest = process.communicate("y\n", timeout=WAIT_S)
    says((process.returncode, rest), 3, "unavailable", "vigil identity unlock", "--request-id")
    says(c.run("identity", "held"), 3, "unavailable", "vigil identity unlock")
    assert place(c).exists(), "its socket is still there"
    assert c.run("identity", "unlock", path, "--passphrase-file", own).returncode == 0
    assert note(start_new_session=True).returncode == 0

    pid = agent_pid(c)
    os.kill(pid, signal.SIGSTOP)
    with concurrent.futures.ThreadPoolExecutor() as both:
        stopped, asked = [one.result() for one in (both.submit(c.run, "identity", "held"), both.submit(note, start_new_session=True))]
    os.kill(pid, signal.SIGCONT)
    says(stopped, 3, "timeout", "no answer in 10 s", f"kill -9 {pid}")
    says(asked, 3, "unavailable", "no terminal", "no answer in 10 s", f"kill -9 {pid}", "vigil identity unlock")
    assert note(start_new_session=True).returncode == 0
    os.kill(pid, signal.SIGTERM)
    wait_for(lambda: not place(c).exists(), "the agent to end")
    says(note(start_new_session=True), 3, "unavailable", "no terminal")


class Impostor:
    """Somebody who listens in the agent's place and answers each question as `act` does; of another user if `uid` is given."""

    def __init__(self, c, act, uid=None):
        self.act = act
        self.door = socket.socket(socket.AF_UNIX)
        self.door.bind(str(place(c)))
        place(c).chmod(0o600)
        if uid is None:
            self.door.listen()
        else:  # who listens is who the socket says is there
            child = os.fork()
            if child == 0:
                os.setuid(uid)
                self.door.listen()
                os._exit(0)
            os.waitpid(child, 0)
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                with self.door.accept()[0] as client:
                    size, = struct.unpack("<I", client.recv(4, socket.MSG_WAITALL) or bytes(4))
                    question = client.recv(size, socket.MSG_WAITALL)
                    client.sendall(self.act(question))
            except ConnectionError:
                pass
            except OSError:
                return

    def end(self, c):
        self.door.shutdown(socket.SHUT_RDWR)
        self.door.close()
        place(c).unlink()


def replaced(c, path, note):
    """Another program in the agent's place: one that ends in the middle, one that talks nonsense, and one of another user."""
    shown = json.loads(c.run("-o", "json", "identity", "show", path).stdout)
    key = b"".join(bytes.fromhex(shown[k].replace("-", "")) for k in ("id", "public_key", "channel_key")) + struct.pack("<I", 3600)
    holds = struct.pack("<IB", 1 + len(key), 0) + key
    ended, other, foreign = ("has ended", "vigil identity unlock"), ("no agent of this version", "end it"), ("another user listens", "kill -9 ")
    wordless = ("no terminal", "vigil identity unlock")
    cases = [  # the answer to a question; what `held` says, and a command
        (lambda question: b"", None, (3, "unavailable", *ended), (3, "unavailable", *wordless)),
        (lambda question: holds[:9], None, (3, "unavailable", *ended), (3, "unavailable", *wordless)),
        (lambda question: b"\xff" * 64, None, (4, "integrity", *other), (3, "unavailable", *wordless, *other)),
        (lambda question: bytes(4), None, (4, "integrity", *other), (3, "unavailable", *wordless, *other)),
        (lambda question: b"\2\0\0\0\0?", None, (4, "integrity", *other), (3, "unavailable", *wordless, *other)),
        (lambda question: holds if question == b"\1" else b"", None, None, (3, "unavailable", *ended)),
        (lambda question: holds if question == b"\1" else b"\3\0\0\0\0??", None, None, (4, "integrity", *other)),
    ]
    if os.geteuid() == 0:
        cases.append((lambda question: holds, STRANGER, (1, "forbidden", *foreign), (3, "unavailable", *wordless, *foreign)))
    for act, uid, held_says, note_says in cases:
        impostor = Impostor(c, act, uid)
        try:
            if held_says:
                says(c.run("identity", "held"), *held_says)
            says(note(start_new_session=True), *note_says)
        finally:
            impostor.end(c)


def of_a_node(c, own, somebody):
    """A node's key under a passphrase: from a credential, a file or the terminal; and a key that is not its own."""
    home = c.dir / "dev" / "node-1"
    config, other = home / "config.yaml", home / "other.yaml"
    plain = config.read_text()

    def configured(text):
        """`vigild` with another configuration."""
        other.write_text(text)
        return subprocess.run([c.bin / "vigild", "--check-config", other], env=c.environment, start_new_session=True, capture_output=True,
                              text=True)
    at_first = configured(plain)
    assert at_first.returncode == 0 and " warn key-unprotected " in at_first.stderr, at_first
    says(configured(plain.replace("node-1/key", "node-2/key")), 2, "invalid", "is not that of node 1")
    says(configured(plain.replace(f"{home}/key", str(somebody))), 2, "invalid", "is a person's")
    (home / "key").chmod(0o644)
    says(configured(plain), 1, "forbidden", "chmod 600")
    (home / "key").chmod(0o600)

    assert c.run("identity", "passphrase", home / "key", "--new-passphrase-file", own).returncode == 0
    says(configured(plain), 2, "invalid", "say where that is with key_passphrase")
    assert "key-unprotected" in configured(f"{plain}key_passphrase: {own}\n").stderr
    says(configured(f"{plain}key_passphrase: terminal\n"), 3, "unavailable", "no terminal")
    terminal = Terminal(c, "--check-config", other, program="vigild").answer("Passphrase of node 1's key", f"{WORD}\n")
    assert terminal.end() == (0, f"\r\n{other}: good\r\n"), terminal.said
    says(configured(f"{plain}key_passphrase: credential:word\n"), 2, "invalid", "CREDENTIALS_DIRECTORY is not set")

    credentials = c.dir / "credentials"
    credentials.mkdir(mode=0o700)
    (credentials / "word").write_text(f"{WORD}\n")
    (credentials / "word").chmod(0o400)
    c.environment["CREDENTIALS_DIRECTORY"] = str(credentials)
    config.write_text(f"{plain}key_passphrase: credential:word\n")
    good = configured(config.read_text())
    assert good.returncode == 0 and "key-unprotected" not in good.stderr, good
    c.signal("restart", 1)
    c.wait_equal()


def main():
    sanitized = "--sanitized" in sys.argv
    with Cluster(bin_dir(), environment={"XDG_RUNTIME_DIR": "/nowhere"}) as c:
        (c.dir / "run").mkdir(mode=0o700)
        c.environment["XDG_RUNTIME_DIR"] = str(c.dir / "run")
        path = asked_for(c)
        own = changed(c, path)
        spoiled(c, path)
        public = c.dir / "ada.json"
        public.write_text(c.run("-o", "json", "identity", "show", path).stdout)
        c.vigil("user", "add", "ada", "--public", public, "--role", "responder")
        person = Person(c, path, 1)
        incident = c.vigil("incident", "detect", "--source", "operator", "--title", "Odd logins")["id"]

        def note(**options):
            return person.run("incident", "note", incident, "--text", "a note", **options)
        note.incident = incident
        try:
            unlocked(c, person, path, own, note)
            shut_in(c, sanitized)
            nonsense(c, note)
            in_the_middle(c, person, path, own, note)
            replaced(c, path, note)
            of_a_node(c, own, c.dir / "dev" / "person-1.identity")
        finally:
            if place(c).exists():
                os.kill(agent_pid(c), signal.SIGTERM)
    print("asked for, changed, spoiled, unlocked, shut in, asked nonsense, killed in the middle, replaced, a node's: 1 passed, 0 failed")


main()
