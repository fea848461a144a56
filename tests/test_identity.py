"""Who comes in with which token: keys and tokens are made here, and the keys are served as Google serves them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import aiohttp
import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from google.auth import crypt, jwt
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from shared.errors import ConfigurationError
from shared.identity import (
    GOOGLE_ACCOUNT,
    IAP,
    Identified,
    Identity,
    Keys,
    TokenKind,
    Unidentified,
    only_for_account,
)
from shared.settings import Settings

AUDIENCE = "/projects/1/locations/us-central1/services/console"
URL = "https://campaigns.example"
SCHEDULER = "scheduler@project.iam.gserviceaccount.com"


class Google:
    """Somebody with keys, who signs with them and publishes them."""

    def __init__(self, kind: TokenKind) -> None:
        self.kind = kind
        self.asked = 0
        self.away = False
        key: Any = (
            ec.generate_private_key(ec.SECP256R1())
            if kind is IAP
            else rsa.generate_private_key(public_exponent=65537, key_size=2048)
        )
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        signer = crypt.ES256Signer if kind is IAP else crypt.RSASigner
        self.signer = signer.from_string(pem, key_id="key1")
        self.public = {
            "key1": key.public_key()
            .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
            .decode()
        }

    async def fetch(self, url: str) -> Mapping[str, str]:
        """The keys."""
        assert url == self.kind.keys_url
        self.asked += 1
        if self.away:
            raise aiohttp.ClientConnectionError
        return self.public

    def token(self, **changes: Any) -> str:
        """A token that is in order but for the changes."""
        now = int(time.time())
        claims = {
            "iss": "https://cloud.google.com/iap" if self.kind is IAP else "https://accounts.google.com",
            "aud": AUDIENCE if self.kind is IAP else URL,
            "email": "marketer@example.com" if self.kind is IAP else SCHEDULER,
            "email_verified": True,
            "iat": now,
            "exp": now + 600,
            **changes,
        }
        return str(jwt.encode(self.signer, claims).decode())  # type: ignore[no-untyped-call]

    def header(self, token: str) -> dict[str, str]:
        """The token where it belongs."""
        return {self.kind.header: token if self.kind is IAP else f"Bearer {token}"}


def identity(google: Google, **more: Any) -> Identity:
    audience = AUDIENCE if google.kind is IAP else URL
    return Identity(google.kind, audience, keys=Keys(google.kind.keys_url, google.fetch), **more)


@pytest.fixture(params=[IAP, GOOGLE_ACCOUNT], ids=["iap", "account"])
def google(request: pytest.FixtureRequest) -> Google:
    return Google(request.param)


async def test_a_good_token_says_who_it_is(google: Google) -> None:
    door = identity(google)
    expected = "marketer@example.com" if google.kind is IAP else SCHEDULER
    for _ in range(3):
        assert await door.of(google.header(google.token())) == expected
    assert google.asked == 1, "keys are remembered"


WRONG: dict[str, dict[str, Any]] = {
    "for another service": {"aud": "/projects/2"},
    "expired": {"iat": int(time.time()) - 7200, "exp": int(time.time()) - 3600},
    "from the future": {"iat": int(time.time()) + 3600, "exp": int(time.time()) + 7200},
    "of another issuer": {"iss": "https://evil.example"},
    "without an address": {"email": None},
    "not verified": {"email_verified": False},
}


@pytest.mark.parametrize("what", WRONG)
async def test_a_token_that_is_wrong_is_refused(google: Google, what: str) -> None:
    with pytest.raises(Unidentified):
        await identity(google).of(google.header(google.token(**WRONG[what])))


async def test_what_is_no_token_is_refused(google: Google) -> None:
    head, body, signature = google.token().split(".")
    unsigned = "eyJhbGciOiJub25lIiwia2lkIjoia2V5MSJ9." + body + "."
    forged = f"{head}.{body}.{signature[:-8]}AAAAAAAA"
    for text in ("", "x", "a.b.c", unsigned, forged, f"{head}.{body}", "é" * 10, "a" * 9000):
        with pytest.raises(Unidentified):
            await identity(google).of(google.header(text))
    with pytest.raises(Unidentified):
        await identity(google).of({})


async def test_a_strangers_key_is_refused(google: Google) -> None:
    stranger = Google(google.kind)
    with pytest.raises(Unidentified):
        await identity(google).of(google.header(stranger.token()))


async def test_only_the_named_account_comes_in() -> None:
    google = Google(GOOGLE_ACCOUNT)
    assert await identity(google, emails=[SCHEDULER]).of(google.header(google.token())) == SCHEDULER
    with pytest.raises(Unidentified):
        await identity(google, emails=["other@example.com"]).of(google.header(google.token()))


async def test_nobody_comes_in_while_there_are_no_keys(google: Google) -> None:
    google.away = True
    door = identity(google)
    for _ in range(3):
        with pytest.raises(Unidentified):
            await door.of(google.header(google.token()))
    assert google.asked == 1, "Google is not asked with every request"


def test_no_audience_is_no_door() -> None:
    with pytest.raises(ValueError, match="audience"):
        Identity(IAP, "")


async def test_the_app_sees_only_who_is_known_and_health_is_open(google: Google) -> None:
    async def answer(request: Request) -> PlainTextResponse:
        return PlainTextResponse(getattr(request.state, "email", "open"))

    app = Identified(Starlette(routes=[Route("/healthz", answer), Route("/page", answer)]), identity(google))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://console") as client:
        assert (await client.get("/healthz")).text == "open"
        refused = await client.get("/page")
        assert (refused.status_code, refused.headers["content-type"]) == (401, "application/problem+json")
        assert (await client.get("/page", headers=google.header(google.token()))).status_code == 200


@pytest.mark.parametrize("forgotten", ["TOOLS_URL", "VOICE_SERVICE_ACCOUNT"])
def test_a_service_that_does_not_know_whom_to_trust_does_not_start(
    forgotten: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = {"TOOLS_URL": "https://tools.example.com", "VOICE_SERVICE_ACCOUNT": "voice@example.com", forgotten: ""}
    for name, value in known.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match=f"{forgotten} is not set"):
        only_for_account(Starlette(), Settings(), "tools_url", "voice_service_account")
