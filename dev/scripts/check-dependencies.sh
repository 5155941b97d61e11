#!/bin/sh
# Checks that failures are isolated by dependencies: the broadcaster links no database client, and the persister no HTTP
# client, except the private one of the crate traces.
set -eu
cd "$(dirname "$0")/../.."

forbid() { # forbid PACKAGE CRATE...
    package=$1
    shift
    crates=$(cargo tree --quiet --locked -p "$package" -e normal --prefix none --format '{lib}' --prune traces)
    for crate in "$@"; do
        if printf '%s\n' "$crates" | grep -qx "$crate"; then
            echo "$package must not depend on $crate:" >&2
            cargo tree --quiet --locked -p "$package" -e normal -i "$(printf %s "$crate" | tr _ -)" >&2 || true
            failed=1
        fi
    done
}

failed=0
forbid broadcaster diesel diesel_async tokio_postgres postgres_protocol
forbid persister reqwest hyper ureq isahc awc
[ "$failed" -eq 0 ]
echo "The broadcaster links no database client, and the persister no HTTP client except that of traces"
