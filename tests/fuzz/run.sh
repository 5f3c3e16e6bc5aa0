#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# run.sh TARGET SECONDS [OPTION...]: builds a target with libFuzzer and runs it on its corpus; OPTIONs are libFuzzer's. What it
# finds stays in build/fuzz/found/TARGET: new inputs in `corpus`, and for a crash the input that made it.
set -euo pipefail
cd "$(dirname "$0")/../.."
[ $# -ge 2 ] && [ -f "tests/fuzz/$1.c" ] || { echo "usage: run.sh TARGET SECONDS [OPTION...]; targets are in tests/fuzz" >&2; exit 2; }
target=$1 seconds=$2
shift 2
program=build/fuzz/bin/fuzz_$target
found=build/fuzz/found/$target
corpus=tests/fuzz/corpus/$target
dictionary=tests/fuzz/dictionary/$target
mkdir -p "$found/corpus" "$corpus"
flock build/fuzz ops/build fuzz "fuzz_$target" >"$found/build.log" 2>&1 || { cat "$found/build.log"; exit 1; }

limits=(-max_total_time="$seconds" -max_len=4096 -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix="$found/")
[ -f "$dictionary" ] && limits+=(-dict="$dictionary")
case $target in
  core_*|recover|rules) limits+=(-len_control=0 -max_len=1500) ;; # what starts a run costs more than what follows: long inputs at once
  scenario) limits+=(-close_fd_mask=2) ;;                         # each line that is refused is told there
esac
status=0
"$program" "${limits[@]}" "$@" "$found/corpus" "$corpus" >"$found/log" 2>&1 || status=$?
executions=$(awk '/^stat::number_of_executed_units/ {print $2}' "$found/log")
edges=$(sed -nE 's/^#[0-9]+.* cov: ([0-9]+) .*/\1/p' "$found/log" | tail -n 1)
printf '%s: %s executions, %s edges covered, %s inputs that are new\n' "$target" "${executions:-no}" "${edges:-no}" \
    "$(find "$found/corpus" -type f | wc -l)"
[ $status = 0 ] && exit 0
tail -n 60 "$found/log"
input=$(sed -nE 's/^artifact_prefix=.*Test unit written to (.*)$/\1/p' "$found/log")
echo "again: $program ${input:-"$found/corpus $corpus"}"
exit 1
