#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a node must refuse, at start and on its ports: the exit code of CLI.md, a sentence that names the remedy, nothing
changed; and strangers on a port cost themselves the connection, never the node."""
import contextlib
import json
import os
import pathlib
import random
import shutil
import socket
import subprocess
import sys

from cluster import WAIT_S, Cluster, bin_dir, wait_for

SEED = 20261122
failures = []


def expect(what, condition, seen):
    if not condition:
        failures.append(f"{what}: {seen}")


def start(c, config, *words):
    """`vigild` with a configuration that it must refuse: (exit code, stderr)."""
    done = subprocess.run([c.bin / "vigild", "--config", str(config), *words], capture_output=True, text=True, timeout=WAIT_S)
    return done.returncode, done.stderr


def refused_start(c, what, config, code, *fragments):
    got, said = start(c, config)
    expect(what, got == code and all(f in said for f in fragments), f"exit {got}, expected {code} and {fragments}: {said}")


def copy_of(c, node, name):
    """A copy of a stopped node's folder with its own paths; returns its configuration file."""
    home = c.dir / "dev" / f"node-{node}"
    target = c.dir / name
    shutil.copytree(home, target)
    config = target / "config.yaml"
    config.write_text(config.read_text().replace(str(home), str(target)))
    return config


def data_file(config, env):
    return config.parent / "data" / env / "data.mdb"


def overwrite(path, offset, data):
    with open(path, "r+b") as file:
        file.seek(offset)
        file.write(data)


def refusals_of_stores(c, other):
    foreign = copy_of(other, 3, "foreign")
    stranger = copy_of(c, 3, "stranger")
    shutil.rmtree(stranger.parent / "data")
    shutil.copytree(foreign.parent / "data", stranger.parent / "data")
    refused_start(c, "a store of another cluster", stranger, 4, "cluster")

    cut = copy_of(c, 3, "cut")
    os.truncate(data_file(cut, "log"), 4096 * 3)
    refused_start(c, "a truncated log", cut, 4, "data.mdb")

    meta = copy_of(c, 3, "meta")
    overwrite(data_file(meta, "log"), 0, b"\xff" * 8192)
    refused_start(c, "a log with damaged structure", meta, 4)

    gone = copy_of(c, 3, "gone")
    text = gone.read_text().replace(str(gone.parent / "data"), "/proc/nowhere/data")
    gone.write_text(text)
    refused_start(c, "a folder that cannot be made", gone, 3, "/proc/nowhere")

    held = c.dir / "dev" / "node-1" / "config.yaml"
    refused_start(c, "a folder another process holds, or a port in use", held, 3)

    port = copy_of(c, 3, "port")
    client = c.nodes[1]["client"]
    port.write_text(port.read_text().replace(c.nodes[3]["client"], client))
    refused_start(c, "a port in use", port, 3, client)


def epochs_of(genesis):
    """Where the epochs of its two compartments begin: behind members and people (docs/protocol.md)."""
    at = 77
    for _ in range(int.from_bytes(genesis[75:77], "little")):
        at += 8 + 1 + genesis[at + 8] + 128
    return at + 2 + int.from_bytes(genesis[at:at + 2], "little") * (16 + 128 + 1)


def refusals_of_genesis(c):
    """Whatever is not the genesis that was made: one bit of it turned, an earlier version, another file."""
    config = c.dir / "dev" / "node-3" / "config.yaml"
    good = (c.dir / "dev" / "genesis").read_bytes()
    pin = next(line for line in config.read_text().splitlines() if line.startswith("cluster:"))
    first = 8 + 1 + len("apac") + 128
    keys_2 = 77 + first + 8 + 1 + len("emea")  # behind the fixed part, the first member, and the second's id and region
    epochs = epochs_of(good)
    chance = random.Random(SEED)

    def flipped(byte):
        return good[:byte] + bytes([good[byte] ^ 1 << chance.randrange(8)]) + good[byte + 1:]

    cases = {
        "a bit of a member's key": (flipped(keys_2), False, 4, "node 2"),
        "a bit of its channel key": (flipped(keys_2 + 32), False, 4, "node 2"),
        "a bit of its binding": (flipped(keys_2 + 64), False, 4, "node 2"),
        "the same, of a genesis that was pinned": (flipped(keys_2 + 64), True, 4, "is that of cluster"),
        "a bit of the salt": (flipped(11), True, 4, "is that of cluster"),
        "the rights of its last person": (flipped(epochs - 1), True, 4, "is that of cluster"),
        "a bit of its last wrap": (good[:-1] + bytes([good[-1] ^ 1]), True, 4, "is that of cluster"),
        "one of the first version": (b"\1" + good[1:], False, 2, "make a new cluster"),
        "a bit of its version": (flipped(0), True, 4, "is that of cluster"),
        "one that seals, and lets entries be in clear": (good[:2] + b"\1" + good[3:], False, 2, "make a new cluster: vigil cluster init"),
        "one that does not seal": (good[:2] + b"\1" + good[3:epochs] + bytes(4), False, 2, "make a new cluster: vigil cluster init"),
        "the same without its flag": (good[:epochs] + bytes(4), False, 2, "in clear, without the flag"),
        "another region for a member": (good.replace(b"\4emea", b"\4emeb", 1), False, 2, "write region: emeb"),
        "the same, pinned": (good.replace(b"\4emea", b"\4emeb", 1), True, 4, "is that of cluster"),
        "a cut one": (good[:-7], False, 2, "cut short"),
        "one with bytes behind": (good + b"x", False, 2, "bytes too many"),
        "an identity": ((c.dir / "dev" / "node-3" / "key").read_bytes(), False, 2, "genesis"),
        "nothing": (b"", True, 4, "is that of cluster"),
    }
    for what, (content, pinned, code, fragment) in cases.items():
        genesis = c.dir / "altered-genesis"
        genesis.write_bytes(content)
        text = config.read_text().replace(str(c.dir / "dev" / "genesis"), str(genesis))
        path = c.dir / "bad.yaml"
        path.write_text(text if pinned else text.replace(pin + "\n", ""))
        refused_start(c, f"genesis: {what}", path, code, fragment, str(genesis))


def refusals_of_keys(c):
    """Whatever is not the node's own identity, whole and private."""
    config = c.dir / "dev" / "node-3" / "config.yaml"
    key = c.dir / "dev" / "node-3" / "key"
    lines = key.read_text().splitlines(keepends=True)
    turned = lines[5][:-2] + ("0" if lines[5][-2] != "0" else "1") + "\n"
    cases = {
        "of the first version": ("vigil-identity 1\nkind node\n", 0o600, 2, "vigil identity new"),
        "of another binding": ("".join(lines[:5]) + turned + "".join(lines[6:]), 0o600, 4, "line 6"),
        "cut": ("".join(lines[:7]), 0o600, 2, "line 8"),
        "empty": ("", 0o600, 2, "restore it from a copy"),
        "of another program": ("-----BEGIN OPENSSH PRIVATE KEY-----\n", 0o600, 2, "restore it from a copy"),
        "too long": ("x" * 5000, 0o600, 2, "name the right file"),
        "a person's": ((c.dir / "dev" / "person-1.identity").read_text(), 0o600, 2, "node 3"),
        "others can read": ("".join(lines), 0o644, 1, "chmod 600"),
    }
    for what, (content, mode, code, fragment) in cases.items():
        altered = c.dir / "altered-key"
        altered.write_text(content)
        altered.chmod(mode)
        path = c.dir / "bad.yaml"
        path.write_text(config.read_text().replace(str(key), str(altered)))
        refused_start(c, f"key: {what}", path, code, fragment)
    altered.unlink()
    refused_start(c, "key: none", path, 1, "there is no such file", str(altered))


def refusals_of_configuration(c):
    base = (c.dir / "dev" / "node-3" / "config.yaml").read_text()
    cases = {
        "an unknown key": (base + "surprise: 1\n", 2, "surprise"),
        "a wrong type": (base.replace("node: 3", "node: three", 1), 2, "line"),
        "not YAML": ("node: [1\n", 2, "line"),
        "an empty file": ("", 2, "empty"),
        "a key twice": (base + "node: 3\n", 2, "node"),
        "an address that is none": (base.replace("tcp://127.0.0.1", "tcp://300.0.0.1", 1), 2, "not a host"),
        "no such genesis": (base.replace("/genesis", "/no-genesis", 1), 1, "no-genesis"),
        "another node's key": (base.replace("node-3/key", "node-2/key", 1), 2, "key"),
        "a file of 70 KiB": ("# " + "x" * 70 * 1024 + "\n" + base, 2, "bytes"),
        "not UTF-8": (base.replace("amer", "am\udcff", 1), 2, "UTF-8"),
    }
    for what, (text, code, fragment) in cases.items():
        path = c.dir / "bad.yaml"
        path.write_bytes(text.encode("utf-8", "surrogateescape"))
        refused_start(c, f"configuration: {what}", path, code, fragment)
    missing = c.dir / "no.yaml"
    refused_start(c, "configuration: missing", missing, 1, str(missing))


def bad_documents(c):
    """A batch of VERIS documents: what cannot be taken is named with the place, the rest goes on, nothing comes twice."""
    good = {"schema_version": "1.3.0", "incident_id": "good", "summary": "fine", "security_incident": "Confirmed"}
    documents = {
        "cut": json.dumps(good)[:40].encode(),
        "deep": b"[" * 5000 + b"]" * 5000,
        "duplicate-key": b'{"incident_id": "a", "incident_id": "b"}',
        "empty": b"",
        "not-utf8": b'{"schema_version": "1.3.0", "incident_id": "\xff"}',
        "oversized": json.dumps(dict(good, summary="x" * 2000000)).encode(),
        "trailing": json.dumps(good).encode() + b"{}",
        "wrong-type": json.dumps(dict(good, incident_id=5)).encode(),
    }
    folder = c.dir / "documents"
    folder.mkdir()
    for name, content in documents.items():
        (folder / f"{name}.json").write_bytes(content)
    (folder / "good.json").write_text(json.dumps(good))
    (folder / "unknown-member.json").write_text(json.dumps(dict(good, incident_id="more", surprise={"x": 1})))
    for verdict in ("imported", "repeated"):
        done = c.run("--context", c.context, "import", "veris", folder)
        lines = done.stdout.splitlines()
        taken = sorted(line.rsplit("/", 1)[1] for line in lines if line.startswith(verdict))
        failed = [name for name in documents if any(f"/{name}.json: " in line for line in lines)]
        expect(f"a batch: exit code, {verdict}", done.returncode == 1, done)
        expect(f"a batch: {verdict}", taken == ["good.json", "unknown-member.json"], lines)
        expect("a batch: every bad document is named", failed == list(documents), lines)
    incidents = c.vigil("incident", "list", "--all")
    expect("a batch: what is kept", sorted(i["unknown_members"] for i in incidents if i["historical"]) == [0, 1], incidents)


def garbage_on_ports(c):
    generator = random.Random(SEED)
    for url in (c.nodes[1]["peer"], c.nodes[1]["client"]):
        host, port = url.removeprefix("tcp://").rsplit(":", 1)
        for size in (0, 1, 3, 6, 22, 1000, 100000):
            with socket.create_connection((host, int(port)), timeout=WAIT_S) as stranger:
                with contextlib.suppress(ConnectionError):  # closed before it has taken everything
                    stranger.sendall(generator.randbytes(size))
                if size >= 22:
                    expect(f"{url}: {size} bytes of garbage", closed_by_peer(stranger), "the node kept the connection")
    made = c.vigil("incident", "detect", "--source", "operator", "--title", "after the garbage", node=1)
    expect("the node after garbage", c.vigil("incident", "show", made["id"], node=1)["stage"] == "detect", made)


def closed_by_peer(connection):
    connection.settimeout(10)
    try:
        while True:
            if not connection.recv(65536):
                return True
    except ConnectionError:
        return True
    except socket.timeout:
        return False


def two_of_one_identity(c):
    """A second process with node 2's identity on other ports: one of the two ends or is kept out, the rest serve on."""
    twin = copy_of(c, 2, "twin")
    text = twin.read_text()
    for kind in ("peer", "client"):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            text = text.replace(c.nodes[2][kind], f"tcp://127.0.0.1:{probe.getsockname()[1]}")
    twin.write_text(text)
    log = open(c.dir / "twin.log", "w")
    with subprocess.Popen([c.bin / "vigild", "--config", str(twin)], stdout=log, stderr=log) as process:
        try:
            said = lambda: any("identity" in pathlib.Path(f).read_text()
                               for f in [c.dir / "twin.log", *(n["log"] for n in c.nodes.values())])
            wait_for(said, "a word about two nodes with one identity")
            made = c.vigil("incident", "detect", "--source", "operator", "--title", "beside a twin", node=1)
            expect("serving beside a twin", c.vigil("incident", "show", made["id"], node=3)["id"] == made["id"], made)
        finally:
            process.kill()


def main():
    with Cluster(bin_dir()) as c, Cluster(bin_dir()) as other:
        try:
            c.signal("kill", 3)
            other.signal("kill", 3)
            refusals_of_stores(c, other)
            refusals_of_configuration(c)
            refusals_of_genesis(c)
            refusals_of_keys(c)
            c.signal("restart", 3)
            c.wait_equal()
            bad_documents(c)
            garbage_on_ports(c)
            two_of_one_identity(c)
        finally:
            for failure in failures:
                print(failure, file=sys.stderr)
        assert not failures, f"{len(failures)} of the refusals are not as promised"
    print("every refusal names what, where and the remedy")


main()
