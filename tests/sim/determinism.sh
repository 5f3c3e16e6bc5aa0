#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# determinism.sh [RUNS]: builds vigil-sim with gcc and clang, for debugging and for release, and
# wants the same trace hash of the same seeds from all four, and from one of them twice.
set -euo pipefail
runs=${1:-60}
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

trace_of() {
    "$1/bin/vigil-sim" --runs "$runs" | grep '^trace '
}

build() {
    cmake -S "$root" --preset "$2" -B "$3" -DCMAKE_C_COMPILER="$1" -Wno-dev \
        --log-level=WARNING >/dev/null
    cmake --build "$3" --target vigil-sim >"$3.log" || { cat "$3.log"; exit 1; }
}

first=
for compiler in gcc clang; do
    command -v "$compiler" >/dev/null || { echo "there is no $compiler here"; exit 1; }
    for kind in debug release; do
        build "$compiler" "$kind" "$work/$compiler-$kind"
        trace=$(trace_of "$work/$compiler-$kind")
        first=${first:-$trace}
        printf '%-5s %-7s %s\n' "$compiler" "$kind" "$trace"
        [ "$trace" = "$first" ] || { echo "not the same run"; exit 1; }
        last=$work/$compiler-$kind
    done
done
again=$(trace_of "$last")
printf '%-13s %s\n' "again" "$again"
[ "$again" = "$first" ] || { echo "not the same run twice"; exit 1; }
