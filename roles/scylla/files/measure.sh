# shellcheck shell=sh
# Prints what this node really has, one "name value" a line, for plugins/plugin_utils/node_facts.py.
# Only shell built-ins and /proc where possible: old sandboxes refuse system calls that newer tools make.
data_dir=$1
node=$2

if ! [ -d "$data_dir/commitlog" ]; then
    echo "the database was told to keep its data in $data_dir, where there is no commitlog" >&2
    exit 1
fi

echo "node $node"
echo "kernel_release $(uname -r)"

while read -r name value _; do
    [ "$name" = MemTotal: ] && echo "memory_total_kib $value"
done </proc/meminfo
for limit in /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes; do
    [ -r "$limit" ] && read -r value <"$limit" && echo "memory_limit_bytes $value"
done

# How many asynchronous requests the kernel takes from everybody together; ScyllaDB wants 11026 for each processor.
# The kernel gives such a file out at one go only, and the shell's own read asks for single bytes.
[ -r /proc/sys/fs/aio-max-nr ] && echo "aio_max_nr $(cat /proc/sys/fs/aio-max-nr)"

longest=0
while read -r _ where type _; do
    case $data_dir/ in
    "${where%/}"/*) [ "${#where}" -ge "$longest" ] && longest=${#where} && filesystem=$type ;;
    esac
done </proc/mounts
echo "data_filesystem $filesystem"

processors=$(grep -c '^processor' /proc/cpuinfo)
echo "processors $processors"
if [ -r /sys/fs/cgroup/cpu.max ]; then
    read -r quota period </sys/fs/cgroup/cpu.max
elif [ -r /sys/fs/cgroup/cpu/cpu.cfs_quota_us ]; then
    read -r quota </sys/fs/cgroup/cpu/cpu.cfs_quota_us
    read -r period </sys/fs/cgroup/cpu/cpu.cfs_period_us
fi
if [ "${quota:-max}" != max ]; then
    echo "cpu_quota $quota $period"
    exit
fi

# Where no quota is seen there may be one all the same, so processor time is measured: a busy loop per processor.
read -r started_s _ </proc/uptime
for _ in $(seq "$processors"); do
    timeout 1 sh -c 'while :; do :; done' &
done
wait
read -r ended_s _ </proc/uptime
echo "busy_wall_s $started_s $ended_s"
echo "times"
times
