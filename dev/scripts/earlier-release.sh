#!/bin/sh
# Builds the release with which row 13 of docs/performance.md compares, optimized, into .local/earlier/bin, unless it
# exists. Its commit is the last one that was measured as a whole before gateways had a commit delay.
set -eu
cd "$(dirname "$0")/../.."

commit=aaf0f325ac2e433b98a1085403b96d02b43c7140
place=$PWD/.local/earlier
[ ! -e "$place/bin" ] || exit 0

# In a container, another user may own the checkout.
git() { command git -c safe.directory="$PWD" "$@"; }
git cat-file -e "$commit^{commit}" 2>/dev/null || git fetch --quiet --unshallow

echo "Building the earlier release, $commit"
rm -rf "$place"
mkdir -p "$place/source"
git archive "$commit" | tar -x -C "$place/source"
(
    cd "$place/source"
    CARGO_TARGET_DIR=target CARGO_INCREMENTAL=0 \
        cargo build --quiet --locked --release -p gateway -p persister -p broadcaster -p local-pusher
)
mkdir "$place/new"
for program in gateway persister broadcaster local-pusher; do
    cp "$place/source/target/release/$program" "$place/new"
done
rm -r "$place/source"
mv "$place/new" "$place/bin"
