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

# Kernel settings that matter to a database, as this node sees them; those of which there are none here are left out.
parameter() {
    [ -n "$2" ] && echo "parameter $1 $2"
}
for path in fs/aio-max-nr vm/dirty_background_ratio vm/dirty_ratio vm/max_map_count vm/overcommit_memory vm/swappiness \
    net/core/somaxconn net/ipv4/tcp_congestion_control; do
    parameter "$path" "$(cat "/proc/sys/$path" 2>/dev/null)"
done | tr / .
parameter clocksource "$(cat /sys/devices/system/clocksource/clocksource0/current_clocksource 2>/dev/null)"
# shellcheck disable=SC3045  # every shell that serves as sh has -n
parameter nofile "$(ulimit -n)"
huge_pages=$(cat /sys/kernel/mm/transparent_hugepage/enabled 2>/dev/null) # always [madvise] never
huge_pages=${huge_pages#*\[}
parameter transparent_hugepage "${huge_pages%%\]*}"

while read -r name value _; do
    [ "$name" = Cpus_allowed_list: ] && echo "cpuset $value"
done </proc/self/status
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

# Where no quota is seen there may be one all the same. Processor time does not tell: gVisor counts a process as running
# while the host holds it back. So work is counted, of one busy loop alone and of one for every processor together.
count() {
    # The signal comes twice, to the process and to its group; the number is said once.
    # shellcheck disable=SC2016  # for the shell that counts
    timeout 1 sh -c 'n=0; trap "trap \"\" TERM; echo \$n; exit" TERM; while :; do n=$((n + 1)); done'
}
echo "counted_alone $(count)"
# shellcheck disable=SC2046  # numbers, one from each
echo "counted_together" $(for _ in $(seq "$processors"); do count & done; wait)
