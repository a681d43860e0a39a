# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""The cluster, one for all tests: none of them may leave it other than it was."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ansible_collections.katabench.scylla.tests.kubernetes.cluster import Cluster


@pytest.fixture(scope="session")
def kubernetes() -> Iterator[Cluster]:
    """A cluster of two nodes."""
    # pytest reads this file before it knows the collection.
    from ansible_collections.katabench.scylla.tests.kubernetes.cluster import cluster

    with cluster() as one:
        yield one
