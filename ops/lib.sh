# SPDX-License-Identifier: Apache-2.0
# What the scripts of ops/ share. Sourced, never run.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '\033[1m%s\033[0m\n' "$*" | { [ -t 1 ] && [ -z "${NO_COLOR:-}" ] && cat || sed 's/\x1b\[[0-9;]*m//g'; }; }
die() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }

# wanted_packages build|test|long: the names in ops/packages up to the section after that one.
wanted_packages() {
  local stop
  case $1 in build) stop=--test ;; test) stop=--long ;; long) stop=--end ;; esac
  awk -v stop="$stop" '$1==stop{exit} /^[a-z]/{print $1}' "$root/ops/packages"
}

# install_packages build|test|long: installs what is missing and says what; with all there it needs neither root nor network.
install_packages() {
  local missing=() name sudo=()
  for name in $(wanted_packages "$1"); do
    dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q 'ok installed' || missing+=("$name")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  say "installing: ${missing[*]}"
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || die "needs root or sudo to install: ${missing[*]}"
    sudo=(sudo)
  fi
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}
