#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Line and branch coverage of the core (proto/raft) by the tests that say what must hold.

usage: core.py ROOT     builds in ROOT/build/coverage, runs, reports; exit 1 if it is too little or a test fails
       core.py --self-test feeds the reader of sources what it must find

Run are all scenarios, the paper's sentences and the unit tests of the core. The random ones and the simulator are not: they
would pass by every line, and a line passed by is not a line tested. Branches of assertions are not counted, as a sound core
takes them one way only; a bug put back by MUTANT(n) is no branch while it is off.
"""
import collections
import json
import os
import pathlib
import subprocess
import sys

LINES_MIN, BRANCHES_MIN = 100.0, 95.0
RANDOM = {"test_raft_hostile", "test_raft_random"}
CORE = "proto/raft/"


def asserted_lines(text):
    """Numbers of the lines that belong to an assert, which may run over several."""
    found, depth = set(), 0
    for number, line in enumerate(text.split("\n"), 1):
        if depth > 0 or line.lstrip().startswith("assert("):
            found.add(number)
            depth += line.count("(") - line.count(")")
    return found


def self_test():
    text = "a(b);\n    assert(x &&\n           f(y));\n    if (z)\n        assert(w);\nc(assert_more(1));\n"
    found = asserted_lines(text)
    if found != {2, 3, 5}:
        sys.exit(f"the assertions of the example are on lines 2, 3 and 5, found on {sorted(found)}")


# ---- running ------------------------------------------------------------------------------------------------------------


def units(root):
    names = [f"paper_{path.stem}" for path in sorted((root / "tests/paper").glob("test_*.c"))]
    for path in sorted((root / "tests/unit").glob("test_raft_*.c")):
        if path.stem not in RANDOM:
            names.append(f"unit_{path.stem}")
    return names


def must_run(*command):
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}: exit {done.returncode}\n{done.stdout[-4000:]}")


def measure(root, build):
    programs = units(root)
    must_run("cmake", "-S", root, "--preset", "debug", "-B", build, "-DCMAKE_C_COMPILER=gcc", "-DVIGIL_RAFT_COVERAGE=ON",
             "-Wno-dev", "--log-level=WARNING")
    must_run("cmake", "--build", build, "--target", "raft-scn", *programs)
    for counts in build.rglob("*.gcda"):
        counts.unlink()
    for program in programs:
        must_run(build / "bin" / program, "-j2", "--quiet")
    scenarios = sorted((root / "tests/scenario").glob("*/*.scn"))
    for scenario in scenarios:
        must_run(build / "bin/raft-scn", "--file", scenario)
    return len(programs), len(scenarios)


# ---- counting -----------------------------------------------------------------------------------------------------------


def read_counts(root, build):
    """By file and line: how often it ran, and how often each of its branches was taken, over all that include it."""
    lines = collections.defaultdict(dict)
    for notes in sorted((build / "proto/raft").rglob("*.gcno")):
        report = subprocess.run(["gcov", "--json-format", "--branch-probabilities", "--stdout", notes.name], cwd=notes.parent,
                                stdout=subprocess.PIPE, check=True, text=True).stdout
        data = json.loads(report)
        for file in data["files"]:
            path = os.path.relpath(os.path.join(data["current_working_directory"], file["file"]), root)
            for line in file["lines"] if path.startswith(CORE) else []:
                runs, branches = lines[path].get(line["line_number"], (0, []))
                taken = [branch["count"] for branch in line["branches"]]
                branches = [sum(pair) for pair in zip(branches, taken)] if branches else taken
                lines[path][line["line_number"]] = (runs + line["count"], branches)
    return lines


class Tally:
    def __init__(self):
        self.total, self.hit = 0, 0

    def add(self, counts):
        self.total += len(counts)
        self.hit += sum(count > 0 for count in counts)

    def percent(self):
        return 100.0 * self.hit / self.total if self.total else 100.0

    def __str__(self):
        return f"{self.hit:5} of {self.total:5}  {self.percent():6.2f} %"


def report(root, counts):
    """Prints a row per file and a line for all that was never reached; the tallies of lines and of branches."""
    all_lines, all_branches, missing = Tally(), Tally(), []
    print(f"{'':26}{'lines':>24}{'branches':>26}")
    for path in sorted(counts):
        text = (root / path).read_text()
        source, asserted = text.split("\n"), asserted_lines(text)
        lines, branches = Tally(), Tally()
        for number, (runs, taken) in sorted(counts[path].items()):
            where = f"{path}:{number}: {source[number - 1].strip()}"
            taken = [] if number in asserted else taken
            lines.add([runs])
            branches.add(taken)
            missing += [f"never run    {where}"] if runs == 0 else []
            missing += [f"branch {i} of {len(taken)}  {where}" for i, count in enumerate(taken) if count == 0]
        print(f"{path:26}{str(lines):>24}  {str(branches):>24}")
        for tally, part in (all_lines, lines), (all_branches, branches):
            tally.total, tally.hit = tally.total + part.total, tally.hit + part.hit
    print(f"{'all':26}{str(all_lines):>24}  {str(all_branches):>24}")
    print("\n".join(missing))
    return all_lines, all_branches


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    root = pathlib.Path(sys.argv[1]).resolve()
    build = root / "build/coverage"
    programs, scenarios = measure(root, build)
    print(f"{programs} programs, {scenarios} scenarios")
    lines, branches = report(root, read_counts(root, build))
    if not lines.total or lines.percent() < LINES_MIN or branches.percent() < BRANCHES_MIN:
        sys.exit(f"wanted: lines {LINES_MIN} %, branches {BRANCHES_MIN} %")


if __name__ == "__main__":
    main()
