#!/bin/sh
# Fails when docs/reliability.md or SECURITY.md names a test or a drill that does not exist, when a link or a path of a document
# leads nowhere, or when the top of docs/operations.md lacks a page for operators.
set -eu
cd "$(dirname "$0")/../.."

# In a container the checkout may be another user's.
git() { command git -c safe.directory="$PWD" "$@"; }

sources=$(git ls-files '*.rs')
pages=$(git ls-files 'portal/*.ts')
last_column() {
    sed -n '/^## What the guarantees rest on/q; /^|/p' docs/reliability.md | sed 's/.*| \(.*\) |$/\1/'
}
names() {
    # A name of a test in SECURITY.md has at least four words. The last column of reliability.md has tests and drills.
    last_column | grep -o '`[a-z0-9_-]*`' | tr -d '`'
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
# Sentences are names of the portal's tests, or what a log line says.
sentences=$(last_column | grep -oE '`[a-z]+( [a-z,]+)+`' | tr -d '`')
while read -r name; do
    # shellcheck disable=SC2086 # a list of files
    if ! grep -qF "$name" $pages $sources; then
        echo "no test of the portal and no log line is \"$name\"" >&2
        missing=1
    fi
done <<END
$sentences
END
# Notes become parts of docs/performance.md.
git ls-files --cached --others --exclude-standard -- '*.md' ':!dev/bench/notes' | python3 dev/scripts/lib/links.py || missing=1
exit $missing
