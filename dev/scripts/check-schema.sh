#!/bin/sh
# Compares shared/database/src/schema.rs with what the migrations make of an empty database; with --write,
# writes it.
set -eu
cd "$(dirname "$0")/../.."

schema=shared/database/src/schema.rs
cargo build --quiet -p stack -p persister
case ${CARGO_TARGET_DIR:-target} in
/*) binaries=$CARGO_TARGET_DIR/debug ;;
*) binaries=$(pwd)/${CARGO_TARGET_DIR:-target}/debug ;;
esac

printed=$(mktemp)
trap 'rm -f "$printed"' EXIT
"$binaries/stack" exec --dir .local/schema -- sh -euc '
    export DATABASE_URL="$TEST_DATABASE_URL"
    "$1/persister" migrate >&2
    diesel --config-file shared/database/diesel.toml print-schema
' sh "$binaries" >"$printed"

if [ "${1:-}" = --write ]; then
    cp "$printed" "$schema"
    echo "Wrote $schema"
elif diff -u "$schema" "$printed"; then
    echo "$schema is what the migrations make"
else
    echo "$schema is not what the migrations make: run make schema" >&2
    exit 1
fi
