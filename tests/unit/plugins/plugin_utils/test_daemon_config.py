from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.katabench.scylla.plugins.plugin_utils import daemon_config

GVISOR = {"gvisor": {"path": "/usr/local/bin/wrapper"}}
SOMEBODYS = """{
  "labels": ["owner=somebody"],
  "log-opts": {"max-file": "3"},
  "runtimes": {"theirs": {"path": "/usr/bin/crun"}}
}
"""


def merged(text="", ledger="", options=None, runtimes=None):
    texts = daemon_config.merge(text, ledger, options or {}, runtimes or {}, source="/etc/docker/daemon.json")
    return json.loads(texts["config"] or "{}"), texts


def test_no_file_and_nothing_asked_writes_nothing():
    assert daemon_config.merge("", "", {}, {}) == {"config": "", "ledger": "", "restart_needed": []}


def test_merge_keeps_what_it_does_not_own():
    config, _ = merged(SOMEBODYS, options={"log-opts": {"max-size": "10m"}}, runtimes=GVISOR)
    assert config == {
        "labels": ["owner=somebody"],
        "log-opts": {"max-file": "3", "max-size": "10m"},
        "runtimes": {"theirs": {"path": "/usr/bin/crun"}, "gvisor": {"path": "/usr/local/bin/wrapper"}},
    }


def test_a_text_that_needs_no_change_comes_back_byte_for_byte():
    _, texts = merged(SOMEBODYS, options={"labels": ["owner=somebody"]}, runtimes={"theirs": {"path": "/usr/bin/crun"}})
    assert texts == {"config": SOMEBODYS, "ledger": "", "restart_needed": []}


def test_a_second_merge_changes_nothing():
    _, first = merged(SOMEBODYS, options={"debug": True}, runtimes=GVISOR)
    _, second = merged(first["config"], first["ledger"], options={"debug": True}, runtimes=GVISOR)
    assert (second["config"], second["ledger"]) == (first["config"], first["ledger"])


def test_a_runtime_is_replaced_as_a_whole_and_comes_back_as_it_was():
    text = '{"runtimes": {"kata": {"path": "/opt/old", "runtimeArgs": ["--old"]}}}'
    config, texts = merged(text, runtimes={"kata": {"path": "/opt/new"}})
    assert config == {"runtimes": {"kata": {"path": "/opt/new"}}}
    undone = daemon_config.remove(texts["config"], texts["ledger"], ["kata"])
    assert json.loads(undone["config"]) == json.loads(text)
    assert undone["ledger"] == ""


def test_remove_takes_only_the_named_runtimes():
    _, texts = merged(SOMEBODYS, options={"debug": True}, runtimes={**GVISOR, "kata": {"path": "/k"}})
    left = json.loads(daemon_config.remove(texts["config"], texts["ledger"], ["gvisor", "theirs"])["config"])
    assert sorted(left["runtimes"]) == ["kata", "theirs"]
    assert left["debug"] is True


def test_remove_gives_back_values_of_before_and_leaves_later_changes():
    _, texts = merged('{"debug": false, "mtu": 1500}', options={"debug": True, "mtu": 9000, "ipv6": True})
    later = json.loads(texts["config"]) | {"mtu": 1400}
    undone = daemon_config.remove(json.dumps(later), texts["ledger"])
    assert json.loads(undone["config"]) == {"debug": False, "mtu": 1400}


def test_a_second_value_remembers_the_first_before():
    _, first = merged('{"mtu": 1500}', options={"mtu": 9000})
    _, second = merged(first["config"], first["ledger"], options={"mtu": 8000})
    assert json.loads(daemon_config.remove(second["config"], second["ledger"])["config"]) == {"mtu": 1500}


def test_a_file_that_only_we_filled_ends_empty():
    _, texts = merged("", options={"log-opts": {"max-size": "1m"}})
    undone = daemon_config.remove(texts["config"], texts["ledger"])
    assert undone["config"] == ""
    assert undone["ledger"] == ""


def test_the_last_runtime_leaves_an_empty_table_that_a_reload_takes_over():
    _, texts = merged("", runtimes=GVISOR)
    undone = daemon_config.remove(texts["config"], texts["ledger"], ["gvisor"])
    assert json.loads(undone["config"]) == {"runtimes": {}}
    assert undone["ledger"] == ""


def test_packages_stay_in_the_ledger_until_they_are_removed():
    texts = daemon_config.merge("", "", {}, GVISOR, ["docker.io"])
    undone = daemon_config.remove(texts["config"], texts["ledger"])
    assert json.loads(undone["ledger"]) == {"settings": [], "packages": ["docker.io"]}


def test_options_that_wait_for_a_start_are_named():
    _, texts = merged(SOMEBODYS, options={"data-root": "/srv", "debug": True}, runtimes=GVISOR)
    assert texts["restart_needed"] == ["data-root"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{\n  "debug": true,\n  "labels" ["a=b"]\n}\n', "/etc/docker/daemon.json is not JSON: line 3, column 12"),
        ("debug: true\n", "is not JSON: line 1, column 1"),
        ('{"debug": true', "is not JSON: line 1, column 15"),
        ("[]", "holds a list at line 1, column 1, where an object was expected"),
        ('{"debug": true, "debug": false}', "the key 'debug' stands twice"),
        ('{"debug": "yes"}', "option 'debug' would be a string, dockerd expects true or false"),
        ('{"mtu": true}', "option 'mtu' would be true or false, dockerd expects a whole number"),
        ('{"runtimes": {"x": "/usr/bin/x"}}', "runtime 'x' is a string, expected an object"),
        ('{"runtimes": {"x": {}}}', "runtime 'x' has no 'path'"),
        ('{"runtimes": {"x": {"path": "/x", "runtimeArgs": "--a"}}}', "runtimeArgs of runtime 'x' is not a list"),
        ('{"runtimes": {"runc": {"path": "/x"}}}', "the name 'runc' belongs to Docker's own runtime"),
        ('{"default-runtime": "gone"}', "default-runtime is 'gone', which is not among the runtimes runc"),
    ],
)
def test_refusals_say_what_and_where(text, said):
    with pytest.raises(daemon_config.DaemonConfigError) as refusal:
        daemon_config.merge(text, "", {}, {}, source="/etc/docker/daemon.json")
    assert said in str(refusal.value)


def test_runtimes_among_the_options_are_refused():
    with pytest.raises(daemon_config.DaemonConfigError, match="name runtimes in docker_runtimes instead"):
        daemon_config.merge("", "", {"runtimes": GVISOR}, {})


def test_keys_below_a_plain_value_are_refused():
    with pytest.raises(daemon_config.DaemonConfigError, match="'log-opts' is a string"):
        daemon_config.merge('{"log-opts": "x"}', "", {"log-opts": {"max-size": "1m"}}, {})


def test_an_empty_object_leaves_an_object_as_it_is():
    config, texts = merged(SOMEBODYS, options={"log-opts": {}})
    assert config["log-opts"] == {"max-file": "3"}
    assert texts["ledger"] == ""


def test_the_runtime_that_is_the_default_cannot_be_taken_out():
    _, texts = merged("", runtimes=GVISOR)
    text = json.dumps(json.loads(texts["config"]) | {"default-runtime": "gvisor"})
    with pytest.raises(daemon_config.DaemonConfigError, match="default-runtime is 'gvisor'"):
        daemon_config.remove(text, texts["ledger"], ["gvisor"])


KEYS = st.text("abcd", min_size=1, max_size=2)
# An object that was empty before goes with what was put into it, so none is drawn.
VALUES = st.recursive(
    st.integers() | st.text(max_size=3),
    lambda inner: st.dictionaries(KEYS, inner, min_size=1, max_size=3),
    max_leaves=6,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no failure
@given(before=st.dictionaries(KEYS, VALUES, max_size=4), options=st.dictionaries(KEYS, VALUES, max_size=4))
def test_what_was_merged_can_be_undone(before, options):
    text = json.dumps(before)
    try:
        texts = daemon_config.merge(text, "", options, {})
    except daemon_config.DaemonConfigError:
        return  # keys below a plain value
    undone = daemon_config.remove(texts["config"], texts["ledger"])
    assert json.loads(undone["config"] or "{}") == before
    assert undone["ledger"] == ""
