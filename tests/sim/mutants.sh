#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# mutants.sh [BUG...]: builds vigil-sim with each historic bug put back (B1, B10, B15 and B30 when
# none is named; `all` for every one the core can build) and wants it noticed within 1000 seeds.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
[ $# -gt 0 ] || set -- 1 10 15 30
if [ "$1" = all ]; then
    mapfile -t bugs < <(grep -rhoE 'MUTANT\([0-9]+\)' "$root/proto/raft" | grep -oE '[0-9]+' | sort -nu)
    set -- "${bugs[@]}"
fi

missed=0
for bug in "$@"; do
    cmake -S "$root" --preset release -B "$work/build" -DVIGIL_RAFT_MUTANT="$bug" -Wno-dev \
        --log-level=WARNING >/dev/null
    cmake --build "$work/build" --target vigil-sim >"$work/log" || { cat "$work/log"; exit 1; }
    printf 'B%-3s ' "$bug"
    "$here/notices.sh" "$work/build/bin/vigil-sim" "" 2>/dev/null || missed=1
done
exit $missed
