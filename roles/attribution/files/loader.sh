# shellcheck shell=sh
# Probes the way from the loader to a node, when that has done with its own probes; the form is that of node.sh.
node=$1
seconds=$2
patience_s=$3

# Until it succeeds or the time is over: what a client says while nobody listens yet is of no interest.
run() {
    probe=$1
    shift
    echo "== begin $probe"
    while :; do
        output=$("$@" 2>&1)
        status=$?
        read -r now _ </proc/uptime
        if [ "$status" -eq 0 ] || [ "$status" -eq 127 ] || [ "${now%.*}" -ge "$deadline" ]; then
            break
        fi
        sleep 1
    done
    echo "$output"
    echo "== end $probe $status"
}

# With --json it exits with 0 whatever happens.
throughput() {
    said=$(iperf3 --client "$node" --port 5201 --time "$seconds" --json) || return
    echo "$said"
    case $said in
    *'"error":'*) return 1 ;;
    esac
}

read -r began _ </proc/uptime
deadline=$((${began%.*} + patience_s))
run round-trip qperf --listen_port 5202 --time "$seconds" --msg_size 64 --precision 6 --timeout 5 "$node" tcp_lat
run throughput throughput
