# Prints what this node really has, one "name value" a line, for plugins/plugin_utils/node_facts.py.
# Only shell built-ins and /proc where possible: old sandboxes refuse system calls that newer tools make.
data_dir=$1
node=$2

echo "node $node"
echo "kernel_release $(uname -r)"

while read -r name value _; do
    [ "$name" = MemTotal: ] && echo "memory_total_kib $value"
done </proc/meminfo
for limit in /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes; do
    [ -r "$limit" ] && read -r value <"$limit" && echo "memory_limit_bytes $value"
done

longest=0
while read -r _ where type _; do
    case $data_dir/ in
    "${where%/}"/*) [ "${#where}" -ge "$longest" ] && longest=${#where} && filesystem=$type ;;
    esac
done </proc/mounts
echo "data_filesystem $filesystem"

# A quota cannot be read from inside every sandbox, so processor time is measured: one busy loop per processor.
processors=$(grep -c '^processor' /proc/cpuinfo)
read -r started_s _ </proc/uptime
for _ in $(seq "$processors"); do
    timeout 1 sh -c 'while :; do :; done' &
done
wait
read -r ended_s _ </proc/uptime
echo "processors $processors"
echo "busy_wall_s $started_s $ended_s"
echo "times"
times
