# shellcheck shell=sh
# Samples, once a second until it is told to end (SIGTERM), what the host's processors do and what the loader takes of
# them. It runs in the loader's container, where /proc/stat is the host's. Prints into the file that it is given, in
# ticks of 1/hz s since the host's start as in proc(5), `-` for what is not told here:
#   sampler 1 hz <hz> processors <host's> throttled <sum of the processors' thermal throttle counts>
#   sample <uptime_s> <user> <nice> <system> <idle> <iowait> <irq> <softirq> <steal> <loader_cpu_us>
#   end <own_cpu_s> throttled <sum>
# It runs beside a measurement, so: only what is built into a shell, and one `sleep` a second.
exec >"$1"

read_throttled() {
    throttled=
    for count in /sys/devices/system/cpu/cpu[0-9]*/thermal_throttle/core_throttle_count; do
        [ -r "$count" ] && read -r value <"$count" && throttled=$((${throttled:-0} + value))
    done
    throttled=${throttled:--}
}

# The cgroup of this container: an engine shows it as the root of /sys/fs/cgroup, or hands the host's tree through.
find_cgroup() {
    path=
    while IFS=: read -r _ controllers where; do
        case ",$controllers," in
        ,, | *,cpuacct,*) path="$path $where" ;;
        esac
    done </proc/self/cgroup
    cpu_stat=
    cpu_usage=
    for where in $path ''; do
        [ -z "$cpu_stat" ] && [ -r "/sys/fs/cgroup$where/cpu.stat" ] && cpu_stat="/sys/fs/cgroup$where/cpu.stat"
        for controller in cpuacct cpu,cpuacct; do
            file="/sys/fs/cgroup/$controller$where/cpuacct.usage"
            [ -z "$cpu_usage" ] && [ -r "$file" ] && cpu_usage=$file
        done
    done
}

sample() {
    read -r uptime_s _ </proc/uptime
    read -r _ user nice system idle iowait irq softirq steal _ </proc/stat
    loader_us=-
    if [ -n "$cpu_usage" ]; then
        read -r loader_ns <"$cpu_usage" && loader_us=$((loader_ns / 1000))
    elif [ -n "$cpu_stat" ]; then
        read -r _ loader_us <"$cpu_stat" # usage_usec is its first line
    fi
    echo "sample $uptime_s $user $nice $system $idle $iowait $irq $softirq $steal $loader_us"
}

end() {
    kill "$pause" 2>/dev/null
    sample
    read_throttled
    # What `times` would say, which cannot be caught without a child that has times of its own.
    read -r stat </proc/self/stat
    # shellcheck disable=SC2086  # the fields behind the name: 12 to 15 are utime, stime, cutime, cstime
    set -- ${stat##*)}
    own_ms=$(((${12} + ${13} + ${14} + ${15}) * 1000 / hz))
    printf 'end %d.%03d throttled %s\n' $((own_ms / 1000)) $((own_ms % 1000)) "$throttled"
    exit
}

pause=
trap end TERM
hz=$(getconf CLK_TCK 2>/dev/null) || hz=100 # what Linux shows to programs, almost everywhere
processors=0
while read -r name _; do
    case $name in
    cpu[0-9]*) processors=$((processors + 1)) ;;
    esac
done </proc/stat
read_throttled
find_cgroup
echo "sampler 1 hz $hz processors $processors throttled $throttled"
while :; do
    sample
    # Waiting, unlike sleeping, ends with a signal.
    sleep 1 &
    pause=$!
    wait "$pause"
done
