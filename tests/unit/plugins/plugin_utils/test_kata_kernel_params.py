from __future__ import annotations

import pytest

from ansible_collections.katabench.scylla.plugins.plugin_utils import kata_kernel_params

BASE = '[hypervisor.qemu]\nkernel_params = " agent.log=debug"\n'


@pytest.mark.parametrize(
    ("before", "sysctls", "after"),
    [
        ("", {}, ""),
        ("", {"fs.aio-max-nr": 1048576}, "sysctl.fs.aio-max-nr=1048576"),
        (" agent.log=debug", {"fs.aio-max-nr": "1"}, " agent.log=debug sysctl.fs.aio-max-nr=1"),
        (
            "a  b",
            {"vm.swappiness": 0, "net/core/somaxconn": 1},
            "a  b sysctl.vm.swappiness=0 sysctl.net/core/somaxconn=1",
        ),
        ("sysctl.fs.aio-max-nr=1 quiet", {"fs.aio-max-nr": 2}, "sysctl.fs.aio-max-nr=2 quiet"),
        ("sysctl.fs/aio-max-nr=1 quiet", {"fs.aio-max-nr": 2}, "sysctl.fs.aio-max-nr=2 quiet"),
        ("sysctl.a.b=1 sysctl.a.b=2", {"a.b": 3}, "sysctl.a.b=1 sysctl.a.b=3"),
        ("sysctl.a.bc=1", {"a.b": 3}, "sysctl.a.bc=1 sysctl.a.b=3"),
        ("fs.aio-max-nr=1", {"fs.aio-max-nr": -2}, "fs.aio-max-nr=1 sysctl.fs.aio-max-nr=-2"),
    ],
)
def test_with_guest_sysctls(before, sysctls, after):
    assert kata_kernel_params.with_guest_sysctls(before, sysctls) == after
    assert kata_kernel_params.with_guest_sysctls(after, sysctls) == after


@pytest.mark.parametrize(
    ("sysctls", "sentence"),
    [
        ({"aio": 1}, "the kernel setting 'aio' is no name such as fs.aio-max-nr or net/core/somaxconn."),
        ({4: 1}, "the kernel setting '4' is no name such as fs.aio-max-nr or net/core/somaxconn."),
        ({"fs.a=b": 1}, "the kernel setting 'fs.a=b' is no name such as fs.aio-max-nr or net/core/somaxconn."),
        *(
            (
                {"net.ipv4.tcp_rmem": value},
                f"the kernel setting 'net.ipv4.tcp_rmem' was given {value!r}; expected a whole number or a word "
                "without spaces and quotes, because Kata splits kernel_params at spaces.",
            )
            for value in ("4096 87380", "", 'a"b', True, 1.5, None, [1])
        ),
    ],
)
def test_refusals(sysctls, sentence):
    with pytest.raises(kata_kernel_params.KernelParamsError) as caught:
        kata_kernel_params.with_guest_sysctls("", sysctls)
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("base", "changes", "params"),
    [
        (BASE, [], " agent.log=debug sysctl.a.b=1"),
        ("", [], "sysctl.a.b=1"),
        (BASE, [{"hypervisor.qemu.kernel_params": "quiet"}], "quiet sysctl.a.b=1"),
        (BASE, [{"hypervisor.qemu.kernel_params": "x"}, {"hypervisor.qemu": {"kernel_params": "y"}}], "y sysctl.a.b=1"),
        (BASE, [{"hypervisor.qemu.kernel_params": None}], "sysctl.a.b=1"),
        (BASE, [{"hypervisor.clh.kernel_params": "z"}], " agent.log=debug sysctl.a.b=1"),
    ],
)
def test_guest_sysctls_change(base, changes, params):
    assert kata_kernel_params.guest_sysctls_change(base, {"a.b": 1}, changes) == {
        "hypervisor": {"qemu": {"kernel_params": params}}
    }


def test_guest_sysctls_of_another_hypervisor():
    assert kata_kernel_params.guest_sysctls_change(BASE, {"a.b": 1}, hypervisor="clh") == {
        "hypervisor": {"clh": {"kernel_params": "sysctl.a.b=1"}}
    }


def test_kernel_params_that_are_no_string():
    with pytest.raises(kata_kernel_params.KernelParamsError) as caught:
        kata_kernel_params.guest_sysctls_change("[hypervisor.qemu]\nkernel_params = []\n", {"a.b": 1}, source="/k.toml")
    assert str(caught.value) == "/k.toml: 'hypervisor.qemu.kernel_params' is [], a string was expected."
