#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""from_etcd.py [FILE]: an interaction test of etcd-io/raft (testdata/*.txt) as a scenario of scn/1.

Commands are translated; recorded output is dropped, except that each `raft-state` becomes an
assertion on roles. What scn/1 has no command for stays as a comment, what this core has no feature
for stays as a command that answers `err unsupported`."""
import re
import sys

TYPES = {
    "MsgApp": "app", "MsgAppResp": "appresp", "MsgHeartbeat": "hb", "MsgHeartbeatResp": "hbresp",
    "MsgVote": "vote", "MsgVoteResp": "voteresp", "MsgPreVote": "prevote",
    "MsgPreVoteResp": "prevoteresp", "MsgTimeoutNow": "timeoutnow", "MsgSnap": "snap",
}
ROLES = {"StateLeader": "leader", "StateFollower": "follower", "StateCandidate": "candidate",
         "StatePreCandidate": "precandidate"}
# Options of add-nodes that this driver always has, or that change no outcome.
WITHOUT_SUBJECT = {"async-storage-writes", "max-committed-size-per-ready", "step-down-on-removal",
                   "disable-conf-change-validation", "content"}
RENAMED = {"tick-heartbeat": "tick-heartbeat", "tick-election": "tick-election",
           "campaign": "campaign", "propose": "propose", "status": "status", "raft-log": "raft-log",
           "compact": "compact", "send-snapshot": "send-snapshot", "forget-leader": "forget-leader",
           "report-unreachable": "report-unreachable"}


def split(words):
    """Positional words, and pairs with brackets taken off."""
    plain = [word for word in words if "=" not in word]
    pairs = {}
    for word in words:
        if "=" in word:
            key, value = word.split("=", 1)
            pairs[key] = value.strip("()").replace(" ", "")
    return plain, pairs


def add_nodes(plain, pairs):
    flags = {key: pairs.pop(key, "false") for key in ("prevote", "checkquorum")}
    if pairs.pop("read-only", "") == "lease-based":
        pairs["reads"] = "lease"
    kept = [f"{key}={value}" for key, value in pairs.items() if key not in WITHOUT_SUBJECT]
    kept += [f"{key}={1 if value == 'true' else 0}" for key, value in flags.items()]
    return " ".join(["add-nodes", plain[0], *kept])


def deliver(plain, pairs):
    out = ["deliver"]
    if plain:
        out.append(",".join(plain))
    if "drop" in pairs:
        out.append("drop=" + pairs["drop"])
    if "type" in pairs:
        out.append("type=" + TYPES.get(pairs["type"], pairs["type"]))
    return " ".join(out)


def states(output):
    """`raft-state` printed "1: StateLeader (Voter) Term:1 Lead:1"."""
    found = re.findall(r"^(\d+): (State\w+)", "\n".join(output), re.M)
    return "\n".join(f"assert-role {node} {ROLES[state]}" for node, state in found)


def translate(command, body, output):
    name, *words = command.split()
    plain, pairs = split(words)
    if name == "add-nodes":
        return add_nodes(plain, pairs)
    if name == "deliver-msgs":
        return deliver(plain, pairs)
    if name == "stabilize":
        return " ".join(["stabilize", ",".join(plain)]).strip()
    if name == "process-ready":
        return "process " + ",".join(plain)
    if name == "process-append-thread":
        return "disk " + ",".join(plain) + " one"
    if name == "process-apply-thread":
        return "apply " + ",".join(plain) + " one"
    if name == "transfer-leadership":
        return f"transfer {pairs['from']} {pairs['to']}"
    if name == "propose-conf-change":
        return " ".join(["conf", *plain, *" ".join(body).split()])
    if name == "raft-state":
        return states(output)
    if name in RENAMED:
        return " ".join([RENAMED[name], *plain])
    return "# " + command


def blocks(lines):
    """(comments, command, body, output) of each block: output follows "----" up to an empty line."""
    comments, command, output, inside = [], [], [], False
    for line in [*lines, ""]:
        if inside and line:
            output.append(line)
        elif line == "----":
            inside = True
        elif line.startswith("#"):
            comments.append(line)
        elif line:
            command.append(line)
        elif command:
            yield comments, command[0], command[1:], output
            comments, command, output, inside = [], [], [], False
        inside = inside and bool(line)


def scenario(text):
    out = []
    for comments, command, body, output in blocks(text.split("\n")):
        out += [line for line in [*comments, translate(command, body, output)] if line]
    return "\n".join([*out, "end", ""])


def main():
    with open(sys.argv[1], encoding="utf-8") if len(sys.argv) > 1 else sys.stdin as source:
        print(scenario(source.read()), end="")


if __name__ == "__main__":
    main()
