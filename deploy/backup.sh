#!/bin/sh
# Writes all that PostgreSQL holds of the chat, as of one moment, into a file: deploy/backup.sh FILE [COMMAND…]
#
# DATABASE_URL is the database, as pg_dump takes it. COMMAND runs what stands behind it where PostgreSQL's programs
# are, such as docker compose exec -T postgres. The file is there when it is whole, and not before.
set -eu

file=${1:?usage: deploy/backup.sh FILE [COMMAND…]}
shift
: "${DATABASE_URL:?the address of the database}"

# Only its owner may read what players wrote.
umask 077
new=$file.new
trap 'rm -f "$new"' EXIT
"$@" pg_dump --dbname="$DATABASE_URL" --format=custom --no-owner >"$new"
# What cannot be read to its end is no backup.
"$@" pg_restore --file=/dev/null <"$new"
mv "$new" "$file"
echo "$file: $(wc -c <"$file") bytes"
