#!/bin/sh
# Makes what stands in for a hypervisor: archives of it, good ones and others, and the repositories it is built from.
# Usage: make_stand_ins.sh DIRECTORY
set -eu
into=$1
here=$(dirname "$(readlink -f "$0")")
rm -rf "$into"
mkdir -p "$into/tree"

cd "$into/tree"
install -D -m 0755 "$here/qemu.sh" usr/bin/qemu-lite-system-x86_64
mkdir -p usr/share/qemu-lite
echo firmware >usr/share/qemu-lite/bios.bin
tar -czf ../good.tar.gz .
ln -s /etc/passwd usr/share/qemu-lite/link
tar -czf ../link.tar.gz usr
rm usr/share/qemu-lite/link
mkdir etc
echo outside >etc/outside
tar -czf ../outside.tar.gz usr etc
rm -r etc
chmod 4755 usr/share/qemu-lite/bios.bin
tar -czf ../setuid.tar.gz usr
rm usr/bin/qemu-lite-system-x86_64
chmod 0644 usr/share/qemu-lite/bios.bin
tar -czf ../without.tar.gz usr
cd ..
printf '{%s}\n' "$(sha256sum ./*.tar.gz | sed 's|\(.*\)  ./\(.*\)|"\2": "\1"|' | paste -s -d ,)" >sha256.json

commit() {
    git -C "$1" -c user.name=stand-in -c user.email=stand-in@example.org commit --quiet --message "A stand-in"
}
mkdir -p srv/keycodemapdb srv/qemu/util
git init --quiet srv/keycodemapdb
echo keys >srv/keycodemapdb/README
git -C srv/keycodemapdb add .
commit srv/keycodemapdb
git init --quiet srv/qemu
cp "$here/qemu.sh" "$here/configure" "$here/Makefile" srv/qemu
echo 'static int memfd_create(void);' >srv/qemu/util/memfd.c
git -C srv/qemu add .
git -C srv/qemu update-index --add --cacheinfo "160000,$(git -C srv/keycodemapdb rev-parse HEAD),ui/keycodemapdb"
commit srv/qemu
tar -C srv -cf repositories.tar .
