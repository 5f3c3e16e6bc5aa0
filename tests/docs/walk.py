#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Walks through a page of docs/: runs what its console blocks show, on a fresh cluster of three regions, and compares what
comes out with what the page says. A prompt names who types: `ann$ vigil ...`. Ids, times and the like may differ, in their
order they may not. `--write` puts what came out into the page.

    walk.py BIN_DIR PAGE [--write]"""
import difflib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

# What differs from run to run. An id is the same wherever it is the same id.
VARIES = [
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"), "TIME"),
    (re.compile(r"\b\d\d-\d\d \d\d:\d\d\b"), "TIME"),
    (re.compile(r"\b\d+\.\d+s\b|\b\d+m \d\ds\b"), "DURATION"),
    (re.compile(r"tcp://127\.0\.0\.1:\d+"), "URL"),
    (re.compile(r"\b[0-9a-f]{16,64}\b"), "HASH"),
    (re.compile(r"/tmp/\S+?/"), "FOLDER/"),
    (re.compile(r" +"), " "),
    (re.compile(r"[─━]+"), "─"),
]
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
RENAME = re.compile(r"user rename person-(\d+) (\w+)")
STARTS = re.compile(r"dev up .*--dir (\S+)")
PROMPT = re.compile(r"^(\w+)\$ (.*)$")


class Names:
    """Ids by the order in which they come."""

    def __init__(self):
        self.known = {}

    def plain(self, text):
        text = ID.sub(lambda match: f"ID-{self.known.setdefault(match.group(), len(self.known))}", text)
        for pattern, word in VARIES:
            text = pattern.sub(word, text)
        return [line.rstrip() for line in text.splitlines()]


def read_blocks(page):
    """The page as pieces: text as it is, and console blocks as lists of [who, command, output]."""
    pieces, steps, inside = [], None, False
    for line in page.splitlines(keepends=True):
        if line.startswith("```"):
            pieces.append(line)
            inside = line.startswith("```console")
            if inside:
                steps = []
                pieces.append(steps)
        elif not inside:
            pieces.append(line)
        elif steps and steps[-1][1].endswith("\\\n"):
            steps[-1][1] += line
        elif PROMPT.match(line):
            who, command = PROMPT.match(line).groups()
            steps.append([who, command + "\n", ""])
        else:
            steps[-1][2] += line
    return pieces


class Desk:
    """Everybody's shell; variables are kept from one command to the next, and shared."""

    def __init__(self, bin_dir):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="vigil-walk-"))
        self.base = dict(os.environ, HOME=str(self.dir), XDG_CONFIG_HOME=str(self.dir / "config"), XDG_STATE_HOME=str(self.dir / "state"),
                         PATH=f"{pathlib.Path(bin_dir).absolute()}:{os.environ['PATH']}", NO_COLOR="1", COLUMNS="100")
        self.kept = {}
        self.people = {}
        for name in ("home", "config", "state", "work"):
            (self.dir / name).mkdir()

    def run(self, who, command):
        """What is said, on both outputs. Who types first is the first person; the others are who they are renamed to."""
        number = self.people.setdefault(who, 1)
        if RENAME.search(command):
            self.people[RENAME.search(command).group(2)] = int(RENAME.search(command).group(1))
        context = "dev" if number == 1 else f"dev-person-{number}"
        environment = dict(self.base, **self.kept)
        if self.kept.get("WALK_STARTED"):
            environment["VIGIL_CONTEXT"] = context
        script = f"set -a\n{command}\nenv -0 > '{self.dir}/kept'\n"
        done = subprocess.run(["bash", "-c", script], env=environment, cwd=self.dir / "work", stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120)
        pairs = (pair.split("=", 1) for pair in (self.dir / "kept").read_text().split("\0") if "=" in pair)
        self.kept = {key: value for key, value in pairs if key.isupper() and key not in self.base and key not in ("VIGIL_CONTEXT", "SHLVL")}
        if STARTS.search(command):
            self.kept["WALK_STARTED"] = STARTS.search(command).group(1)
        return done.stdout

    def end(self):
        if self.kept.get("WALK_STARTED"):
            subprocess.run(["vigil", "dev", "down", "--dir", self.kept["WALK_STARTED"]], env=self.base, cwd=self.dir / "work", check=True,
                           capture_output=True)
        shutil.rmtree(self.dir, ignore_errors=True)


def walk(bin_dir, page, write):
    pieces = read_blocks(page.read_text())
    desk = Desk(bin_dir)
    wanted, got = Names(), Names()
    differences, commands = [], 0
    try:
        for piece in pieces:
            for step in piece if isinstance(piece, list) else []:
                who, command, output = step
                said = desk.run(who, command)
                commands += 1
                if output.strip() == "...":
                    continue
                one, other = wanted.plain(output), got.plain(said)
                if one != other:
                    differences += [f"{who}$ {command.strip()}", *difflib.unified_diff(one, other, "page", "program", lineterm="")]
                if write:
                    step[2] = said
    finally:
        desk.end()
    if write:
        page.write_text("".join("".join(f"{w}$ {c}{o}" for w, c, o in piece) if isinstance(piece, list) else piece for piece in pieces))
    return commands, differences


def main():
    if len(sys.argv) not in (3, 4) or sys.argv[3:] not in ([], ["--write"]):
        sys.exit(__doc__)
    page = pathlib.Path(sys.argv[2])
    commands, differences = walk(sys.argv[1], page, sys.argv[3:] == ["--write"])
    if commands == 0:
        sys.exit(f"{page} shows no commands")
    if differences and sys.argv[3:] != ["--write"]:
        print(*differences, sep="\n")
        sys.exit(f"{page} says something else than the program; tests/docs/walk.py build/release/bin {page} --write refreshes it")
    print(f"{page}: {commands} commands say what the page says: 1 passed, 0 failed")


if __name__ == "__main__":
    main()
