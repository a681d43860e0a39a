# shellcheck shell=sh
# Mounts a block device inside a virtual machine, its root owned by whom the image lets own the data directory.
set -eu
device=$1
data_dir=$2
filesystem=$3

grep -q "^$device $data_dir " /proc/mounts && exit
mount -t "$filesystem" "$device" /mnt
chown --reference="$data_dir" /mnt
umount /mnt
mount -t "$filesystem" "$device" "$data_dir"
echo mounted
