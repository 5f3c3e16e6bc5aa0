#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the archives of proto/ need from outside, against an allow-list: no clock, I/O, thread or randomness there.

usage: symbols.py BUILD_DIR
       symbols.py --self-test
"""
import pathlib
import re
import subprocess
import sys

# _GLOBAL_OFFSET_TABLE_ is how position-independent code finds tables of other files.
MEMORY = r"mem(cpy|move|set|cmp|chr)|str(len|cmp|ncmp|chr)|__mem\w+_chk|__assert_fail|__stack_chk_fail|_GLOBAL_OFFSET_TABLE_"
# The core has no allocation and no formatting; the rest of proto/ formats errors and owns buffers.
ALLOWED = {
    "raft": rf"{MEMORY}|vg_prng_\w+|raft_\w+",
    "channel": rf"{MEMORY}|free|crypto_(scalarmult(_base)?|hash_sha256_\w+|auth_hmacsha256_\w+)|"
               rf"crypto_aead_chacha20poly1305_ietf_(en|de)crypt|sodium_is_zero|(vg|noise|channel)_\w+",
    None: rf"{MEMORY}|free|qsort|bsearch|__?v?snprintf_chk|v?snprintf|msgpack_\w+|[nh]to[nh][sl]|"
          r"(vg|raft|channel|ledger|compartment|wire|mp|response)_\w+",
}
# Pure by themselves, yet these common functions read the system.
FORBIDDEN = r"vg_(random|keyring_\w+|identity_\w+|file_\w+|folder_\w+|clock_\w+|log\w*)$"


def unwanted(module, symbols):
    allowed = ALLOWED.get(module, ALLOWED[None])
    return [s for s in symbols if not re.fullmatch(allowed, s) or re.fullmatch(FORBIDDEN, s)]


def undefined(archive):
    listing = subprocess.run(["nm", "-u", archive], check=True, capture_output=True, text=True).stdout
    return sorted({line.split()[1] for line in listing.splitlines() if line.strip().startswith("U ")})


def self_test():
    must_refuse = [("raft", "malloc"), ("raft", "clock_gettime"), ("raft", "snprintf"), ("ledger", "randombytes_buf"),
                   ("ledger", "crypto_box_seal"), ("channel", "randombytes_buf"), ("channel", "crypto_box_keypair"),
                   ("response", "vg_random"), ("wire", "fopen"), ("wire", "errno")]
    must_allow = [("raft", "memcpy"), ("raft", "vg_prng_next"), ("ledger", "vg_hash_parts"), ("wire", "free"),
                  ("channel", "crypto_scalarmult")]
    wrong = [f"{m}: {s} was let through" for m, s in must_refuse if not unwanted(m, [s])]
    return wrong + [f"{m}: {s} was refused" for m, s in must_allow if unwanted(m, [s])]


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    if sys.argv[1] == "--self-test":
        found = self_test()
    else:
        archives = sorted(pathlib.Path(sys.argv[1], "proto").glob("*/lib*.a"))
        if not archives:
            sys.exit("no archives of proto/ there: build first")
        found = [f"{a.name}: {s} is not on the allow-list" for a in archives
                 for s in unwanted(a.stem[3:], undefined(a))]
    for line in found:
        print(line)
    sys.exit(1 if found else 0)


main()
