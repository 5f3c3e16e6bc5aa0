#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks of the source itself: the include fence, banned calls, lengths, leftovers, layout.

usage: tidy.py ROOT        checks the tree, one line a finding, exit 1 if there is any
       tidy.py --self-test feeds each check something it must find
"""
import pathlib
import re
import subprocess
import sys

LINE_MAX, FUNCTION_MAX, FILE_MAX = 100, 70, 800

TOP_LEVEL = {"node", "proto", "common", "tests", "ops", "docs", "CMakeLists.txt", "README.md", "LICENSE",
             "CMakePresets.json", "cmake"}

# Who may include what (docs/architecture.md). First match by longest folder; names are include prefixes.
LIBC = {"assert", "errno", "inttypes", "limits", "stdarg", "stdatomic", "stdbool", "stddef", "stdint", "stdio",
        "stdlib", "string", "time", "ctype", "math", "wchar"}
POSIX = {"fcntl", "unistd", "sys/", "signal", "pthread", "dirent", "poll", "getopt", "termios", "netinet/", "arpa/",
         "sched", "strings", "locale", "pwd", "ftw", "spawn"}
FENCE = {
    "common": {"common/", "sodium"} | LIBC | POSIX,
    "common/dial": {"common/", "nng/", "pthread"} | LIBC | POSIX,
    "proto": {"common/", "proto/", "msgpack", "assert", "inttypes", "limits", "stdarg", "stdbool", "stddef", "stdint",
              "stdio", "stdlib", "string"},
    "proto/channel": {"common/", "proto/channel/", "sodium", "assert", "stdbool", "stddef", "stdint", "string"},
    "proto/raft": {"common/", "proto/raft/", "assert", "stdbool", "stddef", "stdint", "string"},
    "node": {"common/", "proto/", "node/", "uv", "lmdb", "jansson", "cyaml/", "uthash", "utlist"} | LIBC | POSIX,
    "node/lockdown": {"common/", "node/lockdown/", "seccomp", "linux/landlock"} | LIBC | POSIX,
    "ops/drill/shim": {"common/", "ops/drill/shim/", "dlfcn", "linux/landlock"} | LIBC | POSIX,
    "ops": {"common/", "proto/", "ops/", "libgfshare", "uv", "jansson", "cyaml/", "uthash", "utlist"} | LIBC | POSIX,
}
# Common headers that do I/O, read clocks or make randomness: not for pure modules.
IMPURE_COMMON = {"common/file.h", "common/identity.h", "common/keyring.h", "common/log.h", "common/process.h", "common/dial/link.h"}

BANNED = {
    r"\b(strcpy|strcat|sprintf|vsprintf|gets)\(": "use snprintf with the size of the target",
    r"\b(atoi|atol|atoll|atof)\(": "use strtoull or strtoll and check the end",
    r"\b(rand|random|srand|drand48)\(": "use common/prng.h, or vg_random for secrets",
    r"\bstrtok\(": "use strtok_r",
    r"\b(alloca|tmpnam|mktemp)\(": "has no safe use here",
    r"\bsystem\(": "start programs with their words apart, posix_spawn (but in tests)",
    r"\b(localtime|gmtime|ctime|asctime)\(": "use vg_time_format",
    r"\bmalloc\(|\bcalloc\(|\brealloc\(": "use vg_alloc of common/mem.h (but in tests)",
    r"\bnng_(push0|msg_insert|http)": "has reproduced faults in NNG 1.5.2",
    r"\b(MDB_NOSYNC|MDB_NOMETASYNC|MDB_WRITEMAP|MDB_MAPASYNC|MDB_DUPSORT)\b": "breaks docs/storage.md",
}
BANNED_EXCEPT = {"common/mem.c"}
LEFTOVERS = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|^\s*#\s*if\s+0\b")


def fence_of(path):
    for folder in sorted(FENCE, key=len, reverse=True):
        if path.startswith(folder + "/"):
            return folder
    return None


def check_includes(path, text):
    folder = fence_of(path)
    if folder is None:
        return
    for number, line in enumerate(text.splitlines(), 1):
        found = re.match(r'\s*#\s*include\s+[<"]([^>"]+)[>"]', line)
        if not found:
            continue
        name = found.group(1)
        bare = name[:-2] if name.endswith(".h") else name
        allowed = any(name.startswith(a) if a.endswith("/") else bare == a for a in FENCE[folder])
        if not allowed:
            yield f"{path}:{number}: {folder}/ may not include {name}"
        if folder.startswith("proto") and name in IMPURE_COMMON:
            yield f"{path}:{number}: proto/ is pure and may not include {name}"


def without_comments(text):
    blank = lambda m: re.sub(r"[^\n]", " ", m.group(0))
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(\\.|[^"\\\n])*"', blank, text, flags=re.S)


def check_banned(path, text):
    if path in BANNED_EXCEPT:
        return
    for number, line in enumerate(without_comments(text).splitlines(), 1):
        for pattern, instead in BANNED.items():
            found = re.search(pattern, line)
            if found and not (path.startswith("tests/") and "(but in tests)" in instead):
                yield f"{path}:{number}: {found.group(0).rstrip('(')}: {instead}"


def check_lengths(path, text):
    lines = text.splitlines()
    if len(lines) > FILE_MAX:
        yield f"{path}: {len(lines)} lines, at most {FILE_MAX}"
    for number, line in enumerate(lines, 1):
        if len(line) > LINE_MAX:
            yield f"{path}:{number}: {len(line)} columns, at most {LINE_MAX}"
    start = None
    for number, line in enumerate(lines, 1):
        if line == "{":
            start = number
        elif line == "}" and start is not None:
            if number - start - 1 > FUNCTION_MAX:
                yield f"{path}:{start}: a function of {number - start - 1} lines, at most {FUNCTION_MAX}"
            start = None


def check_leftovers(path, text):
    for number, line in enumerate(text.splitlines(), 1):
        if LEFTOVERS.search(line):
            yield f"{path}:{number}: leftover: {line.strip()[:60]}"


def check_head(path, text):
    if not text.startswith("/* SPDX-License-Identifier: Apache-2.0"):
        yield f"{path}:1: the first line is the SPDX licence"
    if path.endswith(".h") and "#ifndef VIGIL_" not in text:
        yield f"{path}: no include guard named VIGIL_..."


C_CHECKS = [check_includes, check_banned, check_lengths, check_leftovers, check_head]


def check_markdown(path, text):
    titles = [line for line in re.sub(r"```.*?```", "", text, flags=re.S).splitlines() if line.startswith("# ")]
    if len(titles) != 1:
        yield f"{path}: {len(titles)} titles, a page has one"


def check_links(root, path, text):
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", re.sub(r"```.*?```", "", text, flags=re.S)):
        if "://" not in target and not (root / path).parent.joinpath(target).exists():
            yield f"{path}: the link to {target} leads nowhere"


NAMED_TEST = re.compile(r"`(?:ops/test (?:--long )?)?(\w+)/([\w/-]+)`")


def check_named_tests(root, path, text):
    """A test that a page names is one: a file or folder of that name, or a word where the folder's tests are declared."""
    for label, name in NAMED_TEST.findall(text):
        declared = root / "tests" / label / "CMakeLists.txt"
        if label == "docs" or not declared.exists():
            continue
        words = re.findall(r"[\w-]+", declared.read_text())
        if not list(declared.parent.glob(f"{name}*")) and not {name, name.split("_", 1)[-1]} & set(words):
            yield f"{path}: there is no test {label}/{name}"


def check_top_level(names):
    for name in sorted(names):
        if name not in TOP_LEVEL and not name.startswith("."):
            yield f"{name}: not a name of the top level"


def tracked_files(root):
    listing = subprocess.run(["git", "-c", f"safe.directory={root.resolve()}", "ls-files"], cwd=root, check=True,
                             capture_output=True, text=True)
    return [name for name in listing.stdout.splitlines() if (root / name).is_file()]


def findings(root):
    files = tracked_files(root)
    yield from check_top_level({name.split("/")[0] for name in files})
    for path in files:
        if path.endswith((".c", ".h")):
            text = (root / path).read_text()
            for check in C_CHECKS:
                yield from check(path, text)
        elif path.endswith(".md"):
            text = (root / path).read_text()
            yield from check_markdown(path, text)
            yield from check_links(root, path, text)
            yield from check_named_tests(root, path, text)


def self_test():
    head = "/* SPDX-License-Identifier: Apache-2.0 */\n"
    must_find = [
        (check_includes, "proto/raft/x.c", '#include "node/store/log.h"\n'),
        (check_includes, "proto/raft/x.c", "#include <time.h>\n"),
        (check_includes, "proto/ledger/x.c", '#include "common/log.h"\n'),
        (check_includes, "proto/ledger/x.c", "#include <sodium.h>\n"),
        (check_includes, "ops/cli/x.c", '#include "node/net/net.h"\n'),
        (check_includes, "common/x.c", '#include "proto/raft/raft.h"\n'),
        (check_banned, "node/x.c", "    strcpy(a, b);\n"),
        (check_banned, "node/x.c", "    flags |= MDB_NOSYNC;\n"),
        (check_lengths, "node/x.c", "x" * 101),
        (check_lengths, "node/x.c", "int f(void)\n{\n" + "    g();\n" * 71 + "}\n"),
        (check_lengths, "node/x.c", "\n" * 801),
        (check_leftovers, "node/x.c", "/* TO" "DO: later */\n"),
        (check_head, "node/x.c", "int x;\n"),
        (check_head, "node/x.h", head),
        (check_markdown, "docs/x.md", "# one\n# two\n"),
    ]
    must_pass = [
        (check_includes, "proto/raft/x.c", '#include "common/prng.h"\n#include <string.h>\n'),
        (check_banned, "node/x.c", "    /* never strcpy(a, b) */\n    my_rand(x);\n"),
        (check_lengths, "node/x.c", "int f(void)\n{\n" + "    g();\n" * 70 + "}\n"),
        (check_head, "node/x.h", head + "#ifndef VIGIL_X_H\n"),
    ]
    wrong = [f"{c.__name__} missed {t[:40]!r}" for c, p, t in must_find if not list(c(p, t))]
    wrong += [f"{c.__name__} blamed {t[:40]!r}" for c, p, t in must_pass if list(c(p, t))]
    root = pathlib.Path(__file__).resolve().parents[2]
    if len(list(check_named_tests(root, "docs/x.md", "`tidy/format`, `tidy/manners` and `ops/test unit/test_none`"))) != 2:
        wrong.append("check_named_tests finds other than the two that do not exist")
    if not list(check_top_level({"src"})):
        wrong.append("check_top_level missed src")
    return wrong


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    found = self_test() if sys.argv[1] == "--self-test" else list(findings(pathlib.Path(sys.argv[1])))
    for line in found:
        print(line)
    sys.exit(1 if found else 0)


main()
