# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""How quiet a host is: pure functions over the texts of /proc and /sys.

Formats: proc(5) (/proc/stat, /proc/loadavg, /proc/meminfo, /proc/PID/stat), sysfs ABI documents of the Linux kernel
(cpufreq, intel_pstate, thermal), Documentation/arch/x86/x86_64/machinecheck.rst and
arch/x86/kernel/cpu/mce/therm_throt.c (thermal_throttle).
"""

from __future__ import annotations

import ctypes
import glob
import os
import re

from ansible_collections.katabench.scylla.plugins.module_utils.host_fingerprint import read_text

CPU = "devices/system/cpu"
CLOCKSOURCE = "devices/system/clocksource/clocksource0/current_clocksource"
BUSIEST = 3

# What adjtimex(2) returns for a clock that nothing keeps.
_TIME_ERROR = 5
# More than any system's struct timex takes.
_TIMEX_BYTES = 1024


def parse_ticks(text):
    """Read the first line of /proc/stat: {busy, steal, total} in clock ticks over all processors, None without it.

    Guests' time is in user and nice already. Steal is what the hypervisor gave to others: neither busy nor idle.
    """
    match = re.search(r"^cpu +((?:\d+ ?)+)$", text, re.MULTILINE)
    if not match:
        return None
    user, nice, system, idle, iowait, irq, softirq, steal = (
        [int(field) for field in match.group(1).split()] + [0] * 8
    )[:8]
    busy = user + nice + system + irq + softirq
    return {"busy": busy, "steal": steal, "total": busy + idle + iowait + steal}


def shares_between(before, after):
    """Say what two readings of parse_ticks mean: {cpu_busy_share, steal_share}, None where no time went by."""
    total = after["total"] - before["total"] if before and after else 0
    if total <= 0:
        return {"cpu_busy_share": None, "steal_share": None}
    return {
        "cpu_busy_share": round(max(after["busy"] - before["busy"], 0) / total, 4),
        "steal_share": round(max(after["steal"] - before["steal"], 0) / total, 4),
    }


def parse_process(text):
    """Read /proc/PID/stat: {name, started, ticks}, None for what is no such text.

    `started` tells a process from a later one of the same number. A name may hold blanks and brackets.
    """
    match = re.match(r"\d+ \((.*)\) \S (.*)", text, re.DOTALL)
    fields = match.group(2).split() if match else []
    if len(fields) < 19:
        return None
    return {"name": match.group(1), "started": fields[18], "ticks": int(fields[10]) + int(fields[11])}


def busiest(before, after, seconds, hz):
    """Name what took most processor time between two readings: [{name, cpus}], at most three, the busiest first.

    A reading is {process number: what parse_process found}. Processes of one name are counted together; one that began
    meanwhile counts from its beginning, one that ended meanwhile is not seen.
    """
    ticks = {}
    for number, process in after.items():
        earlier = before.get(number)
        known = earlier["ticks"] if earlier and earlier["started"] == process["started"] else 0
        ticks[process["name"]] = ticks.get(process["name"], 0) + process["ticks"] - known
    found = sorted(((taken, name) for name, taken in ticks.items() if taken > 0), key=lambda one: (-one[0], one[1]))
    return [{"name": name, "cpus": round(taken / hz / seconds, 2)} for taken, name in found[:BUSIEST]]


def read_processes(proc_root, without):
    """Read what all processes took, but for those whose numbers are given: {process number: parse_process}."""
    processes = {}
    for name in os.listdir(proc_root):
        if name.isdigit() and int(name) not in without:
            process = parse_process(read_text(os.path.join(proc_root, name, "stat")) or "")
            if process:
                processes[int(name)] = process
    return processes


def parse_load(text):
    """Read the load average over a minute of /proc/loadavg, None for what is no number."""
    return _number(text.split(" ")[0])


def parse_memory(text):
    """Read /proc/meminfo: {memory_available_mib, swap_used_mib}, whole MiB rounded down, None for what is not named."""
    kib = {name: int(value) for name, value in re.findall(r"^(\w+):\s+(\d+) kB$", text, re.MULTILINE)}
    swapped = "SwapTotal" in kib and "SwapFree" in kib
    return {
        "memory_available_mib": kib["MemAvailable"] // 1024 if "MemAvailable" in kib else None,
        "swap_used_mib": (kib["SwapTotal"] - kib["SwapFree"]) // 1024 if swapped else None,
    }


def governor(sys_root):
    """Name the frequency governors of all processors, each once: `performance`, `performance, powersave`, or None."""
    found = {read_text(path) for path in glob.glob(os.path.join(sys_root, CPU, "cpu[0-9]*/cpufreq/scaling_governor"))}
    return ", ".join(sorted(found - {None})) or None


def turbo(sys_root):
    """Say whether processors may go above their nominal frequency, None where nothing tells.

    Intel's driver has a switch for its absence, the others (acpi-cpufreq, amd-pstate) one for its presence.
    """
    absent = read_text(os.path.join(sys_root, CPU, "intel_pstate/no_turbo"))
    present = read_text(os.path.join(sys_root, CPU, "cpufreq/boost"))
    if absent in ("0", "1"):
        return absent == "0"
    return present == "1" if present in ("0", "1") else None


def throttle_count(sys_root):
    """Count how often processors were throttled for heat since the start, None where nothing counts it."""
    return _sum_of(os.path.join(sys_root, CPU, "cpu[0-9]*/thermal_throttle/core_throttle_count"))


def temperature_c(sys_root):
    """Read the hottest thermal zone in °C, None without one."""
    found = [
        _number(read_text(path) or "") for path in glob.glob(os.path.join(sys_root, "class/thermal/thermal_zone*/temp"))
    ]
    return max((round(value / 1000, 1) for value in found if value is not None), default=None)


def clock_synchronised(kernel_state, tracking):
    """Say whether something keeps the clock right, None where neither tells.

    `kernel_state` is what adjtimex(2) returned, None without it; `tracking` is what `chronyc tracking` printed. The
    kernel is told by systemd-timesyncd, ntpd, and chronyd with `rtcsync`; without that only chronyd knows.
    """
    if kernel_state is not None and kernel_state != _TIME_ERROR:
        return True
    leap = re.search(r"^Leap status\s*:\s*(.+?)\s*$", tracking or "", re.MULTILINE)
    if leap:
        return leap.group(1) != "Not synchronised"
    return None if kernel_state is None else False


def kernel_clock_state():
    """Ask adjtimex(2) for the state of the clock, without changing anything; None where it may not be asked."""
    try:
        state = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    except (AttributeError, OSError):
        return None
    return state if state >= 0 else None


def is_quiet(shares, limits):
    """Say whether shares (of shares_between) are within limits of the same names; a limit of None allows anything."""
    return all(shares[name] is not None and shares[name] <= most for name, most in limits.items() if most is not None)


def _sum_of(pattern):
    found = [_number(read_text(path) or "") for path in glob.glob(pattern)]
    counts = [int(value) for value in found if value is not None]
    return sum(counts) if counts else None


def _number(text):
    try:
        return float(text)
    except ValueError:
        return None
