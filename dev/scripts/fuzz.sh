#!/bin/sh
# Runs each fuzz target for some time, and fails at the first input that crashes one: fuzz.sh SECONDS TARGET…
set -eu
cd "$(dirname "$0")/../.."

seconds=${1:?usage: dev/scripts/fuzz.sh SECONDS TARGET…}
shift
export RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR=$PWD/.local/fuzz/target
for target in "$@"; do
    found=.local/fuzz/corpus/$target
    mkdir -p "$found"
    cargo fuzz run --fuzz-dir dev/fuzz --release --debug-assertions --sanitizer=none "$target" "$PWD/$found" "$PWD/dev/fuzz/corpus/$target" -- \
        -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -max_len=65536 -print_final_stats=1
done
