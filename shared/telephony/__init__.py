"""The telephone network, behind a small port; loads an adapter only when it is chosen."""

from __future__ import annotations

from shared.telephony.carrier import Carrier


def open_carrier(account_sid: str, auth_token: str, api_base_url: str) -> Carrier:
    """The carrier for this account. Connects on the first request; raises ValueError for an unusable URL."""
    from shared.telephony.twilio import TwilioCarrier

    return TwilioCarrier(account_sid, auth_token, api_base_url)
