#!/bin/sh
# What others make and this repository uses is fixed and kept up: each action is named by its commit, and Dependabot
# knows each folder with a lock file. Images are named by tag alone, since their digests differ between registries and
# mirrors; a release names the digests of its own.
set -eu
cd "$(dirname "$0")/../.."

failed=0
complain() {
    echo "$1" >&2
    failed=1
}

# In a container the checkout may be another user's.
git() { command git -c safe.directory="$PWD" "$@"; }

if unfixed=$(grep -nE '^ *(- )?uses: ' .github/workflows/*.yml | grep -vE 'uses: (\./|[^@ ]+@[0-9a-f]{40} # )'); then
    complain "These actions need the commit of a release, and its name behind it:
$unfixed"
fi

known() { # known ECOSYSTEM FOLDER
    awk -v ecosystem="$1" '
        /package-ecosystem:/ { of = $NF }
        of == ecosystem && /director(y|ies):/ { sub(/.*director(y|ies): /, ""); print }
    ' .github/dependabot.yml | tr -d '[] ' | tr , '\n' | grep -qxF "$2"
}
for file in $(git ls-files --cached --others --exclude-standard '*Cargo.lock' '*package-lock.json'); do
    case $file in
    *Cargo.lock) ecosystem=cargo ;;
    *) ecosystem=npm ;;
    esac
    folder=$(dirname "/$file")
    known "$ecosystem" "$folder" || complain ".github/dependabot.yml: nothing of $ecosystem is at $folder"
done
for ecosystem in docker docker-compose github-actions; do
    known "$ecosystem" / || complain ".github/dependabot.yml: $ecosystem is missing"
done

[ "$failed" -eq 0 ]
echo "Actions are fixed by their commits, and Dependabot knows every lock file"
