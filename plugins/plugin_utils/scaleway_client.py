# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Talk to Scaleway through its SDK: with a time limit, patiently where that helps, and in sentences where it does not.

The SDK (scaleway, scaleway_core) is imported where it is used: ansible-doc and ansible-test load this file in
environments without it. Forms of errors: Scaleway's API reference, "errors"; scaleway_core/api.py.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, TypeVar

import yaml

if TYPE_CHECKING:
    from scaleway_core.client import Client

T = TypeVar("T")

CONNECT_TIMEOUT_S = 10.0
ANSWER_TIMEOUT_S = 60.0
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 30.0
# What may pass by itself.
PASSING = frozenset({"rate", "server", "unreachable"})

_WHAT_TO_SET = (
    "set SCW_ACCESS_KEY, SCW_SECRET_KEY and SCW_DEFAULT_PROJECT_ID, or let `scw init` write ~/.config/scw/config.yaml"
)
_FORMS = (
    ("access_key", "SCW_ACCESS_KEY", "SCW and 17 letters or digits"),
    ("secret_key", "SCW_SECRET_KEY", "a UUID"),
    ("default_project_id", "SCW_DEFAULT_PROJECT_ID", "a UUID"),
    ("api_url", "SCW_API_URL", "an address such as https://api.scaleway.com, without a slash at its end"),
)


class ScalewayError(ValueError):
    """What Scaleway did not do, in a sentence.

    `kind` is one of credentials, denied, quota, stock, rate, server, unreachable, invalid and missing; `retry_after_s`
    is how long Scaleway asks to wait.
    """

    def __init__(self, sentence: str, kind: str, retry_after_s: float | None = None) -> None:
        super().__init__(sentence)
        self.kind = kind
        self.retry_after_s = retry_after_s


def client_from_settings(
    *,
    profile: str | None = None,
    config_file: str | None = None,
    access_key: str | None = None,
    secret_key: str | None = None,
    api_url: str | None = None,
    project_id: str | None = None,
) -> Client:
    """Return the SDK's client from what is given here, else from SCW_* variables, else from its configuration file.

    Raises ScalewayError (credentials), which never repeats a key.
    """
    from scaleway_core.client import Client

    given = {"access_key": access_key, "secret_key": secret_key, "api_url": api_url, "default_project_id": project_id}
    client = Client(**_settings(profile, config_file, {key: value for key, value in given.items() if value}))
    if not client.access_key or not client.secret_key:
        raise ScalewayError(f"There are no credentials for Scaleway: {_WHAT_TO_SET}.", "credentials")
    _require_forms(client)
    _limit_time()
    return client


def _settings(profile: str | None, config_file: str | None, given: Mapping[str, str]) -> dict[str, Any]:
    from scaleway_core.profile import Profile
    from scaleway_core.profile.env import ENV_KEY_SCW_CONFIG_PATH, ENV_KEY_SCW_PROFILE, ENV_VARIABLES_TO_PROFILE

    profile = profile or os.environ.get(ENV_KEY_SCW_PROFILE)
    config_file = config_file or os.environ.get(ENV_KEY_SCW_CONFIG_PATH)
    path = Profile.get_default_config_file_path(config_file or None)
    settings: dict[str, Any] = {}
    # Without the file the variables will do, unless somebody named it or a part of it.
    if Path(path).exists() or config_file or profile:
        try:
            found = Profile.from_config_file(path, profile or _active_profile(path))
        # Without its cause, which Ansible would show: what PyYAML says may quote the file, secret key and all.
        except yaml.YAMLError:
            raise ScalewayError(f"Scaleway's configuration file {path} is not YAML.", "credentials") from None
        except (OSError, ValueError) as error:
            sentence = f"Scaleway's configuration file {path} cannot be used: {error}."
            raise ScalewayError(sentence, "credentials") from None
        settings = {key: value for key, value in vars(found).items() if value is not None}
    variables = {key: os.environ[name] for name, key in ENV_VARIABLES_TO_PROFILE.items() if os.environ.get(name)}
    return {**settings, **variables, **given}


def _active_profile(path: str) -> str:
    """Return the profile that `scw config profile activate` has chosen, which the SDK does not look at."""
    config = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    return str((isinstance(config, dict) and config.get("active_profile")) or "default")


def _require_forms(client: Client) -> None:
    from scaleway_core.validations import string_validation as forms

    checks: dict[str, Callable[[str], bool]] = {
        "access_key": forms.is_access_key,
        "secret_key": forms.is_secret_key,
        "default_project_id": forms.is_project_id,
        "api_url": lambda url: forms.is_url(url) and not url.endswith("/"),
    }
    for key, variable, form in _FORMS:
        value = getattr(client, key)
        if value is not None and not (isinstance(value, str) and checks[key](value)):
            raise ScalewayError(
                f"{variable} (or {key}) does not have the right form: {form} is expected.", "credentials"
            )
    try:
        client.validate()
    except ValueError as error:  # the keys have been looked at, so that nothing secret is repeated
        raise ScalewayError(f"Scaleway's settings cannot be used: {error}.", "credentials") from error


def _limit_time() -> None:
    """Give the SDK's requests a time limit, which it has no setting for: it would wait for ever.

    Nor do they follow an answer to another address: the secret key would go with them.
    """
    import requests
    from scaleway_core import api

    def request(**arguments: Any) -> requests.Response:
        timeout_s = (CONNECT_TIMEOUT_S, ANSWER_TIMEOUT_S)
        response = requests.request(**arguments, timeout=timeout_s, allow_redirects=False)
        if response.is_redirect:
            raise requests.exceptions.TooManyRedirects
        return response

    api.requests = SimpleNamespace(request=request, Response=requests.Response)  # type: ignore[assignment, attr-defined]


def call(
    what: str,
    function: Callable[..., T],
    *args: Any,
    patience_s: float = 120.0,
    retry: bool = True,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
    **kwargs: Any,
) -> T:
    """Call a function of the SDK; `what` says in a few words what for ("order bench-1 in fr-par-2").

    What may pass (a rate limit, a fault of the API, a lost connection) is tried again, with longer and longer pauses,
    for `patience_s` seconds. With ``retry=False`` that is done only where it is certain that nothing was done: at a
    rate limit, and where no connection came about. Raises ScalewayError.
    """
    until = clock() + patience_s
    pause_s = FIRST_PAUSE_S
    while True:
        error, nothing_done = _try(what, function, args, kwargs)
        if isinstance(error, _Done):
            return error.value  # type: ignore[no-any-return]
        wait_s = max(error.retry_after_s or 0.0, pause_s)
        may_again = error.kind in PASSING and (retry or nothing_done)
        if not may_again or clock() + wait_s > until:
            raise error
        sleep(wait_s)
        pause_s = min(pause_s * 2, LONGEST_PAUSE_S)


class _Done:
    """What a call returned."""

    def __init__(self, value: Any) -> None:
        self.value = value


def _try(what: str, function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> tuple[Any, bool]:
    """Return what a call returned or why it did not, and whether it is certain that nothing was done."""
    import requests
    from scaleway_core.api import ScalewayException

    try:
        return _Done(function(*args, **kwargs)), False
    except ScalewayException as error:
        told = _refusal(what, error.response)
        return told, told.kind == "rate"
    except (requests.exceptions.JSONDecodeError, requests.exceptions.ContentDecodingError):
        return ScalewayError(f"Could not {what}: Scaleway's answer is broken off or not JSON.", "server"), False
    except requests.exceptions.TooManyRedirects:
        return ScalewayError(f"Could not {what}: that address sends elsewhere. Is SCW_API_URL right?", "invalid"), True
    except TypeError as error:
        sentence = f"Could not {what}: the SDK can make nothing of Scaleway's answer ({error})."
        return ScalewayError(sentence, "server"), False
    except requests.exceptions.Timeout as error:
        nothing_done = isinstance(error, requests.exceptions.ConnectTimeout)
        sentence = f"Could not {what}: Scaleway did not answer in time. Is the API reachable from here?"
        return ScalewayError(sentence, "unreachable"), nothing_done
    except (requests.exceptions.ConnectionError, requests.exceptions.ChunkedEncodingError) as error:
        if "CERTIFICATE_VERIFY_FAILED" in repr(error):
            sentence = f"Could not {what}: the certificate of Scaleway's API is not trusted here. Is SCW_API_URL right?"
            return ScalewayError(sentence, "invalid"), True
        # Told apart by urllib3: a connection that never came about, and one that was lost.
        nothing_done = "NewConnectionError" in repr(error) or "NameResolutionError" in repr(error)
        sentence = f"Could not {what}: the connection to Scaleway's API {'failed' if nothing_done else 'was lost'}."
        return ScalewayError(sentence, "unreachable"), nothing_done


def _refusal(what: str, response: Any) -> ScalewayError:
    """Tell from an answer with an error status why something was refused."""
    try:
        body = response.json()
    except ValueError:
        body = {}
    body = body if isinstance(body, dict) else {}
    status, kind = response.status_code, _kind(response.status_code, body)
    said = _said(body) or f"status {status}"
    why = {
        "credentials": f"Scaleway does not accept the key ({said}). Is SCW_SECRET_KEY right, and has it not expired?",
        "denied": f"the key may not do that ({said}). Give its owner the permission in the console's IAM.",
        "quota": f"the organization's quota is used up ({said}). Ask Scaleway for more, or delete what is not needed.",
        "stock": f"it is out of stock ({said}).",
        "rate": f"Scaleway asks to send fewer requests ({said}).",
        "server": f"Scaleway has a fault of its own ({said}). Try later.",
        "missing": f"Scaleway does not know it ({said}).",
        "invalid": f"Scaleway refuses it ({said}).",
    }[kind]
    return ScalewayError(f"Could not {what}: {why}", kind, _retry_after_s(response.headers.get("Retry-After")))


def _kind(status: int, body: Mapping[str, Any]) -> str:
    by_type = {
        "denied_authentication": "credentials",
        "permissions_denied": "denied",
        "quotas_exceeded": "quota",
        "out_of_stock": "stock",
        "too_many_requests": "rate",
    }
    by_status = {401: "credentials", 403: "denied", 404: "missing", 429: "rate"}
    kind = by_type.get(str(body.get("type"))) or by_status.get(status) or ("server" if status >= 500 else "invalid")
    # A precondition that failed says in its text which one.
    return "stock" if kind == "invalid" and "out of stock" in str(body.get("message")).lower() else kind


def _said(body: Mapping[str, Any]) -> str:
    """Put the words of an answer together: its message, and what it says of single arguments or resources."""
    details = body.get("details")
    parts = [str(body.get("message") or body.get("type") or "")]
    if body.get("reason"):
        parts.append(str(body["reason"]))
    parts += [
        " ".join(str(value) for value in detail.values() if isinstance(value, (str, int)))
        for detail in (details if isinstance(details, list) else [])
        if isinstance(detail, dict)
    ]
    return "; ".join(part for part in parts if part)


def _retry_after_s(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None  # a date, which Scaleway does not send
