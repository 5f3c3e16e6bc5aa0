#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# full_disk.sh BIN: full_disk.py with a disk of its own that can be filled: a file system in memory, which a user namespace may
# mount without being root. It goes with the last process in it.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
if ! unshare -Urm true; then
    echo "skipped: this machine does not let a user make a namespace of their own, so there is no disk to fill" >&2
    exit 77
fi
disk=$(mktemp -d)
trap 'rmdir "$disk"' EXIT
unshare -Urm bash -euc 'mount -t tmpfs -o size="$1" vigil "$2"; exec python3 "$3" "$4" "$2"' \
    bash 320m "$disk" "$here/full_disk.py" "$1"
