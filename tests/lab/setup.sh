#!/bin/bash
# Unpacks a real Asterisk from Debian packages for the tests: setup.sh [22|16|both]
#
# 22 comes from sid, 16 from bullseye. Each gets a root of its own under $TEXTBACK_LAB
# (default ~/.cache/textback-lab); the host itself gets only mmdebstrap and sip-tester.
# Nothing is started. What is there already is left alone, so it may be run again at any time.
# TEXTBACK_LAB_MIRROR names another Debian mirror.
set -euo pipefail

lab=${TEXTBACK_LAB:-$HOME/.cache/textback-lab}
here=$(cd "$(dirname "$0")" && pwd)
began=$SECONDS

fail() { echo "make lab: $*" >&2; exit 1; }
say() { printf '%4ds  %s\n' $((SECONDS - began)) "$*"; }

case ${1:-both} in
  22|16) versions=$1 ;;
  both) versions="22 16" ;;
  *) echo "usage: $0 [22|16|both]" >&2; exit 2 ;;
esac
[ "$(uname -s)" = Linux ] || fail "needs Linux, this is $(uname -s)"
[ -e /etc/debian_version ] || fail "needs Debian (or a derivative with mmdebstrap and sip-tester)"
[ "$(id -u)" = 0 ] || fail "needs root: sudo make lab TEXTBACK_LAB=$lab"

mkdir -p "$lab"
exec 9>"$lab/.lock"
flock -n 9 || { say "waiting for another make lab"; flock 9; }

host_tools() {
  local missing=()
  command -v mmdebstrap >/dev/null || missing+=(mmdebstrap)
  command -v sipp >/dev/null || missing+=(sip-tester)
  if [ ${#missing[@]} = 0 ]; then say "mmdebstrap and sipp are there"; return; fi
  # a half-broken foreign repository must not stop us: what counts is whether the install works
  apt-get update -qq >"$lab/apt.log" 2>&1 || true
  DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 install -y -qq \
    --no-install-recommends "${missing[@]}" >>"$lab/apt.log" 2>&1 \
    || { tail -5 "$lab/apt.log" >&2; fail "cannot install ${missing[*]}, see $lab/apt.log"; }
  say "installed ${missing[*]}"
}

packages() {
  echo -n asterisk,asterisk-modules,asterisk-core-sounds-en-gsm,asterisk-moh-opsound-gsm
  [ "$1" = 16 ] && echo -n ,asterisk-voicemail   # a package of its own in bullseye
  echo
}

mirrors() {
  echo "${TEXTBACK_LAB_MIRROR:-http://deb.debian.org/debian}"
  [ "$1" = 16 ] && echo http://archive.debian.org/debian   # where old releases go in the end
  return 0
}

unpack() { # VERSION SUITE ROOT
  local mirror
  for mirror in $(mirrors "$1"); do
    rm -rf "$3"
    # "extract" runs no maintainer script, so no service starts and no user is made.
    # A machine whose clock is off must still get its packages: signatures are checked, dates are not.
    mmdebstrap --variant=extract --include="$(packages "$1")" \
      --aptopt='Acquire::Check-Valid-Until "false"' --aptopt='Acquire::Retries "3"' \
      --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
      --dpkgopt='path-exclude=/usr/share/locale/*' \
      "$2" "$3" "$mirror" >"$lab/unpack-$1.log" 2>&1 && return 0
  done
  return 1
}

make_node() { # PATH MINOR: a container may forbid device nodes; a plain file is then a target to bind over
  [ -e "$1" ] || mknod -m 666 "$1" c 1 "$2" 2>/dev/null || touch "$1"
}

finish() { # ROOT: what the maintainer scripts would have done
  local dir
  for dir in bin sbin lib lib64; do
    if [ ! -e "$1/$dir" ] && [ -e "$1/usr/$dir" ]; then ln -s "usr/$dir" "$1/$dir"; fi
  done
  mkdir -p "$1"/{proc,dev,etc,root,tmp,run,srv/textback}
  chmod 1777 "$1/tmp"
  make_node "$1/dev/null" 3
  make_node "$1/dev/zero" 5
  make_node "$1/dev/random" 8
  make_node "$1/dev/urandom" 9
  echo 'root:x:0:0:root:/root:/bin/sh' >"$1/etc/passwd"
  echo 'root:x:0:' >"$1/etc/group"
  # pjsip looks the machine's own name up at every call: never let that go to DNS
  printf 'passwd: files\ngroup: files\nhosts: files\n' >"$1/etc/nsswitch.conf"
  [ -e "$1/usr/share/asterisk/sounds/en" ] || ln -s en_US_f_Allison "$1/usr/share/asterisk/sounds/en"
}

version_of() { chroot "$1" /usr/sbin/asterisk -V 2>/dev/null || true; }

bring() { # VERSION
  local root=$lab/asterisk$1 suite=sid found
  if [ "$1" = 16 ]; then suite=bullseye; fi
  if [ ! -e "$root/.version" ]; then
    unpack "$1" "$suite" "$root.part" || { tail -5 "$lab/unpack-$1.log" >&2; fail "cannot unpack Asterisk $1, see $lab/unpack-$1.log"; }
    finish "$root.part"
    found=$(version_of "$root.part")
    [ -n "$found" ] || fail "Asterisk $1 was unpacked but does not start, see $root.part"
    echo "$found" >"$root.part/.version"
    rm -rf "$root"
    mv "$root.part" "$root"
    say "unpacked $found ($(du -sh "$root" | cut -f1))"
  fi
}

host_tools
pids=()
for version in $versions; do bring "$version" & pids+=($!); done
status=0
for pid in "${pids[@]}"; do wait "$pid" || status=1; done
for version in $versions; do
  root=$lab/asterisk$version
  [ -e "$root/.version" ] || continue
  found=$(cat "$root/.version")
  say "asked for $version, found: $found in $root"
  case $found in
    "Asterisk $version."*) ;;
    *) echo "make lab: note: Debian's $version has become another one; tests of $version run on $found" >&2 ;;
  esac
done
exit $status
