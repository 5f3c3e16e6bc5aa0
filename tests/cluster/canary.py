# SPDX-License-Identifier: Apache-2.0
"""Texts that are nowhere else, and the search for them: as they are, in UTF-16, hex and base64, whole or any twelve letters of them.
Each set of canaries is written in an alphabet of its own, in which nothing else is, so that one pass finds every piece of every one."""
import base64
import contextlib
import os
import re

PAGE = os.sysconf("SC_PAGE_SIZE")
NOTHING = bytes(64 * PAGE)
FRAGMENT = 12  # so many letters in a row betray one
LENGTH = 24
HEX_RUN = re.compile(rb"[0-9a-fA-F]{%d,}" % (2 * FRAGMENT))
WIDEST = 1 << 32  # of a mapping that is looked at
PRESENT = bytes(byte >> 7 for byte in range(256))
BASE64_RUN = re.compile(rb"[A-Za-z0-9+/_-]{%d,}" % (4 * FRAGMENT // 3))


def table(members):
    return bytes(1 if byte in members else 0 for byte in range(256))


ONE_BASE64 = bytes.maketrans(b"-_", b"+/")
IS_HEX = table(b"0123456789abcdefABCDEF")
IS_BASE64 = table(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_-")


def runs(content, members, pattern, least):
    """The runs of these bytes, if there are any: a pattern alone would take its time with those that begin everywhere."""
    if b"\1" * least in content.translate(members):
        yield from (match.group() for match in pattern.finditer(content))


def written(path):
    """What a file holds without pages of zeros: most of it is whole blocks of them, which are soon told."""
    with open(path, "rb", buffering=0) as file:
        blocks = [block for block in iter(lambda: file.read(len(NOTHING)), b"") if block != NOTHING]
    return b"".join(blocks).replace(bytes(PAGE), b"")


def disk(c, node):
    """All that a node has written: its folder, and what it has logged; without the space that is kept for later."""
    for path in (c.dir / "dev" / f"node-{node}").rglob("*"):
        with contextlib.suppress(FileNotFoundError):  # removed meanwhile
            if path.is_file():
                yield str(path.relative_to(c.dir)), written(path)


class Canaries:
    def __init__(self, alphabet, generator):
        assert len(set(alphabet)) == len(alphabet) == 6 and alphabet.islower()
        self.alphabet, self.random, self.said = alphabet, generator, []
        both = (alphabet + alphabet.upper()).encode()
        self.letters = table(both)
        self.wide = re.compile(b"(?:[%b]\0){%d}|(?:\0[%b]){%d}" % (both, FRAGMENT, both, FRAGMENT))

    def say(self, word):
        """A word, and behind it what is nowhere else."""
        self.said.append(f"{word} {''.join(self.random.choices(self.alphabet, k=LENGTH))}")
        return self.said[-1]

    def within(self, content):
        return b"\1" * FRAGMENT in content.translate(self.letters)

    def find(self, content):
        """In which forms a piece of any of them is in these bytes."""
        found = {"raw"} if self.within(content) else set()
        if (self.within(content[::2]) or self.within(content[1::2])) and self.wide.search(content):
            found.add("utf-16")
        for run in runs(content, IS_HEX, HEX_RUN, 2 * FRAGMENT):
            if any(self.within(bytes.fromhex(run[at:len(run) - (len(run) - at) % 2].decode())) for at in range(2)):
                found.add("hex")
        for run in runs(content, IS_BASE64, BASE64_RUN, 4 * FRAGMENT // 3):
            for at in range(4):
                whole = run[at:] + b"A" * (-(len(run) - at) % 4)  # its last letters are in a group that was not full
                if self.within(base64.b64decode(whole.translate(ONE_BASE64))):
                    found.add("base64")
        return found

    def check(self, others):
        """A canary, whole or any twelve letters of it, is found in every form wherever it begins; and nothing else is."""
        for word in (self.say("a").split()[1], self.random.choice(self.said)[-FRAGMENT:]):
            for raw in (word.encode(), word.upper().encode()):
                for before in (b"", b"\0", b"\0\xff"):
                    for form, content in (("raw", before + raw), ("hex", before + raw.hex().encode()), ("hex", before + raw.hex().upper().encode()),
                                          ("utf-16", before + raw.decode().encode("utf-16-le")), ("base64", base64.b64encode(before + raw + before)),
                                          ("base64", base64.urlsafe_b64encode(before + raw + before))):
                        assert form in self.find(b"\xfe" * 9 + content + b"\xfe"), (form, content)
        for content in (others.encode() * LENGTH, bytes(range(256)) * 16, others.encode().hex().encode() * LENGTH):
            assert not self.find(content), content


def memory(c, node):
    """What root can read of a node's memory: the pages that are there of writable mappings, one mapping after the other."""
    yield from memory_of(c.process(node))


def memory_of(process):
    with open(process / "mem", "rb", buffering=0) as mem, open(process / "pagemap", "rb", buffering=0) as pagemap:
        for line in (process / "maps").read_text().splitlines():
            span, rights = line.split()[:2]
            start, end = (int(at, 16) for at in span.split("-"))
            if rights.startswith("rw") and end - start <= WIDEST:
                yield f"memory {span}", b"".join(pages(mem.fileno(), pagemap.fileno(), start // PAGE, end // PAGE))


def pages(mem, pagemap, first, end):
    """Those that are there (Documentation/admin-guide/mm/pagemap.rst: the highest bit), run by run."""
    there = os.pread(pagemap, (end - first) * 8, first * 8)[7::8].translate(PRESENT)
    for run in re.finditer(b"\1+", there):
        try:
            yield os.pread(mem, len(run.group()) * PAGE, (first + run.start()) * PAGE)
        except OSError:
            continue  # the kernel's own, or secret even from root
