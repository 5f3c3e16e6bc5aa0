#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# notices.sh VIGIL-SIM REGEX [OPTION...]: passes if within 1000 seeds the simulator reports a
# violation whose line matches; says which seed was the first.
set -euo pipefail
sim=$1
wanted=$2
shift 2
report=$("$sim" --runs 1000 "$@" || true)
first=$(grep -E -m 1 "^seed [0-9]+ .*: .*($wanted)" <<<"$report" || true)
if [ -z "$first" ]; then
    tail -5 <<<"$report"
    echo "nothing noticed within 1000 seeds"
    exit 1
fi
echo "$first"
