from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from ansible_collections.katabench.scylla.plugins.plugin_utils import kata_keys, kata_toml
from ansible_collections.katabench.scylla.plugins.plugin_utils.toml_statements import TomlError

CONFIGS = Path(__file__).parents[3] / "data" / "kata-config"
GO_3 = (CONFIGS / "go-3.toml").read_text(encoding="utf-8")
RUST_4 = (CONFIGS / "rust-4.toml").read_text(encoding="utf-8")


def translated(changes, implementation, version, **more):
    (result,) = kata_keys.settings([changes], implementation, version, **more)
    return kata_toml.by_path(result)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"hypervisor.qemu.seccompsandbox": "on"}, {"hypervisor.qemu.seccomp_sandbox": "on"}),
        ({"runtime.guest_selinux_label": "u:r:t"}, {"hypervisor.qemu.selinux_label": "u:r:t"}),
        ({"runtime.create_container_timeout": 90}, {"agent.kata.create_container_timeout": 90}),
        ({"factory": {"enable_template": True}}, {"hypervisor.qemu.factory.enable_template": True}),
        ({"factory.template_path": "/run/t"}, {"hypervisor.qemu.factory.template_path": "/run/t"}),
        ({"agent.kata.dial_timeout": 45}, {"agent.kata.reconnect_timeout_ms": 45000}),
        ({"agent.kata.cdh_api_timeout": 0.5}, {"agent.kata.cdh_api_timeout_ms": 500}),
        ({"agent.kata.dial_timeout": None}, {"agent.kata.reconnect_timeout_ms": None}),
        (
            {"hypervisor.qemu.block_device_driver": "virtio-blk"},
            {"hypervisor.qemu.block_device_driver": "virtio-blk-pci"},
        ),
        ({"hypervisor.clh.block_device_driver": "nvdimm"}, {"hypervisor.clh.block_device_driver": "virtio-pmem"}),
        (
            {"hypervisor.qemu.block_device_driver": "virtio-scsi"},
            {"hypervisor.qemu.block_device_driver": "virtio-scsi"},
        ),
        (
            {"hypervisor.qemu.block_device_driver": "virtio-blk-ccw"},
            {"hypervisor.qemu.block_device_driver": "virtio-blk-ccw"},
        ),
        ({"runtime.experimental_force_guest_pull": True}, {"runtime.experimental": ["force_guest_pull"]}),
        (
            {"runtime.experimental_force_guest_pull": True, "runtime.experimental": ["x"]},
            {"runtime.experimental": ["x", "force_guest_pull"]},
        ),
        ({"runtime.experimental_force_guest_pull": False}, {"runtime.experimental": []}),
        ({"runtime.experimental_force_guest_pull": None}, {}),
        # What runtime-rs calls so itself, and what both have, stays.
        ({"agent.kata.dial_timeout_ms": 20}, {"agent.kata.dial_timeout_ms": 20}),
        (
            {"hypervisor.qemu": {"queue_size": 256, "default_vcpus": 1.5}},
            {"hypervisor.qemu.queue_size": 256, "hypervisor.qemu.default_vcpus": 1.5},
        ),
        ({"hypervisor.qemu.shared_fs": "virtio-fs"}, {"hypervisor.qemu.shared_fs": "virtio-fs"}),
        ({"hypervisor.qemu.enable_numa": None, "proxy": None}, {"hypervisor.qemu.enable_numa": None, "proxy": None}),
        ({}, {}),
    ],
)
def test_from_go_to_rust(change, expected):
    assert translated(change, "rust", "4.1.0") == kata_toml.by_path(expected)


def test_moved_settings_go_to_the_hypervisor_in_use():
    change = {"factory.enable_template": True, "hypervisor.dragonball.seccompsandbox": "on"}
    assert translated(change, "rust", "4.1.0", hypervisor="clh") == {
        ("hypervisor", "clh", "factory", "enable_template"): True,
        ("hypervisor", "dragonball", "seccomp_sandbox"): "on",
    }


def test_features_of_the_vendor_stay():
    base = RUST_4.replace("experimental=[]", 'experimental=["other", "force_guest_pull"]')
    for wanted, features in ((True, ["other", "force_guest_pull"]), (False, ["other"])):
        change = {"runtime.experimental_force_guest_pull": wanted}
        assert translated(change, "rust", "4.1.0", base_text=base) == {("runtime", "experimental"): features}


@pytest.mark.parametrize("version", ["1.0.0", "1.11.5", "2.5.0", "3.2.0-rc0", "4.1.0"])
def test_go_stays_as_it_is(version):
    change = {
        "hypervisor.qemu": {"block_device_driver": "virtio-blk", "hotplug_vfio_on_root_bus": True, "default_vcpus": 4},
        "agent.kata.dial_timeout": 45,
        "factory.enable_template": True,
        "agent.kata.mem_agent": None,
    }
    assert translated(change, "go", version) == kata_toml.by_path(change)


@pytest.mark.parametrize(
    ("change", "implementation", "version", "sentence"),
    [
        (
            {"hypervisor.qemu.hypervisor_loglevel": 3},
            "rust",
            "4.1.0",
            "'hypervisor.qemu.hypervisor_loglevel': a number in the Go runtime, in runtime-rs a word under "
            "'hypervisor.qemu.log_level' (trace, debug, info, warn, error or critical); give that.",
        ),
        (
            {"hypervisor.qemu.hot_plug_vfio": "root-port"},
            "rust",
            "4.1.0",
            "'hypervisor.qemu.hot_plug_vfio': a kind of port in the Go runtime, in runtime-rs "
            "'hypervisor.qemu.hotplug_vfio_on_root_bus' (true or false) with 'hypervisor.qemu.pcie_root_port' or "
            "'hypervisor.qemu.pcie_switch_port'; give those.",
        ),
        (
            {"hypervisor.qemu.enable_numa": True},
            "rust",
            "4.1.0",
            "'hypervisor.qemu.enable_numa': runtime-rs does not implement it yet; leave it out.",
        ),
        (
            {"hypervisor.qemu.net_rate_limiter_bw_max_rate": 1},
            "rust",
            "4.1.0",
            "'hypervisor.qemu.net_rate_limiter_bw_max_rate': runtime-rs does not implement it yet; leave it out.",
        ),
        (
            {"factory.vm_cache_number": 2},
            "rust",
            "4.1.0",
            "'factory.vm_cache_number': runtime-rs dropped it without a replacement; leave it out.",
        ),
        (
            {"hypervisor.qemu.shared_fs": "virtio-9p"},
            "rust",
            "4.1.0",
            "'hypervisor.qemu.shared_fs': the value is 'virtio-9p', and runtime-rs has virtio-fs, virtio-fs-nydus and "
            "none; give one of these.",
        ),
        (
            {"agent.kata": {"dial_timeout": 45, "reconnect_timeout_ms": 3000}},
            "rust",
            "4.1.0",
            "'agent.kata.dial_timeout': runtime-rs calls it 'agent.kata.reconnect_timeout_ms', which is given as well; "
            "keep one.",
        ),
        (
            {"agent.kata.dial_timeout": "45"},
            "rust",
            "4.1.0",
            "'agent.kata.dial_timeout': the value is '45', a number of seconds was expected.",
        ),
        (
            {"runtime.experimental_force_guest_pull": "yes"},
            "rust",
            "4.1.0",
            "'runtime.experimental_force_guest_pull': the value is 'yes', true or false was expected.",
        ),
        (
            {"runtime": {"experimental_force_guest_pull": True, "experimental": "x"}},
            "rust",
            "4.1.0",
            "'runtime.experimental': the value is 'x', a list was expected.",
        ),
        (
            {"agent.kata.dial_timeout_ms": 20},
            "go",
            "4.1.0",
            "'agent.kata.dial_timeout_ms': the Go runtime has 'agent.kata.dial_timeout', in seconds; give that.",
        ),
        (
            {"agent.kata.reconnect_timeout_ms": 3000},
            "go",
            "4.1.0",
            "'agent.kata.reconnect_timeout_ms': the Go runtime calls it 'agent.kata.dial_timeout', in seconds; "
            "give that.",
        ),
        (
            {"hypervisor.qemu.seccomp_sandbox": "on"},
            "go",
            "3.2.0",
            "'hypervisor.qemu.seccomp_sandbox': the Go runtime calls it 'hypervisor.qemu.seccompsandbox'; give that.",
        ),
        (
            {"hypervisor.qemu.factory": {"enable_template": True}},
            "go",
            "4.1.0",
            "'hypervisor.qemu.factory.enable_template': the Go runtime calls it 'factory.enable_template'; give that.",
        ),
        (
            {"hypervisor.qemu.block_device_driver": "virtio-pmem"},
            "go",
            "4.1.0",
            "'hypervisor.qemu.block_device_driver': the value is 'virtio-pmem', and the Go runtime calls that "
            "'nvdimm'; give that.",
        ),
        (
            {"hypervisor.qemu.virtio_fs_is_dax": True},
            "go",
            "4.1.0",
            "'hypervisor.qemu.virtio_fs_is_dax': the Go runtime goes by 'hypervisor.qemu.virtio_fs_cache_size', where "
            "0 is no DAX; give that.",
        ),
        (
            {"agent.kata.mem_agent.memcg_period_secs": 60},
            "go",
            "4.1.0",
            "'agent.kata.mem_agent.memcg_period_secs': only runtime-rs has it; leave it out.",
        ),
        (
            {"hypervisor.qemu.overhead_vcpus": 0},
            "go",
            "4.1.0",
            "'hypervisor.qemu.overhead_vcpus': only runtime-rs has it; leave it out.",
        ),
        (
            {"proxy.kata.path": "/p"},
            "go",
            "2.5.0",
            "'proxy.kata.path': Kata 2.5.0 does not have it, it went with 1.x; leave it out.",
        ),
        (
            {"hypervisor.qemu.use_vsock": True},
            "rust",
            "3.0.0",
            "'hypervisor.qemu.use_vsock': Kata 3.0.0 does not have it, it went with 1.x; leave it out.",
        ),
        (
            {"hypervisor.qemu.default_vcpus": 1.5},
            "go",
            "3.2.0",
            "'hypervisor.qemu.default_vcpus': Kata 3.2.0 takes whole numbers only, 1.5 was given; round it up.",
        ),
        ({}, "c", "4.1.0", "the implementation is 'c'; expected go or rust."),
        ({}, "go", "latest", "the version is 'latest'; expected one such as 1.11.5 or 4.1.0."),
        ({}, "go", "3.2", "the version is '3.2'; expected one such as 1.11.5 or 4.1.0."),
        (
            {},
            "rust",
            "2.5.2",
            "Kata 2.5.2 has no Rust runtime, which came with 3.0.0; choose go or a newer version.",
        ),
    ],
)
def test_refusals(change, implementation, version, sentence):
    with pytest.raises(kata_keys.KataKeysError) as caught:
        kata_keys.settings([change], implementation, version)
    assert str(caught.value) == sentence


def test_every_key_of_the_catalogue_is_of_one_kind():
    tables = [kata_keys._RENAMED, kata_keys._SECONDS_TO_MS, kata_keys._VALUES, kata_keys._REFUSED_BY_RUST]
    names = [name for table in tables for name in table]
    assert len(names) == len(set(names))
    assert not {*kata_keys._RENAMED, *kata_keys._SECONDS_TO_MS} & kata_keys._REFUSED_BY_GO.keys()


def test_no_key_of_a_vendors_file_is_refused():
    for text, implementation, version in ((GO_3, "go", "3.5.0"), (RUST_4, "rust", "4.1.0")):
        # Commented-out keys as well.
        active = re.sub(r"^# ?(\w+ ?= ?(?:\d+|true|false|\[.*\]|\".*\")) *$", r"\1", text, flags=re.MULTILINE)
        data = tomllib.loads(active)
        assert active != text
        kata_keys.settings([data], implementation, version)


def test_guest_sysctls_are_one_more_change():
    changes = [{"hypervisor.qemu.default_vcpus": 4}]
    result = kata_keys.settings(changes, "go", "3.5.0", base_text=GO_3, sysctls={"fs.aio-max-nr": 1048576})
    assert result == [
        {"hypervisor": {"qemu": {"default_vcpus": 4}}},
        {
            "hypervisor": {
                "qemu": {
                    "kernel_params": "cgroup_no_v1=all systemd.unified_cgroup_hierarchy=1 sysctl.fs.aio-max-nr=1048576"
                }
            }
        },
    ]
    assert kata_keys.settings(changes, "go", "3.5.0", base_text=GO_3, sysctls={}) == result[:1]


def test_guest_sysctls_need_the_vendors_text():
    with pytest.raises(kata_keys.KataKeysError) as caught:
        kata_keys.settings([], "go", "3.5.0", sysctls={"fs.aio-max-nr": 1})
    assert str(caught.value) == (
        "kernel settings for the guest need the text of the vendor's configuration.toml, whose kernel_params they are "
        "added to; give it as base_text."
    )


def test_a_vendors_text_that_does_not_parse():
    with pytest.raises(TomlError, match=r"^/opt/kata\.toml is not TOML: line 1, column 5: Invalid value\."):
        kata_keys.settings([], "go", "3.5.0", base_text="a = \n", source="/opt/kata.toml")
