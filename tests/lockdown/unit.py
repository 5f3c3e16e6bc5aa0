#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""unit.py BIN_DIR SYSTEMD_DIR: what ops/systemd has is good in systemd's own eyes, and a cluster serves with no more system calls than the unit
lets it. Exit code 77 where systemd-analyze is not installed."""
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "cluster"))
from cluster import Cluster, wait_for  # noqa: E402

EXPOSURE_MAX = 20  # tenths, of 100: what systemd has against a unit
NOT_SHOWN = 77


def analyze(*words, check=True):
    return subprocess.run(["systemd-analyze", "--no-pager", *map(str, words)], capture_output=True, text=True, check=check, timeout=60)


def settings(unit, key):
    return [line.split("=", 1)[1] for line in unit.read_text().splitlines() if line.startswith(f"{key}=")]


def judged(unit, program, folder):
    """The unit with its program where it was built, since it is looked for."""
    (installed,) = {line.split()[0] for line in settings(unit, "ExecStart")}
    copy = folder / unit.name
    copy.write_text(unit.read_text().replace(installed, str(program)))
    said = analyze("verify", copy)
    assert not said.stdout and not said.stderr, said
    done = analyze("security", "--offline=true", f"--threshold={EXPOSURE_MAX}", copy, check=False)
    print(done.stdout.strip().splitlines()[-1])
    assert done.returncode == 0 and "Unknown" not in done.stderr, (done.stdout, done.stderr)
    assert settings(unit, "User") == ["vigil"], "a user of its own"


def calls_of(word):
    """The calls of a word of SystemCallFilter=: a name, or a group with groups in it."""
    if not word.startswith("@"):
        return {word}
    lines = analyze("syscall-filter", word).stdout.splitlines()[1:]
    names = [line.strip() for line in lines if line.strip() and not line.strip().startswith("#")]
    return set().union(*(calls_of(name) for name in names))


def allowed(unit):
    calls = set()
    for value in settings(unit, "SystemCallFilter"):
        found = set().union(*(calls_of(word) for word in value.lstrip("~").split()))
        calls = calls - found if value.startswith("~") else calls | found
    return calls


def serves_with(calls, bin_dir, folder):
    """A cluster whose vigild has these calls alone."""
    programs = folder / "bin"
    programs.mkdir()
    shutil.copy(bin_dir / "vigil", programs)
    words = shlex.join([str(bin_dir / "only_calls"), *sorted(calls), "--", str(bin_dir / "vigild")])
    (programs / "vigild").write_text(f'#!/bin/sh\nexec {words} "$@"\n')
    (programs / "vigild").chmod(0o755)
    with Cluster(programs) as c:
        for title in ("before", "after"):
            made = c.vigil("incident", "detect", "--source", "operator", "--title", title, node=1)
            assert c.vigil("incident", "show", made["id"], node=2)["id"] == made["id"]
            c.signal("restart", 3)
        c.wait_equal()
        c.verify_logs()
        log = pathlib.Path(c.nodes[3]["log"])
        lines = re.findall(r" info locked-down (.*)", log.read_text())
        assert len(lines) == 3 and all("files=yes calls=yes" in line for line in lines), lines
        c.signal("kill", 3)
    print(f"serves with {len(calls)} calls: {lines[-1]}")


def main():
    bin_dir, systemd = (pathlib.Path(word).resolve() for word in sys.argv[1:])
    if shutil.which("systemd-analyze") is None:
        print("not shown: there is no systemd-analyze here")
        sys.exit(NOT_SHOWN)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        unit = systemd / "vigild.service"
        judged(unit, bin_dir / "vigild", folder)
        serves_with(allowed(unit), bin_dir, folder)


main()
