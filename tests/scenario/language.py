#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""language.py RAFT_SCN: the process interface of scn/1, that is exit codes, replies and hostile input."""
import subprocess
import sys

sys.dont_write_bytecode = True
import from_etcd  # noqa: E402

BIG = "x" * 4090
START = "add-nodes 3\ncampaign 1\nstabilize\n"

# (what, input, exit status, text that standard output must contain)
CASES = [
    ("nothing at all", "", 0, ""),
    ("comments and blank lines", "# one\n\n  \t# two\n", 0, ""),
    ("a run", START + "assert-leader 1\nend\n", 0, "ok\n.\n"),
    ("no newline at the end", START + "end", 0, "trace-hash"),
    ("carriage returns", START.replace("\n", "\r\n") + "end\r\n", 0, "trace-hash"),
    ("a comment behind a command", "add-nodes 1 # alone\nend\n", 0, "ok"),
    ("help", "help\n", 0, "version scn/1\n"),
    ("help lists what is missing", "help\n", 0, "unsupported conf: membership\n"),
    ("a failed assertion", START + "assert-leader 2\nend\n", 1, "err assert the latest leader is 1"),
    ("the run goes on after it", START + "assert-leader 2\nassert-leader 1\n", 1, "\n.\nok\n.\n"),
    ("an unexpected refusal", START + "propose 2 x\nend\n", 1, "err not-leader"),
    ("an expected refusal", START + "expect-err not-leader\npropose 2 x\nend\n", 0,
     "expected not-leader"),
    ("another refusal than expected", START + "expect-err busy\npropose 2 x\nend\n", 1,
     "expected err busy, the command answered not-leader"),
    ("success where an error is expected", START + "expect-err assert\nassert-leader 1\n", 1,
     "the command answered ok"),
    ("expect-err before nothing", START + "expect-err busy\n", 2, "ok"),
    ("expect-err does not excuse bad syntax", START + "expect-err syntax\nfoo\n", 2, "err syntax"),
    ("an unsupported command", START + "conf 1 +4\nend\n", 1, "err unsupported membership"),
    ("an unsupported command, expected", START + "expect-err unsupported\nconf 1 +4\nend\n", 0, "ok"),
    ("an unsupported key", "add-nodes 3 learners=3\n", 1, "err unsupported learners"),
    ("an unsupported word", START + "crash 1 torn\n", 1, "err unsupported torn"),
    ("commands before a cluster", "campaign 1\n", 1, "err no-cluster"),
    ("commands after the end", START + "end\ncampaign 1\n", 1, "err ended"),
    ("an unknown command", START + "bogus 1\n", 2, "err syntax line 4: unknown command \"bogus\""),
    ("an unknown key", START + "drop color=red\n", 2, "line 4: drop has no key color="),
    ("a key twice", START + "drop from=1 from=2\n", 2, "line 4: gives from= twice"),
    ("a key without value", START + "drop from=\n", 2, "line 4: from= has no value"),
    ("too few words", START + "transfer 1\n", 2, "line 4: usage: transfer"),
    ("too many words", START + "campaign 1 2\n", 2, "line 4: usage: campaign"),
    ("no number", START + "tick 1 many\n", 2, "line 4: \"many\" is not a number"),
    ("a number beyond 64 bits", START + "tick 1 18446744073709551616\n", 2, "is not a number"),
    ("a negative number", START + "tick 1 -1\n", 2, "is not a number"),
    ("no such node", START + "campaign 4\n", 2, "line 4: there is no node 4"),
    ("node 0", START + "campaign 0\n", 2, "line 4: there is no node 0"),
    ("a node twice in a list", START + "tick 1,2,1\n", 2, "node 1 is named twice"),
    ("a list with a hole", START + "tick 1,,2\n", 2, "is not a number"),
    ("a range that falls", START + "tick 3-1\n", 2, "is no range"),
    ("a range without end", START + "tick 1-\n", 2, "is not a number"),
    ("too many nodes", "add-nodes 10\n", 2, "a cluster has 1 .. 9 nodes"),
    ("no nodes", "add-nodes 0\n", 2, "a cluster has 1 .. 9 nodes"),
    ("bounds of an option", "add-nodes 3 inflight=0\n", 2, "inflight= is 1 .. 64"),
    ("options that contradict", "add-nodes 3 election=100 heartbeat=50\n", 2, "heartbeat="),
    ("no such message type", START + "drop type=snapp\n", 2, "there is no message type \"snapp\""),
    ("no such role", START + "assert-role 1 boss\n", 2, "there is no role \"boss\""),
    ("no link", START + "cut 1\n", 2, "a link is FROM>TO"),
    ("a part of a log is missing", START + "assert-log 1 2:1\n", 2, "index 1 of the log is missing"),
    ("a forged message without type", START + "inject from=1 to=2\n", 2, "inject needs"),
    ("a node in two parts", START + "partition 1,2|2,3\n", 2, "node 2 is in two parts"),
    ("a NUL byte", START + "camp\0aign 1\n", 2, "line 4: contains a NUL byte"),
    ("bytes that are not UTF-8", START.encode() + b"propose 1 \xff\xfe\n", 2, "not valid UTF-8"),
    ("an overlong UTF-8 form", START.encode() + b"propose 1 \xc0\xaf\n", 2, "not valid UTF-8"),
    ("a control character", START + "propose 1 a\x1bb\n", 2, "control character 0x1b"),
    ("UTF-8 data", START + "propose 1 zażółć\nstabilize\nassert-applied 2 zażółć\nend\n", 0, "ok"),
    ("a line that is too long", START + "propose 1 " + BIG + "\n", 2, "line 4: longer than 4096 bytes"),
    ("a line without end", "x" * 1000000, 2, "line 1: longer than 4096 bytes"),
    ("too many words in a line", START + "propose 1" + " a" * 70 + "\n", 2, "more than 64 words"),
    ("nothing runs after bad syntax", "foo\nadd-nodes 3\n", 2, "err syntax line 1"),
    ("a message nobody sent", START + "deliver-id 999\n", 1, "err no-message"),
    ("a mark nobody made", START + "crash 1\nrollback-disk 1 to=m\n", 1, "err no-mark"),
    ("a node that runs already", START + "restart 1\n", 1, "err running"),
    ("a node that does not", START + "crash 2\ncampaign 2\n", 1, "err down"),
    ("a violation", START + "propose 1 a\nstabilize\ninject from=2 to=1 type=appresp term=1"
     " granted=1 index=3 round=1\npropose 1 b\ndeliver 1\nassert-leader 1\n", 3, "VIOLATION I13 node 1"),
    ("canonical node lines", START + "raft-state 1\n", 0,
     "node id=1 up=1 role=leader term=1 vote=1 lead=1 commit=1 applied=1 first=1 last=1 stable=1"
     " snap=0 cfg=1-3\n"),
    ("canonical entry lines", START + "raft-log 1\n", 0, "entry idx=1 term=1 kind=noop hash8="),
    ("canonical message lines", START + "tick 1\nmsgs\n", 0, " from=1 to=2 type=hb term=1 "),
    ("index base of 10", "add-nodes 3 index=10\ncampaign 1\nstabilize\nassert-log 1 1-10:1,11:2\nend\n",
     0, "ok"),
]

# In the notation of etcd's interaction tests, with recorded output that is dropped.
ETCD = """# Node 1 wins; a message to 3 is lost.
log-level none
----
ok

add-nodes 3 voters=(1,2,3) index=10 prevote=true
----
ok

campaign 1
----
INFO 1 is starting a new election at term 0

stabilize
----
ok

propose 1 a
----
ok

process-ready 1
----
<recorded>

deliver-msgs 2 drop=(3) type=MsgApp
----
dropped: 1->3

raft-state
----
1: StateLeader (Voter) Term:1 Lead:1
2: StateFollower (Voter) Term:1 Lead:1

propose-conf-change 1
v4
----
ok
"""


def run(program, text):
    data = text if isinstance(text, bytes) else text.encode()
    return subprocess.run([program], input=data, capture_output=True, timeout=30, check=False)


def main():
    program = sys.argv[1]
    failed = 0
    for what, text, status, contained in CASES:
        done = run(program, text)
        out = done.stdout.decode(errors="replace")
        if done.returncode != status or contained not in out:
            failed += 1
            print(f"{what}: exit {done.returncode}, not {status}; or \"{contained}\" is not in\n{out[-600:]}")
    adapted = run(program, from_etcd.scenario(ETCD))
    if adapted.returncode != 1 or adapted.stdout.count(b"\nerr ") != 1:
        failed += 1
        print("all of the etcd test but its membership change should pass\n" + adapted.stdout.decode())
    text = START + "propose 1 a\nrun 5000\nend\n"
    if run(program, text).stdout != run(program, text).stdout:
        failed += 1
        print("two runs of one scenario differ")
    print(f"{len(CASES) + 2 - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
