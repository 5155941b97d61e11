#!/bin/sh
# Writes .env for docker-compose.yml: .env.example with a random value in place of each that begins with change-me. An
# existing .env keeps its values, and receives the variables that it lacks. Only its owner may read it.
set -eu
cd "$(dirname "$0")/../.."

# hexadecimal BYTES
hexadecimal() { od -An -v -N"$1" -tx1 /dev/urandom | tr -d ' \n'; }

# Replaces the values that begin with change-me in its input.
with_secrets() {
    while IFS= read -r line; do
        case $line in
        # Official clients of Pusher accept digits only.
        PUSHER_APP_ID=change-me*) line=PUSHER_APP_ID=$((1000000 + $(od -An -N4 -tu4 /dev/urandom) % 9000000)) ;;
        [A-Z]*=change-me*) line=${line%%=*}=$(hexadecimal 32) ;;
        esac
        printf '%s\n' "$line"
    done
}

# Containers read the files of deploy/ as users of their own.
[ -z "$(find deploy ! -perm -o=r)" ] || echo "containers cannot read all of deploy/: chmod -R o+rX deploy" >&2

umask 077
new=$(mktemp .env.XXXXXX)
trap 'rm -f "$new"' EXIT
if [ ! -e .env ]; then
    with_secrets <.env.example >"$new"
    ln "$new" .env
    echo "wrote .env with random secrets"
    exit 0
fi

cp .env "$new"
added=""
for name in $(sed -n 's/^\([A-Z_]*\)=.*/\1/p' .env.example); do
    grep -q "^$name=" .env && continue
    grep "^$name=" .env.example | with_secrets >>"$new"
    added="$added $name"
done
if [ -z "$added" ]; then
    echo ".env has all variables of .env.example"
    exit 0
fi
mv "$new" .env
echo "added to .env:$added"
