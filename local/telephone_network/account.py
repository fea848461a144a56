"""The account that calls belong to, and the numbers it owns."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class OwnedNumber:
    """A number of the account and what Twilio requests when somebody calls it."""

    phone_number: str
    sid: str
    voice_url: str | None = None
    voice_method: str = "POST"
    voice_fallback_url: str | None = None
    status_callback: str | None = None
    status_callback_method: str = "POST"


@dataclass(slots=True)
class Account:
    """Who may use the REST API, and whose secret signs the webhooks."""

    sid: str
    auth_token: str = field(repr=False)
    numbers: dict[str, OwnedNumber] = field(default_factory=dict)
