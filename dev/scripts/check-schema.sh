#!/bin/sh
# Compares shared/database/src/schema.rs with the schema of an empty database after the migrations; with --write,
# writes it. Runs on the servers of `stack exec`.
set -eu
cd "$(dirname "$0")/../.."

schema=shared/database/src/schema.rs
. dev/scripts/lib/binaries.sh

printed=$(mktemp)
trap 'rm -f "$printed"' EXIT
PGOPTIONS='--client-min-messages=warning' psql --quiet --command 'DROP DATABASE IF EXISTS printed_schema' \
    --command 'CREATE DATABASE printed_schema' "$TEST_DATABASE_URL"
export DATABASE_URL="${TEST_DATABASE_URL%/*}/printed_schema"
"$binaries/persister" migrate >/dev/null
diesel --config-file shared/database/diesel.toml print-schema >"$printed"

if [ "${1:-}" = --write ]; then
    cp "$printed" "$schema"
    echo "Wrote $schema"
elif diff -u "$schema" "$printed"; then
    echo "$schema is up to date"
else
    echo "$schema is outdated: run make schema" >&2
    exit 1
fi
