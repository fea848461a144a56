"""A Secret Manager on loopback that speaks the service's own gRPC API, as far as reading secrets goes.

    python -m local.secret_manager --project parley twilio-auth-token=abc gemini-api-key=def

prints the host:port to put into SECRET_MANAGER_ENDPOINT and serves until it is interrupted.
"""

from __future__ import annotations

import argparse
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType

import google_crc32c
import grpc
from google.cloud.secretmanager_v1 import (
    AccessSecretVersionRequest,
    AccessSecretVersionResponse,
    SecretPayload,
)

METHOD = "/google.cloud.secretmanager.v1.SecretManagerService/AccessSecretVersion"
DISABLED = None
"""As a version: it exists, but may not be read."""


class Refusal(Exception):
    """The service's own answer to a request it will not serve."""

    def __init__(self, code: grpc.StatusCode, message: str) -> None:
        super().__init__(message)
        self.code = code


class SecretManager:
    """Secrets of one project: a name, and its versions from the first to the latest."""

    def __init__(
        self,
        secrets: Mapping[str, Sequence[str | bytes | None]],
        *,
        project: str = "parley",
        forbidden: frozenset[str] = frozenset(),
    ) -> None:
        self.project = project
        self.secrets = {name: list(versions) for name, versions in secrets.items()}
        self.forbidden = forbidden
        """Names that the caller's account may not read."""
        self.damage = False
        """Answer with bytes that do not match their checksum."""
        self.outages = 0
        """So many of the next requests are answered UNAVAILABLE."""
        self.stalled = threading.Event()
        """While it is set no request is answered."""
        self.reads: list[str] = []
        """Resource names asked for, in order."""
        self._server = grpc.server(ThreadPoolExecutor(max_workers=8))
        self._server.add_generic_rpc_handlers((_OneMethod(self),))
        self.endpoint = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"

    def __enter__(self) -> SecretManager:
        self._server.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.stalled.clear()
        self._server.stop(grace=0).wait()

    def access(self, request: AccessSecretVersionRequest) -> AccessSecretVersionResponse:
        """What the service answers. Raises Refusal."""
        self.reads.append(request.name)
        if self.outages > 0:
            self.outages -= 1
            raise Refusal(grpc.StatusCode.UNAVAILABLE, "The service is currently unavailable.")
        parts = request.name.split("/")
        if len(parts) != 6 or parts[0::2] != ["projects", "secrets", "versions"]:
            raise Refusal(grpc.StatusCode.INVALID_ARGUMENT, "Request contains an invalid argument.")
        project, name, version = parts[1::2]
        if project != self.project or name in self.forbidden:
            raise Refusal(
                grpc.StatusCode.PERMISSION_DENIED,
                f"Permission 'secretmanager.versions.access' denied for resource '{request.name}'.",
            )
        return self._payload(name, version)

    def _payload(self, name: str, version: str) -> AccessSecretVersionResponse:
        versions = self.secrets.get(name, [])
        number = len(versions) if version == "latest" else int(version) if version.isdecimal() else 0
        if not 1 <= number <= len(versions):
            raise Refusal(grpc.StatusCode.NOT_FOUND, f"Secret [{name}] not found or has no versions.")
        value = versions[number - 1]
        path = f"projects/{self.project}/secrets/{name}/versions/{number}"
        if value is DISABLED:
            raise Refusal(grpc.StatusCode.FAILED_PRECONDITION, f"Secret Version [{path}] is in DISABLED state.")
        data = value.encode() if isinstance(value, str) else value
        checksum = google_crc32c.value(data) ^ (1 if self.damage else 0)
        return AccessSecretVersionResponse(name=path, payload=SecretPayload(data=data, data_crc32c=checksum))


class _OneMethod(grpc.GenericRpcHandler):  # type: ignore[misc]  # grpc has no types
    """Routes AccessSecretVersion; everything else is unimplemented."""

    def __init__(self, secrets: SecretManager) -> None:
        self._secrets = secrets

    def service(self, call: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        """The method behind this call, if we have it."""
        if call.method != METHOD:
            return None
        return grpc.unary_unary_rpc_method_handler(
            self._access,
            request_deserializer=AccessSecretVersionRequest.deserialize,
            response_serializer=AccessSecretVersionResponse.serialize,
        )

    def _access(
        self, request: AccessSecretVersionRequest, context: grpc.ServicerContext
    ) -> AccessSecretVersionResponse | None:
        while self._secrets.stalled.is_set() and context.is_active():
            threading.Event().wait(0.02)
        try:
            return self._secrets.access(request)
        except Refusal as refusal:
            context.set_code(refusal.code)
            context.set_details(str(refusal))
            return AccessSecretVersionResponse()


def main() -> None:
    """Serve the secrets on the command line until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--project", default="parley")
    parser.add_argument("secrets", nargs="+", metavar="NAME=VALUE")
    chosen = parser.parse_args()
    pairs = (secret.partition("=") for secret in chosen.secrets)
    with SecretManager({name: [value] for name, _, value in pairs}, project=chosen.project) as running:
        print(running.endpoint, flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
