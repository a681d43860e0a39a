# shellcheck shell=sh
# Prints what this kernel is and has, one "name value" a line, for plugins/plugin_utils/kata_proof.py.
# $1 names an interface to wait for, $2 says how many seconds: there are versions that add it after the start.
# Runs in a container of busybox and, without arguments, on the host.
interface=${1:-}
patience_s=${2:-0}

echo "kernel_release $(uname -r)"
[ -r /proc/sys/kernel/random/boot_id ] && read -r value </proc/sys/kernel/random/boot_id && echo "boot_id $value"
while read -r name value _; do
    [ "$name" = MemTotal: ] && echo "memory_total_kib $value"
done </proc/meminfo
echo "processors $(grep -c '^processor' /proc/cpuinfo)"

[ -n "$interface" ] || exit 0
while [ "$patience_s" -gt 0 ] && ! ip -o -4 address show dev "$interface" 2>/dev/null | grep -q inet; do
    sleep 1
    patience_s=$((patience_s - 1))
done
ip -o link show dev "$interface" 2>/dev/null | while read -r _ _ flags _; do
    echo "interface_flags $flags"
done
ip -o -4 address show dev "$interface" 2>/dev/null | while read -r _ _ _ address _; do
    echo "interface_address $address"
done
