#!/bin/sh
# PostgreSQL's archive_command. It copies a file of the write-ahead log into the directory of the archive:
# archive_command = '/DIRECTORY/OF/deploy/database/archive-wal.sh /backup/wal %p %f'
#
# A file has its name in the archive only when it is complete and on disk. PostgreSQL archives a file again when it was
# killed before it noted the success: then the file must be the same.
set -eu

usage='usage: archive-wal.sh ARCHIVE PATH NAME'
archive=${1:?$usage}
path=${2:?$usage}
name=${3:?$usage}

if [ -e "$archive/$name" ]; then
    cmp "$path" "$archive/$name"
    exit
fi
cp "$path" "$archive/$name.new"
sync "$archive/$name.new"
mv "$archive/$name.new" "$archive/$name"
sync "$archive"
