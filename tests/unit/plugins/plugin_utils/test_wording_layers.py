# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from ansible_collections.katabench.scylla.plugins.plugin_utils.wording_layers import layer_words


def entry(probe, layer, ratio, better="lower", arm="gvisor", spread=0.05, **given):
    usual = {
        "probe": probe,
        "layer": layer,
        "better": better,
        "arm": arm,
        "value": 1.0,
        "ratio": ratio,
        "ratio_low": ratio and ratio - spread,
        "ratio_high": ratio and ratio + spread,
        "blocks": 5,
        "failures": [],
    }
    return {**usual, **given}


def words(*entries, labels=None):
    return layer_words(entries, labels or {"gvisor": "gvisor"}, "runc")


def test_the_layers_that_lose_most_each_with_its_worst_probe():
    found = words(
        entry("cpu", "cpu", 0.99, "higher"),
        entry("disk", "storage", 0.25, "higher"),  # four times worse
        entry("fsync", "storage", 2.0),
        entry("round-trip", "network", 3.0),
        entry("ready", "start", 1.5),
        entry("memory", "overhead", 7.0),
        entry("bandwidth", "memory", 0.8, "higher"),
    )
    assert found == [
        {
            "arm": "gvisor",
            "sentence": (
                "gvisor loses most in storage (disk 0.25 times that of runc, 95 % interval 0.2 to 0.3, n = 5), "
                "then in network (round-trip 3 times that of runc, 95 % interval 2.95 to 3.05, n = 5), "
                "then in memory (bandwidth 0.8 times that of runc, 95 % interval 0.75 to 0.85, n = 5); "
                "no loss is shown in cpu; "
                "it costs more in overhead (memory 7 times that of runc, 95 % interval 6.95 to 7.05, n = 5), "
                "and in start (ready 1.5 times that of runc, 95 % interval 1.45 to 1.55, n = 5)."
            ),
        }
    ]


def test_a_gain_is_no_loss_and_an_interval_that_holds_one_shows_none():
    [found] = words(entry("cpu", "cpu", 1.2, "higher"), entry("round-trip", "network", 1.02))
    assert found["sentence"] == "no loss of gvisor is shown in any layer on the path of an operation."


def test_a_probe_that_failed_is_named():
    [found] = words(
        entry("cpu", "cpu", 2.0, ratio_low=None, ratio_high=None, blocks=1),
        entry("direct", "storage", None, value=None, failures=["refused"]),
        labels={"gvisor": "gvisor (emulated)"},
    )
    assert found["sentence"] == (
        "gvisor (emulated) loses most in cpu (cpu 2 times that of runc, n = 1); direct could not be measured under it."
    )


def test_an_arm_that_was_not_probed_has_no_sentence():
    assert words() == []
    assert words(entry("cpu", "cpu", None, arm="runc")) == []
