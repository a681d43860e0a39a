# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Talk to Kubernetes through its client for Python: to one named context, patiently, in sentences where it refuses.

The client (kubernetes) is imported where it is used: ansible-doc and ansible-test load this file in environments
without it. Forms of errors: the API's Status object, https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

T = TypeVar("T")
Object = Mapping[str, Any]

PAUSE_S = 2.0
ANSWER_TIMEOUT_S = 30.0
# What an API server says while it starts, or while another one takes over.
_PASSING = {429, 500, 502, 503, 504}


class KubernetesError(ValueError):
    """What Kubernetes did not do, in a sentence."""


class GoneError(KubernetesError):
    """The API server could not be reached for longer than there was patience."""


class Api:
    """One Kubernetes, as one context of a kubeconfig names it. `requests` counts what was asked of it."""

    def __init__(self, kubeconfig: str | None, context: str, *, patience_s: float = 60.0) -> None:
        """Take a context by its name. Raises KubernetesError for one that is not there, or not named."""
        from kubernetes import client, config
        from kubernetes.config.config_exception import ConfigException

        try:
            contexts, current = config.list_kube_config_contexts(config_file=kubeconfig or None)
        except ConfigException as error:
            raise KubernetesError(
                f"There is no kubeconfig {kubeconfig or '(KUBECONFIG, or ~/.kube/config)'} that can be read: {error}. "
                "Set kubernetes_kubeconfig to one."
            ) from error
        names = sorted(one["name"] for one in contexts)
        if context not in names:
            found = f"the context '{context}'" if context else "no context"
            raise KubernetesError(
                f"kubernetes_context names {found}; there are {', '.join(names) or 'none'} (current: "
                f"{current['name'] if current else 'none'}). Name the one that may be loaded: it is never guessed."
            )
        self.patience_s = patience_s
        self.requests = 0
        self._client = client.ApiClient(_configuration(kubeconfig, context))

    def get(self, path: str, **query: str) -> dict[str, Any]:
        """Return what a GET of a path of the API answers. Raises KubernetesError, GoneError."""
        return self._patiently(lambda: self._call("GET", path, query))

    def items(self, path: str, **query: str) -> list[dict[str, Any]]:
        """Return the objects of a list. Raises KubernetesError, GoneError."""
        return list(self.get(path, **query)["items"])

    def create(self, path: str, body: Object) -> dict[str, Any]:
        """Return what a POST to a path of the API answers. Raises KubernetesError, GoneError."""
        return self._patiently(lambda: self._call("POST", path, {}, body))

    def replace(self, path: str, body: Object) -> dict[str, Any]:
        """Return what a PUT to a path of the API answers. Raises KubernetesError, GoneError."""
        return self._patiently(lambda: self._call("PUT", path, {}, body))

    def delete(self, path: str, body: Object, **query: str) -> dict[str, Any]:
        """Return what a DELETE of a path of the API answers. Raises KubernetesError, GoneError."""
        return self._patiently(lambda: self._call("DELETE", path, query, body))

    def changes(self, path: str, version: str, seconds: float, **query: str) -> Iterator[dict[str, Any]]:
        """Yield ``{type, object}`` for each change after a version of a list, for so many seconds at most.

        Ends early when the API server does; whoever watches lists again.
        """
        from kubernetes.client.exceptions import ApiException
        from urllib3.exceptions import HTTPError

        query |= {"watch": "true", "resourceVersion": version, "timeoutSeconds": str(max(1, round(seconds)))}
        self.requests += 1
        try:
            answer = self._send("GET", path, query, None, (ANSWER_TIMEOUT_S, seconds + ANSWER_TIMEOUT_S))
            rest = b""
            for chunk in answer.stream(decode_content=False):
                *lines, rest = (rest + chunk).split(b"\n")
                yield from (json.loads(line) for line in lines if line)
        except (ApiException, HTTPError, OSError):
            return

    def _patiently(self, call: Callable[[], T]) -> T:
        from kubernetes.client.exceptions import ApiException
        from urllib3.exceptions import HTTPError

        deadline_s = time.monotonic() + self.patience_s
        while True:
            try:
                return call()
            except ApiException as error:
                if error.status not in _PASSING:
                    raise KubernetesError(_sentence(error)) from error
                last = _sentence(error)
            except (HTTPError, OSError) as error:
                last = str(getattr(error, "reason", None) or error)
            if time.monotonic() > deadline_s:
                raise GoneError(
                    f"The API server has not answered for {self.patience_s:g} s; the last attempt said: {last}"
                )
            time.sleep(PAUSE_S)

    def _call(self, method: str, path: str, query: Mapping[str, str], body: Object | None = None) -> dict[str, Any]:
        self.requests += 1
        answer: dict[str, Any] = json.loads(self._send(method, path, query, body, ANSWER_TIMEOUT_S).data)
        return answer

    def _send(self, method: str, path: str, query: Mapping[str, str], body: Object | None, timeout_s: Any) -> Any:
        return self._client.call_api(
            path,
            method,
            query_params=list(query.items()),
            header_params={"Accept": "application/json", "Content-Type": "application/json"},
            body=body,
            auth_settings=["BearerToken"],
            _preload_content=False,
            _return_http_data_only=True,
            _request_timeout=timeout_s,
        )


def _configuration(kubeconfig: str | None, context: str) -> Any:
    """Return the client's configuration for a context."""
    from kubernetes import client, config

    configuration = client.Configuration()
    config.load_kube_config(config_file=kubeconfig or None, context=context, client_configuration=configuration)
    configuration.retries = False  # whoever asks has patience of its own
    return configuration


def _sentence(error: Any) -> str:
    """Return what the API says of an error: the message of its Status, else what HTTP says."""
    try:
        message = json.loads(error.body)["message"]
    except (KeyError, TypeError, ValueError):
        message = error.body or ""
    return f"{message or error.reason} (HTTP {error.status})"


def missing_rights(api: Api, namespace: str, wanted: Sequence[tuple[str, str, str]]) -> list[str]:
    """Return what the user of the context may not do, of ``(verb, group, resource)`` in a namespace, in words."""
    missing = []
    for verb, group, resource in wanted:
        kind, _slash, subresource = resource.partition("/")
        attributes = {
            "namespace": namespace,
            "verb": verb,
            "group": group,
            "resource": kind,
            "subresource": subresource,
        }
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": attributes},
        }
        answer = api.create("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review)
        if not answer["status"]["allowed"]:
            missing.append(f"{verb} {resource}{'.' + group if group else ''}")
    return missing
