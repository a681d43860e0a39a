# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""What the stand-in sells: zones, offers and operating systems. The prices are made up."""

from __future__ import annotations

from typing import Any

ZONES = ("fr-par-1", "fr-par-2", "nl-ams-1", "nl-ams-2", "pl-waw-2", "pl-waw-3")

DEBIAN_12 = "00000000-0000-4000-8000-000000000012"
DEBIAN_13 = "00000000-0000-4000-8000-000000000013"
UBUNTU_24 = "00000000-0000-4000-8000-000000000024"


def systems(zone: str) -> list[dict[str, Any]]:
    """List the operating systems of a zone."""
    named = [
        (DEBIAN_12, "Debian", "12 (Bookworm)"),
        (DEBIAN_13, "Debian", "13 (Trixie)"),
        (UBUNTU_24, "Ubuntu", "24.04 LTS (Noble Numbat)"),
    ]
    return [
        {
            "id": identifier,
            "name": name,
            "version": version,
            "logo_url": "",
            "enabled": True,
            "allowed": True,
            "license_required": False,
            "custom_partitioning_supported": True,
            "cloud_init_supported": True,
            "zone": zone,
            "ssh": {"editable": True, "required": True},
            "user": {"editable": False, "required": False, "default_value": "root"},
        }
        for identifier, name, version in named
    ]


def offers(zone: str) -> list[dict[str, Any]]:
    """List the offers of a zone: one to be had, and one for each reason why it is not."""
    return [
        _offer(zone, 1, "EM-A610R-NVME", 0, 112_000_000),
        _offer(zone, 2, "EM-A115X-SSD", 0, 89_000_000),
        _offer(zone, 3, "EM-SOLD-OUT", 0, 99_000_000, stock="empty"),
        _offer(zone, 4, "EM-MONTHLY", 0, 0, subscription_period="monthly"),
        _offer(zone, 5, "EM-NO-DEBIAN", 0, 95_000_000, incompatible_os_ids=[DEBIAN_12, DEBIAN_13]),
    ]


def _offer(zone: str, number: int, name: str, euros: int, nanos: int, **others: Any) -> dict[str, Any]:
    price = {"currency_code": "EUR", "units": euros, "nanos": nanos}
    return {
        "id": f"00000000-0000-4000-8000-0000000001{number:02d}",
        "name": name,
        "stock": "available",
        "bandwidth": 1_000_000_000,
        "max_bandwidth": 1_000_000_000,
        "commercial_range": "aluminium",
        "disks": [{"capacity": 1_000_000_000_000, "type": "NVMe"}],
        "enable": True,
        "cpus": [{"name": "Stand-in", "core_count": 8, "thread_count": 16, "frequency": 3000, "benchmark": ""}],
        "memories": [{"capacity": 64_000_000_000, "type": "DDR4", "frequency": 2666, "is_ecc": True}],
        "price_per_hour": price if others.get("subscription_period") != "monthly" else None,
        "price_per_month": {"currency_code": "EUR", "units": 60, "nanos": 0},
        "quota_name": "",
        "persistent_memories": [],
        "raid_controllers": [],
        "incompatible_os_ids": [],
        "subscription_period": "hourly",
        "operation_path": "",
        "options": [],
        "private_bandwidth": 0,
        "shared_bandwidth": False,
        "tags": [],
        "gpus": [],
        "zone": zone,
        **others,
    }


def options() -> list[dict[str, Any]]:
    """List the options, which are the same in all zones."""
    return [
        {
            "id": "00000000-0000-4000-8000-000000000201",
            "name": "Private Network",
            "manageable": True,
            "private_network": {"bandwidth_in_bps": 1_000_000_000},
        },
        {
            "id": "00000000-0000-4000-8000-000000000202",
            "name": "Remote Access",
            "manageable": True,
            "remote_access": {},
        },
    ]
