# shellcheck shell=sh
# Probes the way from the loader to a node that serves; the form is that of node.sh. What fails is tried again a few times:
# a server takes a moment until it listens, and iperf3's sometimes one more until it is ready for the next client.
node=$1
seconds=$2

run() {
    probe=$1
    shift
    echo "== begin $probe"
    for _ in 1 2 3 4 5 6 7 8; do
        output=$("$@" 2>&1)
        status=$?
        if [ "$status" -eq 0 ] || [ "$status" -eq 127 ]; then
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

run round-trip qperf --listen_port 5202 --time "$seconds" --msg_size 64 --precision 6 --timeout 5 "$node" tcp_lat
run throughput throughput
