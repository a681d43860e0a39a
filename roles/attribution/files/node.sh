# shellcheck shell=sh
# Probes what a container gives, one after another, then serves those of the network. Each probe's output stands between
# "== begin NAME" and "== end NAME STATUS"; plugins/plugin_utils/attribution.py reads it.
data_dir=$1
seconds=$2
patience_s=$3

# A program that is missing has the status 127, as in a shell.
run() {
    probe=$1
    shift
    echo "== begin $probe"
    if command -v "$1" >/dev/null; then
        timeout "$patience_s" "$@" 2>&1
        status=$?
    else
        status=127
    fi
    echo
    echo "== end $probe $status"
}

# One thread and one request at a time, as it is the way that is measured, and not what a disk can do at once.
storage() {
    probe=$1
    shift
    run "$probe" fio --name=probe --thread --ioengine=psync --filename="$data_dir/probe" --size=64m \
        --output-format=json "$@"
}

timed() {
    storage "$@" --bs=4k --time_based --runtime="$seconds"
}

if [ -n "$data_dir" ]; then
    storage lay --rw=write --bs=1m --end_fsync=1
    timed random-read-direct --rw=randread --direct=1
    timed random-write-direct --rw=randwrite --direct=1
    timed fsync --rw=write --fsync=1
    storage warm --rw=read --bs=1m --invalidate=0
    timed random-read-cached --rw=randread --invalidate=0
    # The last one leaves dirty pages behind.
    timed random-write-cached --rw=randwrite --invalidate=0
    run flush sync
fi
run cpu sysbench cpu --threads=1 --time="$seconds" --cpu-max-prime=20000 run
run memory sysbench memory --threads=1 --time="$seconds" --memory-block-size=1M --memory-total-size=100T run

if ! command -v iperf3 >/dev/null || ! command -v qperf >/dev/null; then
    run throughput iperf3 --version
    run round-trip qperf --version
    exit
fi
iperf3 --server --port 5201 >/dev/null 2>&1 &
qperf --listen_port 5202 >/dev/null 2>&1 &
echo "== serving"
wait
