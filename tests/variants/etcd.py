#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""etcd.py BUILD_DIR [--pairs N] [--turns N] [--seconds S] [--clients N] [--payload BYTES]: `vigil bench` with everything signed and sealed
beside Debian's etcd in the clear: three members each on this machine's loopback and disk, the same number of clients that wait for their
answers, the same payload, in turns in one run. etcd's client is h2load, which sends the bytes of one gRPC put, made once; it is C, and what
it takes of the processors is printed. That each put was one is seen in etcd's revision."""
import argparse
import contextlib
import json
import pathlib
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "cluster"))
from cluster import Cluster, wait_for  # noqa: E402

MEMBERS = 3
ABSURD = 20  # times slower is no measurement but a defect


def free_ports(count):
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [s.getsockname()[1] for s in sockets]


def varint(number):
    return bytes([number]) if number < 128 else bytes([number % 128 | 128]) + varint(number // 128)


def grpc_put(key, value):
    """A length-prefixed etcdserverpb.PutRequest: key is field 1, value is field 2."""
    message = b"".join(tag + varint(len(text)) + text for tag, text in ((b"\x0a", key), (b"\x12", value)))
    return b"\x00" + len(message).to_bytes(4, "big") + message


def cpu_s(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


class Etcd:
    """Three members, as they are configured when nothing is said, but for their addresses."""

    def __enter__(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="vigil-etcd-"))
        ports = free_ports(2 * MEMBERS)
        self.clients = [f"http://127.0.0.1:{port}" for port in ports[:MEMBERS]]
        peers = [f"http://127.0.0.1:{port}" for port in ports[MEMBERS:]]
        members = ",".join(f"m{i}={peer}" for i, peer in enumerate(peers))
        self.processes = [self.start(i, peer, members) for i, peer in enumerate(peers)]
        wait_for(lambda: self.leader() is not None, "etcd to have a leader")
        return self

    def start(self, i, peer, members):
        with open(self.dir / f"m{i}.log", "w") as log:
            return subprocess.Popen(["etcd", "--name", f"m{i}", "--data-dir", self.dir / f"m{i}", "--initial-cluster", members,
                                     "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--listen-client-urls", self.clients[i],
                                     "--advertise-client-urls", self.clients[i], "--log-level", "error"], stdout=log, stderr=log)

    def __exit__(self, *_):
        for process in self.processes:
            process.kill()
            process.wait()
        shutil.rmtree(self.dir)

    def leader(self):
        """The address of the member that leads, and the revision it is at."""
        with contextlib.suppress(subprocess.CalledProcessError):
            for url in self.clients:
                said = json.loads(subprocess.run(["etcdctl", "--endpoints", url, "endpoint", "status", "-w", "json"], check=True,
                                                 env={"ETCDCTL_API": "3", "PATH": "/usr/bin:/bin"}, capture_output=True).stdout)[0]["Status"]
                if said.get("leader") == said["header"]["member_id"]:
                    return url, said["header"]["revision"]
        return None

    def bench(self, options):
        url, before = self.leader()
        body, log = self.dir / "put", self.dir / "requests"
        body.write_bytes(grpc_put(b"vigil-bench", b"a" * options.payload))
        log.unlink(missing_ok=True)
        used = sum(cpu_s(p.pid) for p in self.processes)
        client = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(["h2load", "-c", str(options.clients), "-m", "1", "-t", "1", f"--duration={options.seconds}", "-d", body, f"--log-file={log}",
                        "-H", "content-type: application/grpc", "-H", "te: trailers", f"{url}/etcdserverpb.KV/Put"], check=True, capture_output=True)
        after_client = resource.getrusage(resource.RUSAGE_CHILDREN)
        requests = [line.split() for line in log.read_text().splitlines()]
        assert requests and all(status == "200" for _, status, _ in requests), requests[:3]
        now = self.leader()
        written = now[1] - before
        # one that was under way as the time was up is written, and not in the file
        assert now[0] != url or len(requests) <= written <= len(requests) + options.clients, (written, len(requests))
        took = sorted(int(us) / 1000 for _, _, us in requests)
        client_s = after_client.ru_utime + after_client.ru_stime - client.ru_utime - client.ru_stime
        return {"per_s": len(requests) / options.seconds, "p50_ms": took[len(took) // 2], "p99_ms": took[len(took) * 99 // 100],
                "nodes_us": (sum(cpu_s(p.pid) for p in self.processes) - used) * 1e6 / len(requests), "client_us": client_s * 1e6 / len(requests)}


def vigil_bench(c, options):
    nodes = json.loads((c.dir / "dev" / "cluster.json").read_text())["nodes"]
    used = sum(cpu_s(node["pid"]) for node in nodes)
    client = resource.getrusage(resource.RUSAGE_CHILDREN)
    run = c.vigil("bench", "--clients", options.clients, "--seconds", options.seconds, "--payload", options.payload)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert run["errors"] == 0, run
    count = run["writes"]["count"]
    client_s = after.ru_utime + after.ru_stime - client.ru_utime - client.ru_stime
    return {"per_s": run["writes"]["per_s"], "p50_ms": run["writes"]["p50_ms"], "p99_ms": run["writes"]["p99_ms"],
            "nodes_us": (sum(cpu_s(node["pid"]) for node in nodes) - used) * 1e6 / count, "client_us": client_s * 1e6 / count}


FIGURES = {"per_s": "writes per second", "p50_ms": "p50 ms", "p99_ms": "p99 ms", "nodes_us": "us of processor a write, nodes",
           "client_us": "us of processor a write, client"}


def take_turns(options):
    ours, theirs = [], []
    for pair in range(options.pairs):
        with Cluster(options.build / "bin") as c, Etcd() as etcd:
            sides = (ours, lambda: vigil_bench(c, options)), (theirs, lambda: etcd.bench(options))
            for _, bench in sides:
                bench()  # not counted: connections, incidents, a first leader
            for turn in range(options.turns):
                for runs, bench in sides if (pair + turn) % 2 == 0 else sides[::-1]:
                    runs.append(bench())
    return ours, theirs


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--payload", type=int, default=256)
    options = parser.parse_args()
    version = subprocess.run(["etcd", "--version"], capture_output=True, text=True, check=True).stdout.split()[2]
    ours, theirs = take_turns(options)
    print(f"writes of {options.payload} bytes, {options.clients} clients, {options.pairs} pairs, {options.turns} turns of {options.seconds} s, medians:")
    print(f"  {'':<34}{'vigil':>10}{'etcd ' + version:>14}{'ratio':>8}")
    ratios = {}
    for figure, name in FIGURES.items():
        ratios[figure] = statistics.median(one[figure] / other[figure] for one, other in zip(ours, theirs))
        left, right = (statistics.median(run[figure] for run in runs) for runs in (ours, theirs))
        print(f"  {name:<34}{left:>10.1f}{right:>14.1f}{ratios[figure]:>8.2f}")
    sane = all(1 / ABSURD < ratio < ABSURD for ratio in ratios.values())
    print("1 passed, 0 failed" if sane else f"a ratio is beyond {ABSURD}: 0 passed, 1 failed")
    return 0 if sane else 1


sys.exit(main())
