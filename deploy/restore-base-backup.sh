#!/bin/sh
# Restores a copy of deploy/base-backup.sh and the write-ahead log that was archived since into PostgreSQL's data
# directory: deploy/restore-base-backup.sh BACKUP ARCHIVE DATA [TIME]
#
# Run it on PostgreSQL's host, as root or as the user of PostgreSQL. PostgreSQL must be stopped; the services may run.
# What DATA holds is moved to LOST, which is DATA.lost by default. The log in LOST/pg_wal that was not archived is
# used, too: if all of it can be read, nothing that was committed is lost. Its complete files are archived, since
# PostgreSQL would not archive them, and older copies need them. With TIME, such as
# '2026-11-25 14:05:00+00', no transaction is restored that was committed later. Then start PostgreSQL.
set -eu

usage='usage: deploy/restore-base-backup.sh BACKUP ARCHIVE DATA [TIME]'
backup=${1:?$usage}
archive=${2:?$usage}
data=${3:?$usage}
time=${4-}
lost=${LOST:-$data.lost}

fail() {
    echo "restore: $*" >&2
    exit 1
}

[ -e "$backup/backup_manifest" ] || fail "$backup is no copy of deploy/base-backup.sh"
archive=$(cd "$archive" && pwd)
# A server that runs writes to a directory that was moved.
for used in "$data" "$lost"; do
    [ -e "$used/postmaster.pid" ] || continue
    process=$(head -n 1 "$used/postmaster.pid")
    # After a crash another program may have its number: in a container, where it was 1, this script.
    [ "$(cat "/proc/$process/comm" 2>/dev/null)" != postgres ] || fail "PostgreSQL runs as process $process: stop it"
done

owner=$(stat --format=%u:%g "$data" 2>/dev/null || stat --format=%u:%g "$(dirname "$data")")
mkdir -p "$data"
chmod 700 "$data"
if [ -n "$(ls -A "$data")" ]; then
    [ ! -e "$lost" ] || fail "$lost exists already: move it away"
    # The directory itself stays: it may be the place of a mounted volume.
    mkdir -m 700 "$lost"
    find "$data" -mindepth 1 -maxdepth 1 -exec mv -t "$lost" {} +
fi
cp -a "$backup/." "$data"
if [ -d "$lost/pg_wal" ]; then
    find "$lost/pg_wal" -maxdepth 1 -type f -name '0*' -exec cp -p -t "$data/pg_wal" {} + ||
        echo "restore: not all of $lost/pg_wal can be read: what it has and $archive has not is lost" >&2
    for ready in "$lost"/pg_wal/archive_status/0*.ready; do
        name=$(basename "$ready" .ready)
        [ -f "$lost/pg_wal/$name" ] || continue
        if "$(dirname "$0")/database/archive-wal.sh" "$archive" "$lost/pg_wal/$name" "$name"; then
            [ "$(id -u)" -ne 0 ] || chown --reference="$archive" "$archive/$name"
        else
            echo "restore: $lost/pg_wal/$name is not archived: copies made before now cannot be restored past it" >&2
        fi
    done
fi

# The copied server may have been restored before.
settings=$data/postgresql.auto.conf
sed -i '/^restore_command/d; /^recovery_target/d' "$settings"
echo "restore_command = 'cp \"$archive/%f\" \"%p\"'" >>"$settings"
if [ -n "$time" ]; then
    echo "recovery_target_time = '$time'" >>"$settings"
    echo "recovery_target_action = 'promote'" >>"$settings"
fi
touch "$data/recovery.signal"
[ "$(id -u)" -ne 0 ] || chown -R "$owner" "$data"
echo "restored; start PostgreSQL, and wait until its log has: archive recovery complete"
