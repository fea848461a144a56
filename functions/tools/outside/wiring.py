"""Settings → the registry of a process: the tools that come with Parley, and what agents' documents describe."""

from __future__ import annotations

from collections.abc import Mapping

from functions.tools.builtin import BUILTIN
from functions.tools.outside.http_tool import Door, HttpTools
from functions.tools.outside.mcp_tools import McpTools
from functions.tools.outside.secret_headers import SecretHeaders
from functions.tools.registry import Registry
from shared.errors import ConfigurationError
from shared.http_guard import Guard
from shared.secrets import SecretName, read_secrets
from shared.settings import Settings

READ_SECRETS_WITHIN_S = 4.0
"""Somebody is on the phone."""


def registry_of(settings: Settings) -> Registry:
    """Everything that agents of this process may call."""
    guard = Guard(settings.tool_hosts, settings.tool_private_hosts)
    secrets = SecretHeaders(lambda named: _read(named, settings))
    return BUILTIN.with_sources(HttpTools(Door.open(guard, secrets)), McpTools(guard, secrets))


def _read(named: Mapping[str, str], settings: Settings) -> Mapping[str, str]:
    if settings.google_cloud_project is None:
        raise ConfigurationError("GOOGLE_CLOUD_PROJECT is not set; tools' secrets are looked up in it")
    project = settings.google_cloud_project
    names = {name: SecretName.parse(reference, project=project) for name, reference in named.items()}
    return read_secrets(names, endpoint=settings.secret_manager_endpoint, timeout_s=READ_SECRETS_WITHIN_S)
