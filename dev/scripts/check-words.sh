#!/bin/sh
# Fails on words that hide who does what: an actor or a domain word says more.
set -eu
cd "$(dirname "$0")/../.."

# In a container the checkout may be another user's.
git() { command git -c safe.directory="$PWD" "$@"; }

words='\b(whoever|whatever it does|somebody|someone|nobody|anybody|(is|are) told of|hears? of)\b|\|it\|'
if found=$(git grep -nIiE "$words" -- . ':!CHANGELOG.md' ':!*Cargo.lock' ':!*package-lock.json' ':!dev/scripts/check-words.sh' ':!migrations/*.sql'); then
    printf '%s\n' "$found" >&2
    echo "Name the actor (the caller, the client, the worker) or the value instead" >&2
    exit 1
fi
echo "No banned words"
