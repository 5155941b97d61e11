#!/bin/sh
# Counts the instructions of the services' frequent operations, and compares them with
# dev/bench/costs/instructions.json, or writes that file: count-costs.sh compare|write. The numbers are valid for one
# compiler and one processor architecture.
set -eu
cd "$(dirname "$0")/../.."

channel=$(sed -n 's/^channel = "\(.*\)"/\1/p' rust-toolchain.toml)
rustc=$(rustc -vV)
for line in "release: $channel" "host: x86_64-unknown-linux-gnu"; do
    if ! printf '%s\n' "$rustc" | grep -qx "$line"; then
        echo "Nothing is counted: dev/bench/costs/instructions.json is for $line"
        exit 0
    fi
done
exec cargo run --quiet --release -p bench-costs -- "$1"
