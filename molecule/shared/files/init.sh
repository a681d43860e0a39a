#!/bin/sh
# Docker hands the container its own cgroups read-only; systemd and a nested engine write below them.
# (The machine's /sys/fs/cgroup bound in their place would be shared: systemd makes it read-only, for the machine too.)
for place in /sys/fs/cgroup /sys/fs/cgroup/*; do
    if mountpoint -q "$place"; then
        mount -o remount,bind,rw "$place"
    fi
done
# What Docker hides or write-protects below /proc, a host has.
awk '$5 ~ "^/proc/" { print $5 }' /proc/self/mountinfo | while read -r place; do
    umount "$place"
done
ssh-keygen -A # keys of its own for every host
mkdir -p /run/sshd
exec "$@"
