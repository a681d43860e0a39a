# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""A lock on a Kubernetes: a Lease in the campaign's namespace that says who measures there.

Format: https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/lease-v1/. `holderIdentity` is
``<owner> <pid> <pid_started>``: user and controller, and the campaign's process there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

from ansible_collections.katabench.scylla.plugins.plugin_utils.kubernetes_objects import LABEL

NAME = "katabench-campaign"
_TIME = "%Y-%m-%dT%H:%M:%S.%fZ"


class LeaseError(ValueError):
    """Somebody else measures there, in a sentence."""


class Asked(Protocol):
    """What is asked of plugin_utils.kubernetes_api.Api."""

    def items(self, path: str, **query: str) -> list[dict[str, Any]]:
        """Return the objects of a list."""

    def create(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Create an object."""

    def replace(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Replace an object, unless somebody else did since it was read."""

    def delete(self, path: str, body: Mapping[str, Any], **query: str) -> dict[str, Any]:
        """Delete what a path names."""


def take(
    api: Asked,
    namespace: str,
    name: str,
    *,
    owner: str,
    process: tuple[int, str],
    is_running: Callable[[int, str], bool],
    stale_s: float,
    now: datetime,
) -> None:
    """Take the lock of a campaign, or renew it.

    One of the same owner whose process has ended is taken over at once, one without a sign of life for `stale_s`
    seconds, too. `name` is that of the database cluster, for the label. Raises LeaseError where somebody measures.
    """
    path = _path(namespace)
    found = api.items(path, fieldSelector=f"metadata.name={NAME}")
    spec = {
        "holderIdentity": f"{owner} {process[0]} {process[1]}",
        "leaseDurationSeconds": int(stale_s),
        "renewTime": now.strftime(_TIME),
    }
    if not found:
        metadata = {"name": NAME, "namespace": namespace, "labels": {LABEL: name}}
        api.create(path, {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": spec})
        return
    lease = found[0]
    holder, pid, started = (*lease["spec"].get("holderIdentity", "").rsplit(" ", 2), "", "")[:3]
    age_s = (now - _read_time(lease["spec"]["renewTime"])).total_seconds()
    own = holder == owner and pid.isdigit()
    held = own and (int(pid), started) != process and is_running(int(pid), started)
    if held or (not own and age_s <= stale_s):
        raise LeaseError(
            f"The namespace {namespace} is locked by {holder or 'somebody'} (process {pid or 'unknown'}), with the "
            f"last sign of life {age_s:.0f} s ago. Two campaigns would measure each other: wait for its end, or set "
            f"kubernetes_namespace and bench_name to others. If nothing runs there, delete the Lease {NAME}."
        )
    api.replace(f"{path}/{NAME}", {**lease, "spec": {**lease["spec"], **spec}})


def give_back(api: Asked, namespace: str, *, owner: str, process: tuple[int, str]) -> bool:
    """Give back one's own lock and leave anybody else's; return whether there was one."""
    found = api.items(_path(namespace), fieldSelector=f"metadata.name={NAME}")
    if not found or found[0]["spec"].get("holderIdentity") != f"{owner} {process[0]} {process[1]}":
        return False
    api.delete(f"{_path(namespace)}/{NAME}", {"kind": "DeleteOptions", "apiVersion": "v1"})
    return True


def _path(namespace: str) -> str:
    return f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"


def _read_time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
