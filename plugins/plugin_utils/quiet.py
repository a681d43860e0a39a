# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""What disturbs a measurement: thresholds, and the sentences that name what went beyond them.

Something else that runs on the host, a hypervisor that gives its processors to others, a clock that is lowered for heat
or to save power: each changes a figure as much as a runtime does, and none of them shows in it.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeGuard

DEFAULTS: dict[str, Any] = {
    "cpu_busy_share": 0.1,
    "steal_share": 0.02,
    "governor": "performance",
    "turbo": None,
    "memory_available_mib": 512,
    "swap_used_mib": 64,
    "temperature_c": None,
    "load_1min": None,
    "clock_synchronised": True,
    "loader_cpu_share": 0.7,
    "other_cpu_share": 0.1,
    "throttled": 0,
}
"""The thresholds of a server that does nothing else; None judges nothing.

Before a cell, of what the module host_quiet found: `cpu_busy_share` and `steal_share` at most, over all processors;
`governor` of all processors; `turbo`, True or False: whether it has to be on; `memory_available_mib` at least;
`swap_used_mib` at most (a little lies there from long ago on most hosts); `temperature_c` and `load_1min` (the load
average, which lags minutes behind) at most; `clock_synchronised`, True: it has to be.

During a load, of what the sampler saw: `steal_share` at most; `loader_cpu_share`, which the loader may take at most of
the processors it may use (PerfKitBenchmarker refuses a result above 70%: from there on the loader is what is measured);
`other_cpu_share`, which neither the loader nor the nodes may take at most of the host's processors; `throttled`, how
often the processors may be throttled for heat.
"""

_SHARES = ("cpu_busy_share", "steal_share", "loader_cpu_share", "other_cpu_share")
_SWITCHES = ("turbo", "clock_synchronised")
_NUMBERS = ("memory_available_mib", "swap_used_mib", "temperature_c", "load_1min", "throttled")


def threshold_faults(thresholds: Any) -> list[str]:
    """Say what is wrong with thresholds: each fault found, and what is expected instead."""
    if not isinstance(thresholds, Mapping):
        return [f"The thresholds of a quiet host are {thresholds!r}: give a dictionary of {', '.join(DEFAULTS)}."]
    return [fault for key, value in thresholds.items() for fault in _threshold_faults(key, value)]


def quiet_faults(quiet: Mapping[str, Any], thresholds: Mapping[str, Any]) -> list[str]:
    """Name what kept a host from being quiet before a cell: what was found, what is expected, what to do.

    `quiet` is what the module host_quiet returned. `thresholds` stand in place of those of DEFAULTS; a threshold that
    is None judges nothing, and what the host does not tell (None) is not judged either.
    """
    limits = {**DEFAULTS, **thresholds}
    return [sentence for judge in _BEFORE for sentence in judge(quiet, limits)]


def load_disturbances(
    host_load: Mapping[str, Any],
    thresholds: Mapping[str, Any],
    loader_processors: float | None = None,
    nodes_cpus: float | None = None,
) -> list[str]:
    """Name what disturbed a load: what was found and what is allowed.

    `host_load` is what the sampler saw (see host_samples.py), `thresholds` as for quiet_faults. `loader_processors` is
    how many processors the loader may use, None for all of the host's. `nodes_cpus` is what all nodes together are
    limited to; unless it is known, nothing can be said of what others took, because the sampler sees the host and the
    loader only.
    """
    limits = {**DEFAULTS, **thresholds}
    return [
        *_steal_faults(host_load, limits, "during the load"),
        *_loader_faults(host_load, limits, loader_processors or host_load.get("processors")),
        *_others_faults(host_load, limits, nodes_cpus),
        *_throttle_faults(host_load, limits),
    ]


def _threshold_faults(key: Any, value: Any) -> Iterator[str]:
    named = f"The threshold {key} is {value!r}"
    if key not in DEFAULTS:
        near = difflib.get_close_matches(str(key), DEFAULTS, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        yield f"There is no threshold {key!r}: there are {', '.join(DEFAULTS)}.{hint}"
    elif value is None:
        return
    elif key in _SWITCHES:
        if not isinstance(value, bool):
            yield f"{named}: give true, false, or null to judge nothing."
    elif key == "governor":
        if not isinstance(value, str) or not value:
            yield f"{named}: give the name of a frequency governor, or null to judge nothing."
    elif isinstance(value, bool) or not isinstance(value, (int, float)):
        yield f"{named}: give a number, or null to judge nothing."
    elif key in _SHARES and not 0 <= value <= 1:
        yield f"{named}: give a share from 0 to 1, or null to judge nothing."
    elif key in _NUMBERS and not value >= 0:
        yield f"{named}: give a number of at least 0, or null to judge nothing."


def _busy_faults(quiet: Mapping[str, Any], limits: Mapping[str, Any]) -> Iterator[str]:
    share, most = quiet.get("cpu_busy_share"), limits["cpu_busy_share"]
    if _is_above(share, most):
        yield (
            f"The host was {_percent(share)} busy before the cell{_busiest(quiet.get('busiest') or [])}; at most "
            f"{_percent(most)} is allowed: end what else runs there."
        )


def _busiest(processes: Sequence[Mapping[str, Any]]) -> str:
    named = [f"{process['name']} {process['cpus']:g} CPUs" for process in processes]
    return f" (busiest: {', '.join(named)})" if named else ""


def _steal_faults(seen: Mapping[str, Any], limits: Mapping[str, Any], when: str) -> Iterator[str]:
    share, most = seen.get("steal_share"), limits["steal_share"]
    if _is_above(share, most):
        yield (
            f"The hypervisor gave {_percent(share)} of the host's processor time to others {when} (steal); at most "
            f"{_percent(most)} is allowed: measure on a machine of its own, or when its neighbours are quiet."
        )


def _steal_before_faults(quiet: Mapping[str, Any], limits: Mapping[str, Any]) -> Iterator[str]:
    return _steal_faults(quiet, limits, "before the cell")


def _governor_faults(quiet: Mapping[str, Any], limits: Mapping[str, Any]) -> Iterator[str]:
    found, expected = quiet.get("governor"), limits["governor"]
    if expected is not None and found is not None and found != expected:
        yield (
            f"The frequency governor of the host's processors is {found}; {expected} is expected: "
            f"`cpupower frequency-set --governor {expected}` sets it."
        )


def _turbo_faults(quiet: Mapping[str, Any], limits: Mapping[str, Any]) -> Iterator[str]:
    found, expected = quiet.get("turbo"), limits["turbo"]
    if expected is not None and found is not None and found != expected:
        yield (
            f"The processors' turbo is {_on(found)}; it should be {_on(expected)}: set it in the firmware, or in "
            "/sys/devices/system/cpu (intel_pstate/no_turbo or cpufreq/boost)."
        )


def _memory_faults(quiet: Mapping[str, Any], limits: Mapping[str, Any]) -> Iterator[str]:
    found, least = quiet.get("memory_available_mib"), limits["memory_available_mib"]
    if least is not None and found is not None and found < least:
        yield (
            f"{found:,} MiB of the host's memory were available before the cell; at least {least:,} MiB are expected: "
            "end what holds the memory, or ask for smaller nodes."
        )


def _swap_faults(quiet: Mapping[str, Any], limits: Mapping[str, Any]) -> Iterator[str]:
    found, most = quiet.get("swap_used_mib"), limits["swap_used_mib"]
    if _is_above(found, most):
        yield (
            f"{found:,} MiB of the host's swap were in use before the cell; at most {most:,} MiB are allowed: give the "
            "host memory, and empty its swap with `swapoff -a`."
        )


def _temperature_faults(quiet: Mapping[str, Any], limits: Mapping[str, Any]) -> Iterator[str]:
    found, most = quiet.get("temperature_c"), limits["temperature_c"]
    if _is_above(found, most):
        yield (
            f"The host was at {found:g} °C before the cell; at most {most:g} °C are allowed: see to its cooling, or "
            "give it time."
        )


def _load_faults(quiet: Mapping[str, Any], limits: Mapping[str, Any]) -> Iterator[str]:
    found, most = quiet.get("load_1min"), limits["load_1min"]
    if _is_above(found, most):
        yield (
            f"The host's load average over a minute was {found:g} before the cell; at most {most:g} is allowed: wait, "
            "or end what else runs there."
        )


def _clock_faults(quiet: Mapping[str, Any], limits: Mapping[str, Any]) -> Iterator[str]:
    if limits["clock_synchronised"] and quiet.get("clock_synchronised") is False:
        yield (
            "The host's clock is not synchronised; it should be, since a database orders its writes by clocks: start "
            "chrony or systemd-timesyncd."
        )


_BEFORE = (
    _busy_faults,
    _steal_before_faults,
    _governor_faults,
    _turbo_faults,
    _temperature_faults,
    _memory_faults,
    _swap_faults,
    _load_faults,
    _clock_faults,
)


def _loader_faults(host_load: Mapping[str, Any], limits: Mapping[str, Any], processors: float | None) -> Iterator[str]:
    found, most = host_load.get("loader_cpus"), limits["loader_cpu_share"]
    if found is None or not processors:
        return
    share = found / processors
    if _is_above(share, most):
        yield (
            f"The loader took {_percent(share)} of the {processors:g} CPUs that it may use during the load; at most "
            f"{_percent(most)} is allowed: give it more, since from there on it is the loader that is measured."
        )


def _others_faults(host_load: Mapping[str, Any], limits: Mapping[str, Any], nodes_cpus: float | None) -> Iterator[str]:
    seconds, processors = host_load.get("seconds"), host_load.get("processors")
    busy_s, loader_s = host_load.get("cpu_busy_s"), host_load.get("loader_cpu_s")
    if not seconds or not processors or nodes_cpus is None or busy_s is None or loader_s is None:
        return
    busy, loader = busy_s / seconds, loader_s / seconds
    others = busy - loader - nodes_cpus
    most = limits["other_cpu_share"]
    if _is_above(others / processors, most):
        yield (
            f"Something else took at least {others:.1f} of the host's {processors} CPUs during the load: {busy:.1f} "
            f"were busy, the loader had {loader:.1f} of them and the nodes have {nodes_cpus:g} at most; "
            f"{_percent(most)} is allowed: end what else runs there."
        )


def _throttle_faults(host_load: Mapping[str, Any], limits: Mapping[str, Any]) -> Iterator[str]:
    found, most = host_load.get("throttled"), limits["throttled"]
    if _is_above(found, most):
        yield (
            f"The host's processors were throttled for heat {found:,} times during the load; at most {most:,} is "
            "allowed: see to its cooling."
        )


def _is_above(found: float | None, most: float | None) -> TypeGuard[float]:
    return found is not None and most is not None and found > most


def _percent(share: float) -> str:
    return f"{round(share * 100, 1):g}%"


def _on(switch: bool) -> str:
    return "on" if switch else "off"
