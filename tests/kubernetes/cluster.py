# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""A real Kubernetes for tests: three hosts that are containers of this machine, one that steers, two that run pods.

    python -m tests.kubernetes.cluster up --dir DIR      bring one up, and keep it
    python -m tests.kubernetes.cluster down --dir DIR    remove it

The nodes' containerd has runc and gVisor (the RuntimeClass `gvisor`); who may do what is checked (Node, RBAC); pods of
both nodes reach each other at their own addresses, and find each other by the names of headless services.

What it does not have: kube-proxy, so nothing answers at a cluster IP, the API server's among them; anything that
enforces a NetworkPolicy, which the plug-in `bridge` does not; a way from pods to the world outside; a registry: images
are imported, and pods say `imagePullPolicy: Never`; a provisioner: volumes are made beforehand, with add_volumes().
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import secrets
import shutil
import string
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml

from ..stand_ins.hosts import FRESH_OPTIONS, fresh_image, run
from .certificates import CONTEXT, Authority
from .programs import programs

FILES = Path(__file__).resolve().parent / "files"
CONTROL_PLANE = "control-plane"
POD_RANGES = {"node-1": "10.244.1.0/24", "node-2": "10.244.2.0/24"}
CONTROL_PLANE_PACKAGES = ["etcd-server"]
NODE_PACKAGES = ["containerd", "containernetworking-plugins", "runsc"]
CONTROL_PLANE_UNITS = ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "coredns"]
START_TIMEOUT_S = 300
RBAC = "rbac.authorization.k8s.io"
# The root file system of an image: busybox under all of its names.
BUSYBOX = (
    "mkdir -p /image/bin && cp /bin/busybox /image/bin && chroot /image /bin/busybox --install /bin && tar -cC /image ."
)
T = TypeVar("T")


@dataclass(frozen=True)
class Cluster:
    """A cluster, by the directory with what belongs to it."""

    directory: Path

    @property
    def name(self) -> str:
        """Return the value of the label `katabench.test` on everything that it is made of."""
        return f"katabench-kubernetes-{hashlib.sha256(str(self.directory).encode()).hexdigest()[:8]}"

    @property
    def nodes(self) -> list[str]:
        """Return the names of the nodes."""
        return list(POD_RANGES)

    @property
    def kubeconfig(self) -> Path:
        """Return the kubeconfig of somebody who may do everything."""
        return self.directory / "kubeconfig"

    @property
    def context(self) -> str:
        """Return the name of the context in every kubeconfig."""
        return CONTEXT

    @property
    def kubectl_path(self) -> Path:
        """Return the program kubectl of the cluster's version."""
        return self.directory / "bin" / "kubectl"

    @property
    def busybox(self) -> str:
        """Return the image that the nodes have from the beginning: a shell, and what goes with it."""
        return (self.directory / "busybox").read_text()

    @property
    def authority(self) -> Authority:
        """Return who signs for the cluster."""
        return Authority(self.directory / "authority")

    def container(self, host: str) -> str:
        """Return the name of a host's container."""
        return f"{self.name}-{host}"

    def address(self, host: str) -> str:
        """Return the address of a host."""
        where = "{{ .NetworkSettings.Networks.bridge.IPAddress }}"
        return run("docker", "inspect", "--format", where, self.container(host))

    def execute(self, host: str, *command: str) -> str:
        """Run a command on a host and return what it prints."""
        return run("docker", "exec", self.container(host), *command)

    def kubectl(self, *arguments: str | Path, text: str | None = None) -> str:
        """Run kubectl as somebody who may do everything and return what it prints."""
        return run(self.kubectl_path, "--kubeconfig", self.kubeconfig, *arguments, text=text)

    def apply(self, *objects: dict[str, Any]) -> None:
        """Make objects, or change them."""
        self.kubectl("apply", "--filename", "-", text=yaml.safe_dump_all(objects))

    def import_image(self, image: str) -> None:
        """Copy an image of this machine's engine into both nodes."""
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda node: self.import_into(node, image), self.nodes))

    def import_into(self, node: str, image: str) -> None:
        """Copy an image into a node."""
        copy = 'docker save "$1" | docker exec --interactive "$2" ctr --namespace k8s.io images import -'
        run("bash", "-o", "pipefail", "-c", copy, "import", image, self.container(node))

    def add_kubeconfig(self, user: str, rules: list[dict[str, list[str]]], *, namespace: str | None = None) -> Path:
        """Make a user who has these rights, in one namespace or in all of them, and return a kubeconfig for it."""
        kind, metadata = (
            ("Role", {"name": user, "namespace": namespace}) if namespace else ("ClusterRole", {"name": user})
        )
        common = {"apiVersion": f"{RBAC}/v1", "metadata": metadata}
        role = {"apiGroup": RBAC, "kind": kind, "name": user}
        subjects = [{"apiGroup": RBAC, "kind": "User", "name": user}]
        self.apply(
            {**common, "kind": kind, "rules": rules},
            {**common, "kind": f"{kind}Binding", "roleRef": role, "subjects": subjects},
        )
        return self.authority.write_kubeconfig(self.directory / f"kubeconfig-{user}", server(self), user)

    def add_volumes(self, count: int) -> None:
        """Make so many empty volumes of the class `local` on each node; one that was given back is not used again."""
        for node in self.nodes:
            names = [f"{node}-{secrets.token_hex(4)}" for _ in range(count)]
            self.execute(node, "mkdir", "--parents", *(f"/srv/volumes/{name}" for name in names))
            self.apply(*(local_volume(node, name) for name in names))

    def select_gvisor_nodes(self, labels: dict[str, str]) -> None:
        """Let the RuntimeClass `gvisor` run on nodes with these labels only."""
        (runtime_class,) = (one for one in objects() if one["kind"] == "RuntimeClass")
        self.apply({**runtime_class, "scheduling": {"nodeSelector": labels}})

    def stop_api_server(self) -> None:
        """Let the API server go away; pods run on."""
        self.execute(CONTROL_PLANE, "systemctl", "stop", "kube-apiserver")

    def start_api_server(self) -> None:
        """Let the API server come back, and wait until it answers."""
        self.execute(CONTROL_PLANE, "systemctl", "start", "kube-apiserver")
        retry(lambda: self.kubectl("get", "--raw", "/readyz"))

    def journal(self) -> str:
        """Return what the hosts' services have said last."""
        last = ["journalctl", "--no-pager", "--lines", "60"]
        return "\n".join(f"{host}:\n{self.execute(host, *last)}" for host in [CONTROL_PLANE, *self.nodes])


@contextlib.contextmanager
def cluster() -> Iterator[Cluster]:
    """Run a cluster, and remove it."""
    one = Cluster(Path(tempfile.mkdtemp(prefix="katabench-kubernetes-")))
    try:
        up(one)
        yield one
    finally:
        down(one)


def up(one: Cluster) -> None:
    """Bring a cluster up, from nothing but its directory, which is empty."""
    (one.directory / "bin").symlink_to(programs())
    start_hosts(one)
    try:
        steer(one)
        for node in one.nodes:
            join(one, node)
        retry(lambda: one.apply(*objects()))
        # Nobody can make a pod before its namespace has this account.
        for what in ("serviceaccount/default", *(f"node/{node}" for node in one.nodes)):
            one.kubectl("wait", "--for=create", what, f"--timeout={START_TIMEOUT_S}s")
        one.kubectl("wait", "--for=condition=Ready", "node", "--all", f"--timeout={START_TIMEOUT_S}s")
    except RuntimeError as error:
        error.add_note(one.journal())
        raise


def down(one: Cluster) -> None:
    """Remove a cluster and its directory."""
    containers = run("docker", "ps", "--all", "--quiet", "--filter", f"label=katabench.test={one.name}").split()
    if containers:
        run("docker", "rm", "--force", "--volumes", *containers)
    shutil.rmtree(one.directory)


def start_hosts(one: Cluster) -> None:
    """Start the hosts, with the programs but nothing that runs them."""
    node_image = fresh_image(*NODE_PACKAGES)
    (one.directory / "busybox").write_text(busybox_image(node_image))
    start_host(one, CONTROL_PLANE, fresh_image(*CONTROL_PLANE_PACKAGES))
    for node in one.nodes:
        # On the file system of its own container containerd could not mount others over it.
        volume = f"type=volume,destination=/var/lib/containerd,volume-label=katabench.test={one.name}"
        start_host(one, node, node_image, "--mount", volume)


def start_host(one: Cluster, host: str, image: str, *options: str) -> None:
    """Start a host."""
    names = ["--name", one.container(host), "--hostname", host, "--label", f"katabench.test={one.name}"]
    mount = ["--volume", f"{(one.directory / 'bin').resolve()}:/opt/kubernetes:ro"]
    command = ["/sbin/test-host-init", "/sbin/init"]
    run("docker", "run", "--detach", *names, *FRESH_OPTIONS, *mount, *options, image, *command)


def busybox_image(base: str) -> str:
    """Build the image of a shell from that of a host, or find it; it also holds the place of a pod."""
    image = f"katabench/test-busybox:{base.rpartition(':')[2]}"
    if not run("docker", "images", "--quiet", image):
        changes = "--change 'CMD [\"/bin/sleep\", \"2147483647\"]' --change 'LABEL katabench.test=busybox'"
        make = f'docker run --rm --label katabench.test=busybox "$1" sh -c "$2" | docker import {changes} - "$3"'
        run("bash", "-o", "pipefail", "-c", make, "make", base, BUSYBOX, image)
    return image


def server(one: Cluster) -> str:
    """Return where the API server is."""
    return f"https://{one.address(CONTROL_PLANE)}:6443"


def steer(one: Cluster) -> None:
    """Start what steers the cluster."""
    host = one.address(CONTROL_PLANE), "127.0.0.1", CONTROL_PLANE
    root = lay_out(one, CONTROL_PLANE, "control-plane", {})
    pki = root / "etc" / "kubernetes" / "pki"
    # The API server shows the same certificate to its clients and to kubelets.
    one.authority.issue("kube-apiserver", groups=("system:masters",), hosts=host).write(pki, "kube-apiserver")
    one.authority.issue("service-accounts").write(pki, "service-accounts")
    users = {name: f"system:{name}" for name in ("kube-controller-manager", "kube-scheduler")} | {"coredns": "coredns"}
    for name, user in users.items():
        one.authority.write_kubeconfig(pki.with_name(f"{name}.conf"), server(one), user)
    one.authority.write_kubeconfig(one.kubeconfig, server(one), "administrator", "system:masters")
    copy_onto(one, CONTROL_PLANE, root)
    one.execute(CONTROL_PLANE, "systemctl", "restart", "etcd")
    one.execute(CONTROL_PLANE, "systemctl", "start", "--no-block", *CONTROL_PLANE_UNITS)
    for node in one.nodes:
        lead_to_pods(one, CONTROL_PLANE, node)


def join(one: Cluster, node: str) -> None:
    """Let a node become one of the cluster."""
    values = {
        "cluster_dns": one.address(CONTROL_PLANE),
        "pod_range": POD_RANGES[node],
        "sandbox_image": f"docker.io/{one.busybox}",
    }
    root = lay_out(one, node, "node", values)
    pki = root / "etc" / "kubernetes" / "pki"
    user = f"system:node:{node}"
    one.authority.issue(user, hosts=(one.address(node), node)).write(pki, "kubelet")
    one.authority.write_kubeconfig(pki.with_name("kubelet.conf"), server(one), user, "system:nodes")
    copy_onto(one, node, root)
    one.execute(node, "systemctl", "restart", "containerd")
    one.import_into(node, one.busybox)
    one.execute(node, "systemctl", "start", "--no-block", "kubelet")
    for other in one.nodes:
        if other != node:
            lead_to_pods(one, node, other)


def lead_to_pods(one: Cluster, host: str, node: str) -> None:
    """Lead a host to the pods of a node."""
    one.execute(host, "ip", "route", "replace", POD_RANGES[node], "via", one.address(node))


def lay_out(one: Cluster, host: str, kind: str, values: dict[str, str]) -> Path:
    """Lay out the files that hosts of a kind have below /, and return where."""
    root = one.directory / "hosts" / host
    shutil.copytree(FILES / kind, root)
    for template in list(root.rglob("*.template")):
        template.with_suffix("").write_text(string.Template(template.read_text()).substitute(values))
        template.unlink()
    pki = root / "etc" / "kubernetes" / "pki"
    pki.mkdir()
    (pki / "ca.crt").write_bytes(one.authority.certificate_pem())
    return root


def copy_onto(one: Cluster, host: str, root: Path) -> None:
    """Copy files onto a host, and let systemd see its units."""
    run("docker", "cp", f"{root}/.", f"{one.container(host)}:/")
    # A host that has just been started does not listen yet.
    retry(lambda: one.execute(host, "systemctl", "daemon-reload"))


def objects() -> list[dict[str, Any]]:
    """Return the objects that every cluster begins with."""
    return list(yaml.safe_load_all((FILES / "objects.yml").read_text()))


def local_volume(node: str, name: str) -> dict[str, Any]:
    """Describe a directory of a node as a volume."""
    here = {"key": "kubernetes.io/hostname", "operator": "In", "values": [node]}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "capacity": {"storage": "1Ti"},
            "local": {"path": f"/srv/volumes/{name}"},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [here]}]}},
            "storageClassName": "local",
        },
    }


def retry(action: Callable[[], T]) -> T:
    """Do something until it succeeds."""
    until = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            return action()
        except RuntimeError:
            if time.monotonic() > until:
                raise
            time.sleep(0.5)


def main() -> None:
    """Bring a cluster up and keep it, or remove it."""
    parser = argparse.ArgumentParser(prog="python -m tests.kubernetes.cluster")
    parser.add_argument("verb", choices=["up", "down"])
    parser.add_argument(
        "--dir", type=Path, required=True, help="what belongs to the cluster; up makes it, down removes it"
    )
    arguments = parser.parse_args()
    one = Cluster(arguments.dir.resolve())
    if arguments.verb == "down":
        down(one)
        return
    one.directory.mkdir(parents=True)
    up(one)
    sys.stdout.write(f"export KUBECONFIG={one.kubeconfig} PATH={one.kubectl_path.parent}:$PATH\n")


if __name__ == "__main__":
    main()
