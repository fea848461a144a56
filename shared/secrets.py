"""Secrets by name, from Secret Manager, once, at the start of a process."""

from __future__ import annotations

import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.errors import ConfigurationError

if TYPE_CHECKING:
    from google.cloud.secretmanager import SecretManagerServiceClient

SECRET_SCHEME = "secret://"
READ_TIMEOUT_S = 10.0
"""For each secret, with the client's own retries: a start that takes longer should fail and say so."""

_REFERENCE = re.compile(r"secret://(?P<name>[A-Za-z0-9_-]{1,255})(/(?P<version>latest|[1-9][0-9]{0,18}))?")


class SecretUnreadable(ConfigurationError):
    """Secret Manager did not give what a variable points to; the message names both, never a value."""


def is_secret_name(reference: str) -> bool:
    """True for secret://NAME and secret://NAME/VERSION."""
    return _REFERENCE.fullmatch(reference) is not None


@dataclass(frozen=True, slots=True)
class SecretName:
    """One version of one secret of one project."""

    project: str
    name: str
    version: str = "latest"

    @classmethod
    def parse(cls, reference: str, *, project: str) -> SecretName:
        """From secret://NAME or secret://NAME/VERSION. Raises ValueError."""
        match = _REFERENCE.fullmatch(reference)
        if match is None:
            raise ValueError("a secret is named secret://NAME or secret://NAME/VERSION")
        return cls(project, match["name"], match["version"] or "latest")

    @property
    def path(self) -> str:
        """Its resource name."""
        return f"projects/{self.project}/secrets/{self.name}/versions/{self.version}"


def read_secrets(
    names: Mapping[str, SecretName], *, endpoint: str | None = None, timeout_s: float = READ_TIMEOUT_S
) -> dict[str, str]:
    """The value of each variable's secret, all read at once. Raises SecretUnreadable, naming every one that failed.

    endpoint is the host:port of a stand-in on loopback, spoken to without TLS; None is the real service.
    """
    if not names:
        return {}
    values: dict[str, str] = {}
    problems: list[str] = []
    with _client(endpoint) as client, ThreadPoolExecutor(max_workers=min(8, len(names))) as readers:
        reads = {variable: readers.submit(_read, client, name, timeout_s) for variable, name in names.items()}
        for variable, read in reads.items():
            try:
                values[variable] = read.result()
            except SecretUnreadable as error:
                problems.append(f"{variable}: {error}")
    if problems:
        raise SecretUnreadable("secrets could not be read:\n  " + "\n  ".join(problems))
    return values


def _client(endpoint: str | None) -> SecretManagerServiceClient:
    from google.cloud import secretmanager

    if endpoint is None:
        return secretmanager.SecretManagerServiceClient()
    import grpc
    from google.cloud.secretmanager_v1.services.secret_manager_service import transports

    channel = grpc.insecure_channel(endpoint)
    return secretmanager.SecretManagerServiceClient(
        transport=transports.SecretManagerServiceGrpcTransport(channel=channel)
    )


def _read(client: SecretManagerServiceClient, name: SecretName, timeout_s: float) -> str:
    import google_crc32c
    from google.api_core.exceptions import GoogleAPIError, ServiceUnavailable
    from google.api_core.retry import Retry, if_exception_type
    from google.auth.exceptions import GoogleAuthError
    from google.cloud.secretmanager_v1 import AccessSecretVersionRequest

    again = Retry(if_exception_type(ServiceUnavailable), initial=0.2, maximum=2.0, timeout=timeout_s)
    try:
        request = AccessSecretVersionRequest(name=name.path)
        payload = client.access_secret_version(request, retry=again, timeout=timeout_s).payload
        data: bytes = payload.data
        if "data_crc32c" in payload and google_crc32c.value(data) != payload.data_crc32c:
            raise SecretUnreadable(f"{name.path} arrived damaged")
        return data.decode().rstrip("\r\n")
    except (GoogleAPIError, GoogleAuthError) as error:
        raise SecretUnreadable(f"{name.path} was refused: {_reason(error)}") from None
    except UnicodeDecodeError:
        raise SecretUnreadable(f"{name.path} is not text") from None


def _reason(error: Exception) -> str:
    """Whose fault it is, in our words: the service's own text is not repeated, it may quote what it was given."""
    return _REASONS.get(type(error).__name__, type(error).__name__)


_REASONS = {
    "NotFound": "there is no such secret or version",
    "PermissionDenied": "this service account needs roles/secretmanager.secretAccessor on it",
    "Forbidden": "this service account needs roles/secretmanager.secretAccessor on it",
    "FailedPrecondition": "this version is disabled or destroyed",
    "DeadlineExceeded": "no answer in time",
    "RetryError": "no answer in time",
    "ServiceUnavailable": "Secret Manager could not be reached",
}
