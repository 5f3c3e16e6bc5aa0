#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A responder's command enters at one region, is seen in the others, and outlives the leader."""
from cluster import Cluster, bin_dir, refused


def main():
    with Cluster(bin_dir()) as c:
        made = c.vigil("incident", "detect", "--source", "automated/ids", "--title", "Beacon from build host",
                       "--cia", "c,i", node=1)
        for node in c.nodes:
            shown = c.vigil("incident", "show", made["id"], node=node)
            assert shown["title"] == "Beacon from build host" and shown["stage"] == "detect", shown

        c.vigil("incident", "note", made["id"], "--text", "Host isolated", node=2)
        moved = c.vigil("incident", "stage", made["id"], "assess", "--reason", "confirmed by EDR", node=3)
        assert moved["revision"]["stage"] == 2, moved

        # R13: the one way from assess to stabilize is through diagnose.
        error = refused(1, "rule", lambda: c.vigil("incident", "stage", made["id"], "stabilize", "--reason", "x"))
        assert error["rule"] == "R13", error
        # Two people on one aspect: the second sees both values.
        error = refused(1, "conflict", lambda: c.vigil("incident", "stage", made["id"], "diagnose", "--reason", "x",
                                                       "--expect", "stage=1"))
        assert error["details"]["value"] == "assess" and error["details"]["proposed"] == "diagnose", error

        # The same request again has the same answer, at another node too.
        request = "01930000-0000-7000-8000-000000000001"
        refused(1, "expired", lambda: c.vigil("incident", "note", made["id"], "--text", "late", "--request-id", request))

        leader = c.leader()
        c.signal("kill", leader)
        rest = [n for n in c.nodes if n != leader]
        c.leader(rest)
        after = c.vigil("incident", "note", made["id"], "--text", "leader gone, work goes on", node=rest[0])
        kinds = [e["kind"] for e in c.vigil("incident", "timeline", made["id"], node=rest[1])]
        assert kinds == ["detect", "note", "stage", "note"], kinds
        c.signal("restart", leader)
        c.wait_equal()
        events = c.vigil("incident", "timeline", made["id"], node=leader)
        assert [e["text"] for e in events if e["kind"] == "note"] == ["Host isolated", "leader gone, work goes on"]
        assert events[-1]["index"] == after["index"]
        c.verify_logs()
    print("seen in three regions, leader killed, nothing lost: 1 passed, 0 failed")


main()
