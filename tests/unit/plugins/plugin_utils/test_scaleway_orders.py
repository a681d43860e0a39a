# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
from scaleway.baremetal.v1.marshalling import unmarshal_Offer, unmarshal_OS, unmarshal_Server

from ansible_collections.katabench.scylla.plugins.plugin_utils import scaleway_orders as orders
from ansible_collections.katabench.scylla.plugins.plugin_utils.scaleway_orders import OrderError, Wanted

ZONE, TAG = "fr-par-2", "katabench"


def offer(name="EM-A610R-NVME", price=(0, 233_000_000, "EUR"), **fields):
    """An offer as the API sends it, read by the SDK."""
    wire = {
        "id": f"id-of-{name}",
        "name": name,
        "zone": ZONE,
        "stock": "available",
        "enable": True,
        "subscription_period": "hourly",
        "incompatible_os_ids": [],
        **fields,
    }
    if price:
        wire["price_per_hour"] = {"units": price[0], "nanos": price[1], "currency_code": price[2]}
    return unmarshal_Offer(wire)


def system(name, version, **fields):
    wire = {"id": f"{name}-{version}", "name": name, "version": version, "enabled": True, "allowed": True, **fields}
    return unmarshal_OS(wire)


def server(name, *tags, **fields):
    wire = {
        "id": f"id-of-{name}",
        "name": name,
        "zone": ZONE,
        "status": "ready",
        "offer_id": "id-of-EM-A610R-NVME",
        "offer_name": "EM-A610R-NVME",
        "tags": list(tags),
        "install": {"os_id": "x", "hostname": name, "ssh_key_ids": [], "status": "completed"},
        **fields,
    }
    return unmarshal_Server(wire)


DEBIAN = system("Debian", "12 (Bookworm)", id="11111111-aaaa-4aaa-8aaa-000000000012")
SYSTEMS = [
    DEBIAN,
    system("Debian", "11 (Bullseye)"),
    system("Ubuntu", "24.04 LTS (Noble Numbat)"),
    system("Ubuntu", "22.04 LTS (Jammy Jellyfish)"),
    system("Windows", "2022", license_required=True),
    system("Fedora", "41", enabled=False),
    system("Proxmox", "8", allowed=False),
]
PRICES = {"id-of-EM-A610R-NVME": 0.233}


def rows(*servers):
    return [orders.server_row(one, PRICES) for one in servers]


def test_wanted_servers_are_read():
    assert orders.wanted_servers([{"name": "a"}, {"name": "b", "tags": ["cluster=three"]}]) == [
        Wanted("a"),
        Wanted("b", ("cluster=three",)),
    ]


@pytest.mark.parametrize("name", ["node_1", "-a", "a-", "a.b", "", "a" * 64, "a\n"])
def test_a_name_that_is_no_hostname_is_refused(name):
    with pytest.raises(OrderError, match=r"cannot be the name of a server"):
        orders.wanted_servers([{"name": name}])


def test_a_name_that_is_listed_twice_is_refused():
    with pytest.raises(OrderError, match=r"^a is listed more than once in servers"):
        orders.wanted_servers([{"name": "a"}, {"name": "b"}, {"name": "a"}])


def test_our_tag_comes_first_and_once():
    assert orders.all_tags(Wanted("a", ("role=loader", "katabench", "role=loader")), TAG) == [
        "katabench",
        "role=loader",
    ]


def test_what_is_missing_is_told_by_name_and_tag():
    there = [server("a", TAG), server("c", TAG, status="deleting"), server("z", "other")]
    wanted = [Wanted("a"), Wanted("b"), Wanted("c")]
    assert orders.missing(wanted, there, TAG, "em-a610r-nvme") == [Wanted("b"), Wanted("c")]


def test_two_servers_of_one_name_are_named_by_their_ids():
    there = [server("a", TAG, id="one"), server("a", TAG, id="two")]
    with pytest.raises(
        OrderError, match=r"^2 servers named a with the tag katabench exist \(one and two\), and each costs"
    ):
        orders.missing([Wanted("a")], there, TAG, "EM-A610R-NVME")


def test_a_server_without_our_tag_is_never_taken_for_ours():
    with pytest.raises(OrderError, match=r"^A server named a exists without the tag katabench"):
        orders.missing([Wanted("a")], [server("a", "theirs")], TAG, "EM-A610R-NVME")


def test_another_offer_under_the_same_name_is_refused():
    with pytest.raises(OrderError, match=r"^a exists with the offer EM-A610R-NVME, and EM-B112X-SSD is wanted"):
        orders.missing([Wanted("a")], [server("a", TAG)], TAG, "EM-B112X-SSD")


def test_wrong_tags_are_found_whatever_their_order():
    there = [server("a", "cluster=two", TAG), server("b", "cluster=two", TAG)]
    wanted = [Wanted("a", ("cluster=two",)), Wanted("b", ("cluster=three",)), Wanted("c")]
    assert orders.wrong_tags(wanted, there, TAG) == [(there[1], ["katabench", "cluster=three"])]


OFFERS = [
    offer(),
    offer("EM-A610R-NVME", None, id="monthly", subscription_period="monthly"),
    offer("EM-B112X-SSD", (1, 50_000_000, "EUR"), stock="empty"),
    offer("EM-T510X-NVME", None, subscription_period="monthly"),
    offer("EM-OLD", enable=False),
    offer("EM-A115X-SSD", (0, 97_600_000, "EUR"), stock="low"),
]
INSTEAD = "By the hour, fr-par-2 has EM-A115X-SSD (0.0976 EUR) and EM-A610R-NVME (0.233 EUR)."


def test_the_offer_by_the_hour_is_taken_also_where_one_by_the_month_has_the_same_name():
    assert orders.choose_offer(OFFERS, "em-a610r-nvme", ZONE).id == "id-of-EM-A610R-NVME"
    assert orders.choose_offer(OFFERS[::-1], "EM-A610R-NVME", ZONE).id == "id-of-EM-A610R-NVME"


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("EM-NONE", "There is no offer 'EM-NONE' in fr-par-2."),
        ("EM-T510X-NVME", "EM-T510X-NVME is to be had in fr-par-2 by the month only"),
        ("EM-OLD", "The offer EM-OLD is disabled in fr-par-2"),
        ("EM-B112X-SSD", "The offer EM-B112X-SSD is out of stock in fr-par-2"),
    ],
)
def test_an_offer_that_cannot_be_ordered_is_refused_with_those_that_can(name, sentence):
    with pytest.raises(OrderError) as refused:
        orders.choose_offer(OFFERS, name, ZONE)
    assert str(refused.value).startswith(sentence)
    assert str(refused.value).endswith(INSTEAD)


def test_a_price_is_read_to_the_last_digit():
    assert orders.price_eur(offer(price=(0, 233_000_000, "EUR"))) == 0.233
    assert orders.price_eur(offer(price=(1, 50_000_000, "EUR"))) == 1.05
    assert orders.price_eur(offer(price=(0, 97_600_001, "EUR"))) == 0.097600001


@pytest.mark.parametrize(
    ("price", "sentence"), [(None, "tells no price per hour of the offer EM-X"), ((1, 0, "USD"), "priced in USD")]
)
def test_an_offer_whose_price_is_not_known_in_euros_is_not_ordered(price, sentence):
    with pytest.raises(OrderError, match=sentence):
        orders.choose_offer([offer("EM-X", price)], "EM-X", ZONE)


@pytest.mark.parametrize(
    ("wanted", "version"),
    [
        ("Debian 12", "12 (Bookworm)"),
        ("debian  12 (bookworm)", "12 (Bookworm)"),
        ("11111111-AAAA-4aaa-8aaa-000000000012", "12 (Bookworm)"),
        ("Ubuntu 22", "22.04 LTS (Jammy Jellyfish)"),
        ("Ubuntu 24.04", "24.04 LTS (Noble Numbat)"),
    ],
)
def test_an_operating_system_is_found_by_name_and_version_or_id(wanted, version):
    assert orders.choose_os(SYSTEMS, wanted, offer()).version == version


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        ("Debian 1", "There is no operating system 'Debian 1' in fr-par-2. EM-A610R-NVME can install Debian 11"),
        ("Ubuntu", "'Ubuntu' may be Ubuntu 24.04 LTS (Noble Numbat) (Ubuntu-24.04 LTS (Noble Numbat)) or Ubuntu 22.04"),
        ("Fedora 41", "The operating system Fedora 41 cannot be had: Scaleway has disabled it."),
        ("Proxmox 8", "The operating system Proxmox 8 cannot be had: your organization may not install it."),
        ("Windows 2022", "Windows 2022 needs a licence that costs more, so it is not ordered."),
    ],
)
def test_an_operating_system_that_cannot_be_installed_is_refused(wanted, sentence):
    with pytest.raises(OrderError) as refused:
        orders.choose_os(SYSTEMS, wanted, offer())
    assert str(refused.value).startswith(sentence)


def test_an_offer_that_cannot_install_the_system_says_what_it_can():
    with pytest.raises(OrderError) as refused:
        orders.choose_os(SYSTEMS[:3], "Debian 12", offer(incompatible_os_ids=[DEBIAN.id]))
    assert str(refused.value) == (
        "The offer EM-A610R-NVME cannot install Debian 12 (Bookworm). EM-A610R-NVME can install Debian 11 (Bullseye) "
        "and Ubuntu 24.04 LTS (Noble Numbat)."
    )


def test_the_limit_holds_for_all_together():
    one = rows(server("a", TAG))
    orders.require_within(0.699, one, offer(), 2)
    with pytest.raises(OrderError) as refused:
        orders.require_within(0.698, one, offer(), 2)
    assert str(refused.value).startswith(
        "2 servers EM-A610R-NVME at 0.233 EUR an hour each, with what exists, would cost 0.699 EUR an hour, and the "
        "limit is 0.698 EUR an hour: nothing is ordered."
    )


def test_what_is_known_of_a_server_is_told_in_plain_values():
    ips = [
        {"id": "6", "address": "2001:db8::7", "version": "IPv6"},
        {"id": "4", "address": "192.0.2.7", "version": "IPv4"},
    ]
    assert rows(server("a", TAG, "role=loader", ips=ips)) == [
        {
            "name": "a",
            "id": "id-of-a",
            "zone": "fr-par-2",
            "offer": "EM-A610R-NVME",
            "status": "ready",
            "install_status": "completed",
            "address": "192.0.2.7",
            "hourly_cost_eur": 0.233,
            "tags": ["katabench", "role=loader"],
            "protected": False,
        }
    ]


def test_a_server_has_an_address_of_version_6_only_or_none():
    six = [{"id": "6", "address": "2001:db8::7", "version": "IPv6"}]
    assert [row["address"] for row in rows(server("a", ips=six), server("b"))] == ["2001:db8::7", None]


@pytest.mark.parametrize(
    ("status", "install", "ready"),
    [
        ("ready", "completed", True),
        ("ready", "installing", False),
        ("ready", "to_install", False),
        ("delivering", "completed", False),
    ],
)
def test_ready_takes_both_states(status, install, ready):
    one = server("a", status=status, install={"os_id": "x", "hostname": "a", "ssh_key_ids": [], "status": install})
    assert orders.is_ready(rows(one)[0]) is ready


def test_a_server_that_nobody_installs_is_not_ready():
    assert not orders.is_ready(rows(server("a", install=None))[0])


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        ("error", "a (id-of-a) is in the state error: delete it, or ask Scaleway's support."),
        ("locked", "a (id-of-a) is in the state locked: Scaleway has locked it: the console or a ticket tells why."),
        ("out_of_stock", "a (id-of-a) is in the state out_of_stock: Scaleway has none left"),
    ],
)
def test_a_dead_end_is_told(status, sentence):
    assert orders.dead_end(rows(server("a", status=status))[0]).startswith(sentence)


def test_an_installation_that_failed_is_a_dead_end_and_one_that_goes_on_is_not():
    def state(install):
        return {"os_id": "x", "hostname": "a", "ssh_key_ids": [], "status": install}

    failed, going = rows(server("a", install=state("error")), server("b", install=state("installing")))
    assert orders.dead_end(failed).startswith("The installation of a (id-of-a) has failed")
    assert orders.dead_end(going) is None


def test_the_bill_names_what_exists_and_costs():
    there = rows(
        server("a", TAG, ips=[{"id": "4", "address": "192.0.2.7", "version": "IPv4"}]),
        server("b", TAG, status="ordered"),
        server("c", TAG, offer_id="monthly", install=None),
    )
    assert orders.bill(there, TAG, ZONE) == (
        "With the tag katabench exist in fr-par-2, at 0.466 EUR an hour together: a (192.0.2.7, EM-A610R-NVME, ready, "
        "0.233 EUR), b (EM-A610R-NVME, ordered, 0.233 EUR) and c (EM-A610R-NVME, ready, installation not "
        "ordered, its price is not told by the hour)."
    )
    assert orders.bill([], TAG, ZONE) == "No server with the tag katabench exists in fr-par-2, so nothing costs."


def test_an_order_is_told_with_its_price_and_what_is_taken_once():
    assert orders.order_in_words(["a"], offer(), DEBIAN) == (
        "To order: a, 1 server EM-A610R-NVME with Debian 12 (Bookworm) at 0.233 EUR an hour each, 0.233 EUR an hour "
        "together."
    )
    fee = {"units": 50, "nanos": 0, "currency_code": "EUR"}
    assert orders.order_in_words(["a", "b"], offer(fee=fee), DEBIAN).endswith(
        "0.466 EUR an hour together, and once 50.00 EUR each for its setup."
    )


def test_only_what_carries_our_tag_is_deleted_and_nothing_protected():
    there = [server("a", TAG), server("b", "theirs"), server("c", TAG, protected=True), server("d", TAG)]
    a, _b, c, d = there
    assert orders.to_delete([], there, TAG) == ([a, d], [c])
    assert orders.to_delete([Wanted("b"), Wanted("d")], there, TAG) == ([d], [])
    assert orders.strangers(there, ["b", "d"], TAG) == ["b"]
    assert orders.protected_in_words([c]).startswith("c is protected from deletion and stays")


def test_a_difference_is_a_line_for_each_server():
    assert orders.describe(rows(server("a", TAG, "cluster=three"))) == (
        "a: EM-A610R-NVME in fr-par-2, tags katabench, cluster=three\n"
    )
