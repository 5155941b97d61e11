#!/bin/sh
# Failures stay apart because the programs do: the broadcaster links nothing that could reach a
# database, and the persister nothing that could reach Pusher. The crate traces is left out of the
# second: it has an HTTP client within, and offers nobody else one.
set -eu
cd "$(dirname "$0")/../.."

forbid() { # forbid PACKAGE CRATE...
    package=$1
    shift
    crates=$(cargo tree --quiet --locked -p "$package" -e normal --prefix none --format '{lib}' --prune traces)
    for crate in "$@"; do
        if printf '%s\n' "$crates" | grep -qx "$crate"; then
            echo "$package must not depend on $crate, but does:" >&2
            cargo tree --quiet --locked -p "$package" -e normal -i "$(printf %s "$crate" | tr _ -)" >&2 || true
            failed=1
        fi
    done
}

failed=0
forbid broadcaster diesel diesel_async tokio_postgres postgres_protocol
forbid persister reqwest hyper ureq isahc awc
[ "$failed" -eq 0 ]
echo "The broadcaster links no database client, the persister no HTTP client but that of traces"
