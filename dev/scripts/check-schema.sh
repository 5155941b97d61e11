#!/bin/sh
# Compares shared/database/src/schema.rs with the schema of an empty database after the migrations; with --write,
# writes it.
set -eu
cd "$(dirname "$0")/../.."

schema=shared/database/src/schema.rs
cargo build --quiet -p stack -p persister
. dev/scripts/lib/binaries.sh

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
    echo "$schema is up to date"
else
    echo "$schema is outdated: run make schema" >&2
    exit 1
fi
