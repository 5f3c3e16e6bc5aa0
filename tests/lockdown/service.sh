#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# service.sh BIN_DIR SYSTEMD_DIR: ops/systemd as it is, under a systemd of its own: in namespaces, over a copy of this machine's files that is thrown
# away, with the kernel's settings out of its reach. The node serves as its own user with the key it was handed, restarts and stops.
# Exit code 77 where there is no systemd, or no right to make namespaces.
set -euo pipefail
skip() { echo "not shown: $*"; exit 77; }

# ---- inside: the first process of the namespaces becomes systemd ------------------------------------

kernel_folders() {
  local device
  mount -t proc proc proc
  mount --bind proc/sys proc/sys && mount -o remount,bind,ro proc/sys
  mount -t sysfs -o ro sysfs sys
  mount -t cgroup2 cgroup2 sys/fs/cgroup
  for device in run tmp dev; do mount -t tmpfs tmpfs $device; done
  for device in null zero full random urandom tty console; do
    touch dev/$device
    mount --bind "/dev/$([ $device = console ] && echo null || echo $device)" dev/$device
  done
  mkdir -p dev/pts dev/shm dev/mqueue
  mount -t devpts devpts dev/pts -o newinstance,ptmxmode=0666
  ln -s pts/ptmx dev/ptmx
}

# Nothing is started but journald, the node, and what looks at it.
units() {
  rm -rf etc/fstab etc/systemd/system/*.wants usr/lib/systemd/system/*.wants usr/lib/systemd/system-generators
  cp "$1"/vigild.service etc/systemd/system/
  cp "$1"/vigil.conf usr/lib/sysusers.d/
  printf '[Unit]\nWants=systemd-journald.service vigild.service look.service\n' >etc/systemd/system/look.target
  printf '[Unit]\nAfter=vigild.service\n[Service]\nType=oneshot\nExecStart=/bin/sh /look\n' >etc/systemd/system/look.service
  cat >look <<'END'
exec >/said 2>&1
pid=$(systemctl show -p MainPID --value vigild)
grep -E '^(Uid|CapEff|Seccomp|NoNewPrivs):' /proc/$pid/status
id -u vigil
stat -c '%a %U %n' /run/credentials/vigild.service/key /var/lib/vigil /var/lib/vigil/log/data.mdb
systemctl restart vigild && systemctl is-active vigild
systemctl stop vigild
systemctl show -p Result vigild
journalctl -u vigild --no-pager -o cat
systemctl poweroff --force --force
END
}

inside() {
  local work=$1
  mount --make-rprivate /
  mount -t tmpfs tmpfs "$work/top"
  mkdir "$work"/top/{up,work,root}
  mount -t overlay overlay -o "lowerdir=/,upperdir=$work/top/up,workdir=$work/top/work" "$work/top/root"
  cd "$work/top/root"
  kernel_folders
  units "$2"
  mkdir -p etc/vigil && cp "$work"/node/* etc/vigil/ && chmod 755 etc/vigil
  cp "$3" usr/bin/vigild
  touch said && mount --bind "$work/said" said
  chroot . systemd-sysusers vigil.conf
  chroot . install -D -o vigil -g vigil -m 600 etc/vigil/keyring /var/lib/vigil-keyring/keyring
  mount --make-rshared . # for the credential to reach the service
  exec chroot . /usr/bin/env -i container=test /lib/systemd/systemd --unit=look.target >/dev/null 2>&1
}

if [ "$1" = inside ]; then
  inside "${@:2}"
fi

# ---- outside ----------------------------------------------------------------------------------------

bin=$(realpath "$1") systemd=$(realpath "$2")
[ "$(id -u)" = 0 ] || skip "only root can make the namespaces"
[ -x /lib/systemd/systemd ] || skip "there is no systemd here"
unshare --pid --mount --uts --ipc --cgroup --net --fork true 2>/dev/null || skip "no namespaces here"
groups=/sys/fs/cgroup
[ -e $groups/unified ] && groups=$groups/unified
work=$(mktemp -d)
group=$groups/vigil-$(basename "$work")
mkdir "$group" 2>/dev/null || skip "no control group can be made here"
end() {
  find "$group" -depth -type d -exec rmdir {} + || true
  rm -rf "$work"
}
trap end EXIT

mkdir "$work"/{node,top,home}
export HOME=$work/home XDG_CONFIG_HOME=$work/home XDG_STATE_HOME=$work/home
"$bin/vigil" dev up --dir "$work/dev" --nodes 1 --timeout 60s >/dev/null
"$bin/vigil" dev down --dir "$work/dev" >/dev/null
cp "$work"/dev/genesis "$work"/dev/node-1/key "$work"/dev/node-1/keyring "$work/node"
sed -e "s|$work/dev/node-1/data|/var/lib/vigil|" -e "s|$work/dev/genesis|/etc/vigil/genesis|" \
  -e "s|$work/dev/node-1/key|credential:key|" "$work/dev/node-1/config.yaml" >"$work/node/node.yaml"
echo 'keyring: /var/lib/vigil-keyring/keyring' >>"$work/node/node.yaml"
chmod 644 "$work/node/node.yaml" "$work/node/genesis"
touch "$work/said"

(
  echo $BASHPID >"$group/cgroup.procs"
  exec timeout -k 5 110 unshare --pid --mount --uts --ipc --cgroup --net --fork --kill-child "$0" inside "$work" "$systemd" "$bin/vigild"
) || true # poweroff ends it by a signal
cat "$work/said"

must() { grep -qE "$1" "$work/said" || { echo "it does not say: $1"; exit 1; }; }
user=$(grep -xE '[0-9]+' "$work/said")
[ "$user" != 0 ]
must "^Uid:\s$user\s$user\s$user\s$user$"
must '^CapEff:\s0+$'
must '^NoNewPrivs:\s1$'
must '^Seccomp:\s2$'
must '^400 vigil .*/key$'
must '^700 vigil /var/lib/vigil$'
must '^600 vigil .*/data.mdb$'
must '^active$'
must '^Result=success$'
must 'locked-down core=yes memory=yes swap=[a-z-]+ user=yes files=yes calls=yes'
must ' serving node=1 '
must ' stopped node=1$'
[ "$(grep -c ' serving ' "$work/said")" = 2 ]
