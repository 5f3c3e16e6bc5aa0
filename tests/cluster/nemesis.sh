#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# nemesis.sh VIGIL-NEMESIS: one minute of faults and clients; five with VIGIL_LONG=yes.
set -euo pipefail
dir=$(mktemp -d)
seconds=60
[ "${VIGIL_LONG:-no}" = yes ] && seconds=300
"$1" --seconds "$seconds" --seed 1 "$dir" || { echo "kept for a look: $dir" >&2; exit 1; }
rm -rf "$dir"
