# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Names and places of Kata's versions, as its release pages and archives have them."""

from __future__ import annotations

import pytest

from ansible_collections.katabench.scylla.plugins.plugin_utils.kata_release import (
    KataReleaseError,
    describe,
    parse_version,
)

DEFAULTS = "/opt/kata/share/defaults/kata-containers"


def test_versions_are_compared_as_numbers_and_a_candidate_comes_before_its_version():
    ordered = ["0.1.0", "1.2.0", "1.11.5", "1.12.0-alpha1", "1.12.0-rc0", "1.12.0", "2.0.0-alpha1", "3.9.0", "3.10.0"]
    assert sorted(ordered, key=parse_version) == ordered


@pytest.mark.parametrize("text", ["", "1.11", "v1.11.5", "latest", "3.3.0-test", "2.1-alpha0", "1.11.5\n", "20191207"])
def test_what_is_no_version_is_refused_with_an_example(text):
    with pytest.raises(KataReleaseError, match=r"is no version of Kata: three numbers are expected, as in 1\.11\.5"):
        parse_version(text)


@pytest.mark.parametrize(("text", "line"), [("0.3.1", 0), ("1.14.0", 1), ("2.6.0", 2)])
def test_a_version_beyond_a_line_that_has_ended_is_refused(text, line):
    with pytest.raises(KataReleaseError, match=rf"There is no Kata {text}: the line {line}\.x ended"):
        parse_version(text)


@pytest.mark.parametrize(
    ("version", "architecture", "implementation", "archive"),
    [
        ("1.2.0", "x86_64", "", "kata-static-1.2.0-x86_64.tar.xz"),
        ("1.12.1", "amd64", "", "kata-static-1.12.1-x86_64.tar.xz"),
        ("2.0.0", "x86_64", "go", "kata-static-2.0.0-x86_64.tar.xz"),
        ("3.1.3", "x86_64", "", "kata-static-3.1.3-x86_64.tar.xz"),
        ("3.2.0-alpha0", "x86_64", "", "kata-static-3.2.0-alpha0-x86_64.tar.xz"),
        ("3.2.0-alpha1", "x86_64", "", "kata-static-3.2.0-alpha1-amd64.tar.xz"),
        ("3.2.0", "aarch64", "", "kata-static-3.2.0-arm64.tar.xz"),
        ("3.2.0", "s390x", "", "kata-static-3.2.0-s390x.tar.xz"),
        ("3.3.0", "ppc64le", "", "kata-static-3.3.0-ppc64le.tar.xz"),
        ("3.20.0", "x86_64", "rust", "kata-static-3.20.0-amd64.tar.xz"),
        ("3.21.0", "x86_64", "", "kata-static-3.21.0-amd64.tar.zst"),
        ("4.0.0", "arm64", "go", "kata-static-4.0.0-arm64.tar.zst"),
        ("4.1.0", "x86_64", "", "kata-static-4.1.0-amd64.tar.zst"),
        ("4.1.0", "x86_64", "go", "kata-go-static-4.1.0-amd64.tar.zst"),
    ],
)
def test_the_archive_is_named_as_on_the_release_page(version, architecture, implementation, archive):
    assert describe(version, "release", architecture, implementation)["archive"] == archive


@pytest.mark.parametrize(
    ("version", "base_url"),
    [
        ("1.11.5", "https://github.com/kata-containers/runtime/releases/download/1.11.5"),
        ("2.0.0", "https://github.com/kata-containers/kata-containers/releases/download/2.0.0"),
        ("4.1.0", "https://github.com/kata-containers/kata-containers/releases/download/4.1.0"),
    ],
)
def test_the_archive_lies_with_the_repository_that_released_it(version, base_url):
    assert describe(version, "release", "x86_64")["base_url"] == base_url


@pytest.mark.parametrize(
    ("version", "architecture", "there"),
    [
        ("1.11.5", "aarch64", "only for x86_64:"),
        ("3.1.0", "arm64", "only for x86_64:"),
        ("3.2.0", "ppc64le", "only for x86_64, aarch64, s390x:"),
    ],
)
def test_an_archive_that_was_never_made_for_an_architecture_is_refused(version, architecture, there):
    with pytest.raises(KataReleaseError, match=rf"no archive of Kata {version} for .*, {there} 3\.3\.0 is the first"):
        describe(version, "release", architecture)


def test_a_release_of_1_x():
    assert describe("1.11.5", "release", "x86_64") == {
        "version": "1.11.5",
        "line": "1.x",
        "implementation": "go",
        "archive": "kata-static-1.11.5-x86_64.tar.xz",
        "base_url": "https://github.com/kata-containers/runtime/releases/download/1.11.5",
        "dropins": False,
        "runtime_path": "/opt/kata/bin/kata-runtime",
        "shim_path": None,
        "vendor_config_path": f"{DEFAULTS}/configuration-qemu.toml",
        "hypervisor_table": "qemu",
        "env_command": ["/opt/kata/bin/kata-runtime", "kata-env", "--json"],
    }


@pytest.mark.parametrize("version", ["0.1.0", "1.0.0", "1.11.5", "1.13.0-alpha0"])
def test_the_developer_guide_installs_where_it_says(version):
    assert describe(version, "developer_guide", "x86_64") == {
        "version": version,
        "line": "1.x",
        "implementation": "go",
        "archive": None,
        "base_url": None,
        "dropins": False,
        "runtime_path": "/usr/local/bin/kata-runtime",
        "shim_path": None,
        "vendor_config_path": "/usr/share/defaults/kata-containers/configuration.toml",
        "hypervisor_table": "qemu",
        "env_command": ["/usr/local/bin/kata-runtime", "kata-env", "--json"],
    }


@pytest.mark.parametrize(
    ("version", "implementation", "shim", "runtime", "config"),
    [
        ("1.4.3", "go", None, "bin/kata-runtime", "configuration.toml"),
        ("1.5.0", "go", None, "bin/kata-runtime", "configuration-qemu.toml"),
        ("2.5.2", "go", "bin/containerd-shim-kata-v2", "bin/kata-runtime", "configuration-qemu.toml"),
        ("3.3.0", "rust", "runtime-rs/bin/containerd-shim-kata-v2", None, "runtime-rs/configuration-qemu.toml"),
        (
            "3.4.0",
            "rust",
            "runtime-rs/bin/containerd-shim-kata-v2",
            None,
            "runtime-rs/configuration-qemu-runtime-rs.toml",
        ),
        ("4.1.0", "go", "bin/containerd-shim-kata-v2", "bin/kata-runtime", "configuration-qemu.toml"),
    ],
)
def test_a_release_has_its_parts_where_the_implementation_puts_them(version, implementation, shim, runtime, config):
    release = describe(version, "release", "x86_64", implementation)
    assert release["shim_path"] == (shim and f"/opt/kata/{shim}")
    assert release["runtime_path"] == (runtime and f"/opt/kata/{runtime}")
    assert release["vendor_config_path"] == f"{DEFAULTS}/{config}"


@pytest.mark.parametrize(("version", "implementation"), [("3.32.0", "go"), ("4.0.0-alpha0", "go"), ("4.0.0", "rust")])
def test_rust_is_the_default_from_4_on(version, implementation):
    assert describe(version, "release", "x86_64")["implementation"] == implementation


@pytest.mark.parametrize(
    ("version", "implementation", "dropins"),
    [("2.4.3", "go", False), ("2.5.0-rc0", "go", False), ("2.5.0", "go", True), ("3.3.0", "rust", True)],
)
def test_drop_ins_are_read_from_2_5_on(version, implementation, dropins):
    assert describe(version, "release", "x86_64", implementation)["dropins"] is dropins


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("1.11.5", "package", "x86_64"), "'package' is no way to install Kata; there are developer_guide and release"),
        (("1.11.5", "release", "riscv64"), "architecture 'riscv64'; Kata is made for x86_64, aarch64, s390x, ppc64le"),
        (("3.32.0", "release", "x86_64", "c"), "'c' is no implementation of Kata's runtime; there are go and rust"),
        (("3.32.0", "developer_guide", "x86_64"), "builds Kata 1.x, and kata_version is 3.32.0: choose"),
        (("1.1.0", "release", "x86_64"), "Kata 1.1.0 was never released as an archive, the first was 1.2.0"),
        (("1.11.5", "release", "x86_64", "rust"), "it can from 3.3.0 on"),
        (("3.2.0", "release", "x86_64", "rust"), "it can from 3.3.0 on"),
    ],
)
def test_what_there_is_not_is_refused_with_what_there_is(arguments, sentence):
    with pytest.raises(KataReleaseError) as refused:
        describe(*arguments)
    assert sentence in str(refused.value)
