#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# compare.sh RULE-PAGES PAGE FILE: passes if FILE is what the program prints as the page.
set -euo pipefail
if diff -u "$3" <("$1" "$2"); then
  exit 0
fi
echo "the page is not what the program says; refresh it with: $1 $2 >$3"
exit 1
