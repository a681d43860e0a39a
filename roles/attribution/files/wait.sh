# shellcheck shell=sh
# Ends with 0 as soon as a container serves the probes of the network, and with 1 when it has ended without.
node=$1
while ! docker logs "$node" 2>&1 | grep -q '^== serving'; do
    [ "$(docker inspect --format '{{.State.Running}}' "$node")" = true ] || exit 1
    sleep 2
done
