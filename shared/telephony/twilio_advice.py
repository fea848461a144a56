"""Twilio's error numbers in words for whoever runs campaigns: what is wrong, and what to do about it. [pure]"""

from __future__ import annotations

from collections.abc import Mapping

_NO_COUNTRY = "the account may not call this country", "allow it under voice geographic permissions in Twilio's console"
_INACTIVE = "the account is not active", "look at billing and messages in Twilio's console"
_UNVERIFIED = "a trial account may only call numbers that it has verified", "upgrade the account, or verify the number"
_CALLER_ID = "the number to call from is not the account's", "buy or verify it, or mend TWILIO_NUMBERS or caller_ids"
_URL = "Twilio does not take the address of our webhooks", "look at PUBLIC_BASE_URL"
_CREDENTIALS = "Twilio does not take our credentials", "look at TWILIO_ACCOUNT_SID and the auth token"

ADVICE: Mapping[int, tuple[str, str]] = {
    10001: _INACTIVE,
    10002: ("a trial account cannot do this", "upgrade the account"),
    10005: ("voice is switched off for the account", "ask Twilio's support to switch it on"),
    13227: _NO_COUNTRY,
    20003: _CREDENTIALS,
    20005: _INACTIVE,
    20404: _CREDENTIALS,
    21205: _URL,
    21210: _CALLER_ID,
    21212: _CALLER_ID,
    21213: _CALLER_ID,
    21215: _NO_COUNTRY,
    21219: _UNVERIFIED,
    21609: _URL,
    21626: _URL,
    573005: _UNVERIFIED,
}


def advice(code: int | None) -> str:
    """Two sentences at the most, for the note of a campaign that paused itself."""
    if code is None:
        return "Twilio refused the calls without saying why. Look at the errors in its console, then resume."
    what, then = ADVICE.get(code, ("Twilio refused the calls", f"see twilio.com/docs/api/errors/{code}"))
    return f"{what[0].upper()}{what[1:]} (its error {code}). {then[0].upper()}{then[1:]}, then resume."
