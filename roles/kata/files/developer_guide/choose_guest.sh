#!/bin/sh
# Comments out the other one of the two lines that say what the virtual machine boots from, as the guide does. Runs in the
# directory of the configuration that the runtime's Makefile made. Environment: DESTDIR, GUEST (initrd or image).
set -eu
case $GUEST in
    initrd) other=image ;;
    image) other=initrd ;;
esac
# configuration.toml may be a link to the hypervisor's own, which then is the file that counts
file=$(readlink -f configuration.toml)
into=$DESTDIR$(printf '%s' "${file%/*}" | sed 's|.*\(/usr/share/defaults/\)|\1|')
mkdir -p "$into"
sed "s/^\($other *=.*\)/# \1/" "$file" >"$into/${file##*/}"
left=$(grep -c -E '^(initrd|image) *=' "$into/${file##*/}" || true)
if [ "$left" != 1 ] || ! grep -q "^$GUEST *=" "$into/${file##*/}"; then
    echo "Of the lines 'initrd =' and 'image =' $file leaves $left that count, where exactly one, $GUEST, is expected."
    exit 1
fi
