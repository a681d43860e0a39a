#!/bin/bash
# A fresh host by hand: what a person types over one SSH connection to get what playbooks/provision.yml brings for the arms
# runc and gvisor, without images.
# usage: provision_by_hand.sh ADDRESS KEY KNOWN_HOSTS download|provision
#   download puts the packages into apt's cache, so that no mirror's speed is measured; provision does the rest.
set -eu
address=$1 key=$2 known_hosts=$3 what=$4
packages="ca-certificates iproute2 kmod procps python3-apt python3-requests docker.io runsc"

control=$(mktemp -d)
options=(-i "$key" -o "UserKnownHostsFile=$known_hosts" -o StrictHostKeyChecking=yes -o IdentitiesOnly=yes
    -o ControlMaster=auto -o "ControlPath=$control/%C" -o ControlPersist=60)
# shellcheck disable=SC2029  # what this side knows belongs into the command
on_host() { ssh "${options[@]}" "root@$address" "$@"; }
end() {
    on_host -O exit 2>/dev/null || :
    rm -r "$control"
}
trap end EXIT

if [ "$what" = download ]; then
    on_host "apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes --download-only $packages"
    exit
fi

on_host python3 --version
on_host "grep PRETTY_NAME /etc/os-release; nproc; free -m; df -m /var/lib"
on_host systemctl show --property=Id,ActiveState chrony.service systemd-timesyncd.service
on_host apt-get -qq update
on_host "DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes $packages"
on_host systemctl enable --now docker
on_host "cat >/usr/local/bin/katabench-runsc && chmod 755 /usr/local/bin/katabench-runsc" <<'WRAPPER'
#!/bin/sh
exec /usr/bin/runsc --platform=ptrace --network=host "$@"
WRAPPER
on_host "mkdir -p /etc/docker && cat >/etc/docker/daemon.json" <<'CONFIG'
{"runtimes": {"gvisor": {"path": "/usr/local/bin/katabench-runsc"}}}
CONFIG
on_host "kill -HUP \$(cat /run/docker.pid)"
# shellcheck disable=SC2016  # for the host's shell
on_host 'until docker info --format "{{ .Runtimes }}" | grep -q gvisor; do sleep 0.2; done'
# shellcheck disable=SC2016  # the same
on_host 'tar --create --dereference --absolute-names /bin/uname $(ldd /bin/uname | grep -o "/[^ ]*") | docker import - uname'
on_host docker run --rm --network=none --runtime=gvisor uname /bin/uname --kernel-release
on_host uname --kernel-release
