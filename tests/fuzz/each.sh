#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# each.sh SECONDS TARGET...: runs each target with libFuzzer, two at a time; fails at the end if any of them found something.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
seconds=$1
shift
printf '%s\n' "$@" | xargs -P2 -I{} "$here/run.sh" {} "$seconds"
