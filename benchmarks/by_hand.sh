#!/bin/bash
# One cell by hand: what a person types for two nodes, a write, a read and the removal. Prints the seconds it took.
# usage: by_hand.sh IMAGE RUNTIME OPERATIONS THREADS
set -eu
image=$1 runtime=$2 operations=$3 threads=$4
name=katabench-by-hand

remove() {
    docker rm --force --volumes $name-node1 $name-node2 >/dev/null 2>&1 || :
    docker volume rm $name-node1 $name-node2 >/dev/null 2>&1 || :
    docker network rm $name >/dev/null 2>&1 || :
}
node() {
    docker run --detach --name "$1" --runtime "$runtime" --network $name --cpus 1 --memory 2048m --memory-swap 2048m \
        --mount "type=volume,source=$1,target=/var/lib/scylla" "$image" \
        --smp=1 --memory=1G --overprovisioned=1 --developer-mode=1 "${@:2}" >/dev/null
    address=$(docker inspect --format "{{ (index .NetworkSettings.Networks \"$name\").IPAddress }}" "$1")
    until (exec 3<>"/dev/tcp/$address/9042") 2>/dev/null; do sleep 0.5; done
}
load() {
    docker run --rm --network $name --entrypoint cassandra-stress "$image" "$1" no-warmup "n=$operations" \
        -node "$seed,$address" -rate "threads=$threads" -mode native cql3 -schema keyspace=ksX >/dev/null 2>&1
}

trap remove EXIT
remove
started_us=${EPOCHREALTIME/./}
docker network create $name >/dev/null
node $name-node1
seed=$address
node $name-node2 "--seeds=$seed"
until [ "$(docker exec $name-node1 nodetool status | grep -c '^UN')" -eq 2 ]; do sleep 1; done
load write
docker exec $name-node1 nodetool status >/dev/null
load read
docker exec $name-node1 nodetool status >/dev/null
remove
elapsed_ms=$(((${EPOCHREALTIME/./} - started_us) / 1000))
printf "%d.%03d\n" $((elapsed_ms / 1000)) $((elapsed_ms % 1000))
