#!/bin/sh
# Counts the instructions of the services' work for each message, and compares them with
# dev/bench/costs/instructions.json, or writes that. Another compiler or another kind of processor makes other
# instructions of the same code, which there is nothing to compare with.
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
