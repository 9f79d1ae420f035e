#!/bin/bash
# Builds dist/textback_VERSION_ARCH.deb: the program, with all that it needs of Python, in /usr/lib/textback.
#
# It runs on the Python of the Debian that builds it, and on that alone: build on the release that it is for. Needs
# dpkg-dev's neighbour dpkg-deb, python3-venv, and pip's way to its packages. DEB_VERSION names another version than
# pyproject.toml has, DEB_MAINTAINER whoever builds it, PYTHON another interpreter in /usr/bin.
set -euo pipefail
cd "$(dirname "$0")/../.."

fail() { echo "make deb: $*" >&2; exit 1; }

python=$(readlink -f "${PYTHON:-/usr/bin/python3}")
here=packaging/debian
command -v dpkg-deb >/dev/null || fail "needs dpkg-deb: build on Debian or Ubuntu"
case $python in /usr/bin/python3.*) ;; *) fail "needs Debian's own Python in /usr/bin, this is $python" ;; esac
"$python" -c 'import ensurepip, venv' 2>/dev/null || fail "needs venv: apt install python3-venv"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || fail "needs Python 3.11 or later, this is $python"

series=$(basename "$python")                     # python3.11
version=${DEB_VERSION:-$("$python" -c 'import tomllib; print(tomllib.load(open("pyproject.toml", "rb"))["project"]["version"])')}
arch=$(dpkg --print-architecture)
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
root=$stage/root lib=$stage/root/usr/lib/textback
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_COMPILE=1 PIP_USE_PEP517=1

"$python" -m venv "$stage/venv"
"$stage/venv/bin/python" -m pip install --quiet '.[postgresql,mariadb]'

# a venv that is at home where the package puts it, without the tools that made it
mkdir -p "$lib/bin" "$lib/lib" "$root/usr/bin"
cp -a "$stage/venv/lib/$series" "$lib/lib/"
site=$lib/lib/$series/site-packages
rm -rf "$site"/pip "$site"/pip-*.dist-info "$site"/setuptools "$site"/setuptools-*.dist-info "$site"/pkg_resources \
  "$site"/_distutils_hack "$site"/distutils-precedence.pth
rm -f "$site"/*.dist-info/direct_url.json "$site"/*.dist-info/RECORD
find "$lib" -name __pycache__ -type d -prune -exec rm -rf {} +
ln -s "$python" "$lib/bin/$series"
ln -s "$series" "$lib/bin/python3"
printf 'home = /usr/bin\ninclude-system-site-packages = false\nversion = %s\n' \
  "$("$python" -c 'import platform; print(platform.python_version())')" >"$lib/pyvenv.cfg"
cat >"$lib/bin/textback" <<'END'
#!/usr/lib/textback/bin/python3 -I
from textback.__main__ import main

main()
END
chmod 755 "$lib/bin/textback"
ln -s ../lib/textback/bin/textback "$root/usr/bin/textback"
# nobody may write there later, and nobody needs to
"$python" -m compileall -q --invalidation-mode unchecked-hash -s "$root" -p / "$lib/lib"

install -D -m 644 systemd/sysusers.conf "$root/usr/lib/sysusers.d/textback.conf"
install -D -m 644 systemd/tmpfiles.conf "$root/usr/lib/tmpfiles.d/textback.conf"
install -D -m 644 systemd/textback.service "$root/usr/lib/systemd/system/textback.service"
sed -i 's|/opt/textback/bin/textback|/usr/bin/textback|' "$root/usr/lib/systemd/system/textback.service"

doc=$root/usr/share/doc/textback
install -D -m 644 LICENSE "$doc/copyright"
install -D -m 644 -t "$doc" README.md GLOSSARY.md
install -D -m 644 -t "$doc/docs" docs/*.md
# what these pages link to
for page in sql dialplan/asterisk dialplan/freeswitch; do
  install -D -m 644 -t "$doc/$page" "$page/README.md"
done
install -D -m 644 -t "$doc/examples/proxy" systemd/proxy/*
gzip -9n <CHANGELOG.md >"$doc/changelog.gz"

mkdir "$root/DEBIAN"
install -m 755 "$here/postinst" "$here/prerm" "$here/postrm" "$root/DEBIAN/"
sed -e "s|@VERSION@|$version|; s|@ARCH@|$arch|; s|@PYTHON@|$series|" \
  -e "s|@MAINTAINER@|${DEB_MAINTAINER:-whoever built it <root@localhost>}|" \
  -e "s|@SIZE@|$(du -sk --exclude=DEBIAN "$root" | cut -f1)|" "$here/control" >"$root/DEBIAN/control"
(cd "$root" && find usr -type f -print0 | sort -z | xargs -0 md5sum) >"$root/DEBIAN/md5sums"
chmod -R u=rwX,go=rX "$root/usr"
mkdir -p dist
dpkg-deb --root-owner-group -Zxz --build "$root" "dist/textback_${version}_$arch.deb"
