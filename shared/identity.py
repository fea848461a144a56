"""Who is asking: tokens that Google signs, checked before a function's app sees the request.

The console stands behind Identity-Aware Proxy, which puts an assertion (ES256) into a header of its own. The campaigns
and tools functions are called by Google's scheduler and by our own voice service, which bring an identity token (RS256)
whose audience is the function's own address. A token that is missing, expired, for somebody else, or signed by a key
that Google does not publish is refused; so is everybody while Google's keys cannot be had.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass

import aiohttp
from google.auth import jwt
from google.auth.exceptions import GoogleAuthError
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.errors import ConfigurationError
from shared.settings import Settings

log = logging.getLogger(__name__)

KEPT_S = 3600.0
"""Google changes its keys every few days and publishes a new one well before it signs with it."""
STALE_S = 24 * 3600.0
"""Keys that were good are used for so long when Google does not answer."""
ASK_AGAIN_S = 30.0
"""An unknown key makes us look for new ones at most so often."""
FETCH_S = 5.0
SKEW_S = 30
OPEN_PATHS = frozenset({"/healthz"})

Fetch = Callable[[str], Awaitable[Mapping[str, str]]]
"""Public keys or certificates (PEM) by key id, from an address."""


class Unidentified(Exception):
    """The request shows no identity that may come in; the message says what is wrong and holds nothing of the token."""


@dataclass(frozen=True, slots=True)
class TokenKind:
    """Where a kind of token stands, who signs it, and with which keys."""

    header: str
    prefix: str
    issuers: frozenset[str]
    keys_url: str
    algorithm: str


IAP = TokenKind(
    "x-goog-iap-jwt-assertion",
    "",
    frozenset({"https://cloud.google.com/iap"}),
    "https://www.gstatic.com/iap/verify/public_key",
    "ES256",
)
GOOGLE_ACCOUNT = TokenKind(
    "authorization",
    "bearer ",
    frozenset({"https://accounts.google.com", "accounts.google.com"}),
    "https://www.googleapis.com/oauth2/v1/certs",
    "RS256",
)


async def fetch_keys(url: str) -> Mapping[str, str]:
    """Keys by id over HTTPS. Raises aiohttp.ClientError, TimeoutError or ValueError."""
    async with (
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=FETCH_S)) as session,
        session.get(url, raise_for_status=True) as answer,
    ):
        found = await answer.json(content_type=None)
    if not isinstance(found, dict) or not all(isinstance(pem, str) for pem in found.values()):
        raise ValueError("these are no keys")
    return {str(key_id): pem for key_id, pem in found.items()}


class Keys:
    """Google's keys, remembered."""

    def __init__(self, url: str, fetch: Fetch = fetch_keys) -> None:
        self._url = url
        self._fetch = fetch
        self._keys: Mapping[str, str] = {}
        self._fetched_s = self._asked_s = float("-inf")
        self._asking = asyncio.Lock()

    async def with_id(self, key_id: str) -> Mapping[str, str]:
        """Keys that hold this one, if Google has it. Raises Unidentified when no keys can be had."""
        async with self._asking:
            now_s = asyncio.get_running_loop().time()
            old = now_s - self._fetched_s > KEPT_S
            if (old or key_id not in self._keys) and now_s - self._asked_s > ASK_AGAIN_S:
                self._asked_s = now_s
                await self._ask(now_s)
            if now_s - self._fetched_s > STALE_S:
                raise Unidentified("Google's keys cannot be had right now")
            return self._keys

    async def _ask(self, now_s: float) -> None:
        try:
            self._keys = await self._fetch(self._url)
            self._fetched_s = now_s
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            log.warning("keys could not be fetched", extra={"error": type(error).__name__})


class Identity:
    """Checks one kind of token: for this audience, and from these people if any are named."""

    def __init__(
        self, kind: TokenKind, audience: str, *, emails: Collection[str] | None = None, keys: Keys | None = None
    ) -> None:
        if not audience:
            raise ValueError("a token without an audience proves nothing")
        self._kind = kind
        self._audience = audience
        self._emails = None if emails is None else frozenset(emails)
        self._keys = keys or Keys(kind.keys_url)

    async def of(self, headers: Mapping[str, str]) -> str:
        """Whose request this is: an e-mail address. Raises Unidentified."""
        token = headers.get(self._kind.header, "")
        if not token.lower().startswith(self._kind.prefix) or len(token) > 8_000:
            raise Unidentified("there is no token")
        token = token[len(self._kind.prefix) :].strip()
        try:
            told = jwt.decode_header(token)  # type: ignore[no-untyped-call]
            key_id = str(told.get("kid", ""))
            if told.get("alg") != self._kind.algorithm:
                raise Unidentified("the token is signed in another way")
            keys = await self._keys.with_id(key_id)
            if key_id not in keys:
                raise Unidentified("the token's key is not Google's")
            claims = jwt.decode(  # type: ignore[no-untyped-call]
                token, certs={key_id: keys[key_id]}, audience=self._audience, clock_skew_in_seconds=SKEW_S
            )
        except (GoogleAuthError, ValueError, TypeError, KeyError) as error:
            raise Unidentified(f"the token does not hold ({type(error).__name__})") from None
        return self._email(claims)

    def _email(self, claims: Mapping[str, object]) -> str:
        email = claims.get("email")
        if claims.get("iss") not in self._kind.issuers:
            raise Unidentified("somebody else has issued the token")
        if not isinstance(email, str) or claims.get("email_verified", True) is not True:
            raise Unidentified("the token names nobody")
        if self._emails is not None and email not in self._emails:
            raise Unidentified("this account may not come in")
        return email


class Identified:
    """An app that only those come into who show who they are; it finds them in scope["state"]["email"]."""

    def __init__(self, app: ASGIApp, identity: Identity, open_paths: Collection[str] = OPEN_PATHS) -> None:
        self._app = app
        self._identity = identity
        self._open_paths = frozenset(open_paths)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] == "http" and scope["path"] not in self._open_paths:
            try:
                email = await self._identity.of(Headers(scope=scope))
            except Unidentified as error:
                log.warning("request without an identity", extra={"reason": str(error)})
                await _refused()(scope, receive, send)
                return
            scope.setdefault("state", {})["email"] = email
        await self._app(scope, receive, send)


def only_for_account(app: ASGIApp, settings: Settings, audience: str, account: str) -> ASGIApp:
    """The app, for one Google account alone, whose name and whose tokens' audience these two settings hold.

    Raises ConfigurationError when either is not set: a service in the cloud that trusts nobody must not start.
    """
    addressed, named = getattr(settings, audience), getattr(settings, account)
    if not addressed or not named:
        missing = audience if not addressed else account
        raise ConfigurationError(f"{missing.upper()} is not set; nobody who comes to this service can be trusted")
    keys = Keys(settings.google_keys_url or GOOGLE_ACCOUNT.keys_url)
    return Identified(app, Identity(GOOGLE_ACCOUNT, addressed, emails=[named], keys=keys))


def _refused() -> JSONResponse:
    body = {"type": "about:blank", "title": "Who are you?", "status": 401, "detail": "Sign in first."}
    return JSONResponse(body, status_code=401, media_type="application/problem+json")
