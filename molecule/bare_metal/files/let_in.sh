#!/bin/sh
# What an installation does to a machine, as far as a container can play one: it lets the owner's keys in.
# The stand-in API gives ADDRESS, HOSTNAME and SSH_KEYS.
set -eu
for id in $(docker ps --quiet --filter label=katabench.test); do
    addresses=$(docker inspect --format '{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}' "$id")
    case " $addresses" in
    *" $ADDRESS "*)
        printf '%s\n' "$SSH_KEYS" |
            docker exec --interactive "$id" sh -c 'umask 077; mkdir -p /root/.ssh; cat >/root/.ssh/authorized_keys'
        # shellcheck disable=SC3028 # comes from the API, not from the shell
        docker exec "$id" hostname "$HOSTNAME"
        exit 0
        ;;
    esac
done
echo "no machine has the address $ADDRESS" >&2
exit 1
