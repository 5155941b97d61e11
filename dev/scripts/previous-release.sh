#!/bin/sh
# Builds the gateway and the persister of the release before this one, whose commit .ci/previous-release
# names, into .local/previous/COMMIT, unless they are there. A test runs them on the schema of today.
#
# They are built where today's are, so that both share their dependencies. Whatever builds today's afterwards puts
# those back in their place.
set -eu
cd "$(dirname "$0")/../.."

commit=$(cat .ci/previous-release)
place=$PWD/.local/previous/$commit
[ ! -e "$place" ] || exit 0
case ${CARGO_TARGET_DIR:-target} in
/*) target=$CARGO_TARGET_DIR ;;
*) target=$PWD/${CARGO_TARGET_DIR:-target} ;;
esac

# In a container the checkout may be another user's.
git() { command git -c safe.directory="$PWD" "$@"; }
git cat-file -e "$commit^{commit}" 2>/dev/null || git fetch --quiet --unshallow

echo "Building the previous release, $commit"
rm -rf .local/previous
unfinished=$place.new
mkdir -p "$unfinished/source"
git archive "$commit" | tar -x -C "$unfinished/source"
(
    cd "$unfinished/source"
    CARGO_TARGET_DIR=$target CARGO_INCREMENTAL=0 cargo build --quiet --locked -p gateway -p persister
)
cp "$target/debug/gateway" "$target/debug/persister" "$unfinished"
rm -r "$unfinished/source"
mv "$unfinished" "$place"
