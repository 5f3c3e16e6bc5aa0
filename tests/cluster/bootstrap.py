#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Follows docs/bootstrap.md word by word: three people found a cluster on three machines. Each has a folder, and with
--apart a user and a network of their own, for which it must be root; without one of these it goes on, says so, and ends with
77. Then what must not work: a fingerprint misheard, files altered or exchanged, a node of another cluster. `--write` puts
what came out into the page.

    bootstrap.py BIN_DIR PAGE [--apart [--write]]"""
import base64
import difflib
import json
import os
import pathlib
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "docs"))
from cluster import WAIT_S, wait_for, without_users  # noqa: E402
from walk import Names, read_blocks  # noqa: E402

PEOPLE = ["ann", "ben", "carol"]
FINGERPRINT = re.compile(r"(?:[0-9a-f]{4} ){9}[0-9a-f]{4}")
HEARD = re.compile(r'(?<=--fingerprint ")[^"]*')
ADDRESS = re.compile(r"10\.77\.0\.(\d):(\d+)")
NAME = PEOPLE[2]  # long enough not to be anywhere by chance
FIRST_UID = 61001
WRAP_SIZE = 120  # holder 8, unwrap key 32, the rest


def as_user(number):
    user = str(FIRST_UID + number)
    return ["setpriv", "--reuid", user, "--regid", user, "--clear-groups"]


class Network:
    """A network namespace for each person, joined by a bridge in one more; or the loopback, where such cannot be made."""

    def __init__(self, wanted):
        self.prefix = f"vigil-{os.getpid()}"
        self.made = []
        self.missing = None  # why there is none
        if not wanted:
            self.missing = "was not asked for"
        elif os.geteuid() != 0:
            self.missing = "only root may make one"
        elif shutil.which("ip") is None:
            self.missing = "there is no ip (Debian's iproute2)"
        elif not self.make():
            self.end()

    def run(self, *command):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            self.missing = f"{' '.join(command)}: {done.stderr.strip().partition(chr(10))[0]}"
        return done.returncode == 0

    def make(self):
        return self.add(0) and self.run(*self.within(0, "ip", "link", "add", "bridge", "up", "type", "bridge")) and \
            all(self.join(number) for number in range(1, len(PEOPLE) + 1))

    def add(self, number):
        done = self.run("ip", "netns", "add", self.of(number))
        if done:
            self.made.append(self.of(number))
        return done

    def join(self, number):
        ways = [self.within(0, "ip", "link", "add", f"to-{number}", "type", "veth", "peer", "name", "eth0", "netns", self.of(number)),
                self.within(0, "ip", "link", "set", f"to-{number}", "master", "bridge", "up"),
                self.within(number, "ip", "address", "add", f"10.77.0.{number}/24", "dev", "eth0"),
                self.within(number, "ip", "link", "set", "eth0", "up"),
                self.within(number, "ip", "link", "set", "lo", "up")]
        return self.add(number) and all(self.run(*way) for way in ways)

    def of(self, number):
        """Somebody's; 0 is the one with the bridge."""
        return f"{self.prefix}-{number}"

    def within(self, number, *words):
        """A command in a network. `ip netns exec` and `ip -n` would remount /sys, which not every root lets them."""
        return ["nsenter", f"--net=/run/netns/{self.of(number)}", *words]

    def end(self):
        for name in self.made:
            subprocess.run(["ip", "netns", "delete", name], check=False)
        self.made = []


class Machines:
    def __init__(self, bin_dir, apart):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="vigil-bootstrap-"))
        self.root.chmod(0o711)
        self.bin = self.root / "bin"  # where every user can read them
        self.bin.mkdir()
        for name in ("vigil", "vigild"):
            shutil.copy2(pathlib.Path(bin_dir) / name, self.bin / name)
        self.shared = without_users() if apart else "was not asked for"
        self.network = Network(apart)
        self.nodes = []
        self.ports = {}
        for number, who in enumerate(PEOPLE, 1):
            self.home(who).mkdir(mode=0o700)
            self.give(self.home(who), number)
    def home(self, who):
        return self.root / who

    def give(self, path, number):
        if not self.shared:
            os.chown(path, FIRST_UID + number, FIRST_UID + number)

    def real(self, text):
        """Addresses as they are here: those of the page, or ports of the loopback."""
        return ADDRESS.sub(lambda m: f"127.0.0.1:{self.port(m.group())}", text) if self.network.missing else text

    def port(self, address):
        if address not in self.ports:
            with socket.socket() as held:
                held.bind(("127.0.0.1", 0))
                self.ports[address] = held.getsockname()[1]
        return self.ports[address]

    def words(self, who, command):
        number = PEOPLE.index(who) + 1
        words = ["bash", "-c", command]
        if not self.shared:
            words = [*as_user(number), *words]
        return words if self.network.missing else self.network.within(number, *words)

    def start(self, who, command, out):
        home = self.home(who)
        environment = {"HOME": str(home), "PATH": f"{self.bin}:/usr/bin:/bin", "NO_COLOR": "1", "COLUMNS": "200", "LC_ALL": "C.UTF-8"}
        return subprocess.Popen(self.words(who, command), cwd=home, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                                text=True)

    def run(self, who, command):
        """What somebody types: (exit code, what is said). `scp` is the courier's, `&` leaves a node running."""
        command = self.real(command.strip())
        if command.startswith("scp "):
            return self.carry(who, shlex.split(command)[1:])
        if command.endswith(" &"):
            with open(self.root / f"{who}.log", "a") as log:
                self.nodes.append((who, self.start(who, "exec " + command[:-2], log)))
            return 0, ""
        process = self.start(who, command, subprocess.PIPE)
        said, _ = process.communicate(timeout=120)
        return process.returncode, said

    def carry(self, who, words):
        other = words[-1].split("@")[0]
        for name in words[:-1]:
            shutil.copyfile(self.home(who) / name, self.home(other) / name)
            self.give(self.home(other) / name, PEOPLE.index(other) + 1)
        return 0, ""

    def stop(self, who):
        for name, process in self.nodes:
            if name == who:
                process.terminate()
                process.wait(timeout=WAIT_S)
        self.nodes = [(name, process) for name, process in self.nodes if name != who]

    def end(self):
        for who in PEOPLE:
            self.stop(who)
        self.network.end()
        shutil.rmtree(self.root)


class Page:
    """The page's literals and what they are here: a fingerprint of the page is always the same one."""

    def __init__(self):
        self.known = {}
        self.heard = ""  # what the founder has read out

    def learn(self, page, program):
        for wanted, got in zip(FINGERPRINT.findall(page), FINGERPRINT.findall(program)):
            if self.known.setdefault(wanted, got) != got:
                raise AssertionError(f"the page has {wanted} for both {self.known[wanted]} and {got}")

    def typed(self, command):
        return FINGERPRINT.sub(lambda match: self.known.get(match.group(), match.group()), command)


def plain(names, text, home):
    # what can be locked down is the machine's
    text = re.sub(r"(?m)^.* not-locked-down .*\n|(?<= locked-down core=yes ).*", "", text)
    text = FINGERPRINT.sub("FINGERPRINT", text.replace(str(home), "/home/" + home.name))
    return names.plain(re.sub(r"tcp://[0-9.]+:\d+", "URL", re.sub(r"\b[0-9a-f]{128}\b", "BINDING", text)))


def follow(machines, page, write):
    pieces = read_blocks(page.read_text())
    known, wanted, got = Page(), Names(), Names()
    differences, commands = [], 0
    plan = re.search(r"```yaml\n(.*?)```", page.read_text(), re.S).group(1)
    (machines.home("ann") / "plan.yaml").write_text(machines.real(plan))
    for piece in pieces:
        for step in piece if isinstance(piece, list) else []:
            who, command, output = step
            command = HEARD.sub(known.heard, command) if write else command
            code, said = machines.run(who, command if write else known.typed(command))
            commands += 1
            if code != 0:
                raise AssertionError(f"{who}$ {command.strip()}: exit {code}: {said}")
            if command == "vigil cluster init plan.yaml\n":
                known.heard = FINGERPRINT.search(said).group()
            if write:
                step[1] = command
                step[2] = said.replace(str(machines.home(who)), f"/home/{who}")
                for address, port in machines.ports.items():
                    step[2] = step[2].replace(f"127.0.0.1:{port}", address)
                continue
            known.learn(output, said)
            one, other = plain(wanted, output, machines.home(who)), plain(got, said, machines.home(who))
            if one != other:
                differences += [f"{who}$ {command.strip()}", *difflib.unified_diff(one, other, "page", "program", lineterm="")]
    if write:
        page.write_text("".join("".join(f"{w}$ {c}{o}" for w, c, o in piece) if isinstance(piece, list) else piece for piece in pieces))
    assert not differences, "\n".join([f"{page} says something else than the program:", *differences])
    return commands


# ---- what must not work ----------------------------------------------------------------------------------------------


def refuse(machines, who, command, code, *fragments):
    got, said = machines.run(who, command)
    assert got == code and all(f in said for f in fragments), f"{who}$ {command}: exit {got}, expected {code} and {fragments}: {said}"


def join(fingerprint, file="cluster.json", key="node.key", rest="--dir again"):
    return f'vigil cluster join {file} --fingerprint "{fingerprint}" --key {key} {rest}'


def fingerprint_of(machines, file):
    return FINGERPRINT.search(machines.run("carol", join("0" * 40, file))[1]).group()


def refusals_of_joining(machines):
    carol = machines.home("carol")
    fingerprint = FINGERPRINT.search(machines.run("carol", "vigil cluster members")[1]).group()
    other = fingerprint[:-1] + ("0" if fingerprint[-1] != "0" else "1")
    refuse(machines, "carol", join(other), 4, "you were told another", fingerprint)
    refuse(machines, "carol", join("12 34"), 2, "40 hex digits")
    refuse(machines, "carol", join(fingerprint, rest=""), 1, "already")
    refuse(machines, "carol", join(fingerprint, key=".config/vigil/identity"), 2, "a person's identity")
    machines.run("carol", "vigil identity new --for-node 9 --file stranger.key; vigil identity new --for-node 3 --file anew.key")
    refuse(machines, "carol", join(fingerprint, key="stranger.key"), 2, "node 9 is not in this cluster")
    refuse(machines, "carol", join(fingerprint, key="anew.key"), 4, "other keys for node 3")
    document = json.loads((carol / "cluster.json").read_text())
    genesis = document["genesis"]
    raw = base64.b64decode(genesis)
    for bit in range(0, 8 * len(raw), len(raw) // 3):
        altered = bytearray(raw)
        altered[bit // 8] ^= 1 << bit % 8
        document["genesis"] = base64.b64encode(altered).decode()
        (carol / "altered.json").write_text(json.dumps(document))
        refuse(machines, "carol", join(fingerprint, "altered.json"), 4, "altered.json is of the cluster", "ask its founder again")
    (carol / "altered.json").write_text((carol / "cluster.json").read_text()[:-9])
    refuse(machines, "carol", join(fingerprint, "altered.json"), 2, "altered.json", "ask for it anew")
    refusals_of_keyrings(machines, fingerprint)
    assert not (carol / "again" / "node.yaml").exists(), "something was written"


def refusals_of_keyrings(machines, fingerprint):
    """The keyring beside the node's key is the one that the directory is sealed for, or nothing is joined."""
    keyring = machines.home("carol") / "node.keyring"
    good = keyring.read_bytes()
    keyring.chmod(0o640)
    refuse(machines, "carol", join(fingerprint), 1, "node.keyring", "mode 600")
    keyring.unlink()
    refuse(machines, "carol", join(fingerprint), 1, "node.keyring: there is no keyring beside the key")
    refuse(machines, "carol", "vigild --check-config node.yaml", 1, "node.keyring: there is no keyring")
    for other, fragment in (("stranger.keyring", "the keyring of node 9"), ("anew.keyring", "not signed by the key of node 3")):
        shutil.copyfile(machines.home("carol") / other, keyring)
        machines.give(keyring, 3)
        keyring.chmod(0o600)
        refuse(machines, "carol", join(fingerprint), 4, fragment)
    keyring.write_bytes(good)
    founded_for_another_keyring(machines)


def founded_for_another_keyring(machines):
    """A founder whose file has another unwrap key for node 3, in the last of the wraps, and who reads out its fingerprint."""
    carol = machines.home("carol")
    document = json.loads((carol / "cluster.json").read_text())
    genesis = bytearray(base64.b64decode(document["genesis"]))
    genesis[-WRAP_SIZE + 8] ^= 1
    document["genesis"] = base64.b64encode(genesis).decode()
    (carol / "other.json").write_text(json.dumps(document))
    refuse(machines, "carol", join(fingerprint_of(machines, "other.json"), "other.json"), 4, "its first compartment for another unwrap key than that of node.keyring")


def names_are_sealed(machines):
    """A name of the directory is known at every node, and on no disk."""
    for who in PEOPLE:
        code, said = machines.run(who, "vigil user list -o json")
        assert code == 0 and NAME in {person["name"] for person in json.loads(said)}, said
        for part in ("log", "state"):
            assert NAME.encode() not in (machines.home(who) / "data" / part / "data.mdb").read_bytes(), (who, part)
    code, said = machines.run("ben", "vigil compartment show directory -o json")
    assert code == 0 and json.loads(said)["epoch"] == 1, said


def refusals_of_planning(machines):
    ann = machines.home("ann")
    plan = (ann / "plan.yaml").read_text()
    public = json.loads((ann / "ben.json").read_text())
    public["channel_key"] = public["channel_key"][:-1] + ("0" if public["channel_key"][-1] != "0" else "1")
    (ann / "altered.json").write_text(json.dumps(public))
    addresses = re.findall(r'tcp://[^"]+', plan)
    one, two = (json.loads((ann / f"node-{n}.json").read_text()) for n in (1, 2))
    (ann / "exchanged.json").write_text(json.dumps({**two, "unwraps": {**two["unwraps"], "first": one["unwraps"]["first"]}}))
    (ann / "bare.json").write_text(json.dumps({key: value for key, value in two.items() if key != "unwraps"}))
    for text, code, fragment in ((plan.replace("ben.json", "altered.json"), 4, "altered.json"),
                                 (plan.replace("node-2.json", "ben.json"), 2, "the identity of a person"),
                                 (plan.replace("node-2.json", "node-1.json"), 2, "two have the number 1"),
                                 (plan.replace("node-2.json", "exchanged.json"), 4, "an unwrap key of it is not signed"),
                                 (plan.replace("node-2.json", "bare.json"), 2, "has no unwrap keys"),
                                 (plan.replace("ceremony/recovery.json", "ceremony/share-1.txt"), 2, "is not the recovery.json"),
                                 (plan.replace("recovery:", "#"), 2, "for which recovery key"),
                                 (plan.replace(addresses[2], addresses[0]), 2, "stands there twice"),
                                 (plan.replace("ben.json", "ann.json"), 2, "one person twice")):
        (ann / "bad.yaml").write_text(text)
        refuse(machines, "ann", "vigil cluster init bad.yaml --out bad.json", code, "bad.yaml: ", fragment)
    refuse(machines, "ann", "vigil cluster init plan.yaml", 1, "cluster.json is there already")


def reachable(machines, node):
    code, said = machines.run("ann", "vigil cluster status -o json")
    return code == 0 and next(row["reachable"] for row in json.loads(said)["nodes"] if row["id"] == node)


def a_second_cluster(machines):
    """Carol's node, with its own keys and at its own address, but by the file of another cluster."""
    machines.run("ann", "vigil cluster init plan.yaml --out second.json")
    machines.run("ann", "scp second.json carol@10.77.0.3:")
    machines.stop("carol")
    wait_for(lambda: not reachable(machines, 3), "node 3 is missed")
    fingerprint = fingerprint_of(machines, "second.json")
    machines.run("carol", join(fingerprint, "second.json", rest="--dir second --as second"))
    carol = machines.home("carol")
    config = (carol / "second" / "node.yaml").read_text()
    (carol / "mixed.yaml").write_text(config.replace(f"{carol}/second/data", f"{carol}/data"))
    refuse(machines, "carol", "vigild --config mixed.yaml", 4, "cluster")
    (carol / "pinned.yaml").write_text((carol / "node.yaml").read_text().replace(f"{carol}/genesis", f"{carol}/second/genesis"))
    refuse(machines, "carol", "vigild --check-config pinned.yaml", 4, "is configured for")
    log = machines.root / "carol.log"
    told = len(log.read_text())
    machines.run("carol", "vigild --config second/node.yaml &")
    wait_for(lambda: "peer-down node=2" in log.read_text()[told:], "the second cluster's node dials")
    code, said = machines.run("ann", 'vigil incident detect --source operator --title "without node 3"')
    assert code == 0, said
    assert not reachable(machines, 3), "a node of another cluster was let in"
    key = json.loads((carol / "node-3.json").read_text())["channel_key"]
    code, said = machines.run("carol", f"vigil --context second --node tcp://10.77.0.3:7002#{key} cluster status --timeout 2s -o json")
    assert code != 0 or json.loads(said)["leader"] in (0, None), f"a second cluster leads: {said}"
    machines.stop("carol")
    machines.run("carol", "vigild --config node.yaml &")
    wait_for(lambda: reachable(machines, 3), "node 3 is back")


def shares_are_private(machines):
    ceremony = machines.home("ann") / "ceremony"
    assert all((ceremony / f"share-{n}.txt").stat().st_mode & 0o777 == 0o600 for n in (1, 2, 3))
    refuse(machines, "ann", "vigil recovery check ceremony/share-2.txt", 2, "it takes 2")
    refuse(machines, "ann", "vigil recovery check ceremony/share-2.txt ceremony/share-2.txt", 2, "given twice")
    machines.run("ann", "vigil recovery new --holder ann --dir other-ceremony")
    refuse(machines, "ann", "vigil recovery check other-ceremony/share-1.txt --cluster cluster.json", 4, "not sealed for the key of these shares")
    share = ceremony / "share-1.txt"
    share.write_text(share.read_text().replace("secret ", "secret f", 1)[:-1] + "\n")
    refuse(machines, "ann", "vigil recovery check ceremony/share-1.txt ceremony/share-2.txt", 2, "share-1.txt")


def missing(machines):
    """Says what could not be had; whether there was such a thing."""
    if machines.network.missing:
        print(f"SKIPPED: no network of its own for each machine, all share the loopback: {machines.network.missing}")
    if machines.shared:
        print(f"SKIPPED: no user of its own for each person, all are this one: {machines.shared}")
    return machines.network.missing or machines.shared


def main():
    options = sys.argv[3:]
    if len(sys.argv) < 3 or options not in ([], ["--apart"], ["--apart", "--write"]):
        sys.exit(__doc__)
    page = pathlib.Path(sys.argv[2])
    machines = Machines(sys.argv[1], "--apart" in options)
    try:
        commands = follow(machines, page, "--write" in options)
        names_are_sealed(machines)
        shares_are_private(machines)
        refusals_of_planning(machines)
        refusals_of_joining(machines)
        a_second_cluster(machines)
        where = "folders" if machines.network.missing else "networks"
        print(f"{page}: {commands} commands on three {where} of {'one user' if machines.shared else 'three users'}: 1 passed, 0 failed")
    except AssertionError:
        for who in PEOPLE:
            log = machines.root / f"{who}.log"
            print(f"--- {who}'s node:", *log.read_text().splitlines()[-15:] if log.exists() else [], sep="\n", file=sys.stderr)
        raise
    finally:
        machines.end()
    if options and missing(machines):
        sys.exit(77)


main()
