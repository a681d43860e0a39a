# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""What pods and their events say: how far they are, and what is wrong with them.

Pods and events are dictionaries as the API gives them (https://kubernetes.io/docs/reference/kubernetes-api/). Reasons
are those of the kubelet, the scheduler and the controllers of 1.33.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

Object = Mapping[str, Any]

_NO_IMAGE = {"ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName", "ImageInspectError"}
_NO_CONTAINER = {"CreateContainerConfigError", "CreateContainerError", "RunContainerError", "CrashLoopBackOff"}
_SIGNALLED = 128
_OF_CONTROLLERS = {"FailedCreate"}
_OF_SANDBOXES = {"FailedCreatePodSandBox"}
_MEBIBYTE = {
    "": 1 / 2**20,
    "Ki": 1 / 2**10,
    "Mi": 1.0,
    "Gi": 2.0**10,
    "Ti": 2.0**20,
    "k": 1e3 / 2**20,
    "M": 1e6 / 2**20,
    "G": 1e9 / 2**20,
}


def is_ready(pod: Object) -> bool:
    """Return whether a pod is ready: here, that its database serves CQL."""
    conditions = pod.get("status", {}).get("conditions") or []
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def exit_status(pod: Object, container: str) -> int | None:
    """Return the exit status of a container of a pod, None as long as it runs."""
    ended = _container(pod, container).get("state", {}).get("terminated")
    return None if ended is None else int(ended["exitCode"])


def pod_faults(
    pods: Iterable[Object], events: Iterable[Object], *, now_s: float, schedule_timeout_s: float = math.inf
) -> list[dict[str, str]]:
    """Return what keeps pods from running, or ended them: a list of ``{class, sentence, pod}``.

    The classes are a record's: ``provisioning`` for what never ran, ``node-lost`` for what ran and was ended. `events`
    are those of the namespace; of them count what a controller could not create, and sandboxes that could not be made,
    where the pod is not ready. A pod that finds no machine counts when it has waited for more than `schedule_timeout_s`
    seconds until `now_s` (since 1970): a cluster that scales itself may still bring one.
    """
    pods = list(pods)
    faults = [fault for pod in pods for fault in _faults_of(pod, now_s, schedule_timeout_s)]
    waiting = {pod["metadata"]["name"] for pod in pods if not is_ready(pod)}
    for event in events:
        about, reason = event["involvedObject"], event.get("reason")
        if reason in _OF_CONTROLLERS or (reason in _OF_SANDBOXES and about["name"] in waiting):
            said = f"{about['kind']} {about['name']}: {event.get('message', '').strip()}"
            fault = {
                "class": "provisioning",
                "sentence": f"Kubernetes could not make what was asked for: {said}",
                "pod": about["name"],
            }
            faults += [] if fault in faults else [fault]
    return faults


def restart_faults(pods: Iterable[Object]) -> list[dict[str, str]]:
    """Return a fault for every pod of which a container was started anew: what ran in it was lost meanwhile."""
    return [
        _fault(
            "node-lost",
            pod["metadata"]["name"],
            f"was started anew: its {container['name']} had ended {_how(container)}.",
        )
        for pod in pods
        for container in pod.get("status", {}).get("containerStatuses") or []
        if container.get("restartCount")
    ]


def events_in_words(events: Iterable[Object], names: Iterable[str]) -> list[dict[str, Any]]:
    """Return what a record keeps of the warnings about objects whose names begin with one of these, oldest first."""
    beginnings = tuple(names)
    kept = [
        {
            "about": f"{event['involvedObject']['kind']} {event['involvedObject']['name']}",
            "reason": event.get("reason"),
            "message": event.get("message"),
            "count": event.get("count") or (event.get("series") or {}).get("count") or 1,
            "last_at": event.get("lastTimestamp") or event.get("eventTime") or event["metadata"]["creationTimestamp"],
        }
        for event in events
        if event.get("type") == "Warning" and event["involvedObject"].get("name", "").startswith(beginnings)
    ]
    return sorted(kept, key=lambda event: str(event["last_at"]))


def pod_evidence(pod: Object) -> dict[str, Any]:
    """Return where a pod runs and as what; processors, and memory in MiB, are the limits of its first container."""
    spec, status = pod["spec"], pod.get("status", {})
    first = (status.get("containerStatuses") or [{}])[0]
    limits = spec["containers"][0].get("resources", {}).get("limits") or {}
    return {
        "name": pod["metadata"]["name"],
        "machine": spec.get("nodeName"),
        "address": status.get("podIP"),
        "runtime_class": spec.get("runtimeClassName"),
        "overhead": dict(spec.get("overhead") or {}),
        "image_id": first.get("imageID") or None,
        "qos": status.get("qosClass"),
        "cpus": cpus_of(limits["cpu"]) if "cpu" in limits else None,
        "memory_mib": mebibytes_of(limits["memory"]) if "memory" in limits else None,
        "restarts": sum(one.get("restartCount", 0) for one in status.get("containerStatuses") or []),
    }


def start_of(pod: Object, faults: Iterable[Mapping[str, str]] = ()) -> dict[str, Any]:
    """Return how the start of a node went, as `starts` of schemas/record.json has it.

    It took from the moment at which the kubelet took the pod until that at which it was ready, by the machine's clock.
    """
    name, status = pod["metadata"]["name"], pod.get("status", {})
    ready: Object = next((one for one in status.get("conditions") or [] if one["type"] == "Ready"), {})
    began, ended = status.get("startTime"), ready.get("lastTransitionTime")
    sentences = [fault["sentence"] for fault in faults if fault["pod"] == name]
    return {
        "node": name,
        "attempt": 1,
        "elapsed_s": _seconds(ended) - _seconds(began) if is_ready(pod) and began and ended else None,
        "failed": bool(sentences),
        "sentence": " ".join(sentences) or None,
        "last_words": [],
    }


def loader_ends(pods: Iterable[Object], loaders: Sequence[str], *, timed_out: bool) -> list[dict[str, Any]]:
    """Return for each loader, in the order of `loaders`, how its pod ended, as load_shares.outcome_of takes it.

    `pods` have ``index`` (the place of its name in `loaders`), ``name``, ``exit_status``, ``started_at`` and
    ``finished_at``, which is None of one that still runs: it has had its time.
    """
    by_index = {pod["index"]: pod for pod in pods}
    return [_loader_end(name, by_index.get(index), timed_out=timed_out) for index, name in enumerate(loaders)]


def _loader_end(name: str, pod: Object | None, *, timed_out: bool) -> dict[str, Any]:
    status = pod["exit_status"] if pod else None
    began, ended = (pod or {}).get("started_at") or "", (pod or {}).get("finished_at") or ""
    return {
        "loader": name,
        "pod": pod["name"] if pod else None,
        "exit_status": status,
        "interrupted": status is not None and status > _SIGNALLED,
        "timed_out": timed_out and status is None,
        "started_at": began,
        "finished_at": ended,
        "elapsed_s": _seconds(ended) - _seconds(began) if began and ended else 0.0,
        "fault": "" if pod else f"No pod of the loader {name} ever ran.",
    }


def _seconds(time: str) -> float:
    return datetime.fromisoformat(time).timestamp()


def cpus_of(quantity: str | float) -> float:
    """Return the processors of a quantity such as ``2`` or ``250m``."""
    text = str(quantity)
    return float(text[:-1]) / 1000 if text.endswith("m") else float(text)


def mebibytes_of(quantity: str | float) -> float:
    """Return the MiB of a quantity of bytes such as ``2Gi``, ``512Mi`` or ``1000000``. Raises ValueError."""
    text = str(quantity)
    number = text.rstrip("KMGTik")
    unit = text[len(number) :]
    if unit not in _MEBIBYTE:
        raise ValueError(
            f"'{quantity}' is no amount of memory that is known here; expected is one such as 512Mi or 2Gi."
        )
    return float(number) * _MEBIBYTE[unit]


def _container(pod: Object, name: str) -> Object:
    statuses = pod.get("status", {}).get("containerStatuses") or []
    found: Object = next((one for one in statuses if one["name"] == name), {})
    return found


def _faults_of(pod: Object, now_s: float, schedule_timeout_s: float) -> list[dict[str, str]]:
    name, status = pod["metadata"]["name"], pod.get("status", {})
    if status.get("phase") == "Failed" and status.get("reason"):
        return [_fault("node-lost", name, f"was ended by Kubernetes ({status['reason']}): {status.get('message', '')}")]
    unscheduled = _unscheduled(status.get("conditions") or [], now_s, schedule_timeout_s)
    if unscheduled:
        return [_fault("provisioning", name, f"finds no machine: {unscheduled}")]
    faults: list[dict[str, str]] = []
    for container in status.get("containerStatuses") or []:
        faults += _container_faults(name, container)
    return faults


def _how(container: Object) -> str:
    ended = container.get("lastState", {}).get("terminated") or {}
    return f"with {ended.get('exitCode')} ({ended.get('reason')})" if ended else "in a way that is not known"


def _container_faults(pod: str, container: Object) -> Sequence[dict[str, str]]:
    ended = container.get("state", {}).get("terminated") or container.get("lastState", {}).get("terminated") or {}
    if ended.get("reason") == "OOMKilled":
        return [_fault("node-lost", pod, "took more memory than its limit and was killed (OOMKilled).")]
    waiting = container.get("state", {}).get("waiting") or {}
    reason, message = waiting.get("reason"), (waiting.get("message") or "no further word").strip()
    if reason in _NO_IMAGE:
        return [_fault("provisioning", pod, f"has no image {container.get('image')} ({reason}): {message}")]
    if reason in _NO_CONTAINER:
        words = f" It had ended with {ended['exitCode']}." if "exitCode" in ended else ""
        return [_fault("provisioning", pod, f"does not start ({reason}): {message}{words}")]
    return []


def _unscheduled(conditions: Sequence[Object], now_s: float, schedule_timeout_s: float) -> str | None:
    for condition in conditions:
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            since = datetime.fromisoformat(condition["lastTransitionTime"]).timestamp()
            if now_s - since > schedule_timeout_s:
                return str(condition.get("message") or condition.get("reason"))
    return None


def _fault(class_: str, pod: str, sentence: str) -> dict[str, str]:
    return {"class": class_, "sentence": f"The pod {pod} {sentence.strip()}", "pod": pod}
