"""The single-use token that ties a stream to the webhook that asked for it.

The webhook signs who the stream is for; the stream presents it in its start message. A signature alone can be
replayed, so each token carries a nonce that is spent in the store. While the store is away, spent nonces are
remembered in the process: a replay within one instance is still refused.
"""

from __future__ import annotations

import hmac
import logging
import secrets
import time
from datetime import timedelta
from hashlib import sha256

from itsdangerous import BadSignature, URLSafeTimedSerializer
from pydantic import BaseModel, ConfigDict, ValidationError

from shared.clock import Clock
from shared.store.store import AlreadyExists, Store, StoreError

log = logging.getLogger(__name__)

VALID_S = 120
"""From the TwiML answer to the start message; Twilio takes about a second."""


class StreamTicket(BaseModel):
    """Who a stream is for."""

    model_config = ConfigDict(frozen=True)

    call_sid: str
    agent_id: str
    agent_version: int | None = None
    """The one that the call began with."""
    stream_no: int = 1
    """1 for the first stream of a call, more after a reconnect."""
    caller: str = ""
    """The other party's number, E.164."""
    attempt_id: str | None = None
    language: str | None = None
    facts: tuple[str, ...] = ()
    """What tools have found out about the caller in earlier streams."""
    not_taken: str = ""
    """Why the person that the caller was to be transferred to did not take them: Twilio's DialCallStatus, or
    declined."""
    nonce: str = ""


class BadToken(Exception):
    """The token is missing, forged, expired or for another call."""


class TokenReplayed(BadToken):
    """The token was used before."""


class StreamTokens:
    """Makes and spends tokens; the key is derived from the account's secret."""

    def __init__(self, secret: str, store: Store, clock: Clock) -> None:
        key = hmac.new(secret.encode(), b"parley stream token", sha256).digest()
        self._serializer = URLSafeTimedSerializer(key, salt="stream", signer_kwargs={"digest_method": sha256})
        self._store = store
        self._clock = clock
        self._spent: dict[str, float] = {}

    def issue(self, ticket: StreamTicket) -> str:
        """A token for one stream; under 500 characters, as a TwiML parameter has to be."""
        fresh = ticket.model_copy(update={"nonce": secrets.token_urlsafe(12)})
        return str(self._serializer.dumps(fresh.model_dump(exclude_none=True)))

    async def spend(self, token: str, call_sid: str) -> StreamTicket:
        """Check a token and use it up. Raises BadToken or TokenReplayed."""
        try:
            ticket = StreamTicket.model_validate(self._serializer.loads(token, max_age=VALID_S))
        except (BadSignature, ValidationError) as error:
            raise BadToken(type(error).__name__) from None
        if not hmac.compare_digest(ticket.call_sid, call_sid):
            raise BadToken("another call")
        self._remember(ticket.nonce)
        try:
            expires_at = self._clock.now() + timedelta(seconds=VALID_S * 2)
            await self._store.create(f"stream_tokens/{ticket.nonce}", {"call_sid": call_sid, "expires_at": expires_at})
        except AlreadyExists:
            raise TokenReplayed("used before") from None
        except StoreError:
            log.warning("store is away; stream token checked in process only", extra={"call": call_sid})
        return ticket

    def _remember(self, nonce: str) -> None:
        now = time.monotonic()
        if nonce in self._spent:
            raise TokenReplayed("used before")
        self._spent = {spent: at for spent, at in self._spent.items() if now - at < VALID_S * 2}
        self._spent[nonce] = now
