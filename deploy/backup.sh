#!/bin/sh
# Writes a consistent snapshot of the chat's database into a file: deploy/backup.sh FILE [COMMAND…]
#
# DATABASE_URL is the database, in a form that pg_dump accepts. COMMAND is a prefix that runs PostgreSQL's
# programs elsewhere, such as docker compose exec -T postgres. FILE appears only when it is complete.
set -eu

file=${1:?usage: deploy/backup.sh FILE [COMMAND…]}
shift
: "${DATABASE_URL:?the address of the database}"

# Only the owner of the file may read what players wrote.
umask 077
new=$file.new
trap 'rm -f "$new"' EXIT
"$@" pg_dump --dbname="$DATABASE_URL" --format=custom --no-owner >"$new"
# Verify that the dump can be read to its end.
"$@" pg_restore --file=/dev/null <"$new"
mv "$new" "$file"
echo "$file: $(wc -c <"$file") bytes"
