# shellcheck shell=sh
# Process 1 of the loader's container: runs the load, its arguments from the fourth on, and exits as the load does.
# Beside it runs the sampler, whose text is the first argument. The output goes to files in the directory that is the
# second one: a failing load prints megabytes a second, too much for an engine's log. The third is when to begin, in
# seconds since 1970, so that loaders on several hosts begin together.
sampler=$1
output_dir=$2
start_at_s=$3
shift 3

rm -f "$output_dir"/*
while [ "$(date +%s)" -lt "$start_at_s" ]; do
    sleep 0.05
done
sh -c "$sampler" sampler "$output_dir/samples" &
sampler_pid=$!
"$@" >"$output_dir/stdout" 2>"$output_dir/stderr" &
load_pid=$!

# Process 1 gets no signal that it does not ask for; one that it gets is passed on, and ends its waiting.
trap 'kill -TERM "$load_pid"' TERM INT HUP
wait "$load_pid"
status=$?
while kill -0 "$load_pid" 2>/dev/null; do
    wait "$load_pid"
    status=$?
done

kill -TERM "$sampler_pid" 2>/dev/null
wait "$sampler_pid"
exit "$status"
