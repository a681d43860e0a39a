#!/bin/sh
# Stands in for osbuilder's: initrd_builder.sh -o FILE ROOTFS
set -eu
test -x "$3/sbin/init"
tar --create --file "$2" --directory "$3" .
