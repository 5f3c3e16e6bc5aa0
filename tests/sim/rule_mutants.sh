#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# rule_mutants.sh [N...]: builds vigil-sim with the n-th rule of the response process left out (each of
# them when none is named) and wants it missed within 1000 seeds.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
guards=$root/proto/response/guards.c
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
rows=$(grep -cE '^    GUARD(_WITH)?\(' "$guards")
[ $# -gt 0 ] || mapfile -t all < <(seq 1 "$rows")
[ $# -gt 0 ] || set -- "${all[@]}"

missed=0
for rule in "$@"; do
    cmake -S "$root" --preset release -B "$work/build" -DVIGIL_RESPONSE_MUTANT="$rule" -Wno-dev \
        --log-level=WARNING >/dev/null
    cmake --build "$work/build" --target vigil-sim >"$work/log" || { cat "$work/log"; exit 1; }
    printf '%-3s %s\n    ' "$rule" "$(grep -E '^    GUARD(_WITH)?\(' "$guards" | sed -n "${rule}s/^ *//p")"
    "$here/notices.sh" "$work/build/bin/vigil-sim" "rules" 2>/dev/null || missed=$((missed + 1))
done
echo "$# rules left out, $missed of them not missed"
exit $((missed > 0))
