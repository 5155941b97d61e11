#!/bin/sh
# Fails when docs/reliability.md or SECURITY.md names a test or a drill that does not exist.
set -eu
cd "$(dirname "$0")/../.."

sources=$(git ls-files '*.rs')
names() {
    # A name of a test in SECURITY.md has at least four words. The last column of reliability.md has tests and drills.
    sed -n '/^## What the guarantees rest on/q; /^|/p' docs/reliability.md | sed 's/.*| \(.*\) |$/\1/' | grep -o '`[a-z0-9_-]*`' | tr -d '`'
    grep '^|' .github/SECURITY.md | grep -oE '`[a-z0-9]+(_[a-z0-9]+){3,}`' | tr -d '`'
}
missing=0
for name in $(names | sort -u); do
    # shellcheck disable=SC2086 # a list of files
    if ! grep -qE "fn $name\(|\"$name\"" $sources; then
        echo "there is no test or drill $name" >&2
        missing=1
    fi
done
exit $missing
