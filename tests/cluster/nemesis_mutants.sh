#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# nemesis_mutants.sh: builds nodes that break a promise, and wants the nemesis to see it within five minutes.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tries=5

# what it is; the option that builds it; what the sentence must say
mutants=(
    "a leader that nobody hears goes on and serves what it knows|VIGIL_RAFT_MUTANT=100|misses|reads less|explains this read|there is no incident"
    "the request table is dropped|VIGIL_RESPONSE_MUTANT=1000|and again at"
    "writes are acknowledged before the disk has them|VIGIL_STORE_MUTANT=30|misses|reads less|where line|explains this read|there is no incident|an older copy of this folder"
)

# sees PROGRAM WORDS: whether one of the minutes ends with an answer or a history that cannot be, for such a reason.
sees() {
    local seed words
    for seed in $(seq 1 $tries); do
        rm -rf "$work/run"
        words=$("$1" --seconds 60 --seed "$seed" "$work/run" 2>&1 >/dev/null) && continue
        if grep -qE "^vigil-nemesis: integrity: .*($2)" <<<"$words"; then
            words=${words#vigil-nemesis: integrity: }
            printf '    seed %s: %s\n' "$seed" "${words#*history.jsonl: }"
            return 0
        fi
        printf '%s\n' "$words"
    done
    return 1
}

missed=0
for mutant in "${mutants[@]}"; do
    IFS='|' read -r what option why <<<"$mutant"
    cmake -S "$root" --preset release -B "$work/build" -DVIGIL_RAFT_MUTANT= -DVIGIL_RESPONSE_MUTANT= -DVIGIL_STORE_MUTANT= "-D$option" -Wno-dev \
        --log-level=WARNING >/dev/null
    cmake --build "$work/build" --target vigil-nemesis >"$work/log" || { cat "$work/log"; exit 1; }
    printf '%s\n' "$what"
    sees "$work/build/bin/vigil-nemesis" "$why" || { echo "    not seen"; missed=1; }
done
exit $missed
