# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Readings of how quiet a host is, from texts as real machines print them."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.katabench.scylla.plugins.module_utils import host_quiet as host

# Of a virtual machine with two processors, 2 s apart.
STAT_BEFORE = """\
cpu  36788 0 17451 155862 1525 0 387 51 0 0
cpu0 14383 0 7283 84056 217 0 36 16 0 0
cpu1 22405 0 10167 71805 1308 0 350 35 0 0
intr 5410553 0 40
"""
STAT_AFTER = """\
cpu  36888 0 17491 156102 1530 0 392 61 0 0
cpu0 14443 0 7303 84166 217 0 36 16 0 0
"""
JAVA = "4242 (java) S 4200 4242 4200 0 -1 1077936448 152817 0 21 0 {user} {system} 7 9 20 0 87 0 {started} 5061054464"


def java(user, system=0, started=106920):
    return JAVA.format(user=user, system=system, started=started)


def sys_tree(root: Path, files: dict[str, str]) -> str:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return str(root)


def test_shares_are_those_of_all_processors():
    shares = host.shares_between(host.parse_ticks(STAT_BEFORE), host.parse_ticks(STAT_AFTER))
    # 100 user, 40 system, 5 softirq are busy, 10 stolen, 240 idle, 5 waiting: 400 ticks together.
    assert shares == {"cpu_busy_share": 0.3625, "steal_share": 0.025}


def test_a_kernel_without_steal_stole_nothing():
    assert host.parse_ticks("cpu  10 0 5 85\n") == {"busy": 15, "steal": 0, "total": 100}


@pytest.mark.parametrize("text", ["", "cpu0 1 2 3\n", "btime 12\n"])
def test_without_ticks_no_share_is_known(text):
    assert host.parse_ticks(text) is None
    assert host.shares_between(None, None) == {"cpu_busy_share": None, "steal_share": None}


def test_a_counter_that_goes_back_is_no_negative_share():
    before = {"busy": 100, "steal": 10, "total": 1000}
    assert host.shares_between(before, {"busy": 99, "steal": 9, "total": 1100}) == {
        "cpu_busy_share": 0.0,
        "steal_share": 0.0,
    }
    assert host.shares_between(before, before) == {"cpu_busy_share": None, "steal_share": None}


@pytest.mark.parametrize("name", ["java", "tmux: server", "a) S (b", "(sd-pam)"])
def test_a_process_may_have_any_name(name):
    text = java(300, 20).replace("(java)", f"({name})")
    assert host.parse_process(text) == {"name": name, "started": "106920", "ticks": 320}


@pytest.mark.parametrize("text", ["", "4242 (java", "4242 (java) S 1 2"])
def test_a_process_that_has_just_ended_is_none(text):
    assert host.parse_process(text) is None


def process(name, ticks, started="1"):
    return {"name": name, "started": started, "ticks": ticks}


def test_the_busiest_programs_are_named_with_what_they_took():
    before = {1: process("java", 1000), 2: process("java", 500), 3: process("sshd", 10), 4: process("tar", 70)}
    after = {
        1: process("java", 1160),  # 1.6 s in 2 s
        2: process("java", 540),
        3: process("sshd", 10),
        4: process("gzip", 30, started="2"),  # the number was used again
        5: process("cc1", 100),
        6: process("ld", 1),
    }
    assert host.busiest(before, after, seconds=2.0, hz=100) == [
        {"name": "java", "cpus": 1.0},
        {"name": "cc1", "cpus": 0.5},
        {"name": "gzip", "cpus": 0.15},
    ]


def test_processes_are_read_but_for_the_own_one(tmp_path):
    root = sys_tree(
        tmp_path,
        {"4242/stat": java(30, 2) + "\n", "4243/stat": java(1), "77/stat": "", "self/stat": java(1), "meminfo": ""},
    )
    assert host.read_processes(root, {4243}) == {4242: {"name": "java", "started": "106920", "ticks": 32}}


@pytest.mark.parametrize(("text", "load"), [("1.65 0.86 0.44 2/156 6540", 1.65), ("", None)])
def test_the_load_average_is_that_of_a_minute(text, load):
    assert host.parse_load(text) == load


def test_memory_and_swap():
    text = "MemTotal: 24684084 kB\nMemAvailable: 22554428 kB\nSwapTotal: 2097152 kB\nSwapFree: 1048576 kB\n"
    assert host.parse_memory(text) == {"memory_available_mib": 22025, "swap_used_mib": 1024}
    assert host.parse_memory("MemTotal: 1 kB\n") == {"memory_available_mib": None, "swap_used_mib": None}


def test_what_a_server_says_of_its_processors(tmp_path):
    cpu = "devices/system/cpu"
    root = sys_tree(
        tmp_path,
        {
            f"{cpu}/cpu0/cpufreq/scaling_governor": "performance\n",
            f"{cpu}/cpu1/cpufreq/scaling_governor": "powersave\n",
            f"{cpu}/cpu10/cpufreq/scaling_governor": "performance\n",
            f"{cpu}/cpu0/thermal_throttle/core_throttle_count": "3\n",
            f"{cpu}/cpu1/thermal_throttle/core_throttle_count": "4\n",
            f"{cpu}/intel_pstate/no_turbo": "0\n",
            "class/thermal/thermal_zone0/temp": "42500\n",
            "class/thermal/thermal_zone1/temp": "61000\n",
            "class/thermal/thermal_zone2/temp": "N/A\n",
        },
    )
    assert host.governor(root) == "performance, powersave"
    assert host.throttle_count(root) == 7
    assert host.turbo(root) is True
    assert host.temperature_c(root) == 61.0


@pytest.mark.parametrize(
    ("name", "text", "turbo"),
    [
        ("intel_pstate/no_turbo", "1", False),
        ("cpufreq/boost", "1", True),
        ("cpufreq/boost", "0", False),
        ("cpufreq/boost", "maybe", None),
    ],
)
def test_turbo_is_a_switch_of_the_driver(tmp_path, name, text, turbo):
    assert host.turbo(sys_tree(tmp_path, {f"devices/system/cpu/{name}": text})) is turbo


def test_a_virtual_machine_tells_nothing_of_its_processors(tmp_path):
    root = str(tmp_path)
    assert [host.governor(root), host.throttle_count(root), host.turbo(root), host.temperature_c(root)] == [None] * 4


NORMAL = "Reference ID    : C0A80001\nStratum         : 3\nLeap status     : Normal\n"
LOST = "Reference ID    : 00000000\nStratum         : 0\nLeap status     : Not synchronised\n"


@pytest.mark.parametrize(
    ("kernel_state", "tracking", "synchronised"),
    [
        (0, None, True),
        (0, LOST, True),
        (5, None, False),
        (5, NORMAL, True),  # chronyd without rtcsync does not tell the kernel
        (5, LOST, False),
        (None, NORMAL, True),
        (None, LOST, False),
        (None, None, None),
        (1, None, True),  # a leap second will be inserted
    ],
)
def test_the_clock_is_kept_by_whoever_says_so(kernel_state, tracking, synchronised):
    assert host.clock_synchronised(kernel_state, tracking) is synchronised


def test_the_kernel_can_be_asked_for_its_clock():
    assert host.kernel_clock_state() in {0, 1, 2, 3, 4, 5, None}


@pytest.mark.parametrize(
    ("busy", "steal", "limits", "quiet"),
    [
        (0.1, 0.02, {"cpu_busy_share": 0.1, "steal_share": 0.02}, True),
        (0.11, 0.0, {"cpu_busy_share": 0.1, "steal_share": 0.02}, False),
        (0.0, 0.03, {"cpu_busy_share": 0.1, "steal_share": 0.02}, False),
        (0.9, 0.9, {"cpu_busy_share": None, "steal_share": None}, True),
        (None, None, {"cpu_busy_share": 0.1, "steal_share": None}, False),
    ],
)
def test_a_host_is_quiet_within_its_limits(busy, steal, limits, quiet):
    assert host.is_quiet({"cpu_busy_share": busy, "steal_share": steal}, limits) is quiet
