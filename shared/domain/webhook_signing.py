"""How Parley's own webhooks are signed: the Standard Webhooks scheme, so that receivers need no code of ours."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """One key a webhook, derived from its id: nothing secret is in the store, and each receiver has its own."""

    key: bytes = field(repr=False)
    """Of this installation."""

    def secret_of(self, webhook_id: str) -> str:
        """What the receiver checks with, as Standard Webhooks writes it."""
        return "whsec_" + base64.b64encode(self._of(webhook_id)).decode()

    def _of(self, webhook_id: str) -> bytes:
        return hmac.digest(self.key, f"webhook:{webhook_id}".encode(), hashlib.sha256)

    def headers(self, webhook_id: str, message_id: str, payload: str, now: datetime) -> Mapping[str, str]:
        """What goes with a delivery; the time is that of this try, the id that of the message."""
        seconds = int(now.timestamp())
        signed = hmac.digest(self._of(webhook_id), f"{message_id}.{seconds}.{payload}".encode(), hashlib.sha256)
        return {
            "webhook-id": message_id,
            "webhook-timestamp": str(seconds),
            "webhook-signature": f"v1,{base64.b64encode(signed).decode()}",
            "content-type": "application/json",
        }
