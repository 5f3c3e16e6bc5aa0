#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# kills.sh PROGRAM BUG: a scenario named after the bug must fail with this build of raft-scn.
set -u
program=$1
bug=$(printf 'b%02d' "$2")
cd "$(dirname "$0")" || exit 2
for scenario in */"$bug"-*.scn; do
  [ -f "$scenario" ] || { echo "no scenario is named after $bug"; exit 1; }
  if ! "$program" --file "$scenario" >/dev/null; then
    echo "$bug is seen by $scenario"
    exit 0
  fi
done
echo "no scenario sees $bug"
exit 1
