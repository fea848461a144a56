"""A Gemini server behind TLS, trusted through SSL_CERT_FILE as private authorities are."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trustme

from tests.voice.speech.gemini_server import GeminiServer, gemini_server


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="session")
def authority_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tls") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


@pytest.fixture(scope="session")
def server_tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.fixture
async def gemini(
    server_tls: ssl.SSLContext, authority_file: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[GeminiServer]:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority_file))
    async with gemini_server(server_tls) as server:
        yield server
