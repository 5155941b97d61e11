#!/bin/sh
# Checks that dependencies are pinned and updated: each GitHub action by its commit, and Dependabot watches each folder
# with a lock file. Images are pinned by tag only, since their digests differ between registries and mirrors; a release
# lists the digests of its own images.
set -eu
cd "$(dirname "$0")/../.."

. dev/scripts/lib/checks.sh

# In a container, another user may own the checkout.
git() { command git -c safe.directory="$PWD" "$@"; }

if unfixed=$(grep -nE '^ *(- )?uses: ' .github/workflows/*.yml | grep -vE 'uses: (\./|[^@ ]+@[0-9a-f]{40} # )'); then
    complain "These actions need the commit of a release, and its name as a comment:
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
    known "$ecosystem" "$folder" || complain ".github/dependabot.yml: $ecosystem must watch $folder"
done
for ecosystem in docker docker-compose github-actions; do
    known "$ecosystem" / || complain ".github/dependabot.yml: $ecosystem must watch /"
done

[ "$failed" -eq 0 ]
echo "Actions are pinned by commit, and Dependabot watches every lock file"
