#!/bin/sh
# Stands in for osbuilder's: image_builder.sh -o FILE ROOTFS
set -eu
test -x "$3/usr/bin/kata-agent"
tar --create --file "$2" --directory "$3" .
