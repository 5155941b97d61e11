#!/bin/sh
# Builds the gateway and the workers of the previous release, of the commit in .ci/previous-release, into
# .local/previous/COMMIT, unless they exist. A test runs them with the current schema.
#
# They share the target directory, the profile and the features, and so the dependencies, with the current programs and
# tests: a small test is built too, without which dependencies have other features. Under a version of their own, since
# cargo takes crates of the same name, version and place in the workspace for the same.
set -eu
cd "$(dirname "$0")/../.."

commit=$(cat .ci/previous-release)
place=$PWD/.local/previous/$commit
[ ! -e "$place/broadcaster" ] || exit 0
. dev/scripts/lib/binaries.sh

# In a container, another user may own the checkout.
git() { command git -c safe.directory="$PWD" "$@"; }
git cat-file -e "$commit^{commit}" 2>/dev/null || git fetch --quiet --unshallow

echo "Building the previous release, $commit"
rm -rf .local/previous
unfinished=$place.new
mkdir -p "$unfinished/source"
git archive "$commit" | tar -x -C "$unfinished/source"
(
    cd "$unfinished/source"
    sed -i -e 's/^version = .*/version = "0.0.0-previous"/' -e '/^\[profile\.dev/,/^$/d' Cargo.toml
    sed -n '/^\[profile\.dev/,/^$/p' ../../../../Cargo.toml >>Cargo.toml
    cargo update --quiet --workspace
    CARGO_TARGET_DIR=${binaries%/debug} CARGO_INCREMENTAL=0 cargo build --quiet --locked --workspace \
        --bin gateway --bin persister --bin broadcaster --test partitions
)
cp "$binaries/gateway" "$binaries/persister" "$binaries/broadcaster" "$unfinished"
rm -r "$unfinished/source"
mv "$unfinished" "$place"
