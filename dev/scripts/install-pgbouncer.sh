#!/usr/bin/env bash
# Installs PgBouncer for the tests: Debian's package where that is 1.21 or later, which manages prepared statements;
# otherwise the source of Debian 13's package, built into .local/tools/pgbouncer. A server of an operator is not started.
set -euo pipefail
cd "$(dirname "$0")/../.."

VERSION=1.24.1
SOURCE=pgbouncer_$VERSION.orig.tar.gz
SHA256=da72a3aba13072876d055a3e58dd4aba4a5de4ed6148e73033185245598fd3e0
TOOL=$PWD/.local/tools/pgbouncer

manages_statements() { # manages_statements PROGRAM: whether it is 1.21 or later
    local version
    version=$("$1" --version 2>/dev/null | sed -n 's/^PgBouncer //p')
    [ -n "$version" ] && printf '%s\n' 1.21 "$version" | sort --version-sort --check=quiet
}

[ -x "$TOOL/bin/pgbouncer" ] && exit 0
[ -x /usr/sbin/pgbouncer ] && manages_statements /usr/sbin/pgbouncer && exit 0

dev/scripts/install-packages.sh libevent
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT
echo "Building PgBouncer $VERSION"
curl --fail --silent --show-error --location --output "$build/$SOURCE" \
    "https://deb.debian.org/debian/pool/main/p/pgbouncer/$SOURCE"
echo "$SHA256  $build/$SOURCE" | sha256sum --check --quiet
tar -xzf "$build/$SOURCE" -C "$build"
cd "$build/pgbouncer-$VERSION"
./configure --quiet --prefix="$TOOL" --without-cares --without-pam --without-systemd >/dev/null
make -s >/dev/null
install -D pgbouncer "$TOOL/bin/pgbouncer"
