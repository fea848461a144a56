"""Who may listen to a call, and for how long: a link that is signed with our key and expires."""

from __future__ import annotations

import hmac
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final

from itsdangerous import BadSignature, URLSafeSerializer

from shared.clock import Clock
from shared.objects.objects import Objects

LINK_LASTS: Final = timedelta(hours=1)


class BadLink(ValueError):
    """The link to a recording was not made by us, or is too old."""


class Listening:
    """Where recordings are, and the links to them."""

    def __init__(self, objects: Objects, secret: bytes, clock: Clock) -> None:
        self.objects = objects
        self._clock = clock
        key = hmac.new(secret, b"parley listening link", sha256).digest()
        self._signer = URLSafeSerializer(key, salt="recording", signer_kwargs={"digest_method": sha256})

    def link(self, call_sid: str) -> tuple[str, datetime]:
        """A token for the call's recording, and when it expires."""
        until = self._clock.now() + LINK_LASTS
        return str(self._signer.dumps([call_sid, int(until.timestamp())])), until

    def call_of(self, token: str) -> str:
        """The call that a token is for. Raises BadLink."""
        try:
            call_sid, until = self._signer.loads(token)
        except (BadSignature, ValueError, TypeError):
            raise BadLink from None
        if self._clock.now() > datetime.fromtimestamp(int(until), UTC):
            raise BadLink
        return str(call_sid)
