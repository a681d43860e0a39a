# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
from scaleway.iam.v1alpha1.marshalling import unmarshal_SSHKey

from ansible_collections.katabench.scylla.plugins.plugin_utils.scaleway_keys import (
    PublicKey,
    known_ids,
    public_key,
    public_keys,
)
from ansible_collections.katabench.scylla.plugins.plugin_utils.scaleway_orders import OrderError

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAbcdefghijklmnopqrstuvwxyz0123456789ABCDEF"


def known(text, **fields):
    return unmarshal_SSHKey({"id": "k1", "name": "laptop", "public_key": text, "disabled": False, **fields})


def test_a_key_is_read_without_its_comment():
    assert public_key(f"{KEY} me@desk of mine\n", "it") == PublicKey(KEY, "me@desk of mine")
    assert public_key(f"{KEY} me@desk", "it").name("katabench") == "katabench me@desk"
    assert public_key(KEY, "it").name("katabench") == "katabench 456789ABCDEF"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk", "it is a private key, which stays here"),
        ("ssh-ed25519", "it is no public SSH key that Scaleway takes"),
        ("sk-ssh-ed25519@openssh.com AAAAGnNr", "it is no public SSH key that Scaleway takes"),
    ],
)
def test_what_is_no_public_key_is_refused_and_never_repeated(text, sentence):
    with pytest.raises(OrderError) as refused:
        public_key(text, "it")
    assert str(refused.value).startswith(sentence)
    assert "b3Blbn" not in str(refused.value)
    assert "AAAAGnNr" not in str(refused.value)


def test_keys_come_from_the_variable_and_from_a_file_each_once(tmp_path):
    path = tmp_path / "keys.pub"
    path.write_text(f"# ours\n{KEY} me\n\nssh-rsa AAAAB3 you\n")
    assert public_keys([f"{KEY} me"], str(path)) == [PublicKey(KEY, "me"), PublicKey("ssh-rsa AAAAB3", "you")]


def test_a_private_key_file_is_refused(tmp_path):
    path = tmp_path / "id_ed25519"
    path.write_text("-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk\n-----END OPENSSH PRIVATE KEY-----\n")
    with pytest.raises(OrderError, match=r"id_ed25519 is a private key"):
        public_keys([], str(path))


def test_a_file_that_is_not_there_and_no_key_at_all_are_sentences(tmp_path):
    with pytest.raises(
        OrderError, match=r"none\.pub cannot be read \(No such file or directory\): make one with ssh-keygen"
    ):
        public_keys([], str(tmp_path / "none.pub"))
    with pytest.raises(OrderError, match=r"^No SSH key is given, so nobody could enter the servers"):
        public_keys([], None)


def test_the_account_knows_a_key_by_what_it_is_and_not_by_its_comment():
    mine, other = PublicKey(KEY, "me"), PublicKey("ssh-rsa AAAAB3", "you")
    assert known_ids([mine, other], [known(f"{KEY} somebody@else")]) == {mine: "k1", other: None}


def test_a_disabled_key_is_told():
    with pytest.raises(OrderError, match=r"^The SSH key 'laptop' is disabled in the account"):
        known_ids([PublicKey(KEY, "")], [known(KEY, disabled=True)])
