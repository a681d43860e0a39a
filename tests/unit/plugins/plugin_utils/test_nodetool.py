# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Outputs as the versions print them; node names and loads are made up where no public example had that form."""

from __future__ import annotations

import pytest

from ansible_collections.katabench.scylla.plugins.plugin_utils.nodetool import (
    NodetoolError,
    parse_compactionstats,
    parse_nodetool_status,
)

HOST_ID = "c507a447-27e1-4ac0-abc5-2ce8e1630347"
TOP = "Datacenter: datacenter1\n=======================\nStatus=Up/Down\n|/ State=Normal/Leaving/Joining/Moving\n"
JAVA = "--  Address     Load       Tokens       Owns    Host ID                               Rack\n"
EFFECTIVE = "--  Address  Load  Tokens  Owns (effective)  Host ID  Rack\n"
SINGLE = "--  Address    Load       Owns    Host ID                               Token                 Rack\n"
NOTE = (
    "\nNote: Non-system keyspaces don't have the same replication settings, "
    "effective ownership information is meaningless\n"
)


def node(text):
    return parse_nodetool_status(text)["nodes"][0]


def test_a_cluster_of_the_java_tool():
    found = parse_nodetool_status(
        TOP
        + JAVA
        + f"UN  172.17.0.3  544 KB     256          ?       {HOST_ID}  rack1\n"
        + "UJ  172.17.0.4  ?          256          ?       e51352e7-3b70-4b4d-b52a-a8144bb5d636  rack1\n"
        + NOTE
    )
    assert found == {
        "datacenters": ["datacenter1"],
        "nodes": [
            {
                "dc": "datacenter1",
                "status": "U",
                "state": "N",
                "address": "172.17.0.3",
                "load_bytes": 557056,  # 544 x 1024
                "tokens": 256,
                "owns": None,
                "host_id": HOST_ID,
                "rack": "rack1",
            },
            {
                "dc": "datacenter1",
                "status": "U",
                "state": "J",
                "address": "172.17.0.4",
                "load_bytes": None,
                "tokens": 256,
                "owns": None,
                "host_id": "e51352e7-3b70-4b4d-b52a-a8144bb5d636",
                "rack": "rack1",
            },
        ],
        "total": 2,
        "up_normal": 1,
    }


def test_two_datacenters_of_the_native_tool():
    found = parse_nodetool_status(
        "Datacenter: dc1\n"
        "===============\n"
        "Status=Up/Down/eXcluded\n"
        "|/ State=Normal/Leaving/Joining/Moving\n"
        "-- Address   Load      Tokens Owns Host ID                              Rack\n"
        "UN 10.89.1.1 338.62 KB 1      ?    31dcc8a7-b63d-4b7e-8cc0-ebde48abc56c az1\n"
        "XN 10.89.2.1 347.41 KB 1      ?    a663710c-8f2c-44ef-a116-48f973e29417 az2\n"
        "Datacenter: dc2\n"
        "===============\n"
        "Status=Up/Down/eXcluded\n"
        "|/ State=Normal/Leaving/Joining/Moving\n"
        "-- Address   Load      Tokens Owns Host ID                              Rack\n"
        "DN 10.89.4.1 512 bytes ?      ?    ?                                    az1\n"
    )
    assert found["datacenters"] == ["dc1", "dc2"]
    assert [(one["dc"], one["status"], one["rack"]) for one in found["nodes"]] == [
        ("dc1", "U", "az1"),
        ("dc1", "X", "az2"),
        ("dc2", "D", "az1"),
    ]
    assert found["nodes"][2]["tokens"] is None
    assert found["nodes"][2]["host_id"] is None
    assert found["nodes"][2]["load_bytes"] == 512
    assert (found["total"], found["up_normal"]) == (3, 1)


@pytest.mark.parametrize(
    ("load", "load_bytes"),
    [
        ("110.42 KB", 113070),  # 110.42 x 1024 = 113070.08
        ("110.42 KiB", 113070),
        ("110,42 KiB", 113070),
        ("1.19 MiB", 1247805),  # 1.19 x 1048576 = 1247805.44
        ("2 TiB", 2199023255552),
        ("21.71 GB", 23310934999),  # 21.71 x 1073741824 = 23310934999.04
        ("98532 bytes", 98532),
        ("98532", 98532),
        ("?", None),
    ],
)
def test_loads(load, load_bytes):
    found = node(TOP + JAVA + f"UN  10.0.0.1  {load}  256  ?  {HOST_ID}  rack1\n")
    assert found["load_bytes"] == load_bytes
    assert (found["tokens"], found["host_id"], found["rack"]) == (256, HOST_ID, "rack1")


@pytest.mark.parametrize(("owns", "percent"), [("33.4%", 33.4), ("100,0%", 100.0), ("50%", 50.0), ("?", None)])
def test_ownership_is_a_percentage(owns, percent):
    assert node(TOP + EFFECTIVE + f"UN  127.0.0.1  394.97 MB  256  {owns}  {HOST_ID}  rack1\n")["owns"] == percent


@pytest.mark.parametrize("token", ["-1080085985719557225", "0"])
def test_one_token_per_node_gives_a_token_and_no_tokens(token):
    found = node(TOP + SINGLE + f"UN  10.244.1.12  215.3 KiB  100.0%  {HOST_ID}  {token}   17\n")
    assert (found["tokens"], found["owns"], found["host_id"], found["rack"]) == (None, 100.0, HOST_ID, "17")


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("?N  10.0.0.1  ?  256  ?  null  rack1", {"status": "?", "host_id": None, "load_bytes": None}),
        ("DL  10.0.0.1  1 GiB  16  ?  null  7", {"status": "D", "state": "L", "rack": "7", "tokens": 16}),
        ("UN  2001:db8::1  1 GiB  16  ?  null  r", {"address": "2001:db8::1"}),
        ("UN  a-name-wider-than-its-header.example  1 GiB  16  ?  null  r", {"tokens": 16, "rack": "r"}),
        ("pod-0> UN  10.0.0.1  1 GiB  16  ?  null  r", {"address": "10.0.0.1", "rack": "r"}),
        ("UN  10.0.0.1  1 GiB  16  ?", {"tokens": 16, "host_id": None, "rack": None}),
    ],
)
def test_rows(row, expected):
    found = node(TOP + JAVA + row + "\n")
    assert {key: found[key] for key in expected} == expected


@pytest.mark.parametrize("tokens", ["256", "?"])
def test_a_row_without_a_header(tokens):
    found = node(f"UN  10.0.0.1  1 KiB  {tokens}  ?  {HOST_ID}  rack1\n")
    assert (found["dc"], found["owns"], found["host_id"], found["rack"]) == (None, None, HOST_ID, "rack1")


def test_a_datacenter_without_a_node_is_a_cluster_of_none():
    assert parse_nodetool_status(TOP + JAVA) == {
        "datacenters": ["datacenter1"],
        "nodes": [],
        "total": 0,
        "up_normal": 0,
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no data centre and no node in it; it says: nothing"),
        ("nodetool: Failed to connect to '127.0.0.1:7199'\n", "it says: nodetool: Failed to connect"),
        (TOP + JAVA + "UN  10.0.0.1  much  256  ?  null  r\n", "line 6: the load is neither"),
        (TOP + JAVA + "UN  10.0.0.1  1 KiB  many  ?  null  r\n", "line 6: 'many' is no number of tokens"),
        (TOP + JAVA + "UN  10.0.0.1  1 KiB  256  most  null  r\n", "line 6: 'most' is no ownership"),
    ],
)
def test_what_is_no_status_is_refused(text, message):
    with pytest.raises(NodetoolError) as caught:
        parse_nodetool_status(text)
    assert message in str(caught.value)


# Printed by Cassandra 5.0.6, which fills its lines up with blanks: a node at rest, and one during `nodetool compact`.
CASSANDRA_5_IDLE = """\
concurrent compactors            2
pending tasks                    0
compactions completed            26
data compacted                   3557987
compactions aborted              0
compactions reduced              0
sstables dropped from compaction 0
15 minute rate                   1.67/minute
mean rate                        534.10/hour
compaction throughput (MiB/s)    1.0
"""
CASSANDRA_5_BUSY = """\
concurrent compactors                2
pending tasks                        1
ksX                                  standard1        1
compactions completed                26
data compacted                       3557987
compactions aborted                  0
compactions reduced                  0
sstables dropped from compaction     0
15 minute rate                       1.67/minute
mean rate                            529.90/hour
compaction throughput (MiB/s)        1.0
id                                   compaction type  keyspace table     completed total   unit  progress
9e504fb0-ea51-11f1-a88b-ab7b631a39ce Major compaction ksX      standard1 2386684   3375585 bytes 70.70%
active compaction remaining time     0h00m00s
"""
# From the manual of Scylla's Java nodetool.
SCYLLA_JAVA = """\
pending tasks: 2
compaction type  keyspace   column family   completed      total         unit   progress
major            nba        player_name     5770708712     55239418023   bytes  10.11%
minor            nba        player_stats    18569428       3610548974    bytes  51.43%
"""
# As Scylla's native nodetool and Cassandra 3.2 to 4.1 print it; the pending tasks of Scylla do not hold what runs.
SCYLLA_NATIVE = """\
pending tasks: 1
- ks.cf0: 1

id                                   compaction type keyspace table completed total unit progress
b9a4f9d0-0000-1000-8000-000000000001 COMPACTION      ks       cf0   42        10240 keys 0.41%
b9a4f9d0-0000-1000-8000-000000000002 COMPACTION      ks       cf1   42        10240 keys 0.41%
<none>                               RESHAPE         ks       cf1   0         0     keys n/a
Active compaction remaining time :   0h00m00s
"""


@pytest.mark.parametrize(
    ("text", "pending", "running", "outstanding"),
    [
        (CASSANDRA_5_IDLE, 0, 0, 0),
        (CASSANDRA_5_BUSY, 1, 1, 1),
        (SCYLLA_JAVA, 2, 2, 2),
        (SCYLLA_NATIVE, 1, 3, 3),
        ("\n".join(line.ljust(104) for line in CASSANDRA_5_BUSY.splitlines()), 1, 1, 1),
        ("pending tasks: 0\n\n", 0, 0, 0),
        ("pending tasks: 858255\n- keyspace1.standard1: 858255\n", 858255, 0, 858255),
        ("node1 | pending tasks: 3\n", 3, 0, 3),
    ],
)
def test_compactions(text, pending, running, outstanding):
    assert parse_compactionstats(text) == {
        "reports": 1,
        "pending": pending,
        "running": running,
        "outstanding": outstanding,
    }


def test_compactions_of_several_nodes_are_summed_up():
    assert parse_compactionstats(CASSANDRA_5_BUSY + CASSANDRA_5_IDLE + SCYLLA_NATIVE + CASSANDRA_5_IDLE) == {
        "reports": 4,
        "pending": 2,
        "running": 4,
        "outstanding": 4,
    }


@pytest.mark.parametrize(
    ("text", "says"),
    [("", "it says: nothing"), ("\nnodetool: Failed to connect to '127.0.0.1:7199'\n", "it says: nodetool: Failed")],
)
def test_what_tells_of_no_compactions_is_refused(text, says):
    with pytest.raises(NodetoolError) as caught:
        parse_compactionstats(text)
    assert says in str(caught.value)
