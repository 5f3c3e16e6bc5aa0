#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# can_fail.sh WORDS COMMAND...: the command must fail, and say these words. What it keeps for a look is removed.
set -euo pipefail
TMPDIR=$(mktemp -d)
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT
words=$1
shift
if said=$("$@" 2>&1); then
    echo "it did not fail: $said"
    exit 1
fi
grep -F "$words" <<<"$said" || { echo "it says something else: $said"; exit 1; }
