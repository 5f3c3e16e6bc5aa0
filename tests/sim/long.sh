#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# long.sh COMMAND...: runs what takes minutes if VIGIL_LONG is yes; else ends as skipped.
set -euo pipefail
if [ "${VIGIL_LONG:-no}" != yes ]; then
    echo "skipped: set VIGIL_LONG=yes, or use ops/test --long"
    exit 77
fi
exec "$@"
