#!/bin/sh
# Installs and names what the tests need beside Python: PostgreSQL, Chromium and the library that LightGBM
# computes with, from Debian's packages; with the word `proof` strace and npm as well.
# Without root or apt it only names what is missing; the tests that need it then fail.
missing=""
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$missing postgresql"
command -v chromium >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1 || missing="$missing chromium"
ldconfig -p 2>/dev/null | grep -q libgomp.so.1 || missing="$missing libgomp1"
if [ "${1:-}" = proof ]; then
    command -v strace >/dev/null 2>&1 || missing="$missing strace"
    command -v npm >/dev/null 2>&1 || missing="$missing npm"
fi
[ -z "$missing" ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing$missing from Debian's packages"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq >/dev/null && apt-get install -y -qq --no-install-recommends $missing fonts-dejavu-core >/dev/null && exit 0
fi
echo "Missing:$missing. Install with: apt-get install$missing" >&2
exit 0
