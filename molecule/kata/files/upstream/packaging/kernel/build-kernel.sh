#!/bin/sh
# Stands in for packaging's: build-kernel.sh setup, build, install into $DESTDIR.
set -eu
place=$DESTDIR/usr/share/kata-containers
case $1 in
    setup) mkdir linux ;;
    build) echo "a kernel of ${kata_version:?}" >linux/bzImage ;;
    install)
        install -D -m 0644 linux/bzImage "$place/vmlinuz-4.19.86"
        ln -s vmlinuz-4.19.86 "$place/vmlinuz.container"
        ;;
esac
