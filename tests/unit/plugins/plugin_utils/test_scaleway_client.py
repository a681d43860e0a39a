# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import logging
import socket
import threading

import pytest
import requests
from scaleway.baremetal.v1 import BaremetalV1API
from scaleway_core.api import ScalewayException

from ansible_collections.katabench.scylla.plugins.plugin_utils.scaleway_client import (
    ScalewayError,
    call,
    client_from_settings,
)

SECRET = "11111111-1111-1111-1111-111111111111"  # noqa: S105 - nobody's
KEYS = {"SCW_ACCESS_KEY": "SCWSTANDINKEY0000000", "SCW_SECRET_KEY": SECRET}


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    """Be somebody without credentials."""
    for name in ("ACCESS_KEY", "SECRET_KEY", "API_URL", "DEFAULT_PROJECT_ID", "PROFILE", "CONFIG_PATH"):
        monkeypatch.delenv(f"SCW_{name}", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", "")
    return tmp_path


def refusal(status, body, headers=None):
    response = requests.Response()
    response.status_code = status
    response._content = json.dumps(body).encode() if not isinstance(body, bytes) else body
    response.headers.update(headers or {})
    return ScalewayException(response)


@pytest.fixture
def serve():
    """Serve the same bytes to whoever asks; return where, and what was asked."""
    listeners = []

    def begin(answer):
        listener, asked = socket.create_server(("127.0.0.1", 0)), []
        listeners.append(listener)

        def answer_all():
            while True:
                try:
                    connection, _address = listener.accept()
                except OSError:
                    return
                with connection:
                    asked.append(connection.recv(65536).decode())
                    connection.sendall(answer)

        threading.Thread(target=answer_all, daemon=True).start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}", asked

    yield begin
    for listener in listeners:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def list_servers(url, **options):
    client = client_from_settings(access_key=KEYS["SCW_ACCESS_KEY"], secret_key=SECRET, api_url=url)
    api = BaremetalV1API(client)
    return call(
        "list the servers in fr-par-2", api.list_servers_all, zone="fr-par-2", page_size=100, patience_s=0, **options
    )


class Asked:
    """Fails as it is told to, one after the other, and then answers."""

    def __init__(self, *faults):
        self.faults = list(faults)
        self.times = 0
        self.slept = []

    def __call__(self):
        self.times += 1
        if self.faults:
            raise self.faults.pop(0)
        return "answer"

    def call(self, **options):
        now = [0.0]

        def sleep(seconds):
            self.slept.append(seconds)
            now[0] += seconds

        return call("order bench-1 in fr-par-2", self, sleep=sleep, clock=lambda: now[0], **options)


def test_without_credentials_it_says_what_to_set():
    with pytest.raises(ScalewayError) as caught:
        client_from_settings()
    assert caught.value.kind == "credentials"
    assert str(caught.value).startswith("There are no credentials for Scaleway: set SCW_ACCESS_KEY, SCW_SECRET_KEY and")


def test_variables_will_do_and_nothing_is_said_of_a_file(monkeypatch, caplog):
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    with caplog.at_level(logging.DEBUG):
        client = client_from_settings(api_url="http://127.0.0.1:1")
    assert (client.secret_key, client.api_url) == (SECRET, "http://127.0.0.1:1")
    assert caplog.text == ""


def test_the_file_of_scaleways_tools_will_do_and_a_profile_of_it(home):
    folder = home / ".config" / "scw"
    folder.mkdir(parents=True)
    other = SECRET.replace("1", "2")
    (folder / "config.yaml").write_text(
        f"access_key: SCWSTANDINKEY0000000\nsecret_key: {SECRET}\nprofiles:\n  bench:\n    secret_key: {other}\n"
    )
    assert client_from_settings().secret_key == SECRET
    assert client_from_settings(profile="bench").secret_key == other
    with pytest.raises(ScalewayError, match="Profile 'none' not found"):
        client_from_settings(profile="none")


def test_the_profile_that_is_active_in_the_file_is_taken_unless_another_is_named(home, monkeypatch):
    other = SECRET.replace("1", "2")
    path = home / "scw.yaml"
    path.write_text(
        "active_profile: bench\naccess_key: SCWSTANDINKEY0000000\nprofiles:\n"
        f"  bench:\n    secret_key: {SECRET}\n  other:\n    secret_key: {other}\n"
    )
    monkeypatch.setenv("SCW_CONFIG_PATH", str(path))
    assert client_from_settings().secret_key == SECRET
    monkeypatch.setenv("SCW_PROFILE", "other")
    assert client_from_settings().secret_key == other


@pytest.mark.parametrize("name", ["SCW_PROFILE", "SCW_CONFIG_PATH"])
def test_a_file_that_somebody_counts_on_has_to_be_there(monkeypatch, home, name):
    for variable, value in {**KEYS, name: str(home / "none")}.items():
        monkeypatch.setenv(variable, value)
    with pytest.raises(ScalewayError, match=r"cannot be used: .*No such file"):
        client_from_settings()


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        (
            {"SCW_SECRET_KEY": "sesame"},
            "SCW_SECRET_KEY (or secret_key) does not have the right form: a UUID is expected.",
        ),
        ({"SCW_ACCESS_KEY": "sesame"}, "SCW_ACCESS_KEY (or access_key) does not have the right form"),
        ({"SCW_API_URL": "http://127.0.0.1/"}, "without a slash at its end is expected."),
        (
            {"SCW_DEFAULT_PROJECT_ID": "mine"},
            "SCW_DEFAULT_PROJECT_ID (or default_project_id) does not have the right form",
        ),
    ],
)
def test_what_has_not_the_right_form_is_named_and_never_repeated(monkeypatch, variables, sentence):
    for name, value in {**KEYS, **variables}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ScalewayError) as caught:
        client_from_settings()
    assert sentence in str(caught.value)
    assert "sesame" not in str(caught.value)


@pytest.mark.parametrize("value", [f"[{SECRET}", f"*{SECRET}", f"!{SECRET}"])
def test_a_file_that_is_not_yaml_is_not_quoted(home, value):
    (home / "config.yaml").write_text(f"secret_key: {value}\n")
    with pytest.raises(ScalewayError, match="is not YAML") as caught:
        client_from_settings(config_file=str(home / "config.yaml"))
    assert SECRET not in str(caught.value)
    # Ansible shows the causes of an error as well.
    assert caught.value.__suppress_context__


def test_a_key_that_yaml_takes_for_a_number_has_not_the_right_form(home):
    (home / "config.yaml").write_text("access_key: SCWSTANDINKEY0000000\nsecret_key: 1111\n")
    with pytest.raises(ScalewayError, match="a UUID is expected"):
        client_from_settings(config_file=str(home / "config.yaml"))


@pytest.mark.parametrize(
    ("status", "body", "kind", "sentence"),
    [
        (401, {"type": "denied_authentication", "method": "api_key", "reason": "expired"}, "credentials", "expired"),
        (
            403,
            {
                "type": "permissions_denied",
                "message": "insufficient permissions",
                "details": [{"resource": "baremetal_server", "action": "write"}],
            },
            "denied",
            "the key may not do that (insufficient permissions; baremetal_server write).",
        ),
        (
            403,
            {"type": "quotas_exceeded", "message": "quota(s) exceeded", "details": [{"resource": "x", "quota": 1}]},
            "quota",
            "the organization's quota is used up (quota(s) exceeded; x 1).",
        ),
        (412, {"type": "precondition_failed", "message": "offer is Out of Stock"}, "stock", "it is out of stock"),
        (404, {"type": "not_found", "message": "resource is not found"}, "missing", "Scaleway does not know it"),
        (400, {"type": "invalid_arguments", "message": "invalid argument(s)"}, "invalid", "Scaleway refuses it"),
    ],
)
def test_what_does_not_pass_by_itself_is_told_at_once(status, body, kind, sentence):
    asked = Asked(refusal(status, body))
    with pytest.raises(ScalewayError) as caught:
        asked.call()
    assert caught.value.kind == kind
    assert str(caught.value).startswith("Could not order bench-1 in fr-par-2: ")
    assert sentence in str(caught.value)
    assert asked.times == 1


def test_what_may_pass_is_tried_again_with_longer_pauses():
    asked = Asked(
        refusal(429, {"type": "too_many_requests"}, {"Retry-After": "7"}),
        refusal(503, b"<html>"),
        requests.exceptions.ReadTimeout(),
        requests.exceptions.JSONDecodeError("cut", "{", 1),
    )
    assert asked.call() == "answer"
    assert asked.slept == [7.0, 2.0, 4.0, 8.0]


def test_patience_ends():
    asked = Asked(*[refusal(503, {"message": "maintenance"}) for _ in range(100)])
    with pytest.raises(ScalewayError, match="maintenance") as caught:
        asked.call(patience_s=60)
    assert caught.value.kind == "server"
    assert sum(asked.slept) <= 60


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (refusal(503, {"message": "maintenance"}), "server"),
        (requests.exceptions.ReadTimeout(), "unreachable"),
        (requests.exceptions.ConnectionError("('Connection aborted.', RemoteDisconnected())"), "unreachable"),
    ],
)
def test_what_may_have_been_done_is_not_done_twice(fault, kind):
    asked = Asked(fault)
    with pytest.raises(ScalewayError) as caught:
        asked.call(retry=False)
    assert (caught.value.kind, asked.times) == (kind, 1)


@pytest.mark.parametrize(
    "fault",
    [
        refusal(429, {"type": "too_many_requests"}),
        requests.exceptions.ConnectTimeout(),
        requests.exceptions.ConnectionError("Max retries exceeded (Caused by NewConnectionError('refused'))"),
    ],
)
def test_what_was_certainly_not_done_is_tried_again_all_the_same(fault):
    asked = Asked(fault)
    assert asked.call(retry=False) == "answer"
    assert asked.times == 2


BEGINNING = b'{"servers": ['


@pytest.mark.parametrize(
    ("answer", "kind", "sentence"),
    [
        (b"", "unreachable", "was lost"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + BEGINNING, "unreachable", "was lost"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n" + BEGINNING, "unreachable", "was lost"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n" + BEGINNING, "server", "broken off or not JSON"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc", "server", "broken off or"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]", "server", "can make nothing of Scaleway's answer"),
        (b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 6\r\n\r\n<html>", "server", "broken off or not JSON"),
    ],
)
def test_answers_that_are_none_are_told_whatever_their_form(serve, answer, kind, sentence):
    url, asked = serve(answer)
    with pytest.raises(ScalewayError) as caught:
        list_servers(url, retry=False)
    assert caught.value.kind == kind
    assert sentence in str(caught.value)
    assert len(asked) == 1


def test_the_key_goes_nowhere_but_where_it_was_sent(serve):
    elsewhere, asked_elsewhere = serve(b"")
    url, asked = serve(f"HTTP/1.1 302 Found\r\nLocation: {elsewhere}/\r\nContent-Length: 0\r\n\r\n".encode())
    with pytest.raises(ScalewayError, match="that address sends elsewhere"):
        list_servers(url)
    assert SECRET in asked[0]
    assert asked_elsewhere == []


def test_a_certificate_that_is_not_trusted_is_told_at_once():
    asked = Asked(
        requests.exceptions.SSLError(
            "Max retries exceeded with url: / (Caused by SSLError(SSLCertVerificationError(1, '[SSL: "
            "CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate (_ssl.c:992)')))"
        )
    )
    with pytest.raises(ScalewayError, match="the certificate of Scaleway's API is not trusted here"):
        asked.call()
    assert asked.times == 1
