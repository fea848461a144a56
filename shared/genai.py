"""Where an agent's words may go: which of Google's platforms and regions, and a client for text models there."""

from __future__ import annotations

import ssl
from functools import cache
from typing import TYPE_CHECKING, Any

import certifi

from shared.domain.agent import Agent
from shared.domain.model_catalogue import DEFAULT_REGION, Platform, jurisdiction
from shared.errors import ConfigurationError
from shared.outside import is_loopback
from shared.settings import Settings

if TYPE_CHECKING:
    from google.genai import Client

Place = tuple[Platform, str | None]
"""A platform, and on Vertex AI the region."""


def place_of(agent: Agent, settings: Settings) -> Place:
    """Where an agent's calls are understood: where its document says, else where this process is set up for.

    Raises ConfigurationError for a place outside the part of the world that the agent promises, however it came there.
    """
    place = _place_of(agent, settings)
    if agent.residency is not None and jurisdiction(place[1]) != agent.residency:
        raise ConfigurationError(
            f"the agent {agent.id} promises to stay in {agent.residency}, and its model is elsewhere"
        )
    return place


def _place_of(agent: Agent, settings: Settings) -> Place:
    platform, region = agent.model.platform, agent.model.region
    on_vertex = region is not None or settings.google_genai_use_vertexai
    if platform == "vertex" or (platform == "configured" and on_vertex):
        return Platform.VERTEX, region or settings.google_cloud_location or DEFAULT_REGION
    return Platform.DEVELOPER, None


def text_client(place: Place, settings: Settings) -> Client:
    """A client for text models at a place; importing the SDK takes a second. Raises ConfigurationError."""
    from google import genai
    from google.genai import types

    platform, region = place
    if platform is Platform.DEVELOPER:
        if settings.gemini_api_key is None:
            raise ConfigurationError("an agent wants the Developer API, but GEMINI_API_KEY is not set")
        options = types.HttpOptions(base_url=settings.google_gemini_base_url, **_tls())
        return genai.Client(vertexai=False, api_key=settings.gemini_api_key.get_secret_value(), http_options=options)
    if settings.google_cloud_project is None:
        raise ConfigurationError("an agent wants Vertex AI, but GOOGLE_CLOUD_PROJECT is not set")
    options = types.HttpOptions(base_url=settings.google_vertex_base_url, **_tls())
    return genai.Client(
        vertexai=True,
        project=settings.google_cloud_project,
        location=region,
        credentials=loopback_credentials() if is_loopback(settings.google_vertex_base_url or "") else None,
        http_options=options,
    )


def loopback_credentials() -> Any:
    """A placeholder for a stand-in on loopback: a real token has no business there."""
    from google.oauth2.credentials import Credentials

    return Credentials(token="loopback")  # type: ignore[no-untyped-call]


def _tls() -> dict[str, Any]:
    certificates = ssl.get_default_verify_paths()
    context = tls_context(certificates.cafile, certificates.capath)
    return {"client_args": {"verify": context}, "async_client_args": {"ssl": context, "verify": context}}


@cache
def tls_context(cafile: str | None, capath: str | None) -> ssl.SSLContext:
    """One for the process: the SDK would make four, at 15 ms each. SSL_CERT_FILE is OpenSSL's own default file."""
    context = ssl.create_default_context()
    if cafile is None and capath is None:
        context.load_verify_locations(certifi.where())
    return context
