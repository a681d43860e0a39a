# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ansible_collections.katabench.scylla.plugins.plugin_utils.kubernetes_lease import LeaseError, give_back, take

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)


class Leases:
    """The one lease of a namespace."""

    def __init__(self):
        self.lease = None

    def items(self, _path, **_query):
        return [self.lease] if self.lease else []

    def create(self, _path, body):
        self.lease = body

    def replace(self, _path, body):
        self.lease = body

    def delete(self, _path, _body):
        self.lease = None


def claim(leases, owner="anna@desk", process=(7, "100"), *, running=False, later_s=0):
    take(
        leases,
        "bench",
        "kb",
        owner=owner,
        process=process,
        is_running=lambda _pid, _started: running,
        stale_s=3600,
        now=NOW + timedelta(seconds=later_s),
    )


@pytest.fixture
def leases():
    held = Leases()
    claim(held)
    return held


def test_a_free_namespace_is_taken(leases):
    assert leases.lease["metadata"] == {
        "name": "katabench-campaign",
        "namespace": "bench",
        "labels": {"katabench.cluster": "kb"},
    }
    assert leases.lease["spec"] == {
        "holderIdentity": "anna@desk 7 100",
        "leaseDurationSeconds": 3600,
        "renewTime": "2026-11-28T12:00:00.000000Z",
    }


def test_ones_own_is_renewed(leases):
    claim(leases, running=True, later_s=60)
    assert leases.lease["spec"]["renewTime"] == "2026-11-28T12:01:00.000000Z"


def test_that_of_the_same_user_is_taken_over_when_its_process_has_ended(leases):
    claim(leases, process=(8, "200"))
    assert leases.lease["spec"]["holderIdentity"] == "anna@desk 8 200"


@pytest.mark.parametrize(
    ("owner", "process", "running"), [("anna@desk", (8, "200"), True), ("bert@lab", (8, "200"), False)]
)
def test_somebody_who_measures_is_not_disturbed(leases, owner, process, running):
    with pytest.raises(LeaseError, match=r"locked by anna@desk \(process 7\), with the last sign of life 60 s ago"):
        claim(leases, owner, process, running=running, later_s=60)
    assert leases.lease["spec"]["holderIdentity"] == "anna@desk 7 100"


def test_one_without_a_sign_of_life_was_left_behind(leases):
    claim(leases, "bert@lab", (8, "200"), later_s=3601)
    assert leases.lease["spec"]["holderIdentity"] == "bert@lab 8 200"


def test_only_ones_own_is_given_back(leases):
    assert give_back(leases, "bench", owner="bert@lab", process=(7, "100")) is False
    assert leases.lease
    assert give_back(leases, "bench", owner="anna@desk", process=(7, "100")) is True
    assert leases.lease is None
    assert give_back(leases, "bench", owner="anna@desk", process=(7, "100")) is False
